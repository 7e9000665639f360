package snn

import (
	"slices"
	"testing"

	"firstspike/internal/simd"
	"firstspike/spike"

	"pgregory.net/rapid"
)

// With weights on few levels the neuron that decides and the one that is best
// without its group are those of the tally of all, too.
func TestFinalsOfFewLevels(t *testing.T) {
	defer simd.Use(simd.Name())
	var s Scratch
	var tally Tally
	var r Round
	var best []spike.Spike
	// Positions that their inputs leave out, and their high halves, and others;
	// images without a winner, winners that are not the only ones, layers.
	var inputs, bounds, whole, silent, ties, units int
	var shifts [3]int
	rapid.Check(t, func(t *rapid.T) {
		if err := simd.Use(rapid.SampledFrom(simd.Names()).Draw(t, "kernels")); err != nil {
			t.Fatal(err)
		}
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		g := drawGeometry(t, in.Shape)
		if rng.IntN(8) == 0 && g.Synapses() < 100 {
			g.Maps = simd.QuarterUnit + 1 + rng.IntN(300)
		}
		signed := rapid.Bool().Draw(t, "signed")
		c, err := NewConvolution(g, inf, Above, 2)
		if err != nil {
			t.Fatal(err)
		}
		levels := rapid.SampledFrom([]int{2, 3, 4, 5, 8, 9, 16, 16, 16}).Draw(t, "levels")
		from, step := rng.IntN(16), 1+rng.IntN(1024/levels)
		if signed {
			from = -rng.IntN(512)
		}
		w := make([]float32, g.Maps*g.Synapses())
		for i := range w {
			w[i] = float32(from+step*rng.IntN(levels)) / 1024
		}
		w[rng.IntN(len(w))], w[0] = float32(from+step)/1024, float32(from)/1024
		if len(w) > 2 {
			w[1], w[2] = float32(from+step)/1024, float32(from+step*(levels-1))/1024
		}
		if rng.IntN(2) == 0 { // some maps are alike
			for m := range g.Maps / 2 {
				copy(w[m*g.Synapses():(m+1)*g.Synapses()], w[(g.Maps-1-m)*g.Synapses():])
			}
		}
		if err := c.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		groups, n := make([]int, g.Maps), rapid.IntRange(1, 4).Draw(t, "groups")
		for m := range groups {
			groups[m] = rng.IntN(n)
		}
		f := NewFinals(c, in.Steps, groups)
		if f.halves == nil {
			if slices.Max(w) > slices.Min(w) {
				t.Fatalf("%d levels, and no halves", levels)
			}
			return
		}
		shifts[f.halves.shift]++
		units = max(units, f.block.coarse.width/simd.QuarterUnit)
		many := []spike.Bits{bitsOf(in)}
		for range rng.IntN(2 * mostBatch) {
			many = append(many, bitsOf(randomMap(rng, in.Shape, in.Steps, .4)))
		}
		seen := 0
		f.Winners(many, &r, func(i int, winner spike.Spike, ok bool) {
			c.Tally(many[i], &tally, &s)
			want, any := tally.Winner(c.Out(), in.Steps, nil)
			if i != seen || ok != any || ok && winner != want {
				t.Fatalf("image %d of many: winner %v, %v; want %v, %v", i, winner, ok, want, any)
			}
			seen++
			if !any {
				silent++
			}
			for m, p := range tally.Best {
				if any && p == want.Potential && m != want.Map {
					ties++
				}
			}
			for at := i % f.block.batch * c.Out().Positions(); at < (i%f.block.batch+1)*c.Out().Positions(); at++ {
				switch {
				case r.exact[at]:
					whole++
				case r.tops[at] > none:
					bounds++
				default:
					inputs++
				}
			}
		})
		if seen != len(many) {
			t.Fatalf("%d of %d images seen", seen, len(many))
		}
		for _, in := range many[:min(4, len(many))] {
			best = f.Best(in, &r, best)
			if want := final(c, in, f.block.steps, groups, &tally, &s); !slices.Equal(best, want) {
				t.Fatalf("best %v; want %v", best, want)
			}
		}
	})
	t.Logf("positions left out by inputs %d, by high halves %d, others %d; silent %d, ties %d; shifts %v", inputs, bounds, whole, silent, ties, shifts)
	// A test that never took one of the ways would prove nothing about it.
	if inputs == 0 || bounds == 0 || whole == 0 || silent == 0 || ties == 0 || units < 2 || slices.Min(shifts[:]) == 0 {
		t.Errorf("positions left out by inputs %d, by high halves %d, others %d; silent %d, ties %d, units %d; shifts %v", inputs, bounds, whole, silent, ties, units, shifts)
	}
}
