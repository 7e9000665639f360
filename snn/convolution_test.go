package snn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/spike"
)

func TestGeometry(t *testing.T) {
	in := spike.Shape{Maps: 2, Rows: 5, Cols: 7}
	for _, c := range []struct {
		name string
		g    Geometry
		want string // part of the fault, "" for none
	}{
		{"plain", Geometry{In: in, Maps: 3, Kernel: Size{5, 7}}, ""},
		{"padded", Geometry{In: in, Maps: 3, Kernel: Size{9, 3}, Pad: 2, Stride: 4}, ""},
		{"no input", Geometry{Maps: 3, Kernel: Size{1, 1}}, "input 0x0x0 is empty"},
		{"no input rows", Geometry{In: spike.Shape{Maps: 2, Cols: 2}, Maps: 3, Kernel: Size{1, 1}, Pad: 1}, "input 2x0x2 is empty"},
		{"no maps", Geometry{In: in, Kernel: Size{1, 1}}, "0 maps"},
		{"no kernel", Geometry{In: in, Maps: 1, Kernel: Size{Cols: 1}}, "kernel 0x1 is empty"},
		{"negative kernel", Geometry{In: in, Maps: 1, Kernel: Size{1, -1}}, "kernel 1x-1 is empty"},
		{"negative stride", Geometry{In: in, Maps: 1, Kernel: Size{1, 1}, Stride: -1}, "stride -1"},
		{"negative padding", Geometry{In: in, Maps: 1, Kernel: Size{1, 1}, Pad: -1}, "padding -1"},
		{"tall kernel", Geometry{In: in, Maps: 1, Kernel: Size{8, 1}, Pad: 1}, "kernel 8x1 exceeds its input of 7x9"},
		{"wide kernel", Geometry{In: in, Maps: 1, Kernel: Size{1, 8}}, "kernel 1x8 exceeds its input of 5x7"},
		{"many maps", Geometry{In: in, Maps: 1 << 40, Kernel: Size{1, 1}}, "beyond what a layer can have"},
		{"most maps", Geometry{In: in, Maps: math.MaxInt, Kernel: Size{1, 1}}, "beyond what a layer can have"},
		{"many inputs", Geometry{In: spike.Shape{Maps: 1 << 60, Rows: 4, Cols: 4}, Maps: 1, Kernel: Size{4, 4}}, "beyond what a layer can have"},
		{"padding that wraps", Geometry{In: in, Maps: 1, Kernel: Size{1, 1}, Pad: math.MaxInt}, "beyond what a layer can have"},
		{"stride that wraps", Geometry{In: in, Maps: 1, Kernel: Size{1, 1}, Stride: math.MaxInt}, "beyond what a layer can have"},
		{"large layer", Geometry{In: in, Maps: 1 << 22, Kernel: Size{5, 5}}, "do not fit in memory"},
		{"wide padding", Geometry{In: in, Maps: 1, Kernel: Size{1, 1}, Pad: 1 << 30}, "beyond what a layer can have"},
	} {
		err := c.g.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		if _, made := NewConvolution(c.g, 1, Above, 1); (made == nil) != (err == nil) {
			t.Errorf("%s: NewConvolution says %v, Check %v", c.name, made, err)
		}
	}
	g := Geometry{In: in, Maps: 3, Kernel: Size{4, 2}, Pad: 1, Stride: 2}
	if out := g.Out(); out != (spike.Shape{Maps: 3, Rows: 2, Cols: 4}) || g.Synapses() != 16 {
		t.Errorf("output %v, %d synapses; want 3x2x4 and 16", out, g.Synapses())
	}
}

func TestNewConvolution(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 2, Rows: 5, Cols: 7}, Maps: 3, Kernel: Size{2, 2}}
	nan := math.NaN()
	for _, c := range []struct {
		name      string
		threshold float64
		fires     Comparison
		bound     float64
		want      string
	}{
		{"plain", 1, "", 1, ""},
		{"zero", 0, Above, 1, ""},
		{"infinite", inf, AtLeast, 1, ""},
		{"huge threshold", 1e300, Above, 1, ""},
		{"small bound", 1, Above, 1e-30, ""},
		{"other comparison", 1, "<", 1, `fires "<"`},
		{"negative threshold", -1, Above, 1, "threshold -1"},
		{"threshold NaN", nan, Above, 1, "threshold NaN"},
		{"at least nothing", 0, AtLeast, 1, "every neuron would fire"},
		{"no bound", 1, Above, 0, "bounded by 0"},
		{"negative bound", 1, Above, -1, "bounded by -1"},
		{"bound NaN", 1, Above, nan, "bounded by NaN"},
		{"infinite bound", 1, Above, inf, "bounded by +Inf"},
		{"bound beyond float32", 1, Above, 1e39, "bounded by 1e+39"},
		{"bound below float32", 1, Above, 1e-50, "bounded by 1e-50"},
		{"no room", 1, Above, 1e7, "leave no room for fractions"},
	} {
		l, err := NewConvolution(g, c.threshold, c.fires, c.bound)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		if err != nil {
			continue
		}
		if l.AtEnd() != (c.threshold == inf) {
			t.Errorf("%s: AtEnd is %v", c.name, l.AtEnd())
		}
		// No sum of weights overflows.
		top := int64(l.Synapses()) * int64(round(float32(c.bound*math.Ldexp(1, l.bits)))+1)
		if top > math.MaxInt32 || l.Unit() != math.Ldexp(1, -l.bits) {
			t.Errorf("%s: potentials reach %d in units of %v", c.name, top, l.Unit())
		}
	}
}

