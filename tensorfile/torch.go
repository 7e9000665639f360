package tensorfile

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

const (
	torchMagic = "1950a86a20f9469cfc6c" // the number that begins PyTorch's older format
	torchLists = 1001                   // the version of that format
	torchBytes = "byteorder"            // the record that says which byte order the others have
	pickleName = "data.pkl"             // the record that says what the others are

	maxDimensions = 64 // PyTorch's own limit

	maxDepth  = 64      // of dictionaries in one another
	maxNames  = 8 << 20 // bytes of the names of all entries; dictionaries that share entries could make many of few
	maxShared = 16      // how often the bytes of a file may be in tensors, on average; PyTorch's tensors can share their elements
)

// storages maps PyTorch's classes of flat arrays to their elements' type; an untyped storage counts bytes.
var storages = map[global]DType{
	"torch.FloatStorage": F32, "torch.DoubleStorage": F64, "torch.HalfStorage": F16, "torch.BFloat16Storage": BF16,
	"torch.LongStorage": I64, "torch.IntStorage": I32, "torch.ShortStorage": I16, "torch.CharStorage": I8,
	"torch.ByteStorage": U8, "torch.BoolStorage": BOOL, untypedStorage: "",
}

const untypedStorage global = "torch.storage.UntypedStorage"

// torchTypes maps PyTorch's names of types.
var torchTypes = map[global]DType{
	"torch.float32": F32, "torch.float64": F64, "torch.float16": F16, "torch.bfloat16": BF16,
	"torch.int64": I64, "torch.int32": I32, "torch.int16": I16, "torch.int8": I8, "torch.uint8": U8, "torch.bool": BOOL,
	"torch.uint16": U16, "torch.uint32": U32, "torch.uint64": U64,
}

// A storage is a flat array that tensors are views of.
type storage struct {
	key   string
	dtype DType // "" if it counts bytes
	n     int64 // elements
	open  func() (io.ReadCloser, error)
}

// size is the bytes of an element.
func (s *storage) size() int { return max(1, s.dtype.Size()) }

// bytes is the size of the storage.
func (s *storage) bytes() int64 { return s.n * int64(s.size()) }

// A view is a tensor without its elements, which lie in a storage.
type view struct {
	storage *storage
	dtype   DType
	offset  int // in elements, as the strides are
	shape   []int
	strides []int
}

// ReadTorch reads the tensors of a file that PyTorch's torch.save wrote, in its zip format or the one before, from the first
// size bytes of r. What is in dictionaries and lists gets their keys, or its index, for a name, joined by dots: the entry
// "conv1.weight" of a checkpoint's "state_dict" is the tensor "state_dict.conv1.weight". A file that is one tensor gives it the name
// "tensor". Numbers, strings and bools beside the tensors become metadata under such names, as text, "true" and "false" for bools;
// None is left out. So are strings that the outermost dictionary has as its attribute _metadata, where [WriteTorch] puts them.
//
// Such a file is a program in Python's pickle language. Here it is read and not executed: only the instructions and the few
// names that tensors in dictionaries need are known, and any other is an error that names it. Tensors of any strides become
// row-major, those of any byte order little-endian. Tensors that are views of the same elements have their Data in common
// if these are row-major already.
func ReadTorch(r io.ReaderAt, size int64) (*File, error) { return readTorch(r, size, nil) }

func readTorch(r io.ReaderAt, size int64, s selector) (*File, error) {
	head := make([]byte, 2)
	if n, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("torch: %w", err)
	} else if string(head[:n]) == "PK" {
		archive, err := zip.NewReader(r, size)
		if err != nil {
			return nil, fmt.Errorf("torch: the file is no zip archive or is truncated: %w", err)
		}
		return readTorchZip(archive, size, s)
	}
	return readTorchLists(r, size, s)
}

// isTorch reports whether an archive is one of PyTorch's.
func isTorch(archive *zip.Reader) bool {
	return slices.ContainsFunc(archive.File, func(m *zip.File) bool { return isPickle(m.Name) })
}

func isPickle(name string) bool { return name == pickleName || strings.HasSuffix(name, "/"+pickleName) }

