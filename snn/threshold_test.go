package snn

import (
	"math"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// single is the layer of one of a layer's maps, with a threshold.
func single(t *rapid.T, c *Convolution, m int, threshold float64) *Convolution {
	g := c.Geometry
	g.Maps = 1
	s, err := NewConvolution(g, threshold, c.Fires, c.Bound())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetWeights(c.Weight(m)); err != nil {
		t.Fatal(err)
	}
	return s
}

// A layer whose maps have thresholds of their own does what layers of one map
// do side by side.
func TestSetThresholds(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		d := drawLayer(t, rng, in.Shape, rapid.Bool().Draw(t, "signed"), 1)
		c := d.Convolution
		thresholds, likely := make([]float64, c.Maps), []float64{0.01, 0.5, 1, 1.25, 3, 1e9}
		if c.signed {
			likely = []float64{0.01, 0.5, 0.6}
		}
		for m := range thresholds {
			thresholds[m] = rapid.SampledFrom(likely).Draw(t, "threshold")
		}
		if err := c.SetThresholds(thresholds); err != nil {
			t.Fatal(err)
		}
		var events spike.Events
		events.From(in)
		r := respond(c, in)
		got, want := r.First, spike.NewMap(c.Out(), in.Steps)
		potential := make([]int32, len(r.Potential))
		for m := range c.Maps {
			one := respond(single(t, c, m, thresholds[m]), in)
			for pos, step := range one.First.At {
				want.At[pos*c.Maps+m], potential[pos*c.Maps+m] = step, one.Potential[pos]
			}
			if got := c.ThresholdOf(m); thresholds[m] < 1e9 && math.Abs(got-thresholds[m]) > c.Unit() {
				t.Fatalf("threshold of map %d is %v; want %v", m, got, thresholds[m])
			}
		}
		if !got.Equal(want) || !slices.Equal(r.Potential, potential) {
			t.Fatalf("fired %v at %v; want %v at %v", got.Major(), r.Potential, want.Major(), potential)
		}
		if !c.TimeMatters() {
			fired := fill(c.Out())
			c.Fired(bitsOf(in), fired, &s)
			if !slices.Equal(fired, bitsOf(want)) {
				t.Fatalf("fired %x without time", fired)
			}
		}
		// Winners are those of the response.
		sel := Selection{K: rapid.IntRange(1, 3).Draw(t, "k"), Pointwise: rapid.Bool().Draw(t, "pointwise")}
		list := c.Contest(&events, sel, &s, nil)
		full := Response{First: *want, Potential: potential}
		full.First.At = slices.Clone(want.At)
		if sel.Pointwise {
			full.PointwiseInhibition()
		}
		if w := full.Winners(sel.K, 0, nil); !slices.Equal(list, w) {
			t.Fatalf("winners %v; want %v", list, w)
		}
		// What was set can be read, set again, and taken back.
		back := c.Thresholds()
		if err := c.SetThresholds(back); err != nil || !slices.Equal(back, c.Thresholds()) {
			t.Fatalf("thresholds %v became %v (%v)", back, c.Thresholds(), err)
		}
		if again := respond(c, in); !again.First.Equal(want) {
			t.Fatal("thresholds that were read are others")
		}
		if err := c.SetThresholds(nil); err != nil || c.Thresholds() != nil || c.ThresholdOf(0) != c.Threshold {
			t.Fatal("thresholds stay")
		}
	})
}

func TestSetThresholdsRefuses(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 1, Rows: 2, Cols: 2}, Maps: 2, Kernel: Size{2, 2}}
	c, err := NewConvolution(g, 1, AtLeast, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]float64{{}, {1}, {1, 0}, {1, -1}, {math.NaN(), 1}, {1, math.Inf(1)}} {
		if c.SetThresholds(bad) == nil {
			t.Errorf("%v were taken", bad)
		}
	}
	c.SetThreshold(math.Inf(1))
	if c.SetThresholds([]float64{1, 1}) == nil {
		t.Error("a layer that fires at the last step took thresholds")
	}
}

