package train_test

import (
	"path/filepath"
	"slices"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/event"
	"firstspike/snn"
	"firstspike/train"
)

// recordings are digits that a simulated camera has seen.
func recordings(t *testing.T, n int) *dataset.Set {
	t.Helper()
	images, _ := mnist(t)
	camera, err := event.NMNIST().Recorder()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for i := range n {
		r := camera.Record(images.Image(i), images.Rows, images.Cols, uint64(i))
		data, err := r.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	s, err := dataset.NewRecordings("simulated", 34, 34, all, images.Labels[:n])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Recordings are varied as images are: to the same bits with any number of
// workers, and to others than without.
func TestAugmentRecordings(t *testing.T) {
	set := recordings(t, 60)
	bits := func(workers int, change func(*train.Experiment)) map[string][]uint32 {
		e := small()
		augmented(&e)
		e.Data.Rows, e.Data.Cols, e.Data.Limit, e.Protocol.Validation = 34, 34, 0, 10
		e.Encode = encode.Config{Steps: 20, Events: encode.Events{Mode: encode.EventsCount, Windows: []float64{0, 105000, 315000}, Polarity: encode.EventsBoth, Still: true}}
		s2 := &e.Layers[1]
		e.Layers[0].Learn.Epochs, s2.Kernel = 1, snn.Size{Rows: e.Geometry(1).In.Rows, Cols: e.Geometry(1).In.Cols}
		change(&e)
		dir := filepath.Join(t.TempDir(), "run")
		tr, err := train.Create(dir, e, train.Options{Train: set, Test: set, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		if _, err := tr.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return weights(t, dir)
	}
	want := bits(1, func(*train.Experiment) {})
	same(t, "three workers", want, bits(3, func(*train.Experiment) {}))
	plain := bits(1, func(e *train.Experiment) { e.Layers[1].Learn.Augment = train.Augment{} })
	if slices.Equal(want["s2"], plain["s2"]) || !slices.Equal(want["s1"], plain["s1"]) {
		t.Error("s2 alone should learn from varied recordings, and something else from them")
	}
}
