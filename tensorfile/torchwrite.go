package tensorfile

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// torchMetadata is the attribute of a state dict in which PyTorch notes the versions of modules.
const torchMetadata = "_metadata"

// torchAlign is the multiple at which records begin, so that PyTorch can map them into memory.
const torchAlign = 64

// WriteTorch writes f in PyTorch's zip format, which torch.load and torch.load(weights_only=True) take: a state dict, an OrderedDict
// with the tensors by name, in the order of f.Tensors. Tensors with the same Data, not only equal ones, share it in the file.
// Metadata become strings in the state dict's attribute _metadata, where load_state_dict does not mind them. The same
// File gives the same bytes. PyTorch has U16, U32 and U64 since 2.3.
func WriteTorch(w io.Writer, f *File) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("torch: %w", err)
	}
	for key, value := range f.Metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("torch: metadata %q is not UTF-8", clip(key))
		}
	}
	p := pickled("\x80\x02")
	p.object(orderedDict)
	p.op('(')
	// Tensors with the same Data share it.
	type array struct {
		first *byte
		n     int
		dtype DType
	}
	keys := map[array]int{}
	var records [][]byte
	for _, t := range f.Tensors {
		key, shared := 0, false
		if len(t.Data) > 0 {
			a := array{&t.Data[0], len(t.Data), t.DType}
			if key, shared = keys[a]; !shared {
				keys[a] = len(records)
			}
		}
		if !shared {
			key = len(records)
			records = append(records, t.Data)
		}
		p.text(t.Name)
		p.tensor(t, strconv.Itoa(key))
	}
	p.op('u')
	if len(f.Metadata) > 0 {
		p.op('}')
		p.text(torchMetadata)
		p.object(orderedDict)
		p.op('(')
		for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
			p.text(key)
			p.text(f.Metadata[key])
		}
		p.op('u', 's', 'b')
	}
	p.op('.')
	if len(p) > maxPickle {
		return fmt.Errorf("torch: %d tensors and their metadata need a pickle of %d bytes; at most %d are read again", len(f.Tensors), len(p), maxPickle)
	}
	archive := torchArchive{w: zip.NewWriter(w)}
	archive.add(pickleName, p)
	archive.add(torchBytes, []byte("little"))
	for i, data := range records {
		archive.add("data/"+strconv.Itoa(i), data)
	}
	archive.add("version", []byte("3\n"))
	if err := archive.close(); err != nil {
		return fmt.Errorf("torch: %w", err)
	}
	return nil
}

// pickled is the text of a pickle, of protocol 2.
type pickled []byte

func (p *pickled) op(ops ...byte) { *p = append(*p, ops...) }

// object puts what a call without arguments makes.
func (p *pickled) object(class global) {
	p.global(class)
	p.op(')', 'R')
}

func (p *pickled) global(name global) {
	i := strings.LastIndexByte(string(name), '.')
	*p = append(*p, "c"+string(name[:i])+"\n"+string(name[i+1:])+"\n"...)
}

func (p *pickled) text(s string) {
	p.op('X')
	*p = binary.LittleEndian.AppendUint32(*p, uint32(len(s)))
	*p = append(*p, s...)
}

func (p *pickled) int(n int) {
	p.op(0x8a, 8)
	*p = binary.LittleEndian.AppendUint64(*p, uint64(n))
}

func (p *pickled) ints(list []int) {
	p.op('(')
	for _, n := range list {
		p.int(n)
	}
	p.op('t')
}

// tensor puts a tensor whose elements are the record of that key.
func (p *pickled) tensor(t Tensor, key string) {
	class, n, rebuild := untypedStorage, len(t.Data), rebuildUntyped
	for c, d := range storages {
		if d == t.DType {
			class, n, rebuild = c, len(t.Data)/t.DType.Size(), rebuildTensor
		}
	}
	p.global(rebuild)
	p.op('(', '(')
	p.text("storage")
	p.global(class)
	p.text(key)
	p.text("cpu")
	p.int(n)
	p.op('t', 'Q')
	p.int(0)
	p.ints(t.Shape)
	strides, step := make([]int, len(t.Shape)), 1
	for i := len(strides) - 1; i >= 0; i-- {
		strides[i] = step
		step *= max(1, t.Shape[i])
	}
	p.ints(strides)
	p.op(0x89) // no gradient
	p.object(orderedDict)
	if rebuild == rebuildUntyped {
		for name, d := range torchTypes {
			if d == t.DType {
				p.global(name)
			}
		}
	}
	p.op('t', 'R')
}

// A torchArchive writes records as torch.save does: in one folder, not packed, each aligned.
type torchArchive struct {
	w   *zip.Writer
	at  int64 // bytes written
	err error
}

func (a *torchArchive) add(name string, data []byte) {
	if a.err != nil {
		return
	}
	const header, field = 30, 4 // bytes before a record's name, and before the padding in the field behind it
	name = "archive/" + name
	at := a.at + header + int64(len(name)) + field
	padding := (torchAlign - at%torchAlign) % torchAlign
	extra := binary.LittleEndian.AppendUint16([]byte("FB"), uint16(padding)) // the field's name is PyTorch's
	h := &zip.FileHeader{
		Name: name, Method: zip.Store, Extra: append(extra, make([]byte, padding)...), CRC32: crc32.ChecksumIEEE(data),
		CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the first day that zip knows, so that no clock shows in the bytes
	}
	w, err := a.w.CreateRaw(h)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		a.err = fmt.Errorf("writing the record %s: %w", name, err)
	}
	a.at = at + padding + int64(len(data))
}

func (a *torchArchive) close() error {
	if a.err != nil {
		return a.err
	}
	if err := a.w.Close(); err != nil {
		return fmt.Errorf("writing the directory: %w", err)
	}
	return nil
}
