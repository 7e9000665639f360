package train

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
)

// RuleS2STDP is supervised STDP with time targets: see [snn.S2STDP].
const RuleS2STDP = "s2stdp"

// Homeostasis is how an "stdp" layer moves its thresholds: see
// [snn.Homeostasis].
type Homeostasis struct {
	Rate   float64 `toml:"rate" comment:"what a winner adds to its threshold; 0: thresholds stay"`
	Target float64 `toml:"target" comment:"time of winners that is aimed at, 0 to 1"`
	Least  float64 `toml:"least" comment:"no threshold is lower"`
}

// Timing is when an "s2stdp" layer wants its neurons to fire: see [snn.S2STDP].
type Timing struct {
	Gap         float64 `toml:"gap" comment:"of time, 0 to 1, between the neuron of the image's class and those of the others"`
	Temperature float64 `toml:"temperature" comment:"of time, 0 to 1: errors are what is missing of a probability that classes share by their times, times gap; 0: they are the distance from times that are aimed at"`
	Spare       int     `toml:"spare" comment:"neurons of a class, the first ones, that stand for images of other classes"`
	Normalise   bool    `toml:"normalise" comment:"the weights of a neuron keep the sum weights.mean x synapses"`
	Mean        bool    `toml:"mean" comment:"after an epoch a weight is the mean of what it was in it"`
	Rate        float64 `toml:"rate" comment:"what the neuron that wins in the image's class adds to its threshold, times (n-1)/n for n that compete; 0: no competition"`
	Decay       float64 `toml:"decay" comment:"factor of rate after every epoch; 0: 1"`
}

// power is factor^n, and 1 for a factor of 0.
func power(factor float64, n int) float64 {
	p := 1.0
	for range n {
		if factor != 0 {
			p *= factor
		}
	}
	return p
}

// decayed is rates in an epoch.
func (l Learn) decayed(r snn.Rates, epoch int) snn.Rates {
	f := power(l.Decay, epoch)
	return snn.Rates{APlus: float32(float64(r.APlus) * f), AMinus: float32(float64(r.AMinus) * f)}
}

// s2stdp is the rule of an "s2stdp" layer in an epoch.
func (e Experiment) s2stdp(layer Layer, epoch int) snn.S2STDP {
	l := layer.Learn
	rates := l.decayed(l.rates(), epoch)
	rule := snn.S2STDP{
		Classes: e.Data.Classes, Spare: l.Timing.Spare, APlus: rates.APlus, AMinus: rates.AMinus,
		Gap: l.Timing.Gap, Temperature: l.Timing.Temperature, Upper: float32(l.Upper), Rate: l.Timing.Rate * power(l.Timing.Decay, epoch),
	}
	if l.Timing.Normalise {
		rule.Sum = layer.Weights.Mean * float64(e.Geometry(len(e.Layers)-1).Synapses())
	}
	return rule
}

// patches are the positions of a layer that learn, one for each image of an
// epoch.
func (e Experiment) patches(layer Layer, epoch, images, positions int) []int32 {
	rng := stream(e.Seed, "patch", layer.Name, epoch)
	p := make([]int32, images)
	for i := range p {
		p[i] = int32(rng.IntN(positions))
	}
	return p
}

// A lookout is what of an image a layer without reward learns from: all of it,
// or one patch. It also keeps the thresholds.
type lookout struct {
	whole   *snn.Convolution
	layer   *snn.Convolution // that learns: whole, or its patch
	patches []int32
	window  spike.Events
	home    snn.Homeostasis
	state   *State
}

// lookout begins, or goes on with, an epoch.
func (t *Trainer) lookout(layer Layer, c *snn.Convolution, images int) (*lookout, error) {
	e, s, l := t.model.Experiment, &t.model.State, layer.Learn
	o := &lookout{whole: c, layer: c, state: s}
	if h := l.Homeostasis; h.Rate > 0 {
		o.home = snn.Homeostasis{Rate: h.Rate * power(l.Decay, s.Epoch), Target: h.Target, Least: h.Least}
		if s.Thresholds == nil {
			s.Thresholds = slices.Repeat([]float64{layer.Threshold}, layer.Maps)
		}
		c.Clamp(float32(l.Lower), float32(l.Upper))
		if err := c.SetThresholds(s.Thresholds); err != nil {
			return nil, err
		}
	}
	if l.Patch {
		o.layer = c.Patch()
		o.patches = e.patches(layer, s.Epoch, images, c.Out().Positions())
	}
	return o, nil
}

