package figure

import (
	"cmp"
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawBest marks the best point.
func drawBest(c draw.Canvas, at vg.Point) {
	dot(c, vermilion, at, 1.6)
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: vermilion, Radius: 3.6, Shape: ring{}}, at)
}

// drawLevel draws a mean and its interval.
func drawLevel(c draw.Canvas, x, mean, low, high vg.Length, ends ...vg.Length) {
	line := draw.LineStyle{Color: blue, Width: 1.5}
	c.StrokeLine2(line, x, low, x, high)
	for _, end := range ends {
		if mean-end > 3.5 || end-mean > 3.5 { // nearer it would make a square of the dot
			c.StrokeLine2(line, x-2.5, end, x+2.5, end)
		}
	}
	dot(c, blue, vg.Point{X: x, Y: mean}, 2.7)
}

// scatter are the places of all points in a panel. Those that share a value
// stand beside each other, by their order, and always at the same distances.
func (f Effects) scatter(j int, x, y span, values []float64, corner vg.Point) []vg.Point {
	half := vg.Length(9)
	for k := 1; k < len(values); k++ {
		half = min(half, .3*vg.Length(math.Abs(float64(x.at(values[k])-x.at(values[k-1])))))
	}
	places := make([]vg.Point, len(f.Points))
	before := map[float64]int{}
	nones := 0
	for i, p := range f.Points {
		if !p.shown() {
			continue
		}
		v := p.Values[j]
		at, aside, k := f.placeOf(x, v, corner.X), half, before[v]
		before[v]++
		if math.IsNaN(v) {
			aside, k = 5, nones
			nones++
		}
		// Multiples of the golden section fill a line evenly.
		_, part := math.Modf(float64(k)*(math.Phi-1) + .5)
		places[i] = vg.Point{X: at + aside*vg.Length(2*part-1), Y: corner.Y + failedDeep - lineHeight}
		if !p.Failed {
			places[i].Y = y.at(y.within(p.Result))
		}
	}
	return places
}

// placeOf is where in a panel a value is, or where none is.
func (f Effects) placeOf(x span, v float64, start vg.Length) vg.Length {
	if math.IsNaN(v) {
		return start + noneWide/2 - 2
	}
	return x.at(v)
}

// drawDots draws the points that have a result; many as an image of small
// dots, for a file would grow with each dot that is drawn as such.
func (f Effects) drawDots(c draw.Canvas, places []vg.Point, ranked []int) {
	if len(ranked) <= 300 {
		for _, i := range ranked {
			dot(c, fade(ink, 0x48), places[i], 1.6)
		}
		return
	}
	radius := 3 // of a dot, in pixels
	if len(ranked) > 1500 {
		radius = 1
	}
	cols, rows := int((c.Max.X-c.Min.X)/step)+1, int((c.Max.Y-c.Min.Y)/step)+1
	var colors color.Palette
	clear := 1.
	for range 12 { // the more dots in a place, the darker
		colors = append(colors, fade(ink, uint8(0xff*(1-clear))))
		clear *= .75
	}
	dots := image.NewPaletted(image.Rect(0, 0, cols, rows), colors)
	for _, i := range ranked {
		col, row := int((places[i].X-c.Min.X)/step), rows-1-int((places[i].Y-c.Min.Y)/step)
		for dy := -radius; dy <= radius; dy++ {
			for dx := -radius; dx <= radius; dx++ {
				if dx*dx+dy*dy <= radius*radius+1 {
					dots.SetColorIndex(col+dx, row+dy, min(dots.ColorIndexAt(col+dx, row+dy)+1, uint8(len(colors)-1)))
				}
			}
		}
	}
	size := vg.Point{X: step * vg.Length(cols), Y: step * vg.Length(rows)}
	c.DrawImage(vg.Rectangle{Min: c.Min, Max: c.Min.Add(size)}, dots)
}

// drawMeans draws the means of a setting, and a line through those of numbers.
func (f Effects) drawMeans(c draw.Canvas, j int, x, y span) {
	if f.Means == nil {
		return
	}
	levels := slices.Clone(f.Means[j])
	slices.SortStableFunc(levels, func(a, b Level) int { return cmp.Compare(a.Value, b.Value) })
	var through []vg.Point
	for _, l := range levels {
		if !math.IsNaN(l.Value) && finite(l.Mean) {
			through = append(through, vg.Point{X: x.at(l.Value), Y: y.at(y.within(l.Mean))})
		}
	}
	if f.Axes[j].Words == nil && len(through) > 1 {
		c.StrokeLines(draw.LineStyle{Color: fade(blue, 0x90), Width: .9}, through)
	}
	for _, l := range levels {
		if !finite(l.Mean) {
			continue
		}
		mean := y.at(y.within(l.Mean))
		low, high := mean, mean
		var ends []vg.Length // of an interval that goes on beyond the panel none is drawn
		if finite(l.Low) && finite(l.High) {
			low, high = y.at(y.within(l.Low)), y.at(y.within(l.High))
			for _, v := range []float64{l.Low, l.High} {
				if y.within(v) == v {
					ends = append(ends, y.at(v))
				}
			}
		}
		drawLevel(c, f.placeOf(x, l.Value, c.Min.X), mean, low, high, ends...)
	}
}
