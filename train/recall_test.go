package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/tensorfile"
	"firstspike/train"
)

// told is what a training told of the cache, and of computing inputs.
type told struct {
	cached []train.Cached
	stages map[string]bool
}

func (o *told) Observe(e train.Event) {
	switch e := e.(type) {
	case train.Cached:
		o.cached = append(o.cached, e)
	case train.Stage:
		if o.stages == nil {
			o.stages = map[string]bool{}
		}
		o.stages[e.Name] = true
	}
}

// took checks that of the layers the given ones were taken, without any
// computing of inputs unless times matter to the last layer.
func (o *told) took(t *testing.T, what string, e train.Experiment, layers ...string) {
	t.Helper()
	if len(o.cached) != 1 || o.cached[0].Err != nil || o.cached[0].Kept || !slices.Equal(o.cached[0].Layers, layers) {
		t.Errorf("%s: %+v; want %v taken from the cache", what, o.cached, layers)
	}
	for stage := range o.stages {
		if stage != "testing" && math.IsInf(e.Layers[len(e.Layers)-1].Threshold, 1) {
			t.Errorf("%s: %s, though it was in the cache", what, stage)
		}
	}
}

// kept checks that the layers were kept after they had learned.
func (o *told) kept(t *testing.T, what string) {
	t.Helper()
	if n := len(o.cached); n == 0 || o.cached[n-1].Err != nil || !o.cached[n-1].Kept {
		t.Errorf("%s: %+v; want the layers kept", what, o.cached)
	}
}

// equal checks that two runs ended with the same bits. What another run had
// learned is marked, if the second took anything from a cache.
func equal(t *testing.T, what, want, got string, taken ...string) {
	t.Helper()
	for _, file := range []string{"model.safetensors", "checkpoint.safetensors"} {
		same(t, what+": "+file, weights(t, filepath.Join(want, file)), weights(t, filepath.Join(got, file)))
	}
	a, b := metrics(t, want), metrics(t, got)
	for i, line := range b {
		var end train.EpochEnd
		if err := json.Unmarshal([]byte(line), &end); err != nil {
			t.Fatal(err)
		}
		if end.Cached != slices.Contains(taken, end.Layer) {
			t.Errorf("%s: %s; taken were %v", what, line, taken)
		}
		end.Cached = false
		text, _ := json.Marshal(end)
		b[i] = string(text)
	}
	if !slices.Equal(a, b) {
		t.Errorf("%s: metrics\n%v\nwant\n%v", what, b, a)
	}
	r, err1 := train.ReadReport(want)
	s, err2 := train.ReadReport(got)
	if (s.Cached != nil) != (len(taken) > 0) || s.Cached != nil && (!slices.Equal(s.Cached.Layers, taken) || s.Cached.Seconds <= 0) {
		t.Errorf("%s: the report has %+v; taken were %v", what, s.Cached, taken)
	}
	r.Seconds, s.Seconds, s.Cached = 0, 0, nil
	if err1 != nil || err2 != nil || !reflect.DeepEqual(r, s) {
		t.Errorf("%s: reports %+v, %v; %+v, %v", what, r, err1, s, err2)
	}
}

