package tensorfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// npyFile puts a file of version 1.0 together, without padding.
func npyFile(header, data string) []byte {
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return append(append(b, header...), data...)
}

// What numpy.save of NumPy 2.4 writes.
var numpySaved = []struct {
	content string
	tensor  Tensor
}{
	{"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + strings.Repeat(" ", 58) + "\n" +
		"\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xc0@",
		Tensor{"a", F32, []int{2, 3}, []byte("\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xc0@")}},
	{"\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (), }" + strings.Repeat(" ", 62) + "\n\x07\x00\x00\x00\x00\x00\x00\x00",
		Tensor{"a", I64, nil, []byte{7, 0, 0, 0, 0, 0, 0, 0}}},
	{"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (0, 3), }" + strings.Repeat(" ", 58) + "\n",
		Tensor{"a", U8, []int{0, 3}, nil}},
	{"\x93NUMPY\x01\x00v\x00{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }" + strings.Repeat(" ", 60) + "\n\x01\x00",
		Tensor{"a", BOOL, []int{2}, []byte{1, 0}}},
}

func TestNPYKnownBytes(t *testing.T) {
	for _, c := range numpySaved {
		got, err := ReadNPY(strings.NewReader(c.content), "a")
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(c.tensor, got); d != "" {
			t.Errorf("read (-want +got):\n%s", d)
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, c.tensor); err != nil {
			t.Fatal(err)
		}
		if d := diff(c.content, b.String()); d != "" {
			t.Errorf("written (-want +got):\n%s", d)
		}
	}
}

// Headers and data that NumPy or others write and WriteNPY does not.
func TestNPYForeign(t *testing.T) {
	const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n"
	u8 := Tensor{"a", U8, []int{2}, []byte("xy")}
	i16 := Tensor{"a", I16, []int{2, 3}, []byte{0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0}}
	for name, c := range map[string]struct {
		content string
		want    Tensor
	}{
		// numpy.save of a column-major array.
		"column-major": {"\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }" + strings.Repeat(" ", 59) + "\n" +
			"\x00\x00\x03\x00\x01\x00\x04\x00\x02\x00\x05\x00", i16},
		// numpy.save of a big-endian array.
		"big-endian": {"\x93NUMPY\x01\x00v\x00{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }" + strings.Repeat(" ", 60) + "\n" +
			"?\xf0\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x00", mustFrom(t, "a", []int{2}, []float64{1, -2})},
		"big-endian and column-major": {string(npyFile("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n",
			"\x00\x00\x00\x03\x00\x01\x00\x04\x00\x02\x00\x05")), i16},
		"version 2":      {"\x93NUMPY\x02\x00\x3a\x00\x00\x00" + header + "xy", u8},
		"version 3":      {"\x93NUMPY\x03\x00\x3a\x00\x00\x00" + header + "xy", u8},
		"dense":          {string(npyFile(`{"descr":"|u1","fortran_order":False,"shape":(2,)}`, "xy")), u8},
		"spread":         {string(npyFile("\t{ 'shape' :\n( 2 , ) , 'fortran_order' : False , 'descr' : '|u1' , } \r\n ", "xy")), u8},
		"long integers":  {string(npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (1L, 2L), }", "xy")), Tensor{"a", U8, []int{1, 2}, []byte("xy")}},
		"no byte order":  {string(npyFile("{'descr': 'u1', 'fortran_order': False, 'shape': (2,), }", "xy")), u8},
		"needless order": {string(npyFile("{'descr': '>u1', 'fortran_order': False, 'shape': (2,), }", "xy")), u8},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadNPY(strings.NewReader(c.content), "a")
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestNPYRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTensor(t, "a", numpyTypes)
		var b bytes.Buffer
		if err := WriteNPY(&b, want); err != nil {
			t.Fatal(err)
		}
		if (b.Len()-len(want.Data))%npyAlign != 0 {
			t.Errorf("the data begin at %d, no multiple of %d", b.Len()-len(want.Data), npyAlign)
		}
		got, err := ReadNPY(&b, "a")
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// Either byte order and either element order, written here by the definition: in column-major order the element with the index
// (i, j, k) of a shape (A, B, C) lies at i + A*(j + B*k).
func TestNPYOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTensor(t, "a", numpyTypes)
		size := want.DType.Size()
		descr := ""
		for kind, d := range descrs {
			if d == want.DType {
				descr = kind
			}
		}
		file := make([]byte, len(want.Data))
		fortran := rapid.Bool().Draw(t, "column-major")
		bigEndian := rapid.Bool().Draw(t, "big-endian")
		for at := range len(want.Data) / size {
			place := at
			if fortran {
				place = 0
				scale, rest := len(want.Data)/size, at
				for axis := len(want.Shape) - 1; axis >= 0; axis-- {
					scale /= want.Shape[axis]
					place += scale * (rest % want.Shape[axis])
					rest /= want.Shape[axis]
				}
			}
			element := slices.Clone(want.Data[at*size : (at+1)*size])
			if bigEndian {
				slices.Reverse(element)
			}
			copy(file[place*size:], element)
		}
		order, fortranWord := "<", "False"
		if bigEndian {
			order = ">"
		}
		if fortran {
			fortranWord = "True"
		}
		shape := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(want.Shape)), ","), "[]")
		if len(want.Shape) > 0 {
			shape += ","
		}
		header := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': %s, 'shape': (%s)}", order, descr, fortranWord, shape)
		got, err := ReadNPY(bytes.NewReader(npyFile(header, string(file))), "a")
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", header, d)
		}
	})
}

