package dataset

import "fmt"

// A Fit says how a picture of any size becomes an image of a given one.
type Fit string

const (
	// Stretch scales rows and columns each by itself, so that shapes may change.
	Stretch Fit = "stretch"

	// Pad scales the whole picture to fit inside the image and centres it. What is left over gets the mean grey of the
	// picture's border, so that no edge shows where none is.
	Pad Fit = "pad"

	// Crop takes the largest part in the middle of the picture that has the shape of the image, and scales that.
	Crop Fit = "crop"
)

// Natural makes an image of rows x cols pixels, row by row, of a picture that is no drawing, a photograph: it is resized as
// fit says ([Stretch] if empty) and nothing else. Light stays light, dark stays dark. A picture of the image's size stays
// as it is.
//
// An axis that shrinks takes the mean over the area that a new pixel covers, one that grows takes the line between the two
// nearest pixels, exact in integers and rounded once, half up: the same picture gives the same image on every machine.
// Sizes and places between which a picture is fitted are rounded half up as well, an odd pixel of border goes to the bottom
// and the right.
func Natural(g Grey, rows, cols int, fit Fit) (pixels []byte, note Note) {
	if fit == "" {
		fit = Stretch
	}
	note = Note{Rows: g.Rows, Cols: g.Cols, Fit: fit, CropRows: g.Rows, CropCols: g.Cols, InkRows: rows, InkCols: cols}
	if g.Format == "GIF" && g.Frames > 1 {
		note.Frames = g.Frames
	}
	low, high := levels(g.Pixels)
	note.Blank = low == high
	if g.Rows == rows && g.Cols == cols {
		note.AsIs = true
		return append([]byte(nil), g.Pixels...), note
	}
	wide := g.Cols*rows > cols*g.Rows // wider than the image, by shape
	switch {
	case fit == Crop && wide:
		note.CropCols = min(g.Cols, shrink(g.Rows, cols, rows))
	case fit == Crop:
		note.CropRows = min(g.Rows, shrink(g.Cols, rows, cols))
	case fit == Pad && wide:
		note.InkRows = min(rows, shrink(g.Rows, cols, g.Cols))
	case fit == Pad:
		note.InkCols = min(cols, shrink(g.Cols, rows, g.Rows))
	}
	part := g.Pixels
	if note.CropRows != g.Rows || note.CropCols != g.Cols {
		top, left := (g.Rows-note.CropRows)/2, (g.Cols-note.CropCols)/2
		part = make([]byte, 0, note.CropRows*note.CropCols)
		for y := top; y < top+note.CropRows; y++ {
			part = append(part, g.Pixels[y*g.Cols+left:y*g.Cols+left+note.CropCols]...)
		}
	}
	small := scale(part, note.CropRows, note.CropCols, note.InkRows, note.InkCols)
	if note.InkRows == rows && note.InkCols == cols {
		return small, note
	}
	pixels = make([]byte, rows*cols)
	paper := border(g)
	for i := range pixels {
		pixels[i] = paper
	}
	top, left := (rows-note.InkRows)/2, (cols-note.InkCols)/2
	for y := range note.InkRows {
		copy(pixels[(top+y)*cols+left:], small[y*note.InkCols:(y+1)*note.InkCols])
	}
	return pixels, note
}

// Show makes of a picture an image for a network: [Natural] if the network has learned from pictures that were made to fit,
// and [Digit] if fit is empty, and it has learned from ink.
func Show(g Grey, rows, cols int, fit Fit) (pixels []byte, note Note) {
	if fit == "" {
		return Digit(g, rows, cols)
	}
	return Natural(g, rows, cols, fit)
}

// border is the mean level of the outermost pixels.
func border(g Grey) byte {
	sum, n := 0, 0
	for i, v := range g.Pixels {
		if y, x := i/g.Cols, i%g.Cols; y == 0 || x == 0 || y == g.Rows-1 || x == g.Cols-1 {
			sum += int(v)
			n++
		}
	}
	return byte((2*sum + n) / (2 * n))
}

// natural is what [Note.String] says of a picture that was made to fit.
func (n Note) natural() string {
	size := fmt.Sprintf("%dx%d", n.Cols, n.Rows)
	to := fmt.Sprintf("%dx%d", n.InkCols, n.InkRows)
	switch {
	case n.AsIs:
		size += " taken as it is"
	case n.Fit == Crop && (n.CropRows != n.Rows || n.CropCols != n.Cols):
		size += fmt.Sprintf(" cropped to its middle, %dx%d, and scaled to %s", n.CropCols, n.CropRows, to)
	case n.Fit == Pad:
		size += " scaled to " + to + " and centred"
	default:
		size += " scaled to " + to
	}
	if n.Blank {
		size += ", one grey all over"
	}
	return size
}
