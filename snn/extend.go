package snn

import (
	"fmt"
	"math"

	"firstspike/spike"
)

// Change lets a rule that this package does not have change the weights of one
// feature map, in the order input map, row, column, and brings up to date what
// the layer derives from them. [Convolution.Contest] says who wins,
// [Convolution.Times] and [Convolution.Ordering] say what a winner saw, and
// change is the rule:
//
//	for _, winner := range c.Contest(&events, selection, &s, nil) {
//		times = c.Times(in, winner.Neuron, times)
//		err := c.Change(winner.Map, &s, func(w []float32) {
//			for i, t := range times {
//				… // w[i], by t and winner.Step
//			}
//		})
//	}
//
// The slice is in s: it is change's own until that returns, and s is not to be
// used for anything else meanwhile. If it then holds a weight that is not a number, or beyond the layer's
// [Convolution.Bound], Change names it and leaves the map as it was. Same bits on
// every machine are up to change: float32(x*y) + z is never fused, and the
// functions of package math may differ in the last bit.
//
// Nobody else may use the layer meanwhile, nor may a [Block] or [Supervisor]
// hold its weights.
func (c *Convolution) Change(m int, s *Scratch, change func(w []float32)) error {
	if m < 0 || m >= c.Maps {
		return fmt.Errorf("map %d; the layer has maps 0 to %d", m, c.Maps-1)
	}
	s.weights = append(s.weights[:0], c.Weight(m)...)
	change(s.weights)
	if err := c.within(s.weights, m); err != nil {
		return err
	}
	copy(c.Weight(m), s.weights)
	c.held = bounds{} // a rule of this package holds all weights within its bounds anew
	c.quantise(m)
	c.placeMap(m)
	return nil
}

// within names the first weight that no layer like this can have; the weights
// are those of maps from m on.
func (c *Convolution) within(weights []float32, m int) error {
	for i, v := range weights {
		if !(math.Abs(float64(v)) <= c.bound) {
			m, s := m+i/c.Synapses(), i%c.Synapses()
			k := c.Kernel.Rows * c.Kernel.Cols
			return fmt.Errorf("weight of map %d, input %d, row %d, column %d is %v; it must lie within ±%v",
				m, s/k, s%k/c.Kernel.Cols, s%c.Kernel.Cols, v, c.bound)
		}
	}
	return nil
}

// Learn lets the map of the neuron that decided an image learn from how its
// decision turned out, and counts that for [RSTDP.Adaptation]. It is the plain
// loop's step: a [Block] gives the same weights for much less work, and is what
// to use when images come by the thousand. Of a silent outcome the winner plays
// no part. Rivals, for which there is [RSTDP.Margin], have no plain step.
func (r *RSTDP) Learn(c *Convolution, in *spike.Map, winner spike.Spike, o Outcome, s *Scratch) {
	if rule, rates, ok := r.Rule(o, winner.Map); ok {
		now := *rule
		now.Rates = []Rates{rates}
		now.Learn(c, in, []spike.Spike{winner}, s)
	}
	r.Count(o)
}
