package encode

import (
	"math"

	"firstspike/spike"
)

// A Picture is a stack of channels of intensities, At[(ch*Rows+row)*Cols+col].
type Picture struct {
	Channels, Rows, Cols int
	At                   []float64

	sums    []float64 // working memory of Normalise, Pool and Inhibit
	origins []int32   // where Pool found the highest
	ranking ranking   // and of Latency
}

// Resize sets the extent of the picture, reusing its memory. Intensities are
// then undefined.
func (p *Picture) Resize(channels, rows, cols int) {
	p.Channels, p.Rows, p.Cols = channels, rows, cols
	n := channels * rows * cols
	if cap(p.At) < n {
		p.At = make([]float64, n)
	}
	p.At = p.At[:n]
}

// Channel is one channel, row by row.
func (p *Picture) Channel(i int) []float64 {
	n := p.Rows * p.Cols
	return p.At[i*n : (i+1)*n]
}

// Filter fills the picture with the responses of the kernels, one channel a
// kernel, to a grey image of rows x cols pixels, as cross-correlations with
// pad black pixels on every side. All kernels are centred in the largest one,
// so that their channels lie on top of each other.
func (p *Picture) Filter(kernels []Kernel, pad int, pixels []byte, rows, cols int) {
	size := 0
	for _, k := range kernels {
		size = max(size, k.Size)
	}
	p.Resize(len(kernels), rows+2*pad-size+1, cols+2*pad-size+1)
	for ch, k := range kernels {
		out := p.Channel(ch)
		clear(out)
		shift := (size-k.Size)/2 - pad
		for y := range k.Size {
			for x := range k.Size {
				accumulate(out, p.Rows, p.Cols, pixels, rows, cols, y+shift, x+shift, k.W[y*k.Size+x])
			}
		}
	}
}

// accumulate adds w times the image, shifted by dy and dx, to out.
func accumulate(out []float64, outRows, outCols int, pixels []byte, rows, cols, dy, dx int, w float64) {
	for r := max(0, -dy); r < min(outRows, rows-dy); r++ {
		lo, hi := max(0, -dx), min(outCols, cols-dx)
		if lo >= hi {
			return
		}
		dst := out[r*outCols+lo : r*outCols+hi]
		src := pixels[(r+dy)*cols+lo+dx:][:len(dst)]
		for i, v := range src {
			if v != 0 {
				dst[i] += float64(w * float64(v))
			}
		}
	}
}

// Cut sets intensities below the threshold to 0.
func (p *Picture) Cut(threshold float64) {
	for i, v := range p.At {
		if v < threshold {
			p.At[i] = 0
		}
	}
}

// Abs replaces intensities by their magnitudes.
func (p *Picture) Abs() {
	for i, v := range p.At {
		p.At[i] = math.Abs(v)
	}
}

// Normalise divides every intensity by the mean of the window of
// (2 radius + 1)^2 intensities around it, plus 1e-12. Outside the picture
// intensities are 0; the window always counts as whole.
func (p *Picture) Normalise(radius int) {
	n := p.Rows * p.Cols
	if cap(p.sums) < 2*n {
		p.sums = make([]float64, 2*n)
	}
	across, box := p.sums[:n], p.sums[n:2*n]
	area := float64(2*radius+1) * float64(2*radius+1)
	for ch := range p.Channels {
		at := p.Channel(ch)
		for r := range p.Rows {
			slide(at[r*p.Cols:], across[r*p.Cols:], p.Cols, 1, radius)
		}
		for c := range p.Cols {
			slide(across[c:], box[c:], p.Rows, p.Cols, radius)
		}
		for i, v := range at {
			if v != 0 {
				at[i] = float64(float32(v / (box[i]/area + 1e-12)))
			}
		}
	}
}

// slide writes the running sums over 2 radius + 1 of n values that lie step
// apart.
func slide(src, dst []float64, n, step, radius int) {
	sum := 0.0
	for i := range min(radius, n) {
		sum += src[i*step]
	}
	for i := range n {
		if i+radius < n {
			sum += src[(i+radius)*step]
		}
		dst[i*step] = sum
		if i >= radius {
			sum -= src[(i-radius)*step]
		}
	}
}

// Inhibit strengthens every intensity by the factors of the smaller
// intensities around it:
//
//	I' = I (1 + sum over the neighbours that are smaller than I of f(d))
//
// where d is the larger of the row and the column distance and f(d) is
// factors[d-1]. Outside the picture intensities are 0. Mozafari et al. (2018),
// as published in SpykeTorch, has the factors .15 .12 .10 .07 .05.
func (p *Picture) Inhibit(factors []float64) {
	radius := len(factors)
	p.sums = append(p.sums[:0], p.At...)
	in := p.sums
	for ch := range p.Channels {
		base := ch * p.Rows * p.Cols
		for r := range p.Rows {
			for c := range p.Cols {
				v := in[base+r*p.Cols+c]
				sum := 0.0
				for y := r - radius; y <= r+radius; y++ {
					for x := c - radius; x <= c+radius; x++ {
						d := max(y-r, r-y, x-c, c-x)
						other := 0.0
						if y >= 0 && y < p.Rows && x >= 0 && x < p.Cols {
							other = in[base+y*p.Cols+x]
						}
						if d > 0 && v > other {
							sum += factors[d-1]
						}
					}
				}
				p.At[base+r*p.Cols+c] = v + float64(v*sum)
			}
		}
	}
}

// Latency ranks all intensities above 0, of all channels together, and writes
// the step of each into dst: of n intensities the floor(n/steps) strongest
// fire at step 0, as many at step 1, and so on; the weakest n mod steps never
// fire. Intensities that are equal as float32 rank by channel, row, column.
// With fewer than steps intensities nothing fires. dst must have the picture's
// shape; its Steps is the number of steps.
func (p *Picture) Latency(dst *spike.Map) {
	p.ranking.collect(p)
	p.ranking.latency(dst)
}
