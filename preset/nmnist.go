package preset

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// nmnist is a network for the recordings of
//
//	G. Orchard, A. Jayawant, G. Cohen, N. Thakor: Converting static image
//	datasets to spiking neuromorphic datasets using saccades. Frontiers in
//	Neuroscience 9:437 (2015).
//
// It is no published network: the two layers are those of goupy2024, with a
// threshold for what recordings are encoded to, and with recordings that are
// varied every time they are learned from. What it does with a thousand of them
// is in docs/nmnist.md.
func nmnist() Preset {
	const (
		ours  = "our choice"
		tried = ours + ", on training recordings that were left out"
		layer = "as goupy2024"
	)
	return Preset{
		Experiment: train.Experiment{
			Name:     "nmnist",
			Paper:    "none; the recordings: Orchard et al., Converting static image datasets to spiking neuromorphic datasets using saccades, Frontiers in Neuroscience 9:437 (2015)",
			Seed:     1,
			Data:     train.Data{Source: "nmnist", Rows: 34, Cols: 34, Classes: 10},
			Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 100},
			Encode: encode.Config{
				Steps: 60,
				Events: encode.Events{
					Mode: encode.EventsCount, Windows: []float64{0, 105000, 210000, 315000},
					Polarity: encode.EventsBoth, Noise: 10000, Still: true,
				},
			},
			Layers: []train.Layer{{
				Name: "s1", Maps: 128, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1,
				Threshold: 5, Fires: snn.Above, Weights: train.Normal{Mean: 0.5, Std: 0.01},
				Pool: train.Pool{Window: 4, Stride: 4},
				Learn: train.Learn{
					Rule: train.RuleSTDP, Epochs: 100, Shuffle: true, K: 1, Patch: true, Exponential: true,
					APlus: 0.1, AMinus: -0.1, Lower: 0, Upper: 1, Decay: 0.97,
					Homeostasis: train.Homeostasis{Rate: 1, Target: 0.75, Least: 2},
				},
			}, {
				Name: "s2", Maps: 50, Kernel: snn.Size{Rows: 7, Cols: 7}, Stride: 1,
				Threshold: 130, Fires: snn.AtLeast, Weights: train.Normal{Mean: 0.3, Std: 0.01},
				Learn: train.Learn{
					Rule: train.RuleS2STDP, Epochs: 30, Shuffle: true, K: 1,
					APlus: 0.05, AMinus: -0.1, Lower: 0, Upper: 1, Decay: 0.95,
					Timing:  train.Timing{Gap: 0.03, Spare: 1, Normalise: true, Rate: 5, Decay: 0.7},
					Augment: train.Augment{Shift: 1, Turn: 10, Grow: 0.1, Slant: 0.15},
				},
			}},
		},
		About:    "recordings of digits by an event camera: STDP finds features in patches, and supervised STDP tells neurons that compete for a class when to fire",
		Reported: "49.97 % on N-MNIST (Cl4ryty/synaptic_plasticity, another network: that of bose2024)",
		Results:  []Result{{49.97, 21, "Cl4ryty/synaptic_plasticity", "the network of bose2024, 60,000 recordings, best test epoch of 21"}},
		Sources: map[string]string{
			"data":                         "Orchard et al. (2015)",
			"protocol":                     ours + ": a tenth of a thousand recordings",
			"readout":                      layer,
			"encode":                       ours,
			"encode.events.windows":        ours + ": the three saccades of Orchard et al. (2015)",
			"encode.events.noise":          "published code (github.com/Cl4ryty/synaptic_plasticity)",
			"layers.s1":                    layer,
			"layers.s1.learn.decay":        ours + ": there are fewer images in an epoch",
			"layers.s2":                    layer,
			"layers.s2.kernel":             "all of the input",
			"layers.s2.threshold":          ours + ", on validation recordings: as much of what is active as in goupy2024",
			"layers.s2.learn.epochs":       tried + ": with this decay the curve is flat from the twentieth on",
			"layers.s2.learn.decay":        tried,
			"layers.s2.learn.augment":      tried,
			"layers.s2.learn.timing":       layer,
			"layers.s2.learn.timing.rate":  "settings that Goupy et al. (2024) published for Fashion-MNIST",
			"layers.s2.learn.timing.decay": "settings that Goupy et al. (2024) published for Fashion-MNIST",
			"seed":                         ours,
		},
	}
}
