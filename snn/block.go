package snn

import (
	"firstspike/internal/simd"
	"firstspike/spike"
)

// A Block lets a decision layer with an infinite threshold learn from many
// images as if one after another, at a fraction of the work.
//
// Compute goes through all images of the block with the weights as they are,
// in parallel, and with one byte a weight: for every neuron that gives two
// bounds of its potential, and only the neurons whose upper bound reaches the
// highest lower bound can win. There are a handful of an image, and the
// potentials of those that can be the best are computed. Of an image that
// comes back, only the neurons that can have caught up since are looked
// at: see [Album].
//
// Winner and Learn then go through the images in order. Learning changes one
// map of many. The potential of a changed map can have grown by at most the
// number of active inputs times the largest growth of a weight; where that
// could lift one of its neurons above the best, it is computed anew, from the
// weights that the images before have left. Every winner and every weight is the
// one that the plain loop gives, bit for bit.
//
// A block holds the weights of its layer until Flush gives them back: in
// between, nobody else may use or change the layer.
type Block struct {
	c     *Convolution
	steps int
	taps  int // kernel positions
	depth int // input maps rounded up to whole registers
	words int // of a position's bits
	batch int // images that are looked at together

	everywhere []int // all output positions

	w []float32 // map, tap, input
	q []int32   // the same, rounded to the layer's grid

	coarse coarse

	album   *Album
	ids     []int // images of the block, by their place in the album
	muted   []bool
	era     int // counts how often all bytes were made anew
	ballots []ballot
	voters  []voter

	voting  func(i, worker int) // fills the ballots of batch i
	placing func(i, worker int) // brings the bytes of a map up to date

	changed    []int32 // maps changed since Compute
	dirty      []bool
	growth     []int64 // of each map, the sum over its changes of the largest growth of a quantum
	total      []int64 // the same since the block was made
	growths    growths
	shown      int     // images so far
	albumBytes int     // see Album
	sortAt     int     // how many are shown when the maps are sorted
	sorted     []int64 // total when they last were
	lent       []bool  // maps changed since Flush
	mask       []uint64
	step       simd.Rule
	opposed    opposition

	// What is added up until Apply: see Sum.
	added  []float32
	summed []bool
	before []int32
}

// A ballot is what Compute found out about an image.
type ballot struct {
	candidates []candidate
	cut        int64   // the potential of every other neuron is below
	counts     []int32 // active inputs of every output position
	active     int64   // the largest of them
}

type candidate struct {
	place
	potential int64 // or a bound of it
	exact     bool
}

// NewBlock returns a block for the layer, whose input has the given number of
// steps. Only one block may use a layer at a time.
func NewBlock(c *Convolution, steps int) *Block {
	b := &Block{
		c: c, steps: steps,
		taps:  c.Kernel.Rows * c.Kernel.Cols,
		depth: simd.Round(c.In.Maps),
		words: spike.Words(c.In.Maps),
		dirty: make([]bool, c.Maps), growth: make([]int64, c.Maps), total: make([]int64, c.Maps), sorted: make([]int64, c.Maps), lent: make([]bool, c.Maps),
	}
	b.w = make([]float32, c.Maps*b.taps*b.depth)
	b.q = make([]int32, len(b.w))
	b.mask = make([]uint64, b.taps*b.words)
	for m := range c.Maps {
		from := c.Weight(m)
		for tap := range b.taps {
			row := b.w[(m*b.taps+tap)*b.depth:][:b.depth]
			for i := range row {
				// Behind the last input its weight is repeated: like one that
				// is always silent, it learns within bounds and never counts.
				row[i] = from[min(i, c.In.Maps-1)*b.taps+tap]
			}
		}
		b.quantise(m)
	}
	for pos := range c.Out().Positions() {
		b.everywhere = append(b.everywhere, pos)
	}
	b.growths.every, b.sortAt, b.albumBytes = 16, 1<<14, albumBytes
	b.coarse.init(b)
	b.batch = max(1, min(mostBatch, batchBytes/4/(c.Out().Positions()*b.coarse.width)))
	b.voting = func(i, worker int) {
		b.vote(&b.voters[worker], i*b.batch, min((i+1)*b.batch, len(b.ids)))
	}
	b.placing = func(i, worker int) { b.coarse.place(b, int(b.coarse.maps[i]), &b.voters[worker]) }
	return b
}

