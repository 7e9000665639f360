package conform

import (
	"fmt"
	"slices"

	"firstspike/snn"
	"firstspike/spike"
)

// patience is after how many images with unexplained winners a stage no
// longer looks for ties: something is wrong, and looking takes long.
const patience = 20

// chunk is how many images are encoded side by side.
const chunk = 64

func (c *checker) learnS1() error {
	return c.learn("S1", c.model.S1, "train1", "stdp_ids", c.inputsOfS1)
}

func (c *checker) learnS2() error {
	return c.learn("S2", c.model.S2, "train2", "train2_c1_latency", c.inputsOfS2)
}

// learn checks STDP: every image has its winners chosen with the weights as
// they stand, and then the trace's winners learn, so that a tie does not
// cascade. The source needs the key in.
func (c *checker) learn(title string, l Competitive, prefix, in string, source source) error {
	before := prefix + "_w_before"
	winners, ok := c.stage(title+" learning: winners", 0, before, prefix+"_winners", in)
	after, hasAfter := c.stage(title+" learning: weights", tolerance, before, prefix+"_winners", in, prefix+"_w_after")
	if !ok {
		return nil
	}
	conv, err := c.layer(l.Layer, before, l.STDP)
	if err != nil {
		return err
	}
	s := &student{layer: l, conv: conv, others: make([][]belief, l.Maps), stage: winners}
	s.layer.STDP.Rates = slices.Clone(l.STDP.Rates)
	n := c.trace.images[learning]
	inputs := make([][]input, min(n, chunk))
	for from := 0; from < n; from += chunk {
		part := inputs[:min(chunk, n-from)]
		if err := c.parallel(len(part), func(w *worker, i int) (err error) {
			part[i], err = source(w, from+i)
			return err
		}); err != nil {
			return err
		}
		for k, list := range part {
			i := from + k
			want, err := c.trace.winners(prefix+"_winners", i, l.Out())
			if err != nil {
				return err
			}
			s.layer.STDP.Rates[0] = l.Doubling.At(l.STDP.Rates[0], i+1)
			if err := s.image(i, list, want); err != nil {
				return err
			}
			c.tell(winners.Name, i+1, n)
		}
	}
	if !hasAfter {
		return nil
	}
	return c.compareWeights(after, conv, prefix+"_w_after", s.others)
}

// A student is a layer that learns as a trace says.
type student struct {
	layer  Competitive
	conv   *snn.Convolution
	others [][]belief // by map
	stage  *Stage
	faults int // images whose winners nothing explains

	scratch  snn.Scratch
	events   spike.Events
	response snn.Response
	winners  []spike.Spike
	course   course
}

// image shows the layer an image, of which there may be several encodings,
// compares its winners with the trace's, and lets the trace's learn.
func (s *student) image(number int, inputs []input, want []spike.Neuron) (err error) {
	s.stage.Compared += s.layer.Select.K
	chosen := inputs[0]
	if !s.contest(chosen, want) {
		n := s.unequal(want)
		ours := slices.Clone(s.winners)
		reason := ""
		if s.faults < patience {
			if chosen, reason, err = s.explain(inputs, want); err != nil {
				return err
			}
		} else {
			reason = "ties are no longer looked for"
		}
		if reason == "" {
			s.stage.Tied += n
		} else {
			s.faults++
			s.stage.differ(n, "image %d: %s (%s)", number, s.contrast(ours, want), reason)
		}
	}
	s.learn(chosen, inputs, want)
	return nil
}

// contest finds our winners and reports whether they are the trace's.
func (s *student) contest(in input, want []spike.Neuron) bool {
	s.events.From(in.Map)
	s.winners = s.conv.Contest(&s.events, s.layer.Select, &s.scratch, s.winners[:0])
	return len(s.winners) == len(want) && s.unequal(want) == 0
}

// unequal counts the places in which the winners are not the trace's.
func (s *student) unequal(want []spike.Neuron) int {
	n := max(len(s.winners), len(want)) - min(len(s.winners), len(want))
	for i := range min(len(s.winners), len(want)) {
		if s.winners[i].Neuron != want[i] {
			n++
		}
	}
	return n
}

// contrast tells the first place in which winners are not the trace's.
func (s *student) contrast(ours []spike.Spike, want []spike.Neuron) string {
	i := 0
	for i < len(ours) && i < len(want) && ours[i].Neuron == want[i] {
		i++
	}
	a, b := "none", "none"
	if i < len(ours) {
		a = fmt.Sprintf("%s at step %d with the potential %.6g", name(ours[i].Neuron), ours[i].Step, s.conv.Potential(ours[i].Potential))
	}
	if i < len(want) {
		b = name(want[i])
	}
	return fmt.Sprintf("winner %d is %s; the trace has %s", i, a, b)
}

