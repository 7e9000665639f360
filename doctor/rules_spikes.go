package doctor

import (
	"fmt"
	"math"

	"firstspike/train"
)

// Thresholds, as shares of the potential that the last of the winners reaches
// with initial weights. Learning takes most of these weights away: above the
// highest, maps fall silent as they learn; below the lowest, a few spikes from
// anywhere make a neuron fire. The published networks have 0.18 to 0.29.
const (
	lowThreshold  = 0.1
	goodThreshold = 0.2
	highThreshold = 0.4
)

// thresholds are the lowest and the highest threshold that make sense, and one
// between.
func (p patient) thresholds() (low, good, high float64) {
	base := p.now.Kth.P50
	if base <= 0 { // there is no room for as many winners
		base = p.now.Fresh.P50
	}
	return lowThreshold * base, goodThreshold * base, highThreshold * base
}

// wanted is how many winners an image should have.
func (p patient) wanted() float64 { return min(float64(p.now.K), p.now.Room) }

// hungry says that images have too few winners, though there would be room.
func (p patient) hungry() bool {
	return p.now.Input > 0 && (p.now.Silent > 0.05 || p.now.Winners < 0.8*p.wanted())
}

// decidesBadly is the cause that is no cause: something before it is.
const decidesBadly = "decides-badly"

