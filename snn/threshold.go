package snn

import (
	"fmt"
	"math"
	"slices"
)

// SetThresholds gives every map a threshold of its own, each as in
// [Convolution.SetThreshold] but finite. If weights are below 0, thresholds
// may not be so far apart that potentials would leave 32 bits. A nil slice gives all maps the layer's
// Threshold again. A layer that fires at the last step has none.
//
// Neurons of a map with a higher threshold begin further down: what they have
// to rise is then the same for all, and one comparison serves all maps.
func (c *Convolution) SetThresholds(t []float64) error {
	if t == nil {
		c.counted.Store(nil)
		c.head, c.limit = nil, c.quantumLimit(c.Threshold)
		return nil
	}
	if c.AtEnd() {
		return fmt.Errorf("%d thresholds for a layer that fires at the last step", len(t))
	}
	if len(t) != c.Maps {
		return fmt.Errorf("%d thresholds for %d maps", len(t), c.Maps)
	}
	for m, v := range t {
		if !(v >= 0) || math.IsInf(v, 1) || v == 0 && c.Fires == AtLeast {
			return fmt.Errorf("threshold %v of map %d; it must be finite and 0 or more, and above 0 with %q", v, m, AtLeast)
		}
	}
	top := float64(c.Synapses()*c.additions()) * c.bound
	if highest := min(slices.Max(t), top); c.signed && math.Ldexp(highest-slices.Min(t)+top, c.bits) >= 1<<31 {
		return fmt.Errorf("thresholds of %v to %v are too far apart for weights below 0: potentials have 32 bits", slices.Min(t), slices.Max(t))
	}
	c.counted.Store(nil)
	c.head = grow(c.head, c.width)
	c.limit = math.MaxInt32
	for m, v := range t {
		c.head[m] = c.quantumLimit(v)
		c.limit = min(c.limit, c.head[m])
	}
	for m := range t {
		c.head[m] = c.limit - c.head[m]
	}
	return nil
}

// Thresholds are the thresholds of the maps, in units of weights and as exact
// as potentials are; nil if all are [Convolution.Threshold].
func (c *Convolution) Thresholds() []float64 {
	if c.head == nil {
		return nil
	}
	t := make([]float64, c.Maps)
	for m := range t {
		t[m] = c.ThresholdOf(m)
	}
	return t
}

// ThresholdOf is the threshold of a map.
func (c *Convolution) ThresholdOf(m int) float64 {
	if c.head == nil {
		return c.Threshold
	}
	t := c.Potential(c.limit - c.head[m])
	if c.Fires == AtLeast {
		t += c.Unit()
	}
	return t
}

// below is how far below 0 the potentials of a map begin.
func (c *Convolution) below(m int) int32 {
	if c.head == nil {
		return 0
	}
	return -c.head[m]
}

// A Homeostasis moves the thresholds of a layer's maps after every winner, so
// that all of them win about equally often and at about the time Target. With
// a winner at the time t in 0..1 and n maps
//
//	threshold += Rate (Target - t) + Rate           the winner's
//	threshold += Rate (Target - t) - Rate / (n-1)   all others
//	threshold  = max(threshold, Least)
//
// Goupy et al. (2024), after Falez et al. (2019). A time is a step divided by
// the number of steps. Under the zero Homeostasis thresholds stay.
type Homeostasis struct {
	Rate   float64 // in units of weights
	Target float64 // 0 to 1
	Least  float64 // no threshold is lower, in units of weights
}

// Move moves the thresholds, one a map, for a winner at a step of so many.
func (h Homeostasis) Move(thresholds []float64, winner int, step, steps int) {
	time := float64(step) / float64(steps)
	all := float64(h.Rate * (h.Target - time))
	others := all - h.Rate/float64(max(1, len(thresholds)-1))
	for m, t := range thresholds {
		by := others
		if m == winner {
			by = all + h.Rate
		}
		thresholds[m] = max(t+by, h.Least)
	}
}
