package inspect

import (
	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A Road is the way of one image through a network: who fires when.
type Road struct {
	Input    spike.Map
	Stations []Station // a layer each
	Decision readout.Decision
	model    *train.Model
}

// A Station is what a layer did with an image.
type Station struct {
	Name      string
	First     spike.Map // the first spikes of its neurons
	Potential []float64 // of every neuron at its first spike, 0 if silent, in memory order
	Pooled    spike.Map // what it hands on
}

// Follow sends an image of the experiment's rows x cols pixels, 0 to 255,
// light on dark, through a network.
func Follow(m *train.Model, pixels []byte) (*Road, error) {
	e := m.Experiment
	encoder, err := encode.New(e.Encode, e.Data.Rows, e.Data.Cols)
	if err != nil {
		return nil, err
	}
	p, err := m.Predictor()
	if err != nil {
		return nil, err
	}
	r := &Road{model: m, Decision: p.Predict(pixels)}
	encoder.Encode(pixels, &r.Input)
	in := &r.Input
	for i, l := range m.Network.Layers {
		r.Stations = append(r.Stations, Station{Name: l.Name})
		s := &r.Stations[i]
		var events spike.Events
		var scratch snn.Scratch
		var response snn.Response
		events.From(in)
		l.Respond(&events, &response, &scratch)
		s.First = response.First
		for _, v := range response.Potential {
			s.Potential = append(s.Potential, l.Potential(v))
		}
		s.Pooled.Resize(l.Pooled())
		s.Pooled.Steps = in.Steps
		l.Pool.Apply(&s.First, &s.Pooled)
		in = &s.Pooled
	}
	return r, nil
}

// reads is what the layer at a depth reads.
func (r *Road) reads(depth int) *spike.Map {
	if depth == 0 {
		return &r.Input
	}
	return &r.Stations[depth-1].Pooled
}

// Potentials are those of a neuron after every step, in the unit of weights.
func (r *Road) Potentials(depth int, n spike.Neuron) []float64 {
	in, c := r.reads(depth), r.model.Network.Layers[depth].Convolution
	sums := make([]int64, in.Steps)
	taps := c.Kernel.Rows * c.Kernel.Cols
	top, left := n.Row*max(c.Stride, 1)-c.Pad, n.Col*max(c.Stride, 1)-c.Pad
	quanta := c.Quanta(n.Map)
	for s, q := range quanta {
		y, x := top+s/c.Kernel.Cols%c.Kernel.Rows, left+s%c.Kernel.Cols
		if y < 0 || y >= in.Rows || x < 0 || x >= in.Cols {
			continue
		}
		if step := in.Step(s/taps, y, x); step != spike.Silent {
			sums[step] += int64(q)
		}
	}
	potentials := make([]float64, len(sums))
	sum := int64(0)
	for i, v := range sums {
		sum += v
		potentials[i] = c.Potential(int32(sum))
	}
	return potentials
}
