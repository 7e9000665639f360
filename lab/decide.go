package lab

import (
	"cmp"

	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// Silent is the step of a neuron that did not fire.
const Silent = int(spike.Silent)

// None is the class of a silent network, and of what stands for no class.
const None = readout.None

// A Decision is the answer to one image.
type Decision struct {
	Class    int    `json:"class"`     // of the first neuron to fire; -1: it stands for none, or none fired
	RunnerUp int    `json:"runner_up"` // the class that came second; -1: none
	Silent   bool   `json:"silent"`    // no neuron of the last layer fired
	Winner   *Spike `json:"winner"`    // the neuron that decided; nil if silent
	Second   *Spike `json:"second"`    // the runner-up's best; nil if there is none

	// By how much the winner beat the runner-up: the steps it came earlier, and
	// the fraction of its potential by which it was higher, below 0 if it was
	// earlier with a lower one. See [readout.Decision.Margin].
	MarginSteps     int     `json:"margin_steps"`
	MarginPotential float64 `json:"margin_potential"`

	// The best neuron of every class, in the order of classes.
	Classes []Class `json:"classes"`
}

// A Class is how far a class got with an image.
type Class struct {
	Class     int     `json:"class"`
	Step      int     `json:"step"`      // of the first spike of its neurons; 255: all are silent
	Potential float64 `json:"potential"` // at that spike, in units of weights; 0 if silent
}

// A Spike is the first spike of a neuron of the last layer.
type Spike struct {
	Map       int     `json:"map"`
	Row       int     `json:"row"`
	Col       int     `json:"col"`
	Class     int     `json:"class"` // that the neuron stands for; -1: none
	Step      int     `json:"step"`
	Potential float64 `json:"potential"` // at the spike, in units of weights
}

// spike is one of the last layer's for the outside, nil if there is none.
func (l *Lab) spike(s spike.Spike) *Spike {
	if s.Potential == 0 {
		return nil // nobody fires with it
	}
	return &Spike{s.Map, s.Row, s.Col, l.model.Class(s.Neuron), int(s.Step), l.model.Network.Layers[l.last()].Potential(s.Potential)}
}

// Decide decides an image as train.Predictor does, and says how far every class
// got.
func (l *Lab) Decide(pixels []byte) (Decision, error) {
	if err := l.check(pixels); err != nil {
		return Decision{}, err
	}
	l.encoder.Encode(pixels, &l.spikes)
	n, m, last := l.model.Network, l.model, l.last()
	out := n.Layers[last].Convolution.Out()
	if len(m.Decision) == out.Maps {
		l.best = n.Forward(&l.spikes, &l.pass, l.best)
	} else {
		// Neurons of one map stand for several classes.
		r := l.pass.Response(n, &l.spikes, last)
		l.best = l.best[:0]
		for i, s := range r.First.At {
			l.best = append(l.best, spike.Spike{Neuron: out.Neuron(i%out.Maps, i/out.Maps), Step: s, Potential: r.Potential[i]})
		}
	}
	return l.decision(m.Decision.Decide(out, l.best), l.best), nil
}

// decision is a decision for the outside, with the best of every class among
// some spikes.
func (l *Lab) decision(r readout.Decision, spikes []spike.Spike) Decision {
	c := l.model.Network.Layers[l.last()].Convolution
	out := c.Out()
	d := Decision{Class: r.Class, RunnerUp: r.RunnerUp, Winner: l.spike(r.Winner), Second: l.spike(r.Second)}
	d.Silent = d.Winner == nil
	d.MarginSteps, d.MarginPotential = r.Margin(l.model.Network.Steps)
	l.classes = l.classes[:0]
	for range l.model.Experiment.Data.Classes {
		l.classes = append(l.classes, spike.Spike{Step: spike.Silent})
	}
	for _, s := range spikes {
		if s.Step == spike.Silent {
			continue
		}
		if class := l.model.Decision.Of(out, s.Neuron); class != None && (l.classes[class].Step == spike.Silent || s.Ahead(l.classes[class])) {
			l.classes[class] = s
		}
	}
	for i, s := range l.classes {
		d.Classes = append(d.Classes, Class{i, int(s.Step), c.Potential(s.Potential)})
	}
	return d
}

// A Judgement compares a decision with a label.
type Judgement struct {
	Outcome  string `json:"outcome"` // "right", "wrong" or "silent"
	Label    int    `json:"label"`
	Class    int    `json:"class"`     // that was decided; -1: none
	RunnerUp int    `json:"runner_up"` // -1: none

	// As in [Decision].
	MarginSteps     int     `json:"margin_steps"`
	MarginPotential float64 `json:"margin_potential"`
}

// Judge decides an image and compares with its label. It is faster than
// [Lab.Decide], as the other classes need not be known, but the first time after
// a change of the network takes longer.
func (l *Lab) Judge(pixels []byte, label int) (Judgement, error) {
	if err := l.check(pixels); err != nil {
		return Judgement{}, err
	}
	if l.predictor == nil {
		p, err := l.model.Predictor()
		if err != nil {
			return Judgement{}, err
		}
		l.predictor = p
	}
	return Judged(l.predictor.Predict(pixels), label, l.model.Network.Steps), nil
}

// Judged compares the decision of a network with so many steps with a label.
func Judged(d readout.Decision, label, steps int) Judgement {
	j := Judgement{Outcome: snn.Judge(d.Class, label).String(), Label: label, Class: d.Class, RunnerUp: d.RunnerUp}
	j.MarginSteps, j.MarginPotential = d.Margin(steps)
	return j
}

// Compare orders judgements for a list of errors, as slices.SortFunc wants it:
// the wrong ones first, those with the largest margin before others, then the
// silent ones, then the right ones, those with the smallest margin first.
func (j Judgement) Compare(k Judgement) int {
	return cmp.Or(
		cmp.Compare(j.sign(), k.sign()),
		cmp.Compare(j.sign()*j.MarginSteps, k.sign()*k.MarginSteps),
		cmp.Compare(float64(j.sign())*j.MarginPotential, float64(k.sign())*k.MarginPotential),
	)
}

// sign is 1 of a right decision, -1 of a wrong one, and 0 of silence.
func (j Judgement) sign() int {
	switch j.Outcome {
	case snn.Right.String():
		return 1
	case snn.Wrong.String():
		return -1
	}
	return 0
}