func (b *Block) quantise(m int) {
	n := b.taps * b.depth
	b.c.round(b.w[m*n:(m+1)*n], b.q[m*n:(m+1)*n])
}

// Compute takes the images of the block, given by their places in an album of
// this block, and finds, with the given number of goroutines, which neurons
// can win. No image may be named twice; nil names all. Maps for which muted is
// true do not take part; nil mutes none.
func (b *Block) Compute(album *Album, ids []int, muted []bool, workers int) {
	b.open(album, ids, muted, workers)
	if ids == nil {
		for id := range album.Images {
			b.ids = append(b.ids, id)
		}
	}
	if len(b.ids) == 0 {
		return
	}
	if album.brief {
		b.bounds(0) // makes room, before goroutines ask for it
	}
	for len(b.ballots) < len(b.ids) {
		b.ballots = append(b.ballots, ballot{})
	}
	b.growths.snap(b.coarse.byMap, b.total)
	b.rises(workers)
	spread((len(b.ids)+b.batch-1)/b.batch, workers, b.voting)
	now := b.growths.add(b.total)
	b.shown += len(b.ids)
	for _, id := range b.ids {
		s := &album.seen[id]
		s.era = b.era
		b.growths.move(s, now)
	}
}

// open begins with the images, and with the weights as they are.
func (b *Block) open(album *Album, ids []int, muted []bool, workers int) {
	for len(b.voters) < max(1, workers) {
		b.voters = append(b.voters, voter{})
	}
	b.coarse.update(b, muted, workers)
	for _, m := range b.changed {
		b.dirty[m], b.growth[m] = false, 0
	}
	b.changed = b.changed[:0]
	b.album, b.muted, b.ids = album, muted, append(b.ids[:0], ids...)
}

// image is image i of the block.
func (b *Block) image(i int) spike.Bits { return b.album.Images[b.ids[i]] }

// Winner is the neuron that decides image i of the block, with the weights
// that the images before it have left, and false if no potential is above 0.
func (b *Block) Winner(i int) (spike.Spike, bool) {
	t := &b.ballots[i]
	best := b.contend(i, t.candidates, t.counts)
	if int64(best.Potential) < t.cut {
		// The candidates have lost too much: anyone can win.
		for m := range b.c.Maps {
			b.takeAll(&best, i, m)
		}
		return best, best.Step != spike.Silent
	}
	bounds := b.bounds(i)
	for _, m := range b.changed {
		if b.muted != nil && b.muted[m] || t.cut+t.active*b.growth[m] < int64(best.Potential) {
			continue
		}
		for pos, n := range t.counts {
			last := min(t.cut, int64(bounds[b.coarse.at(place{m, int32(pos)})]))
			if last+int64(n)*b.growth[m] >= int64(best.Potential) {
				b.take(&best, i, int(m), pos)
			}
		}
	}
	return best, best.Step != spike.Silent
}

// contend is the best of the candidates for image i, whose positions have so many
// active inputs.
func (b *Block) contend(i int, candidates []candidate, counts []int32) spike.Spike {
	best := spike.Spike{Step: spike.Silent}
	for k := range candidates {
		v := &candidates[k]
		switch {
		case v.exact && !b.dirty[v.m]:
			b.offer(&best, v.place, int32(v.potential))
		case v.potential+int64(counts[v.pos])*b.growth[v.m] >= int64(best.Potential):
			b.take(&best, i, int(v.m), int(v.pos))
		}
	}
	return best
}

// takeAll is take for all neurons of a map.
func (b *Block) takeAll(best *spike.Spike, i, m int) {
	if b.muted != nil && b.muted[m] {
		return
	}
	for pos := range b.c.Out().Positions() {
		b.take(best, i, m, pos)
	}
}

