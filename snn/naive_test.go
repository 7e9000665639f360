package snn

import (
	"math"
	"math/rand/v2"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// The reference against which the engine is tested: dense spike waves, direct
// loops, and nothing that is fast.

// A grid4 is [step][map][row][column].
type grid4[T any] [][][][]T

func newGrid4[T any](steps int, s spike.Shape) grid4[T] {
	g := make(grid4[T], steps)
	for t := range g {
		g[t] = make([][][]T, s.Maps)
		for f := range g[t] {
			g[t][f] = make([][]T, s.Rows)
			for r := range g[t][f] {
				g[t][f][r] = make([]T, s.Cols)
			}
		}
	}
	return g
}

// dense is the spike wave of a map: true from the first spike onwards.
func dense(m *spike.Map) grid4[bool] {
	g := newGrid4[bool](m.Steps, m.Shape)
	for t := range g {
		for f := range m.Maps {
			for r := range m.Rows {
				for c := range m.Cols {
					s := m.Step(f, r, c)
					g[t][f][r][c] = s != spike.Silent && int(s) <= t
				}
			}
		}
	}
	return g
}

// convolve gives the potentials of all neurons at all steps. w is in the order
// map, input map, row, column.
func convolve(in grid4[bool], g Geometry, w []float64) grid4[float64] {
	stride := g.Stride
	if stride == 0 {
		stride = 1
	}
	out := newGrid4[float64](len(in), g.Out())
	for t := range out {
		for f := range out[t] {
			for r := range out[t][f] {
				for c := range out[t][f][r] {
					sum, synapse := 0.0, f*g.In.Maps*g.Kernel.Rows*g.Kernel.Cols
					for i := range g.In.Maps {
						for y := range g.Kernel.Rows {
							for x := range g.Kernel.Cols {
								py, px := r*stride+y-g.Pad, c*stride+x-g.Pad
								if py >= 0 && py < g.In.Rows && px >= 0 && px < g.In.Cols && in[t][i][py][px] {
									sum += w[synapse]
								}
								synapse++
							}
						}
					}
					if g.Ramp && t > 0 {
						sum += out[t-1][f][r][c]
					}
					out[t][f][r][c] = sum
				}
			}
		}
	}
	return out
}

// A volley is what a layer did: which neurons have fired by each step, and
// their potentials at each step.
type volley struct {
	fired     grid4[bool]
	potential grid4[float64]
}

// fire lets neurons fire when their potential passes the threshold for the
// first time.
func fire(potential grid4[float64], threshold float64, fires Comparison) volley {
	steps := len(potential)
	v := volley{fired: make(grid4[bool], steps), potential: potential}
	for t := range steps {
		v.fired[t] = make([][][]bool, len(potential[t]))
		for f := range potential[t] {
			v.fired[t][f] = make([][]bool, len(potential[t][f]))
			for r := range potential[t][f] {
				v.fired[t][f][r] = make([]bool, len(potential[t][f][r]))
				for c, p := range potential[t][f][r] {
					before := t > 0 && v.fired[t-1][f][r][c]
					now := p > threshold || fires == AtLeast && p >= threshold
					if math.IsInf(threshold, 1) {
						now = t == steps-1 && p > 0
					}
					v.fired[t][f][r][c] = before || now
				}
			}
		}
	}
	return v
}

// neurons calls f for every neuron in the order map, row, column, with the
// number of steps for which it has fired and the potential at its first spike.
func (v volley) neurons(f func(n spike.Neuron, count int, potential float64)) {
	steps := len(v.fired)
	for m := range v.fired[0] {
		for r := range v.fired[0][m] {
			for c := range v.fired[0][m][r] {
				count := 0
				for t := range steps {
					if v.fired[t][m][r][c] {
						count++
					}
				}
				p := 0.0
				if count > 0 {
					p = v.potential[steps-count][m][r][c]
				}
				f(spike.Neuron{Map: m, Row: r, Col: c}, count, p)
			}
		}
	}
}

// silence takes back a neuron's spikes.
func (v volley) silence(n spike.Neuron) {
	for t := range v.fired {
		v.fired[t][n.Map][n.Row][n.Col] = false
	}
}

// mute is feature inhibition.
func (v volley) mute(muted []bool) {
	v.neurons(func(n spike.Neuron, count int, _ float64) {
		if muted != nil && muted[n.Map] {
			v.silence(n)
		}
	})
}

// pointwise is pointwise inhibition: of the maps that fire first at a position
// the one with the highest potential at that step stays, the first of several.
func (v volley) pointwise() {
	for r := range v.fired[0][0] {
		for c := range v.fired[0][0][r] {
			winner := -1
			for t := 0; t < len(v.fired) && winner < 0; t++ {
				for m := range v.fired[t] {
					if v.fired[t][m][r][c] && (winner < 0 || v.potential[t][m][r][c] > v.potential[t][winner][r][c]) {
						winner = m
					}
				}
			}
			for m := range v.fired[0] {
				if m != winner {
					v.silence(spike.Neuron{Map: m, Row: r, Col: c})
				}
			}
		}
	}
}

// winners picks k winners by SpykeTorch's single score: over the steps for
// which a neuron has fired, the sum of its first potential and of a number so
// large that one step more always counts for more. The highest score wins, the
// first of several; it sets the scores of its map to 0 and, if the radius is
// not 0, those of all maps in the square around it. Potentials are returned in
// the given unit.
func (v volley) winners(k, radius int, unit float64) []spike.Spike {
	type entry struct {
		neuron    spike.Neuron
		count     int
		potential float64
		score     float64
	}
	var all []entry
	large := 0.0
	v.neurons(func(n spike.Neuron, count int, p float64) {
		all = append(all, entry{neuron: n, count: count, potential: p})
		large = max(large, p*float64(len(v.fired)))
	})
	for i, e := range all {
		all[i].score = float64(e.count) * (e.potential + large)
	}
	var list []spike.Spike
	for range k {
		best := -1
		for i, e := range all {
			if e.score > 0 && (best < 0 || e.score > all[best].score) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		b := all[best]
		list = append(list, spike.Spike{Neuron: b.neuron, Step: spike.Step(len(v.fired) - b.count), Potential: int32(b.potential / unit)})
		for i, e := range all {
			dy, dx := e.neuron.Row-b.neuron.Row, e.neuron.Col-b.neuron.Col
			if e.neuron.Map == b.neuron.Map || radius != 0 && max(dy, -dy) <= radius && max(dx, -dx) <= radius {
				all[i].score = 0
			}
		}
	}
	return list
}

// pool is max-pooling of the spike wave.
func (v volley) pool(window, stride, pad int) grid4[bool] {
	out := make(grid4[bool], len(v.fired))
	for t, maps := range v.fired {
		out[t] = make([][][]bool, len(maps))
		for f, plane := range maps {
			for r := 0; r*stride+window <= len(plane)+2*pad; r++ {
				var line []bool
				for c := 0; c*stride+window <= len(plane[0])+2*pad; c++ {
					any := false
					for y := r*stride - pad; y < r*stride-pad+window; y++ {
						for x := c*stride - pad; x < c*stride-pad+window; x++ {
							if y >= 0 && y < len(plane) && x >= 0 && x < len(plane[0]) {
								any = any || plane[y][x]
							}
						}
					}
					line = append(line, any)
				}
				out[t][f] = append(out[t][f], line)
			}
		}
	}
	return out
}

// stdp changes the weights of a winner's map, in the order map, input map,
// row, column, as SpykeTorch does in float32: the sum over steps of the input
// wave against that of the winner says who was first.
func stdp(w []float32, g Geometry, in grid4[bool], winner spike.Spike, a Rates, stabiliser bool, lower, upper float32) {
	stride := max(g.Stride, 1)
	after := len(in) - int(winner.Step) // steps for which the winner has fired
	synapse := winner.Map * g.In.Maps * g.Kernel.Rows * g.Kernel.Cols
	for i := range g.In.Maps {
		for y := range g.Kernel.Rows {
			for x := range g.Kernel.Cols {
				count := 0
				py, px := winner.Row*stride+y-g.Pad, winner.Col*stride+x-g.Pad
				for t := range in {
					if py >= 0 && py < g.In.Rows && px >= 0 && px < g.In.Cols && in[t][i][py][px] {
						count++
					}
				}
				rate := a.AMinus
				if count >= after {
					rate = a.APlus
				}
				v := w[synapse]
				factor := float32(1)
				if stabiliser {
					low := v - lower
					high := upper - v
					factor = float32(low * high)
				}
				change := float32(rate * factor) // rounded, not fused with the sum
				w[synapse] = clamp(v+change, lower, upper)
				synapse++
			}
		}
	}
}

func clamp(v, lower, upper float32) float32 {
	if v < lower {
		return lower
	}
	if v > upper {
		return upper
	}
	return v
}

// What the property tests draw.

func drawRand(t *rapid.T, label string) *rand.Rand {
	return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, label), 0))
}

