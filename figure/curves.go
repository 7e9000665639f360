package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curves shows series over one horizontal axis, such as epochs, in panels
// under each other, such as right, wrong and silent. The name of a series
// stands at its end.
type Curves struct {
	Heading string
	X       string // what the horizontal axis counts; "": "epoch"
	Log     bool   // the horizontal axis is logarithmic; every x must be positive
	Panels  []Panel
	Width   vg.Length // 0: 525 points
	Height  vg.Length // of a panel; 0: 210 points if it is the only one, else 130; more, if its names need it
}

// A Panel is a pair of axes with its series.
type Panel struct {
	Name       string
	Percent    bool    // values are parts of 1 and are written in per cent
	Low, High  float64 // ends of the vertical axis; both 0: what there is to see
	Series     []Series
	References []Reference
}

// A Series is a curve. Its line has a gap where Y is NaN or infinite, or beyond
// 1e100, and its band where Low or High is.
type Series struct {
	Name      string
	X         []float64 // increasing; nil: 1, 2, 3 and so on
	Y         []float64
	Low, High []float64   // the band's edges, as many as Y; nil: no band
	Mark      []int       // places in Y to point out, such as the best epoch
	Color     color.Color // nil: by its place among the series
}

// Limits of curves.
const (
	maxPanels = 16
	maxSeries = 300
	maxPoints = 1 << 20
)

// Title is Heading.
func (f Curves) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Curves) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	if f.Height != 0 && !(f.Height >= 40 && f.Height <= 5000) {
		return fmt.Errorf("Height is %g points; choose from 40 to 5000, or 0 to have it chosen", float64(f.Height))
	}
	if len(f.Panels) > maxPanels {
		return fmt.Errorf("%d Panels; there can be %d", len(f.Panels), maxPanels)
	}
	points := 0
	for i, p := range f.Panels {
		if p.Low != 0 || p.High != 0 {
			if err := checkRange(p.Low, p.High); err != nil {
				return fmt.Errorf("Panels[%d]: %w", i, err)
			}
		}
		if err := checkReferences(p.References); err != nil {
			return fmt.Errorf("Panels[%d]: %w", i, err)
		}
		if len(p.Series) > maxSeries {
			return fmt.Errorf("Panels[%d]: %d Series; there can be %d", i, len(p.Series), maxSeries)
		}
		for j, s := range p.Series {
			if points += len(s.Y); points > maxPoints {
				return fmt.Errorf("more than %d points in all; leave some out", maxPoints)
			}
			if err := s.check(f.Log); err != nil {
				return fmt.Errorf("Panels[%d].Series[%d] %q: %w", i, j, clean(s.Name), err)
			}
		}
	}
	return nil
}

func (s Series) check(log bool) error {
	if s.X != nil && len(s.X) != len(s.Y) {
		return fmt.Errorf("X has %d values and Y %d", len(s.X), len(s.Y))
	}
	if (s.Low != nil || s.High != nil) && (len(s.Low) != len(s.Y) || len(s.High) != len(s.Y)) {
		return fmt.Errorf("Low has %d values, High %d and Y %d", len(s.Low), len(s.High), len(s.Y))
	}
	for i := range s.X {
		switch x := s.X[i]; {
		case !finite(x):
			return fmt.Errorf("X[%d] is %g; it must be finite", i, x)
		case log && x < least:
			return fmt.Errorf("X[%d] is %g; it must be positive, and %g at least, on a logarithmic axis", i, x, least)
		case i > 0 && x <= s.X[i-1]:
			return fmt.Errorf("X[%d] is %g after %g; it must increase", i, x, s.X[i-1])
		}
	}
	if len(s.Mark) > 100 {
		return fmt.Errorf("%d places in Mark; there can be 100", len(s.Mark))
	}
	for _, m := range s.Mark {
		if m < 0 || m >= len(s.Y) {
			return fmt.Errorf("Mark has %d; Y has %d values", m, len(s.Y))
		}
	}
	return nil
}

func (s Series) x(i int) float64 {
	if s.X == nil {
		return float64(i + 1)
	}
	return s.X[i]
}

