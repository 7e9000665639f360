package tensorfile

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestFromStoresLittleEndianRowMajor(t *testing.T) {
	for _, c := range []struct {
		got  Tensor
		want Tensor
	}{
		{mustFrom(t, "a", []int{2}, []bool{true, false}), Tensor{"a", BOOL, []int{2}, []byte{1, 0}}},
		{mustFrom(t, "a", []int{2, 1}, []uint8{1, 255}), Tensor{"a", U8, []int{2, 1}, []byte{1, 255}}},
		{mustFrom(t, "a", []int{1}, []int8{-2}), Tensor{"a", I8, []int{1}, []byte{0xfe}}},
		{mustFrom(t, "a", []int{1}, []int16{-2}), Tensor{"a", I16, []int{1}, []byte{0xfe, 0xff}}},
		{mustFrom(t, "a", []int{1}, []uint16{0x1234}), Tensor{"a", U16, []int{1}, []byte{0x34, 0x12}}},
		{mustFrom(t, "a", []int{1}, []int32{-2}), Tensor{"a", I32, []int{1}, []byte{0xfe, 0xff, 0xff, 0xff}}},
		{mustFrom(t, "a", []int{1}, []uint32{0x12345678}), Tensor{"a", U32, []int{1}, []byte{0x78, 0x56, 0x34, 0x12}}},
		{mustFrom(t, "a", nil, []float32{1}), Tensor{"a", F32, nil, []byte{0, 0, 0x80, 0x3f}}},
		{mustFrom(t, "a", nil, []float64{-2}), Tensor{"a", F64, nil, []byte{0, 0, 0, 0, 0, 0, 0, 0xc0}}},
		{mustFrom(t, "a", nil, []int64{-2}), Tensor{"a", I64, nil, []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}},
		{mustFrom(t, "a", nil, []int{258}), Tensor{"a", I64, nil, []byte{2, 1, 0, 0, 0, 0, 0, 0}}},
		{mustFrom(t, "a", nil, []uint64{1 << 63}), Tensor{"a", U64, nil, []byte{0, 0, 0, 0, 0, 0, 0, 0x80}}},
		{mustFrom(t, "empty", []int{3, 0}, []float32{}), Tensor{"empty", F32, []int{3, 0}, nil}},
	} {
		if d := diff(c.want, c.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.want.DType, d)
		}
	}
}

func TestFromCopies(t *testing.T) {
	shape, values := []int{2}, []uint8{1, 2}
	tensor := mustFrom(t, "a", shape, values)
	shape[0], values[0] = 9, 9
	if d := diff(Tensor{"a", U8, []int{2}, []byte{1, 2}}, tensor); d != "" {
		t.Errorf("the tensor changed with its source (-want +got):\n%s", d)
	}
	got, err := tensor.Uint8s()
	if err != nil {
		t.Fatal(err)
	}
	got[0] = 9
	if tensor.Data[0] != 1 {
		t.Error("the tensor changed with the values read from it")
	}
}

func TestValuesKeepEveryBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits32 := rapid.SliceOf(rapid.Uint32()).Draw(t, "bits32")
		bits64 := rapid.SliceOf(rapid.Uint64()).Draw(t, "bits64")
		// Quiet and signalling NaN with payload, and negative zero, whatever was drawn.
		bits32 = append(bits32, 0x7fc01234, 0xff801234, 1<<31)
		bits64 = append(bits64, 0x7ff8000000001234, 0xfff0000000001234, 1<<63)
		var data32, data64 []byte
		for _, b := range bits32 {
			data32 = binary.LittleEndian.AppendUint32(data32, b)
		}
		for _, b := range bits64 {
			data64 = binary.LittleEndian.AppendUint64(data64, b)
		}

		values32, err := Tensor{"a", F32, []int{len(bits32)}, data32}.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values32 {
			if math.Float32bits(v) != bits32[i] {
				t.Errorf("float32 %08x read as %08x", bits32[i], math.Float32bits(v))
			}
		}
		values64, err := Tensor{"a", F64, []int{len(bits64)}, data64}.Float64s()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values64 {
			if math.Float64bits(v) != bits64[i] {
				t.Errorf("float64 %016x read as %016x", bits64[i], math.Float64bits(v))
			}
		}
		if back, err := From("a", []int{len(bits32)}, values32); err != nil || diff(data32, back.Data) != "" {
			t.Errorf("float32 data changed on the way back: %v", err)
		}
		if back, err := From("a", []int{len(bits64)}, values64); err != nil || diff(data64, back.Data) != "" {
			t.Errorf("float64 data changed on the way back: %v", err)
		}
	})
}

