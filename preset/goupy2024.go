package preset

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// goupy2024 is the network of
//
//	G. Goupy, P. Tirilly, I. M. Bilasco: Neuronal competition groups with
//	supervised STDP for spike-based classification. NeurIPS 37 (2024);
//	arXiv:2410.17066,
//
// with the features that the paper takes from one convolutional layer, which
// learns by STDP from patches, and S2-STDP with neuronal competition groups on
// top. Time, continuous in the paper, has 255 steps. Where the paper's settings
// are for ten classes, the gap is divided as it is there.
func goupy2024() Preset {
	const (
		paper = "paper (arXiv:2410.17066)"
		code  = "settings published with the paper"
		ours  = "our choice"
	)
	return Preset{
		Experiment: train.Experiment{
			Name:     "goupy2024",
			Paper:    "Goupy, Tirilly and Bilasco, Neuronal competition groups with supervised STDP for spike-based classification, NeurIPS (2024), arXiv:2410.17066",
			Seed:     1,
			Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10},
			Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 6000},
			Encode: encode.Config{
				Steps: 255,
				Filters: []encode.Filter{
					{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1},
				},
				Pad: 3, Border: encode.BorderEdge, Threshold: 0.01, Latency: encode.LatencyLinear, Fitted: true,
			},
			Layers: []train.Layer{{
				Name: "s1", Maps: 128, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1,
				Threshold: 5, Fires: snn.Above, Weights: train.Normal{Mean: 0.5, Std: 0.01},
				Pool: train.Pool{Window: 4, Stride: 4},
				Learn: train.Learn{
					Rule: train.RuleSTDP, Epochs: 100, Shuffle: true, K: 1, Patch: true, Exponential: true,
					APlus: 0.1, AMinus: -0.1, Lower: 0, Upper: 1, Decay: 0.95,
					Homeostasis: train.Homeostasis{Rate: 1, Target: 0.75, Least: 2},
				},
			}, {
				Name: "s2", Maps: 50, Kernel: snn.Size{Rows: 6, Cols: 6}, Stride: 1,
				Threshold: 200, Fires: snn.AtLeast, Weights: train.Normal{Mean: 0.3, Std: 0.01},
				Learn: train.Learn{
					Rule: train.RuleS2STDP, Epochs: 100, Shuffle: true, K: 1, Patience: 10,
					APlus: 0.05, AMinus: -0.1, Lower: 0, Upper: 1, Decay: 0.98,
					Timing: train.Timing{Gap: 0.03, Spare: 1, Normalise: true, Rate: 10, Decay: 0.5},
				},
			}},
		},
		About:    "handwritten digits: STDP finds features in patches, and supervised STDP tells neurons that compete for a class when to fire",
		Reported: "98.92 % on MNIST (paper)",
		Results:  []Result{{98.92, 0, "the paper", "the epoch that was best on validation images"}},
		Sources: map[string]string{
			"data":                        paper,
			"protocol":                    paper,
			"readout":                     paper,
			"encode":                      code,
			"encode.steps":                ours + ": the paper has continuous time",
			"encode.threshold":            ours + ": below it, what a filter answers to an even surface is what rounding leaves",
			"layers.s1":                   code,
			"layers.s2":                   code,
			"layers.s2.learn.epochs":      ours + ": more than it takes; patience ends the learning",
			"layers.s2.learn.timing.rate": code,
			"seed":                        ours,
		},
	}
}

// goupy2024fashion is goupy2024 with the paper's settings for Fashion-MNIST.
func goupy2024fashion() Preset {
	p := goupy2024()
	p.Name, p.Data.Source = "goupy2024fashion", "fashion-mnist"
	p.Layers[0].Learn.Homeostasis.Target = 0.8
	s2 := &p.Layers[1]
	s2.Threshold, s2.Learn.APlus, s2.Learn.AMinus = 300, 0.1, -0.05
	s2.Learn.Timing.Gap, s2.Learn.Timing.Rate, s2.Learn.Timing.Decay = 0.005, 5, 0.7
	p.About = "clothes (Fashion-MNIST): the same network with the paper's settings for them"
	p.Reported = "88.72 % on Fashion-MNIST (paper)"
	p.Results = []Result{{88.72, 0, "the paper", "the epoch that was best on validation images"}}
	return p
}