// explain looks for ties that make the trace's winners right: among the
// potentials, in the encoding, or in what a map has learned before; what has
// been held of that map until now is then refuted. It returns the encoding
// under which the winners are right, or why they are wrong.
func (s *student) explain(inputs []input, want []spike.Neuron) (chosen input, reason string, err error) {
	chosen = inputs[0]
	if reason = s.judge(chosen.Map, want); reason == "" {
		return chosen, "", nil
	}
	ours := slices.Clone(s.winners)
	for _, in := range inputs[1:] {
		if s.contest(in, want) || s.judge(in.Map, want) == "" {
			return in, "", nil
		}
	}
	for m, beliefs := range s.others {
		if len(beliefs) == 0 || !takesPart(m, ours, want) {
			continue
		}
		mine := slices.Clone(s.conv.Weight(m))
		for i, b := range beliefs {
			if err := s.replace(m, b.weights); err != nil {
				return chosen, reason, err
			}
			if s.contest(chosen, want) || s.judge(chosen.Map, want) == "" {
				s.others[m] = slices.Delete(beliefs, i, i+1)
				return chosen, "", nil
			}
		}
		if err := s.replace(m, mine); err != nil {
			return chosen, reason, err
		}
	}
	return chosen, reason, nil
}

func takesPart(m int, ours []spike.Spike, want []spike.Neuron) bool {
	return slices.ContainsFunc(want, func(n spike.Neuron) bool { return n.Map == m }) ||
		slices.ContainsFunc(ours, func(w spike.Spike) bool { return w.Map == m })
}

// replace gives a map other weights.
func (s *student) replace(m int, weights []float32) error {
	all := slices.Clone(s.conv.Weights())
	copy(all[m*s.conv.Synapses():], weights)
	return s.conv.SetWeights(all)
}

// learn lets the trace's winners learn from the chosen encoding, at the steps
// at which they fire here, and follows what they would have learned from the
// others and at other steps.
func (s *student) learn(chosen input, inputs []input, want []spike.Neuron) {
	rule := &s.layer.STDP
	spikes := s.spikes(chosen, want)
	next := make([][]belief, len(spikes))
	for i, w := range spikes {
		ours := s.conv.Ordering(chosen.Map, w, nil)
		from := append([]belief{{weights: s.conv.Weight(w.Map)}}, s.others[w.Map]...)
		for k, b := range from {
			for _, in := range inputs {
				for _, o := range s.orderings(b.weights, in, w.Neuron) {
					if k == 0 && slices.Equal(o.ltp, ours) {
						continue
					}
					changed := slices.Clone(b.weights)
					rule.Change(changed, o.ltp, rule.Of(w.Map))
					next[i] = append(next[i], belief{changed, b.cost + o.cost})
				}
			}
		}
	}
	rule.Learn(s.conv, chosen.Map, spikes, &s.scratch)
	for i, w := range spikes {
		s.others[w.Map] = distinct(next[i], s.conv.Weight(w.Map))
	}
}

// spikes is when the trace's winners fire here. One that cannot fire has
// nothing to learn.
func (s *student) spikes(in input, want []spike.Neuron) (list []spike.Spike) {
	if s.contest(in, want) {
		return s.winners
	}
	s.conv.Respond(&s.events, &s.response, &s.scratch)
	for _, n := range want {
		t := s.response.First.Step(n.Map, n.Row, n.Col)
		if t == spike.Silent {
			s.course.follow(s.conv, s.conv.Weight(n.Map), in.Map, n)
			if s.course.first < in.Steps {
				t = spike.Step(s.course.first)
			}
		}
		if t != spike.Silent {
			list = append(list, spike.Spike{Neuron: n, Step: t})
		}
	}
	return list
}

// An ordering is which inputs of a winner came in time, if ties fell so.
type ordering struct {
	ltp  []bool
	cost float64
}

// orderings lists what a winner may have learned from, given the weights of
// its map: one ordering for every step at which it can have fired.
func (s *student) orderings(weights []float32, in input, n spike.Neuron) (list []ordering) {
	k := &s.course
	k.follow(s.conv, weights, in.Map, n)
	over := 0.0 // by how much a potential before t exceeds the threshold
	for t := range min(k.last+1, in.Steps) {
		if k.allows(t) {
			list = append(list, ordering{
				ltp:  s.conv.Ordering(in.Map, spike.Spike{Neuron: n, Step: spike.Step(t)}, nil),
				cost: in.cost + max(over, k.threshold-k.p[t], 0)/band(k.threshold),
			})
		}
		over = max(over, k.p[t]-k.threshold)
	}
	return list
}
