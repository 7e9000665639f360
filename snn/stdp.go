package snn

import (
	"fmt"
	"math"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// Rates are the learning rates of spike-timing-dependent plasticity: APlus
// for the synapses whose input fired at or before the neuron (LTP), AMinus
// for all others (LTD). Both are added; under STDP AMinus is negative, under
// anti-STDP the signs are exchanged.
type Rates struct {
	APlus, AMinus float32
}

// STDP changes the weights of a winner's map:
//
//	a  = APlus  if the input fired at or before the winner, else AMinus
//	dw = a (w-Lower) (Upper-w)   with the stabiliser
//	dw = a                       without
//	w  = min(max(w+dw, Lower), Upper)
//
// Kheradpisheh et al. (2018) and Mozafari et al. (2019). Exponential STDP lets
// weights approach their bounds in ever smaller steps, with d = Upper-Lower:
//
//	dw = APlus  exp(-(w-Lower)/d)   if the input fired at or before the winner
//	dw = AMinus exp(-(Upper-w)/d)   else
//
// Querlioz et al. (2013), Goupy et al. (2023). How long before the
// winner an input fired plays no part. Lower and Upper must lie within the
// layer's [Convolution.Bound].
type STDP struct {
	Rates      []Rates // one for all maps, or one a map
	Stabiliser bool
	Lower      float32
	Upper      float32

	Exponential bool // in place of the stabiliser
}

// Check reports what makes the rule unusable for a layer of the given number
// of maps, or nil.
func (r *STDP) Check(maps int) error {
	if n := len(r.Rates); n != 1 && n != maps {
		return fmt.Errorf("%d pairs of rates; there must be 1, or 1 for each of the %d maps", n, maps)
	}
	for _, p := range r.Rates {
		if bad(p.APlus) || bad(p.AMinus) {
			return fmt.Errorf("rates %v and %v must be finite", p.APlus, p.AMinus)
		}
	}
	if bad(r.Lower) || bad(r.Upper) || r.Lower >= r.Upper {
		return fmt.Errorf("bounds %v..%v: the lower must be below the upper", r.Lower, r.Upper)
	}
	return nil
}

func bad(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }

// Of is the pair of rates that holds for a map.
func (r *STDP) Of(m int) Rates {
	if len(r.Rates) == 1 {
		return r.Rates[0]
	}
	return r.Rates[m]
}

// Change applies the rule to the weights w of one map; ltp[i] says whether
// the input of synapse i fired in time.
func (r *STDP) Change(w []float32, ltp []bool, rates Rates) {
	lower, upper := r.Lower, r.Upper
	for i, up := range ltp {
		a := rates.AMinus
		if up {
			a = rates.APlus
		}
		v := w[i]
		switch {
		case r.Exponential && up:
			v += float32(a * decay(float32(v-lower)/float32(upper-lower)))
		case r.Exponential:
			v += float32(a * decay(float32(upper-v)/float32(upper-lower)))
		case r.Stabiliser:
			v += float32(a * float32(float32(v-lower)*float32(upper-v)))
		default:
			v += a
		}
		w[i] = min(max(v, lower), upper)
	}
}

// Learn lets every winner's map learn from the input it saw. Winners must be
// of different maps; see [Sum] for what else there is. The weights of all maps are held within the rule's
// bounds from then on, as the references do: weights that begin outside are
// changed first and clamped then.
func (r *STDP) Learn(c *Convolution, in *spike.Map, winners []spike.Spike, s *Scratch) {
	n := c.Synapses()
	s.mask = grow(s.mask, spike.Words(n))
	s.weights, s.quanta = grow(s.weights, simd.Round(n)), grow(s.quanta, simd.Round(n))
	for _, w := range winners {
		c.timely(in, w, s.mask)
		rates := r.Of(w.Map)
		s.rule = simd.Rule{Up: rates.APlus, Down: rates.AMinus, Lower: r.Lower, Upper: r.Upper, Scale: c.scale()}
		if r.Stabiliser {
			s.rule.Stable = 1
		}
		weights, quanta := c.Weight(w.Map), c.quanta[w.Map*n:(w.Map+1)*n]
		if r.Exponential {
			s.ltp = grow(s.ltp, n)
			for i := range s.ltp {
				s.ltp[i] = s.mask[i/64]>>(i%64)&1 != 0
			}
			r.Change(weights, s.ltp, rates)
			c.quantise(w.Map)
			c.placeMap(w.Map)
			continue
		}
		copy(s.weights, weights)
		simd.Learn(s.weights, s.quanta, s.mask, 1, &s.rule)
		copy(weights, s.weights)
		c.place(w.Map, quanta, s.quanta)
	}
	c.Clamp(r.Lower, r.Upper)
}

// decay is exp(-x) for x in 0..1, and for anything beyond as it is there. It is
// a sum with every product rounded by itself, because the exponential function
// of a machine may differ from that of another in the last bit.
func decay(x float32) float32 {
	y, sum := float64(min(max(x, 0), 1)), 1.0
	for _, part := range parts {
		sum = 1 - float64(float64(y*part)*sum)
	}
	return float32(sum)
}

// parts is 1/n for n from where the series ends, down to 1.
var parts = func() (p [14]float64) {
	for i := range p {
		p[i] = 1 / float64(len(p)-i)
	}
	return p
}()

// place makes now the quanta of a map. Few change once a layer has learned.
func (c *Convolution) place(m int, quanta, now []int32) {
	c.counted.Store(nil)
	for i, was := range quanta {
		if q := now[i]; q != was {
			quanta[i] = q
			c.rows[c.slot(i)+m] = q
			c.most = max(c.most, q)
			c.signed = c.signed || q < 0
		}
	}
}

// timely sets the bits of a winner's synapses, in the order input map, row,
// column, whose input fired at or before the winner. Nothing is later than a
// winner that did not fire.
func (c *Convolution) timely(in *spike.Map, w spike.Spike, mask []uint64) {
	clear(mask)
	if w.Step == spike.Silent {
		mark(mask, 0, c.Synapses())
		return
	}
	kr, kc := c.Kernel.Rows, c.Kernel.Cols
	y0, x0 := w.Row*c.stride()-c.Pad, w.Col*c.stride()-c.Pad
	for k := max(0, -y0); k < min(kr, c.In.Rows-y0); k++ {
		for j := max(0, -x0); j < min(kc, c.In.Cols-x0); j++ {
			at := k*kc + j
			for _, t := range in.At[((y0+k)*c.In.Cols+x0+j)*in.Maps:][:in.Maps] {
				bit := uint64(0)
				if t <= w.Step {
					bit = 1
				}
				mask[at>>6] |= bit << (at & 63)
				at += kr * kc
			}
		}
	}
}

// Ordering says for each synapse of a winner, in the order input map, row,
// column, whether its input fired at or before the winner. The input is
// unpadded; what lies outside it never fires. The answer is written over ltp
// if that has room.
func (c *Convolution) Ordering(in *spike.Map, w spike.Spike, ltp []bool) []bool {
	mask := make([]uint64, spike.Words(c.Synapses()))
	c.timely(in, w, mask)
	ltp = grow(ltp, c.Synapses())
	for i := range ltp {
		ltp[i] = mask[i/64]>>(i%64)&1 != 0
	}
	return ltp
}
