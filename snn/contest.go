package snn

import (
	"math"
	"math/bits"

	"firstspike/spike"
)

// Contest appends to list the winners for one image, the best first, and
// returns it. It gives what Respond, FeatureInhibition, PointwiseInhibition
// and Winners give one after another, but stops as soon as the winners stand:
// earlier spikes always win, so what happens afterwards cannot matter.
// [Selection.Final] needs all steps.
//
// A winner by [Selection.Fill] may be one that did not fire; its Step is then
// [spike.Silent].
func (c *Convolution) Contest(in *spike.Events, sel Selection, s *Scratch, list []spike.Spike) []spike.Spike {
	from := len(list)
	if sel.Final {
		list = c.contestFinal(in, sel, s, list)
	} else {
		list = c.contest(in, sel, s, list)
	}
	if sel.Fill && len(list)-from < sel.K && (sel.Muted == nil || !sel.Muted[0]) {
		if w := c.first(in); w.Potential > 0 {
			list = append(list, w)
		}
	}
	return list
}

func (c *Convolution) contest(in *spike.Events, sel Selection, s *Scratch, list []spike.Spike) []spike.Spike {
	s.reset(c)
	from := len(list)
	for t := range in.Steps() {
		c.integrate(s, in.Step(t))
		last := t == in.Steps()-1
		if c.AtEnd() && !last {
			continue
		}
		s.fresh = s.fresh[:0]
		c.crossings(s, sel, spike.Step(t), c.AtEnd() || c.Ramp)
		list = sel.choose(s.fresh, list, from)
		if len(list)-from == sel.K {
			break
		}
	}
	return list
}

// contestFinal is contest with potentials after the last step.
func (c *Convolution) contestFinal(in *spike.Events, sel Selection, s *Scratch, list []spike.Spike) []spike.Spike {
	r := &s.response
	c.Respond(in, r, s)
	for i, step := range r.First.At {
		if step == spike.Silent {
			continue
		}
		last := s.acc[i/c.Maps*c.width+i%c.Maps]
		if !c.signed {
			// What came after the spike began at the bottom.
			last = r.Potential[i] + (last - math.MinInt32)
		} else {
			last += c.below(i % c.Maps)
		}
		r.Potential[i] = last
	}
	r.FeatureInhibition(sel.Muted)
	if sel.Pointwise {
		r.PointwiseInhibition()
	}
	s.fresh = s.fresh[:0]
	for i, step := range r.First.At {
		if step != spike.Silent {
			s.fresh = append(s.fresh, spike.Spike{Neuron: r.First.Neuron(i%c.Maps, i/c.Maps), Step: step, Potential: r.Potential[i]})
		}
	}
	return sel.choose(s.fresh, list, len(list))
}

// first is what the first neuron of the first map does: its spike, if it fires,
// with its potential after the last step.
func (c *Convolution) first(in *spike.Events) spike.Spike {
	w := spike.Spike{Step: spike.Silent}
	slope := int32(0)
	for t := range in.Steps() {
		if c.Ramp {
			w.Potential += slope
		}
		for _, i := range in.Step(t) {
			pos, m := int(i)/c.In.Maps, int(i)%c.In.Maps
			y, x := pos/c.In.Cols+c.Pad, pos%c.In.Cols+c.Pad
			if y < c.Kernel.Rows && x < c.Kernel.Cols {
				q := c.quanta[(m*c.Kernel.Rows+y)*c.Kernel.Cols+x]
				w.Potential += q
				slope += q
			}
		}
		if w.Step == spike.Silent && w.Potential > c.limit+c.below(0) && (!c.AtEnd() || t == in.Steps()-1) {
			w.Step = spike.Step(t)
		}
	}
	return w
}

// crossings collects in s.fresh the neurons that pass the threshold for the
// first time in this step and may win.
func (c *Convolution) crossings(s *Scratch, sel Selection, t spike.Step, all bool) {
	out := c.Out()
	c.crossed(s, all, func(pos int, over []uint64) {
		acc := s.acc[pos*c.width:][:c.width]
		if sel.Pointwise {
			if best := c.foremost(acc, over, sel.Muted); best >= 0 {
				s.fresh = append(s.fresh, spike.Spike{Neuron: out.Neuron(best, pos), Step: t, Potential: acc[best] + c.below(best)})
				s.closed[pos] = true
				c.retire(acc)
			}
			return
		}
		for k, word := range over {
			for ; word != 0; word &= word - 1 {
				m := k*64 + bits.TrailingZeros64(word)
				if sel.Muted != nil && sel.Muted[m] {
					continue
				}
				s.fresh = append(s.fresh, spike.Spike{Neuron: out.Neuron(m, pos), Step: t, Potential: acc[m] + c.below(m)})
				c.retire(acc[m : m+1])
			}
		}
	})
}
