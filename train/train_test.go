package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/internal/simd"
	"firstspike/snn"
	"firstspike/train"
)

// small is a network of the paper's form that learns in a moment.
func small() train.Experiment {
	initial := train.Normal{Mean: 0.8, Std: 0.05}
	stdp := train.Learn{
		Rule: train.RuleSTDP, Epochs: 1, K: 5, Radius: 1, Pointwise: true,
		APlus: 0.004, AMinus: -0.003, Stabiliser: true, Lower: 0, Upper: 1,
		Doubling: train.Doubling{Every: 50, Max: 0.15, Ratio: -0.75},
	}
	return train.Experiment{
		Name: "small", Seed: 3,
		Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10, Limit: 600},
		Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 100},
		Encode: encode.Config{
			Steps:   15,
			Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
			Pad:     3, Threshold: 50, Normalise: 8,
		},
		Layers: []train.Layer{
			{Name: "s1", Maps: 8, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2, Threshold: 6, Fires: snn.Above,
				Weights: initial, Pool: train.Pool{Window: 2, Stride: 2}, Learn: stdp},
			{Name: "s2", Maps: 20, Kernel: snn.Size{Rows: 3, Cols: 3}, Stride: 1, Pad: 1, Threshold: 5, Fires: snn.Above,
				Weights: initial, Pool: train.Pool{Window: 3, Stride: 3}, Learn: stdp},
			{Name: "s3", Maps: 20, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2, Threshold: math.Inf(1), Fires: snn.Above,
				Weights: initial, Learn: train.Learn{
					Rule: train.RuleRSTDP, Epochs: 3, K: 1, APlus: 0.004, AMinus: -0.003, Lower: 0.2, Upper: 0.8,
					Punish: train.Punish{APlus: -0.004, AMinus: 0.0005, Adapt: 100},
				}},
		},
	}
}

// replica makes an experiment what replications make of it: batches, inputs
// that fire several times, and other winners.
func replica(e *train.Experiment) {
	e.Readout.Rule = train.ReadoutNeurons
	for i := range e.Layers {
		l := &e.Layers[i]
		l.Fires, l.Learn.Batch = snn.AtLeast, 20
		if i < 2 {
			l.Pool.Repeats = true
			l.Learn.Pointwise, l.Learn.Shared, l.Learn.Final, l.Learn.Fill = false, true, true, true
			l.Learn.Doubling.Delay = 21
		}
	}
	e.Layers[0].Pad = 0
	e.Layers[1].Learn.Summed = true
	e.Layers[2].Learn.Punish.Adapt, e.Layers[2].Learn.Punish.Silent = 20, true
}

func mnist(t testing.TB) (learn, test *dataset.Set) {
	t.Helper()
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return learn, test.Limit(200)
}

