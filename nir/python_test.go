package nir_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/nir"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
	"firstspike/train"
)

var (
	python  = flag.String("python", cmp.Or(os.Getenv("FIRSTSPIKE_PYTHON"), "python3"), "Python that has the packages nir and numpy")
	network = flag.String("network", "", "hold the graph of this run against its decisions, instead of small networks; a minute for 1,000 digits and mozafari2018")
	images  = flag.Int("images", 100, "how many test images")
	keep    = flag.String("keep", "", "leave network.nir and spikes.npz in this folder")
)

// The graph, read by the Python package nir and computed by a simulator that knows
// nothing of this program, decides as this program does.
func TestPython(t *testing.T) {
	if out, err := exec.Command(*python, "-c", "import nir, numpy").CombinedOutput(); err != nil {
		if *network != "" {
			t.Fatalf("%s: %v: %s", *python, err, out)
		}
		t.Skipf("%s has no package nir: pip install nir", *python)
	}
	if *network != "" {
		m, err := train.Load(*network)
		if err != nil {
			t.Fatal(err)
		}
		_, test, err := dataset.OpenWith(m.Experiment.Data.Source, m.Experiment.Data.Options())
		if err != nil {
			t.Fatal(err)
		}
		hold(t, m, test.Limit(*images))
		return
	}
	test, err := dataset.MNISTTest()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*train.Experiment){
		"waits": func(*train.Experiment) {},
		"first spike": func(e *train.Experiment) {
			e.Layers[1].Threshold, e.Layers[1].Fires = 30, snn.AtLeast
		},
		"ramp": func(e *train.Experiment) {
			e.Layers[1].Threshold, e.Layers[1].Ramp = 150, true
		},
		"svm": func(e *train.Experiment) {
			e.Layers[1].Threshold, e.Readout.Rule = 30, train.ReadoutSVM
			e.Readout.SVM.Features = train.FeaturesLatency
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := small()
			change(&e)
			m, err := train.Untrained(e)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Network.Layers[0].SetThresholds([]float64{5, 6.3, 7, 6, 5.5, 8}); err != nil {
				t.Fatal(err)
			}
			if m.SVM != nil {
				for i := range m.SVM.Weights {
					m.SVM.Weights[i] = float32(math.Sin(float64(i)))
				}
			}
			hold(t, m, test.Limit(20))
		})
	}
}

// small is a network with its initial weights.
func small() train.Experiment {
	initial := train.Normal{Mean: .5, Std: .2}
	stdp := train.Learn{Rule: train.RuleSTDP, Epochs: 1, K: 1, APlus: .004, AMinus: -.003, Stabiliser: true, Upper: 1}
	return train.Experiment{
		Name: "small", Seed: 1,
		Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10},
		Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 100},
		Encode:   encode.Config{Steps: 15, Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}}, Pad: 3, Threshold: 50, Normalise: 8},
		Layers: []train.Layer{
			{Name: "s1", Maps: 6, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2, Threshold: 6, Fires: snn.Above, Weights: initial, Pool: train.Pool{Window: 2, Stride: 2}, Learn: stdp},
			{Name: "s2", Maps: 20, Kernel: snn.Size{Rows: 14, Cols: 14}, Stride: 1, Threshold: math.Inf(1), Fires: snn.Above, Weights: initial, Learn: stdp},
		},
		Readout: train.Readout{},
	}
}

// hold writes the graph of a model and the spikes of images, and lets Python
// compare.
func hold(t *testing.T, m *train.Model, s *dataset.Set) {
	t.Helper()
	dir := *keep
	if dir != "" {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if dir == "" {
		dir = t.TempDir()
	}
	g, err := nir.New(m)
	if err != nil {
		t.Fatal(err)
	}
	var file, spikes bytes.Buffer
	if err := g.Write(&file); err != nil {
		t.Fatal(err)
	}
	encoder, err := m.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	var first []uint8
	var decisions []int
	var in spike.Map
	for i := range s.Len() {
		encoder.Encode(s.Image(i), &in)
		first = append(first, in.Major()...)
		decisions = append(decisions, p.Predict(s.Image(i)).Class)
	}
	shape := encoder.Shape()
	a, err := tensorfile.From("first", []int{s.Len(), shape.Maps, shape.Rows, shape.Cols}, first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := tensorfile.From("decisions", []int{s.Len()}, decisions)
	if err != nil {
		t.Fatal(err)
	}
	if err := tensorfile.WriteNPZ(&spikes, &tensorfile.File{Tensors: []tensorfile.Tensor{a, b}}, zip.Deflate); err != nil {
		t.Fatal(err)
	}
	graph, npz := filepath.Join(dir, "network.nir"), filepath.Join(dir, "spikes.npz")
	for path, content := range map[string][]byte{graph: file.Bytes(), npz: spikes.Bytes()} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(*python, filepath.Join("check", "run.py"), graph, npz).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
