package tensorfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The formats are told apart by content, so every file here has a misleading extension.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	a, b := mustFrom(t, "a", []int{2}, []float32{1, 2}), mustFrom(t, "b", nil, []uint8{3})
	both := &File{Tensors: []Tensor{a, b}}
	for _, c := range []struct {
		name  string
		write func(io.Writer) error
		want  *File
	}{
		{"model.npz", func(w io.Writer) error { return WriteSafetensors(w, both) }, both},
		{"model.npy", func(w io.Writer) error { return WriteNPZ(w, both, zip.Deflate) }, both},
		{"model", func(w io.Writer) error { return WriteNPZ(w, &File{}, zip.Store) }, &File{}},
		{"model.zip", func(w io.Writer) error { return WriteTorch(w, both) }, both},
		{"empty.npy", func(w io.Writer) error { return WriteSafetensors(w, &File{}) }, &File{}},
		{"a.npy", func(w io.Writer) error { return WriteNPY(w, b) }, &File{Tensors: []Tensor{{"a", U8, nil, b.Data}}}},
		{"a.safetensors", func(w io.Writer) error { return WriteNPY(w, a) }, &File{Tensors: []Tensor{{"a.safetensors", F32, a.Shape, a.Data}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var content bytes.Buffer
			if err := c.write(&content); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, c.name)
			if err := os.WriteFile(path, content.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			got, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			want := *c.want
			want.Path = path
			if d := diff(&want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			// Every cut of it is refused, with the path.
			for n := content.Len() - 1; n >= 0; n-- {
				if err := os.Truncate(path, int64(n)); err != nil {
					t.Fatal(err)
				}
				if _, err := Open(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
					t.Fatalf("the first %d of %d bytes: error %v", n, content.Len(), err)
				}
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    string
	}{
		"empty":        {"", "the file is empty; a safetensors, npz, npy or PyTorch file is needed"},
		"one byte":     {"x", "begins with the bytes 78; a safetensors"},
		"text":         {"2,3\n1,2,3,4,5,6\n", "begins with the bytes 32 2c 33 0a"},
		"gzip":         {"\x1f\x8b\x08\x00 and so on", "this is gzip data: unpack the file first"},
		"HDF5":         {"\x89HDF\r\n\x1a\n", "this is an HDF5 file"},
		"pickle":       {"\x80\x02\x8a\x0a", "torch: pickle, byte 2: it ends after 4 bytes, before its end; the file is truncated"},
		"newer pickle": {"\x80\x04K\x05.", "torch: a Python pickle that torch.save did not write"},
		"safetensors":  {string(safetensorsFile(`{"a":5}`, "")), `safetensors: tensor "a"|5 is not a JSON object`},
		"npz":          {"PK\x03\x04 and so on", "npz: the file is no zip archive or is truncated"},
		"npy":          {string(npyFile("{'descr': '|O'}", "")), `npy: tensor "file.bin"|lacks the key`},
		"huge header":  {"\x01\xe1\xf5\x05\x00\x00\x00\x00{", "begins with the bytes 01 e1 f5 05 00 00 00 00 7b"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file.bin")
			if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			wantError(t, err, path+": |"+c.want)
		})
	}
	t.Run("missing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "missing.npz")
		_, err := Open(path)
		wantError(t, err, path)
		if !os.IsNotExist(err) {
			t.Errorf("%v is not recognised as a missing file", err)
		}
	})
	t.Run("directory", func(t *testing.T) {
		path := t.TempDir()
		_, err := Open(path)
		wantError(t, err, path+": |not a regular file")
	})
}

// The caller sees the file without data, and gets the data of what it chooses.
func TestOpenSelected(t *testing.T) {
	a, b := mustFrom(t, "a", []int{2}, []float32{1, 2}), mustFrom(t, "b", nil, []uint8{3})
	for name, write := range map[string]func(io.Writer) error{
		"safetensors": func(w io.Writer) error { return WriteSafetensors(w, &File{Tensors: []Tensor{a, b}}) },
		"npz":         func(w io.Writer) error { return WriteNPZ(w, &File{Tensors: []Tensor{a, b}}, zip.Deflate) },
		"npy":         func(w io.Writer) error { return WriteNPY(w, a) },
		"torch":       func(w io.Writer) error { return WriteTorch(w, &File{Tensors: []Tensor{a, b}}) },
	} {
		var content bytes.Buffer
		if err := write(&content); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(path, content.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		whole, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, chosen := range [][]string{nil, {"a"}, {"b", "c"}, {"a", "b"}} {
			calls := 0
			f, err := OpenSelected(path, func(f *File) ([]string, error) {
				calls++
				for i, got := range f.Tensors {
					want := whole.Tensors[i]
					want.Data = nil
					if d := diff(want, got); d != "" {
						t.Errorf("%s: before data (-want +got):\n%s", name, d)
					}
				}
				return chosen, nil
			})
			if err != nil || calls != 1 {
				t.Fatalf("%s: %d calls, error %v", name, calls, err)
			}
			for i, got := range f.Tensors {
				want := whole.Tensors[i]
				if !slices.Contains(chosen, want.Name) {
					want.Data = nil
				}
				if d := diff(want, got); d != "" {
					t.Errorf("%s: %q chosen (-want +got):\n%s", name, chosen, d)
				}
			}
		}
		f, err := OpenSelected(path, func(*File) ([]string, error) { return nil, errBroken })
		if f != nil || !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v, error %v", name, f, err)
		}
	}
}

func TestLookup(t *testing.T) {
	f := &File{Tensors: []Tensor{mustFrom(t, "a", nil, []uint8{1}), mustFrom(t, "b", nil, []uint8{2})}}
	if got, ok := f.Lookup("b"); !ok || got.Data[0] != 2 {
		t.Errorf("b: %v, %v", got, ok)
	}
	if got, ok := f.Lookup("c"); ok || got.DType != "" {
		t.Errorf("c: %v, %v; want nothing", got, ok)
	}
	if got, err := f.Tensor("a"); err != nil || got.Data[0] != 1 {
		t.Errorf("a: %v, %v", got, err)
	}
	_, err := f.Tensor("c")
	wantError(t, err, `no tensor "c"; the file has a, b`)
	_, err = (&File{Path: "x.npz"}).Tensor("c")
	wantError(t, err, `x.npz: no tensor "c"; the file has no tensors`)
	many := &File{}
	for i := range 52 {
		many.Tensors = append(many.Tensors, Tensor{Name: fmt.Sprint("t", i)})
	}
	_, err = many.Tensor("c")
	wantError(t, err, `t0, t1, |, t49 and 2 more`)
}
