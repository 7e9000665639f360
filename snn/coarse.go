package snn

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// A batch is how many images go through the coarse weights together, so that
// those of one kernel position are fetched once for all of them: as many as
// have room for their sums, but no more than are of use.
const (
	mostBatch  = 16
	batchBytes = 32 << 20
)

// levels is how many values the byte of a weight takes: few enough for the
// sum of four to fit into a byte again.
const levels = simd.MaxByte + 1

// leastUnit is how small the unit of a byte may become: with 4, potentials that
// are counted in units leave room in 32 bits.
const leastUnit = 4

// coarse holds the weights of a layer with a byte each: a quantum q lies
// between base + unit*byte and that + rest. Summed over n active inputs, the
// bytes give a potential to within n*rest.
type coarse struct {
	bytes            []byte // tap, input, map; in whole units of simd.SumBytes or simd.SumQuarters
	byMap            []byte // map, tap, input rounded up, as Block.q
	stride           int    // bytes of a map there, in whole units too
	width            int    // of a row: its sums
	row              int    // bytes of a row: width, or a quarter of it with halves
	top              int32  // no byte is larger
	base, unit, rest int32
	frozen           bool    // nothing learns any more
	exact            bool    // every quantum is base + unit*byte, and rest 0
	muted            []bool  // the maps whose bytes are 0
	column           []int32 // of every map, its place in a row
	lane             []int32 // the map behind every sum, -1: none
	maps             []int32 // that are to be placed
	whole            bool    // they are to be placed anew
}

// units is the number of units of simd.SumBytes in a row.
func (k *coarse) units() int { return k.width / simd.Unit }

func (k *coarse) init(b *Block) {
	k.width = (b.c.Maps + simd.Unit - 1) / simd.Unit * simd.Unit
	k.row, k.top = k.width, simd.MaxByte
	k.bytes = make([]byte, b.taps*b.c.In.Maps*k.width)
	k.stride = (b.taps*b.depth + simd.Unit - 1) / simd.Unit * simd.Unit
	k.byMap = make([]byte, b.c.Maps*k.stride)
	k.muted = make([]bool, b.c.Maps)
	k.column, k.lane = make([]int32, b.c.Maps), make([]int32, k.width)
	for m := range k.column {
		k.column[m] = int32(m)
	}
	k.link()
}

// link finds the maps behind the sums.
func (k *coarse) link() {
	for i := range k.lane {
		k.lane[i] = -1
	}
	for m, column := range k.column {
		k.lane[simd.Lane(int(column))] = int32(m)
	}
}

// sort puts the maps that have grown most since the last time side by side:
// one of them in a unit is enough for an image to look at all of it.
func (k *coarse) sort(total, before []int64) {
	order := make([]int, len(total))
	for m := range order {
		order[m] = m
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total[b]-before[b], total[a]-before[a]) })
	for column, m := range order {
		k.column[m] = int32(column)
	}
	copy(before, total)
	k.link()
}

// update brings the bytes of the maps that have changed up to date.
func (k *coarse) update(b *Block, muted []bool, workers int) {
	k.maps = append(k.maps[:0], b.changed...)
	whole, muting := k.unit == 0, false
	for m := range k.muted {
		if now := muted != nil && muted[m]; now != k.muted[m] {
			k.muted[m], muting = now, true
		}
	}
	lo, hi := b.span(k.maps)
	if b.shown >= b.sortAt {
		k.sort(b.total, b.sorted)
		b.sortAt, whole = 2*b.sortAt, true
	}
	k.whole = whole || muting || lo < k.base || int64(hi) >= int64(k.base)+levels*int64(k.unit)
	if k.whole {
		b.era++ // bytes no longer compare with those before
		k.maps = k.maps[:0]
		for m := range b.c.Maps {
			k.maps = append(k.maps, int32(m))
		}
		lo, hi := b.span(k.maps)
		k.base = lo
		k.unit = int32(max((int64(hi)-int64(lo))/levels+1, leastUnit))
		// What rounding in place may take from a byte.
		k.rest = k.unit + k.unit>>10 + 1
		if k.frozen { // while weights change it is not worth looking
			if step := b.grid(lo); step >= leastUnit && (int64(hi)-int64(lo))/int64(step) < levels {
				k.unit, k.rest, k.exact = step, 0, true
				k.top = int32((int64(hi) - int64(lo)) / int64(step))
			}
		}
	}
	spread(len(k.maps), workers, b.placing)
}

