package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"firstspike/event"
	"firstspike/internal/parallel"
)

const (
	recordingEnd    = ".bin"
	recordingSensor = 34 // rows and columns of N-MNIST's sensor
)

// NewRecordings returns a set of recordings by an event camera of rows x cols pixels, 1 to 256 each: Events is true, and
// [Set.Image] returns a recording as it is. Labels has one label per recording, or is nil. The set keeps all slices. It is an
// error, which names the first such recording, if one is not made of events of five bytes in the sensor and in order of time.
func NewRecordings(name string, rows, cols int, recordings [][]byte, labels []uint8) (*Set, error) {
	if rows < 1 || cols < 1 || rows > event.MaxSide || cols > event.MaxSide {
		return nil, fmt.Errorf("%s: a sensor of %dx%d pixels; both sides must be 1 to %d", name, rows, cols, event.MaxSide)
	}
	if labels != nil && len(labels) != len(recordings) {
		return nil, fmt.Errorf("%s: %d labels for %d recordings; give one label per recording, or none at all", name, len(labels), len(recordings))
	}
	var events []event.Event
	for i, r := range recordings {
		var err error
		if events, err = event.Decode(r, rows, cols, events[:0]); err != nil {
			return nil, fmt.Errorf("%s: recording %d: %w", name, i, err)
		}
	}
	s := &Set{Name: name, Rows: rows, Cols: cols, Labels: labels, Events: true, n: len(recordings), recordings: recordings}
	if len(labels) > 0 {
		s.Classes = int(slices.Max(labels)) + 1
	}
	return s, nil
}

// recordingsSum is the SHA-256, in hexadecimal, of a set of recordings as [Set.Sum] tells.
func (s *Set) recordingsSum() string {
	h := sha256.New()
	fmt.Fprintf(h, "events %d %d %d\n", s.Len(), s.Rows, s.Cols)
	var length [4]byte
	for i := range s.Len() {
		r := s.Image(i)
		binary.BigEndian.PutUint32(length[:], uint32(len(r)))
		h.Write(length[:])
		h.Write(r)
	}
	if s.Labels != nil {
		encodeLabels(h, s.Labels)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hasRecordings reports whether a folder has the layout of N-MNIST: train and test, and folders of .bin files in them.
func hasRecordings(dir string) bool {
	learn, held, err := parts(dir)
	if err != nil {
		return false
	}
	for _, part := range []string{learn, held} {
		if part == "" {
			continue
		}
		classes, _ := subfolders(part)
		for _, class := range classes {
			if f, err := os.Open(filepath.Join(part, class)); err == nil {
				names, _ := f.Readdirnames(mostNamed)
				f.Close()
				if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(filepath.Ext(n), recordingEnd) }) {
					return true
				}
			}
		}
	}
	return false
}

func openRecordings(dir string, o Options) (train, test *Set, err error) {
	if err := o.unused(dir, false, true); err != nil {
		return nil, nil, err
	}
	learn, held, err := parts(dir)
	switch {
	case err != nil:
		return nil, nil, err
	case learn == "":
		return nil, nil, fmt.Errorf("%s: has no folder Train with a folder of recordings for each class; give the folder that holds Train and Test", dir)
	case held == "":
		return nil, nil, fmt.Errorf("%s: has no folder Test with a folder of recordings for each class; give the folder that holds Train and Test", dir)
	}
	// The test part is the smaller one and fails sooner; the classes are those of the training part.
	classes, err := subfolders(learn)
	if err != nil {
		return nil, nil, err
	}
	test, testErr := readRecordings(held, classes, o)
	train, trainErr := readRecordings(learn, classes, o)
	return train, test, errors.Join(trainErr, testErr)
}

func openTestRecordings(dir string, o Options) (*Set, error) {
	_, held, err := parts(dir)
	switch {
	case err != nil:
		return nil, err
	case held == "":
		return nil, fmt.Errorf("%s: has no folder Test with a folder of recordings for each class", dir)
	}
	return readRecordings(held, nil, o)
}