// run trains an experiment to its end.
func run(t *testing.T, dir string, e train.Experiment, o train.Options) *train.Report {
	t.Helper()
	o.Train, o.Test = mnist(t)
	tr, err := train.Create(dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	report, err := tr.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// reread is a model that was rounded, written and read.
func reread(t *testing.T, m *train.Model) *train.Model {
	t.Helper()
	rounded, err := m.Rounded()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := rounded.Write(&b); err != nil {
		t.Fatal(err)
	}
	if rounded, err = train.Read("network", &b); err != nil {
		t.Fatal(err)
	}
	return rounded
}

// weights are the bits of all weights of a run.
func weights(t *testing.T, path string) map[string][]uint32 {
	t.Helper()
	m, err := train.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]uint32{}
	for _, l := range m.Network.Layers {
		for _, w := range l.Weights() {
			all[l.Name] = append(all[l.Name], math.Float32bits(w))
		}
	}
	if m.SVM != nil {
		for _, w := range append(m.SVM.Bias, m.SVM.Weights...) {
			all["svm"] = append(all["svm"], math.Float32bits(w))
		}
	}
	return all
}

func same(t *testing.T, what string, a, b map[string][]uint32) {
	t.Helper()
	for name := range a {
		if !slices.Equal(a[name], b[name]) {
			t.Errorf("%s: the weights of %s differ", what, name)
		}
	}
	if len(a) != len(b) || len(a) == 0 {
		t.Errorf("%s: %d and %d layers", what, len(a), len(b))
	}
}

func TestRunFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	report := run(t, dir, small(), train.Options{})
	if n := report.Test.Images(); n != 200 {
		t.Errorf("tested %d images, want 200", n)
	}
	if a := report.Test.Accuracy(); a < 0.2 {
		t.Errorf("accuracy %.3f: the network learned nothing", a)
	}
	for _, name := range []string{"experiment.toml", "run.json", "metrics.jsonl", "checkpoint.safetensors", "model.safetensors", "result.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	text, _ := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 5 {
		t.Errorf("%d lines of metrics, want one for each of 5 epochs:\n%s", len(lines), text)
	}
	for _, l := range lines {
		var end train.EpochEnd
		if err := json.Unmarshal([]byte(l), &end); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
	again, err := train.ReadReport(dir)
	if err != nil || again.Test.Score != report.Test.Score {
		t.Errorf("ReadReport = %+v, %v", again.Test.Score, err)
	}
	record, err := train.ReadRecord(dir)
	if err != nil || record.Seed != 3 || len(record.Train.SHA256) != 64 {
		t.Errorf("ReadRecord = %+v, %v", record, err)
	}

	// The stored network gives the reported result.
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, test := mnist(t)
	r, err := m.Test(t.Context(), test, 2, nil)
	if err != nil || r.Score != report.Test.Score {
		t.Errorf("testing the run gives %+v, %v; its report says %+v", r.Score, err, report.Test.Score)
	}
	sum := 0
	for label := range r.Confusion {
		sum += r.Class(label).Images()
	}
	if sum != 200 {
		t.Errorf("the classes have %d images together, want 200", sum)
	}

	// A complete run is neither overwritten nor continued.
	learn, _ := mnist(t)
	o := train.Options{Train: learn, Test: test}
	if _, err := train.Create(dir, small(), o); !errors.Is(err, train.ErrExists) {
		t.Errorf("Create over a run: %v", err)
	}
	if _, err := train.Resume(dir, o); !errors.Is(err, train.ErrFinished) {
		t.Errorf("Resume of a finished run: %v", err)
	}
}

// Nothing but the experiment and the data may change a bit.
func TestSameBits(t *testing.T) {
	want := filepath.Join(t.TempDir(), "want")
	run(t, want, small(), train.Options{Workers: 1})
	copied := small()
	replica(&copied)
	wantCopied := filepath.Join(t.TempDir(), "want")
	run(t, wantCopied, copied, train.Options{Workers: 1})
	taught := small()
	augmented(&taught)
	wantTaught := filepath.Join(t.TempDir(), "want")
	run(t, wantTaught, taught, train.Options{Workers: 1})
	rivals := small()
	margin(&rivals)
	wantRivals := filepath.Join(t.TempDir(), "want")
	run(t, wantRivals, rivals, train.Options{Workers: 1})
	for _, name := range simd.Names() {
		for _, workers := range []int{1, 2, 5} {
			if err := simd.Use(name); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "run")
			run(t, dir, small(), train.Options{Workers: workers})
			same(t, name, weights(t, want), weights(t, dir))
			if workers < 5 {
				dir := filepath.Join(t.TempDir(), "run")
				run(t, dir, copied, train.Options{Workers: workers})
				same(t, name, weights(t, wantCopied), weights(t, dir))
				dir = filepath.Join(t.TempDir(), "run")
				run(t, dir, taught, train.Options{Workers: workers})
				same(t, name, weights(t, wantTaught), weights(t, dir))
				dir = filepath.Join(t.TempDir(), "run")
				run(t, dir, rivals, train.Options{Workers: workers})
				same(t, name, weights(t, wantRivals), weights(t, dir))
			}
		}
	}
	if err := simd.Use(""); err != nil {
		t.Fatal(err)
	}
	other := small()
	other.Seed++
	dir := filepath.Join(t.TempDir(), "other")
	run(t, dir, other, train.Options{})
	if slices.Equal(weights(t, want)["s3"], weights(t, dir)["s3"]) {
		t.Error("another seed gave the same weights")
	}
}

