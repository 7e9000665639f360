package encode

import (
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/internal/simd"
)

// A bank gives what Filter and Cut give, to the last bit, with all kernels of
// the machine.
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
				b := newBank(kernels, pad, rows, cols)
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
					want.Cut(50)
					b.filter(pixels, 50, &got)
					if got.Channels != want.Channels || got.Rows != want.Rows || got.Cols != want.Cols || !slices.Equal(got.At, want.At) {
						t.Fatalf("%v, image %v, kernels %s: the bank differs from Filter", c.filters, shape, name)
					}
				}
			}
		}
	}
}
