package doctor

import (
	"fmt"
	"math"
	"slices"

	"firstspike/train"
)

// layerRules look at a layer: first at settings that are wrong whatever the
// layer is shown, then at what its spikes tell.
var layerRules = slices.Concat(settingRules, rateRules, spikeRules)

// settingRules look at weights, shapes and epochs.
var settingRules = []rule{{
	cause: "no-epochs",
	measures: func(p patient) []Measure {
		return []Measure{{"maps that have learned, %", 100 * p.now.Changed, "100"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: []Setting{p.change("learn.epochs", 4)},
			Text: "The layer has no epochs: it stays as it was drawn."}, p.set.Learn.Epochs == 0
	},
}, {
	cause: "weights-alike",
	measures: func(p patient) []Measure {
		return []Measure{{"maps that began with the same weights, %", 100 * truth(p.now.Alike), "0"}, {"images of the commonest winner, %", 100 * p.now.Most, "below 50"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: []Setting{p.change("weights.std", 0.05*p.scale())},
			Text: "All maps begin with the same weights, so that nothing tells them apart but their order. Draw them with a spread."}, p.now.Alike
	},
}, {
	cause: "weights-low",
	measures: func(p patient) []Measure {
		return []Measure{
			{"mean of the initial weights", p.set.Weights.Mean, number(p.usual())},
			{"winners of an image", p.now.Winners, number(p.wanted())},
			{"images for which nothing fires, %", 100 * p.now.Silent, "0"},
		}
	},
	find: func(p patient) (Finding, bool) {
		low, _, high := p.thresholds()
		f := Finding{Severity: Grave, Change: []Setting{p.change("weights.mean", p.usual())},
			Text: fmt.Sprintf("The initial weights are drawn so low that potentials do not get up to the threshold, and a map that never wins never learns. With weights that begin at %s, a threshold of %s to %s would do.",
				number(p.usual()), number(low), number(high))}
		if p.now.AtEnd {
			f.Text = "The initial weights are drawn so low that no potential is above 0, and a map that never wins never learns."
		}
		fits := p.now.AtEnd || p.set.Threshold <= high
		// Those that are told when to fire learn from staying silent too.
		return f, !p.told() && p.set.Weights.Mean < p.set.Learn.Lower+0.4*p.scale() && fits && (p.hungry() || p.now.Begun > 0.5)
	},
}, {
	cause: "weights-at-bounds",
	measures: func(p patient) []Measure {
		return []Measure{{"initial weights at a bound or beyond, %", 100 * p.now.Begun, "0"}, {"maps that have learned, %", 100 * p.now.Changed, "100"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: []Setting{p.change("weights.mean", p.usual()), p.change("weights.std", 0.05*p.scale())},
				Text: "Most weights begin at a bound or beyond it, where the stabiliser is 0: there they stay for ever. Let them begin between the bounds."},
			p.now.Begun > 0.5 && p.set.Learn.Stabiliser && p.set.Weights.Mean >= p.set.Learn.Lower+0.4*p.scale()
	},
}, {
	cause: "pad-large",
	measures: func(p patient) []Measure {
		return []Measure{{"neurons that are centred on padding, %", 100 * p.now.Outside, "0"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: []Setting{p.change("pad", float64((min(p.set.Kernel.Rows, p.set.Kernel.Cols)-1)/2))},
			Text: "The padding is larger than half a kernel: neurons look at places beside the input, where nothing ever fires. Pad by half a kernel."}, p.now.Outside > 0.15
	},
}, {
	cause: "pool-coarse",
	measures: func(p patient) []Measure {
		return []Measure{{"places after pooling", float64(p.now.Pooled), "9 and more"}}
	},
	find: func(p patient) (Finding, bool) {
		out := p.x.experiment.Geometry(p.depth).Out()
		next := 1
		if p.depth < len(p.x.Layers)-1 {
			next = p.x.experiment.Layers[p.depth+1].Kernel.Rows
		}
		window := float64(max(2, out.Rows/(4*next)))
		return Finding{Severity: Grave, Change: []Setting{p.change("pool.window", window), p.change("pool.stride", window), p.change("pool.pad", 0)},
				Text: fmt.Sprintf("Pooling leaves so few places of %d that the next layer cannot know where anything was.", out.Positions())},
			p.depth < len(p.x.Layers)-1 && p.now.Pooled < 4 && out.Positions() >= 16
	},
}, {
	cause: "pool-missing",
	measures: func(p patient) []Measure {
		last := p.x.Layers[len(p.x.Layers)-1]
		return []Measure{{"image that a neuron of " + last.Name + " sees, %", 100 * last.View, "60 and more"}}
	},
	find: func(p patient) (Finding, bool) {
		last := len(p.x.Layers) - 1
		decides := p.x.experiment.Layers[last]
		if p.depth == last || p.set.Pool.Window > 1 || p.x.Input.Outside > 0.5 || decides.Learn.Rule != train.RuleRSTDP || p.x.Layers[last].View >= 0.5 {
			return Finding{}, false
		}
		out := p.x.experiment.Geometry(p.depth).Out()
		window := float64(max(2, (out.Rows+decides.Kernel.Rows-1)/decides.Kernel.Rows))
		return Finding{Severity: Grave, Change: []Setting{p.change("pool.window", window), p.change("pool.stride", window)},
			Text: fmt.Sprintf("Without pooling here, neurons of %s, which decide, see only a small part of the image.", decides.Name)}, true
	},
}, {
	cause: "view-small",
	measures: func(p patient) []Measure {
		return []Measure{{"image that a neuron sees, %", 100 * p.now.View, "60 and more"}}
	},
	find: func(p patient) (Finding, bool) {
		in := p.x.experiment.Geometry(p.depth).In
		side := min(in.Rows, in.Cols)
		pooled := !slices.ContainsFunc(p.x.experiment.Layers[:p.depth], func(l train.Layer) bool { return l.Pool.Window < 2 })
		return Finding{Severity: Look, Change: []Setting{p.change("kernel", float64(side)), p.change("pad", float64(side/2))},
			Text: "The neurons that decide see only a small part of the image. Take a larger kernel, or more pooling before it."}, p.decides() && p.now.View < 0.5 && p.x.Input.Outside <= 0.5 && pooled
	},
}, {
	cause: "dropout-large",
	measures: func(p patient) []Measure {
		return []Measure{{"maps that are muted in an epoch, %", 100 * p.set.Learn.Dropout, "0 to 50"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Look, Change: []Setting{p.change("learn.dropout", 0.5)},
			Text: "In every epoch nearly all maps are muted: the few that are left learn everything."}, p.set.Learn.Dropout > 0.8
	},
}}

// rateRules look at learning rates.
var rateRules = []rule{{
	cause:    "rates-zero",
	measures: lessons,
	find: func(p patient) (Finding, bool) {
		l := p.set.Learn
		f := Finding{Severity: Grave, Text: "All learning rates are 0: nothing is ever learned.", Change: []Setting{
			p.change("learn.a_plus", p.rate()), p.change("learn.a_minus", -0.75*p.rate()),
		}}
		if p.rewarded() {
			f.Change = append(f.Change, p.change("learn.punish.a_plus", -p.rate()), p.change("learn.punish.a_minus", 0.125*p.rate()))
		}
		return f, l.APlus == 0 && l.AMinus == 0 && l.Punish.APlus == 0 && l.Punish.AMinus == 0
	},
}, {
	cause:    "rates-reversed",
	measures: lessons,
	find: func(p patient) (Finding, bool) {
		l := p.set.Learn
		f := Finding{Severity: Grave, Text: "The learning rates have the wrong sign: a winner unlearns what made it fire. a_plus must be above 0, and a_minus, which is added, below 0."}
		if l.APlus < 0 {
			f.Change = append(f.Change, p.change("learn.a_plus", -l.APlus))
		}
		if l.AMinus > 0 {
			f.Change = append(f.Change, p.change("learn.a_minus", -l.AMinus))
		}
		if l.Doubling.Every > 0 && l.Doubling.Ratio > 0 {
			f.Change = append(f.Change, p.change("learn.doubling.ratio", -l.Doubling.Ratio))
		}
		if p.rewarded() && len(f.Change) > 0 {
			f.Text = "Reward has the wrong sign: a map that was right unlearns what it saw. a_plus must be above 0, and a_minus, which is added, below 0."
		}
		return f, len(f.Change) > 0
	},
}, {
	cause: "punish-reversed",
	measures: func(p patient) []Measure {
		return []Measure{{"change of a synapse that fired, wrong decision", p.set.Learn.Punish.APlus, "below 0"}, {"change of a synapse that did not, wrong decision", p.set.Learn.Punish.AMinus, "above 0"}}
	},
	find: func(p patient) (Finding, bool) {
		f := Finding{Severity: Grave, Text: "Punishment has the wrong sign: a map that was wrong learns what it saw, and will be wrong again. Under punishment a_plus must be below 0 and a_minus above."}
		if a := p.set.Learn.Punish.APlus; a > 0 {
			f.Change = append(f.Change, p.change("learn.punish.a_plus", -a))
		}
		if a := p.set.Learn.Punish.AMinus; a < 0 {
			f.Change = append(f.Change, p.change("learn.punish.a_minus", -a))
		}
		return f, p.rewarded() && len(f.Change) > 0
	},
}, {
	cause:    "rates-one-sided",
	measures: lessons,
	find: func(p patient) (Finding, bool) {
		r := largest(p.set.Learn).Rates[0]
		f := Finding{Severity: Grave, Change: p.balance(),
			Text: "Only one of the two rates is at work. Without a_minus nothing is unlearned, and all maps come to look for everything; without a_plus nothing is learned."}
		if r.APlus == 0 {
			f.Change = []Setting{p.change("learn.a_plus", p.rate())}
		}
		// An error of time has both signs, and unlearns by the one rate too.
		return f, (r.APlus == 0) != (r.AMinus == 0) && !(p.told() && r.AMinus == 0)
	},
}, {
	cause: "rates-large",
	measures: func(p patient) []Measure {
		return append([]Measure{{"largest change of a weight by an image, % of its range", 100 * p.step(), "0.1 to 10"}}, lessons(p)...)
	},
	find: func(p patient) (Finding, bool) {
		f := Finding{Severity: Look, Text: "The learning rates are so large that a few images overwrite what a map has learned."}
		if p.step() > 0.25 {
			f.Severity, f.Text = Grave, "The learning rates overshoot: one image throws weights from one bound to the other, and overwrites what a map has learned."
		}
		l, most := p.set.Learn, p.rate()
		if l.Doubling.Every > 0 {
			most /= 12.5 // to begin with
		}
		for _, s := range []struct {
			field       string
			value, most float64
		}{
			{"learn.a_plus", l.APlus, most}, {"learn.a_minus", l.AMinus, 0.75 * most},
			{"learn.doubling.max", l.Doubling.Max, 3 * p.rate()}, {"learn.doubling.ratio", l.Doubling.Ratio, 0.75},
			{"learn.punish.a_plus", l.Punish.APlus, most}, {"learn.punish.a_minus", l.Punish.AMinus, 0.125 * most},
		} {
			if math.Abs(s.value) > s.most {
				f.Change = append(f.Change, p.change(s.field, math.Copysign(s.most, s.value)))
			}
		}
		return f, p.step() > 0.12
	},
}, {
	cause:  "rates-small",
	spikes: true,
	measures: func(p patient) []Measure {
		return append([]Measure{{"way that a weight can go in the whole training, in ranges", p.travel(), "1 and more"}}, lessons(p)...)
	},
	find: func(p patient) (Finding, bool) {
		to := p.rate() / p.most()
		l := p.set.Learn
		f := Finding{Severity: Grave, Text: "The learning rates are so small that the weights will have hardly moved when the training ends.",
			Change: []Setting{p.change("learn.a_plus", to*l.APlus), p.change("learn.a_minus", to*l.AMinus)}}
		if l.Doubling.Every > 0 {
			f.Change = append(f.Change, p.change("learn.doubling.max", max(l.Doubling.Max, to*l.APlus)))
		}
		if p.rewarded() {
			f.Change = append(f.Change, p.change("learn.punish.a_plus", to*l.Punish.APlus), p.change("learn.punish.a_minus", to*l.Punish.AMinus))
		}
		return f, p.most() > 0 && p.step() < 2e-4 && p.now.Winners > 0 && l.Epochs > 0 && p.travel() < 0.5
	},
}, {
	cause:  "epochs-few",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"way that a weight can go in the whole training, in ranges", p.travel(), "1 and more"}}
	},
	find: func(p patient) (Finding, bool) {
		f := Finding{Severity: Look, Text: "There are too few images and epochs for the learning rates: a map wins too seldom for its weights to get where they should.",
			Change: []Setting{p.change("learn.epochs", math.Ceil(float64(p.set.Learn.Epochs)*min(100, 1/max(p.travel(), 1e-9))))}}
		return f, p.step() >= 2e-4 && p.now.Winners > 0 && p.set.Learn.Epochs > 0 && p.travel() < 0.5
	},
}}

// lessons are the changes of weights that an image teaches.
func lessons(p patient) []Measure {
	return []Measure{
		{"change of a synapse that fired, % of the range", 100 * p.now.Up, "above 0"},
		{"change of a synapse that did not, % of the range", 100 * p.now.Down, "below 0"},
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (p patient) rewarded() bool { return p.set.Learn.Rule == train.RuleRSTDP }

// decides reports whether the layer learns from what it decides.
func (p patient) decides() bool { return p.rewarded() || p.told() }

// told says that the layer is told when to fire.
func (p patient) told() bool { return p.set.Learn.Rule == train.RuleS2STDP }

// scale is the range of the layer's weights.
func (p patient) scale() float64 { return p.set.Learn.Upper - p.set.Learn.Lower }

// usual is the mean from which weights begin in networks that learn.
func (p patient) usual() float64 { return usual(p.set.Learn) }

func usual(l train.Learn) float64 { return l.Lower + float64(0.8*(l.Upper-l.Lower)) }

// most is the largest of the rates, in the end.
func (p patient) most() float64 { return p.rateAt(math.MaxInt32) }

// rateAt is the largest of the rates for image number n.
func (p patient) rateAt(n int) float64 {
	l := p.set.Learn
	r := l.RatesAt(0, n)
	return max(math.Abs(float64(r.APlus)), math.Abs(float64(r.AMinus)), math.Abs(l.Punish.APlus), math.Abs(l.Punish.AMinus))
}

// move is by what share of its range a rate changes a weight in the middle.
func (p patient) move(rate float64) float64 {
	if p.set.Learn.Stabiliser {
		return rate * p.scale() / 4
	}
	return rate / p.scale()
}

func (p patient) step() float64 { return p.move(p.most()) }

// rate is a rate that moves a weight by a hundredth of its range.
func (p patient) rate() float64 { return 0.0125 / p.move(1) }

// travel is how many times its range a weight can cross in the training.
func (p patient) travel() float64 {
	shown := p.x.images * p.set.Learn.Epochs
	return float64(shown) * p.now.Winners / float64(p.set.Maps) * p.move(p.rateAt(shown/2))
}
