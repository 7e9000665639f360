package train_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/readout"
	"firstspike/tensorfile"
	"firstspike/train"
)

// svm makes an experiment one that is read by a linear SVM, behind the pooling of
// its last layer.
func svm(e *train.Experiment) {
	e.Layers = e.Layers[:2]
	e.Layers[1].Pool = train.Pool{Window: 2, Stride: 2, Pad: 1}
	e.Layers[1].Learn.Epochs, e.Layers[1].Learn.Inhibited = 3, true
	e.Readout = train.Readout{Rule: train.ReadoutSVM, SVM: train.SVM{C: []float64{0.01, 0.5}, Tolerance: 0.01, Passes: 100}}
}

// The network decides in the same way, read from the run, from its files and from
// one that was rounded.
func TestSVMSaved(t *testing.T) {
	for _, features := range []string{"", train.FeaturesLatency} {
		e := small()
		svm(&e)
		e.Readout.SVM.Features = features
		dir := filepath.Join(t.TempDir(), "run")
		report := run(t, dir, e, train.Options{})
		if report.Test.Right < 120 || report.SVM == nil || report.SVM.Tried != 2 || report.Validation.Images() != 100 {
			t.Errorf("features %q: %+v, SVM %+v", features, report.Test.Score, report.SVM)
		}
		if report.SVM.Train.Images() != 500 || report.SVM.Features != 20*8*8 {
			t.Errorf("learned from %+v", report.SVM)
		}
		_, test := mnist(t)
		for _, path := range []string{dir, filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "checkpoint.safetensors")} {
			m, err := train.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []*train.Model{m, reread(t, m)} {
				if got, err := m.Test(t.Context(), test, 2, nil); err != nil || got.Score != report.Test.Score {
					t.Errorf("%s: %+v, %v; the report has %+v", path, got.Score, err, report.Test.Score)
				}
			}
		}
	}
}

// What fires is the same to the readout wherever it is computed, and the C that is
// right most often on the validation images is the one that is kept.
func TestSVMChoice(t *testing.T) {
	e := small()
	svm(&e)
	e.Layers[1].Learn.Epochs = 1
	e.Readout.SVM.C = []float64{1e-6, 0.01, 1e-5}
	var fits []train.Fitted
	learn, test := mnist(t)
	report := run(t, filepath.Join(t.TempDir(), "run"), e, train.Options{Train: learn, Test: test, Observer: train.ObserverFunc(func(ev train.Event) {
		if f, ok := ev.(train.Fitted); ok {
			fits = append(fits, f)
		}
	})})
	best := 0
	for i, f := range fits {
		if f.C != e.Readout.SVM.C[i] || f.Tried != i+1 || f.Validation.Images() != 100 {
			t.Errorf("fit %d is %+v", i, f)
		}
		if f.Validation.Right > fits[best].Validation.Right {
			best = i
		}
	}
	if len(fits) != 3 || report.SVM.C != fits[best].C || *report.Validation != *fits[best].Validation || report.SVM.Tried != 3 {
		t.Errorf("%+v was chosen of %+v", report.SVM, fits)
	}
}

// Wherever the learning of the readout is stopped, it ends with the same bits, for
// any number of workers.
func TestSVMResume(t *testing.T) {
	e := small()
	svm(&e)
	e.Layers[1].Learn.Epochs = 1
	want := filepath.Join(t.TempDir(), "want")
	run(t, want, e, train.Options{Workers: 1})
	learn, test := mnist(t)
	dir := filepath.Join(t.TempDir(), "run")
	o := train.Options{Train: learn, Test: test, Workers: 3}
	tr, err := train.Create(dir, e, o)
	for i, stop := range []func(train.Event) bool{
		func(ev train.Event) bool {
			s, ok := ev.(train.Stage)
			return ok && s.Name == "computing what the readout learns from"
		},
		func(ev train.Event) bool {
			s, ok := ev.(train.Stage)
			return ok && s.Name == "learning the readout with C = 0.01"
		},
		func(ev train.Event) bool { _, ok := ev.(train.Fitted); return ok },
		func(ev train.Event) bool {
			s, ok := ev.(train.Stage)
			if ok && s.Name == "learning the readout with C = 0.01" {
				t.Error("what was learned is learned again")
			}
			return ok && s.Name == "testing"
		},
	} {
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		tr.Watch(train.ObserverFunc(func(ev train.Event) {
			if stop(ev) {
				cancel()
			}
		}))
		if _, err := tr.Run(ctx); !errors.Is(err, train.ErrInterrupted) && i < 3 {
			t.Fatalf("stop %d: %v", i, err)
		}
		tr.Close()
		if i == 0 {
			m, err := train.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Predictor(); err == nil || !strings.Contains(err.Error(), "not learned yet") {
				t.Errorf("a network without its readout decides: %v", err)
			}
		}
		if tr, err = train.Resume(dir, o); errors.Is(err, train.ErrFinished) {
			break
		}
	}
	if err == nil {
		_, err = tr.Run(t.Context())
		tr.Close()
	}
	if err != nil && !errors.Is(err, train.ErrFinished) {
		t.Fatal(err)
	}
	same(t, "model", weights(t, want), weights(t, dir))
	a, _ := train.ReadReport(want)
	b, err := train.ReadReport(dir)
	if err != nil || a.Test.Score != b.Test.Score || *a.Validation != *b.Validation || a.SVM.C != b.SVM.C {
		t.Errorf("report %+v, %v; want %+v", b, err, a)
	}
}

