package conform

import (
	"fmt"
	"strconv"
	"sync"

	"firstspike/snn"
	"firstspike/spike"
)

// name is how a neuron is written in a report.
func name(n spike.Neuron) string {
	return fmt.Sprintf("map %d, row %d, column %d", n.Map, n.Row, n.Col)
}

// step is how a step is written in a report.
func step(t spike.Step) string {
	if t == spike.Silent {
		return "never"
	}
	return strconv.Itoa(int(t))
}

// parts calls f for every image, with a part of each stage for the image to
// fill, and puts the parts together in the order of the images.
func (c *checker) parts(n int, f func(w *worker, i int, parts []Stage) error, stages ...*Stage) error {
	all := make([]Stage, n*len(stages))
	var mu sync.Mutex
	done := 0
	err := c.parallel(n, func(w *worker, i int) error {
		parts := all[i*len(stages) : (i+1)*len(stages)]
		for j := range parts {
			parts[j].Tolerance = stages[j].Tolerance
		}
		if err := f(w, i, parts); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		c.tell(stages[0].Name, done, n)
		return nil
	})
	for i, p := range all {
		stages[i%len(stages)].add(p)
	}
	return err
}

func (c *checker) s1() error {
	return c.respond("S1", c.model.S1.Layer, "w1", "input_latency", "s1_latency", "s1_potential")
}

func (c *checker) c1() error {
	return c.pool("C1", c.model.S1.Layer, "s1_latency", "c1_latency")
}

func (c *checker) s2() error {
	return c.respond("S2", c.model.S2.Layer, "w2", "c1_latency", "s2_latency", "s2_potential")
}

func (c *checker) c2() error {
	return c.pool("C2", c.model.S2.Layer, "s2_latency", "c2_latency")
}

// respond checks the first spikes of a layer, and its potentials at them.
func (c *checker) respond(title string, l Layer, weights, in, latency, potential string) error {
	first, ok := c.stage(title+" first spikes", 0, weights, in, latency)
	level, too := c.stage(title+" potentials", tolerance, weights, in, latency, potential)
	if !ok {
		return nil
	}
	conv, err := c.layer(l, weights)
	if err != nil {
		return err
	}
	return c.parts(c.trace.images[forward], func(w *worker, i int, parts []Stage) error {
		input, err := c.trace.spikes(in, i, l.In)
		if err != nil {
			return err
		}
		want, err := c.trace.spikes(latency, i, l.Out())
		if err != nil {
			return err
		}
		w.events.From(input)
		conv.Respond(&w.events, &w.response, &w.scratch)
		c.compareFirst(&parts[0], i, w, conv, input, want)
		if !too {
			return nil
		}
		p, err := numbers(c.trace.image(potential, i))
		if err != nil {
			return err
		}
		comparePotentials(&parts[1], i, w, conv, input, want, p)
		return nil
	}, first, level)
}

// layer builds a layer with the weights of a key, to learn by the rules.
func (c *checker) layer(l Layer, key string, rules ...snn.STDP) (*snn.Convolution, error) {
	w, err := c.trace.weights(key)
	if err != nil {
		return nil, err
	}
	conv, err := l.convolution(w, rules...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return conv, nil
}

// compareFirst compares the first spikes of a layer with the trace's.
func (c *checker) compareFirst(s *Stage, image int, w *worker, conv *snn.Convolution, in, want *spike.Map) {
	ours := &w.response.First
	s.Compared = len(ours.At)
	for i, t := range ours.At {
		if t == want.At[i] {
			continue
		}
		n := ours.Neuron(i%ours.Maps, i/ours.Maps)
		w.course.follow(conv, conv.Weight(n.Map), in, n)
		if w.course.allows(int(want.At[i])) {
			s.Tied++
			continue
		}
		early := min(int(t), int(want.At[i])) // one of them fires
		s.differ(1, "image %d: %s fires at step %s, the trace has %s; its potential at step %d is %.6g, the threshold %v",
			image, name(n), step(t), step(want.At[i]), early, w.course.p[early], conv.Threshold)
	}
}

// comparePotentials compares the potentials at the first spikes with the
// trace's. Where a tie made the trace fire at another step, its potential
// must be the one at that step.
func comparePotentials(s *Stage, image int, w *worker, conv *snn.Convolution, in, first *spike.Map, want []float32) {
	ours := &w.response.First
	s.Compared = len(ours.At)
	positions := ours.Positions()
	for i, t := range ours.At {
		n, pos := ours.Neuron(i%ours.Maps, i/ours.Maps), i/ours.Maps
		p, q := conv.Potential(w.response.Potential[i]), float64(want[n.Map*positions+pos])
		if t == first.At[i] {
			if !s.number(p, q, potentialFloor) {
				s.differ(1, "image %d: %s has the potential %.6g, the trace has %.6g", image, name(n), p, q)
			}
			continue
		}
		p = 0
		if first.At[i] != spike.Silent {
			w.course.follow(conv, conv.Weight(n.Map), in, n)
			p = w.course.p[first.At[i]]
		}
		if relative(p, q, potentialFloor) <= s.Tolerance {
			s.Tied++
			continue
		}
		s.differ(1, "image %d: %s has the potential %.6g at step %s, where the trace fires, but the trace has %.6g", image, name(n), p, step(first.At[i]), q)
	}
}

// pool checks a pooling; it knows no ties.
func (c *checker) pool(title string, l Layer, in, out string) error {
	s, ok := c.stage(title+" pooled spikes", 0, in, out)
	if !ok {
		return nil
	}
	return c.parts(c.trace.images[forward], func(w *worker, i int, parts []Stage) error {
		input, err := c.trace.spikes(in, i, l.Out())
		if err != nil {
			return err
		}
		want, err := c.trace.spikes(out, i, l.Pooled())
		if err != nil {
			return err
		}
		ours := spike.NewMap(l.Pooled(), c.trace.steps)
		l.Pool.Apply(input, ours)
		parts[0].Compared = len(ours.At)
		n, where := differences(ours, want)
		parts[0].differ(n, "image %d: %s fires at step %s, the trace has %s", i,
			name(ours.Neuron(where%ours.Maps, where/ours.Maps)), step(ours.At[where]), step(want.At[where]))
		return nil
	}, s)
}
