package simd

import "math"

// A Lesson is what up to [Lanes] neurons learn from one image, each a lane of
// its own: when each has fired, and what is added to its weights.
type Lesson struct {
	Up, Down     [Lanes]float32 // for inputs that fired at or before Until, and for all others
	Until        [Lanes]int32
	Steep        [Lanes]float32 // what the former get in addition for every step that they were earlier
	Sum          [Lanes]float32 // of the weights, as Teach leaves them
	Factor       [Lanes]float32 // by which Rescale multiplies weights
	Lower, Upper float32        // bounds of weights
	Scale        float32        // a power of two: what makes a weight a whole number
}

// Teach changes the weights of [Lanes] neurons. w begins with those of the
// first input; those of the next lie step numbers further on. times has the
// time of every input.
//
//	a      = Up + Steep (Until - time) if time <= Until, else Down
//	v      = min(max(w + a, Lower), Upper)
//	Sum    = the sum of v, input after input
func Teach(w []float32, step int, times []int32, l *Lesson) {
	_ = w[(len(times)-1)*step+Lanes-1]
	active.teach(w, step, times, l)
}

// Rescale multiplies weights that lie as those of [Teach] by Factor, holds them
// within the bounds, and rounds them to whole numbers q, half to even.
func Rescale(w []float32, q []int32, step, rows int, l *Lesson) {
	_, _ = w[(rows-1)*step+Lanes-1], q[(rows-1)*step+Lanes-1]
	active.rescale(w, q, step, rows, l)
}

func teach(w []float32, step int, times []int32, l *Lesson) {
	clear(l.Sum[:])
	for lane := range Lanes {
		sum := float32(0)
		at := lane
		for _, t := range times {
			a := l.Down[lane]
			if early := l.Until[lane] - t; early >= 0 {
				a = l.Up[lane] + float32(l.Steep[lane]*float32(early))
			}
			v := min(max(w[at]+a, l.Lower), l.Upper)
			w[at] = v
			sum += v
			at += step
		}
		l.Sum[lane] = sum
	}
}

func rescale(w []float32, q []int32, step, rows int, l *Lesson) {
	for i := range rows {
		row, whole := w[i*step:][:Lanes], q[i*step:][:Lanes]
		for lane := range row {
			v := min(max(float32(row[lane]*l.Factor[lane]), l.Lower), l.Upper)
			row[lane] = v
			whole[lane] = int32(math.RoundToEven(float64(float32(v * l.Scale))))
		}
	}
}
