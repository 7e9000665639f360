package snn

import (
	"math"
	"math/bits"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// TimeMatters reports whether the layer needs to know when its inputs fired
// to tell which of its neurons fire at all. With weights of 0 or more
// potentials never fall, so a neuron fires if and only if the potential after
// the last step passes the threshold, and the time axis can be dropped.
func (c *Convolution) TimeMatters() bool { return c.Ramp || c.signed && !c.AtEnd() }

// A list holds the active inputs of an image, position by position, each as
// the place of its weights. A weight's row and column follow from the neuron
// that asks: see window.
type list struct {
	entries []int32
	start   []int32 // where each position begins, and where the last one ends
	active  []int32 // how many inputs are active before each, and in all
	sums    []int32 // active, if an entry stands for several
}

// spikes lists every active input, as often as it fired, for weights in the
// order input map, row, column reversed, with so many (width) numbers in each
// place.
func (l *list) spikes(c *Convolution, in spike.Bits, width int) {
	l.entries, l.start = l.entries[:0], grow(l.start, c.In.Positions()+1)
	words := spike.Words(c.In.Maps)
	step, col := int32(c.Kernel.Rows*c.Kernel.Cols*width), int32(0)
	planes, plane := c.planes()
	for pos := range c.In.Positions() {
		l.start[pos] = int32(len(l.entries))
		for p := range planes {
			for k, word := range in[p*plane+pos*words:][:words] {
				for ; word != 0; word &= word - 1 {
					m := int32(k*64 + bits.TrailingZeros64(word))
					for range spike.Weight(p) {
						l.entries = append(l.entries, m*step-col)
					}
				}
			}
		}
		if col += int32(width); int(col) == c.In.Cols*width {
			col = 0
		}
	}
	l.start[c.In.Positions()] = int32(len(l.entries))
	l.active = l.start
}

// patterns lists one entry a position, for all its input maps together.
func (l *list) patterns(c *Convolution, in spike.Bits, width int) {
	n := c.In.Positions()
	l.entries, l.start, l.sums = grow(l.entries, n), grow(l.start, n+1), grow(l.sums, n+1)
	step, col, sum := int32(c.Kernel.Rows*c.Kernel.Cols*width), int32(0), int32(0)
	for pos, pattern := range in[:n] {
		l.start[pos], l.entries[pos] = int32(pos), int32(pattern)*step-col
		l.sums[pos] = sum
		sum += int32(bits.OnesCount64(pattern))
		if col += int32(width); int(col) == c.In.Cols*width {
			col = 0
		}
	}
	l.start[n], l.sums[n] = int32(n), sum
	l.active = l.sums
}

// A viewer goes through the neurons of a layer, row by row, and through what
// they see of a list.
type viewer struct {
	simd.Row
	width    int // numbers in a place of the weights
	from, to int // rows of the input in Seen
}

// start begins with a list for weights of so many numbers.
func (v *viewer) start(c *Convolution, l *list, width int) {
	v.width, v.from, v.to = width, 0, 0
	v.List, v.Pitch, v.Step = l.entries, c.In.Cols, c.Kernel.Cols*width
	v.Seen = grow(v.Seen, c.In.Cols+1)
	clear(v.Seen)
	v.Cols = grow(v.Cols, c.Out().Cols)
	for i := range v.Cols {
		x := i*c.stride() - c.Pad
		lo := min(max(0, x), c.In.Cols)
		v.Cols[i] = simd.Col{Lo: int32(lo), Hi: int32(max(lo, min(c.In.Cols, x+c.Kernel.Cols))), Base: int32(x * width)}
	}
}

// row goes to a row of neurons. Rows come in order.
func (v *viewer) row(c *Convolution, l *list, row int) {
	y := row*c.stride() - c.Pad
	from := min(max(0, y), c.In.Rows)
	to := max(from, min(c.In.Rows, y+c.Kernel.Rows))
	v.Left = ((from-y)*c.Kernel.Cols + c.Kernel.Cols - 1) * v.width
	v.Rows, v.Starts = to-from, l.start[from*c.In.Cols:]
	for ; v.from < v.to && v.from < from; v.from++ {
		v.see(l.active[v.from*c.In.Cols:], -1)
	}
	v.from, v.to = from, max(from, v.to)
	for ; v.to < to; v.to++ {
		v.see(l.active[v.to*c.In.Cols:], 1)
	}
}

// see adds what a row of the input, whose list begins so, has up to every
// column, or takes it away.
func (v *viewer) see(active []int32, sign int32) {
	seen := v.Seen
	active = active[:len(seen)]
	for x, n := range active {
		seen[x] += sign * (n - active[0])
	}
}

// Fired sets in out which neurons fire at all, given which inputs do. The
// layer must be one in which time does not matter.
func (c *Convolution) Fired(in, out spike.Bits, s *Scratch) {
	if t := c.counts(); t != nil {
		c.firedCounted(t, in, out, s)
		return
	}
	s.summed.spikes(c, in, c.width)
	s.acc = grow(s.acc, c.width)
	shape, words, few := c.Out(), spike.Words(c.Maps), c.fewest()
	v := &s.views
	v.start(c, &s.summed, c.width)
	for row := range shape.Rows {
		v.row(c, &s.summed, row)
		for i, col := range v.Cols {
			word := out[(row*shape.Cols+i)*words:][:words]
			if v.At(col) < few {
				clear(word)
				continue
			}
			simd.SumWindow(s.acc, c.rows, &v.Window)
			for m, h := range c.head {
				s.acc[m] += h
			}
			simd.Over(word, s.acc, c.limit)
		}
	}
}

// firedCounted is Fired by counts of strong synapses.
func (c *Convolution) firedCounted(t *counts, in, out spike.Bits, s *Scratch) {
	if t.patterns {
		s.counted.patterns(c, in, t.width)
	} else {
		s.counted.spikes(c, in, t.width)
	}
	odd := len(t.odd) > 0
	if odd {
		s.summed.spikes(c, in, t.oddWidth)
		s.acc = grow(s.acc, t.oddWidth)
		s.over = grow(s.over, spike.Words(t.oddWidth))
	}
	shape, words, few := c.Out(), spike.Words(c.Maps), c.fewest()
	v, o := &s.views, &s.odds
	v.start(c, &s.counted, t.width)
	v.Few, v.Words = t.few, words
	if odd {
		o.start(c, &s.summed, t.oddWidth)
	}
	for row := range shape.Rows {
		v.row(c, &s.counted, row)
		fired := out[row*shape.Cols*words:][:shape.Cols*words]
		simd.CountRow(fired, t.rows, t.least, &v.Row)
		if !odd {
			continue
		}
		o.row(c, &s.summed, row)
		for i, col := range o.Cols {
			if o.At(col) < few {
				continue
			}
			simd.SumWindow(s.acc, t.oddRows, &o.Window)
			if !simd.Over(s.over, s.acc, c.limit) {
				continue
			}
			word := fired[i*words:][:words]
			for k, bit := range s.over {
				for ; bit != 0; bit &= bit - 1 {
					m := t.odd[k*64+bits.TrailingZeros64(bit)]
					word[m/64] |= 1 << (m % 64)
				}
			}
		}
	}
}

// fewest is how many active inputs a neuron needs to fire at all.
func (c *Convolution) fewest() int {
	if c.most <= 0 {
		return math.MaxInt
	}
	return int(c.limit/c.most) + 1
}

// Final computes the potentials of all neurons after the last step, in memory
// order, maps fastest. potential must have a place for every neuron.
func (c *Convolution) Final(in spike.Bits, potential []int32, s *Scratch) {
	s.summed.spikes(c, in, c.width)
	s.acc = grow(s.acc, c.width)
	shape, v := c.Out(), &s.views
	v.start(c, &s.summed, c.width)
	for row := range shape.Rows {
		v.row(c, &s.summed, row)
		for i, col := range v.Cols {
			v.At(col)
			simd.SumWindow(s.acc, c.rows, &v.Window)
			copy(potential[(row*shape.Cols+i)*c.Maps:][:c.Maps], s.acc)
		}
	}
}

// A Tally holds for every map of a layer the highest potential after the last
// step and the first position, row by row, that reaches it.
type Tally struct {
	Best []int32
	At   []int32
}

// Tally fills t for an image.
func (c *Convolution) Tally(in spike.Bits, t *Tally, s *Scratch) {
	s.summed.spikes(c, in, c.width)
	s.acc = grow(s.acc, c.width)
	t.Best, t.At = grow(t.Best, c.Maps), grow(t.At, c.Maps)
	shape, v := c.Out(), &s.views
	v.start(c, &s.summed, c.width)
	for pos := range shape.Positions() {
		if pos%shape.Cols == 0 {
			v.row(c, &s.summed, pos/shape.Cols)
		}
		v.At(v.Cols[pos%shape.Cols])
		simd.SumWindow(s.acc, c.rows, &v.Window)
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
