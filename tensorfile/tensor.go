package tensorfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// MaxBytes is the most tensor data, in bytes, that one file may hold: 4 GiB. A network of this kind needs megabytes, so a
// header that announces more is taken for a damaged or hostile one and is refused before anything is allocated for it.
const MaxBytes int64 = 4 << 30

// maxRank is the most dimensions a shape may have: the limit of NumPy and PyTorch, so that what is written here can be read there.
const maxRank = 64

// A Tensor is a named n-dimensional array.
type Tensor struct {
	Name  string // any UTF-8
	DType DType
	Shape []int  // size of each dimension, outermost first; a scalar has none and holds one element
	Data  []byte // the elements in row-major order, each little-endian: exactly product(Shape) * DType.Size() bytes
}

// From makes a tensor of a copy of values, which are in row-major order. The type follows from T; ints are stored as I64.
// It is an error if shape does not hold exactly len(values) elements.
func From[T Element | int](name string, shape []int, values []T) (Tensor, error) {
	t := Tensor{Name: name, DType: dtypeOf[T](), Shape: append([]int{}, shape...)}
	n, err := elements(shape)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	if n != len(values) {
		return Tensor{}, fmt.Errorf("tensor %q: shape %v holds %d elements; %d values given", name, shape, n, len(values))
	}
	var fixed any = values
	if ints, ok := fixed.([]int); ok {
		fixed = convert[int64](ints)
	}
	if t.Data, err = binary.Append(nil, binary.LittleEndian, fixed); err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	return t, nil
}

// Values returns a copy of the elements, bit for bit, in row-major order. It is an error if t's type is not T's own.
func Values[T Element](t Tensor) ([]T, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if want := dtypeOf[T](); t.DType != want {
		return nil, t.notA([]DType{want})
	}
	return decode[T](t)
}

// Uint8s returns the elements of a U8 tensor in row-major order.
func (t Tensor) Uint8s() ([]uint8, error) { return Values[uint8](t) }

// Bools returns the elements of a BOOL tensor in row-major order.
func (t Tensor) Bools() ([]bool, error) { return Values[bool](t) }

// Ints returns the elements of a tensor of any integer type in row-major order. It is an error if the type is not an
// integer type (BOOL is none) or if a value does not fit an int.
func (t Tensor) Ints() ([]int, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	switch t.DType {
	case U8:
		return widen[uint8, int](t)
	case I8:
		return widen[int8, int](t)
	case I16:
		return widen[int16, int](t)
	case U16:
		return widen[uint16, int](t)
	case I32:
		return widen[int32, int](t)
	case U32:
		return ints[uint32](t)
	case I64:
		return ints[int64](t)
	case U64:
		return ints[uint64](t)
	}
	return nil, t.notA([]DType{U8, I8, I16, U16, I32, U32, I64, U64})
}

// Float32s returns the elements in row-major order, of an F32 tensor bit for bit, or of a type whose every value a float32
// holds exactly (F16, BF16, U8, I8, U16, I16). Other types are an error: nothing is rounded silently.
func (t Tensor) Float32s() ([]float32, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	switch t.DType {
	case F32:
		return decode[float32](t)
	case F16:
		return half(t, float16)
	case BF16:
		return half(t, bfloat16)
	case U8:
		return widen[uint8, float32](t)
	case I8:
		return widen[int8, float32](t)
	case U16:
		return widen[uint16, float32](t)
	case I16:
		return widen[int16, float32](t)
	}
	return nil, t.notA([]DType{F32, F16, BF16, U8, I8, U16, I16})
}

// Float64s returns the elements in row-major order, of an F64 tensor bit for bit, or of a type whose every value a float64
// holds exactly (F32, U32, I32 and all that Float32s reads). Other types are an error.
func (t Tensor) Float64s() ([]float64, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	switch t.DType {
	case F64:
		return decode[float64](t)
	case U32:
		return widen[uint32, float64](t)
	case I32:
		return widen[int32, float64](t)
	case F32, F16, BF16, U8, I8, U16, I16:
		narrow, err := t.Float32s()
		return convert[float64](narrow), err
	}
	return nil, t.notA([]DType{F64, F32, F16, BF16, U32, I32, U16, I16, U8, I8})
}