// With the protocol "paper" all images are learned from, and nothing is validated.
func TestSVMPaper(t *testing.T) {
	e := small()
	svm(&e)
	e.Protocol.Kind, e.Readout.SVM.C, e.Readout.SVM.Loss = train.ProtocolPaper, nil, train.LossHinge
	tests := 0
	report := run(t, filepath.Join(t.TempDir(), "run"), e, train.Options{Observer: train.ObserverFunc(func(ev train.Event) {
		if s, ok := ev.(train.Stage); ok && s.Name == "testing" && s.Done == s.Total {
			tests++
		}
		if end, ok := ev.(train.EpochEnd); ok && (end.Test != nil || end.Best) {
			t.Errorf("epoch %d of %s was judged", end.Epoch, end.Layer)
		}
	})})
	if report.SVM.Train.Images() != 600 || report.Validation != nil || report.BestOnTest != nil || report.SVM.C != 1 || tests != 1 {
		t.Errorf("%+v, tested %d times", report.SVM, tests)
	}
}

func TestSVMFaults(t *testing.T) {
	for want, change := range map[string]func(*train.Experiment){
		"readout.svm.c: -1;":                               func(e *train.Experiment) { e.Readout.SVM.C[1] = -1 },
		"readout.svm.c: NaN;":                              func(e *train.Experiment) { e.Readout.SVM.C[1] = math.NaN() },
		"readout.svm.c: 2 values, and protocol":            func(e *train.Experiment) { e.Protocol.Kind = train.ProtocolPaper },
		"readout.svm.c: 101 values;":                       func(e *train.Experiment) { e.Readout.SVM.C = slices.Repeat([]float64{0.1}, 101) },
		"readout.svm.loss: \"log\";":                       func(e *train.Experiment) { e.Readout.SVM.Loss = "log" },
		"readout.svm.features: \"rate\";":                  func(e *train.Experiment) { e.Readout.SVM.Features = "rate" },
		"readout.svm.tolerance: -1;":                       func(e *train.Experiment) { e.Readout.SVM.Tolerance = -1 },
		"readout.svm.passes: -1;":                          func(e *train.Experiment) { e.Readout.SVM.Passes = -1 },
		"readout.svm: has no effect under":                 func(e *train.Experiment) { e.Readout.Rule = "" },
		"layers.s2.pool: the last layer's decision":        func(e *train.Experiment) { e.Readout.Rule = "labels" },
		"layers.s2.pool.repeats: has no effect":            func(e *train.Experiment) { e.Layers[1].Pool.Repeats = true },
		"readout.rule: \"svm\": reward needs":              func(e *train.Experiment) { e.Layers[1].Learn.Rule = train.RuleRSTDP },
		"layers.s2.learn.inhibited: \"rstdp\" learns from": func(e *train.Experiment) { e.Layers[1].Learn.Rule = train.RuleRSTDP },
		"readout.rule: \"svm\" needs 1024000 weights for":  func(e *train.Experiment) { e.Layers[1].Maps, e.Data.Classes = 16000, 100 },
	} {
		e := small()
		svm(&e)
		change(&e)
		if got := e.Faults().String(); !strings.Contains(got, want) {
			t.Errorf("faults %q; want %q", got, want)
		}
	}
}

// Files whose SVM does not fit the experiment are refused.
func TestSVMHostile(t *testing.T) {
	e := small()
	svm(&e)
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	const weight, bias = "readout.svm.weight", "readout.svm.bias"
	for name, change := range map[string]func(*tensorfile.File){
		"no bias":      func(f *tensorfile.File) { remove(f, bias) },
		"wrong shape":  func(f *tensorfile.File) { tensor(f, weight).Shape = []int{10 * 20 * 8 * 8} },
		"wrong bias":   func(f *tensorfile.File) { tensor(f, bias).Shape = []int{2, 5} },
		"not a number": func(f *tensorfile.File) { copy(tensor(f, weight).Data, []byte{0, 0, 0xc0, 0x7f}) },
		"wrong readout": func(f *tensorfile.File) {
			f.Metadata["experiment"] = strings.Replace(f.Metadata["experiment"], "'svm'", "'labels'", 1)
		},
		"strange state": func(f *tensorfile.File) { f.Metadata["state"] = `{"svm":{"tried":3}}` },
		"state of none": func(f *tensorfile.File) { f.Metadata["state"] = `{"svm":{}}` },
	} {
		if err := misread(t, b.Bytes(), name, change); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
	// Untrained it decides for nothing in particular, and silence stays silence.
	p, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	if d := p.Predict(make([]byte, 28*28)); d.Class != readout.None {
		t.Errorf("nothing is taken for %d", d.Class)
	}
}

func tensor(f *tensorfile.File, name string) *tensorfile.Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

func remove(f *tensorfile.File, name string) {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			f.Tensors = append(f.Tensors[:i], f.Tensors[i+1:]...)
			return
		}
	}
}

// misread is the error with which a file of that name is read, once it is changed.
func misread(t *testing.T, file []byte, name string, change func(*tensorfile.File)) error {
	t.Helper()
	f, err := tensorfile.ReadSafetensors(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	change(f)
	var bad bytes.Buffer
	if err := tensorfile.WriteSafetensors(&bad, f); err != nil {
		t.Fatal(err)
	}
	_, err = train.Read(name, &bad)
	return err
}