// A training whose first layers come from the cache ends with the bits of one
// that learned them, whatever its last layer is.
func TestCached(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	plain, paper := small(), small()
	paper.Protocol.Kind = train.ProtocolPaper
	other := small()
	other.Name, other.Paper, other.Data.Classes = "another", "none", 20
	last := &other.Layers[2]
	last.Name, last.Maps, last.Kernel.Rows, last.Pad, last.Weights.Mean = "out", 40, 3, 1, 0.5
	last.Learn.Epochs, last.Learn.Shuffle, last.Learn.Dropout, last.Learn.APlus = 2, true, 0.3, 0.01
	untrained, copied := small(), small()
	untrained.Layers[2].Learn.Epochs = 0
	replica(&copied)
	// Last layers to which times matter: only what the others have learned is kept.
	timed, slower, taught, varied, read := small(), small(), small(), small(), small()
	timed.Layers[2].Threshold = 9
	slower.Layers[2].Threshold, slower.Layers[2].Learn.APlus = 12, 0.002
	supervised(&taught) // with thresholds of their own
	augmented(&varied)
	svm(&read)
	for _, c := range []struct {
		name  string
		e     train.Experiment
		first bool // of its key
	}{
		{"first", plain, true},
		{"second", plain, false},
		{"other last layer", other, false},
		{"last layer without learning", untrained, false},
		{"protocol paper", paper, true},
		{"protocol paper again", paper, false},
		{"inputs that fire again", copied, true},
		{"inputs that fire again, again", copied, false},
		{"finite threshold", timed, true},
		{"finite threshold, other rates", slower, false},
		{"supervised", taught, true},
		{"supervised with other images", varied, false},
		{"svm", read, true},
		{"svm again", read, false},
	} {
		dir := t.TempDir()
		want, got := filepath.Join(dir, "want"), filepath.Join(dir, "got")
		run(t, want, c.e, train.Options{})
		o := &told{}
		run(t, got, c.e, train.Options{Cache: cache, Observer: o, Workers: 1})
		if c.first {
			o.kept(t, c.name)
			equal(t, c.name, want, got)
		} else {
			layers := []string{"s1", "s2"}[:len(c.e.Layers)-1]
			o.took(t, c.name, c.e, layers...)
			equal(t, c.name, want, got, layers...)
		}
	}
	if entries, err := train.CacheEntries(cache); err != nil || len(entries) != 6 {
		t.Errorf("in the cache: %+v, %v", entries, err)
	}
}

// interrupt trains until the given epoch of a layer has ended.
func interrupt(t *testing.T, dir string, e train.Experiment, o train.Options, layer string, epoch int) {
	t.Helper()
	o.Train, o.Test = mnist(t)
	tr, err := train.Create(dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	tr.Watch(train.ObserverFunc(func(ev train.Event) {
		if end, ok := ev.(train.EpochEnd); ok && end.Layer == layer && end.Epoch == epoch {
			stop()
		}
	}))
	if _, err := tr.Run(ctx); !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("Run = %v", err)
	}
}

