package quantize

import (
	"slices"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// Weights of 0.97 and 0.99 instead of 1 are taken back by a threshold that is as
// much lower: then every neuron fires as before.
func TestCalibrate(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	_, set, err := dataset.Open("mnist")
	if err != nil {
		t.Fatal(err)
	}
	for _, maps := range []bool{false, true} {
		networks := make([]*train.Model, 2)
		for i := range networks {
			if networks[i], err = train.Untrained(p.Experiment); err != nil {
				t.Fatal(err)
			}
			s1 := networks[i].Network.Layers[0]
			w := slices.Clone(s1.Weights())
			for k := range w {
				if w[k] = 0; k%3 == 0 {
					w[k] = []float32{1, 0.9375}[i]
				}
			}
			if err := s1.SetWeights(w); err != nil {
				t.Fatal(err)
			}
			if maps {
				if err := s1.SetThresholds(slices.Repeat([]float64{15}, s1.Maps)); err != nil {
					t.Fatal(err)
				}
			}
		}
		m, q := networks[0], networks[1]
		differ := func() (n int) {
			encoder, err := m.Encoder()
			if err != nil {
				t.Fatal(err)
			}
			var pass snn.Pass
			for i := range 20 {
				var in spike.Map
				encoder.Encode(set.Image(i), &in)
				want := slices.Clone(pass.Response(m.Network, &in, 0).First.At)
				for k, s := range pass.Response(q.Network, &in, 0).First.At {
					if s != want[k] {
						n++
					}
				}
			}
			return n
		}
		before := differ()
		if err := Calibrate(t.Context(), m, q, set, 20, 2); err != nil {
			t.Fatal(err)
		}
		s1 := q.Network.Layers[0]
		if after := differ(); before < 100 || after != 0 {
			t.Errorf("%d neurons fire at another step, %d before, with the threshold %v", after, before, s1.ThresholdOf(0))
		}
		if q.Experiment.Layers[0].Threshold != s1.Threshold || s1.Threshold >= 15 || maps && s1.Thresholds()[3] != s1.Threshold {
			t.Errorf("the experiment has the threshold %v, the layer %v, its maps %v", q.Experiment.Layers[0].Threshold, s1.Threshold, s1.Thresholds())
		}
		if s2 := q.Network.Layers[1]; s2.Threshold != 10 {
			t.Errorf("s2, which is as it was, has the threshold %v", s2.Threshold)
		}
	}
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	if err := Calibrate(t.Context(), m, m, set, 0, 1); err == nil {
		t.Error("calibrated on no images")
	}
}
