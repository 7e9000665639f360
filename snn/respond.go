package snn

import (
	"math"
	"math/bits"

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

	// Rise is, of a layer with [Geometry.Ramp], by how much the potential rose in
	// that step, and 0 where the neuron stayed silent; nil of others.
	Rise []int32
}

func (r *Response) reset(c *Convolution, steps int) {
	shape := c.Out()
	r.First.Shape, r.First.Steps = shape, steps
	r.First.At = grow(r.First.At, shape.Neurons())
	r.First.Silence()
	r.Potential = grow(r.Potential, shape.Neurons())
	clear(r.Potential)
	if r.Rise = r.Rise[:0]; c.Ramp {
		r.Rise = grow(r.Rise, shape.Neurons())
		clear(r.Rise)
	}
}

// Respond computes the layer's response to the spikes of an unpadded input
// whose shape is c.In. All steps are simulated; learning needs fewer, see
// [Convolution.Contest].
func (c *Convolution) Respond(in *spike.Events, r *Response, s *Scratch) {
	c.respond(in, r, s, false)
}

// respond is Respond, or Respond and then [Response.PointwiseInhibition].
func (c *Convolution) respond(in *spike.Events, r *Response, s *Scratch, pointwise bool) {
	s.reset(c)
	r.reset(c, in.Steps())
	for t := range in.Steps() {
		c.integrate(s, in.Step(t))
		last := t == in.Steps()-1
		if c.AtEnd() && !last {
			continue
		}
		c.crossed(s, c.AtEnd() || c.Ramp, func(pos int, over []uint64) {
			acc := s.acc[pos*c.width:][:c.width]
			if pointwise {
				m := c.foremost(acc, over, nil)
				c.fire(r, s, pos, m, t)
				s.closed[pos] = true
				c.retire(acc)
				return
			}
			for k, word := range over {
				for ; word != 0; word &= word - 1 {
					m := k*64 + bits.TrailingZeros64(word)
					if r.First.At[pos*c.Maps+m] == spike.Silent {
						c.fire(r, s, pos, m, t)
						c.retire(acc[m : m+1])
					}
				}
			}
		})
	}
}

// fire notes the first spike of a neuron.
func (c *Convolution) fire(r *Response, s *Scratch, pos, m, t int) {
	i, at := pos*c.Maps+m, pos*c.width+m
	r.First.At[i], r.Potential[i] = spike.Step(t), s.acc[at]+c.below(m)
	if c.Ramp {
		r.Rise[i] = s.slope[at]
	}
}

// After computes the potentials of all neurons after the last step, as if none had
// fired, in memory order. potential must have a place for every neuron. Without
// [Geometry.Ramp] they are those of [Convolution.Final].
func (c *Convolution) After(in *spike.Events, potential []int32, s *Scratch) {
	s.reset(c)
	for t := range in.Steps() {
		c.integrate(s, in.Step(t))
	}
	for pos := range c.Out().Positions() {
		for m := range c.Maps {
			potential[pos*c.Maps+m] = s.acc[pos*c.width+m] + c.below(m)
		}
	}
}

// foremost is the map with the highest potential of those whose bit is set and
// that are not muted, the lowest of several; below 0 if there is none.
func (c *Convolution) foremost(acc []int32, over []uint64, muted []bool) int {
	best := -1
	for k, word := range over {
		for ; word != 0; word &= word - 1 {
			m := k*64 + bits.TrailingZeros64(word)
			if muted != nil && muted[m] {
				continue
			}
			if best < 0 || acc[m]+c.below(m) > acc[best]+c.below(best) {
				best = m
			}
		}
	}
	return best
}

// retire keeps neurons from being looked at again: from the smallest integer,
// potentials that only rise cannot reach a limit.
func (c *Convolution) retire(acc []int32) {
	if c.signed {
		return
	}
	for i := range acc {
		acc[i] = math.MinInt32
	}
}

