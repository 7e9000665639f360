package train_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/internal/simd"
	"firstspike/preset"
	"firstspike/train"
)

// Every stage of every form of experiment can be done, tells what goes through
// it, stops when it is asked to, and leaves the model alone.
func TestBench(t *testing.T) {
	learn, _ := mnist(t)
	for name, change := range map[string]func(*train.Experiment){
		"paper's form":     func(*train.Experiment) {},
		"finite threshold": func(e *train.Experiment) { e.Layers[2].Threshold = 40 },
		"no reward": func(e *train.Experiment) {
			e.Layers[2].Learn.Rule, e.Layers[2].Learn.Punish = train.RuleSTDP, train.Punish{}
		},
		"one layer": func(e *train.Experiment) { e.Layers = e.Layers[2:] },
	} {
		t.Run(name, func(t *testing.T) {
			e := small()
			e.Data.Limit, e.Protocol.Validation = 180, 30
			change(&e)
			m, err := train.Untrained(e)
			if err != nil {
				t.Fatal(err)
			}
			before := allWeights(m)
			b, err := train.NewBench(m, 40, train.Options{Train: learn, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			if b.Epoch() != 150 {
				t.Errorf("an epoch has %d images, want 150", b.Epoch())
			}
			if bytes := b.BytesPerNeuron(); !(bytes > 1 && bytes < 1000) {
				t.Errorf("%v bytes a neuron", bytes)
			}
			encoded := 0.0
			for _, stage := range e.Stages() {
				w, err := b.Prepare(t.Context(), stage)
				if err != nil {
					t.Fatalf("%s: %v", stage, err)
				}
				for range 2 {
					if err := errors.Join(w.Begin(), w.Do(t.Context(), 100)); err != nil {
						t.Errorf("%s: %v", stage, err)
					}
				}
				ended, cancel := context.WithCancel(t.Context())
				cancel()
				if err := errors.Join(w.Begin(), w.Do(ended, 100)); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: with an ended context: %v", stage, err)
				}
				learns := strings.HasPrefix(stage, "s")
				if late := strings.HasSuffix(stage, train.StageLate); (w.Epoch > 0) != strings.Contains(stage, "-") || w.New == late && w.Epoch > 0 {
					t.Errorf("%s: an epoch of %d images, new: %v", stage, w.Epoch, w.New)
				}
				passes := stage != train.StageEncode && !(stage == train.StagePrefix && len(e.Layers) == 1)
				if (w.SpikesIn > 0) != passes || (w.Operations > 0) != passes || w.Operations < w.SpikesIn {
					t.Errorf("%s: %v spikes, %v operations", stage, w.SpikesIn, w.Operations)
				}
				if !(w.SpikesOut > 0) || learns && w.SpikesOut > 5 {
					t.Errorf("%s: hands on %v spikes", stage, w.SpikesOut)
				}
				switch {
				case stage == train.StageEncode:
					encoded = w.SpikesOut
				case stage == "s1" && w.SpikesIn != encoded:
					t.Errorf("s1 gets %v spikes of %v", w.SpikesIn, encoded)
				}
			}
			if !slices.Equal(before, allWeights(m)) {
				t.Error("the model has changed")
			}
			if _, err := b.Prepare(t.Context(), "s9"); err == nil {
				t.Error("there is a stage s9")
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := b.Prepare(ended, e.Stages()[1]); !errors.Is(err, context.Canceled) {
				t.Errorf("preparing with an ended context: %v", err)
			}
		})
	}
}

func allWeights(m *train.Model) (all []uint32) {
	for _, l := range m.Network.Layers {
		for _, w := range l.Weights() {
			all = append(all, math.Float32bits(w))
		}
	}
	return all
}

// BenchmarkStage does every stage of the paper's network, as the command bench
// does, with every kind of kernels. One operation is one image. The very first
// images of an early stage are dearer than the others: a second of benchmark
// time is enough for all 1,024.
func BenchmarkStage(b *testing.B) {
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Data.Limit, e.Protocol.Validation = 3000, 250
	e.Layers[2].Learn.Epochs = 10
	learn, test := mnist(b)
	dir := filepath.Join(b.TempDir(), "run")
	t, err := train.Create(dir, e, train.Options{Train: learn, Test: test})
	if err != nil {
		b.Fatal(err)
	}
	defer t.Close()
	if _, err := t.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	m, err := train.Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	bench, err := train.NewBench(m, 1024, train.Options{Train: learn, Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { simd.Use("") })
	for _, stage := range e.Stages() {
		b.Run("stage="+stage, func(b *testing.B) {
			for _, impl := range simd.Names() {
				var w *train.Work
				b.Run("impl="+impl, func(b *testing.B) {
					b.StopTimer()
					err := simd.Use(impl)
					if err == nil && w == nil {
						w, err = bench.Prepare(b.Context(), stage)
					}
					if err != nil {
						b.Fatal(err)
					}
					b.ReportAllocs()
					for left := b.N; left > 0; {
						if err := w.Begin(); err != nil {
							b.Fatal(err)
						}
						n := left
						if w.New {
							n = min(n, w.Epoch)
						}
						b.StartTimer()
						if err := w.Do(b.Context(), n); err != nil {
							b.Fatal(err)
						}
						b.StopTimer()
						left -= n
					}
				})
			}
		})
	}
}