// place brings the bytes of one map up to date.
func (k *coarse) place(b *Block, m int, s *voter) {
	n := b.taps * b.depth
	s.bytes = grow(s.bytes, n)
	if k.muted[m] {
		clear(s.bytes)
	} else {
		// A little less than 1/unit: no byte may come out too large.
		inverse := float32((1 - 1.0/(1<<20)) / float64(k.unit))
		if k.exact { // nor too small
			inverse = float32((1 + 1.0/(1<<20)) / float64(k.unit))
		}
		simd.Narrow(s.bytes, b.q[m*n:(m+1)*n], k.base, inverse)
	}
	inputs, old := b.c.In.Maps, k.byMap[m*k.stride:][:n]
	for i := 0; i < n; i += 8 {
		was, is := binary.LittleEndian.Uint64(old[i:]), binary.LittleEndian.Uint64(s.bytes[i:])
		if was == is && !k.whole {
			continue
		}
		binary.LittleEndian.PutUint64(old[i:], is)
		tap, in := i/b.depth, i%b.depth
		to := k.bytes[tap*inputs*k.width+int(k.column[m]):]
		for j := in; j < min(in+8, inputs); j++ {
			to[j*k.width] = byte(is)
			is >>= 8
		}
	}
}

// span is the range of the quanta of some maps, or what they are held within.
func (b *Block) span(maps []int32) (lo, hi int32) {
	if h := b.c.held; h != (bounds{}) {
		return round(float32(h.lower * b.c.scale())), round(float32(h.upper * b.c.scale()))
	}
	lo, hi = math.MaxInt32, math.MinInt32
	n := b.taps * b.depth
	for _, m := range maps {
		for _, q := range b.q[int(m)*n : (int(m)+1)*n] {
			lo, hi = min(lo, q), max(hi, q)
		}
	}
	return lo, hi
}

// grid is the largest number of which all quanta are multiples, counted from lo;
// 0 if all are lo.
func (b *Block) grid(lo int32) int32 {
	step, n := int64(0), b.taps*b.depth
	for m := range b.c.Maps {
		for i := 0; i < n; i += b.depth {
			for _, q := range b.q[m*n+i:][:b.c.In.Maps] {
				for v := int64(q) - int64(lo); v != 0; {
					step, v = v, step%v
				}
				if step == 1 {
					return 1
				}
			}
		}
	}
	return int32(step)
}

// spread calls f for 0 to n-1 from the given number of goroutines, and says
// which of them calls.
func spread(n, workers int, f func(i, worker int)) {
	workers = max(1, min(workers, n))
	if workers == 1 {
		for i := range n {
			f(i, 0)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i, w)
			}
		})
	}
	group.Wait()
}

// A voter is the working memory of a goroutine that votes.
type voter struct {
	images []spike.Bits
	runs   []run
	sums   []int32 // image, output position, sum
	active []int32 // of every image and input position, its active maps as offsets into the bytes
	start  []int32
	counts []int32 // image, output position: active inputs
	alive  []bool  // image, output position, unit: it may hold a winner
	grown  []int64 // of each unit
	leads  []int64 // image: the potential of its favourite
	bytes  []byte  // of a map
}

// none is below every potential.
const none = math.MinInt64 / 2

// vote fills the ballots of the images from..to-1.
func (b *Block) vote(s *voter, from, to int) {
	s.images = s.images[:0]
	for i := from; i < to; i++ {
		s.images = append(s.images, b.image(i))
	}
	b.enlist(s)
	s.grown, s.leads = grow(s.grown, b.coarse.units()), grow(s.leads, len(s.images))
	for i := range s.images {
		b.expect(s, i, from+i)
	}
	b.sum(s, b.coarse.bytes, b.everywhere)
	for i := range s.images {
		b.count(s, i, from+i)
	}
}

