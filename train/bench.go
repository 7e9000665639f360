package train

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// The stages of an experiment's work. Those of learning have the names of
// their layers; that of a layer that is rewarded is two, with an ending.
const (
	StageEncode    = "encode"    // pixels to first spikes
	StagePrefix    = "prefix"    // pixels to what the last layer reads
	StageInference = "inference" // pixels to a decision, one image at a time
	StageTest      = "test"      // pixels to classes, many images at a time

	StageEarly = "-early" // from initial weights, images that are new
	StageLate  = "-late"  // from the model's weights, images seen an epoch ago
)

// Stages lists the names of the stages that a [Bench] of the experiment can
// do, in the order of an image's road.
func (e Experiment) Stages() []string {
	stages := []string{StageEncode}
	last := len(e.Layers) - 1
	for i, l := range e.Layers {
		if i == last {
			stages = append(stages, StagePrefix)
		}
		if l.Learn.Rule == RuleRSTDP {
			stages = append(stages, l.Name+StageEarly, l.Name+StageLate)
		} else {
			stages = append(stages, l.Name)
		}
	}
	return append(stages, StageInference, StageTest)
}

// Untrained is the model of an experiment with its initial weights. The weights
// of an SVM are 0.
func Untrained(e Experiment) (*Model, error) {
	m, err := newModel(e)
	if err != nil {
		return nil, err
	}
	for i := range m.Network.Layers {
		m.initialise(i)
	}
	if e.Readout.Rule == ReadoutSVM {
		m.SVM = e.Readout.SVM.untrained(e)
	}
	return m, nil
}

// initialise gives a layer its initial weights.
func (m *Model) initialise(i int) {
	w, l := m.Experiment.Layers[i].Weights, m.Network.Layers[i]
	l.Initialise(w.Mean, w.Std, stream(m.Experiment.Seed, "weights", l.Name, 0))
}

// A Bench does the stages of an experiment's work again and again, so that
// they can be timed: encoding, the learning step of every layer, whole
// decisions. It runs what a [Trainer] and a [Predictor] run. A layer learns in
// a network of its own, behind layers that stay as they are in the model.
type Bench struct {
	model    *Model
	set      *dataset.Set // the images of an epoch
	pool     *dataset.Set // the first of them, for stages to which an epoch is nothing special
	workers  int
	observer Observer

	flows []flow // into every layer
}

// NewBench returns a bench for a model, which it only reads. Of the options it
// takes the training images, the workers of stages that can use several, and
// the observer, who is told of long preparations. A stage that is late goes
// through all images that the experiment learns from, as it must; others go
// round and round through the first so many.
func NewBench(m *Model, images int, o Options) (*Bench, error) {
	t := &Trainer{model: m, options: o}
	t.options.Test = o.Train // nothing is tested
	if err := t.divide(); err != nil {
		return nil, err
	}
	if t.train.Len() == 0 {
		return nil, fmt.Errorf("%s: has no images", o.Train.Name)
	}
	chosen, err := t.chosen()
	if err != nil {
		return nil, err
	}
	return &Bench{
		model: chosen, set: t.train, pool: t.train.Limit(max(1, images)),
		workers: t.options.Workers, observer: t.options.Observer,
	}, nil
}

// Epoch is the number of images in an epoch of the experiment.
func (b *Bench) Epoch() int { return b.set.Len() }

// A Work is a stage that is ready to be done: it has begun, and its working
// memory has grown to what it needs.
type Work struct {
	Stage string
	// Epoch is the number of images after which a stage that learns by reward
	// sees the first again, which makes a difference to it; 0 for others.
	Epoch int
	// New says that the stage is one of first visits: after Epoch images it
	// must begin anew.
	New bool

	// Per image, as means:
	SpikesIn   float64 // that reach the stage's layers, 0 if it has none
	SpikesOut  float64 // that it hands on; of a stage that learns or decides, winners
	Operations float64 // of its layers: see [Operations]

	begin   func() error
	do      func(ctx context.Context, n int) error
	trainer *Trainer // that does it, if it learns
}

// Begin takes a stage that learns back to where it began.
func (w *Work) Begin() error { return w.begin() }

// Do does the stage for the next n images. It stops early, with the context's
// error, when the context ends.
func (w *Work) Do(ctx context.Context, n int) error { return w.do(ctx, n) }

