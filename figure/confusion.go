package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Confusion is a matrix of how often images of each label got each decision.
// The colour is the share of the label's images, and how many were right in
// all stands under the heading.
type Confusion struct {
	Heading string
	Classes []string  // names; nil: 0, 1, 2 and so on
	Counts  [][]int   // by label and decision, as many of each
	Silent  []int     // by label: images that got no decision; nil: there is no such column
	Width   vg.Length // 0: 525 points
}

const maxClasses = 1000

// Title is Heading.
func (m Confusion) Title() string { return m.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (m Confusion) Check() error {
	if _, err := widthOr(m.Width); err != nil {
		return err
	}
	n := len(m.Counts)
	if n > maxClasses {
		return fmt.Errorf("Counts has %d labels; there can be %d", n, maxClasses)
	}
	if m.Classes != nil && len(m.Classes) != n {
		return fmt.Errorf("%d Classes for %d labels", len(m.Classes), n)
	}
	if m.Silent != nil && len(m.Silent) != n {
		return fmt.Errorf("Silent has %d counts for %d labels", len(m.Silent), n)
	}
	for i, row := range m.Counts {
		if len(row) != n {
			return fmt.Errorf("Counts[%d] has %d decisions for %d labels", i, len(row), n)
		}
		for j, k := range row {
			if k < 0 || k > math.MaxInt32 {
				return fmt.Errorf("Counts[%d][%d] is %d; it must be from 0 to %d", i, j, k, math.MaxInt32)
			}
		}
		if m.Silent != nil && (m.Silent[i] < 0 || m.Silent[i] > math.MaxInt32) {
			return fmt.Errorf("Silent[%d] is %d; it must be from 0 to %d", i, m.Silent[i], math.MaxInt32)
		}
	}
	return nil
}

// sums are the images of each label, those that were right, and all.
func (m Confusion) sums() (label []int, correct, all int) {
	label = make([]int, len(m.Counts))
	for i, row := range m.Counts {
		for _, k := range row {
			label[i] += k
		}
		if m.Silent != nil {
			label[i] += m.Silent[i]
		}
		correct += row[i]
		all += label[i]
	}
	return label, correct, all
}

// A matrixLayout says how large the parts of a matrix are.
type matrixLayout struct {
	names       []string
	left, above vg.Length // of the cells: room for names
	cell        vg.Length
	upright     bool // the names of decisions are read upwards
}

const silentGap = 6

var (
	namesLeft = style(small, ink, right, middle)
	axisWords = style(small, slate, center, middle)
)

func (m Confusion) layout() matrixLayout {
	l := matrixLayout{names: m.Classes}
	if l.names == nil {
		for i := range m.Counts {
			l.names = append(l.names, strconv.Itoa(i))
		}
	}
	const most = 90 // for a name
	var widestName vg.Length
	for _, s := range l.names {
		widestName = max(widestName, namesLeft.Width(fit(namesLeft, s, most)))
	}
	width, _ := widthOr(m.Width)
	l.left = widestName + 22
	columns := len(m.Counts)
	if m.Silent != nil {
		columns++
	}
	cell := (width - l.left - 2*silentGap) / vg.Length(max(1, columns))
	l.cell = max(step, vg.Length(math.Floor(float64(min(cell, 36))/step))*step)
	l.upright = widestName > l.cell-2
	l.above = 16 + small + 4
	if l.upright {
		l.above = 16 + widestName + 4
	}
	if m.Silent != nil && l.silentUpright() {
		l.above = max(l.above, 16+axisWords.Width("silent")+4)
	}
	return l
}

func (l matrixLayout) silentUpright() bool {
	return l.upright || axisWords.Width("silent") > l.cell+silentGap
}

// Size is the room that the figure takes: see [Figure].
func (m Confusion) Size() (w, h vg.Length) {
	w, err := widthOr(m.Width)
	h = headingDepth(m.Heading)
	if err != nil || len(m.Counts) == 0 || m.Check() != nil {
		return w, h + noteDepth
	}
	l := m.layout()
	n := vg.Length(len(m.Counts))
	return max(w, l.left+l.cell*(n+1)+2*silentGap), h + 2*keyDepth + l.above + l.cell*n + 4
}

// Draw draws the figure: see [Figure].
func (m Confusion) Draw(c draw.Canvas) {
	area, ok := begin(c, m, len(m.Counts) == 0, "no classes")
	if !ok {
		return
	}
	label, correct, all := m.sums()
	said := "no images"
	if all > 0 {
		said = fmt.Sprintf("%s of %s right: %s", count(correct), count(all), span{percent: true}.value(float64(correct)/float64(all)))
	}
	write(area, style(body, ink, left, top), vg.Point{X: area.Min.X, Y: area.Max.Y}, said)
	area.Max.Y -= keyDepth
	area = key{name: "share of the label's images", low: "0", high: "100 %", levels: 101, color: func(s float64) color.Color { return shareColor(s) }}.draw(area)
	l := m.layout()
	n := len(m.Counts)
	corner := vg.Point{X: area.Min.X + l.left, Y: area.Max.Y - l.above}
	edge := l.cell * vg.Length(n)
	m.drawNames(area, l, corner)
	share := func(k, label int) float64 { return float64(k) / float64(max(label, 1)) }
	grid := image.NewNRGBA(image.Rect(0, 0, n, n))
	for i, row := range m.Counts {
		for j, k := range row {
			grid.SetNRGBA(j, i, shareColor(share(k, label[i])))
		}
	}
	m.drawCells(area, l, corner, grid, func(i, j int) int { return m.Counts[i][j] })
	if m.Silent != nil {
		silent := image.NewNRGBA(image.Rect(0, 0, 1, n))
		for i, k := range m.Silent {
			silent.SetNRGBA(0, i, shareColor(share(k, label[i])))
		}
		corner.X += edge + silentGap
		m.drawCells(area, l, corner, silent, func(i, _ int) int { return m.Silent[i] })
		words := nameAbove(slate, l.silentUpright())
		write(area, words, vg.Point{X: corner.X + l.cell/2, Y: corner.Y + 3}, "silent")
	}
}

// shareColor makes small shares visible, for they are the errors: the colours
// go with the root.
func shareColor(share float64) color.NRGBA { return Sequential.color(math.Sqrt(share)) }

// drawNames writes what the rows and columns are. Where names would touch,
// only some of them are written.
func (m Confusion) drawNames(c draw.Canvas, l matrixLayout, corner vg.Point) {
	every := everyRound((small + 2) / l.cell)
	above := nameAbove(ink, l.upright)
	for i := 0; i < len(l.names); i += every {
		at := l.cell * (vg.Length(i) + .5)
		write(c, namesLeft, vg.Point{X: corner.X - 4, Y: corner.Y - at}, fit(namesLeft, l.names[i], l.left-21))
		write(c, above, vg.Point{X: corner.X + at, Y: corner.Y + 3}, fit(above, l.names[i], max(l.cell, l.above-16)))
	}
	half := l.cell * vg.Length(len(l.names)) / 2
	write(c, axisWords, vg.Point{X: corner.X + half, Y: corner.Y + l.above - 7}, "decision")
	write(c, upwards(axisWords), vg.Point{X: c.Min.X + 6, Y: corner.Y - half}, "label")
}

// nameAbove is how the name of a column is written.
func nameAbove(col color.Color, upright bool) text.Style {
	if !upright {
		return style(small, col, center, bottom)
	}
	return upwards(style(small, col, left, middle))
}

// drawCells draws cells below and right of a corner, with lines between them,
// and counts in them, where there is room.
func (m Confusion) drawCells(c draw.Canvas, l matrixLayout, corner vg.Point, cells *image.NRGBA, at func(row, col int) int) {
	cols, rows := cells.Rect.Dx(), cells.Rect.Dy()
	r := vg.Rectangle{
		Min: vg.Point{X: corner.X, Y: corner.Y - l.cell*vg.Length(rows)},
		Max: vg.Point{X: corner.X + l.cell*vg.Length(cols), Y: corner.Y},
	}
	c.DrawImage(r, paletted(cells))
	outline(c, r)
	if l.cell < 9 {
		return
	}
	line := draw.LineStyle{Color: white, Width: .75}
	for i := 1; i < rows; i++ {
		y := corner.Y - l.cell*vg.Length(i)
		c.StrokeLine2(line, r.Min.X, y, r.Max.X, y)
	}
	for j := 1; j < cols; j++ {
		x := corner.X + l.cell*vg.Length(j)
		c.StrokeLine2(line, x, r.Min.Y, x, r.Max.Y)
	}
	for i := range rows {
		for j := range cols {
			k := at(i, j)
			if k == 0 {
				continue
			}
			var col color.Color = ink
			if dark(cells.NRGBAAt(j, i)) {
				col = white
			}
			s := strconv.Itoa(k)
			for _, size := range []vg.Length{small, 6.5, 5.5} {
				words := style(size, col, center, middle)
				if words.Width(s) < l.cell-1.5 {
					write(c, words, vg.Point{X: corner.X + l.cell*(vg.Length(j)+.5), Y: corner.Y - l.cell*(vg.Length(i)+.5)}, s)
					break
				}
			}
		}
	}
}

// dark tells whether text on a colour must be light.
func dark(c color.NRGBA) bool { return 3*int(c.R)+6*int(c.G)+int(c.B) < 10*0x90 }
