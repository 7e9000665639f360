package snn

import (
	"cmp"
	"math"
	"slices"

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
	bench  bench
	order  []int // of positions, those with the most active inputs first
	groups []bounded
	best   []spike.Spike
	list   []spike.Spike
}

// bounded is what is known of the best neuron of a group.
type bounded struct {
	lower, upper int64 // bounds of its potential
	likely       place // the neuron that lower is a bound of
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
	f.bound(r, 2)
	return f.best(r, 0, 2, best)
}

// Winners finds the neurons that decide many images and gives that of image i,
// and whether there is one, to each. It takes some images at a time, so that
// weights are fetched once for them.
func (f *Finals) Winners(in []spike.Bits, r *Round, each func(i int, winner spike.Spike, ok bool)) {
	for from := 0; from < len(in); from += f.block.batch {
		r.bench.images = append(r.bench.images[:0], in[from:min(from+f.block.batch, len(in))]...)
		f.bound(r, 1)
		for i := range r.bench.images {
			if r.list = f.best(r, i, 1, r.list); len(r.list) > 0 {
				each(from+i, r.list[0], true)
			} else {
				each(from+i, spike.Spike{Step: spike.Silent}, false)
			}
		}
	}
}

// bound finds bounds of the best of every group for the images of a round, of
// which so many places are of interest, one or two. A position where too few
// inputs are active for any neuron to get there is left out.
func (f *Finals) bound(r *Round, places int) {
	b, s := f.block, &r.bench
	k, positions := &b.coarse, b.c.Out().Positions()
	units := k.units()
	b.enlist(s)
	r.order = r.order[:0]
	for pos := range positions {
		r.order = append(r.order, pos)
	}
	slices.SortStableFunc(r.order, func(p, q int) int { return cmp.Compare(s.counts[q], s.counts[p]) })
	r.groups = grow(r.groups, len(s.images)*f.n)
	for g := range r.groups {
		r.groups[g] = bounded{lower: none, upper: none}
	}
	base, unit, rest := int64(k.base), int64(k.unit), int64(k.rest)
	for _, pos := range r.order {
		for i := range s.images {
			at := i*positions + pos
			alive := int64(s.counts[at])*(base+levels*unit) >= last(r.groups[i*f.n:][:f.n], places)
			for u := range units {
				s.alive[at*units+u] = alive
			}
			clear(s.sums[at*k.width:][:k.width])
		}
		b.sum(s, pos)
		for i := range s.images {
			at := i*positions + pos
			if !s.alive[at*units] {
				continue
			}
			n := int64(s.counts[at])
			groups := r.groups[i*f.n:][:f.n]
			for lane, sum := range s.sums[at*k.width:][:len(f.groups)] {
				g := f.groups[lane]
				if g < 0 {
					continue
				}
				v := n*base + unit*int64(sum)
				if of := &groups[g]; v > of.lower {
					of.lower, of.likely = v, place{k.lane[lane], int32(pos)}
				}
				groups[g].upper = max(groups[g].upper, v+n*rest)
			}
		}
	}
}

// last is the lower bound that has the last of one or two places.
func last(groups []bounded, places int) int64 {
	first, second := int64(none), int64(none)
	for _, g := range groups {
		first, second = max(first, g.lower), max(second, min(first, g.lower))
	}
	if places == 1 {
		return first
	}
	return second
}

// best is Best for an image of a round, from the bounds of its groups.
func (f *Finals) best(r *Round, image, places int, best []spike.Spike) []spike.Spike {
	b, s := f.block, &r.bench
	k, positions := &b.coarse, b.c.Out().Positions()
	in, groups := s.images[image], r.groups[image*f.n:][:f.n]
	r.best = grow(r.best, f.n)
	take := func(g int, p place) {
		w := spike.Spike{Neuron: b.c.Out().Neuron(int(p.m), int(p.pos)), Step: spike.Step(b.steps - 1), Potential: b.potential(in, int(p.m), int(p.pos))}
		if w.Potential > 0 && (r.best[g].Step == spike.Silent || w.Ahead(r.best[g])) {
			r.best[g] = w
			groups[g].lower = max(groups[g].lower, int64(w.Potential))
		}
	}
	// The likely ones first: they settle most others.
	bar := last(groups, places)
	for g := range groups {
		r.best[g] = spike.Spike{Step: spike.Silent}
		if of := &groups[g]; of.upper >= bar && of.upper > 0 {
			take(g, of.likely)
		}
	}
	// A group that cannot get there plays no part.
	bar = last(groups, places)
	for g := range groups {
		if of := &groups[g]; of.upper < bar {
			of.lower = math.MaxInt64
		} else {
			of.lower = max(of.lower, 1)
		}
	}
	base, unit, rest := int64(k.base), int64(k.unit), int64(k.rest)
	for pos, n := range s.counts[image*positions:][:positions] {
		at := image*positions + pos
		if !s.alive[at*k.units()] {
			continue
		}
		most := int64(n) * (base + rest)
		for lane, sum := range s.sums[at*k.width:][:len(f.groups)] {
			g := f.groups[lane]
			if g < 0 || most+unit*int64(sum) < groups[g].lower {
				continue
			}
			if p := (place{k.lane[lane], int32(pos)}); p != groups[g].likely || r.best[g].Step == spike.Silent {
				take(int(g), p)
			}
		}
	}
	best = best[:0]
	for range places {
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
