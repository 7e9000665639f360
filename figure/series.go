package figure

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw draws what is between the axes of a panel, and the names beside it.
func (p Panel) draw(c draw.Canvas, x, y span, room vg.Length) {
	var names []beside
	var curves []vg.Point
	for _, r := range p.References {
		at := y.at(r.Value)
		if c.ContainsY(at) {
			line := []vg.Point{{X: c.Min.X, Y: at}, {X: c.Max.X, Y: at}}
			c.StrokeLines(dashed, line)
			curves = append(curves, along(line)...)
			names = append(names, beside{at, r.Name, style(body, slate, left, middle), vg.Point{X: c.Max.X, Y: at}})
		}
	}
	for i, s := range p.Series {
		col, _ := s.look(i)
		s.drawBand(c, x, y, fade(col, 0x30))
	}
	for i, s := range p.Series {
		last := s.last()
		if last < 0 {
			continue
		}
		col, line := s.look(i)
		curves = append(curves, s.drawLine(c, x, y, line)...)
		end := vg.Point{X: x.at(s.x(last)), Y: max(c.Min.Y, min(c.Max.Y, y.at(s.Y[last])))}
		names = append(names, beside{end.Y, s.Name, style(body, col, left, middle), end})
	}
	if !slices.ContainsFunc(p.Series, func(s Series) bool { return s.last() >= 0 }) {
		note(c, "nothing to draw yet")
	}
	p.drawMarks(c, x, y, curves)
	apart(names, nameDistance, c.Min.Y, c.Max.Y)
	for _, n := range names {
		if n.name == "" {
			continue
		}
		thin := draw.LineStyle{Color: fade(n.style.Color, 0x90), Width: .5}
		c.StrokeLines(thin, []vg.Point{{X: n.from.X + 2, Y: n.from.Y}, {X: c.Max.X + 2, Y: n.from.Y}, {X: c.Max.X + leader - 3, Y: n.at}})
		write(c, n.style, vg.Point{X: c.Max.X + leader, Y: n.at}, fit(n.style, n.name, room))
	}
}

// runs are the parts of a series without gaps, as places of their first values
// and of what follows the last.
func runs(n int, there func(int) bool) [][2]int {
	var list [][2]int
	for i := 0; i < n; i++ {
		first := i
		for i < n && there(i) {
			i++
		}
		if i > first {
			list = append(list, [2]int{first, i})
		}
	}
	return list
}

// trace is a part of a series on the canvas. Where many points share half a
// point of width, the first, least, greatest and last are drawn, which looks
// the same.
func (s Series) trace(values []float64, x, y span, part [2]int) []vg.Point {
	var line []vg.Point
	at := func(i int) vg.Point { return vg.Point{X: x.at(s.x(i)), Y: y.at(values[i])} }
	for i := part[0]; i < part[1]; {
		start := at(i).X
		least, greatest, next := i, i, i+1
		for ; next < part[1] && x.at(s.x(next)) < start+.5; next++ {
			if values[next] < values[least] {
				least = next
			}
			if values[next] > values[greatest] {
				greatest = next
			}
		}
		keep := []int{i, least, greatest, next - 1}
		slices.Sort(keep)
		for _, k := range slices.Compact(keep) {
			line = append(line, at(k))
		}
		i = next
	}
	return line
}

// drawLine draws the curve, and returns points of it.
func (s Series) drawLine(c draw.Canvas, x, y span, look draw.LineStyle) []vg.Point {
	var points []vg.Point
	for _, part := range runs(len(s.Y), func(i int) bool { return finite(s.Y[i]) }) {
		line := s.trace(s.Y, x, y, part)
		if len(line) == 1 {
			if c.Contains(line[0]) {
				dot(c, look.Color, line[0], look.Width)
			}
			continue
		}
		for _, inside := range c.ClipLinesY(line) {
			c.StrokeLines(look, inside)
			points = append(points, along(inside)...)
		}
	}
	return points
}

