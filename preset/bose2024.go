package preset

import (
	"maps"

	"firstspike/snn"
	"firstspike/train"
)

// bose2024 is the network that a group of students published as a replication
// of mozafari2018 (github.com/Cl4ryty/synaptic_plasticity, 2024), with every
// departure of its program from the model that it replicates, as far as they
// are known: docs/replication.md names them and tells what each costs.
func bose2024() Preset {
	const (
		code = "published code (github.com/Cl4ryty/synaptic_plasticity 6bd120c, src)"
		ours = "our choice"
	)
	p := mozafari2018()
	e := &p.Experiment
	e.Name = "bose2024"
	e.Encode.Threshold = 30
	e.Paper = "Cl4ryty/synaptic_plasticity, a replication of Mozafari et al. with SpikingJelly, 2024"
	e.Protocol = train.Protocol{Kind: train.ProtocolPaper, Validation: e.Protocol.Validation}
	e.Readout.Rule = train.ReadoutNeurons
	s1, s2, s3 := &e.Layers[0], &e.Layers[1], &e.Layers[2]
	s1.Pad = 0
	s1.Learn.Radius, s2.Learn.Radius = 3, 2
	s2.Threshold = 15
	for _, l := range []*train.Layer{s1, s2, s3} {
		l.Fires = snn.AtLeast
		l.Weights.Std = 0.02
		l.Learn.Batch = 100
	}
	for _, l := range []*train.Layer{s1, s2} {
		l.Pool.Repeats = true
		l.Learn.Pointwise = false
		l.Learn.Shared, l.Learn.Final, l.Learn.Fill = true, true, true
		l.Learn.Doubling.Delay = 101
	}
	s2.Learn.Summed = true
	s3.Learn.Epochs = 40
	s3.Learn.Punish.Adapt, s3.Learn.Punish.Silent = 100, true
	p.About = "a replication of mozafari2018 that departs from it in a dozen ways, to see what each of them costs"
	p.Reported = "88.67 % on MNIST (report, best test epoch of 40); 73.2 % after the first epoch, 87.48 % after the sixteenth"
	p.Results = []Result{
		{73.2, 1, "Cl4ryty/synaptic_plasticity", "one run, tested after every epoch"},
		{87.48, 16, "Cl4ryty/synaptic_plasticity", "the same run"},
		{88.67, 40, "Cl4ryty/synaptic_plasticity", "the same run, its best epoch"},
	}
	p.Sources = maps.Clone(p.Sources)
	maps.DeleteFunc(p.Sources, func(path, _ string) bool { return path != "data" })
	for _, path := range []string{"readout", "encode", "layers", "protocol"} {
		p.Sources[path] = code
	}
	p.Sources["layers.s3.learn.epochs"] = ours + ": as many as were run; the code has 667"
	p.Sources["seed"] = ours
	p.Paper = map[string]string{"layers.s3.learn.epochs": "667"}
	return p
}
