// Package packed makes a network small, so that a page that brings it along is
// soon there.
//
// Weights are summed as whole numbers (see package snn), and to decide nothing
// else of them is needed. [Write] writes these numbers byte by byte, first the
// lowest byte of all weights of a layer, then the next: high bytes are much the
// same for all, and a compressor finds that if they lie together. The network of
// mozafari2018 becomes a third of what its float32 are, and four fifths of what
// is left of them if they are compressed.
//
// The file is a safetensors file, compressed with gzip. A tensor of weights has
// the type U8 and one dimension more than it had, the first: its bytes. The
// metadata have an entry "packed": by the tensor's name, Least and Bits. A weight
// is (Least + the number that its bytes make) / 2^Bits.
package packed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/bits"

	"firstspike/tensorfile"
	"firstspike/train"
)

// key is the entry of the metadata.
const key = "packed"

// A packing says what the bytes of a tensor mean.
type packing struct {
	Least int64 `json:"least"`
	Bits  int   `json:"bits"`
}

// Write writes a network for [Read]: as [train.Model.Rounded] has it, which
// decides in the same way, bit for bit.
func Write(w io.Writer, m *train.Model) error {
	if m.Experiment.Readout.Rule == train.ReadoutSVM {
		return errors.New("the network decides by a linear SVM, and a page shows decisions by first spike; leave it out")
	}
	if m.Experiment.Encode.Recordings() {
		return errors.New("the network takes recordings by an event camera, and a page shows pictures; leave it out")
	}
	m, err := m.Rounded()
	if err != nil {
		return err
	}
	var plain bytes.Buffer
	if err := m.Write(&plain); err != nil {
		return err
	}
	f, err := tensorfile.ReadSafetensors(&plain)
	if err != nil {
		return err
	}
	if err := pack(f); err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := tensorfile.WriteSafetensors(z, f); err != nil {
		return err
	}
	return z.Close()
}

// Read reads a network that [Write] wrote, or train.Model.Write, compressed or
// not. name is the file's, for errors.
func Read(name string, r io.Reader) (*train.Model, error) {
	b := bufio.NewReader(r)
	r = b
	if head, err := b.Peek(2); err == nil && string(head) == "\x1f\x8b" {
		if r, err = gzip.NewReader(b); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	f, err := tensorfile.ReadSafetensors(r)
	if err == nil {
		err = unpack(f)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var plain bytes.Buffer
	size := 1 << 16 // for the header
	for _, t := range f.Tensors {
		size += len(t.Data)
	}
	plain.Grow(size)
	if err := tensorfile.WriteSafetensors(&plain, f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return train.Read(name, &plain)
}

// pack packs the tensors of a file that can be.
func pack(f *tensorfile.File) error {
	packings := map[string]packing{}
	for i, t := range f.Tensors {
		if t.DType != tensorfile.F32 {
			continue
		}
		values, err := t.Float32s()
		if err != nil {
			return err
		}
		numbers, p, ok := whole(values)
		if !ok {
			continue
		}
		most := int64(0)
		for _, n := range numbers {
			most = max(most, n-p.Least)
		}
		size := max(1, (bits.Len64(uint64(most))+7)/8)
		planes := make([]byte, size*len(numbers))
		for k, n := range numbers {
			for s := range size {
				planes[s*len(numbers)+k] = byte((n - p.Least) >> (8 * s))
			}
		}
		if f.Tensors[i], err = tensorfile.From(t.Name, append([]int{size}, t.Shape...), planes); err != nil {
			return err
		}
		packings[t.Name] = p
	}
	text, err := json.Marshal(packings)
	if err != nil {
		return err
	}
	f.Metadata = maps.Clone(f.Metadata)
	f.Metadata[key] = string(text)
	return nil
}

// most is how many bits a number may have: those of a float32.
const most = 24

// whole are values as whole numbers of a power of two, if they can be written in
// this way without loss.
func whole(values []float32) (numbers []int64, p packing, ok bool) {
	p.Bits = math.MinInt
	for _, v := range values {
		if v == 0 {
			if math.Signbit(float64(v)) {
				return nil, p, false
			}
			continue
		}
		fraction, exponent := math.Frexp(float64(v))
		if math.IsInf(fraction, 0) || math.IsNaN(fraction) {
			return nil, p, false
		}
		odd := int64(math.Ldexp(fraction, most))
		p.Bits = max(p.Bits, most-exponent-bits.TrailingZeros64(uint64(odd)))
	}
	if p.Bits == math.MinInt {
		p.Bits = 0 // all are 0
	}
	p.Least = math.MaxInt64
	for _, v := range values {
		n := math.Ldexp(float64(v), p.Bits)
		if math.Abs(n) >= 1<<31 {
			return nil, p, false
		}
		numbers = append(numbers, int64(n))
		p.Least = min(p.Least, int64(n))
	}
	return numbers, p, len(values) > 0
}

// unpack makes of a file what it was before [pack].
func unpack(f *tensorfile.File) error {
	text, ok := f.Metadata[key]
	if !ok {
		return nil
	}
	var packings map[string]packing
	if err := json.Unmarshal([]byte(text), &packings); err != nil {
		return fmt.Errorf("%s in the metadata: %w", key, err)
	}
	delete(f.Metadata, key)
	for i, t := range f.Tensors {
		p, ok := packings[t.Name]
		if !ok {
			continue
		}
		if t.DType != tensorfile.U8 || len(t.Shape) < 1 || t.Shape[0] < 1 || t.Shape[0] > 4 || p.Bits < -1000 || p.Bits > 1000 {
			return fmt.Errorf("tensor %q is not as its metadata say", t.Name)
		}
		n := len(t.Data) / t.Shape[0]
		data := make([]byte, 4*n)
		for from := 0; from < n; from += few {
			p.values(data[4*from:min(4*(from+few), 4*n)], t.Data[from:], n)
		}
		f.Tensors[i] = tensorfile.Tensor{Name: t.Name, DType: tensorfile.F32, Shape: t.Shape[1:], Data: data}
	}
	return nil
}

// few is how many values are made at a time: a browser compiles a function well
// only after it has been called some times.
const few = 4096

// values makes float32 of numbers whose bytes lie so far apart.
func (p packing) values(data, planes []byte, apart int) {
	unit := math.Ldexp(1, -p.Bits)
	for k := range len(data) / 4 {
		v := p.Least
		for at, shift := k, 0; at < len(planes); at, shift = at+apart, shift+8 {
			v += int64(planes[at]) << shift
		}
		binary.LittleEndian.PutUint32(data[4*k:], math.Float32bits(float32(float64(v)*unit)))
	}
}