// Prepare makes one of the experiment's stages ready. With a late one that
// takes a while: all images of an epoch go through the layers before it, and
// once through the layer itself.
func (b *Bench) Prepare(ctx context.Context, stage string) (*Work, error) {
	e := b.model.Experiment
	last := len(e.Layers) - 1
	if err := b.countFlows(ctx); err != nil {
		return nil, err
	}
	w := &Work{Stage: stage}
	through := func(from, to int) {
		for _, f := range b.flows[from:to] {
			w.SpikesIn, w.Operations = w.SpikesIn+f.spikes, w.Operations+f.operations
		}
	}
	switch stage {
	case StageEncode:
		w.SpikesOut = b.flows[0].spikes
		return w, b.encoding(ctx, w)
	case StagePrefix:
		through(0, last)
		w.SpikesOut = b.flows[last].spikes
		return w, b.prefix(ctx, w)
	case StageInference, StageTest:
		through(0, last+1)
		return w, b.inference(ctx, w, stage == StageTest)
	}
	for i, l := range e.Layers {
		ending, ok := strings.CutPrefix(stage, l.Name)
		if !ok {
			continue
		}
		through(i, i+1)
		switch rewarded := l.Learn.Rule == RuleRSTDP; {
		case rewarded && (ending == StageEarly || ending == StageLate):
			return w, b.reward(ctx, w, ending == StageLate)
		case !rewarded && ending == "":
			return w, b.compete(ctx, w, i)
		}
	}
	return nil, fmt.Errorf("%s: there is no such stage; %s", stage, Nearest(stage, e.Stages()))
}

// bulk makes w a stage whose images have nothing to do with each other, for so
// many (size) at a time. start is called once for every worker; what it
// returns does the stage for n images from the given one.
func (b *Bench) bulk(ctx context.Context, w *Work, size int, start func() (func(from, n int), error)) error {
	works := make([]func(from, n int), b.workers)
	for k := range works {
		work, err := start()
		if err != nil {
			return err
		}
		works[k] = work
		for i := range min(b.pool.Len(), 64) {
			work(i, min(size, b.pool.Len()-i))
		}
	}
	w.begin = func() error { return nil }
	w.do = func(ctx context.Context, n int) error {
		var next atomic.Int64
		return parallel.Each(ctx, (n+size-1)/size, b.workers, func() func(int) {
			work := works[next.Add(1)-1]
			return func(i int) { work(i*size%b.pool.Len(), min(size, n-i*size)) }
		})
	}
	return ctx.Err()
}

func (b *Bench) encoding(ctx context.Context, w *Work) error {
	return b.bulk(ctx, w, 1, func() (func(from, n int), error) {
		encoder, err := b.model.Encoder()
		var image spike.Map
		return func(i, _ int) { encoder.Encode(b.pool.Image(i), &image) }, err
	})
}

func (b *Bench) prefix(ctx context.Context, w *Work) error {
	net := b.model.Network
	last := len(net.Layers) - 1
	first, err := b.model.Predictor()
	if err != nil {
		return err
	}
	return b.bulk(ctx, w, 1, func() (func(from, n int), error) {
		if net.Layers[last].AtEnd() {
			p := first.Another()
			return func(i, _ int) { p.last(b.pool.Image(i)) }, nil
		}
		encoder, err := b.model.Encoder()
		var image spike.Map
		var pass snn.Pass
		return func(i, _ int) {
			encoder.Encode(b.pool.Image(i), &image)
			pass.Spikes(net, &image, last)
		}, err
	})
}