// A run that was stopped at any point and resumed ends with the bits of one
// that never stopped, whatever its last checkpoint was.
func TestResume(t *testing.T) {
	for name, change := range map[string]func(*train.Experiment){
		"paper's form":      func(*train.Experiment) {},
		"finite threshold":  func(e *train.Experiment) { e.Layers[2].Threshold = 40 },
		"shuffle, dropout":  func(e *train.Experiment) { e.Layers[2].Learn.Shuffle, e.Layers[2].Learn.Dropout = true, 0.3 },
		"protocol paper":    func(e *train.Experiment) { e.Protocol.Kind = train.ProtocolPaper },
		"time and shuffled": func(e *train.Experiment) { e.Layers[1].Learn.Shuffle, e.Layers[2].Threshold = true, 30 },
		"replica":           replica,
		"labels": func(e *train.Experiment) {
			e.Readout.Rule = train.ReadoutLabels
			l := e.Layers[1].Learn
			l.Epochs, l.K = 3, 1
			e.Layers[2].Learn = l
		},
		"labels in batches": func(e *train.Experiment) {
			e.Readout.Rule, e.Protocol.Kind = train.ReadoutLabels, train.ProtocolPaper
			l := e.Layers[1].Learn
			l.Epochs, l.K, l.Batch = 3, 1, 10
			e.Layers[2].Learn = l
		},
		"margin": func(e *train.Experiment) {
			margin(e)
			e.Layers[2].Learn.Shuffle, e.Layers[2].Learn.Dropout = true, 0.3
		},
		"svm": svm, "supervised": supervised, "augmented": augmented,
		"vdsp": func(e *train.Experiment) {
			vdsp(e)
			e.Layers[0].Learn.Epochs = 4
		},
		"svm, batches, latency": func(e *train.Experiment) {
			svm(e)
			e.Layers[1].Learn.Batch, e.Readout.SVM.Features = 10, train.FeaturesLatency
		},
		"replica in time": func(e *train.Experiment) {
			replica(e)
			e.Layers[2].Threshold, e.Layers[2].Learn.Batch, e.Layers[2].Learn.Summed = 40, 7, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := small()
			change(&e)
			want := filepath.Join(t.TempDir(), "want")
			run(t, want, e, train.Options{})
			wantMetrics := metrics(t, want)

			dir := filepath.Join(t.TempDir(), "run")
			learn, test := mnist(t)
			o := train.Options{Train: learn, Test: test, SaveEvery: time.Nanosecond}
			stops := 0
			o.Observer = train.ObserverFunc(func(train.Event) {})
			tr, err := train.Create(dir, e, o)
			for {
				if err != nil {
					t.Fatal(err)
				}
				// Every try gets a few saves further.
				ctx, stop := context.WithCancel(t.Context())
				saves := 0
				tr.Watch(train.ObserverFunc(func(ev train.Event) {
					if _, ok := ev.(train.Saved); ok {
						if saves++; saves == 8 {
							stop()
						}
					}
				}))
				_, err = tr.Run(ctx)
				stop()
				tr.Close()
				if err == nil {
					break
				}
				if !errors.Is(err, train.ErrInterrupted) {
					t.Fatal(err)
				}
				stops++
				tr, err = train.Resume(dir, o)
			}
			if stops < 3 {
				t.Errorf("only %d stops", stops)
			}
			same(t, "model", weights(t, want), weights(t, dir))
			same(t, "checkpoint", weights(t, filepath.Join(want, "checkpoint.safetensors")), weights(t, filepath.Join(dir, "checkpoint.safetensors")))
			if got := metrics(t, dir); !slices.Equal(got, wantMetrics) {
				t.Errorf("metrics\n%v\nwant\n%v", got, wantMetrics)
			}
		})
	}
}

// metrics are the lines of a run's metrics without its times.
func metrics(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		var end train.EpochEnd
		if err := json.Unmarshal([]byte(line), &end); err != nil {
			t.Fatal(err)
		}
		end.Seconds, end.PerSecond = 0, 0
		text, _ := json.Marshal(end)
		lines = append(lines, string(text))
	}
	return lines
}

func TestLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	learn, test := mnist(t)
	o := train.Options{Train: learn, Test: test}
	tr, err := train.Create(dir, small(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Resume(dir, o); !errors.Is(err, train.ErrLocked) {
		t.Errorf("Resume of a run that is being trained: %v", err)
	}
	tr.Close()
	tr, err = train.Resume(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	tr.Close()
}

// When a checkpoint cannot be written, training goes on and the next one is
// tried; a complete training waits for room.
func TestCannotSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	learn, test := mnist(t)
	// A folder where a file should be stands for a full disk.
	block := filepath.Join(dir, "checkpoint.safetensors")
	failures := 0
	o := train.Options{Train: learn, Test: test, SaveEvery: time.Nanosecond, Patience: 20 * time.Millisecond}
	tr, err := train.Create(dir, small(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := os.Remove(block); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(block, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	last := error(nil)
	tr.Watch(train.ObserverFunc(func(ev train.Event) {
		switch ev := ev.(type) {
		case train.Saved:
			last = ev.Err
			if ev.Err != nil {
				failures++
			}
		case train.EpochEnd:
			if ev.Layer == "s3" && ev.Epoch == 1 {
				os.RemoveAll(block)
			}
		}
	}))
	if _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if failures == 0 {
		t.Error("no failure to save was reported")
	}
	if last != nil {
		t.Errorf("the last save failed: %v", last)
	}
	want := filepath.Join(t.TempDir(), "want")
	run(t, want, small(), train.Options{})
	same(t, "after failures", weights(t, want), weights(t, dir))
}

func TestGivesUpSaving(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	learn, test := mnist(t)
	tr, err := train.Create(dir, small(), train.Options{Train: learn, Test: test, Patience: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := os.MkdirAll(filepath.Join(dir, "result.json", "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "could not be saved") {
		t.Errorf("Run = %v", err)
	}
	// What was saved can be taken up when there is room.
	tr.Close()
	os.RemoveAll(filepath.Join(dir, "result.json"))
	tr, err = train.Resume(dir, train.Options{Train: learn, Test: test})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	learn, test := mnist(t)
	o := train.Options{Train: learn, Test: test}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := train.Create(filepath.Join(file, "run"), small(), o); err == nil {
		t.Error("a run's folder below a file")
	}
	if _, err := train.Resume(t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("Resume of an empty folder: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	tr, err := train.Create(dir, small(), o)
	if err != nil {
		t.Fatal(err)
	}
	tr.Close()
	if _, err := train.Resume(dir, train.Options{Train: learn.Limit(700), Test: test}); err == nil || !strings.Contains(err.Error(), "other training images") {
		t.Errorf("Resume with other images: %v", err)
	}
	checkpoint := filepath.Join(dir, "checkpoint.safetensors")
	whole, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string]func([]byte) []byte{
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"empty":     func(b []byte) []byte { return nil },
		"NaN weight": func(b []byte) []byte {
			copy(b[len(b)-4:], []byte{0, 0, 0xc0, 0x7f})
			return b
		},
		"huge weight": func(b []byte) []byte {
			copy(b[len(b)-4:], []byte{0, 0, 0x80, 0x7e})
			return b
		},
		"other state": func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `\"layer\":0`, `\"layer\":7`, 1))
		},
		"other experiment": func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `maps = 20`, `maps = 30`, 1))
		},
	}
	for name, f := range damage {
		b := f(slices.Clone(whole))
		if slices.Equal(b, whole) {
			t.Fatalf("%s: nothing was damaged", name)
		}
		if err := os.WriteFile(checkpoint, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := train.Resume(dir, o); err == nil || !strings.Contains(err.Error(), checkpoint) {
			t.Errorf("%s: %v; want an error that names %s", name, err, checkpoint)
		} else {
			t.Log(name, "->", err)
		}
	}
}

// stopped is a run that was interrupted when a best epoch was known.
func stopped(t *testing.T, dir string, e train.Experiment) {
	t.Helper()
	learn, test := mnist(t)
	tr, err := train.Create(dir, e, train.Options{Train: learn, Test: test})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	tr.Watch(train.ObserverFunc(func(ev train.Event) {
		if end, ok := ev.(train.EpochEnd); ok && end.Layer == "s3" {
			stop()
		}
	}))
	if _, err := tr.Run(ctx); !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("Run = %v", err)
	}
	if s := tr.State(); s.Best == nil || s.Finished() {
		t.Fatalf("state %+v", s)
	}
}

// Whatever happens to the other files of a run, its checkpoint is enough to go
// on to the same result, and to ask the network of the best epoch.
func TestCheckpointIsEnough(t *testing.T) {
	e := small()
	// The best epoch is the first: later ones unlearn.
	e.Layers[2].Learn.Punish.APlus, e.Layers[2].Learn.Punish.Adapt = -0.1, 0
	want := filepath.Join(t.TempDir(), "want")
	report := run(t, want, e, train.Options{})
	if report.Epoch == e.Layers[2].Learn.Epochs-1 {
		t.Fatal("the last epoch is the best; the test would show nothing")
	}
	other := small()
	other.Seed = 7
	foreign := filepath.Join(t.TempDir(), "other")
	run(t, foreign, other, train.Options{})
	model, err := os.ReadFile(filepath.Join(foreign, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	learn, test := mnist(t)
	for name, harm := range map[string]func(dir string) error{
		"nothing":        func(string) error { return nil },
		"no model":       func(dir string) error { return os.Remove(filepath.Join(dir, "model.safetensors")) },
		"foreign model":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "model.safetensors"), model, 0o666) },
		"no metrics":     func(dir string) error { return os.Remove(filepath.Join(dir, "metrics.jsonl")) },
		"short metrics":  func(dir string) error { return os.Truncate(filepath.Join(dir, "metrics.jsonl"), 3) },
		"no record":      func(dir string) error { return os.Remove(filepath.Join(dir, "run.json")) },
		"damaged record": func(dir string) error { return os.WriteFile(filepath.Join(dir, "run.json"), []byte("{"), 0o666) },
	} {
		dir := filepath.Join(t.TempDir(), "run")
		stopped(t, dir, e)
		if err := harm(dir); err != nil {
			t.Fatal(err)
		}
		tr, err := train.Resume(dir, train.Options{Train: learn, Test: test})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := tr.Run(t.Context())
		tr.Close()
		if err != nil || got.Test.Score != report.Test.Score || got.Epoch != report.Epoch {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, report)
		}
		same(t, name, weights(t, want), weights(t, dir))
		same(t, name, weights(t, filepath.Join(want, "model.safetensors")), weights(t, filepath.Join(dir, "model.safetensors")))
		// Of a finished run too.
		for _, file := range []string{"model.safetensors", "result.json"} {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
		}
		same(t, name, weights(t, want), weights(t, dir))
		if r, err := train.ReadReport(dir); err != nil || r.Test.Score != report.Test.Score {
			t.Errorf("%s: ReadReport = %+v, %v", name, r, err)
		}
	}
}

// A folder with files that no run wrote is left alone; what a run left that
// lost its weights is replaced as a whole.
func TestUsedFolder(t *testing.T) {
	learn, test := mnist(t)
	o := train.Options{Train: learn, Test: test}
	for _, name := range []string{"experiment.toml", "run.json", "metrics.jsonl", "result.json"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(`{"mine": 1}`), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := train.Create(dir, small(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Create beside %s of someone else: %v", name, err)
		}
		if text, _ := os.ReadFile(path); string(text) != `{"mine": 1}` {
			t.Errorf("%s was changed", name)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	run(t, dir, small(), train.Options{})
	mine := filepath.Join(dir, ".model.safetensors.bak")
	if err := os.WriteFile(mine, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"checkpoint.safetensors", "model.safetensors"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := train.Create(dir, small(), o)
	if err != nil {
		t.Fatal(err)
	}
	tr.Close()
	for _, name := range []string{"metrics.jsonl", "result.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s of the earlier run is still there", name)
		}
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}
