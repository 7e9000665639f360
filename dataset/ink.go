package dataset

// polarity decides on which ground the digits of these pictures are, all of them together: see step 1 of [Digit].
// Pictures in which nothing is to be seen have no say.
func polarity(all ...Grey) Polarity {
	var light, judged float64
	for _, g := range all {
		if isBlank(g.Pixels) {
			continue
		}
		threshold := otsu(histogram(g.Pixels))
		border, lightBorder, lightAll := 0, 0, 0
		for i, v := range g.Pixels {
			y, x := i/g.Cols, i%g.Cols
			edge := y == 0 || x == 0 || y == g.Rows-1 || x == g.Cols-1
			if edge {
				border++
			}
			if v > threshold {
				lightAll++
				if edge {
					lightBorder++
				}
			}
		}
		light += float64(lightBorder)/float64(border) + float64(lightAll)/float64(len(g.Pixels))
		judged++
	}
	if light > judged {
		return DarkOnLight
	}
	return LightOnDark
}

func histogram(pixels []byte) *[256]int {
	var h [256]int
	for _, v := range pixels {
		h[v]++
	}
	return &h
}

// otsu returns the level that divides a histogram with more than one level into two classes, at most the level and above
// it, so that the variance between the classes is largest.
func otsu(h *[256]int) byte {
	var n, sum float64
	for v, c := range h {
		n += float64(c)
		sum += float64(v * c)
	}
	var best float64
	var level byte
	var below, sumBelow float64
	for v, c := range h {
		below += float64(c)
		sumBelow += float64(v * c)
		if below == 0 || below == n {
			continue
		}
		d := sumBelow/below - (sum-sumBelow)/(n-below)
		// Each product is rounded by itself, so that no machine fuses two operations and picks another level.
		if variance := float64(float64(below*(n-below)) * float64(d*d)); variance > best {
			best, level = variance, byte(v)
		}
	}
	return level
}

// levels returns the lowest and the highest level.
func levels(pixels []byte) (low, high byte) {
	if len(pixels) == 0 {
		return 0, 0
	}
	low, high = pixels[0], pixels[0]
	for _, v := range pixels {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

func isBlank(pixels []byte) bool {
	low, high := levels(pixels)
	return high-low < faintest
}

func invert(pixels []byte) {
	for i, v := range pixels {
		pixels[i] = 255 - v
	}
}

// percentile returns the lowest level that at least percent of the pixels with levels from low to high do not exceed.
func percentile(h *[256]int, low, high, percent int) int {
	n := 0
	for v := low; v <= high; v++ {
		n += h[v]
	}
	seen := 0
	for v := low; v < high; v++ {
		seen += h[v]
		if seen*100 >= n*percent {
			return v
		}
	}
	return high
}

// stretch spreads the levels of a light digit on a dark ground over 0 to 255: step 2 of [Digit].
func stretch(pixels []byte, rows, cols int) {
	h := histogram(pixels)
	threshold := int(otsu(h))
	ground := percentile(h, 0, threshold, 50)
	full := percentile(h, threshold+1, 255, 95)

	// Shadows and grain show at the border, where there is hardly ever ink.
	var border [256]int
	for i, v := range pixels {
		if y, x := i/cols, i%cols; y == 0 || x == 0 || y == rows-1 || x == cols-1 {
			border[v]++
		}
	}
	floor := ground
	if grain := percentile(&border, 0, threshold, 99) - ground; grain > 0 {
		floor = min(threshold, ground+grain+grain/4)
	}

	var to [256]byte
	for v := range to {
		if v > floor {
			to[v] = byte(min(255, ((v-ground)*255+(full-ground)/2)/(full-ground)))
		}
	}
	for i, v := range pixels {
		pixels[i] = to[v]
	}
}

// rect is a part of a picture; bottom and right are just outside.
type rect struct{ top, left, bottom, right int }

func (r rect) rows() int { return r.bottom - r.top }
func (r rect) cols() int { return r.right - r.left }

// with returns the smallest rect that also holds the pixel.
func (r rect) with(y, x int) rect {
	if r == (rect{}) {
		return rect{y, x, y + 1, x + 1}
	}
	return rect{min(r.top, y), min(r.left, x), max(r.bottom, y+1), max(r.right, x+1)}
}

// findInk returns the part of a picture that its ink takes up, and blackens all specks: step 3 of [Digit]. The picture has
// a pixel of 255.
func findInk(pixels []byte, rows, cols int) (box rect, specks int) {
	const least = 32
	type stroke struct {
		pixels []int
		mass   int
	}
	var strokes []stroke
	heaviest := 0
	seen := make([]bool, len(pixels))
	for start, v := range pixels {
		if v < least || seen[start] {
			continue
		}
		// All ink that touches, by a side or a corner, is one stroke.
		seen[start] = true
		s := stroke{pixels: []int{start}}
		for k := 0; k < len(s.pixels); k++ {
			at := s.pixels[k]
			s.mass += int(pixels[at])
			cy, cx := at/cols, at%cols
			for y := max(0, cy-1); y <= min(rows-1, cy+1); y++ {
				for x := max(0, cx-1); x <= min(cols-1, cx+1); x++ {
					if next := y*cols + x; pixels[next] >= least && !seen[next] {
						seen[next] = true
						s.pixels = append(s.pixels, next)
					}
				}
			}
		}
		heaviest = max(heaviest, s.mass)
		strokes = append(strokes, s)
	}
	for _, s := range strokes {
		if s.mass*speck < heaviest {
			specks++
			for _, at := range s.pixels {
				pixels[at] = 0
			}
			continue
		}
		for _, at := range s.pixels {
			box = box.with(at/cols, at%cols)
		}
	}
	return box, specks
}
