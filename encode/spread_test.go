package encode

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// Ranks that are spread, by a stable sort and a formula, and which of them fire
// at all.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		steps := rapid.IntRange(2, 40).Draw(t, "steps")
		var r ranking
		r.spreads = true
		r.collect(p)
		dst := spike.NewMap(spike.Shape{Maps: p.Channels, Rows: p.Rows, Cols: p.Cols}, steps)
		r.latency(dst)

		var index []int
		want := make([]spike.Step, len(p.At))
		for i, v := range p.At {
			if want[i] = spike.Silent; v > 0 {
				index = append(index, i)
			}
		}
		sort.SliceStable(index, func(a, b int) bool { return p.At[index[a]] > p.At[index[b]] })
		for rank, i := range index {
			step := 0
			for step*len(index) < rank*(steps-1) {
				step++
			}
			want[i] = spike.Step(step)
		}
		if got := dst.Major(); !slices.Equal(got, want) {
			t.Fatalf("%d intensities in %d steps:\n%v; want\n%v", len(index), steps, got, want)
		}
	})
}

func TestSpreadFired(t *testing.T) {
	const rows, cols = 9, 8
	e, err := New(Config{Steps: 15, Filters: []Filter{{Kind: "pixel", Size: 1}}, Threshold: 1, Latency: LatencySpread}, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	fired := spike.NewBits(e.Shape())
	for lit := range rows * cols {
		image := make([]byte, rows*cols)
		for _, i := range rng.Perm(rows * cols)[:lit] {
			image[i] = byte(1 + rng.IntN(255))
		}
		e.Fired(image, fired)
		if n := fired.Count(); n != lit {
			t.Fatalf("%d of %d pixels fire", n, lit)
		}
		var m spike.Map
		e.Encode(image, &m)
		if n := len(m.At) - count(m.At, spike.Silent); n != lit {
			t.Fatalf("%d of %d pixels fire at some step", n, lit)
		}
		if n := count(m.At, 0); n != min(lit, 1) {
			t.Fatalf("%d pixels fire at step 0", n)
		}
	}
	c := Config{Steps: 1, Filters: []Filter{{Kind: "pixel", Size: 1}}, Latency: LatencySpread}
	if f := c.Faults(rows, cols); len(f) != 1 || f[0].Path != "latency" {
		t.Errorf("one step: %v", f)
	}
}

func count(at []spike.Step, step spike.Step) (n int) {
	for _, s := range at {
		if s == step {
			n++
		}
	}
	return n
}
