package conform

import (
	"fmt"

	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// s3 checks the decision layer with frozen weights.
func (c *checker) s3() error {
	const weights, in = "w3", "c2_latency"
	potentials, hasPotentials := c.stage("S3 potentials", tolerance, weights, in, "s3_potential")
	winners, hasWinners := c.stage("S3 winners", 0, weights, in, "s3_winner")
	decisions, hasDecisions := c.stage("S3 decisions", 0, weights, in, "decision")
	if !hasPotentials && !hasWinners && !hasDecisions {
		return nil
	}
	l := c.model.S3.Layer
	conv, err := c.layer(l, weights)
	if err != nil {
		return err
	}
	var classes []int
	if hasDecisions {
		if classes, err = c.trace.ints("decision"); err != nil {
			return err
		}
	}
	return c.parts(c.trace.images[forward], func(w *worker, i int, parts []Stage) error {
		input, err := c.trace.spikes(in, i, l.In)
		if err != nil {
			return err
		}
		bits := spike.NewBits(l.In)
		bits.From(input)
		if hasPotentials {
			want, err := numbers(c.trace.image("s3_potential", i))
			if err != nil {
				return err
			}
			compareFinal(&parts[0], i, w, conv, bits, want)
		}
		var tally snn.Tally
		conv.Tally(bits, &tally, &w.scratch)
		ours, fires := tally.Winner(conv.Out(), c.trace.steps, nil)
		class := readout.None
		if fires {
			class = c.model.Decision[ours.Map]
		}
		d := &deciding{conv: conv, in: input}
		var theirs *spike.Neuron
		if hasWinners {
			if theirs, err = c.trace.winner("s3_winner", i, l.Out()); err != nil {
				return err
			}
			d.compareWinner(&parts[1], i, ours, fires, theirs)
		}
		if hasDecisions {
			parts[2].Compared = 1
			switch t := classes[i]; {
			case hasWinners && t != c.class(theirs):
				parts[2].differ(1, "image %d: the trace has the class %d, but its winner stands for %d", i, t, c.class(theirs))
			case t == class:
			case d.ties(func(n spike.Neuron) bool { return c.model.Decision[n.Map] == t }, t == readout.None):
				parts[2].Tied = 1
			default:
				parts[2].differ(1, "image %d: the class is %d, the trace has %d", i, class, t)
			}
		}
		return nil
	}, potentials, winners, decisions)
}

// class is what a winner stands for.
func (c *checker) class(winner *spike.Neuron) int {
	if winner == nil {
		return readout.None
	}
	return c.model.Decision[winner.Map]
}

// compareFinal compares the potentials after the last step.
func compareFinal(s *Stage, image int, w *worker, conv *snn.Convolution, in spike.Bits, want []float32) {
	out := conv.Out()
	ours := make([]int32, out.Neurons())
	conv.Final(in, ours, &w.scratch)
	s.Compared = len(ours)
	for i, p := range ours {
		n := out.Neuron(i%out.Maps, i/out.Maps)
		q := float64(want[out.Major(n.Map, n.Row, n.Col)])
		if p := conv.Potential(p); !s.number(p, q, potentialFloor) {
			s.differ(1, "image %d: %s has the potential %.6g, the trace has %.6g", image, name(n), p, q)
		}
	}
}

// deciding is a decision about to be looked at closely. The potentials of all
// neurons are computed only if the trace's decision is not ours.
type deciding struct {
	conv       *snn.Convolution
	in         *spike.Map
	current    func()    // brings the layer's weights up to date; nil: they are
	potentials []float64 // memory order, exact
	top        float64
}

// ties reports whether one of some neurons ties with the highest potential,
// or, if silence is asked for, whether the layer is silent: potentials of
// nothing are 0 in any order.
func (d *deciding) ties(some func(spike.Neuron) bool, silence bool) bool {
	out := d.conv.Out()
	if d.potentials == nil {
		if d.current != nil {
			d.current()
		}
		var k course
		for i := range out.Neurons() {
			n := out.Neuron(i%out.Maps, i/out.Maps)
			k.follow(d.conv, d.conv.Weight(n.Map), d.in, n)
			d.potentials = append(d.potentials, k.final())
			d.top = max(d.top, k.final())
		}
	}
	if silence {
		return d.top == 0
	}
	for i, p := range d.potentials {
		if p > 0 && p >= d.top-band(d.top) && some(out.Neuron(i%out.Maps, i/out.Maps)) {
			return true
		}
	}
	return false
}

// compareWinner compares the neuron that decides with the trace's, which is
// nil if nothing fired there.
func (d *deciding) compareWinner(s *Stage, image int, ours spike.Spike, fires bool, want *spike.Neuron) {
	s.Compared++
	if fires == (want != nil) && (!fires || ours.Neuron == *want) {
		return
	}
	if d.ties(func(n spike.Neuron) bool { return want != nil && n == *want }, want == nil) {
		s.Tied++
		return
	}
	a, b := "none", "none"
	if fires {
		a = fmt.Sprintf("%s with the potential %.6g", name(ours.Neuron), d.conv.Potential(ours.Potential))
	}
	if want != nil {
		out := d.conv.Out()
		b = fmt.Sprintf("%s, which has %.6g", name(*want), d.potentials[out.Index(want.Map, want.Row, want.Col)])
	}
	s.differ(1, "image %d: the winner is %s; the trace has %s", image, a, b)
}

// block is how many images of S3's learning are computed side by side.
const block = 32

// learnS3 checks R-STDP: every image is decided with the weights as they
// stand, and then the trace's winner learns, so that a tie does not cascade.
func (c *checker) learnS3() error {
	keys := []string{"train3_w_before", "train3_winners", "train3_c2_latency", "train3_labels", "train3_batch"}
	winners, ok := c.stage("S3 learning: winners", 0, keys...)
	decisions, hasDecisions := c.stage("S3 learning: decisions", 0, append(keys, "train3_decisions")...)
	after, hasAfter := c.stage("S3 learning: weights", tolerance, append(keys, "train3_w_after")...)
	if err := c.labels("S3 learning: labels", "stdp_ids", "train3_labels", learning); err != nil || !ok {
		return err
	}
	l := c.model.S3
	conv, err := c.layer(l.Layer, "train3_w_before", l.Reward, l.Punish)
	if err != nil {
		return err
	}
	labels, err := c.trace.ints("train3_labels")
	if err != nil {
		return err
	}
	batch, err := c.trace.ints("train3_batch")
	if err != nil {
		return err
	}
	if batch[0] < 1 {
		return fmt.Errorf("train3_batch is %d; the rates adapt after every 1 or more images", batch[0])
	}
	var classes []int
	if hasDecisions {
		if classes, err = c.trace.ints("train3_decisions"); err != nil {
			return err
		}
	}
	rule := snn.RSTDP{Reward: l.Reward, Punish: l.Punish, Adaptation: snn.NewAdaptation(batch[0])}
	b := snn.NewBlock(conv, c.trace.steps)
	n := c.trace.images[learning]
	inputs, images := make([]*spike.Map, block), make([]spike.Bits, block)
	for i := range images {
		images[i] = spike.NewBits(l.In)
	}
	for from := 0; from < n; from += block {
		images := images[:min(block, n-from)]
		for k := range images {
			if inputs[k], err = c.trace.spikes("train3_c2_latency", from+k, l.In); err != nil {
				return err
			}
			images[k].From(inputs[k])
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		b.Compute(b.Album(images), nil, nil, workers)
		for k := range images {
			i := from + k
			want, err := c.trace.winner("train3_winners", i, l.Out())
			if err != nil {
				return err
			}
			ours, fires := b.Winner(k)
			if fires != (want != nil) || fires && ours.Neuron != *want {
				b.Flush() // a closer look reads the layer's weights
			}
			d := &deciding{conv: conv, in: inputs[k], current: b.Flush}
			d.compareWinner(winners, i, ours, fires, want)
			class := c.class(want)
			if hasDecisions {
				decisions.Compared++
				if classes[i] != class {
					decisions.differ(1, "image %d: the trace has the class %d, but its winner stands for %d", i, classes[i], class)
				}
			}
			outcome := snn.Judge(class, labels[i])
			if want != nil {
				stdp, rates, _ := rule.Rule(outcome, want.Map)
				b.Learn(k, spike.Spike{Neuron: *want, Step: spike.Step(c.trace.steps - 1)}, stdp, rates)
			}
			rule.Count(outcome)
			c.tell(winners.Name, i+1, n)
		}
	}
	b.Flush()
	if !hasAfter {
		return nil
	}
	return c.compareWeights(after, conv, "train3_w_after", nil)
}
