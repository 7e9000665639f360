package inspect_test

import (
	"testing"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/preset"
	"firstspike/readout"
	"firstspike/train"
)

// On its road an image is decided as a predictor does, by a linear SVM too, and as
// long as none is learned not at all.
func TestRoadSVM(t *testing.T) {
	p, _ := preset.Lookup("kheradpisheh2018")
	for _, features := range []string{train.FeaturesFired, train.FeaturesLatency} {
		p.Readout.SVM.Features = features
		m, err := train.Untrained(p.Experiment)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.SVM.Weights {
			m.SVM.Weights[i] = float32(i*i%13) - 6
		}
		asked, err := m.Predictor()
		if err != nil {
			t.Fatal(err)
		}
		_, test, err := dataset.MNIST()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			road, err := inspect.Follow(m, test.Image(i))
			if err != nil {
				t.Fatal(err)
			}
			if d := asked.Predict(test.Image(i)); d != road.Decision || d.Class == readout.None {
				t.Errorf("image %d is %+v, and on its road %+v", i, d, road.Decision)
			}
		}
		m.SVM = nil
		road, err := inspect.Follow(m, test.Image(0))
		if err != nil || road.Decision.Class != readout.None {
			t.Errorf("without an SVM %+v, %v", road.Decision, err)
		}
	}
}
