package dataset

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The embedded files are the published ones, and the README beside them gives their sums.
func TestMNISTFiles(t *testing.T) {
	readme, err := os.ReadFile("mnist/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ name, data, sum string }{
		{"train-images-idx3-ubyte.gz", trainImages, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		{"train-labels-idx1-ubyte.gz", trainLabels, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		{"t10k-images-idx3-ubyte.gz", testImages, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		{"t10k-labels-idx1-ubyte.gz", testLabels, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	} {
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(f.data))); got != f.sum {
			t.Errorf("%s: SHA-256 %s, want %s", f.name, got, f.sum)
		}
		if !strings.Contains(string(readme), f.name+"` |") || !strings.Contains(string(readme), f.sum) {
			t.Errorf("mnist/README.md does not list %s with its sum", f.name)
		}
	}
}

func TestMNIST(t *testing.T) {
	train, test := mnistParts(t)
	for _, tc := range []struct {
		set    *Set
		name   string
		n      int
		labels []uint8 // of the first images
		counts []int   // of every class
		mean   float64 // of all pixels
		sum    string
	}{
		{
			train, "mnist/train", 60000,
			[]uint8{5, 0, 4, 1, 9, 2, 1, 3, 1, 4},
			[]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 33.318, trainSum,
		},
		{
			test, "mnist/test", 10000,
			[]uint8{7, 2, 1, 0, 4, 1, 4, 9, 5, 9},
			[]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, 33.791, testSum,
		},
	} {
		s := tc.set
		if s.Name != tc.name || s.Len() != tc.n || s.Rows != 28 || s.Cols != 28 || s.Classes != 10 {
			t.Errorf("%s: %q, %d images of %dx%d, %d classes", tc.name, s.Name, s.Len(), s.Rows, s.Cols, s.Classes)
		}
		if !slices.Equal(s.Labels[:10], tc.labels) {
			t.Errorf("%s: labels %v, want %v", tc.name, s.Labels[:10], tc.labels)
		}
		counts := make([]int, 10)
		sum := 0
		for i := range s.Len() {
			counts[s.Label(i)]++
			for _, v := range s.Image(i) {
				sum += int(v)
			}
		}
		if !slices.Equal(counts, tc.counts) {
			t.Errorf("%s: images per class %v, want %v", tc.name, counts, tc.counts)
		}
		if mean := float64(sum) / float64(s.Len()*28*28); mean < tc.mean-0.001 || mean > tc.mean+0.001 {
			t.Errorf("%s: mean level %.3f, want %.3f", tc.name, mean, tc.mean)
		}
		// The recorded sum must be the one that any other set with these images would compute.
		again := &Set{Rows: s.Rows, Cols: s.Cols, Labels: s.Labels, n: s.n, pixels: s.pixels}
		if got := again.Sum(); got != tc.sum || s.Sum() != tc.sum {
			t.Errorf("%s: sum %s, recorded %s", tc.name, got, tc.sum)
		}
	}

	train2, test2 := mnistParts(t)
	alone, err := MNISTTest()
	if train2 != train || test2 != test || alone != test || err != nil {
		t.Error("MNIST was decoded twice")
	}
}

func BenchmarkMNIST(b *testing.B) {
	b.Run("part=train", func(b *testing.B) {
		for b.Loop() {
			var p part
			if _, err := p.get("mnist/train", trainImages, trainLabels, trainSum); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("part=test", func(b *testing.B) {
		for b.Loop() {
			var p part
			if _, err := p.get("mnist/test", testImages, testLabels, testSum); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSum(b *testing.B) {
	train, _ := mnistParts(b)
	for b.Loop() {
		s := &Set{Rows: 28, Cols: 28, Labels: train.Labels, n: train.n, pixels: train.pixels}
		s.Sum()
	}
}
