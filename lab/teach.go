package lab

import (
	"fmt"
	"slices"

	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A Change is what the network learned from one image.
//
// The neuron that decides is the one that learns, unless the experiment's
// learn.final lets another of the equally early ones.
type Change struct {
	Outcome string `json:"outcome"` // of the neuron that learns; "right": rewarded, "wrong": punished, "silent": nothing was learned
	Label   int    `json:"label"`
	Map     int    `json:"map"`    // that learned, of the last layer; -1: none
	Class   int    `json:"class"`  // that its neuron stands for; -1: none
	Neuron  *Spike `json:"neuron"` // for which the map learned; nil: none

	// The rates that were used, with the factor of reward or punishment: APlus
	// for the synapses whose input had fired, AMinus for all others.
	Factor float64 `json:"factor"`
	APlus  float32 `json:"a_plus"`
	AMinus float32 `json:"a_minus"`

	Grown   int     `json:"grown"`   // synapses of the map whose weight is larger than before
	Shrunk  int     `json:"shrunk"`  // smaller
	Largest float32 `json:"largest"` // magnitude of a change
	Clamped int     `json:"clamped"` // other maps of which a weight was outside the rule's bounds and is within them now

	// By how much each weight of the map changed, in the order input map, row,
	// column; nil if nothing was learned.
	Differences []float32 `json:"differences"`

	Before  Decision `json:"before"` // on the image
	After   Decision `json:"after"`
	Lessons int      `json:"lessons"` // that can be undone
}

// A lesson is what it takes to undo one.
type lesson struct {
	adaptation snn.Adaptation
	fm         int       // that learned; -1: none
	weights    []float32 // as they were: of that map, or, if the rule's bounds changed others, of all
}

// Teach shows an image with its label to the last layer, which learns from it as
// in training: the map of the neuron that decides is rewarded if that is right
// and punished if it is wrong. It is an error if the last layer learns without
// reward. In training, batches put the changes off until all their images have
// been seen; here every image counts at once.
func (l *Lab) Teach(pixels []byte, label int) (Change, error) {
	if err := l.check(pixels); err != nil {
		return Change{}, err
	}
	e, last := l.model.Experiment, l.last()
	c, learn := l.model.Network.Layers[last].Convolution, e.Layers[last].Learn
	if learn.Rule != train.RuleRSTDP {
		return Change{}, fmt.Errorf("layer %s learns by %q, which has no use for a label; only a network whose last layer learns by %q can be taught", e.Layers[last].Name, learn.Rule, train.RuleRSTDP)
	}
	if !teachable(learn) {
		return Change{}, fmt.Errorf("in layer %s two rivals learn from an image, and a lesson is for one neuron; only a network without learn.punish.margin can be taught", e.Layers[last].Name)
	}
	if label < 0 || label >= e.Data.Classes {
		return Change{}, fmt.Errorf("label %d; the classes are 0 to %d", label, e.Data.Classes-1)
	}
	before, err := l.Decide(pixels)
	if err != nil {
		return Change{}, err
	}
	ch := Change{Outcome: snn.Silent.String(), Label: label, Map: -1, Class: None, Before: before}
	outcome := l.reward(pixels, label, c, learn, &ch)
	if outcome == snn.Silent && learn.Punish.Silent {
		l.Adaptation.Count(snn.Wrong)
	} else {
		l.Adaptation.Count(outcome)
	}
	l.changed()
	ch.Outcome, ch.Lessons = outcome.String(), len(l.lessons)
	ch.After, err = l.Decide(pixels)
	return ch, err
}

// reward is the step of [Lab.Teach] in which weights change.
func (l *Lab) reward(pixels []byte, label int, c *snn.Convolution, learn train.Learn, ch *Change) snn.Outcome {
	note := lesson{adaptation: l.Adaptation, fm: -1}
	defer func() { l.lessons = append(l.lessons, note) }()
	l.encoder.Encode(pixels, &l.spikes)
	l.events.From(&l.spikes)
	in := l.pass.Events(l.model.Network, &l.events, l.last())
	l.winners = c.Contest(in, snn.Selection{K: 1, Final: learn.Final}, &l.scratch, l.winners[:0])
	if len(l.winners) == 0 {
		return snn.Silent
	}
	w := l.winners[0]
	outcome := snn.Judge(l.model.Class(w.Neuron), label)
	rule := rstdp(learn)
	rule.Adaptation = l.Adaptation
	r, rates, ok := rule.Rule(outcome, w.Map)
	if !ok {
		return outcome
	}
	ch.Map, ch.Class, ch.Neuron, ch.APlus, ch.AMinus = w.Map, l.model.Class(w.Neuron), l.spike(w), rates.APlus, rates.AMinus
	if ch.Factor = rule.RewardFactor; outcome == snn.Wrong {
		ch.Factor = rule.PunishFactor
	}
	note.fm, note.weights = w.Map, slices.Clone(c.Weight(w.Map))
	was := note.weights
	if ch.Clamped = outside(c, w.Map, r.Lower, r.Upper); ch.Clamped > 0 {
		note.weights = slices.Clone(c.Weights())
	}
	var image spike.Map
	timing(learn, in, &image)
	now := *r
	now.Rates = []snn.Rates{rates}
	now.Learn(c, &image, l.winners, &l.scratch)
	for i, v := range c.Weight(w.Map) {
		d := v - was[i]
		ch.Differences = append(ch.Differences, d)
		ch.Largest = max(ch.Largest, d, -d)
		switch {
		case d > 0:
			ch.Grown++
		case d < 0:
			ch.Shrunk++
		}
	}
	return outcome
}

// outside counts the maps but one of which a weight is not within bounds.
func outside(c *snn.Convolution, but int, lower, upper float32) int {
	n := 0
	for m := range c.Maps {
		if m != but && slices.ContainsFunc(c.Weight(m), func(v float32) bool { return v < lower || v > upper }) {
			n++
		}
	}
	return n
}

// teachable reports whether one neuron of a layer learns from a label.
func teachable(l train.Learn) bool { return l.Rule == train.RuleRSTDP && l.Punish.Margin == 0 }

// rstdp is the rule of a layer that learns by reward.
func rstdp(l train.Learn) snn.RSTDP {
	rates := func(plus, minus float64) snn.Rates {
		return snn.Rates{APlus: float32(plus), AMinus: float32(minus)}
	}
	return snn.RSTDP{Reward: stdp(l, rates(l.APlus, l.AMinus)), Punish: stdp(l, rates(l.Punish.APlus, l.Punish.AMinus))}
}

// Undo takes back the last lesson that is left, to the last bit, with what
// [Lab.Adaptation] counted. It returns false if there is none. A lesson takes
// the memory of one map's weights.
func (l *Lab) Undo() bool {
	if len(l.lessons) == 0 {
		return false
	}
	note := l.lessons[len(l.lessons)-1]
	l.lessons = l.lessons[:len(l.lessons)-1]
	l.given = l.given[:min(len(l.given), len(l.lessons))]
	l.Adaptation = note.adaptation
	c := l.model.Network.Layers[l.last()].Convolution
	weights := note.weights
	if note.fm >= 0 {
		if n := c.Synapses(); len(weights) == n && c.Maps > 1 {
			weights = slices.Clone(c.Weights())
			copy(weights[note.fm*n:], note.weights)
		}
		if err := c.SetWeights(weights); err != nil {
			panic(err) // they were the layer's own
		}
	}
	l.changed()
	return true
}
