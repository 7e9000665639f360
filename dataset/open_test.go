package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// standard returns the files of a small data set under their usual names.
func standard() map[string][]byte {
	return map[string][]byte{
		"train-images-idx3-ubyte.gz": gz(goodImages),
		"train-labels-idx1-ubyte.gz": gz(goodLabels),
		"t10k-images-idx3-ubyte":     idx(magicImages, []uint32{2, 2, 2}, 9, 8, 7, 6, 5, 4, 3, 2),
		"t10k-labels.idx1-ubyte":     idx(magicLabels, []uint32{2}, 3, 1),
	}
}

func TestOpen(t *testing.T) {
	dir := write(t, standard())
	// An archive tool made a directory of the name that is looked for.
	if err := os.Mkdir(filepath.Join(dir, "train-images-idx3-ubyte"), 0o777); err != nil {
		t.Fatal(err)
	}
	train, test, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 3 || test.Len() != 2 || train.Classes != 5 || test.Classes != 5 {
		t.Errorf("train %+v, test %+v", train, test)
	}
	if train.Name != filepath.Join(dir, "train-images-idx3-ubyte.gz") || test.Label(1) != 1 || test.Image(1)[0] != 5 {
		t.Errorf("train %+v, test %+v", train, test)
	}
	alone, err := OpenTest(dir)
	if err != nil || alone.Sum() != test.Sum() {
		t.Error(alone, err)
	}
	pair, err := OpenTest(filepath.Join(dir, "t10k-images-idx3-ubyte") + "," + filepath.Join(dir, "t10k-labels.idx1-ubyte"))
	if err != nil || pair.Sum() != test.Sum() {
		t.Error(pair, err)
	}

	train, test, err = Open("mnist")
	if err != nil || train.Sum() != trainSum || test.Sum() != testSum {
		t.Error("mnist:", err)
	}
	if alone, err := OpenTest("mnist"); err != nil || alone != test {
		t.Error("mnist:", err)
	}
}

// A directory whose name has a comma is a directory.
func TestOpenTestDirectoryWithComma(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a,b")
	if err := os.Rename(write(t, standard()), dir); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenTest(dir); err != nil || s.Len() != 2 {
		t.Error(s, err)
	}
}

// For testing, the training files need not be there.
func TestOpenTestWithoutTraining(t *testing.T) {
	files := standard()
	delete(files, "train-images-idx3-ubyte.gz")
	delete(files, "train-labels-idx1-ubyte.gz")
	if s, err := OpenTest(write(t, files)); err != nil || s.Len() != 2 {
		t.Error(s, err)
	}
}

func TestOpenDirPrefersPlainAndDash(t *testing.T) {
	files := standard()
	files["t10k-labels-idx1-ubyte.gz"] = []byte("not read")
	files["t10k-images.idx3-ubyte"] = []byte("not read")
	if _, test, err := OpenDir(write(t, files)); err != nil || test.Len() != 2 {
		t.Error(test, err)
	}
}

func TestOpenDirErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(files map[string][]byte)
		want   string // with * for the directory and a slash
	}{
		{
			"missing",
			func(f map[string][]byte) {
				delete(f, "train-labels-idx1-ubyte.gz")
				delete(f, "t10k-images-idx3-ubyte")
			},
			"DIR: has no train-labels-idx1-ubyte, t10k-images-idx3-ubyte (plain or with .gz); give the directory that holds the data set's IDX files under these names",
		},
		{
			"size",
			func(f map[string][]byte) {
				f["t10k-images-idx3-ubyte"] = idx(magicImages, []uint32{2, 1, 2}, 1, 2, 3, 4)
			},
			"*t10k-images-idx3-ubyte: images are 1x2, but those of *train-images-idx3-ubyte.gz are 2x2; give a directory whose files belong together",
		},
		{
			"classes",
			func(f map[string][]byte) { f["t10k-labels.idx1-ubyte"] = idx(magicLabels, []uint32{2}, 4, 5) },
			"*t10k-labels.idx1-ubyte: image 1 has label 5, but the labels of *train-labels-idx1-ubyte.gz end at 4; give a directory whose files belong together",
		},
		{
			"truncated",
			func(f map[string][]byte) {
				f["train-images-idx3-ubyte.gz"] = gz(goodImages)[:30]
			},
			"*train-images-idx3-ubyte.gz: gzip stream is truncated after 9 of 12 bytes of pixels; fetch the file again",
		},
		{
			"test",
			func(f map[string][]byte) { f["t10k-images-idx3-ubyte"] = nil },
			"*t10k-images-idx3-ubyte: is empty; fetch the file again",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := standard()
			tc.change(files)
			dir := write(t, files)
			_, _, err := Open(dir)
			want := strings.ReplaceAll(strings.ReplaceAll(tc.want, "*", dir+string(filepath.Separator)), "DIR", dir)
			if err == nil || err.Error() != want {
				t.Errorf("error\n%v, want\n%s", err, want)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := write(t, map[string][]byte{"images": goodImages, "labels": goodLabels})
	images, labels := filepath.Join(dir, "images"), filepath.Join(dir, "labels")
	onlyTrain := func(spec string) error {
		_, _, err := Open(spec)
		return err
	}
	onlyTest := func(spec string) error {
		_, err := OpenTest(spec)
		return err
	}
	for _, tc := range []struct {
		open func(string) error
		spec string
		want string
	}{
		{onlyTrain, "", `data "": no such directory; give ` + wanted},
		{onlyTrain, "fashion", `data "fashion": no such directory; give ` + wanted},
		{onlyTrain, "MNIST", `data "MNIST": write "mnist" in small letters`},
		{onlyTrain, images, `data "` + images + `": is a single file; give ` + wanted},
		{onlyTrain, images + "," + labels, `data "` + images + "," + labels + `": a pair of files has no training part; give ` + wanted},
		{onlyTest, "fashion", `data "fashion": no such directory; give ` + wanted + `, or two IDX files as IMAGES,LABELS`},
		{onlyTest, images, `data "` + images + `": is a single file; give ` + wanted + `, or two IDX files as IMAGES,LABELS`},
		{onlyTest, "a,", `data "a,": give two IDX files as IMAGES,LABELS, neither with a comma in its name`},
		{onlyTest, "a,b,c", `data "a,b,c": give two IDX files as IMAGES,LABELS, neither with a comma in its name`},
		{onlyTest, labels + "," + images, images + ": IDX magic 0x00000803 announces images; labels need 0x00000801"},
		{onlyTest, dir, dir + ": has no t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (plain or with .gz); give the directory that holds the data set's IDX files under these names; train.csv and a folder of pictures for each class are not there either"},
	} {
		if err := tc.open(tc.spec); err == nil || err.Error() != tc.want {
			t.Errorf("error\n%v, want\n%s", err, tc.want)
		}
	}
}
