package tensorfile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"testing"
)

// Each fuzzer holds that reading returns a tensor file or an error, and that what was read can be written and read again.

func FuzzSafetensors(f *testing.F) {
	var b bytes.Buffer
	err := WriteSafetensors(&b, &File{
		Tensors:  []Tensor{mustFrom(f, "a", []int{1, 2}, []float32{1, -2}), mustFrom(f, "b", nil, []uint8{3}), mustFrom(f, "c", []int{0}, []int64{})},
		Metadata: map[string]string{"k": "v"},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(safetensorsFile(`{ "b" : { "data_offsets" : [ 2 , 3 ] , "shape" : [ 1 ] , "dtype" : "U8" } , "\u00e4": {"dtype":"I8","shape":[2],"data_offsets":[0,2]}, "__metadata__": {} }`, "123"))
	f.Add(safetensorsFile("{}", ""))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := ReadSafetensors(bytes.NewReader(content))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, file); err != nil {
			t.Fatal(err)
		}
		again, err := ReadSafetensors(&b)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(file.Metadata, again.Metadata); d != "" {
			t.Errorf("metadata (-first +second):\n%s", d)
		}
		if len(again.Tensors) != len(file.Tensors) {
			t.Errorf("%d tensors became %d", len(file.Tensors), len(again.Tensors))
		}
		for _, want := range file.Tensors {
			got, _ := again.Lookup(want.Name)
			if d := diff(want, got); d != "" {
				t.Errorf("(-first +second):\n%s", d)
			}
		}
	})
}

func FuzzNPY(f *testing.F) {
	for _, c := range numpySaved {
		f.Add([]byte(c.content))
	}
	f.Add(npyFile("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3L), }\n", "\x00\x00\x00\x03\x00\x01\x00\x04\x00\x02\x00\x05"))
	f.Add([]byte("\x93NUMPY\x02\x00\x3a\x00\x00\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\nxy"))
	f.Fuzz(func(t *testing.T, content []byte) {
		first, err := ReadNPY(bytes.NewReader(content), "a")
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, first); err != nil {
			t.Fatal(err)
		}
		second, err := ReadNPY(&b, "a")
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(first, second); d != "" {
			t.Errorf("(-first +second):\n%s", d)
		}
	})
}

// A mutated archive seldom gets past its directory and checksums. So the mutated content is also made one member of a sound
// archive, which still may lie about its method, its flags and its unpacked size.
func FuzzNPZ(f *testing.F) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		var b bytes.Buffer
		file := &File{Tensors: []Tensor{mustFrom(f, "a", []int{1, 2}, []float32{1, -2}), mustFrom(f, "b", nil, []uint8{3})}}
		if err := WriteNPZ(&b, file, method); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes(), "a", method, uint16(0), uint64(0))
	}
	for _, c := range numpySaved {
		f.Add([]byte(c.content), "a", zip.Store, uint16(0), uint64(len(c.content)))
		var deflated bytes.Buffer
		w, err := flate.NewWriter(&deflated, flate.BestCompression)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := io.WriteString(w, c.content); err != nil {
			f.Fatal(err)
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(deflated.Bytes(), "a", zip.Deflate, uint16(8), uint64(len(c.content)))
	}
	f.Fuzz(func(t *testing.T, content []byte, name string, method, flags uint16, size uint64) {
		testNPZAgain(t, content)
		header := zip.FileHeader{Name: name + npyExtension, Method: method, Flags: flags, UncompressedSize64: size}
		if method == zip.Deflate {
			unpacked, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(content)), 1<<20))
			if err != nil {
				return
			}
			header.CRC32 = crc32.ChecksumIEEE(unpacked)
		}
		if len(header.Name) < 1<<16 {
			testNPZAgain(t, archive(t, member{header, string(content)}))
		}
	})
}

// testNPZAgain reads an archive and, if it can be read, writes and reads it again.
func testNPZAgain(t *testing.T, content []byte) {
	first, err := readNPZBytes(content)
	if err != nil {
		return
	}
	var b bytes.Buffer
	if err := WriteNPZ(&b, first, zip.Store); err != nil {
		t.Fatal(err)
	}
	second, err := readNPZBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(first, second); d != "" {
		t.Errorf("(-first +second):\n%s", d)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("2,3\n0.8,0.2,1.0,0.0,-inf,1e-05\n"), string(F32))
	f.Add([]byte("2\r\n -1 , 2 \r\n\r\n"), string(I16))
	f.Add([]byte("\nTrue\n"), string(BOOL))
	f.Add([]byte("0,3\n\n"), string(U8))
	f.Fuzz(func(t *testing.T, content []byte, dtype string) {
		first, err := ReadText(bytes.NewReader(content), "a", DType(dtype))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteText(&b, first); err != nil {
			t.Fatal(err)
		}
		second, err := ReadText(&b, "a", DType(dtype))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(first, second); d != "" {
			t.Errorf("(-first +second):\n%s", d)
		}
	})
}