// readTorchZip reads the zip format: a pickle, and a record for each storage.
func readTorchZip(archive *zip.Reader, size int64, s selector) (*File, error) {
	f, err := func() (*File, error) {
		records := map[string]*zip.File{}
		prefix := ""
		for _, m := range archive.File {
			if records[m.Name] != nil {
				return nil, fmt.Errorf("two records are named %q", clip(m.Name))
			}
			records[m.Name] = m
			if isPickle(m.Name) {
				prefix = strings.TrimSuffix(m.Name, pickleName)
			}
		}
		text, err := readRecord(records, prefix+pickleName, maxPickle, size)
		if err != nil {
			return nil, err
		}
		bigEndian := false
		if records[prefix+torchBytes] != nil {
			order, err := readRecord(records, prefix+torchBytes, 16, size)
			if err != nil {
				return nil, err
			}
			if bigEndian = string(order) == "big"; !bigEndian && string(order) != "little" {
				return nil, fmt.Errorf("the record %s is %q; it must be little or big", torchBytes, clip(order))
			}
		}
		known := storageTable{}
		p := pickle{text: string(text), persistent: known.identify}
		object, err := p.load()
		if err != nil {
			return nil, err
		}
		if p.at != len(p.text) {
			return nil, fmt.Errorf("%d bytes follow the pickle in %s", len(p.text)-p.at, pickleName)
		}
		for _, st := range known {
			name := prefix + "data/" + st.key
			m, err := findRecord(records, name, size)
			if err != nil {
				return nil, err
			}
			if have := int64(m.UncompressedSize64); have != st.bytes() {
				return nil, fmt.Errorf("the record %s has %d bytes; the pickle says %d", clip(name), have, st.bytes())
			}
			st.open = m.Open
		}
		return known.file(object, size, bigEndian, s)
	}()
	return f, torchError(err)
}

// findRecord finds a record. torch.save packs none, so that none can unpack to more than the file has.
func findRecord(records map[string]*zip.File, name string, size int64) (*zip.File, error) {
	m := records[name]
	switch {
	case m == nil:
		return nil, fmt.Errorf("the record %s is missing", clip(name))
	case m.Flags&1 != 0:
		return nil, fmt.Errorf("the record %s is encrypted; no file of torch.save is", clip(name))
	case m.Method != zip.Store:
		return nil, fmt.Errorf("the record %s is packed by zip method %d; torch.save packs none: save it again with torch.save", clip(name), m.Method)
	case m.UncompressedSize64 != m.CompressedSize64 || m.CompressedSize64 > uint64(size):
		return nil, fmt.Errorf("the record %s claims %d bytes, of a file of %d", clip(name), m.UncompressedSize64, size)
	}
	return m, nil
}

// readRecord reads a record of at most so many bytes.
func readRecord(records map[string]*zip.File, name string, most, size int64) ([]byte, error) {
	m, err := findRecord(records, name, size)
	if err != nil {
		return nil, err
	}
	if m.UncompressedSize64 > uint64(most) {
		return nil, fmt.Errorf("the record %s has %d bytes; at most %d are read", clip(name), m.UncompressedSize64, most)
	}
	return readAll(m.Open, int(m.UncompressedSize64))
}

// readAll reads n bytes, which are known to be there, to the end, where an archive's checksum is looked at.
func readAll(open func() (io.ReadCloser, error), n int) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := readUpTo(r, n, int64(n))
	if err != nil {
		return nil, err
	}
	if len(data) < n {
		return nil, fmt.Errorf("%d of %d bytes are there; the file is truncated", len(data), n)
	}
	return data, expectEnd(r, n)
}

// readTorchLists reads the format before PyTorch 1.6: a magic number, a version, what machine wrote it, the object, and the keys
// of the storages, each a pickle; then the storages, each with its number of elements before it.
func readTorchLists(r io.ReaderAt, size int64, s selector) (*File, error) {
	f, err := func() (*File, error) {
		text, err := readUpTo(io.NewSectionReader(r, 0, size), int(min(size, maxPickle)), size)
		if err != nil {
			return nil, err
		}
		known := storageTable{}
		p := pickle{text: string(text)}
		magic, err := p.load()
		if err != nil {
			return nil, err
		}
		if n, ok := magic.(*big.Int); !ok || n.Text(16) != torchMagic {
			return nil, fmt.Errorf("a Python pickle that torch.save did not write: it does not begin with PyTorch's magic number")
		}
		switch version, err := p.load(); {
		case err != nil:
			return nil, err
		case version != int64(torchLists):
			return nil, fmt.Errorf("the version of its format is %s, and not %d", kindOf(version), torchLists)
		}
		if _, err := p.load(); err != nil { // the machine; the storages are little-endian on any
			return nil, err
		}
		p.persistent = known.identify
		object, err := p.load()
		if err != nil {
			return nil, err
		}
		p.persistent = nil
		keys, err := p.load()
		if err != nil {
			return nil, err
		}
		if err := known.place(keys, r, int64(p.at), size); err != nil {
			return nil, err
		}
		return known.file(object, size, false, s)
	}()
	return f, torchError(err)
}

