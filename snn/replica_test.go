package snn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// The ways of a replication of the paper, as plainly as its program has them:
// spikes are pulses that are present in their own step only.

// pulses are the first spikes of a volley, each in its step.
func (v volley) pulses() grid4[bool] {
	out := make(grid4[bool], len(v.fired))
	for t := range v.fired {
		out[t] = make([][][]bool, len(v.fired[t]))
		for m := range v.fired[t] {
			out[t][m] = make([][]bool, len(v.fired[t][m]))
			for r := range v.fired[t][m] {
				for c, now := range v.fired[t][m][r] {
					out[t][m][r] = append(out[t][m][r], now && (t == 0 || !v.fired[t-1][m][r][c]))
				}
			}
		}
	}
	return out
}

// charge adds up, step by step, what pulses bring.
func charge(in grid4[bool], g Geometry, w []float64) grid4[float64] {
	p := convolve(in, g, w)
	for t := 1; t < len(p); t++ {
		for m := range p[t] {
			for r := range p[t][m] {
				for c := range p[t][m][r] {
					p[t][m][r][c] += p[t-1][m][r][c]
				}
			}
		}
	}
	return p
}

// pulsesOf is events as pulses.
func pulsesOf(e *spike.Events) grid4[bool] {
	g := newGrid4[bool](e.Steps(), e.Shape)
	for t := range g {
		for _, i := range e.Step(t) {
			n := e.Shape.Neuron(int(i)%e.Maps, int(i)/e.Maps)
			g[t][n.Map][n.Row][n.Col] = true
		}
	}
	return g
}

// repeated is random events in which inputs fire up to most times.
func repeated(rng *rand.Rand, shape spike.Shape, steps, most int, share float64) *spike.Events {
	e := &spike.Events{Shape: shape, Start: []int32{0}}
	left := make([]int, shape.Neurons())
	for i := range left {
		if rng.Float64() < share {
			left[i] = 1 + rng.IntN(most)
		}
	}
	for range steps {
		for i := range left {
			if left[i] > 0 && rng.IntN(3) == 0 {
				left[i]--
				e.Index = append(e.Index, int32(i))
			}
		}
		e.Start = append(e.Start, int32(len(e.Index)))
	}
	return e
}

// drawRepeats draws a layer whose inputs fire up to most times.
func drawRepeats(t *rapid.T, rng *rand.Rand, threshold float64) (drawn, int) {
	d := drawLayer(t, rng, drawShape(t), false, threshold)
	most := rapid.SampledFrom([]int{2, 4, 9}).Draw(t, "most")
	g := d.Geometry
	g.Most = most
	c, err := NewConvolution(g, d.Threshold, d.Fires, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetWeights(d.Weights()); err != nil {
		t.Fatal(err)
	}
	return drawn{c, d.w}, most
}

// Pooling with repeats is max-pooling of pulses.
func TestRepeated(t *testing.T) {
	again := 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		pool := spike.Pool{Window: rapid.IntRange(1, min(3, in.Rows, in.Cols)).Draw(t, "window"), Repeats: true}
		pool.Stride = rapid.IntRange(1, 3).Draw(t, "stride")
		pool.Pad = rapid.IntRange(0, pool.Window/2).Draw(t, "pad")
		var first spike.Events
		first.From(in)
		v := volley{fired: pulsesOf(&first)}
		want := v.pool(pool.Window, pool.Stride, pool.Pad)
		var got spike.Events
		pool.Repeated(in, &got)
		if shape := pool.Shape(in.Shape); got.Shape != shape {
			t.Fatalf("shape %v; want %v", got.Shape, shape)
		}
		if dense := pulsesOf(&got); fmt.Sprint(dense) != fmt.Sprint(want) {
			t.Fatalf("pulses %v; want %v", dense, want)
		}
		for step := range got.Steps() {
			if s := got.Step(step); !slices.IsSorted(s) || len(slices.Compact(slices.Clone(s))) != len(s) {
				t.Fatalf("step %d is not in memory order: %v", step, s)
			}
		}
		// Bits say how often.
		bits := spike.NewRepeats(got.Shape, pool.Most())
		bits.FromEvents(&got)
		plane := len(spike.NewBits(got.Shape))
		for i := range got.Neurons() {
			count, times := 0, 0
			for _, k := range got.Index {
				if int(k) == i {
					count++
				}
			}
			for k := range spike.Planes(pool.Most()) {
				at := k*plane + i/got.Maps*spike.Words(got.Maps) + i%got.Maps/64
				if bits[at]>>(i%got.Maps%64)&1 != 0 {
					times += spike.Weight(k)
				}
			}
			if times != count || count > pool.Most() {
				t.Fatalf("neuron %d: bits say %d spikes; want %d", i, times, count)
			}
			if count > 1 {
				again++
			}
		}
		// How early an input is: its first spike, or all together.
		m, sum := spike.NewMap(got.Shape, in.Steps), spike.NewMap(got.Shape, in.Steps)
		got.Map(m)
		got.Summed(sum)
		for i := range got.Neurons() {
			earliest, left := spike.Silent, 0
			for step := got.Steps() - 1; step >= 0; step-- {
				if slices.Contains(got.Step(step), int32(i)) {
					earliest = spike.Step(step)
					left += got.Steps() - step
				}
			}
			together := spike.Silent
			if left > 0 {
				together = spike.Step(max(0, got.Steps()-left))
			}
			if m.At[i] != earliest || sum.At[i] != together {
				t.Fatalf("neuron %d: first %d, together %d; want %d and %d", i, m.At[i], sum.At[i], earliest, together)
			}
		}
	})
	if again == 0 {
		t.Error("no pooled neuron fired twice")
	}
}