// drawSteps draws a number of steps, mostly a small one.
func drawSteps(t *rapid.T) int {
	return rapid.OneOf(rapid.IntRange(1, 6), rapid.IntRange(1, 20), rapid.IntRange(1, spike.MaxSteps)).Draw(t, "steps")
}

// drawGeometry draws a layer whose naive convolution is bearable.
func drawGeometry(t *rapid.T, in spike.Shape) Geometry {
	g := Geometry{In: in}
	g.Maps = rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, 6), rapid.IntRange(60, 70)).Draw(t, "maps")
	g.Stride = rapid.IntRange(0, 3).Draw(t, "stride")
	g.Pad = rapid.IntRange(0, 3).Draw(t, "pad")
	g.Kernel.Rows = rapid.IntRange(1, min(4, in.Rows+2*g.Pad)).Draw(t, "kernel rows")
	g.Kernel.Cols = rapid.IntRange(1, min(4, in.Cols+2*g.Pad)).Draw(t, "kernel cols")
	return g
}

func drawShape(t *rapid.T) spike.Shape {
	s := spike.Shape{
		Maps: rapid.OneOf(rapid.IntRange(1, 6), rapid.IntRange(63, 66)).Draw(t, "input maps"),
		Rows: rapid.IntRange(1, 6).Draw(t, "input rows"),
		Cols: rapid.IntRange(1, 6).Draw(t, "input cols"),
	}
	if s.Maps > 6 {
		s.Rows, s.Cols = min(s.Rows, 2), min(s.Cols, 2)
	}
	return s
}

