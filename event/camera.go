package event

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// A Camera records still pictures as an event camera does that is moved in
// front of them. [NMNIST] is the one that N-MNIST's recordings were fitted
// with.
//
// A pixel sees the logarithm of the light that falls on it, through the blur
// of the optics and the lag of the photoreceptor. It remembers the level at
// its last event; when the level has risen by On or fallen by Off since, it
// fires again and is blind for Refractory. Pixels differ in their thresholds,
// by Mismatch. Beside what they see, pixels fire for no reason, at the rate
// Leak.
//
// Contrasts are natural logarithms. All numbers are rounded to integers before
// they are used, and nothing after that is done in floating point: see
// [Camera.Record].
type Camera struct {
	Rows, Cols int  // pixels of the sensor, 1 to MaxSide
	Path       Path // of the picture over the sensor
	Duration   int  // of a recording, microseconds, at most MaxTime

	Negative bool    // the picture is shown as its negative, so that digits are dark on light ground
	Dark     float64 // light where what is shown is black; where it is white it is 1 + Dark
	Blur     int     // side of the square, in 1/8 pixel, that the optics smear a point into, twice over; 0: none

	On, Off    float64 // contrast thresholds
	Mismatch   float64 // standard deviation of the pixels' thresholds, as a part of them
	Lag        float64 // time constant of the photoreceptor, microseconds
	Refractory int     // microseconds
	Spread     int     // by which the refractory period of an event is longer at the most, microseconds
	Jitter     int     // by which an event is late at the most, microseconds
	Leak       float64 // ON events a pixel and second, for no reason
	Hot        []Hot

	Seed uint64 // of the mismatch, and with the picture's number of all that is by chance
}

// A Hot pixel fires for no reason, either polarity as often, Rate times a
// second.
type Hot struct {
	X, Y int
	Rate float64
}

// A camera in integers.
const (
	fine   = 8    // parts of a pixel in which a picture is sampled
	octave = 4096 // units of level in a factor of two of light
	tick   = 1000 // microseconds between two looks at the levels
	lumen  = 4080 // what white is, beside the dark
)

// Check reports what is wrong with the camera, field by field.
func (c Camera) Check() error {
	rate := func(x float64) bool { return x >= 0 && x <= 1e5 }
	switch {
	case c.Rows < 1 || c.Cols < 1 || c.Rows > MaxSide || c.Cols > MaxSide:
		return fmt.Errorf("Rows, Cols: a sensor of %dx%d pixels; both sides must be 1 to %d", c.Rows, c.Cols, MaxSide)
	case c.Rows > overflow:
		return fmt.Errorf("Rows: %d; recordings can be written of at most %d", c.Rows, overflow)
	case c.Duration < 1 || c.Duration > MaxTime:
		return fmt.Errorf("Duration: %d µs; it must be 1 to %d", c.Duration, MaxTime)
	case !(c.Dark >= 1e-3 && c.Dark <= 1e3):
		return fmt.Errorf("Dark: %v; it must be 0.001 to 1000", c.Dark)
	case c.Blur < 0 || c.Blur > 8*fine:
		return fmt.Errorf("Blur: %d eighths of a pixel; it must be 0 to %d", c.Blur, 8*fine)
	case !(c.On >= 0.01 && c.On <= 100) || !(c.Off >= 0.01 && c.Off <= 100):
		return fmt.Errorf("On, Off: %v and %v; thresholds must be 0.01 to 100", c.On, c.Off)
	case !(c.Mismatch >= 0 && c.Mismatch <= 0.25):
		return fmt.Errorf("Mismatch: %v; it must be 0 to 0.25", c.Mismatch)
	case !(c.Lag >= 0 && c.Lag <= 1e6):
		return fmt.Errorf("Lag: %v µs; it must be 0 to 1e6", c.Lag)
	case c.Refractory < 100 || c.Refractory > MaxTime || c.Spread < 0 || c.Spread > MaxTime || c.Jitter < 0 || c.Jitter > MaxTime:
		return fmt.Errorf("Refractory, Spread, Jitter: %d, %d and %d µs; the first must be 100 to %d, the others 0 to that", c.Refractory, c.Spread, c.Jitter, MaxTime)
	case !rate(c.Leak):
		return fmt.Errorf("Leak: %v events a second; it must be 0 to 1e5", c.Leak)
	}
	for i, k := range c.Path {
		if abs(k.X) > 16<<8 || abs(k.Y) > 16<<8 {
			return fmt.Errorf("Path: knot %d leads more than 16 pixels off the middle", i)
		}
		if i > 0 && k.Time <= c.Path[i-1].Time {
			return fmt.Errorf("Path: knot %d is at %d µs, which is not after the one before it", i, k.Time)
		}
	}
	for _, h := range c.Hot {
		if h.X < 0 || h.Y < 0 || h.X >= c.Cols || h.Y >= c.Rows || !rate(h.Rate) {
			return fmt.Errorf("Hot: x %d, y %d at %v events a second; it must be a pixel of the sensor, and at most 1e5", h.X, h.Y, h.Rate)
		}
	}
	return nil
}

func abs(x int) int { return max(x, -x) }