// A refusal is the error of a selector, which is no fault of the format.
type refusal struct{ error }

// torchError says which format an error is about.
func torchError(err error) error {
	if r, ok := err.(refusal); ok {
		return r.error
	}
	if err != nil {
		return fmt.Errorf("torch: %w", err)
	}
	return nil
}

// place finds the storages of a file of size bytes, one behind the other in the order of their keys.
func (t storageTable) place(keys any, r io.ReaderAt, at, size int64) error {
	list, ok := keys.(*sequence)
	if !ok {
		return fmt.Errorf("the keys of the storages are %s, not a list", kindOf(keys))
	}
	for _, k := range list.of {
		key, _ := k.(string)
		st := t[key]
		switch {
		case st == nil:
			return fmt.Errorf("storage %s belongs to no tensor", kindOf(k))
		case st.open != nil:
			return fmt.Errorf("storage %q comes twice", clip(key))
		case size-at < 8 || size-at-8 < st.bytes():
			return fmt.Errorf("storage %q needs %d bytes; the file has %d more: it is truncated", clip(key), 8+st.bytes(), size-at)
		}
		var count [8]byte
		if _, err := r.ReadAt(count[:], at); err != nil && err != io.EOF {
			return err
		}
		if n := binary.LittleEndian.Uint64(count[:]); n != uint64(st.n) {
			return fmt.Errorf("storage %q has %d elements; the pickle says %d", clip(key), n, st.n)
		}
		from := at + 8
		st.open = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, from, st.bytes())), nil }
		at = from + st.bytes()
	}
	for key, st := range t {
		if st.open == nil {
			return fmt.Errorf("storage %q is missing", clip(key))
		}
	}
	if at != size {
		return fmt.Errorf("%d bytes follow the last storage", size-at)
	}
	return nil
}

// A storageTable finds storages by their keys.
type storageTable map[string]*storage

// identify is the storage that a pickle refers to: ("storage", class, key, device, elements), with None behind it in the older
// format.
func (t storageTable) identify(id any) (any, error) {
	of, ok := id.(tuple)
	if !ok || len(of) < 5 || len(of) > 6 || of[0] != "storage" {
		if ok && len(of) > 0 && of[0] == "module" {
			return nil, fmt.Errorf("it holds a model's program; save the state dict alone: torch.save(model.state_dict(), FILE)")
		}
		return nil, fmt.Errorf("it refers to %s outside of it, which is no storage", kindOf(id))
	}
	if len(of) == 6 && of[5] != nil {
		return nil, fmt.Errorf("a storage is a part of another, as PyTorch before 0.4 wrote them; save the file again with a newer one")
	}
	class, _ := of[1].(global)
	dtype, isStorage := storages[class]
	key, isKey := of[2].(string)
	n, isNumber := of[4].(int64)
	if !isStorage || !isKey || !isNumber || n < 0 {
		return nil, fmt.Errorf("a storage of the class %s with the key %s and %s elements", kindOf(of[1]), kindOf(of[2]), kindOf(of[4]))
	}
	s := &storage{key: key, dtype: dtype, n: n}
	if n > MaxBytes/int64(s.size()) {
		return nil, fmt.Errorf("storage %q of %d elements needs more than the %d bytes that a file may hold", clip(key), n, MaxBytes)
	}
	if before := t[key]; before != nil {
		if before.dtype != dtype || before.n != n {
			return nil, fmt.Errorf("storage %q is %d elements of %q, and %d of %q", clip(key), before.n, before.dtype, n, dtype)
		}
		return before, nil
	}
	t[key] = s
	return s, nil
}

