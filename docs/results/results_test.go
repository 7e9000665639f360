package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

// The page is what results.csv says, of presets that there are.
func TestPage(t *testing.T) {
	numbers, err := os.ReadFile("../results.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parse(numbers)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Error("no studies")
	}
	again, err := format(rows)
	if err != nil || !bytes.Equal(again, numbers) {
		t.Errorf("written again, results.csv is\n%s, %v", again, err)
	}
	text, err := os.ReadFile("../results.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != page(rows) {
		t.Error("results.md is not what results.csv makes of it: go run ./docs/results -draw")
	}
	for _, r := range rows {
		if _, ok := preset.Lookup(r.Preset); !ok {
			t.Errorf("there is no preset %s", r.Preset)
		}
		if _, err := os.Stat(filepath.Join("../../preset", r.File)); err != nil {
			t.Error(err)
		}
	}
	if place := regexp.MustCompile(`(?m)(^|[\s=;,"'])(/|~/|[A-Z]:\\)\w+`).Find(numbers); place != nil {
		t.Errorf("results.csv has a place of somebody's machine: %s", place)
	}
	f, err := os.Open("../results.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
}

// small is a study that takes little, as firstspike replicate leaves it.
func small(t *testing.T, name string, seeds []uint64, set ...string) string {
	t.Helper()
	p, ok := preset.Lookup(name)
	if !ok {
		t.Fatalf("there is no preset %s", name)
	}
	e := p.Experiment
	for _, s := range set {
		path, value, _ := strings.Cut(s, "=")
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	s := study.Study{Experiment: e, Seeds: seeds, Dir: t.TempDir()}
	var err error
	if s.Options.Train, s.Options.Test, err = dataset.OpenWith(e.Data.Source, e.Data.Options()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	writeRecord(t, s)
	return s.Dir
}

func writeRecord(t *testing.T, s study.Study) {
	t.Helper()
	text, err := s.Experiment.TOML()
	if err != nil {
		t.Fatal(err)
	}
	var c record
	c.Experiment = string(text)
	c.Machine.CPU, c.Machine.Cores, c.Machine.SIMD, c.Machine.Go, c.Machine.System = "a CPU", 2, "off", "go1", "os/arch"
	for _, seed := range s.Seeds {
		c.Seeds = append(c.Seeds, struct {
			Seed uint64 `json:"seed"`
		}{seed})
	}
	if text, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "study.json"), text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// recordings is a folder of a few recordings.
func recordings(t *testing.T) string {
	t.Helper()
	one, err := os.ReadFile("../../event/testdata/00001.bin")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "camera")
	for _, part := range []string{"Train", "Test"} {
		for _, class := range []string{"0", "1"} {
			folder := filepath.Join(dir, part, class)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"a", "b", "c"} {
				if err := os.WriteFile(filepath.Join(folder, class+name+".bin"), one, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

// Studies that decide by a first spike, by an SVM, and on recordings, through
// all of it; and once more without the studies.
func TestResults(t *testing.T) {
	o := options{out: t.TempDir(), presets: "../../preset", images: 50, workers: 2}
	bars := small(t, "bars", []uint64{1, 2, 3}, "layers.s2.learn.epochs=1")
	svm := small(t, "kheradpisheh2018", []uint64{4}, "data.source=mnist:0,1", "data.classes=2", "data.limit=200", "protocol.validation=20", "layers.s1.learn.epochs=1", "layers.s2.learn.epochs=1")
	camera := small(t, "kheradpisheh2018", []uint64{1}, "data.source="+recordings(t), "data.rows=34", "data.cols=34", "data.classes=2",
		"protocol.validation=2", "encode.filters=", "encode.pad=0", "encode.threshold=0", "encode.normalise=0", "encode.events.mode=rank", "encode.events.windows=0,105000", "encode.events.polarity=both",
		"layers.s1.learn.epochs=1", "layers.s2.learn.epochs=1")
	if err := results(t.Context(), o, []string{camera, svm, bars}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(o.out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	rows, err := parse([]byte(read(numbersFile)))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if r := rows[2]; r.Preset != "bars" || r.Command != "firstspike replicate bars --seeds 3 --epochs s2=1" || len(r.Best) != 3 || r.Images != 16 || r.Weights != 84 ||
		text(&r.Spikes) != "input 6; s1 2; s2 1" || text(&r.Operations) != "s1 24; s2 8" || !math.IsNaN(r.ReportedPercent) {
		t.Errorf("bars: %+v", r)
	}
	for _, r := range rows[:2] {
		if r.Preset != "kheradpisheh2018" || r.File != "kheradpisheh2018.go" || !math.IsNaN(r.ReportedPercent) || len(r.Operations) != 3 || r.Operations[2].Name != "svm" || total(r.Spikes) == 0 {
			t.Errorf("%+v", r)
		}
	}
	if !strings.Contains(rows[0].Command+rows[1].Command, "--seeds 4-4 --data mnist:0,1 --set data.classes=2 --limit 200 ") || !strings.Contains(rows[0].Command+rows[1].Command, "--data camera ") {
		t.Errorf("commands: %s\n%s", rows[0].Command, rows[1].Command)
	}
	for _, name := range []string{numbersFile, pageFile} {
		if strings.Contains(read(name), filepath.Dir(bars)) {
			t.Errorf("%s names a folder of this machine", name)
		}
	}
	before := read(numbersFile) + read(pageFile) + read(pictureFile)
	if err := results(t.Context(), o, []string{bars}); err != nil { // takes its own place
		t.Fatal(err)
	}
	o.draw = true
	if err := results(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	if read(numbersFile)+read(pageFile)+read(pictureFile) != before {
		t.Error("measured and drawn again, something is different")
	}
}

// What is taken from a cache is said apart.
func TestScore(t *testing.T) {
	report := func(right int, seconds float64, cached *train.Reused) study.Run {
		return study.Run{Report: train.Report{Test: train.Result{Score: train.Score{Right: right, Wrong: 100 - right}}, Seconds: seconds, Cached: cached}}
	}
	r := row{Seeds: []uint64{1, 2}}
	r.score([]study.Run{report(90, 100, nil), report(92, 20, &train.Reused{Seconds: 70})})
	if r.Mean != 91 || r.Seconds != 60 || r.FromCache != 1 || r.CachedSeconds != 70 || r.Best != nil {
		t.Errorf("%+v", r)
	}
	if got := r.time(); got != "1 min 0 s; 1 of 2 seeds from the cache, which had taken 1 min 10 s" {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	fresh := func() options {
		return options{out: t.TempDir(), presets: "../../preset", images: 16, workers: 1}
	}
	bars := small(t, "bars", []uint64{1}, "layers.s1.learn.epochs=1", "layers.s2.learn.epochs=1")
	p, _ := preset.Lookup("bars")
	unfinished := study.Study{Experiment: p.Experiment, Seeds: []uint64{1}, Dir: t.TempDir()}
	writeRecord(t, unfinished)
	broken := t.TempDir()
	os.WriteFile(filepath.Join(broken, "study.json"), []byte("{"), 0o666)
	for _, test := range []struct {
		want    string
		change  func(*options)
		studies []string
	}{
		{"no studies", func(*options) {}, nil},
		{"-draw reads no studies", func(o *options) { o.draw = true }, []string{bars}},
		{"results.csv", func(o *options) { o.draw = true }, nil},
		{"at least 1", func(o *options) { o.images = 0 }, []string{bars}},
		{"there is no study.json", func(*options) {}, []string{t.TempDir()}},
		{"study.json: unexpected end", func(*options) {}, []string{broken}},
		{"0 of 1 seeds are finished", func(*options) {}, []string{unfinished.Dir}},
		{"no file has the preset bars", func(o *options) { o.presets = t.TempDir() }, []string{bars}},
	} {
		o := fresh()
		test.change(&o)
		if err := results(t.Context(), o, test.studies); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v; want %q", err, test.want)
		}
	}
}
