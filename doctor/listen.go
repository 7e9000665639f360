package doctor

import (
	"context"
	"math"
	"slices"

	"firstspike/internal/parallel"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// heard is what a layer did with one image.
type heard struct {
	input, spikes int
	quiet, seeing int
	steps         []int
	winners       []spike.Spike
	room          int
	highest       float64
	fresh         float64
	kth           float64
	up, down      float64 // sums of changes
	ups, downs    int
}

// listen lets a layer respond to the sample. out receives what it hands on.
func listen(ctx context.Context, e train.Experiment, depth int, l, fresh, common snn.Layer, in, out []spike.Events, workers int) (Layer, [][]spike.Spike, error) {
	set := e.Layers[depth]
	n := set.Learn
	sel := n.Selection(nil)
	if set.Learn.Rule == train.RuleRSTDP {
		sel = snn.Selection{K: 1}
	}
	// With an infinite threshold, potentials show whom the threshold keeps out. Ramps
	// have none: then steps tell who would win, and ramps how far he gets.
	unlimited := func(ramp bool) (*snn.Convolution, error) {
		g, threshold := l.Geometry, math.Inf(1)
		if g.Ramp = ramp; ramp {
			threshold = math.MaxFloat64
		}
		c, err := snn.NewConvolution(g, threshold, "", common.Bound())
		if err != nil {
			return nil, err
		}
		return c, c.SetWeights(common.Weights())
	}
	open, err := unlimited(false)
	if err != nil {
		return Layer{}, nil, err
	}
	rising := open
	if l.Ramp {
		if rising, err = unlimited(true); err != nil {
			return Layer{}, nil, err
		}
	}
	ear := make([]heard, len(in))
	err = parallel.Each(ctx, len(in), workers, func() func(int) {
		h := ears{set: set, l: l, fresh: fresh, open: open, rising: rising, sel: sel}
		return func(i int) { h.listen(&in[i], &out[i], &ear[i], i < crowd) }
	})
	if err != nil {
		return Layer{}, nil, err
	}
	r := Layer{Name: set.Name, Neurons: l.Out().Neurons(), K: asked(sel), AtEnd: l.AtEnd(), Steps: make([]float64, e.Encode.Steps),
		Wins: make([]int, l.Maps), Pooled: l.Pooled().Positions(), Outside: outside(l.Convolution)}
	if !r.AtEnd {
		r.Threshold = l.Threshold
	}
	r.sum(ear)
	winners := make([][]spike.Spike, len(ear))
	for i := range ear {
		winners[i] = ear[i].winners
	}
	return r, winners, nil
}

// crowd is the number of images of which it is counted how many winners there
// is room for.
const crowd = 50

// ears are one goroutine's memory for listening to a layer.
type ears struct {
	set      train.Layer
	l, fresh snn.Layer
	open     *snn.Convolution
	rising   *snn.Convolution // open, or the same with ramps
	sel      snn.Selection

	scratch   snn.Scratch
	response  snn.Response
	pooled    spike.Map
	image     spike.Map
	own       spike.Events
	potential []int32
	winners   []spike.Spike
	ltp       []bool
	times     []spike.Step
	weights   []float32
}

func (h *ears) listen(in, out *spike.Events, to *heard, count bool) {
	l := h.l
	to.input = len(in.Index)
	l.Respond(in, &h.response, &h.scratch)
	to.steps = make([]int, in.Steps())
	for _, t := range h.response.First.At {
		if t != spike.Silent {
			to.steps[t]++
			to.spikes++
		}
	}
	var events spike.Events
	if l.Pool.Repeats {
		l.Pool.Repeated(&h.response.First, &events)
	} else {
		h.pooled.Resize(l.Pooled())
		l.Pool.Apply(&h.response.First, &h.pooled)
		events.From(&h.pooled)
	}
	*out = events.Clone()

	taught := h.set.Learn.Shown(in, &h.own)
	to.winners = l.Contest(taught, h.sel, &h.scratch, nil)
	if h.potential == nil {
		h.potential = make([]int32, l.Convolution.Out().Neurons())
	}
	l.After(in, h.potential, &h.scratch)
	to.highest = l.Potential(slices.Max(h.potential))
	for _, v := range h.potential {
		if v != 0 {
			to.seeing++
		}
	}
	to.quiet = max(0, to.seeing-to.spikes)
	h.rising.After(in, h.potential, &h.scratch)
	to.fresh = h.rising.Potential(slices.Max(h.potential))

	h.image.Resize(in.Shape)
	taught.Map(&h.image)
	most := h.sel
	most.PerStep = 0 // all fire at the last step
	if count && h.set.Learn.Rule != train.RuleRSTDP {
		most.K = min(l.Maps, max(50, 10*asked(h.sel)))
	}
	h.winners = h.open.Contest(taught, most, &h.scratch, h.winners[:0])
	to.room = len(h.winners)
	if n := min(len(h.winners), asked(h.sel)); n == asked(h.sel) {
		last := h.winners[n-1]
		to.kth = h.open.Potential(last.Potential)
		if l.Ramp {
			to.kth = h.rising.Potential(h.potential[l.Convolution.Out().Index(last.Map, last.Row, last.Col)])
		}
	}
	h.lesson(to)
}

// asked is how many winners are asked for. If so many of a step are, those of an
// image are no more than a limit.
func asked(s snn.Selection) int {
	if s.PerStep > 0 {
		return s.PerStep
	}
	return s.K
}

// lesson measures by what the winners' maps would change, from their initial
// weights, at the largest rates.
func (h *ears) lesson(to *heard) {
	rule := largest(h.set.Learn)
	for _, w := range to.winners {
		h.ltp = h.fresh.Ordering(&h.image, w, h.ltp)
		h.weights = append(h.weights[:0], h.fresh.Weight(w.Map)...)
		for i, v := range h.weights {
			h.weights[i] = min(max(v, rule.Lower), rule.Upper)
		}
		before := slices.Clone(h.weights)
		if h.set.Learn.Rule == train.RuleVDSP {
			h.times = h.fresh.Times(&h.image, w.Neuron, h.times)
			vdsp := snn.VDSP{Rates: rule.Rates[0], Voltage: float32(h.set.Learn.Voltage), Lower: rule.Lower, Upper: rule.Upper}
			vdsp.Change(h.weights, h.times, w.Step)
		} else {
			rule.Change(h.weights, h.ltp, rule.Rates[0])
		}
		for i, up := range h.ltp {
			change := float64(h.weights[i]-before[i]) / float64(rule.Upper-rule.Lower)
			if up {
				to.up, to.ups = to.up+change, to.ups+1
			} else {
				to.down, to.downs = to.down+change, to.downs+1
			}
		}
	}
}

// largest is the rule of a layer with the rates that doubling ends at.
func largest(l train.Learn) snn.STDP {
	rates := l.RatesAt(0, math.MaxInt32)
	return snn.STDP{Rates: []snn.Rates{rates}, Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper)}
}

