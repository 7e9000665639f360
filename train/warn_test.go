package train_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"firstspike/train"
)

// warned collects the warnings of a training.
func warned(t *testing.T, dir string, e train.Experiment, o train.Options) ([]train.Warning, error) {
	t.Helper()
	o.Train, o.Test = mnist(t)
	var all []train.Warning
	o.Observer = train.ObserverFunc(func(ev train.Event) {
		if w, ok := ev.(train.Warning); ok {
			all = append(all, w)
		}
	})
	tr, err := train.Create(dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	_, err = tr.Run(t.Context())
	return all, err
}

// long is small, with a second layer that sees enough images for a warning.
func long() train.Experiment {
	e := small()
	e.Data.Limit = 1300
	e.Layers[2].Learn.Epochs = 1
	return e
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name        string
		change      func(*train.Experiment)
		layer, kind string
		image       int // at which it is told
	}{
		{"silent second layer", func(e *train.Experiment) { e.Layers[1].Threshold = 500 }, "s2", train.LayerSilent, 999},
		{"silent last layer", func(e *train.Experiment) { e.Layers[2].Threshold = 1e6 }, "s3", train.LayerSilent, 999},
		{"silent in batches", func(e *train.Experiment) { e.Layers[1].Threshold, e.Layers[1].Learn.Batch = 500, 64 }, "s2", train.LayerSilent, 1024},
		{"converged", func(e *train.Experiment) { e.Layers[0].Learn.APlus, e.Layers[0].Learn.Doubling.Max = 0.1, 0.2 }, "s1", train.LayerConverged, 999},
	} {
		e := long()
		c.change(&e)
		warnings, err := warned(t, filepath.Join(t.TempDir(), "run"), e, train.Options{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(warnings, func(w train.Warning) bool { return w.Layer == c.layer && w.Kind == c.kind })
		if i < 0 || warnings[i].Image != c.image {
			t.Errorf("%s: warnings %+v; want %s of %s at image %d", c.name, warnings, c.kind, c.layer, c.image)
			continue
		}
		for _, w := range warnings[i+1:] {
			if w.Layer == c.layer && w.Kind == c.kind {
				t.Errorf("%s: told twice: %+v", c.name, warnings)
			}
		}
	}
	if warnings, err := warned(t, filepath.Join(t.TempDir(), "run"), long(), train.Options{}); err != nil || slices.ContainsFunc(warnings, func(w train.Warning) bool { return w.Kind == train.LayerSilent }) {
		t.Errorf("a healthy training: %+v, %v", warnings, err)
	}
}

// Progress tells how many neurons won for an image, of every way of learning.
func TestWinners(t *testing.T) {
	for name, change := range map[string]func(*train.Experiment){
		"alone":  func(*train.Experiment) {},
		"silent": func(e *train.Experiment) { e.Layers[0].Threshold = 500 },
		"batches": func(e *train.Experiment) {
			for i := range e.Layers {
				e.Layers[i].Learn.Batch = 32
			}
		},
		"threshold": func(e *train.Experiment) { e.Layers[2].Threshold = 30 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it sleeps most of the time
			e := long()
			change(&e)
			o := train.Options{Workers: 2}
			o.Train, o.Test = mnist(t)
			told, winners := map[string]int{}, map[string]float64{}
			o.Observer = train.ObserverFunc(func(ev train.Event) {
				// The next progress is told at once.
				const while = 510 * time.Millisecond
				if end, ok := ev.(train.EpochEnd); ok && end.Epoch == end.Epochs-1 {
					time.Sleep(while)
				}
				p, ok := ev.(train.Progress)
				if !ok {
					return
				}
				if k := map[string]float64{"s1": 5, "s2": 5, "s3": 1}[p.Layer]; p.Winners < 0 || p.Winners > k {
					t.Errorf("%v winners in %s", p.Winners, p.Layer)
				}
				winners[p.Layer] = max(winners[p.Layer], p.Winners)
				if told[p.Layer]++; told[p.Layer] < 3 {
					time.Sleep(while)
				}
			})
			tr, err := train.Create(filepath.Join(t.TempDir(), "run"), e, o)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			if _, err := tr.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, layer := range []string{"s1", "s2", "s3"} {
				if silent := name == "silent"; (winners[layer] == 0) != silent || told[layer] < 2 {
					t.Errorf("winners of an image of %s: %v, told %d times", layer, winners[layer], told[layer])
				}
			}
		})
	}
}

// A training that stops on silence can go on, to the bits of one that did not.
func TestStopOnSilent(t *testing.T) {
	for name, change := range map[string]func(*train.Experiment){
		"second layer":            func(e *train.Experiment) { e.Layers[1].Threshold = 500 },
		"second layer in batches": func(e *train.Experiment) { e.Layers[1].Threshold, e.Layers[1].Learn.Batch = 500, 64 },
		"last layer":              func(e *train.Experiment) { e.Layers[2].Threshold = 1e6 },
		"last layer in batches":   func(e *train.Experiment) { e.Layers[2].Threshold, e.Layers[2].Learn.Batch = 1e6, 64 },
		"last layer in blocks":    func(e *train.Experiment) { e.Layers[1].Threshold = 500 },
	} {
		e := long()
		change(&e)
		if name == "last layer in blocks" {
			e.Layers[1].Learn.Epochs = 0
		}
		want, dir := filepath.Join(t.TempDir(), "want"), filepath.Join(t.TempDir(), "run")
		run(t, want, e, train.Options{})
		if _, err := warned(t, dir, e, train.Options{StopOnSilent: true}); !errors.Is(err, train.ErrSilent) {
			t.Errorf("%s: %v; want ErrSilent", name, err)
			continue
		}
		resume(t, dir, train.Options{})
		same(t, name, weights(t, want), weights(t, dir))
		if got := metrics(t, dir); !slices.Equal(got, metrics(t, want)) {
			t.Errorf("%s: metrics %v; want %v", name, got, metrics(t, want))
		}
	}
}

// A layer that learns until it has converged sees no more images than that
// takes, also when it is resumed or comes from the cache.
func TestUntil(t *testing.T) {
	for name, batch := range map[string]int{"image by image": 0, "in batches": 64} {
		e := long()
		for i := range 2 {
			l := &e.Layers[i].Learn
			l.Epochs, l.Until, l.APlus, l.Doubling.Max, l.Batch = 3, 0.05, 0.1, 0.2, batch
		}
		e.Layers[2].Learn.Epochs = 2
		cache := filepath.Join(t.TempDir(), "cache")
		dir := filepath.Join(t.TempDir(), "run")
		run(t, dir, e, train.Options{Cache: cache})
		epochs, err := train.ReadEpochs(dir)
		if err != nil {
			t.Fatal(err)
		}
		last := map[string]train.EpochEnd{}
		for _, end := range epochs {
			last[end.Layer] = end
		}
		if end := last["s1"]; end.Epoch == 2 || end.Presentations >= 2*1200 || !(end.Convergence < 0.05) {
			t.Errorf("%s: s1 ended with %+v", name, end)
		}
		if last["s3"].Epoch != 1 {
			t.Errorf("%s: s3 ended with %+v", name, last["s3"])
		}

		again := filepath.Join(t.TempDir(), "again")
		o := &told{}
		run(t, again, e, train.Options{Cache: cache, Observer: o})
		o.took(t, name, small(), "s1", "s2")
		equal(t, name, dir, again, "s1", "s2")

		stopped := filepath.Join(t.TempDir(), "stopped")
		interrupt(t, stopped, e, train.Options{}, "s1", last["s1"].Epoch)
		resume(t, stopped, train.Options{})
		equal(t, name, dir, stopped)
	}
}
