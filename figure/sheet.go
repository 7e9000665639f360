package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Sheet shows many small images side by side, such as the features that a
// layer has learned. All have pixels of one size.
type Sheet struct {
	Heading string
	Groups  []Group

	// Scale colours the images that have Values; Low and High are the values
	// at its ends. Both 0: the least value, or 0 if none is negative, and the
	// greatest.
	Scale     Scale
	Low, High float32
	Legend    string // what the values are, such as "weight"

	Columns int       // images in a row; 0: as many as are easily seen
	Width   vg.Length // 0: 525 points
}

// A Group is a part of a sheet, such as the maps of one class.
type Group struct {
	Heading string
	Images  []Image
}

// An Image is Rows x Cols pixels, row by row, in one of three forms.
type Image struct {
	Caption    string
	Rows, Cols int

	Values []float32    // coloured by the sheet's scale; NaN is left blank, infinite ones are at its ends
	Colors [][3]float32 // red, green and blue; NaN counts as Low
	Grey   []uint8      // 0 is black, 255 is white

	// Low and High are the ends of the range of this image alone. Both 0: the
	// sheet's for Values, 0 and 1 for Colors.
	Low, High float32
}

// Limits of a sheet.
const (
	maxImages      = 5000
	maxImagePixels = 1 << 16
	maxSheetPixels = 1 << 23
)

