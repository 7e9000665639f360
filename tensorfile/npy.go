package tensorfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

const (
	npyMagic     = "\x93NUMPY"
	npyAlign     = 64    // numpy.save ends the header at a multiple of this
	npyGrowth    = 21    // numpy.save keeps this many columns for the first size, so that a file can grow in place
	maxNPYHeader = 65535 // what version 1 can announce; only structured types need more
)

// descrs maps the part of an npy type after the byte order to the type.
var descrs = map[string]DType{
	"b1": BOOL, "u1": U8, "i1": I8, "u2": U16, "i2": I16, "f2": F16,
	"u4": U32, "i4": I32, "f4": F32, "u8": U64, "i8": I64, "f8": F64,
}

// npyKinds names what the first letter of an npy type announces, where it is a kind that has no tensor type here.
var npyKinds = map[byte]string{
	'O': "Python objects", 'U': "Unicode strings", 'S': "byte strings", 'T': "strings", 'V': "raw records",
	'c': "complex numbers", 'M': "dates", 'm': "time differences", 'f': "floats of an unusual size",
}

// ReadNPY reads one array in NumPy's npy format, version 1, 2 or 3, to the end of r, and names it. Both byte orders and both
// element orders are read; the tensor's Data are little-endian and row-major. Types that are no DType (objects, strings,
// records, complex numbers, dates) are refused by name, and so is a file with too few or too many bytes.
func ReadNPY(r io.Reader, name string) (Tensor, error) {
	a, err := readArray(r, name, MaxBytes)
	var t Tensor
	if err == nil {
		t, err = a.read(r, 0)
	}
	if err != nil {
		return Tensor{}, fmt.Errorf("npy: %w", err)
	}
	return t, nil
}

// An array is an npy file whose header has been read, and its data not yet.
type array struct {
	Tensor
	bytes     int // of data
	bigEndian bool
	fortran   bool
}

// readArray reads the header of an array of at most limit bytes.
func readArray(r io.Reader, name string, limit int64) (a array, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("tensor %q: %w", name, err)
		}
	}()
	text, err := readNPYHeader(r)
	if err != nil {
		return a, err
	}
	h, err := parseNPYHeader(text)
	if err != nil {
		return a, err
	}
	a.Name, a.Shape, a.fortran = name, h.shape, h.fortran
	if a.DType, a.bigEndian, err = parseDescr(h.descr); err != nil {
		return a, err
	}
	a.bytes, err = byteSize(a.DType, a.Shape, limit)
	return a, err
}

// read reads the array's data, to the end of r; known is how many bytes may be taken for certain to be there.
func (a array) read(r io.Reader, known int64) (Tensor, error) {
	t, n := a.Tensor, a.bytes
	fail := func(err error) (Tensor, error) { return Tensor{}, fmt.Errorf("tensor %q: %w", t.Name, err) }
	var err error
	if t.Data, err = readUpTo(r, n, known); err != nil {
		return fail(fmt.Errorf("reading the data: %w", err))
	}
	if len(t.Data) < n {
		return fail(fmt.Errorf("the data end after %d of the %d bytes that %s %v needs; the file is truncated", len(t.Data), n, t.DType, t.Shape))
	}
	if err := expectEnd(r, n); err != nil {
		return fail(err)
	}
	if a.bigEndian {
		for element := range slices.Chunk(t.Data, t.DType.Size()) {
			slices.Reverse(element)
		}
	}
	if a.fortran {
		t.Data = rowMajor(t.Data, t.Shape, t.DType.Size())
	}
	return t, nil
}

// readNPYHeader returns the header's text, a Python dictionary.
func readNPYHeader(r io.Reader) (string, error) {
	var b [12]byte // magic, 2 bytes of version, 2 or 4 of length
	if n, err := io.ReadFull(r, b[:8]); err != nil {
		return "", headerError(n, 8, err)
	}
	if string(b[:6]) != npyMagic {
		return "", fmt.Errorf("the file begins with %q, not with %q", b[:6], npyMagic)
	}
	width := 4
	switch b[6] {
	case 1:
		width = 2
	case 2, 3:
	default:
		return "", fmt.Errorf("format version %d.%d; versions 1.0, 2.0 and 3.0 are known", b[6], b[7])
	}
	if b[7] != 0 {
		return "", fmt.Errorf("format version %d.%d; versions 1.0, 2.0 and 3.0 are known", b[6], b[7])
	}
	if n, err := io.ReadFull(r, b[8:8+width]); err != nil {
		return "", headerError(8+n, 8+width, err)
	}
	length := int64(binary.LittleEndian.Uint32(b[8:])) // the bytes beyond width are still zero
	if length > maxNPYHeader {
		return "", fmt.Errorf("a header of %d bytes; an array of numbers needs at most %d", length, maxNPYHeader)
	}
	text := make([]byte, length)
	if n, err := io.ReadFull(r, text); err != nil {
		return "", headerError(n, len(text), err)
	}
	return string(text), nil
}

