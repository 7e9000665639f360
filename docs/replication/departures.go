package main

import (
	"fmt"
	"slices"

	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

// A departure is a way in which bose2024 differs from mozafari2018.
type departure struct {
	name  string
	text  string
	paths []string // of the settings that make it
	needs string   // a departure without which it means nothing
}

var departures = []departure{
	{"classes", "a neuron's class is its index mod 10, so that all neurons of a map share weights but not the class", []string{"readout.rule"}, ""},
	{"repeats", "a pooled neuron fires at every step at which one of its window does", []string{"layers.s1.pool.repeats", "layers.s2.pool.repeats"}, ""},
	{"batches", "the changes of 100 images are added up before they are made", []string{"layers.s1.learn.batch", "layers.s2.learn.batch", "layers.s3.learn.batch"}, ""},
	{"winners", "no pointwise inhibition, and a map may win several times", []string{"layers.s1.learn.pointwise", "layers.s2.learn.pointwise", "layers.s1.learn.shared", "layers.s2.learn.shared"}, ""},
	{"threshold", "S2 fires at 15 instead of 10", []string{"layers.s2.threshold"}, ""},
	{"ties", "of equally early neurons that with the highest potential after the last step wins", []string{"layers.s1.learn.final", "layers.s2.learn.final"}, ""},
	{"fill", "if fewer than k win, neuron (0,0,0) does", []string{"layers.s1.learn.fill", "layers.s2.learn.fill"}, ""},
	{"adaptation", "reward and punishment adapt over 100 images instead of 1,000, and silence counts as wrong", []string{"layers.s3.learn.punish.adapt", "layers.s3.learn.punish.silent"}, ""},
	{"margins", "no padding in S1, initial weights N(0.8, 0.02), fires at the threshold and not only above it", []string{
		"layers.s1.pad", "layers.s1.weights.std", "layers.s2.weights.std", "layers.s3.weights.std", "layers.s1.fires", "layers.s2.fires", "layers.s3.fires"}, ""},
	{"radius", "inhibition radius 2 in S2 instead of 1", []string{"layers.s2.learn.radius"}, ""},
	{"contrast", "contrasts from 30 instead of 50 become spikes", []string{"encode.threshold"}, ""},
	{"order", "an input that fires several times counts as the earlier the more it fires", []string{"layers.s2.learn.summed"}, "repeats"},
	{"doubling", "learning rates double 100 images later", []string{"layers.s1.learn.doubling.delay", "layers.s2.learn.doubling.delay"}, ""},
}

// A variant is an experiment of the study: one of the two models, with or
// without one departure.
type variant struct {
	base       string // name of the preset
	change     string // name of the departure that was put in or taken away; "": none
	experiment train.Experiment
	runs       []study.Run
}

// folder is the name of the variant's folder.
func (v variant) folder() string {
	switch {
	case v.change == "":
		return v.base
	case v.base == original:
		return v.base + "-with-" + v.change
	}
	return v.base + "-without-" + v.change
}

const original, replica = "mozafari2018", "bose2024"

// bases are both models, trained alike: on all images, tested after every
// epoch.
func bases(epochs, limit int) (a, b train.Experiment, err error) {
	list := []*train.Experiment{&a, &b}
	for i, name := range []string{original, replica} {
		p, ok := preset.Lookup(name)
		if !ok {
			return a, b, fmt.Errorf("there is no preset %s", name)
		}
		e := p.Experiment
		e.Protocol.Kind = train.ProtocolPaper
		e.Layers[2].Learn.Epochs = epochs
		e.Data.Limit = limit
		*list[i] = e
	}
	return a, b, nil
}

// variants are all experiments of the study, those first that the others are
// compared with.
func variants(epochs, limit int) ([]variant, error) {
	a, b, err := bases(epochs, limit)
	if err != nil {
		return nil, err
	}
	with, without := []variant{{base: original, experiment: a}}, []variant{{base: replica, experiment: b}}
	for _, d := range departures {
		in, out := a.Clone(), b.Clone()
		for _, n := range needed(d) {
			if err := take(&in, b, n.paths); err != nil {
				return nil, err
			}
		}
		for _, n := range dependent(d) {
			if err := take(&out, a, n.paths); err != nil {
				return nil, err
			}
		}
		with = append(with, variant{base: original, change: d.name, experiment: in})
		without = append(without, variant{base: replica, change: d.name, experiment: out})
	}
	return append(append(with[:1:1], without[0]), append(with[1:], without[1:]...)...), nil
}

// needed is a departure and what it needs.
func needed(d departure) []departure {
	list := []departure{d}
	if i := slices.IndexFunc(departures, func(o departure) bool { return o.name == d.needs }); i >= 0 {
		list = append(list, departures[i])
	}
	return list
}

// dependent is a departure and those that need it.
func dependent(d departure) []departure {
	list := []departure{d}
	for _, o := range departures {
		if o.needs == d.name {
			list = append(list, o)
		}
	}
	return list
}

// take gives e the settings of another experiment.
func take(e *train.Experiment, from train.Experiment, paths []string) error {
	for _, path := range paths {
		value, ok := from.Value(path)
		if !ok {
			return fmt.Errorf("there is no setting %s", path)
		}
		if err := e.Set(path, value); err != nil {
			return err
		}
	}
	return nil
}
