package spike

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// maxPool is max-pooling of a dense wave, as tensor libraries define it: the
// padding counts as never fired, windows that do not fit are dropped.
func maxPool(wave [][][][]int, window, stride, pad int) [][][][]int {
	out := make([][][][]int, len(wave))
	for t := range wave {
		out[t] = make([][][]int, len(wave[t]))
		for f, plane := range wave[t] {
			rows, cols := len(plane), len(plane[0])
			for r := 0; r*stride+window <= rows+2*pad; r++ {
				var line []int
				for c := 0; c*stride+window <= cols+2*pad; c++ {
					v := 0
					for y := range window {
						for x := range window {
							py, px := r*stride+y-pad, c*stride+x-pad
							if py >= 0 && py < rows && px >= 0 && px < cols {
								v = max(v, plane[py][px])
							}
						}
					}
					line = append(line, v)
				}
				out[t][f] = append(out[t][f], line)
			}
		}
	}
	return out
}

func TestPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		p := Pool{Window: rapid.IntRange(0, 5).Draw(t, "window")}
		if p.Window > 0 {
			p.Stride = rapid.IntRange(0, 4).Draw(t, "stride")
			p.Pad = rapid.IntRange(0, p.Window/2).Draw(t, "pad")
		}
		if p.Check(m.Shape) != nil {
			return // TestPoolCheck looks at these
		}
		out := NewMap(p.Shape(m.Shape), 1)
		clear(out.At)
		p.Apply(m, out)
		if out.Steps != m.Steps {
			t.Fatalf("%d steps; want %d", out.Steps, m.Steps)
		}
		window, stride := p.Window, p.Stride
		if window == 0 {
			window, stride = 1, 1
		}
		if stride == 0 {
			stride = window
		}
		want := maxPool(dense(m), window, stride, p.Pad)
		got := dense(out)
		for s := range want {
			for f := range want[s] {
				if !slices.EqualFunc(got[s][f], want[s][f], slices.Equal) {
					t.Fatalf("step %d, map %d:\n%v; want\n%v", s, f, got[s][f], want[s][f])
				}
			}
		}

		// Fired is the same without time.
		in, fired, all := NewBits(m.Shape), NewBits(out.Shape), NewBits(out.Shape)
		in.From(m)
		for i := range fired {
			fired[i] = ^uint64(0)
		}
		p.Fired(m.Shape, in, fired)
		all.From(out)
		if !slices.Equal(fired, all) {
			t.Fatal("Fired differs from the bits of Apply")
		}
	})
}

func TestPoolCheck(t *testing.T) {
	in := Shape{Maps: 2, Rows: 4, Cols: 6}
	for _, c := range []struct {
		pool Pool
		want string // part of the fault, "" for none
	}{
		{Pool{}, ""},
		{Pool{Window: 4}, ""},
		{Pool{Window: 6, Pad: 1}, ""},
		{Pool{Window: 2, Stride: 9}, ""},
		{Pool{Window: -1}, "must not be negative"},
		{Pool{Window: 2, Stride: -1}, "must not be negative"},
		{Pool{Window: 2, Pad: -1}, "must not be negative"},
		{Pool{Stride: 2}, "no window"},
		{Pool{Pad: 1}, "no window"},
		{Pool{Window: 3, Pad: 2}, "exceeds half its window"},
		{Pool{Window: 5}, "window 5 exceeds its input of 4x6"},
	} {
		err := c.pool.Check(in)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v; want %q", c.pool, err, c.want)
		}
	}
	if got := (Pool{Window: 3}).Shape(Shape{Maps: 250, Rows: 14, Cols: 14}); got != (Shape{250, 4, 4}) {
		t.Errorf("3/3 pooling of 14x14 gives %v; the last two rows and columns are to be dropped", got)
	}
}
