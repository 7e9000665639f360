package tensorfile

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextKnownBytes(t *testing.T) {
	for _, c := range []struct {
		content string
		tensor  Tensor
	}{
		{"2,3\n0.8,0.2,1,0,-0,1e-05\n", mustFrom(t, "a", []int{2, 3}, []float32{0.8, 0.2, 1, 0, float32(math.Copysign(0, -1)), 1e-5})},
		{"2\n+Inf,-Inf\n", mustFrom(t, "a", []int{2}, []float64{math.Inf(1), math.Inf(-1)})},
		{"3\n0.1,5e-324,1.7976931348623157e+308\n", mustFrom(t, "a", []int{3}, []float64{0.1, 5e-324, math.MaxFloat64})},
		{"\n7\n", mustFrom(t, "a", nil, []int64{7})},
		{"0,3\n\n", mustFrom(t, "a", []int{0, 3}, []float32{})},
		{"2,1\n-128,127\n", mustFrom(t, "a", []int{2, 1}, []int8{-128, 127})},
		{"2\n-32768,1\n", mustFrom(t, "a", []int{2}, []int16{-32768, 1})},
		{"2\n-2147483648,1\n", mustFrom(t, "a", []int{2}, []int32{math.MinInt32, 1})},
		{"2\n-9223372036854775808,1\n", mustFrom(t, "a", []int{2}, []int64{math.MinInt64, 1})},
		{"1\n255\n", mustFrom(t, "a", []int{1}, []uint8{255})},
		{"1\n65535\n", mustFrom(t, "a", []int{1}, []uint16{65535})},
		{"1\n4294967295\n", mustFrom(t, "a", []int{1}, []uint32{math.MaxUint32})},
		{"1\n18446744073709551615\n", mustFrom(t, "a", []int{1}, []uint64{math.MaxUint64})},
		{"2\nTrue,False\n", mustFrom(t, "a", []int{2}, []bool{true, false})},
	} {
		var b bytes.Buffer
		if err := WriteText(&b, c.tensor); err != nil {
			t.Fatal(err)
		}
		if d := diff(c.content, b.String()); d != "" {
			t.Errorf("written (-want +got):\n%s", d)
		}
		got, err := ReadText(strings.NewReader(c.content), "a", c.tensor.DType)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(c.tensor, got); d != "" {
			t.Errorf("read from %q (-want +got):\n%s", c.content, d)
		}
	}
}

// What Python's str of a NumPy value, other tools and other systems write.
func TestTextForeign(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		content string
		tensor  Tensor
	}{
		{"2,2\n1.0,0.0,inf,-inf", mustFrom(t, "a", []int{2, 2}, []float32{1, 0, inf, -inf})},
		{"2,2\r\n1.0, 2.5 ,3e+20,0.80000001\r\n\r\n", mustFrom(t, "a", []int{2, 2}, []float32{1, 2.5, 3e20, 0.8})},
		{"0", mustFrom(t, "a", []int{0}, []float32{})},
		{"2\n1,0\n", mustFrom(t, "a", []int{2}, []bool{true, false})},
		{"1\n+5\n", mustFrom(t, "a", []int{1}, []int32{5})},
	} {
		got, err := ReadText(strings.NewReader(c.content), "a", c.tensor.DType)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(c.tensor, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.content, d)
		}
	}
}

