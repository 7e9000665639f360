package figure

import (
	"image/color"
	"math"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colours are those of Okabe and Ito, which every kind of eye tells apart;
// the lighter ones are darkened, because they are read as text too.
var (
	blue      = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	vermilion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	green     = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	purple    = color.NRGBA{0xb8, 0x5a, 0x93, 0xff}
	orange    = color.NRGBA{0xb8, 0x7d, 0x00, 0xff}
	sky       = color.NRGBA{0x3a, 0x97, 0xcf, 0xff}
	ink       = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	slate     = color.NRGBA{0x70, 0x70, 0x70, 0xff} // text beside the point
	grey      = color.NRGBA{0x9a, 0x9a, 0x9a, 0xff}
	pale      = color.NRGBA{0xec, 0xec, 0xec, 0xff}
	white     = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

// inOrder is in which order series take colours.
var inOrder = []color.NRGBA{blue, vermilion, green, purple, orange, sky, ink}

// Sizes of text, in points.
const (
	large vg.Length = 11.5
	body  vg.Length = 9
	small vg.Length = 7.5
)

const (
	left   = text.XLeft
	center = text.XCenter
	right  = text.XRight
	top    = text.YTop
	middle = text.YCenter
	bottom = text.YBottom
)

var (
	goFont = font.Font{Typeface: "Go"}
	fonts  = font.NewCache(font.Collection{{Font: goFont, Face: regular()}})
)

func regular() *opentype.Font {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
}

func style(size vg.Length, c color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: c, Font: font.From(goFont, size), XAlign: x, YAlign: y, Handler: text.Plain{Fonts: fonts}}
}

var (
	hairline = draw.LineStyle{Color: grey, Width: .75}
	gridline = draw.LineStyle{Color: pale, Width: .75}
	dashed   = draw.LineStyle{Color: slate, Width: .9, Dashes: []vg.Length{4, 3}}
)

// write writes one line of text. The middle of a line is that of its letters,
// which is above the font's.
func write(c draw.Canvas, sty text.Style, at vg.Point, s string) {
	if sty.YAlign == middle {
		sin, cos := math.Sincos(sty.Rotation)
		up := .1 * float64(sty.Font.Size)
		at = at.Add(vg.Point{X: vg.Length(-sin * up), Y: vg.Length(cos * up)})
	}
	c.FillText(sty, at, clean(s))
}

// upwards turns text so that it is read upwards.
func upwards(sty text.Style) text.Style {
	sty.Rotation = math.Pi / 2
	return sty
}

// textLimit is how many letters of a text are looked at.
const textLimit = 300

// clean makes one line of any text: what cannot be shown or stand in a file
// becomes a space.
func clean(s string) string {
	s = s[:min(len(s), 4*textLimit)]
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s))
}

// fit shortens a text to a width; what is missing is an ellipsis.
func fit(sty text.Style, s string, width vg.Length) string {
	s = clean(s)
	letters := []rune(s)
	if len(letters) <= textLimit && sty.Width(s) <= width {
		return s
	}
	for n := min(len(letters), textLimit); n > 0; n-- {
		if short := strings.TrimSpace(string(letters[:n])) + "…"; sty.Width(short) <= width {
			return short
		}
	}
	return ""
}

// fitEnd shortens a text to a width and keeps its end.
func fitEnd(sty text.Style, s string, width vg.Length) string {
	letters := []rune(clean(s))
	if n := len(letters); n <= textLimit && sty.Width(string(letters)) <= width {
		return string(letters)
	}
	for n := min(len(letters), textLimit); n > 0; n-- {
		if short := "…" + strings.TrimSpace(string(letters[len(letters)-n:])); sty.Width(short) <= width {
			return short
		}
	}
	return ""
}

// box fills a rectangle.
func box(c draw.Canvas, col color.Color, x0, y0, x1, y1 vg.Length) {
	var p vg.Path
	addBox(&p, x0, y0, x1, y1)
	c.SetColor(col)
	c.Fill(p)
}

func addBox(p *vg.Path, x0, y0, x1, y1 vg.Length) {
	p.Move(vg.Point{X: x0, Y: y0})
	p.Line(vg.Point{X: x1, Y: y0})
	p.Line(vg.Point{X: x1, Y: y1})
	p.Line(vg.Point{X: x0, Y: y1})
	p.Close()
}

// addDot adds a disc to a path that will be filled.
func addDot(p *vg.Path, at vg.Point, radius vg.Length) {
	p.Move(vg.Point{X: at.X + radius, Y: at.Y})
	p.Arc(at, radius, 0, 2*math.Pi)
	p.Close()
}

func dot(c draw.Canvas, col color.Color, at vg.Point, radius vg.Length) {
	var p vg.Path
	addDot(&p, at, radius)
	c.SetColor(col)
	c.Fill(p)
}

// fade makes a colour translucent.
func fade(c color.Color, alpha uint8) color.NRGBA {
	faded := solid(c)
	faded.A = alpha
	return faded
}

// count is a number with its thousands set apart.
func count(n int) string { return grouped(strconv.Itoa(n)) }

// grouped sets the thousands of a decimal number apart, and gives it the sign
// that is as wide as a plus.
func grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		s, sign = s[1:], "−"
	}
	whole, rest, _ := strings.Cut(s, ".")
	if rest != "" {
		rest = "." + rest
	}
	if !strings.Contains(s, "e") {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
	}
	return sign + whole + rest
}

// short writes a value with about three digits.
func short(v float64) string {
	size := math.Abs(v)
	if size >= 1e6 || size > 0 && size < 1e-4 {
		return grouped(strconv.FormatFloat(v, 'g', 3, 64))
	}
	digits := 3
	for ; size >= 1 && digits > 0; size /= 10 {
		digits--
	}
	for ; size > 0 && size < .1; size *= 10 {
		digits++
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return grouped(s)
}
