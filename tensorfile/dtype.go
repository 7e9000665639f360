package tensorfile

import (
	"slices"
	"strings"
)

// A DType is the type of a tensor's elements, written as the safetensors format writes it. Its zero value is no type.
type DType string

// The element types. A BOOL element is one byte, zero for false. F16 is IEEE 754 binary16; BF16 is the upper half of an F32.
const (
	BOOL DType = "BOOL"
	U8   DType = "U8"
	I8   DType = "I8"
	I16  DType = "I16"
	U16  DType = "U16"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I32  DType = "I32"
	U32  DType = "U32"
	F32  DType = "F32"
	F64  DType = "F64"
	I64  DType = "I64"
	U64  DType = "U64"
)

// dtypes is ordered as the safetensors reference implementation orders its types: by alignment, then by its own habit.
// WriteSafetensors lays data out by this order, so changing it changes files.
var dtypes = []DType{BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64}

// Size returns the bytes of one element, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case BOOL, U8, I8:
		return 1
	case I16, U16, F16, BF16:
		return 2
	case I32, U32, F32:
		return 4
	case F64, I64, U64:
		return 8
	}
	return 0
}

// rank returns the type's place in dtypes.
func (d DType) rank() int { return slices.Index(dtypes, d) }

// An Element is a Go type that holds one tensor element exactly. F16 and BF16 have no such type; Float32s widens them.
type Element interface {
	bool | uint8 | int8 | int16 | uint16 | int32 | uint32 | float32 | float64 | int64 | uint64
}

// dtypeOf returns the type that stores a T. An int is stored in 64 bits, whatever its size on this machine.
func dtypeOf[T Element | int]() DType {
	switch any(*new(T)).(type) {
	case bool:
		return BOOL
	case uint8:
		return U8
	case int8:
		return I8
	case int16:
		return I16
	case uint16:
		return U16
	case int32:
		return I32
	case uint32:
		return U32
	case float32:
		return F32
	case float64:
		return F64
	case uint64:
		return U64
	}
	return I64 // int64 and int
}

// list joins types for an error message.
func list(types []DType) string {
	names := make([]string, len(types))
	for i, d := range types {
		names[i] = string(d)
	}
	return strings.Join(names, ", ")
}
