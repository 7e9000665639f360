package spike

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawMap draws a first-spike map of any number of steps and any density.
func drawMap(t *rapid.T) *Map {
	shape := Shape{
		Maps: rapid.IntRange(1, 70).Draw(t, "maps"),
		Rows: rapid.IntRange(1, 7).Draw(t, "rows"),
		Cols: rapid.IntRange(1, 7).Draw(t, "cols"),
	}
	m := NewMap(shape, rapid.IntRange(1, MaxSteps).Draw(t, "steps"))
	few := rapid.Uint64Range(0, 100).Draw(t, "percent of silent neurons")
	state := rapid.Uint64().Draw(t, "seed")
	for i := range m.At {
		state = state*6364136223846793005 + 1442695040888963407
		if state>>33%100 >= few {
			m.At[i] = Step(state >> 40 % uint64(m.Steps))
		}
	}
	return m
}

// dense is a spike wave, [step][map][row][column], computed from m one neuron
// at a time.
func dense(m *Map) [][][][]int {
	wave := make([][][][]int, m.Steps)
	for t := range wave {
		wave[t] = make([][][]int, m.Maps)
		for f := range wave[t] {
			wave[t][f] = make([][]int, m.Rows)
			for r := range wave[t][f] {
				wave[t][f][r] = make([]int, m.Cols)
				for c := range wave[t][f][r] {
					if s := m.Step(f, r, c); s != Silent && int(s) <= t {
						wave[t][f][r][c] = 1
					}
				}
			}
		}
	}
	return wave
}

func TestWave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		w, want := m.Wave(), dense(m)
		if len(w.Data) != m.Steps || w.Shape != m.Shape {
			t.Fatalf("wave of %d steps and shape %v; want %d and %v", len(w.Data), w.Shape, m.Steps, m.Shape)
		}
		for step := range want {
			i := 0
			for f := range m.Maps {
				for r := range m.Rows {
					for c := range m.Cols {
						if got := int(w.Data[step][i]); got != want[step][f][r][c] {
							t.Fatalf("step %d, map %d, row %d, column %d is %d", step, f, r, c, got)
						}
						i++
					}
				}
			}
		}
		back, err := w.Map()
		if err != nil || !back.Equal(m) || back.Steps != m.Steps {
			t.Fatalf("wave does not lead back: %v", err)
		}
	})
}

func TestWaveRefuses(t *testing.T) {
	shape := Shape{Maps: 2, Rows: 1, Cols: 1}
	for name, w := range map[string]Wave{
		"no steps":       {Shape: shape},
		"too many steps": {Shape: shape, Data: make([][]uint8, MaxSteps+1)},
		"ragged":         {Shape: shape, Data: [][]uint8{{0, 1}, {1}}},
	} {
		if m, err := w.Map(); err == nil {
			t.Errorf("%s: read as %v", name, m)
		}
	}
}

func TestMajor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		major := m.Major()
		for f := range m.Maps {
			for r := range m.Rows {
				for c := range m.Cols {
					if got, want := major[m.Shape.Major(f, r, c)], m.Step(f, r, c); got != want {
						t.Fatalf("neuron (%d,%d,%d) is %d in the field's order, %d in memory", f, r, c, got, want)
					}
					pos := r*m.Cols + c
					if n := m.Neuron(f, pos); n != (Neuron{f, r, c}) {
						t.Fatalf("Neuron(%d, %d) = %v", f, pos, n)
					}
				}
			}
		}
		back, err := FromMajor(m.Shape, m.Steps, major)
		if err != nil || !back.Equal(m) {
			t.Fatalf("FromMajor(Major) differs: %v", err)
		}
		// A trace that writes "never" as the number of steps.
		for i, s := range major {
			if s == Silent {
				major[i] = Step(m.Steps)
			}
		}
		back, err = FromMajor(m.Shape, m.Steps, major)
		if err != nil || !back.Equal(m) {
			t.Fatalf("FromMajor with %d for never differs: %v", m.Steps, err)
		}
	})
}

func TestFromMajorRefuses(t *testing.T) {
	shape := Shape{Maps: 2, Rows: 2, Cols: 2}
	for _, c := range []struct{ steps, values int }{{0, 8}, {MaxSteps + 1, 8}, {-1, 8}, {15, 7}, {15, 9}} {
		if _, err := FromMajor(shape, c.steps, make([]Step, c.values)); err == nil {
			t.Errorf("%d steps and %d values were accepted", c.steps, c.values)
		}
	}
}

