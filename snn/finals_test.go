package snn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// A rally counts which ways finals went.
type rally struct {
	left     int // positions left out: too few inputs are active there
	lanes    int // maps left out whose best neuron is bounded too low
	groups   int // groups left out
	screened int // neurons that only their second bytes left out
	computed int // potentials computed
	ties     int // maps with the highest potential that come later than the winner
	drawn    int // groups that lost only because their map comes later
}

// note counts the ways of an image of a round that has just been decided.
func (w *rally) note(f *Finals, r *Round, image, places int) {
	if f.halves != nil {
		return // see TestFinalsOfFewLevels
	}
	b, s := f.block, &r.voter
	k, positions := &b.coarse, b.c.Out().Positions()
	groups, _ := f.groupsFor(places)
	bar := barOf(r.groups, places)
	within := map[place]bool{}
	for _, c := range r.close {
		if c.upper >= max(bar, r.groups[c.group].low) {
			within[c.place] = true
			w.computed++
		}
	}
	for _, g := range r.groups {
		if g.low > none && g.high < bar {
			w.groups++
		}
	}
	counts := s.counts[image*positions:][:positions]
	for pos, n := range counts {
		at := image*positions + pos
		if !s.alive[at*k.units()] {
			if n > 0 {
				w.left++
			}
			continue
		}
		for lane, g := range groups {
			if g < 0 {
				continue
			}
			first := int64(n)*(int64(k.base)+int64(k.rest)) + int64(k.unit)*int64(s.sums[at*k.width+lane])
			switch {
			case int64(k.unit)*int64(r.high[image*k.width+lane]) < max(bar, r.groups[g].low):
				if pos == 0 {
					w.lanes++
				}
			case first >= max(bar, r.groups[g].low, 1) && !within[place{k.lane[lane], int32(pos)}]:
				w.screened++
			}
		}
	}
}

// A final is an image's decision by a tally: the winner, and the best neuron of
// the other groups.
func final(c *Convolution, in spike.Bits, steps int, groups []int, tally *Tally, s *Scratch) []spike.Spike {
	var list []spike.Spike
	c.Tally(in, tally, s)
	muted := make([]bool, c.Maps)
	for range 2 {
		w, ok := tally.Winner(c.Out(), steps, muted)
		if !ok {
			break
		}
		list = append(list, w)
		for m := range muted {
			muted[m] = muted[m] || groups[m] == groups[w.Map]
		}
	}
	return list
}

