package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// A Set is a list of grey images of one size, with or without labels.
//
// A pixel is one byte, 0 to 255, and 0 is "nothing there": digits are light on dark, as in MNIST, whatever the paper
// looked like. An image is Rows*Cols bytes, row by row from the top.
//
// A Set is made once and then only read, by any number of goroutines. The sets that [Set.Subset] and [Set.Limit] return
// share the pixels of the set they came from. The zero Set is an empty one.
type Set struct {
	// Name says where the images came from: "mnist/train", or the path of the image file.
	Name string

	// Rows and Cols are the size of every image in pixels.
	Rows, Cols int

	// Classes is the number of classes: labels are 0 to Classes-1. It is 0 for a set without labels.
	Classes int

	// Labels holds one label per image, so that Labels[i] belongs to Image(i). It is nil for a set without labels.
	Labels []uint8

	// Names are the names of the classes, in their order, or nil if they have none but their numbers.
	Names []string

	// Events says that the set holds no images but recordings by an event camera, and Rows and Cols are the size of its sensor:
	// [Set.Image] then returns a recording in the form of N-MNIST, of any length, which package event decodes.
	Events bool

	// Fit says how pictures were made to fit into images; empty if the set is not of pictures. Sizes are theirs before that.
	Fit   Fit
	Sizes Sizes

	files  []string // that image i was read from; nil: the set does not come from pictures
	groups []string // the object that image i shows; nil: one of its own
	n      int      // images in the set
	pixels []byte   // of this set, or of the set this one is a view of
	ids    []int    // image i is the ids[i]-th of pixels; nil: it is the i-th

	recordings [][]byte // if Events, in place of pixels

	hash sync.Once
	sum  string
}

// New returns the set of the images in pixels, which holds them one after the other, rows*cols bytes each. Labels has one
// label per image, or is nil. The set keeps both slices. Classes becomes the largest label plus one; a caller who knows of
// more classes may raise it.
func New(name string, rows, cols int, pixels []byte, labels []uint8) (*Set, error) {
	if rows < 1 || cols < 1 {
		return nil, fmt.Errorf("%s: images of %dx%d pixels; both sides must be at least 1", name, rows, cols)
	}
	if len(pixels)%(rows*cols) != 0 {
		return nil, fmt.Errorf("%s: %d bytes of pixels are no whole number of %dx%d images", name, len(pixels), rows, cols)
	}
	s := &Set{Name: name, Rows: rows, Cols: cols, Labels: labels, n: len(pixels) / (rows * cols), pixels: pixels}
	if labels != nil && len(labels) != s.n {
		return nil, fmt.Errorf("%s: %d labels for %d images; give one label per image, or none at all", name, len(labels), s.n)
	}
	if len(labels) > 0 {
		s.Classes = int(slices.Max(labels)) + 1
	}
	return s, nil
}

// Len returns the number of images.
func (s *Set) Len() int { return s.n }

// Image returns the pixels of image i, Rows*Cols bytes, or of a set of Events the recording. They belong to the set and must
// not be changed. Nothing is copied or allocated.
func (s *Set) Image(i int) []byte {
	if s.Events {
		return s.recordings[s.ID(i)]
	}
	size := s.Rows * s.Cols
	at := s.ID(i) * size
	return s.pixels[at : at+size : at+size]
}

// Label returns the label of image i. It panics if the set has no labels.
func (s *Set) Label(i int) int { return int(s.Labels[i]) }

// ID returns the number of image i in the data set it came from, which is i itself unless the set is a [Set.Subset].
// Reports name images by it, so that "test image 1234" is the same image in every run.
func (s *Set) ID(i int) int {
	if s.ids == nil {
		return i
	}
	return s.ids[i]
}

// Source says where image i came from, for people: the path of its file, or the set's name with "#" and the number of the
// image in it, counted from 0.
func (s *Set) Source(i int) string {
	if s.files != nil {
		return s.files[s.ID(i)]
	}
	return fmt.Sprintf("%s#%d", s.Name, s.ID(i))
}

// ClassName is the name of a class, or its number if it has none.
func (s *Set) ClassName(class int) string {
	if class < len(s.Names) {
		return s.Names[class]
	}
	return strconv.Itoa(class)
}

// view is a set with the same pixels and room for n images of its own choice.
func (s *Set) view(n int) *Set {
	return &Set{Name: s.Name, Rows: s.Rows, Cols: s.Cols, Classes: s.Classes, Names: s.Names, Fit: s.Fit, Sizes: s.Sizes,
		files: s.files, groups: s.groups, n: n, pixels: s.pixels, Events: s.Events, recordings: s.recordings}
}

// Subset returns the images with the given numbers, in that order, as a view: pixels are not copied. Classes stays as it
// is, even if no image of some class is left. Subset panics if a number is not in 0 to Len()-1, as indexing does.
func (s *Set) Subset(ids []int) *Set {
	v := s.view(len(ids))
	v.ids = make([]int, len(ids))
	for i, id := range ids {
		if id < 0 || id >= s.n {
			panic(fmt.Sprintf("dataset: image %d of a set of %d", id, s.n))
		}
		v.ids[i] = s.ID(id)
	}
	if s.Labels != nil {
		v.Labels = make([]uint8, len(ids))
		for i, id := range ids {
			v.Labels[i] = s.Labels[id]
		}
	}
	return v
}

// Limit returns the first n images as a view, or the whole set if n is 0, negative, or more than there are.
func (s *Set) Limit(n int) *Set {
	if n <= 0 || n >= s.n {
		return s
	}
	v := s.view(n)
	if s.ids != nil {
		v.ids = s.ids[:n]
	}
	if s.Labels != nil {
		v.Labels = s.Labels[:n:n]
	}
	return v
}

// Within returns an error that names the first image whose label is not in 0 to classes-1, or nil if there is none. A
// model calls it before it is tested on a set whose labels it was not trained on.
func (s *Set) Within(classes int) error {
	for i, l := range s.Labels {
		if int(l) >= classes {
			return fmt.Errorf("%s: image %d has label %d, but labels must be 0 to %d here; give data with the same %d classes",
				s.Name, s.ID(i), l, classes-1, classes)
		}
	}
	return nil
}

// Sum returns the checksum that run records keep: the SHA-256, in hexadecimal, of the set written as plain IDX files by
// [WriteIDX], the image file first and, if there are labels, the label file right after it. It covers the number of images,
// their size, pixels and labels, and not the name. For MNIST's test images it is what this prints:
//
//	(zcat t10k-images-idx3-ubyte.gz; zcat t10k-labels-idx1-ubyte.gz) | sha256sum
//
// Of a set of Events it is the SHA-256 of the line "events N ROWS COLS", then for each recording its length, as four bytes
// with the highest first, and its bytes, then the label file as above.
//
// The sum is computed at the first call and kept; that of the embedded MNIST is known beforehand.
func (s *Set) Sum() string {
	s.hash.Do(func() {
		if s.sum != "" {
			return
		}
		if s.Events {
			s.sum = s.recordingsSum()
			return
		}
		h := sha256.New()
		encodeImages(h, s) // a hash takes every write
		if s.Labels != nil {
			encodeLabels(h, s.Labels)
		}
		s.sum = hex.EncodeToString(h.Sum(nil))
	})
	return s.sum
}
