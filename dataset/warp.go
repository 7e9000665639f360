package dataset

import "math"

// A Warp moves, turns, stretches and slants an image about its middle. The
// zero Warp leaves it as it is.
type Warp struct {
	Down, Right float64 // pixels
	Turn        float64 // degrees, counterclockwise, at most 45 either way
	Grow        float64 // in both directions: 0.1 is a tenth larger; above -1
	Slant       float64 // pixels to the right for each pixel upwards
}

// fraction is how many bits behind the point the arithmetic of a warp has.
const fraction = 16

// Apply writes the warped image src of rows x cols pixels into dst. A pixel is
// the mean of the four next to where it came from, weighted by how near they
// are; what lies outside is 0. Whole numbers see to it that all machines agree.
func (w Warp) Apply(dst, src []byte, rows, cols int) {
	fixed := func(x float64) int64 { return int64(math.RoundToEven(x * (1 << fraction))) }
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
			dst[r*cols+c] = byte((upper*(one-restY) + lower*restY + 1<<(2*fraction-1)) >> (2 * fraction))
		}
	}
}

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
