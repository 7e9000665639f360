package lab_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/lab"
	"firstspike/preset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// floats are the weights of a question or an answer.
func floats(t *testing.T, b []byte) []float32 {
	t.Helper()
	if len(b)%4 != 0 {
		t.Fatalf("%d bytes of weights", len(b))
	}
	w := make([]float32, len(b)/4)
	for i := range w {
		w[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return w
}

// some are images of a set.
func some(set *dataset.Set, from, to int) [][]byte {
	var images [][]byte
	for i := from; i < to; i++ {
		images = append(images, set.Image(i%set.Len()))
	}
	return images
}

// A layer that is shown the training images, some with each question, learns
// what it learned in training, to the last bit, and nothing else changes.
func TestLearnIsTraining(t *testing.T) {
	for name, change := range map[string]func(*train.Experiment){
		"mozafari2018": func(e *train.Experiment) { e.Layers[1].Maps = 40 },
		// One winner for each map, wherever it stands.
		"no inhibition": func(e *train.Experiment) {
			e.Layers[1].Maps = 40
			for i := range 2 {
				l := &e.Layers[i].Learn
				l.Pointwise, l.Radius, l.Stabiliser = false, 0, i == 1
			}
		},
		// Inputs that fire many times, several winners of a map, silent winners.
		"bose2024": func(e *train.Experiment) {
			e.Layers[1].Maps = 40
			for i := range 2 {
				e.Layers[i].Learn.Batch, e.Layers[i].Learn.Doubling.Delay = 0, 7
			}
		},
		// The last layer too, which fires at the end.
		"bars-stdp": func(*train.Experiment) {},
	} {
		t.Run(name, func(t *testing.T) {
			p, ok := preset.Lookup(name)
			if !ok {
				p, _ = preset.Lookup(preset.Default)
			}
			e := p.Experiment.Clone()
			change(&e)
			e.Protocol.Kind, e.Data.Limit = train.ProtocolPaper, 120
			for i := range e.Layers {
				l := &e.Layers[i].Learn
				if l.Epochs = 0; l.Rule == train.RuleSTDP {
					l.Epochs, l.Doubling.Every = 2-i, 50
				}
			}
			m, err := trained(e)
			if err != nil {
				t.Fatal(err)
			}
			images, _, err := dataset.Open(e.Data.Source)
			if err != nil {
				t.Fatal(err)
			}
			images = images.Limit(e.Data.Limit)
			l, err := lab.New(m)
			if err != nil {
				t.Fatal(err)
			}
			asked := lab.Question{Ask: everything, Pixels: images.Image(0), Layer: e.Layers[0].Name}
			before, err := l.Answer(asked)
			if err != nil {
				t.Fatal(err)
			}
			for depth, layer := range e.Layers {
				if layer.Learn.Epochs > 0 {
					learns(t, m, l, depth, images)
				}
			}
			if after, err := l.Answer(asked); err != nil || !reflect.DeepEqual(after, before) {
				t.Errorf("%v: the lab's own network has changed", err)
			}
		})
	}
}

// learns lets one layer learn as in the training of a model.
func learns(t *testing.T, m *train.Model, l *lab.Lab, depth int, images *dataset.Set) {
	t.Helper()
	c, layer := m.Network.Layers[depth], m.Experiment.Layers[depth]
	fresh, err := train.Untrained(m.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Learn(lab.Learn{Layer: layer.Name})
	if err != nil || !sameBits(floats(t, d.Weights), fresh.Network.Layers[depth].Weights()) || d.Shown != 0 {
		t.Fatalf("%s: shown nothing, it has other weights than before training; %v", layer.Name, err)
	}
	won, total := make([]int, c.Maps), layer.Learn.Epochs*images.Len()
	q := lab.Learn{Layer: layer.Name}
	for i, n := range []int{1, 63, lab.MostImages, total} { // over the end of an epoch
		q.Images = some(images, d.Shown, min(d.Shown+n, d.Shown+lab.MostImages, total))
		if d, err = l.Learn(q); err != nil {
			t.Fatal(err)
		}
		if len(d.Winners) != len(q.Images) || i == 0 && d.APlus != float32(layer.Learn.APlus) {
			t.Fatalf("%s: %d images have winners of %d; a_plus is %v", layer.Name, len(q.Images), len(d.Winners), d.APlus)
		}
		counts := make([]int, c.Maps)
		for _, winners := range d.Winners {
			for k, w := range winners {
				counts[w.Map]++
				if k > 0 && w.Step < winners[k-1].Step || w.Potential <= 0 {
					t.Fatalf("%s: winner %+v after %+v", layer.Name, w, winners[k-1])
				}
			}
		}
		if !slices.Equal(counts, d.Counts) {
			t.Fatalf("%s: the winners are of the maps %v; counted are %v", layer.Name, counts, d.Counts)
		}
		for m, n := range counts {
			won[m] += n
		}
		if q.Weights, q.Shown = d.Weights, d.Shown; d.Shown == total {
			break
		}
	}
	if d.Shown != total || slices.Max(won) == 0 {
		t.Fatalf("%s: shown %d of %d images; %v won", layer.Name, d.Shown, total, won)
	}
	if !sameBits(floats(t, d.Weights), c.Weights()) {
		t.Fatalf("%s: the weights are not those of the training", layer.Name)
	}
	sheet, err := l.Sheet(layer.Name)
	if err != nil || !reflect.DeepEqual(d.Sheet, sheet) || d.Convergence != c.Convergence() {
		t.Errorf("%s: another sheet, or the convergence %v; %v", layer.Name, d.Convergence, err)
	}
}

// The rate multiplies what the rule says, and whoever learns may be elsewhere
// than training ever was.
func TestLearnRate(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	set, learn := images(t, m), m.Experiment.Layers[1].Learn
	at, err := l.Learn(lab.Learn{Layer: "s2"})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		shown  int
		rate   float64
		factor float64
	}{{0, 0, 1}, {0, 1, 1}, {498, 2.5, 2.5}, {499, 2.5, 5}, {1200, 100, 400}} {
		d, err := l.Learn(lab.Learn{Layer: "s2", Weights: at.Weights, Shown: x.shown, Images: some(set, 0, 1), Rate: x.rate})
		if err != nil || len(d.Winners[0]) == 0 {
			t.Fatalf("%+v, %v", d.Winners, err)
		}
		if float32(float64(float32(learn.APlus))*x.factor) != d.APlus || math.Abs(float64(d.AMinus)-learn.AMinus*x.factor) > 1e-6 {
			t.Errorf("%+v: rates %v and %v", x, d.APlus, d.AMinus)
		}
		taught := with(t, m, nil).Network.Layers[1].Convolution
		if err := taught.SetWeights(floats(t, at.Weights)); err != nil {
			t.Fatal(err)
		}
		rule := snn.STDP{Rates: []snn.Rates{{APlus: d.APlus, AMinus: d.AMinus}}, Stabiliser: true, Upper: 1}
		var scratch snn.Scratch
		var winners []spike.Spike
		for _, w := range d.Winners[0] {
			winners = append(winners, spike.Spike{Neuron: spike.Neuron{Map: w.Map, Row: w.Row, Col: w.Col}, Step: spike.Step(w.Step)})
		}
		rule.Learn(taught, readsAt(t, m, set.Image(0), 1), winners, &scratch)
		if !sameBits(taught.Weights(), floats(t, d.Weights)) {
			t.Errorf("%+v: the rule gives other weights", x)
		}
		at = d
	}
}

func TestLearnFaults(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	good, err := l.Learn(lab.Learn{Layer: "s1"})
	if err != nil {
		t.Fatal(err)
	}
	weights := func(i int, v float32) []byte {
		b := slices.Clone(good.Weights)
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		return b
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	pixels := images(t, m).Image(0)
	for _, x := range []struct {
		q    *lab.Learn
		want string
	}{
		{nil, "nothing says which layer is to learn"},
		{&lab.Learn{}, `there is no layer ""`},
		{&lab.Learn{Layer: "s4"}, `there is no layer "s4"`},
		{&lab.Learn{Layer: "s3"}, `layer s3 learns by "rstdp", which needs labels`},
		{&lab.Learn{Layer: "s1", Weights: good.Weights[4:]}, "layer s1: 17996 bytes of weights; it has 30x6x5x5 = 4500, of 4 bytes each"},
		{&lab.Learn{Layer: "s1", Weights: append(good.Weights[:len(good.Weights):len(good.Weights)], 0)}, "layer s1: 18001 bytes of weights"},
		{&lab.Learn{Layer: "s1", Weights: weights(0, nan)}, "layer s1: weight of map 0, input 0, row 0, column 0 is NaN; it must lie within"},
		{&lab.Learn{Layer: "s1", Weights: weights(151, inf)}, "layer s1: weight of map 1, input 0, row 0, column 1 is +Inf"},
		{&lab.Learn{Layer: "s1", Weights: weights(9, 3e38)}, "is 3e+38; it must lie within"},
		{&lab.Learn{Layer: "s1", Images: [][]byte{pixels, pixels[1:]}}, "image 1: 783 pixels; the network takes images of 28x28"},
		{&lab.Learn{Layer: "s1", Images: slices.Repeat([][]byte{pixels}, lab.MostImages+1)}, "101 images; a layer is shown 100 at a time"},
		{&lab.Learn{Layer: "s1", Rate: -.5}, "rate -0.5; "},
		{&lab.Learn{Layer: "s1", Rate: 100.5}, "rate 100.5; "},
		{&lab.Learn{Layer: "s1", Rate: math.NaN()}, "rate NaN; "},
		{&lab.Learn{Layer: "s1", Shown: -1}, "-1 images shown before; "},
		{&lab.Learn{Layer: "s1", Shown: 1_000_000_001}, "1000000001 images shown before; "},
	} {
		a, err := l.Answer(lab.Question{Ask: []string{"learn"}, Learn: x.q})
		if err == nil || !strings.Contains(err.Error(), x.want) || !reflect.DeepEqual(a, lab.Answer{}) {
			t.Errorf("%v; want %q", err, x.want)
		}
	}
}

// The network before training is that of the experiment's seed, whatever was
// set or taught meanwhile.
func TestUntrained(t *testing.T) {
	each(t, func(t *testing.T, m *train.Model, l *lab.Lab, set *dataset.Set) {
		fresh, err := train.Untrained(m.Experiment)
		if err != nil {
			t.Fatal(err)
		}
		viewer, err := inspect.NewViewer(fresh)
		if err != nil {
			t.Fatal(err)
		}
		l.Teach(set.Image(0), 0)
		settings := map[string]string{fmt.Sprintf("layers.%s.threshold", m.Experiment.Layers[0].Name): "0.5"}
		if len(m.Experiment.Layers) == 1 {
			settings = nil
		}
		for depth, layer := range fresh.Network.Layers {
			for range 2 {
				fm := layer.Maps - 1
				a, err := l.Answer(lab.Question{Ask: []string{"map", "sheet"}, Settings: settings, Untrained: true, Layer: layer.Name, Map: fm})
				if err != nil {
					t.Fatal(err)
				}
				f := viewer.Feature(depth, fm)
				if !slices.Equal(a.Kernel.Weights, layer.Weight(fm)) || !slices.Equal(a.Feature.Values, f.Values) {
					t.Errorf("%s: another map %d", layer.Name, fm)
				}
				features, err := inspect.Features(fresh, depth)
				if err != nil {
					t.Fatal(err)
				}
				for i, f := range features {
					for k, v := range f.Values {
						if want := byte(128 + math.Round(127*float64(v))); a.Sheet.Values[i*len(f.Values)+k] != want {
							t.Fatalf("%s: pixel %d of map %d is %d; want %d", layer.Name, k, i, a.Sheet.Values[i*len(f.Values)+k], want)
						}
					}
				}
				if trained, _, err := l.Map(layer.Name, fm); err != nil || !slices.Equal(trained.Weights, m.Network.Layers[depth].Weight(fm)) {
					t.Errorf("%s: the trained map %d is another, %v", layer.Name, fm, err)
				}
			}
		}
		if _, err := l.Answer(lab.Question{Ask: []string{"map"}, Untrained: true, Layer: "s9"}); err == nil {
			t.Error("there was a layer s9 before training")
		}
	})
}
