package dataset

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The two kinds of IDX file that are read and written. An IDX file is a magic number, one big-endian uint32 per dimension,
// and the data. The magic's third byte is the type of the data (8: unsigned bytes), its fourth the number of dimensions.
const (
	magicLabels = 0x00000801 // [image]
	magicImages = 0x00000803 // [image][row][column]
)

const (
	maxPixels = 64 << 20  // of one image
	maxBytes  = 1<<31 - 1 // of the data of one file
)

// file is something to read an IDX file from. Size, the number of bytes in r, bounds what a header can make us allocate.
type file struct {
	name string
	r    io.Reader
	size int64 // or unknown
}

// unknown is the size of a file that comes through a pipe.
const unknown = -1

// ReadIDX reads a data set from two IDX files: images (IDX3) and their labels (IDX1), each plain or compressed with gzip,
// which the first bytes tell and not the name. The set's name is the path of the images.
//
// Everything is checked: the magic numbers, that there is at least one image of at least one pixel, that neither file is
// shorter or longer than its header says, gzip's own checksum, and that there are as many labels as images. An error names
// the file, the fault and the way out. Memory is taken as data arrive, not because a header announces them.
func ReadIDX(images, labels string) (*Set, error) {
	l, err := openFile(labels)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	i, err := openFile(images)
	if err != nil {
		return nil, err
	}
	defer i.Close()
	return readPair(i.file, l.file)
}

// ReadIDXImages reads an IDX3 file of images as a set without labels, checked as [ReadIDX] checks it.
func ReadIDXImages(path string) (*Set, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readImages(f.file, nil)
}

// ReadIDXLabels reads an IDX1 file of labels, checked as [ReadIDX] checks it.
func ReadIDXLabels(path string) ([]uint8, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLabels(f.file)
}

// openedFile is a file on disk.
type openedFile struct {
	file
	io.Closer
}

func openFile(path string) (*openedFile, error) {
	// Before it is opened: to open a named pipe waits for somebody to write into it.
	switch st, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such file; check the path", path)
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s: is a directory; name an IDX file in it", path)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is no regular file; copy its bytes into one first", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &openedFile{file{path, f, st.Size()}, f}, nil
}

