package figure

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Effects shows what each setting of a sweep does by itself: a panel for each,
// with the result against its values. Points are faint dots, the best one has
// a ring in every panel, and means over all points that share a value stand out.
// All panels have one vertical axis.
type Effects struct {
	Heading string
	Sweep
	Means [][]Level // a list for each axis; nil: there are none
	Width vg.Length // 0: 525 points
}

// A Level is the mean result over all points with one value of a setting, and
// an interval around it such as that of 95 %. The mean and the interval are
// left out where they are NaN or infinite, or beyond 1e100.
type Level struct {
	Value           float64 // NaN: of the points that have no value
	Mean, Low, High float64
}

const maxLevels = 1000 // of a setting

// Title is Heading.
func (f Effects) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Effects) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	if f.Means != nil && len(f.Means) != len(f.Axes) {
		return fmt.Errorf("Means has %d lists of levels for %d Axes", len(f.Means), len(f.Axes))
	}
	for j, levels := range f.Means {
		if len(levels) > maxLevels {
			return fmt.Errorf("Means[%d] has %d levels; there can be %d", j, len(levels), maxLevels)
		}
		for k, l := range levels {
			if err := f.Axes[j].check(l.Value); err != nil {
				return fmt.Errorf("Means[%d][%d].Value is %g; %w", j, k, l.Value, err)
			}
			if l.Low > l.High {
				return fmt.Errorf("Means[%d][%d]: Low is %g and High is %g; Low must be the lesser", j, k, l.Low, l.High)
			}
		}
	}
	return nil
}

const (
	effectWide   = 112 // points that a panel is wide, at least
	effectWidest = 260
	effectHigh   = 112
	effectApart  = 16 // from one panel to the next
	effectInset  = 12 // from the ends of a panel to its outer numbers
	noneWide     = 20 // the place of points without a value
	failedDeep   = 14 // and that of those that failed
	wordHigh     = 64 // of turned words under an axis, at most
)

// An effectsLayout says where the panels are.
type effectsLayout struct {
	left, wide   vg.Length // of the first panel from the edge, and of each
	cols         int
	above, under []vg.Length // a row of panels: room for names, and for labels
	y            span        // from the lower edge of a panel
	low          vg.Length   // from there to the axis of results
}

func (f Effects) layout() effectsLayout {
	width, _ := widthOr(f.Width)
	l := effectsLayout{y: f.results()}
	if f.failures() > 0 {
		l.low = failedDeep
		l.left = tickY.Width("failed")
	}
	l.y.from, l.y.to = l.low, effectHigh
	for _, t := range f.resultTicks(l.y) {
		l.left = max(l.left, tickY.Width(t.label))
	}
	l.left += 7 + lineHeight + 3 // and its name
	n := len(f.Axes)
	room := width - l.left + effectApart
	most := max(1, min(6, int(room/(effectWide+effectApart))))
	rows := (n + most - 1) / most
	l.cols = (n + rows - 1) / rows
	l.wide = min(effectWidest, room/vg.Length(l.cols)-effectApart)
	l.above, l.under = make([]vg.Length, rows), make([]vg.Length, rows)
	for j := range f.Axes {
		row := j / l.cols
		l.above[row] = max(l.above[row], vg.Length(len(f.heading(j, l.wide)))*lineHeight+4)
		l.under[row] = max(l.under[row], f.labelDepth(j, l.wide))
	}
	return l
}

// heading is the name of a setting above its panel: the whole path in one
// line, if there is room for it.
func (f Effects) heading(j int, wide vg.Length) []nameLine {
	if whole := clean(f.Axes[j].Name); len(whole) <= textLimit && nameLast.Width(whole) <= wide {
		return []nameLine{{whole, nameLast}}
	}
	return f.name(j, wide)
}

// effectAxis is the axis of a setting in a panel. What has no value of the
// setting stands left of it.
func (f Effects) effectAxis(j int, from, to vg.Length) (x span, values []float64, none bool) {
	var levels []float64
	if f.Means != nil {
		for _, l := range f.Means[j] {
			levels = append(levels, l.Value)
		}
	}
	x = f.axis(j, levels...)
	values, none = f.values(j, levels...)
	x.from, x.to = from, to
	if none {
		x.from += noneWide
	}
	if f.Axes[j].Words == nil {
		x.from += effectInset
		x.to -= effectInset
	}
	return x, values, none
}

// words are what stands under the axis of a setting of words, in up to three
// lines each. If not all of them have room there side by side, they are turned.
func (f Effects) words(j int, x span) (words [][]string, turned bool) {
	all := f.Axes[j].Words
	slot := (x.to-x.from)/vg.Length(max(1, len(all))) - 4
	letters := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for _, s := range all {
		lines := wrap(tickX, s, slot, 3)
		if letters(strings.Join(lines, "")) != letters(clean(s)) {
			turned = true
			break
		}
		words = append(words, lines)
	}
	if turned {
		words = words[:0]
		for _, s := range all {
			words = append(words, []string{fit(tickX, s, wordHigh)})
		}
	}
	return words, turned
}

// labelDepth is the room that the labels under an axis take.
func (f Effects) labelDepth(j int, wide vg.Length) vg.Length {
	depth := vg.Length(tickDepth)
	x, _, _ := f.effectAxis(j, 0, wide)
	words, turned := f.words(j, x)
	for _, lines := range words {
		if turned {
			depth = max(depth, tickX.Width(lines[0])+6)
		} else {
			depth = max(depth, tickDepth+vg.Length(len(lines)-1)*lineHeight)
		}
	}
	return depth
}

