package inspect

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/tensorfile"
	"firstspike/train"
)

// Input is what a [Dump] calls the spikes that the encoding made of an image.
const Input = "input"

// A Dump says whose spikes are wanted as arrays.
type Dump struct {
	Images []int    // of the set, from 0, in the order of the arrays
	Layers []string // by name, [Input] too; empty: the input and all layers
}

// An about is what the array "about" holds, as JSON.
type about struct {
	Format     int          `json:"format"`     // of all arrays: [dumpFormat]
	Data       string       `json:"data"`       // the set's name
	Classes    []string     `json:"classes"`    // their names
	Layers     []aboutLayer `json:"layers"`     // those that there are arrays of, in the network's order
	Experiment string       `json:"experiment"` // as TOML
}

const dumpFormat = 1

type aboutLayer struct {
	Name string     `json:"name"`
	Maps int        `json:"maps"`
	Rows int        `json:"rows"`
	Cols int        `json:"cols"`
	Pool *aboutPool `json:"pool,omitempty"` // what is behind it; nil: nothing
}

type aboutPool struct {
	Window  int  `json:"window"`
	Stride  int  `json:"stride"`
	Pad     int  `json:"pad"`
	Repeats bool `json:"repeats"`
}

// A part is one of the layers of a dump.
type part struct {
	aboutLayer
	depth int // -1: the input
	last  bool
	first []byte // [image, map, row, column]
	high  []byte // the same of the potentials, float32; nil but for the last layer
}

// neurons is the number of the layer's.
func (p *part) neurons() int { return p.Maps * p.Rows * p.Cols }

// parts are the layers of a dump in the network's order.
func (d Dump) parts(m *train.Model) ([]*part, error) {
	n := m.Network
	names := []string{Input}
	all := []*part{{aboutLayer: aboutLayer{Name: Input}, depth: -1}}
	in := n.Layers[0].In
	all[0].Maps, all[0].Rows, all[0].Cols = in.Maps, in.Rows, in.Cols
	for i, l := range n.Layers {
		if l.Name == Input {
			return nil, fmt.Errorf("layers.%s: a layer of this name cannot be told from the input; give it another and train again", l.Name)
		}
		out := l.Out()
		p := &part{aboutLayer: aboutLayer{Name: l.Name, Maps: out.Maps, Rows: out.Rows, Cols: out.Cols}, depth: i, last: i == len(n.Layers)-1}
		if l.Pool.Window > 0 {
			stride := l.Pool.Stride
			if stride == 0 {
				stride = l.Pool.Window
			}
			p.Pool = &aboutPool{l.Pool.Window, stride, l.Pool.Pad, l.Pool.Repeats}
		}
		names, all = append(names, l.Name), append(all, p)
	}
	for _, name := range d.Layers {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s: there is no such layer; %s", name, train.Nearest(name, names))
		}
	}
	return slices.DeleteFunc(all, func(p *part) bool { return len(d.Layers) > 0 && !slices.Contains(d.Layers, p.Name) }), nil
}

// Bytes is how much memory the arrays take for each image. It is an error if the
// network has no layer of a name.
func (d Dump) Bytes(m *train.Model) (int, error) {
	parts, err := d.parts(m)
	sum := 3 * 4 // number, label, decision
	for _, p := range parts {
		if sum += p.neurons(); p.last {
			sum += 4 * p.neurons()
		}
	}
	return sum, err
}

