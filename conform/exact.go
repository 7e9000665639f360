package conform

import (
	"math"
	"math/bits"

	"firstspike/snn"
	"firstspike/spike"
)

// A course is how the potential of one neuron rises, and when the neuron can
// fire if every potential may be off by a tie.
type course struct {
	p         []float64 // after every step
	threshold float64
	band      float64 // 0 if the potentials cannot be off
	first     int     // the first step at which it can fire; len(p): it certainly stays silent
	last      int     // the step by which it has certainly fired; len(p): it may stay silent
}

// follow computes the course of a neuron of a layer whose map has the given
// weights.
func (k *course) follow(c *snn.Convolution, weights []float32, in *spike.Map, n spike.Neuron) {
	k.p = append(k.p[:0], make([]float64, in.Steps)...)
	eachInput(c.Geometry, in, n, func(t spike.Step, synapse int) { k.p[t] += float64(weights[synapse]) })
	for t := 1; t < len(k.p); t++ {
		k.p[t] += k.p[t-1]
	}
	k.threshold, k.band = c.Threshold, band(c.Threshold)
	k.bound(false)
	if k.first == k.last || !exact(c.Geometry, weights, in, n) {
		return
	}
	k.band = 0
	for t, v := range k.p {
		k.p[t] = float64(float32(v))
	}
	k.bound(c.Fires == snn.AtLeast)
}

// bound finds the first and the last step.
func (k *course) bound(atLeast bool) {
	k.first, k.last = len(k.p), len(k.p)
	for t, v := range k.p {
		if k.first == len(k.p) && (v > k.threshold-k.band || atLeast && v == k.threshold) {
			k.first = t
		}
		if v > k.threshold+k.band || atLeast && v == k.threshold {
			k.last = t
			return
		}
	}
}

// allows reports whether the neuron can fire at t, or stay silent if t is
// beyond the last step.
func (k *course) allows(t int) bool {
	switch {
	case t >= len(k.p):
		return k.last == len(k.p)
	case t == k.first || t == k.last:
		return true
	}
	// This may be a step without a new input: a matrix product sums the same
	// numbers differently in different rows.
	return t > k.first && t < k.last && k.p[t] > k.threshold-k.band
}

// final is the potential after the last step.
func (k *course) final() float64 { return k.p[len(k.p)-1] }

// eachInput calls f for every input of a neuron that fires.
func eachInput(g snn.Geometry, in *spike.Map, n spike.Neuron, f func(t spike.Step, synapse int)) {
	stride, kr, kc := max(g.Stride, 1), g.Kernel.Rows, g.Kernel.Cols
	y0, x0 := n.Row*stride-g.Pad, n.Col*stride-g.Pad
	for k := max(0, -y0); k < min(kr, g.In.Rows-y0); k++ {
		for j := max(0, -x0); j < min(kc, g.In.Cols-x0); j++ {
			for m, t := range in.At[in.Index(0, y0+k, x0+j):][:g.In.Maps] {
				if t != spike.Silent {
					f(t, (m*kr+k)*kc+j)
				}
			}
		}
	}
}

// exact reports whether float32 gives the same potential in whatever order it
// sums the weights: all of them are multiples of a unit of which the sum holds
// no more than 2^24, or so small that next to the others they vanish.
func exact(g snn.Geometry, weights []float32, in *spike.Map, n spike.Neuron) bool {
	const vanishing, smallest = 0x1p-50, 0x1p-16
	sum, unit, least := 0.0, math.Inf(1), math.Inf(1)
	eachInput(g, in, n, func(_ spike.Step, synapse int) {
		v := math.Abs(float64(weights[synapse]))
		if v < vanishing {
			return
		}
		_, e := math.Frexp(v)
		sum += v
		least = min(least, v)
		unit = min(unit, math.Ldexp(1, e-53+bits.TrailingZeros64(math.Float64bits(v)|1<<52)))
	})
	return least >= smallest && sum <= 0x1p24*unit
}
