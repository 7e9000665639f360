package inspect

import (
	"slices"

	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A Road is the way of one image through a network: who fires when. One
// goroutine may ask it at a time.
type Road struct {
	Input    spike.Map
	Stations []Station // a layer each
	Decision readout.Decision
	model    *train.Model
	events   spike.Events // of the input
	at       [][][]event  // layer, place: see places
}

// A Station is what a layer did with an image.
type Station struct {
	Name      string
	First     spike.Map    // the first spikes of its neurons
	Potential []float64    // of every neuron at its first spike, 0 if silent, in memory order
	Pooled    spike.Map    // what it hands on: the first spikes
	Events    spike.Events // the same: all spikes, which are more if its pooling repeats
}

// Follow sends an image of the experiment's rows x cols pixels, 0 to 255,
// light on dark, through a network.
func Follow(m *train.Model, pixels []byte) (*Road, error) {
	f, err := NewFollower(m)
	if err != nil {
		return nil, err
	}
	return f.Follow(pixels), nil
}

// A Follower is [Follow] for one image after another. The weights and
// thresholds are those that the network has when an image comes; the encoding
// must stay what it was. A follower has working memory of its own: every
// goroutine needs one.
type Follower struct {
	model    *train.Model
	encoder  *encode.Encoder
	scratch  snn.Scratch
	response snn.Response
	spikes   []spike.Spike
}

// NewFollower returns a follower of images through a network.
func NewFollower(m *train.Model) (*Follower, error) {
	encoder, err := m.Encoder()
	if err != nil {
		return nil, err
	}
	return &Follower{model: m, encoder: encoder}, nil
}

// Follow is the road of an image. It is the caller's own.
func (f *Follower) Follow(pixels []byte) *Road {
	m, n := f.model, f.model.Network
	r := &Road{model: m, Stations: make([]Station, len(n.Layers))}
	f.encoder.Encode(pixels, &r.Input)
	r.events.From(&r.Input)
	for i, l := range n.Layers {
		s := &r.Stations[i]
		s.Name = l.Name
		l.Respond(r.reads(i), &f.response, &f.scratch)
		s.First = f.response.First
		s.First.At = append([]spike.Step(nil), f.response.First.At...)
		s.Potential = make([]float64, len(f.response.Potential))
		unit := l.Unit() // a power of two: nothing is rounded
		for k, v := range f.response.Potential {
			s.Potential[k] = float64(v) * unit
		}
		s.Pooled.Resize(l.Pooled())
		l.Pool.Apply(&s.First, &s.Pooled)
		if l.Pool.Repeats {
			l.Pool.Repeated(&s.First, &s.Events)
		} else {
			s.Events.From(&s.Pooled)
		}
	}
	// The response is that of the last layer.
	f.spikes = f.spikes[:0]
	out := f.response.First
	for i, step := range out.At {
		f.spikes = append(f.spikes, spike.Spike{Neuron: out.Neuron(i%out.Maps, i/out.Maps), Step: step, Potential: f.response.Potential[i]})
	}
	if m.SVM != nil {
		features := readout.NewFeatures(1, m.SVM.Shape, m.SVM.Steps)
		features.Set(0, &r.Stations[len(r.Stations)-1].Pooled)
		r.Decision = m.SVM.Decide(features, 0)
		return r
	}
	r.Decision = m.Decision.Decide(out.Shape, f.spikes)
	return r
}

// reads is what the layer at a depth reads.
func (r *Road) reads(depth int) *spike.Events {
	if depth == 0 {
		return &r.events
	}
	return &r.Stations[depth-1].Events
}

// An Arrival is a spike that reaches a neuron, and what it adds to the
// potential.
type Arrival struct {
	spike.Neuron            // that fired, among the inputs of the layer, which are unpadded
	Step         spike.Step // when
	Synapse      int        // through which synapse it came, in the order input map, row, column
	Weight       int32      // of the synapse, in units of [snn.Convolution.Unit]; a ramp adds it at every step from then on
}

// Arrivals are all spikes that reach a neuron of the layer at a depth, whether
// it has fired by then or not, in the order step, row, column, map.
func (r *Road) Arrivals(depth int, n spike.Neuron) []Arrival {
	list := r.AppendArrivals(nil, depth, n, spike.Silent)
	sort(list)
	return list
}

// AppendArrivals is [Road.Arrivals] for many neurons: it appends the spikes that
// reach a neuron until a step, that step included, to a list and returns it.
// They are in the order row, column, step, map.
func (r *Road) AppendArrivals(list []Arrival, depth int, n spike.Neuron, until spike.Step) []Arrival {
	c := r.model.Network.Layers[depth].Convolution
	top, left := n.Row*max(c.Stride, 1)-c.Pad, n.Col*max(c.Stride, 1)-c.Pad
	quanta, at := c.Quanta(n.Map), r.places(depth)
	for y := max(0, -top); y < min(c.Kernel.Rows, c.In.Rows-top); y++ {
		for x := max(0, -left); x < min(c.Kernel.Cols, c.In.Cols-left); x++ {
			for _, e := range at[(top+y)*c.In.Cols+left+x] {
				if e.step > until {
					break
				}
				s := (int(e.fm)*c.Kernel.Rows+y)*c.Kernel.Cols + x
				list = append(list, Arrival{spike.Neuron{Map: int(e.fm), Row: top + y, Col: left + x}, e.step, s, quanta[s]})
			}
		}
	}
	return list
}

// sort orders arrivals by step, and leaves those of a step as they are. There are
// few steps, so they are counted.
func sort(list []Arrival) {
	var next [1 << 8]int // where the next of a step goes
	for _, a := range list {
		next[a.Step]++
	}
	sum := 0
	for step, n := range next {
		next[step], sum = sum, sum+n
	}
	for _, a := range slices.Clone(list) {
		list[next[a.Step]] = a
		next[a.Step]++
	}
}

// An event is a spike at a place that is known.
type event struct {
	fm   int32
	step spike.Step
}

// places lists what the layer at a depth reads place by place, at each in the
// order step, map.
func (r *Road) places(depth int) [][]event {
	if r.at == nil {
		r.at = make([][][]event, len(r.Stations))
	}
	if r.at[depth] == nil {
		in := r.reads(depth)
		at := make([][]event, in.Positions())
		for t := range in.Steps() {
			for _, i := range in.Step(t) {
				pos := int(i) / in.Maps
				at[pos] = append(at[pos], event{i % int32(in.Maps), spike.Step(t)})
			}
		}
		r.at[depth] = at
	}
	return r.at[depth]
}

// Potentials are those of a neuron after every step, in the unit of weights, as
// if it went on after its spike.
func (r *Road) Potentials(depth int, n spike.Neuron) []float64 {
	c := r.model.Network.Layers[depth].Convolution
	sums := make([]int64, r.reads(depth).Steps())
	for _, a := range r.AppendArrivals(nil, depth, n, spike.Silent) {
		sums[a.Step] += int64(a.Weight)
	}
	potentials := make([]float64, len(sums))
	slope, sum := int64(0), int64(0)
	for i, v := range sums {
		if slope += v; c.Ramp {
			sum += slope
		} else {
			sum = slope
		}
		potentials[i] = float64(sum) * c.Unit()
	}
	return potentials
}
