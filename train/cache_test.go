package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/tensorfile"
)

// lesson is a prefix and what it might have learned, of 70 maps, so that a
// position takes two words.
func lesson(t *testing.T, seed uint64) (prefix, learned) {
	t.Helper()
	learn := Learn{Rule: RuleSTDP, Epochs: 2, K: 1, Upper: 1, APlus: .1}
	e := Experiment{
		Name: "lesson", Seed: seed, Data: Data{Source: "mnist", Rows: 3, Cols: 3, Classes: 2},
		Protocol: Protocol{Kind: ProtocolValidation, Validation: 2},
		Encode:   encode.Config{Steps: 4, Filters: []encode.Filter{{Kind: "dog", Size: 3, Sigma1: 1, Sigma2: 2}}, Pad: 1},
		Layers: []Layer{
			{Name: "s1", Maps: 70, Kernel: snn.Size{Rows: 2, Cols: 2}, Stride: 1, Threshold: 1, Fires: snn.Above, Learn: learn},
			{Name: "s2", Maps: 2, Kernel: snn.Size{Rows: 2, Cols: 2}, Stride: 1, Threshold: math.Inf(1), Fires: snn.Above,
				Learn: Learn{Rule: RuleRSTDP, Epochs: 1, K: 1, Upper: 1}},
		},
	}
	if err := e.Faults().Err(); err != nil {
		t.Fatal(err)
	}
	p := newPrefix(e, DataSum{SHA256: "a"}, DataSum{SHA256: "b"}, 3, 2)
	l := learned{thresholds: make([][]float64, 1), weights: [][]float32{make([]float32, 70*4)}, train: make([]uint64, 3*4*2), held: make([]uint64, 2*4*2)}
	for i := range l.weights[0] {
		l.weights[0][i] = float32(i) / 300
	}
	for _, bits := range [][]uint64{l.train, l.held} {
		for i := range bits {
			bits[i] = 0x0123456789abcdef * uint64(i+1)
			if i%2 == 1 {
				bits[i] &= 1<<6 - 1
			}
		}
	}
	l.story = story{Seconds: 1.5, Presentations: 6, Epochs: []EpochEnd{
		{Layer: "s1", Epoch: 0, Epochs: 2, Presentations: 3, Convergence: .1},
		{Layer: "s1", Epoch: 1, Epochs: 2, Presentations: 6, Convergence: .3},
	}}
	return p, l
}

func TestCacheFile(t *testing.T) {
	p, l := lesson(t, 1)
	c := cache{filepath.Join(t.TempDir(), "not", "made"), cacheBytes}
	if _, err := p.read(c.path(p.key)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("read from an empty cache: %v", err)
	}
	if err := p.keep(c, l); err != nil {
		t.Fatal(err)
	}
	path := c.path(p.key)
	if got, err := p.read(path); err != nil || !reflect.DeepEqual(got, l) {
		t.Fatalf("got %+v, %v; want %+v", got, err, l)
	}
	entries, err := CacheEntries(c.dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("entries %+v, %v", entries, err)
	}
	if e := entries[0]; e.Key != p.key || e.Path != path || !slices.Equal(e.Layers, []string{"s1"}) || e.Seed != 1 || e.Size == 0 || e.Err != nil {
		t.Errorf("entry %+v", e)
	}
	c.limit = 100
	if err := p.keep(c, l); err == nil || !strings.Contains(err.Error(), "at most 100") {
		t.Errorf("keep in too small a cache: %v", err)
	}
}

