package snn

import (
	"fmt"

	"firstspike/spike"
)

// VDSP is voltage-dependent synaptic plasticity, which changes the weights of a
// winner's map by the membrane potentials of its inputs at that moment. An input
// neuron that has fired is below rest; any other charges evenly, from 0 towards
// its threshold of 1, which it reaches when it fires. With the step t of the
// winner and t_in of the input:
//
//	v  = (t+1) / (t_in+1)                       of an input that fires later
//	v  = 0                                      of one that never does
//	dw = APlus (w-Lower)(Upper-w)               if the input fired at or before the winner
//	dw = (AMinus + Voltage APlus v) (w-Lower)(Upper-w)   else
//	w  = min(max(w+dw, Lower), Upper)
//
// So the nearer an input is to its spike, the less its synapse shrinks. Garg et
// al. (2022); Goupy et al. (2023), as published, where AMinus is -2 APlus and
// Voltage is 1/10. With a Voltage of 0 it is [STDP] with the stabiliser. Lower
// and Upper must lie within the layer's [Convolution.Bound].
type VDSP struct {
	Rates
	Voltage      float32
	Lower, Upper float32
}

// Check reports what makes the rule unusable, or nil.
func (r *VDSP) Check() error {
	if bad(r.APlus) || bad(r.AMinus) || bad(r.Voltage) {
		return fmt.Errorf("rates %v and %v and voltage %v must be finite", r.APlus, r.AMinus, r.Voltage)
	}
	if bad(r.Lower) || bad(r.Upper) || r.Lower >= r.Upper {
		return fmt.Errorf("bounds %v..%v: the lower must be below the upper", r.Lower, r.Upper)
	}
	return nil
}

// Change applies the rule to the weights w of one map, whose winner fired at the
// given step; in[i] is the step of the input of synapse i. If the winner is
// silent, no input is later.
func (r *VDSP) Change(w []float32, in []spike.Step, winner spike.Step) {
	for i, t := range in {
		a := r.APlus
		if t > winner {
			a = r.AMinus
			if t != spike.Silent {
				v := float32(int(winner)+1) / float32(int(t)+1)
				a += float32(float32(r.Voltage*r.APlus) * v)
			}
		}
		v := w[i]
		v += float32(a * float32(float32(v-r.Lower)*float32(r.Upper-v)))
		w[i] = min(max(v, r.Lower), r.Upper)
	}
}

// Learn is [STDP.Learn] under this rule. Of winners of one map each learns, one
// after the other.
func (r *VDSP) Learn(c *Convolution, in *spike.Map, winners []spike.Spike, s *Scratch) {
	for _, w := range winners {
		s.times = c.Times(in, w.Neuron, s.times)
		r.Change(c.Weight(w.Map), s.times, w.Step)
		c.quantise(w.Map)
		c.placeMap(w.Map)
	}
	c.Clamp(r.Lower, r.Upper)
}

// Times is when the inputs of a neuron fire, in the order of its synapses: input
// map, row, column. The input is unpadded; what lies outside it never fires. The
// answer is written over times if that has room.
func (c *Convolution) Times(in *spike.Map, n spike.Neuron, times []spike.Step) []spike.Step {
	times = grow(times, c.Synapses())
	taps := c.Kernel.Rows * c.Kernel.Cols
	y0, x0 := n.Row*c.stride()-c.Pad, n.Col*c.stride()-c.Pad
	for tap := range taps {
		y, x := y0+tap/c.Kernel.Cols, x0+tap%c.Kernel.Cols
		inside := y >= 0 && y < c.In.Rows && x >= 0 && x < c.In.Cols
		for m := range c.In.Maps {
			t := spike.Silent
			if inside {
				t = in.At[(y*c.In.Cols+x)*c.In.Maps+m]
			}
			times[m*taps+tap] = t
		}
	}
	return times
}
