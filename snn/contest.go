package snn

import (
	"math/bits"

	"firstspike/spike"
)

// Contest appends to list the winners for one image, the best first, and
// returns it. It gives what Respond, FeatureInhibition, PointwiseInhibition
// and Winners give one after another, but stops as soon as the winners stand:
// earlier spikes always win, so what happens afterwards cannot matter.
func (c *Convolution) Contest(in *spike.Events, sel Selection, s *Scratch, list []spike.Spike) []spike.Spike {
	s.reset(c)
	from := len(list)
	for t := range in.Steps() {
		c.integrate(s, in.Step(t))
		last := t == in.Steps()-1
		if c.AtEnd() && !last {
			continue
		}
		s.fresh = s.fresh[:0]
		c.crossings(s, sel, spike.Step(t), c.AtEnd())
		list = choose(s.fresh, sel.K, sel.Radius, list, from)
		if len(list)-from == sel.K {
			break
		}
	}
	return list
}

// crossings collects in s.fresh the neurons that pass the threshold for the
// first time in this step and may win.
func (c *Convolution) crossings(s *Scratch, sel Selection, t spike.Step, all bool) {
	out := c.Out()
	c.crossed(s, all, func(pos int, over []uint64) {
		acc := s.acc[pos*c.width:][:c.width]
		best := -1
		for k, word := range over {
			for ; word != 0; word &= word - 1 {
				m := k*64 + bits.TrailingZeros64(word)
				if sel.Muted != nil && sel.Muted[m] {
					continue
				}
				if sel.Pointwise {
					if best < 0 || acc[m] > acc[best] {
						best = m
					}
					continue
				}
				s.fresh = append(s.fresh, spike.Spike{Neuron: out.Neuron(m, pos), Step: t, Potential: acc[m]})
				c.retire(acc[m : m+1])
			}
		}
		if best >= 0 {
			s.fresh = append(s.fresh, spike.Spike{Neuron: out.Neuron(best, pos), Step: t, Potential: acc[best]})
			s.closed[pos] = true
			c.retire(acc)
		}
	})
}
