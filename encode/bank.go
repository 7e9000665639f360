package encode

import (
	"slices"

	"firstspike/internal/simd"
)

// A bank filters images of one size with kernels whose sums are exact, and so
// may do it in any order. It gives what [Picture.Filter] gives.
//
// Images lie in planes: rows of stride numbers, so that a kernel's weight acts
// on all positions at once, at an offset. If all kernels are symmetric from
// top to bottom there are several planes: plane i holds the sums of the rows i
// above and i below each position, and half of the weights are enough.
type bank struct {
	rows, cols       int // of images
	pad, size        int // of the largest kernel
	outRows, outCols int
	stride           int
	folded           bool
	offs             [][]int32
	weights          [][]float64

	padded []float64 // the image among black pixels
	planes []float64 // of sums of rows, if folded
	plane  int       // numbers in one
	out    []float64
}

func newBank(kernels []Kernel, pad, rows, cols int) *bank {
	b := &bank{rows: rows, cols: cols, pad: pad, folded: true}
	for _, k := range kernels {
		b.size = max(b.size, k.Size)
		for y := range k.Size {
			if !slices.Equal(k.W[y*k.Size:(y+1)*k.Size], k.W[(k.Size-1-y)*k.Size:(k.Size-y)*k.Size]) {
				b.folded = false
			}
		}
	}
	b.stride = cols + 2*pad
	b.outRows, b.outCols = rows+2*pad-b.size+1, cols+2*pad-b.size+1
	b.out = make([]float64, simd.Round(b.outRows*b.stride))
	// An offset may lead a kernel beyond the last row that counts.
	tail := len(b.out) - b.outRows*b.stride + b.size
	b.padded = make([]float64, (rows+2*pad)*b.stride+tail)
	half := b.size / 2
	if b.folded {
		b.plane = b.outRows * b.stride
		b.planes = make([]float64, (half+1)*b.plane+tail)
	}
	for _, k := range kernels {
		var offs []int32
		var weights []float64
		shift := half - k.Size/2
		for y := range k.Size {
			for x := range k.Size {
				w := k.W[y*k.Size+x]
				if w == 0 || b.folded && y < k.Size/2 {
					continue
				}
				at := (y+shift)*b.stride + x + shift
				if b.folded {
					at = (y-k.Size/2)*b.plane + x + shift
				}
				offs, weights = append(offs, int32(at)), append(weights, w)
			}
		}
		b.offs, b.weights = append(b.offs, offs), append(b.weights, weights)
	}
	return b
}

// filter writes the responses to an image into p. Those below the threshold
// become 0.
func (b *bank) filter(pixels []byte, threshold float64, p *Picture) {
	for r := range b.rows {
		dst := b.padded[(r+b.pad)*b.stride+b.pad:][:b.cols]
		for i, v := range pixels[r*b.cols : (r+1)*b.cols] {
			dst[i] = float64(v)
		}
	}
	src := b.padded
	if b.folded {
		half := b.size / 2
		n := b.plane
		copy(b.planes[:n], b.padded[half*b.stride:])
		for i := 1; i <= half; i++ {
			above, below := b.padded[(half-i)*b.stride:][:n], b.padded[(half+i)*b.stride:][:n]
			sum := b.planes[i*n : (i+1)*n]
			for j, v := range above {
				sum[j] = v + below[j]
			}
		}
		src = b.planes
	}
	p.Resize(len(b.offs), b.outRows, b.outCols)
	for ch := range b.offs {
		simd.Correlate(b.out, src, b.offs[ch], b.weights[ch])
		channel := p.Channel(ch)
		for r := range b.outRows {
			row := channel[r*b.outCols : (r+1)*b.outCols]
			for i, v := range b.out[r*b.stride:][:b.outCols] {
				if v < threshold {
					v = 0
				}
				row[i] = v
			}
		}
	}
}