// testFromValues holds that Values returns what From was given.
func testFromValues[T Element](t *testing.T, values ...T) {
	t.Helper()
	tensor := mustFrom(t, "a", []int{len(values)}, values)
	got, err := Values[T](tensor)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(values, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", tensor.DType, d)
	}
}

func TestFromValues(t *testing.T) {
	testFromValues(t, true, false)
	testFromValues[uint8](t, 0, 1, math.MaxUint8)
	testFromValues[int8](t, 0, math.MinInt8, math.MaxInt8)
	testFromValues[uint16](t, 0, 1, math.MaxUint16)
	testFromValues[int16](t, 0, math.MinInt16, math.MaxInt16)
	testFromValues[uint32](t, 0, 1, math.MaxUint32)
	testFromValues[int32](t, 0, math.MinInt32, math.MaxInt32)
	testFromValues[uint64](t, 0, 1, math.MaxUint64)
	testFromValues[int64](t, 0, math.MinInt64, math.MaxInt64)
	testFromValues[float32](t, 0, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(-1)))
	testFromValues(t, 0, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1))
}

func TestWidening(t *testing.T) {
	f16 := Tensor{"h", F16, []int{2}, []byte{0x00, 0x3c, 0x00, 0xc0}}   // 1, -2
	bf16 := Tensor{"b", BF16, []int{2}, []byte{0x80, 0x3f, 0x00, 0xc0}} // 1, -2
	for _, c := range []struct {
		tensor Tensor
		ints   []int
		f32    []float32
		f64    []float64
	}{
		{tensor: mustFrom(t, "a", []int{2}, []uint8{1, 255}), ints: []int{1, 255}, f32: []float32{1, 255}, f64: []float64{1, 255}},
		{tensor: mustFrom(t, "a", []int{2}, []int8{1, -128}), ints: []int{1, -128}, f32: []float32{1, -128}, f64: []float64{1, -128}},
		{tensor: mustFrom(t, "a", []int{2}, []uint16{1, 65535}), ints: []int{1, 65535}, f32: []float32{1, 65535}, f64: []float64{1, 65535}},
		{tensor: mustFrom(t, "a", []int{2}, []int16{1, -32768}), ints: []int{1, -32768}, f32: []float32{1, -32768}, f64: []float64{1, -32768}},
		{tensor: mustFrom(t, "a", []int{2}, []int32{1, math.MinInt32}), ints: []int{1, math.MinInt32}, f64: []float64{1, math.MinInt32}},
		{tensor: mustFrom(t, "a", []int{1}, []uint32{math.MaxInt32}), ints: []int{math.MaxInt32}, f64: []float64{math.MaxInt32}},
		{tensor: mustFrom(t, "a", []int{2}, []int64{1, math.MinInt32}), ints: []int{1, math.MinInt32}},
		{tensor: mustFrom(t, "a", []int{2}, []uint64{1, math.MaxInt32}), ints: []int{1, math.MaxInt32}},
		{tensor: f16, f32: []float32{1, -2}, f64: []float64{1, -2}},
		{tensor: bf16, f32: []float32{1, -2}, f64: []float64{1, -2}},
		{tensor: mustFrom(t, "a", []int{2}, []float32{0.5, -2}), f32: []float32{0.5, -2}, f64: []float64{0.5, -2}},
		{tensor: mustFrom(t, "a", []int{2}, []float64{0.5, -2}), f64: []float64{0.5, -2}},
		{tensor: mustFrom(t, "a", []int{1}, []bool{true})},
	} {
		ints, err := c.tensor.Ints()
		checkWidened(t, c.tensor, "Ints", c.ints, ints, err)
		f32, err := c.tensor.Float32s()
		checkWidened(t, c.tensor, "Float32s", c.f32, f32, err)
		f64, err := c.tensor.Float64s()
		checkWidened(t, c.tensor, "Float64s", c.f64, f64, err)
	}
}

// checkWidened compares, where a nil want stands for an error that names the tensor and its type.
func checkWidened[T any](t *testing.T, tensor Tensor, method string, want, got []T, err error) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Errorf("%s of %s returns values beside its error", method, tensor.DType)
		}
		wantError(t, err, `tensor "`+tensor.Name+`" is `+string(tensor.DType)+` [|this use needs`)
		return
	}
	if err != nil {
		t.Errorf("%s of %s: %v", method, tensor.DType, err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("%s of %s (-want +got):\n%s", method, tensor.DType, d)
	}
}

