package train_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/readout"
	"firstspike/train"
)

func TestReadFault(t *testing.T) {
	for _, content := range []string{"", "not a safetensors file", "\x02\x00\x00\x00\x00\x00\x00\x00{}"} {
		if _, err := train.Read("network", strings.NewReader(content)); err == nil || !strings.HasPrefix(err.Error(), "network: ") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// What the maps of a layer that learned without reward stand for is saved with
// its weights, for the epoch that was chosen, and read again.
func TestLabelsSaved(t *testing.T) {
	e := small()
	e.Readout.Rule = train.ReadoutLabels
	l := e.Layers[1].Learn
	l.Epochs, l.K = 4, 1
	e.Layers[2].Learn = l
	dir := filepath.Join(t.TempDir(), "run")
	report := run(t, dir, e, train.Options{})
	if report.Test.Right < 25 {
		t.Errorf("%d of 200 right: no better than guessing", report.Test.Right)
	}
	_, test := mnist(t)
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors")} {
		m, err := train.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Test(t.Context(), test, 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Score != report.Test.Score {
			t.Errorf("%s: %+v; the report has %+v", path, got.Score, report.Test.Score)
		}
		if again, err := reread(t, m).Test(t.Context(), test, 2, nil); err != nil || again.Score != report.Test.Score {
			t.Errorf("%s: rounded %+v, %v; the report has %+v", path, again.Score, err, report.Test.Score)
		}
		p, err := m.Predictor()
		if err != nil {
			t.Fatal(err)
		}
		p.Classes(50, test.Image, func(i, class int) {
			if d := p.Predict(test.Image(i)); d.Class != class || class != readout.None && d.RunnerUp == class {
				t.Errorf("%s: image %d is %d, and by itself %d before %d", path, i, class, d.Class, d.RunnerUp)
			}
		})
	}
}

// A training that is stopped after its best epoch has the network of that epoch,
// and writes it with the labels of that epoch.
func TestLabelsWritten(t *testing.T) {
	e := small()
	e.Readout.Rule = train.ReadoutLabels
	l := e.Layers[1].Learn
	l.Epochs, l.K = 4, 1
	e.Layers[2].Learn = l
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	learn, test := mnist(t)
	o := train.Options{Train: learn, Test: test, Observer: train.ObserverFunc(func(e train.Event) {
		if end, ok := e.(train.EpochEnd); ok && end.Layer == "s3" && end.Epoch == 2 {
			stop()
		}
	})}
	dir := filepath.Join(t.TempDir(), "run")
	trainer, err := train.Create(dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Run(ctx); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	last, err := train.Load(filepath.Join(dir, "checkpoint.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if last.State.Best.Epoch == 2 || slices.Equal(last.State.Labels, last.State.Best.Labels) {
		t.Fatal("the last epoch is the best one")
	}
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	written, err := train.Read("network", &b)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(written.Decision, m.Decision) || slices.Equal(m.Decision, last.State.Labels) {
		t.Errorf("written with the classes %v; they are %v, and the last epoch's %v", written.Decision, m.Decision, last.State.Labels)
	}
}
