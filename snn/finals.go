package snn

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// Finals tell which neuron decides in a layer with an infinite threshold that
// no longer learns, and which would have decided for another class, without
// the potentials of all neurons. Bytes for weights bound them, as in a
// [Block]. Those that can be one of the two are bounded again, by a second byte
// for what the first leaves open, and of the few that are left the potentials
// are computed. Weights that lie on at most 16 levels, as those of a packed
// network do, take two bits first and two more where those do not settle it, and
// nothing else. The weights are those that the layer had when the finals were
// made. Several goroutines may use them, each with a [Round] of its own.
type Finals struct {
	block  *Block
	groups []int32 // of every lane, which is a sum of a row; -1: none
	all    []int32 // the same if all maps are one group
	n      int     // groups

	fine  []byte // map, tap, word of a position's bits, input: see Finals.refine
	shift int    // how many bits of a quantum both bytes leave open

	halves *halves // in place of bytes, or nil
}

// A Round is the working memory of finals for one goroutine. The zero Round is
// ready.
type Round struct {
	voter     voter
	order     []int   // of positions, those with the most active inputs first
	low, high []int32 // image, lane: bounds of the best of its neurons, in units of the bytes
	bars      []int64 // image: what a neuron must reach
	groups    []group
	close     []contender

	// With halves:
	tops   []int64 // image, position: a bound of its neurons
	exact  []bool  // image, position: the sums are those of both halves
	chosen []int   // image: a position
	mask   []uint64

	best []spike.Spike
	list []spike.Spike
}

// A group is what is known of the best neuron of some maps.
type group struct {
	low, high int64 // bounds of its potential
	lane      int32 // of the map that low is a bound of
}

// A contender is a neuron that may be the best of its group, and a bound of
// its potential.
type contender struct {
	place
	group int32
	upper int64 // if the bytes are exact the potential
}

// lowest is below all bounds, even if a sum is added to it.
const lowest = math.MinInt32 / 2

// NewFinals makes the finals of a layer whose input has the given number of
// steps. groups names the group of every map, 0 and up: its class.
func NewFinals(c *Convolution, steps int, groups []int) *Finals {
	f := &Finals{block: NewBlock(c, steps)}
	f.block.voters = make([]voter, 1)
	f.block.coarse.frozen = true
	f.block.coarse.update(f.block, nil, 1)
	f.halve()
	for _, g := range groups {
		f.n = max(f.n, g+1)
	}
	for _, m := range f.block.coarse.lane {
		f.all = append(f.all, min(m, 0))
		if m >= 0 {
			m = int32(groups[m])
		}
		f.groups = append(f.groups, m)
	}
	f.refine()
	f.block.w, f.block.coarse.byMap = nil, nil // nothing learns
	return f
}

// refine makes the second bytes: a quantum q is
//
//	base + unit*first + second<<shift + something below 1<<shift.
func (f *Finals) refine() {
	b := f.block
	k := &b.coarse
	if k.exact {
		return
	}
	f.shift = max(0, bits.Len32(uint32(k.rest-1))-8)
	f.fine = make([]byte, b.c.Maps*b.taps*b.words*64)
	for m := range b.c.Maps {
		for tap := range b.taps {
			first := k.byMap[m*k.stride+tap*b.depth:]
			second := f.fine[(m*b.taps+tap)*b.words*64:]
			for i, q := range b.q[(m*b.taps+tap)*b.depth:][:b.c.In.Maps] {
				second[i] = byte((q - k.base - k.unit*int32(first[i])) >> f.shift)
			}
		}
	}
}

// Best writes to best the neuron that decides for an image, if any potential
// is above 0, and then the best neuron of all other groups, if there is such a
// one. The best is the highest potential, then the lowest map, row, column.
func (f *Finals) Best(in spike.Bits, r *Round, best []spike.Spike) []spike.Spike {
	r.voter.images = append(r.voter.images[:0], in)
	f.bound(r, 2)
	return f.best(r, 0, 2, best)
}

// Winners finds the neurons that decide many images and gives that of image i,
// and whether there is one, to each. It takes some images at a time, so that
// weights are fetched once for them.
func (f *Finals) Winners(in []spike.Bits, r *Round, each func(i int, winner spike.Spike, ok bool)) {
	for from := 0; from < len(in); from += f.block.batch {
		r.voter.images = append(r.voter.images[:0], in[from:min(from+f.block.batch, len(in))]...)
		f.bound(r, 1)
		for i := range r.voter.images {
			if r.list = f.best(r, i, 1, r.list); len(r.list) > 0 {
				each(from+i, r.list[0], true)
			} else {
				each(from+i, spike.Spike{Step: spike.Silent}, false)
			}
		}
	}
}

