package snn

import (
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// rivals is the plain loop: the best of all neurons on either side.
func rivals(c *Convolution, in spike.Bits, steps int, classes []int, label int, muted []bool, s *Scratch) (mine, other spike.Spike) {
	out := c.Out()
	mine.Step, other.Step = spike.Silent, spike.Silent
	potential := make([]int32, out.Neurons())
	c.Final(in, potential, s)
	for m := range c.Maps {
		to := &other
		if classes[m] == label {
			to = &mine
		}
		for pos := range out.Positions() {
			p := potential[pos*c.Maps+m]
			if p > 0 && (muted == nil || !muted[m]) && (to.Step == spike.Silent || p > to.Potential) {
				*to = spike.Spike{Neuron: out.Neuron(m, pos), Step: spike.Step(steps - 1), Potential: p}
			}
		}
	}
	return mine, other
}

// Two neurons learn from an image: a block finds them, and changes weights, as
// the plain loop does, to the last bit.
func TestRivals(t *testing.T) {
	anyone, alone, evaluated := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		shape := spike.Shape{
			Maps: rapid.OneOf(rapid.IntRange(1, 8), rapid.IntRange(60, 70)).Draw(t, "input maps"),
			Rows: rapid.IntRange(1, 4).Draw(t, "rows"),
			Cols: rapid.IntRange(1, 4).Draw(t, "cols"),
		}
		g := drawGeometry(t, shape)
		steps := rapid.IntRange(1, 20).Draw(t, "steps")
		plain, err := NewConvolution(g, inf, Above, 2)
		if err != nil {
			t.Fatal(err)
		}
		blocked, err := NewConvolution(g, inf, Above, 2)
		if err != nil {
			t.Fatal(err)
		}
		w := randomWeights(rng, plain)
		if plain.SetWeights(w) != nil || blocked.SetWeights(w) != nil {
			t.Fatal("weights refused")
		}
		rule := RSTDP{Reward: drawRule(t, rng, g.Maps), Punish: drawRule(t, rng, g.Maps), Adaptation: NewAdaptation(0)}
		classes := make([]int, g.Maps)
		n := rapid.IntRange(1, 3).Draw(t, "classes")
		for m := range classes {
			classes[m] = rng.IntN(n)
		}
		few := rapid.Float64Range(0, 1).Draw(t, "share")
		images := make([]*spike.Map, rapid.IntRange(1, 60).Draw(t, "images"))
		bits, labels := make([]spike.Bits, len(images)), make([]int, len(images))
		for i := range images {
			images[i] = randomMap(rng, shape, steps, few*rng.Float64())
			bits[i], labels[i] = bitsOf(images[i]), rng.IntN(n)
		}
		var order []int
		for range rapid.IntRange(1, 3).Draw(t, "epochs") {
			order = append(order, rng.Perm(len(images))...)
		}
		size := rapid.IntRange(1, 40).Draw(t, "block size")
		var muted []bool
		if rapid.Bool().Draw(t, "muting") {
			muted = randomMuted(rng, g.Maps)
		}
		margin := rapid.Float64Range(0, 5).Draw(t, "margin")

		b := NewBlock(blocked, steps)
		album := b.Album(bits)
		b.sortAt = rapid.IntRange(1, 40).Draw(t, "sort at")
		workers := rapid.IntRange(1, 2).Draw(t, "workers")
		var s Scratch
		for from := 0; from < len(order); from += size {
			ids := order[from:min(from+size, len(order))]
			now := make([]int, len(ids))
			for j, id := range ids {
				now[j] = labels[id]
			}
			b.Oppose(album, ids, classes, now, muted, workers)
			for j, id := range ids {
				mine, other := rivals(plain, bits[id], steps, classes, labels[id], muted, &s)
				for at, side := range b.opposed.duels[j].sides {
					if want := [2]spike.Spike{mine, other}[at]; int64(want.Potential) < side.cut {
						anyone++
					} else if !slices.ContainsFunc(side.candidates, func(v candidate) bool {
						return want.Step != spike.Silent && blocked.Out().Neuron(int(v.m), int(v.pos)) == want.Neuron
					}) {
						evaluated++
					}
				}
				gotMine, gotOther := b.Rivals(j)
				if gotMine != mine || gotOther != other {
					t.Fatalf("image %d: %v and %v; want %v and %v", id, gotMine, gotOther, mine, other)
				}
				if mine.Step == spike.Silent || other.Step == spike.Silent {
					alone++
				}
				if plain.Margin(mine, other) >= margin {
					continue
				}
				for k, w := range []spike.Spike{mine, other} {
					if w.Step == spike.Silent {
						continue
					}
					r, rates, _ := rule.Rule([]Outcome{Right, Wrong}[k], w.Map)
					b.Learn(j, w, r, rates)
					once := *r
					once.Rates = []Rates{rates}
					once.Learn(plain, images[id], []spike.Spike{w}, &s)
				}
			}
		}
		b.Flush()
		if !slices.Equal(blocked.Weights(), plain.Weights()) {
			t.Fatal("the weights differ from those of the plain loop")
		}
		consistent(t, blocked)
	})
	if anyone == 0 || alone == 0 || evaluated == 0 {
		t.Errorf("candidates that lost too much %d, neurons alone %d, others that caught up %d: each must come about", anyone, alone, evaluated)
	}
}

func TestMargin(t *testing.T) {
	c, err := NewConvolution(Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 1}, Maps: 2, Kernel: Size{Rows: 1, Cols: 1}}, inf, Above, 2)
	if err != nil {
		t.Fatal(err)
	}
	at := func(weights float64) spike.Spike { return spike.Spike{Potential: int32(weights * float64(c.scale()))} }
	silent := spike.Spike{Step: spike.Silent, Potential: 1 << 20}
	for _, x := range []struct {
		one, other spike.Spike
		want       float64
	}{{at(1.5), at(1), 0.5}, {at(1), at(1.25), -0.25}, {at(1), silent, 1}, {silent, at(1), -1}, {silent, silent, 0}} {
		if got := c.Margin(x.one, x.other); got != x.want {
			t.Errorf("Margin(%v, %v) = %v; want %v", x.one, x.other, got, x.want)
		}
	}
}