// newView is the tensor that PyTorch's function makes of (storage, offset, shape, strides, requires_grad, hooks), with the type
// behind them if the storage has none.
func newView(function global, args tuple) (*view, error) {
	least := 6
	if function == rebuildUntyped {
		least = 7
	}
	if len(args) < least || len(args) > least+1 {
		return nil, fmt.Errorf("%s is called with %d arguments", function, len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fmt.Errorf("a tensor of %s, not of a storage", kindOf(args[0]))
	}
	v := &view{storage: s, dtype: s.dtype}
	if function == rebuildUntyped {
		name, _ := args[6].(global)
		if v.dtype, ok = torchTypes[name]; !ok {
			return nil, fmt.Errorf("a tensor of the type %s", kindOf(args[6]))
		}
	}
	if s.dtype == "" != (function == rebuildUntyped) {
		return nil, fmt.Errorf("%s of a storage of type %q", function, s.dtype)
	}
	offset, err := sizes(tuple{args[1]})
	if err != nil {
		return nil, fmt.Errorf("the offset of a tensor: %w", err)
	}
	if v.shape, err = sizes(args[2]); err != nil {
		return nil, fmt.Errorf("the shape of a tensor: %w", err)
	}
	if v.strides, err = sizes(args[3]); err != nil {
		return nil, fmt.Errorf("the strides of a tensor: %w", err)
	}
	v.offset = offset[0]
	return v, v.check()
}

// sizes is a tuple of whole numbers.
func sizes(of any) ([]int, error) {
	list, ok := of.(tuple)
	if !ok {
		return nil, fmt.Errorf("%s, not a tuple", kindOf(of))
	}
	if len(list) > maxDimensions {
		return nil, fmt.Errorf("%d dimensions; a tensor has at most %d", len(list), maxDimensions)
	}
	ints := make([]int, len(list))
	for i, item := range list {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt {
			return nil, fmt.Errorf("%s at %d; a whole number from 0 is needed", kindOf(item), i)
		}
		ints[i] = int(n)
	}
	return ints, nil
}

// check reports a view that has not all of its elements in the storage.
func (v *view) check() error {
	if len(v.shape) != len(v.strides) {
		return fmt.Errorf("a tensor of shape %v has %d strides", v.shape, len(v.strides))
	}
	bytes, err := byteSize(v.dtype, v.shape, MaxBytes)
	if err != nil {
		return err
	}
	if bytes == 0 {
		return nil
	}
	last := v.storage.bytes()/int64(v.dtype.Size()) - 1
	left := last - int64(v.offset) // elements behind the first
	for i, size := range v.shape {
		if stride := v.strides[i]; left >= 0 && size > 1 && stride > 0 {
			if int64(size-1) > left/int64(stride) {
				left = -1
			} else {
				left -= int64(size-1) * int64(stride)
			}
		}
	}
	if left < 0 {
		return fmt.Errorf("a tensor of shape %v with strides %v from %d on leaves its storage %q of %d elements", v.shape, v.strides, v.offset, clip(v.storage.key), last+1)
	}
	return nil
}

// rowMajor is the elements, given those of the storage.
func (v *view) rowMajor(data []byte) []byte {
	size := v.dtype.Size()
	n, contiguous := size, true
	for i := len(v.shape) - 1; i >= 0; i-- {
		contiguous = contiguous && (v.shape[i] == 1 || v.strides[i]*size == n)
		n *= v.shape[i]
	}
	from := v.offset * size
	switch {
	case n == 0:
		return []byte{}
	case contiguous:
		return data[from : from+n : from+n]
	}
	steps := make([]int, len(v.strides))
	for i, stride := range v.strides {
		steps[i] = stride * size
	}
	return gather(data, from, v.shape, steps, size)
}

// file makes tensors of what a pickle of a file of size bytes holds.
func (t storageTable) file(object any, size int64, bigEndian bool, s selector) (*File, error) {
	total := int64(0)
	for _, st := range t {
		if total += st.bytes(); total > size {
			return nil, fmt.Errorf("storages of %d bytes and more, in a file of %d", total, size)
		}
	}
	c := contents{metadata: map[string]string{}, names: map[string]bool{}}
	if err := c.add("", object, 0); err != nil {
		return nil, err
	}
	if d, ok := object.(*dict); ok {
		if err := c.attributes(d); err != nil {
			return nil, err
		}
	}
	f := &File{}
	if len(c.metadata) > 0 {
		f.Metadata = c.metadata
	}
	taken := int64(0)
	for i, v := range c.views {
		f.Tensors = append(f.Tensors, Tensor{Name: c.tensors[i], DType: v.dtype, Shape: v.shape})
		n, err := byteSize(v.dtype, v.shape, min(MaxBytes, maxShared*total)-taken)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: with those before it, the tensors have more than %d times the %d bytes of the file's storages: %w",
				clip(c.tensors[i]), maxShared, total, err)
		}
		taken += int64(n)
	}
	wanted, err := s.choose(f)
	if err != nil {
		return nil, refusal{err}
	}
	read := map[*storage][]byte{}
	for i, v := range c.views {
		if !wanted[i] {
			continue
		}
		data, ok := read[v.storage]
		if !ok {
			if data, err = readAll(v.storage.open, int(v.storage.bytes())); err != nil {
				return nil, fmt.Errorf("tensor %q, storage %q: %w", clip(f.Tensors[i].Name), clip(v.storage.key), err)
			}
			read[v.storage] = data
		}
		data = v.rowMajor(data)
		if bigEndian && v.dtype.Size() > 1 {
			data = slices.Clone(data)
			for element := range slices.Chunk(data, v.dtype.Size()) {
				slices.Reverse(element)
			}
		}
		f.Tensors[i].Data = data
	}
	return f, nil
}