// resume goes on with a run to its end.
func resume(t *testing.T, dir string, o train.Options) {
	t.Helper()
	o.Train, o.Test = mnist(t)
	tr, err := train.Resume(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCachedResume(t *testing.T) {
	e := small()
	e.Layers[0].Learn.Epochs, e.Layers[1].Learn.Epochs = 2, 2
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	want := filepath.Join(dir, "want")
	run(t, want, e, train.Options{})

	// A run that was interrupted before it had anything to keep keeps it later.
	early := filepath.Join(dir, "early")
	interrupt(t, early, e, train.Options{Cache: cache}, "s2", 0)
	o := &told{}
	resume(t, early, train.Options{Cache: cache, Observer: o})
	o.kept(t, "interrupted in s2")
	equal(t, "interrupted in s2", want, early)

	for _, c := range []struct {
		name, layer string
		epoch       int
		taken       []string
	}{
		{"in s1", "s1", 0, []string{"s1", "s2"}},
		{"after s1", "s1", 1, []string{"s2"}},
		{"in s2", "s2", 0, []string{"s2"}},
		{"in s3", "s3", 1, nil},
	} {
		run := filepath.Join(dir, strings.ReplaceAll(c.name, " ", ""))
		interrupt(t, run, e, train.Options{}, c.layer, c.epoch)
		o := &told{}
		resume(t, run, train.Options{Cache: cache, Observer: o})
		o.took(t, c.name, small(), c.taken...)
		for _, file := range []string{"model.safetensors", "checkpoint.safetensors"} {
			same(t, c.name, weights(t, filepath.Join(want, file)), weights(t, filepath.Join(run, file)))
		}
		lines := metrics(t, run)
		for i, line := range metrics(t, want) {
			if i >= len(lines) || strings.Replace(lines[i], `,"cached":true`, "", 1) != line {
				t.Errorf("%s: metrics\n%v\nwant\n%v", c.name, lines, metrics(t, want))
				break
			}
		}
		text := strings.Join(lines, "\n")
		if r, err := train.ReadReport(run); err != nil || (r.Cached != nil) != (c.taken != nil) || strings.Contains(text, `"cached"`) != (c.taken != nil) {
			t.Errorf("%s: report %+v, %v; metrics\n%s", c.name, r.Cached, err, text)
		}
	}

	// A run that a program with other results began, and its like.
	for name, harm := range map[string]func(run string){
		"begun by another program": func(run string) {
			path := filepath.Join(run, "checkpoint.safetensors")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			mark := []byte(`\"prefix\":\"`)
			at := strings.Index(string(text), string(mark)) + len(mark)
			if at < len(mark) {
				t.Fatal("no key in the checkpoint")
			}
			copy(text[at:], "0000000000000000")
			if err := os.WriteFile(path, text, 0o666); err != nil {
				t.Fatal(err)
			}
		},
		"other weights in the cache": func(string) {
			change(t, cache, func(f *tensorfile.File) {
				for i := range f.Tensors {
					if f.Tensors[i].Name == "s1.weight" {
						copy(f.Tensors[i].Data, []byte{0, 0, 0, 0x3f}) // 0.5
					}
				}
			})
		},
	} {
		run := filepath.Join(dir, strings.ReplaceAll(name, " ", ""))
		interrupt(t, run, e, train.Options{}, "s3", 0)
		harm(run)
		o := &told{}
		resume(t, run, train.Options{Cache: cache, Observer: o})
		if len(o.cached) > 1 || len(o.cached) == 1 && !strings.Contains(fmt.Sprint(o.cached[0].Err), "weights of s1 are not those") {
			t.Errorf("%s: %+v", name, o.cached)
		}
		if !o.stages["computing the input of s3"] {
			t.Errorf("%s: the input of s3 was not computed", name)
		}
		equal(t, name, want, run)
	}
}

// change rewrites the one file of a cache, with a sum that is right.
func change(t *testing.T, cache string, how func(*tensorfile.File)) {
	t.Helper()
	entries, err := train.CacheEntries(cache)
	if err != nil || len(entries) != 1 {
		t.Fatalf("in the cache: %+v, %v", entries, err)
	}
	f, err := tensorfile.Open(entries[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	how(f)
	if f.Metadata["sha256"], err = train.Contents(f); err != nil {
		t.Fatal(err)
	}
	w, err := os.Create(entries[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tensorfile.WriteSafetensors(w, f), w.Close()); err != nil {
		t.Fatal(err)
	}
}

// Nothing that is wrong with a cache stops a training or changes its result.
func TestCacheFaults(t *testing.T) {
	dir := t.TempDir()
	cache := filepath.Join(dir, "cache")
	want := filepath.Join(dir, "want")
	run(t, want, small(), train.Options{Cache: cache})
	entries, err := train.CacheEntries(cache)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	if err := os.Truncate(entries[0].Path, entries[0].Size/2); err != nil {
		t.Fatal(err)
	}
	o := &told{}
	got := filepath.Join(dir, "damaged")
	run(t, got, small(), train.Options{Cache: cache, Observer: o})
	if len(o.cached) != 2 || o.cached[0].Err == nil || !strings.Contains(o.cached[0].Err.Error(), entries[0].Path) {
		t.Errorf("%+v; want an error that names the file, and that it was made again", o.cached)
	}
	o.kept(t, "damaged")
	equal(t, "damaged", want, got)
	o = &told{}
	got = filepath.Join(dir, "again")
	run(t, got, small(), train.Options{Cache: cache, Observer: o})
	o.took(t, "again", small(), "s1", "s2")

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	o = &told{}
	got = filepath.Join(dir, "unwritable")
	run(t, got, small(), train.Options{Cache: filepath.Join(file, "cache"), Observer: o})
	if n := len(o.cached); n == 0 || !o.cached[n-1].Kept || o.cached[n-1].Err == nil {
		t.Errorf("%+v; want an error", o.cached)
	}
	equal(t, "unwritable", want, got)
}
