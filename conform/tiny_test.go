package conform

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
)

// tiny is a network of mozafari2018's kind for images of 12x12 pixels.
func tiny(rng *rand.Rand) Model {
	var m Model
	m.Rows, m.Cols = 12, 12
	m.Encode = encode.Config{
		Steps: 5, Pad: 1, Threshold: 20, Normalise: 2,
		Filters: []encode.Filter{{Kind: "dog", Size: 3, Sigma1: 0.4, Sigma2: 0.8}, {Kind: "dog", Size: 3, Sigma1: 0.8, Sigma2: 0.4}},
	}
	layer := func(in spike.Shape, maps, kernel, stride int, threshold float64) Layer {
		return Layer{
			Geometry:  snn.Geometry{In: in, Maps: maps, Kernel: snn.Size{Rows: kernel, Cols: kernel}, Stride: stride, Pad: rng.IntN(2)},
			Threshold: threshold, Fires: snn.Above,
		}
	}
	rule := func(plus, minus, lower, upper float32) snn.STDP {
		return snn.STDP{Rates: []snn.Rates{{APlus: plus, AMinus: minus}}, Stabiliser: lower == 0, Lower: lower, Upper: upper}
	}
	m.S1 = Competitive{
		Layer: layer(m.Encode.Shape(12, 12), 3, 3, 1+rng.IntN(2), 1.5), STDP: rule(0.05, -0.03, 0, 1),
		Select: snn.Selection{K: 2, Radius: rng.IntN(3), Pointwise: true}, Doubling: snn.Doubling{Every: 2, Max: 0.3, Ratio: -0.6},
	}
	m.S1.Pool = spike.Pool{Window: 2, Stride: 3 - m.S1.Stride, Pad: rng.IntN(2)}
	m.S2 = Competitive{
		Layer: layer(m.S1.Pooled(), 4, 2, 1, 1.2), STDP: rule(0.05, -0.03, 0, 1),
		Select: snn.Selection{K: 3, Radius: 1, Pointwise: true}, Doubling: snn.Doubling{Every: 3, Max: 0.3, Ratio: -0.6},
	}
	m.S3 = Rewarded{Layer: layer(m.S2.Pooled(), 6, 2, 1, math.Inf(1)), Reward: rule(0.02, -0.01, 0.2, 0.8), Punish: rule(-0.02, 0.01, 0.2, 0.8)}
	m.Decision, _ = readout.Blocks(6, 3)
	return m
}

