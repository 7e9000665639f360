package snn

import (
	"fmt"

	"firstspike/spike"
)

// A Layer is a convolution and the earliest-spike pooling behind it.
type Layer struct {
	Name string
	*Convolution
	Pool spike.Pool

	// Pointwise lets at each position only the first map fire, as
	// [Response.PointwiseInhibition] does, whenever the layer responds and not
	// only while it learns. Goupy et al. (2023).
	Pointwise bool
}

// Respond is [Convolution.Respond], with pointwise inhibition if the layer has
// that.
func (l Layer) Respond(in *spike.Events, r *Response, s *Scratch) {
	l.respond(in, r, s, l.Pointwise)
}

// TimeMatters is [Convolution.TimeMatters]: who is inhibited depends on who was
// first.
func (l Layer) TimeMatters() bool { return l.Pointwise || l.Convolution.TimeMatters() }

// Pooled is the shape of what the layer hands on.
func (l Layer) Pooled() spike.Shape { return l.Pool.Shape(l.Convolution.Out()) }

// A Network is a chain of layers that read the same steps. Methods that do
// not change weights may be called from several goroutines at once, each with
// a [Pass] of its own.
type Network struct {
	Steps  int
	Layers []Layer
}

// Check reports why the layers do not fit together, or nil.
func (n *Network) Check() error {
	if n.Steps < 1 || n.Steps > spike.MaxSteps {
		return fmt.Errorf("%d steps; a network has 1 to %d", n.Steps, spike.MaxSteps)
	}
	if len(n.Layers) == 0 {
		return fmt.Errorf("no layers; a network has at least one")
	}
	for i, l := range n.Layers {
		if i > 0 && l.In != n.Layers[i-1].Pooled() {
			return fmt.Errorf("layer %s reads %v, but layer %s gives %v", l.Name, l.In, n.Layers[i-1].Name, n.Layers[i-1].Pooled())
		}
		if i > 0 && max(1, l.Most) != n.Layers[i-1].Pool.Most() {
			return fmt.Errorf("layer %s reads inputs that fire up to %d times, but those of layer %s do up to %d times", l.Name, max(1, l.Most), n.Layers[i-1].Name, n.Layers[i-1].Pool.Most())
		}
		if l.Pointwise && l.AtEnd() {
			return fmt.Errorf("layer %s has pointwise inhibition and an infinite threshold, with which all fire at the last step; give it a number", l.Name)
		}
		if err := l.Pool.Check(l.Convolution.Out()); err != nil {
			return fmt.Errorf("layer %s: %w", l.Name, err)
		}
	}
	return nil
}

// TimeMatters reports whether what fires in the first depth layers, and how
// often, depends on when the inputs fired, and not only on whether they did.
func (n *Network) TimeMatters(depth int) bool {
	for _, l := range n.Layers[:depth] {
		if l.TimeMatters() || l.Pool.Repeats {
			return true
		}
	}
	return false
}

// A Pass is the working memory for sending images through a network, for one
// goroutine. The zero Pass is ready. What its methods return is overwritten by
// its next use.
type Pass struct {
	scratch  Scratch
	events   spike.Events
	trains   []spike.Events
	response Response
	pooled   []spike.Map
	first    spike.Map
	in       spike.Bits
	bits     []spike.Bits
	tally    Tally
}

// Spikes sends an image through the first depth layers, keeping the steps, and
// returns the first spikes of what the last of them hands on after pooling.
// With depth 0 it returns the image.
func (p *Pass) Spikes(n *Network, in *spike.Map, depth int) *spike.Map {
	if depth == 0 {
		return in
	}
	e := p.Events(n, p.image(in), depth)
	p.first.Resize(e.Shape)
	e.Map(&p.first)
	return &p.first
}

// image is an image as events.
func (p *Pass) image(in *spike.Map) *spike.Events {
	p.events.From(in)
	return &p.events
}

// Events sends an image through the first depth layers, keeping the steps, and
// returns what the last of them hands on after pooling. With depth 0 it
// returns the image.
func (p *Pass) Events(n *Network, in *spike.Events, depth int) *spike.Events {
	for len(p.trains) < depth {
		p.trains, p.pooled = append(p.trains, spike.Events{}), append(p.pooled, spike.Map{})
	}
	for i, l := range n.Layers[:depth] {
		train, pooled := &p.trains[i], &p.pooled[i]
		if l.Pool.Repeats {
			l.Respond(in, &p.response, &p.scratch)
			l.Pool.Repeated(&p.response.First, train)
			in = train
			continue
		}
		pooled.Resize(l.Pooled())
		if l.AtEnd() || l.Pointwise || l.Ramp {
			l.Respond(in, &p.response, &p.scratch)
			l.Pool.Apply(&p.response.First, pooled)
		} else {
			l.earliest(in, l.Pool, pooled, &p.scratch)
		}
		train.From(pooled)
		in = train
	}
	return in
}

