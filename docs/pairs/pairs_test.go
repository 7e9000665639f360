package main

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A few images through all of it, and once more without training.
func TestPairs(t *testing.T) {
	dir := t.TempDir()
	o := options{runs: filepath.Join(dir, "runs"), out: filepath.Join(dir, "docs"), seeds: 1, jobs: 2, maps: []int{2, 4}, digits: []string{"0,1"}, limit: 200}
	var first, again bytes.Buffer
	if err := pairs(context.Background(), o, &first); err != nil {
		t.Fatal(err)
	}
	o.draw = true
	if err := pairs(context.Background(), o, &again); err != nil {
		t.Fatal(err)
	}
	if first.String() != again.String() || strings.Count(first.String(), "\n| 0 and 1 |") != 2 || strings.Contains(first.String(), " - |") {
		t.Errorf("%s\nand then\n%s", &first, &again)
	}
	csv, err := os.ReadFile(filepath.Join(o.out, "pairs.csv"))
	if err != nil || bytes.Count(csv, []byte("\n")) != 1+4 {
		t.Errorf("%s, %v", csv, err)
	}
	f, err := os.Open(filepath.Join(o.out, "pairs.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
}
