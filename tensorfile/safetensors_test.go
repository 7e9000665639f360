package tensorfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	oracle "github.com/nlpodyssey/safetensors"
	"pgregory.net/rapid"
)

// safetensorsFile puts a file together from a header and data.
func safetensorsFile(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestSafetensorsKnownBytes(t *testing.T) {
	f := &File{
		Tensors: []Tensor{
			mustFrom(t, "seen", []int{3}, []uint8{7, 8, 9}),
			mustFrom(t, "b", []int{1, 2}, []float32{1, -2}),
			mustFrom(t, "a", nil, []float32{0.5}),
			mustFrom(t, "n", []int{1}, []int64{-1}),
			mustFrom(t, "none", []int{0, 4}, []int64{}),
		},
		Metadata: map[string]string{"z": "<&>", "format": "1"},
	}
	want := safetensorsFile(
		`{"__metadata__":{"format":"1","z":"<&>"},`+
			`"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},`+
			`"none":{"dtype":"I64","shape":[0,4],"data_offsets":[8,8]},`+
			`"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},`+
			`"b":{"dtype":"F32","shape":[1,2],"data_offsets":[12,20]},`+
			`"seen":{"dtype":"U8","shape":[3],"data_offsets":[20,23]}} `,
		"\xff\xff\xff\xff\xff\xff\xff\xff"+"\x00\x00\x00\x3f"+"\x00\x00\x80\x3f\x00\x00\x00\xc0"+"\x07\x08\x09")
	var got bytes.Buffer
	if err := WriteSafetensors(&got, f); err != nil {
		t.Fatal(err)
	}
	if d := diff(string(want), got.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got.Len()%8 != 23%8 {
		t.Errorf("a file of %d bytes: its 23 bytes of data do not begin at a multiple of 8", got.Len())
	}
	back, err := ReadSafetensors(&got)
	if err != nil {
		t.Fatal(err)
	}
	f.Tensors = []Tensor{f.Tensors[3], f.Tensors[4], f.Tensors[2], f.Tensors[1], f.Tensors[0]}
	if d := diff(f, back); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What others may write: white space, escapes, any order of keys and of tensors, no padding, empty metadata.
func TestSafetensorsForeignHeader(t *testing.T) {
	content := safetensorsFile(`{ "b" : { "data_offsets" : [ 2 , 3 ] , "shape" : [ 1 ] , "dtype" : "U8" } ,
		"\u00e4/1": {"dtype":"I8","shape":[2],"data_offsets":[0,2]}, "__metadata__": {} }`, "\x01\xff\x03")
	got, err := ReadSafetensors(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Tensors: []Tensor{{"ä/1", I8, []int{2}, []byte{1, 255}}, {"b", U8, []int{1}, []byte{3}}}}
	if d := diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestSafetensorsNoTensors(t *testing.T) {
	var got bytes.Buffer
	if err := WriteSafetensors(&got, &File{}); err != nil {
		t.Fatal(err)
	}
	if d := diff("\x08\x00\x00\x00\x00\x00\x00\x00{}      ", got.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	f, err := ReadSafetensors(&got)
	if err != nil || len(f.Tensors) != 0 {
		t.Errorf("read %v, %v; want no tensors", f, err)
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &File{
			Tensors:  drawTensors(t, dtypes),
			Metadata: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "metadata"),
		}
		var first, second bytes.Buffer
		if err := WriteSafetensors(&first, f); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSafetensors(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(f.Metadata, got.Metadata); d != "" {
			t.Errorf("metadata (-want +got):\n%s", d)
		}
		if len(got.Tensors) != len(f.Tensors) {
			t.Errorf("%d tensors, want %d", len(got.Tensors), len(f.Tensors))
		}
		for _, want := range f.Tensors {
			if d := diff(want, mustTensor(t, got, want.Name)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		// Any order of the tensors gives the same bytes.
		f.Tensors = rapid.Permutation(f.Tensors).Draw(t, "order")
		if err := WriteSafetensors(&second, f); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("another order of the tensors gives other bytes")
		}
	})
}

// oracleView lets the other implementation read our tensors.
type oracleView struct{ t Tensor }

func (v oracleView) DType() oracle.DType {
	d, err := oracle.ParseDType(string(v.t.DType))
	if err != nil {
		panic(err)
	}
	return d
}

func (v oracleView) Shape() []uint64 {
	shape := make([]uint64, len(v.t.Shape))
	for i, size := range v.t.Shape {
		shape[i] = uint64(size)
	}
	return shape
}
func (v oracleView) Data() []byte    { return v.t.Data }
func (v oracleView) DataLen() uint64 { return uint64(len(v.t.Data)) }

// Another implementation must lay out the same data, and each must read what the other writes.
func TestSafetensorsOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &File{}
		views := map[string]oracleView{}
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9._]{1,8}`), 1, 6, rapid.ID).Draw(t, "names") {
			tensor := drawTensor(t, name, dtypes)
			f.Tensors = append(f.Tensors, tensor)
			views[name] = oracleView{tensor}
		}
		if rapid.Bool().Draw(t, "with metadata") {
			f.Metadata = map[string]string{"preset": "mozafari2018"}
		}
		want, err := oracle.Serialize(views, f.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := WriteSafetensors(&got, f); err != nil {
			t.Fatal(err)
		}
		// The oracle orders its header by name and not by place, so the headers agree in length and meaning only.
		header := 8 + binary.LittleEndian.Uint64(want)
		if !bytes.Equal(want[:8], got.Bytes()[:8]) || !bytes.Equal(want[header:], got.Bytes()[header:]) {
			t.Errorf("lengths or data differ:\noracle %q\ngot    %q", want, got.Bytes())
		}
		ours, err := ReadSafetensors(bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(f.Metadata, ours.Metadata); d != "" {
			t.Errorf("metadata (-want +got):\n%s", d)
		}
		for _, tensor := range f.Tensors {
			if d := diff(tensor, mustTensor(t, ours, tensor.Name)); d != "" {
				t.Errorf("read from the oracle's file (-want +got):\n%s", d)
			}
		}
		theirs, err := oracle.Deserialize(got.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, tensor := range f.Tensors {
			view, ok := theirs.Tensor(tensor.Name)
			if !ok || view.DType().String() != string(tensor.DType) || !bytes.Equal(view.Data(), tensor.Data) ||
				fmt.Sprint(view.Shape()) != fmt.Sprint(tensor.Shape) {
				t.Errorf("the oracle reads %+v, want %+v", view, tensor)
			}
		}
	})
}

func TestReadSafetensorsErrors(t *testing.T) {
	const a = `"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}`
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":                 {nil, "0 bytes are too few"},
		"short length":          {[]byte{1, 0, 0}, "3 bytes are too few"},
		"huge header":           {[]byte("\x01\xe1\xf5\x05\x00\x00\x00\x00{"), "announce a header of 100000001 bytes; at most 100000000"},
		"garbage length":        {[]byte("not a safetensors file at all"), "announce a header of|at most 100000000"},
		"truncated header":      {safetensorsFile("{"+a+"}", "")[:20], "header ends after 12 of 53 bytes|truncated"},
		"no header":             {safetensorsFile("", ""), "begins with \"\""},
		"not an object":         {safetensorsFile("[]", ""), `begins with "[]", not with a brace`},
		"leading space":         {safetensorsFile(" {}", ""), `not with a brace`},
		"not UTF-8":             {safetensorsFile("{\"\xff\":1}", ""), "not UTF-8"},
		"not JSON":              {safetensorsFile(`{"a":}`, ""), "not JSON"},
		"not JSON at the end":   {safetensorsFile(`{} x`, ""), "not JSON"},
		"two objects":           {safetensorsFile(`{}{}`, ""), "not JSON"},
		"trailing comma":        {safetensorsFile(`{`+a+`,}`, "12"), "not JSON"},
		"tensor twice":          {safetensorsFile("{"+a+","+a+"}", "12"), `the key "a" comes twice`},
		"tensor no object":      {safetensorsFile(`{"a":5}`, ""), `tensor "a"|5 is not a JSON object`},
		"tensor null":           {safetensorsFile(`{"a":null}`, ""), `tensor "a"|null is not a JSON object`},
		"key twice":             {safetensorsFile(`{"a":{"dtype":"U8","dtype":"I8"}}`, ""), `tensor "a"|the key "dtype" comes twice`},
		"unknown key":           {safetensorsFile(`{"a":{"strides":[1]}}`, ""), `tensor "a"|unknown key "strides"`},
		"keys know their case":  {safetensorsFile(`{"a":{"DTYPE":"U8"}}`, ""), `tensor "a"|unknown key "DTYPE"`},
		"unknown type":          {safetensorsFile(`{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}`, "12"), `tensor "a"|unknown type "F8_E4M3"|known are BOOL, U8`},
		"type no string":        {safetensorsFile(`{"a":{"dtype":5,"shape":[2],"data_offsets":[0,2]}}`, "12"), `tensor "a"|dtype is 5; it must be a string`},
		"type null":             {safetensorsFile(`{"a":{"dtype":null,"shape":[2],"data_offsets":[0,2]}}`, "12"), `tensor "a"|dtype is null`},
		"no type":               {safetensorsFile(`{"a":{"shape":[2],"data_offsets":[0,2]}}`, "12"), `tensor "a"|unknown type ""`},
		"no shape":              {safetensorsFile(`{"a":{"dtype":"U8","data_offsets":[0,2]}}`, "12"), `tensor "a"|shape is missing`},
		"shape null":            {safetensorsFile(`{"a":{"dtype":"U8","shape":null,"data_offsets":[0,2]}}`, "12"), `tensor "a"|shape: null is not an array`},
		"size null":             {safetensorsFile(`{"a":{"dtype":"U8","shape":[null],"data_offsets":[0,2]}}`, "12"), `tensor "a"|shape: null is not an integer`},
		"size a fraction":       {safetensorsFile(`{"a":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}}`, "12"), `tensor "a"|shape: 2.0 is not an integer`},
		"size an exponent":      {safetensorsFile(`{"a":{"dtype":"U8","shape":[2e0],"data_offsets":[0,2]}}`, "12"), `tensor "a"|shape: 2e0 is not an integer`},
		"size a string":         {safetensorsFile(`{"a":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}}`, "12"), `tensor "a"|shape: "2" is not an integer`},
		"size beyond 64 bits":   {safetensorsFile(`{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,2]}}`, "12"), `tensor "a"|shape: 99999999999999999999 is not an integer of at most`},
		"negative size":         {safetensorsFile(`{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}`, "12"), `tensor "a"|[-2] has a negative size`},
		"overflow":              {safetensorsFile(`{"a":{"dtype":"U8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,2]}}`, "12"), `tensor "a"|overflows`},
		"overflow beside zero":  {safetensorsFile(`{"a":{"dtype":"U8","shape":[0,2147483647,2147483647,2147483647],"data_offsets":[0,0]}}`, ""), `tensor "a"|overflows`},
		"overflow of the bytes": {safetensorsFile(`{"a":{"dtype":"F64","shape":[2147483647,1073741824],"data_offsets":[0,0]}}`, ""), `tensor "a"|needs more than the 4294967296 bytes`},
		"no offsets":            {safetensorsFile(`{"a":{"dtype":"U8","shape":[2]}}`, "12"), `tensor "a"|data_offsets are []`},
		"three offsets":         {safetensorsFile(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1,2]}}`, "12"), `tensor "a"|data_offsets are [0 1 2]`},
		"negative offset":       {safetensorsFile(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}}`, "12"), `tensor "a"|data_offsets are [-2 0]`},
		"offsets backwards":     {safetensorsFile(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}`, "12"), `tensor "a"|data_offsets are [2 0]; U8 [2] needs 2 bytes`},
		"offsets too near":      {safetensorsFile(`{"a":{"dtype":"U16","shape":[2],"data_offsets":[0,2]}}`, "12"), `tensor "a"|data_offsets are [0 2]; U16 [2] needs 4 bytes`},
		"offsets too far":       {safetensorsFile(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,2]}}`, "12"), `tensor "a"|data_offsets are [0 2]; U8 [] needs 1 bytes`},
		"hole at the start":     {safetensorsFile(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "123"), `tensor "a"|begin at 1; the 1 bytes before belong to no tensor`},
		"hole":                  {safetensorsFile("{"+a+`,"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}`, "1234"), `tensor "b"|begin at 3; the 1 bytes before`},
		"overlap":               {safetensorsFile("{"+a+`,"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "123"), `tensor "b"|begin at 1, inside tensor "a", which ends at 2`},
		"same place":            {safetensorsFile("{"+a+`,"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "12"), `tensor "b"|begin at 0, inside tensor "a"`},
		"empty tensor outside":  {safetensorsFile("{"+a+`,"b":{"dtype":"U8","shape":[0],"data_offsets":[9,9]}}`, "12"), `tensor "b"|begin at 9`},
		"total":                 {safetensorsFile(`{"a":{"dtype":"U8","shape":[4294967296],"data_offsets":[0,4294967296]},"b":{"dtype":"U8","shape":[1],"data_offsets":[4294967296,4294967297]}}`, "12"), `tensor "b"|end at 4294967297; a file holds at most 4294967296`},
		"truncated data":        {safetensorsFile("{"+a+"}", "1"), `tensor "a"|end after 1 of 2 bytes|truncated`},
		"truncated before":      {safetensorsFile("{"+a+`,"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},"c":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}`, "123"), `tensor "b"|end after 1 of 2 bytes`},
		"trailing":              {safetensorsFile("{"+a+"}", "12345"), "3 bytes follow the 2 bytes of data"},
		"much trailing":         {safetensorsFile("{"+a+"}", strings.Repeat("x", 2<<20)), "at least 1048576 bytes follow the 2 bytes"},
		"metadata no object":    {safetensorsFile(`{"__metadata__":["a"]}`, ""), `__metadata__|["a"] is not a JSON object`},
		"metadata no string":    {safetensorsFile(`{"__metadata__":{"epoch":5}}`, ""), `__metadata__|"epoch" is 5; it must be a string`},
		"metadata null":         {safetensorsFile(`{"__metadata__":{"epoch":null}}`, ""), `__metadata__|"epoch" is null`},
		"metadata key twice":    {safetensorsFile(`{"__metadata__":{"a":"1","a":"2"}}`, ""), `__metadata__|the key "a" comes twice`},
		"metadata twice":        {safetensorsFile(`{"__metadata__":{},"__metadata__":{}}`, ""), `the key "__metadata__" comes twice`},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := ReadSafetensors(bytes.NewReader(c.content))
			wantError(t, err, "safetensors: |"+c.want)
			if f != nil {
				t.Error("a file beside the error")
			}
		})
	}
}

