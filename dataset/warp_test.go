package dataset_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/dataset"
	"firstspike/event"
)

func TestWarp(t *testing.T) {
	const rows, cols = 9, 12
	rng := rand.New(rand.NewPCG(1, 2))
	src, dst := make([]byte, rows*cols), make([]byte, rows*cols)
	for i := range src {
		src[i] = byte(rng.IntN(256))
	}
	dataset.Warp{}.Apply(dst, src, rows, cols)
	if !bytes.Equal(dst, src) {
		t.Error("the zero warp changes an image")
	}
	dataset.Warp{Down: 2, Right: -1}.Apply(dst, src, rows, cols)
	for r := range rows {
		for c := range cols {
			want := byte(0)
			if r >= 2 && c+1 < cols {
				want = src[(r-2)*cols+c+1]
			}
			if dst[r*cols+c] != want {
				t.Fatalf("moved: %d at %d,%d; want %d", dst[r*cols+c], r, c, want)
			}
		}
	}
	dataset.Warp{Right: 1, Mirror: true}.Apply(dst, src, rows, cols)
	if row := dst[:cols]; row[cols-1] != 0 || row[0] != src[cols-2] || row[cols-2] != src[0] {
		t.Errorf("moved and mirrored: %v of %v", row, src[:cols])
	}
	for range 200 {
		w := dataset.Warp{Down: 4*rng.Float64() - 2, Right: 4*rng.Float64() - 2, Turn: 90*rng.Float64() - 45, Grow: rng.Float64() - 0.5, Slant: rng.Float64() - 0.5}
		w.Apply(dst, src, rows, cols)
		sin, cos := math.Sincos(w.Turn * math.Pi / 180)
		at := func(r, c int) float64 {
			if r < 0 || r >= rows || c < 0 || c >= cols {
				return 0
			}
			return float64(src[r*cols+c])
		}
		for r := range rows {
			for c := range cols {
				y, x := float64(r)-4-w.Down, float64(c)-5.5-w.Right
				x += y * w.Slant
				fx, fy := (cos*x-sin*y)/(1+w.Grow)+5.5, (sin*x+cos*y)/(1+w.Grow)+4
				left, top := math.Floor(fx), math.Floor(fy)
				px, py := fx-left, fy-top
				l, u := int(left), int(top)
				want := (1-py)*((1-px)*at(u, l)+px*at(u, l+1)) + py*((1-px)*at(u+1, l)+px*at(u+1, l+1))
				if math.Abs(float64(dst[r*cols+c])-want) > 0.75 {
					t.Fatalf("%+v: %d at %d,%d; want %v", w, dst[r*cols+c], r, c, want)
				}
			}
		}
	}
}

// A turn is counterclockwise, a slant to the right goes up.
func TestWarpDirections(t *testing.T) {
	src, dst := make([]byte, 81), make([]byte, 81)
	src[4*9+7] = 255 // to the right of the middle
	dataset.Warp{Turn: 45}.Apply(dst, src, 9, 9)
	if dst[2*9+6] < 100 {
		t.Errorf("after a turn %d are up to the right", dst[2*9+6])
	}
	clear(src)
	src[1*9+4] = 255 // above the middle
	dataset.Warp{Slant: 1}.Apply(dst, src, 9, 9)
	if dst[1*9+7] != 255 {
		t.Errorf("after a slant %v", dst[9:18])
	}
}

// Events go where pixels go: a picture of many events a pixel, moved, is the
// moved picture.
func TestWarpEvents(t *testing.T) {
	const rows, cols, many = 9, 12, 64
	rng := rand.New(rand.NewPCG(1, 2))
	src, dst := make([]byte, rows*cols), make([]byte, rows*cols)
	var events []event.Event
	for range 255 * many {
		x, y := 3+rng.IntN(6), 2+rng.IntN(5)
		if at := y*cols + x; src[at] < 255 {
			src[at]++
			for range many {
				events = append(events, event.Event{X: uint8(x), Y: uint8(y)})
			}
		}
	}
	rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	for i := range events {
		events[i].Time, events[i].On = uint32(i), i%3 == 0
	}
	if got := (dataset.Warp{}).Events(slices.Clone(events), rows, cols); !slices.Equal(got, events) {
		t.Error("the zero warp changes a recording")
	}
	for _, w := range []dataset.Warp{
		{Down: 2, Right: -1}, {Down: -6, Right: 5}, {Down: 0.25, Right: 0.5}, {Turn: 30}, {Turn: -10, Grow: 0.1}, {Grow: -0.2}, {Slant: 0.4},
		{Down: -1.3, Right: 0.4, Turn: 12, Grow: 0.1, Slant: -0.15}, {Down: 1, Right: 0.5, Turn: 12, Mirror: true},
	} {
		w.Apply(dst, src, rows, cols)
		moved := w.Events(slices.Clone(events), rows, cols)
		got := make([]float64, rows*cols)
		last := -1
		for _, e := range moved {
			got[int(e.Y)*cols+int(e.X)] += 1.0 / many
			if int(e.Time) <= last || e.On != (e.Time%3 == 0) {
				t.Fatalf("%+v: an event became %+v after one at %d", w, e, last)
			}
			last = int(e.Time)
		}
		// A picture that grows keeps its greys, and a recording its events.
		scale := (1 + w.Grow) * (1 + w.Grow)
		apart, all := 0.0, 0.0
		for i, v := range dst {
			apart, all = apart+math.Abs(scale*got[i]-float64(v)), all+float64(v)
		}
		if apart > 0.06*all {
			t.Errorf("%+v: of %v events a pixel, %v lie elsewhere", w, all, apart)
		}
	}
}
