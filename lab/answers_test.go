package lab_test

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/readout"
	"firstspike/spike"
	"firstspike/train"
)

// same reports a decision that is not the one of the readout.
func same(t *testing.T, m *train.Model, got lab.Decision, want readout.Decision) {
	t.Helper()
	c := m.Network.Layers[len(m.Network.Layers)-1].Convolution
	steps, higher := want.Margin(m.Network.Steps)
	if got.Class != want.Class || got.RunnerUp != want.RunnerUp || got.MarginSteps != steps || got.MarginPotential != higher || got.Silent != (want.Winner.Potential == 0) {
		t.Fatalf("decision %+v; want %+v", got, want)
	}
	for _, x := range []struct {
		got  *lab.Spike
		want spike.Spike
	}{{got.Winner, want.Winner}, {got.Second, want.Second}} {
		if x.want.Potential == 0 {
			if x.got != nil {
				t.Fatalf("spike %+v; want none", x.got)
			}
			continue
		}
		w := lab.Spike{Map: x.want.Map, Row: x.want.Row, Col: x.want.Col, Class: m.Class(x.want.Neuron), Step: int(x.want.Step), Potential: c.Potential(x.want.Potential)}
		if x.got == nil || *x.got != w {
			t.Fatalf("spike %+v; want %+v", x.got, w)
		}
	}
}

// Every answer about an image is what the definitions give, and what the
// predictor says, whatever is set.
func TestAnswers(t *testing.T) {
	settings := map[string][]map[string]string{
		"digits": {{"layers.s1.threshold": "9"}, {"layers.s3.threshold": "25", "encode.steps": "6"}, {"encode.threshold": "20"}, {"layers.s2.threshold": "1000"}},
		"bose":   {{"layers.s2.threshold": "8"}, {"encode.steps": "30"}, {"layers.s3.threshold": "40"}},
		"bars":   {{"layers.s2.threshold": "0.7"}, {"layers.s1.threshold": "0.5"}},
		"ramps":  {{"layers.s1.threshold": "50"}, {"layers.s2.threshold": "2000"}, {"encode.steps": "140"}},
		"timed":  {{"layers.s1.threshold": "6"}, {"layers.s2.threshold": "10"}, {"encode.steps": "40"}},
		"single": {{"layers.s2.threshold": "inf"}, {"encode.steps": "1"}},
	}
	each(t, func(t *testing.T, m *train.Model, l *lab.Lab, set *dataset.Set) {
		if answers(t, m, l, set) == 0 {
			t.Fatal("no image is decided between two classes")
		}
		for _, s := range settings[strings.TrimPrefix(t.Name(), "TestAnswers/")] {
			for path, value := range s {
				if f := l.Set(path, value); f != nil {
					t.Fatal(f)
				}
			}
			if decided := answers(t, with(t, m, s), l, set); (decided == 0) != (s["layers.s2.threshold"] == "1000") {
				t.Fatalf("%v: %d images are decided between two classes", s, decided)
			}
			l.Reset()
		}
		answers(t, m, l, set.Limit(2))
	})
}

