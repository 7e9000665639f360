package tensorfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func readTorchBytes(content []byte) (*File, error) {
	return ReadTorch(bytes.NewReader(content), int64(len(content)))
}

// What PyTorch itself wrote: testdata/torch/README.md has the program.
func TestTorchFromPyTorch(t *testing.T) {
	x := make([]float32, 24)
	for i := range x {
		x[i] = float32(i)
	}
	var xt []float32 // x transposed, by the definition
	for k := range 4 {
		for j := range 3 {
			for i := range 2 {
				xt = append(xt, x[(i*3+j)*4+k])
			}
		}
	}
	unsigned := []Tensor{
		mustFrom(t, "u16", []int{5}, []uint16{0, 1, 2, 3, 65535}),
		mustFrom(t, "u64", []int{1}, []uint64{1<<63 + 1}),
		mustFrom(t, "u32", []int{1}, []uint32{1<<31 + 1}),
	}
	others := []Tensor{
		mustFrom(t, "state_dict.x", []int{2, 3, 4}, x),
		mustFrom(t, "state_dict.xt", []int{4, 3, 2}, xt),
		mustFrom(t, "state_dict.part", []int{3, 2}, []float32{13, 14, 17, 18, 21, 22}),
		mustFrom(t, "state_dict.exp", []int{3}, []float32{7, 7, 7}),
		mustFrom(t, "state_dict.b", []int{2}, []bool{true, false}),
		{"state_dict.h", F16, []int{1}, []byte{0x00, 0x3e}},
		{"state_dict.bf", BF16, []int{1}, []byte{0xc0, 0x3f}},
		mustFrom(t, "state_dict.i8", []int{1}, []int8{-1}),
		mustFrom(t, "state_dict.i64", nil, []int64{9}),
		mustFrom(t, "state_dict.empty", []int{0, 3}, []float32{}),
		mustFrom(t, "state_dict.p", []int{2}, []float32{1, 1}),
		mustFrom(t, "opt.state.0.step", nil, []float32{4}),
	}
	metadata := map[string]string{
		"epoch": "3", "layer": "2", "lr": "0.5", "name": "héllo", "ok": "true", "big": "1180591620717411303424", "neg": "-5",
		"opt.param_groups.0.lr": "0.1", "opt.param_groups.0.params.0": "0", "opt.param_groups.0.params.1": "1",
		"size.0": "3", "size.1": "4", "dt": "torch.float32",
	}
	for path, tensors := range map[string][]Tensor{
		"testdata/torch/zip.pt":   append(unsigned, others...),
		"testdata/torch/lists.pt": others,
	} {
		got, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(&File{path, tensors, metadata}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		testPrefixes(t, content, func(part []byte) error {
			_, err := readTorchBytes(part)
			return err
		})
		// Only what is chosen has data.
		some, err := OpenSelected(path, func(*File) ([]string, error) { return []string{"state_dict.xt"}, nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range some.Tensors {
			if (s.Name == "state_dict.xt") != (s.Data != nil) {
				t.Errorf("%s: tensor %s has %d bytes", path, s.Name, len(s.Data))
			}
		}
	}
}

func TestTorchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &File{Tensors: drawTensors(t, dtypes), Metadata: rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "metadata")}
		var first, second bytes.Buffer
		if err := WriteTorch(&first, want); err != nil {
			t.Fatal(err)
		}
		if err := WriteTorch(&second, want); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("the second file differs from the first")
		}
		got, err := readTorchBytes(first.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// The same Data is stored once, equal Data twice; records begin where PyTorch wants them.
func TestTorchShares(t *testing.T) {
	a := mustFrom(t, "a", []int{300}, make([]float32, 300))
	b, c, d := a, mustFrom(t, "c", []int{300}, make([]float32, 300)), a
	b.Name = "b"
	d.Name, d.DType = "d", I32 // PyTorch stores no elements under two types
	var content bytes.Buffer
	if err := WriteTorch(&content, &File{Tensors: []Tensor{a, b, c, d}}); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()))
	if err != nil {
		t.Fatal(err)
	}
	data := 0
	for _, m := range archive.File {
		if strings.HasPrefix(m.Name, "archive/data/") {
			data++
		}
		at, err := m.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		if at%torchAlign != 0 {
			t.Errorf("record %s begins at %d", m.Name, at)
		}
	}
	if data != 3 {
		t.Errorf("%d records of data for three arrays", data)
	}
	f, err := readTorchBytes(content.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if &f.Tensors[0].Data[0] != &f.Tensors[1].Data[0] || &f.Tensors[0].Data[0] == &f.Tensors[2].Data[0] {
		t.Error("a and b share their data, a and c do not; read otherwise")
	}
}

func TestWriteTorchErrors(t *testing.T) {
	a := mustFrom(t, "a", nil, []uint8{1})
	for name, c := range map[string]struct {
		file *File
		want string
	}{
		"two names":      {&File{Tensors: []Tensor{a, a}}, `torch: two tensors are named "a"`},
		"wrong size":     {&File{Tensors: []Tensor{{"a", U8, []int{2}, []byte{1}}}}, "needs 2 bytes of data, not 1"},
		"metadata":       {&File{Metadata: map[string]string{"k": "\xff"}}, `metadata "k" is not UTF-8`},
		"too many names": {&File{Metadata: map[string]string{"k": strings.Repeat("x", maxPickle)}}, "at most"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, WriteTorch(io.Discard, c.file), c.want) })
	}
	testBrokenWriter(t, func(w io.Writer) error { return WriteTorch(w, &File{Tensors: []Tensor{a}}) })
}

