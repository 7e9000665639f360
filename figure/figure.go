package figure

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// A Figure is data and words that can be drawn. The types of this package are
// figures as they are; their methods change nothing.
type Figure interface {
	// Title is the heading: a picture's name where one is needed.
	Title() string
	// Check returns the first fault of the data that keeps them from being
	// drawn. It names the field, and what would be right.
	Check() error
	// Size is the room the figure takes, which grows with its data.
	Size() (w, h vg.Length)
	// Draw draws the figure at its size into the upper left corner of c.
	// Where the data have a fault it writes that fault instead.
	Draw(c draw.Canvas)
}

// MaxPixels is how many pixels a PNG may have; there are four bytes to each.
const MaxPixels = 1 << 26

// PNG writes f as a PNG file with so many dots to the inch, 96 for screens of
// old, 192 for those of today, and 300 for print. It returns the fault of the
// data, if there is one, and refuses pictures of more than [MaxPixels].
func PNG(w io.Writer, f Figure, dpi int) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	if dpi < 1 || dpi > 2400 {
		return fmt.Errorf("figure: %d dots to the inch; choose from 1 to 2400, 192 for a screen", dpi)
	}
	width, height := page(f)
	across, down := width.Dots(float64(dpi)), height.Dots(float64(dpi))
	if !(across >= .5 && down >= .5 && across*down <= MaxPixels) {
		return fmt.Errorf("figure: a picture of %.0f x %.0f pixels; it can have %d of them at most, so choose fewer dots to the inch, or show less", across, down, MaxPixels)
	}
	c := pixels{vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))}
	f.Draw(inside(c))
	_, err := vgimg.PngCanvas{Canvas: c.Canvas}.WriteTo(w)
	return err
}

// SVG writes f as an SVG file whose text can be searched and copied. It
// returns the fault of the data, if there is one.
func SVG(w io.Writer, f Figure) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	c := newVector(page(f))
	f.Draw(inside(c))
	return c.write(w, f.Title())
}

// margin is what a file has around its figure.
const margin vg.Length = 9

func page(f Figure) (w, h vg.Length) {
	w, h = f.Size()
	return w + 2*margin, h + 2*margin
}

func inside(c vg.CanvasSizer) draw.Canvas {
	return draw.Crop(draw.New(c), margin, -margin, margin, -margin)
}

// pixels is a canvas of pixels that keeps small images sharp: gonum's own
// would blur them. It ignores that a canvas can be turned, as no image here is.
type pixels struct{ *vgimg.Canvas }

func (c pixels) DrawImage(r vg.Rectangle, m image.Image) {
	all := c.Image()
	left, right := edges(r.Min.X, r.Max.X, c.DPI())
	low, high := edges(r.Min.Y, r.Max.Y, c.DPI())
	down := all.Bounds().Dy()
	xdraw.NearestNeighbor.Scale(all, image.Rect(left, down-high, right, down-low), m, m.Bounds(), xdraw.Over, nil)
}

// edges are the pixels at which something begins and ends: one apart at least.
func edges(from, to vg.Length, dpi float64) (int, int) {
	a, b := int(math.Round(from.Dots(dpi))), int(math.Round(to.Dots(dpi)))
	return a, max(b, a+1)
}

const (
	pageWidth = 525 // points, which are 700 pixels of a page
	noteDepth = 24  // points that a line takes which says why there is no more
)

// widthOr is the width that was asked for, or that of a page.
func widthOr(w vg.Length) (vg.Length, error) {
	if w == 0 {
		return pageWidth, nil
	}
	if !(w >= 200 && w <= 5000) {
		return pageWidth, fmt.Errorf("Width is %g points; choose from 200 to 5000, or 0 for %d", float64(w), pageWidth)
	}
	return w, nil
}

// begin takes f's part of a canvas, writes its heading, and returns what is
// below. If the data have a fault, or there are none, it writes that, and
// returns false.
func begin(c draw.Canvas, f Figure, empty bool, none string) (draw.Canvas, bool) {
	w, h := f.Size()
	area := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: c.Min.X, Y: c.Max.Y - h},
		Max: vg.Point{X: c.Min.X + w, Y: c.Max.Y},
	}}
	if err := f.Check(); err != nil {
		note(area, err.Error())
		return area, false
	}
	if f.Title() != "" {
		heading := style(large, ink, left, top)
		write(area, heading, vg.Point{X: area.Min.X, Y: area.Max.Y}, fit(heading, f.Title(), w))
		area.Max.Y -= headingDepth(f.Title())
	}
	if empty {
		note(area, none)
	}
	return area, !empty
}

// headingDepth is the room that a heading takes.
func headingDepth(s string) vg.Length {
	if s == "" {
		return 0
	}
	return 22
}

// checkRange checks the ends of a range.
func checkRange(low, high float64) error {
	if finite(low) && finite(high) && low < high {
		return nil
	}
	return fmt.Errorf("Low is %g and High is %g; they must be finite, and Low the lesser", low, high)
}

// note says in the middle of an area why there is nothing else.
func note(c draw.Canvas, s string) {
	sty := style(body, grey, center, middle)
	write(c, sty, c.Center(), fit(sty, s, c.Max.X-c.Min.X))
}