func TestEvents(t *testing.T) {
	var e Events // one for all: nothing of an earlier map may remain
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		e.From(m)
		if e.Steps() != m.Steps || e.Shape != m.Shape || len(e.Index) != m.Spikes() {
			t.Fatalf("%d steps, shape %v, %d spikes; want %d, %v, %d", e.Steps(), e.Shape, len(e.Index), m.Steps, m.Shape, m.Spikes())
		}
		for s := range m.Steps {
			var want []int32
			for r := range m.Rows {
				for c := range m.Cols {
					for f := range m.Maps {
						if int(m.Step(f, r, c)) == s {
							want = append(want, int32((r*m.Cols+c)*m.Maps+f))
						}
					}
				}
			}
			if !slices.Equal(e.Step(s), want) {
				t.Fatalf("step %d: %v; want %v", s, e.Step(s), want)
			}
		}
		back := NewMap(Shape{Maps: 2, Rows: 2, Cols: 2}, 1)
		back.Resize(m.Shape)
		e.Map(back)
		if !back.Equal(m) || back.Steps != m.Steps {
			t.Fatal("events do not lead back to their map")
		}
		clone := e.Clone()
		back.Silence()
		e.From(back) // what e is used for next must not show
		clone.Map(back)
		if clone.Shape != m.Shape || clone.Steps() != m.Steps || !back.Equal(m) {
			t.Fatal("a clone of the events does not lead back to their map")
		}
	})
}

func TestBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		b := NewBits(m.Shape)
		for i := range b {
			b[i] = ^uint64(0) // From must clear what was there
		}
		b.From(m)
		var e Events
		e.From(m)
		c := slices.Repeat(Bits{^uint64(0)}, len(b))
		if c.FromEvents(&e); !slices.Equal(c, b) {
			t.Fatalf("bits %x from events; %x from the map", c, b)
		}
		if b.Count() != m.Spikes() {
			t.Fatalf("%d bits for %d spikes", b.Count(), m.Spikes())
		}
		w := Words(m.Maps)
		for pos := range m.Positions() {
			for f := range m.Maps {
				if got, want := b[pos*w+f/64]>>(f%64)&1 != 0, m.At[pos*m.Maps+f] != Silent; got != want {
					t.Fatalf("position %d, map %d: %v; want %v", pos, f, got, want)
				}
			}
		}
	})
}

func TestPad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		n := rapid.IntRange(0, 3).Draw(t, "n")
		p := m.Pad(n)
		if p.Shape != (Shape{m.Maps, m.Rows + 2*n, m.Cols + 2*n}) || p.Steps != m.Steps {
			t.Fatalf("shape %v, %d steps", p.Shape, p.Steps)
		}
		for f := range p.Maps {
			for r := range p.Rows {
				for c := range p.Cols {
					want := Silent
					if y, x := r-n, c-n; y >= 0 && y < m.Rows && x >= 0 && x < m.Cols {
						want = m.Step(f, y, x)
					}
					if got := p.Step(f, r, c); got != want {
						t.Fatalf("(%d,%d,%d) is %d; want %d", f, r, c, got, want)
					}
				}
			}
		}
		// Over something else's remains it must give the same.
		q := NewMap(p.Shape, 1)
		clear(q.At)
		m.PadInto(q, n)
		if !q.Equal(p) || q.Steps != m.Steps {
			t.Fatal("PadInto differs from Pad")
		}
	})
}

func TestSetAndEqual(t *testing.T) {
	a := NewMap(Shape{Maps: 3, Rows: 2, Cols: 2}, 10)
	b := NewMap(Shape{Maps: 3, Rows: 2, Cols: 2}, 10)
	a.Set(2, 1, 0, 7)
	if a.Step(2, 1, 0) != 7 || a.Spikes() != 1 {
		t.Errorf("step %d, %d spikes", a.Step(2, 1, 0), a.Spikes())
	}
	if a.Equal(b) || a.Equal(NewMap(Shape{Maps: 2, Rows: 3, Cols: 2}, 10)) {
		t.Error("different maps are equal")
	}
	b.Set(2, 1, 0, 7)
	if !a.Equal(b) {
		t.Error("equal maps differ")
	}
}
