package snn

import (
	"math"

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
}

// A sighting is what is remembered of an image.
type sighting struct {
	growth   int32 // which record of growths was the last then; below 0: never seen
	favorite place // the neuron that was ahead; bounds leave it out
	muting   int   // which maps were muted
}

// A place names a neuron of a block's layer.
type place struct{ m, pos int32 }

// unit is where the bound that covers the place is among those of an image.
func (p place) unit(units int) int { return int(p.pos)*units + int(p.m)/simd.Unit }

const unbounded = math.MaxInt32

// bound is a bound as an album holds it.
func bound(v int64) int32 { return int32(min(v, unbounded)) }

// Album returns an album of the images for use with b.
func (b *Block) Album(images []spike.Bits) *Album {
	a := &Album{Images: images, seen: make([]sighting, len(images))}
	for i := range a.seen {
		a.seen[i].growth = -1
	}
	a.bounds = make([]int32, len(images)*b.c.Out().Positions()*b.coarse.units())
	return a
}

// growths remember, for as long as an image refers to it, by how much the
// weights of every map had grown when the image was seen.
type growths struct {
	records [][]int64 // by number: of each map
	users   []int     // images that refer to it
	free    []int32
}

// add makes a record of now and returns its number.
func (g *growths) add(now []int64) int32 {
	if n := len(g.free); n > 0 {
		r := g.free[n-1]
		g.free = g.free[:n-1]
		copy(g.records[r], now)
		return r
	}
	g.records = append(g.records, append([]int64(nil), now...))
	g.users = append(g.users, 0)
	return int32(len(g.records) - 1)
}

// move makes a sighting refer to record r instead of its own.
func (g *growths) move(s *sighting, r int32) {
	if s.growth >= 0 {
		if g.users[s.growth]--; g.users[s.growth] == 0 {
			g.free = append(g.free, s.growth)
		}
	}
	s.growth = r
	g.users[r]++
}

// since writes for each unit of maps the largest growth of one of them since
// a record was made.
func (b *Block) since(record int32, units []int64) {
	then := b.growths.records[record]
	clear(units)
	for m, now := range b.total {
		u := m / simd.Unit
		units[u] = max(units[u], now-then[m])
	}
}
