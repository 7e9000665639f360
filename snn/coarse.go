package snn

import (
	"math"
	"sync"
	"sync/atomic"

	"firstspike/internal/simd"
)

// batch is how many images go through the coarse weights together, so that
// those of one kernel position are fetched once for all of them.
const batch = 16

// coarse holds the weights of a layer with a byte each: a quantum q is
// base + unit*byte + a rest below unit. Summed over n active inputs, the bytes
// give a potential to within n*(unit-1).
type coarse struct {
	bytes      []byte // tap, input, map; in whole units of simd.SumBytes
	width      int    // of a row
	base, unit int32
	muted      []bool  // the maps whose bytes are 0
	lane       []int32 // the map behind every sum, -1: none
	maps       []int32 // that are to be placed
}

func (k *coarse) init(b *Block) {
	k.width = (b.c.Maps + simd.Unit - 1) / simd.Unit * simd.Unit
	k.bytes = make([]byte, b.taps*b.c.In.Maps*k.width)
	k.muted = make([]bool, b.c.Maps)
	k.lane = make([]int32, k.width)
	for i := range k.lane {
		k.lane[i] = -1
	}
	for m := range b.c.Maps {
		k.lane[simd.Lane(m)] = int32(m)
	}
}

// update brings the bytes of the maps that have changed up to date.
func (k *coarse) update(b *Block, muted []bool, workers int) {
	k.maps = append(k.maps[:0], b.changed...)
	whole := k.unit == 0
	for m := range k.muted {
		if now := muted != nil && muted[m]; now != k.muted[m] {
			k.muted[m], whole = now, true
		}
	}
	if !whole {
		lo, hi := b.span(k.maps)
		whole = lo < k.base || int64(hi) >= int64(k.base)+256*int64(k.unit)
	}
	if whole {
		k.maps = k.maps[:0]
		for m := range b.c.Maps {
			k.maps = append(k.maps, int32(m))
		}
		lo, hi := b.span(k.maps)
		if h := b.c.held; h != (bounds{}) {
			lo, hi = min(lo, round(float32(h.lower*b.c.scale()))), max(hi, round(float32(h.upper*b.c.scale())))
		}
		k.base = lo
		k.unit = int32((int64(hi)-int64(lo))/256 + 1)
	}
	spread(b.taps, workers, b.placing)
}

// place writes the bytes of one kernel position for the maps of k.maps.
func (k *coarse) place(b *Block, tap int) {
	inverse := 1 / float32(k.unit)
	inputs := b.c.In.Maps
	const tile = 32 // rows whose lines stay at hand
	for from := 0; from < inputs; from += tile {
		to := min(from+tile, inputs)
		for _, m := range k.maps {
			q := b.q[(int(m)*b.taps+tap)*b.depth:][:inputs]
			at := k.bytes[tap*inputs*k.width+int(m):]
			for i := from; i < to; i++ {
				d := int64(q[i]) - int64(k.base)
				v := int64(float32(d) * inverse)
				// The product may be off by one in either direction.
				if v*int64(k.unit) > d {
					v--
				} else if (v+1)*int64(k.unit) <= d {
					v++
				}
				if k.muted[m] {
					v = 0
				}
				at[i*k.width] = byte(v)
			}
		}
	}
}

// span is the range of the quanta of some maps.
func (b *Block) span(maps []int32) (lo, hi int32) {
	lo, hi = math.MaxInt32, math.MinInt32
	n := b.taps * b.depth
	for _, m := range maps {
		for _, q := range b.q[int(m)*n : (int(m)+1)*n] {
			lo, hi = min(lo, q), max(hi, q)
		}
	}
	return lo, hi
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

// A bench is the working memory of a goroutine that votes.
type bench struct {
	sums   []int32 // image, output position, sum
	active []int32 // of every image and input position, its active maps as offsets into the bytes
	start  []int32
	counts []int32 // image, output position: active inputs
}

// vote fills the ballots of the images from..to-1.
func (b *Block) vote(s *bench, from, to int) {
	c, k, out := b.c, &b.coarse, b.c.Out()
	images, positions, inputs := to-from, out.Positions(), c.In.Positions()
	s.active, s.start = s.active[:0], grow(s.start, images*inputs+1)
	for i := range images {
		for pos := range inputs {
			at := len(s.active)
			s.start[i*inputs+pos] = int32(at)
			s.active = b.images[from+i].Append(s.active, c.In.Maps, pos)
			for j := at; j < len(s.active); j++ {
				s.active[j] *= int32(k.width)
			}
		}
	}
	s.start[images*inputs] = int32(len(s.active))
	s.sums = grow(s.sums, images*positions*k.width)
	clear(s.sums)
	s.counts = grow(s.counts, images*positions)
	clear(s.counts)
	for pos := range positions {
		y0, x0 := pos/out.Cols*c.stride()-c.Pad, pos%out.Cols*c.stride()-c.Pad
		for y := max(0, -y0); y < min(c.Kernel.Rows, c.In.Rows-y0); y++ {
			for x := max(0, -x0); x < min(c.Kernel.Cols, c.In.Cols-x0); x++ {
				bytes := k.bytes[(y*c.Kernel.Cols+x)*c.In.Maps*k.width:]
				source := (y0+y)*c.In.Cols + x0 + x
				for i := range images {
					active := s.active[s.start[i*inputs+source]:s.start[i*inputs+source+1]]
					simd.SumBytes(s.sums[(i*positions+pos)*k.width:][:k.width], bytes, active)
					s.counts[i*positions+pos] += int32(len(active))
				}
			}
		}
	}
	for i := range images {
		b.count(&b.ballots[from+i], s.sums[i*positions*k.width:][:positions*k.width], s.counts[i*positions:][:positions])
	}
}

// count finds the candidates of an image.
func (b *Block) count(t *ballot, sums, counts []int32) {
	k := &b.coarse
	base, unit := int64(k.base), int64(k.unit)
	top := int64(math.MinInt64)
	t.active = 0
	for pos, n := range counts {
		top = max(top, int64(n)*base+unit*int64(simd.Max(sums[pos*k.width:][:k.width])))
		t.active = max(t.active, int64(n))
	}
	// Who lies below cannot win, even if the best loses as much as the bytes
	// leave open.
	t.cut = top - t.active*unit
	t.candidates = t.candidates[:0]
	for pos, n := range counts {
		upper := int64(n) * (base + unit - 1)
		// The smallest sum with upper + unit*sum >= cut.
		least := (t.cut - upper + unit - 1) / unit
		if t.cut <= upper {
			least = 0
		}
		row := sums[pos*k.width:][:k.width]
		if least > math.MaxInt32 || !simd.Above(row, int32(least-1)) {
			continue
		}
		for lane, v := range row {
			m := k.lane[lane]
			if int64(v) < least || m < 0 || k.muted[m] {
				continue
			}
			t.candidates = append(t.candidates, candidate{m, int32(pos), upper + unit*int64(v)})
			// The best first, for its potential settles most others.
			if last := len(t.candidates) - 1; t.candidates[last].upper > t.candidates[0].upper {
				t.candidates[0], t.candidates[last] = t.candidates[last], t.candidates[0]
			}
		}
	}
}
