package tensorfile

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// npyExtension ends the name of every member of an npz file; the tensor's name is what comes before.
const npyExtension = ".npy"

// ReadNPZ reads NumPy's npz format, a zip archive of npy files, from the first size bytes of r. The tensors come in the
// archive's order; the member "a.npy" becomes the tensor "a". A file is refused if a member is no npy file or cannot be read
// by ReadNPY, fails its checksum, is encrypted or packed by a method other than stored and deflated, or if two members have
// the same name. What is unpacked from one file is limited to MaxBytes in total.
func ReadNPZ(r io.ReaderAt, size int64) (*File, error) {
	return readNPZ(r, size, MaxBytes, nil)
}

func readNPZ(r io.ReaderAt, size, limit int64, s selector) (*File, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: the file is no zip archive or is truncated: %w", err)
	}
	f := &File{}
	seen := make(map[string]bool)
	for _, member := range archive.File {
		name, ok := strings.CutSuffix(member.Name, npyExtension)
		switch {
		case !ok:
			return nil, fmt.Errorf("npz: member %q is no %s array; this zip archive is not an npz file", clip(member.Name), npyExtension)
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("npz: the name of member %q is not UTF-8", clip(member.Name))
		case seen[name]:
			return nil, fmt.Errorf("npz: two members are named %q", member.Name)
		case member.Flags&1 != 0:
			return nil, fmt.Errorf("npz: member %q is encrypted; save the arrays again without a password", member.Name)
		case member.Method != zip.Store && member.Method != zip.Deflate:
			return nil, fmt.Errorf("npz: member %q is packed by zip method %d; only stored (%d) and deflated (%d) are read: save it again with numpy.savez",
				member.Name, member.Method, zip.Store, zip.Deflate)
		}
		seen[name] = true
		t, err := describeMember(member, name)
		if err != nil {
			return nil, fmt.Errorf("npz: %w", err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	wanted, err := s.choose(f)
	if err != nil {
		return nil, err
	}
	for i, member := range archive.File {
		if !wanted[i] {
			continue
		}
		t, err := readMember(member, f.Tensors[i].Name, limit, size)
		if err != nil {
			return nil, fmt.Errorf("npz: %w", err)
		}
		limit -= int64(len(t.Data))
		f.Tensors[i] = t
	}
	return f, nil
}

// describeMember reads a member's header.
func describeMember(member *zip.File, name string) (Tensor, error) {
	r, err := member.Open()
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	defer r.Close()
	a, err := readArray(r, name, MaxBytes)
	return a.Tensor, err
}

// mostDeflated is the most bytes that one byte of a deflated stream can unpack to: 258 by each two bits of a match.
const mostDeflated = 1032

// readMember reads one member of an archive of size bytes.
func readMember(member *zip.File, name string, limit, size int64) (Tensor, error) {
	r, err := member.Open()
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	defer r.Close()
	a, err := readArray(r, name, limit)
	if err != nil {
		return Tensor{}, err
	}
	// What a member says of its unpacked size may be a lie, but its packed size cannot exceed the archive's, nor what it unpacks
	// to a multiple of that. Pages of a buffer that the data do not reach are reserved, but cost no memory.
	known := min(member.CompressedSize64, uint64(size))
	if member.Method == zip.Deflate {
		known = min(member.UncompressedSize64, mostDeflated*known)
	}
	return a.read(r, int64(known))
}

// WriteNPZ writes f as an npz file, in the order of f.Tensors, each packed by method: zip.Store as numpy.savez does, or
// zip.Deflate as numpy.savez_compressed does. The same File gives the same bytes, with zip.Deflate for one version of Go.
// An npz file has no place for metadata, so a File with metadata is an error, and so is a BF16 tensor.
func WriteNPZ(w io.Writer, f *File, method uint16) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("npz: %w", err)
	}
	if len(f.Metadata) > 0 {
		return fmt.Errorf("npz: the format cannot hold metadata; write safetensors, or leave Metadata empty")
	}
	if method != zip.Store && method != zip.Deflate {
		return fmt.Errorf("npz: zip method %d; use zip.Store (%d) or zip.Deflate (%d)", method, zip.Store, zip.Deflate)
	}
	archive := zip.NewWriter(w)
	for _, t := range f.Tensors {
		member, err := archive.CreateHeader(&zip.FileHeader{
			Name:     t.Name + npyExtension,
			Method:   method,
			Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the first day that zip knows, so that no clock shows in the bytes
		})
		if err == nil {
			err = writeNPY(member, t)
		}
		if err != nil {
			return fmt.Errorf("npz: tensor %q: %w", t.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("npz: writing the directory: %w", err)
	}
	return nil
}
