package train_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// Operations are those of a loop over all synapses of all neurons.
func TestOperations(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, g := range []snn.Geometry{
		{In: spike.Shape{Maps: 1, Rows: 3, Cols: 3}, Maps: 1, Kernel: snn.Size{Rows: 3, Cols: 3}},
		{In: spike.Shape{Maps: 6, Rows: 9, Cols: 7}, Maps: 5, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2},
		{In: spike.Shape{Maps: 2, Rows: 8, Cols: 11}, Maps: 3, Kernel: snn.Size{Rows: 2, Cols: 4}, Stride: 3, Pad: 1},
		{In: spike.Shape{Maps: 70, Rows: 4, Cols: 4}, Maps: 20, Kernel: snn.Size{Rows: 5, Cols: 1}, Stride: 2, Pad: 3},
		{In: spike.Shape{Maps: 70, Rows: 3, Cols: 4}, Maps: 2, Kernel: snn.Size{Rows: 3, Cols: 2}, Stride: 1, Pad: 1, Most: 4},
	} {
		in := spike.NewMap(g.In, 15)
		for i := range in.At {
			if rng.IntN(3) == 0 {
				in.At[i] = spike.Step(rng.IntN(15))
			}
		}
		// With inputs that fire several times each spike counts.
		var e spike.Events
		e.From(in)
		times := make([]int, len(in.At))
		for i, s := range in.At {
			if s == spike.Silent {
				continue
			}
			times[i] = 1 + rng.IntN(max(1, g.Most))
			for range times[i] - 1 {
				e.Index = append(e.Index, int32(i))
			}
		}
		fired := spike.NewRepeats(g.In, g.Most)
		fired.FromEvents(&e)
		want, stride, out := 0, max(g.Stride, 1), g.Out()
		for range g.Maps {
			for y := range out.Rows {
				for x := range out.Cols {
					for m := range g.In.Maps {
						for k := range g.Kernel.Rows {
							for j := range g.Kernel.Cols {
								row, col := y*stride-g.Pad+k, x*stride-g.Pad+j
								inside := row >= 0 && row < g.In.Rows && col >= 0 && col < g.In.Cols
								if inside {
									want += times[g.In.Index(m, row, col)]
								}
							}
						}
					}
				}
			}
		}
		if got := train.Operations(g, fired); got != want || want == 0 {
			t.Errorf("%s: %d operations, want %d", fmt.Sprintf("%+v", g), got, want)
		}
	}
}