// enlist lists the active inputs of the images of a voter, each as the place of
// its bytes and as often as it fired, and counts those of every output position.
func (b *Block) enlist(s *voter) {
	c, out := b.c, b.c.Out()
	positions, inputs, images := out.Positions(), c.In.Positions(), len(s.images)
	s.active, s.start = s.active[:0], grow(s.start, images*inputs+1)
	words, row := b.words, int32(b.coarse.row)
	planes, plane := c.planes()
	for i, image := range s.images {
		for pos := range inputs {
			s.start[i*inputs+pos] = int32(len(s.active))
			for p := range planes {
				for k, word := range image[p*plane+pos*words:][:words] {
					for ; word != 0; word &= word - 1 {
						for range spike.Weight(p) {
							s.active = append(s.active, int32(k*64+bits.TrailingZeros64(word))*row)
						}
					}
				}
			}
		}
	}
	s.start[images*inputs] = int32(len(s.active))
	s.counts = grow(s.counts, images*positions)
	for i := range images {
		start := s.start[i*inputs:]
		for pos := range positions {
			y0, x0 := pos/out.Cols*c.stride()-c.Pad, pos%out.Cols*c.stride()-c.Pad
			lo, hi := max(0, x0), min(c.In.Cols, x0+c.Kernel.Cols)
			count := int32(0)
			for y := max(0, y0); y < min(c.In.Rows, y0+c.Kernel.Rows) && lo < hi; y++ {
				count += start[y*c.In.Cols+hi] - start[y*c.In.Cols+lo]
			}
			s.counts[i*positions+pos] = count
		}
	}
	s.sums = grow(s.sums, images*positions*b.coarse.width)
	s.alive = grow(s.alive, images*positions*b.coarse.units())
}

// A run is units side by side that are summed together for an image and an
// output position, whose kernel begins at a row and a column of the input.
type run struct{ image, pos, from, to, row, col int32 }

// sum adds up the bytes of a table, as coarse has them, of the units that are
// alive at some output positions, kernel position by kernel position: its
// weights are near while all images and positions of a voter need them.
func (b *Block) sum(s *voter, table []byte, order []int) {
	c, k, out := b.c, &b.coarse, b.c.Out()
	positions, inputs, units := out.Positions(), c.In.Positions(), k.units()
	s.runs = s.runs[:0]
	for _, pos := range order {
		row, col := pos/out.Cols*c.stride()-c.Pad, pos%out.Cols*c.stride()-c.Pad
		for i := range s.images {
			alive := s.alive[(i*positions+pos)*units:][:units]
			for u, end := 0, 0; u < units; u = end + 1 {
				for end = u; end < units && alive[end]; end++ {
				}
				if end > u {
					s.runs = append(s.runs, run{int32(i), int32(pos), int32(u * simd.Unit), int32(end * simd.Unit), int32(row), int32(col)})
				}
			}
		}
	}
	for tap := range b.taps {
		bytes := table[tap*c.In.Maps*k.row:]
		for i := range s.runs {
			r := &s.runs[i]
			y, x := int(r.row)+tap/c.Kernel.Cols, int(r.col)+tap%c.Kernel.Cols
			if y < 0 || y >= c.In.Rows || x < 0 || x >= c.In.Cols {
				continue
			}
			start := s.start[int(r.image)*inputs+y*c.In.Cols+x:]
			sums := s.sums[(int(r.image)*positions+int(r.pos))*k.width:]
			if active := s.active[start[0]:start[1]]; k.row < k.width { // halves: all units are alive, or none
				simd.SumQuarters(sums[:k.width], bytes, active)
			} else {
				simd.SumBytes(sums[r.from:r.to], bytes[r.from:], active)
			}
		}
	}
}

// expect finds which units of maps may hold the winner of image i of a voter,
// image n of the block, and clears their sums.
func (b *Block) expect(s *voter, i, n int) {
	k := &b.coarse
	positions, units := b.c.Out().Positions(), k.units()
	t := &b.ballots[n]
	t.counts = append(t.counts[:0], s.counts[i*positions:][:positions]...)
	t.active = int64(slices.Max(t.counts))
	id := b.ids[n]
	seen, alive := &b.album.seen[id], s.alive[i*positions*units:][:positions*units]
	known := seen.growth >= 0 && seen.era == b.era && seen.favourite.m >= 0 && !b.album.brief
	s.leads[i] = none
	if known {
		s.leads[i] = int64(b.potential(b.album.Images[id], int(seen.favourite.m), int(seen.favourite.pos)))
		b.grown(seen.growth, s.grown)
	}
	cut := s.leads[i] - t.active*int64(k.rest)
	bounds := b.bounds(n)
	for at, last := range bounds {
		alive[at] = true
		if known && last != unbounded {
			upper := int64(last) + int64(s.counts[i*positions+at/units])*s.grown[at%units]
			alive[at] = upper >= cut
			bounds[at] = bound(upper)
		}
		if alive[at] {
			clear(s.sums[i*positions*k.width+at*simd.Unit:][:simd.Unit])
		}
	}
}