// Size is the room that the figure takes: see [Figure].
func (f Effects) Size() (w, h vg.Length) {
	w, _ = widthOr(f.Width)
	h = headingDepth(f.Heading)
	if f.Check() != nil {
		return w, h + noteDepth
	}
	if empty, _ := f.empty(); empty {
		return w, h + noteDepth
	}
	h += keyDepth
	l := f.layout()
	for row := range l.above {
		h += l.above[row] + effectHigh + l.under[row]
		if row > 0 {
			h += effectApart / 2
		}
	}
	return w, h
}

// Draw draws the figure: see [Figure].
func (f Effects) Draw(c draw.Canvas) {
	empty, why := f.empty()
	area, ok := begin(c, f, empty, why)
	if !ok {
		return
	}
	l := f.layout()
	f.drawKey(area)
	ranked, _ := f.ranked()
	ceiling := area.Max.Y - keyDepth
	for row := range l.above {
		panel := area
		panel.Max.Y = ceiling - l.above[row]
		panel.Min.Y = panel.Max.Y - effectHigh
		y := l.y
		y.from, y.to = panel.Min.Y+l.low, panel.Max.Y
		f.drawScale(panel, y, l)
		for j := row * l.cols; j < min((row+1)*l.cols, len(f.Axes)); j++ {
			panel.Min.X = area.Min.X + l.left + vg.Length(j%l.cols)*(l.wide+effectApart)
			panel.Max.X = panel.Min.X + l.wide
			writeName(panel, vg.Point{X: panel.Min.X, Y: panel.Max.Y + 4}, left, f.heading(j, l.wide))
			f.drawPanel(panel, j, y, l, ranked)
		}
		ceiling = panel.Min.Y - l.under[row] - effectApart/2
	}
}

// drawScale writes what the vertical axis of a row of panels is, and its
// labels.
func (f Effects) drawScale(c draw.Canvas, y span, l effectsLayout) {
	name := upwards(style(small, slate, center, top))
	write(c, name, vg.Point{X: c.Min.X, Y: c.Center().Y}, fit(name, f.result(), effectHigh+10))
	x := c.Min.X + l.left - 4
	for _, t := range f.resultTicks(y) {
		write(c, tickY, vg.Point{X: x, Y: y.at(t.value)}, t.label)
	}
	if l.low > 0 {
		write(c, tickY, vg.Point{X: x, Y: c.Min.Y + failedDeep - lineHeight}, "failed")
	}
}

// drawKey explains the marks.
func (f Effects) drawKey(c draw.Canvas) {
	words := style(small, slate, left, middle)
	at := vg.Point{X: c.Min.X, Y: c.Max.Y - 6}
	put := func(s string, mark func(vg.Point)) {
		if at.X+words.Width(s)+20 > c.Max.X {
			return
		}
		mark(at.Add(vg.Point{X: 6}))
		write(c, words, at.Add(vg.Point{X: 16}), s)
		at.X += 16 + words.Width(s) + 16
	}
	if slices.ContainsFunc(f.Means, func(l []Level) bool { return len(l) > 0 }) {
		put("mean and its interval", func(p vg.Point) { drawLevel(c, p.X, p.Y, p.Y-5, p.Y+5, p.Y-5, p.Y+5) })
	}
	ranked, failed := f.ranked()
	if len(ranked) > 0 {
		put("a point", func(p vg.Point) { dot(c, fade(ink, 0x60), p, 1.6) })
		put("the best: "+f.results().value(f.Points[ranked[0]].Result), func(p vg.Point) { drawBest(c, p) })
	}
	if n := len(failed); n > 0 {
		put(count(n)+" failed", func(p vg.Point) { cross(c, slate, p, 2) })
	}
}

// drawPanel draws the axes of a setting and what is between them.
func (f Effects) drawPanel(c draw.Canvas, j int, y span, l effectsLayout, ranked []int) {
	x, values, none := f.effectAxis(j, c.Min.X, c.Max.X)
	for _, t := range f.resultTicks(y) {
		at := y.at(t.value)
		c.StrokeLine2(gridline, c.Min.X, at, c.Max.X, at)
	}
	f.drawValues(c, j, x, values, none)
	places := f.scatter(j, x, y, values, c.Min)
	f.drawDots(c, places, ranked)
	for i, p := range f.Points {
		if p.Failed {
			cross(c, fade(slate, 0xb0), places[i], 2)
		}
	}
	f.drawMeans(c, j, x, y)
	if len(ranked) > 0 {
		drawBest(c, places[ranked[0]])
	}
}

// drawValues draws the horizontal axis of a panel with its labels.
func (f Effects) drawValues(c draw.Canvas, j int, x span, values []float64, none bool) {
	s := f.Axes[j]
	start := c.Min.X
	if none {
		start += noneWide
		at := c.Min.X + noneWide/2 - 2
		c.StrokeLine2(hairline, at-5, c.Min.Y, at+5, c.Min.Y)
		write(c, tickX, vg.Point{X: at, Y: c.Min.Y - 4}, "–")
	}
	c.StrokeLine2(hairline, start, c.Min.Y, c.Max.X, c.Min.Y)
	words, turned := f.words(j, x)
	sty, size := tickX, tickX.Width
	if turned {
		sty = upwards(style(small, ink, right, middle))
	}
	if s.Words != nil {
		size = func(string) vg.Length { return small }
	}
	for _, t := range s.ticks(x, values, size) {
		at := vg.Point{X: x.at(t.value), Y: c.Min.Y - 4}
		c.StrokeLine2(hairline, at.X, c.Min.Y, at.X, c.Min.Y-3)
		lines := []string{t.label}
		if s.Words != nil && t.label != "" {
			lines = words[int(t.value)]
		}
		for _, line := range lines {
			write(c, sty, at, line)
			at.Y -= lineHeight
		}
	}
}
