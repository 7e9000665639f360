package conform_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"firstspike/conform"
	"firstspike/tensorfile"
)

// bomb writes an npz file of deflated arrays, all of zeros.
func bomb(t *testing.T, arrays ...tensorfile.Tensor) string {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, a := range arrays {
		w, err := archive.Create(a.Name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		descr := map[tensorfile.DType]string{tensorfile.U8: "|u1", tensorfile.F32: "<f4"}[a.DType]
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Shape), " ", ","), "[]")
		text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", descr, shape)
		fmt.Fprintf(w, "\x93NUMPY\x01\x00%c%c%s", len(text)%256, len(text)/256, text)
		n := a.DType.Size()
		for _, size := range a.Shape {
			n *= size
		}
		if _, err := io.CopyN(w, zeros{}, int64(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bomb.npz")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0
	}
	return len(p), nil
}

// allocated is what f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What cannot be a trace is refused before it is unpacked.
func TestOpenRefusesPacked(t *testing.T) {
	const most = 4 << 20 // of some 40 MB that each of them unpacks to
	m := model(t)
	for want, arrays := range map[string][]tensorfile.Tensor{
		"test_ids is of 40000000 images; a trace may have 1000000":                  {{Name: "test_ids", DType: tensorfile.U8, Shape: []int{40_000_000}}},
		"w1 has the shape [10000000]; expected [30 6 5 5]":                          {{Name: "w1", DType: tensorfile.F32, Shape: []int{10_000_000}}},
		"label has the shape [40000000]; expected [2] for the 2 images of test_ids": {{Name: "label", DType: tensorfile.U8, Shape: []int{40_000_000}}, {Name: "test_ids", DType: tensorfile.U8, Shape: []int{2}}},
		"s1_latency is F32; expected one of [U8 I8 I16 U16 I32 U32 I64 U64]":        {{Name: "s1_latency", DType: tensorfile.F32, Shape: []int{425, 30, 28, 28}}},
		"c1_latency has the shape [40000000]; expected [40000000 30 14 14]":         {{Name: "c1_latency", DType: tensorfile.U8, Shape: []int{40_000_000}}},
	} {
		path := bomb(t, arrays...)
		spent := allocated(func() {
			if f, err := conform.Open(path, m); f != nil || err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		})
		if spent > most {
			t.Errorf("%s: cost %d bytes", want, spent)
		}
	}
}

// Arrays that mean nothing stay packed, and are still named; the others come
// whole.
func TestOpenLeavesUnknownPacked(t *testing.T) {
	path := bomb(t, tensorfile.Tensor{Name: "padding", DType: tensorfile.U8, Shape: []int{40_000_000}},
		tensorfile.Tensor{Name: "test_ids", DType: tensorfile.U8, Shape: []int{2}},
		tensorfile.Tensor{Name: "label", DType: tensorfile.U8, Shape: []int{2}})
	var f *tensorfile.File
	var err error
	m := model(t)
	if spent := allocated(func() { f, err = conform.Open(path, m) }); spent > 4<<20 {
		t.Errorf("cost %d bytes", spent)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := check(t, f, m)
	if err != nil || !slices.Equal(r.Unknown, []string{"padding"}) {
		t.Errorf("%v, %v", r, err)
	}
}
