package preset

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// kheradpisheh2018 is the network for handwritten digits of
//
//	S. R. Kheradpisheh, M. Ganjtabesh, S. J. Thorpe, T. Masquelier: STDP-based
//	spiking deep convolutional neural networks for object recognition. Neural
//	Networks 99 (2018) 56-67; arXiv:1611.01421 (2016).
//
// in the form and with the numbers of its published reimplementation (SpykeTorch,
// KheradpishehDeep), which is by its first author's group. Two layers learn
// without labels, and a linear SVM reads which neurons of the second one fire.
// One departure is ours: 5,000 training images are held out.
func kheradpisheh2018() Preset {
	const (
		paper = "paper (arXiv:1611.01421)"
		code  = "published code (SpykeTorch aa302c7, KheradpishehDeep.py)"
		ours  = "our choice"
	)
	initial := train.Normal{Mean: 0.8, Std: 0.05}
	stdp := train.Learn{Rule: train.RuleSTDP, Pointwise: true, APlus: 0.004, AMinus: -0.003, Stabiliser: true, Upper: 1}
	s1, s2 := stdp, stdp
	s1.Epochs, s1.K, s1.Radius = 2, 5, 2
	s1.Doubling = train.Doubling{Every: 500, Max: 0.15, Ratio: -0.75}
	s2.Epochs, s2.K, s2.Radius, s2.Inhibited = 20, 8, 1, true
	pool := train.Pool{Window: 2, Stride: 2, Pad: 1}
	return Preset{
		Experiment: train.Experiment{
			Name:     "kheradpisheh2018",
			Paper:    "Kheradpisheh et al., STDP-based spiking deep convolutional neural networks for object recognition, Neural Networks 99 (2018), arXiv:1611.01421",
			Seed:     1,
			Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10},
			Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 5000},
			Readout: train.Readout{Rule: train.ReadoutSVM, SVM: train.SVM{
				C: []float64{2.4}, Loss: train.LossSquaredHinge, Features: train.FeaturesFired, Tolerance: 1e-4, Passes: 1000,
			}},
			Encode: encode.Config{
				Steps: 15,
				Filters: []encode.Filter{
					{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1},
				},
				Pad: 3, Threshold: 50, Normalise: 8,
			},
			Layers: []train.Layer{{
				Name: "s1", Maps: 32, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2,
				Threshold: 10, Fires: snn.Above, Weights: initial, Pool: pool, Learn: s1,
			}, {
				Name: "s2", Maps: 150, Kernel: snn.Size{Rows: 2, Cols: 2}, Stride: 1, Pad: 1,
				Threshold: 1, Fires: snn.Above, Weights: initial, Pool: pool, Learn: s2,
			}},
		},
		About:    "handwritten digits: two layers learn by STDP, without labels, and a linear SVM reads the second",
		Reported: "98.4 % on MNIST (paper)",
		Results:  []Result{{98.4, 20, "the paper", "on the test images"}},
		Sources: map[string]string{
			"data":                  paper,
			"protocol":              ours + ": the code learns from all training images (--protocol paper)",
			"readout":               code,
			"readout.svm.loss":      "scikit-learn's LinearSVC, which the published code uses as it is: its default",
			"readout.svm.tolerance": "scikit-learn's LinearSVC, which the published code uses as it is: its default",
			"readout.svm.passes":    "scikit-learn's LinearSVC, which the published code uses as it is: its default",
			"encode":                code,
			"layers.s1":             code,
			"layers.s2":             code,
			"seed":                  ours,
		},
	}
}