func (b *Bench) inference(ctx context.Context, w *Work, many bool) error {
	first, err := b.model.Predictor()
	if err != nil {
		return err
	}
	decided := 0
	for i := range b.pool.Len() {
		if first.Predict(b.pool.Image(i)).Class != readout.None {
			decided++
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	w.SpikesOut = float64(decided) / float64(b.pool.Len())
	if !many {
		return b.bulk(ctx, w, 1, func() (func(from, n int), error) {
			p := first.Another()
			return func(i, _ int) { p.Predict(b.pool.Image(i)) }, nil
		})
	}
	return b.bulk(ctx, w, testBatch, func() (func(from, n int), error) {
		p := first.Another()
		return func(from, n int) {
			p.Classes(n, func(i int) []byte { return b.pool.Image((from + i) % b.pool.Len()) }, func(int, int) {})
		}, nil
	})
}

// trainer is a trainer without a folder that shows a layer images of a set.
func (b *Bench) trainer(layer int, set *dataset.Set) (*Trainer, error) {
	t := &Trainer{model: b.model, train: set, options: Options{Workers: runtime.GOMAXPROCS(0), Observer: b.observer, SaveEvery: math.MaxInt64}}
	m, err := t.chosen()
	if err != nil {
		return nil, err
	}
	t.model, t.saved = m, time.Now()
	m.State = State{Layer: layer, Adaptation: t.adaptation(layer)}
	return t, nil
}

// shown is how many images layer i of the model has learned from.
func (b *Bench) shown(i int) int {
	s := b.model.State
	switch {
	case s.Layer > i:
		return b.model.Experiment.Layers[i].Learn.Epochs * b.set.Len()
	case s.Layer == i:
		return s.Epoch*b.set.Len() + s.Image
	}
	return 0
}

// compete makes w the learning step of a layer without reward, or of one that
// is told when to fire: from the model's weights, and, if those have learned, at the rates that they have
// come to.
func (b *Bench) compete(ctx context.Context, w *Work, index int) error {
	t, err := b.trainer(index, b.pool)
	if err != nil {
		return err
	}
	w.trainer = t
	if t.inputs, err = t.advance(ctx, inputs{}, b.pool, index, false); err != nil {
		return err
	}
	layer, c := t.model.Experiment.Layers[index], t.model.Network.Layers[index].Convolution
	layer.Learn.Augment = Augment{} // what makes images ready are stages of their own
	if n := b.shown(index); n > 0 {
		rates := layer.Learn.RatesAt(0, n)
		layer.Learn.APlus, layer.Learn.AMinus, layer.Learn.Doubling = float64(rates.APlus), float64(rates.AMinus), Doubling{}
	}
	weights := append([]float32(nil), c.Weights()...)
	w.begin = func() error {
		t.model.State.Image = 0
		return c.SetWeights(weights)
	}
	var order []int
	w.do = func(ctx context.Context, n int) error {
		n += t.model.State.Image
		for len(order) < n {
			order = append(order, len(order)%b.pool.Len())
		}
		if layer.Learn.Rule == RuleS2STDP {
			return t.supervise(ctx, layer, c, order[:n])
		}
		return t.compete(ctx, layer, c, order[:n])
	}
	winners := 0
	sel := layer.Learn.Selection(nil)
	var scratch snn.Scratch
	var own spike.Events
	for i := range t.inputs.events {
		winners += len(c.Contest(layer.Learn.Shown(&t.inputs.events[i], &own), sel, &scratch, nil))
	}
	w.SpikesOut = float64(winners) / float64(b.pool.Len())
	if err := w.do(ctx, 64); err != nil {
		return err
	}
	return w.begin()
}

// warmEpochs lie behind a late stage: a block comes to know its images, sorts
// its maps, and has then to come to know the images again.
const warmEpochs = 3

// reward makes w the learning step of the last layer by reward.
func (b *Bench) reward(ctx context.Context, w *Work, late bool) error {
	e := b.model.Experiment
	index := len(e.Layers) - 1
	set := b.pool
	if late {
		set = b.set
	}
	t, err := b.trainer(index, set)
	if err != nil {
		return err
	}
	w.trainer = t
	layer, c, s := e.Layers[index], t.model.Network.Layers[index].Convolution, &t.model.State
	if t.inputs, err = t.advance(ctx, inputs{}, set, index, c.AtEnd()); err != nil {
		return err
	}
	if late && b.model.State.Layer == index {
		s.Adaptation = b.model.State.Adaptation
	}
	if !late {
		t.model.initialise(index)
	}
	w.Epoch, w.New = set.Len(), !late
	weights := append([]float32(nil), c.Weights()...)
	first := *s
	var order []int
	w.begin = func() error {
		*s, order = first, e.order(layer, 0, w.Epoch)
		if err := c.SetWeights(weights); err != nil || !c.AtEnd() {
			return err
		}
		t.block = snn.NewBlock(c, t.model.Network.Steps)
		t.album = t.block.Album(t.inputs.bits)
		return nil
	}
	w.do = func(ctx context.Context, n int) error {
		for n > 0 {
			if s.Image == len(order) {
				s.Epoch, s.Image = s.Epoch+1, 0
				order = e.order(layer, s.Epoch, w.Epoch)
			}
			part := min(n, len(order)-s.Image)
			n -= part
			var err error
			if to := order[:s.Image+part]; t.block != nil {
				err = t.rewardBlocks(ctx, layer, c, to)
				t.block.Flush()
			} else {
				err = t.reward(ctx, layer, c, to)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := w.begin(); err != nil {
		return err
	}
	warm := min(w.Epoch, blockSize)
	if late {
		warm = warmEpochs * w.Epoch
	}
	if err := w.do(ctx, warm); err != nil {
		return err
	}
	w.SpikesOut = float64(s.Score.Right+s.Score.Wrong) / float64(max(1, s.Score.Images()))
	t.options.Workers = b.workers
	if late {
		// Where it is now is where being late begins.
		w.begin = func() error { return nil }
		return nil
	}
	return w.begin()
}