// answers checks all answers about some images, and says how many of them are
// decided between two classes.
func answers(t *testing.T, m *train.Model, l *lab.Lab, set *dataset.Set) (decided int) {
	t.Helper()
	p, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := m.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	last := len(m.Network.Layers) - 1
	list := [][]byte{set.Image(0), make([]byte, set.Rows*set.Cols)} // a blank one too
	for i := 1; i < set.Len(); i++ {
		list = append(list, set.Image(i))
	}
	for n, pixels := range list {
		d, err := l.Decide(pixels)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Silent && d.Second != nil {
			decided++
		}
		predicted := p.Predict(pixels)
		same(t, m, d, predicted)
		j, err := l.Judge(pixels, 1)
		if err != nil || j.Class != d.Class || j.RunnerUp != d.RunnerUp || j.MarginSteps != d.MarginSteps || j.MarginPotential != d.MarginPotential {
			t.Fatalf("image %d: judged %+v, %v; decided %+v", n, j, err, d)
		}
		if n > 2 {
			continue
		}
		var input spike.Map
		encoder.Encode(pixels, &input)
		layers, reads, plainly := forward(m, &input)
		if plainly != predicted {
			t.Fatalf("image %d: the definitions give %+v, the predictor %+v", n, plainly, predicted)
		}
		r, err := l.Road(pixels)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r.Decision, d) {
			t.Fatalf("image %d: the road ends in %+v; decided %+v", n, r.Decision, d)
		}
		if !slices.Equal(r.Input.First, input.Major()) || r.Steps != input.Steps || r.Input.Fired != input.Spikes() {
			t.Fatalf("image %d: another input", n)
		}
		for i, s := range r.Layers {
			if !slices.Equal(s.First, layers[i].first) {
				t.Fatalf("image %d, layer %s: other first spikes", n, s.Name)
			}
			handed := s.Handed
			if !s.Pools {
				handed = s.First
			}
			for k, steps := range reads[i+1].steps {
				want := spike.Silent
				if len(steps) > 0 {
					want = steps[0]
				}
				if handed[k] != want {
					t.Fatalf("image %d, layer %s: hands on %d, want %d", n, s.Name, handed[k], want)
				}
			}
			sum := 0
			for _, c := range s.Counts {
				sum += c
			}
			if fired := len(s.First) - strings.Count(string(s.First), "\xff"); s.Fired != fired || sum != fired {
				t.Fatalf("image %d, layer %s: %d fired, %d counted; want %d", n, s.Name, s.Fired, sum, fired)
			}
			if i < last && s.Potentials != nil {
				t.Fatalf("image %d, layer %s: potentials are told", n, s.Name)
			}
			for k := range s.First {
				if i == last && math.Float32frombits(binary.LittleEndian.Uint32(s.Potentials[4*k:])) != float32(layers[i].potential[k]) {
					t.Fatalf("image %d, neuron %d: another potential", n, k)
				}
			}
			for k := n; k < len(s.First); k += 1 + len(s.First)/5 {
				neuron(t, m, l, pixels, i, k, layers[i], reads[i])
			}
		}
		best := make([]lab.Class, m.Experiment.Data.Classes)
		for c := range best {
			best[c] = lab.Class{Class: c, Step: lab.Silent}
		}
		for k, step := range layers[last].first {
			s := layers[last].shape
			class := m.Decision.Of(s, spike.Neuron{Map: k / s.Positions(), Row: k / s.Cols % s.Rows, Col: k % s.Cols})
			if v := layers[last].potential[k]; class >= 0 && step != spike.Silent && (int(step) < best[class].Step || int(step) == best[class].Step && v > best[class].Potential) {
				best[class].Step, best[class].Potential = int(step), v
			}
		}
		if !slices.Equal(d.Classes, best) {
			t.Fatalf("image %d: classes %v; want %v", n, d.Classes, best)
		}
		why(t, l, pixels)
	}
	// The next to ask begins with the image that is remembered.
	if _, err := l.Road(list[0]); err != nil {
		t.Fatal(err)
	}
	return decided
}

