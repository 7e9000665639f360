package tensorfile

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// diff compares, taking nil for empty.
func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// mustFrom is From for values that fit.
func mustFrom[T Element | int](tb testing.TB, name string, shape []int, values []T) Tensor {
	tb.Helper()
	t, err := From(name, shape, values)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// mustTensor is File.Tensor for names that are there.
func mustTensor(t *rapid.T, f *File, name string) Tensor {
	tensor, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return tensor
}

// wantError fails unless err holds every one of the |-separated parts.
func wantError(tb testing.TB, err error, parts string) {
	tb.Helper()
	if err == nil {
		tb.Fatalf("no error; want one with %q", parts)
	}
	for part := range strings.SplitSeq(parts, "|") {
		if !strings.Contains(err.Error(), part) {
			tb.Errorf("error %q lacks %q", err, part)
		}
	}
}

// drawShape draws shapes of 0 to 4 dimensions, scalars and empty ones among them.
func drawShape(t *rapid.T) []int {
	return rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")
}

// drawTensor draws a tensor of any of types with arbitrary bits, NaNs of every payload among them.
func drawTensor(t *rapid.T, name string, types []DType) Tensor {
	d := rapid.SampledFrom(types).Draw(t, "dtype")
	shape := drawShape(t)
	n, err := byteSize(d, shape, MaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return Tensor{Name: name, DType: d, Shape: shape, Data: rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data")}
}

// drawTensors draws up to 5 tensors under different names.
func drawTensors(t *rapid.T, types []DType) []Tensor {
	names := rapid.SliceOfNDistinct(rapid.String(), 0, 5, rapid.ID).Filter(func(names []string) bool {
		for _, name := range names {
			if name == metadataKey {
				return false
			}
		}
		return true
	}).Draw(t, "names")
	var tensors []Tensor
	for _, name := range names {
		tensors = append(tensors, drawTensor(t, name, types))
	}
	return tensors
}

// numpyTypes are the types that an npy file can hold, textTypes those of a text file.
var (
	numpyTypes = []DType{BOOL, U8, I8, I16, U16, F16, I32, U32, F32, F64, I64, U64}
	textTypes  = []DType{BOOL, U8, I8, I16, U16, I32, U32, F32, F64, I64, U64}
)

var errBroken = errors.New("broken pipe")

// brokenWriter fails after left bytes.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		n := w.left
		w.left = 0
		return n, errBroken
	}
	w.left -= len(p)
	return len(p), nil
}

// testBrokenWriter holds that write reports a writer that fails, wherever it fails.
func testBrokenWriter(t *testing.T, write func(io.Writer) error) {
	t.Helper()
	var whole bytes.Buffer
	if err := write(&whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Len() {
		if err := write(&brokenWriter{n}); !errors.Is(err, errBroken) {
			t.Fatalf("writer broken after %d of %d bytes: error %v", n, whole.Len(), err)
		}
	}
}

// testBrokenReader holds that read reports a reader that fails, wherever it fails, and reads the same byte by byte.
func testBrokenReader(t *testing.T, content []byte, read func(io.Reader) (any, error)) {
	t.Helper()
	want, err := read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(content) + 1 {
		r := io.MultiReader(bytes.NewReader(content[:n]), iotest.ErrReader(errBroken))
		if _, err := read(r); !errors.Is(err, errBroken) {
			t.Fatalf("reader broken after %d of %d bytes: error %v", n, len(content), err)
		}
	}
	got, err := read(iotest.OneByteReader(bytes.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("byte by byte (-whole +bytewise):\n%s", d)
	}
}

// testPrefixes holds that read refuses a file cut off anywhere.
func testPrefixes(t *testing.T, content []byte, read func([]byte) error) {
	t.Helper()
	if err := read(content); err != nil {
		t.Fatal(err)
	}
	for n := range content {
		if read(content[:n]) == nil {
			t.Errorf("the first %d of %d bytes are taken for a file", n, len(content))
		}
	}
}

// testCheapError holds that refusing costs little memory.
func testCheapError(t *testing.T, parts string, read func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := read()
	runtime.ReadMemStats(&after)
	wantError(t, err, parts)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
		t.Errorf("the error cost %d bytes of memory", spent)
	}
}