// integrate adds the weights of the inputs that fire in one step to the
// potentials of all neurons that see them, and notes where the threshold may
// be passed.
func (c *Convolution) integrate(s *Scratch, inputs []int32) {
	if c.Ramp {
		c.climb(s, inputs)
		return
	}
	s.hot = grow(s.hot, len(inputs)*c.per)
	limit := c.limit
	if c.AtEnd() {
		limit = math.MaxInt32 // nothing happens before the end
	}
	found := simd.Scatter(s.acc, c.rows, c.targets, c.per, inputs, c.Out().Cols*c.width, -c.stride()*c.Kernel.Cols*c.width, limit, s.hot)
	s.hot = s.hot[:found]
}

// climb is integrate for a layer with [Geometry.Ramp], and leaves open where the
// threshold may be passed.
func (c *Convolution) climb(s *Scratch, inputs []int32) {
	s.hot = grow(s.hot, len(inputs)*c.per)
	simd.Scatter(s.slope, c.rows, c.targets, c.per, inputs, c.Out().Cols*c.width, -c.stride()*c.Kernel.Cols*c.width, math.MaxInt32, s.hot)
	s.hot = s.hot[:0]
	for i, v := range s.slope {
		s.acc[i] += v
	}
}

// crossed calls f for the positions at which neurons are above the threshold
// after the last step, with their bits. It knows those that were not before;
// if all is true it looks everywhere. Positions that are closed are left out.
func (c *Convolution) crossed(s *Scratch, all bool, f func(pos int, over []uint64)) {
	out := c.Out()
	s.places = grow(s.places, spike.Words(out.Positions()))
	clear(s.places)
	if all {
		mark(s.places, 0, out.Positions())
	}
	for _, i := range s.hot {
		t := &c.targets[i]
		from, n := int(t.Acc)/c.width, int(t.Units)*simd.Lanes/c.width
		for range t.Rows {
			mark(s.places, from, n)
			from += out.Cols
		}
	}
	s.over = grow(s.over, spike.Words(c.width))
	for k, word := range s.places {
		for ; word != 0; word &= word - 1 {
			pos := k*64 + bits.TrailingZeros64(word)
			if !s.closed[pos] && simd.Over(s.over, s.acc[pos*c.width:][:c.width], c.limit) {
				f(pos, s.over)
			}
		}
	}
}

// mark sets n bits from the given one.
func mark(set []uint64, from, n int) {
	for n > 0 {
		k := from % 64
		part := min(n, 64-k)
		set[from/64] |= (1<<part - 1) << k
		from, n = from+part, n-part
	}
}

// aim finds where the weights of every input go. With a stride of 1 its
// targets are one patch of neurons; otherwise there is one for each column.
func (c *Convolution) aim() {
	out, st := c.Out(), c.stride()
	if c.per = 1; st > 1 {
		c.per = (c.Kernel.Cols + st - 1) / st
	}
	c.targets = make([]simd.Target, c.In.Neurons()*c.per)
	for i := range c.In.Neurons() {
		pos, m := i/c.In.Maps, i%c.In.Maps
		top, rows := reach(pos/c.In.Cols+c.Pad, c.Kernel.Rows, st, out.Rows)
		left, cols := reach(pos%c.In.Cols+c.Pad, c.Kernel.Cols, st, out.Cols)
		for j := range cols {
			t := simd.Target{Rows: int32(rows), Units: int32(c.width / simd.Lanes)}
			if st == 1 {
				t.Units *= int32(cols)
			}
			// The kernel's row and column through which the first neuron sees
			// the input; columns lie in reverse.
			k := pos/c.In.Cols + c.Pad - top*st
			l := c.Kernel.Cols - 1 - (pos%c.In.Cols + c.Pad - (left+j)*st)
			t.Acc = int32((top*out.Cols + left + j) * c.width)
			t.W = int32(((m*c.Kernel.Rows+k)*c.Kernel.Cols + l) * c.width)
			c.targets[i*c.per+j] = t
			if st == 1 {
				break
			}
		}
	}
}

// reach is the first of n outputs that see the padded input x through a kernel
// of the given size, and how many do.
func reach(x, kernel, stride, n int) (first, count int) {
	first = max(0, (x-kernel+stride)/stride)
	return first, max(0, min(x/stride, n-1)-first+1)
}
