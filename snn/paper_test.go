package snn

import (
	"math"
	"math/rand/v2"
	"testing"

	"firstspike/spike"
)

// The layers of Mozafari et al. (2019), with inputs as dense as MNIST gives
// them. Trained weights of S1 and S2 are 0 or 1, those of S3 crowd below 0.8;
// here the shares of 1 are such that about as many neurons fire as do after
// training: 1,200 in S1 and 3,000 in S2.
var (
	s1Shape = Geometry{In: spike.Shape{Maps: 6, Rows: 28, Cols: 28}, Maps: 30, Kernel: Size{5, 5}, Pad: 2}
	s2Shape = Geometry{In: spike.Shape{Maps: 30, Rows: 14, Cols: 14}, Maps: 250, Kernel: Size{3, 3}, Pad: 1}
	s3Shape = Geometry{In: spike.Shape{Maps: 250, Rows: 4, Cols: 4}, Maps: 200, Kernel: Size{5, 5}, Pad: 2}
)

const (
	paperSteps = 15
	s1Spikes   = 1135 // spikes that S1 reads
	s2Spikes   = 540  // that S2 reads, behind C1
	s3Spikes   = 1150 // that S3 reads, behind C2
)

// A draw gives a weight.
type draw func(rng *rand.Rand) float32

func share(p float64) draw {
	return func(rng *rand.Rand) float32 {
		if rng.Float64() < p {
			return 1
		}
		return 0
	}
}

func normal(mean, std float64) draw {
	return func(rng *rand.Rand) float32 { return float32(max(0, min(1, mean+std*rng.NormFloat64()))) }
}

func newLayer(t testing.TB, g Geometry, threshold float64, w draw) *Convolution {
	t.Helper()
	c, err := NewConvolution(g, threshold, Above, 1.2)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(g.Maps), 7))
	weights := make([]float32, g.Maps*g.Synapses())
	for i := range weights {
		weights[i] = w(rng)
	}
	if err := c.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	return c
}

// spots is an input of n spikes that crowd around a wandering point, as the
// contrasts of a stroke do.
func spots(rng *rand.Rand, shape spike.Shape, steps, n int) *spike.Map {
	m := spike.NewMap(shape, steps)
	y, x := float64(shape.Rows)/2, float64(shape.Cols)/2
	for left := n; left > 0; {
		y = min(max(y+rng.NormFloat64(), 0), float64(shape.Rows)-1)
		x = min(max(x+rng.NormFloat64(), 0), float64(shape.Cols)-1)
		if f := rng.IntN(shape.Maps); m.Step(f, int(y), int(x)) == spike.Silent {
			m.Set(f, int(y), int(x), spike.Step(rng.IntN(steps)))
			left--
		}
	}
	return m
}

func inputs(shape spike.Shape, spikes, n int) []*spike.Map {
	rng := rand.New(rand.NewPCG(uint64(spikes), 8))
	var list []*spike.Map
	for range n {
		list = append(list, spots(rng, shape, paperSteps, spikes))
	}
	return list
}

func events(maps []*spike.Map) []spike.Events {
	list := make([]spike.Events, len(maps))
	for i, m := range maps {
		list[i].From(m)
	}
	return list
}

func allBits(maps []*spike.Map) []spike.Bits {
	var list []spike.Bits
	for _, m := range maps {
		list = append(list, bitsOf(m))
	}
	return list
}

// trained is a layer of the paper with the look of a trained one.
func trained(t testing.TB, layer string) *Convolution {
	switch layer {
	case "s1":
		return newLayer(t, s1Shape, 15, share(.17))
	case "s2":
		return newLayer(t, s2Shape, 10, share(.195))
	}
	return newLayer(t, s3Shape, inf, normal(.76, .05))
}

// fewLevels is S3 with its weights on the 16 levels from 41/64 to 56/64.
func fewLevels(t testing.TB) *Convolution {
	c := trained(t, "s3")
	for i, w := range c.Weights() {
		c.Weights()[i] = min(max(float32(math.Round(float64(w)*64)), 41), 56) / 64
	}
	c.refresh()
	return c
}

// initial is a layer of the paper before it learns.
func initial(t testing.TB, layer string) *Convolution {
	if layer == "s1" {
		return newLayer(t, s1Shape, 15, normal(.8, .05))
	}
	return newLayer(t, s2Shape, 10, normal(.8, .05))
}

func paperNetwork(t testing.TB) (*Network, []*spike.Map) {
	n := &Network{Steps: paperSteps, Layers: []Layer{
		{Name: "s1", Convolution: trained(t, "s1"), Pool: spike.Pool{Window: 2}},
		{Name: "s2", Convolution: trained(t, "s2"), Pool: spike.Pool{Window: 3}},
		{Name: "s3", Convolution: trained(t, "s3")},
	}}
	if err := n.Check(); err != nil {
		t.Fatal(err)
	}
	return n, inputs(s1Shape.In, s1Spikes, 12)
}

// The grid is as fine as 32 bits allow, its error stays within half a unit for
// every active input, and it is nearer to the exact sum than one in float32.
// RATIONALE/why-are-potentials-integers.md quotes the units.
func TestPaperGrid(t *testing.T) {
	var s Scratch
	var ltp []bool
	for _, c := range []struct {
		layer  *Convolution
		spikes int
		bits   int
	}{
		{initial(t, "s1"), s1Spikes, 23},
		{initial(t, "s2"), s2Spikes, 22},
		{trained(t, "s3"), s3Spikes, 18},
	} {
		l, in := c.layer, inputs(c.layer.In, c.spikes, 1)[0]
		if l.bits != c.bits {
			t.Errorf("%v: a unit is 2^-%d; want 2^-%d", l.In, l.bits, c.bits)
		}
		potential := make([]int32, l.Out().Neurons())
		l.Final(bitsOf(in), potential, &s)
		grid, float := 0.0, 0.0 // sums of squared errors
		last := spike.Step(in.Steps - 1)
		for i, p := range potential {
			n := l.Out().Neuron(i%l.Maps, i/l.Maps)
			exact, rounded, active := 0.0, float32(0), 0
			ltp = l.Ordering(in, spike.Spike{Neuron: n, Step: last}, ltp)
			for j, fired := range ltp {
				if fired {
					exact += float64(l.Weight(n.Map)[j])
					rounded += l.Weight(n.Map)[j]
					active++
				}
			}
			e := l.Potential(p) - exact
			if math.Abs(e) > float64(active)*l.Unit()/2 {
				t.Fatalf("%v: neuron %v with %d active inputs is off by %v units", l.In, n, active, e/l.Unit())
			}
			grid += e * e
			float += (float64(rounded) - exact) * (float64(rounded) - exact)
		}
		if grid >= float {
			t.Errorf("%v: the grid's mean squared error is %.2g of that of float32", l.In, grid/float)
		}
	}
}
