package snn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// Learn changes the winners' maps as the published code does, whose input
// neurons charge step by step, and holds all maps within the bounds.
func TestVDSP(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, spike.MaxSteps)).Draw(t, "steps"))
		c := drawLayer(t, rng, in.Shape, false, 1).Convolution
		want := randomWeights(rng, c)
		if err := c.SetWeights(want); err != nil {
			t.Fatal(err)
		}
		b := rapid.SampledFrom([][2]float32{{0, 1}, {.2, .8}, {-1, 1}, {.125, 2}}).Draw(t, "bounds")
		scale := rapid.SampledFrom([]float64{.01, .1, 3}).Draw(t, "scale")
		rule := VDSP{Rates{float32(scale * rng.Float64()), float32(-scale * rng.Float64())}, float32(rng.Float64()), b[0], b[1]}
		if err := rule.Check(); err != nil {
			t.Fatal(err)
		}
		out := c.Out()
		var winners []spike.Spike
		for _, m := range rng.Perm(c.Maps)[:rng.IntN(min(c.Maps, 4)+1)] {
			winners = append(winners, spike.Spike{Neuron: out.Neuron(m, rng.IntN(out.Positions())), Step: spike.Step(rng.IntN(in.Steps))})
			if rng.IntN(9) == 0 {
				winners[len(winners)-1].Step = spike.Silent
			}
		}
		c.counts() // they must not outlive the change
		rule.Learn(c, in, winners, &s)

		for _, n := range winners {
			for m := range c.In.Maps {
				for y := range c.Kernel.Rows {
					for x := range c.Kernel.Cols {
						row, col := n.Row*max(c.Stride, 1)-c.Pad+y, n.Col*max(c.Stride, 1)-c.Pad+x
						at := spike.Silent
						if row >= 0 && row < c.In.Rows && col >= 0 && col < c.In.Cols {
							at = in.Step(m, row, col)
						}
						// A neuron charges by equal parts, and falls below rest when it fires.
						charge := 0.0
						for step := 0; at != spike.Silent && step <= int(n.Step); step++ {
							if charge += 1 / float64(int(at)+1); step >= int(at) {
								charge = -1
								break
							}
						}
						i := ((n.Map*c.In.Maps+m)*c.Kernel.Rows+y)*c.Kernel.Cols + x
						a := float64(rule.APlus)
						if charge >= 0 && n.Step != spike.Silent {
							a = float64(rule.AMinus) + float64(rule.Voltage)*float64(rule.APlus)*charge
						}
						w := float64(want[i])
						want[i] = clamp(float32(w+a*(w-float64(b[0]))*(float64(b[1])-w)), b[0], b[1])
					}
				}
			}
		}
		for i, got := range c.Weights() {
			if w := clamp(want[i], b[0], b[1]); math.Abs(float64(got-w)) > 1e-4*max(1, scale) {
				t.Fatalf("weight %d is %v; want %v", i, got, w)
			}
		}
		consistent(t, c)
	})
}

// Without a voltage it is STDP with the stabiliser, to the last bit.
func TestVDSPWithoutVoltage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		d := drawLayer(t, rng, in.Shape, false, 1)
		other, err := NewConvolution(d.Geometry, d.Threshold, d.Fires, d.Bound())
		if err != nil {
			t.Fatal(err)
		}
		if err := other.SetWeights(d.Weights()); err != nil {
			t.Fatal(err)
		}
		rates := Rates{.1, -.2}
		w := []spike.Spike{{Neuron: d.Out().Neuron(rng.IntN(d.Maps), rng.IntN(d.Out().Positions())), Step: spike.Step(rng.IntN(in.Steps))}}
		var s Scratch
		(&VDSP{Rates: rates, Upper: 1}).Learn(d.Convolution, in, w, &s)
		(&STDP{Rates: []Rates{rates}, Stabiliser: true, Upper: 1}).Learn(other, in, w, &s)
		if !slices.Equal(d.Weights(), other.Weights()) {
			t.Fatalf("%v; STDP gives %v", d.Weights(), other.Weights())
		}
	})
}

// The numbers of the published code, by hand: a rate of 0.01, a depression of
// 2 and a threshold of 10.
func TestVDSPByHand(t *testing.T) {
	rule := VDSP{Rates{.01, -.02}, .1, 0, 1}
	w := []float32{.5, .5, .5, .5, 1, 0}
	rule.Change(w, []spike.Step{3, 4, 9, spike.Silent, 0, 0}, 3)
	for i, want := range []float64{.5 + .01/4, .5 - .01*(2-.8/10)/4, .5 - .01*(2-.4/10)/4, .5 - .02/4, 1, 0} {
		if math.Abs(float64(w[i])-want) > 1e-7 {
			t.Errorf("weight %d is %v; want %v", i, w[i], want)
		}
	}
}

func TestVDSPCheck(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		rule VDSP
		want string
	}{
		{VDSP{Rates{.01, -.02}, .1, 0, 1}, ""},
		{VDSP{Rates{nan, -.02}, .1, 0, 1}, "finite"},
		{VDSP{Rates{.01, float32(inf)}, .1, 0, 1}, "finite"},
		{VDSP{Rates{.01, -.02}, nan, 0, 1}, "finite"},
		{VDSP{Rates{.01, -.02}, .1, 1, 1}, "bounds 1..1"},
		{VDSP{Rates{.01, -.02}, .1, nan, 1}, "bounds"},
	} {
		err := c.rule.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v; want %q", c.rule, err, c.want)
		}
	}
}