func headerError(got, want int, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("the header ends after %d of %d bytes; the file is truncated", got, want)
	}
	return fmt.Errorf("reading the header: %w", err)
}

// parseDescr returns the type that an npy type such as "<f4" names, and whether its elements are big-endian.
func parseDescr(descr string) (d DType, bigEndian bool, err error) {
	order, kind := byte(0), descr
	if descr != "" && strings.IndexByte("<>|=", descr[0]) >= 0 {
		order, kind = descr[0], descr[1:]
	}
	d, ok := descrs[kind]
	if !ok {
		what := "an unknown type"
		if kind != "" && npyKinds[kind[0]] != "" {
			what = npyKinds[kind[0]]
		}
		return "", false, fmt.Errorf("the array holds %s (descr %q), not plain numbers; convert it to one of %s and save it again",
			what, clip(descr), list(slices.DeleteFunc(slices.Clone(dtypes), func(d DType) bool { return d == BF16 })))
	}
	if d.Size() > 1 && order != '<' && order != '>' {
		return "", false, fmt.Errorf("descr %q does not say its byte order; it must begin with < or >", descr)
	}
	return d, order == '>', nil
}

// rowMajor returns column-major elements of size bytes in row-major order.
func rowMajor(data []byte, shape []int, size int) []byte {
	strides := make([]int, len(shape))
	for axis, stride := 0, size; axis < len(shape); axis++ {
		strides[axis] = stride
		stride *= shape[axis]
	}
	return gather(data, 0, shape, strides, size)
}

// gather returns elements of size bytes in row-major order. The first lies at from, and the next along an axis a stride further,
// in bytes.
func gather(data []byte, from int, shape, strides []int, size int) []byte {
	n := size
	for _, s := range shape {
		n *= s
	}
	out := make([]byte, n)
	index := make([]int, len(shape))
	for to := 0; to < len(out); to += size {
		copy(out[to:to+size], data[from:from+size])
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis]++
			from += strides[axis]
			if index[axis] < shape[axis] {
				break
			}
			from -= strides[axis] * shape[axis]
			index[axis] = 0
		}
	}
	return out
}

// WriteNPY writes t as an npy file, version 1.0: the bytes that NumPy 2's numpy.save writes for the same array. A BF16 tensor is an
// error, for NumPy has no such type. The file does not hold the name.
func WriteNPY(w io.Writer, t Tensor) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	if err := writeNPY(w, t); err != nil {
		return fmt.Errorf("npy: tensor %q: %w", t.Name, err)
	}
	return nil
}

// writeNPY writes a checked tensor.
func writeNPY(w io.Writer, t Tensor) error {
	header, err := buildNPYHeader(t)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	if _, err := w.Write(t.Data); err != nil {
		return fmt.Errorf("writing the data: %w", err)
	}
	return nil
}

// buildNPYHeader returns the bytes of a file before its data.
func buildNPYHeader(t Tensor) ([]byte, error) {
	kind := ""
	for k, d := range descrs {
		if d == t.DType {
			kind = k
		}
	}
	if kind == "" {
		return nil, fmt.Errorf("NumPy has no type for %s; convert it to F32 or write safetensors", t.DType)
	}
	order := "<"
	if t.DType.Size() == 1 {
		order = "|"
	}
	sizes := make([]string, len(t.Shape))
	for i, size := range t.Shape {
		sizes[i] = strconv.Itoa(size)
	}
	tuple := strings.Join(sizes, ", ")
	if len(sizes) == 1 {
		tuple += "," // Python's tuple of one
	}
	text := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", order, kind, tuple)
	if len(sizes) > 0 {
		text += strings.Repeat(" ", max(0, npyGrowth-len(sizes[0])))
	}
	const before = len(npyMagic) + 4
	// Like numpy.save this adds a whole block of spaces where none would do.
	text += strings.Repeat(" ", npyAlign-(before+len(text)+1)%npyAlign) + "\n"
	header := append([]byte(npyMagic), 1, 0)
	header = binary.LittleEndian.AppendUint16(header, uint16(len(text)))
	return append(header, text...), nil
}
