package train

import (
	"fmt"

	"firstspike/snn"
)

// watchEvery is after how many images of a layer it is looked whether it
// fires, and whether it has converged. Results depend on it where
// [Learn.Until] ends a layer's learning, unless that has an interval of its own.
const watchEvery = 1000

// Converged is the convergence below which a layer without reward has
// learned what it will; see [snn.Convolution.Convergence].
const Converged = 0.01

// The kinds of a [Warning].
const (
	LayerSilent    = "silent"    // no neuron of the layer won for the last images
	LayerConverged = "converged" // its weights hardly move any more
)

// ErrSilent is wrapped by what [Trainer.Run] returns if a layer has fallen
// silent and [Options.StopOnSilent] says that nothing is to be learned then.
// The run is saved, as if it had been interrupted.
var ErrSilent = fmt.Errorf("a layer has fallen silent")

// A vigil watches a layer in training.
type vigil struct {
	layer     string
	silent    int // images in a row
	told      bool
	converged bool

	images, winners int // since it was last asked for the mean
}

// mean is the mean number of winners of an image of a layer since the last call.
func (v *vigil) mean(layer string) float64 {
	if v.layer != layer || v.images == 0 {
		return 0
	}
	mean := float64(v.winners) / float64(v.images)
	v.images, v.winners = 0, 0
	return mean
}

// heed notes how many neurons of a layer won for an image, the one after so
// many. It warns, once for each layer, of silence and of convergence, and
// reports whether the layer is to learn no more.
func (t *Trainer) heed(layer Layer, c *snn.Convolution, winners, shown int) (done bool, err error) {
	v := &t.vigil
	if v.layer != layer.Name {
		*v = vigil{layer: layer.Name}
	}
	v.images, v.winners = v.images+1, v.winners+winners
	if v.silent++; winners > 0 {
		v.silent = 0
	}
	every := watchEvery
	if n := layer.Learn.UntilEvery; n > 0 {
		every = n
	}
	done = layer.Learn.Until > 0 && (shown+1)%every == 0 && c.Convergence() < layer.Learn.Until
	if (shown+1)%watchEvery != 0 {
		return done, nil
	}
	s := &t.model.State
	w := Warning{Layer: layer.Name, Epoch: s.Epoch, Image: s.Image, Images: watchEvery}
	if v.silent >= watchEvery && !v.told {
		v.told = true
		w.Kind = LayerSilent
		t.observe(w)
		if t.options.StopOnSilent {
			return false, fmt.Errorf("%w: %s, for %d images", ErrSilent, layer.Name, watchEvery)
		}
	}
	l := layer.Learn
	if l.decides() || v.converged {
		return done, nil
	}
	w.Convergence = c.Convergence()
	if w.Convergence < Converged && v.silent < watchEvery {
		v.converged = true
		w.Kind = LayerConverged
		t.observe(w)
	}
	return done, nil
}