// take computes the potential of a neuron and makes it the best if it is.
func (b *Block) take(best *spike.Spike, i, m, pos int) {
	b.offer(best, place{int32(m), int32(pos)}, b.potential(b.image(i), m, pos))
}

// offer makes a neuron the best if it is.
func (b *Block) offer(best *spike.Spike, at place, p int32) {
	if p <= 0 || p < best.Potential {
		return
	}
	s := spike.Spike{Neuron: b.c.Out().Neuron(int(at.m), int(at.pos)), Step: spike.Step(b.steps - 1), Potential: p}
	if best.Step == spike.Silent || s.Ahead(*best) {
		*best = s
	}
}

// potential is the potential of a neuron after the last step.
func (b *Block) potential(in spike.Bits, m, pos int) int32 {
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
			sum += int32(spike.Weight(p)) * simd.SumMasked(b.q[(tap+lo)*b.depth:(tap+hi)*b.depth], in[p*plane+(from+lo)*b.words:], hi-lo)
		}
	}
	return sum
}

// Learn lets the map of the winner of image i learn from it with the rule and
// rates.
func (b *Block) Learn(i int, w spike.Spike, rule *STDP, rates Rates) {
	c := b.c
	b.see(i, w)
	b.step = simd.Rule{Up: rates.APlus, Down: rates.AMinus, Lower: rule.Lower, Upper: rule.Upper, Scale: c.scale()}
	if rule.Stabiliser {
		b.step.Stable = 1
	}
	n := b.taps * b.depth
	at := w.Map * n
	b.touch(w.Map, simd.Learn(b.w[at:at+n], b.q[at:at+n], b.mask, b.taps, &b.step))
	// As in STDP.Learn, weights that begin outside the bounds are clamped
	// after the first change.
	b.clamp(bounds{rule.Lower, rule.Upper})
}

// see sets the bits of b.mask for the inputs of the winner of image i that fired.
func (b *Block) see(i int, w spike.Spike) {
	c, in := b.c, b.image(i)
	clear(b.mask)
	y0, x0 := w.Row*c.stride()-c.Pad, w.Col*c.stride()-c.Pad
	lo, hi := max(0, -x0), min(c.Kernel.Cols, c.In.Cols-x0)
	for k := max(0, -y0); k < min(c.Kernel.Rows, c.In.Rows-y0) && lo < hi; k++ {
		copy(b.mask[(k*c.Kernel.Cols+lo)*b.words:(k*c.Kernel.Cols+hi)*b.words], in[((y0+k)*c.In.Cols+x0+lo)*b.words:])
	}
}

// touch notes that a map has changed, and by how much its quanta grew.
func (b *Block) touch(m int, growth int32) {
	b.growth[m] += int64(growth)
	b.total[m] += int64(growth)
	b.lent[m] = true
	if !b.dirty[m] {
		b.dirty[m] = true
		b.changed = append(b.changed, int32(m))
	}
}

// clamp holds all maps within bounds, as [Convolution.Clamp] does. The first
// update of a layer whose weights begin outside changes many maps at once.
func (b *Block) clamp(to bounds) {
	if b.c.held == to && to != (bounds{}) {
		return
	}
	b.c.held = to
	n := b.taps * b.depth
	for m := range b.c.Maps {
		w, q := b.w[m*n:(m+1)*n], b.q[m*n:(m+1)*n]
		any, before := false, int32(0)
		for i, v := range w {
			h := to.hold(v)
			if h == v {
				continue
			}
			any = true
			w[i] = h
			x := round(float32(h * b.c.scale()))
			before = max(before, x-q[i])
			q[i] = x
		}
		if any {
			b.touch(m, before)
		}
	}
}

// Flush gives the layer its weights back, as the images so far have left them.
func (b *Block) Flush() {
	for m, lent := range b.lent {
		if !lent {
			continue
		}
		b.lent[m] = false
		to := b.c.Weight(m)
		for tap := range b.taps {
			for i, w := range b.w[(m*b.taps+tap)*b.depth:][:b.c.In.Maps] {
				to[i*b.taps+tap] = w
			}
		}
		b.c.quantise(m)
		b.c.placeMap(m)
	}
}
