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

// drawRule draws a rule, with large rates often enough to meet the bounds.
func drawRule(t *rapid.T, rng *rand.Rand, maps int) STDP {
	r := STDP{Stabiliser: rapid.Bool().Draw(t, "stabiliser")}
	b := rapid.SampledFrom([][2]float32{{0, 1}, {.2, .8}, {-1, 1}, {-.5, -.25}, {.125, 2}}).Draw(t, "bounds")
	r.Lower, r.Upper = b[0], b[1]
	n := 1
	if rapid.Bool().Draw(t, "rates per map") {
		n = maps
	}
	scale := rapid.SampledFrom([]float64{.004, .15, 3}).Draw(t, "scale")
	for range n {
		a := Rates{APlus: float32(scale * rng.Float64()), AMinus: float32(-scale * rng.Float64())}
		if rng.IntN(3) == 0 { // anti-STDP
			a.APlus, a.AMinus = -a.APlus, -a.AMinus
		}
		r.Rates = append(r.Rates, a)
	}
	return r
}

// randomWeights are within the bound of a layer but outside those of a rule.
func randomWeights(rng *rand.Rand, c *Convolution) []float32 {
	w := make([]float32, len(c.Weights()))
	for i := range w {
		w[i] = float32(2*rng.Float64() - .5)
		if rng.IntN(10) == 0 {
			w[i] = float32(rng.IntN(5) - 2)
		}
	}
	return w
}

// Learn changes the winners' maps as SpykeTorch does, to the last bit, and
// holds all maps within the bounds.
func TestSTDP(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, spike.MaxSteps)).Draw(t, "steps"))
		c := drawLayer(t, rng, in.Shape, false, 1).Convolution
		want := randomWeights(rng, c)
		if err := c.SetWeights(want); err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "clamped by another rule before") {
			c.Clamp(-1, 1.5)
			for i, v := range want {
				want[i] = clamp(v, -1, 1.5)
			}
		}
		rule := drawRule(t, rng, c.Maps)
		if err := rule.Check(c.Maps); err != nil {
			t.Fatal(err)
		}

		// Winners of different maps, anywhere, at any step.
		out := c.Out()
		var winners []spike.Spike
		for _, m := range rng.Perm(c.Maps)[:rng.IntN(min(c.Maps, 4)+1)] {
			winners = append(winners, spike.Spike{Neuron: out.Neuron(m, rng.IntN(out.Positions())), Step: spike.Step(rng.IntN(in.Steps))})
		}
		c.counts() // they must not outlive the change
		rule.Learn(c, in, winners, &s)

		// The change comes before the clamp: weights that begin outside the
		// bounds show it.
		for _, w := range winners {
			stdp(want, c.Geometry, dense(in), w, rule.Of(w.Map), rule.Stabiliser, rule.Lower, rule.Upper)
		}
		for i, v := range want {
			want[i] = clamp(v, rule.Lower, rule.Upper)
		}
		if !slices.Equal(c.Weights(), want) {
			t.Fatalf("weights %v; want %v", c.Weights(), want)
		}
		consistent(t, c)
	})
}

// consistent fails unless everything that a layer derives from its weights is
// up to date.
func consistent(t interface {
	Helper()
	Fatalf(string, ...any)
}, c *Convolution) {
	t.Helper()
	fresh, err := NewConvolution(c.Geometry, c.Threshold, c.Fires, c.Bound())
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := fresh.SetWeights(c.Weights()); err != nil {
		t.Fatalf("%v", err)
	}
	if !c.TimeMatters() && !fresh.TimeMatters() {
		all, got, want := spike.NewRepeats(c.In, c.Most), spike.NewBits(c.Out()), spike.NewBits(c.Out())
		for i := range all {
			all[i] = ^uint64(0) >> ((64 - c.In.Maps%64) % 64) // of one word a position
		}
		var s Scratch
		if spike.Words(c.In.Maps) == 1 {
			c.Fired(all, got, &s)
			fresh.Fired(all, want, &s)
			if !slices.Equal(got, want) {
				t.Fatalf("the counts are not those of the weights")
			}
		}
	}
	if !slices.Equal(c.quanta, fresh.quanta) || !slices.Equal(c.rows, fresh.rows) {
		t.Fatalf("the integer weights are not those of the weights")
	}
	if c.most < fresh.most || fresh.signed && !c.signed {
		t.Fatalf("largest quantum %d, signed %v; weights have %d, %v", c.most, c.signed, fresh.most, fresh.signed)
	}
}