// readRecordings reads a part. Recordings come in the order of their files' names, which in N-MNIST are the numbers of
// MNIST's images, and not class by class. The error names the first ten files that cannot be read.
func readRecordings(dir string, classes []string, o Options) (*Set, error) {
	if classes == nil {
		var err error
		if classes, err = subfolders(dir); err != nil {
			return nil, err
		}
	}
	files, err := recordingFiles(dir, classes)
	if err != nil {
		return nil, err
	}
	rows, cols := recordingSensor, recordingSensor
	if o.Rows > rows || o.Cols > cols {
		rows, cols = o.Rows, o.Cols
	}
	if rows > event.MaxSide || cols > event.MaxSide {
		return nil, fmt.Errorf("%s: a sensor of %dx%d pixels; recordings in this form have at most %dx%d", dir, rows, cols, event.MaxSide, event.MaxSide)
	}
	n := len(files)
	s := &Set{Name: dir, Rows: rows, Cols: cols, Classes: len(classes), Names: classes, Events: true, n: n}
	s.recordings, s.Labels, s.files = make([][]byte, n), make([]uint8, n), make([]string, n)
	faults := make([]error, n)
	parallel.Each(context.Background(), n, runtime.GOMAXPROCS(0), func() func(int) {
		var events []event.Event
		return func(i int) {
			s.files[i], s.Labels[i] = files[i].path, files[i].label
			s.recordings[i], faults[i] = readRecording(files[i].path, rows, cols, &events)
		}
	})
	var broken faultList
	total := 0
	for i, f := range faults {
		broken.add(f)
		total += len(s.recordings[i])
	}
	if err := broken.err(); err != nil {
		return nil, err
	}
	if total > maxBytes {
		return nil, fmt.Errorf("%s: its recordings have more than %d bytes together; use fewer", dir, maxBytes)
	}
	return s, nil
}

// A recordingFile is a file of a class.
type recordingFile struct {
	path  string
	label uint8
}

// recordingFiles lists the files of a part in the order of their names. A class may have none.
func recordingFiles(dir string, classes []string) (files []recordingFile, err error) {
	if len(classes) > 256 {
		return nil, fmt.Errorf("%s: %d classes, and there can be at most 256", dir, len(classes))
	}
	folders, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	var faults faultList
	for _, class := range folders {
		at := filepath.Join(dir, class)
		label := slices.Index(classes, class)
		if label < 0 {
			faults.add(fmt.Errorf("%s: there is no class %s among the training recordings; the classes are %s", at, class, shortList(classes)))
			continue
		}
		entries, err := os.ReadDir(at)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			path := filepath.Join(at, e.Name())
			switch {
			case hidden(e.Name()):
			case isDir(path):
				faults.add(fmt.Errorf("%s: is a folder inside a class; put its recordings into %s itself", path, at))
			case !strings.EqualFold(filepath.Ext(path), recordingEnd):
				faults.add(fmt.Errorf("%s: is among recordings, but its name does not end in %s; move it away", path, recordingEnd))
			case !isFile(path):
				faults.add(fmt.Errorf("%s: is no regular file; copy its bytes into one, or remove it", path))
			default:
				files = append(files, recordingFile{path, uint8(label)})
			}
		}
	}
	if len(files) == 0 {
		faults.add(fmt.Errorf("%s: holds no recordings, which are files named *%s in a folder for each class", dir, recordingEnd))
	}
	slices.SortStableFunc(files, func(a, b recordingFile) int { return strings.Compare(filepath.Base(a.path), filepath.Base(b.path)) })
	return files, faults.err()
}

// readRecording reads a file and checks it, with the events as working memory.
func readRecording(path string, rows, cols int, events *[]event.Event) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > event.MaxFile {
		return nil, fmt.Errorf("%s: has %d bytes, and at most %d are read of one recording", path, info.Size(), event.MaxFile)
	}
	data = make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: cannot be read to its end: %w", path, err)
	}
	if *events, err = event.Decode(data, rows, cols, (*events)[:0]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
