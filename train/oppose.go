package train

import (
	"context"

	"firstspike/snn"
	"firstspike/spike"
)

// oppose lets the last layer learn by reward with a margin: of every image whose
// class is not ahead by the margin two neurons learn, the best of its class and the
// best of all others. See [snn.RSTDP].
func (t *Trainer) oppose(ctx context.Context, layer Layer, c *snn.Convolution, order []int) error {
	s := &t.model.State
	rule := layer.Learn.rstdp(s.Epoch)
	rule.Adaptation = s.Adaptation
	muted := t.model.Experiment.muted(layer, s.Epoch)
	labels := make([]int, 0, blockSize)
	for s.Image < len(order) {
		if err := t.pause(ctx, layer, c, len(order)); err != nil {
			return err
		}
		ids := order[s.Image:min(s.Image+blockSize, len(order))]
		labels = labels[:0]
		for _, i := range ids {
			labels = append(labels, t.train.Label(i))
		}
		t.block.Oppose(t.album, ids, t.model.Decision, labels, muted, t.options.Workers)
		var stopped error
		for j := range ids {
			mine, other := t.block.Rivals(j)
			outcome, winners := outcomeOf(mine, other), 1
			if outcome == snn.Silent {
				winners = 0
			}
			if c.Margin(mine, other) < rule.Margin {
				if mine.Step != spike.Silent {
					r, rates, _ := rule.Rule(snn.Right, mine.Map)
					t.block.Learn(j, mine, r, rates)
				}
				if other.Step != spike.Silent {
					r, rates, _ := rule.Rule(snn.Wrong, other.Map)
					t.block.Learn(j, other, r, rates)
				}
			}
			t.counted(&rule, layer.Learn, outcome)
			if _, err := t.heed(layer, c, winners, s.Epoch*len(order)+s.Image+j); err != nil {
				stopped = err
			}
		}
		if s.Image += len(ids); stopped != nil {
			t.block.Flush()
			return stopped
		}
	}
	return nil
}

// outcomeOf is how the decision between the best neuron of an image's class and
// the best of all others turns out.
func outcomeOf(mine, other spike.Spike) snn.Outcome {
	switch {
	case mine.Step == spike.Silent && other.Step == spike.Silent:
		return snn.Silent
	case other.Step == spike.Silent || mine.Step != spike.Silent && mine.Ahead(other):
		return snn.Right
	}
	return snn.Wrong
}
