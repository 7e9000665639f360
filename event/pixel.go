package event

import (
	"math"
	"math/rand/v2"
)

// show puts a picture before the camera: the scene's levels.
func (r *Recorder) show(pixels []byte, rows, cols int) {
	c := &r.camera
	width, height := r.width, len(r.scene)/r.width
	clear(r.sums)
	// In fine cells, so that a picture of odd sides is in the middle too.
	top, left := (height-rows*fine)/2, (width-cols*fine)/2
	for y := max(0, top); y < min(height, top+rows*fine); y++ {
		from := pixels[(y-top)/fine*cols:][:cols]
		to := r.sums[y*width:][:width]
		for x := max(0, left); x < min(width, left+cols*fine); x++ {
			to[x] = int32(from[(x-left)/fine]) * (lumen / 255)
		}
	}
	// A pixel of the sensor takes in the light of its whole area, beside the
	// blur.
	reach := fine + 2*c.Blur // beyond which there is only ground
	y0, y1 := max(0, top-reach), min(height, top+rows*fine+reach)
	x0, x1 := max(0, left-reach), min(width, left+cols*fine+reach)
	for _, side := range []int{fine, c.Blur, c.Blur} {
		if side < 2 {
			continue
		}
		for y := y0; y < y1; y++ {
			r.smear(r.sums[y*width+x0:], x1-x0, 1, side)
		}
		for x := x0; x < x1; x++ {
			r.smear(r.sums[y0*width+x:], y1-y0, width, side)
		}
	}
	for i, v := range r.sums {
		r.scene[i] = r.level[v]
	}
}

// smear replaces n numbers that lie step apart by the means over side of them.
func (r *Recorder) smear(at []int32, n, step, side int) {
	line := r.line[:n]
	for i := range line {
		line[i] = at[i*step]
	}
	before, sum := side/2, int32(0)
	for i := range min(side-before, n) {
		sum += line[i]
	}
	half := int32(side / 2)
	for i := range n {
		at[i*step] = (sum + half) / int32(side)
		if next := i + side - before; next < n {
			sum += line[next]
		}
		if last := i - before; last >= 0 {
			sum -= line[last]
		}
	}
}

// look lets every pixel watch the scene go by.
func (r *Recorder) look(rng *rand.PCG) {
	c := &r.camera
	r.lit()
	for y := range c.Rows {
		for x := range c.Cols {
			if r.still(x, y) {
				continue
			}
			r.watch(x, y, rng)
		}
	}
}

// lit finds, for every fine row of the scene, from where to where it is another
// than the ground; to is at most from if it is the same all along.
func (r *Recorder) lit() {
	r.from, r.to = r.from[:0], r.to[:0]
	ground := r.level[0]
	for at := 0; at < len(r.scene); at += r.width {
		row := r.scene[at : at+r.width]
		from, to := 0, len(row)
		for from < to && row[from] == ground {
			from++
		}
		for to > from && row[to-1] == ground {
			to--
		}
		r.from, r.to = append(r.from, from), append(r.to, to)
	}
}

// still reports whether a pixel sees the ground all the time.
func (r *Recorder) still(x, y int) bool {
	left, right := x*fine, (x+2*r.left+1)*fine
	for row := y * fine; row < (y+2*r.top+1)*fine; row++ {
		if r.from[row] < r.to[row] && r.from[row] < right && r.to[row] > left {
			return false
		}
	}
	return true
}

// seen is the level at a pixel when the picture has moved.
func (r *Recorder) seen(x, y, tick int) int32 {
	// The middle of the pixel, in 1/256 of a fine cell; the pixel's own area is
	// in the scene already.
	sx := int32((x+r.left)*fine+fine/2)<<8 - r.path[2*tick]
	sy := int32((y+r.top)*fine+fine/2)<<8 - r.path[2*tick+1]
	at := int(sy>>8)*r.width + int(sx>>8)
	fx, fy := sx&255, sy&255
	above := r.scene[at]*(256-fx) + r.scene[at+1]*fx
	below := r.scene[at+r.width]*(256-fx) + r.scene[at+r.width+1]*fx
	return int32((int64(above)*int64(256-fy) + int64(below)*int64(fy) + 1<<15) >> 16)
}

// watch is the life of a pixel during the recording.
func (r *Recorder) watch(x, y int, rng *rand.PCG) {
	c := &r.camera
	on, off := r.on[y*c.Cols+x], r.off[y*c.Cols+x]
	ticks := len(r.path) / 2
	before := r.seen(x, y, 0)
	exact := before << 8 // the level behind the lag, in 1/256
	level := before      // the same, rounded
	memory := level
	blind := 0 // until when
	for i := 1; i < ticks; i++ {
		light := r.seen(x, y, i)
		exact += int32(int64(light<<8-exact) * int64(r.lag) >> 16)
		from, to := level, exact>>8
		level = to
		for began := (i - 1) * tick; blind < began+tick; {
			if blind >= began {
				memory = between(from, to, blind-began)
			}
			// Now the level is nearer to what is remembered than any threshold.
			goal, brighter := memory+on, true
			if to < goal {
				if goal, brighter = memory-off, false; to > goal {
					break
				}
			}
			t := began + int(int64(goal-from)*tick/int64(to-from))
			u := rng.Uint64()
			if late := t + int(u>>32*uint64(c.Jitter+1)>>32); late < c.Duration {
				r.events = append(r.events, Event{Time: uint32(late), X: uint8(x), Y: uint8(y), On: brighter})
			}
			blind = t + c.Refractory + int(u&0xffffffff*uint64(c.Spread+1)>>32)
		}
	}
}

// between is the level so many microseconds into a tick.
func between(from, to int32, microseconds int) int32 {
	return from + int32(int64(to-from)*int64(microseconds)/tick)
}

// stray adds the events for no reason.
func (r *Recorder) stray(rng *rand.PCG) {
	c := &r.camera
	if c.Leak > 0 {
		// Of all pixels together, then dealt out.
		n := uint64(c.Rows * c.Cols)
		poisson(rng, c.Leak*float64(n), c.Duration, func(t int) {
			at := int(rng.Uint64() >> 32 * n >> 32)
			r.events = append(r.events, Event{Time: uint32(t), X: uint8(at % c.Cols), Y: uint8(at / c.Cols), On: true})
		})
	}
	for _, h := range c.Hot {
		poisson(rng, h.Rate, c.Duration, func(t int) {
			r.events = append(r.events, Event{Time: uint32(t), X: uint8(h.X), Y: uint8(h.Y), On: rng.Uint64()>>63 != 0})
		})
	}
}

// poisson calls f for moments that come by chance, at a rate a second, until
// the end.
func poisson(rng *rand.PCG, rate float64, end int, f func(t int)) {
	if rate == 0 {
		return
	}
	// A gap is -ln(u) / rate, of which log2 knows the integer part 64*octave.
	scale := uint64(math.Round(1e6 / rate * math.Ln2 / octave * 65536))
	for t := uint64(0); ; {
		gap := uint64(64*octave - log2(rng.Uint64()|1))
		t += gap * scale
		if t>>16 >= uint64(end) {
			return
		}
		f(int(t >> 16))
	}
}
