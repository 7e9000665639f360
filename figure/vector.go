package figure

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// vector is a canvas that becomes an SVG file. gonum has one too, but whoever
// looks at its files without owning the font sees other widths than those that
// the layout was made with. Here each text says how wide it is, names more
// fonts than one, and images keep their pixels.
type vector struct {
	w, h  vg.Length
	body  bytes.Buffer
	stack []pen
}

// A pen is what Push keeps and Pop brings back.
type pen struct {
	color  color.NRGBA
	width  vg.Length
	dashes []vg.Length
	offset vg.Length
	groups int // opened since Push
}

func newVector(w, h vg.Length) *vector {
	c := &vector{w: w, h: h, stack: make([]pen, 1)}
	vg.Initialize(c)
	return c
}

func (c *vector) top() *pen { return &c.stack[len(c.stack)-1] }

func (c *vector) Size() (w, h vg.Length)   { return c.w, c.h }
func (c *vector) SetLineWidth(w vg.Length) { c.top().width = w }
func (c *vector) SetColor(col color.Color) { c.top().color = solid(col) }
func (c *vector) Rotate(rad float64)       { c.group("rotate(%s)", rad*180/math.Pi) }
func (c *vector) Translate(by vg.Point)    { c.group("translate(%s %s)", float64(by.X), float64(by.Y)) }
func (c *vector) Scale(x, y float64)       { c.group("scale(%s %s)", x, y) }
func (c *vector) Fill(p vg.Path) {
	c.path(p, ` fill="`+hex(c.top().color)+`"`+opacity("fill", c.top().color))
}
func (c *vector) SetLineDash(d []vg.Length, offset vg.Length) {
	c.top().dashes, c.top().offset = d, offset
}

// solid is a color with its parts as an SVG file wants them.
func solid(c color.Color) color.NRGBA {
	if c == nil {
		c = color.Black
	}
	return color.NRGBAModel.Convert(c).(color.NRGBA)
}

func (c *vector) group(format string, by ...float64) {
	numbers := make([]any, len(by))
	for i, v := range by {
		numbers[i] = strconv.FormatFloat(v, 'g', 8, 64)
	}
	fmt.Fprintf(&c.body, "<g transform=\""+format+"\">\n", numbers...)
	c.top().groups++
}

func (c *vector) Push() {
	p := *c.top()
	p.groups = 0
	c.stack = append(c.stack, p)
}

func (c *vector) Pop() {
	c.close(c.top().groups)
	c.stack = c.stack[:len(c.stack)-1]
}

func (c *vector) close(groups int) {
	for range groups {
		c.body.WriteString("</g>\n")
	}
}

func (c *vector) Stroke(p vg.Path) {
	pen := c.top()
	if pen.width <= 0 {
		return
	}
	look := ` fill="none" stroke="` + hex(pen.color) + `"` + opacity("stroke", pen.color) + ` stroke-width="` + number(pen.width) + `"`
	if len(pen.dashes) > 0 {
		look += ` stroke-dasharray="`
		for i, d := range pen.dashes {
			if i > 0 {
				look += " "
			}
			look += number(d)
		}
		look += `" stroke-dashoffset="` + number(pen.offset) + `"`
	}
	c.path(p, look)
}

func (c *vector) path(p vg.Path, look string) {
	c.body.WriteString(`<path d="`)
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp:
			c.points("M", part.Pos)
		case vg.LineComp:
			c.points("L", part.Pos)
		case vg.CurveComp:
			c.points([]string{"L", "Q", "C"}[len(part.Control)], append(part.Control[:len(part.Control):len(part.Control)], part.Pos)...)
		case vg.ArcComp:
			c.arc(part)
		case vg.CloseComp:
			c.body.WriteByte('Z')
		}
	}
	c.body.WriteString(`"` + look + "/>\n")
}

// arc draws an arc in halves, for no single one of SVG is a full circle.
func (c *vector) arc(part vg.PathComp) {
	at := func(angle float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{X: part.Pos.X + part.Radius*vg.Length(cos), Y: part.Pos.Y + part.Radius*vg.Length(sin)}
	}
	sweep := "1"
	if part.Angle < 0 {
		sweep = "0"
	}
	c.points("L", at(part.Start))
	r := number(part.Radius)
	for _, share := range []float64{.5, 1} {
		c.points("A"+r+" "+r+" 0 0 "+sweep+" ", at(part.Start+share*part.Angle))
	}
}

func (c *vector) points(command string, points ...vg.Point) {
	c.body.WriteString(command)
	for i, p := range points {
		if i > 0 {
			c.body.WriteByte(' ')
		}
		c.body.WriteString(number(p.X) + " " + number(p.Y))
	}
}

// FillString writes text, which is upside down in a file whose y goes up.
func (c *vector) FillString(face font.Face, at vg.Point, s string) {
	if s == "" || face.Font.Size <= 0 {
		return
	}
	fmt.Fprintf(&c.body, `<text transform="scale(1 -1)" x="%s" y="%s" font-size="%s" textLength="%s" lengthAdjust="spacingAndGlyphs" fill="%s"%s>`,
		number(at.X), number(-at.Y), number(face.Font.Size), number(face.Width(s)), hex(c.top().color), opacity("fill", c.top().color))
	c.body.WriteString(escape(s) + "</text>\n")
}

// DrawImage embeds an image as PNG. A browser that shows it larger repeats its
// pixels.
func (c *vector) DrawImage(r vg.Rectangle, m image.Image) {
	var file bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&file, m); err != nil {
		return // an image without pixels: there is nothing to show
	}
	fmt.Fprintf(&c.body, `<image transform="scale(1 -1)" x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" image-rendering="pixelated" xlink:href="data:image/png;base64,%s"/>`+"\n",
		number(r.Min.X), number(-r.Max.Y), number(r.Size().X), number(r.Size().Y), base64.StdEncoding.EncodeToString(file.Bytes()))
}

// write writes the file. What is still open is closed.
func (c *vector) write(w io.Writer, title string) error {
	for len(c.stack) > 1 {
		c.Pop()
	}
	c.close(c.top().groups)
	c.top().groups = 0
	width, height := number(c.w), number(c.h)
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%spt" height="%spt" viewBox="0 0 %s %s" role="img" font-family="Go, Lucida Grande, Helvetica, Arial, sans-serif">
<title>%s</title>
<rect width="100%%" height="100%%" fill="#fff"/>
<g transform="matrix(1 0 0 -1 0 %s)">
%s</g>
</svg>
`, width, height, width, height, escape(clean(title)), height, c.body.Bytes())
	return err
}

// number writes a length to a hundredth of a point.
func number(v vg.Length) string {
	return strconv.FormatFloat(math.Round(float64(v)*100)/100, 'f', -1, 64)
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func opacity(of string, c color.NRGBA) string {
	if c.A == 0xff {
		return ""
	}
	return fmt.Sprintf(` %s-opacity="%.3g"`, of, float64(c.A)/0xff)
}

func escape(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a buffer takes whatever it is given
	}
	return b.String()
}