// sum turns what was heard of each image into what is told of the layer.
func (r *Layer) sum(all []heard) {
	n := len(all)
	var input, spikes, mute, silent, quiet, seeing, winners, room, ups, downs int
	var highest, fresh, kth []float64
	for i := range all {
		h := &all[i]
		input, spikes, quiet, seeing, winners = input+h.input, spikes+h.spikes, quiet+h.quiet, seeing+h.seeing, winners+len(h.winners)
		if h.input == 0 {
			mute++
		} else if h.spikes == 0 {
			silent++
		}
		for t, s := range h.steps {
			r.Steps[t] += float64(s)
		}
		for _, w := range h.winners {
			r.Wins[w.Map]++
		}
		if i < crowd {
			room += h.room
		}
		highest, fresh, kth = append(highest, h.highest), append(fresh, h.fresh), append(kth, h.kth)
		r.Up, ups, r.Down, downs = r.Up+h.up, ups+h.ups, r.Down+h.down, downs+h.downs
	}
	for t := range r.Steps {
		r.Steps[t] /= float64(n)
	}
	r.Input, r.NoInput, r.Silent, r.Quiet = ratio(input, n), ratio(mute, n), ratio(silent, n-mute), ratio(quiet, seeing)
	r.Winners, r.Room = ratio(winners, n), ratio(room, min(n, crowd))
	never := 0
	for _, w := range r.Wins {
		if w == 0 {
			never++
		}
	}
	r.Never, r.Most = ratio(never, len(r.Wins)), ratio(slices.Max(r.Wins), n)
	for _, q := range []struct {
		values []float64
		to     *Quantiles
	}{{highest, &r.Highest}, {fresh, &r.Fresh}, {kth, &r.Kth}} {
		slices.Sort(q.values)
		*q.to = quantiles(q.values)
	}
	if ups > 0 {
		r.Up /= float64(ups)
	}
	if downs > 0 {
		r.Down /= float64(downs)
	}
}
