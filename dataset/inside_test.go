package dataset

import (
	"slices"
	"strings"
	"testing"
)

func TestBars(t *testing.T) {
	train, test := Bars()
	if train.Len() != 1600 || test.Len() != 16 || train.Classes != 2 || test.Classes != 2 || test.Rows != 3 || test.Cols != 9 {
		t.Fatalf("%d and %d images of %dx%d, %d classes", train.Len(), test.Len(), test.Rows, test.Cols, test.Classes)
	}
	kinds := map[string]int{}
	left, right := map[string][]int{}, map[string][]int{}
	for i := range test.Len() {
		image := string(test.Image(i))
		kinds[image] = test.Label(i)
		lit := 0
		var l, r strings.Builder
		for p, v := range []byte(image) {
			if v == 255 {
				lit++
			} else if v != 0 {
				t.Errorf("pixel %d of image %d is %d", p, i, v)
			}
			switch {
			case p%9 < 3:
				l.WriteByte(v)
			case p%9 > 5:
				r.WriteByte(v)
			case v != 0:
				t.Errorf("image %d has something between the bars", i)
			}
		}
		if lit != 6 {
			t.Errorf("image %d has %d lit pixels", i, lit)
		}
		left[l.String()], right[r.String()] = append(left[l.String()], test.Label(i)), append(right[r.String()], test.Label(i))
	}
	if len(kinds) != 16 || len(left) != 4 || len(right) != 4 {
		t.Errorf("%d images, %d left bars, %d right bars", len(kinds), len(left), len(right))
	}
	// One bar alone tells nothing.
	for _, by := range []map[string][]int{left, right} {
		for bar, classes := range by {
			if slices.Sort(classes); !slices.Equal(classes, []int{0, 0, 1, 1}) {
				t.Errorf("bar %q: classes %v", bar, classes)
			}
		}
	}
	seen := map[string]int{}
	for i := range train.Len() {
		image := string(train.Image(i))
		seen[image]++
		if class, ok := kinds[image]; !ok || class != train.Label(i) {
			t.Fatalf("training image %d is none of the 16, or has another class", i)
		}
	}
	for image, n := range seen {
		if n != 100 {
			t.Errorf("%q comes %d times", image, n)
		}
	}
	again, _ := Bars()
	if again.Sum() != train.Sum() {
		t.Error("the training images are not the same again")
	}
}

func TestOnly(t *testing.T) {
	s, err := New("s", 1, 1, []byte{10, 20, 30, 40, 50}, []uint8{0, 3, 1, 3, 2})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Only(3, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Labels, []uint8{1, 0, 0}) || v.Classes != 2 || v.Image(1)[0] != 20 || v.ID(2) != 3 || v.Name != "s:3,0" {
		t.Errorf("labels %v, %d classes, %s", v.Labels, v.Classes, v.Name)
	}
	if !slices.Equal(s.Labels, []uint8{0, 3, 1, 3, 2}) {
		t.Errorf("the set's own labels are now %v", s.Labels)
	}
	for _, labels := range [][]int{{4}, {-1}, {1, 1}} {
		if _, err := s.Only(labels...); err == nil {
			t.Errorf("Only(%v) did not fail", labels)
		}
	}
}

func TestInside(t *testing.T) {
	for _, spec := range []string{"mnist", "mnist:3,8", "bars"} {
		train, test, err := Open(spec)
		if err != nil || !Inside(spec) {
			t.Fatalf("%s: %v", spec, err)
		}
		only, err := OpenTest(spec)
		if err != nil || only.Sum() != test.Sum() || only.Name != test.Name || train.Classes != test.Classes {
			t.Errorf("%s: OpenTest gives %v, %v", spec, only, err)
		}
	}
	train, test, _ := Open("mnist:8,3")
	mnist, _ := MNISTTest()
	eights, threes := 0, 0
	for _, l := range mnist.Labels {
		switch l {
		case 8:
			eights++
		case 3:
			threes++
		}
	}
	zeros := 0
	for i := range test.Len() {
		if test.Label(i) == 0 {
			zeros++
			if mnist.Label(test.ID(i)) != 8 {
				t.Fatalf("image %d is no 8", test.ID(i))
			}
		}
	}
	if zeros != eights || test.Len() != eights+threes || train.Len() < 10000 {
		t.Errorf("%d images, %d of class 0; want %d and %d", test.Len(), zeros, eights+threes, eights)
	}
	for _, spec := range []string{"mnist:", "mnist:3,", "mnist:3,3", "mnist:12", "mnist:a", "mnist:-1"} {
		if _, _, err := Open(spec); err == nil || !strings.Contains(err.Error(), "mnist:3,8") {
			t.Errorf("Open(%q) = %v", spec, err)
		}
		if _, err := OpenTest(spec); err == nil {
			t.Errorf("OpenTest(%q) did not fail", spec)
		}
	}
	if Inside("runs/mnist") || Inside("bars2") {
		t.Error("folders are not inside")
	}
}
