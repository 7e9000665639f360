package figure

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Heat shows a result, such as a mean, for each pair of values of two settings:
// a matrix whose cells are the darker, the better. There can be several side by
// side, for values of a third setting; their colours are the same. Numbers
// stand in the cells where there is room for all of them, and the best cell has
// a frame.
type Heat struct {
	Heading    string
	Row, Col   string   // the settings downwards and to the right
	Rows, Cols []string // their values
	Result     string   // what the cells are; "": "result"
	Percent    bool     // they are parts of 1 and are written in per cent
	Lowest     bool     // the lowest is the best one, not the highest
	Low, High  float64  // ends of the colours; both 0: what there is to see
	Matrices   []Matrix
	Width      vg.Length // 0: 525 points
}

// A Matrix has a value for each row and column. A cell is blank if it is NaN or
// infinite, or beyond 1e100.
type Matrix struct {
	Name   string
	Values [][]float64 // by row and column
}

// Limits of matrices.
const (
	maxMatrices = 64
	maxSide     = 100 // of rows, and of columns
)

// Title is Heading.
func (f Heat) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Heat) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	if f.Low != 0 || f.High != 0 {
		if err := checkRange(f.Low, f.High); err != nil {
			return err
		}
	}
	if len(f.Rows) > maxSide || len(f.Cols) > maxSide {
		return fmt.Errorf("%d Rows and %d Cols; there can be %d of each", len(f.Rows), len(f.Cols), maxSide)
	}
	if len(f.Matrices) > maxMatrices {
		return fmt.Errorf("%d Matrices; there can be %d", len(f.Matrices), maxMatrices)
	}
	for i, m := range f.Matrices {
		if len(m.Values) != len(f.Rows) {
			return fmt.Errorf("Matrices[%d] %q has %d rows of Values for %d Rows", i, clean(m.Name), len(m.Values), len(f.Rows))
		}
		for j, row := range m.Values {
			if len(row) != len(f.Cols) {
				return fmt.Errorf("Matrices[%d].Values[%d] has %d values for %d Cols", i, j, len(row), len(f.Cols))
			}
		}
	}
	return nil
}

func (f Heat) empty() bool {
	return len(f.Matrices) == 0 || len(f.Rows) == 0 || len(f.Cols) == 0
}

// colors is the range of the colours, and the best cell: its matrix, row and
// column; the first is -1 if all are blank.
func (f Heat) colors() (s span, best [3]int) {
	s = nothing()
	s.percent = f.Percent
	best[0] = -1
	var top float64
	for i, m := range f.Matrices {
		for j, row := range m.Values {
			s.include(row...)
			for k, v := range row {
				if finite(v) && (best[0] < 0 || !f.Lowest && v > top || f.Lowest && v < top) {
					best, top = [3]int{i, j, k}, v
				}
			}
		}
	}
	s.settleWithin(0)
	if f.Low != 0 || f.High != 0 {
		s.min, s.max = f.Low, f.High
	}
	return s, best
}

// cell is the colour of a value. The worst is not white: it is there.
func (f Heat) cell(s span, v float64) color.NRGBA {
	if !finite(v) {
		return white
	}
	share := Sequential.share(s.within(v), s.min, s.max)
	if f.Lowest {
		share = 1 - share
	}
	return Sequential.color(.08 + .92*share)
}

// number writes a value in a cell.
func (f Heat) number(v float64) string {
	if f.Percent {
		return grouped(strconv.FormatFloat(v*100, 'f', 1, 64))
	}
	return short(v)
}

const (
	cellWide    = 26 // points, if there is room
	cellWidest  = 44
	cellHighest = 22
	cellLined   = 9 // from which on there are lines between cells
	matrixApart = 14
	sideName    = 90 // for the name of a row, or of a column that is turned, at most
)

// A heatLayout says where the matrices are.
type heatLayout struct {
	left         vg.Length // room for the names of rows
	cell         vg.Point
	perRow, rows int
	above, under vg.Length // of a matrix
	turned       bool      // the names of columns
	size         vg.Length // of numbers in cells; 0: there is no room for them
}