// canonical is t as the text format keeps it: any NaN becomes the one that parsing gives, any true byte 1.
func canonical(t *rapid.T, tensor Tensor) Tensor {
	var err error
	switch tensor.DType {
	case F32:
		var values []float32
		if values, err = tensor.Float32s(); err == nil {
			for i, v := range values {
				if v != v {
					values[i] = float32(math.NaN())
				}
			}
			tensor, err = From(tensor.Name, tensor.Shape, values)
		}
	case F64:
		var values []float64
		if values, err = tensor.Float64s(); err == nil {
			for i, v := range values {
				if v != v {
					values[i] = math.NaN()
				}
			}
			tensor, err = From(tensor.Name, tensor.Shape, values)
		}
	case BOOL:
		var values []bool
		if values, err = tensor.Bools(); err == nil {
			tensor, err = From(tensor.Name, tensor.Shape, values)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return tensor
}

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTensor(t, "a", textTypes)
		var b bytes.Buffer
		if err := WriteText(&b, want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadText(&b, "a", want.DType)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(canonical(t, want), got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// More than is read or written at once.
func TestTextLarge(t *testing.T) {
	values := make([]uint16, 50_000)
	for i := range values {
		values[i] = uint16(i * 40503)
	}
	want := mustFrom(t, "a", []int{5, 10_000}, values)
	testBrokenAt := func(n int) {
		if err := WriteText(&brokenWriter{n}, want); !errors.Is(err, errBroken) {
			t.Errorf("writer broken after %d bytes: error %v", n, err)
		}
	}
	testBrokenAt(0)
	testBrokenAt(100_000)
	var b bytes.Buffer
	if err := WriteText(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadText(&b, "a", U16)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want.Data, got.Data) {
		t.Error("the values changed")
	}
	if cap(got.Data) != len(got.Data) {
		t.Errorf("%d bytes are kept for %d", cap(got.Data), len(got.Data))
	}
}

func TestReadTextErrors(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		dtype   DType
		want    string
	}{
		"empty":              {"", F32, `the second line has 0 values; shape [] needs 1`},
		"only sizes":         {"2,3\n", F32, `the second line has 0 values; shape [2 3] needs 6`},
		"too few":            {"2,3\n1,2,3\n", F32, `the second line has 3 values; shape [2 3] needs 6`},
		"too many":           {"2\n1,2,3,4\n", F32, `the second line has 4 values; shape [2] needs 2`},
		"values for none":    {"0\n1\n", F32, `the second line has 1 values; shape [0] needs 0`},
		"trailing comma":     {"2\n1,2,\n", F32, `the second line has 3 values; shape [2] needs 2`},
		"missing value":      {"3\n1,,3\n", F32, `value 1: "": invalid syntax`},
		"three lines":        {"2,2\n1,2\n3,4\n", F32, `the line ends after value 1 and more text follows`},
		"end in the middle":  {"2\n1\n,2\n", F32, `the line ends after value 0 and more text follows`},
		"text after":         {"2\n1,2\nx\n", F32, `the line ends after value 1 and more text follows`},
		"binary":             {"\x93NUMPY\x01\x00", F32, `the first line must list the sizes of the dimensions: "\x93NUMPY\x01\x00": invalid syntax`},
		"size a fraction":    {"2.0\n1,2\n", F32, `the first line must list the sizes of the dimensions: "2.0": invalid syntax`},
		"size missing":       {"2,,3\n", F32, `the first line must list the sizes of the dimensions: "": invalid syntax`},
		"negative size":      {"-2\n1,2\n", F32, `[-2] has a negative size`},
		"overflow":           {"2147483647,2147483647,2147483647\n1\n", F32, `overflows`},
		"beyond the limit":   {"4294967297\n1\n", U8, `U8 [4294967297] needs more than the 4294967296 bytes`},
		"many dimensions":    {strings.Repeat("1,", 64) + "1\n1\n", F32, `65 dimensions; at most 64`},
		"long first line":    {strings.Repeat("1,", 4096), F32, `the first line is longer than 4096 bytes`},
		"long value":         {"2\n1," + strings.Repeat("1", 5000), F32, `value 1 is longer than 4096 bytes`},
		"no number":          {"2\n1,two\n", F32, `value 1: "two": invalid syntax`},
		"float too large":    {"1\n1e39\n", F32, `value 0: "1e39": value out of range`},
		"no integer":         {"1\n1.0\n", I32, `value 0: "1.0": invalid syntax`},
		"integer too large":  {"2\n1,128\n", I8, `value 1: "128": value out of range`},
		"unsigned too small": {"1\n-1\n", U8, `value 0: "-1": invalid syntax`},
		"no boolean":         {"1\n2\n", BOOL, `value 0: "2": invalid syntax`},
		"half":               {"1\n2\n", F16, `not read as F16; read them as F32`},
		"bfloat":             {"1\n2\n", BF16, `not read as BF16; read them as F32`},
		"unknown type":       {"1\n2\n", "float", `unknown type "float"`},
		"no type":            {"1\n2\n", "", `unknown type ""`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadText(strings.NewReader(c.content), "w1", c.dtype)
			wantError(t, err, `text: tensor "w1": |`+c.want)
		})
	}
}

func TestWriteTextErrors(t *testing.T) {
	for name, c := range map[string]struct {
		tensor Tensor
		want   string
	}{
		"half":       {Tensor{"a", F16, nil, []byte{0, 0}}, "values of type F16 are not written; convert them to F32"},
		"bfloat":     {Tensor{"a", BF16, nil, []byte{0, 0}}, "values of type BF16 are not written"},
		"bad tensor": {Tensor{"a", F32, nil, nil}, "F32 [] needs 4 bytes of data, not 0"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, WriteText(io.Discard, c.tensor), `text: tensor "a": |`+c.want)
		})
	}
}

func TestTextBroken(t *testing.T) {
	tensor := mustFrom(t, "a", []int{3}, []float32{1, 0.25, 3})
	testBrokenWriter(t, func(w io.Writer) error { return WriteText(w, tensor) })
	var b bytes.Buffer
	if err := WriteText(&b, tensor); err != nil {
		t.Fatal(err)
	}
	testBrokenReader(t, b.Bytes(), func(r io.Reader) (any, error) { return ReadText(r, "a", F32) })
}

func TestTextLyingShapeIsCheap(t *testing.T) {
	testCheapError(t, "has 2 values; shape [1073741824] needs 1073741824", func() error {
		_, err := ReadText(strings.NewReader("1073741824\n1,2\n"), "a", F32)
		return err
	})
}
