package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The names under which MNIST and its successors in the same format are published. Some copies have a dot for the dash
// before "idx", and each may be compressed.
const (
	trainImagesName = "train-images-idx3-ubyte"
	trainLabelsName = "train-labels-idx1-ubyte"
	testImagesName  = "t10k-images-idx3-ubyte"
	testLabelsName  = "t10k-labels-idx1-ubyte"
)

// Open is [OpenWith] without options.
func Open(spec string) (train, test *Set, err error) { return OpenWith(spec, Options{}) }

// OpenWith returns the training and the test part of the data set that spec names:
//
//   - "mnist": MNIST, embedded in the program. A directory of that name is "./mnist".
//   - "mnist:3,8": of MNIST the images of these digits, which become the classes 0 and 1. See [Set.Only].
//   - "bars": see [Bars].
//   - "fashion-mnist", "nmnist": data sets that are looked for on this machine, see [Catalogue].
//   - a directory with the four IDX files of MNIST, Fashion-MNIST, KMNIST and their like: see [OpenDir].
//   - a directory with a folder of pictures for each class, in PNG, JPEG or GIF and of any size; or with two folders, called
//     train and test, training and testing, LearningSet and TestingSet or similar, that hold such folders. A folder val is
//     taken for neither. The classes are the names of the folders, sorted by bytes, of the training part if there are two.
//     Pictures become grey as [Decode] says and fit as [Natural] says. Their order is drawn: in the order of classes, then
//     names, every picture of a part, or of both where they are not apart, gets the next Uint64 of math/rand/v2's PCG
//     generator with the seed (Options.Seed, 0x6f72646572), and they come by ascending numbers.
//   - a directory in the layout of N-MNIST: two folders as above with a folder of recordings for each class, .bin files. They
//     come in the order of their files' names, not class by class. The sensor has 34x34 pixels, as that of N-MNIST, or
//     Rows x Cols if either is larger. See [Set].Events.
//   - a CSV file, or a directory with train.csv and perhaps test.csv, plain or as .csv.gz: a row is an image, its label, 0 to
//     255, stands in the column that a header calls label or class, in the first if there is none, and all others are pixels,
//     0 to 255, row by row.
//   - an npz file with the arrays x_train, y_train and perhaps x_test, y_test, as Keras has it: images x rows x columns, of
//     whole numbers from 0 to 255, or of floats, from 0 to 1 if no training pixel is above 1, otherwise from 0 to 255,
//     rounded half up. A fourth dimension of 1 or 3 is grey or colours, which become grey by their luma as in Decode.
//
// Where there is no part for the test, a fraction of the images is held out for it. Every class gives its share, rounded as
// [Stratified] says; pictures of one group, see [Options], stay together, as near to that as they can. It depends on the
// options, and on the order of the images, which for pictures is that of classes, then names; it is the same on every machine.
//
// Files that cannot be read are never passed over: the error names the first ten. Options that can have no effect on what
// spec names are an error as well, but for Rows, Cols and Seed.
func OpenWith(spec string, o Options) (train, test *Set, err error) {
	if err := o.Check(); err != nil {
		return nil, nil, err
	}
	if o.Test == 1 {
		return nil, nil, fmt.Errorf("data %q: a test part of all images leaves none to learn from; give a fraction below 1", spec)
	}
	if Inside(spec) {
		if err := o.unused(spec, false, true); err != nil {
			return nil, nil, err
		}
		return inside(spec)
	}
	if k, ok := Lookup(spec); ok {
		return k.open(o)
	}
	f, ok := formatOf(spec)
	switch {
	case ok:
		return f.open(spec, o)
	case isDir(spec):
		return nil, nil, nothingIn(spec, trainImagesName, trainLabelsName, testImagesName, testLabelsName)
	case strings.Contains(spec, ",") && !exists(spec):
		return nil, nil, fmt.Errorf("data %q: a pair of files has no training part; give %s", spec, wanted)
	}
	return nil, nil, notData(spec, wanted)
}

// OpenTest is [OpenTestWith] without options.
func OpenTest(spec string) (*Set, error) { return OpenTestWith(spec, Options{}) }

// OpenTestWith returns a data set to test on:
//
//   - what [OpenWith] takes: its test part. Where that is in files of its own, those to train on need not be there; the
//     classes of pictures are then the folders of the test part.
//   - "images,labels": two IDX files, separated by a comma. See [ReadIDX].
//
// Options that can have no effect on what spec names are not looked at, so that those of a model serve for other data too.
func OpenTestWith(spec string, o Options) (*Set, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if Inside(spec) {
		return insideTest(spec)
	}
	if k, ok := Lookup(spec); ok {
		return k.openTest(o)
	}
	if images, labels, ok := strings.Cut(spec, ","); ok && !exists(spec) {
		if images == "" || labels == "" || strings.Contains(labels, ",") {
			return nil, fmt.Errorf("data %q: give two IDX files as IMAGES,LABELS, neither with a comma in its name", spec)
		}
		return ReadIDX(images, labels)
	}
	f, ok := formatOf(spec)
	switch {
	case ok:
		return f.openTest(spec, o)
	case isDir(spec):
		return nil, nothingIn(spec, testImagesName, testLabelsName)
	}
	return nil, notData(spec, wanted+", or two IDX files as IMAGES,LABELS")
}

