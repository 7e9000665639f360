package train

import (
	"fmt"
	"math"
	"slices"

	"firstspike/snn"
	"firstspike/tensorfile"
)

// A Grid is the levels that all weights of a layer lie on: Base + i Step, for i from
// 0, numbered with so many bits. Every level is a float32.
type Grid struct {
	Base, Step float64
	Bits       int // 1, 2, 4 or 8
}

// level is the level of a number.
func (g Grid) level(i int) float32 { return float32(g.Base + float64(float64(i)*g.Step)) }

func (g Grid) check() error {
	switch {
	case !slices.Contains([]int{1, 2, 4, 8}, g.Bits):
		return fmt.Errorf("%d bits a weight; it can have 1, 2, 4 or 8", g.Bits)
	case math.IsNaN(g.Base-g.Base) || !(g.Step > 0) || math.IsInf(g.Step, 0):
		return fmt.Errorf("levels from %v with a step of %v; both must be finite, and the step above 0", g.Base, g.Step)
	}
	return nil
}

// The tensors of a packed layer in place of its weights: the numbers of the levels,
// those of each map beginning with a byte of its own, the lowest bits first; and
// base, step and bits.
func indexName(layer string) string { return tensorName(layer) + ".index" }
func gridName(layer string) string  { return tensorName(layer) + ".grid" }

// packedShape is that of the numbers of a layer's levels.
func packedShape(g snn.Geometry, bits int) []int { return []int{g.Maps, (g.Synapses()*bits + 7) / 8} }

// pack is the tensors of a layer whose weights lie on a grid.
func pack(l snn.Layer, g Grid) ([]tensorfile.Tensor, error) {
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.Name, err)
	}
	shape := packedShape(l.Geometry, g.Bits)
	packed := make([]uint8, shape[0]*shape[1])
	for m := range l.Maps {
		row := packed[m*shape[1]:][:shape[1]]
		for i, w := range l.Weight(m) {
			n := math.Round((float64(w) - g.Base) / g.Step)
			if !(n >= 0 && n < float64(int(1)<<g.Bits)) || g.level(int(n)) != w {
				return nil, fmt.Errorf("layer %s: weight %d of map %d is %v, which is none of the %d levels from %v with a step of %v", l.Name, i, m, w, 1<<g.Bits, g.Base, g.Step)
			}
			row[i*g.Bits/8] |= uint8(int(n) << (i * g.Bits % 8))
		}
	}
	index, err := tensorfile.From(indexName(l.Name), shape, packed)
	if err != nil {
		return nil, err
	}
	grid, err := tensorfile.From(gridName(l.Name), []int{3}, []float64{g.Base, g.Step, float64(g.Bits)})
	return []tensorfile.Tensor{index, grid}, err
}

// isPacked is the grid of a layer that a file holds packed; false: it does not.
func isPacked(f *tensorfile.File, layer string, g snn.Geometry) (grid Grid, ok bool, err error) {
	if _, ok := f.Lookup(indexName(layer)); !ok {
		return grid, false, nil
	}
	t, err := f.Tensor(gridName(layer))
	if err != nil {
		return grid, true, err
	}
	v, err := t.Float64s()
	if err == nil && len(v) != 3 {
		err = fmt.Errorf("%s has the shape %v; it must hold base, step and bits", t.Name, t.Shape)
	}
	if err != nil {
		return grid, true, err
	}
	grid.Base, grid.Step = v[0], v[1]
	if i := slices.Index([]float64{1, 2, 4, 8}, v[2]); i >= 0 {
		grid.Bits = 1 << i
	}
	if err := grid.check(); err != nil {
		return grid, true, fmt.Errorf("%s: %w", gridName(layer), err)
	}
	if t, err = f.Tensor(indexName(layer)); err != nil {
		return grid, true, err
	}
	if want := packedShape(g, grid.Bits); !slices.Equal(t.Shape, want) || t.DType != tensorfile.U8 {
		return grid, true, fmt.Errorf("%s has the shape %v of %s; %d bits a weight ask for %v of %s", t.Name, t.Shape, t.DType, grid.Bits, want, tensorfile.U8)
	}
	return grid, true, nil
}

// unpack gives a layer the weights that a file holds packed.
func unpack(l snn.Layer, f *tensorfile.File, g Grid) error {
	t, err := f.Tensor(indexName(l.Name))
	if err != nil {
		return err
	}
	row, mask := t.Shape[1], uint8(1<<g.Bits-1)
	var w []float32
	for m := range l.Maps {
		for i := range l.Synapses() {
			w = append(w, g.level(int(t.Data[m*row+i*g.Bits/8]>>(i*g.Bits%8)&mask)))
		}
	}
	if err := l.SetWeights(w); err != nil {
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	return nil
}
