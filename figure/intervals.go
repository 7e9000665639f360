package figure

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Intervals compares experiments: a row for each, with its mean, an interval
// around it such as that of 95 %, and its runs as faint dots.
type Intervals struct {
	Heading    string
	X          string // what the horizontal axis counts
	Percent    bool   // values are parts of 1 and are written in per cent
	Rows       []Interval
	References []Reference
	Width      vg.Length // 0: 525 points
}

// An Interval is a row. Its mean and its interval are left out where they are
// NaN or infinite, or beyond 1e100, and so is each such point.
type Interval struct {
	Name            string
	Mean, Low, High float64
	Points          []float64
	Open            bool // the mean is a ring: a value that others report
}

// Limits of intervals.
const (
	maxRows      = 1000
	maxRowPoints = 1 << 16
)

// Title is Heading.
func (f Intervals) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Intervals) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	if len(f.Rows) > maxRows {
		return fmt.Errorf("%d Rows; there can be %d", len(f.Rows), maxRows)
	}
	points := 0
	for i, r := range f.Rows {
		if r.Low > r.High {
			return fmt.Errorf("Rows[%d] %q: Low is %g and High is %g; Low must be the lesser", i, clean(r.Name), r.Low, r.High)
		}
		if points += len(r.Points); points > maxRowPoints {
			return fmt.Errorf("more than %d Points in all; leave some out", maxRowPoints)
		}
	}
	return checkReferences(f.References)
}

const (
	rowDepth   = 15
	lineDepth  = 10 // of a line of references' names
	nameShare  = .4 // of the width, at most, for names
	valueSpace = 10
)

// A flag is a reference, where it is, and on which line above the panel its
// name begins.
type flag struct {
	Reference
	x   vg.Length
	row int
}

// plan is where the parts of the figure are, from its left edge.
func (f Intervals) plan() (x span, values []string, flags []flag, flagRows int) {
	width, _ := widthOr(f.Width)
	names := style(body, ink, left, middle)
	var left, right vg.Length
	x = nothing()
	x.percent = f.Percent
	for _, r := range f.Rows {
		left = max(left, names.Width(fit(names, r.Name, width*nameShare)))
		x.include(r.Mean, r.Low, r.High)
		x.include(r.Points...)
		said := r.words(x)
		values = append(values, said)
		right = max(right, tickX.Width(said))
	}
	for _, r := range f.References {
		x.include(r.Value)
		right = max(right, tickX.Width(fit(tickX, r.Name, width/4)))
	}
	x.settle(.04)
	x.from, x.to = left+valueSpace, width-right-valueSpace
	for _, r := range f.References {
		flags = append(flags, flag{Reference: r, x: x.at(r.Value)})
	}
	slices.SortStableFunc(flags, func(a, b flag) int { return cmp.Compare(b.Value, a.Value) })
	for i := range flags { // from the right, each above those that its name would meet
		a := &flags[i]
		a.Name = fit(tickX, a.Name, width-a.x-2)
		for _, b := range flags[:i] {
			if b.x < a.x+tickX.Width(a.Name)+8 {
				a.row = max(a.row, b.row+1)
			}
		}
		flagRows = max(flagRows, a.row+1)
	}
	return x, values, flags, flagRows
}

// words are the mean and the interval of a row.
func (r Interval) words(x span) string {
	switch {
	case finite(r.Mean) && finite(r.Low) && finite(r.High):
		to := "–"
		if r.Low < 0 {
			to = "to" // a dash before a minus is hard to read
		}
		return fmt.Sprintf("%s (%s %s %s)", x.value(r.Mean), strings.TrimSuffix(x.value(r.Low), " %"), to, x.value(r.High))
	case finite(r.Mean):
		return x.value(r.Mean)
	case slices.ContainsFunc(r.Points, finite):
		return ""
	}
	return "no runs"
}

// Size is the room that the figure takes: see [Figure].
func (f Intervals) Size() (w, h vg.Length) {
	w, err := widthOr(f.Width)
	h = headingDepth(f.Heading)
	if err != nil || len(f.Rows) == 0 || f.Check() != nil {
		return w, h + noteDepth
	}
	_, _, _, lines := f.plan()
	return w, h + vg.Length(lines)*lineDepth + vg.Length(len(f.Rows))*rowDepth + 6 + tickDepth + nameDepth
}

// Draw draws the figure: see [Figure].
func (f Intervals) Draw(c draw.Canvas) {
	area, ok := begin(c, f, len(f.Rows) == 0, "no experiments")
	if !ok {
		return
	}
	x, values, flags, lines := f.plan()
	x.from, x.to = x.from+area.Min.X, x.to+area.Min.X
	panel := area
	panel.Min.X, panel.Max.X = x.from, x.to
	panel.Max.Y -= vg.Length(lines)*lineDepth + 3
	panel.Min.Y = panel.Max.Y - vg.Length(len(f.Rows))*rowDepth - 3
	for _, t := range x.ticksX() {
		panel.StrokeLine2(gridline, x.at(t.value), panel.Min.Y, x.at(t.value), panel.Max.Y)
	}
	x.drawX(panel, true, f.X)
	words := style(small, slate, left, bottom)
	for _, r := range flags {
		at, y := area.Min.X+r.x, panel.Max.Y+vg.Length(r.row)*lineDepth
		panel.StrokeLine2(dashed, at, panel.Min.Y, at, y+lineDepth)
		write(panel, words, vg.Point{X: at + 3, Y: y + 1}, r.Name)
	}
	names, numbers := style(body, ink, left, middle), style(small, slate, left, middle)
	for i, r := range f.Rows {
		y := panel.Max.Y - rowDepth*(vg.Length(i)+.5)
		write(area, names, vg.Point{X: area.Min.X, Y: y}, fit(names, r.Name, x.from-area.Min.X-valueSpace+1))
		write(area, numbers, vg.Point{X: x.to + valueSpace, Y: y}, values[i])
		r.draw(panel, x, y)
	}
}

func (r Interval) draw(c draw.Canvas, x span, y vg.Length) {
	for _, v := range r.Points {
		if finite(v) {
			dot(c, fade(ink, 0x48), vg.Point{X: x.at(v), Y: y}, 2)
		}
	}
	if finite(r.Low) && finite(r.High) {
		low, high := x.at(r.Low), x.at(r.High)
		line := draw.LineStyle{Color: blue, Width: 1.5}
		c.StrokeLine2(line, low, y, high, y)
		for _, end := range []vg.Length{low, high} {
			c.StrokeLine2(line, end, y-2.5, end, y+2.5)
		}
	}
	if finite(r.Mean) {
		dot(c, blue, vg.Point{X: x.at(r.Mean), Y: y}, 3)
		if r.Open {
			dot(c, color.White, vg.Point{X: x.at(r.Mean), Y: y}, 1.8)
		}
	}
}
