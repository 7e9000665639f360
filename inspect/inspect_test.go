package inspect

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/preset"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// trained is a small network that has learned a little.
var trained = sync.OnceValues(func() (*train.Model, error) {
	learn, test, err := dataset.MNIST()
	if err != nil {
		return nil, err
	}
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Data.Limit, e.Protocol.Validation = 400, 40
	e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Learn.Epochs = 60, 40, 4
	dir := temporary
	t, err := train.Create(dir, e, train.Options{Train: learn, Test: test.Limit(100)})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if _, err := t.Run(background); err != nil {
		return nil, err
	}
	return train.Load(dir)
})

// A neuron fires at the step at which its potential passes the threshold, with
// the potential that the road tells, and the decision is that of the model.
func TestRoad(t *testing.T) {
	m, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	_, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	fired, silent := 0, 0
	for i := range 5 {
		r, err := Follow(m, test.Image(i))
		if err != nil {
			t.Fatal(err)
		}
		if want := p.Predict(test.Image(i)); r.Decision != want || want.Class == readout.None {
			t.Fatalf("image %d: decision %v, want %v", i, r.Decision, want)
		}
		for depth, s := range r.Stations {
			c := m.Network.Layers[depth].Convolution
			for k := 0; k < len(s.First.At); k += 7 {
				pos, fm := k/s.First.Maps, k%s.First.Maps
				n := s.First.Shape.Neuron(fm, pos)
				v := r.Potentials(depth, n)
				want := spike.Step(spike.Silent)
				for step, p := range v {
					if p > c.Threshold || c.AtEnd() && step == len(v)-1 && p > 0 {
						want = spike.Step(step)
						break
					}
				}
				got := s.First.Step(n.Map, n.Row, n.Col)
				if got != want {
					t.Fatalf("image %d, layer %s, %v: first spike %d; potentials %v, threshold %v", i, s.Name, n, got, v, c.Threshold)
				}
				if got == spike.Silent {
					silent++
				} else if fired++; s.Potential[k] != v[got] {
					t.Fatalf("image %d, layer %s, %v: potential %v at its spike; the road says %v", i, s.Name, n, s.Potential[k], v[got])
				}
			}
		}
		w := r.Decision.Winner
		if v := r.Potentials(2, w.Neuron); v[len(v)-1] != m.Network.Layers[2].Potential(w.Potential) {
			t.Errorf("image %d: the winner ends at %v, decided with %v", i, v[len(v)-1], m.Network.Layers[2].Potential(w.Potential))
		}
	}
	if fired == 0 || silent == 0 {
		t.Errorf("%d neurons fired, %d were silent", fired, silent)
	}
}

// The feature of a map that reads one input at one place is that input's
// filter, at that place.
func TestFeatures(t *testing.T) {
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Layers[0].Maps, e.Layers[1].Maps, e.Layers[2].Maps = 4, 6, 10
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	one := func(c *snn.Convolution, fm, in, row, col int) {
		w := c.Weight(fm)
		clear(w)
		w[(in*c.Kernel.Rows+row)*c.Kernel.Cols+col] = 1
	}
	c := m.Network.Layers[0].Convolution
	one(c, 0, 0, 2, 2) // the smallest on-centre filter, in the middle
	one(c, 1, 0, 2, 4) // the same to the right
	one(c, 2, 5, 0, 0) // the largest off-centre one in a corner
	one(c, 3, 0, 2, 2)
	encoder, err := encode.New(e.Encode, 28, 28)
	if err != nil {
		t.Fatal(err)
	}
	inputs := filters(encoder.Kernels())
	f := through(c, inputs, 1, false)
	if f[0].Rows != 17 || f[0].Cols != 17 || len(f[0].Values) != 17*17 {
		t.Fatalf("%d x %d", f[0].Rows, f[0].Cols)
	}
	peak := func(f Feature) (row, col int, sign float32) {
		best := float32(0)
		for i, v := range f.Values {
			if math.Abs(float64(v)) > float64(best) {
				best, row, col, sign = max(v, -v), i/f.Cols, i%f.Cols, v
			}
		}
		return row, col, sign
	}
	for i, want := range []struct{ row, col int }{{8, 8}, {8, 10}, {6, 6}} {
		row, col, sign := peak(f[i])
		if row != want.row || col != want.col || (sign > 0) != (i < 2) {
			t.Errorf("map %d: %v at row %d, column %d; want row %d, column %d", i, sign, row, col, want.row, want.col)
		}
	}
	// Behind pooling, inputs lie two pixels apart.
	two := m.Network.Layers[1].Convolution
	for fm := range two.Maps {
		one(two, fm, 0, fm%3, fm/3*2)
	}
	if f = through(two, through(c, inputs, 1, false), 2, false); f[0].Rows != 21 {
		t.Fatalf("%d rows", f[0].Rows)
	}
	for i := range f {
		row, col, _ := peak(f[i])
		if row != 8+2*(i%3) || col != 8+4*(i/3) {
			t.Errorf("map %d of the second layer: row %d, column %d", i, row, col)
		}
	}
	for depth, rows := range []int{17, 21, 21 + 4*6} {
		f, err := Features(m, depth)
		if err != nil || len(f) != e.Layers[depth].Maps || f[0].Rows != rows || f[0].Cols != rows || len(f[0].Values) != rows*rows {
			t.Errorf("layer %d: %v, %d features of %d rows", depth, err, len(f), f[0].Rows)
		}
	}
}