func TestWriteSafetensorsErrors(t *testing.T) {
	one := mustFrom(t, "a", nil, []uint8{1})
	var large File // 65 tensors that share 64 MiB
	zeros := make([]byte, 64<<20)
	for i := range 65 {
		large.Tensors = append(large.Tensors, Tensor{fmt.Sprint("t", i), U8, []int{len(zeros)}, zeros})
	}
	for name, c := range map[string]struct {
		f    File
		want string
	}{
		"beyond the limit":   {large, `tensor "t64"|need 4362076160 bytes; a file holds at most 4294967296`},
		"name twice":         {File{Tensors: []Tensor{one, one}}, `two tensors are named "a"`},
		"metadata's name":    {File{Tensors: []Tensor{{"__metadata__", U8, nil, []byte{1}}}}, `cannot be named __metadata__`},
		"bad tensor":         {File{Tensors: []Tensor{{"a", F32, nil, []byte{1}}}}, `tensor "a"|F32 [] needs 4 bytes of data, not 1`},
		"unknown type":       {File{Tensors: []Tensor{{"a", "C64", nil, []byte{1}}}}, `tensor "a"|unknown type "C64"`},
		"name not UTF-8":     {File{Tensors: []Tensor{{"\xff", U8, nil, []byte{1}}}}, `tensor "\xff"|not UTF-8`},
		"metadata not UTF-8": {File{Metadata: map[string]string{"epoch": "\xff"}}, `__metadata__|"epoch"|not UTF-8`},
		"huge header":        {File{Metadata: map[string]string{"a": strings.Repeat("x", maxHeader)}}, `header needs 100000032 bytes; the format allows 100000000`},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			wantError(t, WriteSafetensors(&b, &c.f), "safetensors: |"+c.want)
			if b.Len() > 0 {
				t.Errorf("%d bytes were written before the error", b.Len())
			}
		})
	}
}

