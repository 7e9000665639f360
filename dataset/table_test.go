package dataset

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/tensorfile"
)

func TestCSV(t *testing.T) {
	want := []byte{0, 1, 2, 255, 9, 8, 7, 6}
	for name, text := range map[string]string{
		"plain":     "3,0,1,2,255\n0,9,8,7,6\n",
		"no end":    "3,0,1,2,255\n0,9,8,7,6",
		"header":    "label,p0,p1,p2,p3\r\n3,0,1,2,255\r\n\r\n0,9,8,7,6\r\n",
		"class":     "\"p0\",\"p1\",\"Class\",\"p2\",\"p3\"\n0,1,\"3\",2,255\n9,8,0,7,6\n",
		"unnamed":   "digit,a,b,c,d\n3,0,1,2,255\n0,9,8,7,6\n",
		"semicolon": "\ufeff3;0;1;2;255\n0;9;8;7;6\n",
		"tab":       "3\t0\t1\t2\t255\n0\t9\t8\t7\t6\n",
		"spaces":    " 3, 0, 1, 2, 255\n 0, 9, 8, 7, 6\n",
		"floats":    "3.0,0.0,1e0,2.0,255.0\n0.0,9,8,7,6\n",
		"gzip":      string(gz([]byte("3,0,1,2,255\n0,9,8,7,6\n"))),
	} {
		s, err := decodeCSV(name, strings.NewReader(text), Options{})
		if err != nil || s.Rows != 2 || s.Cols != 2 || s.Classes != 4 || !slices.Equal(s.Labels, []uint8{3, 0}) || !slices.Equal(s.pixels, want) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	s, err := decodeCSV("x", strings.NewReader("1,1,2,3,4,5,6\n"), Options{Rows: 2, Cols: 3})
	if err != nil || s.Rows != 2 || s.Cols != 3 {
		t.Error(s, err)
	}
	for text, want := range map[string]string{
		"":                             "x: holds no images",
		"\n\n":                         "x: holds no images",
		"label,a\n":                    "x: holds no images",
		"7\n":                          "x:1: has one column",
		"1,2,3\n":                      "x:1: 3 columns are a label and 2 pixels, which are no square; give the rows and columns",
		"1,2\n1,2,3\n":                 "x:2: has more than 2 columns",
		"1,2,3,4,5\n1,2,3\n":           "x:2: has 3 columns, and 5 are before",
		"1,256\n":                      `x:1: pixel "256" in column 2; pixels are whole numbers from 0 to 255`,
		"1,0.5\n":                      `x:1: pixel "0.5" in column 2`,
		"1,-1\n":                       `x:1: pixel "-1" in column 2`,
		"1,nan\n1,inf\n":               `x:1: pixel "nan" in column 2`,
		"1,3\n1,\n":                    `x:2: pixel "" in column 2`,
		"cat,3\n1,2\ndog,4\n":          `x:3: label "dog"; labels are whole numbers from 0 to 255`,
		"label,class\n1,2\n":           "x:1: 2 columns are called label or class",
		"\x00\x01\x02":                 "x:1: is no text, and so no CSV file",
		"\x1f\x8b\x08":                 "x: gzip stream is damaged",
		"1," + strings.Repeat("9", 99): `"99999999999999999999"…`,
		string(gz(bytes.Repeat([]byte("1,2\n"), 99))[:30]): "cannot be read (unexpected EOF); fetch the file again",
	} {
		if s, err := decodeCSV("x", strings.NewReader(text), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %+v, %v; want %q", text, s, err, want)
		}
	}
}

// A line without an end does not take the memory that it would need.
func TestCSVEndlessLine(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := decodeCSV("x", &endlessOnes{}, Options{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "x:1: the line has more than 16777216 bytes") {
		t.Error(err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 6*maxLine {
		t.Errorf("it cost %d bytes", spent)
	}
}

type endlessOnes struct{}

func (*endlessOnes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}

// What is written as CSV is read as it was.
func TestCSVRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side, n := rapid.IntRange(1, 5).Draw(t, "side"), rapid.IntRange(1, 6).Draw(t, "images")
		pixels := rapid.SliceOfN(rapid.Byte(), n*side*side, n*side*side).Draw(t, "pixels")
		labels := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "labels")
		at := rapid.IntRange(0, side*side).Draw(t, "column of the label")
		var b strings.Builder
		row := func(label string, pixel func(i int) string) {
			var fields []string
			for i := range side * side {
				fields = append(fields, pixel(i))
			}
			b.WriteString(strings.Join(slices.Insert(fields, at, label), ",") + "\n")
		}
		row("label", func(i int) string { return fmt.Sprintf("p%d", i) })
		for k := range n {
			row(fmt.Sprint(labels[k]), func(i int) string { return fmt.Sprint(pixels[k*side*side+i]) })
		}
		s, err := decodeCSV("x", strings.NewReader(b.String()), Options{})
		if err != nil || !bytes.Equal(s.pixels, pixels) || !bytes.Equal(s.Labels, labels) {
			t.Fatalf("%v\n%s", err, b.String())
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"label,a\n1,2\n", "1,2,3,4,5\n", "\ufeff1;2", "1,2\n\n3,4,\n", string(gz([]byte("1,2\n")))} {
		f.Add([]byte(text), 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, rows int) {
		s, err := decodeCSV("x", bytes.NewReader(data), Options{Rows: rows, Cols: 1})
		if err == nil && (s.Len() == 0 || len(s.Labels) != s.Len() || len(s.Image(s.Len()-1)) != s.Rows*s.Cols) {
			t.Errorf("%+v", s)
		}
	})
}

func TestOpenCSV(t *testing.T) {
	table := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, "%d,%d\n", i%2, i)
		}
		return b.Bytes()
	}
	dir := write(t, map[string][]byte{"train.csv": table(20), "test.csv.gz": gz(table(6)), "all.CSV": table(20)})
	train, test, err := Open(dir)
	if err != nil || train.Len() != 20 || test.Len() != 6 || test.Classes != 2 {
		t.Error(train, test, err)
	}
	if alone, err := OpenTest(dir); err != nil || alone.Sum() != test.Sum() {
		t.Error(alone, err)
	}
	all := filepath.Join(dir, "all.CSV")
	train, test, err = Open(all)
	if err != nil || train.Len() != 16 || test.Len() != 4 || slices.Equal(train.Labels[:8], make([]uint8, 8)) || test.Source(0) != fmt.Sprintf("%s#%d", all, test.ID(0)) {
		t.Error(train, test, err)
	}
	if alone, err := OpenTest(all); err != nil || alone.Sum() != test.Sum() {
		t.Error(alone, err)
	}
	if alone, err := OpenTestWith(all, Options{Test: 1}); err != nil || alone.Len() != 20 {
		t.Error(alone, err)
	}
	for _, c := range []struct {
		spec string
		o    Options
		want string
	}{
		{dir, Options{Fit: Pad}, `fit "pad" has no effect: the data are no folder of pictures`},
		{dir, Options{Test: 0.3}, "test 0.3 has no effect"},
		{all, Options{Group: "x"}, `group "x" has no effect`},
		{all, Options{Test: 0.001}, "0.001 of 20 images is 0 to test on"},
		{write(t, map[string][]byte{"test.csv": table(6)}), Options{}, "has test.csv but no train.csv; add it"},
		{write(t, map[string][]byte{"train.csv": table(6), "test.csv": []byte("5,1\n")}), Options{}, "image 0 has label 5, but the labels of"},
		{write(t, map[string][]byte{"train.csv": table(6), "test.csv": []byte("0,1,1,1,1\n")}), Options{}, "images are 2x2, but those of"},
	} {
		if _, _, err := OpenWith(c.spec, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.spec, err, c.want)
		}
	}
}

