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
