package snn

import (
	"firstspike/internal/simd"
	"firstspike/spike"
)

// earliest writes into out, which must have the shape that pool makes of the
// layer's, when the first neuron of every window fires: what Respond and then
// pool give, for a layer with a finite threshold. It goes position by position,
// so that potentials stay in registers, and keeps neither these nor who fired
// later in a window. Windows that overlap do their positions again.
func (c *Convolution) earliest(in *spike.Events, pool spike.Pool, out *spike.Map, s *Scratch) {
	out.Steps = in.Steps()
	c.arrive(in, s)
	positions, window, stride := c.Out(), max(1, pool.Window), pool.Apart()
	s.first = grow(s.first, c.width)
	head := c.head
	if head == nil {
		s.acc = grow(s.acc, c.width)
		clear(s.acc)
		head = s.acc
	}
	// As many maps at a time as fit into registers, so that their weights stay in
	// the cache from window to window.
	const together = 8 * simd.Lanes
	for from := 0; from < c.width; from += together {
		n := min(together, c.width-from)
		first, head, w := s.first[:n], head[from:from+n], c.rows[from:]
		for i := range out.Positions() {
			for k := range first {
				first[k] = uint32(spike.Silent)
			}
			row, col := i/out.Cols*stride-pool.Pad, i%out.Cols*stride-pool.Pad
			for r := max(row, 0); r < min(row+window, positions.Rows); r++ {
				for p := r*positions.Cols + max(col, 0); p < r*positions.Cols+min(col+window, positions.Cols); p++ {
					simd.Earliest(first, head, w, s.arrivals[s.starts[p]:s.starts[p+1]], c.limit)
				}
			}
			at := out.At[i*c.Maps+from : i*c.Maps+min(from+n, c.Maps)]
			for m := range at {
				at[m] = spike.Step(first[m])
			}
		}
	}
}

// arrive lists for every position the inputs that fire, in the order in which
// they do.
func (c *Convolution) arrive(in *spike.Events, s *Scratch) {
	out, width := c.Out(), int32(c.width)
	s.starts = grow(s.starts, out.Positions()+1)
	clear(s.starts)
	count := s.starts[1:]
	for _, i := range in.Index {
		for _, t := range c.targets[int(i)*c.per : (int(i)+1)*c.per] {
			from, n := int(t.Acc/width), int(t.Units*simd.Lanes/width)
			for range t.Rows {
				for p := range count[from : from+n] {
					count[from+p]++
				}
				from += out.Cols
			}
		}
	}
	for p := range count {
		count[p] += s.starts[p]
	}
	s.next = append(s.next[:0], s.starts...)
	s.arrivals = grow(s.arrivals, int(s.starts[len(count)]))
	down := -int32(c.stride()*c.Kernel.Cols) * width
	for step := range in.Steps() {
		for _, i := range in.Step(step) {
			for _, t := range c.targets[int(i)*c.per : (int(i)+1)*c.per] {
				from, n := int(t.Acc/width), int(t.Units*simd.Lanes/width)
				for range t.Rows {
					w := t.W
					for p := from; p < from+n; p++ {
						k := s.next[p]
						if k > s.starts[p] && s.arrivals[k-1].Step == int32(step) {
							s.arrivals[k-1].Step = -1
						}
						s.arrivals[k] = simd.Arrival{W: w, Step: int32(step)}
						s.next[p]++
						w += width
					}
					t.W += down
					from += out.Cols
				}
			}
		}
	}
}