func (s Series) drawBand(c draw.Canvas, x, y span, col color.Color) {
	if s.Low == nil {
		return
	}
	for _, part := range runs(len(s.Y), func(i int) bool { return finite(s.Low[i]) && finite(s.High[i]) }) {
		edge := s.trace(s.High, x, y, part)
		low := s.trace(s.Low, x, y, part)
		slices.Reverse(low)
		c.FillPolygon(col, c.ClipPolygonY(append(edge, low...)))
	}
}

// drawMarks rings the places to point out and writes what they are, where that
// covers least.
func (p Panel) drawMarks(c draw.Canvas, x, y span, curves []vg.Point) {
	var taken []vg.Rectangle
	for i, s := range p.Series {
		col, _ := s.look(i)
		for _, m := range s.Mark {
			if !finite(s.Y[m]) {
				continue
			}
			at := vg.Point{X: x.at(s.x(m)), Y: y.at(s.Y[m])}
			if !c.Contains(at) {
				continue
			}
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: col, Radius: 3.5, Shape: ring{}}, at)
			words := style(small, col, center, middle)
			said := y.value(s.Y[m]) + " at " + short(s.x(m))
			half := vg.Point{X: words.Width(said)/2 + 2, Y: small/2 + 1}
			spot, ok := freeSpot(c, at, half, taken, curves)
			if !ok {
				continue
			}
			r := vg.Rectangle{Min: spot.Sub(half), Max: spot.Add(half)}
			thread := link(r, at)
			c.StrokeLines(draw.LineStyle{Color: col, Width: .5}, thread)
			curves = append(curves, along(thread)...)
			write(c, words, spot, said)
			taken = append(taken, r)
		}
	}
}

// link is the line from a marked point to the nearest edge of its words.
func link(words vg.Rectangle, at vg.Point) []vg.Point {
	return []vg.Point{at, {X: max(words.Min.X, min(words.Max.X, at.X)), Y: max(words.Min.Y, min(words.Max.Y, at.Y))}}
}

// freeSpot finds a place for words near a point that is free of other words
// and covers as few points of curves as can be.
func freeSpot(c draw.Canvas, at, half vg.Point, taken []vg.Rectangle, curves []vg.Point) (best vg.Point, ok bool) {
	least := math.Inf(1)
	for up := -6; up <= 6; up++ {
		for _, aside := range []vg.Length{0, -1, 1, -2, 2} {
			if up == 0 {
				continue
			}
			spot := at.Add(vg.Point{X: aside * (half.X + 6), Y: vg.Length(up) * 10})
			spot.X = max(c.Min.X+half.X, min(c.Max.X-half.X, spot.X))
			r := vg.Rectangle{Min: spot.Sub(half), Max: spot.Add(half)}
			thread := along(link(r, at))
			if r.Min.Y < c.Min.Y || r.Max.Y > c.Max.Y || slices.ContainsFunc(taken, func(t vg.Rectangle) bool {
				return meet(r, t) || slices.ContainsFunc(thread, func(p vg.Point) bool { return meet(t, vg.Rectangle{Min: p, Max: p}) })
			}) {
				continue
			}
			cost := math.Hypot(float64(spot.X-at.X)/2, float64(spot.Y-at.Y))
			for _, p := range curves {
				if meet(r, vg.Rectangle{Min: p, Max: p}) {
					cost += 20
				}
			}
			if cost < least {
				least, best, ok = cost, spot, true
			}
		}
	}
	return best, ok
}

// along are points of a line, near enough to each other to tell what the line
// crosses.
func along(line []vg.Point) []vg.Point {
	var points []vg.Point
	for i := 1; i < len(line); i++ {
		way := line[i].Sub(line[i-1])
		n := max(1, min(500, int(math.Hypot(float64(way.X), float64(way.Y))/4)))
		for k := range n {
			points = append(points, line[i-1].Add(way.Scale(vg.Length(k)/vg.Length(n))))
		}
	}
	return points
}

func meet(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

// ring marks a place of a curve.
type ring struct{}

func (ring) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	var p vg.Path
	addDot(&p, at, sty.Radius)
	c.SetLineStyle(draw.LineStyle{Color: sty.Color, Width: 1.2})
	c.Stroke(p)
}