// All weights at the bound: the largest potentials there can be.
func TestLargestPotential(t *testing.T) {
	for _, bound := range []float64{.1, .8, 1, 1.2, 3, 1000} {
		for _, sign := range []float64{1, -1} {
			g := Geometry{In: spike.Shape{Maps: 40, Rows: 5, Cols: 5}, Maps: 2, Kernel: Size{5, 5}}
			c, err := NewConvolution(g, inf, Above, bound)
			if err != nil {
				t.Fatal(err)
			}
			w := slices.Repeat([]float32{float32(sign * bound)}, g.Maps*g.Synapses())
			if err := c.SetWeights(w); err != nil {
				t.Fatal(err)
			}
			in := spike.NewMap(g.In, 1)
			clear(in.At)
			p := make([]int32, 2)
			var s Scratch
			c.Final(bitsOf(in), p, &s)
			if got, want := c.Potential(p[1]), sign*1000*bound; math.Abs(got-want) > 1e-3*bound*1000 {
				t.Errorf("bound %v: the largest potential is %v; want %v", bound, got, want)
			}
		}
	}
}

// Ramps may be summed on a coarser grid than steps.
func TestRampGrid(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 512, Rows: 8, Cols: 8}, Maps: 1, Kernel: Size{8, 8}, Ramp: true}
	for bound, bits := range map[float64]int{0.9: 8, 1.2: 7, 15: 4, 17: 0} {
		c, err := NewConvolution(g, 1000, Above, bound)
		if bits == 0 {
			if err == nil || !strings.Contains(err.Error(), "no room for fractions") {
				t.Errorf("weights up to %v: %v", bound, err)
			}
			continue
		}
		if err != nil || c.Unit() != math.Ldexp(1, -bits) {
			t.Fatalf("weights up to %v: %v, in units of %v", bound, err, c.Unit())
		}
		// All inputs at once, at every step: the most that there can be.
		if err := c.SetWeights(slices.Repeat([]float32{float32(bound)}, g.Synapses())); err != nil {
			t.Fatal(err)
		}
		in := spike.NewMap(g.In, 255)
		clear(in.At)
		var e spike.Events
		e.From(in)
		after := make([]int32, 1)
		c.After(&e, after, new(Scratch))
		if got, want := c.Potential(after[0]), 255*float64(g.Synapses())*bound; math.Abs(got-want) > want/100 {
			t.Errorf("weights of %v add up to %v; want %v", bound, got, want)
		}
	}
}

func TestSetWeights(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 3, Rows: 5, Cols: 5}, Maps: 2, Kernel: Size{2, 4}}
	c, err := NewConvolution(g, 1, Above, .8)
	if err != nil {
		t.Fatal(err)
	}
	good := make([]float32, 2*3*2*4)
	for i := range good {
		good[i] = float32(i) / 64
	}
	good[5] = -.8 // at the bound, as float32 has it
	if err := c.SetWeights(good); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Weights(), good) || !slices.Equal(c.Weight(1), good[24:]) {
		t.Error("the weights are not those that were set")
	}
	for _, c2 := range []struct {
		at   int
		v    float64
		want string
	}{
		{0, math.NaN(), "map 0, input 0, row 0, column 0 is NaN"},
		{1*24 + 2*8 + 1*4 + 3, inf, "map 1, input 2, row 1, column 3 is +Inf"},
		{8, -inf, "map 0, input 1, row 0, column 0 is -Inf"},
		{6, .81, "map 0, input 0, row 1, column 2 is 0.81"},
		{47, -1, "map 1, input 2, row 1, column 3 is -1"},
	} {
		w := slices.Clone(good)
		w[c2.at] = float32(c2.v)
		if err := c.SetWeights(w); err == nil || !strings.Contains(err.Error(), c2.want) {
			t.Errorf("%v; want %q", err, c2.want)
		}
	}
	for _, n := range []int{0, 47, 49} {
		if err := c.SetWeights(make([]float32, n)); err == nil || !strings.Contains(err.Error(), "2x3x2x4 = 48") {
			t.Errorf("%d weights: %v", n, err)
		}
	}
	if !slices.Equal(c.Weights(), good) {
		t.Error("weights that were refused have changed the layer's")
	}
	consistent(t, c)

	good[0] = .75
	if c.Weights()[0] == .75 {
		t.Error("the layer holds on to the caller's slice")
	}
}

