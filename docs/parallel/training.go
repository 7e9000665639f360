package main

import (
	"slices"

	"firstspike/dataset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A training is a network and the images that it learns from.
type training struct {
	experiment  train.Experiment
	model       *train.Model
	learn, held *dataset.Set
	judged      int            // epochs of the last layer that are judged, from the last
	events      []spike.Events // what the layer in training is shown, of learn and then of held
}

// begin is a training with initial weights and encoded images.
func begin(e train.Experiment, images *dataset.Set, judged int) (*training, error) {
	m, err := train.Untrained(e)
	if err != nil {
		return nil, err
	}
	t := &training{experiment: e, model: m, judged: judged}
	if t.learn, t.held, err = e.Split(images); err != nil {
		return nil, err
	}
	encoder, err := m.Encoder()
	if err != nil {
		return nil, err
	}
	var image spike.Map
	for _, set := range []*dataset.Set{t.learn, t.held} {
		for i := range set.Len() {
			var in spike.Events
			encoder.Encode(set.Image(i), &image)
			in.From(&image)
			t.events = append(t.events, in.Clone())
		}
	}
	return t, nil
}

func (t *training) layer(i int) *snn.Convolution { return t.model.Network.Layers[i].Convolution }

func (t *training) name(i int) string { return t.experiment.Layers[i].Name }

// first lets the first layer learn, and goes on to what it makes of the images.
func (t *training) first() error {
	if err := compete(t.layer(s1), t.experiment.Layers[s1].Learn, t.events[:t.learn.Len()], way{kind: stale}); err != nil {
		return err
	}
	var pass snn.Pass
	for i := range t.events {
		t.events[i] = pass.Events(t.model.Network, &t.events[i], 1).Clone()
	}
	return nil
}

// A lesson is what a last layer learns from, and is judged by.
type lesson struct {
	*training
	bits []spike.Bits // of learn and then of held: which of its inputs fire
}

// lesson is what the last layer is shown through c in place of the second.
func (t *training) lesson(c *snn.Convolution) *lesson {
	net := &snn.Network{Steps: t.model.Network.Steps, Layers: slices.Clone(t.model.Network.Layers[s2:])}
	net.Layers[0].Convolution = c
	l := &lesson{training: t}
	fired := spike.NewBits(c.In)
	var pass snn.Pass
	for i := range t.events {
		fired.FromEvents(&t.events[i])
		l.bits = append(l.bits, slices.Clone(pass.Propagate(net, fired, 1)))
	}
	return l
}

// twin is a copy of a layer.
func twin(c *snn.Convolution) (*snn.Convolution, error) {
	copied, err := snn.NewConvolution(c.Geometry, c.Threshold, c.Fires, c.Bound())
	if err != nil {
		return nil, err
	}
	return copied, copied.SetWeights(c.Weights())
}

// twins are copies for so many workers, and a function that gives all of them
// and c the mean of their weights.
func twins(c *snn.Convolution, workers int) (list []*snn.Convolution, mean func() error, err error) {
	for range workers {
		copied, err := twin(c)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, copied)
	}
	mean = func() error {
		w := make([]float32, len(c.Weights()))
		for i := range w {
			sum := 0.0
			for _, k := range list {
				sum += float64(k.Weights()[i])
			}
			w[i] = float32(sum / float64(workers))
		}
		for _, k := range append(list, c) {
			if err := k.SetWeights(w); err != nil {
				return err
			}
		}
		return nil
	}
	return list, mean, nil
}

// round is how many images of n are learned from between two means.
func (w way) round(n int) int {
	if w.every == 0 {
		return n
	}
	return w.every * w.n
}
