package figure

import (
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Parallel shows a sweep as lines across parallel axes, one for each setting
// and the last for the result. The better a point, the darker its line; the
// best few are thick, and the best one has its values beside the axes. Lines
// that share a value pass it side by side, the better above. What failed is
// dashed, and what has no value of a setting passes below its axis.
type Parallel struct {
	Heading string
	Sweep
	Width vg.Length // 0: 525 points; more, if there are too many settings for it
}

// Title is Heading.
func (f Parallel) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Parallel) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	return f.check()
}

const (
	axesApart = 12  // points from one axis to the next, at least
	nameApart = 6   // from one name to the next
	belowAxis = 15  // from the axes to the places of what has no value
	uprightAt = 38  // points between axes for which names are not turned
	nameHigh  = 115 // for turned names, at most
	barWide   = 5   // the axis of results, which shows the colours
	inset     = 10  // from the ends of an axis to its outer values, and more than lines stand beside those
)

// A parallelLayout says where the axes are, from the left edge.
type parallelLayout struct {
	width, first, apart vg.Length
	names               [][]nameLine
	upright             bool
	above, high, below  vg.Length // of the axes
}

func (f Parallel) layout() parallelLayout {
	var l parallelLayout
	l.width, _ = widthOr(f.Width)
	n := len(f.Axes) + 1
	l.width = max(l.width, vg.Length(n)*axesApart+60)
	y := f.results()
	y.to = 200
	var right vg.Length
	if ranked, _ := f.ranked(); len(ranked) > 0 {
		right = tickX.Width(y.value(f.Points[ranked[0]].Result))
	}
	for _, t := range f.resultTicks(y) {
		right = max(right, tickX.Width(t.label))
	}
	if n := f.failures(); n > 0 {
		right = max(right, tickX.Width(count(n)+" failed"))
	}
	right += barWide + 6
	room := (l.width-right)/(vg.Length(n)-.5) - nameApart // for a name, if the first takes all of it
	l.upright = room < uprightAt
	if l.upright {
		l.first = lineHeight
	} else {
		l.first = f.nameWidth(0, room) / 2
		last := wrap(nameLast, f.result(), room, 3)
		for _, line := range last {
			right = max(right, nameLast.Width(line)/2)
		}
	}
	l.apart = (l.width - l.first - right) / vg.Length(n-1)
	room = min(room, l.apart-nameApart)
	for j := range n {
		lines := f.label(j, room, l.upright)
		l.names = append(l.names, lines)
		if l.upright {
			l.above = max(l.above, lines[0].style.Width(lines[0].text)+6)
		} else {
			l.above = max(l.above, vg.Length(len(lines))*lineHeight+6)
		}
	}
	l.high = max(150, min(280, l.width*.36))
	if f.hasBelow() {
		l.below = belowAxis
	}
	return l
}

// label is the name above an axis, the last of which is the result's.
func (f Parallel) label(j int, room vg.Length, upright bool) []nameLine {
	switch {
	case upright && j < len(f.Axes):
		sty := upwards(style(small, ink, left, middle))
		return []nameLine{{fitEnd(sty, f.Axes[j].Name, nameHigh), sty}}
	case upright:
		sty := upwards(style(small, ink, left, middle))
		return []nameLine{{fit(sty, f.result(), nameHigh), sty}}
	case j < len(f.Axes):
		return f.name(j, room)
	}
	var lines []nameLine
	for _, line := range wrap(nameLast, f.result(), room, 3) {
		lines = append(lines, nameLine{line, nameLast})
	}
	return lines
}

func (f Parallel) nameWidth(j int, room vg.Length) (w vg.Length) {
	for _, line := range f.name(j, room) {
		w = max(w, line.style.Width(line.text))
	}
	return w
}

// hasBelow tells whether there is something to see below the axes.
func (f Parallel) hasBelow() bool {
	return slices.ContainsFunc(f.Points, func(p Point) bool {
		return p.Failed || p.shown() && slices.ContainsFunc(p.Values, math.IsNaN)
	})
}

// Size is the room that the figure takes: see [Figure].
func (f Parallel) Size() (w, h vg.Length) {
	w, _ = widthOr(f.Width)
	h = headingDepth(f.Heading)
	if f.Check() != nil {
		return w, h + noteDepth
	}
	if empty, _ := f.empty(); empty {
		return w, h + noteDepth
	}
	l := f.layout()
	return l.width, h + l.above + l.high + l.below + small
}

// A parallelAxis is one of the axes on the canvas.
type parallelAxis struct {
	span
	x      vg.Length
	places []vg.Length // by point
	none   bool        // there are points without a value
	values []float64
}

