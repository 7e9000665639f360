package train

import (
	"context"
	"sync/atomic"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// inputs remember what a layer is shown of every image of a set, because the
// layers before it no longer change: as spikes in order of time, or, for a
// layer to which time does not matter, as which inputs fired at all.
type inputs struct {
	set    *dataset.Set
	depth  int // layers before this one
	events []spike.Events
	arena  []uint64 // the bits of all images, one after another
	bits   []spike.Bits
}

// layOut gives every image its bits in the arena.
func (in *inputs) layOut(arena []uint64, n int) {
	in.arena, in.bits = arena, make([]spike.Bits, n)
	words := len(arena) / max(n, 1)
	for i := range in.bits {
		in.bits[i] = arena[i*words : (i+1)*words]
	}
}

// advance makes t's inputs those of the layer at depth. What is remembered of
// a shallower layer is the place to go on from.
func (t *Trainer) advance(ctx context.Context, in inputs, set *dataset.Set, depth int, decides bool) (inputs, error) {
	e, net := t.model.Experiment, t.model.Network
	if in.set == set && in.depth == depth && (decides && in.bits != nil || !decides && in.events != nil) {
		return in, nil
	}
	from := 0
	if in.set == set && in.events != nil && in.depth <= depth {
		from = in.depth
	} else {
		in = inputs{}
	}
	if _, err := t.model.Encoder(); err != nil {
		return in, err
	}
	n := set.Len()
	rest := net.From(from)
	out := inputs{set: set, depth: depth}
	if decides {
		g := e.Geometry(depth)
		out.layOut(make([]uint64, n*len(spike.NewRepeats(g.In, g.Most))), n)
	} else {
		// In place: no image is remembered twice.
		out.events = in.events
		if out.events == nil {
			out.events = make([]spike.Events, n)
		}
	}
	err := t.stage(ctx, "computing the input of "+e.Layers[depth].Name, n, func() func(int) {
		encoder, _ := t.model.Encoder() // it was built once above
		var image spike.Map
		var events spike.Events
		var pass snn.Pass
		timeless := decides && !rest.TimeMatters(depth-from)
		g := e.Geometry(from)
		fired := spike.NewRepeats(g.In, g.Most)
		return func(i int) {
			if timeless {
				if in.events != nil {
					fired.FromEvents(&in.events[i])
				} else {
					encoder.Fired(set.Image(i), fired)
				}
				copy(out.bits[i], pass.Propagate(rest, fired, depth-from))
				return
			}
			spikes := &events
			if in.events == nil {
				encoder.Encode(set.Image(i), &image)
				events.From(&image)
			} else {
				spikes = &in.events[i]
			}
			if decides {
				copy(out.bits[i], pass.FiredEvents(rest, spikes, depth-from))
				return
			}
			out.events[i] = pass.Events(rest, spikes, depth-from).Clone()
		}
	})
	return out, err
}

// stage runs work on n images from all workers and reports the advance.
func (t *Trainer) stage(ctx context.Context, name string, n int, start func() func(int)) error {
	step := int64(max(1, n/100))
	var done atomic.Int64
	return parallel.Each(ctx, n, t.options.Workers, func() func(int) {
		work := start()
		return func(i int) {
			work(i)
			if d := done.Add(1); d%step == 0 {
				t.observe(Stage{name, int(d), n})
			}
		}
	})
}

// decide is the decision on image i with the network as it is.
func (in *inputs) decide(m *Model, i int, p *Predictor) int {
	rest := m.Network.From(in.depth)
	if in.bits != nil {
		p.best = rest.Finish(in.bits[i], &p.pass, p.best)
	} else {
		p.best = rest.ForwardEvents(&in.events[i], &p.pass, p.best)
	}
	return m.Decision.Decide(m.out(), p.best).Class
}

// score decides all images.
func (t *Trainer) score(ctx context.Context, in *inputs) (Score, error) {
	decisions := make([]int, in.set.Len())
	if t.block != nil {
		ids := make([]int, 0, blockSize)
		for from := 0; from < len(decisions) && ctx.Err() == nil; from += blockSize {
			ids = ids[:0]
			for i := from; i < min(from+blockSize, len(decisions)); i++ {
				ids = append(ids, i)
			}
			t.block.Compute(t.heldAlbum, ids, nil, t.options.Workers)
			for i, id := range ids {
				decisions[id] = readout.None
				if w, ok := t.block.Winner(i); ok {
					decisions[id] = t.model.Class(w.Neuron)
				}
			}
		}
		return tally(decisions, in.set), ctx.Err()
	}
	err := parallel.Each(ctx, len(decisions), t.options.Workers, func() func(int) {
		var p Predictor
		return func(i int) { decisions[i] = in.decide(t.model, i, &p) }
	})
	return tally(decisions, in.set), err
}

// tally compares decisions with the labels of a set.
func tally(decisions []int, set *dataset.Set) Score {
	var s Score
	for i, d := range decisions {
		s.count(snn.Judge(d, set.Label(i)))
	}
	return s
}