// No file is taken for what it is not: whatever is changed about it, it is
// refused, or says the same.
func TestCacheDamage(t *testing.T) {
	p, l := lesson(t, 1)
	c := cache{t.TempDir(), cacheBytes}
	if err := p.keep(c, l); err != nil {
		t.Fatal(err)
	}
	path := c.path(p.key)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, b []byte) bool {
		t.Helper()
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := p.read(path)
		if err == nil && !reflect.DeepEqual(got, l) {
			t.Errorf("%s: read as if it were whole", what)
		}
		if err != nil && (!strings.Contains(err.Error(), path) || got.train != nil) {
			t.Errorf("%s: %+v, %v; want nothing, and an error that names the file", what, got, err)
		}
		return err != nil
	}
	for n := 0; n < len(whole); n++ {
		if n > 16 && n < len(whole)-16 {
			n += 12 // all of them take a while
		}
		if !try(fmt.Sprintf("first %d bytes", n), whole[:n]) {
			t.Errorf("a file of %d of %d bytes was read", n, len(whole))
		}
	}
	flipped, refused := 0, 0
	for i := 0; i < len(whole); i += 5 {
		flipped++
		b := slices.Clone(whole)
		b[i] ^= 1 << (i % 8)
		if try(fmt.Sprintf("bit %d of byte %d", i%8, i), b) {
			refused++
		}
	}
	if refused < flipped-8 { // some do not matter, such as which space is in the header
		t.Errorf("of %d flipped bits only %d were noticed", flipped, refused)
	}
	if !try("a byte more", append(slices.Clone(whole), 0)) || !try("another file", []byte("{}")) {
		t.Error("read a file that is another")
	}

	// With the right sum, too: another program, or another version of this one.
	other, _ := lesson(t, 2)
	for name, change := range map[string]func(f *tensorfile.File){
		"other key":    func(f *tensorfile.File) { f.Metadata["identity"] = string(other.identity) },
		"other format": func(f *tensorfile.File) { f.Metadata["format"] = "firstspike 1" },
		"no metadata":  func(f *tensorfile.File) { f.Metadata = map[string]string{} },
		"no tensors":   func(f *tensorfile.File) { f.Tensors = nil },
		"one more":     func(f *tensorfile.File) { f.Tensors = append(f.Tensors, tensorOf(t, "more", []int{1}, []uint8{1})) },
		"one less":     func(f *tensorfile.File) { f.Tensors = f.Tensors[:2] },
		"other shape":  func(f *tensorfile.File) { f.Tensors[1].Shape = []int{3, 2, 4} },
		"fewer images": func(f *tensorfile.File) { f.Tensors[1] = tensorOf(t, trainBits, []int{2, 4, 2}, l.train[:16]) },
		"other type":   func(f *tensorfile.File) { f.Tensors[1].DType = tensorfile.I64 },
		"NaN weight": func(f *tensorfile.File) {
			f.Tensors[0] = tensorOf(t, "s1.weight", []int{70, 1, 2, 2}, append(l.weights[0][1:len(l.weights[0]):len(l.weights[0])], float32(math.NaN())))
		},
		"bits of no map": func(f *tensorfile.File) { f.Tensors[2].Data[15] = 0x80 },
		"no story":       func(f *tensorfile.File) { delete(f.Metadata, "story") },
		"short story":    func(f *tensorfile.File) { f.Metadata["story"] = `{"presentations":6}` },
		"long story": func(f *tensorfile.File) {
			f.Metadata["story"] = strings.Replace(f.Metadata["story"], `"epochs":[`, `"epochs":[{"layer":"s0"},`, 1)
		},
		"other count": func(f *tensorfile.File) {
			f.Metadata["story"] = strings.Replace(f.Metadata["story"], `"presentations":6`, `"presentations":7`, 1)
		},
	} {
		f, err := p.file(l)
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		if f.Metadata[sumKey], err = contents(f); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := tensorfile.WriteSafetensors(&b, f); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(b.Bytes(), whole) || !try(name, b.Bytes()) {
			t.Errorf("%s: read", name)
		}
	}
	// Nor is a folder of that name a file, or taken for one.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := p.read(path); err == nil {
		t.Error("read a folder")
	}
	if err := p.keep(c, l); err == nil {
		t.Error("replaced a folder")
	}
	if removed, err := ClearCache(c.dir); err != nil || len(removed) > 0 {
		t.Errorf("ClearCache removed %+v, %v", removed, err)
	}
}

func tensorOf[T tensorfile.Element](t *testing.T, name string, shape []int, values []T) tensorfile.Tensor {
	t.Helper()
	tensor, err := tensorfile.From(name, shape, values)
	if err != nil {
		t.Fatal(err)
	}
	return tensor
}

