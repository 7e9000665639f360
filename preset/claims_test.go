package preset_test

import (
	"path/filepath"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

// results trains several seeds of a preset, changed, and returns the test images
// that are right, in percent.
func results(t *testing.T, name string, seeds int, change func(*train.Experiment)) []float64 {
	t.Helper()
	p, ok := preset.Lookup(name)
	if !ok {
		t.Fatalf("there is no preset %s", name)
	}
	change(&p.Experiment)
	s := study.Study{Experiment: p.Experiment, Dir: filepath.Join(t.TempDir(), name), Jobs: 2}
	for seed := range seeds {
		s.Seeds = append(s.Seeds, uint64(seed+1))
	}
	var err error
	if s.Options.Train, s.Options.Test, err = dataset.Open(p.Data.Source); err != nil {
		t.Fatal(err)
	}
	runs, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var right []float64
	for _, r := range runs {
		right = append(right, r.Accuracy())
	}
	return right
}

// With a reward the task made by hand is always learned, without it mostly not.
func TestBarsClaim(t *testing.T) {
	const seeds = 20
	for _, right := range results(t, "bars", seeds, func(e *train.Experiment) { e.Layers[1].Learn.Epochs = 10 }) {
		if right != 100 {
			t.Errorf("with reward a seed has %v %% right", right)
		}
	}
	failed := 0
	for _, right := range results(t, "bars-stdp", seeds, func(e *train.Experiment) { e.Layers[1].Learn.Epochs = 10 }) {
		if right < 100 {
			failed++
		}
	}
	if failed < seeds*3/4 {
		t.Errorf("without reward only %d of %d seeds fail", failed, seeds)
	}
}

// With few maps a reward tells two digits apart far better than none.
func TestPairsClaim(t *testing.T) {
	few := func(e *train.Experiment) {
		e.Data.Source, e.Data.Limit, e.Protocol.Validation = "mnist:4,9", 4000, 200
		e.Layers[2].Maps, e.Layers[2].Learn.Epochs = 10, 4
	}
	with, without := results(t, "pairs", 2, few), results(t, "pairs-stdp", 2, few)
	for i, right := range with {
		if right < without[i]+5 {
			t.Errorf("seed %d: %v %% right with reward, %v %% without", i+1, right, without[i])
		}
	}
}