// A layer adds a weight for every spike of an input.
func TestRespondRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		d, most := drawRepeats(t, rng, drawThreshold(t))
		steps := rapid.IntRange(1, 20).Draw(t, "steps")
		e := repeated(rng, d.In, steps, most, rapid.Float64Range(0, 1).Draw(t, "share"))
		potential := charge(pulsesOf(e), d.Geometry, d.w)
		v := fire(potential, d.Threshold, d.Fires)
		var r Response
		var s Scratch
		d.Respond(e, &r, &s)
		compare(t, d.Convolution, &r, v)

		bits := spike.NewRepeats(d.In, most)
		bits.FromEvents(e)
		final := make([]int32, d.Out().Neurons())
		d.Final(bits, final, &s)
		fired := spike.NewBits(d.Out())
		if !d.AtEnd() {
			d.Fired(bits, fired, &s)
		}
		want := spike.NewBits(d.Out())
		want.From(&r.First)
		if !d.AtEnd() && !slices.Equal(fired, want) {
			t.Fatal("other neurons fire without a time axis")
		}
		v.neurons(func(n spike.Neuron, _ int, _ float64) {
			i := d.Out().Index(n.Map, n.Row, n.Col)
			if p := d.Potential(final[i]); p != potential[steps-1][n.Map][n.Row][n.Col] {
				t.Fatalf("neuron %v ends at %v; want %v", n, p, potential[steps-1][n.Map][n.Row][n.Col])
			}
		})
	})
}

