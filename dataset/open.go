package dataset

import (
	"fmt"
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

// Open returns the training and the test part of the data set that spec names:
//
//   - "mnist": MNIST, embedded in the program. A directory of that name is "./mnist".
//   - "mnist:3,8": of MNIST the images of these digits, which become the classes 0 and 1. See [Set.Only].
//   - "bars": see [Bars].
//   - a directory with the four IDX files of MNIST, Fashion-MNIST, KMNIST and their like: see [OpenDir].
func Open(spec string) (train, test *Set, err error) {
	if Inside(spec) {
		return inside(spec)
	}
	if isDir(spec) {
		return OpenDir(spec)
	}
	if _, _, ok := strings.Cut(spec, ","); ok {
		return nil, nil, fmt.Errorf("data %q: a pair of files has no training part; give \"mnist\" or a directory with the four IDX files", spec)
	}
	return nil, nil, notData(spec, "\"mnist\" or a directory with the four IDX files")
}

// OpenTest returns a data set to test on:
//
//   - "mnist", "mnist:3,8", "bars": the test part of what [Open] returns for it.
//   - a directory: the test part of the data set in it. Its training files need not be there.
//   - "images,labels": two IDX files, separated by a comma. See [ReadIDX].
func OpenTest(spec string) (*Set, error) {
	if Inside(spec) {
		return insideTest(spec)
	}
	if isDir(spec) {
		found, err := find(spec, testImagesName, testLabelsName)
		if err != nil {
			return nil, err
		}
		return ReadIDX(found[0], found[1])
	}
	if images, labels, ok := strings.Cut(spec, ","); ok {
		if images == "" || labels == "" || strings.Contains(labels, ",") {
			return nil, fmt.Errorf("data %q: give two IDX files as IMAGES,LABELS, neither with a comma in its name", spec)
		}
		return ReadIDX(images, labels)
	}
	return nil, notData(spec, "\"mnist\", a directory with IDX files, or two IDX files as IMAGES,LABELS")
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
	if train.Rows != test.Rows || train.Cols != test.Cols {
		return nil, nil, fmt.Errorf("%s: images are %dx%d, but those of %s are %dx%d; give a directory whose files belong together",
			found[2], test.Rows, test.Cols, found[0], train.Rows, train.Cols)
	}
	for i, l := range test.Labels {
		if int(l) >= train.Classes {
			return nil, nil, fmt.Errorf("%s: image %d has label %d, but the labels of %s end at %d; give a directory whose files belong together",
				found[3], i, l, found[1], train.Classes-1)
		}
	}
	test.Classes = train.Classes
	return train, test, nil
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

// notData says why spec names no data set, and what would.
func notData(spec, want string) error {
	switch _, err := os.Stat(spec); {
	case strings.EqualFold(spec, "mnist"):
		return fmt.Errorf("data %q: write \"mnist\" in small letters", spec)
	case err == nil:
		return fmt.Errorf("data %q: is a single file; give %s", spec, want)
	}
	return fmt.Errorf("data %q: no such directory; give %s", spec, want)
}