// noise is a data set for it.
func noise(t testing.TB, rng *rand.Rand, n int) *dataset.Set {
	pixels, labels := make([]byte, n*144), make([]uint8, n)
	for i := range pixels {
		pixels[i] = byte(rng.IntN(256) * rng.IntN(2))
	}
	for i := range labels {
		labels[i] = uint8(rng.IntN(3))
	}
	set, err := dataset.New("noise", 12, 12, pixels, labels)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// record makes a trace of all keys with this project's own plain loop.
func record(t testing.TB, m Model, rng *rand.Rand, images *dataset.Set, batch int) *tensorfile.File {
	f := &file{TB: t}
	weights := func(l Layer) (*snn.Convolution, []int, []float32) {
		w := make([]float32, l.Maps*l.Synapses())
		for i := range w {
			w[i] = rng.Float32()
		}
		conv, err := l.convolution(w)
		if err != nil {
			t.Fatal(err)
		}
		return conv, []int{l.Maps, l.In.Maps, l.Kernel.Rows, l.Kernel.Cols}, w
	}
	encoder, err := encode.New(m.Encode, m.Rows, m.Cols)
	if err != nil {
		t.Fatal(err)
	}
	latency := func(s *spike.Map) []uint8 {
		v := s.Major()
		for i := range v {
			v[i] = min(v[i], uint8(s.Steps))
		}
		return v
	}
	major := func(s spike.Shape, p func(i int) int32, c *snn.Convolution) []float32 {
		out := make([]float32, s.Neurons())
		for i := range out {
			n := s.Neuron(i%s.Maps, i/s.Maps)
			out[s.Major(n.Map, n.Row, n.Col)] = float32(c.Potential(p(i)))
		}
		return out
	}
	pick := make([]int16, 6)
	var labels []uint8
	for i := range pick {
		pick[i] = int16(rng.IntN(images.Len()))
		labels = append(labels, images.Labels[pick[i]])
	}
	n := len(pick)
	c1, w1, v1 := weights(m.S1.Layer)
	c2, w2, v2 := weights(m.S2.Layer)
	c3, w3, v3 := weights(m.S3.Layer)
	l1, _, b1 := weights(m.S1.Layer)
	l2, _, b2 := weights(m.S2.Layer)
	l3, _, b3 := weights(m.S3.Layer)
	put(f, "test_ids", []int{n}, pick)
	put(f, "stdp_ids", []int{n}, pick)
	put(f, "label", []int{n}, labels)
	put(f, "train3_labels", []int{n}, labels)
	put(f, "train3_batch", nil, []int16{int16(batch)})
	put(f, "w1", w1, v1)
	put(f, "w2", w2, v2)
	put(f, "w3", w3, v3)
	put(f, "train1_w_before", w1, b1)
	put(f, "train2_w_before", w2, b2)
	put(f, "train3_w_before", w3, b3)

	steps := map[string][]uint8{}
	numbers := map[string][]float32{}
	winners := map[string][]int16{}
	win := func(key string, k int, list []spike.Spike) {
		for i := range k {
			w := []int16{-1, -1, -1}
			if i < len(list) {
				w = []int16{int16(list[i].Map), int16(list[i].Row), int16(list[i].Col)}
			}
			winners[key] = append(winners[key], w...)
		}
	}
	var s snn.Scratch
	var events spike.Events
	var r snn.Response
	reward := snn.RSTDP{Reward: m.S3.Reward, Punish: m.S3.Punish, Adaptation: snn.NewAdaptation(batch)}
	for i, id := range pick {
		var in spike.Map
		encoder.Encode(images.Image(int(id)), &in)
		steps["input_latency"] = append(steps["input_latency"], latency(&in)...)
		input := &in
		for k, l := range []struct {
			Competitive
			conv, learns *snn.Convolution
			name, pooled string
			train        string
		}{
			{m.S1, c1, l1, "s1", "c1", "train1"}, {m.S2, c2, l2, "s2", "c2", "train2"},
		} {
			rule := l.STDP
			rule.Rates = []snn.Rates{l.Doubling.At(l.STDP.Rates[0], i+1)}
			events.From(input)
			list := l.learns.Contest(&events, l.Select, &s, nil)
			rule.Learn(l.learns, input, list, &s)
			win(l.train+"_winners", l.Select.K, list)

			l.conv.Respond(&events, &r, &s)
			steps[l.name+"_latency"] = append(steps[l.name+"_latency"], latency(&r.First)...)
			numbers[l.name+"_potential"] = append(numbers[l.name+"_potential"], major(r.First.Shape, func(i int) int32 { return r.Potential[i] }, l.conv)...)
			out := spike.NewMap(l.Pooled(), in.Steps)
			l.Pool.Apply(&r.First, out)
			steps[l.pooled+"_latency"] = append(steps[l.pooled+"_latency"], latency(out)...)
			into := []string{"train2_c1_latency", "train3_c2_latency"}[k]
			steps[into] = append(steps[into], latency(out)...)
			input = out
		}
		bits := spike.NewBits(input.Shape)
		bits.From(input)
		p := make([]int32, m.S3.Out().Neurons())
		c3.Final(bits, p, &s)
		numbers["s3_potential"] = append(numbers["s3_potential"], major(m.S3.Out(), func(i int) int32 { return p[i] }, c3)...)
		events.From(input)
		for _, l := range []struct {
			conv          *snn.Convolution
			winner, class string
		}{{c3, "s3_winner", "decision"}, {l3, "train3_winners", "train3_decisions"}} {
			list := l.conv.Contest(&events, snn.Selection{K: 1}, &s, nil)
			win(l.winner, 1, list)
			class := readout.None
			if len(list) > 0 {
				class = m.Decision[list[0].Map]
			}
			winners[l.class] = append(winners[l.class], int16(class))
			if l.conv != l3 {
				continue
			}
			outcome := snn.Judge(class, int(labels[i]))
			if len(list) > 0 {
				rule, rates, _ := reward.Rule(outcome, list[0].Map)
				once := *rule
				once.Rates = []snn.Rates{rates}
				once.Learn(l3, input, list, &s)
			}
			reward.Count(outcome)
		}
	}
	put(f, "train1_w_after", w1, l1.Weights())
	put(f, "train2_w_after", w2, l2.Weights())
	put(f, "train3_w_after", w3, l3.Weights())
	for _, k := range m.keys() {
		shape := append([]int{n}, k.item...)
		if v, ok := steps[k.name]; ok {
			put(f, k.name, shape, v)
		}
		if v, ok := numbers[k.name]; ok {
			put(f, k.name, shape, v)
		}
		if v, ok := winners[k.name]; ok {
			put(f, k.name, shape, v)
		}
	}
	return &f.File
}

// Networks of other shapes, strides and paddings, seen by the plain loop and
// by the check: every stage runs, and all is equal without a tie.
func TestOwnTraces(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := tiny(rng)
		images := noise(t, rng, 10)
		r, err := Check(context.Background(), record(t, m, rng, images, 1+rng.IntN(8)), m, images, images, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Stages {
			if s.Skipped != "" || s.Compared == 0 || s.Tied+s.Differing > 0 {
				t.Errorf("seed %d: %+v", seed, s)
			}
		}
		if len(r.Unknown) > 0 {
			t.Errorf("unknown keys %q", r.Unknown)
		}
	}
}

// Whatever a trace holds, the check ends with a report or an error; if it is
// not what was recorded, it is not all equal.
func FuzzCheck(f *testing.F) {
	rng := rand.New(rand.NewPCG(7, 1))
	m := tiny(rng)
	images := noise(f, rng, 10)
	good := record(f, m, rng, images, 2)
	f.Add(uint8(0), uint16(0), uint8(1), []byte{1})
	for i := range good.Tensors {
		f.Add(uint8(i), uint16(3), uint8(0), []byte{0xff, 0xff, 0xff, 0xff})
		f.Add(uint8(i), uint16(8), uint8(0), []byte{0, 0, 0xc0, 0x7f})
		f.Add(uint8(i), uint16(0), uint8(i), []byte{5})
		f.Add(uint8(i), uint16(0), uint8(32), []byte{})
	}
	types := []tensorfile.DType{tensorfile.U8, tensorfile.I16, tensorfile.F32, tensorfile.F64, tensorfile.I64, tensorfile.BOOL, tensorfile.F16}
	f.Fuzz(func(t *testing.T, index uint8, offset uint16, kind uint8, data []byte) {
		bad := &tensorfile.File{Tensors: slices.Clone(good.Tensors)}
		a := &bad.Tensors[int(index)%len(bad.Tensors)]
		a.Data = slices.Clone(a.Data)
		switch {
		case kind == 0: // other values
			for i, b := range data {
				a.Data[(int(offset)+i)%len(a.Data)] = b
			}
		case kind < 16: // another type, and as many values as there are bytes
			a.DType = types[int(kind)%len(types)]
			count := 1
			for _, n := range a.Shape {
				count *= n
			}
			a.Data = slices.Repeat([]byte{0}, count*a.DType.Size())
			copy(a.Data, data)
		default: // another shape
			n := int(kind) % 8
			a.Shape = append([]int{n}, a.Shape[min(1, len(a.Shape)):]...)
			size := a.DType.Size()
			for _, k := range a.Shape {
				size *= k
			}
			a.Data = make([]byte, size)
			copy(a.Data, data)
		}
		r, err := Check(context.Background(), bad, m, images, images, nil)
		if (r == nil) == (err == nil) {
			t.Fatalf("report %v, error %v", r, err)
		}
		if err != nil {
			return
		}
		for _, s := range r.Stages {
			if s.Tied+s.Differing > s.Compared || s.LargestError != s.LargestError {
				t.Errorf("%+v", s)
			}
		}
		if kind == 0 && r.OK() && (strings.HasSuffix(a.Name, "_potential") || strings.HasSuffix(a.Name, "_w_after")) {
			was := good.Tensors[int(index)%len(bad.Tensors)]
			for i := 0; i < len(a.Data); i += 4 {
				x := math.Float32frombits(binary.LittleEndian.Uint32(a.Data[i:]))
				y := math.Float32frombits(binary.LittleEndian.Uint32(was.Data[i:]))
				if math.Abs(float64(x)-float64(y)) > 0.01 {
					t.Errorf("%s: element %d is %v, was %v, and the report is OK", a.Name, i/4, x, y)
				}
			}
		}
	})
}
