package preset

import (
	"firstspike/snn"
	"firstspike/train"
)

// best is what local rules reach here on MNIST: the layers of goupy2024, whose
// neurons of a class learn from what is missing of a probability instead of time
// targets, and from images that are varied every time they are shown. The first
// spike decides; nothing is backpropagated, and nothing but neurons reads the
// network.
func best() Preset {
	const ours = "our choice, on validation images"
	p := goupy2024()
	p.Name, p.Experiment.Paper = "best", "after "+p.Experiment.Paper+"; errors after Göltz et al., Fast and energy-efficient neuromorphic deep learning with first-spike times, Nature Machine Intelligence 3 (2021), arXiv:1912.11443"
	s1, s2 := &p.Layers[0], &p.Layers[1]
	s1.Learn.Epochs, s1.Learn.Decay = 25, 0.85
	s2.Maps, s2.Threshold = 100, 320
	s2.Learn.Epochs, s2.Learn.Decay, s2.Learn.Patience = 30, 0.9, 0
	s2.Learn.APlus, s2.Learn.AMinus = 0.05, -0.05
	s2.Learn.Timing = train.Timing{Gap: 0.1, Temperature: 0.001, Normalise: true, Rate: 20, Decay: 0.5}
	s2.Learn.Augment = train.Augment{Shift: 1, Turn: 8, Grow: 0.08, Slant: 0.1}
	p.About = "handwritten digits: the most that local rules reach here, with a first spike that decides"
	p.Reported = "98.92 % on MNIST (Goupy et al. 2024, the most reported for local rules and a first spike)"
	p.Results = []Result{{98.92, 0, "Goupy et al. (2024)", "the epoch that was best on validation images"}}
	for _, path := range []string{
		"layers.s1.learn.epochs", "layers.s1.learn.decay", "layers.s2.maps", "layers.s2.threshold", "layers.s2.learn.epochs", "layers.s2.learn.decay",
		"layers.s2.learn.patience", "layers.s2.learn.a_minus", "layers.s2.learn.timing", "layers.s2.learn.augment",
	} {
		p.Sources[path] = ours
	}
	delete(p.Sources, "layers.s2.learn.timing.rate")
	return p
}

// bestfashion is what local rules reach here on Fashion-MNIST: a first layer as in
// goupy2024, four times as wide and pooled less, and one neuron a class behind it,
// whose potential is the sum of ramps, so that it weighs how early every feature
// is. Half of the time belongs to these neurons alone: the first to fire has seen
// all. They learn as in best.
func bestfashion() Preset {
	const ours = "our choice, on validation images"
	p := goupy2024fashion()
	p.Name, p.Experiment.Paper = "bestfashion", best().Experiment.Paper+"; ramps after Zhang et al., Rectified linear postsynaptic potential function for backpropagation in deep spiking neural networks, IEEE Transactions on Neural Networks and Learning Systems 33 (2022), arXiv:2003.11837"
	p.Encode.Rest = 128
	s1, s2 := &p.Layers[0], &p.Layers[1]
	s1.Maps, s1.Pool = 512, train.Pool{Window: 3, Stride: 3}
	s1.Learn.Epochs, s1.Learn.Decay = 12, 0.7
	s1.Learn.Homeostasis.Target, s1.Learn.Homeostasis.Least = 0.25, 1
	s2.Maps, s2.Kernel, s2.Ramp, s2.Threshold = 10, snn.Size{Rows: 8, Cols: 8}, true, 300000
	s2.Weights = train.Normal{Mean: 0.5, Std: 0.001}
	s2.Learn.Epochs, s2.Learn.Decay, s2.Learn.Patience = 15, 0.85, 0
	s2.Learn.APlus, s2.Learn.AMinus = 0.06, 0
	s2.Learn.Timing = train.Timing{Gap: 1, Temperature: 0.0002, Mean: true}
	p.About = "clothes (Fashion-MNIST): the most that local rules reach here, with a first spike that decides"
	p.Reported = "88.72 % on Fashion-MNIST (Goupy et al. 2024, the most reported for local rules and a first spike)"
	p.Results = []Result{{88.72, 0, "Goupy et al. (2024)", "the epoch that was best on validation images"}}
	for _, path := range []string{
		"encode.rest", "layers.s1.maps", "layers.s1.pool", "layers.s1.learn.epochs", "layers.s1.learn.decay", "layers.s1.learn.homeostasis",
		"layers.s2.maps", "layers.s2.kernel", "layers.s2.ramp", "layers.s2.threshold", "layers.s2.weights", "layers.s2.learn",
	} {
		p.Sources[path] = ours
	}
	delete(p.Sources, "layers.s2.learn.epochs")
	delete(p.Sources, "layers.s2.learn.timing.rate")
	return p
}
