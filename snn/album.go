package snn

import (
	"math"
	"slices"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// An Album is a set of images that a [Block] is shown again and again, with
// what it remembers of each: the neuron that was ahead, and bounds that the
// potentials of all others did not pass. Between two visits the weights of a
// map grow by a known amount, so that most neurons can be told to be behind
// without a look at their inputs. [Block.Album] makes one.
type Album struct {
	Images []spike.Bits

	seen   []sighting
	bounds []int32 // image, output position, unit of simd.SumBytes; [unbounded]: may be anything
	brief  bool    // bounds are too many: they are held for the images of a block, and every image is new
}

// albumBytes is how much memory the bounds of an album may take.
const albumBytes = 256 << 20

// A sighting is what is remembered of an image.
type sighting struct {
	growth    int32 // which record of growths was the last then; below 0: never seen
	favourite place // the neuron that was ahead; bounds leave it out
	era       int   // of the bytes
}

// A place names a neuron of a block's layer.
type place struct{ m, pos int32 }

// at is where the bound that covers a neuron is among those of an image.
func (k *coarse) at(p place) int { return int(p.pos)*k.units() + int(k.column[p.m])/simd.Unit }

const unbounded = math.MaxInt32

// bound is a bound as an album holds it.
func bound(v int64) int32 { return int32(min(v, unbounded)) }

// Album returns an album of the images for use with b.
func (b *Block) Album(images []spike.Bits) *Album {
	a := &Album{Images: images, seen: make([]sighting, len(images))}
	for i := range a.seen {
		a.seen[i].growth = -1
	}
	n := b.c.Out().Positions() * b.coarse.units()
	if a.brief = n > b.albumBytes/4/max(1, len(images)); !a.brief {
		a.bounds = make([]int32, n*len(images))
	}
	return a
}

// bounds are those of image i of the block.
func (b *Block) bounds(i int) []int32 {
	n, a := b.c.Out().Positions()*b.coarse.units(), b.album
	if !a.brief {
		i = b.ids[i]
	} else if len(a.bounds) < n*len(b.ids) {
		a.bounds = make([]int32, n*len(b.ids))
	}
	return a.bounds[i*n:][:n]
}

// growths tell by how much the weights of every map have grown since an image
// was seen. A record remembers, for as long as an image refers to it, the sum
// of all growths until then. Learning goes up and down, and after a while that
// sum says far more than has come of it. So from time to time a copy is made
// of the bytes of all weights: since then nothing can have grown by more than
// the bytes show.
type growths struct {
	records []record
	free    []int32
	copies  []snapshot
	pending []int32 // records since the last copy
	since   int     // blocks since then
	every   int     // blocks between two copies
}

type record struct {
	total []int64 // of each map: its growth until the record or, once there is a copy, from then to the copy
	users int     // images that refer to it
	copy  int32   // the copy that followed; below 0: there is none yet
}

type snapshot struct {
	bytes []byte  // as coarse.byMap
	total []int64 // of each map
	users int     // records that refer to it
	rise  []int64 // of each map, how much at most its weights are above the copy, if risen is true
	risen bool
}

// add makes a record of now and returns its number.
func (g *growths) add(now []int64) int32 {
	var r int32
	if n := len(g.free); n > 0 {
		r, g.free = g.free[n-1], g.free[:n-1]
	} else {
		r = int32(len(g.records))
		g.records = append(g.records, record{total: make([]int64, len(now))})
	}
	copy(g.records[r].total, now)
	g.records[r].copy = -1
	g.pending = append(g.pending, r)
	return r
}

// move makes a sighting refer to record r instead of its own.
func (g *growths) move(s *sighting, r int32) {
	if s.growth >= 0 {
		old := &g.records[s.growth]
		if old.users--; old.users == 0 {
			g.free = append(g.free, s.growth)
			if old.copy >= 0 {
				g.copies[old.copy].users--
			}
		}
	}
	s.growth = r
	g.records[r].users++
}

// snap copies the bytes, if it is time to, and forgets how much they had risen
// above the copies.
func (g *growths) snap(bytes []byte, now []int64) {
	for i := range g.copies {
		g.copies[i].risen = false
	}
	if g.since++; g.since < g.every {
		return
	}
	at := slices.IndexFunc(g.copies, func(c snapshot) bool { return c.users == 0 })
	if at < 0 {
		at = len(g.copies)
		g.copies = append(g.copies, snapshot{bytes: make([]byte, len(bytes)), total: make([]int64, len(now)), rise: make([]int64, len(now))})
	}
	c := &g.copies[at]
	copy(c.bytes, bytes)
	copy(c.total, now)
	for _, r := range g.pending {
		if of := &g.records[r]; of.users > 0 && of.copy < 0 { // it may be listed twice
			of.copy = int32(at)
			c.users++
			for m, t := range of.total {
				of.total[m] = now[m] - t
			}
		}
	}
	g.pending, g.since = g.pending[:0], 0
}

// rises brings the rise of the copies up to date that the images of the block
// refer to.
func (b *Block) rises(workers int) {
	g := &b.growths
	for _, id := range b.ids {
		s := b.album.seen[id]
		if s.growth < 0 || g.records[s.growth].copy < 0 {
			continue
		}
		c := &g.copies[g.records[s.growth].copy]
		if c.risen {
			continue
		}
		c.risen = true
		n := b.coarse.stride
		spread(len(c.rise), workers, func(m, _ int) {
			rise := int64(simd.Rise(b.coarse.byMap[m*n:(m+1)*n], c.bytes[m*n:]))
			c.rise[m] = min(b.total[m]-c.total[m], rise*int64(b.coarse.unit)+int64(b.coarse.rest))
		})
	}
}

// grown writes for each unit of maps the largest growth of one of them since
// a record was made.
func (b *Block) grown(r int32, units []int64) {
	of := &b.growths.records[r]
	clear(units)
	for m, column := range b.coarse.column {
		growth := b.total[m] - of.total[m]
		if of.copy >= 0 {
			growth = of.total[m] + b.growths.copies[of.copy].rise[m]
		}
		units[column/simd.Unit] = max(units[column/simd.Unit], growth)
	}
}
