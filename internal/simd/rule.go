package simd

// A Rule is a step of STDP as numbers: what is added to a weight whose bit is
// set or not set, its bounds, and the scale that makes it a whole number.
type Rule struct {
	Up, Down     float32
	Lower, Upper float32
	Scale        float32 // a power of two
	Stable       uint32  // 1: what is added is multiplied by (w-Lower)(Upper-w)
}