// Every F16, against the definition in IEEE 754 3.4 computed in float64.
func TestFloat16(t *testing.T) {
	for b := range 1 << 16 {
		sign, exponent, fraction := 1.0, b>>10&31, float64(b&1023)
		if b>>15 == 1 {
			sign = -1
		}
		got := float16(uint16(b))
		switch {
		case exponent == 31 && fraction != 0:
			if !math.IsNaN(float64(got)) || math.Signbit(float64(got)) != (sign < 0) {
				t.Fatalf("%04x is %v, want NaN with sign %v", b, got, sign)
			}
			continue
		case exponent == 31:
			fraction = math.Inf(1)
		case exponent == 0:
			fraction = math.Ldexp(fraction, -24)
		default:
			fraction = math.Ldexp(1024+fraction, exponent-25)
		}
		if want := float32(math.Copysign(fraction, sign)); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("%04x is %v, want %v", b, got, want)
		}
	}
}

func TestTensorErrors(t *testing.T) {
	deep := make([]int, 65)
	for name, c := range map[string]struct {
		err  func() error
		want string
	}{
		"values do not fill the shape": {func() error { _, err := From("a", []int{2, 3}, []uint8{1}); return err },
			`tensor "a"|[2 3] holds 6 elements; 1 values given`},
		"a scalar has one value": {func() error { _, err := From("a", nil, []uint8{1, 2}); return err },
			`tensor "a"|[] holds 1 elements; 2 values given`},
		"negative size": {func() error { _, err := From("a", []int{-1}, []uint8{}); return err },
			`tensor "a"|[-1] has a negative size`},
		"too many dimensions": {func() error { _, err := From("a", deep, []uint8{}); return err },
			`tensor "a"|65 dimensions; at most 64`},
		"overflow": {func() error { _, err := From("a", []int{math.MaxInt, 2}, []uint8{}); return err },
			`tensor "a"|overflows the number of elements`},
		"overflow beside a zero": {func() error { _, err := From("a", []int{0, math.MaxInt, 2}, []uint8{}); return err },
			`tensor "a"|overflows the number of elements`},
		"not this type": {func() error { _, err := mustFrom(t, "a", nil, []int8{1}).Uint8s(); return err },
			`tensor "a" is I8 []; this use needs U8`},
		"not bools": {func() error { _, err := mustFrom(t, "a", nil, []uint8{1}).Bools(); return err },
			`tensor "a" is U8 []; this use needs BOOL`},
		"too large for an int": {func() error { _, err := mustFrom(t, "a", []int{2}, []uint64{1, 1 << 63}).Ints(); return err },
			`tensor "a"|element 1 is 9223372036854775808, which does not fit an int`},
		"no type": {func() error { _, err := Tensor{Name: "a", Data: []byte{1}}.Float64s(); return err },
			`tensor "a"|unknown type ""|known are BOOL, U8`},
		"data do not fit": {func() error { _, err := Tensor{"a", F32, []int{2}, []byte{1}}.Float32s(); return err },
			`tensor "a"|F32 [2] needs 8 bytes of data, not 1`},
		"data do not fit ints": {func() error { _, err := Tensor{"a", I64, nil, []byte{1}}.Ints(); return err },
			`tensor "a"|I64 [] needs 8 bytes of data, not 1`},
		"name": {func() error { _, err := Values[uint8](Tensor{"\xff", U8, nil, []byte{1}}); return err },
			`tensor "\xff"|not UTF-8`},
		"beyond the limit": {func() error { _, err := Tensor{"a", F64, []int{1 << 30}, nil}.Float64s(); return err },
			`tensor "a"|F64 [1073741824] needs more than the 4294967296 bytes allowed`},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, c.err(), c.want) })
	}
}

func TestSizes(t *testing.T) {
	if got := DType("F8_E4M3").Size(); got != 0 {
		t.Errorf("an unknown type has the size %d, want 0", got)
	}
	for i, d := range dtypes {
		if i > 0 && d.Size() < dtypes[i-1].Size() {
			t.Errorf("%s is out of order: dtypes must go by alignment", d)
		}
		if d.rank() != i {
			t.Errorf("%s has the rank %d, want %d", d, d.rank(), i)
		}
	}
}