// A format is a kind of data in files.
type format struct {
	open     func(path string, o Options) (train, test *Set, err error)
	openTest func(path string, o Options) (*Set, error)
}

// formatOf says of which format the directory or file at path is, by the names in it and by first bytes.
func formatOf(path string) (f format, ok bool) {
	switch {
	case isFile(path) && strings.HasPrefix(string(head(path)), "PK\x03\x04"):
		return format{openNPZ, openTestNPZ}, true
	case isFile(path) && isCSV(path):
		return format{openCSV, openTestCSV}, true
	case !isDir(path):
		return f, false
	case hasIDX(path):
		return format{openIDX, openTestIDX}, true
	case csvIn(path, "train") != "" || csvIn(path, "test") != "":
		return format{openCSV, openTestCSV}, true
	case hasRecordings(path):
		return format{openRecordings, openTestRecordings}, true
	case hasPictures(path):
		return format{openPictures, openTestPictures}, true
	}
	return f, false
}

// wanted is what a spec can be.
const wanted = `"mnist", "fashion-mnist", "nmnist", a directory with IDX files, with CSV files or with a folder of pictures or of recordings for each class, or a CSV or npz file`

// nothingIn says what a directory lacks in which no data are found.
func nothingIn(dir string, idx ...string) error {
	_, err := find(dir, idx...)
	return fmt.Errorf("%w; train.csv and a folder of pictures for each class are not there either", err)
}

func openIDX(dir string, o Options) (train, test *Set, err error) {
	if err := o.unused(dir, false, true); err != nil {
		return nil, nil, err
	}
	return OpenDir(dir)
}

func openTestIDX(dir string, _ Options) (*Set, error) {
	found, err := find(dir, testImagesName, testLabelsName)
	if err != nil {
		return nil, err
	}
	return ReadIDX(found[0], found[1])
}

// hasIDX reports whether one of the four files is in dir.
func hasIDX(dir string) bool {
	for _, name := range []string{trainImagesName, trainLabelsName, testImagesName, testLabelsName} {
		if _, err := find(dir, name); err == nil {
			return true
		}
	}
	return false
}

// OpenDir reads the data set in a directory that holds train-images-idx3-ubyte, train-labels-idx1-ubyte,
// t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte. In each name the dash before idx may be a dot, and .gz may follow;
// of several such files the plain one is read, and of two plain ones the one with the dash.
//
// Beyond what [ReadIDX] checks, both parts must have images of one size, and no test label may be larger than the largest
// training label. Classes is the same for both.
func OpenDir(dir string) (train, test *Set, err error) {
	found, err := find(dir, trainImagesName, trainLabelsName, testImagesName, testLabelsName)
	if err != nil {
		return nil, nil, err
	}
	// The test part is the smaller one and fails sooner.
	if test, err = ReadIDX(found[2], found[3]); err != nil {
		return nil, nil, err
	}
	if train, err = ReadIDX(found[0], found[1]); err != nil {
		return nil, nil, err
	}
	if err := belong(train, test, found[1], found[3]); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// belong checks that two parts can be of one data set, and gives the second the classes of the first. Their labels are from
// the files that are named.
func belong(train, test *Set, trainLabels, testLabels string) error {
	if train.Rows != test.Rows || train.Cols != test.Cols {
		return fmt.Errorf("%s: images are %dx%d, but those of %s are %dx%d; give a directory whose files belong together",
			test.Name, test.Rows, test.Cols, train.Name, train.Rows, train.Cols)
	}
	for i, l := range test.Labels {
		if int(l) >= train.Classes {
			return fmt.Errorf("%s: image %d has label %d, but the labels of %s end at %d; give a directory whose files belong together",
				testLabels, i, l, trainLabels, train.Classes-1)
		}
	}
	test.Classes = train.Classes
	return nil
}

// find returns the paths of the files with these standard names in dir, or an error that lists all that are missing.
func find(dir string, names ...string) ([]string, error) {
	var found, missing []string
	for _, name := range names {
		dotted := strings.Replace(name, "-idx", ".idx", 1)
		at := len(found)
		for _, candidate := range []string{name, dotted, name + ".gz", dotted + ".gz"} {
			path := filepath.Join(dir, candidate)
			// Some archives unpack to a directory of the file's name beside the file.
			if st, err := os.Stat(path); err == nil && !st.IsDir() {
				found = append(found, path)
				break
			}
		}
		if len(found) == at {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("%s: has no %s (plain or with .gz); give the directory that holds the data set's IDX files under these names",
			dir, strings.Join(missing, ", "))
	}
	return found, nil
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// head is how the file at path begins.
func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, sniffLen)
	n, _ := io.ReadFull(f, b)
	return b[:n]
}

// notData says why spec names no data set, and what would.
func notData(spec, want string) error {
	for _, name := range append(names(), "mnist", "bars") {
		if strings.EqualFold(spec, name) {
			return fmt.Errorf("data %q: write %q in small letters", spec, name)
		}
	}
	if exists(spec) {
		return fmt.Errorf("data %q: is a single file; give %s", spec, want)
	}
	return fmt.Errorf("data %q: no such directory; give %s", spec, want)
}
