package train

import (
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"firstspike/dataset"
	"firstspike/snn"
)

// A term is what an epoch of the layer that decides has come to.
type term struct {
	end        EpochEnd // without its times
	adaptation snn.Adaptation
	weights    []uint32 // their bits
}

func termOf(t *Trainer, end EpochEnd) term {
	end.Seconds, end.PerSecond = 0, 0
	s := term{end: end, adaptation: t.model.State.Adaptation}
	for _, w := range t.model.Network.Layers[t.model.State.Layer].Weights() {
		s.weights = append(s.weights, math.Float32bits(w))
	}
	return s
}

// oneByOne trains as Run does, but lets the layer that decides learn image by
// image and step by step.
func oneByOne(test *testing.T, t *Trainer) []term {
	test.Helper()
	must := func(err error) {
		test.Helper()
		if err != nil {
			test.Fatal(err)
		}
	}
	ctx, e, s := test.Context(), t.model.Experiment, &t.model.State
	last := len(e.Layers) - 1
	for ; s.Layer < last; s.Layer, s.Epoch, s.Image, s.Score = s.Layer+1, 0, 0, (Score{}) {
		must(t.learnLayer(ctx, s.Layer))
	}
	s.Adaptation = t.adaptation(last)
	layer, c := e.Layers[last], t.model.Network.Layers[last].Convolution
	var err error
	t.inputs, err = t.advance(ctx, t.inputs, t.train, last, false)
	must(err)
	t.held, err = t.advance(ctx, t.held, t.judges(), last, false)
	must(err)
	var terms []term
	for ; s.Epoch < layer.Learn.Epochs; s.Epoch, s.Image, s.Score = s.Epoch+1, 0, (Score{}) {
		must(t.reward(ctx, layer, c, e.order(layer, s.Epoch, t.train.Len())))
		score := s.Score
		end := EpochEnd{Layer: layer.Name, Epoch: s.Epoch, Epochs: layer.Learn.Epochs, Presentations: s.Presentations, Shown: (s.Epoch + 1) * t.train.Len(), Train: &score, Convergence: c.Convergence(),
			Weights: histogram(c.Weights(), layer.Learn.Lower, layer.Learn.Upper)}
		must(t.choose(ctx, &end))
		terms = append(terms, termOf(t, end))
	}
	return terms
}

// A layer that decides learns in blocks what it learns image by image: after
// every epoch the scores and, to the last bit, the weights are the same.
func TestBlocksLearnAsImagesDo(t *testing.T) {
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e *Experiment, l *Learn){
		"in order":            func(*Experiment, *Learn) {},
		"shuffled":            func(_ *Experiment, l *Learn) { l.Shuffle = true },
		"dropout":             func(_ *Experiment, l *Learn) { l.Dropout = 0.4 },
		"shuffled, dropout":   func(_ *Experiment, l *Learn) { l.Shuffle, l.Dropout = true, 0.4 },
		"stabilised":          func(_ *Experiment, l *Learn) { l.Stabiliser = true },
		"never adapted":       func(_ *Experiment, l *Learn) { l.Punish.Adapt = 0 },
		"chosen on the test":  func(e *Experiment, l *Learn) { e.Protocol.Kind, e.Data.Limit, l.Dropout = ProtocolPaper, 600, 0.4 },
		"more maps":           func(e *Experiment, l *Learn) { e.Layers[1].Maps, l.Dropout, l.Shuffle = 130, 0.1, true },
		"weights below zero":  func(e *Experiment, l *Learn) { e.Layers[1].Weights, l.Lower = Normal{Mean: 0, Std: 0.1}, -0.5 },
		"faster, from beyond": func(e *Experiment, l *Learn) { l.APlus, l.AMinus, l.Upper = 0.05, -0.04, 0.7 },
	} {
		t.Run(name, func(t *testing.T) {
			// Neither epochs nor the images held out are whole blocks.
			e := twoLayers()
			e.Data.Limit, e.Protocol = 900, Protocol{Kind: ProtocolValidation, Validation: 300}
			l := &e.Layers[1].Learn
			l.Epochs, l.Shuffle = 4, false
			change(&e, l)
			o := Options{Train: learn, Test: test.Limit(300), Workers: 2}
			plain, err := Create(filepath.Join(t.TempDir(), "plain"), e, o)
			if err != nil {
				t.Fatal(err)
			}
			defer plain.Close()
			want := oneByOne(t, plain)

			blocks, err := Create(filepath.Join(t.TempDir(), "blocks"), e, o)
			if err != nil {
				t.Fatal(err)
			}
			defer blocks.Close()
			var got []term
			blocks.Watch(ObserverFunc(func(ev Event) {
				if end, ok := ev.(EpochEnd); ok && end.Layer == e.Layers[1].Name {
					got = append(got, termOf(blocks, end))
				}
			}))
			if _, err := blocks.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) || len(want) != l.Epochs {
				t.Fatalf("%d epochs; want %d", len(got), len(want))
			}
			for i := range want {
				if !reflect.DeepEqual(got[i].end, want[i].end) {
					t.Errorf("epoch %d: %v; want %v", i, scores(got[i].end), scores(want[i].end))
				}
				if got[i].adaptation != want[i].adaptation {
					t.Errorf("epoch %d: %+v; want %+v", i, got[i].adaptation, want[i].adaptation)
				}
				if !slices.Equal(got[i].weights, want[i].weights) {
					t.Errorf("epoch %d: the weights differ", i)
				}
				if s := want[i].end.Train; s.Right == 0 || s.Wrong == 0 || i > 0 && slices.Equal(want[i].weights, want[i-1].weights) {
					t.Errorf("epoch %d: score %+v; the test shows little", i, *s)
				}
			}
			if !slices.Equal(blocks.model.best, plain.model.best) {
				t.Error("another epoch's network is kept")
			}
		})
	}
}

// scores are those of an epoch.
func scores(end EpochEnd) []any {
	list := []any{end.Presentations, end.Best, end.Convergence}
	for _, s := range []*Score{end.Train, end.Validation, end.Test} {
		if s != nil {
			list = append(list, *s)
		}
	}
	return list
}
