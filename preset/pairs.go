package preset

import "firstspike/train"

// pairs is mozafari2018 on two digits only, with few maps in the last layer:
// the experiment of the paper's Figure 4, as far as it could be built again. The
// paper's own may have had two layers: docs/other-experiments.md says what is
// known of it and what is ours.
func pairs() Preset {
	const ours = "our choice"
	p := mozafari2018()
	e := &p.Experiment
	e.Name = "pairs"
	e.Paper += ": two digits at a time"
	e.Data.Source, e.Data.Classes = "mnist:4,9", 2
	e.Protocol.Validation = 1000
	e.Readout.Rule = train.ReadoutBlocks
	s3 := &e.Layers[2]
	s3.Maps, s3.Learn.Epochs = 10, 20
	p.About = "two digits, 4 and 9, with 10 maps to tell them apart: reward; other digits with --data mnist:3,8, other maps with --set layers.s3.maps=2"
	p.Reported = "a curve: R-STDP above STDP over 2 to 40 maps (paper, Figure 4); its numbers are not known here"
	p.Results, p.Paper = nil, nil
	p.Sources["data"] = ours + "; the paper takes pairs of digits"
	p.Sources["readout"] = ours
	p.Sources["layers"] = ours + ": the network for ten digits; the paper's may have had two layers here"
	p.Sources["layers.s3.maps"] = "paper: 2 to 40"
	p.Sources["layers.s3.learn.epochs"] = ours
	return p
}

// pairsSTDP is pairs without reward.
func pairsSTDP() Preset {
	p := pairs()
	unrewarded(&p, "s3")
	p.Sources["layers.s3.learn.epochs"] = "our choice"
	p.About = "the same without reward: the last layer learns by STDP too, and maps are read by the digit that they win most often"
	return p
}
