package main

import (
	"cmp"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The colours are those of Okabe and Ito, which every kind of eye tells apart.
// A layer has the same one in all pictures.
var (
	blue      = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	green     = color.RGBA{0x00, 0x9e, 0x73, 0xff}
	vermilion = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	purple    = color.RGBA{0xb8, 0x5a, 0x93, 0xff} // theirs, a little darker: it is read as text
	ink       = color.RGBA{0x33, 0x33, 0x33, 0xff}
	grey      = color.RGBA{0x9a, 0x9a, 0x9a, 0xff}
	pale      = color.RGBA{0xec, 0xec, 0xec, 0xff}
)

// A picture is so wide that a page shows it at 700 pixels, and has twice as
// many for screens that show more.
const (
	pictureWidth  = 700 * vg.Inch / 96
	pictureHeight = 400 * vg.Inch / 96
	pictureDPI    = 192
	textSize      = vg.Length(10.5)
)

// A curve is a series of points under the name that stands at its end.
type curve struct {
	name   string
	color  color.RGBA
	dashed bool    // it decides; what learns is drawn through
	mark   float64 // the paper's place
	points []point
	label  vg.Length // height of the name, once it is settled
}

// A chart is a picture, or one of several side by side, with two logarithmic
// axes.
type chart struct {
	heading, foot string      // what the axes count
	ticks         []plot.Tick // of the horizontal axis
	curves        []curve
	guides        [][]point // thin lines to compare with; nil: everything that grows in proportion
	key           string    // what the guides are; "": they are not explained
	margin        vg.Length // room for the names
}

// words is the one font, in a colour and an alignment.
func words(c color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: c, Font: face, XAlign: x, YAlign: y, Handler: text.Plain{Fonts: fonts}}
}

var (
	face  = font.Font{Typeface: "Go", Size: textSize}
	fonts = font.NewCache(font.Collection{{Font: face, Face: regular()}})
)

func regular() *opentype.Font {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
}

// writePicture writes charts, side by side, as PNG.
func writePicture(w io.Writer, charts ...*chart) error {
	c := vgimg.NewWith(vgimg.UseWH(pictureWidth, pictureHeight), vgimg.UseDPI(pictureDPI), vgimg.UseBackgroundColor(color.White))
	all := vgdraw.New(c)
	width := (all.Max.X - all.Min.X) / vg.Length(len(charts))
	for i, chart := range charts {
		left := width * vg.Length(i)
		chart.draw(vgdraw.Crop(all, left+10, left+width-(all.Max.X-all.Min.X)-10, 8, -8))
	}
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// draw draws the chart: the heading, below it the plot, on its right the names.
func (c *chart) draw(area vgdraw.Canvas) {
	area.FillText(words(ink, text.XLeft, text.YTop), vg.Point{X: area.Min.X, Y: area.Max.Y}, c.heading)
	c.drawKey(area)
	p := plot.New()
	p.BackgroundColor = color.Transparent
	c.scale(p)
	p.X.Label.Text = c.foot
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Scale = plot.LogScale{}
		axis.Padding = 0
		axis.LineStyle = vgdraw.LineStyle{Color: grey, Width: .75}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = 4
		axis.Label.TextStyle = words(ink, text.XCenter, text.YBottom)
		axis.Label.Padding = 2
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(c.ticks), plot.ConstantTicks(logTicks(p.Y.Min, p.Y.Max))
	p.X.Tick.Label = words(ink, text.XCenter, text.YTop)
	p.Y.Tick.Label = words(ink, text.XRight, text.YCenter)
	p.Y.LineStyle.Width, p.Y.Tick.Length = 0, 0 // the grid stands for them
	p.Add(c)
	p.Draw(vgdraw.Crop(area, 0, -c.margin, 0, -24))
}

// drawKey says on the right of the heading what is not named in place.
func (c *chart) drawKey(area vgdraw.Canvas) {
	style := words(ink, text.XRight, text.YTop)
	at := vg.Point{X: area.Max.X, Y: area.Max.Y}
	middle := at.Y - textSize*.75
	if c.curves[0].mark > 0 {
		const name = "the paper's"
		area.FillText(style, at, name)
		at.X -= style.Width(name) + 9
		ring(&area, vg.Point{X: at.X, Y: middle}, ink)
		at.X -= 24
	}
	if c.key != "" {
		area.FillText(style, at, c.key)
		at.X -= style.Width(c.key) + 6
		area.StrokeLine2(guideStyle, at.X-22, middle, at.X, middle)
	}
}

// scale sets the ends of the axes by what is to be seen.
func (c *chart) scale(p *plot.Plot) {
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = math.Inf(1), 0, math.Inf(1), 0
	for _, curve := range c.curves {
		for _, v := range curve.points {
			p.X.Min, p.X.Max = min(p.X.Min, v.x), max(p.X.Max, v.x)
			p.Y.Min, p.Y.Max = min(p.Y.Min, v.low), max(p.Y.Max, v.high)
		}
	}
	for _, g := range c.guides {
		for _, v := range g {
			p.Y.Max = max(p.Y.Max, v.median)
		}
	}
	wide := math.Pow(p.X.Max/p.X.Min, .03)
	p.X.Min, p.X.Max = p.X.Min/wide, p.X.Max*wide
	p.Y.Min, p.Y.Max = min(p.Y.Min/1.25, p.Y.Max/12), p.Y.Max*1.25
}

// logTicks are 1, 10, 100 and so on; over less than two and a half decades 2
// and 5 are among them.
func logTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high; decade *= 10 {
		for _, k := range []float64{1, 2, 5} {
			v := k * decade
			if v < low || v > high || k > 1 && high/low > 300 {
				continue
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: grouped(v)})
		}
	}
	return ticks
}

