package train_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/tensorfile"
	"firstspike/train"
)

// supervised makes an experiment one of a layer that learns from patches, with
// homeostasis, and of one that is told when to fire.
func supervised(e *train.Experiment) {
	e.Encode = encode.Config{
		Steps: 60, Pad: 3, Border: encode.BorderEdge, Threshold: 0.01, Latency: encode.LatencyLinear, Fitted: true,
		Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
	}
	e.Layers = []train.Layer{{
		Name: "s1", Maps: 12, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Threshold: 5, Fires: snn.Above,
		Weights: train.Normal{Mean: 0.5, Std: 0.01}, Pool: train.Pool{Window: 4, Stride: 4},
		Learn: train.Learn{
			Rule: train.RuleSTDP, Epochs: 3, Shuffle: true, K: 1, Patch: true, Exponential: true,
			APlus: 0.1, AMinus: -0.1, Upper: 1, Decay: 0.9,
			Homeostasis: train.Homeostasis{Rate: 1, Target: 0.75, Least: 2},
		},
	}, {
		Name: "s2", Maps: 30, Kernel: snn.Size{Rows: 6, Cols: 6}, Stride: 1, Threshold: 20, Fires: snn.AtLeast,
		Weights: train.Normal{Mean: 0.3, Std: 0.01},
		Learn: train.Learn{
			Rule: train.RuleS2STDP, Epochs: 4, Shuffle: true, K: 1, Patience: 3,
			APlus: 0.1, AMinus: -0.1, Upper: 1, Decay: 0.9,
			Timing: train.Timing{Gap: 0.05, Spare: 1, Normalise: true, Rate: 1, Decay: 0.5},
		},
	}}
}

func augmented(e *train.Experiment) {
	supervised(e)
	e.Layers[1].Learn.Epochs = 2
	e.Layers[1].Learn.Augment = train.Augment{Shift: 1, Turn: 10, Grow: 0.1, Slant: 0.1, Mirror: true}
	e.Layers[1].Learn.Timing.Temperature, e.Layers[1].Learn.Timing.Mean = 0.01, true
}

// The network decides in the same way, read from the run, from its files and from
// one that was rounded, and has learned something.
func TestSupervisedSaved(t *testing.T) {
	e := small()
	supervised(&e)
	dir := filepath.Join(t.TempDir(), "run")
	report := run(t, dir, e, train.Options{})
	if report.Test.Right < 140 || report.Validation.Images() != 100 {
		t.Errorf("%+v", report.Test.Score)
	}
	_, test := mnist(t)
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "checkpoint.safetensors")} {
		m, err := train.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if h := m.Network.Layers[0].Thresholds(); len(h) != 12 || slices.Min(h) < 2-1e-6 || slices.Max(h) == slices.Min(h) {
			t.Errorf("thresholds %v", h)
		}
		if m.Range == nil || slices.Max(m.Range.High) <= 0 {
			t.Error("no range of the inputs")
		}
		for _, m := range []*train.Model{m, reread(t, m)} {
			if got, err := m.Test(t.Context(), test, 2, nil); err != nil || got.Score != report.Test.Score {
				t.Errorf("%s: %+v, %v; the report has %+v", path, got.Score, err, report.Test.Score)
			}
		}
	}
}

// Weights are looked at every 300 images and after the last: of fewer images the
// mean is what they are at the end.
func TestMean(t *testing.T) {
	learn := func(held int, mean bool) []uint32 {
		e := small()
		supervised(&e)
		e.Protocol.Validation = held
		e.Layers[1].Learn.Epochs, e.Layers[1].Learn.Timing.Mean = 1, mean
		dir := filepath.Join(t.TempDir(), "run")
		run(t, dir, e, train.Options{})
		return weights(t, dir)["s2"]
	}
	all := learn(10, false)
	if few := learn(300, false); !slices.Equal(few, learn(300, true)) {
		t.Error("the mean of one look differs from it")
	}
	if slices.Equal(all, learn(10, true)) {
		t.Error("the mean of two looks is the last")
	}
}

// Learning ends when patience does.
func TestPatience(t *testing.T) {
	e := small()
	supervised(&e)
	e.Layers[1].Learn.Epochs, e.Layers[1].Learn.Patience = 50, 2
	e.Layers[1].Learn.APlus, e.Layers[1].Learn.AMinus = 0, 0 // nothing gets better
	epochs := 0
	learn, test := mnist(t)
	report := run(t, filepath.Join(t.TempDir(), "run"), e, train.Options{Train: learn, Test: test, Observer: train.ObserverFunc(func(ev train.Event) {
		if end, ok := ev.(train.EpochEnd); ok && end.Layer == "s2" {
			epochs++
		}
	})})
	if epochs != 3 || report.Epoch != 0 {
		t.Errorf("%d epochs, of which that from %d was taken", epochs, report.Epoch)
	}
}