// With the weights of a layer as they are, what forms is what is there.
func TestFormed(t *testing.T) {
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Layers[0].Maps, e.Layers[1].Maps, e.Layers[2].Maps = 4, 6, 10
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewViewer(m)
	if err != nil {
		t.Fatal(err)
	}
	for depth, l := range m.Network.Layers {
		weights := slices.Clone(l.Weights())
		if depth < 2 { // the network's own are not looked at
			if err := l.SetWeights(make([]float32, len(weights))); err != nil {
				t.Fatal(err)
			}
		}
		maps := []int{3, 0, 2}
		formed := v.Formed(depth, weights)
		var got []Feature
		for _, fm := range maps {
			got = append(got, formed(fm))
		}
		if err := l.SetWeights(weights); err != nil {
			t.Fatal(err)
		}
		for i, fm := range maps {
			want := v.Feature(depth, fm)
			got[i].scale(got[i].largest())
			if !reflect.DeepEqual(got[i], want) {
				t.Errorf("layer %d, map %d: another feature", depth, fm)
			}
		}
	}
}

// What all maps have in common is taken away, what one has alone is left.
func TestDistinguish(t *testing.T) {
	const n = 100
	weights := make([][]float64, 20)
	for m := range weights {
		weights[m] = make([]float64, n)
		for s := range weights[m] {
			weights[m][s] = .5 + (1+float64(m)/20)*math.Sin(float64(s)) // in common, more or less of it
		}
		weights[m][5*m] += .7
	}
	distinguish(weights)
	for m, w := range weights {
		for s, v := range w {
			own := 0.
			if s == 5*m {
				own = .7
			}
			if math.Abs(v-own) > .12 {
				t.Errorf("map %d, synapse %d: %v left; want about %v", m, s, v, own)
			}
		}
	}
	same := [][]float64{{1, 2, 3}, {1, 2, 3}}
	distinguish(same)
	for _, w := range same {
		for _, v := range w {
			if math.Abs(v) > 1e-12 {
				t.Errorf("of maps that are the same %v is left", same)
			}
		}
	}
	flat := [][]float64{{.5, .5}, {.5, .5}}
	if distinguish(flat); flat[0][0] != 0 {
		t.Errorf("of equal weights %v is left", flat)
	}
}

// The pixels that a neuron looks at, counted by hand.
func TestField(t *testing.T) {
	digits, _ := preset.Lookup(preset.Default)
	bars, _ := preset.Lookup("bars")
	edges, _ := preset.Lookup("mozafari2018shallow")
	side := digits.Experiment.Clone()
	side.Layers[0].Pool.Stride, side.Layers[1].Pool.Stride = 0, 0 // windows side by side
	for _, x := range []struct {
		e     train.Experiment
		depth int
		n     spike.Neuron
		want  Box
	}{
		{digits.Experiment, 0, spike.Neuron{}, Box{-8, -8, 17, 17}},
		{digits.Experiment, 0, spike.Neuron{Map: 3, Row: 5, Col: 7}, Box{-3, -1, 17, 17}},
		{digits.Experiment, 1, spike.Neuron{}, Box{-10, -10, 22, 22}},
		{digits.Experiment, 2, spike.Neuron{}, Box{-22, -22, 50, 50}},
		{digits.Experiment, 2, spike.Neuron{Row: 1, Col: 3}, Box{-16, -4, 50, 50}},
		{side, 2, spike.Neuron{Row: 1, Col: 3}, Box{-16, -4, 50, 50}},
		{bars.Experiment, 0, spike.Neuron{Col: 2}, Box{0, 6, 3, 3}},
		{bars.Experiment, 1, spike.Neuron{}, Box{0, 0, 3, 9}},
		{edges.Experiment, 0, spike.Neuron{Map: 4, Row: 2, Col: 3}, Box{9, 15, 107, 107}},
	} {
		x.e = x.e.Clone()
		m, err := train.Untrained(x.e)
		if err != nil {
			t.Fatal(err)
		}
		if got := Field(m, x.depth, x.n); got != x.want {
			t.Errorf("%s, layer %d, %v: %v; want %v", x.e.Name, x.depth, x.n, got, x.want)
		}
	}
	if m, err := train.Untrained(edges.Experiment); err != nil {
		t.Fatal(err)
	} else if f, err := Features(m, 0); err != nil || f[0].Rows != 5+6*16 {
		t.Errorf("%v, %d rows behind pooled intensities", err, f[0].Rows)
	}
	// Features know of such windows too: two pixels between pooled neurons.
	side.Layers[0].Maps, side.Layers[1].Maps, side.Layers[2].Maps = 2, 2, 10
	m, err := train.Untrained(side)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := Features(m, 2); err != nil || f[0].Rows != 13+4+2*2+4*6 {
		t.Errorf("%v, %d rows", err, f[0].Rows)
	}
}

// With pooling that repeats a neuron hears the same input several times.
func TestRoadRepeats(t *testing.T) {
	p, _ := preset.Lookup("bose2024")
	e := p.Experiment.Clone()
	e.Layers[1].Maps, e.Layers[2].Maps = 20, 10
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	_, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	predictor, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFollower(m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		r := f.Follow(test.Image(i))
		if want := predictor.Predict(test.Image(i)); r.Decision != want {
			t.Errorf("image %d: %v; want %v", i, r.Decision, want)
		}
		if n := r.Stations[0].Pooled.Spikes(); len(r.Stations[0].Events.Index) <= n {
			t.Errorf("image %d: %d spikes of %d neurons", i, len(r.Stations[0].Events.Index), n)
		}
		w := r.Decision.Winner
		v := r.Potentials(2, w.Neuron)
		if c := m.Network.Layers[2]; v[len(v)-1] != c.Potential(w.Potential) {
			t.Errorf("image %d: the winner ends at %v, decided with %v", i, v[len(v)-1], c.Potential(w.Potential))
		}
	}
}