// A patch decides and learns as the neurons of its position do, all others
// being kept from it.
func TestPatch(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 9).Draw(t, "steps"))
		d := drawLayer(t, rng, in.Shape, false, 1)
		c := d.Convolution
		if rapid.Bool().Draw(t, "thresholds") {
			thresholds := make([]float64, c.Maps)
			for m := range thresholds {
				thresholds[m] = rapid.Float64Range(0.1, 3).Draw(t, "threshold")
			}
			if err := c.SetThresholds(thresholds); err != nil {
				t.Fatal(err)
			}
		}
		pos := rapid.IntRange(0, c.Out().Positions()-1).Draw(t, "position")
		at := c.Out().Neuron(0, pos)
		want := respond(c, in)
		for i := range want.First.At {
			if i/c.Maps != pos {
				want.First.At[i] = spike.Silent
			}
		}
		winners := want.Winners(1, 0, nil)

		var events, window spike.Events
		events.From(in)
		p := c.Patch()
		y, x := at.Row*c.stride()-c.Pad, at.Col*c.stride()-c.Pad
		events.Window(y, x, c.Kernel.Rows, c.Kernel.Cols, &window)
		got := p.Contest(&window, Selection{K: 1}, &s, nil)
		if len(got) != len(winners) {
			t.Fatalf("winners %v; want %v", got, winners)
		}
		if len(got) == 0 {
			return
		}
		if w := got[0]; w.Map != winners[0].Map || w.Step != winners[0].Step || w.Potential != winners[0].Potential {
			t.Fatalf("winner %v; want %v", w, winners[0])
		}
		rule := STDP{Rates: []Rates{{0.1, -0.1}}, Lower: 0, Upper: 1, Exponential: rapid.Bool().Draw(t, "exponential")}
		other, err := NewConvolution(c.Geometry, c.Threshold, c.Fires, c.Bound())
		if err != nil {
			t.Fatal(err)
		}
		if err := other.SetWeights(c.Weights()); err != nil {
			t.Fatal(err)
		}
		rule.Learn(other, in, winners, &s)
		local := spike.NewMap(window.Shape, in.Steps)
		window.Map(local)
		rule.Learn(p, local, got, &s)
		c.Adopt(p)
		if !slices.Equal(c.Weights(), other.Weights()) || !slices.Equal(c.rows, other.rows) || c.most < other.most || c.signed != other.signed {
			t.Fatal("a patch learns something else")
		}
	})
}

// Exponential STDP, in float64 and with the exponential function of the
// library.
func TestExponential(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lower := rapid.Float32Range(-2, 2).Draw(t, "lower")
		upper := lower + rapid.Float32Range(0.1, 3).Draw(t, "width")
		r := STDP{Lower: lower, Upper: upper, Exponential: true}
		rates := Rates{rapid.Float32Range(-0.5, 0.5).Draw(t, "up"), rapid.Float32Range(-0.5, 0.5).Draw(t, "down")}
		w := rapid.Float32Range(lower, upper).Draw(t, "w")
		for _, up := range []bool{true, false} {
			got := []float32{w}
			r.Change(got, []bool{up}, rates)
			d := float64(upper) - float64(lower)
			want := float64(w) + float64(rates.APlus)*math.Exp(-(float64(w)-float64(lower))/d)
			if !up {
				want = float64(w) + float64(rates.AMinus)*math.Exp(-(float64(upper)-float64(w))/d)
			}
			want = min(max(want, float64(lower)), float64(upper))
			if math.Abs(float64(got[0])-want) > 1e-6 {
				t.Fatalf("%v became %v; want %v", w, got[0], want)
			}
		}
	})
}

func TestHomeostasis(t *testing.T) {
	h := Homeostasis{Rate: 0.5, Target: 0.75, Least: 2}
	got := []float64{5, 5, 2.2}
	h.Move(got, 1, 51, 255) // at 0.2
	if want := []float64{5.025, 5.775, 2.225}; !near(got, want) {
		t.Errorf("too early a winner: %v; want %v", got, want)
	}
	h.Move(got, 1, 255*19/20, 255)
	if got[2] != 2 {
		t.Errorf("a threshold of %v below the least", got[2])
	}
	before := slices.Clone(got)
	Homeostasis{}.Move(got, 0, 3, 10)
	if !slices.Equal(got, before) {
		t.Error("thresholds move without a rate")
	}
}

func near(a, b []float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-9 {
			return false
		}
	}
	return len(a) == len(b)
}