func TestSupervisedFaults(t *testing.T) {
	for want, change := range map[string]func(e *train.Experiment){
		"layers.s2.kernel":                   func(e *train.Experiment) { e.Layers[1].Kernel.Rows = 5 },
		"layers.s2.learn.rule":               func(e *train.Experiment) { e.Readout.Rule = train.ReadoutNeurons },
		"layers.s2.learn.lower":              func(e *train.Experiment) { e.Layers[1].Learn.Lower = 0.1 },
		"layers.s2.learn.timing.spare":       func(e *train.Experiment) { e.Layers[1].Learn.Timing.Spare = 3 },
		"layers.s2.learn.timing.gap":         func(e *train.Experiment) { e.Layers[1].Learn.Timing.Gap = 2 },
		"layers.s2.learn.timing.temperature": func(e *train.Experiment) { e.Layers[1].Learn.Timing.Temperature = -1 },
		"layers.s2.learn.timing.decay":       func(e *train.Experiment) { e.Layers[1].Learn.Timing.Rate = 0 },
		"layers.s2.learn.homeostasis":        func(e *train.Experiment) { e.Layers[1].Learn.Homeostasis = e.Layers[0].Learn.Homeostasis },
		"layers.s2.learn.batch":              func(e *train.Experiment) { e.Layers[1].Learn.Batch = 2 },
		"layers.s2.learn.augment.turn":       func(e *train.Experiment) { e.Layers[1].Learn.Augment.Turn = 90 },
		"layers.s2.weights.mean":             func(e *train.Experiment) { e.Layers[1].Weights.Mean = 0 },
		"layers.s1.learn.augment":            func(e *train.Experiment) { e.Layers[0].Learn.Augment.Shift = 1 },
		"layers.s1.learn.timing":             func(e *train.Experiment) { e.Layers[0].Learn.Timing.Gap = 0.1 },
		"layers.s1.learn.patience":           func(e *train.Experiment) { e.Layers[0].Learn.Patience = 1 },
		"layers.s1.learn.patch":              func(e *train.Experiment) { e.Layers[0].Learn.Radius = 1 },
		"layers.s1.learn.exponential":        func(e *train.Experiment) { e.Layers[0].Learn.Stabiliser = true },
		"layers.s1.learn.homeostasis.rate":   func(e *train.Experiment) { e.Layers[0].Learn.Homeostasis.Rate = 0 },
		"layers.s1.learn.decay":              func(e *train.Experiment) { e.Layers[0].Learn.Decay = -1 },
	} {
		e := small()
		supervised(&e)
		if err := e.Faults().Err(); err != nil {
			t.Fatal(err)
		}
		change(&e)
		f := e.Faults()
		if !slices.ContainsFunc(f, func(f train.Fault) bool { return f.Path == want }) {
			t.Errorf("want a fault of %s, have %v", want, f)
		}
	}
}

// Files whose thresholds or ranges do not fit the experiment are refused.
func TestSupervisedHostile(t *testing.T) {
	e := small()
	supervised(&e)
	e.Layers[0].Learn.Epochs, e.Layers[1].Learn.Epochs = 1, 1
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, e, train.Options{})
	whole, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	const thresholds, low, high = "s1.threshold", "encode.range.low", "encode.range.high"
	nan := []byte{0, 0, 0xc0, 0x7f}
	for name, change := range map[string]func(*tensorfile.File){
		"as it is":               func(*tensorfile.File) {},
		"few thresholds":         func(f *tensorfile.File) { x := tensor(f, thresholds); x.Shape, x.Data = []int{11}, x.Data[:88] },
		"threshold not a number": func(f *tensorfile.File) { copy(tensor(f, thresholds).Data, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}) },
		"threshold below 0":      func(f *tensorfile.File) { tensor(f, thresholds).Data[7] |= 0x80 },
		"no upper end":           func(f *tensorfile.File) { remove(f, high) },
		"no range":               func(f *tensorfile.File) { remove(f, high); remove(f, low) },
		"wrong shape":            func(f *tensorfile.File) { tensor(f, low).Shape = []int{2, 28, 28} },
		"not a number":           func(f *tensorfile.File) { copy(tensor(f, low).Data, nan) },
		"state":                  func(f *tensorfile.File) { f.Metadata["state"] = `{"layer":1,"thresholds":[1,2]}` },
	} {
		if err := misread(t, whole, name, change); (err == nil) != (name == "as it is") {
			t.Errorf("%s: read with %v", name, err)
		}
	}
}