func TestOrdering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		g := drawGeometry(t, in.Shape)
		c, err := NewConvolution(g, 1, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		w := spike.Spike{Neuron: c.Out().Neuron(rng.IntN(c.Maps), rng.IntN(c.Out().Positions())), Step: spike.Step(rng.IntN(in.Steps))}
		var want []bool
		for i := range g.In.Maps {
			for y := range g.Kernel.Rows {
				for x := range g.Kernel.Cols {
					py, px := w.Row*max(g.Stride, 1)+y-g.Pad, w.Col*max(g.Stride, 1)+x-g.Pad
					want = append(want, py >= 0 && py < g.In.Rows && px >= 0 && px < g.In.Cols && in.Step(i, py, px) <= w.Step)
				}
			}
		}
		used := slices.Repeat([]bool{true}, len(want)+3)
		if got := c.Ordering(in, w, used); !slices.Equal(got, want) {
			t.Fatalf("ordering %v; want %v", got, want)
		}
	})
}

func TestChangeByHand(t *testing.T) {
	ltp := []bool{true, true, false, false, true, false}
	from := []float32{.5, .9, .5, .1, 1, 0}
	for _, c := range []struct {
		name string
		rule STDP
		want []float32
	}{
		{"stabiliser", STDP{Rates: []Rates{{.5, -.5}}, Stabiliser: true, Upper: 1}, []float32{.625, .945, .375, .055, 1, 0}},
		{"plain", STDP{Rates: []Rates{{.25, -.25}}, Upper: 1}, []float32{.75, 1, .25, 0, 1, 0}},
		{"other bounds", STDP{Rates: []Rates{{.25, -.25}}, Lower: .2, Upper: .8}, []float32{.75, .8, .25, .2, .8, .2}},
		{"anti-STDP", STDP{Rates: []Rates{{-.25, .5}}, Upper: 1}, []float32{.25, .65, 1, .6, .75, .5}},
	} {
		w := slices.Clone(from)
		c.rule.Change(w, ltp, c.rule.Of(0))
		for i := range w {
			if math.Abs(float64(w[i]-c.want[i])) > 1e-6 {
				t.Errorf("%s: weight %d is %v; want %v", c.name, i, w[i], c.want[i])
			}
		}
	}
}

func TestSTDPCheck(t *testing.T) {
	nan, plus := float32(math.NaN()), float32(inf)
	one := []Rates{{.004, -.003}}
	for _, c := range []struct {
		rule STDP
		want string
	}{
		{STDP{Rates: one, Upper: 1}, ""},
		{STDP{Rates: make([]Rates, 5), Lower: -1}, ""},
		{STDP{Upper: 1}, "0 pairs of rates"},
		{STDP{Rates: make([]Rates, 2), Upper: 1}, "2 pairs of rates"},
		{STDP{Rates: []Rates{{nan, 0}}, Upper: 1}, "finite"},
		{STDP{Rates: []Rates{{0, -plus}}, Upper: 1}, "finite"},
		{STDP{Rates: one}, "bounds 0..0"},
		{STDP{Rates: one, Lower: 1}, "bounds 1..0"},
		{STDP{Rates: one, Upper: plus}, "bounds"},
		{STDP{Rates: one, Lower: nan, Upper: 1}, "bounds"},
	} {
		err := c.rule.Check(5)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v; want %q", c.rule, err, c.want)
		}
	}
}

func TestClamp(t *testing.T) {
	c, err := NewConvolution(Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 1}, Maps: 4, Kernel: Size{1, 1}}, 1, Above, 1)
	if err != nil {
		t.Fatal(err)
	}
	from := []float32{-1, 0, .5, 1}
	for _, b := range []struct {
		lower, upper float32
		want         []float32
	}{
		{0, 1, []float32{0, 0, .5, 1}},
		{.2, .8, []float32{.2, .2, .5, .8}},
		{0, 0, []float32{0, 0, 0, 0}}, // what a layer has before it is known to lie within anything
	} {
		// New weights may be anywhere, even where the last were clamped.
		for range 2 {
			if err := c.SetWeights(from); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				c.Clamp(b.lower, b.upper)
				if !slices.Equal(c.Weights(), b.want) {
					t.Errorf("%v clamped to %v..%v: %v; want %v", from, b.lower, b.upper, c.Weights(), b.want)
				}
				consistent(t, c)
			}
		}
	}
}
