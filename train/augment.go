package train

import (
	"context"

	"firstspike/dataset"
	"firstspike/event"
	"firstspike/internal/parallel"
	"firstspike/snn"
	"firstspike/spike"
)

// Augment is how an image is varied before it is shown to a layer that learns:
// each by an amount drawn anew, evenly, from -x to x. See [dataset.Warp]. Of a
// recording the events are moved, after filters and without the motion that
// encode.events.still takes out. With Mirror every other image is mirrored, as
// chance has it.
type Augment struct {
	Shift  float64 `toml:"shift" comment:"pixels, in both directions"`
	Turn   float64 `toml:"turn" comment:"degrees, at most 45"`
	Grow   float64 `toml:"grow" comment:"part of the size, below 1"`
	Slant  float64 `toml:"slant" comment:"pixels to the side for each pixel upwards, at most 1"`
	Mirror bool    `toml:"mirror" comment:"left for right, one image of two"`
}

// warps are those of an epoch, one for each presentation.
func (e Experiment) warps(layer Layer, epoch, images int) []dataset.Warp {
	rng, a := stream(e.Seed, "augment", layer.Name, epoch), layer.Learn.Augment
	draw := func(x float64) float64 { return float64(x * (float64(2*rng.Float64()) - 1)) }
	w := make([]dataset.Warp, images)
	for i := range w {
		w[i] = dataset.Warp{Down: draw(a.Shift), Right: draw(a.Shift), Turn: draw(a.Turn), Grow: draw(a.Grow), Slant: draw(a.Slant)}
		w[i].Mirror = a.Mirror && rng.IntN(2) == 0
	}
	return w
}

// ahead is how many images are made ready at a time while others are learned
// from.
const ahead = 256

// vary shows a layer the images of an epoch from the given one on, each varied
// and sent through the layers before: learn gets what is left of it. What the
// layer learns does not depend on how many workers make the images ready.
func (t *Trainer) vary(ctx context.Context, index int, order []int, from int, learn func(n int, in *spike.Events) error) error {
	m := t.model
	warps := m.Experiment.warps(m.Experiment.Layers[index], t.model.State.Epoch, len(order))
	rows, cols := t.train.Rows, t.train.Cols
	ready := func(from int, into []spike.Events) error {
		return parallel.Each(ctx, min(ahead, len(order)-from), t.options.Workers, func() func(int) {
			encoder, _ := m.Encoder() // it was built once for the trainer
			pixels := make([]byte, rows*cols)
			var image spike.Map
			var events spike.Events
			var pass snn.Pass
			return func(k int) {
				warp, source := warps[from+k], t.train.Image(order[from+k])
				if t.train.Events {
					encoder.Vary = func(e []event.Event) []event.Event { return warp.Events(e, rows, cols) }
				} else {
					warp.Apply(pixels, source, rows, cols)
					source = pixels
				}
				encoder.Encode(source, &image)
				events.From(&image)
				into[k].Copy(pass.Events(m.Network, &events, index))
			}
		})
	}
	now, next := make([]spike.Events, ahead), make([]spike.Events, ahead)
	if from < len(order) {
		if err := ready(from, now); err != nil {
			return err
		}
	}
	for ; from < len(order); from += ahead {
		done := make(chan error, 1)
		if from+ahead < len(order) {
			go func() { done <- ready(from+ahead, next) }()
		} else {
			done <- nil
		}
		var fault error
		for k := range min(ahead, len(order)-from) {
			if fault = learn(from+k, &now[k]); fault != nil {
				break
			}
		}
		if err := <-done; fault == nil {
			fault = err
		}
		if fault != nil {
			return fault
		}
		now, next = next, now
	}
	return nil
}