// bound finds for the images of a round, of which so many places are of
// interest, bounds of the best neuron of every lane. A position where too few
// inputs are active for any neuron to get there is left out.
func (f *Finals) bound(r *Round, places int) {
	b, s := f.block, &r.voter
	k, positions := &b.coarse, b.c.Out().Positions()
	units := k.units()
	b.enlist(s)
	r.order = r.order[:0]
	for pos := range positions {
		r.order = append(r.order, pos)
	}
	slices.SortStableFunc(r.order, func(p, q int) int { return cmp.Compare(s.counts[q], s.counts[p]) })
	r.bars = grow(r.bars, len(s.images))
	if f.halves != nil {
		f.settle(r, places)
		return
	}
	r.low, r.high = grow(r.low, len(s.images)*k.width), grow(r.high, len(s.images)*k.width)
	for i := range r.low {
		r.low[i], r.high[i] = lowest, lowest
	}
	// The position with the most inputs tells which others matter. Positions
	// are in order for the first image of the round only: any will do.
	most := int64(k.base) + int64(k.rest) + int64(k.unit)*int64(k.top)
	for n, order := range [][]int{r.order[:1], r.order[1:]} {
		for i, bar := range r.bars {
			for _, pos := range order {
				at := i*positions + pos
				alive := n == 0 || int64(s.counts[at])*most >= bar
				for u := range units {
					s.alive[at*units+u] = alive
				}
				clear(s.sums[at*k.width:][:k.width])
			}
		}
		b.sum(s, k.bytes, order)
		for i := range r.bars {
			for _, pos := range order {
				at := i*positions + pos
				if !s.alive[at*units] {
					continue
				}
				least, most := k.fixed(s.counts[at])
				sums := s.sums[at*k.width:][:k.width]
				simd.Lift(r.low[i*k.width:][:k.width], sums, least)
				simd.Lift(r.high[i*k.width:][:k.width], sums, most)
			}
			if n == 0 {
				f.gather(r, i, places)
				r.bars[i] = barOf(r.groups, places)
			}
		}
	}
}

// fixed is what n active inputs have to give, at least and at most, beyond
// their bytes, in units rounded so that they remain bounds.
func (k *coarse) fixed(n int32) (least, most int32) {
	count, unit := int64(n), int64(k.unit)
	low, high := count*int64(k.base), count*(int64(k.base)+int64(k.rest))
	least, most = int32(low/unit), int32(high/unit)
	if low%unit < 0 {
		least--
	}
	if high%unit > 0 {
		most++
	}
	return least, most
}

// groupsFor are the groups of the lanes, and how many there are. If only the
// best of all is of interest all maps are one group.
func (f *Finals) groupsFor(places int) ([]int32, int) {
	if places == 1 {
		return f.all, 1
	}
	return f.groups, f.n
}

// gather finds the bounds of the groups for an image of a round.
func (f *Finals) gather(r *Round, image, places int) {
	groups, n := f.groupsFor(places)
	r.groups = grow(r.groups, n)
	for g := range r.groups {
		r.groups[g] = group{low: none, high: none}
	}
	k := &f.block.coarse
	low, high, unit := r.low[image*k.width:], r.high[image*k.width:], int64(k.unit)
	for lane, g := range groups {
		if g < 0 {
			continue
		}
		of := &r.groups[g]
		if v := unit * int64(low[lane]); v > of.low {
			of.low, of.lane = v, int32(lane)
		}
		of.high = max(of.high, unit*int64(high[lane]))
	}
}

// barOf is the bound that the group has which is last of one or two places.
func barOf(groups []group, places int) int64 {
	first, second := int64(none), int64(none)
	for _, g := range groups {
		first, second = max(first, g.low), max(second, min(first, g.low))
	}
	if places == 1 {
		return first
	}
	return second
}