// contents collects what is in dictionaries.
type contents struct {
	tensors  []string // names
	views    []*view  // in the same order
	metadata map[string]string
	names    map[string]bool // of tensors
	spent    int             // bytes of names
}

// add takes a value of a pickle under its name, and what is in it.
func (c *contents) add(name string, v any, depth int) error {
	const each = 16 // even an entry without a name costs something
	if c.spent += len(name) + each; c.spent > maxNames {
		return fmt.Errorf("the names of all entries take more than %d bytes; dictionaries are shared too often", maxNames)
	}
	if depth > maxDepth {
		return fmt.Errorf("%q: dictionaries or lists are more than %d deep in one another, or hold themselves", clip(name), maxDepth)
	}
	within := func(key string) string {
		if depth == 0 {
			return key
		}
		return name + "." + key
	}
	switch v := v.(type) {
	case *dict:
		for i, k := range v.keys {
			key, ok := k.(string)
			if n, isInt := k.(int64); isInt {
				key, ok = strconv.FormatInt(n, 10), true
			}
			if !ok {
				return fmt.Errorf("%q: a key is %s; strings and whole numbers can be names", clip(name), kindOf(k))
			}
			if err := c.add(within(key), v.values[i], depth+1); err != nil {
				return err
			}
		}
	case *sequence:
		return c.list(within, v.of, depth)
	case tuple:
		return c.list(within, v, depth)
	case *view:
		if depth == 0 {
			name = "tensor"
		}
		if c.names[name] {
			return fmt.Errorf("two tensors are named %q", clip(name))
		}
		c.names[name] = true
		c.tensors, c.views = append(c.tensors, name), append(c.views, v)
	case nil:
	case *storage:
		return fmt.Errorf("%q: a storage that is no tensor", clip(name))
	default:
		if depth == 0 {
			return fmt.Errorf("the file holds %s and no tensor", kindOf(v))
		}
		return c.note(name, v)
	}
	return nil
}

// list takes the values of a list.
func (c *contents) list(within func(string) string, of []any, depth int) error {
	for i, v := range of {
		if err := c.add(within(strconv.Itoa(i)), v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// note takes a plain value as metadata.
func (c *contents) note(name string, v any) error {
	if _, twice := c.metadata[name]; twice {
		return fmt.Errorf("two entries are named %q", clip(name))
	}
	switch v := v.(type) {
	case string:
		c.metadata[name] = v
	case float64:
		c.metadata[name] = strconv.FormatFloat(v, 'g', -1, 64)
	default: // bool, int64, *big.Int, global
		if g, ok := v.(global); ok && torchTypes[g] == "" {
			return fmt.Errorf("%q is %s, which is no value", clip(name), kindOf(v))
		}
		c.metadata[name] = fmt.Sprint(v)
	}
	return nil
}

// attributes takes the strings in a state dict's attribute _metadata. PyTorch keeps dictionaries there, of each module's version.
func (c *contents) attributes(d *dict) error {
	if d.attributes == nil {
		return nil
	}
	for i, k := range d.attributes.keys {
		of, ok := d.attributes.values[i].(*dict)
		if !ok || k != torchMetadata {
			continue
		}
		for j, value := range of.values {
			key, isText := of.keys[j].(string)
			text, also := value.(string)
			if !isText || !also {
				continue
			}
			if err := c.note(key, text); err != nil {
				return err
			}
		}
	}
	return nil
}