// The neuron that decides and the one that is best without its group are those
// of the tally of all.
func TestFinals(t *testing.T) {
	var s Scratch
	var tally Tally
	var r Round
	var best []spike.Spike
	var one, two rally // of interest: the best, the best of two groups
	silent, fired := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), inf)
		switch rapid.IntRange(0, 2).Draw(t, "weights") {
		case 1: // close to each other, and not on bytes
			w := make([]float32, len(d.Weights()))
			for i := range w {
				w[i] = float32(.5 + .01*rng.NormFloat64())
			}
			if err := d.SetWeights(w); err != nil {
				t.Fatal(err)
			}
		case 2: // some maps are alike
			w := slices.Clone(d.Weights())
			for m := range d.Maps {
				if rng.IntN(2) == 0 {
					copy(w[m*d.Synapses():(m+1)*d.Synapses()], d.Weight(rng.IntN(d.Maps)))
				}
			}
			if err := d.SetWeights(w); err != nil {
				t.Fatal(err)
			}
		}
		groups, n := make([]int, d.Maps), rapid.IntRange(1, 4).Draw(t, "groups")
		for m := range groups {
			groups[m] = rng.IntN(n)
		}
		f := NewFinals(d.Convolution, in.Steps, groups)
		bits := bitsOf(in)
		many := []spike.Bits{bits}
		for range rng.IntN(2 * mostBatch) {
			many = append(many, bitsOf(randomMap(rng, in.Shape, in.Steps, .4)))
		}
		seen := 0
		f.Winners(many, &r, func(i int, winner spike.Spike, ok bool) {
			one.note(f, &r, i%f.block.batch, 1)
			d.Tally(many[i], &tally, &s)
			want, any := tally.Winner(d.Out(), in.Steps, nil)
			if i != seen || ok != any || ok && winner != want {
				t.Fatalf("image %d of many: winner %v, %v; want %v, %v", i, winner, ok, want, any)
			}
			for m, p := range tally.Best {
				if any && p == want.Potential && m != want.Map {
					one.ties++
				}
			}
			seen++
		})
		if seen != len(many) {
			t.Fatalf("%d of %d images seen", seen, len(many))
		}
		for range 6 { // the working memory is used again
			best = f.Best(bits, &r, best)
			two.note(f, &r, 0, 2)
			want := final(d.Convolution, bits, in.Steps, groups, &tally, &s)
			if !slices.Equal(best, want) {
				t.Fatalf("best %v; want %v", best, want)
			}
			fired += len(want)
			silent += 2 - len(want)
			if len(want) == 2 {
				for m, p := range tally.Best {
					switch {
					case p != want[1].Potential || groups[m] == groups[want[0].Map]:
					case groups[m] != groups[want[1].Map]:
						two.drawn++
					case m != want[1].Map:
						two.ties++
					}
				}
			}
			in = randomMap(rng, in.Shape, in.Steps, .4)
			bits = bitsOf(in)
		}
	})
	t.Logf("winners %+v; best of two groups %+v; places silent %d, fired %d", one, two, silent, fired)
	if silent == 0 || fired == 0 {
		t.Errorf("%d places silent, %d not", silent, fired)
	}
	// A test that never took one of the ways would prove nothing about it.
	for name, w := range map[string]rally{"winners": one, "best of two groups": two} {
		if w.left == 0 || w.lanes == 0 || w.screened == 0 || w.computed == 0 || w.ties == 0 {
			t.Errorf("%s: ways taken: %+v", name, w)
		}
	}
	if two.groups == 0 || two.drawn == 0 {
		t.Errorf("best of two groups: ways taken: %+v", two)
	}
}

// A single synapse may have quanta as far apart as 32 bits allow.
func TestFinalsOfOneSynapse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		g := Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 1}, Maps: 8, Kernel: Size{1, 1}}
		c, err := NewConvolution(g, inf, Above, 127)
		if err != nil {
			t.Fatal(err)
		}
		w := make([]float32, g.Maps)
		for i := range w {
			w[i] = 254*rng.Float32() - 127
		}
		if err := c.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		var s Scratch
		var r Round
		var tally Tally
		in := spike.Bits{1}
		c.Tally(in, &tally, &s)
		want, ok := tally.Winner(c.Out(), 15, nil)
		best := NewFinals(c, 15, make([]int, g.Maps)).Best(in, &r, nil)
		if ok != (len(best) == 1) || ok && best[0] != want {
			t.Fatalf("weights %v: best %v; want %v, %v", w, best, want, ok)
		}
	}
}