// Title is Heading.
func (s Sheet) Title() string { return s.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (s Sheet) Check() error {
	_, err := s.layout()
	return err
}

// Size is the room that the figure takes: see [Figure].
func (s Sheet) Size() (w, h vg.Length) {
	l, _ := s.layout()
	return l.width, l.height
}

// A sheetLayout says where everything is, as distances from the upper left
// corner, downwards.
type sheetLayout struct {
	contents
	width, height vg.Length
	tiles         []tile
	headings      []lettering
}

// contents is what there is to lay out.
type contents struct {
	rows, cols int     // of the largest image
	largest    int     // images of the largest group
	low, high  float64 // ends of the scale
	scaled     bool    // an image is coloured by the scale
	own        bool    // an image has a range of its own
	heading    vg.Length
	caption    vg.Length // widths
}

type tile struct {
	image         *Image
	x, y          vg.Length
	width, height vg.Length // of the image
	across        vg.Length // from it to the next
}

type lettering struct {
	text       string
	x, y, room vg.Length
}

// step is the unit of pixels' sizes, one pixel at 192 dots to the inch: all of
// an image's pixels get the same size.
const step = .375

const (
	tileGap   = 9 * step
	leftRoom  = 60 // a heading up to this width stands left of its images
	smallest  = 22 // an image's width, unless Columns says otherwise
	most      = 100
	underTile = 28 * step // the room of a caption

	captionGap vg.Length = 9
)

var (
	captionStyle = style(small, slate, center, top)
	groupStyle   = style(body, ink, left, top)
)

func (s Sheet) layout() (sheetLayout, error) {
	var l sheetLayout
	var err error
	l.width, err = widthOr(s.Width)
	l.height = headingDepth(s.Heading) + noteDepth
	if err != nil {
		return l, err
	}
	if l.contents, err = s.contents(); err != nil || l.largest == 0 {
		return l, err
	}
	var indent vg.Length
	beside := l.heading > 0 && l.heading <= leftRoom
	if beside {
		indent = upTo(l.heading + 10)
	}
	columns := s.columns(l.contents, l.width-indent+tileGap)
	cell := (l.width-indent+tileGap)/vg.Length(columns) - tileGap
	pitch := min(cell, most) / vg.Length(max(l.rows, l.cols))
	if pitch > step {
		pitch = vg.Length(math.Floor(float64(pitch)/step+1e-9)) * step
	}
	width, height := pitch*vg.Length(l.cols), pitch*vg.Length(l.rows)
	down := height + tileGap
	across := width + tileGap
	if l.caption > 0 {
		down += underTile
		across = max(across, min(cell+tileGap, l.caption+captionGap))
	}
	down, across = upTo(down), upTo(across)
	aside := upTo((across - tileGap - width) / 2) // an image is above the middle of its caption

	y := headingDepth(s.Heading)
	if l.scaled {
		y += keyDepth
	}
	y = upTo(y)
	for i, g := range s.Groups {
		if i > 0 {
			y += 8 * step
		}
		switch {
		case g.Heading == "":
		case beside:
			l.headings = append(l.headings, lettering{g.Heading, 0, y + max(0, height-body)/2 - 1, leftRoom + 1})
		default:
			l.headings = append(l.headings, lettering{g.Heading, 0, y, l.width})
			y += 40 * step
		}
		for i := range g.Images {
			m := &g.Images[i]
			l.tiles = append(l.tiles, tile{
				image: m,
				x:     indent + vg.Length(i%columns)*across + aside, y: y + vg.Length(i/columns)*down,
				width: pitch * vg.Length(m.Cols), height: pitch * vg.Length(m.Rows),
				across: across,
			})
		}
		y += vg.Length((len(g.Images)+columns-1)/columns) * down
	}
	l.height = y
	return l, nil
}

func upTo(v vg.Length) vg.Length { return vg.Length(math.Ceil(float64(v)/step-1e-9)) * step }

// columns is how many images stand in a row: all of a group if they can be
// seen, or else about as many as in its other rows.
func (s Sheet) columns(c contents, room vg.Length) int {
	if s.Columns > 0 {
		return s.Columns
	}
	need := max(smallest+tileGap, min(c.caption, most)+captionGap)
	fit := min(c.largest, max(1, int(room/need)))
	lines := (c.largest + fit - 1) / fit
	return (c.largest + lines - 1) / lines
}

// contents looks at all images once, and checks them.
func (s Sheet) contents() (contents, error) {
	c := contents{low: float64(s.Low), high: float64(s.High)}
	if err := s.Scale.check(); err != nil {
		return c, err
	}
	if c.low != 0 || c.high != 0 {
		if err := checkRange(c.low, c.high); err != nil {
			return c, err
		}
	}
	if s.Columns < 0 || s.Columns > 200 {
		return c, fmt.Errorf("Columns is %d; choose from 1 to 200, or 0 to have it chosen", s.Columns)
	}
	images, cells := 0, 0
	seen := nothing()
	for i, g := range s.Groups {
		c.largest = max(c.largest, len(g.Images))
		c.heading = max(c.heading, groupStyle.Width(fit(groupStyle, g.Heading, 1000)))
		images += len(g.Images)
		if images > maxImages || len(s.Groups) > maxImages {
			return c, fmt.Errorf("more than %d images or groups; show fewer, or make more sheets", maxImages)
		}
		for j := range g.Images {
			m := &g.Images[j]
			if err := m.check(); err != nil {
				return c, fmt.Errorf("Groups[%d].Images[%d]: %w", i, j, err)
			}
			if cells += m.Rows * m.Cols; cells > maxSheetPixels {
				return c, fmt.Errorf("more than %d pixels in all; show fewer images, or make more sheets", maxSheetPixels)
			}
			c.rows, c.cols = max(c.rows, m.Rows), max(c.cols, m.Cols)
			c.caption = max(c.caption, captionStyle.Width(fit(captionStyle, m.Caption, 1000)))
			if m.Values == nil {
				continue
			}
			c.scaled = true
			if m.Low != 0 || m.High != 0 {
				c.own = true
				continue
			}
			for _, v := range m.Values {
				seen.include(float64(v))
			}
		}
	}
	if c.low == 0 && c.high == 0 {
		seen.include(0)
		c.low, c.high = seen.min, seen.max
	}
	return c, nil
}

func (m *Image) check() error {
	if m.Rows < 1 || m.Cols < 1 || m.Rows > maxImagePixels/m.Cols {
		return fmt.Errorf("%d x %d pixels; it needs one at least, and can have %d", m.Rows, m.Cols, maxImagePixels)
	}
	forms := 0
	for _, n := range []int{len(m.Values), len(m.Colors), len(m.Grey)} {
		if n > 0 && n != m.Rows*m.Cols {
			return fmt.Errorf("%d values for %d x %d pixels", n, m.Rows, m.Cols)
		}
		if n > 0 {
			forms++
		}
	}
	if forms != 1 {
		return fmt.Errorf("it has %d of Values, Colors and Grey; give one of them", forms)
	}
	if m.Low == 0 && m.High == 0 {
		return nil
	}
	return checkRange(float64(m.Low), float64(m.High))
}

// paint is the image with its colours. What is transparent has no value.
func (s Sheet) paint(m *Image, c contents) image.Image {
	low, high := c.low, c.high
	if m.Low != 0 || m.High != 0 {
		low, high = float64(m.Low), float64(m.High)
	} else if m.Colors != nil {
		low, high = 0, 1
	}
	if low == high {
		high = low + 1 // every value is then at the low end
	}
	if m.Grey != nil {
		return &image.Gray{Pix: m.Grey, Stride: m.Cols, Rect: image.Rect(0, 0, m.Cols, m.Rows)}
	}
	picture := image.NewNRGBA(image.Rect(0, 0, m.Cols, m.Rows))
	for i := range m.Rows * m.Cols {
		var col color.NRGBA
		switch {
		case m.Values == nil:
			part := func(k int) uint8 {
				share := (float64(m.Colors[i][k]) - low) / (high - low)
				return uint8(math.Round(255 * max(0, min(1, zeroNaN(share)))))
			}
			col = color.NRGBA{part(0), part(1), part(2), 0xff}
		case m.Values[i] == m.Values[i]: // it is not NaN
			col = s.Scale.color(s.Scale.share(float64(m.Values[i]), low, high))
		}
		picture.SetNRGBA(i%m.Cols, i/m.Cols, col)
	}
	return paletted(picture)
}

func zeroNaN(v float64) float64 {
	if v != v {
		return 0
	}
	return v
}

// Draw draws the figure: see [Figure].
func (s Sheet) Draw(c draw.Canvas) { s.draw(c, "no images", nil) }

// draw draws the sheet; key may change the explanation of its colours.
func (s Sheet) draw(c draw.Canvas, none string, change func(*key)) {
	l, _ := s.layout()
	area, ok := begin(c, s, l.largest == 0, none)
	if !ok {
		return
	}
	if l.scaled {
		k := s.key(l.contents)
		if change != nil {
			change(&k)
		}
		k.draw(area)
	}
	ceiling := area.Min.Y + l.height
	if s.Scale == early { // late spikes are as light as the page: what is silent is not
		var blank vg.Path
		for _, t := range l.tiles {
			addBox(&blank, area.Min.X+t.x, ceiling-t.y-t.height, area.Min.X+t.x+t.width, ceiling-t.y)
		}
		area.SetColor(pale)
		area.Fill(blank)
	}
	for _, h := range l.headings {
		write(area, groupStyle, vg.Point{X: area.Min.X + h.x, Y: ceiling - h.y}, fit(groupStyle, h.text, h.room))
	}
	var frames vg.Path
	for _, t := range l.tiles {
		x, y := area.Min.X+t.x, ceiling-t.y
		area.DrawImage(vg.Rectangle{Min: vg.Point{X: x, Y: y - t.height}, Max: vg.Point{X: x + t.width, Y: y}}, s.paint(t.image, l.contents))
		addBox(&frames, x, y-t.height, x+t.width, y)
		if t.image.Caption != "" {
			write(area, captionStyle, vg.Point{X: x + t.width/2, Y: y - t.height - 1}, fit(captionStyle, t.image.Caption, t.across-3))
		}
	}
	area.SetLineStyle(frame)
	area.Stroke(frames)
}

func (s Sheet) key(c contents) key {
	k := key{name: s.Legend, low: short(c.low), high: short(c.high), levels: 85}
	k.color = func(share float64) color.Color { return s.Scale.color(share) }
	if s.Scale == Diverging {
		end := max(math.Abs(c.low), math.Abs(c.high))
		k.low, k.high = short(-end), short(end)
	}
	if c.own {
		k.low, k.high = "least", "greatest of each image"
	}
	return k
}
