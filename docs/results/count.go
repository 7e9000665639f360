package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// count counts what an image makes fire in a network, as a mean over so many
// images, evenly taken from a set: the spikes of the input and of each layer's
// neurons, before pooling, and the synaptic operations of each layer (see
// [train.Operations]). Of a layer that decides only the first spike counts, as
// the decision is then made; a linear SVM adds a weight for each class and each
// feature that fires.
func count(ctx context.Context, m *train.Model, set *dataset.Set, images, workers int) (spikes, operations []part, err error) {
	if err := m.Fits(set); err != nil {
		return nil, nil, err
	}
	if _, err := m.Encoder(); err != nil {
		return nil, nil, err
	}
	images = min(images, set.Len())
	if images == 0 {
		return nil, nil, fmt.Errorf("%s: has no images", set.Name)
	}
	net := m.Network
	last := len(net.Layers) - 1
	fired, done := make([]atomic.Int64, last+2), make([]atomic.Int64, last+2)
	err = parallel.Each(ctx, images, workers, func() func(int) {
		encoder, _ := m.Encoder() // it has been built before
		var image spike.Map
		var pass snn.Pass
		return func(i int) {
			encoder.Encode(set.Image(i*set.Len()/images), &image)
			fired[0].Add(int64(image.Spikes()))
			for depth, l := range net.Layers {
				done[depth].Add(int64(train.Operations(l.Geometry, pass.Fired(net, &image, depth))))
				n := pass.Response(net, &image, depth).First.Spikes()
				if depth == last && m.SVM == nil {
					n = min(n, 1)
				}
				fired[depth+1].Add(int64(n))
			}
			if m.SVM != nil {
				done[last+1].Add(int64(pass.Spikes(net, &image, last+1).Spikes() * m.SVM.Classes))
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	mean := func(n *atomic.Int64) float64 { return float64(n.Load()) / float64(images) }
	spikes = append(spikes, part{"input", mean(&fired[0])})
	for depth, l := range net.Layers {
		spikes = append(spikes, part{l.Name, mean(&fired[depth+1])})
		operations = append(operations, part{l.Name, mean(&done[depth])})
	}
	if m.SVM != nil {
		operations = append(operations, part{"svm", mean(&done[last+1])})
	}
	return spikes, operations, nil
}

// weights is how many weights a network has, those of its SVM included.
func weights(m *train.Model) int {
	n := 0
	for _, l := range m.Network.Layers {
		n += l.Maps * l.Synapses()
	}
	if m.SVM != nil {
		n += len(m.SVM.Weights)
	}
	return n
}
