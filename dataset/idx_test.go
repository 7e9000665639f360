package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// idx returns an IDX file: the magic number, the dimensions and the data.
func idx(magic uint32, dims []uint32, data ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, data...)
}

func gz(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// write writes the files, name and contents in turn, to a new directory and returns it.
func write(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Three images of 2x2 pixels and their labels, as every error case has them but for its fault.
var (
	goodPixels = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	goodImages = idx(magicImages, []uint32{3, 2, 2}, goodPixels...)
	goodLabels = idx(magicLabels, []uint32{3}, 4, 0, 2)
)

func TestReadIDX(t *testing.T) {
	twoMembers := append(gz(goodImages[:20]), gz(goodImages[20:])...)
	dir := write(t, map[string][]byte{
		"images": goodImages, "labels": goodLabels,
		// The contents tell what is compressed, not the names.
		"images.idx": gz(goodImages), "labels.gz": goodLabels, "two.gz": twoMembers,
	})
	for _, files := range [][2]string{{"images", "labels"}, {"images.idx", "labels.gz"}, {"two.gz", "labels"}} {
		images := filepath.Join(dir, files[0])
		s, err := ReadIDX(images, filepath.Join(dir, files[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name != images || s.Len() != 3 || s.Rows != 2 || s.Cols != 2 || s.Classes != 5 {
			t.Errorf("%v: %+v", files, s)
		}
		if !bytes.Equal(s.Image(1), []byte{4, 5, 6, 7}) || !bytes.Equal(s.Labels, []byte{4, 0, 2}) {
			t.Errorf("%v: image 1 %v, labels %v", files, s.Image(1), s.Labels)
		}
		alone, err := ReadIDXImages(images)
		if err != nil || alone.Labels != nil || alone.Classes != 0 || !bytes.Equal(alone.Image(2), s.Image(2)) {
			t.Errorf("%v: images alone: %+v, %v", files, alone, err)
		}
	}
}

func TestIDXErrors(t *testing.T) {
	huge := []uint32{0xffffffff, 0xffffffff, 0xffffffff}
	zipped := gz(goodImages)
	badSum := bytes.Clone(zipped)
	badSum[len(badSum)-5] ^= 1
	badBits := bytes.Clone(zipped)
	badBits[10] |= 7 // a block of the type that deflate does not have
	// Eleven bytes of an IDX header, in a stored block that should be longer, after a long extra field in gzip's own header.
	gzipHead := slices.Concat([]byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0, 0xd0, 7}, make([]byte, 2000),
		[]byte{1, 100, 0, 155, 255}, goodImages[:11])
	for _, tc := range []struct {
		name   string
		images []byte
		want   string
	}{
		{"empty", nil, "is empty; fetch the file again"},
		{"two bytes", goodImages[:2], "file is truncated after 2 of the 16 bytes of its IDX header; fetch the file again"},
		{"header", goodImages[:11], "file is truncated after 11 of the 16 bytes of its IDX header; fetch the file again"},
		{"no pixels", goodImages[:16], "file is truncated after 0 of 12 bytes of pixels; fetch the file again"},
		{"truncated", goodImages[:21], "file is truncated after 5 of 12 bytes of pixels; fetch the file again"},
		{"trailing", append(bytes.Clone(goodImages), 1, 2), "2 bytes too many follow the 12 bytes of pixels that its header announces; fetch the file again"},
		{"labels", goodLabels, "IDX magic 0x00000801 announces labels; images need 0x00000803"},
		{"float", idx(0xd03, []uint32{1, 1, 1}, 0, 0, 0, 0), "IDX magic 0x00000d03 announces float32 data with 3 dimensions; images need 0x00000803"},
		{"colour", idx(0x804, []uint32{1, 1, 1, 3}, 0, 0, 0), "IDX magic 0x00000804 announces unsigned byte data with 4 dimensions; images need 0x00000803"},
		{"binary", []byte{1, 2, 3, 4, 5}, "begins with 0x01020304, which is no IDX magic; images need 0x00000803"},
		{"page", []byte("\n<!DOCTYPE html><html><body>404"), "is an HTML page, not an IDX file; images need 0x00000803"},
		{"zip", []byte("PK\x03\x04\x00\x00"), "is a ZIP archive, not an IDX file; images need 0x00000803"},
		{"pointer", []byte("version https://git-lfs.github.com/spec/v1\n"), "is a Git LFS pointer, which stands for a file that was not fetched, not an IDX file; images need 0x00000803"},
		{"no images", idx(magicImages, []uint32{0, 28, 28}), "its IDX header announces 0 images of 28x28 pixels; give a file with at least one image of one pixel"},
		{"no rows", idx(magicImages, []uint32{3, 0, 28}), "its IDX header announces 3 images of 0x28 pixels; give a file with at least one image of one pixel"},
		{"no columns", idx(magicImages, []uint32{3, 28, 0}), "its IDX header announces 3 images of 28x0 pixels; give a file with at least one image of one pixel"},
		{"huge", idx(magicImages, huge, 1), "its IDX header announces 4294967295 images of 4294967295x4294967295 pixels; at most 67108864 pixels an image and 2147483647 in all are read; fetch the file again"},
		{"huge images", idx(magicImages, []uint32{1, 8193, 8192}, 1), "its IDX header announces 1 images of 8193x8192 pixels; at most 67108864 pixels an image and 2147483647 in all are read; fetch the file again"},
		{"many images", idx(magicImages, []uint32{32, 8192, 8192}, 1), "its IDX header announces 32 images of 8192x8192 pixels; at most 67108864 pixels an image and 2147483647 in all are read; fetch the file again"},
		{"lie", idx(magicImages, []uint32{31, 8192, 8192}, 1), "file is truncated after 1 of 2080374784 bytes of pixels; fetch the file again"},

		{"gzip magic only", zipped[:2], "gzip stream is truncated in its own header; fetch the file again"},
		{"gzip header", zipped[:7], "gzip stream is truncated in its own header; fetch the file again"},
		{"gzip method", append([]byte{0x1f, 0x8b, 9}, zipped[3:]...), "gzip stream is damaged in its own header; fetch the file again"},
		{"gzip no data", zipped[:10], "gzip stream is truncated before its first byte of data; fetch the file again"},
		{"gzip of nothing", gz(nil), "what its gzip stream holds ends before its first byte of data; fetch the file again"},
		{"gzip bits", badBits, "gzip stream is damaged before its first byte of data; fetch the file again"},
		{"gzip breaks off in header", gzipHead, "gzip stream is truncated after 11 of the 16 bytes of its IDX header; fetch the file again"},
		{"gzip in header", gz(goodImages[:11]), "what its gzip stream holds ends after 11 of the 16 bytes of its IDX header; fetch the file again"},
		{"gzip short", gz(goodImages[:21]), "what its gzip stream holds ends after 5 of 12 bytes of pixels; fetch the file again"},
		{"gzip long", gz(append(bytes.Clone(goodImages), 1)), "more bytes follow the 12 bytes of pixels that its header announces; fetch the file again"},
		{"gzip sum", badSum, "gzip checksum does not match after all 12 bytes of pixels; fetch the file again"},
		{"gzip no sum", zipped[:len(zipped)-3], "gzip stream lacks its last bytes, or bytes that are no gzip follow it; fetch the file again"},
		{"gzip trailing", append(bytes.Clone(zipped), "trailing garbage"...), "gzip stream lacks its last bytes, or bytes that are no gzip follow it; fetch the file again"},
		{"gzip labels", gz(goodLabels), "IDX magic 0x00000801 announces labels; images need 0x00000803"},
		{"gzip page", gz([]byte("<html>")), "is an HTML page, not an IDX file; images need 0x00000803"},
		{"gzip lie", gz(idx(magicImages, []uint32{31, 8192, 8192}, 1, 2)), "what its gzip stream holds ends after 2 of 2080374784 bytes of pixels; fetch the file again"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(write(t, map[string][]byte{"images.gz": tc.images}), "images.gz")
			_, err := ReadIDXImages(path)
			if want := path + ": " + tc.want; err == nil || err.Error() != want {
				t.Errorf("error\n%v, want\n%s", err, want)
			}
		})
	}
}

func TestIDXLabelErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		labels []byte
		want   string
	}{
		{"truncated", goodLabels[:9], "file is truncated after 1 of 3 bytes of labels; fetch the file again"},
		{"header", goodLabels[:5], "file is truncated after 5 of the 8 bytes of its IDX header; fetch the file again"},
		{"trailing", append(bytes.Clone(goodLabels), 1), "1 bytes too many follow the 3 bytes of labels that its header announces; fetch the file again"},
		{"images", goodImages, "IDX magic 0x00000803 announces images; labels need 0x00000801"},
		{"none", idx(magicLabels, []uint32{0}), "its IDX header announces 0 labels; give a file with at least one"},
		{"huge", idx(magicLabels, []uint32{0x80000000}), "its IDX header announces 2147483648 labels, and at most 2147483647 are read; fetch the file again"},
	} {
		path := filepath.Join(write(t, map[string][]byte{"labels": tc.labels}), "labels")
		_, err := ReadIDXLabels(path)
		if want := path + ": " + tc.want; err == nil || err.Error() != want {
			t.Errorf("%s: error\n%v, want\n%s", tc.name, err, want)
		}
	}
}

// A truncated MNIST must be refused as such, wherever it ends.
func TestTruncatedMNIST(t *testing.T) {
	for _, n := range []int{100, 5000, 100000, len(testImages) - 1} {
		_, err := readImages(file{"t10k.gz", strings.NewReader(testImages[:n]), int64(n)}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "t10k.gz: gzip stream ") || !strings.HasSuffix(err.Error(), "; fetch the file again") {
			t.Errorf("%d bytes: error %v", n, err)
		}
		if n == 100000 && !strings.Contains(err.Error(), "is truncated after ") {
			t.Errorf("%d bytes: error %v", n, err)
		}
	}
}

func TestReadIDXPairErrors(t *testing.T) {
	dir := write(t, map[string][]byte{
		"images": goodImages, "labels": goodLabels, "two": idx(magicLabels, []uint32{2}, 1, 2),
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tc := range []struct{ images, labels, want string }{
		{at("images"), at("two"), at("images") + ": holds 3 images, but " + at("two") + " holds 2 labels; give two files that belong together"},
		{at("images"), at("images"), at("images") + ": IDX magic 0x00000803 announces images; labels need 0x00000801"},
		{at("labels"), at("labels"), at("labels") + ": IDX magic 0x00000801 announces labels; images need 0x00000803"},
		{at("none"), at("labels"), at("none") + ": no such file; check the path"},
		{at("images"), at("none"), at("none") + ": no such file; check the path"},
		{dir, at("labels"), dir + ": is a directory; name an IDX file in it"},
	} {
		_, err := ReadIDX(tc.images, tc.labels)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s, %s: error\n%v, want\n%s", tc.images, tc.labels, err, tc.want)
		}
	}
	if _, err := ReadIDXImages(at("none")); err == nil {
		t.Error("images of no file")
	}
	if _, err := ReadIDXLabels(at("none")); err == nil {
		t.Error("labels of no file")
	}
}

// A fault of the disk keeps its cause.
func TestIDXReadFault(t *testing.T) {
	broken := errors.New("input/output error")
	r := io.MultiReader(bytes.NewReader(goodImages[:18]), iotest.ErrReader(broken))
	_, err := readImages(file{"images", r, int64(len(goodImages))}, nil)
	if !errors.Is(err, broken) || err.Error() != "images: cannot be read after 2 of 12 bytes of pixels: input/output error" {
		t.Errorf("error %v", err)
	}
	_, err = readImages(file{"images", iotest.ErrReader(broken), 100}, nil)
	if !errors.Is(err, broken) || err.Error() != "images: cannot be read at its beginning: input/output error" {
		t.Errorf("error %v", err)
	}
}

// A header that announces gigabytes must not get them.
func TestIDXLyingHeaderDoesNotAllocate(t *testing.T) {
	lie := []uint32{31, 8192, 8192}
	for _, data := range [][]byte{idx(magicImages, lie, 1, 2, 3), gz(idx(magicImages, lie, 1, 2, 3))} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readImages(file{"images", bytes.NewReader(data), int64(len(data))}, nil)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Error("no error")
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%d bytes allocated for a file of %d", got, len(data))
		}
	}
}

