package lab

import (
	"bytes"
	"encoding/binary"
	"math"

	"firstspike/encode"
	"firstspike/inspect"
	"firstspike/spike"
)

// A Road is the way of one image through the network: who fires when.
type Road struct {
	Steps    int       `json:"steps"`
	Input    Station   `json:"input"`  // the spikes that the image becomes
	Layers   []Station `json:"layers"` // what each layer did with them
	Decision Decision  `json:"decision"`
}

// A Station is what the neurons of a layer did with an image. Maps of steps
// have a byte for every neuron, in the order map, row, column: the step of its
// first spike, or 255 if it was silent. In JSON they are in base64.
type Station struct {
	Name      string  `json:"name"` // of the layer, "input" for the input
	Neurons   Shape   `json:"neurons"`
	First     []byte  `json:"first"`
	Fired     int     `json:"fired"`  // neurons that are not silent
	Counts    []int   `json:"counts"` // how many of them fire at each step
	Pools     bool    `json:"pools"`  // there is a pooling behind the layer
	Pooled    Shape   `json:"pooled"` // what the next layer reads
	Handed    []byte  `json:"handed"` // its first spikes; nil without pooling, where they are First
	AtEnd     bool    `json:"at_end"`
	Threshold float64 `json:"threshold"` // in units of weights; 0 if AtEnd, and of the input

	// Potentials are those of the last layer's neurons at their first spikes, in
	// units of weights, 0 of a silent one: float32, little endian, in the order of
	// First. Those of other layers are not told.
	Potentials []byte `json:"potentials,omitempty"`
}

// Road sends an image through the network and keeps every first spike.
func (l *Lab) Road(pixels []byte) (Road, error) {
	road, err := l.walk(pixels)
	if err != nil {
		return Road{}, err
	}
	r := Road{Steps: road.Input.Steps, Input: station("input", &road.Input)}
	r.Input.Pooled = r.Input.Neurons
	for i, x := range road.Stations {
		layer := l.model.Network.Layers[i]
		s := station(x.Name, &x.First)
		s.Pooled = shape(x.Pooled.Shape)
		if s.Pools = layer.Pool.Window > 0; s.Pools {
			s.Handed = x.Pooled.Major()
		}
		s.Threshold, s.AtEnd = threshold(layer.Convolution)
		if i == l.last() {
			s.Potentials = potentials(&x.First, x.Potential)
		}
		r.Layers = append(r.Layers, s)
	}
	r.Decision = l.decided(road)
	return r, nil
}

// station is what there is to tell of some first spikes.
func station(name string, m *spike.Map) Station {
	s := Station{Name: name, Neurons: shape(m.Shape), First: m.Major(), Counts: make([]int, m.Steps)}
	for _, t := range s.First {
		if t != spike.Silent {
			s.Fired++
			s.Counts[t]++
		}
	}
	return s
}

// potentials brings potentials from memory order into that of maps.
func potentials(first *spike.Map, of []float64) []byte {
	bytes := make([]byte, 0, 4*len(of))
	for fm := range first.Maps {
		for i := fm; i < len(of); i += first.Maps {
			bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(float32(of[i])))
		}
	}
	return bytes
}

// walk is the road of an image. That of the last one is remembered, for
// questions about it come one after another.
func (l *Lab) walk(pixels []byte) (*inspect.Road, error) {
	if err := l.check(pixels); err != nil {
		return nil, err
	}
	if l.road == nil || !bytes.Equal(l.of, pixels) {
		l.road, l.of = l.follower.Follow(pixels), append(l.of[:0], pixels...)
	}
	return l.road, nil
}

// decided is the decision at the end of a road.
func (l *Lab) decided(road *inspect.Road) Decision {
	c := l.model.Network.Layers[l.last()].Convolution
	s := road.Stations[l.last()]
	l.best = l.best[:0]
	for i, t := range s.First.At {
		// Exact: the unit is a power of two.
		p := int32(s.Potential[i] / c.Unit())
		l.best = append(l.best, spike.Spike{Neuron: s.First.Neuron(i%c.Maps, i/c.Maps), Step: t, Potential: p})
	}
	return l.decision(road.Decision, l.best)
}

// Contrasts are an image as the filters of the encoding see it.
type Contrasts struct {
	Rows    int      `json:"rows"`
	Cols    int      `json:"cols"`
	Filters []Filter `json:"filters"` // in the order of the input's maps
}

// A Filter is one filter of the encoding, and what it makes of an image. All
// its maps have rows x cols numbers, row by row.
type Filter struct {
	Kind   string    `json:"kind"`   // "dog", "gabor" or "pixel"
	Size   int       `json:"size"`   // of the kernel, rows and columns
	Kernel []float32 `json:"kernel"` // its weights, row by row

	Responses   []float32 `json:"responses"`   // of the filter, of any sign; behind pooling those that were the strongest of their windows
	Intensities []float32 `json:"intensities"` // after the threshold, normalisation and inhibition: what is ranked
}

// Contrasts filters an image.
func (l *Lab) Contrasts(pixels []byte) (Contrasts, error) {
	if err := l.check(pixels); err != nil {
		return Contrasts{}, err
	}
	e := l.model.Experiment
	l.encoder.Encode(pixels, &l.spikes)
	after := l.encoder.Intensities()
	var before encode.Picture
	before.Filter(l.encoder.Kernels(), e.Encode.Pad, pixels, e.Data.Rows, e.Data.Cols)
	c := Contrasts{Rows: after.Rows, Cols: after.Cols}
	for i, k := range l.encoder.Kernels() {
		responses := before.Channel(i)
		if after.Rows != before.Rows || after.Cols != before.Cols {
			responses = l.origins(&before, i, after.Rows, after.Cols)
		}
		c.Filters = append(c.Filters, Filter{e.Encode.Filters[i].Kind, k.Size, floats(k.W), floats(responses), floats(after.Channel(i))})
	}
	return c, nil
}

// origins are the responses of which the pooled intensities of a channel are
// made.
func (l *Lab) origins(responses *encode.Picture, channel, rows, cols int) []float64 {
	list := make([]float64, 0, rows*cols)
	for r := range rows {
		for c := range cols {
			y, x := l.encoder.Origin(channel, r, c)
			list = append(list, responses.Channel(channel)[y*responses.Cols+x])
		}
	}
	return list
}

func floats(v []float64) []float32 {
	f := make([]float32, len(v))
	for i, x := range v {
		f[i] = float32(x)
	}
	return f
}
