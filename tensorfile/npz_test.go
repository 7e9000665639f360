package tensorfile

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

// What numpy.savez_compressed(file, w=array([[1, 2], [3, 4]], int16), n=array(5, uint8)) of NumPy 2.4 writes.
const numpyCompressed = "UEsDBC0AAAAIAAAAIQAAytxt//////////8FABQAdy5ucHkBABAAiAAAAAAAAABOAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaSuo6Cell9UUpSY" +
	"F59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLkYGJgZmBhYGAFBLAwQtAAAACAAAACEAWm8dZ///////////BQAUAG4ubnB5AQAQAIEAAAAAAAAA" +
	"QwAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqaOgq1ChQBLlYAUEsBAi0DLQAAAAgAAAAh" +
	"AADK3G1OAAAAiAAAAAUAAAAAAAAAAAAAAIABAAAAAHcubnB5UEsBAi0DLQAAAAgAAAAhAFpvHWdDAAAAgQAAAAUAAAAAAAAAAAAAAIABhQAAAG4ubnB5UEsF" +
	"BgAAAAACAAIAZgAAAP8AAAAAAA=="

func readNPZBytes(content []byte) (*File, error) {
	return ReadNPZ(bytes.NewReader(content), int64(len(content)))
}

func TestNPZFromNumPy(t *testing.T) {
	content, err := base64.StdEncoding.DecodeString(numpyCompressed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readNPZBytes(content)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Tensors: []Tensor{
		mustFrom(t, "w", []int{2, 2}, []int16{1, 2, 3, 4}),
		mustFrom(t, "n", nil, []uint8{5}),
	}}
	if d := diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestNPZRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &File{Tensors: drawTensors(t, numpyTypes)}
		method := rapid.SampledFrom([]uint16{zip.Store, zip.Deflate}).Draw(t, "method")
		var first, second bytes.Buffer
		if err := WriteNPZ(&first, want, method); err != nil {
			t.Fatal(err)
		}
		if err := WriteNPZ(&second, want, method); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("the second file differs from the first")
		}
		got, err := readNPZBytes(first.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// Two files written in the same second would not show a clock; the dates in the archive would.
func TestNPZHasNoClock(t *testing.T) {
	var b bytes.Buffer
	if err := WriteNPZ(&b, &File{Tensors: []Tensor{mustFrom(t, "a", nil, []uint8{1})}}, zip.Store); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.File[0].Modified, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the member is dated %v, want %v", got, want)
	}
}

// member is a part of an archive that WriteNPZ would not write.
type member struct {
	zip.FileHeader
	content string
}

// archive zips members as they are: packed content is stored under whatever the header says.
func archive(t *testing.T, members ...member) []byte {
	t.Helper()
	b, err := pack(members...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pack(members ...member) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		if m.CRC32 == 0 {
			m.CRC32 = crc32.ChecksumIEEE([]byte(m.content))
		}
		m.CompressedSize64 = uint64(len(m.content))
		if m.UncompressedSize64 == 0 {
			m.UncompressedSize64 = m.CompressedSize64
		}
		part, err := w.CreateRaw(&m.FileHeader)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(part, m.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func TestReadNPZErrors(t *testing.T) {
	array := string(npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", "\xfa\xfb\xfc\xfd"))
	a := member{zip.FileHeader{Name: "a.npy"}, array}
	damaged := bytes.Replace(archive(t, a), []byte("\xfa\xfb\xfc\xfd"), []byte("\xfa\xfb\xfc\xfe"), 1)
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":           {nil, "no zip archive or is truncated"},
		"garbage":         {[]byte(strings.Repeat("garbage", 99)), "no zip archive or is truncated"},
		"truncated":       {archive(t, a)[:80], "no zip archive or is truncated"},
		"PyTorch":         {archive(t, member{zip.FileHeader{Name: "archive/data.pkl"}, "x"}), `member "archive/data.pkl" is no .npy array`},
		"directory":       {archive(t, a, member{zip.FileHeader{Name: "a/"}, ""}), `member "a/" is no .npy array`},
		"twice":           {archive(t, a, a), `two members are named "a.npy"`},
		"name":            {archive(t, member{zip.FileHeader{Name: "\xff.npy"}, array}), `the name of member "\xff.npy" is not UTF-8`},
		"encrypted":       {archive(t, member{zip.FileHeader{Name: "a.npy", Flags: 1}, array}), `member "a.npy" is encrypted`},
		"LZMA":            {archive(t, member{zip.FileHeader{Name: "a.npy", Method: 14}, array}), `member "a.npy" is packed by zip method 14; only stored (0) and deflated (8)`},
		"checksum":        {damaged, `tensor "a"|checksum error`},
		"not deflated":    {archive(t, member{zip.FileHeader{Name: "a.npy", Method: zip.Deflate}, "\x07" + array}), `tensor "a"|flate: corrupt input`},
		"no array":        {archive(t, member{zip.FileHeader{Name: "a.npy"}, "some text"}), `tensor "a"|begins with "some t"`},
		"short array":     {archive(t, member{zip.FileHeader{Name: "a.npy"}, array[:len(array)-1]}), `tensor "a"|end after 3 of the 4 bytes`},
		"long array":      {archive(t, member{zip.FileHeader{Name: "a.npy"}, array + "x"}), `tensor "a"|1 bytes follow the 4 bytes`},
		"objects":         {archive(t, a, member{zip.FileHeader{Name: "b.npy"}, string(npyFile("{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", ""))}), `tensor "b"|Python objects`},
		"wrong size":      {archive(t, member{zip.FileHeader{Name: "a.npy", UncompressedSize64: 1 << 20}, array}), `tensor "a"`},
		"huge size":       {archive(t, member{zip.FileHeader{Name: "a.npy", UncompressedSize64: 1 << 62}, array}), `tensor "a"`},
		"header is a lie": {archive(t, member{zip.FileHeader{Name: "a.npy"}, string(npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999,), }", ""))}), `tensor "a"|needs more than the 4294967296 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := readNPZBytes(c.content)
			wantError(t, err, "npz: |"+c.want)
			if f != nil {
				t.Error("a file beside the error")
			}
		})
	}
}

func TestWriteNPZErrors(t *testing.T) {
	one := mustFrom(t, "a", nil, []uint8{1})
	for name, c := range map[string]struct {
		f      File
		method uint16
		want   string
	}{
		"name twice": {File{Tensors: []Tensor{one, one}}, zip.Store, `two tensors are named "a"`},
		"bad tensor": {File{Tensors: []Tensor{{"a", U8, nil, nil}}}, zip.Store, `tensor "a"|U8 [] needs 1 bytes of data, not 0`},
		"bfloat16":   {File{Tensors: []Tensor{{"a", BF16, nil, []byte{0, 0}}}}, zip.Store, `tensor "a": NumPy has no type for BF16`},
		"metadata":   {File{Metadata: map[string]string{"a": "b"}}, zip.Store, `cannot hold metadata; write safetensors`},
		"method":     {File{Tensors: []Tensor{one}}, 14, `zip method 14; use zip.Store (0) or zip.Deflate (8)`},
		"long name":  {File{Tensors: []Tensor{{strings.Repeat("x", 1<<16), U8, nil, []byte{1}}}}, zip.Store, `tensor "xxx|too long`},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, WriteNPZ(io.Discard, &c.f, c.method), "npz: |"+c.want)
		})
	}
}

