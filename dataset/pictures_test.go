package dataset

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tree writes files with folders to a new directory and returns it.
func tree(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, data, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// picture is a PNG image of one level but for its first pixel.
func picture(t testing.TB, rows, cols int, level byte) []byte {
	t.Helper()
	pixels := make([]byte, rows*cols)
	for i := range pixels {
		pixels[i] = level
	}
	pixels[0] = 255
	return encodePNG(t, greyImage(pixels, rows, cols))
}

// album is a folder with so many pictures of each class, 8 by 6 pixels, called by class, object and view: a1-2.png. The class
// and the number of a picture are its level.
func album(t testing.TB, classes string, objects, views int) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for c, class := range classes {
		for o := range objects {
			for v := range views {
				files[fmt.Sprintf("%c/%c%d-%d.png", class, class, o, v)] = picture(t, 8, 6, byte(100*c+10*o+v))
			}
		}
	}
	return files
}

func TestOpenPictures(t *testing.T) {
	files := map[string][]byte{
		"LearningSet/dog/1.png": picture(t, 8, 6, 10), "LearningSet/dog/2.PNG": picture(t, 8, 6, 11),
		"LearningSet/cup/x.gif":     picture(t, 8, 6, 12), // the name does not tell the format
		"TestingSet/dog/1.png":      picture(t, 8, 6, 13),
		"LearningSet/dog/.DS_Store": []byte("x"), "LearningSet/dog/Thumbs.db": []byte("x"), "LearningSet/.git/x": []byte("x"),
		"README.md": []byte("x"), "val/dog/1.png": []byte("x"), "LearningSet/notes.txt": []byte("x"),
	}
	dir := tree(t, files)
	train, test, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 3 || test.Len() != 1 || !slices.Equal(train.Names, []string{"cup", "dog"}) || train.Classes != 2 || test.Classes != 2 || test.Label(0) != 1 {
		t.Errorf("%+v\n%+v", train, test)
	}
	if train.Fit != Stretch || train.Sizes != (Sizes{8, 8, 6, 6}) || train.Rows != 8 || train.Cols != 6 {
		t.Errorf("%+v", train)
	}
	for i := range train.Len() {
		want := map[string]byte{"1.png": 10, "2.PNG": 11, "x.gif": 12}[filepath.Base(train.Source(i))]
		if got := train.Image(i); got[1] != want || got[0] != 255 {
			t.Errorf("%s: %v", train.Source(i), got)
		}
	}
	alone, err := OpenTest(dir)
	if err != nil || alone.Sum() != test.Sum() || alone.Source(0) != filepath.Join(dir, "TestingSet", "dog", "1.png") {
		t.Error(alone, err)
	}
	// Without the training part the classes are those of the test.
	if err := os.RemoveAll(filepath.Join(dir, "LearningSet")); err != nil {
		t.Fatal(err)
	}
	if alone, err = OpenTest(dir); err != nil || alone.Classes != 1 || alone.Label(0) != 0 {
		t.Error(alone, err)
	}
	if _, _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "has TestingSet but no folder train beside it") {
		t.Error(err)
	}
}

// Folders whose names are those of a part may be classes.
func TestPicturesOfTrains(t *testing.T) {
	dir := tree(t, map[string][]byte{"bus/1.png": picture(t, 8, 6, 1), "bus/2.png": picture(t, 8, 6, 2), "train/1.png": picture(t, 8, 6, 3), "train/2.png": picture(t, 8, 6, 4)})
	train, test, err := OpenWith(dir, Options{Test: 0.5})
	if err != nil || train.Len() != 2 || test.Len() != 2 || !slices.Equal(train.Names, []string{"bus", "train"}) {
		t.Error(train, test, err)
	}
}

func TestPicturesSizes(t *testing.T) {
	dir := tree(t, map[string][]byte{
		"a/1.png": picture(t, 8, 6, 1), "a/2.png": picture(t, 4, 12, 1), "a/3.png": picture(t, 5, 6, 1), "a/4.png": picture(t, 5, 6, 1), "a/5.png": picture(t, 5, 6, 1),
	})
	_, _, err := Open(dir)
	if !errors.Is(err, ErrSizes) || !strings.Contains(err.Error(), "give the rows and columns that all shall get") {
		t.Error(err)
	}
	for _, fit := range []Fit{"", Stretch, Pad, Crop} {
		train, test, err := OpenWith(dir, Options{Rows: 3, Cols: 9, Fit: fit})
		if err != nil || train.Rows != 3 || train.Cols != 9 || test.Len() != 1 || train.Len() != 4 {
			t.Errorf("%q: %v %v %v", fit, train, test, err)
		}
	}
	// Each part may be of one size, and they still differ.
	dir = tree(t, map[string][]byte{"train/a/1.png": picture(t, 8, 6, 1), "test/a/1.png": picture(t, 8, 7, 1)})
	if _, _, err := Open(dir); !errors.Is(err, ErrSizes) || !strings.Contains(err.Error(), "from 6 to 7 columns") {
		t.Error(err)
	}
}

