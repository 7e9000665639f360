package event_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"firstspike/event"
)

// The filters, said once more as plainly as can be.
func TestFilters(t *testing.T) {
	var f event.Filter
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "cols")
		events := drawEvents(t, rows, cols)
		period := rapid.IntRange(0, 200).Draw(t, "period")
		split := rapid.Bool().Draw(t, "split")

		var rested, connected []event.Event
		for i, e := range events {
			before := -int64(period)
			for _, o := range events[:i] {
				if o.X == e.X && o.Y == e.Y && (!split || o.On == e.On) {
					before = int64(o.Time)
				}
			}
			if int64(e.Time)-before > int64(period) {
				rested = append(rested, e)
			}
			near := false
			for d := range 4 {
				x, y := int(e.X)+[]int{1, -1, 0, 0}[d], int(e.Y)+[]int{0, 0, 1, -1}[d]
				if x < 0 || y < 0 || x >= cols || y >= rows {
					continue
				}
				last := int64(0)
				for _, o := range events[:i] {
					if int(o.X) == x && int(o.Y) == y {
						last = int64(o.Time)
					}
				}
				near = near || last+int64(period) > int64(e.Time)
			}
			if near {
				connected = append(connected, e)
			}
		}
		if got := f.WithoutRefractory(slices.Clone(events), rows, cols, period, split); !slices.Equal(got, rested) {
			t.Fatalf("%d µs leave %v; want %v", period, got, rested)
		}
		if got := f.WithoutNoise(slices.Clone(events), rows, cols, period); !slices.Equal(got, connected) {
			t.Fatalf("%d µs leave %v; want %v", period, got, connected)
		}
	})
}

func TestCrop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, 9, 9)
		top, left := rapid.IntRange(-3, 9).Draw(t, "top"), rapid.IntRange(-3, 9).Draw(t, "left")
		rows, cols := rapid.IntRange(1, 9).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "cols")
		var want []event.Event
		for _, e := range events {
			x, y := int(e.X)-left, int(e.Y)-top
			if x >= 0 && x < cols && y >= 0 && y < rows {
				want = append(want, event.Event{Time: e.Time, X: uint8(x), Y: uint8(y), On: e.On})
			}
		}
		if got := event.Crop(events, top, left, rows, cols); !slices.Equal(got, want) {
			t.Fatalf("%v; want %v", got, want)
		}
	})
}

func TestPath(t *testing.T) {
	p := event.Path{{Time: 100, X: 256, Y: -512}, {Time: 200, X: 0, Y: 512}}
	for _, c := range []struct{ t, x, y int }{{0, 256, -512}, {100, 256, -512}, {150, 128, 0}, {200, 0, 512}, {999, 0, 512}} {
		if x, y := p.At(c.t); x != c.x || y != c.y {
			t.Errorf("at %d: %d, %d; want %d, %d", c.t, x, y, c.x, c.y)
		}
	}
	if x, y := (event.Path)(nil).At(5); x != 0 || y != 0 {
		t.Errorf("no path leads to %d, %d", x, y)
	}
	// What went along the path comes to lie where it began without it.
	events := []event.Event{{Time: 0, X: 5, Y: 3}, {Time: 150, X: 4, Y: 5}, {Time: 300, X: 4, Y: 7}, {Time: 300, X: 0, Y: 0}}
	got := event.Compensate(events, p, 9, 9)
	want := []event.Event{{Time: 0, X: 4, Y: 5}, {Time: 150, X: 3, Y: 5}, {Time: 300, X: 4, Y: 5}}
	if !slices.Equal(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
}
