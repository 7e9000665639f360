package snn

import (
	"slices"
	"strings"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// A layer with pointwise inhibition responds as one without does whose response
// is then inhibited.
func TestLayerPointwise(t *testing.T) {
	var got, want Response
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), drawThreshold(t))
		var e spike.Events
		e.From(in)
		l := Layer{Convolution: d.Convolution, Pointwise: true}
		l.Respond(&e, &got, &s)
		d.Respond(&e, &want, &s)
		want.PointwiseInhibition()
		if !slices.Equal(got.First.At, want.First.At) || !slices.Equal(got.Potential, want.Potential) {
			t.Fatalf("%v at %v; want %v at %v", got.First.At, got.Potential, want.First.At, want.Potential)
		}
	})
}

// All ways through a network agree on who fires behind such a layer.
func TestNetworkPointwise(t *testing.T) {
	inhibited := 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		threshold := rapid.Float64Range(0.5, 4).Draw(t, "threshold")
		first := Layer{Name: "a", Convolution: drawLayer(t, rng, in.Shape, false, threshold).Convolution, Pointwise: true}
		second := Layer{Name: "b", Convolution: drawLayer(t, rng, first.Pooled(), false, rapid.SampledFrom([]float64{1, inf}).Draw(t, "second")).Convolution}
		n := &Network{Steps: in.Steps, Layers: []Layer{first, second}}
		if err := n.Check(); err != nil {
			t.Fatal(err)
		}
		if !n.TimeMatters(1) || n.TimeMatters(0) {
			t.Fatal("who is inhibited depends on time")
		}
		var r Response
		var s Scratch
		var e, hidden spike.Events
		e.From(in)
		first.Convolution.Respond(&e, &r, &s)
		before := len(r.First.At) - count(r.First.At)
		r.PointwiseInhibition()
		fires := len(r.First.At) - count(r.First.At)
		inhibited += before - fires

		var p, q Pass
		if got := p.Spikes(n, in, 1); !slices.Equal(got.At, r.First.At) {
			t.Fatalf("Spikes %v; want %v", got.At, r.First.At)
		}
		if got := p.Response(n, in, 0); !slices.Equal(got.First.At, r.First.At) {
			t.Fatalf("Response %v; want %v", got.First.At, r.First.At)
		}
		want := bitsOf(&r.First)
		if got := p.Fired(n, in, 1); !slices.Equal(got, want) {
			t.Fatalf("Fired %v; want %v", got, want)
		}
		if got := q.FiredEvents(n, &e, 1); !slices.Equal(got, want) {
			t.Fatalf("FiredEvents %v; want %v", got, want)
		}
		hidden.From(&r.First)
		rest := n.From(1)
		best := n.Forward(in, &p, nil)
		if got := n.ForwardEvents(&e, &q, nil); !slices.Equal(got, best) {
			t.Fatalf("ForwardEvents %v; Forward %v", got, best)
		}
		if got := rest.ForwardEvents(&hidden, &q, nil); !slices.Equal(got, best) {
			t.Fatalf("the second layer alone %v; the network %v", got, best)
		}
	})
	if inhibited == 0 {
		t.Error("nothing was ever inhibited")
	}
}

func count(at []spike.Step) (silent int) {
	for _, t := range at {
		if t == spike.Silent {
			silent++
		}
	}
	return silent
}

func TestPointwiseAtEnd(t *testing.T) {
	c, err := NewConvolution(Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 1}, Maps: 2, Kernel: Size{1, 1}}, inf, Above, 1)
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{Steps: 2, Layers: []Layer{{Name: "s1", Convolution: c, Pointwise: true}}}
	if err := n.Check(); err == nil || !strings.Contains(err.Error(), "layer s1 has pointwise inhibition and an infinite threshold") {
		t.Errorf("%v", err)
	}
}

// At most so many winners a step, by a plain loop.
func TestPerStep(t *testing.T) {
	var s Scratch
	cut := 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), drawSteps(t))
		d := drawLayer(t, rng, in.Shape, false, drawThreshold(t))
		sel := Selection{
			K: rapid.SampledFrom([]int{1, 3, 40}).Draw(t, "k"), Radius: rapid.IntRange(0, 3).Draw(t, "radius"),
			PerStep: rapid.IntRange(0, 4).Draw(t, "per step"), Pointwise: rapid.Bool().Draw(t, "pointwise"),
			Shared: rapid.Bool().Draw(t, "shared"), Final: rapid.Bool().Draw(t, "final"),
		}
		var e spike.Events
		e.From(in)
		got := d.Contest(&e, sel, &s, nil)

		open := sel
		open.K, open.PerStep = 0, 0
		r := respond(d.Convolution, in)
		if sel.Final {
			final := make([]int32, d.Out().Neurons())
			d.Convolution.Final(bitsOf(in), final, &s)
			for i, at := range r.First.At {
				if at != spike.Silent {
					r.Potential[i] = final[i]
				}
			}
		}
		if sel.Pointwise {
			r.PointwiseInhibition()
		}
		var want []spike.Spike
		for step := range in.Steps {
			here := 0
			for len(want) < sel.K && (sel.PerStep == 0 || here < sel.PerStep) {
				best := spike.Spike{Step: spike.Silent}
				for i, at := range r.First.At {
					w := spike.Spike{Neuron: r.First.Neuron(i%d.Maps, i/d.Maps), Step: at, Potential: r.Potential[i]}
					if int(at) == step && !open.inhibited(w.Neuron, want) && (best.Step == spike.Silent || w.Ahead(best)) {
						best = w
					}
				}
				if best.Step == spike.Silent {
					break
				}
				want = append(want, best)
				here++
			}
			if sel.PerStep > 0 && here == sel.PerStep {
				cut++
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: winners %v; want %v", sel, got, want)
		}
	})
	if cut == 0 {
		t.Error("no step ever had as many winners as it may have")
	}
}
