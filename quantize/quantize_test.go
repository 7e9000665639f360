package quantize

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/preset"
	"firstspike/train"
)

// untrained is a small network, its potentials in coarse units or in fine ones, with any weights within the bounds of its
// layers.
func untrained(t *rapid.T) *train.Model {
	p, _ := preset.Lookup("bars")
	p.Layers[0].Ramp = rapid.Bool().Draw(t, "ramp")
	// Bounds that potentials can be: 1.2 would be rounded to a little more.
	for i := range p.Layers {
		p.Layers[i].Weights = train.Normal{Mean: rapid.SampledFrom([]float64{1, 64}).Draw(t, "mean")}
	}
	m, err := train.Untrained(p.Experiment.Clone())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Network.Layers {
		b := float32(l.Bound())
		low := rapid.Float32Range(-b, b).Draw(t, "low")
		high := rapid.Float32Range(low, b).Draw(t, "high")
		some := rapid.SliceOfN(rapid.Float32Range(low, high), 1, 40).Draw(t, "some weights")
		w := make([]float32, len(l.Weights()))
		for i := range w {
			w[i] = some[i%len(some)]
		}
		if err := l.SetWeights(w); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// No weight goes further than half a level, or a whole one where the bound is
// nearer; there are no more levels than bits can number; and to round again
// changes nothing.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := untrained(t)
		b := rapid.IntRange(2, MaxBits).Draw(t, "bits")
		name := m.Network.Layers[0].Name
		r, err := Model(m, map[string]int{name: b})
		if err != nil {
			t.Fatal(err)
		}
		was, is := m.Network.Layers[0], r.Network.Layers[0]
		g, ok := Of(is.Convolution)
		if !ok || g.Levels > 1<<b {
			t.Fatalf("%d bits, and %d levels (%v)", b, g.Levels, ok)
		}
		q, r0 := quanta(was.Convolution), quanta(is.Convolution)
		low, high := q[0], q[0]
		for _, v := range q {
			low, high = min(low, v), max(high, v)
		}
		level := math.Ceil(float64(int64(high)-int64(low))/float64(int(1)<<b-1)) + float64(grain(q))
		for i := range q {
			if d := math.Abs(float64(q[i]) - float64(r0[i])); d > level/2+float64(grain(q)) && float64(q[i])+level < was.Bound()/was.Unit() {
				t.Fatalf("%d bits: %d became %d, by more than half of a level of %v", b, q[i], r0[i], level)
			} else if d > level+float64(grain(q)) {
				t.Fatalf("%d bits: %d became %d, by more than a level of %v", b, q[i], r0[i], level)
			}
			if want := int64(g.Base) + int64(g.Index(r0[i]))*int64(g.Step); want != int64(r0[i]) {
				t.Fatalf("level %d of %+v is %d, not %d", g.Index(r0[i]), g, want, r0[i])
			}
		}
		again, err := Model(r, map[string]int{name: b})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range quanta(again.Network.Layers[0].Convolution) {
			if v != r0[i] {
				t.Fatalf("rounded again %d became %d", r0[i], v)
			}
		}
		for i, v := range quanta(r.Network.Layers[1].Convolution) {
			if v != quanta(m.Network.Layers[1].Convolution)[i] {
				t.Fatal("a layer that was not named has other weights")
			}
		}
	})
}

// With one bit no other pair of values is nearer to the weights.
func TestTwo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.SliceOfN(rapid.Int32Range(-1000, 1000), 1, 30).Draw(t, "weights")
		r := append([]int32(nil), q...)
		toTwo(r)
		distance := func(a, b float64) (sum float64) {
			for _, v := range q {
				d := min(math.Abs(float64(v)-a), math.Abs(float64(v)-b))
				sum += d * d
			}
			return sum
		}
		// A lower value near 0 is 0, and costs every weight at most a 32nd of the other.
		zero := 0.0
		if slices.Contains(r, 0) {
			top := max(math.Abs(float64(slices.Max(r))), math.Abs(float64(slices.Min(r))))
			zero = float64(len(q)) * (top/32 + 1) * (top/32 + 1)
		}
		got := 0.0
		for i := range q {
			d := float64(q[i]) - float64(r[i])
			got += d * d
		}
		for _, a := range q {
			for _, b := range q {
				// Rounding to integers costs at most a quarter for each weight.
				if least := distance(float64(a), float64(b)); got > least+float64(len(q))+zero {
					t.Fatalf("%v became %v, with a distance of %v; %d and %d have %v", q, r, got, a, b, least)
				}
			}
		}
	})
}

func TestEnough(t *testing.T) {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	w := m.Network.Layers[0].Weights()
	two, many := make([]float32, len(w)), make([]float32, len(m.Network.Layers[1].Weights()))
	for i := range two {
		two[i] = float32(i%2) * (1 - float32(i%3)*0.001)
	}
	for i := range many {
		many[i] = float32(i%5) / 4
	}
	if err := m.Network.Layers[0].SetWeights(two); err != nil {
		t.Fatal(err)
	}
	if err := m.Network.Layers[1].SetWeights(many); err != nil {
		t.Fatal(err)
	}
	if b := Enough(m); b["s1"] != 1 || b["s2"] != 4 {
		t.Errorf("%v; want 1 bit for weights near 0 and 1, and 4 for five levels", b)
	}
	two[0], two[2] = 0.5, 0.3
	if err := m.Network.Layers[0].SetWeights(two); err != nil {
		t.Fatal(err)
	}
	if b := Enough(m); b["s1"] != 8 {
		t.Errorf("%v; want 8 bits for weights of 0, 0.3, 0.5 and 1, or a little less", b)
	}
}

func TestFaults(t *testing.T) {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Model(m, map[string]int{"s1": 0, "s2": 9, "s3": 8})
	for _, want := range []string{"layer s1: 0 bits", "layer s2: 9 bits", `no layer "s3"; the layers are s1, s2`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