// check holds t against its own description.
func (t Tensor) check() error {
	if !utf8.ValidString(t.Name) {
		return fmt.Errorf("tensor %q: the name is not UTF-8", t.Name)
	}
	n, err := byteSize(t.DType, t.Shape, MaxBytes)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if n != len(t.Data) {
		return fmt.Errorf("tensor %q: %s %v needs %d bytes of data, not %d", t.Name, t.DType, t.Shape, n, len(t.Data))
	}
	return nil
}

// notA is the error of asking t for values of a type it does not have.
func (t Tensor) notA(want []DType) error {
	return fmt.Errorf("tensor %q is %s %v; this use needs %s", t.Name, t.DType, t.Shape, list(want))
}

// elements returns how many elements a shape holds.
func elements(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("a shape of %d dimensions; at most %d are possible", len(shape), maxRank)
	}
	// The product runs over the sizes that are not 0, so that a shape with a 0 is refused too where its strides would overflow.
	n, empty := 1, false
	for _, size := range shape {
		switch {
		case size < 0:
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		case size == 0:
			empty = true
		case n > math.MaxInt/size:
			return 0, fmt.Errorf("shape %v overflows the number of elements", shape)
		default:
			n *= size
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// byteSize returns the bytes that a tensor's data take, an error if they are more than limit.
func byteSize(d DType, shape []int, limit int64) (int, error) {
	if d.Size() == 0 {
		return 0, fmt.Errorf("unknown type %q; known are %s", string(d), list(dtypes))
	}
	n, err := elements(shape)
	if err != nil {
		return 0, err
	}
	if int64(n) > min(limit, math.MaxInt)/int64(d.Size()) {
		return 0, fmt.Errorf("%s %v needs more than the %d bytes allowed (a file holds at most %d)", d, shape, limit, MaxBytes)
	}
	return n * d.Size(), nil
}

// decode returns the elements of a checked tensor of T's own type.
func decode[T Element](t Tensor) ([]T, error) {
	values := make([]T, len(t.Data)/t.DType.Size())
	if _, err := binary.Decode(t.Data, binary.LittleEndian, values); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return values, nil
}

// number is what widen converts from and to.
type number interface {
	uint8 | int8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | int | float32 | float64
}

// convert converts each element.
func convert[To, From number](values []From) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = To(v)
	}
	return out
}

// widen returns the elements of a checked tensor of type From as To, which holds each exactly.
func widen[From interface {
	Element
	number
}, To number](t Tensor) ([]To, error) {
	values, err := decode[From](t)
	return convert[To](values), err
}

// ints returns the elements of a checked tensor as ints, an error if one does not fit.
func ints[From uint32 | int64 | uint64](t Tensor) ([]int, error) {
	values, err := decode[From](t)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(values))
	for i, v := range values {
		out[i] = int(v)
		if From(out[i]) != v || (out[i] < 0) != (v < 0) {
			return nil, fmt.Errorf("tensor %q: element %d is %d, which does not fit an int", t.Name, i, v)
		}
	}
	return out, nil
}

// half returns the 16-bit elements of a checked tensor, each made a float32 by value.
func half(t Tensor, value func(uint16) float32) ([]float32, error) {
	bits, err := decode[uint16](t)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(bits))
	for i, b := range bits {
		out[i] = value(b)
	}
	return out, nil
}

// bfloat16 returns the value of a BF16.
func bfloat16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// float16 returns the value of an F16 (IEEE 754 binary16: 1 sign bit, 5 of exponent biased by 15, 10 of fraction).
func float16(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15)<<31, uint32(b>>10&0x1f), uint32(b&0x3ff)
	switch exponent {
	case 0: // zero and subnormals: fraction * 2^-24, which a float32 holds as a normal number
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity and NaN, whose payload moves to the top of the wider fraction
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
