package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// An Object is what a file holds under a name: a [Group], a [Dataset] or a [Text].
type Object interface {
	// check says why the object cannot be written, or nil.
	check() error
}

// A Group is a list of named objects. Names are not empty, have no "/" in them, up
// to 255 bytes of UTF-8, and are each there once.
type Group []Link

// A Link is an object and its name.
type Link struct {
	Name   string
	Object Object
}

// A Type is the type of the numbers of a dataset.
type Type int

// The types: IEEE 754 floats and signed integers.
const (
	F32 Type = iota + 1
	F64
	I64
)

// A Dataset is an array of numbers.
type Dataset struct {
	Type  Type
	Shape []int  // size of each dimension, outermost first, each at least 1; none for a scalar
	Data  []byte // the elements in row-major order, little-endian
}

// A Text is an array of strings, in row-major order. Each is UTF-8 without a zero
// byte, which would end it for readers written in C.
type Text struct {
	Shape  []int // as in [Dataset]
	Values []string
}

func (g Group) check() error {
	seen := map[string]bool{}
	for _, l := range g {
		switch {
		case l.Name == "" || len(l.Name) > math.MaxUint8 || strings.ContainsAny(l.Name, "/\x00") || l.Name == "." || !utf8.ValidString(l.Name):
			return fmt.Errorf("%q is no name: it takes 1 to 255 bytes of UTF-8 without a slash", l.Name)
		case seen[l.Name]:
			return fmt.Errorf("%s is there twice", l.Name)
		case l.Object == nil:
			return fmt.Errorf("%s: no object", l.Name)
		}
		seen[l.Name] = true
		if err := l.Object.check(); err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
	}
	return nil
}

func (d Dataset) check() error {
	if _, ok := datatypes[d.Type]; !ok {
		return fmt.Errorf("type %d is not known", d.Type)
	}
	n, err := elements(d.Shape)
	if err != nil {
		return err
	}
	if size := d.Type.size(); len(d.Data)%size != 0 || len(d.Data)/size != n {
		return fmt.Errorf("%d bytes; shape %v has %d elements of %d bytes", len(d.Data), d.Shape, n, size)
	}
	return nil
}

func (t Text) check() error {
	n, err := elements(t.Shape)
	if err != nil {
		return err
	}
	if len(t.Values) != n {
		return fmt.Errorf("%d strings; shape %v has %d elements", len(t.Values), t.Shape, n)
	}
	for _, s := range t.Values {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return fmt.Errorf("%q is not UTF-8 without zero bytes", s)
		}
	}
	return nil
}

// elements is the number of elements of a shape.
func elements(shape []int) (int, error) {
	n := 1
	if len(shape) > 32 {
		return 0, fmt.Errorf("%d dimensions; 32 are the most", len(shape))
	}
	for _, d := range shape {
		if d < 1 || d > math.MaxInt32 || n > math.MaxInt32/d {
			return 0, fmt.Errorf("shape %v is empty or too large", shape)
		}
		n *= d
	}
	return n, nil
}

// datatypes are the messages that describe the types of numbers: class and
// version, bit field, size, and then where the bits are.
var datatypes = map[Type][]byte{
	F32: {0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0},
	F64: {0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0},
	I64: {0x10, 0x08, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0},
}

func (t Type) size() int { return int(datatypes[t][4]) }

// textType is the message for strings: a sequence of variable length that is
// text in UTF-8, of bytes.
var textType = []byte{0x19, 0x01, 0x01, 0, 16, 0, 0, 0 /* of */, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0}

// Kinds of messages in an object header.
const (
	dataspace = 0x01
	linkInfo  = 0x02
	datatype  = 0x03
	fillValue = 0x05
	link      = 0x06
	layout    = 0x08
	groupInfo = 0x0a
)

const (
	undefined      = math.MaxUint64 // an address of what is not there
	superblockSize = 48
	heapHeader     = 16
	leastHeap      = 4096 // bytes: readers take no smaller collection
)

// Write writes a file whose root is the group. The error names what cannot be
// written, by its path.
func Write(w io.Writer, root Group) error {
	if err := root.check(); err != nil {
		return err
	}
	f := file{b: make([]byte, superblockSize)}
	if err := f.heap(root); err != nil {
		return err
	}
	at := f.object(root)
	f.superblock(at)
	_, err := w.Write(f.b)
	return err
}

// A file is what has been written so far, from the beginning.
type file struct {
	b       []byte
	strings int // whose place has been told
}

// align fills up to a multiple of 8 bytes.
func (f *file) align() uint64 {
	for len(f.b)%8 != 0 {
		f.b = append(f.b, 0)
	}
	return uint64(len(f.b))
}