// best is Best for an image of a round, from the bounds of its lanes.
func (f *Finals) best(r *Round, image, places int, best []spike.Spike) []spike.Spike {
	groups, n := f.groupsFor(places)
	r.best = grow(r.best, n)
	for g := range r.best {
		r.best[g] = spike.Spike{Step: spike.Silent}
	}
	if f.halves != nil {
		f.elect(r, image, places)
	} else {
		f.sift(r, image, places)
	}
	best = best[:0]
	for range places {
		w, ok := spike.First(r.best)
		if !ok {
			break
		}
		best = append(best, w)
		r.best[groups[simd.Lane(int(f.block.coarse.column[w.Map]))]].Step = spike.Silent
	}
	return best
}

// sift finds the best of every group for an image of a round, as far as they can
// be one of so many places.
func (f *Finals) sift(r *Round, image, places int) {
	groups, _ := f.groupsFor(places)
	k := &f.block.coarse
	f.gather(r, image, places)
	r.close = r.close[:0]
	// The likely ones first: they settle most others.
	for lane, g := range groups {
		if g >= 0 && int(r.groups[g].lane) == lane {
			f.look(r, image, lane, g, barOf(r.groups, places))
		}
	}
	// A group that cannot get there plays no part.
	bar := barOf(r.groups, places)
	high, unit := r.high[image*k.width:], int64(k.unit)
	for lane, g := range groups {
		if g >= 0 && unit*int64(high[lane]) >= max(bar, r.groups[g].low) && int(r.groups[g].lane) != lane {
			f.look(r, image, lane, g, bar)
		}
	}
	bar = barOf(r.groups, places)
	for _, c := range r.close {
		if c.upper < max(bar, r.groups[c.group].low) {
			continue
		}
		p := int32(c.upper)
		if !k.exact {
			p = f.block.potential(r.voter.images[image], int(c.m), int(c.pos))
		}
		f.offer(r, c.place, c.group, p)
		r.groups[c.group].low = max(r.groups[c.group].low, int64(p))
	}
}

// offer makes a neuron the best of its group if it is.
func (f *Finals) offer(r *Round, at place, g, p int32) {
	w := spike.Spike{Neuron: f.block.c.Out().Neuron(int(at.m), int(at.pos)), Step: spike.Step(f.block.steps - 1), Potential: p}
	if best := &r.best[g]; p > 0 && (best.Step == spike.Silent || w.Ahead(*best)) {
		*best = w
	}
}

// look bounds the neurons of a lane's map closely that can be the best of their
// group and reach a bar.
func (f *Finals) look(r *Round, image, lane int, g int32, bar int64) {
	b, s := f.block, &r.voter
	k, out := &b.coarse, b.c.Out()
	of, positions, m := &r.groups[g], out.Positions(), k.lane[lane]
	for pos, n := range s.counts[image*positions:][:positions] {
		at := image*positions + pos
		if !s.alive[at*k.units()] {
			continue
		}
		sum := int64(k.unit) * int64(s.sums[at*k.width+lane])
		if n := int64(n); n*(int64(k.base)+int64(k.rest))+sum < max(bar, of.low, 1) {
			continue
		}
		lower := int64(n)*int64(k.base) + sum
		upper := lower
		if !k.exact {
			lower += int64(f.second(s.images[image], int(m), pos)) << f.shift
			upper = lower + int64(n)<<f.shift
		}
		if of.low = max(of.low, lower); upper >= of.low {
			r.close = append(r.close, contender{place{m, int32(pos)}, g, upper})
		}
	}
}

// second is the sum of the second bytes of a neuron's active inputs.
func (f *Finals) second(in spike.Bits, m, pos int) int32 {
	b := f.block
	c, out := b.c, b.c.Out()
	y0, x0 := pos/out.Cols*c.stride()-c.Pad, pos%out.Cols*c.stride()-c.Pad
	lo, hi := max(0, -x0), min(c.Kernel.Cols, c.In.Cols-x0)
	if lo >= hi {
		return 0
	}
	var sum int32
	planes, plane := c.planes()
	for p := range planes {
		for k := max(0, -y0); k < min(c.Kernel.Rows, c.In.Rows-y0); k++ {
			tap := m*b.taps + k*c.Kernel.Cols
			from := (y0+k)*c.In.Cols + x0
			sum += int32(spike.Weight(p)) * simd.SumPicked(f.fine[(tap+lo)*b.words*64:(tap+hi)*b.words*64], in[p*plane+(from+lo)*b.words:p*plane+(from+hi)*b.words])
		}
	}
	return sum
}
