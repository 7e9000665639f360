package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// Polarity says which part of a picture is the digit.
type Polarity int

const (
	Unknown     Polarity = iota // to be found out
	LightOnDark                 // as in MNIST
	DarkOnLight                 // as on paper
)

const (
	// faintest is the range of grey levels, light minus dark, from which on there is something to see in a picture. JPEG
	// and cameras leave less on an empty page.
	faintest = 16

	// look is the longest side, in pixels, of the picture in which a digit is looked for; larger ones are scaled down first.
	look = 1024

	// speck says when a connected stroke is dust: if its ink is less than one in so many parts of the heaviest stroke's.
	speck = 64
)

// A Note says what [Digit] did to a picture.
type Note struct {
	Rows, Cols int // the picture's size in pixels
	Frames     int // images in the picture's file, where only the first was taken; else 0

	Inverted bool // the digit was dark on light, and light and dark were exchanged
	AsIs     bool // nothing was changed at all
	Blank    bool // there was nothing to see, and the image is all 0

	// The picture was cropped to its ink, CropRows x CropCols of its pixels, and that was scaled to InkRows x InkCols pixels
	// of the image and centred by mass. All are 0 if the picture had the size of the image and was not cropped.
	CropRows, CropCols int
	InkRows, InkCols   int

	// Specks is the number of small spots away from the digit that were taken for dust and removed.
	Specks int

	// Fit says how the picture was made to fit, if it was taken for a photograph, by [Natural], and not for a digit. CropRows x
	// CropCols of its pixels were then scaled to InkRows x InkCols.
	Fit Fit
}

// String says it in one line, sizes as width x height: "dark on light: inverted; 640x480 cropped to 210x300 and scaled to
// 14x20, centred by mass".
func (n Note) String() string {
	var parts []string
	if n.Frames > 1 {
		parts = append(parts, fmt.Sprintf("first of %d frames", n.Frames))
	}
	if n.Fit != "" {
		return strings.Join(append(parts, n.natural()), "; ")
	}
	if n.Inverted {
		parts = append(parts, "dark on light: inverted")
	} else if !n.Blank {
		parts = append(parts, "light on dark")
	}
	size := fmt.Sprintf("%dx%d", n.Cols, n.Rows)
	switch {
	case n.Blank:
		parts = append(parts, size+", blank: nothing to see in it")
	case n.CropRows == 0:
		parts = append(parts, size+" taken as it is")
	default:
		parts = append(parts, fmt.Sprintf("%s cropped to %dx%d and scaled to %dx%d, centred by mass", size, n.CropCols, n.CropRows, n.InkCols, n.InkRows))
	}
	switch {
	case n.Specks == 1:
		parts = append(parts, "1 speck removed")
	case n.Specks > 1:
		parts = append(parts, fmt.Sprintf("%d specks removed", n.Specks))
	}
	return strings.Join(parts, "; ")
}

