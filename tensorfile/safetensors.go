package tensorfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	maxHeader   = 100_000_000 // the format's own limit on the header, in bytes
	metadataKey = "__metadata__"
)

// span is where a tensor's data lie, in bytes from the end of the header.
type span struct{ begin, end int }

// ReadSafetensors reads a safetensors file to its end. The tensors come in the order of their data, each one's Data a part of
// one shared buffer.
//
// A file is refused, with the fault and the tensor, if its header is longer than 100,000,000 bytes, is not a JSON object or
// has a key twice; if a type is none of DType's; if a shape overflows; if the data leave a hole, overlap, do not have the
// size that type and shape give, or end before or after the file does.
func ReadSafetensors(r io.Reader) (*File, error) { return readSafetensors(r, 0, nil) }

func readSafetensors(r io.Reader, known int64, s selector) (*File, error) {
	var length [8]byte
	if n, err := io.ReadFull(r, length[:]); err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("safetensors: %d bytes are too few for a file; it begins with 8 bytes that give the header's length", n)
	} else if err != nil {
		return nil, fmt.Errorf("safetensors: reading the header: %w", err)
	}
	announced := binary.LittleEndian.Uint64(length[:])
	if announced > maxHeader {
		return nil, fmt.Errorf("safetensors: the first 8 bytes announce a header of %d bytes; at most %d are allowed", announced, maxHeader)
	}
	header, err := readUpTo(r, int(announced), known)
	if err != nil {
		return nil, fmt.Errorf("safetensors: reading the header: %w", err)
	}
	if len(header) < int(announced) {
		return nil, fmt.Errorf("safetensors: the header ends after %d of %d bytes; the file is truncated", len(header), announced)
	}
	f, spans, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	wanted, err := s.choose(f)
	if err != nil {
		return nil, err
	}
	total := 0
	if len(spans) > 0 {
		total = spans[len(spans)-1].end
	}
	data, err := readUpTo(r, total, known)
	if err != nil {
		return nil, fmt.Errorf("safetensors: reading the data: %w", err)
	}
	for i, s := range spans {
		t := &f.Tensors[i]
		if s.end > len(data) {
			return nil, fmt.Errorf("safetensors: tensor %q: the data end after %d of %d bytes; the file is truncated",
				t.Name, max(0, len(data)-s.begin), s.end-s.begin)
		}
		if wanted[i] {
			t.Data = data[s.begin:s.end:s.end]
		}
	}
	if err := expectEnd(r, total); err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

// parseHeader returns the tensors in the order of their data, still without data, and where their data lie: from 0 on,
// without holes.
func parseHeader(header []byte) (*File, []span, error) {
	if !utf8.Valid(header) {
		return nil, nil, fmt.Errorf("the header is not UTF-8")
	}
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, fmt.Errorf("the header begins with %q, not with a brace; it must be a JSON object", clip(header))
	}
	var whole json.RawMessage
	if err := json.Unmarshal(header, &whole); err != nil {
		return nil, nil, fmt.Errorf("the header is not JSON: %w", err)
	}
	type entry struct {
		Tensor
		span
	}
	var entries []entry
	f := &File{}
	err := eachMember(whole, func(name string, value json.RawMessage) error {
		if name == metadataKey {
			var err error
			f.Metadata, err = parseMetadata(value)
			return err
		}
		t, s, err := parseTensor(name, value)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, entry{t, s})
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var spans []span
	next := 0
	for _, e := range entries {
		if e.begin > next {
			return nil, nil, fmt.Errorf("tensor %q: its data begin at %d; the %d bytes before belong to no tensor", e.Name, e.begin, e.begin-next)
		}
		if e.begin < next {
			return nil, nil, fmt.Errorf("tensor %q: its data begin at %d, inside tensor %q, which ends at %d",
				e.Name, e.begin, f.Tensors[len(f.Tensors)-1].Name, next)
		}
		if next = e.end; int64(next) > MaxBytes {
			return nil, nil, fmt.Errorf("tensor %q: its data end at %d; a file holds at most %d bytes", e.Name, next, MaxBytes)
		}
		f.Tensors = append(f.Tensors, e.Tensor)
		spans = append(spans, e.span)
	}
	return f, spans, nil
}

func parseMetadata(value json.RawMessage) (map[string]string, error) {
	var metadata map[string]string
	err := eachMember(value, func(key string, value json.RawMessage) error {
		text, ok := jsonString(value)
		if !ok {
			return fmt.Errorf("the value of %q is %s; it must be a string", key, clip(value))
		}
		if metadata == nil {
			metadata = make(map[string]string)
		}
		metadata[key] = text
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metadataKey, err)
	}
	return metadata, nil
}

