package gallery

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/figure"
	"firstspike/inspect"
	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

// A small run, and everything that can be drawn of it: each picture can be, and
// shows what it says.
func TestGallery(t *testing.T) {
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Data.Limit, e.Protocol.Validation = 300, 30
	e.Layers[0].Maps, e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Learn.Epochs = 8, 30, 40, 3
	dir := filepath.Join(t.TempDir(), "run")
	trainer, err := train.Create(dir, e, train.Options{Train: learn, Test: test.Limit(60)})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	report, err := trainer.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	epochs, err := train.ReadEpochs(dir)
	if err != nil {
		t.Fatal(err)
	}
	road, err := inspect.Follow(m, test.Image(0))
	if err != nil {
		t.Fatal(err)
	}
	draw := func(f figure.Figure, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := figure.PNG(io.Discard, f, 30); err != nil {
			t.Error(err)
		}
		if err := figure.SVG(io.Discard, f); err != nil {
			t.Error(err)
		}
	}
	draw(Filters(m))
	for depth, l := range e.Layers {
		draw(Features(m, depth))
		draw(Potentials(m, road, depth, "one"), nil)
		draw(Latency(m, road, depth, "one"), nil)
		w := Weights(m, epochs, depth).(figure.Histograms)
		draw(w, nil)
		total := 0
		for _, n := range w.Counts[0] {
			total += n
		}
		if len(w.Counts) != l.Learn.Epochs || total != len(m.Network.Layers[depth].Weights()) {
			t.Errorf("%s: weights of %d epochs, %d in the first", l.Name, len(w.Counts), total)
		}
	}
	draw(Latency(m, road, -1, "one"), nil)
	draw(Raster(m, road, "one"), nil)
	k := Kernels(m, 0, 5).(figure.Sheet)
	draw(k, nil)
	if len(k.Groups) != 6 || len(k.Groups[5].Images) != 5 || k.Groups[2].Images[3].Values[7] != m.Network.Layers[0].Weight(3)[2*25+7] {
		t.Error("the kernels are not the weights")
	}

	r := Raster(m, road, "one").(figure.Raster)
	for i, l := range r.Layers {
		spikes := 0
		for _, s := range l.First {
			if s >= 0 {
				spikes++
			}
		}
		want := road.Input.Spikes()
		switch i {
		case 1, 2:
			want = road.Stations[i-1].Pooled.Spikes()
		case 3:
			want = road.Stations[2].First.Spikes()
		}
		if spikes != want || spikes == 0 {
			t.Errorf("%s: %d spikes, want %d", l.Name, spikes, want)
		}
	}

	c := Curves("run", epochs, []Reference{{"somebody", 97.2}}).(figure.Curves)
	draw(c, nil)
	if len(c.Panels) != 3 || len(c.Panels[0].Series) != 2 || len(c.Panels[0].Series[1].Y) != 3 || c.Panels[0].References[0].Value != .972 {
		t.Fatalf("curves %+v", c.Panels)
	}
	if got, want := c.Panels[0].Series[1].Y[2], epochs[len(epochs)-1].Validation.Accuracy(); got != want {
		t.Errorf("the curve ends at %v; want %v", got, want)
	}
	for i := range 3 { // right, wrong and silent are all there is
		sum := 0.
		for _, panel := range c.Panels {
			sum += panel.Series[0].Y[i]
		}
		if sum < .999999 || sum > 1.000001 {
			t.Errorf("epoch %d: right, wrong and silent are %v", i, sum)
		}
	}
	draw(Curves("nothing", nil, nil), nil)

	x := Confusion("run", report.Test, nil).(figure.Confusion)
	draw(x, nil)
	if len(x.Counts) != 10 || len(x.Counts[0]) != 10 || len(x.Silent) != 10 {
		t.Errorf("confusion %v, %v", x.Counts, x.Silent)
	}
	var images [][]byte
	var labels []int
	for i := range 60 {
		images, labels = append(images, test.Image(i)), append(labels, test.Label(i))
	}
	f, err := Errors(m, images, labels, 100)
	draw(f, err)
	wrong := 0
	for _, g := range f.(figure.Sheet).Groups {
		for _, image := range g.Images {
			if wrong++; image.Caption == g.Heading {
				t.Errorf("a %s taken for %s is no error", g.Heading, image.Caption)
			}
		}
	}
	if want := report.Test.Wrong + report.Test.Silent; wrong != want {
		t.Errorf("%d errors; the test has %d", wrong, want)
	}

	points := study.Curve([]study.Run{{Epochs: epochs}, {Epochs: epochs}}, func(e train.EpochEnd) *train.Score { return e.Validation })
	s := Study("study", points, "validation", 2, nil)
	draw(s, nil)
	if !strings.Contains(s.Title(), "2 seeds") {
		t.Error(s.Title())
	}
}
