package simd

import mathbits "math/bits"

// Taps are two kernels that are correlated side by side. Offsets with the same
// weights in both are taken together, in groups of four, two and one.
type Taps struct {
	Offs              []int32   // of the fours, then of the twos, then of the ones
	W                 []float64 // a weight of the first and one of the second kernel for each group
	Fours, Twos, Ones int       // groups
}

// Correlate sets out0[j] and out1[j] to the sums over the groups of the kernel's
// weight times the sum over the group of src[off+j]. len(out0) must be a
// multiple of [Lanes] and that of out1; every offset + len(out0) must lie
// within src. The products and sums must be exact in float64, whatever their
// order: that is what makes all kernels agree.
func Correlate(out0, out1, src []float64, t *Taps) { active.correlate(out0, out1, src, t) }

// Wide is what the lengths of rows of float64 are rounded up to.
const Wide = 8

// AddFloats sets dst[i] to a[i]+b[i]. The lengths must be the same multiple of
// [Wide], above 0.
func AddFloats(dst, a, b []float64) { active.addFloats(dst, a, b) }

// SlideRows sets every row of dst to the sum of the rows of src that are at most
// radius away. There are so many rows of stride numbers, which is a multiple of
// [Wide]; neither may be 0. The sums must be exact, as those of [Correlate].
func SlideRows(dst, src []float64, stride, rows, radius int) {
	active.slideRows(dst, src, stride, rows, radius)
}

// Cut clears the numbers below the threshold and those whose bit in valid is
// not set, and sets the bits of those that are left. Byte i holds the bits of
// the numbers 8i to 8i+7. len(v) must be a positive multiple of [Wide].
func Cut(v []float64, valid, bits []uint8, threshold float64) {
	active.cut(v, valid, bits, threshold)
}

// Pick collects the numbers of v and of box whose bit is set, one after another,
// and as a key of each its place plus add, and returns how many there are. The
// results must have room for [Wide] more than that: what is written there is
// of no use. len(bits) must be above 0.
func Pick(values, boxes []float64, keys []uint64, v, box []float64, place []int32, bits []uint8, add int32) int {
	return active.pick(values, boxes, keys, v, box, place, bits, add)
}

// Ratios sets dst[i] to v[i]/(box[i]/area+least), rounded to float32. The
// lengths must be the same multiple of [Wide], above 0.
func Ratios(dst []float32, v, box []float64, area, least float64) {
	active.ratios(dst, v, box, area, least)
}

// correlate goes through the groups for eight sums at a time.
func correlate(out0, out1, src []float64, t *Taps) {
	for j := 0; j+8 <= len(out0); j += 8 {
		var sums0, sums1 [8]float64
		offs, w := t.Offs, t.W
		for _, size := range [3]struct{ taps, groups int }{{4, t.Fours}, {2, t.Twos}, {1, t.Ones}} {
			for range size.groups {
				r := src[int(offs[0])+j:][:8:8]
				var group [8]float64
				copy(group[:], r)
				for _, o := range offs[1:size.taps] {
					r := src[int(o)+j:][:8:8]
					for i := range group {
						group[i] += r[i]
					}
				}
				w0, w1 := w[0], w[1]
				for i, v := range group {
					sums0[i] += float64(w0 * v)
					sums1[i] += float64(w1 * v)
				}
				offs, w = offs[size.taps:], w[2:]
			}
		}
		copy(out0[j:], sums0[:])
		copy(out1[j:], sums1[:])
	}
}

func addFloats(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func slideRows(dst, src []float64, stride, rows, radius int) {
	row := func(y int) []float64 { return src[y*stride:][:stride] }
	sum := dst[:stride]
	clear(sum)
	for y := range min(radius+1, rows) {
		addFloats(sum, sum, row(y))
	}
	for y := 1; y < rows; y++ {
		next := dst[y*stride:][:stride]
		copy(next, sum)
		if y+radius < rows {
			addFloats(next, next, row(y+radius))
		}
		if y > radius {
			for i, v := range row(y - radius - 1) {
				next[i] -= v
			}
		}
		sum = next
	}
}

func cut(v []float64, valid, bits []uint8, threshold float64) {
	for k, use := range valid {
		word := uint8(0)
		for i, x := range v[8*k : 8*k+8] {
			if x >= threshold && use>>i&1 != 0 {
				word |= 1 << i
			} else {
				v[8*k+i] = 0
			}
		}
		bits[k] = word
	}
}

func pick(values, boxes []float64, keys []uint64, v, box []float64, place []int32, bits []uint8, add int32) int {
	n := 0
	for k, word := range bits {
		for ; word != 0; word &= word - 1 {
			i := 8*k + mathbits.TrailingZeros8(word)
			values[n], boxes[n], keys[n] = v[i], box[i], uint64(place[i]+add)
			n++
		}
	}
	return n
}

func ratios(dst []float32, v, box []float64, area, least float64) {
	v, box = v[:len(dst)], box[:len(dst)]
	for i := range dst {
		dst[i] = float32(v[i] / (box[i]/area + least))
	}
}
