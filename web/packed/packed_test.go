package packed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/tensorfile"
	"firstspike/train"
	"firstspike/web/packed"
)

// learned is a small network for digits that has learned a little.
func learned(t *testing.T) (*train.Model, *dataset.Set) {
	t.Helper()
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	e.Data.Limit, e.Protocol.Validation = 100, 20
	e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Learn.Epochs = 40, 20, 2
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	r, err := train.Create(dir, e, train.Options{Train: learn, Test: test.Limit(50), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, test.Limit(200)
}

// What is read is what was rounded, whatever else is done to the file, and
// decides as the network did.
func TestRoundTrip(t *testing.T) {
	m, test := learned(t)
	rounded, err := m.Rounded()
	if err != nil {
		t.Fatal(err)
	}
	var plain, small bytes.Buffer
	if err := rounded.Write(&plain); err != nil {
		t.Fatal(err)
	}
	if err := packed.Write(&small, m); err != nil {
		t.Fatal(err)
	}
	size := small.Len()
	z, err := gzip.NewReader(bytes.NewReader(small.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	w.Write(plain.Bytes())
	w.Close()
	if size >= zipped.Len() {
		t.Errorf("packed %d bytes; as it is %d", size, zipped.Len())
	}
	for name, file := range map[string][]byte{"packed": small.Bytes(), "not compressed": unpacked, "plain": plain.Bytes(), "plain, compressed": zipped.Bytes()} {
		got, err := packed.Read(name, bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var again bytes.Buffer
		if err := got.Write(&again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), plain.Bytes()) {
			t.Errorf("%s: another network came out", name)
		}
	}
	got, err := packed.Read("", &small)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	b, err := got.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	for i := range test.Len() {
		if want, got := a.Predict(test.Image(i)), b.Predict(test.Image(i)); got != want {
			t.Errorf("image %d: %+v; before it was packed %+v", i, got, want)
		}
	}
}

// All that float32 can be survives, packed or as it is.
func TestValues(t *testing.T) {
	for _, values := range [][]float32{
		{0, 0, 0},
		{1, 1, 1},
		{0.5, -0.25, 3},
		{1 << 20, 1.0 / 1024},
		{1 << 30, 1.0 / 1024},
		{1 << 31, 0},
		{-(1<<31 - 256), 1<<31 - 256},
		{math.MaxFloat32, math.SmallestNonzeroFloat32},
		{math.SmallestNonzeroFloat32, 0},
		{math.MaxFloat32},
		{0, float32(math.Copysign(0, -1))},
		{float32(math.Inf(1)), 1},
		{float32(math.NaN())},
		{},
	} {
		a, err := tensorfile.From("a", []int{1, len(values)}, values)
		if err != nil {
			t.Fatal(err)
		}
		f := &tensorfile.File{Tensors: []tensorfile.Tensor{a}, Metadata: map[string]string{"k": "v"}}
		if err := packed.Pack(f); err != nil {
			t.Fatalf("%v: %v", values, err)
		}
		if err := packed.Unpack(f); err != nil {
			t.Fatalf("%v: %v", values, err)
		}
		b := f.Tensors[0]
		if b.DType != a.DType || !slices.Equal(a.Shape, b.Shape) || !bytes.Equal(a.Data, b.Data) || len(f.Metadata) != 1 {
			t.Errorf("%v became %+v", values, f)
		}
	}
}

func TestRefused(t *testing.T) {
	for metadata, want := range map[string]string{
		`x`:                        `packed in the metadata`,
		`{"a":{"bits":5}}`:         `tensor "a" is not as its metadata say`,
		`{"b":{"bits":1001}}`:      `tensor "b" is not as its metadata say`,
		`{"b":{"bits":1}}`:         `its metadata has no experiment`,
		`{"c":{"bits":1}}`:         `tensor "c" is not as its metadata say`,
		`{"d":{"bits":1}}`:         `tensor "d" is not as its metadata say`,
		`{"e":{"least":9,"bits":}`: `packed in the metadata`,
	} {
		f := &tensorfile.File{Metadata: map[string]string{"packed": metadata}}
		for _, x := range []struct {
			name  string
			shape []int
			n     int
		}{{"b", []int{2, 3}, 6}, {"c", []int{}, 1}, {"d", []int{5, 1}, 5}} {
			a, err := tensorfile.From(x.name, x.shape, make([]byte, x.n))
			if err != nil {
				t.Fatal(err)
			}
			f.Tensors = append(f.Tensors, a)
		}
		a, err := tensorfile.From("a", []int{1}, []float32{1})
		if err != nil {
			t.Fatal(err)
		}
		f.Tensors = append(f.Tensors, a)
		var b bytes.Buffer
		if err := tensorfile.WriteSafetensors(&b, f); err != nil {
			t.Fatal(err)
		}
		if _, err := packed.Read("net", &b); err == nil || !strings.HasPrefix(err.Error(), "net: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", metadata, err, want)
		}
	}
	for _, file := range []string{"", "\x1f\x8b", "\x1f\x8bxx", "nothing known"} {
		if _, err := packed.Read("net", strings.NewReader(file)); err == nil || !strings.HasPrefix(err.Error(), "net: ") {
			t.Errorf("%q: %v", file, err)
		}
	}
}