// Weights for which a bound that is off by as little as it can be, or a bound
// of two bytes that is off by one of its own, loses the winner.
func TestFinalsAtTheBounds(t *testing.T) {
	const step = 16100 // quanta of a first byte; a second byte of 1 is 64
	many := func(n int, v float64) []float64 { return slices.Repeat([]float64{v}, n) }
	for _, c := range []struct {
		name      string
		base      float64     // the smallest weight of all, in steps
		positions []int       // how many inputs are active there; no two positions share one
		maps      [][]float64 // what the inputs weigh, in steps
		winner    spike.Neuron
	}{
		{"what inputs give at least is rounded down below 0", -.5, []int{1}, [][]float64{{9.6}}, spike.Neuron{}},
		{"what inputs give at least is rounded down above 0", .5, []int{1}, [][]float64{{10.6}}, spike.Neuron{}},
		{"what inputs give at most is rounded up", .5, []int{1}, [][]float64{{11.3}, {11.45}}, spike.Neuron{Map: 1}},
		{"second bytes hold what the first leave open", 0, []int{1}, [][]float64{{10.45}, {10.95}}, spike.Neuron{Map: 1}},
		{"both bytes leave something open", 0, []int{2}, [][]float64{
			{10 + 6400./step, 10 + 3200./step},
			{10 + 6463./step, 10 + (3200.-64+63)/step},
		}, spike.Neuron{Map: 1}},
		{"what second bytes leave open is not given at least", 16084. / step, []int{1}, [][]float64{
			{10 + (16084.+16090)/step},
			{10 + (16084.+16099)/step},
		}, spike.Neuron{Map: 1}},
		{"fewer inputs with larger weights", 0, []int{10, 8}, [][]float64{
			slices.Concat(many(8, 51.01), many(2, 50.01), many(8, 63.9)),
		}, spike.Neuron{Col: 1}},
		{"fewer inputs with larger weights, below 0", -60, []int{10, 8}, [][]float64{
			slices.Concat(many(10, 2.3), many(8, 3.9)),
		}, spike.Neuron{Col: 1}},
		{"a tie of maps whose sums lie in another order", 0, []int{1}, [][]float64{{9}, {12.5}, {9}, {9}, {12.5}, {9}}, spike.Neuron{Map: 1}},
		{"a tie of positions, the later with more inputs", 0, []int{1, 2}, [][]float64{{20, 10, 10}, {9, 9, 9}}, spike.Neuron{}},
		{"a tie of a map with few inputs and an earlier one with more", 0, []int{1, 2}, [][]float64{{5, 10, 10}, {20, 5, 5}}, spike.Neuron{Col: 1}},
	} {
		inputs := 0
		for _, n := range c.positions {
			inputs += n
		}
		// Two inputs that are never active have the smallest and the largest
		// weight: they alone decide what a byte stands for.
		g := Geometry{In: spike.Shape{Maps: inputs + 2, Rows: 1, Cols: len(c.positions)}, Maps: len(c.maps), Kernel: Size{1, 1}}
		layer, err := NewConvolution(g, inf, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		var w []float32
		for _, steps := range c.maps {
			low := math.Round(c.base * step)
			for _, s := range steps {
				w = append(w, float32(math.Round(s*step))/layer.scale())
			}
			w = append(w, float32(low)/layer.scale(), float32(low+levels*step-1)/layer.scale())
		}
		if err := layer.SetWeights(w); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		in, from := spike.NewMap(g.In, 1), 0
		for col, n := range c.positions {
			for i := range n {
				in.Set(from+i, 0, col, 0)
			}
			from += n
		}
		var s Scratch
		var tally Tally
		var r Round
		byMap := make([]int, g.Maps)
		for m := range byMap {
			byMap[m] = m
		}
		for _, groups := range [][]int{make([]int, g.Maps), byMap} {
			f := NewFinals(layer, 1, groups)
			if k := f.block.coarse; k.unit != step || k.base != int32(math.Round(c.base*step)) {
				t.Fatalf("%s: a byte stands for %d, from %d on", c.name, k.unit, k.base)
			}
			want := final(layer, bitsOf(in), 1, groups, &tally, &s)
			if len(want) == 0 || want[0].Neuron != c.winner {
				t.Fatalf("%s: the tally says %v", c.name, want)
			}
			if best := f.Best(bitsOf(in), &r, nil); !slices.Equal(best, want) {
				t.Errorf("%s: best %v; want %v", c.name, best, want)
			}
			f.Winners([]spike.Bits{bitsOf(in)}, &r, func(_ int, winner spike.Spike, ok bool) {
				if !ok || winner != want[0] {
					t.Errorf("%s: winner %v, %v; want %v", c.name, winner, ok, want[0])
				}
			})
		}
	}
}
