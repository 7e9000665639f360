package dataset

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestStratifiedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfN(rapid.Uint8Range(0, 11), 1, 300).Draw(t, "labels")
		n := rapid.IntRange(0, len(labels)-1).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		train, validation, err := Stratified(labels, n, seed)
		if err != nil {
			t.Fatal(err)
		}
		if len(validation) != n {
			t.Fatalf("%d images for validation, want %d", len(validation), n)
		}
		if !slices.IsSorted(train) || !slices.IsSorted(validation) {
			t.Fatal("a list is not ascending")
		}
		all := slices.Concat(train, validation)
		slices.Sort(all)
		for i, id := range all {
			if id != i || len(all) != len(labels) {
				t.Fatalf("the lists do not hold every index once: %v, %v", train, validation)
			}
		}
		var count, share [256]int
		for _, l := range labels {
			count[l]++
		}
		for _, i := range validation {
			share[labels[i]]++
		}
		for c := range count {
			// share-1 < n*count/len < share+1, in whole numbers
			if exact := n * count[c]; (share[c]-1)*len(labels) >= exact || (share[c]+1)*len(labels) <= exact {
				t.Fatalf("class %d of %d images has %d of %d for validation", c, count[c], share[c], n)
			}
		}
		train2, validation2, _ := Stratified(labels, n, seed)
		if !slices.Equal(train, train2) || !slices.Equal(validation, validation2) {
			t.Fatal("another split with the same seed")
		}
	})
}

func TestStratifiedShares(t *testing.T) {
	// 4, 3 and 3 images of 10: exact shares of 5 are 2, 1.5 and 1.5, and the lower class gets the image that is left.
	labels := []uint8{2, 0, 1, 0, 2, 1, 0, 1, 2, 0}
	_, validation, err := Stratified(labels, 5, 7)
	if err != nil {
		t.Fatal(err)
	}
	var share [3]int
	for _, i := range validation {
		share[labels[i]]++
	}
	if share != [3]int{2, 2, 1} {
		t.Errorf("shares %v, want 2, 2, 1", share)
	}
}

// The split that runs are recorded with must never change. The numbers come from a program in another language, written from
// Stratified's documentation and the definition of PCG-DXSM.
func TestStratifiedIsFixed(t *testing.T) {
	train, _ := mnistParts(t)
	for _, tc := range []struct {
		seed  uint64
		first []int
		sum   string
	}{
		{0, []int{7, 32, 38, 44, 47}, "9b736912ebd75e7bbbb64a3651e3a6266ca574538b2c61d10bdf19f3bb941cfe"},
		{1, []int{1, 5, 16, 18, 19}, "ef51aecf55088741b789f6bb0077e6d940a79b30326d4c00d00615fad1a2f863"},
	} {
		rest, validation, err := Stratified(train.Labels, 5000, tc.seed)
		if err != nil || len(rest) != 55000 {
			t.Fatal(len(rest), err)
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, validation)))
		if !slices.Equal(validation[:5], tc.first) || sum != tc.sum {
			t.Errorf("seed %d: validation %v…, sum %s; want %v…, %s", tc.seed, validation[:5], sum, tc.first, tc.sum)
		}
	}
}

func TestStratifiedErrors(t *testing.T) {
	for _, tc := range []struct {
		labels []uint8
		n      int
		want   string
	}{
		{make([]uint8, 4), -1, "a validation split of -1 of 4 images; give 0 to 3, so that at least one is left to train on"},
		{make([]uint8, 4), 4, "a validation split of 4 of 4 images; give 0 to 3, so that at least one is left to train on"},
		{make([]uint8, 4), 5, "a validation split of 5 of 4 images; give 0 to 3, so that at least one is left to train on"},
		{nil, 0, "a validation split of no images at all; give labels"},
	} {
		train, validation, err := Stratified(tc.labels, tc.n, 1)
		if err == nil || err.Error() != tc.want || train != nil || validation != nil {
			t.Errorf("%d of %d: error %v, want %s", tc.n, len(tc.labels), err, tc.want)
		}
	}
}
