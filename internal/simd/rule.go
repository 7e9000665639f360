package simd

import "math"

// A Rule is a step of STDP as numbers: what is added to a weight whose bit is
// set or not set, its bounds, and the scale that makes it a whole number.
type Rule struct {
	Up, Down     float32
	Lower, Upper float32
	Scale        float32 // a power of two
	Stable       uint32  // 1: what is added is multiplied by (w-Lower)(Upper-w)

	tiny uint32 // 1: subnormal weights can be taken for whole numbers
}

// count says whether a step takes subnormal weights for what they are, whole
// multiples of 2^-149, because many processors take a hundred times longer to
// multiply them as floats. Under multiplicative STDP that is where most
// weights end. The result is the same.
func (r *Rule) count() {
	r.tiny = 0
	small := func(a float32) bool { return a >= -1 && a <= 1 }
	if r.Stable != 0 && r.Lower == 0 && r.Upper > 1e-20 && r.Upper <= 1 && small(r.Up) && small(r.Down) {
		r.tiny = 1
	}
}

// step is the change of a subnormal weight of k multiples of 2^-149, in the
// same: each product is rounded to the nearest, half to even.
func (r *Rule) step(k uint32, a float32) uint32 {
	stable := math.RoundToEven(float64(k) * float64(r.Upper))
	return uint32(max(int32(k)+int32(math.RoundToEven(stable*float64(a))), 0))
}

// A Target is where the weights of an input go: a patch of the sums.
type Target struct {
	Acc, W      int32 // where it begins, and its weights
	Rows, Units int32 // its rows, 0 if it is none, and the units of Lanes in each
}

// An Arrival is an input that fires: where its weights begin, and its step, or
// -1 if the next one fires in the same step.
type Arrival struct{ W, Step int32 }
