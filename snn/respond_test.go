package snn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// The engine's response is that of the dense spike wave, for any geometry,
// threshold and number of steps, with weights of both signs.
func TestRespond(t *testing.T) {
	var e spike.Events
	var r Response
	var s Scratch // one for all layers: nothing of an earlier image may remain
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawRamp(t, rng, in.Shape)
		e.From(in)
		d.Respond(&e, &r, &s)
		if r.First.Shape != d.Out() || r.First.Steps != in.Steps {
			t.Fatalf("shape %v, %d steps; want %v, %d", r.First.Shape, r.First.Steps, d.Out(), in.Steps)
		}
		v := d.volley(in)
		compare(t, d.Convolution, &r, v)
		after := make([]int32, d.Out().Neurons())
		d.After(&e, after, &s)
		v.neurons(func(n spike.Neuron, _ int, _ float64) {
			got, want := d.Potential(after[d.Out().Index(n.Map, n.Row, n.Col)]), v.potential[in.Steps-1][n.Map][n.Row][n.Col]
			if got != want {
				t.Fatalf("neuron %v has the potential %v after the last step; want %v", n, got, want)
			}
		})
		if !d.Ramp {
			if len(r.Rise) != 0 {
				t.Fatal("a rise without ramps")
			}
			return
		}
		v.neurons(func(n spike.Neuron, count int, p float64) {
			if at := len(v.fired) - count - 1; at >= 0 && count > 0 {
				p -= v.potential[at][n.Map][n.Row][n.Col]
			}
			if got := d.Potential(r.Rise[d.Out().Index(n.Map, n.Row, n.Col)]); got != p {
				t.Fatalf("the potential of neuron %v rises by %v; want %v", n, got, p)
			}
		})
	})
}

// Weights that are not on the grid count as the nearest that is; halves are
// rounded to the nearest, half to even.
func TestRespondRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 5).Draw(t, "steps"))
		d := drawLayer(t, rng, in.Shape, false, drawThreshold(t))
		w := make([]float32, len(d.w))
		for i := range w {
			w[i] = float32(rng.NormFloat64())
			w[i] = max(min(w[i], 2), -2)
			if rng.IntN(4) == 0 {
				w[i] = float32((float64(rng.IntN(99)-49) + .5) * d.Unit()) // half-way
			}
			d.w[i] = math.RoundToEven(float64(w[i])/d.Unit()) * d.Unit()
		}
		if err := d.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		compare(t, d.Convolution, respond(d.Convolution, in), d.volley(in))
	})
}

// Feature and pointwise inhibition, and the winners.
func TestInhibition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), drawThreshold(t))
		r, v := respond(d.Convolution, in), d.volley(in)

		muted := drawMuted(t, rng, d.Maps)
		r.FeatureInhibition(muted)
		v.mute(muted)
		compare(t, d.Convolution, r, v)

		if rapid.Bool().Draw(t, "pointwise") {
			r.PointwiseInhibition()
			v.pointwise()
			compare(t, d.Convolution, r, v)
		}

		k := rapid.SampledFrom([]int{1, 2, 5, 9, 40, 0}).Draw(t, "k")
		radius := rapid.SampledFrom([]int{0, 1, 2, 4}).Draw(t, "radius")
		before := spike.Spike{Neuron: spike.Neuron{Map: 0}, Step: 3} // inhibits nothing
		got := r.Winners(k, radius, []spike.Spike{before})
		if want := append([]spike.Spike{before}, v.winners(k, radius, d.Unit())...); !slices.Equal(got, want) {
			t.Fatalf("k %d, radius %d: winners %v; want %v", k, radius, got, want)
		}
	})
}

func drawMuted(t *rapid.T, rng *rand.Rand, maps int) []bool {
	if rapid.Bool().Draw(t, "none muted") {
		return nil
	}
	return randomMuted(rng, maps)
}

func randomMuted(rng *rand.Rand, maps int) []bool {
	muted := make([]bool, maps)
	for m := range muted {
		muted[m] = rng.IntN(3) == 0
	}
	return muted
}

func TestThreshold(t *testing.T) {
	r := Response{
		First:     spike.Map{Shape: spike.Shape{Maps: 2, Rows: 1, Cols: 2}, Steps: 9, At: []spike.Step{3, 4, spike.Silent, 0}},
		Potential: []int32{10, 11, 0, 12},
	}
	r.Threshold(10)
	const s = spike.Silent
	if want := []spike.Step{s, 4, s, 0}; !slices.Equal(r.First.At, want) {
		t.Errorf("steps %v; want %v", r.First.At, want)
	}
	if want := []int32{0, 11, 0, 12}; !slices.Equal(r.Potential, want) {
		t.Errorf("potentials %v; want %v", r.Potential, want)
	}
}

// The winners of an image are found early, and are the same.
func TestContest(t *testing.T) {
	var e spike.Events
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawRamp(t, rng, in.Shape)
		sel := Selection{
			K:         rapid.SampledFrom([]int{1, 2, 5, 9, 40, 0}).Draw(t, "k"),
			Radius:    rapid.SampledFrom([]int{0, 1, 2, 4}).Draw(t, "radius"),
			Pointwise: rapid.Bool().Draw(t, "pointwise"),
			Muted:     drawMuted(t, rng, d.Maps),
		}
		before := []spike.Spike{{Neuron: spike.Neuron{Map: 0}, Step: 3}} // inhibits nothing
		e.From(in)
		got := d.Contest(&e, sel, &s, slices.Clone(before))

		r := respond(d.Convolution, in)
		r.FeatureInhibition(sel.Muted)
		if sel.Pointwise {
			r.PointwiseInhibition()
		}
		if want := r.Winners(sel.K, sel.Radius, slices.Clone(before)); !slices.Equal(got, want) {
			t.Fatalf("%+v: %v; want %v", sel, got, want)
		}

		v := d.volley(in)
		v.mute(sel.Muted)
		if sel.Pointwise {
			v.pointwise()
		}
		if want := append(before, v.winners(sel.K, sel.Radius, d.Unit())...); !slices.Equal(got, want) {
			t.Fatalf("%+v: %v; the reference has %v", sel, got, want)
		}
	})
}

// A map that crosses the threshold late has no chance where another was first,
// even if that other one could not win.
func TestContestPointwise(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 2, Rows: 1, Cols: 2}, Maps: 2, Kernel: Size{1, 1}}
	c, err := NewConvolution(g, .5, Above, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetWeights([]float32{.75, 0, .25, .75}); err != nil { // map, input
		t.Fatal(err)
	}
	in := spike.NewMap(g.In, 3)
	in.Set(0, 0, 0, 0) // map 0 fires here, and wins
	in.Set(0, 0, 1, 1) // and here, where it is inhibited by itself
	in.Set(1, 0, 1, 2) // map 1 would fire here
	var e spike.Events
	e.From(in)
	first := spike.Spike{Neuron: spike.Neuron{Map: 0}, Step: 0, Potential: int32(.75 / c.Unit())}
	second := spike.Spike{Neuron: spike.Neuron{Map: 1, Col: 1}, Step: 2, Potential: int32(1 / c.Unit())}
	for _, x := range []struct {
		pointwise bool
		want      []spike.Spike
	}{{true, []spike.Spike{first}}, {false, []spike.Spike{first, second}}} {
		got := c.Contest(&e, Selection{K: 2, Pointwise: x.pointwise}, new(Scratch), nil)
		if !slices.Equal(got, x.want) {
			t.Errorf("pointwise %v: %v; want %v", x.pointwise, got, x.want)
		}
	}
}
