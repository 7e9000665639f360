package quantize

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// shifts is how many thresholds are tried on each side of a layer's own, and reach
// how far they go: this much of the largest weight.
const (
	shifts = 16
	reach  = 1.0
)

// Calibrate moves the thresholds of the layers of q, whose weights were rounded, to
// where its neurons fire most nearly as those of m do, the network that it was made of.
//
// Trained weights crowd at two values, and so potentials crowd at their multiples,
// on either side of a threshold by less than rounding moves them. A threshold that
// has the same crowds on the same sides undoes that. Of thresholds up to a weight
// above and below the one in m, that is taken with which the fewest neurons have
// another first spike, over so many images and with m's own input of the layer;
// of several the nearest. Thresholds of single maps move together. No label is
// looked at. A layer with an infinite threshold has none to move.
func Calibrate(ctx context.Context, m, q *train.Model, images *dataset.Set, n, workers int) error {
	if err := m.Fits(images); err != nil {
		return err
	}
	n = min(n, images.Len())
	if n < 1 {
		return fmt.Errorf("%s: no images to calibrate on", images.Name)
	}
	if _, err := m.Encoder(); err != nil {
		return err
	}
	q.Experiment = q.Experiment.Clone() // it may share its layers with another
	for depth, l := range q.Network.Layers {
		if l.AtEnd() || slices.Equal(l.Weights(), m.Network.Layers[depth].Weights()) {
			continue
		}
		if err := calibrate(ctx, m, q, depth, images, n, workers); err != nil {
			return fmt.Errorf("layer %s: %w", l.Name, err)
		}
	}
	return nil
}

func calibrate(ctx context.Context, m, q *train.Model, depth int, images *dataset.Set, n, workers int) error {
	as, l := m.Network.Layers[depth], q.Network.Layers[depth]
	top := 0.0
	for _, w := range l.Weights() {
		top = max(top, math.Abs(float64(w)))
	}
	if l.Ramp {
		top *= float64(m.Network.Steps)
	}
	own, at := l.Thresholds(), l.Threshold
	// move is the layer with thresholds that are higher by so much; false: there are
	// no such ones.
	move := func(c *snn.Convolution, by float64) bool {
		if !(at+by > 0) {
			return false
		}
		c.SetThreshold(at + by)
		moved := slices.Clone(own)
		for i := range moved {
			if moved[i] += by; !(moved[i] > 0) {
				return false
			}
		}
		return c.SetThresholds(moved) == nil
	}
	var layers []*snn.Convolution // a copy for every threshold
	var by []float64
	for i := range 2*shifts + 1 {
		c, err := snn.NewConvolution(l.Geometry, at, l.Fires, l.Bound())
		if err == nil {
			err = c.SetWeights(l.Weights())
		}
		if err != nil {
			return err
		}
		if shift := reach * top * float64(i-shifts) / shifts; move(c, shift) {
			layers, by = append(layers, c), append(by, shift)
		}
	}
	var mu sync.Mutex
	wrong := make([]int, len(layers))
	err := parallel.Each(ctx, n, workers, func() func(int) {
		encoder, _ := m.Encoder() // it has been built before
		var image spike.Map
		var in spike.Events
		var pass snn.Pass
		var want, got snn.Response
		var scratch snn.Scratch
		return func(i int) {
			encoder.Encode(images.Image(i*images.Len()/n), &image)
			in.From(&image)
			read := pass.Events(m.Network, &in, depth)
			as.Respond(read, &want, &scratch)
			for k, c := range layers {
				snn.Layer{Convolution: c, Pool: l.Pool, Pointwise: l.Pointwise}.Respond(read, &got, &scratch)
				differ := 0
				for i, s := range want.First.At {
					if got.First.At[i] != s {
						differ++
					}
				}
				mu.Lock()
				wrong[k] += differ
				mu.Unlock()
			}
		}
	})
	if err != nil {
		return err
	}
	best := slices.Index(by, 0)
	for k, n := range wrong {
		if n < wrong[best] || n == wrong[best] && math.Abs(by[k]) < math.Abs(by[best]) {
			best = k
		}
	}
	move(l.Convolution, by[best])
	q.Experiment.Layers[depth].Threshold = l.Threshold
	return nil
}
