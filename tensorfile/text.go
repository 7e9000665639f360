package tensorfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// ReadText reads a tensor from SpykeTorch's text format and names it. The first line lists the size of each dimension,
// separated by commas (nothing for a scalar), the second the values in row-major order, separated by commas. The text does
// not say the type of its values, so the caller does: any DType but F16 and BF16. A value that the type cannot hold is an
// error; decimal fractions are rounded to the nearest float. BOOL values are True, False, 1 or 0.
func ReadText(r io.Reader, name string, dtype DType) (Tensor, error) {
	t, err := readText(bufio.NewReader(r), dtype)
	if err != nil {
		return Tensor{}, fmt.Errorf("text: tensor %q: %w", name, err)
	}
	t.Name = name
	return t, nil
}

func readText(r *bufio.Reader, dtype DType) (Tensor, error) {
	if dtype == F16 || dtype == BF16 {
		return Tensor{}, fmt.Errorf("values are not read as %s; read them as F32", dtype)
	}
	line, err := r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return Tensor{}, fmt.Errorf("the first line is longer than %d bytes; it must list the sizes of at most %d dimensions", r.Size(), maxRank)
	}
	if err != nil && err != io.EOF {
		return Tensor{}, err
	}
	t := Tensor{DType: dtype, Shape: []int{}}
	if line = bytes.TrimSpace(line); len(line) > 0 {
		for word := range bytes.SplitSeq(line, []byte(",")) {
			size, err := strconv.Atoi(string(bytes.TrimSpace(word)))
			if err != nil {
				return Tensor{}, fmt.Errorf("the first line must list the sizes of the dimensions: %w", clean(err))
			}
			t.Shape = append(t.Shape, size)
		}
	}
	n, err := byteSize(dtype, t.Shape, MaxBytes)
	if err != nil {
		return Tensor{}, err
	}
	n /= dtype.Size()
	count := 0
	for last := false; !last; {
		word, err := r.ReadSlice(',')
		switch {
		case err == io.EOF:
			last = true
		case err == bufio.ErrBufferFull:
			return Tensor{}, fmt.Errorf("value %d is longer than %d bytes", count, r.Size())
		case err != nil:
			return Tensor{}, err
		default:
			word = word[:len(word)-1]
		}
		word, rest, ended := bytes.Cut(word, []byte("\n"))
		if ended && (!last || len(bytes.TrimSpace(rest)) > 0) {
			return Tensor{}, fmt.Errorf("the line ends after value %d and more text follows; all values must be on the second line", count)
		}
		if word = bytes.TrimSpace(word); last && count == 0 && len(word) == 0 {
			break // a second line without values
		}
		if count < n {
			if len(t.Data) == cap(t.Data) {
				t.Data = grow(t.Data, n*dtype.Size())
			}
			if t.Data, err = appendValue(t.Data, dtype, string(word)); err != nil {
				return Tensor{}, fmt.Errorf("value %d: %w", count, err)
			}
		}
		count++
	}
	if count != n {
		return Tensor{}, fmt.Errorf("the second line has %d values; shape %v needs %d", count, t.Shape, n)
	}
	return t, nil
}

// appendValue appends the bytes of one value.
func appendValue(data []byte, dtype DType, word string) ([]byte, error) {
	bits := 8 * dtype.Size()
	var pattern uint64
	switch dtype {
	case BOOL:
		v, err := strconv.ParseBool(word)
		if err != nil {
			return nil, clean(err)
		}
		if v {
			pattern = 1
		}
	case U8, U16, U32, U64:
		v, err := strconv.ParseUint(word, 10, bits)
		if err != nil {
			return nil, clean(err)
		}
		pattern = v
	case I8, I16, I32, I64:
		v, err := strconv.ParseInt(word, 10, bits)
		if err != nil {
			return nil, clean(err)
		}
		pattern = uint64(v)
	default:
		v, err := strconv.ParseFloat(word, bits)
		if err != nil {
			return nil, clean(err)
		}
		if pattern = math.Float64bits(v); dtype == F32 {
			pattern = uint64(math.Float32bits(float32(v)))
		}
	}
	var le [8]byte
	binary.LittleEndian.PutUint64(le[:], pattern)
	return append(data, le[:bits/8]...), nil
}

// clean makes an error of strconv show the value and the fault, without the function's name.
func clean(err error) error {
	if e, ok := errors.AsType[*strconv.NumError](err); ok {
		return fmt.Errorf("%q: %w", clip(e.Num), e.Err)
	}
	return err
}

// WriteText writes t in SpykeTorch's text format, each float by the fewest digits that read back to the same bits. Only the
// sign and payload of NaN are lost. An F16 or BF16 tensor is an error. The file holds neither the name nor the type.
func WriteText(w io.Writer, t Tensor) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	if t.DType == F16 || t.DType == BF16 {
		return fmt.Errorf("text: tensor %q: values of type %s are not written; convert them to F32", t.Name, t.DType)
	}
	const chunk = 64 << 10
	var text []byte
	for i, size := range t.Shape {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(size), 10)
	}
	text = append(text, '\n')
	for at, size := 0, t.DType.Size(); at < len(t.Data); at += size {
		if at > 0 {
			text = append(text, ',')
		}
		text = formatValue(text, t.DType, t.Data[at:at+size])
		if len(text) >= chunk {
			if _, err := w.Write(text); err != nil {
				return fmt.Errorf("text: tensor %q: %w", t.Name, err)
			}
			text = text[:0]
		}
	}
	if _, err := w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("text: tensor %q: %w", t.Name, err)
	}
	return nil
}

// formatValue appends the text of one element.
func formatValue(text []byte, dtype DType, element []byte) []byte {
	var le [8]byte
	copy(le[:], element)
	pattern := binary.LittleEndian.Uint64(le[:])
	switch dtype {
	case BOOL:
		if pattern == 0 {
			return append(text, "False"...)
		}
		return append(text, "True"...)
	case U8, U16, U32, U64:
		return strconv.AppendUint(text, pattern, 10)
	case I8, I16, I32, I64:
		unused := 64 - 8*len(element)
		return strconv.AppendInt(text, int64(pattern<<unused)>>unused, 10)
	case F32:
		return strconv.AppendFloat(text, float64(math.Float32frombits(uint32(pattern))), 'g', -1, 32)
	}
	return strconv.AppendFloat(text, math.Float64frombits(pattern), 'g', -1, 64)
}
