package train_test

import (
	"path/filepath"
	"testing"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A predictor decides as the network does when it is sent through step by
// step: same winner, same runner-up, same potentials. So it does for layers
// whose weights make it need the time axis, and for a last layer with a
// threshold.
func TestPredict(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*train.Experiment)
	}{
		{"no time axis", func(*train.Experiment) {}},
		{"negative weights", func(e *train.Experiment) {
			e.Layers[1].Weights = train.Normal{Mean: .3, Std: .3}
			e.Layers[1].Learn.Epochs = 0
		}},
		{"last threshold", func(e *train.Experiment) { e.Layers[2].Threshold = 30 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := small()
			c.change(&e)
			dir := filepath.Join(t.TempDir(), "run")
			run(t, dir, e, train.Options{})
			m, err := train.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "negative weights" && !m.Network.TimeMatters(2) {
				t.Fatal("time does not matter")
			}
			first, err := m.Predictor()
			if err != nil {
				t.Fatal(err)
			}
			encoder, err := encode.New(e.Encode, 28, 28)
			if err != nil {
				t.Fatal(err)
			}
			_, test := mnist(t)
			var in spike.Map
			var p snn.Pass
			decided, unsure := 0, 0
			another := first.Another()
			for i := range 100 {
				encoder.Encode(test.Image(i), &in)
				want := m.Decision.Decide(m.Network.Layers[2].Convolution.Out(), m.Network.Forward(&in, &p, nil))
				if got := first.Predict(test.Image(i)); got != want {
					t.Fatalf("image %d: decision %+v; want %+v", i, got, want)
				}
				if got := another.Predict(test.Image(i)); got != want {
					t.Fatalf("image %d: another predictor's decision is %+v; want %+v", i, got, want)
				}
				if want.Class >= 0 {
					decided++
				}
				if want.RunnerUp >= 0 {
					unsure++
				}
			}
			seen := 0
			another.Classes(100, test.Image, func(i, class int) {
				if want := first.Predict(test.Image(i)).Class; i != seen || class != want {
					t.Fatalf("image %d of many: class %d; want %d", i, class, want)
				}
				seen++
			})
			if seen != 100 {
				t.Errorf("%d of 100 images decided", seen)
			}
			if decided == 0 || unsure == 0 {
				t.Errorf("%d decisions, %d with a runner-up", decided, unsure)
			}

			// Rounded, written and read again it decides the same.
			third, err := reread(t, m).Predictor()
			if err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				if got, want := third.Predict(test.Image(i)), first.Predict(test.Image(i)); got != want {
					t.Fatalf("image %d: rounded it is decided %+v; want %+v", i, got, want)
				}
			}
		})
	}
}