// spikeRules look at what a layer does with the sample.
var spikeRules = []rule{{
	cause:  "no-input",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"images of which no input fires, %", 100 * p.now.NoInput, "0"}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Text: "What is before this layer is silent, so that it has nothing to look at."}, p.now.NoInput > 0.05
	},
}, {
	cause:    "threshold-high",
	spikes:   true,
	measures: firing,
	find: func(p patient) (Finding, bool) {
		low, good, high := p.thresholds()
		f := Finding{Severity: Grave, Range: []float64{low, high}, Change: []Setting{p.change("threshold", good)},
			Text: fmt.Sprintf("The threshold, %s, is too high: potentials seldom get there. By the potentials of the sample, %s to %s is sensible.", number(p.set.Threshold), number(low), number(high))}
		if !p.hungry() && p.now.Highest.P50 > 4*p.set.Threshold {
			f.Severity = Look
			f.Text = fmt.Sprintf("The threshold, %s, is high for the last of the winners, though the first pass it with ease. By the potentials of the sample, %s to %s is sensible.", number(p.set.Threshold), number(low), number(high))
		}
		// Above the potential of most winners it is so even if some get there.
		return f, !p.now.AtEnd && p.now.Input > 0 && p.set.Threshold > high && (p.hungry() || p.set.Threshold*highThreshold > high)
	},
}, {
	cause:    "threshold-low",
	spikes:   true,
	measures: firing,
	find: func(p patient) (Finding, bool) {
		low, good, high := p.thresholds()
		return Finding{Severity: Grave, Range: []float64{low, high}, Change: []Setting{p.change("threshold", good)},
				Text: fmt.Sprintf("The threshold, %s, is too low: a few spikes from anywhere make a neuron fire, so that firing says little. By the potentials of the sample, %s to %s is sensible.", number(p.set.Threshold), number(low), number(high))},
			!p.now.AtEnd && p.now.Input > 0 && p.set.Threshold < low/2
	},
}, {
	cause:  "radius-large",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"winners that there is room for", p.now.Room, fmt.Sprintf("%d and more", 2*p.now.K)}, {"winners of an image", p.now.Winners, fmt.Sprint(p.now.K)}}
	},
	find: func(p patient) (Finding, bool) {
		out := p.x.experiment.Geometry(p.depth).Out()
		side := math.Sqrt(float64(out.Positions()) / float64(2*p.now.K))
		radius := math.Max(0, math.Floor((side-1)/2))
		return Finding{Severity: Grave, Change: []Setting{p.change("learn.radius", radius)},
				Text: fmt.Sprintf("A winner keeps all others out of %d places around it, so that there is no room for %d winners.", square(2*p.set.Learn.Radius+1), p.now.K)},
			p.now.Input > 0 && p.set.Learn.Radius > 0 && p.now.Room < 0.9*float64(p.now.K) && 2*p.set.Learn.Radius+1 > min(out.Rows, out.Cols)/2
	},
}, {
	cause:  "k-large",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{
			{"winners asked for, of an image", float64(p.now.K), "at most a third of the maps"},
			{"winners that there is room for", p.now.Room, fmt.Sprintf("%d and more", 2*p.now.K)},
			{"winners of an image", p.now.Winners, fmt.Sprint(p.now.K)},
			{"maps that have a twin, %", 100 * p.now.Twins, "below 20"},
		}
	},
	find: func(p patient) (Finding, bool) {
		good := math.Max(1, math.Floor(min(p.now.Room/3, float64(p.set.Maps)/5)))
		return Finding{Severity: Grave, Change: []Setting{p.change("learn.k", good)},
				Text: "Too many winners: an image teaches most maps, or all that there is room for, so that maps do not come to look for different things."},
			p.now.Input > 0 && p.now.K > 1 && (float64(p.now.K) > 0.5*float64(p.set.Maps) || p.now.Room < 0.9*float64(p.now.K))
	},
}, {
	cause:  "k-small",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{
			{"winners of an image", p.now.Winners, number(math.Floor(p.now.Room / 3))},
			{"winners that there is room for", p.now.Room, "3 times the winners"},
			{"maps that have learned, %", 100 * p.now.Changed, "100"},
			{"maps that never win, %", 100 * p.now.Never, "below 50"},
		}
	},
	find: func(p patient) (Finding, bool) {
		good := math.Max(1, math.Floor(min(p.now.Room/3, float64(p.set.Maps)/5)))
		f := Finding{Severity: Look, Change: []Setting{p.change("learn.k", good)},
			Text: "Few neurons learn from an image, though there would be room for more: maps get their turn seldom, and learning is slow."}
		if p.now.Never > 0.5 {
			f.Severity = Grave
		}
		return f, !p.decides() && !p.set.Learn.Patch && p.now.Winners > 0 && float64(p.now.K) < 0.12*p.now.Room && good > float64(p.now.K)
	},
}, {
	cause:    "weights-vanished",
	spikes:   true,
	measures: bounds,
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: p.balance(),
			Text: "Nearly all weights have gone to their lower bound: what did not fire costs more than what fired brings."}, p.now.AtLower > 0.99
	},
}, {
	cause:    "weights-saturated",
	spikes:   true,
	measures: bounds,
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Change: p.balance(),
			Text: "Nearly all weights have gone to their upper bound: nothing is unlearned, and all maps come to look for everything."}, p.now.AtUpper > 0.9
	},
}, {
	cause:  "weights-frozen",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"maps that have learned, %", 100 * p.now.Changed, "100"}, {"winners of an image", p.now.Winners, fmt.Sprint(p.now.K)}}
	},
	find: func(p patient) (Finding, bool) {
		return Finding{Severity: Grave, Text: "No weight has changed since the beginning, though neurons win."},
			p.now.Changed == 0 && p.now.Winners > 0 && (p.x.Trial != nil || p.x.finished)
	},
}, {
	cause:  "maps-twins",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"maps that have a twin, %", 100 * p.now.Twins, "below 20"}}
	},
	find: func(p patient) (Finding, bool) {
		f := Finding{Severity: Look, Text: "Many maps look for the same as another (cosine similarity above 0.98): they take each other's place."}
		if p.now.Twins > 0.5 {
			f.Severity = Grave
		}
		switch {
		case !p.set.Learn.Pointwise:
			f.Change = []Setting{{p.path("learn.pointwise"), "true"}}
		case p.now.K > 1:
			f.Change = []Setting{p.change("learn.k", math.Max(1, float64(p.now.K/2)))}
		}
		return f, !p.decides() && p.now.Twins > 0.2
	},
}, {
	cause:  "maps-never",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"maps that never win, %", 100 * p.now.Never, "below 50"}, {"maps that have learned, %", 100 * p.now.Changed, "100"}}
	},
	find: func(p patient) (Finding, bool) {
		// With few images not every map can have its turn.
		chances := p.now.Winners * float64(p.x.Images) / float64(p.set.Maps)
		f := Finding{Severity: Look, Text: "Many maps never win. Others are always earlier: take fewer maps, or more winners an image."}
		if p.now.K > 0 && float64(2*p.now.K) <= p.now.Room/2 {
			f.Change = []Setting{p.change("learn.k", float64(2*p.now.K))}
		}
		return f, !p.decides() && chances > 3 && p.now.Never > 0.5
	},
}, {
	cause:  "maps-always",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"images of the commonest winner, %", 100 * p.now.Most, "below 50"}}
	},
	find: func(p patient) (Finding, bool) {
		f := Finding{Severity: Look, Text: "One map wins nearly always, whatever the image shows."}
		if p.decides() {
			f.Text = "One map decides nearly all images, whatever they show."
		}
		return f, p.set.Maps >= 10 && 3*p.now.K <= p.set.Maps && p.now.Most > 0.9
	},
}, {
	cause:  "not-converged",
	spikes: true,
	measures: func(p patient) []Measure {
		return []Measure{{"convergence, the mean of w(1-w)", p.now.Convergence, "below 0.02"}}
	},
	find: func(p patient) (Finding, bool) {
		l := p.set.Learn
		return Finding{Severity: Look, Change: []Setting{p.change("learn.epochs", float64(2*l.Epochs))},
				Text: "The weights are still on their way to the bounds: give the layer more epochs."},
			p.x.finished && !p.decides() && l.Stabiliser && l.Lower == 0 && l.Upper == 1 && p.now.Convergence > 0.05
	},
}, {
	cause:  decidesBadly,
	spikes: true,
	measures: func(p patient) []Measure {
		d := p.decision()
		n := d.Right + d.Wrong + d.Silent
		return []Measure{
			{"decisions that are right, %", 100 * ratio(d.Right, n), fmt.Sprintf("well above %s", number(100/float64(len(d.Seen))))},
			{"images without a decision, %", 100 * ratio(d.Silent, n), "0"},
			{"classes that are never decided for", float64(d.unsaid()), "0"},
		}
	},
	find: func(p patient) (Finding, bool) {
		if !p.rewarded() || p.x.Decision == nil {
			return Finding{}, false
		}
		d := p.decision()
		n := d.Right + d.Wrong + d.Silent
		seen := present(d.Seen)
		f := Finding{Severity: Look, Text: "Some classes have no neurons: no map of theirs ever decides."}
		// Of ten classes a tenth is right by chance; twice that is hardly better.
		chance := 1 / float64(max(seen, 1))
		if float64(d.Right) < float64(n)*(chance+(1-chance)/9) || 2*d.unsaid() > seen {
			f.Severity, f.Text = Grave, "Decisions are hardly better than guessing."
			if p.x.short() {
				f.Severity = Look
			}
		}
		// A trial is too short for every class to have found its neurons.
		return f, seen > 1 && (f.Severity == Grave || d.unsaid() > 0 && p.x.Trial == nil || 4*d.unsaid() > seen)
	},
}, {
	cause:  "falls-again",
	spikes: true,
	measures: func(p patient) []Measure {
		best, last := p.x.course(p.set.Name)
		return []Measure{{"best epoch, % right", 100 * best, ""}, {"last epoch, % right", 100 * last, "as good as the best"}}
	},
	find: func(p patient) (Finding, bool) {
		best, last := p.x.course(p.set.Name)
		return Finding{Severity: Look, Text: "The network was better before: it forgets, or learns its training images by heart. Take smaller rates or fewer epochs."},
			p.x.Trial == nil && best-last > 0.03
	},
}}