func parseTensor(name string, value json.RawMessage) (Tensor, span, error) {
	t := Tensor{Name: name}
	var offsets []int
	err := eachMember(value, func(key string, value json.RawMessage) (err error) {
		switch key {
		case "dtype":
			text, ok := jsonString(value)
			if !ok {
				return fmt.Errorf("dtype is %s; it must be a string", clip(value))
			}
			t.DType = DType(text)
		case "shape":
			t.Shape, err = jsonInts(value)
		case "data_offsets":
			offsets, err = jsonInts(value)
		default:
			return fmt.Errorf("unknown key %q; a tensor has dtype, shape and data_offsets", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return Tensor{}, span{}, err
	}
	if t.Shape == nil {
		return Tensor{}, span{}, fmt.Errorf("shape is missing")
	}
	size, err := byteSize(t.DType, t.Shape, MaxBytes)
	if err != nil {
		return Tensor{}, span{}, err
	}
	if len(offsets) != 2 {
		return Tensor{}, span{}, fmt.Errorf("data_offsets are %v; they must be the begin and the end", offsets)
	}
	s := span{offsets[0], offsets[1]}
	if s.begin < 0 || s.end < s.begin || s.end-s.begin != size {
		return Tensor{}, span{}, fmt.Errorf("data_offsets are %v; %s %v needs %d bytes", offsets, t.DType, t.Shape, size)
	}
	return t, s, nil
}

// eachMember calls do for the members of a JSON object in order. It refuses a key that comes twice, of which encoding/json's
// own maps and structs would silently keep the last.
func eachMember(object json.RawMessage, do func(key string, value json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(object))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("%s is not a JSON object", clip(object))
	}
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("%v is not a JSON key", token)
		}
		if seen[key] {
			return fmt.Errorf("the key %q comes twice", key)
		}
		seen[key] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if err := do(key, value); err != nil {
			return err
		}
	}
	return nil
}

// jsonString returns the string that a JSON value is, and whether it is one (null, which encoding/json would take, is not).
func jsonString(value json.RawMessage) (text string, ok bool) {
	if value[0] != '"' {
		return "", false
	}
	return text, json.Unmarshal(value, &text) == nil
}

// jsonInts returns the integers of a JSON array. Only plain ones count: no fraction, exponent, quotes or null.
func jsonInts(value json.RawMessage) ([]int, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(value, &parts); err != nil || parts == nil {
		return nil, fmt.Errorf("%s is not an array of integers", clip(value))
	}
	ints := make([]int, len(parts))
	for i, part := range parts {
		n, err := strconv.Atoi(string(part))
		if err != nil {
			return nil, fmt.Errorf("%s is not an integer of at most %d", clip(part), math.MaxInt)
		}
		ints[i] = n
	}
	return ints, nil
}

// WriteSafetensors writes f as a safetensors file. The same tensors and metadata give the same bytes, in whatever order
// f.Tensors has them: the data are ordered by alignment, widest type first, then by name, as the reference implementation
// does it, so that every tensor begins at a multiple of its element size; spaces fill the header to a multiple of 8 bytes.
func WriteSafetensors(w io.Writer, f *File) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	tensors := slices.Clone(f.Tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.rank(), a.DType.rank()), cmp.Compare(a.Name, b.Name))
	})
	header, err := buildHeader(tensors, f.Metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: writing the header: %w", err)
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Data); err != nil {
			return fmt.Errorf("safetensors: tensor %q: writing the data: %w", t.Name, err)
		}
	}
	return nil
}

// buildHeader returns the bytes of a file before its data.
func buildHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8)) // the length, once it is known
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	separator := byte('{')
	member := func(key string, value any) error {
		b.WriteByte(separator)
		separator = ','
		if err := enc.Encode(key); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the newline that Encode adds
		b.WriteByte(':')
		if err := enc.Encode(value); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1)
		return nil
	}
	if len(metadata) > 0 {
		for key, value := range metadata {
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, fmt.Errorf("%s: %q: %q is not UTF-8", metadataKey, key, clip(value))
			}
		}
		if err := member(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	at := 0
	for _, t := range tensors {
		if t.Name == metadataKey {
			return nil, fmt.Errorf("a tensor cannot be named %s: the format keeps that name for metadata", metadataKey)
		}
		err := member(t.Name, struct {
			DType   DType  `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.DType, append([]int{}, t.Shape...), [2]int{at, at + len(t.Data)}})
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		at += len(t.Data)
	}
	if separator == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	length := b.Len() - 8
	if length > maxHeader {
		return nil, fmt.Errorf("the header needs %d bytes; the format allows %d: shorten the metadata", length, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(length))
	return b.Bytes(), nil
}