// A Recorder is a camera at work, with the working memory that this takes.
// Every goroutine needs one.
type Recorder struct {
	camera  Camera
	on, off []int32 // thresholds of every pixel, in units of level
	lag     int32   // of what a level falls short, by 65536: how much is made up for in a tick
	level   []int32 // of every amount of light
	path    []int32 // of every tick, x and y in 1/256 of a fine cell

	left, top  int     // pixels that the scene reaches beyond the sensor
	scene      []int32 // levels around the sensor, fine cells
	width      int     // of the scene
	line, sums []int32
	from, to   []int // of every fine row of the scene: where it is not the ground
	events     []Event
	keys       []uint64
}

// Recorder returns one for the camera, or what [Camera.Check] reports.
func (c Camera) Recorder() (*Recorder, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	r := &Recorder{camera: c}
	unit := func(contrast float64) float64 { return contrast / math.Ln2 * octave }
	rng := rand.NewPCG(c.Seed, mismatchStream)
	for range c.Rows * c.Cols {
		shared := float64(normal(rng)) / 65536
		vary := func(contrast float64) int32 {
			d := float64(sharedPart*shared) + float64(ownPart*float64(normal(rng))/65536)
			return int32(max(1, math.Round(unit(contrast)*(1+float64(c.Mismatch*d)))))
		}
		r.on, r.off = append(r.on, vary(c.On)), append(r.off, vary(c.Off))
	}
	r.lag = int32(math.Round(65536 * tick / (tick + c.Lag)))
	dark := uint64(math.Round(c.Dark * lumen))
	for i := range uint64(lumen + 1) {
		if c.Negative {
			i = lumen - i
		}
		r.level = append(r.level, int32(log2(max(1, dark+i))))
	}
	for t := 0; t <= c.Duration; t += tick {
		x, y := c.Path.At(t)
		r.path = append(r.path, int32(x*fine), int32(y*fine))
		r.left, r.top = max(r.left, abs(x)>>8+2), max(r.top, abs(y)>>8+2)
	}
	r.width = (c.Cols + 2*r.left) * fine
	r.scene = make([]int32, r.width*(c.Rows+2*r.top)*fine)
	r.sums = make([]int32, len(r.scene))
	r.line = make([]int32, max(r.width, len(r.scene)/r.width))
	return r, nil
}

// What makes a pixel differ: two fifths of the variance are of both thresholds
// alike, as the numbers of ON and OFF events of N-MNIST's pixels have it.
const (
	sharedPart = 0.632 // square root of 0.4
	ownPart    = 0.775 // of 0.6
)

// Streams of chance: "mismatch" and "events" in ASCII.
const (
	mismatchStream = 0x6d69736d61746368
	eventStream    = 0x6576656e7473
)

// normal is about a standard normal number times 65536: the sum of twelve
// uniform ones, less its mean.
func normal(rng *rand.PCG) int {
	sum := 0
	for range 3 {
		u := rng.Uint64()
		for range 4 {
			sum += int(u & 0xffff)
			u >>= 16
		}
	}
	return sum - 6*65535
}

// log2 is the logarithm of x >= 1 to the base 2, times octave, rounded down:
// digit by digit, by squaring, in integers.
func log2(x uint64) int {
	whole := bits.Len64(x) - 1
	m := x << (63 - whole) // 1 to 2, times 2^63
	sum := whole
	for range bits.Len64(octave) - 1 {
		sum *= 2
		high, low := bits.Mul64(m, m)
		if high >= 1<<63 {
			sum++
			m = high
		} else {
			m = high<<1 | low>>63
		}
	}
	return sum
}

// Record returns what the camera sees of a grey picture of rows x cols pixels,
// 0 to 255, row by row, that is shown in the middle of its sensor, a pixel to
// a pixel. What lies beyond the picture counts as 0, and what does not fit is not
// seen; fewer pixels are a programming error. The recording belongs to the
// recorder until its next call.
//
// Same camera, picture and number, same events, on every machine: levels,
// motion and times are integers, logarithms are computed digit by digit, and
// chance is math/rand/v2's PCG generator with the seed (Seed, "events" in
// ASCII xor number). What is in floating point, the rounding of the camera's
// numbers, is multiplication, division and addition, which every machine
// rounds alike.
func (r *Recorder) Record(pixels []byte, rows, cols int, number uint64) Recording {
	c := &r.camera
	r.show(pixels, rows, cols)
	rng := rand.NewPCG(c.Seed, eventStream^number)
	r.events = r.events[:0]
	r.look(rng)
	r.stray(rng)
	r.sort()
	return Recording{Rows: c.Rows, Cols: c.Cols, Events: r.events}
}

// sort brings the events in order of time, then row, column and polarity, as
// numbers that have them from their highest bit on.
func (r *Recorder) sort() {
	r.keys = r.keys[:0]
	for _, e := range r.events {
		k := uint64(e.Time)<<17 | uint64(e.Y)<<9 | uint64(e.X)<<1
		if e.On {
			k |= 1
		}
		r.keys = append(r.keys, k)
	}
	slices.Sort(r.keys)
	for i, k := range r.keys {
		r.events[i] = Event{Time: uint32(k >> 17), Y: uint8(k >> 9), X: uint8(k >> 1), On: k&1 != 0}
	}
}