// Of what was not used for long the oldest goes first, and nothing goes that is
// not the cache's.
func TestCacheTrim(t *testing.T) {
	c := cache{t.TempDir(), 250}
	key := func(i int) string { return fmt.Sprintf("%064x", i) }
	bytes100 := func(w io.Writer) error {
		_, err := w.Write(make([]byte, 100))
		return err
	}
	others := []string{
		"mine", "prefix-" + key(1)[1:] + ".safetensors", "prefix-" + key(1) + ".safetensors.bak", strings.ToUpper("prefix-"+key(171)) + ".safetensors",
		"prefix-" + strings.ToUpper(key(171)) + ".safetensors", ".prefix-" + key(1) + ".safetensors.x", ".mine.1", ".prefix-" + key(1) + ".safetensors.77",
	}
	long := time.Now().Add(-48 * time.Hour)
	for i, name := range others {
		path := filepath.Join(c.dir, name)
		if err := os.WriteFile(path, make([]byte, 1000), 0o666); err != nil {
			t.Fatal(err)
		}
		if i < len(others)-1 { // the last is being written right now
			if err := os.Chtimes(path, long, long); err != nil {
				t.Fatal(err)
			}
		}
	}
	abandoned := filepath.Join(c.dir, ".prefix-"+key(1)+".safetensors.123")
	if err := os.WriteFile(abandoned, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(abandoned, long, long); err != nil {
		t.Fatal(err)
	}
	// 0 is written first but used last.
	for i := range 4 {
		if err := c.write(key(i), bytes100); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(time.Duration(i-10) * time.Minute)
		if err := os.Chtimes(c.path(key(i)), then, then); err != nil {
			t.Fatal(err)
		}
		c.touch(c.path(key(0)))
	}
	var left []string
	entries, err := c.entries()
	for _, e := range entries {
		left = append(left, e.Key)
	}
	if want := []string{key(0), key(3)}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v, %v; want %v", left, err, want)
	}
	// What was just written stays though it is too large.
	c.limit = 10
	if err := c.write(key(9), bytes100); err != nil {
		t.Fatal(err)
	}
	if entries, err := c.entries(); err != nil || len(entries) != 1 || entries[0].Key != key(9) {
		t.Errorf("left are %+v, %v", entries, err)
	}
	if removed, err := ClearCache(c.dir); err != nil || len(removed) != 1 || removed[0].Size != 100 {
		t.Errorf("ClearCache removed %+v, %v", removed, err)
	}
	files, err := os.ReadDir(c.dir)
	if err != nil || len(files) != len(others) {
		t.Errorf("in the folder are %v, %v; want %v", files, err, others)
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(c.dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// Whoever reads while others write and remove sees a whole file or none.
func TestCacheTogether(t *testing.T) {
	dir := t.TempDir()
	var prefixes []prefix
	var lessons []learned
	for seed := range uint64(3) {
		p, l := lesson(t, seed)
		l.weights[0][0] = float32(seed) / 8
		prefixes, lessons = append(prefixes, p), append(lessons, l)
	}
	// There is room for one file or two, so that they push each other out.
	c := cache{dir, 7000}
	var group sync.WaitGroup
	for worker := range 6 {
		group.Go(func() {
			for i := range 20 {
				n := (worker + i) % len(prefixes)
				p, l := prefixes[n], lessons[n]
				if err := p.keep(c, l); err != nil {
					t.Error(err)
				}
				got, err := p.read(c.path(p.key))
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil || !reflect.DeepEqual(got, l) {
					t.Errorf("%+v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
	if err := c.trim(""); err != nil {
		t.Error(err)
	}
	entries, err := c.entries()
	total := int64(0)
	for _, e := range entries {
		total += e.Size
	}
	if err != nil || total > c.limit || len(entries) == 0 || len(entries) == len(prefixes) {
		t.Errorf("%d entries of %d bytes, %v", len(entries), total, err)
	}
}
