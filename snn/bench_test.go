package snn

import (
	"testing"

	"firstspike/spike"
)

// The layers of Mozafari et al. (2019) on inputs as dense as MNIST's; see
// paper_test.go. One operation is one image.

const benchImages = 64

func layerInputs(layer string) []*spike.Map {
	switch layer {
	case "s1":
		return inputs(s1Shape.In, s1Spikes, benchImages)
	case "s2":
		return inputs(s2Shape.In, s2Spikes, benchImages)
	}
	return inputs(s3Shape.In, s3Spikes, benchImages)
}

// A subject is what is measured: one image's step, and what came of it.
type subject struct {
	step   func(i int)
	result func() int
}

// each measures a subject for every layer and reports its mean result as so
// many units an image.
func each(b *testing.B, layers []string, unit string, setup func(layer string) subject) {
	for _, layer := range layers {
		b.Run("layer="+layer, func(b *testing.B) {
			s, total := setup(layer), 0
			for i := range benchImages { // working memory grows
				s.step(i)
				total += s.result()
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.step(i % benchImages)
			}
			b.ReportMetric(float64(total)/benchImages, unit+"/op")
		})
	}
}

// BenchmarkRespond simulates all steps of a trained layer.
func BenchmarkRespond(b *testing.B) {
	each(b, []string{"s1", "s2", "s3"}, "spikes", func(layer string) subject {
		c, in := trained(b, layer), events(layerInputs(layer))
		var s Scratch
		var r Response
		return subject{func(i int) { c.Respond(&in[i], &r, &s) }, func() int { return r.First.Spikes() }}
	})
}

// BenchmarkContest finds the winners of a layer that begins to learn, and of
// one that has learned: the threshold is then passed later.
func BenchmarkContest(b *testing.B) {
	selection := map[string]Selection{
		"s1": {K: 5, Radius: 3, Pointwise: true},
		"s2": {K: 8, Radius: 1, Pointwise: true},
	}
	contest := func(c *Convolution, layer string) subject {
		in := events(layerInputs(layer))
		var s Scratch
		var list []spike.Spike
		return subject{func(i int) { list = c.Contest(&in[i], selection[layer], &s, list[:0]) }, func() int { return len(list) }}
	}
	b.Run("weights=initial", func(b *testing.B) {
		each(b, []string{"s1", "s2"}, "winners", func(layer string) subject { return contest(initial(b, layer), layer) })
	})
	b.Run("weights=trained", func(b *testing.B) {
		each(b, []string{"s1", "s2"}, "winners", func(layer string) subject { return contest(trained(b, layer), layer) })
	})
}

// BenchmarkLearn is the whole step of a layer that learns without reward, from
// its first weights to those that it ends with.
func BenchmarkLearn(b *testing.B) {
	each(b, []string{"s1", "s2"}, "winners", func(layer string) subject {
		c, maps := initial(b, layer), layerInputs(layer)
		in := events(maps)
		sel := Selection{K: 5, Radius: 3, Pointwise: true}
		if layer == "s2" {
			sel = Selection{K: 8, Radius: 1, Pointwise: true}
		}
		rule := STDP{Rates: []Rates{{.15, -.1125}}, Stabiliser: true, Upper: 1}
		var s Scratch
		var list []spike.Spike
		for i := range 200 * benchImages { // to where most weights are subnormal
			list = c.Contest(&in[i%benchImages], sel, &s, list[:0])
			rule.Learn(c, maps[i%benchImages], list, &s)
		}
		return subject{func(i int) {
			list = c.Contest(&in[i], sel, &s, list[:0])
			rule.Learn(c, maps[i], list, &s)
		}, func() int { return len(list) }}
	})
}

// BenchmarkFired drops the time axis.
func BenchmarkFired(b *testing.B) {
	each(b, []string{"s1", "s2"}, "spikes", func(layer string) subject {
		c, in := trained(b, layer), allBits(layerInputs(layer))
		out := spike.NewBits(c.Out())
		var s Scratch
		return subject{func(i int) { c.Fired(in[i], out, &s) }, out.Count}
	})
}

// BenchmarkTally computes the last potentials of S3 and the best of each map.
func BenchmarkTally(b *testing.B) {
	each(b, []string{"s3"}, "maps", func(layer string) subject {
		c, in := trained(b, layer), allBits(layerInputs(layer))
		var s Scratch
		var t Tally
		return subject{func(i int) { c.Tally(in[i], &t, &s) }, func() int { return len(t.Best) }}
	})
}

// BenchmarkFinals finds the best neuron of S3 for each of ten classes; and with
// weights on few levels.
func BenchmarkFinals(b *testing.B) {
	each(b, []string{"s3", "s3few"}, "fired", func(layer string) subject {
		c, in := trained(b, layer), allBits(layerInputs(layer))
		if layer == "s3few" {
			c = fewLevels(b)
		}
		groups := make([]int, c.Maps)
		for m := range groups {
			groups[m] = m / 20
		}
		f := NewFinals(c, paperSteps, groups)
		var r Round
		var best []spike.Spike
		return subject{func(i int) { best = f.Best(in[i], &r, best) }, func() int { return len(best) }}
	})
}

// BenchmarkBlock lets S3 learn from images, a block at a time: an image's
// share of Compute is counted in. The maps changed are those of the block, up
// to the image.
func BenchmarkBlock(b *testing.B) {
	each(b, []string{"s3"}, "changed", func(layer string) subject {
		c, in := trained(b, layer), allBits(layerInputs(layer))
		c.Clamp(.2, .8) // as the first update does
		block := NewBlock(c, paperSteps)
		album, ids := block.Album(in), make([]int, len(in))
		for i := range ids {
			ids[i] = i
		}
		reward := STDP{Rates: []Rates{{.004 * .05, -.003 * .05}}, Lower: .2, Upper: .8}
		punish := STDP{Rates: []Rates{{-.004 * .95, .0005 * .95}}, Lower: .2, Upper: .8}
		step := func(i int) {
			if i == 0 {
				block.Compute(album, ids, nil, 1)
			}
			w, ok := block.Winner(i)
			if !ok {
				return
			}
			rule := &reward
			if i%20 == 0 { // one decision in twenty is wrong
				rule = &punish
			}
			block.Learn(i, w, rule, rule.Of(w.Map))
		}
		return subject{step, func() int { return len(block.changed) }}
	})
}

// BenchmarkForward sends images through all three layers for a decision.
func BenchmarkForward(b *testing.B) {
	n, _ := paperNetwork(b)
	images := inputs(s1Shape.In, s1Spikes, benchImages)
	var p Pass
	var best []spike.Spike
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		best = n.Forward(images[i%benchImages], &p, best)
	}
}
