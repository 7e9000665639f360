package snn

import (
	"firstspike/internal/simd"
	"firstspike/spike"
)

// TimeMatters reports whether the layer needs to know when its inputs fired
// to tell which of its neurons fire at all. With weights of 0 or more
// potentials never fall, so a neuron fires if and only if the potential after
// the last step passes the threshold, and the time axis can be dropped.
func (c *Convolution) TimeMatters() bool { return c.signed && !c.AtEnd() }

// list gathers, for every input position, its active maps as offsets of their
// first synapse in rows.
func (c *Convolution) list(in spike.Bits, s *Scratch) {
	positions := c.In.Positions()
	s.start = grow(s.start, positions+1)
	s.active = s.active[:0]
	step := int32(c.Kernel.Rows * c.Kernel.Cols * c.width)
	for pos := range positions {
		from := len(s.active)
		s.start[pos] = int32(from)
		s.active = in.Append(s.active, c.In.Maps, pos)
		for i := from; i < len(s.active); i++ {
			s.active[i] *= step
		}
	}
	s.start[positions] = int32(len(s.active))
}

// gather collects in s.offs the vectors of rows that the neurons at an output
// position sum up.
func (c *Convolution) gather(s *Scratch, row, col int) {
	s.offs = s.offs[:0]
	y0, x0 := row*c.stride()-c.Pad, col*c.stride()-c.Pad
	for k := max(0, -y0); k < min(c.Kernel.Rows, c.In.Rows-y0); k++ {
		for j := max(0, -x0); j < min(c.Kernel.Cols, c.In.Cols-x0); j++ {
			tap := int32((k*c.Kernel.Cols + c.Kernel.Cols - 1 - j) * c.width)
			pos := (y0+k)*c.In.Cols + x0 + j
			active := s.active[s.start[pos]:s.start[pos+1]]
			n := len(s.offs)
			s.offs = append(s.offs, active...)
			for i := n; i < len(s.offs); i++ {
				s.offs[i] += tap
			}
		}
	}
}

// Fired sets in out which neurons fire at all, given which inputs do. The
// layer must be one in which time does not matter.
func (c *Convolution) Fired(in, out spike.Bits, s *Scratch) {
	c.list(in, s)
	s.acc = grow(s.acc, c.width)
	shape := c.Out()
	words := spike.Words(c.Maps)
	for row := range shape.Rows {
		for col := range shape.Cols {
			word := out[(row*shape.Cols+col)*words:][:words]
			clear(word)
			c.gather(s, row, col)
			if int64(len(s.offs))*int64(c.most) <= int64(c.limit) {
				continue // too few inputs to reach the threshold
			}
			simd.AddRows(s.acc, c.rows, s.offs)
			if !simd.Above(s.acc, c.limit) {
				continue
			}
			for m, p := range s.acc[:c.Maps] {
				if p > c.limit {
					word[m/64] |= 1 << (m % 64)
				}
			}
		}
	}
}

// Final computes the potentials of all neurons after the last step, in memory
// order, maps fastest. potential must have a place for every neuron.
func (c *Convolution) Final(in spike.Bits, potential []int32, s *Scratch) {
	c.list(in, s)
	s.acc = grow(s.acc, c.width)
	shape := c.Out()
	for pos := range shape.Positions() {
		c.gather(s, pos/shape.Cols, pos%shape.Cols)
		simd.AddRows(s.acc, c.rows, s.offs)
		copy(potential[pos*c.Maps:][:c.Maps], s.acc)
	}
}

// A Tally holds for every map of a layer the highest potential after the last
// step and the first position, row by row, that reaches it. Active is the
// largest number of inputs that one neuron received.
type Tally struct {
	Best   []int32
	At     []int32
	Active int32
}

// Tally fills t for an image.
func (c *Convolution) Tally(in spike.Bits, t *Tally, s *Scratch) {
	c.list(in, s)
	s.acc = grow(s.acc, c.width)
	t.Best, t.At = grow(t.Best, c.Maps), grow(t.At, c.Maps)
	t.Active = 0
	shape := c.Out()
	for pos := range shape.Positions() {
		c.gather(s, pos/shape.Cols, pos%shape.Cols)
		simd.AddRows(s.acc, c.rows, s.offs)
		t.Active = max(t.Active, int32(len(s.offs)))
		if pos == 0 {
			copy(t.Best, s.acc)
			clear(t.At)
			continue
		}
		best := t.Best
		for m, p := range s.acc[:len(best)] {
			if p > best[m] {
				best[m], t.At[m] = p, int32(pos)
			}
		}
	}
}

// Winner is the winner among the maps of a tally, for a layer that fires at
// the last of the given number of steps, and false if no potential is above
// 0. Maps for which muted is true do not take part; nil mutes none.
func (t *Tally) Winner(out spike.Shape, steps int, muted []bool) (spike.Spike, bool) {
	best, at := int32(0), -1
	for m, p := range t.Best {
		if p > best && (muted == nil || !muted[m]) {
			best, at = p, m
		}
	}
	if at < 0 {
		return spike.Spike{}, false
	}
	pos := int(t.At[at])
	return spike.Spike{Neuron: out.Neuron(at, pos), Step: spike.Step(steps - 1), Potential: best}, true
}