// superblock fills the space that was left for it.
func (f *file) superblock(root uint64) {
	b := append(f.b[:0], "\x89HDF\r\n\x1a\n"...)
	b = append(b, 2, 8, 8, 0) // version, bytes of an offset and of a length, flags
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint64(b, undefined) // extension
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.b)))
	b = binary.LittleEndian.AppendUint64(b, root)
	binary.LittleEndian.AppendUint32(b, lookup3(b))
}

// heap writes all strings, in the order in which [file.object] comes to them.
func (f *file) heap(root Group) error {
	var all []string
	collect(root, &all)
	if len(all) == 0 {
		return nil
	}
	if len(all) > math.MaxUint16 {
		return fmt.Errorf("%d strings; %d are the most", len(all), math.MaxUint16)
	}
	start := len(f.b)
	f.b = append(f.b, "GCOL\x01\x00\x00\x00"...)
	f.b = binary.LittleEndian.AppendUint64(f.b, 0) // its size, below
	for i, s := range all {
		f.b = binary.LittleEndian.AppendUint16(f.b, uint16(i+1))
		f.b = append(f.b, make([]byte, 6)...) // references, reserved
		f.b = binary.LittleEndian.AppendUint64(f.b, uint64(len(s)))
		f.b = append(f.b, s...)
		f.align()
	}
	if free := leastHeap - (len(f.b) - start); free >= heapHeader {
		f.b = append(f.b, make([]byte, 8)...)
		f.b = binary.LittleEndian.AppendUint64(f.b, uint64(free))
		f.b = append(f.b, make([]byte, free-heapHeader)...)
	} else if free > 0 {
		f.b = append(f.b, make([]byte, free)...) // too little for a header, so it has none
	}
	binary.LittleEndian.PutUint64(f.b[start+8:], uint64(len(f.b)-start))
	return nil
}

// collect lists the strings of an object that are not empty.
func collect(o Object, all *[]string) {
	switch o := o.(type) {
	case Group:
		for _, l := range o {
			collect(l.Object, all)
		}
	case Text:
		for _, s := range o.Values {
			if s != "" {
				*all = append(*all, s)
			}
		}
	}
}

// object writes an object and returns the address of its header.
func (f *file) object(o Object) uint64 {
	var m messages
	switch o := o.(type) {
	case Group:
		m.add(linkInfo, 0, append([]byte{0, 0}, address(nil, undefined, undefined)...))
		m.add(groupInfo, constant, []byte{0, 0})
		for _, l := range o {
			at := f.object(l.Object)
			m.add(link, 0, address(append([]byte{1, 0x10, 1, byte(len(l.Name))}, l.Name...), at)) // 0x10: the name is UTF-8
		}
	case Dataset:
		m.array(o.Shape, datatypes[o.Type], f.data(o.Data), len(o.Data))
	case Text:
		b := make([]byte, 0, len(o.Values)*16)
		for _, s := range o.Values {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
			if s == "" {
				b = append(b, make([]byte, 12)...)
				continue
			}
			f.strings++
			b = binary.LittleEndian.AppendUint64(b, superblockSize) // where the heap is
			b = binary.LittleEndian.AppendUint32(b, uint32(f.strings))
		}
		m.array(o.Shape, textType, f.data(b), len(b))
	}
	at := f.align()
	f.b = append(f.b, "OHDR\x02\x02"...) // version 2; four bytes say how long it is
	f.b = binary.LittleEndian.AppendUint32(f.b, uint32(len(m)))
	f.b = append(f.b, m...)
	f.b = binary.LittleEndian.AppendUint32(f.b, lookup3(f.b[at:]))
	return at
}

// data writes the elements of an array and returns their address.
func (f *file) data(b []byte) uint64 {
	at := f.align()
	f.b = append(f.b, b...)
	return at
}

// messages are what an object header holds.
type messages []byte

const constant = 1 // flag of a message that never changes

func (m *messages) add(kind, flags byte, body []byte) {
	*m = append(*m, kind)
	*m = binary.LittleEndian.AppendUint16(*m, uint16(len(body)))
	*m = append(*m, flags)
	*m = append(*m, body...)
}

// array adds the messages of an array.
func (m *messages) array(shape []int, of []byte, at uint64, size int) {
	space := []byte{2, byte(len(shape)), 0, 1}
	if len(shape) == 0 {
		space[3] = 0 // a scalar
	}
	for _, d := range shape {
		space = binary.LittleEndian.AppendUint64(space, uint64(d))
	}
	m.add(dataspace, 0, space)
	m.add(datatype, constant, of)
	m.add(fillValue, constant, []byte{3, 0x0a}) // as h5py has it: zero, written late and if it is set
	m.add(layout, 0, address([]byte{3, 1}, at, uint64(size)))
}

// address appends addresses, or lengths.
func address(b []byte, at ...uint64) []byte {
	for _, a := range at {
		b = binary.LittleEndian.AppendUint64(b, a)
	}
	return b
}