// Every broken file is named, up to ten, those of both parts.
func TestPicturesBroken(t *testing.T) {
	files := map[string][]byte{"train/a/good.png": picture(t, 8, 6, 1), "test/a/good.png": picture(t, 8, 6, 1)}
	for i := range 15 {
		files[fmt.Sprintf("train/a/bad%02d.png", i)] = []byte("no picture")
	}
	files["test/a/cut.png"] = picture(t, 8, 6, 1)[:40]
	files["test/a/digits"] = goodImages
	for _, o := range []Options{{}, {Rows: 4, Cols: 4}} {
		_, _, err := OpenWith(tree(t, files), o)
		for _, want := range []string{"bad00.png", "bad09.png", "and 5 other files", "cut.png: the PNG image is truncated", "digits: is an IDX file in a folder of pictures"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		}
		if strings.Contains(err.Error(), "bad10") {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"a/empty/", Options{}, "empty: is a folder inside a class"},
		{"b/", Options{}, "b: holds no pictures; put some in, or remove it"},
		{"train_set/a/1.png", Options{}, "both train and train_set could be the train part"},
		{"test/c/1.png", Options{}, "there is no class c among the training images; the classes are a"},
		{"train/a/2.png", Options{Test: 0.5}, "test 0.5 has no effect: the data have a test part of their own"},
		{"x", Options{Group: "("}, `group "(" is no regular expression`},
		{"x", Options{Rows: 3}, "images of 3x0 pixels"},
		{"x", Options{Fit: "zoom"}, `fit "zoom"; it can be`},
		{"x", Options{Test: 1.5}, "a test part of 1.5"},
		{"x", Options{Test: 1}, "leaves none to learn from"},
		{"x", Options{Group: "q(.)"}, `good.png: the group "q(.)" matches nothing`},
	} {
		dir := tree(t, map[string][]byte{"train/a/good.png": picture(t, 8, 6, 1), "test/a/good.png": picture(t, 8, 6, 1)})
		if !strings.HasPrefix(c.name, "t") {
			dir = tree(t, map[string][]byte{"a/good.png": picture(t, 8, 6, 1)})
		}
		if c.name != "x" {
			path := filepath.Join(dir, c.name)
			if strings.HasSuffix(c.name, "/") {
				os.MkdirAll(path, 0o777)
			} else {
				os.MkdirAll(filepath.Dir(path), 0o777)
				os.WriteFile(path, picture(t, 8, 6, 1), 0o666)
			}
		}
		if _, _, err := OpenWith(dir, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: %v; want %q", c.name, c.o, err, c.want)
		}
	}
}

// What is held out does not depend on the machine.
func TestPicturesSplit(t *testing.T) {
	dir := tree(t, album(t, "ab", 5, 4))
	train, test, err := OpenWith(dir, Options{Test: 0.4, Group: `^([a-z]\d)-`, Seed: 1})
	if err != nil || train.Len() != 24 || test.Len() != 16 {
		t.Fatal(train, test, err)
	}
	if got := sources(test); got != "a0-0.png a0-1.png a0-2.png a0-3.png a4-0.png a4-1.png a4-2.png a4-3.png b0-0.png b0-1.png b0-2.png b0-3.png b2-0.png b2-1.png b2-2.png b2-3.png" {
		t.Errorf("the test part is %s", got)
	}
	again, err := OpenTestWith(dir, Options{Test: 0.4, Group: `^([a-z]\d)-`, Seed: 1})
	if err != nil || again.Sum() != test.Sum() {
		t.Error("another test part alone", err)
	}
	other, err := OpenTestWith(dir, Options{Test: 0.4, Group: `^([a-z]\d)-`, Seed: 2})
	if err != nil || other.Sum() == test.Sum() {
		t.Error("the same test part with another seed", err)
	}
	whole, err := OpenTestWith(dir, Options{Test: 1})
	if err != nil || whole.Len() != 40 || slices.IsSorted(whole.Labels) {
		t.Error(whole, err)
	}
	// Validation keeps objects together as well, in a view too.
	rest, held, err := train.Limit(23).HoldOut(8, 3)
	if err != nil || len(held) < 6 || len(held) > 10 || len(rest)+len(held) != 23 {
		t.Fatal(rest, held, err)
	}
	sides := map[string]bool{}
	for k, ids := range [][]int{rest, held} {
		for _, i := range ids {
			object := filepath.Base(train.Source(i))[:2]
			if side, seen := sides[object]; seen && side != (k == 1) {
				t.Errorf("%s is on both sides", object)
			}
			sides[object] = k == 1
		}
	}
	if _, _, err := OpenWith(dir, Options{Group: "^."}); err == nil || !strings.Contains(err.Error(), "its 2 groups cannot be divided") {
		t.Error(err)
	}
}

