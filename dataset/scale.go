package dataset

// scale resizes a grey picture, each axis by itself: an axis that shrinks takes the mean over the area that a new pixel
// covers, one that grows takes the line between the two nearest pixels. Everything is exact in integers and rounded once,
// half up, so that every machine makes the same image of the same file.
func scale(pixels []byte, rows, cols, newRows, newCols int) []byte {
	sums, weight := scaleSums(pixels, rows, cols, newRows, newCols)
	return divide(sums, weight, 1)
}

// scaleSums returns what scale would, before it is rounded: every new pixel times the same weight.
func scaleSums(pixels []byte, rows, cols, newRows, newCols int) (sums []uint64, weight uint64) {
	vertical, vsum := taps(rows, newRows)
	horizontal, hsum := taps(cols, newCols)
	sums = make([]uint64, 0, newRows*newCols)
	line := make([]uint64, cols)
	for _, v := range vertical {
		clear(line)
		for k, w := range v.weights {
			row := pixels[(v.first+k)*cols : (v.first+k+1)*cols]
			for x, p := range row {
				line[x] += w * uint64(p)
			}
		}
		for _, h := range horizontal {
			var sum uint64
			for k, w := range h.weights {
				sum += w * line[h.first+k]
			}
			sums = append(sums, sum)
		}
	}
	return sums, vsum * hsum
}

// divide returns the sums times num/den, to the nearest level.
func divide(sums []uint64, den, num uint64) []byte {
	out := make([]byte, len(sums))
	for i, s := range sums {
		out[i] = byte((s*num + den/2) / den)
	}
	return out
}

// A tap says of which old pixels a new one is made: weights[k] of the pixel first+k.
type tap struct {
	first   int
	weights []uint64
}

// taps returns the taps of an axis, and the sum of weights that each of them has.
func taps(old, new int) (all []tap, sum uint64) {
	all = make([]tap, new)
	if new <= old {
		// In units of 1/new of an old pixel, a new pixel is old units wide and an old one new units.
		for i := range all {
			begin, end := i*old, (i+1)*old
			t := tap{first: begin / new}
			for j := t.first; j*new < end; j++ {
				t.weights = append(t.weights, uint64(min(end, (j+1)*new)-max(begin, j*new)))
			}
			all[i] = t
		}
		return all, uint64(old)
	}
	// In units of 1/(2*new) of an old pixel, the centre of new pixel i lies at (2i+1)*old - new behind that of the first.
	for i := range all {
		at := min(max(0, (2*i+1)*old-new), 2*new*(old-1))
		t := tap{first: at / (2 * new)}
		if part := at % (2 * new); part == 0 {
			t.weights = []uint64{uint64(2 * new)}
		} else {
			t.weights = []uint64{uint64(2*new - part), uint64(part)}
		}
		all[i] = t
	}
	return all, uint64(2 * new)
}