// see is what of image n of the epoch is learned from.
func (o *lookout) see(n int, in *spike.Events) *spike.Events {
	if o.patches == nil {
		return in
	}
	c := o.whole
	at := c.Out().Neuron(0, int(o.patches[n]))
	step := max(c.Stride, 1)
	in.Window(at.Row*step-c.Pad, at.Col*step-c.Pad, c.Kernel.Rows, c.Kernel.Cols, &o.window)
	return &o.window
}

// settle moves the thresholds after an image.
func (o *lookout) settle(winners []spike.Spike, steps int) error {
	if o.home.Rate == 0 || len(winners) == 0 {
		return nil
	}
	o.home.Move(o.state.Thresholds, winners[0].Map, int(winners[0].Step), steps)
	return o.layer.SetThresholds(o.state.Thresholds)
}

// flush brings the whole layer up to date.
func (o *lookout) flush() {
	if o.layer != o.whole {
		o.whole.Adopt(o.layer)
	}
}

// supervise lets the last layer learn when its neurons should fire.
func (t *Trainer) supervise(ctx context.Context, layer Layer, c *snn.Convolution, order []int) error {
	s := &t.model.State
	teacher, err := snn.NewSupervisor(c, t.model.Experiment.s2stdp(layer, s.Epoch))
	if err != nil {
		return err
	}
	if s.Image > 0 && s.Thresholds != nil {
		copy(teacher.Thresholds, s.Thresholds)
	}
	m := t.model
	if layer.Learn.Timing.Mean {
		switch {
		case s.Image == 0:
			m.sum = make([]float32, len(c.Weights()))
		case m.sum == nil && s.Image < len(order):
			return fmt.Errorf("%s%s is missing: the epoch cannot be gone on with", sumPrefix, tensorName(layer.Name))
		}
	}
	t.flush = func() {
		teacher.Flush()
		s.Thresholds = append(s.Thresholds[:0], teacher.Thresholds...)
	}
	defer func() { t.flush(); t.flush = nil }()
	var scratch snn.Scratch
	learn := func(n int, in *spike.Events) error {
		if n%64 == 0 || ctx.Err() != nil {
			if err := t.pause(ctx, layer, c, len(order)); err != nil {
				return err
			}
		}
		label := t.train.Label(order[n])
		class := teacher.Learn(in, label, &scratch)
		s.Score.count(snn.Judge(class, label))
		s.Presentations++
		s.Image++
		if layer.Learn.Timing.Mean && (s.Image%between == 0 || s.Image == len(order)) {
			if err := t.consolidate(teacher, len(order)); err != nil {
				return err
			}
		}
		winners := 1
		if class < 0 {
			winners = 0
		}
		_, err := t.heed(layer, c, winners, s.Epoch*len(order)+n)
		return err
	}
	if layer.Learn.Augment != (Augment{}) {
		return t.vary(ctx, s.Layer, order, s.Image, learn)
	}
	for s.Image < len(order) {
		if err := learn(s.Image, &t.inputs.events[order[s.Image]]); err != nil {
			return err
		}
	}
	return nil
}

// between is after how many images weights are looked at, of which the mean is to
// be found.
const between = 300

// consolidate adds the weights to those of the epoch before; at its end they
// become the mean of all.
func (t *Trainer) consolidate(teacher *snn.Supervisor, images int) error {
	sum := t.model.sum
	teacher.AddTo(sum)
	if t.model.State.Image < images {
		return nil
	}
	looks := float32((images + between - 1) / between)
	for i := range sum {
		sum[i] /= looks
	}
	t.model.sum = nil
	return teacher.SetWeights(sum)
}

// calibrate finds the range of every input over the training images, if the
// encoding has one.
func (t *Trainer) calibrate(ctx context.Context) error {
	m := t.model
	if !m.Experiment.Encode.Fitted || m.Range != nil {
		return nil
	}
	var mu sync.Mutex
	var found []*encode.Range
	err := t.stage(ctx, "finding the range of the inputs", t.train.Len(), func() func(int) {
		encoder, _ := m.Encoder() // it was built once for the trainer
		r := &encode.Range{}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, r)
		return func(i int) { encoder.Measure(t.train.Image(i), r) }
	})
	if err != nil {
		return err
	}
	all := &encode.Range{}
	for _, r := range found {
		if len(r.Low) > 0 { // it has seen an image
			all.Widen(r)
		}
	}
	m.Range = all
	return nil
}