// What is compressed a hundred times still comes, in growing pieces.
func TestIDXHighlyCompressed(t *testing.T) {
	data := gz(idx(magicImages, []uint32{3000, 28, 28}, make([]byte, 3000*28*28)...))
	s, err := readImages(file{"images", bytes.NewReader(data), int64(len(data))}, nil)
	if err != nil || s.Len() != 3000 || len(s.pixels) != 3000*28*28 {
		t.Error(err)
	}
}

func TestWriteIDX(t *testing.T) {
	dir := t.TempDir()
	s := small(t, 8).Subset([]int{7, 3, 0})
	for _, ext := range []string{"", ".gz"} {
		images, labels := filepath.Join(dir, "images"+ext), filepath.Join(dir, "labels"+ext)
		for range 2 { // the second time over the first files
			if err := WriteIDX(images, labels, s); err != nil {
				t.Fatal(err)
			}
		}
		got, err := ReadIDX(images, labels)
		if err != nil || got.Sum() != s.Sum() || got.Classes != 4 {
			t.Errorf("%s: %+v, %v", images, got, err)
		}
		head := make([]byte, 2)
		if b, err := os.ReadFile(images); err != nil || copy(head, b) != 2 || isGzip(head) != (ext == ".gz") {
			t.Errorf("%s begins with %x, %v", images, head, err)
		}
	}
	alone := filepath.Join(dir, "alone")
	if err := WriteIDX(alone, "", s); err != nil {
		t.Error(err)
	}
	if got, err := ReadIDXImages(alone); err != nil || got.Len() != 3 {
		t.Error(got, err)
	}
	names := []string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"alone", "images", "images.gz", "labels", "labels.gz"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
}