// count finds the candidates of image i of a voter, image n of the block, and
// what is to be remembered of it.
func (b *Block) count(s *voter, i, n int) {
	k, units := &b.coarse, b.coarse.units()
	positions := b.c.Out().Positions()
	base, unit, rest := int64(k.base), int64(k.unit), int64(k.rest)
	sums, alive := s.sums[i*positions*k.width:], s.alive[i*positions*units:][:positions*units]
	counts := s.counts[i*positions:]
	id, t := b.ids[n], &b.ballots[n]
	seen, bounds := &b.album.seen[id], b.bounds(n)
	t.candidates = t.candidates[:0]
	lead := s.leads[i]
	top := lead
	for at, live := range alive {
		if live {
			n := int64(counts[at/units])
			most := unit * int64(simd.Max(sums[at*simd.Unit:][:simd.Unit]))
			top = max(top, n*base+most)
			bounds[at] = bound(n*(base+rest) + most)
		}
	}
	// Who lies below cannot win, even if the best loses as much as the bytes
	// leave open.
	t.cut = top - t.active*rest
	if lead != none {
		t.candidates = append(t.candidates, candidate{seen.favourite, lead, true})
	}
	for at, live := range alive {
		if !live {
			continue
		}
		pos := at / units
		upper := int64(counts[pos]) * (base + rest)
		// The smallest sum with upper + unit*sum >= cut.
		least := (t.cut - upper + unit - 1) / unit
		if t.cut <= upper {
			least = 0
		}
		row := sums[at*simd.Unit:][:simd.Unit]
		if least > math.MaxInt32 || !simd.Above(row, int32(least-1)) {
			continue
		}
		for lane, v := range row {
			p := place{k.lane[at%units*simd.Unit+lane], int32(pos)}
			if int64(v) < least || p.m < 0 || k.muted[p.m] || lead != none && p == seen.favourite {
				continue
			}
			t.candidates = append(t.candidates, candidate{p, upper + unit*int64(v), false})
		}
	}
	// The highest bound first: it settles most others.
	best := lead
	for k, v := range t.candidates {
		if v.potential > t.candidates[0].potential {
			t.candidates[0], t.candidates[k] = v, t.candidates[0]
		}
	}
	for k := range t.candidates {
		if v := &t.candidates[k]; !v.exact && v.potential >= best {
			v.potential, v.exact = int64(b.potential(s.images[i], int(v.m), int(v.pos))), true
			best = max(best, v.potential)
		}
	}
	// Now that the best is known the cut can be higher.
	t.cut = max(top, best) - t.active*rest
	t.candidates = slices.DeleteFunc(t.candidates, func(v candidate) bool { return v.potential < t.cut })
	if len(t.candidates) == 0 {
		seen.favourite.m = -1
		return
	}
	for k, v := range t.candidates {
		if v.exact && (!t.candidates[0].exact || v.potential > t.candidates[0].potential) {
			t.candidates[0], t.candidates[k] = v, t.candidates[0]
		}
	}
	favourite := t.candidates[0].place
	if lead != none && favourite != seen.favourite {
		// Its unit's bound has left it out so far.
		if at := k.at(seen.favourite); !alive[at] {
			bounds[at] = max(bounds[at], bound(lead))
		}
	}
	seen.favourite = favourite
	if at := k.at(favourite); alive[at] {
		row := sums[at*simd.Unit:][:simd.Unit]
		row[simd.Lane(int(k.column[favourite.m]))%simd.Unit] = 0
		n := int64(counts[at/units])
		bounds[at] = bound(n*(base+rest) + unit*int64(simd.Max(row)))
	}
}
