package snn

import (
	"math"
	"sync"

	"firstspike/spike"
)

// A Block lets a decision layer with an infinite threshold learn from many
// images as if one after another, while their potentials are computed side by
// side.
//
// An update changes one map of many. So the block first computes every image's
// [Tally] with the weights as they are (Compute, in parallel), and then goes
// through the images in order (Winner, Learn). By then some maps have changed:
// their potentials can have grown by at most the number of active inputs times
// the largest growth of a weight, and only where that bound reaches the best
// unchanged map is the changed map's potential computed anew. Every winner and
// every weight is the one that the plain loop gives.
type Block struct {
	c       *Convolution
	steps   int
	images  []spike.Bits
	tallies []Tally
	scratch []Scratch

	changed []int32 // maps changed since Compute
	dirty   []bool
	growth  []int64 // of each map, the sum over its changes of the largest growth of a quantum
	old     []int32
	ltp     []bool
}

// NewBlock returns a block for the layer, whose input has the given number of
// steps. Only one block may use a layer at a time.
func NewBlock(c *Convolution, steps int) *Block {
	return &Block{c: c, steps: steps, dirty: make([]bool, c.Maps), growth: make([]int64, c.Maps)}
}

// Compute takes the images of the block and computes their tallies with the
// given number of goroutines. Changes of an earlier block are complete before
// it begins.
func (b *Block) Compute(images []spike.Bits, workers int) {
	b.Flush()
	b.images = images
	for len(b.tallies) < len(images) {
		b.tallies = append(b.tallies, Tally{})
	}
	Parallel(len(images), workers, &b.scratch, func(i int, s *Scratch) {
		b.c.Tally(images[i], &b.tallies[i], s)
	})
}

// Parallel calls f for 0 to n-1 from the given number of goroutines, each with
// a Scratch of its own out of scratches, which grows as needed.
func Parallel(n, workers int, scratches *[]Scratch, f func(i int, s *Scratch)) {
	workers = max(1, min(workers, n))
	for len(*scratches) < workers {
		*scratches = append(*scratches, Scratch{})
	}
	if workers == 1 {
		for i := range n {
			f(i, &(*scratches)[0])
		}
		return
	}
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				f(i, &(*scratches)[w])
			}
		})
	}
	group.Wait()
}

// Winner is the neuron that decides image i of the block, with the weights
// that the images before it have left.
func (b *Block) Winner(i int, muted []bool) (spike.Spike, bool) {
	t := &b.tallies[i]
	best, at := int32(0), -1
	for m, p := range t.Best {
		if p > best && !b.dirty[m] && (muted == nil || !muted[m]) {
			best, at = p, m
		}
	}
	for _, m := range b.changed {
		if muted != nil && muted[m] {
			continue
		}
		bound := int64(t.Best[m]) + int64(t.Active)*b.growth[m]
		if bound < int64(best) || bound <= 0 {
			continue
		}
		p, pos := b.c.tallyMap(b.images[i], int(m), &b.scratch[0])
		if p > best || p == best && p > 0 && int(m) < at {
			best, at = p, int(m)
			t.At[m] = pos
		}
	}
	if at < 0 {
		return spike.Spike{}, false
	}
	pos := int(t.At[at])
	return spike.Spike{Neuron: b.c.Out().Neuron(at, pos), Step: spike.Step(b.steps - 1), Potential: best}, true
}

// Learn lets the map of the winner of image i learn from it with the rule and
// rates.
func (b *Block) Learn(i int, w spike.Spike, rule *STDP, rates Rates) {
	b.ltp = b.c.OrderingAtEnd(b.images[i], w, b.ltp)
	rule.Change(b.c.Weight(w.Map), b.ltp, rates)
	b.touch(w.Map)
	// The first update of a layer whose weights begin outside the bounds
	// changes many maps at once.
	b.c.clamp(bounds{rule.Lower, rule.Upper}, b.touch)
}

// touch takes over the changed weights of a map into its quanta and notes by
// how much they grew.
func (b *Block) touch(m int) {
	n := b.c.Synapses()
	quanta := b.c.quanta[m*n : (m+1)*n]
	b.old = append(b.old[:0], quanta...)
	b.c.quantise(m)
	growth := int32(0)
	for j, q := range quanta {
		growth = max(growth, q-b.old[j])
	}
	b.growth[m] += int64(growth)
	if !b.dirty[m] {
		b.dirty[m] = true
		b.changed = append(b.changed, int32(m))
	}
}

// Flush makes the changes of the block visible to everyone who reads the
// layer.
func (b *Block) Flush() {
	for _, m := range b.changed {
		b.c.placeMap(int(m))
		b.dirty[m] = false
		b.growth[m] = 0
	}
	b.changed = b.changed[:0]
}

// tallyMap is one map's entry of the tally of an image, computed from the
// map's own weights.
func (c *Convolution) tallyMap(in spike.Bits, m int, s *Scratch) (best, at int32) {
	n := c.Synapses()
	quanta := c.quanta[m*n : (m+1)*n]
	positions := c.In.Positions()
	k := c.Kernel.Rows * c.Kernel.Cols
	s.start = grow(s.start, positions+1)
	s.active = s.active[:0]
	for pos := range positions {
		s.start[pos] = int32(len(s.active))
		s.active = in.Append(s.active, c.In.Maps, pos)
	}
	s.start[positions] = int32(len(s.active))
	best = math.MinInt32
	out := c.Out()
	for pos := range out.Positions() {
		var sum int32
		y0, x0 := pos/out.Cols*c.stride()-c.Pad, pos%out.Cols*c.stride()-c.Pad
		for y := max(0, -y0); y < min(c.Kernel.Rows, c.In.Rows-y0); y++ {
			for x := max(0, -x0); x < min(c.Kernel.Cols, c.In.Cols-x0); x++ {
				from := (y0+y)*c.In.Cols + x0 + x
				tap := y*c.Kernel.Cols + x
				for _, a := range s.active[s.start[from]:s.start[from+1]] {
					sum += quanta[int(a)*k+tap]
				}
			}
		}
		if sum > best {
			best, at = sum, int32(pos)
		}
	}
	return best, at
}
