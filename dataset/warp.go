package dataset

import (
	"math"

	"firstspike/event"
)

// A Warp moves, turns, stretches, slants and mirrors an image, or a recording, about its
// middle. The zero Warp leaves it as it is.
type Warp struct {
	Down, Right float64 // pixels
	Turn        float64 // degrees, counterclockwise, at most 45 either way
	Grow        float64 // in both directions: 0.1 is a tenth larger; above -1
	Slant       float64 // pixels to the right for each pixel upwards
	Mirror      bool    // then, left for right
}

// fraction is how many bits behind the point the arithmetic of a warp has.
const fraction = 16

// Apply writes the warped image src of rows x cols pixels into dst. A pixel is
// the mean of the four next to where it came from, weighted by how near they
// are; what lies outside is 0. Whole numbers see to it that all machines agree.
func (w Warp) Apply(dst, src []byte, rows, cols int) {
	sin, cos := sincos(w.Turn * math.Pi / 180)
	size := 1 + w.Grow
	// From where a pixel comes: the inverse of what happens to it.
	xx, xy := fixed(cos/size), fixed(-sin/size)
	yx, yy := fixed(sin/size), fixed(cos/size)
	slant, down, right := fixed(w.Slant), fixed(w.Down), fixed(w.Right)
	midY, midX := int64(rows-1)<<(fraction-1), int64(cols-1)<<(fraction-1)
	const one = 1 << fraction
	for r := range rows {
		for c := range cols {
			y, x := int64(r)<<fraction-midY-down, int64(c)<<fraction-midX-right
			x += y * slant >> fraction
			fromX, fromY := (x*xx+y*xy)>>fraction+midX, (x*yx+y*yy)>>fraction+midY
			left, top := int(fromX>>fraction), int(fromY>>fraction)
			restX, restY := fromX&(one-1), fromY&(one-1)
			at := func(r, c int) int64 {
				if r < 0 || r >= rows || c < 0 || c >= cols {
					return 0
				}
				return int64(src[r*cols+c])
			}
			upper := at(top, left)*(one-restX) + at(top, left+1)*restX
			lower := at(top+1, left)*(one-restX) + at(top+1, left+1)*restX
			to := r*cols + c
			if w.Mirror {
				to = r*cols + cols - 1 - c
			}
			dst[to] = byte((upper*(one-restY) + lower*restY + 1<<(2*fraction-1)) >> (2 * fraction))
		}
	}
}

// Events moves every event as Apply moves pixels, and drops those that thereby
// leave the sensor of rows x cols pixels. Where in its pixel an event was nobody
// knows: they count as spread evenly over it, the n-th of the list at a place
// that follows from n, so that a motion by half a pixel divides what a pixel saw
// between two. It works in place.
func (w Warp) Events(events []event.Event, rows, cols int) []event.Event {
	sin, cos := sincos(w.Turn * math.Pi / 180)
	size := 1 + w.Grow
	xx, xy := fixed(cos*size), fixed(sin*size)
	slant, down, right := fixed(w.Slant), fixed(w.Down), fixed(w.Right)
	midY, midX := int64(rows-1)<<(fraction-1), int64(cols-1)<<(fraction-1)
	const one, half = 1 << fraction, 1 << (fraction - 1)
	kept := events[:0]
	for i, e := range events {
		// Multiples of the two numbers, which are those of Roberts's sequence R2, fill a square evenly.
		x := int64(e.X)<<fraction - midX + int64(i)*49471&(one-1) - half
		y := int64(e.Y)<<fraction - midY + int64(i)*37345&(one-1) - half
		toX, toY := (x*xx+y*xy)>>fraction, (y*xx-x*xy)>>fraction
		toX -= toY * slant >> fraction
		col, row := (toX+midX+right+half)>>fraction, (toY+midY+down+half)>>fraction
		if row < 0 || col < 0 || row >= int64(rows) || col >= int64(cols) {
			continue
		}
		if w.Mirror {
			col = int64(cols) - 1 - col
		}
		e.X, e.Y = uint8(col), uint8(row)
		kept = append(kept, e)
	}
	return kept
}

// fixed is x in units of 1/2^fraction.
func fixed(x float64) int64 { return int64(math.RoundToEven(x * (1 << fraction))) }

// sincos are the sine and the cosine of an angle of at most pi/4, to more
// digits than a warp uses. The library's may differ between machines.
func sincos(a float64) (sin, cos float64) {
	a = min(max(a, -math.Pi/4), math.Pi/4)
	square := float64(a * a)
	sin, cos = 1, 1
	for n := 16; n >= 2; n -= 2 {
		cos = 1 - float64(float64(square/float64(n*(n-1)))*cos)
		sin = 1 - float64(float64(square/float64(n*(n+1)))*sin)
	}
	return float64(a * sin), cos
}
