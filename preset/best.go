package preset

import "firstspike/train"

// best is what local rules reach here on MNIST: goupy2024 with twice the maps,
// more than twice the neurons of a class, and images that are varied every time
// they are learned from. The first spike decides; nothing is backpropagated, and
// nothing but neurons reads the network.
func best() Preset {
	const ours = "our choice, on validation images"
	p := goupy2024()
	p.Name, p.Experiment.Paper = "best", "after "+p.Experiment.Paper
	s1, s2 := &p.Layers[0], &p.Layers[1]
	s1.Maps, s1.Learn.Epochs = 256, 20
	s2.Maps, s2.Threshold = 110, 380
	s2.Learn.Epochs, s2.Learn.Decay, s2.Learn.Patience = 24, 0.91, 0
	s2.Learn.Timing.Rate = 20
	s2.Learn.Augment = train.Augment{Shift: 1.5, Turn: 12, Grow: 0.12, Slant: 0.15}
	p.About = "handwritten digits: the most that local rules reach here, with a first spike that decides"
	p.Reported = "98.92 % on MNIST (Goupy et al. 2024, the most reported for local rules and a first spike)"
	for _, path := range []string{
		"layers.s1.maps", "layers.s1.learn.epochs", "layers.s2.maps", "layers.s2.threshold", "layers.s2.learn.epochs", "layers.s2.learn.decay",
		"layers.s2.learn.patience", "layers.s2.learn.timing.rate", "layers.s2.learn.augment",
	} {
		p.Sources[path] = ours
	}
	return p
}
