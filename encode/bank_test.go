package encode

import (
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// A bank gives what Filter, Cut and Normalise give, to the last bit, with all
// kernels of the machine.
func TestBank(t *testing.T) {
	defer simd.Use(simd.Name())
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		filters []Filter
		folded  bool
	}{
		{[]Filter{{Kind: "dog", Size: 3, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 13, Sigma1: 2, Sigma2: 1}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}}, true},
		{[]Filter{{Kind: "gabor", Size: 5, Orientation: 22.5, Div: 4}, {Kind: "dog", Size: 3, Sigma1: 1, Sigma2: 2}}, false},
		{[]Filter{{Kind: "dog", Size: 1 + 2*3, Sigma1: 1, Sigma2: 3}}, true},
	} {
		var kernels []Kernel
		for _, f := range c.filters {
			k, err := f.Kernel()
			if err != nil {
				t.Fatal(err)
			}
			kernels = append(kernels, k)
		}
		for _, shape := range [][3]int{{28, 28, 6}, {13, 17, 0}, {20, 15, 3}, {1, 1, 6}, {40, 13, 20}} {
			rows, cols, pad := shape[0], shape[1], shape[2]
			for _, name := range simd.Names() {
				if err := simd.Use(name); err != nil {
					t.Fatal(err)
				}
				radius := rng.IntN(12)
				b := newBank(kernels, pad, radius, rows, cols)
				if b.folded != c.folded {
					t.Fatalf("folded %v, want %v", b.folded, c.folded)
				}
				for range 3 {
					pixels := make([]byte, rows*cols)
					for i := range pixels {
						pixels[i] = byte(rng.UintN(256) * rng.UintN(2))
					}
					var got, want Picture
					want.Filter(kernels, pad, pixels, rows, cols)
					b.responses(pixels, &got)
					if got.Channels != want.Channels || got.Rows != want.Rows || got.Cols != want.Cols || !slices.Equal(got.At, want.At) {
						t.Fatalf("%v, image %v, kernels %s: the bank differs from Filter", c.filters, shape, name)
					}
					want.Cut(50)
					if radius > 0 {
						want.Normalise(radius)
					}
					var r ranking
					r.collect(&want)
					if keys := b.contrasts(pixels, 50, nil); !slices.Equal(keys, r.keys) {
						t.Fatalf("%v, image %v, radius %d, kernels %s: the contrasts differ", c.filters, shape, radius, name)
					}
				}
			}
		}
	}
}

// Which neurons fire at all is told without an order of all, for equal
// intensities and few of them too.
func TestFired(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	silent, fired := 0, 0
	for i := range 400 {
		c := paper
		c.Steps = 1 + rng.IntN(40)
		if rng.IntN(3) == 0 {
			c.Filters = append(slices.Clone(mozafari), Filter{Kind: "gabor", Size: 5, Orientation: 22.5, Div: 4})
		}
		if rng.IntN(3) == 0 {
			c.Normalise = 0
		}
		if rng.IntN(4) == 0 {
			c.Abs, c.Lateral = rng.IntN(2) == 0, []float64{.15, .12}
		}
		rows, cols := 1+rng.IntN(20), 1+rng.IntN(20)
		e := mustEncoder(t, c, rows, cols)
		for range 3 {
			pixels := make([]byte, rows*cols)
			levels := 1 + rng.IntN(4)
			for i := range pixels {
				if rng.IntN(3) == 0 {
					pixels[i] = byte(255 / levels * rng.IntN(levels+1))
				}
			}
			var m spike.Map
			e.Encode(pixels, &m)
			want, got := spike.NewBits(e.Shape()), spike.NewBits(e.Shape())
			want.From(&m)
			for i := range got {
				got[i] = rng.Uint64()
			}
			e.Fired(pixels, got)
			if !slices.Equal(got, want) {
				t.Fatalf("image %d: %x fired; want %x", i, got, want)
			}
			if want.Count() == 0 {
				silent++
			} else {
				fired++
			}
		}
	}
	if silent == 0 || fired == 0 {
		t.Errorf("%d images silent, %d not", silent, fired)
	}
}