// Response is how the layer at index depth responds to an image.
func (p *Pass) Response(n *Network, in *spike.Map, depth int) *Response {
	n.Layers[depth].Respond(p.Events(n, p.image(in), depth), &p.response, &p.scratch)
	return &p.response
}

// Fired is which neurons fire at all behind the first depth layers, pooled,
// and, with [spike.Pool.Repeats], how often. The time axis is dropped wherever
// it cannot matter.
func (p *Pass) Fired(n *Network, in *spike.Map, depth int) spike.Bits {
	if n.TimeMatters(depth) {
		return p.FiredEvents(n, p.image(in), depth)
	}
	p.in = grow(p.in, in.Positions()*spike.Words(in.Maps))
	p.in.From(in)
	return p.Propagate(n, p.in, depth)
}

// FiredEvents is Fired for events, and keeps the time axis.
func (p *Pass) FiredEvents(n *Network, in *spike.Events, depth int) spike.Bits {
	most := 1
	if depth > 0 {
		most = n.Layers[depth-1].Pool.Most()
	} else if len(n.Layers) > 0 {
		most = n.Layers[0].Most
	}
	e := p.Events(n, in, depth)
	p.in = grow(p.in, spike.Planes(most)*e.Positions()*spike.Words(e.Maps))
	p.in.FromEvents(e)
	return p.in
}

// Propagate is Fired for layers to which time does not matter: see
// [Network.TimeMatters]. It takes and gives which neurons fire at all; with
// depth 0 it returns its input.
func (p *Pass) Propagate(n *Network, in spike.Bits, depth int) spike.Bits {
	for len(p.bits) < 2*depth {
		p.bits = append(p.bits, nil)
	}
	for i, l := range n.Layers[:depth] {
		out, pooled := l.Convolution.Out(), l.Pooled()
		p.bits[2*i] = grow(p.bits[2*i], out.Positions()*spike.Words(out.Maps))
		l.Convolution.Fired(in, p.bits[2*i], &p.scratch)
		in = p.bits[2*i]
		if l.Pool.Window == 0 {
			continue
		}
		p.bits[2*i+1] = grow(p.bits[2*i+1], pooled.Positions()*spike.Words(out.Maps))
		l.Pool.Fired(out, in, p.bits[2*i+1])
		in = p.bits[2*i+1]
	}
	return in
}

// Forward sends an image through all layers and returns for every map of the
// last one its best neuron: the earliest, then the one with the highest
// potential, then the first row by row. The slice has one entry a map; a map
// that stays silent has [spike.Silent] as its Step.
func (n *Network) Forward(in *spike.Map, p *Pass, best []spike.Spike) []spike.Spike {
	last := len(n.Layers) - 1
	l := n.Layers[last]
	if l.AtEnd() {
		return n.Finish(p.Fired(n, in, last), p, best)
	}
	return n.ForwardEvents(p.image(in), p, best)
}

// ForwardEvents is Forward for events.
func (n *Network) ForwardEvents(in *spike.Events, p *Pass, best []spike.Spike) []spike.Spike {
	last := len(n.Layers) - 1
	l := n.Layers[last]
	if l.AtEnd() {
		return n.Finish(p.FiredEvents(n, in, last), p, best)
	}
	r := &p.response
	l.Respond(p.Events(n, in, last), r, &p.scratch)
	best = silent(grow(best, l.Maps))
	for i, s := range r.First.At {
		m, pos := i%l.Maps, i/l.Maps
		w := spike.Spike{Neuron: r.First.Neuron(m, pos), Step: s, Potential: r.Potential[i]}
		if s != spike.Silent && w.Ahead(best[m]) {
			best[m] = w
		}
	}
	return best
}

// Finish is the last part of Forward for a network whose last layer has an
// infinite threshold: it takes up from what fired before that layer, as
// [Pass.Fired] gives it.
func (n *Network) Finish(bits spike.Bits, p *Pass, best []spike.Spike) []spike.Spike {
	l := n.Layers[len(n.Layers)-1]
	l.Tally(bits, &p.tally, &p.scratch)
	best = silent(grow(best, l.Maps))
	out := l.Convolution.Out()
	for m, v := range p.tally.Best {
		if v > 0 {
			pos := int(p.tally.At[m])
			best[m] = spike.Spike{Neuron: out.Neuron(m, pos), Step: spike.Step(n.Steps - 1), Potential: v}
		}
	}
	return best
}

func silent(best []spike.Spike) []spike.Spike {
	for m := range best {
		best[m] = spike.Spike{Neuron: spike.Neuron{Map: m}, Step: spike.Silent}
	}
	return best
}

// From is the network without its first depth layers, sharing the others.
func (n *Network) From(depth int) *Network {
	return &Network{Steps: n.Steps, Layers: n.Layers[depth:]}
}