func TestReadNPYErrors(t *testing.T) {
	withDescr := func(descr string) []byte {
		return npyFile("{'descr': "+descr+", 'fortran_order': False, 'shape': (2,), }\n", "12345678")
	}
	withShape := func(shape string) []byte {
		return npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': "+shape+", }\n", "12345678")
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":                {nil, "header ends after 0 of 8 bytes|truncated"},
		"short magic":          {[]byte("\x93NUM"), "header ends after 4 of 8 bytes"},
		"another file":         {[]byte("PK\x03\x04 and so on"), `begins with "PK\x03\x04 a", not with "\x93NUMPY"`},
		"version 0":            {[]byte("\x93NUMPY\x00\x00\x00\x00"), "version 0.0; versions 1.0, 2.0 and 3.0"},
		"version 4":            {[]byte("\x93NUMPY\x04\x00\x00\x00"), "version 4.0"},
		"version 1.1":          {[]byte("\x93NUMPY\x01\x01\x00\x00"), "version 1.1"},
		"no length":            {[]byte("\x93NUMPY\x01\x00\x01"), "header ends after 9 of 10 bytes"},
		"no long length":       {[]byte("\x93NUMPY\x02\x00\x01\x00\x00"), "header ends after 11 of 12 bytes"},
		"huge header":          {[]byte("\x93NUMPY\x02\x00\x00\x00\x01\x00{"), "a header of 65536 bytes"},
		"truncated header":     {[]byte("\x93NUMPY\x01\x00v\x00{'descr'"), "header ends after 8 of 118 bytes"},
		"empty header":         {npyFile("", ""), `malformed at byte 0 of "": '{' expected`},
		"no dictionary":        {npyFile("[1]", ""), `'{' expected`},
		"open dictionary":      {npyFile("{'descr': '<f4'", ""), `malformed at byte 15|'}' expected`},
		"no comma":             {npyFile("{'descr': '<f4' 'shape': (2,)}", ""), `'}' expected`},
		"no colon":             {npyFile("{'descr' '<f4'}", ""), `':' expected`},
		"key no string":        {npyFile("{descr: '<f4'}", ""), `a quoted string expected`},
		"open string":          {npyFile("{'descr: 4}", ""), `the string has no end`},
		"escape":               {npyFile(`{'de\x73cr': '<f4'}`, ""), `escape`},
		"text after":           {npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", ""), `text follows the dictionary`},
		"key twice":            {npyFile("{'descr': '<f4', 'descr': '<f8'}", ""), `the key "descr" twice`},
		"unknown key":          {npyFile("{'strides': (4,)}", ""), `unknown key "strides"`},
		"no descr":             {npyFile("{'fortran_order': False, 'shape': (2,)}", ""), `lacks the key "descr"`},
		"no order":             {npyFile("{'descr': '<f4', 'shape': (2,)}", ""), `lacks the key "fortran_order"`},
		"no shape":             {npyFile("{'descr': '<f4', 'fortran_order': False}", ""), `lacks the key "shape"`},
		"order no boolean":     {npyFile("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", ""), `True or False expected`},
		"objects":              {withDescr("'|O'"), `holds Python objects (descr "|O")|convert it to one of BOOL, U8`},
		"unicode":              {withDescr("'<U5'"), `holds Unicode strings (descr "<U5")`},
		"bytes":                {withDescr("'|S5'"), `holds byte strings`},
		"raw":                  {withDescr("'|V8'"), `holds raw records`},
		"complex":              {withDescr("'<c8'"), `holds complex numbers`},
		"dates":                {withDescr("'<M8[ns]'"), `holds dates`},
		"differences":          {withDescr("'<m8[s]'"), `holds time differences`},
		"long double":          {withDescr("'<f16'"), `holds floats of an unusual size (descr "<f16")`},
		"unknown":              {withDescr("'<q4'"), `holds an unknown type (descr "<q4")`},
		"empty type":           {withDescr("''"), `an unknown type`},
		"only an order":        {withDescr("'<'"), `an unknown type`},
		"records":              {withDescr("[('x', '<f4'), ('y', '<f4')]"), `holds records (descr "[('x', '<f4')`},
		"type with shape":      {withDescr("('<f4', (2,))"), `holds records`},
		"type no string":       {withDescr("5"), `a quoted string expected`},
		"no byte order":        {withDescr("'f4'"), `descr "f4" does not say its byte order`},
		"native byte order":    {withDescr("'=f4'"), `descr "=f4" does not say its byte order`},
		"order not applicable": {withDescr("'|f4'"), `descr "|f4" does not say its byte order`},
		"shape a number":       {withShape("2"), `'(' expected`},
		"shape a list":         {withShape("[2]"), `'(' expected`},
		"shape no tuple":       {withShape("(2)"), `a tuple of one needs a comma`},
		"shape only a comma":   {withShape("(,)"), `an integer expected`},
		"shape without comma":  {withShape("(2 3)"), `a comma or the end of the tuple expected`},
		"shape open":           {npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2, ", ""), `an integer expected`},
		"size a fraction":      {withShape("(2.0,)"), `a comma or the end of the tuple expected`},
		"size a word":          {withShape("(None,)"), `an integer expected`},
		"negative size":        {withShape("(-2,)"), `[-2] has a negative size`},
		"size beyond 64 bits":  {withShape("(99999999999999999999,)"), `value out of range`},
		"overflow":             {withShape("(2147483647, 2147483647, 2147483647)"), `overflows`},
		"overflow beside zero": {withShape("(0, 2147483647, 2147483647, 2147483647)"), `overflows`},
		"beyond the limit":     {withShape("(1073741825,)"), `F32 [1073741825] needs more than the 4294967296 bytes allowed`},
		"many dimensions":      {withShape("(" + strings.Repeat("1,", 65) + ")"), `65 dimensions; at most 64`},
		"truncated":            {withShape("(3,)"), `end after 8 of the 12 bytes that F32 [3] needs|truncated`},
		"trailing":             {withShape("(1,)"), `4 bytes follow the 4 bytes of data`},
		"two arrays":           {append([]byte(numpySaved[2].content), numpySaved[2].content...), `128 bytes follow the 0 bytes of data`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadNPY(bytes.NewReader(c.content), "w1")
			wantError(t, err, `npy: tensor "w1": |`+c.want)
		})
	}
}

func TestWriteNPYErrors(t *testing.T) {
	for name, c := range map[string]struct {
		tensor Tensor
		want   string
	}{
		"bfloat16":   {Tensor{"a", BF16, nil, []byte{0, 0}}, "NumPy has no type for BF16"},
		"bad tensor": {Tensor{"a", F32, nil, nil}, "F32 [] needs 4 bytes of data, not 0"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			wantError(t, WriteNPY(&b, c.tensor), `npy: tensor "a": |`+c.want)
			if b.Len() > 0 {
				t.Errorf("%d bytes were written before the error", b.Len())
			}
		})
	}
}

