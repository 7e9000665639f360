package conform

import (
	"firstspike/snn"
	"firstspike/spike"
)

// inputS2 checks what S2 learned from: the training images, through S1 as it
// was frozen.
func (c *checker) inputS2() error {
	s, ok := c.stage("S2 learning: input", 0, "stdp_ids", "w1", "train2_c1_latency")
	if !ok {
		return nil
	}
	return c.frozen(s, c.model.S1.Layer, "w1", "train2_c1_latency", c.inputsOfS1)
}

// inputS3 checks what S3 learned from: S2's input, through S2 as it was
// frozen.
func (c *checker) inputS3() error {
	s, ok := c.stage("S3 learning: input", 0, "train2_c1_latency", "w2", "train3_c2_latency")
	if !ok {
		return nil
	}
	return c.frozen(s, c.model.S2.Layer, "w2", "train3_c2_latency", c.inputsOfS2)
}

// A source gives the inputs of a layer for a learning image: what it was most
// likely shown, and what else it may have been.
type source func(w *worker, i int) ([]input, error)

func (c *checker) inputsOfS1(w *worker, i int) ([]input, error) {
	return c.inputs(w, c.pixels(learning, i)), nil
}

func (c *checker) inputsOfS2(_ *worker, i int) ([]input, error) {
	m, err := c.trace.spikes("train2_c1_latency", i, c.model.S2.In)
	return []input{{Map: m}}, err
}

// frozen checks the pooled spikes of a frozen layer for every learning image.
func (c *checker) frozen(s *Stage, l Layer, weights, out string, source source) error {
	conv, err := c.layer(l, weights)
	if err != nil {
		return err
	}
	return c.parts(c.trace.images[learning], func(w *worker, i int, parts []Stage) error {
		inputs, err := source(w, i)
		if err != nil {
			return err
		}
		want, err := c.trace.spikes(out, i, l.Pooled())
		if err != nil {
			return err
		}
		comparePooled(&parts[0], i, w, conv, l, inputs[0].Map, want)
		for _, in := range inputs[1:] {
			if parts[0].Differing == 0 {
				break
			}
			var other Stage
			if comparePooled(&other, i, w, conv, l, in.Map, want); other.Differing == 0 {
				other.Tied = parts[0].Tied + parts[0].Differing
				parts[0] = other
			}
		}
		return nil
	}, s)
}

// comparePooled compares the pooled spikes of a layer with the trace's.
func comparePooled(s *Stage, image int, w *worker, conv *snn.Convolution, l Layer, in, want *spike.Map) {
	w.events.From(in)
	conv.Respond(&w.events, &w.response, &w.scratch)
	ours := spike.NewMap(l.Pooled(), in.Steps)
	l.Pool.Apply(&w.response.First, ours)
	s.Compared = len(ours.At)
	for i, t := range ours.At {
		if t == want.At[i] {
			continue
		}
		n := ours.Neuron(i%ours.Maps, i/ours.Maps)
		if w.tiedPool(conv, l.Pool, in, n, want.At[i]) {
			s.Tied++
			continue
		}
		s.differ(1, "image %d: %s fires at step %s, the trace has %s", image, name(n), step(t), step(want.At[i]))
	}
}

// tiedPool reports whether a pooled neuron can fire at t: no neuron of its
// window fires earlier for certain, and one can fire then.
func (w *worker) tiedPool(conv *snn.Convolution, pool spike.Pool, in *spike.Map, n spike.Neuron, t spike.Step) bool {
	out, stride := conv.Out(), max(pool.Stride, 1)
	if pool.Stride == 0 {
		stride = max(pool.Window, 1)
	}
	silent := t == spike.Silent
	then := silent
	y0, x0 := n.Row*stride-pool.Pad, n.Col*stride-pool.Pad
	for y := max(y0, 0); y < min(y0+max(pool.Window, 1), out.Rows); y++ {
		for x := max(x0, 0); x < min(x0+max(pool.Window, 1), out.Cols); x++ {
			k := &w.course
			k.follow(conv, conv.Weight(n.Map), in, spike.Neuron{Map: n.Map, Row: y, Col: x})
			if k.last < min(int(t), in.Steps) {
				return false
			}
			then = then || k.allows(int(t))
		}
	}
	return then
}