// Arrays sends images of a set through a network and returns, for n images:
//
//	first_NAME      U8 [n, maps, rows, columns]   of each layer, the input too: the step at which
//	                                              each neuron fires first, from 0; 255,
//	                                              spike.Silent, if it does not
//	potential_NAME  F32 [n, maps, rows, columns]  of the last layer alone: the potential at that
//	                                              step in units of weights, 0 if silent
//	images          I32 [n]                       the numbers of the images in the set
//	labels          I32 [n]                       their classes
//	decisions       I32 [n]                       the classes that were decided for; -1: silent
//	steps           I32, a scalar                 of an image
//	about           U8 [bytes]                    a JSON object in UTF-8: the layers with their
//	                                              pooling, the data, the experiment
//
// Neurons are those of the layers themselves, before pooling. Every one of them
// fires at most once, so first spikes are all of their spikes, also where pooling
// repeats: what a pooled neuron does follows from those in its window. Potentials
// are rounded to float32, which counts above 2^24 times [snn.Convolution.Unit].
//
// The arrays are the same for any number of workers. done, if not nil, is called
// now and then, from any goroutine, with the number of images that are through.
// The network must fit the set; see [train.Model.Fits]. If the context ends, its
// error is returned.
func (d Dump) Arrays(ctx context.Context, m *train.Model, set *dataset.Set, workers int, done func(images int)) (*tensorfile.File, error) {
	parts, err := d.parts(m)
	if err != nil {
		return nil, err
	}
	n := len(d.Images)
	for _, i := range d.Images {
		if i < 0 || i >= set.Len() {
			return nil, fmt.Errorf("image %d: %s has %d, from 0", i, set.Name, set.Len())
		}
	}
	for _, p := range parts {
		if p.first = make([]byte, n*p.neurons()); p.last {
			p.high = make([]byte, 4*len(p.first))
		}
	}
	decisions := make([]int32, n)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var through atomic.Int64
	err = parallel.Each(ctx, n, workers, func() func(int) {
		f, err := NewFollower(m)
		if err != nil {
			cancel(err)
			return func(int) {}
		}
		return func(i int) {
			r := f.Follow(set.Image(d.Images[i]))
			for _, p := range parts {
				p.fill(i, r)
			}
			decisions[i] = int32(r.Decision.Class)
			if k := through.Add(1); done != nil && (k%64 == 0 || int(k) == n) {
				done(int(k))
			}
		}
	})
	if err != nil {
		return nil, context.Cause(ctx)
	}

	f := &tensorfile.File{}
	a := about{Format: dumpFormat, Data: set.Name}
	for _, p := range parts {
		shape := []int{n, p.Maps, p.Rows, p.Cols}
		f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: "first_" + p.Name, DType: tensorfile.U8, Shape: shape, Data: p.first})
		if p.last {
			f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: "potential_" + p.Name, DType: tensorfile.F32, Shape: shape, Data: p.high})
		}
		a.Layers = append(a.Layers, p.aboutLayer)
	}
	for class := range set.Classes {
		a.Classes = append(a.Classes, set.ClassName(class))
	}
	toml, err := m.Experiment.TOML()
	if err != nil {
		return nil, err
	}
	a.Experiment = string(toml)
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	images, labels := make([]int32, n), make([]int32, n)
	for i, k := range d.Images {
		images[i], labels[i] = int32(k), int32(set.Label(k))
	}
	for _, array := range []struct {
		name   string
		shape  []int
		values []int32
	}{{"images", []int{n}, images}, {"labels", []int{n}, labels}, {"decisions", []int{n}, decisions}, {"steps", nil, []int32{int32(m.Experiment.Encode.Steps)}}} {
		t, err := tensorfile.From(array.name, array.shape, array.values)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: "about", DType: tensorfile.U8, Shape: []int{len(text)}, Data: text})
	return f, nil
}

// fill writes what the layer did on the road of image i into its arrays.
func (p *part) fill(i int, r *Road) {
	m, potential := &r.Input, []float64(nil)
	if p.depth >= 0 {
		s := &r.Stations[p.depth]
		m, potential = &s.First, s.Potential
	}
	size, positions := p.neurons(), m.Positions()
	first := p.first[i*size:][:size]
	for pos := range positions {
		for fm, step := range m.At[pos*m.Maps:][:m.Maps] {
			first[fm*positions+pos] = step
		}
	}
	if !p.last {
		return
	}
	high := p.high[4*i*size:][:4*size]
	for pos := range positions {
		for fm, v := range potential[pos*m.Maps:][:m.Maps] {
			binary.LittleEndian.PutUint32(high[4*(fm*positions+pos):], math.Float32bits(float32(v)))
		}
	}
}