func TestSafetensorsBroken(t *testing.T) {
	f := &File{
		Tensors:  []Tensor{mustFrom(t, "a", []int{3}, []float32{1, 2, 3}), mustFrom(t, "b", nil, []uint8{1})},
		Metadata: map[string]string{"k": "v"},
	}
	testBrokenWriter(t, func(w io.Writer) error { return WriteSafetensors(w, f) })
	var b bytes.Buffer
	if err := WriteSafetensors(&b, f); err != nil {
		t.Fatal(err)
	}
	testBrokenReader(t, b.Bytes(), func(r io.Reader) (any, error) { return ReadSafetensors(r) })
	testPrefixes(t, b.Bytes(), func(content []byte) error {
		_, err := ReadSafetensors(bytes.NewReader(content))
		return err
	})
}

func TestSafetensorsLyingHeaderIsCheap(t *testing.T) {
	testCheapError(t, `tensor "a"|end after 5 of 4294967296 bytes`, func() error {
		_, err := ReadSafetensors(bytes.NewReader(safetensorsFile(`{"a":{"dtype":"U8","shape":[4294967296],"data_offsets":[0,4294967296]}}`, "12345")))
		return err
	})
	testCheapError(t, "header ends after 1 of 100000000 bytes", func() error {
		_, err := ReadSafetensors(strings.NewReader("\x00\xe1\xf5\x05\x00\x00\x00\x00{"))
		return err
	})
}

// A tensor read must not grow into its neighbour.
func TestSafetensorsDataAreApart(t *testing.T) {
	content := safetensorsFile(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "12")
	f, err := ReadSafetensors(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(f.Tensors[0].Data, 'x')
	if f.Tensors[1].Data[0] != '2' {
		t.Error("appending to one tensor's data changed the next tensor's")
	}
}
