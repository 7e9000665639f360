package snn

import (
	"math"
	"testing"

	"firstspike/spike"
)

// Weights at the ends of what one byte stands for: neither bound of a potential
// may be off by a quantum, or the block loses the winner.
func TestBlockBounds(t *testing.T) {
	g := Geometry{In: spike.Shape{Maps: 4, Rows: 5, Cols: 5}, Maps: 2, Kernel: Size{5, 5}}
	c, err := NewConvolution(g, math.Inf(1), Above, 1)
	if err != nil {
		t.Fatal(err)
	}
	n, tried := c.Synapses(), 0
	for top := int32(41 * 50); top < 41*levels*40; top += 97 {
		unit := top/levels + 1
		for k := int32(1); k < levels-1; k++ {
			d := k * unit
			if v := int32(float32(d) * (1 / float32(unit))); v >= k {
				continue
			}
			w := make([]float32, 2*n)
			u := float32(c.Unit())
			for i := range w {
				w[i] = float32(d) * u
			}
			w[0] -= u // map 0 is one quantum behind map 1
			in := spike.NewMap(g.In, 15)
			for i := range in.At {
				in.At[i] = 0
			}
			// an input that never fires spans the range 0..top
			in.At[in.Index(3, 4, 4)] = spike.Silent
			w[n-1], w[2*n-1] = 0, float32(top)*u
			if err := c.SetWeights(w); err != nil {
				t.Fatal(err)
			}
			bits := spike.NewBits(g.In)
			bits.From(in)
			var tally Tally
			var s Scratch
			c.Tally(bits, &tally, &s)
			want, _ := tally.Winner(c.Out(), 15, nil)
			b := NewBlock(c, 15)
			b.Compute(b.Album([]spike.Bits{bits}), []int{0}, nil, 1)
			got, _ := b.Winner(0)
			if got != want {
				t.Fatalf("unit %d, byte %d: the block says %v, the plain loop %v", b.coarse.unit, k, got, want)
			}
			tried++
			break
		}
	}
	if tried == 0 {
		t.Error("no weight was tried")
	}
}
