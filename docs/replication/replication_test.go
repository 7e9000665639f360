package main

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/study"
)

// The departures are all that the two models differ in, each once.
func TestDepartures(t *testing.T) {
	a, b, err := bases(40, 0)
	if err != nil {
		t.Fatal(err)
	}
	var differ, named []string
	for _, d := range study.Differences(a, b) {
		if d.Path != "name" && d.Path != "paper" {
			differ = append(differ, d.Path)
		}
	}
	for _, d := range departures {
		named = append(named, d.paths...)
	}
	slices.Sort(differ)
	slices.Sort(named)
	if !slices.Equal(differ, named) {
		t.Errorf("the models differ in %v\nthe departures are %v", differ, named)
	}
	all, err := variants(40, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range all {
		if err := v.experiment.Faults().Err(); err != nil {
			t.Errorf("%s: %v", v.folder(), err)
		}
		if seen[v.folder()] {
			t.Errorf("%s comes twice", v.folder())
		}
		seen[v.folder()] = true
		base := a
		if v.base == replica {
			base = b
		}
		want := 0
		for _, d := range departures {
			if d.name == v.change {
				want = len(d.paths)
				for _, o := range departures {
					if v.base == original && o.name == d.needs || v.base == replica && o.needs == d.name {
						want += len(o.paths)
					}
				}
			}
		}
		if got := len(study.Differences(base, v.experiment)); got != want {
			t.Errorf("%s differs in %d settings from %s; want %d", v.folder(), got, v.base, want)
		}
	}
	if want := 2 * (1 + len(departures)); len(all) != want {
		t.Errorf("%d variants; want %d", len(all), want)
	}
}

// A few images through all of it, twice: the second time everything is there.
func TestReplication(t *testing.T) {
	dir := t.TempDir()
	o := options{runs: filepath.Join(dir, "runs"), out: filepath.Join(dir, "docs"), seeds: 1, epochs: 1, limit: 100, jobs: 2}
	all, err := variants(o.epochs, o.limit)
	if err != nil {
		t.Fatal(err)
	}
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	// Not all: it would take long.
	if err := trainAll(context.Background(), o, all[:4], learn, test.Limit(100)); err != nil {
		t.Fatal(err)
	}
	if err := replication(context.Background(), options{runs: o.runs, out: o.out, seeds: 1, epochs: 1, limit: 100, draw: true}); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	full, err := variants(o.epochs, o.limit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range full {
		if full[i].runs, err = full[i].study(o).Finished(); err != nil {
			t.Fatal(err)
		}
	}
	if err := table(&text, full, 1); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n| "); n != len(departures)+1 {
		t.Errorf("the table has %d rows:\n%s", n, &text)
	}
	a, in := find(full, original, ""), find(full, original, "classes")
	if len(in.runs) != 1 || !strings.Contains(text.String(), points(study.Compare(pair(a, in)))+" | - |") {
		t.Errorf("the difference of the first departure is not in\n%s", &text)
	}
	for _, name := range []string{"replication-curves.png", "replication-departures.png"} {
		f, err := os.Open(filepath.Join(o.out, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.Close()
	}
	csv, err := os.ReadFile(filepath.Join(o.out, "replication.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(csv, []byte("\n")); n != 1+4 {
		t.Errorf("%d lines of %s; want 5", n, csv)
	}
}
