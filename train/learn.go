package train

import (
	"context"
	"math"
	"time"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// learn trains layer after layer, each with those before it frozen.
func (t *Trainer) learn(ctx context.Context) error {
	e, s := t.model.Experiment, &t.model.State
	if err := t.recall(); err != nil {
		return err
	}
	if err := t.calibrate(ctx); err != nil {
		return err
	}
	for s.Layer < len(e.Layers) {
		layer := e.Layers[s.Layer]
		if layer.Learn.Epochs > s.Epoch {
			if err := t.learnLayer(ctx, s.Layer); err != nil {
				return err
			}
		}
		if s.Layer == len(e.Layers)-1 {
			break // the state stays at the last layer
		}
		s.Layer, s.Epoch, s.Image, s.Score = s.Layer+1, 0, 0, Score{}
		s.Adaptation, s.Thresholds, s.Updates = t.adaptation(s.Layer), nil, 0
		t.saveIfDue()
	}
	if e.Readout.Rule == ReadoutSVM {
		return t.fit(ctx)
	}
	t.inputs = inputs{}
	return nil
}

func (t *Trainer) adaptation(layer int) snn.Adaptation {
	return t.model.Experiment.Layers[layer].Learn.adaptation()
}

// learnLayer shows a layer its epochs.
func (t *Trainer) learnLayer(ctx context.Context, index int) (err error) {
	e, s := t.model.Experiment, &t.model.State
	layer, c := e.Layers[index], t.model.Network.Layers[index].Convolution
	last := index == len(e.Layers)-1 && e.Readout.Rule != ReadoutSVM // its epochs are judged
	rewarded := layer.Learn.Rule == RuleRSTDP
	// Without time a whole block of images is decided side by side.
	block := rewarded && c.AtEnd()
	if layer.Learn.Augment != (Augment{}) {
		t.inputs = inputs{} // they are made anew each time
	} else if t.inputs, err = t.advance(ctx, t.inputs, t.train, index, block); err != nil {
		return err
	}
	if last {
		if t.held, err = t.advance(ctx, t.held, t.judges(), index, c.AtEnd()); err != nil {
			return err
		}
	}
	if index == len(e.Layers)-1 {
		t.keep()
	}
	t.block = nil
	if block {
		t.block = snn.NewBlock(c, t.model.Network.Steps)
		t.album = t.block.Album(t.inputs.bits)
		if t.held.bits != nil {
			t.heldAlbum = t.block.Album(t.held.bits)
		}
		defer func() {
			t.block.Flush()
			t.block, t.album, t.heldAlbum = nil, nil, nil
		}()
	}
	for s.Epoch < layer.Learn.Epochs {
		started, shown := time.Now(), s.Image
		order := e.order(layer, s.Epoch, t.train.Len())
		switch {
		case block && layer.Learn.Punish.Margin > 0:
			err = t.oppose(ctx, layer, c, order)
			t.block.Flush()
		case block:
			err = t.rewardBlocks(ctx, layer, c, order)
			t.block.Flush()
		case rewarded:
			err = t.reward(ctx, layer, c, order)
		case layer.Learn.Rule == RuleS2STDP:
			err = t.supervise(ctx, layer, c, order)
		default:
			err = t.compete(ctx, layer, c, order)
		}
		if err != nil {
			return err
		}
		end := EpochEnd{Layer: layer.Name, Epoch: s.Epoch, Epochs: layer.Learn.Epochs, Presentations: s.Presentations,
			Shown: s.Epoch*len(order) + s.Image, Updates: s.Updates, PerSecond: float64(s.Image-shown) / time.Since(started).Seconds()}
		if layer.Learn.decides() {
			score := s.Score
			end.Train = &score
		}
		if last {
			t.read()
			if err := t.choose(ctx, &end); err != nil {
				return err
			}
			if p := layer.Learn.Patience; p > 0 && s.Best != nil && s.Epoch-s.Best.Epoch >= p {
				t.done = true
			}
		}
		if s.Epoch, s.Image, s.Score = s.Epoch+1, 0, (Score{}); t.done {
			s.Epoch, t.done = layer.Learn.Epochs, false
		}
		end.Convergence, end.Weights = c.Convergence(), histogram(c.Weights(), layer.Learn.Lower, layer.Learn.Upper)
		t.clock()
		end.Seconds = s.Seconds
		t.folder.log(end)
		t.observe(end)
		t.saveIfDue()
	}
	return nil
}

// histogramParts is how many parts the histogram of an epoch's weights has.
const histogramParts = 40

// histogram counts the weights in equal parts of lower..upper.
func histogram(weights []float32, lower, upper float64) []int {
	parts := make([]int, histogramParts)
	low, scale := float32(lower), float32(histogramParts/(upper-lower))
	for _, w := range weights {
		parts[min(max(int((w-low)*scale), 0), histogramParts-1)]++
	}
	return parts
}

// judges are the images that choose the epoch.
func (t *Trainer) judges() *dataset.Set {
	if t.model.Experiment.Protocol.Kind == ProtocolPaper {
		return t.test
	}
	return t.validation
}

// won notes which map won for an image, if that is what the maps are read by.
func (t *Trainer) won(winners []spike.Spike, image int) {
	e, s := &t.model.Experiment, &t.model.State
	if e.Readout.Rule != ReadoutLabels || s.Layer != len(e.Layers)-1 || len(winners) == 0 {
		return
	}
	if s.Wins == nil {
		s.Wins = make([][]int, e.Layers[s.Layer].Maps)
		for m := range s.Wins {
			s.Wins[m] = make([]int, e.Data.Classes)
		}
	}
	s.Wins[winners[0].Map][t.train.Label(image)]++
}

// read gives the maps the classes that they have won most often in the epoch.
func (t *Trainer) read() {
	if e, s := &t.model.Experiment, &t.model.State; e.Readout.Rule == ReadoutLabels && s.Wins != nil {
		s.Labels, s.Wins = readout.Labels(s.Wins), nil
		t.model.label(s.Labels)
	}
}

// choose scores the epoch that has ended and keeps its network if it is the
// best so far.
func (t *Trainer) choose(ctx context.Context, end *EpochEnd) error {
	s := &t.model.State
	score, err := t.score(ctx, &t.held)
	if err != nil {
		return err
	}
	on := onValidation
	if t.model.Experiment.Protocol.Kind == ProtocolPaper {
		on, end.Test = "test", &score
	} else {
		end.Validation = &score
	}
	if s.Best != nil && score.Right <= s.Best.Score.Right {
		return nil
	}
	end.Best = true
	s.Best = &Best{Epoch: s.Epoch, On: on, Score: score, Labels: s.Labels}
	if on == onValidation {
		last := t.model.Network.Layers[len(t.model.Network.Layers)-1]
		t.model.best = append(t.model.best[:0], last.Weights()...)
		t.better = true
	}
	return nil
}

// compete lets a layer learn without reward: the first neurons to fire win
// and learn from what they saw.
func (t *Trainer) compete(ctx context.Context, layer Layer, c *snn.Convolution, order []int) error {
	s, l := &t.model.State, layer.Learn
	sel := l.Selection(t.model.Experiment.muted(layer, s.Epoch))
	if l.Batch > 1 || l.Shared {
		return t.competeBatches(ctx, layer, c, sel, order)
	}
	rule := l.plasticity()
	var scratch snn.Scratch
	var image spike.Map
	var own spike.Events
	var winners []spike.Spike
	look, err := t.lookout(layer, c, len(order))
	if err != nil {
		return err
	}
	t.flush = look.flush
	defer func() { t.flush(); t.flush = nil }()
	for ; s.Image < len(order); s.Image++ {
		if s.Image%64 == 0 || ctx.Err() != nil {
			if err := t.pause(ctx, layer, c, len(order)); err != nil {
				return err
			}
		}
		in := look.see(s.Image, l.Shown(&t.inputs.events[order[s.Image]], &own))
		l.timing(in, &image)
		winners = look.layer.Contest(in, sel, &scratch, winners[:0])
		t.change(rule, look.layer, &image, winners, s.Epoch*len(order)+s.Image+1, &scratch)
		if err := look.settle(winners, in.Steps()); err != nil {
			return err
		}
		t.won(winners, order[s.Image])
		s.Presentations++
		if t.done, err = t.heed(layer, c, len(winners), s.Epoch*len(order)+s.Image); err != nil || t.done {
			s.Image++
			return err
		}
	}
	return nil
}

// Shown is what a layer learns from of an image's spikes: in itself, or, with
// Inhibited, own, which gets those that count.
func (l Learn) Shown(in, own *spike.Events) *spike.Events {
	if !l.Inhibited {
		return in
	}
	in.Foremost(own)
	return own
}

// timing writes into m when the inputs of an image fire, as the rule sees it.
func (l Learn) timing(in *spike.Events, m *spike.Map) {
	m.Resize(in.Shape)
	if l.Summed {
		in.Summed(m)
	} else {
		in.Map(m)
	}
}

// competeBatches is compete for a layer that learns from the images of a batch
// at once. Which of them are decided side by side does not matter.
func (t *Trainer) competeBatches(ctx context.Context, layer Layer, c *snn.Convolution, sel snn.Selection, order []int) error {
	s, l := &t.model.State, layer.Learn
	rule := l.stdp(l.rates())
	sum := snn.NewSum(c)
	var scratch snn.Scratch
	var image spike.Map
	var own spike.Events
	winners := make([][]spike.Spike, max(1, l.Batch))
	for s.Image < len(order) {
		if err := t.pause(ctx, layer, c, len(order)); err != nil {
			return err
		}
		ids := order[s.Image:min(s.Image+len(winners), len(order))]
		// A batch is seen to its end, or the state would not tell where it stood.
		err := parallel.Each(context.WithoutCancel(ctx), len(ids), t.options.Workers, func() func(int) {
			var scratch snn.Scratch
			var own spike.Events
			return func(j int) {
				winners[j] = c.Contest(l.Shown(&t.inputs.events[ids[j]], &own), sel, &scratch, winners[j][:0])
			}
		})
		if err != nil {
			return err
		}
		for j, i := range ids {
			l.timing(l.Shown(&t.inputs.events[i], &own), &image)
			rule.Rates[0] = l.RatesAt(s.Epoch, s.Epoch*len(order)+s.Image+j+1)
			sum.Add(&rule, &image, winners[j], &scratch)
			t.won(winners[j], i)
		}
		sum.Apply(&rule)
		shown := s.Epoch*len(order) + s.Image
		s.Image += len(ids)
		s.Presentations += len(ids)
		for j := range ids {
			done, err := t.heed(layer, c, len(winners[j]), shown+j)
			if t.done = t.done || done; err != nil {
				return err
			}
		}
		if t.done {
			return nil
		}
	}
	return nil
}

// reward lets the last layer learn from its decisions, image by image, or, with
// the same decisions for all of them, batch by batch.
func (t *Trainer) reward(ctx context.Context, layer Layer, c *snn.Convolution, order []int) error {
	s, l := &t.model.State, layer.Learn
	rule := l.rstdp(s.Epoch)
	rule.Adaptation = s.Adaptation
	sel := l.Selection(t.model.Experiment.muted(layer, s.Epoch))
	batch := max(1, l.Batch)
	var stopped error
	sum := snn.NewSum(c)
	var scratch snn.Scratch
	var image spike.Map
	var winners []spike.Spike
	for ; s.Image < len(order); s.Image++ {
		if s.Image%batch == 0 && (s.Image%64 < batch || ctx.Err() != nil) {
			if err := t.pause(ctx, layer, c, len(order)); err != nil {
				return err
			}
		}
		i := order[s.Image]
		in := &t.inputs.events[i]
		l.timing(in, &image)
		winners = c.Contest(in, sel, &scratch, winners[:0])
		outcome := snn.Silent
		if len(winners) > 0 {
			outcome = snn.Judge(t.model.Class(winners[0].Neuron), t.train.Label(i))
			if r, rates, ok := rule.Rule(outcome, winners[0].Map); ok {
				now := *r
				now.Rates = []snn.Rates{rates}
				if batch == 1 {
					now.Learn(c, &image, winners, &scratch)
				} else {
					sum.Add(&now, &image, winners, &scratch)
				}
			}
		}
		full := (s.Image+1)%batch == 0 || s.Image+1 == len(order)
		if batch > 1 && full {
			sum.Apply(&rule.Reward)
		}
		t.counted(&rule, l, outcome)
		if _, err := t.heed(layer, c, len(winners), s.Epoch*len(order)+s.Image); err != nil {
			stopped = err
		}
		if stopped != nil && full { // the state does not tell where a batch stood
			s.Image++
			return stopped
		}
	}
	return nil
}

// counted notes the outcome of one image.
func (t *Trainer) counted(rule *snn.RSTDP, l Learn, o snn.Outcome) {
	s := &t.model.State
	if o == snn.Silent && l.Punish.Silent {
		rule.Count(snn.Wrong)
	} else {
		rule.Count(o)
	}
	s.Adaptation = rule.Adaptation
	s.Score.count(o)
	s.Presentations++
}

// blockSize is how many images are decided side by side. The result does not
// depend on it.
const blockSize = 256

// rewardBlocks is reward for a layer that fires at the last step, block by
// block, with the same bits.
func (t *Trainer) rewardBlocks(ctx context.Context, layer Layer, c *snn.Convolution, order []int) error {
	s := &t.model.State
	rule := layer.Learn.rstdp(s.Epoch)
	rule.Adaptation = s.Adaptation
	muted := t.model.Experiment.muted(layer, s.Epoch)
	block, batch := t.block, layer.Learn.Batch
	var stopped error
	size := blockSize
	if batch > 1 {
		size = batch
	}
	for s.Image < len(order) {
		if err := t.pause(ctx, layer, c, len(order)); err != nil {
			return err
		}
		ids := order[s.Image:min(s.Image+size, len(order))]
		block.Compute(t.album, ids, muted, t.options.Workers)
		for j, i := range ids {
			outcome, winners := snn.Silent, 0
			if w, ok := block.Winner(j); ok {
				winners = 1
				outcome = snn.Judge(t.model.Class(w.Neuron), t.train.Label(i))
				r, rates, ok := rule.Rule(outcome, w.Map)
				switch {
				case ok && batch > 1:
					block.Add(j, w, r, rates)
				case ok:
					block.Learn(j, w, r, rates)
				}
			}
			t.counted(&rule, layer.Learn, outcome)
			if _, err := t.heed(layer, c, winners, s.Epoch*len(order)+s.Image+j); err != nil {
				stopped = err
			}
		}
		if batch > 1 {
			block.Apply(&rule.Reward)
		}
		if s.Image += len(ids); stopped != nil {
			block.Flush()
			return stopped
		}
	}
	return nil
}

// pause is the place between two images where a training can be stopped,
// saved and watched.
func (t *Trainer) pause(ctx context.Context, layer Layer, c *snn.Convolution, images int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s := &t.model.State
	rate, due := t.speed.at(s.Presentations)
	if due || t.saveDue() {
		if t.block != nil {
			t.block.Flush()
		}
		if t.flush != nil {
			t.flush()
		}
	}
	t.saveIfDue()
	if !due {
		return nil
	}
	p := Progress{Layer: layer.Name, Epoch: s.Epoch, Epochs: layer.Learn.Epochs, Image: s.Image, Images: images,
		Score: s.Score, Deciding: layer.Learn.decides(), Winners: t.vigil.mean(layer.Name), Convergence: c.Convergence(), PerSecond: rate}
	if rate > 0 {
		left := float64((layer.Learn.Epochs-s.Epoch)*images-s.Image) / rate
		p.Left = time.Duration(min(left, math.MaxInt32) * float64(time.Second))
	}
	t.observe(p)
	return nil
}

// speed measures images a second over the last moments.
type speed struct {
	when  time.Time
	shown int
	rate  float64
}

// at notes that so many images have been shown, and says whether half a
// second has passed since it last said so.
func (s *speed) at(shown int) (rate float64, due bool) {
	now := time.Now()
	passed := now.Sub(s.when).Seconds()
	if !s.when.IsZero() && passed < 0.5 {
		return s.rate, false
	}
	if !s.when.IsZero() && shown > s.shown {
		rate := float64(shown-s.shown) / passed
		if s.rate == 0 || passed > 5 {
			s.rate = rate
		} else {
			s.rate += 0.3 * (rate - s.rate)
		}
	}
	s.when, s.shown = now, shown
	return s.rate, true
}
