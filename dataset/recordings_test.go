package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firstspike/dataset"
)

// word is an event as N-MNIST's files have it.
func word(x, y, t int) []byte { return []byte{byte(x), byte(y), byte(t >> 16), byte(t >> 8), byte(t)} }

// layOut makes a folder of recordings as N-MNIST is published.
func layOut(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpenRecordings(t *testing.T) {
	long := bytes.Repeat(word(33, 33, 70000), 100)
	dir := layOut(t, map[string][]byte{
		"Train/0/00002.bin": word(1, 2, 3), "Train/1/00001.bin": long, "Train/1/00003.bin": nil,
		"Test/1/00001.bin": word(4, 5, 6), "Train/0/.DS_Store": {1},
	})
	train, test, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !train.Events || train.Len() != 3 || train.Rows != 34 || train.Cols != 34 || train.Classes != 2 || test.Classes != 2 || test.Len() != 1 {
		t.Fatalf("%+v and %+v", train, test)
	}
	// In the order of names, not of classes.
	for i, want := range []struct {
		data  []byte
		label int
	}{{long, 1}, {word(1, 2, 3), 0}, {nil, 1}} {
		if !bytes.Equal(train.Image(i), want.data) || train.Label(i) != want.label {
			t.Errorf("recording %d is %x of class %d", i, train.Image(i), train.Label(i))
		}
	}
	if test.Label(0) != 1 {
		t.Errorf("the test recording has class %d", test.Label(0))
	}
	if v := train.Subset([]int{2, 0}); v.Len() != 2 || !v.Events || !bytes.Equal(v.Image(1), long) || v.ID(1) != 0 || v.Limit(1).Image(0) == nil {
		t.Errorf("a subset is %+v", v)
	}
	if only, err := dataset.OpenTest(dir); err != nil || !only.Events || only.Len() != 1 {
		t.Errorf("the test part alone: %+v, %v", only, err)
	}
	if err := dataset.WriteIDX(filepath.Join(dir, "x"), "", train); err == nil || !strings.Contains(err.Error(), "recordings of events") {
		t.Errorf("written as IDX: %v", err)
	}
}

// The sum covers sizes, lengths, bytes and labels.
func TestRecordingsSum(t *testing.T) {
	a, b := word(0, 0, 1), append(word(0, 0, 1), word(1, 1, 2)...)
	set := func(rows int, recordings [][]byte, labels []uint8) *dataset.Set {
		s, err := dataset.NewRecordings("", rows, 34, recordings, labels)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := set(34, [][]byte{a, b}, []uint8{0, 1})
	text := "events 2 34 34\n" + "\x00\x00\x00\x05" + string(a) + "\x00\x00\x00\x0a" + string(b) +
		"\x00\x00\x08\x01\x00\x00\x00\x02" + "\x00\x01"
	sum := sha256.Sum256([]byte(text))
	if s.Sum() != hex.EncodeToString(sum[:]) {
		t.Errorf("%s; want %x", s.Sum(), sum)
	}
	if again := s.Subset([]int{1, 0}).Subset([]int{1, 0}); again.Sum() != s.Sum() {
		t.Error("a view of the same recordings has another sum")
	}
	for i, other := range []*dataset.Set{set(33, [][]byte{a, b}, []uint8{0, 1}), set(34, [][]byte{b, a}, []uint8{0, 1}),
		set(34, [][]byte{a, b}, []uint8{1, 1}), set(34, [][]byte{a, b}, nil), set(34, [][]byte{a}, []uint8{0})} {
		if other.Sum() == s.Sum() {
			t.Errorf("set %d has the same sum", i)
		}
	}
}

func TestRecordingsFaults(t *testing.T) {
	good := word(0, 0, 0)
	many := map[string][]byte{"Train/0/a.bin": good, "Test/0/a.bin": good}
	for i := range 12 {
		many[fmt.Sprintf("Train/0/bad%02d.bin", i)] = []byte("bad")
	}
	for _, c := range []struct {
		files map[string][]byte
		want  []string
	}{
		{many, []string{"bad00.bin: 3 bytes are no whole number", "bad09.bin", "and 2 other files"}},
		{map[string][]byte{"Train/0/a.bin": word(34, 0, 0), "Test/0/a.bin": word(0, 0, 0)[:4]},
			[]string{filepath.Join("Train", "0", "a.bin") + ": event 0 is at x 34", filepath.Join("Test", "0", "a.bin") + ": 4 bytes"}},
		{map[string][]byte{"Train/0/a.bin": append(word(0, 0, 9), word(0, 0, 8)...), "Test/0/a.bin": good}, []string{"event 1 is at 8 µs, before"}},
		{map[string][]byte{"Train/0/a.bin": good, "Train/0/b.txt": good, "Test/0/a.bin": good}, []string{"b.txt: is among recordings"}},
		{map[string][]byte{"Train/0/a.bin": good}, []string{"has no folder Test"}},
		{map[string][]byte{"Test/0/a.bin": good}, []string{"has no folder Train"}},
		{map[string][]byte{"Train/0/a.bin": good, "Test/1/a.bin": good}, []string{"there is no class 1"}},
	} {
		_, _, err := dataset.Open(layOut(t, c.files))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		}
	}
	if _, err := dataset.NewRecordings("x", 0, 1, nil, nil); err == nil {
		t.Error("a sensor without rows")
	}
	if _, err := dataset.NewRecordings("x", 1, 1, [][]byte{nil}, []uint8{}); err == nil {
		t.Error("no labels for a recording")
	}
	if _, err := dataset.NewRecordings("x", 1, 1, [][]byte{nil, {0, 1, 0, 0, 0}}, nil); err == nil || !strings.Contains(err.Error(), "x: recording 1: event 0") {
		t.Errorf("an event outside the sensor: %v", err)
	}
}

func TestNMNISTIsSaidToBeMissing(t *testing.T) {
	t.Setenv(dataset.FolderEnv, t.TempDir())
	if _, _, err := dataset.Open("nmnist"); err == nil || !strings.Contains(err.Error(), "garrickorchard.com") || !strings.Contains(err.Error(), "firstspike simulate") {
		t.Error(err)
	}
}
