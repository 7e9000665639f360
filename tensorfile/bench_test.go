package tensorfile

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// benchFile holds 5 MB of weights in one tensor: the size of the largest layer of the deep networks here.
func benchFile(b *testing.B) *File {
	values := make([]float32, 200*250*5*5)
	for i := range values {
		values[i] = float32(math.Sin(float64(i)))
	}
	return &File{Tensors: []Tensor{mustFrom(b, "w3", []int{200, 250, 5, 5}, values)}}
}

var benchFormats = []struct {
	name  string
	write func(io.Writer, *File) error
	read  func([]byte) error
}{
	{"safetensors", WriteSafetensors, func(content []byte) error {
		_, err := ReadSafetensors(bytes.NewReader(content))
		return err
	}},
	{"npy", func(w io.Writer, f *File) error { return WriteNPY(w, f.Tensors[0]) }, func(content []byte) error {
		_, err := ReadNPY(bytes.NewReader(content), "w3")
		return err
	}},
	{"npz", func(w io.Writer, f *File) error { return WriteNPZ(w, f, zip.Store) }, func(content []byte) error {
		_, err := readNPZBytes(content)
		return err
	}},
	{"npz-deflated", func(w io.Writer, f *File) error { return WriteNPZ(w, f, zip.Deflate) }, func(content []byte) error {
		_, err := readNPZBytes(content)
		return err
	}},
	{"text", func(w io.Writer, f *File) error { return WriteText(w, f.Tensors[0]) }, func(content []byte) error {
		_, err := ReadText(bytes.NewReader(content), "w3", F32)
		return err
	}},
}

func BenchmarkWrite(b *testing.B) {
	f := benchFile(b)
	for _, format := range benchFormats {
		b.Run("format="+format.name, func(b *testing.B) {
			b.SetBytes(int64(len(f.Tensors[0].Data)))
			b.ReportAllocs()
			var disk bytes.Buffer
			for b.Loop() {
				disk.Reset()
				if err := format.write(&disk, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	f := benchFile(b)
	for _, format := range benchFormats {
		b.Run("format="+format.name, func(b *testing.B) {
			var content bytes.Buffer
			if err := format.write(&content, f); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(f.Tensors[0].Data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := format.read(content.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	var content bytes.Buffer
	if err := WriteSafetensors(&content, benchFile(b)); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "w3.safetensors")
	if err := os.WriteFile(path, content.Bytes(), 0o666); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValues(b *testing.B) {
	w3 := benchFile(b).Tensors[0]
	b.Run("op=Float32s", func(b *testing.B) {
		b.SetBytes(int64(len(w3.Data)))
		for b.Loop() {
			if _, err := w3.Float32s(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("op=From", func(b *testing.B) {
		values, err := w3.Float32s()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(w3.Data)))
		for b.Loop() {
			if _, err := From("w3", w3.Shape, values); err != nil {
				b.Fatal(err)
			}
		}
	})
}