func (f Heat) layout() heatLayout {
	width, _ := widthOr(f.Width)
	l := heatLayout{above: 4}
	for _, s := range f.Rows {
		l.left = max(l.left, namesLeft.Width(fit(namesLeft, s, sideName)))
	}
	l.left += 5
	if f.Row != "" {
		l.left += lineHeight + 3
	}
	n, cols := len(f.Matrices), vg.Length(len(f.Cols))
	room := width - l.left + matrixApart
	most := max(1, min(n, int(room/(cols*cellWide+matrixApart))))
	l.rows = (n + most - 1) / most
	l.perRow = (n + l.rows - 1) / l.rows
	l.cell.X = min(cellWidest, (room/vg.Length(l.perRow)-matrixApart)/cols)
	l.cell.Y = max(3, min(cellHighest, l.cell.X*.7))
	if len(f.Rows) <= 20 {
		l.cell.Y = max(l.cell.Y, small+3)
	}
	if slices.ContainsFunc(f.Matrices, func(m Matrix) bool { return m.Name != "" }) {
		l.above = 16
	}
	var widest vg.Length
	for _, s := range f.Cols {
		widest = max(widest, tickX.Width(fit(tickX, s, sideName)))
	}
	l.turned = widest > l.cell.X-3
	l.under = tickDepth
	if l.turned {
		l.under = widest + 6
	}
	if f.Col != "" {
		l.under += nameDepth
	}
	l.size = f.numberSize(l.cell)
	return l
}

// numberSize is the size at which all numbers fit their cells.
func (f Heat) numberSize(cell vg.Point) vg.Length {
	for _, size := range []vg.Length{small, 6.5, 5.5} {
		words := style(size, ink, center, middle)
		fits := size+2 < cell.Y
		for _, m := range f.Matrices {
			for _, row := range m.Values {
				fits = fits && !slices.ContainsFunc(row, func(v float64) bool { return finite(v) && words.Width(f.number(v)) > cell.X-2 })
			}
		}
		if fits {
			return size
		}
	}
	return 0
}

// Size is the room that the figure takes: see [Figure].
func (f Heat) Size() (w, h vg.Length) {
	w, _ = widthOr(f.Width)
	h = headingDepth(f.Heading)
	if f.Check() != nil || f.empty() {
		return w, h + noteDepth
	}
	l := f.layout()
	each := l.above + l.cell.Y*vg.Length(len(f.Rows)) + l.under
	return w, h + keyDepth + vg.Length(l.rows)*(each+matrixApart/2) - matrixApart/2
}

// Draw draws the figure: see [Figure].
func (f Heat) Draw(c draw.Canvas) {
	area, ok := begin(c, f, f.empty(), "no cells")
	if !ok {
		return
	}
	l := f.layout()
	s, best := f.colors()
	k := key{name: f.Result, low: s.brief(s.min), high: s.brief(s.max), levels: 100, emptyColor: white}
	if k.name == "" {
		k.name = "result"
	}
	k.color = func(share float64) color.Color { return f.cell(s, s.min+(s.max-s.min)*share) }
	if f.anyBlank() {
		k.empty = "none"
	}
	area = k.draw(area)
	size := vg.Point{X: l.cell.X * vg.Length(len(f.Cols)), Y: l.cell.Y * vg.Length(len(f.Rows))}
	for i, m := range f.Matrices {
		panel := area
		panel.Min.X += l.left + vg.Length(i%l.perRow)*(size.X+matrixApart)
		panel.Max.X = panel.Min.X + size.X
		panel.Max.Y -= l.above + vg.Length(i/l.perRow)*(l.above+size.Y+l.under+matrixApart/2)
		panel.Min.Y = panel.Max.Y - size.Y
		f.drawMatrix(panel, m, s, l)
		if i%l.perRow == 0 {
			f.drawRows(panel, l)
		}
		if i == best[0] {
			at := vg.Point{X: panel.Min.X + l.cell.X*vg.Length(best[2]), Y: panel.Max.Y - l.cell.Y*vg.Length(best[1])}
			var p vg.Path
			addBox(&p, at.X, at.Y-l.cell.Y, at.X+l.cell.X, at.Y)
			c.SetLineStyle(draw.LineStyle{Color: vermilion, Width: 1.5})
			c.Stroke(p)
		}
	}
}

