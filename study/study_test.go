package study

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
)

// quick is an experiment of a second.
func quick(t *testing.T) (train.Experiment, train.Options) {
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Data.Limit, e.Protocol.Validation = 200, 40
	for i, epochs := range []int{1, 1, 3} {
		e.Layers[i].Learn.Epochs = epochs
	}
	e.Layers[0].Maps, e.Layers[1].Maps, e.Layers[2].Maps = 8, 20, 40
	return e, train.Options{Train: learn, Test: test.Limit(100), Workers: 2}
}

// A study gives every seed what a training of it alone gives, goes on where it
// was stopped, and does nothing twice.
func TestStudy(t *testing.T) {
	e, o := quick(t)
	s := Study{Experiment: e, Seeds: []uint64{3, 1, 2}, Dir: t.TempDir(), Jobs: 2, Options: o}
	ctx, cancel := context.WithCancel(t.Context())
	told := map[uint64]int{}
	s.Observe = func(seed uint64, e train.Event) {
		if end, ok := e.(train.EpochEnd); ok {
			if told[seed]++; end.Layer == "s3" {
				cancel() // in the middle of a seed
			}
		}
	}
	if _, err := s.Run(ctx); !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("stopped: %v", err)
	}
	runs, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range runs {
		if r.Seed != s.Seeds[i] || told[r.Seed] != 5 || len(r.Epochs) != 5 {
			t.Errorf("run %d: seed %d, %d epochs told, %d logged", i, r.Seed, told[r.Seed], len(r.Epochs))
		}
		alone := e.Clone()
		alone.Seed = r.Seed
		trainer, err := train.Create(filepath.Join(t.TempDir(), "alone"), alone, o)
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		report, err := trainer.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if report.Test.Score != r.Report.Test.Score || r.Accuracy() != 100*report.Test.Accuracy() {
			t.Errorf("seed %d: %v in the study, %v alone", r.Seed, r.Report.Test.Score, report.Test.Score)
		}
	}
	clear(told)
	again, err := s.Run(t.Context())
	if err != nil || len(told) > 0 || len(again) != 3 {
		t.Errorf("again: %d runs, %v; seeds %v were trained", len(again), err, told)
	}
	curve := Curve(runs, func(e train.EpochEnd) *train.Score { return e.Validation })
	if len(curve) != 3 || curve[2].N != 3 || curve[2].Epoch != 2 {
		t.Fatalf("curve %+v", curve)
	}
	var last []float64
	for _, r := range runs {
		last = append(last, 100*r.Epochs[4].Validation.Accuracy())
	}
	if curve[2].Summary != Summarise(last) {
		t.Errorf("the curve ends at %+v; want %+v", curve[2].Summary, Summarise(last))
	}

	// Another experiment does not take these runs for its own.
	s.Experiment.Layers[1].Threshold = 8
	if _, err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "layers.s2.threshold = 10, not 8") {
		t.Errorf("another experiment: %v", err)
	}
}

// A seed that fails stops no other.
func TestStudyFailure(t *testing.T) {
	e, o := quick(t)
	s := Study{Experiment: e, Seeds: []uint64{1, 2}, Dir: t.TempDir(), Options: o}
	foreign := filepath.Join(s.Folder(1), "experiment.toml")
	if err := errors.Join(os.Mkdir(s.Folder(1), 0o777), os.WriteFile(foreign, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	runs, err := s.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "seed 1: ") || len(runs) != 1 || runs[0].Seed != 2 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}

// Of several studies one that fails leaves the others alone, and is named.
func TestRunAll(t *testing.T) {
	e, o := quick(t)
	var list []Study
	for range 3 {
		list = append(list, Study{Experiment: e.Clone(), Seeds: []uint64{1}, Dir: t.TempDir(), Options: o})
	}
	list[1].Experiment.Layers[2].Maps = 0
	told := map[string][]Run{}
	tell := func(s Study, runs []Run) { told[s.Dir] = runs }
	err := RunAll(t.Context(), list, 2, tell)
	if err == nil || !strings.HasPrefix(err.Error(), list[1].Dir+": ") || strings.Contains(err.Error(), "\n"+list[0].Dir) {
		t.Error(err)
	}
	alone, err := list[0].Run(t.Context())
	if err != nil || len(told) != 2 || !reflect.DeepEqual(told[list[0].Dir], alone) || len(told[list[2].Dir]) != 1 {
		t.Errorf("told of %v; want %v, %v", told, alone, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	clear(told)
	if err := RunAll(ctx, list[:1], 1, tell); !errors.Is(err, train.ErrInterrupted) || len(told) != 0 {
		t.Errorf("%v, told of %v", err, told)
	}
}

func TestDifferences(t *testing.T) {
	e, _ := quick(t)
	other := e.Clone()
	if d := Differences(e, other); d != nil {
		t.Errorf("none: %v", d)
	}
	other.Seed, other.Layers[2].Learn.APlus = 9, .5
	want := []Setting{{"seed", "1", "9"}, {"layers.s3.learn.a_plus", "0.004", "0.5"}}
	if d := Differences(e, other); !slices.Equal(d, want) {
		t.Errorf("%v; want %v", d, want)
	}
	other = e.Clone()
	other.Layers = other.Layers[:2]
	if d := Differences(e, other); len(d) == 0 || !strings.HasPrefix(d[0].Path, "layers.s3.") || d[0].B != "" {
		t.Errorf("a layer less: %v", d)
	}
}