func TestWriteIDXErrors(t *testing.T) {
	dir := t.TempDir()
	unlabelled, _ := New("x", 1, 1, []byte{1}, nil)
	at := filepath.Join(dir, "a")
	for _, tc := range []struct {
		images, labels string
		s              *Set
		want           string
	}{
		{at, at + "l", &Set{}, "the set has no images; an IDX file holds at least one"},
		{at, at + "l", unlabelled, "the set has no labels; write its images alone"},
		{filepath.Join(dir, "none", "a"), "", unlabelled, "none"},
		{dir, "", unlabelled, dir},
	} {
		if err := WriteIDX(tc.images, tc.labels, tc.s); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want %s", err, tc.want)
		}
	}
	entries, _ := os.ReadDir(filepath.Dir(dir))
	inside, _ := os.ReadDir(dir)
	if len(entries) != 1 || len(inside) != 0 {
		t.Errorf("files were left behind: %v, %v", entries, inside)
	}
}

// FuzzIDX reads any bytes as images and as labels: it must refuse them with an error that names the file, or give a set that
// writes the same IDX file again.
func FuzzIDX(f *testing.F) {
	for _, seed := range [][]byte{
		goodImages, goodLabels, gz(goodImages), gz(goodLabels), goodImages[:20], gz(goodImages)[:30], gz(gz(goodImages)),
		idx(magicImages, []uint32{1 << 31, 1 << 31, 1 << 31}), idx(magicImages, []uint32{2, 0, 2}), []byte("<svg"), {0x1f, 0x8b}, nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		plain := data
		if isGzip(data) {
			if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
				plain, _ = io.ReadAll(io.LimitReader(z, 1<<20))
			}
		}
		var again bytes.Buffer
		s, err := readImages(file{"f", bytes.NewReader(data), int64(len(data))}, nil)
		if err == nil {
			if s.Len()*s.Rows*s.Cols != len(s.pixels) || s.Len() == 0 || s.Labels != nil {
				t.Fatalf("%+v", s)
			}
			encodeImages(&again, s)
		} else if !strings.HasPrefix(err.Error(), "f: ") {
			t.Fatal(err)
		}
		labels, err := readLabels(file{"f", bytes.NewReader(data), int64(len(data))})
		if err == nil {
			if s != nil || len(labels) == 0 {
				t.Fatal("images and labels at once")
			}
			encodeLabels(&again, labels)
		} else if !strings.HasPrefix(err.Error(), "f: ") {
			t.Fatal(err)
		}
		if again.Len() > 0 && again.Len() < 1<<20 && !bytes.Equal(again.Bytes(), plain) {
			t.Fatal("reads and writes another file")
		}
	})
}
