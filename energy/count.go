package energy

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

// A Load is what an image makes a stage do, as a mean over images.
type Load struct {
	Stage      string  // "input", the name of a layer, or "svm"
	Spikes     float64 // that reach it; none reach "input"
	Operations float64 // synaptic operations: additions of a weight
	Fired      float64 // spikes that its neurons give, before pooling
	Neurons    int
	Dense      float64 // multiply-accumulates of a dense stage of the same shape
}

// Count counts what so many images of a set, evenly taken from it, make a network
// do. The first load is "input": what filters multiply, and the first spikes that
// they give. Of a layer that decides only the first spike counts as fired, for with
// it the decision is made; a linear SVM adds a weight for each class and each feature
// that fires. done, if it is not nil, is told how many images are counted; it is
// called by several goroutines.
func Count(ctx context.Context, m *train.Model, set *dataset.Set, images, workers int, done func(images int)) ([]Load, error) {
	if err := m.Fits(set); err != nil {
		return nil, err
	}
	if _, err := m.Encoder(); err != nil {
		return nil, err
	}
	images = min(images, set.Len())
	if images < 1 {
		return nil, fmt.Errorf("%s: no images to count on", set.Name)
	}
	net := m.Network
	last := len(net.Layers) - 1
	sums := make([]struct{ spikes, operations, fired atomic.Int64 }, last+3)
	var counted atomic.Int64
	err := parallel.Each(ctx, images, workers, func() func(int) {
		encoder, _ := m.Encoder() // it has been built before
		var image spike.Map
		var pass snn.Pass
		return func(i int) {
			encoder.Encode(set.Image(i*set.Len()/images), &image)
			sums[0].fired.Add(int64(image.Spikes()))
			for depth, l := range net.Layers {
				sum, in := &sums[depth+1], pass.Fired(net, &image, depth)
				sum.spikes.Add(int64(train.Spikes(l.Geometry, in)))
				sum.operations.Add(int64(train.Operations(l.Geometry, in)))
				n := pass.Response(net, &image, depth).First.Spikes()
				if depth == last && m.SVM == nil {
					n = min(n, 1)
				}
				sum.fired.Add(int64(n))
			}
			if m.SVM != nil {
				n := pass.Spikes(net, &image, last+1).Spikes()
				sums[last+2].spikes.Add(int64(n))
				sums[last+2].operations.Add(int64(n * m.SVM.Classes))
			}
			if n := counted.Add(1); done != nil {
				done(int(n))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	loads := []Load{{Stage: "input", Neurons: m.Experiment.Geometry(0).In.Neurons(), Dense: filters(m)}}
	for _, l := range net.Layers {
		neurons := l.Convolution.Out().Neurons()
		loads = append(loads, Load{Stage: l.Name, Neurons: neurons, Dense: dense(l.Geometry)})
	}
	if m.SVM != nil {
		loads = append(loads, Load{Stage: "svm", Neurons: m.SVM.Classes, Dense: float64(len(m.SVM.Weights))})
	}
	for i := range loads {
		mean := func(n *atomic.Int64) float64 { return float64(n.Load()) / float64(images) }
		loads[i].Spikes, loads[i].Operations, loads[i].Fired = mean(&sums[i].spikes), mean(&sums[i].operations), mean(&sums[i].fired)
	}
	return loads, nil
}

// filters is how often an image's pixels are multiplied by weights of filters.
func filters(m *train.Model) float64 {
	c, d := m.Experiment.Encode, m.Experiment.Data
	if c.Recordings() {
		return 0
	}
	encoder, _ := m.Encoder() // it has been built before
	n, positions := 0.0, float64(c.Responses(d.Rows, d.Cols).Positions())
	for _, k := range encoder.Kernels() {
		n += float64(k.Size*k.Size) * positions
	}
	return n
}

// dense is the operations of a layer if all of its inputs fire once.
func dense(g snn.Geometry) float64 {
	g.Most = 0
	all := spike.NewMap(g.In, 1)
	clear(all.At)
	bits := spike.NewBits(g.In)
	bits.From(all)
	return float64(train.Operations(g, bits))
}