// Views of every kind, against the definition: element (i, j, …) lies at offset + i*stride0 + j*stride1 + ….
func TestTorchViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]DType{U8, I16, F32, F64}).Draw(t, "dtype")
		data := rapid.SliceOfN(rapid.Byte(), 40*d.Size(), 40*d.Size()).Draw(t, "data")
		shape := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(t, "shape")
		strides := rapid.SliceOfN(rapid.IntRange(0, 6), len(shape), len(shape)).Draw(t, "strides")
		offset := rapid.IntRange(0, 3).Draw(t, "offset")
		bigEndian := rapid.Bool().Draw(t, "big-endian")
		want := []byte{}
		var walk func(axis, at int)
		walk = func(axis, at int) {
			if axis == len(shape) {
				element := slices.Clone(data[at*d.Size() : (at+1)*d.Size()])
				if bigEndian {
					slices.Reverse(element)
				}
				want = append(want, element...)
				return
			}
			for i := range shape[axis] {
				walk(axis+1, at+i*strides[axis])
			}
		}
		walk(0, offset)
		order := "little"
		if bigEndian {
			order = "big"
		}
		class := ""
		for c, of := range storages {
			if of == d {
				class = string(c)
			}
		}
		f, err := readTorchBytes(zipped(t, entry("a", tensorOf(class, "0", 40, offset, shape, strides)),
			member{zip.FileHeader{Name: "byteorder"}, order}, member{zip.FileHeader{Name: "data/0"}, string(data)}))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff([]Tensor{{"a", d, shape, want}}, f.Tensors); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// zipped is a file of PyTorch's zip format.