// neuron compares neuron k of a layer with what its definition gives.
func neuron(t *testing.T, m *train.Model, l *lab.Lab, pixels []byte, depth, k int, want plain, in trains) {
	t.Helper()
	s := want.shape
	fm, row, col := k/s.Positions(), k/s.Cols%s.Rows, k%s.Cols
	c := m.Network.Layers[depth]
	n, err := l.Neuron(pixels, c.Name, fm, row, col)
	if err != nil {
		t.Fatal(err)
	}
	if n.Step != int(want.first[k]) || n.Potential != want.potential[k] || !slices.Equal(n.Potentials, want.after[k]) {
		t.Fatalf("%s %d,%d,%d: step %d at %v, %v; want %d at %v, %v", c.Name, fm, row, col, n.Step, n.Potential, n.Potentials, want.first[k], want.potential[k], want.after[k])
	}
	if n.Step != lab.Silent && n.Potentials[n.Step] != n.Potential {
		t.Fatalf("%s %d,%d,%d: potential %v at its spike; it rises by %v", c.Name, fm, row, col, n.Potential, n.Potentials)
	}
	class := lab.None
	if depth == len(m.Network.Layers)-1 {
		class = m.Class(spike.Neuron{Map: fm, Row: row, Col: col})
	}
	if n.Class != class {
		t.Fatalf("%s %d,%d,%d: class %d; want %d", c.Name, fm, row, col, n.Class, class)
	}
	// The arrivals explain the potentials, and nothing else arrives.
	sum, slope, at, count := 0., 0., 0, 0
	for step, v := range n.Potentials {
		for ; at < len(n.Arrivals) && n.Arrivals[at].Step == step; at++ {
			a := n.Arrivals[at]
			y, x := a.Row-row*max(1, c.Stride)+c.Pad, a.Col-col*max(1, c.Stride)+c.Pad
			w := n.Kernel.Weights[(a.Map*c.Kernel.Rows+y)*c.Kernel.Cols+x]
			if math.Abs(a.Weight-float64(w)) > c.Unit()/2 {
				t.Fatalf("%s: %+v has the weight %v", c.Name, a, w)
			}
			if !slices.Contains(in.steps[in.Major(a.Map, a.Row, a.Col)], spike.Step(step)) {
				t.Fatalf("%s: %+v never fired", c.Name, a)
			}
			slope += a.Weight
		}
		if sum += slope; !c.Ramp {
			sum = slope
		}
		if sum != v {
			t.Fatalf("%s %d,%d,%d: the arrivals up to step %d add up to %v, the potential is %v", c.Name, fm, row, col, step, sum, v)
		}
	}
	for y := max(0, row*max(1, c.Stride)-c.Pad); y < min(in.Rows, row*max(1, c.Stride)-c.Pad+c.Kernel.Rows); y++ {
		for x := max(0, col*max(1, c.Stride)-c.Pad); x < min(in.Cols, col*max(1, c.Stride)-c.Pad+c.Kernel.Cols); x++ {
			for z := range in.Maps {
				count += len(in.steps[in.Major(z, y, x)])
			}
		}
	}
	if count != len(n.Arrivals) || at != count {
		t.Fatalf("%s %d,%d,%d: %d arrivals; its inputs fire %d times", c.Name, fm, row, col, len(n.Arrivals), count)
	}
	if weights := c.Weight(fm); !slices.Equal(n.Kernel.Weights, weights) || len(n.Feature.Values) != n.Feature.Rows*n.Feature.Cols {
		t.Fatalf("%s %d: other weights, or a feature of %d values", c.Name, fm, len(n.Feature.Values))
	}
}

// The evidence adds up to the difference exactly, and the heat but for rounding.
func why(t *testing.T, l *lab.Lab, pixels []byte) {
	t.Helper()
	w, err := l.Why(pixels)
	if err != nil {
		t.Fatal(err)
	}
	if w.Decision.Silent {
		if w.Evidence != nil || w.Difference != 0 {
			t.Fatalf("evidence %v of silence", w.Evidence)
		}
		return
	}
	want := w.Decision.Winner.Potential
	if w.Decision.Second != nil {
		want -= w.Decision.Second.Potential
	}
	sum, magnitude, before := 0., 0., math.Inf(1)
	for _, e := range w.Evidence {
		if e.Difference != e.Winner-e.Second || e.Difference == 0 || math.Abs(e.Difference) > before {
			t.Fatalf("evidence %+v after %v", e, before)
		}
		before = math.Abs(e.Difference)
		sum += e.Difference
		magnitude += before
	}
	if w.Difference != want || sum != want {
		t.Fatalf("difference %v, evidence for %v; the potentials differ by %v", w.Difference, sum, want)
	}
	heat := 0.
	for _, v := range w.Heat {
		heat += float64(v)
	}
	if math.Abs(heat-want) > 1e-5*(1+magnitude) {
		t.Fatalf("heat of %v; the potentials differ by %v", heat, want)
	}
}