// readPair reads the labels first: they are few, and their number tells whether the images are worth decoding.
func readPair(images, labels file) (*Set, error) {
	l, err := readLabels(labels)
	if err != nil {
		return nil, err
	}
	s, err := readImages(images, func(dims []int) error {
		if n := dims[0]; n != len(l) {
			return fmt.Errorf("%s: holds %d images, but %s holds %d labels; give two files that belong together",
				images.name, n, labels.name, len(l))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return New(s.Name, s.Rows, s.Cols, s.pixels, l)
}

// readImages reads an image file as a set without labels, if check, when given, does not refuse its images, rows and columns.
func readImages(f file, check func(dims []int) error) (*Set, error) {
	dims, pixels, err := readIDX(f, magicImages, check)
	if err != nil {
		return nil, err
	}
	return New(f.name, dims[1], dims[2], pixels, nil)
}

func readLabels(f file) ([]uint8, error) {
	_, labels, err := readIDX(f, magicLabels, nil)
	return labels, err
}

// readIDX reads an IDX file of unsigned bytes whose magic number must be magic. If check is given, it may refuse the
// dimensions before any data are read.
func readIDX(f file, magic uint32, check func(dims []int) error) (dims []int, data []byte, err error) {
	x := idxReader{name: f.name}
	head, err := x.open(f.r)
	if err != nil && len(head) == 0 {
		return nil, nil, err
	}
	if len(head) >= 4 && binary.BigEndian.Uint32(head) != magic {
		return nil, nil, fmt.Errorf("%s: %s", f.name, wrongMagic(head, magic))
	}
	need := 4 + 4*int(magic&0xff)
	if len(head) < need {
		return nil, nil, x.fault(err, fmt.Sprintf("after %d of the %d bytes of its IDX header", len(head), need))
	}
	dims = make([]int, magic&0xff)
	for i := range dims {
		dims[i] = int(binary.BigEndian.Uint32(head[4+4*i:]))
	}
	x.r.Discard(need) // only passes over what open has in its buffer

	total, what, err := measure(dims)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if check != nil {
		if err := check(dims); err != nil {
			return nil, nil, err
		}
	}
	first := total
	if f.size == unknown {
		first = min(total, 64<<10)
	} else if x.zipped {
		// Images of any use are not compressed to less than an eighth. What claims to be must prove it piece by piece.
		first = min(total, int(8*f.size)+64<<10)
	} else if left := f.size - int64(need); left < int64(total) {
		return nil, nil, x.fault(io.EOF, fmt.Sprintf("after %d of %d bytes of %s", left, total, what))
	} else if left > int64(total) {
		return nil, nil, fmt.Errorf("%s: %d bytes too many follow the %d bytes of %s that its header announces; fetch the file again",
			f.name, left-int64(total), total, what)
	}
	data, err = grow(x.r, first, total)
	if err != nil {
		return nil, nil, x.fault(err, fmt.Sprintf("after %d of %d bytes of %s", len(data), total, what))
	}
	if err := x.end(total, what); err != nil {
		return nil, nil, err
	}
	return dims, data, nil
}

// idxReader is an IDX file on its way in, and how to speak of it.
type idxReader struct {
	name   string
	zipped bool
	r      *bufio.Reader // of the file, or of what its gzip stream holds
}

// open sets out on reading r and returns the first bytes of the IDX file, without passing over them. If these are all there
// are, the error says why, as the reader gave it. If there are none, it is an error to report.
func (x *idxReader) open(r io.Reader) (head []byte, err error) {
	x.r = bufio.NewReaderSize(r, 64<<10)
	head, err = x.r.Peek(sniffLen)
	if len(head) == 0 && err == io.EOF {
		return nil, fmt.Errorf("%s: is empty; fetch the file again", x.name)
	}
	if x.zipped = isGzip(head); !x.zipped {
		if len(head) == 0 {
			return nil, x.fault(err, "at its beginning")
		}
		return head, err
	}
	z, err := gzip.NewReader(x.r)
	if err != nil {
		return nil, x.fault(err, "in its own header")
	}
	x.r = bufio.NewReaderSize(z, 64<<10)
	if head, err = x.r.Peek(sniffLen); len(head) == 0 {
		return nil, x.fault(err, "before its first byte of data")
	}
	return head, err
}

// measure returns the number of bytes of an array with these dimensions and says what they are, or why they cannot be.
func measure(dims []int) (total int, what string, err error) {
	n := dims[0]
	if len(dims) == 1 {
		switch {
		case n == 0:
			return 0, "", errors.New("its IDX header announces 0 labels; give a file with at least one")
		case n > maxBytes:
			return 0, "", fmt.Errorf("its IDX header announces %d labels, and at most %d are read; fetch the file again", n, maxBytes)
		}
		return n, "labels", nil
	}
	rows, cols := dims[1], dims[2]
	if n == 0 || rows == 0 || cols == 0 {
		return 0, "", fmt.Errorf("its IDX header announces %d images of %dx%d pixels; give a file with at least one image of one pixel",
			n, rows, cols)
	}
	if rows > maxPixels/cols || n > maxBytes/(rows*cols) {
		return 0, "", fmt.Errorf("its IDX header announces %d images of %dx%d pixels; at most %d pixels an image and %d in all are read; fetch the file again",
			n, rows, cols, maxPixels, maxBytes)
	}
	return n * rows * cols, "pixels", nil
}

// grow reads total bytes into a buffer that starts with room for first and doubles as long as bytes come. With an error it
// returns what it got. The error is the reader's own: io.EOF is the proper end of the stream, come too early.
func grow(r io.Reader, first, total int) ([]byte, error) {
	buf := make([]byte, 0, first)
	for len(buf) < total {
		if len(buf) == cap(buf) {
			bigger := make([]byte, len(buf), min(total, 2*cap(buf)))
			copy(bigger, buf)
			buf = bigger
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil && len(buf) < total {
			return buf, err
		}
	}
	return buf, nil
}

// fault says what it means that reading stopped with err at some place.
func (x *idxReader) fault(err error, where string) error {
	var corrupt flate.CorruptInputError
	what := ""
	switch {
	case err == io.EOF && x.zipped:
		what = "what its gzip stream holds ends"
	case err == io.EOF:
		what = "file is truncated"
	case err == io.ErrUnexpectedEOF:
		what = "gzip stream is truncated"
	case errors.Is(err, gzip.ErrChecksum):
		what = "gzip checksum does not match"
	case errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		what = "gzip stream is damaged"
	default:
		return fmt.Errorf("%s: cannot be read %s: %w", x.name, where, err)
	}
	return fmt.Errorf("%s: %s %s; fetch the file again", x.name, what, where)
}

// end checks that nothing follows the data. Only there does gzip compare its checksum.
func (x *idxReader) end(total int, what string) error {
	_, err := x.r.ReadByte()
	switch {
	case err == io.EOF:
		return nil
	case err == nil:
		return fmt.Errorf("%s: more bytes follow the %d bytes of %s that its header announces; fetch the file again", x.name, total, what)
	case err == io.ErrUnexpectedEOF || errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("%s: gzip stream lacks its last bytes, or bytes that are no gzip follow it; fetch the file again", x.name)
	}
	return x.fault(err, fmt.Sprintf("after all %d bytes of %s", total, what))
}

// wrongMagic says what a file is that begins with these bytes, at least four, and not with the magic number it should.
func wrongMagic(head []byte, want uint32) string {
	need := fmt.Sprintf("images need 0x%08x", magicImages)
	if want == magicLabels {
		need = fmt.Sprintf("labels need 0x%08x", magicLabels)
	}
	if kind := identify(head); kind != "" {
		return fmt.Sprintf("is %s, not an IDX file; %s", kind, need)
	}
	magic := binary.BigEndian.Uint32(head)
	types := map[byte]string{8: "unsigned byte", 9: "signed byte", 0xb: "int16", 0xc: "int32", 0xd: "float32", 0xe: "float64"}
	kind, known := types[head[2]]
	switch {
	case magic == magicLabels:
		return fmt.Sprintf("IDX magic 0x%08x announces labels; %s", magic, need)
	case magic == magicImages:
		return fmt.Sprintf("IDX magic 0x%08x announces images; %s", magic, need)
	case head[0] == 0 && head[1] == 0 && known && head[3] > 0:
		return fmt.Sprintf("IDX magic 0x%08x announces %s data with %d dimensions; %s", magic, kind, head[3], need)
	}
	return fmt.Sprintf("begins with 0x%08x, which is no IDX magic; %s", magic, need)
}
