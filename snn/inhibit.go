package snn

import (
	"slices"

	"firstspike/spike"
)

// silence takes back a neuron's spike.
func (r *Response) silence(i int) {
	r.First.At[i] = spike.Silent
	r.Potential[i] = 0
}

// FeatureInhibition silences the muted maps: muted[m] is true for a map that
// must not fire, as in dropout. A nil muted silences none.
func (r *Response) FeatureInhibition(muted []bool) {
	maps := r.First.Maps
	for i := range r.First.At {
		if muted != nil && muted[i%maps] {
			r.silence(i)
		}
	}
}

// PointwiseInhibition lets at each position only the earliest map fire; of
// equally early ones the one with the higher potential at that step; of equal
// ones the lowest.
func (r *Response) PointwiseInhibition() {
	maps := r.First.Maps
	for pos := range r.First.Positions() {
		best := pos * maps
		for i := best + 1; i < (pos+1)*maps; i++ {
			f, b := r.First.At[i], r.First.At[best]
			if f < b || f == b && r.Potential[i] > r.Potential[best] {
				best = i
			}
		}
		for i := pos * maps; i < (pos+1)*maps; i++ {
			if i != best {
				r.silence(i)
			}
		}
	}
}

// Threshold silences the neurons whose potential at their spike does not
// exceed limit, in units of [Convolution.Unit].
func (r *Response) Threshold(limit int32) {
	for i, p := range r.Potential {
		if p <= limit {
			r.silence(i)
		}
	}
}

// A Selection says who learns from an image, as in Mozafari et al. (2019). The
// last four fields are not theirs: replications have them.
type Selection struct {
	K         int    // winners at most
	Radius    int    // inhibition radius: a winner keeps all maps out of the (2r+1)x(2r+1) window around it; 0: only its own map
	Pointwise bool   // pointwise inhibition before the winners are chosen
	Muted     []bool // feature inhibition: maps that do not take part; nil: all do
	Shared    bool   // a winner does not inhibit its own map outside the window
	Final     bool   // of equally early neurons that with the highest potential after the last step is ahead, not at its spike
	Fill      bool   // if fewer than K win, the first neuron of the first map wins as well, unless no potential reached it
	PerStep   int    // winners at most of one step; 0: K
}

// inhibits reports whether a winner keeps another neuron from winning: its
// whole map, and all maps within the radius around it.
func (s Selection) inhibits(a, n spike.Neuron) bool {
	if a.Map == n.Map && !s.Shared {
		return true
	}
	dy, dx := a.Row-n.Row, a.Col-n.Col
	return a == n || s.Radius > 0 && dy >= -s.Radius && dy <= s.Radius && dx >= -s.Radius && dx <= s.Radius
}

// Winners appends to list the winners among the neurons that fired, the best
// first: the earliest spike, then the highest potential, then the lowest
// index. Each winner inhibits its map and its surroundings.
func (r *Response) Winners(k, radius int, list []spike.Spike) []spike.Spike {
	var all []spike.Spike
	shape := r.First.Shape
	for i, s := range r.First.At {
		if s != spike.Silent && r.Potential[i] > 0 {
			pos := i / shape.Maps
			all = append(all, spike.Spike{Neuron: shape.Neuron(i%shape.Maps, pos), Step: s, Potential: r.Potential[i]})
		}
	}
	return Selection{K: k, Radius: radius}.choose(all, list, len(list))
}

// choose appends the winners among candidates to list until it has K more
// than its first from entries, whose winners inhibit as well. It uses up
// candidates.
func (s Selection) choose(candidates []spike.Spike, list []spike.Spike, from int) []spike.Spike {
	keep := candidates[:0]
	for _, w := range candidates {
		if !s.inhibited(w.Neuron, list[from:]) {
			keep = append(keep, w)
		}
	}
	for len(keep) > 0 && len(list)-from < s.K {
		best := keep[0]
		for _, w := range keep[1:] {
			if w.Ahead(best) {
				best = w
			}
		}
		if s.full(list[from:], best.Step) {
			keep = slices.DeleteFunc(keep, func(w spike.Spike) bool { return w.Step == best.Step })
			continue
		}
		list = append(list, best)
		rest := keep[:0]
		for _, w := range keep {
			if !s.inhibits(best.Neuron, w.Neuron) {
				rest = append(rest, w)
			}
		}
		keep = rest
	}
	return list
}

// full reports whether a step has all the winners that it may have. Winners are
// in the order of their steps.
func (s Selection) full(winners []spike.Spike, t spike.Step) bool {
	n := len(winners) - s.PerStep
	return s.PerStep > 0 && n >= 0 && winners[n].Step == t
}

func (s Selection) inhibited(n spike.Neuron, winners []spike.Spike) bool {
	for _, w := range winners {
		if s.inhibits(w.Neuron, n) {
			return true
		}
	}
	return false
}
