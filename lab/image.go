package lab

import (
	"fmt"

	"firstspike/dataset"
)

// An Image is a picture as the network is shown it.
type Image struct {
	Rows     int    `json:"rows"` // the network's own
	Cols     int    `json:"cols"`
	Pixels   []byte `json:"pixels"`   // row by row, 0 to 255, light on dark
	Blank    bool   `json:"blank"`    // there was nothing to see: all pixels are 0
	Inverted bool   `json:"inverted"` // light and dark were exchanged
	AsIs     bool   `json:"as_is"`    // nothing was changed at all
	Note     string `json:"note"`     // what was done, in a line
}

// Image makes an image of a picture of any size, as firstspike predict does:
// see [dataset.Show]. A canvas that is drawn on is a dataset.Grey with its
// Rows, Cols and Pixels, and with the Polarity of its paper, which is known.
// That of a picture which has none is found out.
func (l *Lab) Image(g dataset.Grey) (Image, error) {
	if g.Rows < 1 || g.Cols < 1 || g.Rows > mostSide || g.Cols > mostSide || len(g.Pixels) != g.Rows*g.Cols {
		return Image{}, fmt.Errorf("a picture of %dx%d with %d pixels; it must have rows x columns of them, of 1 to %d each", g.Rows, g.Cols, len(g.Pixels), mostSide)
	}
	d := l.model.Experiment.Data
	pixels, note := dataset.Show(g, d.Rows, d.Cols, d.Fit)
	return Image{d.Rows, d.Cols, pixels, note.Blank, note.Inverted, note.AsIs, note.String()}, nil
}

const (
	mostSide    = 1<<16 - 1  // of a picture, in pixels: that of [dataset.Decode]
	mostPicture = 32_000_000 // pixels of a file
)

// Picture is [Lab.Image] for the contents of a file: PNG, JPEG, GIF, or the
// first image of an IDX file. name is the file's, for errors. A picture of more
// than 32 megapixels, or one that would take more than 128 MB to decode, is refused
// by its header, as is an IDX file whose images are more together: see
// [dataset.DecodeWithin].
func (l *Lab) Picture(name string, data []byte) (Image, error) {
	pictures, err := dataset.DecodeWithin(name, data, mostPicture)
	if err != nil {
		return Image{}, err
	}
	return l.Image(pictures[0])
}