func (f Heat) anyBlank() bool {
	return slices.ContainsFunc(f.Matrices, func(m Matrix) bool {
		return slices.ContainsFunc(m.Values, func(row []float64) bool {
			return slices.ContainsFunc(row, func(v float64) bool { return !finite(v) })
		})
	})
}

// drawRows writes what the rows are.
func (f Heat) drawRows(c draw.Canvas, l heatLayout) {
	every := everyRound((small + 2) / l.cell.Y)
	room := l.left - 4
	if f.Row != "" {
		name := upwards(style(small, slate, center, top))
		write(c, name, vg.Point{X: c.Min.X - l.left, Y: c.Center().Y}, fit(name, f.Row, c.Max.Y-c.Min.Y+l.above))
		room -= lineHeight + 3
	}
	for i := 0; i < len(f.Rows); i += every {
		y := c.Max.Y - l.cell.Y*(vg.Length(i)+.5)
		write(c, namesLeft, vg.Point{X: c.Min.X - 4, Y: y}, fit(namesLeft, f.Rows[i], room))
	}
}

// drawMatrix draws the cells of a matrix, with its name above and those of its
// columns below.
func (f Heat) drawMatrix(c draw.Canvas, m Matrix, s span, l heatLayout) {
	heading := style(small, ink, left, bottom)
	write(c, heading, vg.Point{X: c.Min.X, Y: c.Max.Y + 4}, fit(heading, m.Name, c.Max.X-c.Min.X))
	cells := image.NewNRGBA(image.Rect(0, 0, len(f.Cols), len(f.Rows)))
	for i, row := range m.Values {
		for j, v := range row {
			cells.SetNRGBA(j, i, f.cell(s, v))
		}
	}
	c.DrawImage(c.Rectangle, paletted(cells))
	outline(c, c.Rectangle)
	if l.cell.X >= cellLined && l.cell.Y >= cellLined {
		line := draw.LineStyle{Color: white, Width: .75}
		for i := 1; i < len(f.Rows); i++ {
			y := c.Max.Y - l.cell.Y*vg.Length(i)
			c.StrokeLine2(line, c.Min.X, y, c.Max.X, y)
		}
		for j := 1; j < len(f.Cols); j++ {
			x := c.Min.X + l.cell.X*vg.Length(j)
			c.StrokeLine2(line, x, c.Min.Y, x, c.Max.Y)
		}
	}
	for i, row := range m.Values {
		for j, v := range row {
			if l.size == 0 || !finite(v) {
				continue
			}
			col := ink
			if dark(cells.NRGBAAt(j, i)) {
				col = white
			}
			at := vg.Point{X: c.Min.X + l.cell.X*(vg.Length(j)+.5), Y: c.Max.Y - l.cell.Y*(vg.Length(i)+.5)}
			write(c, style(l.size, col, center, middle), at, f.number(v))
		}
	}
	f.drawCols(c, l)
}

// drawCols writes what the columns are.
func (f Heat) drawCols(c draw.Canvas, l heatLayout) {
	sty, room, every := tickX, l.cell.X, 1
	if l.turned {
		sty, room = upwards(style(small, ink, right, middle)), sideName
		every = everyRound((small + 2) / l.cell.X)
	}
	for j := 0; j < len(f.Cols); j += every {
		x := c.Min.X + l.cell.X*(vg.Length(j)+.5)
		write(c, sty, vg.Point{X: x, Y: c.Min.Y - 4}, fit(sty, f.Cols[j], room))
	}
	if f.Col != "" {
		name := style(small, slate, center, top)
		write(c, name, vg.Point{X: c.Center().X, Y: c.Min.Y - l.under + nameDepth - 2}, fit(name, f.Col, c.Max.X-c.Min.X+matrixApart-4))
	}
}
