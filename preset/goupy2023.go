package preset

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// goupy2023 is the network for handwritten digits of
//
//	G. Goupy, A. Juneau-Fecteau, N. Garg, I. Balafrej, F. Alibart, L. Fréchette,
//	D. Drouin, Y. Beilliard: Unsupervised and efficient learning in sparsely
//	activated convolutional spiking neural networks enabled by voltage-dependent
//	synaptic plasticity. Neuromorphic Computing and Engineering 3 (2023) 014001;
//	doi:10.1088/2634-4386/acad98,
//
// as published by its authors: one layer, without filters before it, which
// learns by VDSP from less than a thousand images, and a linear SVM that reads
// which of its neurons fire. At a position one neuron fires at most, whenever
// the layer is asked. Two departures are ours: 5,000 training images are held
// out, and a winner's map has changed when the next image comes, not when the
// next step does.
func goupy2023() Preset {
	const (
		code = "published code (github.com/ggoupy/CSNN-VDSP 1199e57, MNIST/snn.py)"
		ours = "our choice"
		svm  = "scikit-learn's LinearSVC, which the published code uses: its default"
	)
	return Preset{
		Experiment: train.Experiment{
			Name:     "goupy2023",
			Paper:    "Goupy et al., Unsupervised and efficient learning in sparsely activated convolutional spiking neural networks enabled by voltage-dependent synaptic plasticity, Neuromorphic Computing and Engineering 3 (2023), doi:10.1088/2634-4386/acad98",
			Seed:     1,
			Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10},
			Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 5000},
			Readout: train.Readout{Rule: train.ReadoutSVM, SVM: train.SVM{
				C: []float64{0.005}, Loss: train.LossSquaredHinge, Features: train.FeaturesFired, Tolerance: 1e-4, Passes: 10000,
			}},
			Encode: encode.Config{
				Steps: 15, Filters: []encode.Filter{{Kind: "pixel", Size: 1}}, Threshold: 1, Latency: encode.LatencySpread,
			},
			Layers: []train.Layer{{
				Name: "s1", Maps: 70, Kernel: snn.Size{Rows: 7, Cols: 7}, Stride: 1, Pad: 3,
				Threshold: 10, Fires: snn.Above, Weights: train.Normal{Mean: 0.8, Std: 0.05},
				Pool: train.Pool{Window: 3, Stride: 3}, Pointwise: true,
				Learn: train.Learn{
					Rule: train.RuleVDSP, Epochs: 1, Shuffle: true, K: 70, PerStep: 7, Radius: 3, Pointwise: true, Until: 0.01, UntilEvery: 1,
					APlus: 0.01, AMinus: -0.02, Voltage: 0.1, Lower: 0, Upper: 1,
					Doubling: train.Doubling{Every: 500, Max: 0.1, Ratio: -2, Updates: true},
				},
			}},
		},
		About:    "handwritten digits: one layer learns by VDSP from the first thousand images, and a linear SVM reads it",
		Reported: "98.56 ± 0.05 % on MNIST (paper, mean of 10 seeds)",
		Results:  []Result{{98.56, 0, "the paper", "on the test images, mean of 10 seeds"}},
		Sources: map[string]string{
			"data":                  code,
			"protocol":              ours + ": the code learns from all training images (--protocol paper)",
			"readout":               code,
			"readout.svm.loss":      svm,
			"readout.svm.tolerance": svm,
			"encode":                code,
			"encode.threshold":      code + ": pixels of 0 never fire",
			"layers.s1":             code,
			"layers.s1.learn.k":     code + ": no limit but that a map wins once",
			"seed":                  ours,
		},
	}
}