// grouped is a number with its thousands set apart.
func grouped(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	for i := len(s) - 3; i > 0 && v >= 1000; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var guideStyle = vgdraw.LineStyle{Color: grey, Width: .75, Dashes: []vg.Length{1.5, 2.5}}

// Plot draws what lies between the axes, and the names beside it.
func (c *chart) Plot(area vgdraw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&area)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		area.StrokeLine2(vgdraw.LineStyle{Color: pale, Width: .75}, area.Min.X, y(tick.Value), area.Max.X, y(tick.Value))
	}
	line := func(points []point, value func(point) float64) []vg.Point {
		var l []vg.Point
		for _, v := range points {
			l = append(l, vg.Point{X: x(v.x), Y: y(value(v))})
		}
		return l
	}
	guides := c.guides
	if guides == nil {
		guides = proportional(p)
	}
	median := func(v point) float64 { return v.median }
	for _, g := range guides {
		area.StrokeLines(guideStyle, area.ClipLinesXY(line(g, median))...)
	}
	for _, k := range c.curves {
		band := line(k.points, func(v point) float64 { return v.high })
		low := line(k.points, func(v point) float64 { return v.low })
		slices.Reverse(low)
		tint := color.NRGBA{k.color.R, k.color.G, k.color.B, 0x30}
		area.FillPolygon(tint, append(band, low...))
	}
	for _, k := range c.curves {
		style := vgdraw.LineStyle{Color: k.color, Width: 1.75}
		if k.dashed {
			style.Dashes = []vg.Length{5, 3}
		}
		l := line(k.points, median)
		area.StrokeLines(style, l)
		for i, at := range l {
			area.DrawGlyphNoClip(vgdraw.GlyphStyle{Color: k.color, Radius: 2.5, Shape: vgdraw.CircleGlyph{}}, at)
			if k.points[i].x == k.mark {
				ring(&area, at, k.color)
			}
		}
	}
	c.name(&area, y)
}

// ring marks a place.
func ring(area *vgdraw.Canvas, at vg.Point, col color.Color) {
	area.DrawGlyphNoClip(vgdraw.GlyphStyle{Color: col, Radius: 5, Shape: vgdraw.RingGlyph{}}, at)
}

// name writes the curves' names at their ends, and apart from each other.
func (c *chart) name(area *vgdraw.Canvas, y func(float64) vg.Length) {
	names := slices.Clone(c.curves)
	for i, k := range names {
		names[i].label = y(k.points[len(k.points)-1].median)
	}
	slices.SortFunc(names, func(a, b curve) int { return cmp.Compare(a.label, b.label) })
	const apart = textSize * 1.3
	for range 50 { // each round moves neighbours that are too close by halves
		for i := range names[1:] {
			if lack := apart - (names[i+1].label - names[i].label); lack > 0 {
				names[i].label -= lack / 2
				names[i+1].label += lack / 2
			}
		}
	}
	for _, k := range names {
		area.FillText(words(k.color, text.XLeft, text.YCenter), vg.Point{X: area.Max.X + 3, Y: k.label + textSize*.1}, k.name)
	}
}

// proportional are the lines of everything that grows as fast as the
// horizontal axis, one for every factor of 10.
func proportional(p *plot.Plot) [][]point {
	var lines [][]point
	top := p.Y.Max * 10
	for start := math.Pow(10, math.Floor(math.Log10(p.Y.Min*p.X.Min/p.X.Max))); start < top; start *= 10 {
		lines = append(lines, []point{{x: p.X.Min, median: start}, {x: p.X.Max, median: start * p.X.Max / p.X.Min}})
	}
	return lines
}