func square(n int) int { return n * n }

// firing are the measures of a threshold.
func firing(p patient) []Measure {
	low, _, high := p.thresholds()
	return []Measure{
		{"threshold", p.set.Threshold, fmt.Sprintf("%s to %s", number(low), number(high))},
		{"highest potential of an image, median", p.now.Highest.P50, "1.5 to 4 times the threshold"},
		{"winners of an image", p.now.Winners, number(p.wanted())},
		{"images for which nothing fires, %", 100 * p.now.Silent, "0"},
		{"neurons with input that stay silent, %", 100 * p.now.Quiet, "50 to 95"},
	}
}

func bounds(p patient) []Measure {
	return []Measure{{"weights at the lower bound, %", 100 * p.now.AtLower, "below 99"}, {"weights at the upper bound, %", 100 * p.now.AtUpper, "below 90"}}
}

// balance are rates of which the second is three quarters of the first, as in
// the published networks.
func (p patient) balance() []Setting {
	l := p.set.Learn
	if p.decides() {
		return []Setting{p.change("learn.a_minus", -0.75*l.APlus), p.change("learn.punish.a_minus", -0.125*l.Punish.APlus)}
	}
	list := []Setting{p.change("learn.a_minus", -0.75*l.APlus)}
	if l.Doubling.Every > 0 {
		list = append(list, p.change("learn.doubling.ratio", -0.75))
	}
	return list
}

func (p patient) decision() Decision {
	if p.x.Decision == nil {
		return Decision{}
	}
	return *p.x.Decision
}

// short says that a trial showed its last layer so few images that bad
// decisions tell little.
func (x *Exam) short() bool {
	t := x.Trial
	return t != nil && t.Images*t.Epochs[len(t.Epochs)-1] < 2000
}

// unsaid is how many classes of which there are images are never decided for.
func (d Decision) unsaid() int {
	n := 0
	for class, images := range d.Seen {
		if images > 0 && d.Said[class] == 0 {
			n++
		}
	}
	return n
}

// course is the share of images that were right after the best epoch of a
// layer and after the last, of those that choose the epoch.
func (x *Exam) course(layer string) (best, last float64) {
	for _, e := range x.epochs {
		if e.Layer != layer {
			continue
		}
		var s *train.Score
		if s = e.Validation; s == nil {
			s = e.Test
		}
		if s != nil {
			last = s.Accuracy()
			best = max(best, last)
		}
	}
	return best, last
}
