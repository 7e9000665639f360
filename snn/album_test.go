package snn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// A lesson shows a block images that are all alike: every input is active, and
// there is one output position. What the maps weigh is told in steps of a byte,
// so that it is known on which side of a bound they lie.
type lesson struct {
	t     *testing.T
	plain *Convolution
	in    *spike.Map
	block *Block
	album *Album
	step  float32 // the weight that is one more for a byte
}

// The maps of a lesson that can win lie in different units.
const (
	ahead  = 0
	behind = simd.Unit
)

// newLesson begins a lesson of so many images. All maps but two weigh one step.
func newLesson(t *testing.T, images int, aheadSteps, behindSteps float32) *lesson {
	t.Helper()
	g := Geometry{In: spike.Shape{Maps: 3, Rows: 1, Cols: 1}, Maps: 2 * simd.Unit, Kernel: Size{1, 1}}
	l := &lesson{t: t, in: spike.NewMap(g.In, 1)}
	clear(l.in.At)
	var layers [2]*Convolution
	for i := range layers {
		c, err := NewConvolution(g, inf, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		unit := int32(c.scale())/levels + 1
		l.step = float32(unit) / c.scale()
		w := make([]float32, len(c.Weights()))
		for i := range w {
			w[i] = l.step
			switch i / c.Synapses() {
			case ahead:
				w[i] *= aheadSteps
			case behind:
				w[i] *= behindSteps
			}
		}
		if err := c.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		c.Clamp(0, 1) // the bytes' range does not change
		layers[i] = c
	}
	l.plain, l.block = layers[0], NewBlock(layers[1], 1)
	l.album = l.block.Album(slices.Repeat([]spike.Bits{bitsOf(l.in)}, images))
	return l
}

// compute begins a block of images.
func (l *lesson) compute(ids ...int) {
	l.t.Helper()
	l.block.Compute(l.album, ids, nil, 1)
	if k := &l.block.coarse; float32(k.unit)/l.plain.scale() != l.step || k.base != 0 {
		l.t.Fatalf("a byte stands for %d, from %d on", k.unit, k.base)
	}
}

// winner fails unless image i of the block is won by a map, as it is in the
// plain loop.
func (l *lesson) winner(i, m int) {
	l.t.Helper()
	var tally Tally
	l.plain.Tally(bitsOf(l.in), &tally, new(Scratch))
	want, ok := tally.Winner(l.plain.Out(), 1, nil)
	if !ok || want.Map != m {
		l.t.Fatalf("in the plain loop map %d wins, not %d", want.Map, m)
	}
	if got, ok := l.block.Winner(i); !ok || got != want {
		l.t.Errorf("image %d of the block: winner %v, %v; want %v", i, got, ok, want)
	}
}

// learn lets the weights of a map grow by so many steps.
func (l *lesson) learn(i, m int, steps float32) {
	rule := STDP{Rates: []Rates{{APlus: steps * l.step}}, Upper: 1}
	winner := spike.Spike{Neuron: spike.Neuron{Map: m}}
	rule.Learn(l.plain, l.in, []spike.Spike{winner}, new(Scratch))
	l.block.Learn(i, winner, &rule, rule.Rates[0])
}

// bound fails unless what is remembered of an image bounds the potentials of
// the unit of a map to within these steps an input.
func (l *lesson) bound(id, m int, above, below float32) {
	l.t.Helper()
	bound := l.album.bounds[id*l.block.coarse.units()+m/simd.Unit]
	if steps := float32(l.plain.Potential(bound)) / l.step / float32(l.in.Maps); steps < above || steps > below {
		l.t.Fatalf("image %d: the unit of map %d is bounded by %v steps; want %v to %v", id, m, steps, above, below)
	}
}

// The favourite is 11.5 steps an input and another unit's bound 11: that unit
// cannot be ahead now, but once the favourite has lost 0.7 in the same block
// it is.
func TestUnitJustBehindTheFavourite(t *testing.T) {
	l := newLesson(t, 2, 11.5, 10.99)
	l.compute(0, 1)
	l.winner(0, ahead)
	l.bound(1, behind, 10.99, 11.1)
	l.compute(0, 1)
	l.winner(0, ahead)
	l.learn(0, ahead, -.7)
	l.winner(1, behind)
}

// A map grows across the border of a byte, then a copy of the bytes is made,
// and then it grows by nearly a step without changing its byte again.
func TestGrowthThatBytesDoNotShow(t *testing.T) {
	l := newLesson(t, 2, 11.5, 9.99)
	l.block.growths.every = 2
	l.compute(0)
	l.winner(0, ahead)
	l.bound(0, behind, 9.99, 10.1)
	l.learn(0, behind, .02) // to 10.01
	l.compute(1)
	l.winner(0, ahead)
	l.learn(0, behind, .94) // to 10.95
	l.compute(1, 0)
	if g := &l.block.growths; len(g.copies) != 1 || g.copies[0].bytes[behind*l.block.coarse.stride] != 10 || l.block.coarse.byMap[behind*l.block.coarse.stride] != 10 {
		t.Fatal("the byte of the map that is behind has changed since the copy, or there is none")
	}
	l.winner(0, ahead)
	l.learn(0, ahead, -.7) // to 10.8
	l.winner(1, behind)
}

// Bounds leave the favourite out. When another neuron takes its place, in
// another unit, the bound of its own has to count it again, although that unit
// was not looked at.
func TestFormerFavouriteIsRemembered(t *testing.T) {
	l := newLesson(t, 1, 50, 40)
	l.compute(0)
	l.winner(0, ahead)
	l.bound(0, ahead, 1, 3)
	l.learn(0, ahead, -20)
	l.compute(0)
	l.winner(0, behind)
	l.bound(0, behind, 1, 3)
	l.learn(0, behind, -20)
	l.compute(0)
	l.winner(0, ahead)
}

// A former favourite's bound is its potential itself: grown until it is level
// with the best, it wins if its map comes first.
func TestFormerFavouriteDrawsLevel(t *testing.T) {
	l := newLesson(t, 2, 50, 40)
	l.compute(0, 1)
	l.winner(0, ahead)
	l.learn(0, ahead, -20)
	l.compute(0, 1)
	l.winner(0, behind)
	l.compute(0, 1)
	l.bound(1, ahead, 30, 30)
	l.winner(0, behind)
	l.learn(0, ahead, 10)
	l.winner(1, ahead)
}

// A unit that is passed over again and again keeps all the growth of its maps.
func TestUnitPassedOverTwice(t *testing.T) {
	l := newLesson(t, 1, 50, 30)
	for _, steps := range []float32{10, 10.5} {
		l.compute(0)
		l.winner(0, ahead)
		l.learn(0, behind, steps)
	}
	l.compute(0)
	l.winner(0, behind)
}

// A record of growths lasts while one of several images still refers to it.
func TestRecordIsKeptForTheLastImage(t *testing.T) {
	l := newLesson(t, 2, 50, 40)
	l.compute(0, 1)
	l.compute(0)
	l.winner(0, ahead)
	l.learn(0, behind, 10.5)
	for _, id := range []int{0, 1} {
		l.compute(id)
		l.winner(0, behind)
	}
}

// A record that is freed and made anew between two copies is waiting twice for
// the next one.
func TestRecordWaitsTwiceForACopy(t *testing.T) {
	l := newLesson(t, 2, 50, 40)
	l.block.growths.every = 4
	l.compute(0)
	l.compute(0)
	l.compute(1)
	if p := l.block.growths.pending; !slices.Equal(p, []int32{0, 1, 0}) {
		t.Fatalf("records %v are waiting; want one of them twice", p)
	}
	l.winner(0, ahead)
	l.learn(0, behind, 10.5)
	for _, id := range []int{0, 1} {
		l.compute(id)
		l.winner(0, behind)
	}
}

// Nobody wins while all maps are muted, and everything is as before when they
// no longer are.
func TestAllMapsMuted(t *testing.T) {
	l := newLesson(t, 1, 50, 40)
	muted := slices.Repeat([]bool{true}, l.plain.Maps)
	for range 2 {
		for range 2 {
			l.block.Compute(l.album, nil, muted, 1)
			if winner, ok := l.block.Winner(0); ok {
				t.Errorf("winner %v of a muted map", winner)
			}
		}
		l.compute(0)
		l.winner(0, ahead)
	}
}

// A block may be shown several albums by turns: one that the layer learns from,
// one that is only decided, without muted maps and named as a whole, and one
// that is too large to remember anything.
func TestAlbumsByTurns(t *testing.T) {
	const steps = 3
	known, fresh, passed, copied, muted, silent := 0, 0, 0, 0, 0, 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := Geometry{In: spike.Shape{Maps: 5, Rows: 3, Cols: 3}, Maps: 2*simd.Unit + rng.IntN(20), Kernel: Size{2, 2}}
		plain, err := NewConvolution(g, inf, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		blocked, err := NewConvolution(g, inf, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		// Few maps can win, so that bounds are of use.
		w := make([]float32, len(plain.Weights()))
		for i := range w {
			w[i] = rng.Float32() / 2
			if i/plain.Synapses()%32 == 5 {
				w[i] += .4
			}
		}
		if plain.SetWeights(w) != nil || blocked.SetWeights(w) != nil {
			t.Fatal("weights refused")
		}
		plain.Clamp(0, 1)
		blocked.Clamp(0, 1)

		b := NewBlock(blocked, steps)
		b.growths.every = 1 + rng.IntN(4)
		sizes := [3]int{12, 5, 9} // learned from, decided, brief
		var images [3][]*spike.Map
		var albums [3]*Album
		for a, n := range sizes {
			for range n {
				images[a] = append(images[a], randomMap(rng, g.In, steps, rng.Float64()))
			}
			if a == 2 {
				b.albumBytes = 0
			}
			albums[a] = b.Album(allBits(images[a]))
		}
		if albums[0].brief || albums[1].brief || !albums[2].brief {
			t.Fatal("the last album alone should be brief")
		}
		var s Scratch
		var tally Tally
		mute := randomMuted(rng, g.Maps)
		for turn := range 60 {
			a := rng.IntN(len(albums))
			var ids, now []int
			if a == 1 || rng.IntN(3) == 0 {
				for id := range sizes[a] {
					now = append(now, id)
				}
			} else {
				now = rng.Perm(sizes[a])[:1+rng.IntN(sizes[a])]
				ids = now
			}
			var m []bool
			if a == 0 && turn/20 == 1 {
				m = mute
				muted++
			}
			for _, id := range now {
				switch seen := albums[a].seen[id]; {
				case a == 2:
				case seen.growth < 0:
					fresh++
				case seen.era == b.era:
					known++
					if b.growths.records[seen.growth].copy >= 0 {
						copied++
					}
				}
			}
			b.Compute(albums[a], ids, m, 1+rng.IntN(2))
			for _, voter := range b.voters {
				for _, alive := range voter.alive {
					if !alive {
						passed++
					}
				}
			}
			for i, id := range now {
				plain.Tally(bitsOf(images[a][id]), &tally, &s)
				want, any := tally.Winner(plain.Out(), steps, m)
				got, ok := b.Winner(i)
				if ok != any || ok && got != want {
					t.Fatalf("seed %d, turn %d: image %d of album %d is won by %v, %v; want %v, %v", seed, turn, id, a, got, ok, want, any)
				}
				if !ok {
					silent++
				}
				if a == 1 || !ok {
					continue
				}
				rule := STDP{Rates: []Rates{{.1 * (rng.Float32() - .6), .02 * (rng.Float32() - .5)}}, Upper: 1}
				rule.Learn(plain, images[a][id], []spike.Spike{want}, &s)
				b.Learn(i, got, &rule, rule.Rates[0])
			}
		}
		b.Flush()
		if !slices.Equal(blocked.Weights(), plain.Weights()) {
			t.Fatalf("seed %d: the weights differ from those of the plain loop", seed)
		}
		consistent(t, blocked)
	}
	t.Logf("images known %d, new %d, known by a copy %d; units passed over %d; turns with muted maps %d; silent images %d", known, fresh, copied, passed, muted, silent)
	if known == 0 || fresh == 0 || copied == 0 || passed == 0 || muted == 0 || silent == 0 {
		t.Error("a way was not taken")
	}
}
