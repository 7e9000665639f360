package snn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// Counts of strong synapses tell the same neurons as sums of all weights, for
// maps that are exactly two-valued, nearly so, just not enough so, and not at
// all, as soon as weights or thresholds change.
func TestCounts(t *testing.T) {
	var s Scratch
	counted, odd, useless, patterns, spikes, never := 0, 0, 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		in := drawInput(t, rng, drawShape(t), rapid.IntRange(1, 5).Draw(t, "steps"))
		g := drawGeometry(t, in.Shape)
		c, err := NewConvolution(g, float64(rapid.IntRange(1, 6).Draw(t, "threshold")), rapid.SampledFrom([]Comparison{Above, AtLeast}).Draw(t, "fires"), 1)
		if err != nil {
			t.Fatal(err)
		}
		bits := bitsOf(in)
		odds := rapid.IntRange(0, 3).Draw(t, "odds") // of four maps
		for range 3 {
			w := make([]float32, len(c.Weights()))
			for m := range c.Maps {
				high := float32(1)
				if rng.IntN(3) == 0 {
					high = rng.Float32()
				}
				few := rng.Float64()
				strange := rng.IntN(4) < odds
				for i := m * c.Synapses(); i < (m+1)*c.Synapses(); i++ {
					if rng.Float64() < few {
						w[i] = high
					}
					switch {
					case !strange:
					case rng.IntN(3) == 0:
						w[i] = rng.Float32()
					case rng.IntN(2) == 0:
						w[i] = max(0, w[i]-rng.Float32()*1e-5)
					default:
						w[i] = min(1, w[i]+rng.Float32()*1e-5)
					}
				}
			}
			if err := c.SetWeights(w); err != nil {
				t.Fatal(err)
			}
			for _, threshold := range []float64{c.Threshold, c.Threshold + .5} {
				c.SetThreshold(threshold)
				got := fill(c.Out())
				c.Fired(bits, got, &s)
				if want := bitsOf(&respond(c, in).First); !slices.Equal(got, want) {
					t.Fatalf("fired %x; want %x", got, want)
				}
				k := c.counts()
				if k == nil {
					useless++
					continue
				}
				odd += len(k.odd)
				counted += c.Maps - len(k.odd)
				if k.patterns {
					patterns++
				} else {
					spikes++
				}
				for _, least := range k.least[:c.Maps] {
					if least == 255 {
						never++
					}
				}
			}
		}
	})
	t.Logf("maps counted %d, odd %d, never firing or odd %d; layers without %d, by patterns %d, by spikes %d", counted, odd, never, useless, patterns, spikes)
	if counted == 0 || odd == 0 || never == 0 || useless == 0 || patterns == 0 || spikes == 0 {
		t.Error("a way was not taken")
	}
}

// A threshold is a count only if no active inputs can tell it wrong: all
// numbers of strong and weak active synapses are tried.
func TestCountThreshold(t *testing.T) {
	known, unknown := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int32Range(0, 300).Draw(t, "limit")
		high := rapid.Int32Range(1, 100).Draw(t, "high")
		quanta := rapid.SliceOfN(rapid.OneOf(rapid.Just(int32(0)), rapid.Just(high), rapid.Int32Range(0, 2), rapid.Int32Range(max(0, high-2), high)), 1, 9).Draw(t, "quanta")
		strong := slices.Max(quanta) / 2
		least := threshold(quanta, strong, limit)
		if least == 0 {
			unknown++
			return
		}
		known++
		for set := range 1 << len(quanta) {
			sum, count := int32(0), 0
			for i, q := range quanta {
				if set>>i&1 != 0 {
					sum += q
					if q > strong {
						count++
					}
				}
			}
			if (sum > limit) != (count >= least) {
				t.Fatalf("%d strong synapses sum up to %d; limit %d, threshold %d", count, sum, limit, least)
			}
		}
	})
	if known == 0 || unknown == 0 {
		t.Errorf("%d known, %d unknown", known, unknown)
	}
}

// A layer that is drawn with negative weights needs the time axis no longer
// once they are clamped.
func TestClampedLayerIsUnsigned(t *testing.T) {
	c := newLayer(t, s1Shape, 15, normal(.3, .1))
	c.Initialise(.3, .3, rand.New(rand.NewPCG(1, 2)))
	if !c.TimeMatters() {
		t.Fatal("no weight is negative")
	}
	c.Clamp(0, 1)
	if c.TimeMatters() {
		t.Error("time matters although no weight is negative")
	}
}

// Whatever changes the weights or the threshold of a layer that has counted its
// strong synapses lets it count them again.
func TestCountsAreMadeAnew(t *testing.T) {
	for _, c := range []struct {
		name      string
		threshold float64
		change    func(c *Convolution, in *spike.Map, winner spike.Spike)
	}{
		{"a winner learns", 2, func(c *Convolution, in *spike.Map, winner spike.Spike) {
			rule := STDP{Rates: []Rates{{APlus: -.75}}, Upper: 1}
			rule.Learn(c, in, []spike.Spike{winner}, new(Scratch))
		}},
		{"a rule clamps", 2, func(c *Convolution, in *spike.Map, _ spike.Spike) {
			rule := STDP{Rates: []Rates{{}}, Upper: .25}
			rule.Learn(c, in, nil, new(Scratch))
		}},
		{"weights are set", 2, func(c *Convolution, in *spike.Map, _ spike.Spike) {
			if err := c.SetWeights(make([]float32, len(c.Weights()))); err != nil {
				t.Fatal(err)
			}
		}},
		{"another threshold", 2, func(c *Convolution, in *spike.Map, _ spike.Spike) { c.SetThreshold(4) }},
		{"a block gives the weights back", inf, func(c *Convolution, in *spike.Map, winner spike.Spike) {
			b := NewBlock(c, in.Steps)
			b.Compute(b.Album([]spike.Bits{bitsOf(in)}), nil, nil, 1)
			rule := STDP{Rates: []Rates{{APlus: -1}}, Upper: 1}
			b.Learn(0, winner, &rule, rule.Rates[0])
			b.Flush()
		}},
	} {
		layer, err := NewConvolution(Geometry{In: spike.Shape{Maps: 5, Rows: 1, Cols: 1}, Maps: 4, Kernel: Size{1, 1}}, c.threshold, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := layer.SetWeights([]float32{
			1, 1, 1, 0, 0,
			0, 0, 1, 1, 0,
			1, 1, 1, 1, 0,
			0, 0, 0, 0, 1,
		}); err != nil {
			t.Fatal(err)
		}
		layer.Clamp(0, 1)
		in := spike.NewMap(layer.In, 2)
		copy(in.At, []spike.Step{0, 1, 1, 0, spike.Silent})

		var s Scratch
		fired := func() spike.Bits {
			got := fill(layer.Out())
			layer.Fired(bitsOf(in), got, &s)
			if want := bitsOf(&respond(layer, in).First); !slices.Equal(got, want) {
				t.Errorf("%s: maps %b fire; want %b", c.name, got, want)
			}
			return got
		}
		before := fired()
		if layer.counted.Load().get() == nil {
			t.Errorf("%s: nothing was counted before", c.name)
		}
		c.change(layer, in, spike.Spike{Neuron: spike.Neuron{Map: 2}, Step: 1})
		if after := fired(); slices.Equal(before, after) {
			t.Errorf("%s: maps %b fire before and after", c.name, before)
		}
	}
}