// last is the place of the last value that can be drawn, or -1.
func (s Series) last() int {
	i := len(s.Y) - 1
	for i >= 0 && !finite(s.Y[i]) {
		i--
	}
	return i
}

// look is the colour of the series at a place, and its line. When colours come
// again, the lines are dashed.
func (s Series) look(place int) (color.Color, draw.LineStyle) {
	var col color.Color = inOrder[place%len(inOrder)]
	line := draw.LineStyle{Width: 1.5}
	if len(s.Y) > 150 { // noise would fill the space between its lines
		line.Width = 1.1
	}
	if s.Color != nil {
		col = s.Color
	} else if round := place / len(inOrder); round > 0 {
		line.Dashes = []vg.Length{6, 2}
		for range (round - 1) % 3 {
			line.Dashes = append(line.Dashes, 1.5, 2)
		}
	}
	line.Color = col
	return col, line
}

const (
	nameDistance = 10.5 // points from one name to the next
	nameRoom     = 150  // and at most for the widest
	leader       = 14   // from the axes to the names
	panelName    = 16
	panelApart   = 12
)

// height is how high the axes of a panel are.
func (f Curves) height(p Panel) vg.Length {
	h := f.Height
	if h == 0 {
		h = 130
		if len(f.Panels) == 1 {
			h = 210
		}
	}
	return max(h, vg.Length(len(p.Series)+len(p.References))*nameDistance)
}

// Size is the room that the figure takes: see [Figure].
func (f Curves) Size() (w, h vg.Length) {
	w, _ = widthOr(f.Width)
	h = headingDepth(f.Heading)
	if len(f.Panels) == 0 || f.Check() != nil {
		return w, h + noteDepth
	}
	for i, p := range f.Panels {
		h += f.height(p) + 4
		if p.Name != "" {
			h += panelName
		}
		if i > 0 {
			h += panelApart
		}
	}
	return w, h + tickDepth + nameDepth
}

// spans are the horizontal axis and the vertical ones.
func (f Curves) spans() (x span, y []span) {
	x = nothing()
	x.log = f.Log
	whole := true
	for _, p := range f.Panels {
		s := nothing()
		s.percent = p.Percent
		for _, series := range p.Series {
			for i := range series.Y {
				v := series.x(i)
				x.include(v)
				whole = whole && v == math.Trunc(v)
			}
			s.include(series.Y...)
			s.include(series.Low...)
			s.include(series.High...)
		}
		for _, r := range p.References {
			s.include(r.Value)
		}
		s.settleWithin(.05)
		if p.Low != 0 || p.High != 0 {
			s.min, s.max = p.Low, p.High
		}
		s.to = f.height(p)
		y = append(y, s)
	}
	x.settle(0)
	x.whole = whole
	return x, y
}

// Draw draws the figure: see [Figure].
func (f Curves) Draw(c draw.Canvas) {
	area, ok := begin(c, f, len(f.Panels) == 0, "no panels")
	if !ok {
		return
	}
	x, y := f.spans()
	words := style(body, ink, left, middle)
	room := vg.Length(0)
	for _, p := range f.Panels {
		for _, s := range p.Series {
			room = max(room, words.Width(fit(words, s.Name, nameRoom)))
		}
		for _, r := range p.References {
			room = max(room, words.Width(fit(words, r.Name, nameRoom)))
		}
	}
	x.from, x.to = area.Min.X+marginY(y...), area.Max.X-room-leader-1
	axis := f.X
	if axis == "" {
		axis = "epoch"
	}
	ceiling := area.Max.Y
	for i, p := range f.Panels {
		if p.Name != "" {
			heading := style(body, ink, left, top)
			write(area, heading, vg.Point{X: area.Min.X, Y: ceiling}, fit(heading, p.Name, area.Max.X-area.Min.X))
			ceiling -= panelName
		}
		panel := area
		panel.Min.X, panel.Max.X = x.from, x.to
		panel.Max.Y = ceiling - 4
		panel.Min.Y = panel.Max.Y - f.height(p)
		y[i].from, y[i].to = panel.Min.Y, panel.Max.Y
		y[i].drawY(panel)
		x.drawX(panel, i == len(f.Panels)-1, axis)
		p.draw(panel, x, y[i], room)
		ceiling = panel.Min.Y - panelApart
	}
}