func TestNPYBroken(t *testing.T) {
	tensor := mustFrom(t, "a", []int{3}, []float32{1, 2, 3})
	testBrokenWriter(t, func(w io.Writer) error { return WriteNPY(w, tensor) })
	var b bytes.Buffer
	if err := WriteNPY(&b, tensor); err != nil {
		t.Fatal(err)
	}
	testBrokenReader(t, b.Bytes(), func(r io.Reader) (any, error) { return ReadNPY(r, "a") })
	testPrefixes(t, b.Bytes(), func(content []byte) error {
		_, err := ReadNPY(bytes.NewReader(content), "a")
		return err
	})
}

func TestNPYLyingHeaderIsCheap(t *testing.T) {
	testCheapError(t, `end after 3 of the 4294967296 bytes`, func() error {
		_, err := ReadNPY(bytes.NewReader(npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824,), }", "abc")), "a")
		return err
	})
}

// More data than the first read, so that the buffer has to grow.
func TestNPYLarge(t *testing.T) {
	values := make([]uint32, firstRead)
	for i := range values {
		values[i] = uint32(i) * 2654435761
	}
	want := mustFrom(t, "a", []int{2, firstRead / 2}, values)
	var b bytes.Buffer
	if err := WriteNPY(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadNPY(&b, "a")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want.Data, got.Data) {
		t.Error("the data changed")
	}
	if cap(got.Data) != len(got.Data) {
		t.Errorf("%d bytes are kept for %d", cap(got.Data), len(got.Data))
	}
}
