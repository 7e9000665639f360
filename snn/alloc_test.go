package snn

import (
	"testing"

	"firstspike/spike"
)

// Once working memory has grown to what the layer needs, an image costs no
// allocation, on any road.
func TestNothingIsAllocated(t *testing.T) {
	const images = 8
	var s Scratch
	var r Response
	var p Pass
	var best []spike.Spike
	network, pictures := paperNetwork(t)
	pictures = pictures[:images]
	fromMaps := allBits(pictures)

	s2, in2 := trained(t, "s2"), inputs(s2Shape.In, s2Spikes, images)
	events2, bits2 := events(in2), allBits(in2)
	fired := spike.NewBits(s2.Out())
	winners := make([]spike.Spike, 0, 8)
	rule := STDP{Rates: []Rates{{.004, -.003}}, Stabiliser: true, Upper: 1}
	unsupervised := initial(t, "s2")

	s3, bits3 := trained(t, "s3"), allBits(inputs(s3Shape.In, s3Spikes, images))
	potential := make([]int32, s3.Out().Neurons())
	var tally Tally
	// Blocks have images enough for two workers, a batch each.
	bits32 := allBits(inputs(s3Shape.In, s3Spikes, 2*mostBatch))
	reward := STDP{Rates: []Rates{{.004, -.003}}, Lower: .2, Upper: .8}
	learn := func(albumBytes, workers int) func(int) {
		block := NewBlock(trained(t, "s3"), paperSteps)
		block.albumBytes, block.growths.every = albumBytes, 2 // weights are copied now and then
		album := block.Album(bits32)
		if brief := albumBytes == 0; album.brief != brief {
			t.Fatalf("an album of %d bytes is brief: %v", albumBytes, album.brief)
		}
		return func(i int) {
			if i == 0 {
				block.Compute(album, nil, nil, workers)
			}
			for j := i; j < len(bits32); j += images {
				if w, ok := block.Winner(j); ok {
					block.Learn(j, w, &reward, reward.Of(w.Map))
				}
			}
		}
	}
	groups := make([]int, s3.Maps)
	for m := range groups {
		groups[m] = m / 20
	}
	finals := NewFinals(s3, paperSteps, groups)
	halved := NewFinals(fewLevels(t), paperSteps, groups)
	if halved.halves == nil {
		t.Fatal("16 levels, and no halves")
	}
	var round Round
	odd := trained(t, "s2") // a map of S2 whose weights are not two-valued
	odd.Weight(3)[5] = .3
	odd.refresh()
	won := 0
	count := func(_ int, _ spike.Spike, ok bool) {
		if ok {
			won++
		}
	}
	// Goroutines cost a few for a whole block, but not one an image.
	goroutines := len(bits32) - 1

	// Layers of other shapes share the scratch, as in a pass.
	for _, c := range []struct {
		name string
		most int // allocations for all images together
		step func(i int)
	}{
		{"Respond", 0, func(i int) { s2.Respond(&events2[i], &r, &s) }},
		{"Contest", 0, func(i int) {
			winners = unsupervised.Contest(&events2[i], Selection{K: 8, Radius: 1, Pointwise: true}, &s, winners[:0])
		}},
		{"Contest without pointwise inhibition", 0, func(i int) {
			winners = s2.Contest(&events2[i], Selection{K: 8, Radius: 1}, &s, winners[:0])
		}},
		{"STDP", 0, func(i int) { rule.Learn(unsupervised, in2[i], winners, &s) }},
		{"Fired", 0, func(i int) { s2.Fired(bits2[i], fired, &s) }},
		{"Fired with an odd map", 0, func(i int) { odd.Fired(bits2[i], fired, &s) }},
		{"Propagate", 0, func(i int) { p.Propagate(network, fromMaps[i], 2) }},
		{"Finals", 0, func(i int) { best = finals.Best(bits3[i], &round, best) }},
		{"Finals of many", 0, func(i int) { finals.Winners(bits32[i:i+20], &round, count) }},
		{"Finals of few levels", 0, func(i int) { best = halved.Best(bits3[i], &round, best) }},
		{"Finals of few levels of many", 0, func(i int) { halved.Winners(bits32[i:i+20], &round, count) }},
		{"Final", 0, func(i int) { s3.Final(bits3[i], potential, &s) }},
		{"Tally", 0, func(i int) { s3.Tally(bits3[i], &tally, &s); tally.Winner(s3.Out(), paperSteps, nil) }},
		{"Forward", 0, func(i int) { best = network.Forward(pictures[i], &p, best) }},
		{"Spikes", 0, func(i int) { p.Spikes(network, pictures[i], 2) }},
		{"Block", 0, learn(albumBytes, 1)},
		{"Block with a brief album", 0, learn(0, 1)},
		{"Block by two workers", goroutines, learn(albumBytes, 2)},
		{"Block by two workers with a brief album", goroutines, learn(0, 2)},
	} {
		// All images at once: an average would be rounded down.
		all := func() {
			for i := range images {
				c.step(i)
			}
		}
		for range 8 {
			all()
		}
		if n := testing.AllocsPerRun(4, all); n > float64(c.most) {
			t.Errorf("%s: %v allocations; want %d at most", c.name, n, c.most)
		}
	}
	if won == 0 {
		t.Error("finals had no winner")
	}
}
