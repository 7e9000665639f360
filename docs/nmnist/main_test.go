package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/event"
	"firstspike/train"
)

func TestExampleExperiment(t *testing.T) {
	const path = "../nmnist.toml"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	if f := e.Faults(); len(f) > 0 {
		t.Error(f)
	}
	if got := e.Geometry(0).In.Maps; got != 6 {
		t.Errorf("%d channels; 3 saccades and 2 polarities are 6", got)
	}
}

// What the camera records is, to this program, as near to itself as can be.
func TestCompare(t *testing.T) {
	digits, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	r, err := event.NMNIST().Recorder()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 30 {
		data, err := r.Record(digits.Image(i), 28, 28, uint64(i)).Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"Train", "Test"} {
			path := filepath.Join(dir, part, string(rune('0'+digits.Label(i))), "000"+string([]byte{'0' + byte((i+1)/10), '0' + byte((i+1)%10)})+".bin")
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := compare(dir, dir, 1, 30, &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 30 digits |", "| correlation of both numbers over digits | | 1.000 |", "| saccade 3 | ", " | 1.000 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	for _, name := range []string{"nmnist-simulated.png", "nmnist-rate.png"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := compare(dir, dir, 1, 5, &b); err == nil || !strings.Contains(err.Error(), "twenty are needed") {
		t.Error(err)
	}
	if err := compare("bars", dir, 1, 5, &b); err == nil || !strings.Contains(err.Error(), "holds images") {
		t.Error(err)
	}
}