// published picks winners as the replication's program does: the sum over steps
// of a pulse times its potential after the last step and a number that is
// larger the earlier it is; the highest wins and sets all maps around it to 0.
// Where nothing is left the first neuron wins, if its potential is above 0.
func published(pulses grid4[bool], last [][][]float64, sel Selection, unit float64) []spike.Spike {
	steps := len(pulses)
	score := map[spike.Neuron]float64{}
	step := map[spike.Neuron]spike.Step{}
	large := 1.0
	for m := range last {
		for r := range last[m] {
			for _, p := range last[m][r] {
				large = max(large, p)
			}
		}
	}
	var order []spike.Neuron
	for m := range last {
		for r := range last[m] {
			for c, p := range last[m][r] {
				n := spike.Neuron{Map: m, Row: r, Col: c}
				order = append(order, n)
				step[n] = spike.Silent
				for t := range steps {
					if pulses[t][m][r][c] && !(sel.Muted != nil && sel.Muted[m]) {
						score[n] += p + float64(steps-t)*large
						step[n] = spike.Step(t)
					} else if pulses[t][m][r][c] {
						step[n] = spike.Step(t)
					}
				}
			}
		}
	}
	var list []spike.Spike
	for range sel.K {
		best := order[0]
		for _, n := range order {
			if score[n] > score[best] {
				best = n
			}
		}
		p := last[best.Map][best.Row][best.Col]
		if score[best] == 0 {
			if p > 0 && !(sel.Muted != nil && sel.Muted[0]) {
				list = append(list, spike.Spike{Neuron: best, Step: step[best], Potential: int32(p / unit)})
			}
			break
		}
		list = append(list, spike.Spike{Neuron: best, Step: step[best], Potential: int32(p / unit)})
		for _, n := range order {
			dy, dx := n.Row-best.Row, n.Col-best.Col
			if n == best || sel.Radius > 0 && max(dy, -dy) <= sel.Radius && max(dx, -dx) <= sel.Radius {
				score[n] = 0
			}
		}
	}
	return list
}

// greatest is the greatest potential of a step.
func greatest(p [][][]float64) float64 {
	most := 0.
	for m := range p {
		for r := range p[m] {
			most = max(most, slices.Max(p[m][r]))
		}
	}
	return most
}

func TestContestPublished(t *testing.T) {
	filled, silent, shared := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		d, most := drawRepeats(t, rng, drawThreshold(t))
		e := repeated(rng, d.In, rapid.IntRange(1, 20).Draw(t, "steps"), most, rapid.Float64Range(0, 1).Draw(t, "share"))
		sel := Selection{Radius: rapid.IntRange(0, 3).Draw(t, "radius"), Shared: true, Final: true}
		sel.Muted = drawMuted(t, rng, d.Maps)
		potential := charge(pulsesOf(e), d.Geometry, d.w)
		last := potential[len(potential)-1]
		// With the least threshold all that has a potential fires; with the
		// greatest few do, and most of those that could win are silent.
		for _, threshold := range []float64{d.Threshold, d.Unit(), max(greatest(last), d.Unit())} {
			d.SetThreshold(threshold)
			pulses := fire(potential, d.Threshold, d.Fires).pulses()
			for _, sel.K = range []int{1, 2, 5, 9, 40} {
				sel.Fill = true
				want := published(pulses, last, sel, d.Unit())
				var s Scratch
				got := d.Contest(e, sel, &s, nil)
				if !slices.Equal(got, want) {
					t.Fatalf("threshold %g, %+v: winners %v; want %v", threshold, sel, got, want)
				}
				maps := map[int]bool{}
				for _, w := range got {
					if maps[w.Map] {
						shared++
					}
					maps[w.Map] = true
					if w.Step == spike.Silent {
						silent++
					}
				}
				if n := len(got); n > 0 && n < sel.K && got[n-1].Neuron == (spike.Neuron{}) {
					filled++
				}
				// Of the others none is there.
				sel.Fill = false
				short := d.Contest(e, sel, &s, nil)
				if len(short) > len(got) || !slices.Equal(short, got[:len(short)]) || len(got)-len(short) > 1 {
					t.Fatalf("threshold %g, %+v: without fill %v; with it %v", threshold, sel, short, got)
				}
			}
		}
	})
	if filled == 0 || silent == 0 || shared == 0 {
		t.Errorf("%d contests were filled up, %d with a silent neuron; %d winners were of one map", filled, silent, shared)
	}
}

