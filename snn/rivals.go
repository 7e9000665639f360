package snn

import (
	"slices"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// A duel is what Oppose found out about an image: who can be the best of the
// maps of its class, and who of all others.
type duel struct {
	label  int
	sides  [2]side
	counts []int32 // active inputs of every output position
	active int64   // the largest of them
}

// A side is the neurons of a duel that can be the best of their maps.
type side struct {
	candidates []candidate
	cut        int64 // the potential of every other neuron of the side is below
}

// The sides of a duel.
const (
	own = iota
	others
	neither // muted, or no map at all
)

// opposition is what a block needs for duels.
type opposition struct {
	classes []int     // of every map
	lanes   [][]uint8 // label, sum of a row: its side
	duels   []duel
}

// Oppose is [Block.Compute] for learning from rivals: it finds which neurons can
// be the best of the image's class, and which the best of all others.
// classes names the class of every map, labels that of every image of the
// block, in the order of ids.
func (b *Block) Oppose(album *Album, ids, classes, labels []int, muted []bool, workers int) {
	b.open(album, ids, muted, workers)
	o := &b.opposed
	o.classes = classes
	for len(o.duels) < len(ids) {
		o.duels = append(o.duels, duel{})
	}
	o.lanes = grow(o.lanes, slices.Max(append(labels, 0))+1)
	for label := range o.lanes {
		lanes := grow(o.lanes[label], b.coarse.width)
		for i, m := range b.coarse.lane {
			lanes[i] = neither
			if m >= 0 && !b.coarse.muted[m] {
				lanes[i] = o.side(label, int(m))
			}
		}
		o.lanes[label] = lanes
	}
	for i := range ids {
		o.duels[i].label = labels[i]
	}
	spread((len(ids)+b.batch-1)/b.batch, workers, func(i, worker int) {
		b.oppose(&b.voters[worker], i*b.batch, min((i+1)*b.batch, len(ids)))
	})
	b.shown += len(ids)
}

// side is where a map stands for images of a class.
func (o *opposition) side(label, m int) uint8 {
	if o.classes[m] == label {
		return own
	}
	return others
}

// oppose fills the duels of the images from..to-1.
func (b *Block) oppose(s *voter, from, to int) {
	s.images = s.images[:0]
	for i := from; i < to; i++ {
		s.images = append(s.images, b.image(i))
	}
	b.enlist(s)
	for i := range s.alive {
		s.alive[i] = true
	}
	clear(s.sums)
	b.sum(s, b.coarse.bytes, b.everywhere)
	for i := range s.images {
		b.weigh(s, i, &b.opposed.duels[from+i])
	}
}

// weigh finds the candidates of both sides for image i of a voter.
func (b *Block) weigh(s *voter, i int, d *duel) {
	k := &b.coarse
	base, unit, rest := int64(k.base), int64(k.unit), int64(k.rest)
	positions := b.c.Out().Positions()
	sums, lanes := s.sums[i*positions*k.width:][:positions*k.width], b.opposed.lanes[d.label]
	d.counts = append(d.counts[:0], s.counts[i*positions:][:positions]...)
	d.active = int64(slices.Max(d.counts))
	top := [2]int64{none, none}
	for pos, n := range d.counts {
		most := [3]int32{-1, -1, -1}
		for lane, v := range sums[pos*k.width:][:k.width] {
			most[lanes[lane]] = max(most[lanes[lane]], v)
		}
		for j := range top {
			if most[j] >= 0 {
				top[j] = max(top[j], int64(n)*base+unit*int64(most[j]))
			}
		}
	}
	for j := range d.sides {
		// Who lies below cannot be the best, even if the best loses as much as
		// the bytes leave open.
		d.sides[j].cut = top[j] - d.active*rest
		d.sides[j].candidates = d.sides[j].candidates[:0]
	}
	for pos, n := range d.counts {
		upper := int64(n) * (base + rest)
		lower := min(d.sides[own].cut, d.sides[others].cut)
		for from := 0; from < k.width; from += simd.Unit {
			row := sums[pos*k.width+from:][:simd.Unit]
			if upper+unit*int64(simd.Max(row)) < lower {
				continue
			}
			for j, v := range row {
				at := lanes[from+j]
				if at == neither || upper+unit*int64(v) < d.sides[at].cut {
					continue
				}
				of := &d.sides[at]
				of.candidates = append(of.candidates, candidate{place{k.lane[from+j], int32(pos)}, upper + unit*int64(v), false})
			}
		}
	}
	for j := range d.sides {
		b.settle(s.images[i], &d.sides[j], d.active*rest)
	}
}

// settle computes the potentials of the candidates that can be the best, and
// forgets those that slack does not bring there.
func (b *Block) settle(in spike.Bits, of *side, slack int64) {
	list := of.candidates
	for k := range list {
		if list[k].potential > list[0].potential {
			list[0], list[k] = list[k], list[0]
		}
	}
	best := int64(none)
	for k := range list {
		if v := &list[k]; v.potential >= best {
			v.potential, v.exact = int64(b.potential(in, int(v.m), int(v.pos))), true
			best = max(best, v.potential)
		}
	}
	of.cut = max(of.cut, best-slack)
	of.candidates = slices.DeleteFunc(list, func(v candidate) bool { return v.potential < of.cut })
}

// Rivals are the best neuron of the maps that stand for the class of image i of
// the block, and the best of all others, with the weights that the images
// before it have left: the highest potential, then the lowest map, row, column.
// One whose potential is not above 0 does not fire: its Step is [spike.Silent].
func (b *Block) Rivals(i int) (mine, other spike.Spike) {
	d := &b.opposed.duels[i]
	return b.foremost(i, d, own), b.foremost(i, d, others)
}

// foremost is the best neuron of one side of image i.
func (b *Block) foremost(i int, d *duel, at uint8) spike.Spike {
	of := &d.sides[at]
	best := b.contend(i, of.candidates, d.counts)
	if int64(best.Potential) < of.cut {
		// The candidates have lost too much: anyone can be it.
		for m := range b.c.Maps {
			if b.opposed.side(d.label, m) == at {
				b.takeAll(&best, i, m)
			}
		}
		return best
	}
	for _, m := range b.changed {
		if b.opposed.side(d.label, int(m)) != at || b.muted != nil && b.muted[m] || of.cut+d.active*b.growth[m] < int64(best.Potential) {
			continue
		}
		for pos, n := range d.counts {
			if of.cut+int64(n)*b.growth[m] >= int64(best.Potential) {
				b.take(&best, i, int(m), pos)
			}
		}
	}
	return best
}

// Margin is by how much, in units of weights, the potential of one neuron is
// above that of another; below 0 it is behind. One that does not fire counts as 0.
func (c *Convolution) Margin(one, other spike.Spike) float64 {
	margin := int64(0)
	if one.Step != spike.Silent {
		margin += int64(one.Potential)
	}
	if other.Step != spike.Silent {
		margin -= int64(other.Potential)
	}
	return float64(margin) / float64(c.scale())
}
