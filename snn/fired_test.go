package snn

import (
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// fill returns bits for the shape, all set, so that what is not cleared shows.
func fill(s spike.Shape) spike.Bits {
	b := spike.NewBits(s)
	for i := range b {
		b[i] = ^uint64(0)
	}
	return b
}

func bitsOf(m *spike.Map) spike.Bits {
	b := spike.NewBits(m.Shape)
	b.From(m)
	return b
}

// Without the time axis: which neurons fire, their last potentials, and the
// best of every map.
func TestFired(t *testing.T) {
	var s Scratch
	var tally Tally
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		signed := rapid.Bool().Draw(t, "signed")
		d := drawLayer(t, rng, in.Shape, signed, drawThreshold(t))
		if d.TimeMatters() != (d.signed && !d.AtEnd()) || !signed && d.TimeMatters() {
			t.Fatalf("TimeMatters is %v, signed %v", d.TimeMatters(), d.signed)
		}
		bits := bitsOf(in)
		v := d.volley(in)

		if !d.TimeMatters() {
			got := fill(d.Out())
			d.Fired(bits, got, &s)
			if want := bitsOf(&respond(d.Convolution, in).First); !slices.Equal(got, want) {
				t.Fatalf("fired %x; want %x", got, want)
			}
			want := spike.NewMap(d.Out(), 1)
			v.neurons(func(n spike.Neuron, count int, _ float64) {
				if count > 0 {
					want.Set(n.Map, n.Row, n.Col, 0)
				}
			})
			if !slices.Equal(got, bitsOf(want)) {
				t.Fatal("fired differs from the reference")
			}
		}

		// One place more than there are neurons: it must stay.
		potential := make([]int32, d.Out().Neurons()+1)
		potential[len(potential)-1] = -77
		d.Final(bits, potential, &s)
		last := v.potential[len(v.potential)-1]
		for i, p := range potential[:len(potential)-1] {
			n := d.Out().Neuron(i%d.Maps, i/d.Maps)
			if got, want := d.Potential(p), last[n.Map][n.Row][n.Col]; got != want {
				t.Fatalf("final potential of %v is %v; want %v", n, got, want)
			}
		}
		if potential[len(potential)-1] != -77 {
			t.Fatal("Final wrote beyond the neurons")
		}

		d.Tally(bits, &tally, &s)
		for m := range d.Maps {
			best, at := last[m][0][0], 0
			for r, row := range last[m] {
				for c, p := range row {
					if p > best {
						best, at = p, r*len(row)+c
					}
				}
			}
			if d.Potential(tally.Best[m]) != best || int(tally.At[m]) != at {
				t.Fatalf("map %d: best %v at %d; want %v at %d", m, d.Potential(tally.Best[m]), tally.At[m], best, at)
			}
		}

		// How many active inputs a neuron sees tells whether it is looked at.
		ones := slices.Repeat([]float64{1}, len(d.w))
		s.summed.spikes(d.Convolution, bits, d.width)
		s.views.start(d.Convolution, &s.summed, d.width)
		for row, want := range convolve(dense(in), d.Geometry, ones)[in.Steps-1][0] {
			s.views.row(d.Convolution, &s.summed, row)
			for col, n := range want {
				if got := s.views.At(s.views.Cols[col]); float64(got) != n {
					t.Fatalf("%d active inputs at row %d, column %d; want %v", got, row, col, n)
				}
			}
		}
	})
}

// The winner of a tally is the one winner of a layer that fires at the end.
func TestTallyWinner(t *testing.T) {
	var s Scratch
	var tally Tally
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), inf)
		muted := drawMuted(t, rng, d.Maps)
		d.Tally(bitsOf(in), &tally, &s)
		got, ok := tally.Winner(d.Out(), in.Steps, muted)

		v := d.volley(in)
		v.mute(muted)
		want := v.winners(1, 0, d.Unit())
		if ok != (len(want) == 1) || ok && got != want[0] {
			t.Fatalf("winner %v, %v; want %v", got, ok, want)
		}
	})
}
