package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Scale turns values into colours.
type Scale int

const (
	// Sequential goes from white to a dark blue; printed grey it keeps its
	// order.
	Sequential Scale = iota
	// Diverging goes from blue for what is negative over white for 0 to
	// vermilion. Every eye tells its ends apart; a grey print does not.
	Diverging
	// early goes from dark to light, for steps: what is early stands out.
	early
)

var stops = [...][]color.NRGBA{
	Sequential: {{0xff, 0xff, 0xff, 0xff}, {0xcb, 0xdf, 0xef, 0xff}, {0x7d, 0xb3, 0xd9, 0xff}, {0x1f, 0x7f, 0xb9, 0xff}, {0x05, 0x4a, 0x7b, 0xff}, {0x05, 0x1f, 0x3b, 0xff}},
	Diverging:  {{0x00, 0x3f, 0x6e, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0x86, 0xbb, 0xda, 0xff}, {0xff, 0xff, 0xff, 0xff}, {0xf0, 0xb0, 0x86, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x8c, 0x36, 0x00, 0xff}},
	early:      {{0x44, 0x01, 0x54, 0xff}, {0x41, 0x44, 0x87, 0xff}, {0x2a, 0x78, 0x8e, 0xff}, {0x22, 0xa8, 0x84, 0xff}, {0x7a, 0xd1, 0x51, 0xff}, {0xfd, 0xe7, 0x25, 0xff}}, // viridis
}

// color is the colour at a share of the scale, from 0 to 1. It has 255 levels,
// so that an image needs no more colours than a palette has.
func (s Scale) color(share float64) color.NRGBA {
	list := stops[s]
	share = math.Round(max(0, min(1, share))*254) / 254
	at := share * float64(len(list)-1)
	i := min(int(at), len(list)-2)
	f := at - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-f) + float64(b)*f)) }
	a, b := list[i], list[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

func (s Scale) check() error {
	if s != Sequential && s != Diverging && s != early {
		return fmt.Errorf("Scale is %d; choose Sequential or Diverging", int(s))
	}
	return nil
}

// share is where between the ends of the scale a value lies. With Diverging,
// 0 is in the middle and both halves have the same unit.
func (s Scale) share(v, low, high float64) float64 {
	if s == Diverging {
		return .5 + v/(2*max(math.Abs(low), math.Abs(high)))
	}
	return (v - low) / (high - low)
}

// A key explains the colours: what they are, their ends, and what is no value.
type key struct {
	name, low, high string
	levels          int
	color           func(share float64) color.Color
	empty           string // what empty cells are; "": there are none
	emptyColor      color.Color
}

const (
	keyDepth = 18
	keyWidth = 110
)

// draw draws the key at the upper left of an area, and returns what is below.
func (k key) draw(c draw.Canvas) draw.Canvas {
	words := style(small, slate, left, middle)
	at := vg.Point{X: c.Min.X, Y: c.Max.Y - 6}
	put := func(s string, gap vg.Length) {
		s = fit(words, s, c.Max.X-at.X)
		write(c, words, at, s)
		at.X += words.Width(s) + gap
	}
	patch := func(m image.Image, width vg.Length) {
		r := vg.Rectangle{Min: vg.Point{X: at.X, Y: at.Y - 4}, Max: vg.Point{X: at.X + width, Y: at.Y + 4}}
		c.DrawImage(r, m)
		outline(c, r)
		at.X += width + 5
	}
	if k.name != "" {
		put(k.name, 10)
	}
	put(k.low, 5)
	bar := image.NewNRGBA(image.Rect(0, 0, k.levels, 1))
	for i := range k.levels {
		bar.Set(i, 0, k.color(float64(i)/float64(max(1, k.levels-1))))
	}
	patch(paletted(bar), keyWidth)
	put(k.high, 16)
	if k.empty != "" {
		one := image.NewNRGBA(image.Rect(0, 0, 1, 1))
		one.Set(0, 0, k.emptyColor)
		patch(one, 8)
		put(k.empty, 0)
	}
	c.Max.Y -= keyDepth
	return c
}

// frame is the thin line around what may be as white as the page.
var frame = draw.LineStyle{Color: color.NRGBA{0xcc, 0xcc, 0xcc, 0xff}, Width: .4}

func outline(c draw.Canvas, r vg.Rectangle) {
	var p vg.Path
	addBox(&p, r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
	c.SetLineStyle(frame)
	c.Stroke(p)
}

// paletted is the same image with a palette of the colours it has, which makes
// a small file, or the image itself if there are too many.
func paletted(m *image.NRGBA) image.Image {
	index := map[color.NRGBA]uint8{}
	var colors color.Palette
	indexed := image.NewPaletted(m.Rect, nil)
	for i := range indexed.Pix {
		c := color.NRGBA{m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3]}
		at, ok := index[c]
		if !ok {
			if len(colors) == 256 {
				return m
			}
			at = uint8(len(colors))
			index[c] = at
			colors = append(colors, c)
		}
		indexed.Pix[i] = at
	}
	indexed.Palette = colors
	return indexed
}