// Each way of choosing winners by itself, where another is the paper's.
func TestContestMixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), drawThreshold(t))
		sel := Selection{
			K: rapid.SampledFrom([]int{1, 2, 5, 9, 40}).Draw(t, "k"), Radius: rapid.IntRange(0, 3).Draw(t, "radius"),
			Pointwise: rapid.Bool().Draw(t, "pointwise"), Muted: drawMuted(t, rng, d.Maps),
			Shared: rapid.Bool().Draw(t, "shared"), Final: rapid.Bool().Draw(t, "final"),
		}
		var e spike.Events
		var s Scratch
		e.From(in)
		got := d.Contest(&e, sel, &s, nil)

		// One after another, from everything that fired.
		r := respond(d.Convolution, in)
		potential := make([]int32, d.Out().Neurons())
		bits := bitsOf(in)
		d.Convolution.Final(bits, potential, new(Scratch))
		if sel.Final {
			for i, s := range r.First.At {
				if s != spike.Silent {
					r.Potential[i] = potential[i]
				}
			}
		}
		r.FeatureInhibition(sel.Muted)
		if sel.Pointwise {
			r.PointwiseInhibition()
		}
		var all, want []spike.Spike
		for i, s := range r.First.At {
			if s != spike.Silent {
				all = append(all, spike.Spike{Neuron: r.First.Neuron(i%d.Maps, i/d.Maps), Step: s, Potential: r.Potential[i]})
			}
		}
		slices.SortFunc(all, func(a, b spike.Spike) int {
			switch {
			case a.Ahead(b):
				return -1
			case b.Ahead(a):
				return 1
			}
			return 0
		})
		for _, w := range all {
			free := len(want) < sel.K
			for _, o := range want {
				dy, dx := o.Row-w.Row, o.Col-w.Col
				if !sel.Shared && o.Map == w.Map || sel.Radius > 0 && max(dy, -dy) <= sel.Radius && max(dx, -dx) <= sel.Radius {
					free = false
				}
			}
			if free {
				want = append(want, w)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: winners %v; want %v", sel, got, want)
		}
	})
}

// A sum is the change of every image, worked out from the weights before, and
// made at once.
func TestSum(t *testing.T) {
	both := 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		d, most := drawRepeats(t, rng, drawThreshold(t))
		rule := drawRule(t, rng, d.Maps)
		sum := NewSum(d.Convolution)
		var s Scratch
		n := d.Synapses()
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			before := slices.Clone(d.Weights())
			change, changed := make([]float64, len(before)), make([]bool, d.Maps)
			for range rapid.IntRange(1, 10).Draw(t, "images") {
				e := repeated(rng, d.In, rapid.IntRange(1, 15).Draw(t, "steps"), most, rng.Float64())
				var winners []spike.Spike
				for range rng.IntN(5) {
					out := d.Out()
					w := spike.Spike{Neuron: spike.Neuron{Map: rng.IntN(out.Maps), Row: rng.IntN(out.Rows), Col: rng.IntN(out.Cols)}, Step: spike.Step(rng.IntN(e.Steps()))}
					if rng.IntN(4) == 0 {
						w.Step = spike.Silent
					}
					winners = append(winners, w)
				}
				summed := rng.IntN(2) == 0
				m := spike.NewMap(d.In, e.Steps())
				if summed {
					e.Summed(m)
				} else {
					e.Map(m)
				}
				sum.Add(&rule, m, winners, &s)

				// As the program: how many steps are left at every pulse.
				pulses := pulsesOf(e)
				last := map[int]spike.Spike{}
				for _, w := range winners {
					if _, ok := last[w.Map]; ok {
						both++
					}
					last[w.Map] = w
				}
				for m, w := range last {
					changed[m] = true
					after := 0
					if w.Step != spike.Silent {
						after = e.Steps() - int(w.Step)
					}
					for synapse := range n {
						k := d.Kernel.Rows * d.Kernel.Cols
						y := w.Row*max(d.Stride, 1) - d.Pad + synapse%k/d.Kernel.Cols
						x := w.Col*max(d.Stride, 1) - d.Pad + synapse%k%d.Kernel.Cols
						left := 0
						if y >= 0 && y < d.In.Rows && x >= 0 && x < d.In.Cols {
							for t := len(pulses) - 1; t >= 0; t-- {
								if pulses[t][synapse/k][y][x] {
									if left += len(pulses) - t; !summed {
										left = len(pulses) - t
									}
								}
							}
						}
						a := rule.Of(m).AMinus
						if left >= after {
							a = rule.Of(m).APlus
						}
						v, factor := float64(before[m*n+synapse]), 1.
						if rule.Stabiliser {
							factor = (v - float64(rule.Lower)) * (float64(rule.Upper) - v)
						}
						change[m*n+synapse] += float64(a) * factor
					}
				}
			}
			sum.Apply(&rule)
			for i, v := range before {
				want := min(max(float64(v)+change[i], float64(rule.Lower)), float64(rule.Upper))
				if got := float64(d.Weights()[i]); math.Abs(got-want) > 1e-4*(1+math.Abs(change[i])) {
					t.Fatalf("weight %d of map %d: %v; want %v (was %v, %+v)", i%n, i/n, got, want, v, rule)
				}
			}
			consistent(t, d.Convolution)
		}
	})
	if both == 0 {
		t.Error("no map won twice for an image")
	}
}

