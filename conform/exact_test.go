package conform

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/snn"
	"firstspike/spike"
)

// A float32 sum that is said to be exact is the same in every order.
func TestExact(t *testing.T) {
	g := snn.Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 40}, Maps: 1, Kernel: snn.Size{Rows: 1, Cols: 40}}
	in := spike.NewMap(g.In, 1)
	for i := range in.At {
		in.At[i] = 0
	}
	rng := rand.New(rand.NewPCG(1, 2))
	said := map[bool]int{}
	for range 3000 {
		w := make([]float32, 40)
		kind := rng.IntN(4)
		for i := range w {
			switch {
			case kind == 0 || kind == 1 && i == 7:
				w[i] = rng.Float32()
			case kind == 2 && rng.IntN(2) == 0:
				w[i] = float32(math.Ldexp(rng.Float64(), -60-rng.IntN(80)))
			default:
				w[i] = float32(rng.IntN(1025)) / 1024
			}
		}
		is := exact(g, w, in, spike.Neuron{})
		said[is]++
		if !is {
			continue
		}
		first := float32(0)
		for k := range 20 {
			sum := float32(0)
			for _, i := range rng.Perm(len(w)) {
				sum += w[i]
			}
			if k == 0 {
				first = sum
			} else if sum != first {
				t.Fatalf("weights %v: sums %v and %v", w, first, sum)
			}
		}
	}
	if said[true] < 1000 || said[false] < 1000 {
		t.Errorf("exact: %v", said)
	}
}

func TestCourse(t *testing.T) {
	g := snn.Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: 4}, Maps: 1, Kernel: snn.Size{Rows: 1, Cols: 4}}
	in := spike.NewMap(g.In, 4)
	copy(in.At, []spike.Step{0, 1, 2, 3})
	for _, c := range []struct {
		name    string
		weights []float32
		fires   snn.Comparison
		steps   []int // at which a threshold of 1 can be passed; 4: never
	}{
		{"clear", []float32{0.3, 0.3, 0.5, 0.5}, snn.Above, []int{2}},
		{"silent", []float32{0.3, 0.3, 0.1, 0.1}, snn.Above, []int{4}},
		{"just below", []float32{0.3, 0.6995, 0.5, 0.5}, snn.Above, []int{1, 2}},
		{"just above", []float32{0.3, 0.7005, 0.5, 0.5}, snn.Above, []int{1, 2}},
		{"farther below", []float32{0.3, 0.6985, 0.5, 0.5}, snn.Above, []int{2}},
		{"farther above", []float32{0.3, 0.7015, 0.5, 0.5}, snn.Above, []int{1}},
		{"long at the threshold", []float32{0.3, 0.7, 1e-5, 1e-5}, snn.Above, []int{1, 2, 3, 4}},
		{"up and down", []float32{0.3, 0.7, -0.3, 0.5}, snn.Above, []int{1, 3}},
		{"exactly at it", []float32{0.25, 0.75, 0.5, 0.5}, snn.Above, []int{2}},
		{"exactly at it, and enough", []float32{0.25, 0.75, 0.5, 0.5}, snn.AtLeast, []int{1}},
		{"exactly at it, and the rest vanishes", []float32{0.25, 0.75, 1e-30, 1e-30}, snn.Above, []int{4}},
	} {
		conv, err := snn.NewConvolution(g, 1, c.fires, 1)
		if err != nil {
			t.Fatal(err)
		}
		var k course
		k.follow(conv, c.weights, in, spike.Neuron{})
		var steps []int
		for s := range 5 {
			if k.allows(s) {
				steps = append(steps, s)
			}
		}
		if !slices.Equal(steps, c.steps) {
			t.Errorf("%s: steps %v; want %v (potentials %v)", c.name, steps, c.steps, k.p)
		}
	}
}
