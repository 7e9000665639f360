package preset

import (
	"math"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// mozafari2018 is the deep network of
//
//	M. Mozafari, M. Ganjtabesh, A. Nowzari-Dalini, S. J. Thorpe, T. Masquelier:
//	Bio-inspired digit recognition using reward-modulated spike-timing-dependent
//	plasticity in deep convolutional networks. Pattern Recognition 94 (2019);
//	arXiv:1804.00227 (2018).
//
// with the numbers of its authors' published code (SpykeTorch, MozafariDeep)
// where the paper leaves one open or the code departs from it. Two departures
// are ours: 5,000 training images are held out to choose the best epoch, and
// S3 learns for 100 epochs instead of 680.
func mozafari2018() Preset {
	const (
		paper = "paper (arXiv:1804.00227)"
		code  = "published code (SpykeTorch aa302c7, MozafariDeep.py)"
		ours  = "our choice"
	)
	dog := func(size int, sigma1, sigma2 float64) encode.Filter {
		return encode.Filter{Kind: "dog", Size: size, Sigma1: sigma1, Sigma2: sigma2}
	}
	initial := train.Normal{Mean: 0.8, Std: 0.05}
	unsupervised := train.Learn{
		Rule: train.RuleSTDP, Pointwise: true,
		APlus: 0.004, AMinus: -0.003, Stabiliser: true, Lower: 0, Upper: 1,
		Doubling: train.Doubling{Every: 500, Max: 0.15, Ratio: -0.75},
	}
	s1, s2 := unsupervised, unsupervised
	s1.Epochs, s1.K, s1.Radius = 2, 5, 3
	s2.Epochs, s2.K, s2.Radius = 4, 8, 1
	return Preset{
		Experiment: train.Experiment{
			Name:     "mozafari2018",
			Paper:    "Mozafari et al., Bio-inspired digit recognition using R-STDP in deep convolutional networks, Pattern Recognition 94 (2019), arXiv:1804.00227",
			Seed:     1,
			Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10},
			Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 5000},
			Encode: encode.Config{
				Steps: 15,
				Filters: []encode.Filter{
					dog(3, 3./9, 6./9), dog(3, 6./9, 3./9),
					dog(7, 7./9, 14./9), dog(7, 14./9, 7./9),
					dog(13, 13./9, 26./9), dog(13, 26./9, 13./9),
				},
				Pad: 6, Threshold: 50, Normalise: 8,
			},
			Layers: []train.Layer{{
				Name: "s1", Maps: 30, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2,
				Threshold: 15, Fires: snn.Above, Weights: initial,
				Pool: train.Pool{Window: 2, Stride: 2}, Learn: s1,
			}, {
				Name: "s2", Maps: 250, Kernel: snn.Size{Rows: 3, Cols: 3}, Stride: 1, Pad: 1,
				Threshold: 10, Fires: snn.Above, Weights: initial,
				Pool: train.Pool{Window: 3, Stride: 3}, Learn: s2,
			}, {
				Name: "s3", Maps: 200, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2,
				Threshold: math.Inf(1), Fires: snn.Above, Weights: initial,
				Learn: train.Learn{
					Rule: train.RuleRSTDP, Epochs: 100, K: 1,
					APlus: 0.004, AMinus: -0.003, Lower: 0.2, Upper: 0.8,
					Punish: train.Punish{APlus: -0.004, AMinus: 0.0005, Adapt: 1000},
				},
			}},
		},
		About:    "handwritten digits: two layers learn by STDP, a third by reward; nothing is backpropagated",
		Reported: "97.2 % on MNIST (paper, best test epoch of 680); 96.49 % re-run of the published code (its issue 7)",
		Results: []Result{
			{97.2, 680, "the paper", "the best test epoch of 680"},
			{96.49, 678, "SpykeTorch, its issue 7", "the best test epoch of 680"},
			{96.62, 680, "SpykeTorch, its issue 7", "the same with 30 steps"},
			{96.07, 680, "a fork of SpykeTorch", "a note of its author's"},
			{96.69, 680, "a fork of SpykeTorch", "a note of its author's"},
			{96.74, 680, "a fork of SpykeTorch", "a note of its author's"},
			{94.70, 21, "SpykeTorch, run by Cl4ryty/synaptic_plasticity", "the log of 21 epochs"},
		},
		Sources: map[string]string{
			"readout":                code,
			"encode":                 code,
			"layers.s1":              code,
			"layers.s2":              code,
			"layers.s2.learn.radius": code + "; the paper has 2",
			"layers.s3":              code,
			"layers.s3.learn.epochs": ours + ": what fits into minutes; the code has 680 (--paper)",
			"data":                   paper,
			"protocol":               ours + ": the paper's best epoch is chosen on the test images (--protocol paper)",
			"seed":                   ours,
		},
		Paper: map[string]string{"layers.s3.learn.epochs": "680"},
	}
}
