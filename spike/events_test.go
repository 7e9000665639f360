package spike

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Of the neurons at a position the one stays whose first spike comes first, of
// several that of the lowest map, with all its spikes.
func TestForemost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMap(Shape{Maps: rapid.IntRange(1, 4).Draw(t, "maps"), Rows: 4, Cols: 2}, 5)
		for i := range m.At {
			m.At[i] = rapid.SampledFrom([]Step{0, 1, 4, Silent, Silent}).Draw(t, "step")
		}
		var e, got Events
		e.From(m)
		if rapid.Bool().Draw(t, "repeats") {
			Pool{Window: 2, Stride: 1, Repeats: true}.Repeated(m, &e)
		}
		e.Foremost(&got)
		if got.Shape != e.Shape || got.Steps() != e.Steps() {
			t.Fatalf("%v of %d steps; want %v of %d", got.Shape, got.Steps(), e.Shape, e.Steps())
		}
		first := NewMap(e.Shape, e.Steps())
		e.Map(first)
		stays := map[int32]bool{}
		for pos := range e.Positions() {
			row := first.At[pos*e.Maps:][:e.Maps]
			if least := slices.Min(row); least != Silent {
				stays[int32(pos*e.Maps+slices.Index(row, least))] = true
			}
		}
		for s := range e.Steps() {
			var want []int32
			for _, i := range e.Step(s) {
				if stays[i] {
					want = append(want, i)
				}
			}
			if !slices.Equal(got.Step(s), want) {
				t.Fatalf("step %d: %v; want %v", s, got.Step(s), want)
			}
		}
	})
}
