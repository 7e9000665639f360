package conform

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"firstspike/spike"
	"firstspike/tensorfile"
)

// A key is an array that a trace may hold.
type key struct {
	name  string
	types []tensorfile.DType // that it may have
	group group
	item  []int // shape of the array, or of one image's part of it
}

// The types of a trace's numbers.
var (
	integers = []tensorfile.DType{
		tensorfile.U8, tensorfile.I8, tensorfile.I16, tensorfile.U16, tensorfile.I32, tensorfile.U32, tensorfile.I64, tensorfile.U64,
	}
	reals = []tensorfile.DType{
		tensorfile.F32, tensorfile.F64, tensorfile.F16, tensorfile.BF16, tensorfile.U8, tensorfile.I8, tensorfile.U16, tensorfile.I16,
	}
)

// mostImages is far above the 60,000 of MNIST: an image may come more than
// once.
const mostImages = 1_000_000

// A group of keys has one entry an image, and all of them the same images.
type group int

const (
	single   group = iota // no images
	forward               // the images of test_ids
	learning              // the images of stdp_ids
)

// keys is every key that means something, the keys that say how many images
// there are first.
func (m Model) keys() []key {
	layer := func(s spike.Shape) []int { return []int{s.Maps, s.Rows, s.Cols} }
	weights := func(l Layer) []int {
		return []int{l.Maps, l.In.Maps, l.Kernel.Rows, l.Kernel.Cols}
	}
	return []key{
		{"test_ids", integers, forward, nil}, {"label", integers, forward, nil},
		{"w1", reals, single, weights(m.S1.Layer)}, {"w2", reals, single, weights(m.S2.Layer)}, {"w3", reals, single, weights(m.S3.Layer)},
		{"input_latency", integers, forward, layer(m.S1.In)},
		{"s1_latency", integers, forward, layer(m.S1.Out())}, {"s1_potential", reals, forward, layer(m.S1.Out())},
		{"c1_latency", integers, forward, layer(m.S1.Pooled())},
		{"s2_latency", integers, forward, layer(m.S2.Out())}, {"s2_potential", reals, forward, layer(m.S2.Out())},
		{"c2_latency", integers, forward, layer(m.S2.Pooled())},
		{"s3_potential", reals, forward, layer(m.S3.Out())}, {"s3_winner", integers, forward, []int{3}}, {"decision", integers, forward, nil},
		{"stdp_ids", integers, learning, nil},
		{"train1_w_before", reals, single, weights(m.S1.Layer)}, {"train1_w_after", reals, single, weights(m.S1.Layer)},
		{"train1_winners", integers, learning, []int{m.S1.Select.K, 3}},
		{"train2_w_before", reals, single, weights(m.S2.Layer)}, {"train2_w_after", reals, single, weights(m.S2.Layer)},
		{"train2_c1_latency", integers, learning, layer(m.S1.Pooled())}, {"train2_winners", integers, learning, []int{m.S2.Select.K, 3}},
		{"train3_w_before", reals, single, weights(m.S3.Layer)}, {"train3_w_after", reals, single, weights(m.S3.Layer)},
		{"train3_c2_latency", integers, learning, layer(m.S2.Pooled())}, {"train3_winners", integers, learning, []int{3}},
		{"train3_labels", integers, learning, nil}, {"train3_decisions", integers, learning, nil}, {"train3_batch", integers, single, nil},
	}
}

// A trace is the arrays of a file that mean something, their shapes checked.
type trace struct {
	steps   int
	arrays  map[string]tensorfile.Tensor
	images  [learning + 1]int // of each group
	unknown []string
}

// Open opens the trace at path for [Check] with the same model. The types and
// shapes of its arrays are held against the model and against each other
// before any data are unpacked, because a small file can unpack to gigabytes;
// Check would refuse them for the same reasons, but only afterwards. Arrays
// that mean nothing here stay packed. Every error names the path.
func Open(path string, m Model) (*tensorfile.File, error) {
	return tensorfile.OpenSelected(path, func(f *tensorfile.File) ([]string, error) {
		t, err := examine(f, m)
		if err != nil {
			return nil, err
		}
		return slices.Collect(maps.Keys(t.arrays)), nil
	})
}

