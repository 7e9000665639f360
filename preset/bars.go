package preset

import (
	"math"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// bars is the task made by hand on which the paper of mozafari2018 compares
// reward with none, as far as it could be built again: docs/other-experiments.md
// says what is known of it and what is ours.
func bars() Preset {
	const (
		paper = "paper (arXiv:1804.00227), the task made by hand"
		ours  = "our choice"
	)
	initial := train.Normal{Mean: 0.8, Std: 0.05}
	return Preset{
		Experiment: train.Experiment{
			Name:     "bars",
			Paper:    "Mozafari et al., Bio-inspired digit recognition using R-STDP in deep convolutional networks, Pattern Recognition 94 (2019), arXiv:1804.00227: the task made by hand",
			Seed:     1,
			Data:     train.Data{Source: "bars", Rows: 3, Cols: 9, Classes: 2},
			Protocol: train.Protocol{Kind: train.ProtocolPaper},
			Readout:  train.Readout{Rule: train.ReadoutBlocks},
			Encode:   encode.Config{Steps: 1, Filters: []encode.Filter{{Kind: "pixel", Size: 1}}, Threshold: 1},
			Layers: []train.Layer{{
				Name: "s1", Maps: 4, Kernel: snn.Size{Rows: 3, Cols: 3}, Stride: 3, Threshold: 2, Fires: snn.Above, Weights: initial,
				Learn: train.Learn{
					Rule: train.RuleSTDP, Epochs: 4, K: 1, Pointwise: true, APlus: 0.004, AMinus: -0.003, Stabiliser: true, Upper: 1,
					Doubling: train.Doubling{Every: 500, Max: 0.15, Ratio: -0.75},
				},
			}, {
				Name: "s2", Maps: 4, Kernel: snn.Size{Rows: 1, Cols: 3}, Stride: 1, Threshold: math.Inf(1), Fires: snn.Above, Weights: initial,
				Learn: train.Learn{
					Rule: train.RuleRSTDP, Epochs: 50, K: 1, APlus: 0.004, AMinus: -0.003, Lower: 0.2, Upper: 0.8,
					Punish: train.Punish{APlus: -0.004, AMinus: 0.0005, Adapt: 1000},
				},
			}},
		},
		About:    "two bars on 3x9 pixels, of which only both together tell the class: two layers, the second by reward",
		Reported: "R-STDP never failed, STDP mostly (paper)",
		Sources: map[string]string{
			"data": ours + "; the paper has 16 combinations of bars on 9x3 pixels", "protocol": ours, "readout": ours, "encode": ours, "seed": ours,
			"layers": ours, "layers.s1.learn": paper + ": rates as in the whole network", "layers.s2.learn": paper + ": rates as in the whole network",
			"layers.s2.learn.epochs": ours, "layers.s1.learn.epochs": ours,
		},
	}
}

// barsSTDP is bars without reward.
func barsSTDP() Preset {
	p := bars()
	unrewarded(&p, "s2")
	p.About = "the same without reward: both layers learn by STDP, and maps are read by the class that they win most often"
	return p
}

// unrewarded makes the last layer of a preset learn by STDP, and its maps stand
// for the class that they win most often.
func unrewarded(p *Preset, layer string) {
	e := &p.Experiment
	e.Name += "-stdp"
	e.Readout.Rule = train.ReadoutLabels
	n := len(e.Layers)
	before, l := e.Layers[n-2].Learn, &e.Layers[n-1].Learn
	l.Rule, l.Punish, l.Stabiliser, l.Lower, l.Upper, l.Doubling = train.RuleSTDP, train.Punish{}, before.Stabiliser, before.Lower, before.Upper, before.Doubling
	p.Sources["readout"] = "our choice: how the paper reads such a layer is not known here"
	p.Sources["layers."+layer+".learn"] = "our choice: as the layer before"
}
