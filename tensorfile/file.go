package tensorfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A File is what a tensor file holds. The zero File is empty and ready to use.
type File struct {
	Path     string            // where Open found it; only error messages use it
	Tensors  []Tensor          // no two with the same name
	Metadata map[string]string // only safetensors and PyTorch's files have any; nil if there is none
}

// Open reads the file at path: safetensors, npz, npy, or either of PyTorch's formats, told apart by their content and not by the
// path's extension. The one tensor of an npy file is named after the file, without its directory and the extension ".npy".
// Every error names the path.
func Open(path string) (*File, error) { return OpenSelected(path, nil) }

// OpenSelected is [Open] for a caller who knows what the file should hold. Choose is called once, with the file's tensors and
// metadata but without any Data, before data are read or unpacked. It may refuse the file, or else returns the names of the
// tensors that are wanted. The others keep their name, type and shape in the File, but have no Data, and so no values.
//
// A small npz file can unpack to [MaxBytes]: choose can hold the shapes against what they must be before that costs memory.
// What is not chosen is never unpacked. The data of a safetensors file, which are as large as the file, are read all the same.
func OpenSelected(path string, choose func(*File) (names []string, err error)) (*File, error) {
	// To open a named pipe waits for somebody to write into it.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file, so no tensor file (its mode is %v)", path, info.Mode())
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 9)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	f, err := readAny(r, info.Size(), head[:n], path, selector(choose))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Path = path
	return f, nil
}

// A selector is the choose of OpenSelected; nil chooses everything.
type selector func(*File) (names []string, err error)

// choose reports of each tensor of a file without data whether its data are wanted.
func (s selector) choose(f *File) ([]bool, error) {
	wanted := make([]bool, len(f.Tensors))
	if s == nil {
		for i := range wanted {
			wanted[i] = true
		}
		return wanted, nil
	}
	names, err := s(f)
	if err != nil {
		return nil, err
	}
	for i, t := range f.Tensors {
		wanted[i] = slices.Contains(names, t.Name)
	}
	return wanted, nil
}

// readAny reads whichever format begins with head.
func readAny(r *os.File, size int64, head []byte, path string, s selector) (*File, error) {
	// safetensors has no magic number, but its first 9 bytes (a small 64-bit number, then a brace) cannot begin the others.
	if len(head) == 9 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= maxHeader {
		return readSafetensors(r, size, s)
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		if archive, err := zip.NewReader(r, size); err == nil && isTorch(archive) {
			return readTorchZip(archive, size, s)
		}
		return readNPZ(r, size, MaxBytes, s)
	case len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5: // a pickle
		return readTorchLists(r, size, s)
	case bytes.HasPrefix(head, []byte(npyMagic)):
		a, err := readArray(r, strings.TrimSuffix(filepath.Base(path), ".npy"), MaxBytes)
		if err != nil {
			return nil, fmt.Errorf("npy: %w", err)
		}
		f := &File{Tensors: []Tensor{a.Tensor}}
		wanted, err := s.choose(f)
		if err != nil || !wanted[0] {
			return f, err
		}
		if f.Tensors[0], err = a.read(r, size); err != nil {
			return nil, fmt.Errorf("npy: %w", err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("%s; a safetensors, npz, npy or PyTorch file is needed", foreign(head))
}

// foreign says what a file that begins with head is instead of a tensor file.
func foreign(head []byte) string {
	for _, known := range []struct{ magic, what string }{
		{"\x1f\x8b", "gzip data: unpack the file first"},
		{"\x89HDF", "an HDF5 file"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return "this is " + known.what
		}
	}
	if len(head) == 0 {
		return "the file is empty"
	}
	return fmt.Sprintf("the file begins with the bytes % x", head)
}

// Lookup returns the tensor of that name, and whether there is one.
func (f *File) Lookup(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Tensor returns the tensor of that name. If there is none, the error lists the names that there are.
func (f *File) Tensor(name string) (Tensor, error) {
	if t, ok := f.Lookup(name); ok {
		return t, nil
	}
	const most = 50
	var names []string
	for _, t := range f.Tensors[:min(most, len(f.Tensors))] {
		names = append(names, t.Name)
	}
	have := "has " + strings.Join(names, ", ")
	switch n := len(f.Tensors); {
	case n == 0:
		have = "has no tensors"
	case n > most:
		have += fmt.Sprintf(" and %d more", n-most)
	}
	if f.Path == "" {
		return Tensor{}, fmt.Errorf("no tensor %q; the file %s", name, have)
	}
	return Tensor{}, fmt.Errorf("%s: no tensor %q; the file %s", f.Path, name, have)
}

// check holds every tensor against its description, the names against each other, and the total against MaxBytes.
func (f *File) check() error {
	total := int64(0)
	seen := make(map[string]bool, len(f.Tensors))
	for _, t := range f.Tensors {
		if err := t.check(); err != nil {
			return err
		}
		if seen[t.Name] {
			return fmt.Errorf("two tensors are named %q", t.Name)
		}
		seen[t.Name] = true
		if total += int64(len(t.Data)); total > min(MaxBytes, math.MaxInt) {
			return fmt.Errorf("tensor %q: the tensors up to here need %d bytes; a file holds at most %d", t.Name, total, MaxBytes)
		}
	}
	return nil
}