// sources are the names of a set's files, sorted.
func sources(s *Set) string {
	var names []string
	for i := range s.Len() {
		names = append(names, filepath.Base(s.Source(i)))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// Groups stay together, everything is on one side, and without groups every class is as near to its share as it can be.
func TestHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfN(rapid.Uint8Range(0, 4), 2, 200).Draw(t, "labels")
		n := rapid.IntRange(1, len(labels)-1).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		var groups []string
		if rapid.Bool().Draw(t, "grouped") {
			for range labels {
				groups = append(groups, fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "group")))
			}
		}
		rest, held, err := hold("x", labels, groups, n, seed)
		if err != nil {
			if groups == nil {
				t.Fatal(err)
			}
			return
		}
		all := slices.Concat(rest, held)
		slices.Sort(all)
		for i, id := range all {
			if i != id {
				t.Fatalf("%v and %v", rest, held)
			}
		}
		if groups == nil {
			if len(held) != n {
				t.Fatalf("%d are held out instead of %d", len(held), n)
			}
			var got [256]int
			for _, i := range held {
				got[labels[i]]++
			}
			if got != shares(labels, n) {
				t.Fatalf("the classes have %v of %v", got, shares(labels, n))
			}
			return
		}
		side := map[string]bool{}
		for _, i := range held {
			side[groups[i]] = true
		}
		for _, i := range rest {
			if side[groups[i]] {
				t.Fatalf("group %s is on both sides", groups[i])
			}
		}
	})
}

// What Natural makes is within the picture's levels, and a picture of the right size stays as it is.
func TestNatural(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 40)
		g := Grey{Rows: side.Draw(t, "rows"), Cols: side.Draw(t, "cols")}
		g.Pixels = rapid.SliceOfN(rapid.Byte(), g.Rows*g.Cols, g.Rows*g.Cols).Draw(t, "pixels")
		rows, cols := side.Draw(t, "to rows"), side.Draw(t, "to cols")
		fit := rapid.SampledFrom([]Fit{"", Stretch, Pad, Crop}).Draw(t, "fit")
		got, note := Natural(g, rows, cols, fit)
		low, high := levels(g.Pixels)
		gotLow, gotHigh := levels(got)
		if len(got) != rows*cols || gotLow < low || gotHigh > high {
			t.Fatalf("%d pixels from %d to %d of %d to %d", len(got), gotLow, gotHigh, low, high)
		}
		if same := rows == g.Rows && cols == g.Cols; same != note.AsIs || same && !slices.Equal(got, g.Pixels) {
			t.Fatalf("%+v", note)
		}
		if note.Inverted || note.CropRows > g.Rows || note.CropCols > g.Cols || note.InkRows > rows || note.InkCols > cols || note.String() == "" {
			t.Fatalf("%+v", note)
		}
	})
	g := Grey{Rows: 2, Cols: 4, Pixels: []byte{0, 10, 20, 30, 40, 50, 60, 70}}
	for _, c := range []struct {
		fit        Fit
		rows, cols int
		want       []byte
		note       string
	}{
		{Stretch, 2, 2, []byte{5, 25, 45, 65}, "4x2 scaled to 2x2"},
		{Crop, 2, 2, []byte{10, 20, 50, 60}, "4x2 cropped to its middle, 2x2, and scaled to 2x2"},
		{Crop, 1, 1, []byte{35}, "4x2 cropped to its middle, 2x2, and scaled to 1x1"},
		{Pad, 3, 2, []byte{35, 35, 25, 45, 35, 35}, "4x2 scaled to 2x1 and centred"},
		{"", 2, 4, g.Pixels, "4x2 taken as it is"},
	} {
		got, note := Natural(g, c.rows, c.cols, c.fit)
		if !slices.Equal(got, c.want) || note.String() != c.note {
			t.Errorf("%s to %dx%d: %v, %q", c.fit, c.rows, c.cols, got, note)
		}
	}
	// Both roads of Show.
	if _, note := Show(g, 28, 28, Pad); note.Fit != Pad {
		t.Errorf("%+v", note)
	}
	if _, note := Show(g, 28, 28, ""); note.Fit != "" {
		t.Errorf("%+v", note)
	}
	if note := (Note{Rows: 1, Cols: 1, Fit: Stretch, AsIs: true, Blank: true, Frames: 3}); note.String() != "first of 3 frames; 1x1 taken as it is, one grey all over" {
		t.Error(note)
	}
}

// Colours become grey in a folder as they do anywhere.
func TestPicturesColour(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	m.Pix = []byte{200, 100, 50, 255}
	dir := tree(t, map[string][]byte{"a/1.png": encodePNG(t, m), "a/2.png": encodePNG(t, m)})
	s, err := OpenTestWith(dir, Options{Test: 0.5})
	if err != nil || s.Image(0)[0] != 124 {
		t.Error(s, err)
	}
}
