package snn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// A rule through Change learns what it does from within, is held to the bounds
// of a rule that comes after it, and what it spoils does not reach the layer.
func TestChange(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		c := drawLayer(t, rng, in.Shape, false, 1).Convolution
		twin, err := NewConvolution(c.Geometry, c.Threshold, c.Fires, c.Bound())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []*Convolution{c, twin} {
			if err := l.SetWeights(randomWeights(rng, c)); err != nil {
				t.Fatal(err)
			}
			l.Clamp(0, 1)
		}
		if err := twin.SetWeights(c.Weights()); err != nil {
			t.Fatal(err)
		}
		out := c.Out()
		w := spike.Spike{Neuron: out.Neuron(rng.IntN(c.Maps), rng.IntN(out.Positions())), Step: spike.Step(rng.IntN(in.Steps))}

		rule := VDSP{Rates: Rates{APlus: .1, AMinus: -.2}, Voltage: .5, Upper: 1}
		c.counts() // they must not outlive the change
		if err := c.Change(w.Map, &s, func(weights []float32) {
			rule.Change(weights, c.Times(in, w.Neuron, nil), w.Step)
		}); err != nil {
			t.Fatal(err)
		}
		rule.Learn(twin, in, []spike.Spike{w}, &s)
		if !slices.Equal(c.Weights(), twin.Weights()) {
			t.Fatalf("weights %v; the rule gives %v", c.Weights(), twin.Weights())
		}
		consistent(t, c)

		// Outside of 0..1, within which all weights have been until now.
		beyond := rapid.SampledFrom([]float32{-.5, 1.5, 2}).Draw(t, "beyond")
		if err := c.Change(w.Map, &s, func(weights []float32) { weights[len(weights)-1] = beyond }); err != nil {
			t.Fatal(err)
		}
		if now := c.Weight(w.Map); now[len(now)-1] != beyond {
			t.Fatalf("weights %v; the last was made %v", now, beyond)
		}
		consistent(t, c)
		before := slices.Clone(c.Weights())
		bad := rapid.SampledFrom([]float32{2.5, -3, float32(math.NaN()), float32(math.Inf(1))}).Draw(t, "bad")
		err = c.Change(w.Map, &s, func(weights []float32) { clear(weights); weights[0] = bad })
		if err == nil || !strings.Contains(err.Error(), "input 0, row 0, column 0") {
			t.Fatalf("a weight of %v: %v", bad, err)
		}
		if !slices.Equal(c.Weights(), before) {
			t.Fatalf("weights %v after a change that was refused; want %v", c.Weights(), before)
		}
		rule.Learn(c, in, nil, &s)
		for i, v := range c.Weights() {
			if v != min(max(before[i], 0), 1) {
				t.Fatalf("weight %v became %v under a rule for 0..1", before[i], v)
			}
		}
		consistent(t, c)
		for _, m := range []int{-1, c.Maps} {
			if c.Change(m, &s, func([]float32) { t.Fatal("there is no such map") }) == nil {
				t.Fatalf("map %d of %d was changed", m, c.Maps)
			}
		}
	})
}

// What a rule needs for an image is taken once.
func TestChangeAllocatesNothing(t *testing.T) {
	c, err := NewConvolution(Geometry{In: spike.Shape{Maps: 2, Rows: 9, Cols: 9}, Maps: 3, Kernel: Size{5, 5}}, 4, Above, 1)
	if err != nil {
		t.Fatal(err)
	}
	var s Scratch
	if n := testing.AllocsPerRun(10, func() {
		if err := c.Change(1, &s, func(w []float32) { w[3] += .001 }); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a change", n)
	}
}

// The plain step of R-STDP and a block learn the same.
func TestRewardStepByStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		shape := spike.Shape{Maps: rng.IntN(5) + 1, Rows: 3, Cols: 3}
		const steps = 5
		var layers [2]*Convolution
		for i := range layers {
			c, err := NewConvolution(Geometry{In: shape, Maps: 4, Kernel: Size{2, 2}}, math.Inf(1), Above, 1)
			if err != nil {
				t.Fatal(err)
			}
			c.Initialise(.5, .2, rand.New(rand.NewPCG(uint64(steps), 1)))
			c.Clamp(.2, .8)
			layers[i] = c
		}
		rule := func() *RSTDP {
			return &RSTDP{
				Reward:     STDP{Rates: []Rates{{APlus: .04, AMinus: -.03}}, Lower: .2, Upper: .8},
				Punish:     STDP{Rates: []Rates{{APlus: -.04, AMinus: .005}}, Lower: .2, Upper: .8},
				Adaptation: NewAdaptation(3),
			}
		}
		var images []*spike.Map
		var bits []spike.Bits
		for range 12 {
			images = append(images, drawInput(t, rng, shape, steps))
			b := spike.NewBits(shape)
			b.From(images[len(images)-1])
			bits = append(bits, b)
		}
		plain, fast := rule(), rule()
		block := NewBlock(layers[1], steps)
		block.Compute(block.Album(bits), nil, nil, 1)
		var p Pass
		var s Scratch
		net := Network{Steps: steps, Layers: []Layer{{Convolution: layers[0]}}}
		for i, in := range images {
			w, ok := spike.First(net.Forward(in, &p, nil))
			want, fired := block.Winner(i)
			if ok != fired || ok && w != want {
				t.Fatalf("image %d: winner %v, %v; a block has %v, %v", i, w, ok, want, fired)
			}
			o := Silent
			if ok {
				o = Judge(w.Map%2, rng.IntN(2))
			}
			plain.Learn(layers[0], in, w, o, &s)
			if r, rates, ok := fast.Rule(o, want.Map); ok {
				block.Learn(i, want, r, rates)
			}
			fast.Count(o)
		}
		block.Flush()
		if !slices.Equal(layers[0].Weights(), layers[1].Weights()) || plain.Adaptation != fast.Adaptation {
			t.Fatalf("weights %v, %v; a block has %v, %v", layers[0].Weights(), plain.Adaptation, layers[1].Weights(), fast.Adaptation)
		}
		consistent(t, layers[0])
	})
}
