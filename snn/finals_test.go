package snn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// The neuron that decides and the one that is best without its group are those
// of the tally of all.
func TestFinals(t *testing.T) {
	var s Scratch
	var tally Tally
	var r Round
	var best []spike.Spike
	silent, fired := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), inf)
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
			d.Tally(many[i], &tally, &s)
			if want, any := tally.Winner(d.Out(), in.Steps, nil); i != seen || ok != any || ok && winner != want {
				t.Fatalf("image %d of many: winner %v, %v; want %v, %v", i, winner, ok, want, any)
			}
			seen++
		})
		if seen != len(many) {
			t.Fatalf("%d of %d images seen", seen, len(many))
		}
		for range 2 { // the working memory is used again
			best = f.Best(bits, &r, best)
			d.Tally(bits, &tally, &s)
			// The winner, and the winner among the other groups.
			var want []spike.Spike
			muted := make([]bool, d.Maps)
			for range 2 {
				w, ok := tally.Winner(d.Out(), in.Steps, muted)
				if !ok {
					silent++
					break
				}
				fired++
				want = append(want, w)
				for m := range muted {
					muted[m] = groups[m] == groups[w.Map]
				}
			}
			if !slices.Equal(best, want) {
				t.Fatalf("best %v; want %v", best, want)
			}
			in = randomMap(rng, in.Shape, in.Steps, .4)
			bits = bitsOf(in)
		}
	})
	if silent == 0 || fired == 0 {
		t.Errorf("%d places silent, %d not", silent, fired)
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
