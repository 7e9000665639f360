package snn

import "firstspike/spike"

// A Sum holds back what winners learn until many images have been seen, and
// lets their maps learn all of it at once:
//
//	w = min(max(w + sum(dw), Lower), Upper)
//
// with every dw as [STDP] has it from the weights before. A weight that reaches
// a bound under the stabiliser stays there. Batches of images learn so where
// weights are updated as in gradient descent.
type Sum struct {
	c       *Convolution
	a       []float32 // map, synapse: the rates, added up
	changed []bool    // maps
}

// NewSum returns an empty sum for a layer.
func NewSum(c *Convolution) *Sum {
	return &Sum{c: c, a: make([]float32, c.Maps*c.Synapses()), changed: make([]bool, c.Maps)}
}

// Add notes what the winners of one image learn under the rule. If several are
// of one map, the last of them counts.
func (s *Sum) Add(r *STDP, in *spike.Map, winners []spike.Spike, scratch *Scratch) {
	n := s.c.Synapses()
	scratch.mask = grow(scratch.mask, spike.Words(n))
	for i, w := range winners {
		if again(winners[i+1:], w.Map) {
			continue
		}
		s.c.timely(in, w, scratch.mask)
		s.changed[w.Map] = true
		accumulate(s.a[w.Map*n:(w.Map+1)*n], scratch.mask, r.Of(w.Map))
	}
}

func again(winners []spike.Spike, m int) bool {
	for _, w := range winners {
		if w.Map == m {
			return true
		}
	}
	return false
}

// accumulate adds the rate of every synapse, given by whether its bit is set.
func accumulate(a []float32, mask []uint64, rates Rates) {
	both := [2]float32{rates.AMinus, rates.APlus}
	for k, word := range mask {
		part := a[k*64 : min(k*64+64, len(a))]
		for i := range part {
			part[i] += both[word>>i&1]
		}
	}
}

// Apply lets the maps learn what was added since the last time, under a rule
// with the same bounds. The weights of all maps are held within them from then
// on.
func (s *Sum) Apply(r *STDP) {
	c, n := s.c, s.c.Synapses()
	for m, changed := range s.changed {
		if !changed {
			continue
		}
		s.changed[m] = false
		r.apply(c.Weight(m), s.a[m*n:(m+1)*n])
		c.quantise(m)
		c.placeMap(m)
	}
	c.Clamp(r.Lower, r.Upper)
}

// apply changes weights by what was added up, and clears that.
func (r *STDP) apply(w, a []float32) {
	for i, sum := range a {
		v := w[i]
		if r.Stabiliser {
			sum = float32(sum * float32(float32(v-r.Lower)*float32(r.Upper-v)))
		}
		w[i] = min(max(v+sum, r.Lower), r.Upper)
	}
	clear(a)
}

// Add notes what the winner of image i learns under the rule, until Apply. No
// map has changed meanwhile: every winner of the block is the one that the
// weights before give.
func (b *Block) Add(i int, w spike.Spike, rule *STDP, rates Rates) {
	n := b.taps * b.depth
	if b.added == nil {
		b.added, b.summed = make([]float32, len(b.w)), make([]bool, b.c.Maps)
	}
	b.see(i, w)
	b.summed[w.Map] = true
	for tap := range b.taps {
		at := w.Map*n + tap*b.depth
		accumulate(b.added[at:at+b.depth], b.mask[tap*b.words:(tap+1)*b.words], rates)
	}
}

// Apply is [Sum.Apply] for what was added to the block.
func (b *Block) Apply(rule *STDP) {
	n := b.taps * b.depth
	for m, summed := range b.summed {
		if !summed {
			continue
		}
		b.summed[m] = false
		w, q := b.w[m*n:(m+1)*n], b.q[m*n:(m+1)*n]
		rule.apply(w, b.added[m*n:(m+1)*n])
		b.before = append(b.before[:0], q...)
		b.c.round(w, q)
		growth := int32(0)
		for i, was := range b.before {
			growth = max(growth, q[i]-was)
		}
		b.touch(m, growth)
	}
	b.clamp(bounds{rule.Lower, rule.Upper})
}
