package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"firstspike/preset"
	"firstspike/train"
)

// A preset as it is needs no flags, has a file, and differs in nothing.
func TestPresets(t *testing.T) {
	for _, p := range preset.All() {
		r, err := describe(p.Experiment, []uint64{1, 2}, "../../preset")
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if r.Command != "firstspike replicate "+p.Name+" --seeds 2" || len(r.Differs) > 0 {
			t.Errorf("%s: %s, %v", p.Name, r.Command, r.Differs)
		}
	}
	for name, want := range map[string]string{"bars-stdp": "bars.go", "mozafari2018eth80": "mozafari2018shallow.go", "goupy2024fashion": "goupy2024.go"} {
		if got, err := fileOf("../../preset", name); got != want {
			t.Errorf("%s is in %s, %v; want %s", name, got, err, want)
		}
	}
}

// What is reported is the best of the first who says so.
func TestReported(t *testing.T) {
	for name, want := range map[string]float64{"mozafari2018": 97.2, "bose2024": 88.67} {
		p, _ := preset.Lookup(name)
		if r, err := describe(p.Experiment, []uint64{1}, "../../preset"); err != nil || r.ReportedPercent != want {
			t.Errorf("%s: %v, %v", name, r.ReportedPercent, err)
		}
	}
}

// Other data are not compared.
func TestComparable(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	for source, want := range map[string]bool{"mnist": true, "fashion-mnist": false, "/a/folder": false} {
		e := p.Experiment.Clone()
		e.Data.Source = source
		r, err := describe(e, []uint64{1}, "../../preset")
		if err != nil || math.IsNaN(r.ReportedPercent) == want {
			t.Errorf("%s: %v, %v", source, r.ReportedPercent, err)
		}
	}
	open := train.Data{Source: "", Classes: 8}
	if !comparable(open, train.Data{Source: "/a/folder", Classes: 8}) || comparable(open, train.Data{Source: "/a/folder", Classes: 2}) {
		t.Error("where the files are left open, the number of classes decides")
	}
}

func TestSettings(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	for _, test := range []struct {
		change  func(*train.Experiment)
		flags   string
		differs []string
	}{
		{func(e *train.Experiment) { e.Seed, e.Paper = 7, "otherwise" }, "", nil},
		{func(e *train.Experiment) { e.Layers[2].Learn.Epochs = 680 }, "--paper", []string{"layers.s3.learn.epochs = 680, not 100"}},
		{func(e *train.Experiment) { e.Layers[2].Learn.Epochs, e.Protocol.Kind = 20, "paper" }, "--protocol paper --epochs s3=20",
			[]string{"protocol.kind = paper, not validation", "layers.s3.learn.epochs = 20, not 100"}},
		{func(e *train.Experiment) { e.Data.Source, e.Data.Limit = "/home/somebody/my photos", 10 }, "--data 'my photos' --limit 10",
			[]string{"data.source = my photos (files), not mnist", "data.limit = 10, not 0"}},
		{func(e *train.Experiment) { e.Encode.Filters, e.Encode.Events.Mode = nil, "rank" }, "--set encode.filters= --set encode.events.mode=rank",
			[]string{"encode.events.mode = rank", "no encode.filters"}},
	} {
		e := p.Experiment.Clone()
		test.change(&e)
		flags, differs, err := settings(p, e)
		if err != nil || strings.Join(flags, " ") != test.flags || !slices.Equal(differs, test.differs) {
			t.Errorf("%v, %v, %v; want %s and %v", flags, differs, err, test.flags, test.differs)
		}
	}
	for _, change := range []func(*train.Experiment){
		func(e *train.Experiment) { e.Layers = e.Layers[:2] },
		func(e *train.Experiment) { e.Layers[1].Name = "other" },
		func(e *train.Experiment) { e.Encode.Filters = e.Encode.Filters[:3] },
	} {
		e := p.Experiment.Clone()
		change(&e)
		if flags, _, err := settings(p, e); err == nil || !strings.Contains(err.Error(), "make it a preset") {
			t.Errorf("%v, %v; want that no flag makes it", flags, err)
		}
	}
	e := p.Experiment.Clone()
	e.Name = "mine"
	if _, err := describe(e, []uint64{1}, "../../preset"); err == nil || !strings.Contains(err.Error(), `called "mine"`) {
		t.Error(err)
	}
}
