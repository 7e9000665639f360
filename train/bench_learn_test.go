package train

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/snn"
)

// twoLayers is a network that learns in a moment: one layer without reward, and
// one that decides.
func twoLayers() Experiment {
	initial := Normal{Mean: 0.8, Std: 0.05}
	return Experiment{
		Name: "small", Seed: 5,
		Data:     Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10, Limit: 330},
		Protocol: Protocol{Kind: ProtocolPaper},
		Encode: encode.Config{
			Steps: 15, Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
			Pad: 3, Threshold: 50,
		},
		Layers: []Layer{
			{Name: "s1", Maps: 8, Kernel: snn.Size{Rows: 5, Cols: 5}, Pad: 2, Threshold: 6, Fires: snn.Above,
				Weights: initial, Pool: Pool{Window: 4}, Learn: Learn{
					Rule: RuleSTDP, Epochs: 1, K: 5, Radius: 1, Pointwise: true, APlus: 0.004, AMinus: -0.003, Stabiliser: true, Upper: 1,
					Doubling: Doubling{Every: 50, Max: 0.15, Ratio: -0.75},
				}},
			{Name: "s2", Maps: 20, Kernel: snn.Size{Rows: 5, Cols: 5}, Threshold: math.Inf(1), Fires: snn.Above,
				Weights: initial, Learn: Learn{
					Rule: RuleRSTDP, Epochs: 2 + warmEpochs, K: 1, APlus: 0.004, AMinus: -0.003, Lower: 0.2, Upper: 0.8, Shuffle: true,
					Punish: Punish{APlus: -0.004, AMinus: 0.0005, Adapt: 100},
				}},
		},
	}
}

// A stage that learns does what a training does: after as many images it has
// the same weights, at every repeat.
func TestBenchLearnsAsTrainingDoes(t *testing.T) {
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	e := twoLayers()
	dir := filepath.Join(t.TempDir(), "run")
	tr, err := Create(dir, e, Options{Train: learn, Test: test.Limit(10)})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	work := func(m *Model, stage string) *Work {
		t.Helper()
		b, err := NewBench(m, m.Experiment.Data.Limit, Options{Train: learn, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		w, err := b.Prepare(t.Context(), stage)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	weights := func(w *Work, i int) []float32 { return w.trainer.model.Network.Layers[i].Weights() }

	// From initial weights a layer without reward comes to those of the run.
	m, err := Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	w := work(m, "s1")
	for range 2 {
		w.Begin()
		for _, n := range []int{1, 100, 229} {
			if err := w.Do(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(weights(w, 0), tr.model.Network.Layers[0].Weights()) {
			t.Error("s1 has not the weights of the training")
		}
	}

	// One with reward does too, behind the layer that has learned. If it is
	// late, epochs lie behind it when it begins.
	if err := m.Network.Layers[0].SetWeights(tr.model.Network.Layers[0].Weights()); err != nil {
		t.Fatal(err)
	}
	for stage, epochs := range map[string]int{"s2" + StageEarly: 2 + warmEpochs, "s2" + StageLate: 2} {
		w := work(m, stage)
		w.Begin()
		for _, n := range []int{epochs*w.Epoch - 250, 250} {
			if err := w.Do(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(weights(w, 1), tr.model.Network.Layers[1].Weights()) {
			t.Errorf("%s has not the weights of the training", stage)
		}
		if w.trainer.model.State.Adaptation != tr.model.State.Adaptation {
			t.Errorf("%s: %+v, not %+v", stage, w.trainer.model.State.Adaptation, tr.model.State.Adaptation)
		}
	}

	// Of a model that has learned it goes on from the adaptation of the run.
	loaded, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := loaded.State.Adaptation
	late := work(loaded, "s2"+StageLate)
	for range warmEpochs * late.Epoch {
		want.Count(snn.Silent)
	}
	if got := late.trainer.model.State.Adaptation; got.Seen != want.Seen {
		t.Errorf("after epochs of %d images %d are counted, not %d", late.Epoch, got.Seen, want.Seen)
	}
}
