package eventfile

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"
)

// A Writer writes events. Methods return the first error of the writer
// underneath, and do nothing after it.
type Writer struct {
	w   io.Writer
	err error
}

// NewWriter begins an event file at the given time.
func NewWriter(w io.Writer, at time.Time) (*Writer, error) {
	e := &Writer{w: w}
	return e, e.record(at, 0, text(3, "brain.Event:2"))
}

// Create creates an event file in a folder, which is made if it is not there.
// Its name has the time, so that files of one run follow each other, and what
// the file is of; TensorBoard knows files by "tfevents" in their names. Whoever
// creates it closes the file.
func Create(dir string, at time.Time, of string) (*Writer, *os.File, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, err
	}
	// Names that lie within a second of one another are told apart by a number.
	for n := 0; ; n++ {
		name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d", at.Unix(), of, n)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		w, err := NewWriter(f, at)
		if err != nil {
			f.Close()
			return nil, nil, err
		}
		return w, f, nil
	}
}

// Restart says that the run goes on from a step: what files before this one
// have of that step and later ones is void.
func (w *Writer) Restart(at time.Time, step int64) error {
	const start = 1
	return w.record(at, step, message(7, number(1, start)))
}

// Scalar writes a number.
func (w *Writer) Scalar(at time.Time, step int64, tag string, v float64) error {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], math.Float32bits(float32(v)))
	tensor := join(number(1, typeFloat), message(2), bytes(5, b[:]))
	return w.value(at, step, tag, tensor, "scalars", nil, classScalar)
}

// Image writes a picture of width x height pixels, encoded as PNG.
func (w *Writer) Image(at time.Time, step int64, tag string, width, height int, png []byte) error {
	tensor := join(number(1, typeString), shape(3), text(8, fmt.Sprint(width)), text(8, fmt.Sprint(height)), bytes(8, png))
	return w.value(at, step, tag, tensor, "images", nil, classBlob)
}

// A Bucket counts the values in Left..Right.
type Bucket struct{ Left, Right, Count float64 }

// Histogram writes how values are distributed.
func (w *Writer) Histogram(at time.Time, step int64, tag string, buckets []Bucket) error {
	content := make([]byte, 0, 24*len(buckets))
	for _, b := range buckets {
		for _, v := range []float64{b.Left, b.Right, b.Count} {
			content = binary.LittleEndian.AppendUint64(content, math.Float64bits(v))
		}
	}
	tensor := join(number(1, typeDouble), shape(len(buckets), 3), bytes(4, content))
	return w.value(at, step, tag, tensor, "histograms", nil, classTensor)
}

// Text writes words, which TensorBoard reads as Markdown.
func (w *Writer) Text(at time.Time, step int64, tag, words string) error {
	tensor := join(number(1, typeString), shape(1), text(8, words))
	return w.value(at, step, tag, tensor, "text", nil, classTensor)
}

// A Setting is one of a run: a float64, a bool or a string.
type Setting struct {
	Name  string
	Value any
}

// Settings writes the settings of a run, and the tags of the scalars that it is
// to be judged by, for TensorBoard's page of hyperparameters.
func (w *Writer) Settings(at time.Time, run string, settings []Setting, metrics []string) error {
	var infos, values []byte
	for _, s := range settings {
		kind, value := uint64(1), text(3, fmt.Sprint(s.Value))
		switch v := s.Value.(type) {
		case float64:
			kind, value = 3, fixed(2, math.Float64bits(v))
		case bool:
			kind, value = 2, number(4, boolean(v))
		}
		infos = append(infos, message(4, text(1, s.Name), number(4, kind))...)
		values = append(values, message(1, text(1, s.Name), message(2, value))...)
	}
	for _, m := range metrics {
		infos = append(infos, message(5, message(1, text(2, m)))...)
	}
	seconds := fixed(3, math.Float64bits(stamp(at)))
	null := join(number(1, typeFloat), shape(0))
	const name = "hparams"
	if err := w.value(at, 0, "_hparams_/experiment", null, name, message(2, seconds, infos), classTensor); err != nil {
		return err
	}
	begun := message(3, values, text(4, run), fixed(5, math.Float64bits(stamp(at))))
	return w.value(at, 0, "_hparams_/session_start_info", null, name, begun, classTensor)
}

// What TensorFlow calls these.
const (
	typeFloat  = 1
	typeDouble = 2
	typeString = 7

	classScalar = 1
	classTensor = 2
	classBlob   = 3
)

// value writes a tensor under a tag for one of TensorBoard's plugins.
func (w *Writer) value(at time.Time, step int64, tag string, tensor []byte, plugin string, content []byte, class uint64) error {
	metadata := message(9, message(1, text(1, plugin), bytes(2, content)), number(4, class))
	return w.record(at, step, message(5, message(1, text(1, tag), bytes(8, tensor), metadata)))
}

// record writes an event with what it is of.
func (w *Writer) record(at time.Time, step int64, what []byte) error {
	if w.err != nil {
		return w.err
	}
	data := join(fixed(1, math.Float64bits(stamp(at))), number(2, uint64(step)), what)
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, checksum(data))
	_, w.err = w.w.Write(b)
	return w.err
}

// stamp is a time in seconds.
func stamp(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of record files: masked, because checksums of data with
// checksums in it are weak.
func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return c>>15 | c<<17 + 0xa282ead8
}

// The fields of messages: a number of a field, its kind, and what it holds.

func number(field int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(field)<<3|kindNumber), v)
}

func fixed(field int, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(nil, uint64(field)<<3|kindFixed), v)
}

func bytes(field int, v []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(field)<<3|kindBytes)
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func text(field int, v string) []byte { return bytes(field, []byte(v)) }

func message(field int, parts ...[]byte) []byte { return bytes(field, join(parts...)) }

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func boolean(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// shape is that of a tensor.
func shape(dims ...int) []byte {
	var b []byte
	for _, d := range dims {
		b = append(b, message(2, number(1, uint64(d)))...)
	}
	return bytes(2, b)
}

// The kinds of fields.
const (
	kindNumber = 0
	kindFixed  = 1
	kindBytes  = 2
	kindShort  = 5
)