// examine looks up all keys of a file and holds their types and shapes against
// the model and against each other. It does not look at their data.
func examine(file *tensorfile.File, m Model) (*trace, error) {
	t := &trace{steps: m.Encode.Steps, arrays: map[string]tensorfile.Tensor{}}
	var counted [learning + 1]string
	for _, k := range m.keys() {
		a, ok := file.Lookup(k.name)
		if !ok {
			continue
		}
		want, as := k.item, ""
		if k.group != single {
			if counted[k.group] == "" && len(a.Shape) > 0 {
				counted[k.group], t.images[k.group] = k.name, a.Shape[0]
			}
			want = append([]int{t.images[k.group]}, k.item...)
			if counted[k.group] != k.name {
				as = fmt.Sprintf(" for the %d images of %s", t.images[k.group], counted[k.group])
			}
		}
		one := k.group == single && len(k.item) == 0 && slices.Equal(a.Shape, []int{1})
		if !slices.Equal(a.Shape, want) && !one {
			return nil, fmt.Errorf("%s has the shape %v; expected %v%s", k.name, a.Shape, want, as)
		}
		if !slices.Contains(k.types, a.DType) {
			return nil, fmt.Errorf("%s is %s; expected one of %v", k.name, a.DType, k.types)
		}
		if n := t.images[k.group]; n > mostImages {
			return nil, fmt.Errorf("%s is of %d images; a trace may have %d", k.name, n, mostImages)
		}
		t.arrays[k.name] = a
	}
	for _, a := range file.Tensors {
		if _, ok := t.arrays[a.Name]; !ok {
			t.unknown = append(t.unknown, a.Name)
		}
	}
	return t, nil
}

// missing says which of the keys the trace lacks, or "" if it has them all.
func (t *trace) missing(keys ...string) string {
	var none []string
	for _, k := range keys {
		if _, ok := t.arrays[k]; !ok {
			none = append(none, k)
		}
	}
	if len(none) == 0 {
		return ""
	}
	return "the trace has no " + strings.Join(none, ", ")
}

// image is one image's part of an array.
func (t *trace) image(key string, i int) tensorfile.Tensor {
	a := t.arrays[key]
	size := len(a.Data) / a.Shape[0]
	return tensorfile.Tensor{Name: fmt.Sprintf("%s[%d]", key, i), DType: a.DType, Shape: a.Shape[1:], Data: a.Data[i*size : (i+1)*size]}
}

// ints reads integers.
func (t *trace) ints(key string) ([]int, error) { return t.arrays[key].Ints() }

// numbers reads an array of finite numbers. What the reference computed is
// float32, whatever it was stored as.
func numbers(a tensorfile.Tensor) ([]float32, error) {
	var out []float32
	if a.DType == tensorfile.F64 {
		wide, err := a.Float64s()
		if err != nil {
			return nil, err
		}
		out = make([]float32, len(wide))
		for i, v := range wide {
			out[i] = float32(v)
		}
	} else {
		var err error
		if out, err = a.Float32s(); err != nil {
			return nil, err
		}
	}
	for i, v := range out {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("%s: element %s is %v; a trace holds finite numbers", a.Name, at(a.Shape, i), v)
		}
	}
	return out, nil
}

// weights reads the weights of a layer.
func (t *trace) weights(key string) ([]float32, error) { return numbers(t.arrays[key]) }

// spikes reads one image's part of an array of latencies as a first-spike map
// of the given shape.
func (t *trace) spikes(key string, i int, shape spike.Shape) (*spike.Map, error) {
	a := t.image(key, i)
	values, err := a.Ints()
	if err != nil {
		return nil, err
	}
	steps := make([]spike.Step, len(values))
	for j, v := range values {
		if v < 0 || v > t.steps {
			return nil, fmt.Errorf("%s: element %s is %d; a step is 0 to %d, and %d is silent", a.Name, at(a.Shape, j), v, t.steps-1, t.steps)
		}
		steps[j] = spike.Step(v)
	}
	return spike.FromMajor(shape, t.steps, steps)
}

// winners reads one image's winners of a layer; what is -1 is none, and only
// none can follow none.
func (t *trace) winners(key string, i int, shape spike.Shape) ([]spike.Neuron, error) {
	a := t.image(key, i)
	values, err := a.Ints()
	if err != nil {
		return nil, err
	}
	var list []spike.Neuron
	for j := 0; j < len(values); j += 3 {
		m, row, col := values[j], values[j+1], values[j+2]
		switch {
		case m == -1 && row == -1 && col == -1:
			continue
		case m < 0 || m >= shape.Maps || row < 0 || row >= shape.Rows || col < 0 || col >= shape.Cols:
			return nil, fmt.Errorf("%s: %v is no neuron of a layer of %v (map, row, column), nor -1 -1 -1 for none", a.Name, values[j:j+3], shape)
		case len(list) < j/3:
			return nil, fmt.Errorf("%s: winner %d follows a place without a winner", a.Name, j/3)
		}
		list = append(list, spike.Neuron{Map: m, Row: row, Col: col})
	}
	return list, nil
}

// at is the place of element i of an array.
func at(shape []int, i int) string {
	place := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		place[d] = i % shape[d]
		i /= shape[d]
	}
	return strings.ReplaceAll(fmt.Sprint(place), " ", ",")
}

// winner is winners for a layer with at most one: nil is none.
func (t *trace) winner(key string, i int, shape spike.Shape) (*spike.Neuron, error) {
	list, err := t.winners(key, i, shape)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}