// npz writes arrays to a file.
func npz(t testing.TB, arrays ...tensorfile.Tensor) string {
	t.Helper()
	var b bytes.Buffer
	if err := tensorfile.WriteNPZ(&b, &tensorfile.File{Tensors: arrays}, zip.Deflate); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "some.npz")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func array[T tensorfile.Element | int](name string, shape []int, values ...T) tensorfile.Tensor {
	a, err := tensorfile.From(name, shape, values)
	if err != nil {
		panic(err)
	}
	return a
}

func TestOpenNPZ(t *testing.T) {
	yTrain, yTest := array("y_train", []int{3}, uint8(2), 0, 1), array("y_test", []int{2, 1}, 1, 1)
	testBytes := array("x_test", []int{2, 1, 2}, uint8(9), 8, 7, 6)
	for _, c := range []struct {
		name      string
		train     tensorfile.Tensor
		test      tensorfile.Tensor
		wantTrain []byte
		wantTest  []byte
	}{
		{"bytes", array("x_train", []int{3, 1, 2}, uint8(0), 1, 2, 3, 4, 255), testBytes, []byte{0, 1, 2, 3, 4, 255}, []byte{9, 8, 7, 6}},
		{"one channel", array("x_train", []int{3, 1, 2, 1}, uint8(0), 1, 2, 3, 4, 255), testBytes, []byte{0, 1, 2, 3, 4, 255}, []byte{9, 8, 7, 6}},
		{"colours", array("x_train", []int{3, 1, 2, 3}, uint8(255), 255, 255, 0, 0, 0, 200, 100, 50, 1, 1, 1, 0, 0, 255, 0, 255, 0), testBytes,
			[]byte{255, 0, 124, 1, 29, 150}, []byte{9, 8, 7, 6}},
		{"to 1", array("x_train", []int{3, 1, 2}, float32(0), 0.5, 1, 0.25, 0.1, 0.9), array("x_test", []int{2, 1, 2}, float32(0), 0.5, 1, 1),
			[]byte{0, 128, 255, 64, 26, 229}, []byte{0, 128, 255, 255}},
		// Test pixels of at most 1 mean what the training images say.
		{"to 255", array("x_train", []int{3, 1, 2}, 0, 0.5, 1, 254.4, 254.5, 255), array("x_test", []int{2, 1, 2}, 0, 0.5, 1, 1),
			[]byte{0, 1, 1, 254, 255, 255}, []byte{0, 1, 1, 1}},
	} {
		path := npz(t, c.train, c.test, yTrain, yTest)
		train, test, err := Open(path)
		if err != nil || !slices.Equal(train.pixels, c.wantTrain) || !slices.Equal(test.pixels, c.wantTest) || train.Rows != 1 || train.Cols != 2 || test.Classes != 3 {
			t.Errorf("%s: %+v, %+v, %v", c.name, train, test, err)
		}
		if alone, err := OpenTest(path); err != nil || !slices.Equal(alone.pixels, c.wantTest) {
			t.Errorf("%s: %+v, %v", c.name, alone, err)
		}
	}
	x := array("x_train", []int{3, 1, 2}, uint8(0), 1, 2, 3, 4, 255)
	path := npz(t, x, yTrain)
	train, test, err := OpenWith(path, Options{Test: 0.4})
	if err != nil || train.Len() != 2 || test.Len() != 1 {
		t.Error(train, test, err)
	}
	if alone, err := OpenTestWith(path, Options{Test: 0.4}); err != nil || alone.Sum() != test.Sum() {
		t.Error(alone, err)
	}
	if alone, err := OpenTest(npz(t, testBytes, yTest)); err != nil || alone.Len() != 2 {
		t.Error(alone, err)
	}
	for _, c := range []struct {
		arrays []tensorfile.Tensor
		want   string
	}{
		{[]tensorfile.Tensor{yTrain, testBytes}, "has no array x_train; it has y_train, x_test"},
		{[]tensorfile.Tensor{x}, `y_train`},
		{[]tensorfile.Tensor{x, array("y_train", []int{2}, 0, 1)}, "y_train is I64 [2]; for 3 images there must be as many whole numbers"},
		{[]tensorfile.Tensor{x, array("y_train", []int{3}, float32(0), 1, 0)}, "y_train is F32 [3]"},
		{[]tensorfile.Tensor{x, array("y_train", []int{3}, 0, 1, 256)}, "label 256 of image 2; labels must be from 0 to 255"},
		{[]tensorfile.Tensor{x, array("y_train", []int{3}, 0, 1, -1)}, "label -1 of image 2"},
		{[]tensorfile.Tensor{array("x_train", []int{3}, uint8(1), 2, 3), yTrain}, "x_train has the shape [3]; it must be images x rows x columns"},
		{[]tensorfile.Tensor{array("x_train", []int{0, 1, 2}, []uint8{}...), array("y_train", []int{0}, []int{}...)}, "x_train has the shape [0 1 2]; there must be images"},
		{[]tensorfile.Tensor{array("x_train", []int{1, 1, 1, 2}, uint8(1), 2), yTrain}, "perhaps x 1 or x 3 colours"},
		{[]tensorfile.Tensor{array("x_train", []int{3, 1, 1}, int64(1), 2, 3), yTrain}, "x_train is of the type I64"},
		{[]tensorfile.Tensor{array("x_train", []int{3, 1, 1}, float32(1), 256, 3), yTrain}, "value 256 of image 1; floats must be"},
		{[]tensorfile.Tensor{array("x_train", []int{3, 1, 1}, float32(1), -1, 1), yTrain}, "value -1 of image 1"},
		{[]tensorfile.Tensor{x, yTrain, testBytes, array("y_test", []int{2}, 3, 0)}, "image 0 has label 3, but the labels of"},
		{[]tensorfile.Tensor{x, yTrain, array("x_test", []int{1, 2, 2}, uint8(9), 8, 7, 6), array("y_test", []int{1}, 0)}, "images are 2x2, but those of"},
	} {
		if _, _, err := Open(npz(t, c.arrays...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
	if _, _, err := OpenWith(npz(t, x, yTrain, testBytes, yTest), Options{Test: 0.5}); err == nil || !strings.Contains(err.Error(), "has no effect") {
		t.Error(err)
	}
}

// Any archive gives sets or an error.
func FuzzNPZ(f *testing.F) {
	for _, path := range []string{
		npz(f, array("x_train", []int{2, 1, 1}, uint8(1), 2), array("y_train", []int{2}, 0, 1)),
		npz(f, array("x_train", []int{2, 1, 1, 3}, float32(1), 1, 1, 0, 0, 0), array("y_train", []int{2}, 0, 1), array("x_test", []int{1, 1, 1}, 0.5), array("y_test", []int{1}, 1)),
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, fmt.Sprintf("%d.npz", os.Getpid()))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if train, test, err := openNPZ(path, Options{}); err == nil && (train.Len() == 0 || test.Len() == 0 || train.Classes != test.Classes) {
			t.Errorf("%+v, %+v", train, test)
		}
		if test, err := openTestNPZ(path, Options{}); err == nil && test.Len() == 0 {
			t.Errorf("%+v", test)
		}
	})
}

func TestCatalogue(t *testing.T) {
	for _, k := range Catalogue() {
		if k.Name == "" || k.About == "" || k.Licence == "" || k.Origin == "" || !Named(k.Name) || Inside(k.Name) {
			t.Errorf("%+v", k)
		}
		for _, f := range k.Files {
			if len(f.SHA256) != 64 || f.Bytes <= 0 || f.Name != filepath.Base(f.Name) {
				t.Errorf("%s: %+v", k.Name, f)
			}
		}
		for _, m := range k.Mirrors {
			if !strings.HasSuffix(m, "/") {
				t.Errorf("%s: %s", k.Name, m)
			}
		}
	}
	if _, ok := Lookup("nothing"); ok || Named("./mnist") || !Named("mnist:3,8") {
		t.Error("names")
	}
	t.Setenv(FolderEnv, t.TempDir())
	folder, err := Folder()
	if err != nil || folder != os.Getenv(FolderEnv) {
		t.Error(folder, err)
	}
	dir := filepath.Join(folder, "fashion-mnist")
	if err := os.CopyFS(dir, os.DirFS(write(t, standard()))); err != nil {
		t.Fatal(err)
	}
	train, test, err := Open("fashion-mnist")
	if err != nil || train.Name != "fashion-mnist/train" || test.ClassName(8) != "bag" || test.Classes != 10 || train.ClassName(99) != "99" {
		t.Error(train, test, err)
	}
	if alone, err := OpenTest("fashion-mnist"); err != nil || alone.Sum() != test.Sum() || alone.Names == nil {
		t.Error(alone, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "t10k-images-idx3-ubyte"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open("fashion-mnist"); err == nil || !strings.Contains(err.Error(), `firstspike data get fashion-mnist fetches them anew`) {
		t.Error(err)
	}
	if _, err := OpenTest("fashion-mnist"); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Error(err)
	}
	k := Known{Name: "some", Package: "dataset-some", Path: filepath.Join(dir, "gone")}
	for _, err := range []error{second(k.open(Options{})), third(k.openTest(Options{}))} {
		if err == nil || !strings.Contains(err.Error(), `data "some": is not on this machine`) {
			t.Error(err)
		}
	}
	if _, _, err := Open("Fashion-MNIST"); err == nil || !strings.Contains(err.Error(), `write "fashion-mnist" in small letters`) {
		t.Error(err)
	}
}

func second(_, _ *Set, err error) error { return err }
func third(_ *Set, err error) error     { return err }

func TestAudit(t *testing.T) {
	set := func(labels []uint8, pixels ...byte) *Set {
		s, err := New("s", 1, 2, pixels, labels)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a := set([]uint8{0, 1, 1, 1}, 1, 2, 3, 3, 1, 2, 5, 6)
	b := set([]uint8{0, 1}, 1, 2, 7, 8)
	got := AuditOf(a, b)
	if !slices.Equal(got.Flat, []Place{{0, 1}}) || len(got.Equal) != 1 || !slices.Equal(got.Equal[0], []Place{{0, 0}, {0, 2}, {1, 0}}) {
		t.Errorf("%+v", got)
	}
	if !a.Sorted() || set([]uint8{1, 0}, 1, 2, 3, 4).Sorted() || set([]uint8{0, 0}, 1, 2, 3, 4).Sorted() || new(Set).Sorted() {
		t.Error("sorted")
	}
	if !slices.Equal(a.Counts(), []int{1, 3}) {
		t.Error(a.Counts())
	}
	if only, err := a.Only(1); err != nil || only.Len() != 3 {
		t.Error(errors.Join(err))
	}
}