// Draw draws the figure: see [Figure].
func (f Parallel) Draw(c draw.Canvas) {
	empty, why := f.empty()
	area, ok := begin(c, f, empty, why)
	if !ok {
		return
	}
	l := f.layout()
	panel := area
	panel.Min.X += l.first
	panel.Max.X = panel.Min.X + l.apart*vg.Length(len(f.Axes))
	panel.Max.Y -= l.above
	panel.Min.Y = panel.Max.Y - l.high
	ranked, failed := f.ranked()
	axes := f.axes(panel, l, ranked, failed)
	f.drawLines(panel, axes, ranked, failed)
	for j, a := range axes[:len(axes)-1] {
		f.drawAxis(panel, j, a, l.apart-9, ranked)
	}
	f.drawResults(panel, axes[len(axes)-1], ranked, failed)
	for j, lines := range l.names {
		at := vg.Point{X: axes[j].x, Y: panel.Max.Y + 5}
		writeName(area, at, lines[0].style.XAlign, lines)
	}
}

// axes are the axes of the settings and that of the result, with the places at
// which each point passes them.
func (f Parallel) axes(c draw.Canvas, l parallelLayout, ranked, failed []int) []parallelAxis {
	below := c.Min.Y - belowAxis
	var axes []parallelAxis
	for j := range f.Axes {
		a := parallelAxis{span: f.axis(j), x: c.Min.X + vg.Length(j)*l.apart}
		a.from, a.to = c.Min.Y+inset, c.Max.Y-inset
		a.values, a.none = f.values(j)
		a.places = f.beside(j, a, below, slices.Concat(ranked, failed))
		axes = append(axes, a)
	}
	a := parallelAxis{span: f.results(), x: c.Max.X, places: make([]vg.Length, len(f.Points))}
	a.from, a.to = c.Min.Y, c.Max.Y
	for i, p := range f.Points {
		a.places[i] = below
		if !p.Failed {
			a.places[i] = a.at(a.within(p.Result))
		}
	}
	return append(axes, a)
}

// beside are the places at which points pass an axis: those that share a value
// stand side by side around it, the better above, as far as there is room to
// the next value.
func (f Parallel) beside(j int, a parallelAxis, below vg.Length, order []int) []vg.Length {
	places := make([]vg.Length, len(f.Points))
	sharing := map[float64][]int{}
	var none []int
	for _, i := range order {
		if v := f.Points[i].Values[j]; math.IsNaN(v) {
			none = append(none, i)
		} else {
			sharing[v] = append(sharing[v], i)
		}
	}
	spread := func(points []int, at, half vg.Length) {
		apart := min(1.5, 2*half/vg.Length(max(1, len(points)-1)))
		for k, i := range points {
			places[i] = at + apart*(vg.Length(len(points)-1)/2-vg.Length(k))
		}
	}
	for k, v := range a.values {
		half := vg.Length(9)
		for _, next := range []int{k - 1, k + 1} {
			if next >= 0 && next < len(a.values) {
				half = min(half, .3*vg.Length(math.Abs(float64(a.at(v)-a.at(a.values[next])))))
			}
		}
		spread(sharing[v], a.at(v), half)
	}
	spread(none, below, 3)
	return places
}

// shade is the colour of a result. The worst is not white: it is to be seen.
func (f Parallel) shade(y span, v float64) color.NRGBA {
	share := Sequential.share(y.within(v), y.min, y.max)
	if f.Lowest {
		share = 1 - share
	}
	return Sequential.color(.25 + .75*share)
}

// drawLines draws all points, the better over the worse. The more there are,
// the thinner and paler are the lines, and most so those of the worse, which
// would hide that the better ones have something in common.
func (f Parallel) drawLines(c draw.Canvas, axes []parallelAxis, ranked, failed []int) {
	n := float64(len(ranked) + len(failed))
	opaque := max(.12, min(.85, 9/math.Sqrt(n)))
	crowd := max(0, min(1, math.Log10(n/50)/2))
	thin := vg.Length(max(.5, min(1.1, 1.1-.25*math.Log10(n/30))))
	results := axes[len(axes)-1].span
	line := func(i int, look draw.LineStyle) {
		points := make([]vg.Point, len(axes))
		for j, a := range axes {
			points[j] = vg.Point{X: a.x, Y: a.places[i]}
		}
		c.StrokeLines(look, points)
	}
	shade := func(k int) color.NRGBA { return f.shade(results, f.Points[ranked[k]].Result) }
	few := min(len(ranked), 5, 1+len(ranked)/10)
	for k := len(ranked) - 1; k >= few; k-- {
		good := 1 - float64(k)/float64(len(ranked))
		alpha := opaque * (1 - .85*crowd*(1-good*good))
		line(ranked[k], draw.LineStyle{Color: fade(shade(k), uint8(0xff*alpha)), Width: thin})
	}
	for _, i := range failed {
		line(i, draw.LineStyle{Color: fade(slate, uint8(0xff*max(.3, opaque))), Width: .7, Dashes: []vg.Length{3, 2}})
	}
	for k := few - 1; k > 0; k-- {
		line(ranked[k], draw.LineStyle{Color: shade(k), Width: 1.5})
	}
	if few > 0 {
		line(ranked[0], draw.LineStyle{Color: vermilion, Width: 2})
	}
}

