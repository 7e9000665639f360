package simd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func drawLesson(rng *rand.Rand) Lesson {
	l := Lesson{Lower: 0, Upper: 1, Scale: 1 << 18}
	if rng.IntN(2) == 0 {
		l.Lower, l.Upper = -0.5, 0.75
	}
	for i := range l.Up {
		if rng.IntN(3) > 0 {
			l.Up[i], l.Down[i] = rng.Float32()-0.5, rng.Float32()-0.5
			l.Steep[i] = float32(rng.IntN(2)) * (rng.Float32() - 0.5) / 100
		}
		l.Until[i], l.Factor[i] = int32(rng.IntN(256)), 1.5*rng.Float32()
	}
	return l
}

// What the kernels do to one unit of a matrix, against the loop, and nothing to
// the others.
func TestTeach(t *testing.T) {
	for _, impl := range available() {
		rng := rand.New(rand.NewPCG(3, 4))
		for rows := 1; rows < 300; rows += 1 + rows/3 {
			for units := 1; units < 5; units++ {
				step := units * Lanes
				w, q, times := make([]float32, rows*step), make([]int32, rows*step), make([]int32, rows)
				for i := range w {
					w[i], q[i] = 1.5*rng.Float32()-0.4, -7
				}
				for i := range times {
					times[i] = int32(rng.IntN(256))
				}
				l := drawLesson(rng)
				other, wantW, wantQ := l, slices.Clone(w), slices.Clone(q)
				at := rng.IntN(units) * Lanes
				impl.teach(w[at:], step, times, &l)
				teach(wantW[at:], step, times, &other)
				if !slices.Equal(w, wantW) || l != other {
					t.Fatalf("%s: %d rows of %d units: taught otherwise", impl.name, rows, units)
				}
				impl.rescale(w[at:], q[at:], step, rows, &l)
				rescale(wantW[at:], wantQ[at:], step, rows, &other)
				if !slices.Equal(w, wantW) || !slices.Equal(q, wantQ) || l != other {
					t.Fatalf("%s: %d rows of %d units: rescaled otherwise", impl.name, rows, units)
				}
			}
		}
	}
}

// The loop, said once more, weight by weight.
func TestTeachByHand(t *testing.T) {
	l := Lesson{Lower: 0, Upper: 1, Scale: 4}
	for i := range l.Up {
		l.Up[i], l.Down[i], l.Until[i], l.Factor[i] = 0.5, -0.25, int32(i), 0.5
	}
	l.Steep[4] = -0.0625
	w, q := slices.Repeat([]float32{0.375}, 3*Lanes), make([]int32, 3*Lanes)
	Teach(w, Lanes, []int32{0, 2, 255}, &l)
	for lane, want := range [][3]float32{{0.875, 0.125, 0.125}, {0.875, 0.125, 0.125}, {0.875, 0.875, 0.125}, {0.875, 0.875, 0.125}, {0.625, 0.75, 0.125}} {
		if got := [3]float32{w[lane], w[Lanes+lane], w[2*Lanes+lane]}; got != want || l.Sum[lane] != want[0]+want[1]+want[2] {
			t.Errorf("lane %d: %v with the sum %v; want %v", lane, got, l.Sum[lane], want)
		}
	}
	Rescale(w, q, Lanes, 3, &l)
	if w[2] != 0.4375 || q[2] != 2 || q[Lanes] != 0 || q[2*Lanes] != 0 {
		t.Errorf("rescaled to %v, as whole numbers %v", w[2], q)
	}
}

func BenchmarkTeach(b *testing.B) {
	for _, impl := range available() {
		b.Run("impl="+impl.name, func(b *testing.B) {
			const rows, units = 4608, 4
			rng := rand.New(rand.NewPCG(5, 6))
			w, q, times := make([]float32, rows*units*Lanes), make([]int32, rows*units*Lanes), make([]int32, rows)
			for i := range times {
				times[i] = int32(rng.IntN(256))
			}
			l := drawLesson(rng)
			for b.Loop() {
				for u := range units {
					impl.teach(w[u*Lanes:], units*Lanes, times, &l)
					impl.rescale(w[u*Lanes:], q[u*Lanes:], units*Lanes, rows, &l)
				}
			}
		})
	}
}