// Digit makes of any picture an image of rows x cols pixels, a light digit on a dark ground, in the way MNIST was made of
// NIST's scans, and says what it did. Both rows and cols must be at least 1. The image is the caller's own.
//
// A picture of rows x cols pixels is taken as it is, byte for byte, and only inverted if it is dark on light. So an image of
// MNIST comes back as the same image. It is blank if all its pixels are equal.
//
// Any other picture goes through these steps. Sides longer than 1024 pixels are scaled down to that.
//
//  1. Polarity. Otsu's threshold (N. Otsu, A threshold selection method from gray-level histograms, 1979) divides the pixels
//     into light and dark. The ground is what most of the border and most of the picture consist of: the picture is dark on
//     light if the light part of its border pixels and the light part of all its pixels make more than 1 together.
//     g.Polarity goes before, if it is known. A picture whose levels differ by less than 16 is blank.
//  2. Levels. The ground's median becomes 0 and the level that 95 % of the ink do not exceed becomes 255. What is no lighter
//     than the unevenness of the ground at the border (its 99th percentile, and a quarter more) becomes 0.
//  3. Ink. Pixels of at least 32 are ink. Connected strokes with less than 1/64 of the ink of the heaviest are removed as specks.
//  4. Crop to the ink, and scale it, keeping its proportions, to fit into 20/28 of rows and cols, as MNIST's digits fit into
//     20x20. Its lightest pixel becomes 255: all of MNIST's images have 254 or 255 in them.
//  5. Centre it by mass: the mean position of the ink comes to lie within half a pixel of row rows/2 and column cols/2
//     (counted from 0), as in MNIST, or as near to that as all of it fits.
//
// All of it is integer arithmetic: the same picture gives the same image on every machine.
//
// Source of the procedure: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits: "size normalized
// to fit in a 20x20 pixel box while preserving their aspect ratio … centered in a 28x28 image by computing the center of mass
// of the pixels".
func Digit(g Grey, rows, cols int) (pixels []byte, note Note) {
	note = Note{Rows: g.Rows, Cols: g.Cols}
	if g.Format == "GIF" && g.Frames > 1 {
		note.Frames = g.Frames
	}
	pixels = make([]byte, rows*cols)
	same := g.Rows == rows && g.Cols == cols
	small := g
	if long := max(g.Rows, g.Cols); !same && long > look {
		small.Rows, small.Cols = shrink(g.Rows, look, long), shrink(g.Cols, look, long)
		small.Pixels = scale(g.Pixels, g.Rows, g.Cols, small.Rows, small.Cols)
	}
	dark, light := levels(small.Pixels)
	if dark == light || !same && isBlank(small.Pixels) {
		note.Blank = true
		return pixels, note
	}

	p := g.Polarity
	if p == Unknown {
		p = polarity(small)
	}
	note.Inverted = p == DarkOnLight
	if same {
		copy(pixels, g.Pixels)
		if note.Inverted {
			invert(pixels)
		}
		note.AsIs = !note.Inverted
		return pixels, note
	}

	work := make([]byte, len(small.Pixels))
	copy(work, small.Pixels)
	if note.Inverted {
		invert(work)
	}
	stretch(work, small.Rows, small.Cols)
	box, specks := findInk(work, small.Rows, small.Cols)
	note.Specks = specks
	h, w := box.rows(), box.cols()
	note.CropRows, note.CropCols = h*g.Rows/small.Rows, w*g.Cols/small.Cols
	crop := make([]byte, 0, h*w)
	for y := box.top; y < box.bottom; y++ {
		crop = append(crop, work[y*small.Cols+box.left:y*small.Cols+box.right]...)
	}

	roomRows, roomCols := fit(rows), fit(cols)
	if h*roomCols >= w*roomRows {
		note.InkRows, note.InkCols = roomRows, min(roomCols, shrink(w, roomRows, h))
	} else {
		note.InkRows, note.InkCols = min(roomRows, shrink(h, roomCols, w)), roomCols
	}
	sums, _ := scaleSums(crop, h, w, note.InkRows, note.InkCols)
	ink := divide(sums, slices.Max(sums), 255)
	place(pixels, rows, cols, ink, note.InkRows, note.InkCols)
	return pixels, note
}

// fit returns 20/28 of a side, to the nearest pixel.
func fit(side int) int { return max(1, (20*side+14)/28) }

// shrink returns side*num/den, to the nearest pixel and at least one.
func shrink(side, num, den int) int { return max(1, (2*side*num+den)/(2*den)) }

// place puts the ink into the image so that its centre of mass lies at the centre.
func place(pixels []byte, rows, cols int, ink []byte, inkRows, inkCols int) {
	var sum, sumY, sumX int
	for i, v := range ink {
		sum += int(v)
		sumY += int(v) * (i / inkCols)
		sumX += int(v) * (i % inkCols)
	}
	top := min(max(0, rows/2-(2*sumY+sum)/(2*sum)), rows-inkRows)
	left := min(max(0, cols/2-(2*sumX+sum)/(2*sum)), cols-inkCols)
	for y := range inkRows {
		copy(pixels[(top+y)*cols+left:], ink[y*inkCols:(y+1)*inkCols])
	}
}