// drawAxis draws the axis of a setting with its labels, and the value of the
// best point.
func (f Parallel) drawAxis(c draw.Canvas, j int, a parallelAxis, room vg.Length, ranked []int) {
	s := f.Axes[j]
	line := draw.LineStyle{Color: slate, Width: .75}
	c.StrokeLine2(line, a.x, c.Min.Y, a.x, c.Max.Y)
	best := math.Inf(1)
	if len(ranked) > 0 {
		best = f.Points[ranked[0]].Values[j]
		axisLabel{vermilion, a.places[ranked[0]], s.value(best), s.Words != nil}.draw(c, a.x+5, room)
	}
	free := func(y vg.Length) bool {
		return len(ranked) == 0 || math.Abs(float64(y-a.places[ranked[0]])) >= lineHeight
	}
	for _, t := range s.ticks(a.span, a.values, func(string) vg.Length { return small }) {
		y := a.at(t.value)
		c.StrokeLine2(line, a.x, y, a.x+3, y)
		if t.value != best && free(y) {
			axisLabel{ink, y, t.label, s.Words != nil}.draw(c, a.x+5, room)
		}
	}
	if a.none {
		y := c.Min.Y - belowAxis
		dot(c, color.White, vg.Point{X: a.x, Y: y}, 2.5)
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: slate, Radius: 2.5, Shape: ring{}}, vg.Point{X: a.x, Y: y})
		if !math.IsNaN(best) {
			axisLabel{ink, y, "–", false}.draw(c, a.x+5, room)
		}
	}
}

// drawResults draws the axis of results, which is a bar of the colours.
func (f Parallel) drawResults(c draw.Canvas, a parallelAxis, ranked, failed []int) {
	const levels = 100
	bar := image.NewNRGBA(image.Rect(0, 0, 1, levels))
	for i := range levels {
		bar.SetNRGBA(0, levels-1-i, f.shade(a.span, a.min+(a.max-a.min)*float64(i)/(levels-1)))
	}
	r := vg.Rectangle{Min: vg.Point{X: a.x, Y: c.Min.Y}, Max: vg.Point{X: a.x + barWide, Y: c.Max.Y}}
	c.DrawImage(r, paletted(bar))
	x := r.Max.X + 5
	const room = 1000 // the layout left what it takes
	if len(ranked) > 0 {
		y := a.places[ranked[0]]
		c.StrokeLine2(draw.LineStyle{Color: vermilion, Width: 1.5}, a.x, y, r.Max.X+2, y)
		axisLabel{vermilion, y, a.value(f.Points[ranked[0]].Result), false}.draw(c, x, room)
		for _, t := range f.resultTicks(a.span) {
			at := a.at(t.value)
			c.StrokeLine2(hairline, r.Max.X, at, r.Max.X+3, at)
			if math.Abs(float64(at-y)) >= lineHeight {
				axisLabel{ink, at, t.label, false}.draw(c, x, room)
			}
		}
	}
	if len(failed) > 0 {
		at := vg.Point{X: a.x + barWide/2, Y: c.Min.Y - belowAxis}
		cross(c, ink, at, 2.5)
		axisLabel{ink, at.Y, count(len(failed)) + " failed", false}.draw(c, x, room)
	}
}

// An axisLabel stands right of an axis.
type axisLabel struct {
	color color.Color
	y     vg.Length
	text  string
	word  bool // it can be shortened; half a number is another one
}

// draw draws a label over the lines that pass there.
func (l axisLabel) draw(c draw.Canvas, x, room vg.Length) {
	words := style(small, l.color, left, middle)
	said := fit(words, l.text, room)
	if said == "" || said != l.text && !l.word || said == "…" {
		return
	}
	box(c, fade(color.White, 0xc8), x-1, l.y-small*.55, x+words.Width(said)+1, l.y+small*.55)
	write(c, words, vg.Point{X: x, Y: l.y}, said)
}