// A block learns from inputs that fire several times, and batch by batch, as
// the plain loop does.
func TestBlockBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		plain, most := drawRepeats(t, rng, inf)
		blocked, err := NewConvolution(plain.Geometry, inf, plain.Fires, 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := blocked.SetWeights(plain.Weights()); err != nil {
			t.Fatal(err)
		}
		steps := rapid.IntRange(1, 15).Draw(t, "steps")
		images := make([]*spike.Events, rapid.IntRange(1, 30).Draw(t, "images"))
		bits := make([]spike.Bits, len(images))
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		for i := range images {
			images[i] = repeated(rng, plain.In, steps, most, share*rng.Float64())
			bits[i] = spike.NewRepeats(plain.In, most)
			bits[i].FromEvents(images[i])
		}
		rule := drawRule(t, rng, plain.Maps)
		b := NewBlock(blocked, steps)
		b.growths.every = rapid.IntRange(1, 3).Draw(t, "copy every")
		album := b.Album(bits)
		sum := NewSum(plain.Convolution)
		batch := rapid.IntRange(1, 10).Draw(t, "batch")
		var s Scratch
		for range rapid.IntRange(1, 4).Draw(t, "epochs") {
			order := rng.Perm(len(images))
			for from := 0; from < len(order); from += batch {
				ids := order[from:min(from+batch, len(order))]
				b.Compute(album, ids, nil, 2)
				for j, id := range ids {
					want := plain.Contest(images[id], Selection{K: 1}, &s, nil)
					got, ok := b.Winner(j)
					if ok != (len(want) == 1) || ok && got != want[0] {
						t.Fatalf("winner %v; want %v", got, want)
					}
					if !ok {
						continue
					}
					m := spike.NewMap(plain.In, steps)
					images[id].Map(m)
					if batch == 1 {
						b.Learn(j, got, &rule, rule.Of(got.Map))
						rule.Learn(plain.Convolution, m, want, &s)
						continue
					}
					sum.Add(&rule, m, want, &s)
					b.Add(j, got, &rule, rule.Of(got.Map))
				}
				if batch > 1 {
					sum.Apply(&rule)
					b.Apply(&rule)
				}
			}
		}
		// Those that no longer learn decide the same.
		b.Flush()
		if !slices.Equal(blocked.Weights(), plain.Weights()) {
			t.Fatal("the weights differ from those of the plain loop")
		}
		consistent(t, blocked)
		groups := make([]int, plain.Maps)
		f := NewFinals(blocked, steps, groups)
		var round Round
		f.Winners(bits, &round, func(i int, w spike.Spike, ok bool) {
			want := plain.Contest(images[i], Selection{K: 1}, &s, nil)
			if ok != (len(want) == 1) || ok && w != want[0] {
				t.Fatalf("finals: winner %v; want %v", w, want)
			}
		})
	})
}
