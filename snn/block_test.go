package snn

import (
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// A road counts which ways the images of blocks went.
type road struct {
	one       int // settled by one candidate
	several   int // more than one candidate
	bounded   int // a changed map whose bound does not reach the best
	evaluated int // a changed map whose other neurons were computed too
	anyone    int // the candidates lost so much that all neurons were computed
	passed    int // units of maps that what is remembered of an image ruled out
	copied    int // images whose growth was told by a copy of the weights
	sorted    int // maps were sorted
	brief     int // albums too large to remember anything
}

// note counts the ways of one image before its winner is asked for.
func (r *road) note(b *Block, i int) {
	t := &b.ballots[i]
	if len(t.candidates) == 1 {
		r.one++
	} else {
		r.several++
	}
	best := spike.Spike{Step: spike.Silent}
	for _, v := range t.candidates {
		b.take(&best, i, int(v.m), int(v.pos))
	}
	if int64(best.Potential) < t.cut {
		r.anyone++
		return
	}
	for _, m := range b.changed {
		if t.cut+t.active*b.growth[m] >= int64(best.Potential) && !(b.muted != nil && b.muted[m]) {
			r.evaluated++
		} else {
			r.bounded++
		}
	}
}

// A block gives the winners and, to the last bit, the weights of the plain
// loop, which takes one image after another.
func TestBlock(t *testing.T) {
	var ways road
	silent, outside := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		shape := spike.Shape{
			Maps: rapid.OneOf(rapid.IntRange(1, 8), rapid.IntRange(60, 70)).Draw(t, "input maps"),
			Rows: rapid.IntRange(1, 4).Draw(t, "rows"),
			Cols: rapid.IntRange(1, 4).Draw(t, "cols"),
		}
		g := drawGeometry(t, shape)
		steps := rapid.IntRange(1, 20).Draw(t, "steps")
		plain, err := NewConvolution(g, inf, Above, 2)
		if err != nil {
			t.Fatal(err)
		}
		w := randomWeights(rng, plain)
		if rapid.Bool().Draw(t, "weights within the bounds") {
			for i := range w {
				w[i] = float32(.2 + .6*rng.Float64())
			}
		} else {
			outside++
		}
		blocked, err := NewConvolution(g, inf, Above, 2)
		if err != nil {
			t.Fatal(err)
		}
		if plain.SetWeights(w) != nil || blocked.SetWeights(w) != nil {
			t.Fatal("weights refused")
		}

		// Both learn by the same rules, with rates that change.
		rewarded, punished := drawRule(t, rng, g.Maps), drawRule(t, rng, g.Maps)
		if rapid.Bool().Draw(t, "same bounds") {
			punished.Lower, punished.Upper = rewarded.Lower, rewarded.Upper
		}
		every := rapid.IntRange(0, 10).Draw(t, "adapt every")
		rules := [2]RSTDP{}
		for i := range rules {
			rules[i] = RSTDP{Reward: rewarded, Punish: punished, Adaptation: NewAdaptation(every)}
		}
		few := rapid.Float64Range(0, 1).Draw(t, "share")
		shown := make([]*spike.Map, rapid.IntRange(1, 60).Draw(t, "images"))
		bits := make([]spike.Bits, len(shown))
		for i := range shown {
			shown[i] = randomMap(rng, shape, steps, few*rng.Float64())
			bits[i] = bitsOf(shown[i])
		}
		// Several epochs, each in an order of its own.
		var images []*spike.Map
		var order []int
		for range rapid.IntRange(1, 4).Draw(t, "epochs") {
			for _, id := range rng.Perm(len(shown)) {
				images, order = append(images, shown[id]), append(order, id)
			}
		}
		classes := rapid.IntRange(1, 3).Draw(t, "classes")
		size := rapid.IntRange(1, 40).Draw(t, "block size")
		mutes := make([][]bool, len(images))
		labels := make([]int, len(images))
		muting := rapid.Bool().Draw(t, "muting")
		for i := range images {
			labels[i] = rng.IntN(classes)
			if muting {
				if mutes[i] = randomMuted(rng, g.Maps); i%len(shown)%size > 0 || i > 0 && rng.IntN(2) == 0 {
					mutes[i] = mutes[i-1] // one for a block
				}
			}
		}

		// The plain loop, by way of steps and events.
		var want []spike.Spike
		var s Scratch
		for i, m := range images {
			r := respond(plain, m)
			r.FeatureInhibition(mutes[i])
			o := Silent
			if winners := r.Winners(1, 0, nil); len(winners) == 1 {
				want = append(want, winners[0])
				o = Judge(winners[0].Map%classes, labels[i])
				rule, a, _ := rules[0].Rule(o, winners[0].Map)
				once := *rule
				once.Rates = []Rates{a}
				once.Learn(plain, m, winners, &s)
			} else {
				want = append(want, spike.Spike{Step: spike.Silent})
				silent++
			}
			rules[0].Count(o)
		}

		// The same in blocks.
		var got []spike.Spike
		b := NewBlock(blocked, steps)
		workers := rapid.IntRange(1, 2).Draw(t, "workers")
		if rapid.IntRange(0, 9).Draw(t, "album") == 0 {
			b.albumBytes = rng.IntN(2000)
		}
		album := b.Album(bits)
		if album.brief {
			ways.brief++
		}
		b.sortAt = rapid.IntRange(1, 40).Draw(t, "sort at")
		b.growths.every = rapid.IntRange(1, 3).Draw(t, "copy every")
		for from, end := 0, 0; from < len(images); from = end {
			// No image comes twice in a block.
			end = min(from+size, len(images), (from/len(shown)+1)*len(shown))
			sortAt := b.sortAt
			for _, id := range order[from:end] {
				if r := album.seen[id].growth; r >= 0 && b.growths.records[r].copy >= 0 {
					ways.copied++
				}
			}
			b.Compute(album, order[from:end], mutes[from], workers)
			if b.sortAt != sortAt {
				ways.sorted++
			}
			for j := range end - from {
				i := from + j
				ways.note(b, j)
				if j == 0 {
					for _, voter := range b.voters {
						for _, alive := range voter.alive {
							if !alive {
								ways.passed++
							}
						}
					}
				}
				winner, ok := b.Winner(j)
				if again, _ := b.Winner(j); again != winner {
					t.Fatalf("image %d: asked again, the winner is %v instead of %v", i, again, winner)
				}
				o := Silent
				if ok {
					got = append(got, winner)
					o = Judge(winner.Map%classes, labels[i])
					rule, a, _ := rules[1].Rule(o, winner.Map)
					b.Learn(j, winner, rule, a)
				} else {
					got = append(got, spike.Spike{Step: spike.Silent})
				}
				rules[1].Count(o)
			}
		}
		b.Flush()
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("image %d: winner %v; want %v", i, got[i], want[i])
			}
		}
		if !slices.Equal(blocked.Weights(), plain.Weights()) {
			for i, w := range blocked.Weights() {
				if w != plain.Weights()[i] {
					t.Logf("%d: %v %v rules %+v", i, w, plain.Weights()[i], rules)
				}
			}
			t.Fatal("the weights differ from those of the plain loop")
		}
		consistent(t, blocked)
	})
	// A test that never took one of the ways would prove nothing about it.
	if ways.one == 0 || ways.several == 0 || ways.bounded == 0 || ways.evaluated == 0 || ways.anyone == 0 || ways.passed == 0 || ways.copied == 0 || ways.sorted == 0 || ways.brief == 0 || silent == 0 || outside == 0 {
		t.Errorf("ways taken: %+v; silent images %d, weights outside the bounds %d", ways, silent, outside)
	}
	t.Logf("ways taken: %+v; silent images %d, weights outside the bounds %d", ways, silent, outside)
}

// Every number is visited once, and no two goroutines have the same name at a
// time.
func TestSpread(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 100} {
		for _, workers := range []int{-1, 0, 1, 2, 3, 200} {
			visits, names := make([]int, n), make([]int, max(1, min(workers, n)))
			spread(n, workers, func(i, worker int) {
				visits[i]++
				names[worker]++ // a race if it is shared
			})
			sum := 0
			for _, v := range names {
				sum += v
			}
			for i, v := range visits {
				if v != 1 || sum != n {
					t.Errorf("%d of %d by %d workers: visited %d times; %d visits in all", i, n, workers, v, sum)
				}
			}
		}
	}
}
