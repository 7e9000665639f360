package snn

import (
	"math/bits"

	"firstspike/internal/simd"
)

// mostFew is how many levels the weights of a layer may lie on for its finals to
// go by halves.
const mostFew = 16

// halves hold the weights of a frozen layer that lie on few levels, as those of
// a network do that was rounded to four bits or fewer. A quantum is
//
//	base + unit*(high<<shift + low),
//
// where high and low have two bits each, or high alone holds all. The high halves
// of all maps take a quarter of the memory that bytes take, and their sums are
// bounds. Where they do not settle it the sums of the low halves make them exact, so
// that nothing is left to be computed map by map.
type halves struct {
	low   []byte // as coarse.bytes, which are the high ones
	shift int
}

// halve puts halves in the place of bytes if the layer has few levels.
func (f *Finals) halve() {
	b := f.block
	k := &b.coarse
	if !k.exact || k.top >= mostFew {
		return
	}
	f.halves = &halves{shift: max(0, bits.Len32(uint32(k.top))-2)}
	bytes, width, rows := k.bytes, k.width, b.taps*b.c.In.Maps
	k.width = (b.c.Maps + simd.QuarterUnit - 1) / simd.QuarterUnit * simd.QuarterUnit
	k.row = k.width / 4
	pack := func(half func(n byte) byte) []byte {
		table := make([]byte, rows*k.row)
		for i := range rows {
			for j, n := range bytes[i*width:][:width] {
				at, bit := simd.Quarter(j)
				table[i*k.row+at] |= half(n) << bit
			}
		}
		return table
	}
	shift := f.halves.shift
	k.bytes = pack(func(n byte) byte { return n >> shift })
	if shift > 0 {
		f.halves.low = pack(func(n byte) byte { return n & (1<<shift - 1) })
	}
	k.lane = make([]int32, k.width)
	k.link()
}

// settle finds the potentials of all neurons at those positions of a round's
// images where one of so many places can be, and what it must reach to be that.
func (f *Finals) settle(r *Round, places int) {
	s, k := &r.voter, &f.block.coarse
	positions := f.block.c.Out().Positions()
	_, n := f.groupsFor(places)
	r.groups = grow(r.groups, len(s.images)*n)
	for g := range r.groups {
		r.groups[g] = group{low: none}
	}
	r.tops, r.exact = grow(r.tops, len(s.images)*positions), grow(r.exact, len(s.images)*positions)
	for at := range r.tops {
		r.tops[at], r.exact[at] = none, false
	}
	// The position with the most inputs tells which others matter, by their
	// inputs, and of those the one with the highest bound, which of the rest.
	first, rest := r.order[:1], r.order[1:]
	f.sumHigh(r, first, func(image, at int) bool { return true })
	f.sumLow(r, first, places, func(image, at int) bool { return true })
	most := int64(k.base) + int64(k.unit)*int64(k.top)
	f.sumHigh(r, rest, func(image, at int) bool { return int64(s.counts[at])*most >= r.bars[image] })
	r.chosen = grow(r.chosen, len(s.images))
	for image := range r.chosen {
		r.chosen[image] = image * positions
		for at := image * positions; at < (image+1)*positions; at++ {
			if r.tops[at] > r.tops[r.chosen[image]] {
				r.chosen[image] = at
			}
		}
	}
	left := func(image, at int) bool { return !r.exact[at] && r.tops[at] >= r.bars[image] && r.tops[at] > none }
	f.sumLow(r, rest, places, func(image, at int) bool { return at == r.chosen[image] && left(image, at) })
	f.sumLow(r, rest, places, left)
}

// sumHigh sums the high halves at some of the positions and bounds the highest
// potential there.
func (f *Finals) sumHigh(r *Round, order []int, some func(image, at int) bool) {
	s, k := &r.voter, &f.block.coarse
	f.pick(r, order, some, func(_, at int) { clear(s.sums[at*k.width:][:k.width]) })
	f.block.sum(s, k.bytes, order)
	shift := f.halves.shift
	f.picked(r, order, func(_, at int) {
		sum := int64(simd.Max(s.sums[at*k.width:][:k.width]))
		n := int64(s.counts[at])
		r.tops[at] = n*int64(k.base) + int64(k.unit)*(sum<<shift+n*(1<<shift-1))
	})
}

// sumLow adds the low halves at some of the positions, and raises bars by what the
// neurons there have.
func (f *Finals) sumLow(r *Round, order []int, places int, some func(image, at int) bool) {
	s, k, shift := &r.voter, &f.block.coarse, f.halves.shift
	f.pick(r, order, some, func(_, at int) {
		sums := s.sums[at*k.width:][:k.width]
		for lane, v := range sums {
			sums[lane] = v << shift
		}
	})
	if shift > 0 {
		f.block.sum(s, f.halves.low, order)
	}
	groups, n := f.groupsFor(places)
	f.picked(r, order, func(image, at int) {
		r.exact[at] = true
		fixed, unit := int64(s.counts[at])*int64(k.base), int64(k.unit)
		of, sums := r.groups[image*n:][:n], s.sums[at*k.width:][:k.width]
		if n == 1 {
			of[0].low = max(of[0].low, fixed+unit*int64(simd.Max(sums)))
		} else {
			for lane, g := range groups {
				if g >= 0 {
					of[g].low = max(of[g].low, fixed+unit*int64(sums[lane]))
				}
			}
		}
		r.bars[image] = barOf(of, places)
	})
}

// pick lets some of the positions be summed.
func (f *Finals) pick(r *Round, order []int, some func(image, at int) bool, do func(image, at int)) {
	s, units := &r.voter, f.block.coarse.units()
	for image := range s.images {
		for _, pos := range order {
			at := image*f.block.c.Out().Positions() + pos
			alive := some(image, at)
			for u := range units {
				s.alive[at*units+u] = alive
			}
			if alive {
				do(image, at)
			}
		}
	}
}

// picked goes through them again.
func (f *Finals) picked(r *Round, order []int, do func(image, at int)) {
	s, units := &r.voter, f.block.coarse.units()
	for image := range s.images {
		for _, pos := range order {
			if at := image*f.block.c.Out().Positions() + pos; s.alive[at*units] {
				do(image, at)
			}
		}
	}
}

// elect finds the best of every group for an image of a round that is settled, as
// far as they reach its bar.
func (f *Finals) elect(r *Round, image, places int) {
	groups, _ := f.groupsFor(places)
	k, s, positions := &f.block.coarse, &r.voter, f.block.c.Out().Positions()
	r.mask = grow(r.mask, k.width/64)
	for pos := range positions {
		at := image*positions + pos
		if !r.exact[at] {
			continue
		}
		sums, unit := s.sums[at*k.width:][:k.width], int64(k.unit)
		fixed := int64(s.counts[at]) * int64(k.base)
		// The smallest sum that reaches it.
		least := max(0, (max(r.bars[image], 1)-fixed+unit-1)/unit)
		if !simd.Over(r.mask, sums, int32(least-1)) {
			continue
		}
		for i, word := range r.mask {
			for ; word != 0; word &= word - 1 {
				lane := i*64 + bits.TrailingZeros64(word)
				if g := groups[lane]; g >= 0 {
					f.offer(r, place{k.lane[lane], int32(pos)}, g, int32(fixed+unit*int64(sums[lane])))
				}
			}
		}
	}
}
