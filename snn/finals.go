package snn

import (
	"math"

	"firstspike/spike"
)

// Finals tell which neuron decides in a layer with an infinite threshold that
// no longer learns, and which would have decided for another class, without
// the potentials of all neurons: bytes for weights bound them, as in a
// [Block], and only those that can be one of the two are computed. The weights
// are those that the layer had when the finals were made. Several goroutines
// may use them, each with a [Round] of its own.
type Finals struct {
	block  *Block
	groups []int32 // of every sum of a row; -1: none
	n      int     // groups
}

// A Round is the working memory of finals for one goroutine. The zero Round is
// ready.
type Round struct {
	bench        bench
	lower, upper []int64 // group: bounds of the potential of its best
	best, list   []spike.Spike
}

// NewFinals makes the finals of a layer whose input has the given number of
// steps. groups names the group of every map, 0 and up: its class.
func NewFinals(c *Convolution, steps int, groups []int) *Finals {
	f := &Finals{block: NewBlock(c, steps)}
	f.block.benches = make([]bench, 1)
	f.block.coarse.update(f.block, nil, 1)
	for _, g := range groups {
		f.n = max(f.n, g+1)
	}
	for _, m := range f.block.coarse.lane {
		if m >= 0 {
			m = int32(groups[m])
		}
		f.groups = append(f.groups, m)
	}
	return f
}

// Best writes to best the neuron that decides for an image, if any potential
// is above 0, and then the best neuron of all other groups, if there is such a
// one. The best is the highest potential, then the lowest map, row, column.
func (f *Finals) Best(in spike.Bits, r *Round, best []spike.Spike) []spike.Spike {
	r.bench.images = append(r.bench.images[:0], in)
	f.sum(r)
	return f.best(r, 0, best)
}

// BestOfEach is Best for many images, with what it finds of image i given to
// each. It takes some at a time, so that weights are fetched once for them. The
// slice that each gets is used again.
func (f *Finals) BestOfEach(in []spike.Bits, r *Round, each func(i int, best []spike.Spike)) {
	for from := 0; from < len(in); from += batch {
		r.bench.images = append(r.bench.images[:0], in[from:min(from+batch, len(in))]...)
		f.sum(r)
		for i := range r.bench.images {
			r.list = f.best(r, i, r.list)
			each(from+i, r.list)
		}
	}
}

// sum adds up the bytes of all neurons for the images of a round.
func (f *Finals) sum(r *Round) {
	b, s := f.block, &r.bench
	b.enlist(s)
	for i := range s.alive {
		s.alive[i] = true
	}
	clear(s.sums)
	b.sum(s)
}

// best is Best for an image of a round whose bytes are summed.
func (f *Finals) best(r *Round, image int, best []spike.Spike) []spike.Spike {
	b, s := f.block, &r.bench
	k := &b.coarse
	in, positions := s.images[image], b.c.Out().Positions()
	counts, sums := s.counts[image*positions:][:positions], s.sums[image*positions*k.width:]
	base, unit, rest := int64(k.base), int64(k.unit), int64(k.rest)
	r.lower, r.upper, r.best = grow(r.lower, f.n), grow(r.upper, f.n), grow(r.best, f.n)
	for g := range r.best {
		r.lower[g], r.upper[g], r.best[g] = none, none, spike.Spike{Step: spike.Silent}
	}
	for pos, n := range counts {
		row, least, open := sums[pos*k.width:][:k.width], int64(n)*base, int64(n)*rest
		for lane, g := range f.groups {
			if g >= 0 {
				v := least + unit*int64(row[lane])
				r.lower[g], r.upper[g] = max(r.lower[g], v), max(r.upper[g], v+open)
			}
		}
	}
	// A group that cannot come second plays no part.
	first, second := int64(none), int64(none)
	for _, v := range r.lower {
		first, second = max(first, v), max(second, min(first, v))
	}
	for g, v := range r.upper {
		if v < second {
			r.lower[g] = math.MaxInt64
		}
		r.lower[g] = max(r.lower[g], 1)
	}
	for pos, n := range counts {
		row, most := sums[pos*k.width:][:k.width], int64(n)*(base+rest)
		for lane, g := range f.groups {
			if g < 0 || most+unit*int64(row[lane]) < r.lower[g] {
				continue
			}
			m := int(k.lane[lane])
			w := spike.Spike{Neuron: b.c.Out().Neuron(m, pos), Step: spike.Step(b.steps - 1), Potential: b.potential(in, m, pos)}
			if w.Potential > 0 && (r.best[g].Step == spike.Silent || w.Ahead(r.best[g])) {
				r.best[g] = w
				r.lower[g] = max(r.lower[g], int64(w.Potential))
			}
		}
	}
	best = best[:0]
	for range 2 {
		w, ok := spike.First(r.best)
		if !ok {
			break
		}
		best = append(best, w)
		for g, other := range r.best {
			if other == w {
				r.best[g].Step = spike.Silent
			}
		}
	}
	return best
}