func zipped(t interface {
	Helper()
	Fatal(...any)
}, text string, records ...member) []byte {
	t.Helper()
	b, err := pack(append(records, member{zip.FileHeader{Name: pickleName}, text})...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// listed is a file of PyTorch's older format, up to its storages.
func listed(object, keys string) []byte {
	return []byte(magicText + "\x80\x02M\xe9\x03.\x80\x02}." + object + keys)
}

const magicText = "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."

// Pieces of pickles.
func numberOf(n int) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func textOf(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func globalOf(name string) string {
	i := strings.LastIndexByte(name, '.')
	return "c" + name[:i] + "\n" + name[i+1:] + "\n"
}

func numbersOf(list []int) string {
	s := "("
	for _, n := range list {
		s += numberOf(n)
	}
	return s + "t"
}

func storageOf(class, key string, n int) string {
	return "(" + textOf("storage") + globalOf(class) + textOf(key) + textOf("cpu") + numberOf(n) + "tQ"
}

func tensorOf(class, key string, n, offset int, shape, strides []int) string {
	return globalOf(string(rebuildTensor)) + "(" + storageOf(class, key, n) + numberOf(offset) + numbersOf(shape) + numbersOf(strides) + "\x89NtR"
}

// entry is a dictionary of one entry.
func entry(name, value string) string { return "\x80\x02}" + textOf(name) + value + "s." }

// What would run code, or take the memory of the machine, when Python reads it.
func TestTorchHostile(t *testing.T) {
	one := tensorOf("torch.FloatStorage", "0", 1, 0, []int{1}, []int{1})
	short := func(s string) string { return "\x8c" + string(rune(len(s))) + s }
	deep := "\x80\x02" + strings.Repeat("}"+textOf("k"), 100) + one + strings.Repeat("s", 100) + "."
	// A dictionary, and 40 more that have the one before twice.
	laughs := "\x80\x02}q\x00" + textOf("k") + one + "s"
	for i := range byte(40) {
		laughs += "}q" + string([]byte{i + 1}) + "(" + textOf("a") + "h" + string([]byte{i}) + textOf("b") + "h" + string([]byte{i}) + "u"
	}
	laughs += strings.Repeat("\x86", 40) + "."
	// A tuple of a tuple twice, 60 deep, and dictionaries of one list, again and again.
	nested := ")"
	for i := range byte(60) {
		nested += "q" + string([]byte{i}) + "h" + string([]byte{i}) + "\x86"
	}
	copies := "\x80\x02](]q\x00(" + strings.Repeat(textOf("k")+"N\x86", 1<<8) + "e" +
		strings.Repeat(globalOf("collections.OrderedDict")+"h\x00\x85R", 1<<8) + "e."
	cases := map[string]struct{ text, want string }{
		"nested shape":        {entry("a", globalOf(string(rebuildTensor))+"("+storageOf("torch.FloatStorage", "0", 1)+numberOf(0)+nested+numbersOf(nil)+"\x89NtR"), "a tuple at 0; a whole number from 0 is needed"},
		"dimensions":          {entry("a", tensorOf("torch.FloatStorage", "0", 1, 0, make([]int, 65), make([]int, 65))), "65 dimensions"},
		"copies":              {copies, "dictionaries of more than"},
		"GLOBAL":              {"\x80\x02" + globalOf("posix.system") + "(" + textOf("true") + "tR.", `"posix.system"|refused|nothing was executed`},
		"os.system":           {"\x80\x02" + globalOf("os.system") + "(" + textOf("true") + "tR.", `"os.system"`},
		"STACK_GLOBAL":        {"\x80\x04" + short("posix") + "\x94" + short("system") + "\x94\x93\x94(" + textOf("true") + "tR.", `"posix.system"`},
		"STACK_GLOBAL of int": {"\x80\x04K\x01K\x02\x93.", "it names an int of an int"},
		"eval":                {"\x80\x02" + globalOf("builtins.eval") + ".", `"builtins.eval"`},
		"getattr":             {"\x80\x02" + globalOf("builtins.getattr") + ".", `"builtins.getattr"`},
		"dotted":              {"\x80\x04" + short("torch._utils") + short("_rebuild_tensor_v2.__globals__") + "\x93.", "__globals__"},
		"INST":                {"\x80\x02(" + textOf("true") + "iposix\nsystem\n.", "instruction INST"},
		"OBJ":                 {"\x80\x02(" + globalOf("collections.OrderedDict") + "o.", "instruction OBJ"},
		"NEWOBJ":              {"\x80\x02" + globalOf("collections.OrderedDict") + ")\x81.", "instruction NEWOBJ"},
		"EXT1":                {"\x80\x02\x82\x01.", "instruction EXT1"},
		"LONG4":               {"\x80\x02\x8b\xff\xff\xff\x7f.", "instruction LONG4"},
		"BINBYTES8":           {"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "instruction BINBYTES8"},
		"unknown":             {"\x80\x02\xfe.", "instruction 0xfe"},
		"protocol":            {"\x80\x09.", "protocol 9"},
		"protocol 0":          {"(dp0\n.", "instruction DICT"},
		"long string":         {"\x80\x02X\xff\xff\xff\xff.", "truncated"},
		"line":                {"\x80\x02ccollections\nOrd", "truncated"},
		"REDUCE of a result":  {"\x80\x02" + globalOf("collections.OrderedDict") + ")R)R.", "it calls a dict"},
		"REDUCE of a chain":   {"\x80\x02" + globalOf("collections.OrderedDict") + globalOf("collections.OrderedDict") + ")R\x85R.", "OrderedDict is called with 1 arguments, a dict first"},
		"REDUCE of a string":  {"\x80\x02" + textOf("os.system") + ")R.", `it calls the string "os.system"`},
		"REDUCE of a storage": {"\x80\x02" + globalOf("torch.FloatStorage") + "K\x05\x85R.", "torch.FloatStorage, which is no function"},
		"BUILD of a tensor":   {"\x80\x02" + one + "}b.", "it changes a tensor by a dict"},
		"BUILD by a string":   {"\x80\x02}" + textOf("x") + "b.", "it changes a dict by the string"},
		"module":              {"\x80\x02(" + textOf("module") + textOf("x") + "tQ.", "a model's program"},
		"no storage":          {"\x80\x02" + textOf("x") + "Q.", "no storage"},
		"memo":                {"\x80\x02h\x05.", "value 5, which it never had"},
		"empty stack":         {"\x80\x02s.", "needs 2 values; there are 0"},
		"no mark":             {"\x80\x02K\x01t.", "needs a mark"},
		"below a mark":        {"\x80\x02K\x01(\x85.", "needs 1 values; there are 0"},
		"two values":          {"\x80\x02K\x01K\x01.", "2 values and 0 marks"},
		"a mark left":         {"\x80\x02K\x01(.", "1 values and 1 marks"},
		"odd":                 {"\x80\x02}(K\x01u.", "a key has no value"},
		"append to dict":      {"\x80\x02}K\x01a.", "it fills a dict"},
		"not UTF-8":           {"\x80\x02X\x01\x00\x00\x00\xff.", "not UTF-8"},
		"in itself":           {"\x80\x02}q\x00" + textOf("k") + "h\x00s.", "more than 64 deep"},
		"list in itself":      {"\x80\x02]q\x00h\x00a.", "more than 64 deep"},
		"deep":                {deep, "more than 64 deep"},
		"shared":              {laughs, "dictionaries are shared too often"},
		"instructions":        {"\x80\x02]" + strings.Repeat("Na", maxInstructions/2) + ".", "instructions"},
		"a number":            {"\x80\x02K\x05.", "the file holds an int and no tensor"},
		"key":                 {"\x80\x02}NK\x01s.", "a key is None"},
		"a class":             {entry("a", globalOf("torch.FloatStorage")), "which is no value"},
		"a storage":           {entry("a", storageOf("torch.FloatStorage", "0", 1)), "a storage that is no tensor"},
		"twice":               {"\x80\x02}(" + textOf("a") + one + textOf("a") + one + "u.", `two tensors are named "a"`},
		"noted twice":         {"\x80\x02}(" + textOf("a") + "K\x01" + textOf("a") + "K\x01u.", `two entries are named "a"`},
		"bytes follow":        {entry("a", one) + "x", "1 bytes follow the pickle"},
		"leaves":              {entry("a", tensorOf("torch.FloatStorage", "0", 1, 0, []int{2}, []int{1})), "leaves its storage"},
		"offset":              {entry("a", tensorOf("torch.FloatStorage", "0", 1, 1, nil, nil)), "leaves its storage"},
		"negative":            {entry("a", tensorOf("torch.FloatStorage", "0", 1, -1, nil, nil)), "a whole number from 0 is needed"},
		"huge stride":         {entry("a", tensorOf("torch.FloatStorage", "0", 1, 0, []int{3, 3}, []int{math.MaxInt, math.MaxInt})), "leaves its storage"},
		"huge shape":          {entry("a", tensorOf("torch.FloatStorage", "0", 1, 0, []int{1 << 40, 1 << 40}, []int{0, 0})), "overflows"},
		"expanded":            {entry("a", tensorOf("torch.FloatStorage", "0", 1, 0, []int{1 << 20}, []int{0})), "more than 16 times"},
		"large":               {entry("a", tensorOf("torch.FloatStorage", "0", 1<<28, 0, nil, nil)), "has 4 bytes; the pickle says 1073741824"},
		"larger":              {entry("a", tensorOf("torch.FloatStorage", "0", 1<<40, 0, nil, nil)), "more than the"},
		"strides":             {entry("a", tensorOf("torch.FloatStorage", "0", 1, 0, []int{1}, nil)), "0 strides"},
		"missing":             {entry("a", tensorOf("torch.FloatStorage", "7", 1, 0, nil, nil)), "record data/7 is missing"},
		"two types":           {"\x80\x02}(" + textOf("a") + one + textOf("b") + tensorOf("torch.IntStorage", "0", 1, 0, nil, nil) + "u.", "is 1 elements of"},
		"untyped":             {entry("a", tensorOf(string(untypedStorage), "0", 4, 0, nil, nil)), "of a storage of type"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			record := member{zip.FileHeader{Name: "data/0"}, "\x00\x00\x80\x3f"}
			content := zipped(t, c.text, record)
			if name == "instructions" || name == "shared" { // which are let go far, but not too far
				_, err := readTorchBytes(content)
				wantError(t, err, c.want)
				return
			}
			testCheapError(t, "torch: |"+c.want, func() error {
				_, err := readTorchBytes(content)
				return err
			})
			// The same in the older format, as far as it is about the pickle.
			if strings.Contains(c.want, "record") || strings.Contains(c.want, "pickle") {
				return
			}
			content = append(listed(c.text, "\x80\x02]"+textOf("0")+"a."), "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3f"...)
			if _, err := readTorchBytes(content); err == nil {
				t.Error("the older format with it is read")
			}
		})
	}
}

func TestTorchZipErrors(t *testing.T) {
	text := entry("a", tensorOf("torch.FloatStorage", "0", 2, 0, []int{2}, []int{1}))
	header := func(name string) zip.FileHeader { return zip.FileHeader{Name: name} }
	data := member{header("data/0"), "\xfa\xfb\xfc\xfd\x01\x02\x03\x04"}
	damaged := bytes.Replace(zipped(t, text, data), []byte("\xfa\xfb\xfc\xfd"), []byte("\xfa\xfb\xfc\xfe"), 1)
	bomb := member{zip.FileHeader{Name: "data/0", Method: zip.Deflate, UncompressedSize64: 8}, data.content}
	lie := member{zip.FileHeader{Name: "data/0", UncompressedSize64: 1 << 40}, data.content}
	locked := member{zip.FileHeader{Name: "data/0", Flags: 1}, data.content}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"truncated": {zipped(t, text, data)[:90], "no zip archive or is truncated"},
		"damaged":   {damaged, `tensor "a", storage "0"|checksum`},
		"packed":    {zipped(t, text, bomb), "record data/0 is packed by zip method 8"},
		"lie":       {zipped(t, text, lie), "claims 1099511627776 bytes"},
		"encrypted": {zipped(t, text, locked), "encrypted"},
		"twice":     {zipped(t, text, data, data), `two records are named "data/0"`},
		"short":     {zipped(t, text, member{header("data/0"), "1234"}), "has 4 bytes; the pickle says 8"},
		"order":     {zipped(t, text, data, member{header("byteorder"), "middle"}), `byteorder is "middle"`},
		"script":    {zipped(t, "\x80\x02"+globalOf("__torch__.Net")+")\x81.", data), `"__torch__.Net"`},
		"no zip":    {[]byte("PK but no archive"), "no zip archive"},
		"empty":     {nil, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			testCheapError(t, "torch: |"+c.want, func() error {
				_, err := readTorchBytes(c.content)
				return err
			})
		})
	}
	if _, err := readTorchBytes(zipped(t, text, data)); err != nil {
		t.Errorf("without any fault: %v", err)
	}
}

func TestTorchListsErrors(t *testing.T) {
	text := entry("a", tensorOf("torch.FloatStorage", "k", 2, 0, []int{2}, []int{1}))
	keys := "\x80\x02]" + textOf("k") + "a."
	data := "\x02\x00\x00\x00\x00\x00\x00\x0012345678"
	for name, c := range map[string]struct{ content, want string }{
		"no magic":   {"\x80\x02K\x01.", "does not begin with PyTorch's magic number"},
		"version":    {magicText + "\x80\x02K\x01.", "version of its format"},
		"only magic": {magicText, "truncated"},
		"no keys":    {string(listed(text, "\x80\x02].")) + data, `storage "k" is missing`},
		"other key":  {string(listed(text, "\x80\x02]"+textOf("z")+"a.")) + data, `the string "z" belongs to no tensor`},
		"key twice":  {string(listed(text, "\x80\x02]("+textOf("k")+textOf("k")+"e.")) + data, "comes twice"},
		"not a list": {string(listed(text, "\x80\x02}.")) + data, "are a dict, not a list"},
		"count":      {string(listed(text, keys)) + strings.Replace(data, "\x02", "\x03", 1), "has 3 elements; the pickle says 2"},
		"short":      {string(listed(text, keys)) + data[:15], "truncated"},
		"long":       {string(listed(text, keys)) + data + "x", "1 bytes follow the last storage"},
		"a view":     {string(listed(strings.Replace(text, "tQ", "(tK\x01"+"tQ", 1), keys)) + data, "no storage"},
		"of another": {string(listed(strings.Replace(text, "tQ", "K\x01"+"tQ", 1), keys)) + data, "a part of another"},
	} {
		t.Run(name, func(t *testing.T) {
			testCheapError(t, "torch: |"+c.want, func() error {
				_, err := readTorchBytes([]byte(c.content))
				return err
			})
		})
	}
	for _, id := range []string{"tQ", "NtQ"} {
		f, err := readTorchBytes(append(listed(strings.Replace(text, "tQ", id, 1), keys), data...))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff([]Tensor{{"a", F32, []int{2}, []byte("12345678")}}, f.Tensors); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// A file that is one tensor, a list, and an OrderedDict made of pairs as Python 2 wrote it.
func TestTorchShapes(t *testing.T) {
	one := tensorOf("torch.FloatStorage", "0", 1, 0, []int{1}, []int{1})
	for text, want := range map[string]string{
		"\x80\x02" + one + ".":          "[tensor]",
		"\x80\x02](" + one + one + "e.": "[0 1]",
		"\x80\x02" + one + "\x85.":      "[0]",
		"\x80\x02}K\x03" + one + "s.":   "[3]",
		"\x80\x02" + globalOf(string(orderedDict)) + "]](U\x01x" + one + "ea\x85R.": "[x]",
	} {
		f, err := readTorchBytes(zipped(t, text, member{zip.FileHeader{Name: "data/0"}, "1234"}))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var names []string
		for _, tensor := range f.Tensors {
			names = append(names, tensor.Name)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("%q has %s, not %s", text, got, want)
		}
	}
}

// The mutated text is a whole file of either format, the pickle of a sound archive, and that of a sound file of the older format.
func FuzzTorch(f *testing.F) {
	for _, path := range []string{"testdata/torch/zip.pt", "testdata/torch/lists.pt"} {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
		if archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil {
			for _, m := range archive.File {
				if isPickle(m.Name) {
					text, err := readAll(m.Open, int(m.UncompressedSize64))
					if err != nil {
						f.Fatal(err)
					}
					f.Add(text)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := WriteTorch(&b, &File{Tensors: []Tensor{mustFrom(f, "a", []int{1, 2}, []float32{1, -2})}, Metadata: map[string]string{"k": "v"}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(entry("a", tensorOf("torch.FloatStorage", "0", 4, 1, []int{1, 2}, []int{7, 2}))))
	f.Add([]byte("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01k\x94G?\xf0\x00\x00\x00\x00\x00\x00s."))
	data := strings.Repeat("0123456789abcdef", 4)
	f.Fuzz(func(t *testing.T, content []byte) {
		testTorchAgain(t, content)
		var records []member
		for key := range 3 {
			records = append(records, member{zip.FileHeader{Name: fmt.Sprintf("data/%d", key)}, data[:16<<key]})
		}
		testTorchAgain(t, zipped(t, string(content), records...))
		testTorchAgain(t, append(listed(string(content), "\x80\x02]"+textOf("0")+"a."), "\x04\x00\x00\x00\x00\x00\x00\x000123456789abcdef"...))
	})
}

// testTorchAgain reads a file and, if it can be read, writes and reads it again.
func testTorchAgain(t *testing.T, content []byte) {
	first, err := readTorchBytes(content)
	if err != nil {
		return
	}
	var b bytes.Buffer
	if err := WriteTorch(&b, first); err != nil {
		t.Fatal(err)
	}
	second, err := readTorchBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(first, second); d != "" {
		t.Errorf("(-first +second):\n%s", d)
	}
}
