package dataset

import (
	"crypto/sha256"
	"slices"
)

// A Place is one image of several sets: which set, counted from 0, and which image of it.
type Place struct{ Set, Image int }

// An Audit is what is strange in images, whatever they show.
type Audit struct {
	// Flat are the images whose pixels are all equal.
	Flat []Place

	// Equal are lists of two or more images with the same pixels, in the order of their places. Flat images are not among them.
	Equal [][]Place
}

// AuditOf goes through all images of sets that have images of one size, as the two parts of a data set have.
func AuditOf(sets ...*Set) Audit {
	var a Audit
	at := map[[sha256.Size]byte]int{} // the list of Equal, or -1-i for the only image so far, the i-th of first
	var first []Place
	for k, s := range sets {
		for i := range s.Len() {
			here, pixels := Place{k, i}, s.Image(i)
			if low, high := levels(pixels); low == high {
				a.Flat = append(a.Flat, here)
				continue
			}
			sum := sha256.Sum256(pixels)
			n, seen := at[sum]
			switch {
			case !seen:
				at[sum] = -1 - len(first)
				first = append(first, here)
			case n < 0:
				at[sum] = len(a.Equal)
				a.Equal = append(a.Equal, []Place{first[-1-n], here})
			default:
				a.Equal[n] = append(a.Equal[n], here)
			}
		}
	}
	return a
}

// Counts are how many images of every class there are.
func (s *Set) Counts() []int {
	counts := make([]int, s.Classes)
	for _, l := range s.Labels {
		counts[l]++
	}
	return counts
}

// Sorted reports whether the images come class after class, if there are several. A network that learns from image after
// image should not be shown them so.
func (s *Set) Sorted() bool {
	return len(s.Labels) > 0 && slices.IsSorted(s.Labels) && s.Labels[0] != s.Labels[len(s.Labels)-1]
}
