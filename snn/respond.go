package snn

import (
	"math"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// A Response is what the neurons of a layer did with an image: the step of
// each first spike, and the potential at that step. Potential is in memory
// order, maps fastest, in units of [Convolution.Unit], and 0 where the neuron
// stayed silent.
type Response struct {
	First     spike.Map
	Potential []int32
}

func (r *Response) reset(shape spike.Shape, steps int) {
	r.First.Shape, r.First.Steps = shape, steps
	r.First.At = grow(r.First.At, shape.Neurons())
	r.First.Silence()
	r.Potential = grow(r.Potential, shape.Neurons())
	clear(r.Potential)
}

// Respond computes the layer's response to the spikes of an unpadded input
// whose shape is c.In. All steps are simulated; learning needs fewer, see
// [Convolution.Contest].
func (c *Convolution) Respond(in *spike.Events, r *Response, s *Scratch) {
	s.reset(c)
	r.reset(c.Out(), in.Steps())
	for t := range in.Steps() {
		c.integrate(s, in.Step(t))
		if c.AtEnd() {
			if t == in.Steps()-1 {
				c.record(s, r, spike.Step(t), true)
			}
			continue
		}
		c.record(s, r, spike.Step(t), false)
	}
}

// record notes the neurons that pass the threshold for the first time, at the
// touched positions or at all.
func (c *Convolution) record(s *Scratch, r *Response, t spike.Step, all bool) {
	for pos, hit := range s.touched {
		if !hit && !all {
			continue
		}
		s.touched[pos] = false
		acc := s.acc[pos*c.width:][:c.width]
		if !simd.Above(acc, c.limit) {
			continue
		}
		first := r.First.At[pos*c.Maps:][:c.Maps]
		for m, p := range acc[:c.Maps] {
			if p > c.limit && first[m] == spike.Silent {
				first[m] = t
				r.Potential[pos*c.Maps+m] = p
				c.retire(&acc[m])
			}
		}
	}
}

// retire keeps a neuron that has fired from being looked at again: from the
// smallest integer, potentials that only rise cannot reach a limit.
func (c *Convolution) retire(p *int32) {
	if !c.signed {
		*p = math.MinInt32
	}
}

// integrate adds the weights of the inputs that fire in one step to the
// potentials of all neurons that see them, and marks those positions.
func (c *Convolution) integrate(s *Scratch, inputs []int32) {
	out := c.Out()
	kr, kc := c.Kernel.Rows, c.Kernel.Cols
	st := c.stride()
	for _, i := range inputs {
		pos, m := int(i)/c.In.Maps, int(i)%c.In.Maps
		y, x := pos/c.In.Cols+c.Pad, pos%c.In.Cols+c.Pad
		for k := range kr {
			oy := y - k
			if oy < 0 || oy%st != 0 || oy/st >= out.Rows {
				continue
			}
			oy /= st
			rows := c.rows[(m*kr+k)*kc*c.width:][:kc*c.width]
			// Column j of the reversed kernel leads to the neuron whose
			// field begins at x-(kc-1)+j.
			left := x - (kc - 1)
			if st == 1 {
				lo, hi := max(left, 0), min(x, out.Cols-1)
				at := oy*out.Cols + lo
				n := hi - lo + 1
				simd.Add(s.acc[at*c.width:][:n*c.width], rows[(lo-left)*c.width:])
				for p := at; p < at+n; p++ {
					s.touched[p] = true
				}
				continue
			}
			for j := range kc {
				ox := left + j
				if ox < 0 || ox%st != 0 || ox/st >= out.Cols {
					continue
				}
				at := oy*out.Cols + ox/st
				simd.Add(s.acc[at*c.width:][:c.width], rows[j*c.width:])
				s.touched[at] = true
			}
		}
	}
}