// randomMap is an input in which about that share of the neurons fires.
func randomMap(rng *rand.Rand, shape spike.Shape, steps int, share float64) *spike.Map {
	m := spike.NewMap(shape, steps)
	for i := range m.At {
		if rng.Float64() < share {
			m.At[i] = spike.Step(rng.IntN(steps))
		}
	}
	return m
}

func drawInput(t *rapid.T, rng *rand.Rand, shape spike.Shape, steps int) *spike.Map {
	return randomMap(rng, shape, steps, rapid.Float64Range(0, 1).Draw(t, "share"))
}

// A drawn is a random layer and its weights as exact numbers.
type drawn struct {
	*Convolution
	w []float64
}

// drawLayer draws a layer whose weights are multiples of 1/16 from 0, or from
// -2 if signed, to 2, so that they lie on the layer's grid and potentials are
// exact here and there.
func drawLayer(t *rapid.T, rng *rand.Rand, in spike.Shape, signed bool, threshold float64) drawn {
	return drawWeights(t, rng, drawGeometry(t, in), signed, threshold)
}

// drawRamp is drawLayer for a layer that may have ramps, and weights of both
// signs.
func drawRamp(t *rapid.T, rng *rand.Rand, in spike.Shape) drawn {
	g, threshold := drawGeometry(t, in), drawThreshold(t)
	g.Ramp = threshold < inf && rapid.Bool().Draw(t, "ramp")
	return drawWeights(t, rng, g, rapid.Bool().Draw(t, "signed"), threshold)
}

