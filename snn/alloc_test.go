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
	blocked := trained(t, "s3")
	block := NewBlock(blocked, paperSteps)
	album, ids := block.Album(bits3), []int{0, 1, 2, 3, 4, 5, 6, 7}
	groups := make([]int, s3.Maps)
	for m := range groups {
		groups[m] = m / 20
	}
	finals := NewFinals(s3, paperSteps, groups)
	var round Round
	odd := trained(t, "s2") // a map of S2 whose weights are not two-valued
	odd.Weight(3)[5] = .3
	odd.refresh()
	reward := STDP{Rates: []Rates{{.004, -.003}}, Lower: .2, Upper: .8}

	// Layers of other shapes share the scratch, as in a pass.
	for _, c := range []struct {
		name string
		step func(i int)
	}{
		{"Respond", func(i int) { s2.Respond(&events2[i], &r, &s) }},
		{"Contest", func(i int) {
			winners = unsupervised.Contest(&events2[i], Selection{K: 8, Radius: 1, Pointwise: true}, &s, winners[:0])
		}},
		{"Contest without pointwise inhibition", func(i int) {
			winners = s2.Contest(&events2[i], Selection{K: 8, Radius: 1}, &s, winners[:0])
		}},
		{"STDP", func(i int) { rule.Learn(unsupervised, in2[i], winners, &s) }},
		{"Fired", func(i int) { s2.Fired(bits2[i], fired, &s) }},
		{"Fired with an odd map", func(i int) { odd.Fired(bits2[i], fired, &s) }},
		{"Propagate", func(i int) { p.Propagate(network, fromMaps[i], 2) }},
		{"Finals", func(i int) { best = finals.Best(bits3[i], &round, best) }},
		{"Final", func(i int) { s3.Final(bits3[i], potential, &s) }},
		{"Tally", func(i int) { s3.Tally(bits3[i], &tally, &s); tally.Winner(s3.Out(), paperSteps, nil) }},
		{"Forward", func(i int) { best = network.Forward(pictures[i], &p, best) }},
		{"Spikes", func(i int) { p.Spikes(network, pictures[i], 2) }},
		{"Block", func(i int) {
			if i == 0 {
				block.Compute(album, ids, nil, 1)
			}
			if w, ok := block.Winner(i); ok {
				block.Learn(i, w, &reward, reward.Of(w.Map))
			}
		}},
	} {
		i := 0
		step := func() { c.step(i % images); i++ }
		for range 2 * images {
			step()
		}
		if n := testing.AllocsPerRun(3*images, step); n != 0 {
			t.Errorf("%s: %v allocations an image", c.name, n)
		}
	}
}
