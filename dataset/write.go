package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// WriteIDX writes the images of s to an IDX3 file and, unless labels is "", its labels to an IDX1 file, so that [ReadIDX]
// gives the same set again. A path that ends in ".gz" is compressed. Each file is written under another name and renamed
// when it is complete, so a full disk leaves the file that was there before.
func WriteIDX(images, labels string, s *Set) error {
	if s.Len() == 0 {
		return fmt.Errorf("%s: the set has no images; an IDX file holds at least one", images)
	}
	if s.Events {
		return fmt.Errorf("%s: %s holds recordings of events, and an IDX file can only hold images of pixels", images, s.Name)
	}
	if labels != "" && s.Labels == nil {
		return fmt.Errorf("%s: the set has no labels; write its images alone", labels)
	}
	if err := writeFile(images, func(w io.Writer) error { return encodeImages(w, s) }); err != nil {
		return err
	}
	if labels == "" {
		return nil
	}
	return writeFile(labels, func(w io.Writer) error { return encodeLabels(w, s.Labels) })
}

func writeFile(path string, encode func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriterSize(f, 64<<10)
	if strings.HasSuffix(path, ".gz") {
		z := gzip.NewWriter(b)
		if err = encode(z); err == nil {
			err = z.Close()
		}
	} else {
		err = encode(b)
	}
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// encodeImages writes a plain IDX3 file.
func encodeImages(w io.Writer, s *Set) error {
	var head []byte
	for _, v := range []int{magicImages, s.Len(), s.Rows, s.Cols} {
		head = binary.BigEndian.AppendUint32(head, uint32(v))
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for i := range s.Len() {
		if _, err := w.Write(s.Image(i)); err != nil {
			return err
		}
	}
	return nil
}

// encodeLabels writes a plain IDX1 file.
func encodeLabels(w io.Writer, labels []uint8) error {
	head := binary.BigEndian.AppendUint32(nil, magicLabels)
	head = binary.BigEndian.AppendUint32(head, uint32(len(labels)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(labels)
	return err
}