// drawWeights is drawLayer for a geometry.
func drawWeights(t *rapid.T, rng *rand.Rand, g Geometry, signed bool, threshold float64) drawn {
	fires := rapid.SampledFrom([]Comparison{"", Above, AtLeast}).Draw(t, "fires")
	if threshold == 0 && fires == AtLeast {
		fires = Above
	}
	c, err := NewConvolution(g, threshold, fires, 2)
	if err != nil {
		t.Fatal(err)
	}
	d := drawn{Convolution: c}
	w := make([]float32, g.Maps*g.Synapses())
	levels := rapid.SampledFrom([]int{1, 2, 32}).Draw(t, "levels")
	for i := range w {
		v := rng.IntN(levels+1) * (32 / levels)
		if signed && rng.IntN(3) == 0 {
			v = -v
		}
		w[i] = float32(v) / 16
		d.w = append(d.w, float64(v)/16)
	}
	if err := c.SetWeights(w); err != nil {
		t.Fatal(err)
	}
	if threshold > 0 && threshold < inf && rapid.Bool().Draw(t, "threshold among the potentials") {
		d.aim(t, rng)
	}
	return d
}

// aim sets the threshold to a potential that the layer has after the last
// step of some input, so that it is met exactly and late as well as early.
func (d drawn) aim(t *rapid.T, rng *rand.Rand) {
	in := randomMap(rng, d.In, 1, rapid.Float64Range(0, 1).Draw(t, "aim"))
	at := rng.IntN(d.Out().Neurons())
	potential := make([]int32, d.Out().Neurons())
	d.Final(bitsOf(in), potential, new(Scratch))
	p := d.Potential(potential[at])
	if d.Ramp {
		p *= float64(1 + rng.IntN(8))
	}
	if p > 0 {
		d.SetThreshold(p)
	}
}

// drawThreshold draws thresholds that lie on potentials, between them, beyond
// the reach of all, and infinity.
func drawThreshold(t *rapid.T) float64 {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{0, .0625, 1e-6, 1, 2, 1e6}),
		rapid.Just(inf),
		rapid.Map(rapid.IntRange(0, 200), func(n int) float64 { return float64(n) / 16 }),
		rapid.Float64Range(0, 20),
	).Draw(t, "threshold")
}

// respond is the engine's response of a layer.
func respond(c *Convolution, in *spike.Map) *Response {
	var e spike.Events
	var r Response
	var s Scratch
	e.From(in)
	c.Respond(&e, &r, &s)
	return &r
}

// volley is the reference's response of a drawn layer.
func (d drawn) volley(in *spike.Map) volley {
	return fire(convolve(dense(in), d.Geometry, d.w), d.Threshold, d.Fires)
}

// compare fails unless a response is that of the reference.
func compare(t *rapid.T, c *Convolution, r *Response, v volley) {
	t.Helper()
	v.neurons(func(n spike.Neuron, count int, p float64) {
		want := spike.Silent
		if count > 0 {
			want = spike.Step(len(v.fired) - count)
		}
		i := r.First.Index(n.Map, n.Row, n.Col)
		if got := r.First.At[i]; got != want {
			t.Fatalf("neuron %v fires at %d; want %d", n, got, want)
		}
		if got := c.Potential(r.Potential[i]); got != p {
			t.Fatalf("neuron %v has potential %v at its spike; want %v", n, got, p)
		}
	})
}