func TestNPZBroken(t *testing.T) {
	f := &File{Tensors: []Tensor{mustFrom(t, "a", []int{3}, []float32{1, 2, 3}), mustFrom(t, "b", nil, []uint8{1})}}
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		testBrokenWriter(t, func(w io.Writer) error { return WriteNPZ(w, f, method) })
		var b bytes.Buffer
		if err := WriteNPZ(&b, f, method); err != nil {
			t.Fatal(err)
		}
		testPrefixes(t, b.Bytes(), func(content []byte) error {
			_, err := readNPZBytes(content)
			return err
		})
	}
}

// A small archive that unpacks to much more than its arrays announce, or than the limit allows, is cut off.
func TestNPZBombs(t *testing.T) {
	deflated := func(content io.Reader) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		part, err := w.Create("a.npy")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(part, content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	zeros := func(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

	long := deflated(io.MultiReader(bytes.NewReader(npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", "")), zeros(64<<20)))
	testCheapError(t, `tensor "a"|at least 1048576 bytes follow the 4 bytes`, func() error {
		_, err := readNPZBytes(long)
		return err
	})
	short := deflated(bytes.NewReader(npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296,), }", "abc")))
	testCheapError(t, `tensor "a"|end after 3 of the 4294967296 bytes`, func() error {
		_, err := readNPZBytes(short)
		return err
	})

	f := &File{Tensors: []Tensor{
		mustFrom(t, "a", []int{60}, make([]uint8, 60)),
		mustFrom(t, "b", []int{40}, make([]uint8, 40)),
		mustFrom(t, "c", nil, []uint8{1}),
	}}
	var b bytes.Buffer
	if err := WriteNPZ(&b, f, zip.Deflate); err != nil {
		t.Fatal(err)
	}
	if _, err := readNPZ(bytes.NewReader(b.Bytes()), int64(b.Len()), 101, nil); err != nil {
		t.Errorf("101 bytes within a limit of 101: %v", err)
	}
	_, err := readNPZ(bytes.NewReader(b.Bytes()), int64(b.Len()), 100, nil)
	wantError(t, err, `tensor "c"|U8 [] needs more than the 0 bytes`)
	_, err = readNPZ(bytes.NewReader(b.Bytes()), int64(b.Len()), 99, nil)
	wantError(t, err, `tensor "b"|U8 [40] needs more than the 39 bytes`)
}

// A deflated array is unpacked into a buffer of its size at once.
func TestNPZUnpackedOnce(t *testing.T) {
	const size = 16 << 20
	var content bytes.Buffer
	if err := WriteNPZ(&content, &File{Tensors: []Tensor{mustFrom(t, "a", []int{size}, make([]uint8, size))}}, zip.Deflate); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := readNPZBytes(content.Bytes())
	runtime.ReadMemStats(&after)
	if err != nil || len(f.Tensors[0].Data) != size {
		t.Fatal(err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > size+size/8 {
		t.Errorf("%d bytes cost %d", size, spent)
	}
}

// zeroReader reads zeros for ever.
type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A reader that fails in the middle is not taken for the file's end.
func TestNPZBrokenReader(t *testing.T) {
	var b bytes.Buffer
	if err := WriteNPZ(&b, &File{Tensors: []Tensor{mustFrom(t, "a", []int{4000}, make([]uint8, 4000))}}, zip.Store); err != nil {
		t.Fatal(err)
	}
	_, err := ReadNPZ(brokenReaderAt{bytes.NewReader(b.Bytes()), 150}, int64(b.Len()))
	wantError(t, err, `npz: tensor "a"|`+errBroken.Error())
}

// brokenReaderAt fails where a read touches the byte at bad.
type brokenReaderAt struct {
	io.ReaderAt
	bad int64
}

func (r brokenReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if off <= r.bad && r.bad < off+int64(len(p)) {
		return iotest.ErrReader(errBroken).Read(p)
	}
	return r.ReaderAt.ReadAt(p, off)
}
