package encode

import (
	"fmt"
	"math"

	"firstspike/spike"
)

// The ways in which an intensity becomes the step of a spike.
const (
	// LatencyRank: by rank among all intensities of the picture; see
	// [Picture.Latency].
	LatencyRank = "rank"
	// LatencySpread: by rank too, but the strongest of n intensities fires alone
	// at step 0 and all others, none left out, are spread over the other steps:
	// the one of rank i, from 0, fires at step
	//
	//	ceil(i (steps-1) / n)
	//
	// Goupy et al. (2023), as published.
	LatencySpread = "spread"
	// LatencyLinear: an intensity v that may lie in low..high becomes
	//
	//	x = (v-low)/(high-low), held within 0..1
	//	step = min(floor((1-x) steps), steps-1), silent if x = 0
	//
	// Goupy et al. (2024), with the steps in place of continuous time.
	LatencyLinear = "linear"
)

// A Range is what every input of an encoding with linear latency can be, in
// the order of [spike.Map.At]. Intensities at or below Low are silent, those at
// or above High fire at step 0; an input whose High is not above its Low never
// fires.
type Range struct {
	Low, High []float32
}

// Check reports what makes the range unusable for a shape, or nil.
func (r *Range) Check(shape spike.Shape) error {
	if n := shape.Neurons(); len(r.Low) != n || len(r.High) != n {
		return fmt.Errorf("a range of %d and %d numbers for %d inputs", len(r.Low), len(r.High), n)
	}
	for i := range r.Low {
		if math.Abs(float64(r.Low[i])) > math.MaxFloat32 || math.Abs(float64(r.High[i])) > math.MaxFloat32 || r.Low[i] != r.Low[i] || r.High[i] != r.High[i] {
			return fmt.Errorf("the range of input %d is %v..%v; both must be finite", i, r.Low[i], r.High[i])
		}
	}
	return nil
}

// Widen makes r hold the range o too. An empty r becomes a copy of o.
func (r *Range) Widen(o *Range) {
	if len(r.Low) == 0 {
		r.Low, r.High = append(r.Low, o.Low...), append(r.High, o.High...)
		return
	}
	for i := range o.Low {
		r.Low[i], r.High[i] = min(r.Low[i], o.Low[i]), max(r.High[i], o.High[i])
	}
}

// Measure widens r by the intensities of an image.
func (e *Encoder) Measure(pixels []byte, r *Range) {
	e.last = append(e.last[:0], pixels[:e.rows*e.cols]...)
	p := e.Intensities()
	n := e.shape.Positions()
	first := len(r.Low) == 0
	if first {
		r.Low, r.High = make([]float32, e.shape.Neurons()), make([]float32, e.shape.Neurons())
	}
	for ch := range p.Channels {
		for pos, v := range p.At[ch*n : (ch+1)*n] {
			v, at := max(0, float32(v)), pos*p.Channels+ch
			if first {
				r.Low[at], r.High[at] = v, v
			} else {
				r.Low[at], r.High[at] = min(r.Low[at], v), max(r.High[at], v)
			}
		}
	}
}

// Calibrate sets the range of the encoder's inputs; it must fit the encoder's
// shape. Without it the range is from 0 to the largest response that a filter
// can give.
func (e *Encoder) Calibrate(r *Range) { e.between = r }

// whole is the range of all that the filters can answer.
func (e *Encoder) whole() *Range {
	r := &Range{make([]float32, e.shape.Neurons()), make([]float32, e.shape.Neurons())}
	for i := range r.High {
		light, dark := e.kernels[i%e.shape.Maps].sides()
		if e.config.Abs {
			light = max(light, dark)
		}
		r.High[i] = float32(light)
	}
	return r
}

// linear is [LatencyLinear] of the last image.
func (e *Encoder) linear(dst *spike.Map) {
	p, n := e.Intensities(), e.shape.Positions()
	steps := float64(dst.Steps)
	for ch := range p.Channels {
		for pos, v := range p.At[ch*n : (ch+1)*n] {
			at := pos*p.Channels + ch
			low, high := float64(e.between.Low[at]), float64(e.between.High[at])
			x := (float64(float32(v)) - low) / (high - low)
			switch {
			case !(high > low) || !(x > 0):
				dst.At[at] = spike.Silent
			default:
				dst.At[at] = spike.Step(min(max(float64(1-x), 0)*steps, steps-1))
			}
		}
	}
}

// frame is an image with so many copies of its edge on every side.
func (e *Encoder) frame(pixels []byte) []byte {
	pad := e.config.Pad
	if e.config.Border != BorderEdge || pad == 0 {
		return pixels
	}
	cols := e.cols + 2*pad
	for y := range e.rows + 2*pad {
		row := pixels[min(max(y-pad, 0), e.rows-1)*e.cols:][:e.cols]
		dst := e.framed[y*cols:][:cols]
		copy(dst[pad:], row)
		for i := range pad {
			dst[i], dst[pad+e.cols+i] = row[0], row[e.cols-1]
		}
	}
	return e.framed
}

// What lies around an image.
const (
	BorderBlack = "black"
	BorderEdge  = "edge" // the nearest pixel of the image
)