func TestInitialise(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 30, Rows: 14, Cols: 14}, Maps: 250, Kernel: Size{3, 3}}
	c, err := NewConvolution(g, 10, Above, .8)
	if err != nil {
		t.Fatal(err)
	}
	c.Initialise(.5, .05, rand.New(rand.NewPCG(1, 2)))
	w := slices.Clone(c.Weights())
	mean, square := 0.0, 0.0
	for _, v := range w {
		mean += float64(v) / float64(len(w))
	}
	for _, v := range w {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(len(w))
	}
	if math.Abs(mean-.5) > .001 || math.Abs(math.Sqrt(square)-.05) > .001 {
		t.Errorf("mean %v, standard deviation %v; want 0.5, 0.05", mean, math.Sqrt(square))
	}
	consistent(t, c)
	c.Initialise(.5, .05, rand.New(rand.NewPCG(1, 2)))
	if !slices.Equal(c.Weights(), w) {
		t.Error("the same random numbers give other weights")
	}
	// Beyond the bound; and what it has drawn, it takes back.
	c.Initialise(0, 5, rand.New(rand.NewPCG(1, 2)))
	if top := slices.Max(c.Weights()); top != .8 || slices.Min(c.Weights()) != -.8 {
		t.Errorf("weights from %v to %v; want the bound of 0.8", slices.Min(c.Weights()), top)
	}
	if err := c.SetWeights(slices.Clone(c.Weights())); err != nil {
		t.Error(err)
	}
	consistent(t, c)
}

func TestConvergence(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 1, Rows: 2, Cols: 2}, Maps: 1, Kernel: Size{2, 2}}
	c, err := NewConvolution(g, 1, Above, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		w    []float32
		want float64
	}{
		{[]float32{.5, .5, .5, .5}, .25},
		{[]float32{0, 1, 1, 0}, 0},
		{[]float32{.25, .5, 1, 0}, (.1875 + .25) / 4},
	} {
		if err := c.SetWeights(x.w); err != nil {
			t.Fatal(err)
		}
		if got := c.Convergence(); got != x.want {
			t.Errorf("%v: convergence %v; want %v", x.w, got, x.want)
		}
	}
}

// The threshold is met to the last unit: one neuron with one synapse.
func TestThresholdExact(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 1}, Maps: 1, Kernel: Size{1, 1}}
	in := spike.NewMap(g.In, 1)
	in.At[0] = 0
	for _, bound := range []float64{1, 100, 1e5} {
		for _, fires := range []Comparison{Above, AtLeast} {
			for _, quanta := range []float64{1, 2, 3, 200, 201} {
				for _, off := range []float64{-1, -.5, 0, .5, 1} {
					c, err := NewConvolution(g, 1, fires, bound)
					if err != nil {
						t.Fatal(err)
					}
					w := quanta * c.Unit()
					threshold := (quanta + off) * c.Unit()
					if threshold == 0 && fires == AtLeast {
						continue
					}
					c.SetThreshold(threshold)
					if err := c.SetWeights([]float32{float32(w)}); err != nil {
						t.Fatal(err)
					}
					want := w > threshold || fires == AtLeast && w == threshold
					out := fill(c.Out())
					c.Fired(bitsOf(in), out, new(Scratch))
					if got := respond(c, in).First.At[0] == 0; got != want || (out[0] == 1) != want {
						t.Errorf("potential %v, threshold %v, fires %q: %v, Fired %v; want %v", w, threshold, fires, got, out[0], want)
					}
				}
			}
		}
	}
}

// Changing the threshold gives the layer that had it from the start.
func TestSetThreshold(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	in := randomMap(rng, spike.Shape{Maps: 3, Rows: 6, Cols: 6}, 9, .5)
	g := Geometry{In: in.Shape, Maps: 5, Kernel: Size{3, 3}}
	w := make([]float32, 5*27)
	for i := range w {
		w[i] = float32(rng.IntN(17)) / 16
	}
	for _, fires := range []Comparison{Above, AtLeast} {
		c, err := NewConvolution(g, 1, fires, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, threshold := range []float64{.5, 3, 3.0625, inf, 1e9, 2} {
			d, err := NewConvolution(g, threshold, fires, 1)
			if err != nil {
				t.Fatal(err)
			}
			if c.SetWeights(w) != nil || d.SetWeights(w) != nil {
				t.Fatal("weights refused")
			}
			c.SetThreshold(threshold)
			a, b := respond(c, in), respond(d, in)
			if !a.First.Equal(&b.First) || !slices.Equal(a.Potential, b.Potential) {
				t.Errorf("threshold %v, fires %q: differs from a new layer's", threshold, fires)
			}
		}
	}
}

func TestSizeText(t *testing.T) {
	for text, want := range map[string]Size{"5": {5, 5}, "3x7": {3, 7}, "-1": {-1, -1}} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %v, %v; want %v", text, s, err, want)
		}
		out, err := s.MarshalText()
		var back Size
		if err != nil || back.UnmarshalText(out) != nil || back != s {
			t.Errorf("%q does not come back from %q", text, out)
		}
	}
	for _, text := range []string{"", "x", "3x", "x3", "3x4x5", "five", "3 x 4"} {
		s := Size{8, 9}
		if err := s.UnmarshalText([]byte(text)); err == nil || s != (Size{8, 9}) {
			t.Errorf("%q is read as %v, %v", text, s, err)
		}
	}
}
