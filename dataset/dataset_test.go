package dataset

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// small returns a set of n images of 2x3 pixels; image i holds 10i+0 to 10i+5, and its label is i%4.
func small(t testing.TB, n int) *Set {
	t.Helper()
	var pixels, labels []byte
	for i := range n {
		for p := range 6 {
			pixels = append(pixels, byte(10*i+p))
		}
		labels = append(labels, byte(i%4))
	}
	s, err := New("small", 2, 3, pixels, labels)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNew(t *testing.T) {
	for _, tc := range []struct {
		rows, cols, pixels, labels int
		want                       string
	}{
		{0, 3, 6, 1, "x: images of 0x3 pixels; both sides must be at least 1"},
		{2, -3, 6, 1, "x: images of 2x-3 pixels; both sides must be at least 1"},
		{2, 3, 7, 1, "x: 7 bytes of pixels are no whole number of 2x3 images"},
		{2, 3, 12, 1, "x: 1 labels for 2 images; give one label per image, or none at all"},
	} {
		_, err := New("x", tc.rows, tc.cols, make([]byte, tc.pixels), make([]byte, tc.labels))
		if err == nil || err.Error() != tc.want {
			t.Errorf("error %v, want %s", err, tc.want)
		}
	}
	s, err := New("x", 1, 1, []byte{1, 2}, nil)
	if err != nil || s.Len() != 2 || s.Labels != nil || s.Classes != 0 {
		t.Errorf("unlabelled set: %v, %v", s, err)
	}
}

// check compares a set with the images of small that it should hold.
func check(t *testing.T, s *Set, ids ...int) {
	t.Helper()
	if s.Len() != len(ids) || len(s.Labels) != len(ids) {
		t.Fatalf("%d images, %d labels, want %d", s.Len(), len(s.Labels), len(ids))
	}
	for i, id := range ids {
		want := []byte{byte(10 * id), byte(10*id + 1), byte(10*id + 2), byte(10*id + 3), byte(10*id + 4), byte(10*id + 5)}
		if !bytes.Equal(s.Image(i), want) || s.Label(i) != id%4 || s.ID(i) != id {
			t.Errorf("image %d: %v, label %d, id %d; want %v, %d, %d", i, s.Image(i), s.Label(i), s.ID(i), want, id%4, id)
		}
	}
	if s.Classes != 4 || s.Rows != 2 || s.Cols != 3 || s.Name != "small" {
		t.Errorf("a view lost what it came from: %+v", s)
	}
}

func TestViews(t *testing.T) {
	s := small(t, 8)
	check(t, s, 0, 1, 2, 3, 4, 5, 6, 7)
	sub := s.Subset([]int{7, 2, 2, 0})
	check(t, sub, 7, 2, 2, 0)
	check(t, sub.Subset([]int{3, 0}), 0, 7)
	check(t, sub.Limit(2), 7, 2)
	check(t, s.Limit(3), 0, 1, 2)
	check(t, s.Limit(3).Subset([]int{2}), 2)
	check(t, s.Subset(nil))
	for _, n := range []int{0, -1, 8, 9} {
		if s.Limit(n) != s {
			t.Errorf("Limit(%d) is not the whole set", n)
		}
	}
	if got := append(s.Image(0), 99); s.Image(1)[0] != 10 || len(got) != 7 {
		t.Error("appending to an image wrote into the next one")
	}
	if got := append(s.Limit(3).Labels, 99); s.Label(3) != 3 || len(got) != 4 {
		t.Error("appending to a view's labels wrote into the set's")
	}
}

func TestSubsetPanics(t *testing.T) {
	for _, id := range []int{-1, 3, 5} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Subset with image %d of 3 did not panic", id)
				}
			}()
			small(t, 8).Limit(3).Subset([]int{id})
		}()
	}
}

// Training loops read images and labels without allocating, from a view as well.
func TestImageDoesNotAllocate(t *testing.T) {
	s := small(t, 8).Subset([]int{5, 3})
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		for i := range s.Len() {
			sum += int(s.Image(i)[0]) + s.Label(i)
		}
	}); n != 0 || sum == 0 {
		t.Errorf("%v allocations, sum %d", n, sum)
	}
}

func TestSum(t *testing.T) {
	s := small(t, 2)
	// The two IDX files, written out.
	files := slices.Concat(
		[]byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3}, []byte{0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15},
		[]byte{0, 0, 8, 1, 0, 0, 0, 2}, []byte{0, 1})
	if got, want := s.Sum(), fmt.Sprintf("%x", sha256.Sum256(files)); got != want {
		t.Errorf("sum %s, want %s", got, want)
	}

	relabelled, _ := New("small", 2, 3, s.pixels, []uint8{0, 2})
	reshaped, _ := New("small", 3, 2, s.pixels, s.Labels)
	unlabelled, _ := New("small", 2, 3, s.pixels, nil)
	renamed, _ := New("other", 2, 3, s.pixels, s.Labels)
	if renamed.Sum() != s.Sum() || small(t, 3).Limit(2).Sum() != s.Sum() || small(t, 3).Subset([]int{0, 1}).Sum() != s.Sum() {
		t.Error("the same images have another sum")
	}
	for _, other := range []*Set{relabelled, reshaped, unlabelled, s.Subset([]int{1, 0}), s.Limit(1), {}} {
		if other.Sum() == s.Sum() {
			t.Errorf("%+v has the same sum", other)
		}
	}
}

func TestWithin(t *testing.T) {
	s := small(t, 8).Subset([]int{0, 1, 6, 7})
	if err := s.Within(4); err != nil {
		t.Error(err)
	}
	err := s.Within(3)
	if err == nil || !strings.HasPrefix(err.Error(), "small: image 7 has label 3, but labels must be 0 to 2 here") {
		t.Errorf("error %v", err)
	}
}
