package hdf5

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var write = flag.Bool("write", false, "write testdata/golden.h5 anew; then open it with h5py")

func floats(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func words(v ...uint64) []byte { return address(nil, v...) }

// everything has every kind of object once.
var everything = Group{
	{"version", Text{Values: []string{"1.0"}}},
	{"nothing", Text{Values: []string{""}}},
	{"edges", Text{[]int{2, 2}, []string{"input", "s1", "s1", "größe"}}},
	{"node", Group{
		{"weight", Dataset{F32, []int{2, 1, 3}, floats(0, 1, 2, .5, -1, float32(math.Inf(1)))}},
		{"threshold", Dataset{F64, []int{1}, words(math.Float64bits(15 - 1./(1<<24)))}},
		{"stride", Dataset{I64, nil, words(math.MaxUint64)}},
		{"empty", Group{}},
	}},
}

// The file has been opened with h5py 3.16 (HDF5 2.0), which shows all of it as
// it is here; nobody else needs h5py to know that it still can.
func TestGolden(t *testing.T) {
	const path = "testdata/golden.h5"
	var b bytes.Buffer
	if err := Write(&b, everything); err != nil {
		t.Fatal(err)
	}
	if *write {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s has other bytes", path)
	}
}

// The checksum of a superblock and that of an object header that the HDF5
// library wrote.
func TestLookup3(t *testing.T) {
	superblock := "\x89HDF\r\n\x1a\n\x03\x08\x08\x00" + strings.Repeat("\x00", 8) + strings.Repeat("\xff", 8) +
		"\x88\x18\x00\x00\x00\x00\x00\x00\x30\x00\x00\x00\x00\x00\x00\x00"
	if got := lookup3([]byte(superblock)); got != 0x199563f8 {
		t.Errorf("superblock: %#x", got)
	}
	if got := lookup3(nil); got != 0xdeadbeef {
		t.Errorf("nothing: %#x", got)
	}
	// Of the hash's author.
	if got := lookup3([]byte("Four score and seven years ago")); got != 0x17770551 {
		t.Errorf("Four score: %#x", got)
	}
}

// What is written is there when the file is read by the letter of the
// specification.
func TestReadBack(t *testing.T) {
	var object func(depth int) *rapid.Generator[Object]
	shape := rapid.SliceOfN(rapid.IntRange(1, 4), 0, 4)
	object = func(depth int) *rapid.Generator[Object] {
		return rapid.Custom(func(t *rapid.T) Object {
			kind := rapid.IntRange(0, 4).Draw(t, "kind")
			if depth == 0 && kind == 0 {
				kind = 1
			}
			if kind == 0 {
				g := Group{}
				for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zäλ0-9_]{1,20}`), 0, 12, rapid.ID[string]).Draw(t, "names") {
					g = append(g, Link{name, object(depth-1).Draw(t, name)})
				}
				return g
			}
			s := shape.Draw(t, "shape")
			n, _ := elements(s)
			if kind == 1 {
				texts := rapid.SliceOfN(rapid.StringMatching(`[ -~äλ]{0,40}`), n, n).Draw(t, "texts")
				return Text{s, texts}
			}
			of := Type(kind - 1)
			size := n * of.size()
			return Dataset{of, s, rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "data")}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		root := Group{{"a", object(3).Draw(t, "a")}, {"b", object(2).Draw(t, "b")}}
		var b bytes.Buffer
		if err := Write(&b, root); err != nil {
			t.Fatal(err)
		}
		got := reader{t, b.Bytes()}.file()
		if !reflect.DeepEqual(normal(got), normal(root)) {
			t.Fatalf("read %v;\nwrote %v", got, root)
		}
	})
}

// normal makes no difference between nil and empty.
func normal(o Object) Object {
	switch o := o.(type) {
	case Group:
		g := Group{}
		for _, l := range o {
			g = append(g, Link{l.Name, normal(l.Object)})
		}
		return g
	case Dataset:
		return Dataset{o.Type, append([]int{}, o.Shape...), o.Data}
	case Text:
		return Text{append([]int{}, o.Shape...), o.Values}
	}
	return o
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		root Group
		want string
	}{
		{Group{{"a/b", Group{}}}, `"a/b" is no name`},
		{Group{{"", Group{}}}, `"" is no name`},
		{Group{{strings.Repeat("a", 256), Group{}}}, `is no name`},
		{Group{{"a", Group{}}, {"a", Group{}}}, "a is there twice"},
		{Group{{"a", nil}}, "a: no object"},
		{Group{{"g", Group{{"d", Dataset{F32, []int{2}, floats(1)}}}}}, "g: d: 4 bytes; shape [2] has 2 elements of 4 bytes"},
		{Group{{"d", Dataset{Data: floats(1)}}}, "d: type 0 is not known"},
		{Group{{"d", Dataset{F32, []int{0}, nil}}}, "d: shape [0] is empty or too large"},
		{Group{{"d", Dataset{F32, []int{math.MaxInt32, 9}, nil}}}, "is empty or too large"},
		{Group{{"d", Dataset{F32, make([]int, 33), nil}}}, "33 dimensions"},
		{Group{{"t", Text{[]int{2}, []string{"a"}}}}, "t: 1 strings; shape [2] has 2 elements"},
		{Group{{"t", Text{nil, []string{"a\x00b"}}}}, "is not UTF-8 without zero bytes"},
		{Group{{"t", Text{[]int{70000}, slices.Repeat([]string{"a"}, 70000)}}}, "70000 strings; 65535 are the most"},
	} {
		var b bytes.Buffer
		err := Write(&b, c.root)
		if err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("error %v and %d bytes; want %q and none", err, b.Len(), c.want)
		}
	}
}

// A reader reads by the specification, and fails at everything that this package
// does not write.
type reader struct {
	t interface {
		Helper()
		Fatalf(string, ...any)
	}
	b []byte
}

func (r reader) want(ok bool, what string) {
	r.t.Helper()
	if !ok {
		r.t.Fatalf("%s", what)
	}
}

func (r reader) uint(at uint64, n int) (v uint64) {
	for i := range n {
		v |= uint64(r.b[at+uint64(i)]) << (8 * i)
	}
	return v
}

func (r reader) file() Object {
	r.want(string(r.b[:8]) == "\x89HDF\r\n\x1a\n", "signature")
	r.want(bytes.Equal(r.b[8:12], []byte{2, 8, 8, 0}), "version and sizes")
	r.want(r.uint(12, 8) == 0 && r.uint(20, 8) == undefined, "base address and extension")
	r.want(r.uint(28, 8) == uint64(len(r.b)), "end of the file")
	r.want(r.uint(44, 4) == uint64(lookup3(r.b[:44])), "checksum of the superblock")
	return r.object(r.uint(36, 8))
}

func (r reader) object(at uint64) Object {
	r.want(string(r.b[at:at+6]) == "OHDR\x02\x02", "object header")
	from := at + 10
	to := from + r.uint(at+6, 4)
	r.want(r.uint(to, 4) == uint64(lookup3(r.b[at:to])), "checksum of an object header")
	var group Group
	var of []byte
	var data Dataset
	isGroup, isText := false, false
	for from < to {
		kind, n := r.b[from], r.uint(from+1, 2)
		body := r.b[from+4 : from+4+n]
		switch in := from + 4; kind {
		case linkInfo:
			isGroup, group = true, Group{}
			r.want(n == 18 && r.uint(in+2, 8) == undefined && r.uint(in+10, 8) == undefined, "link info")
		case groupInfo:
			r.want(n == 2, "group info")
		case link:
			r.want(body[0] == 1 && body[1] == 0x10 && body[2] == 1 && uint64(body[3])+12 == n, "link")
			name := string(body[4 : 4+body[3]])
			group = append(group, Link{name, r.object(r.uint(in+4+uint64(len(name)), 8))})
		case dataspace:
			r.want(body[0] == 2 && body[2] == 0 && (body[3] == 1) == (body[1] > 0), "dataspace")
			for i := range uint64(body[1]) {
				data.Shape = append(data.Shape, int(r.uint(in+4+8*i, 8)))
			}
		case datatype:
			of = body
			isText = bytes.Equal(of, textType)
			for k, d := range datatypes {
				if bytes.Equal(of, d) {
					data.Type = k
				}
			}
			r.want(isText != (data.Type != 0), "datatype")
		case fillValue:
			r.want(n == 2, "fill value")
		case layout:
			r.want(n == 18 && body[0] == 3 && body[1] == 1, "layout")
			a := r.uint(in+2, 8)
			r.want(a%8 == 0, "data are aligned")
			data.Data = r.b[a : a+r.uint(in+10, 8)]
		default:
			r.t.Fatalf("message %d", kind)
		}
		from += 4 + n
	}
	r.want(from == to, "messages fill the header")
	switch {
	case isGroup:
		return group
	case !isText:
		return data
	}
	t := Text{Shape: data.Shape}
	for e := data.Data; len(e) > 0; e = e[16:] {
		element := reader{r.t, e}
		t.Values = append(t.Values, r.text(element.uint(4, 8), element.uint(12, 4), element.uint(0, 4)))
	}
	return t
}

// text is an entry of a heap.
func (r reader) text(heap, index, length uint64) string {
	if length == 0 {
		return ""
	}
	r.want(string(r.b[heap:heap+8]) == "GCOL\x01\x00\x00\x00", "heap")
	size := r.uint(heap+8, 8)
	r.want(size >= leastHeap && size%8 == 0, "size of the heap")
	end := heap + size
	found := ""
	at := heap + heapHeader
	for at+heapHeader <= end && r.uint(at, 2) != 0 {
		n := r.uint(at+8, 8)
		if r.uint(at, 2) == index {
			r.want(n == length, "length of a string")
			found = string(r.b[at+16 : at+16+n])
		}
		at += heapHeader + (n+7)/8*8
	}
	// What is free is named, or too small for a name.
	r.want(at+heapHeader > end || r.uint(at+8, 8) == end-at, "free space")
	r.want(found != "", "a string of the heap")
	return found
}
