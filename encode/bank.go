package encode

import (
	"cmp"
	"math"
	"slices"

	"firstspike/internal/simd"
)

// A bank filters images of one size with kernels whose sums are exact, and so
// may do it in any order, cuts and normalises. It gives what [Picture.Filter],
// [Picture.Cut] and [Picture.Normalise] give.
//
// Images lie in planes: rows of stride numbers, so that a kernel's weight acts
// on all positions at once, at an offset. If all kernels are symmetric from
// top to bottom there are several planes: plane i holds the sums of the rows i
// above and i below each position, and half of the weights are enough. Kernels
// go in pairs, and offsets with the same weights are taken together.
type bank struct {
	rows, cols       int // of images
	pad, size        int // of the largest kernel
	outRows, outCols int
	stride           int
	folded           bool
	radius           int // of local normalisation
	pairs            []pair

	padded []float64 // the image among black pixels
	planes []float64 // of sums of rows, if folded
	plane  int       // numbers in one
	out    [][]float64

	valid []uint8 // the numbers of out that are responses, as bits
	bits  []uint8 // of a channel: those that passed the threshold
	place []int32 // of every number of out, its position

	down, across  []float64 // sums over windows
	values, boxes []float64 // of the responses that passed
	ratios        []float32
}

// A pair is two kernels and their channels; the second may be none.
type pair struct {
	first, second int
	simd.Taps
}

func newBank(kernels []Kernel, pad, radius, rows, cols int) *bank {
	b := &bank{rows: rows, cols: cols, pad: pad, radius: radius, folded: true}
	order := make([]int, len(kernels))
	for i, k := range kernels {
		order[i] = i
		b.size = max(b.size, k.Size)
		for y := range k.Size {
			if !slices.Equal(k.W[y*k.Size:(y+1)*k.Size], k.W[(k.Size-1-y)*k.Size:(k.Size-y)*k.Size]) {
				b.folded = false
			}
		}
	}
	b.outRows, b.outCols = rows+2*pad-b.size+1, cols+2*pad-b.size+1
	b.stride = round8(max(cols+2*pad, b.outCols+radius))
	n := simd.Round(b.outRows * b.stride)
	for range len(kernels) + 1 { // one for the second of a pair that is none
		b.out = append(b.out, make([]float64, n))
	}
	// An offset may lead a kernel beyond the last row that counts.
	tail := n - b.outRows*b.stride + b.size
	b.padded = make([]float64, (rows+2*pad)*b.stride+tail)
	half := b.size / 2
	if b.folded {
		b.plane = b.outRows * b.stride
		b.planes = make([]float64, (half+1)*b.plane+tail)
	}
	// Kernels of one size have their weights in the same places.
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(kernels[j].Size, kernels[i].Size) })
	for i := 0; i < len(order); i += 2 {
		p := pair{first: order[i], second: len(kernels)}
		two := []Kernel{kernels[order[i]]}
		if i+1 < len(order) {
			p.second = order[i+1]
			two = append(two, kernels[order[i+1]])
		}
		p.Taps = b.taps(two)
		b.pairs = append(b.pairs, p)
	}

	b.valid, b.bits = make([]uint8, n/8), make([]uint8, n/8)
	b.place = make([]int32, n)
	for r := range b.outRows {
		for c := range b.outCols {
			at := r*b.stride + c
			b.valid[at/8] |= 1 << (at % 8)
			b.place[at] = int32(r*b.outCols + c)
		}
	}
	b.down = make([]float64, n+4*radius+16)
	b.across = make([]float64, len(b.down))
	b.values, b.boxes = make([]float64, n+8), make([]float64, n+8)
	b.ratios = make([]float32, n+8)
	return b
}

// round8 rounds up to whole registers.
func round8(n int) int { return (n + simd.Wide - 1) / simd.Wide * simd.Wide }

// taps finds where the weights of one or two kernels lie, and which offsets
// share them.
func (b *bank) taps(kernels []Kernel) simd.Taps {
	half := b.size / 2
	weights := map[int32][2]float64{}
	for i, k := range kernels {
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
				both := weights[int32(at)]
				both[i] = w
				weights[int32(at)] = both
			}
		}
	}
	alike := map[[2]float64][]int32{}
	for at, w := range weights {
		alike[w] = append(alike[w], at)
	}
	groups := map[int][][]int32{}
	var keys [][2]float64
	for w, offs := range alike {
		slices.Sort(offs)
		keys = append(keys, w)
	}
	slices.SortFunc(keys, func(a, b [2]float64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	of := map[int][]float64{}
	for _, w := range keys {
		offs := alike[w]
		for _, size := range []int{4, 2, 1} {
			for len(offs) >= size {
				groups[size] = append(groups[size], offs[:size])
				of[size] = append(of[size], w[0], w[1])
				offs = offs[size:]
			}
		}
	}
	t := simd.Taps{Fours: len(groups[4]), Twos: len(groups[2]), Ones: len(groups[1])}
	for _, size := range []int{4, 2, 1} {
		for _, g := range groups[size] {
			t.Offs = append(t.Offs, g...)
		}
		t.W = append(t.W, of[size]...)
	}
	return t
}

// filter computes the responses to an image into out.
func (b *bank) filter(pixels []byte) {
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
			simd.AddFloats(b.planes[i*n:(i+1)*n], b.padded[(half-i)*b.stride:][:n], b.padded[(half+i)*b.stride:][:n])
		}
		src = b.planes
	}
	for i := range b.pairs {
		p := &b.pairs[i]
		simd.Correlate(b.out[p.first], b.out[p.second], src, &p.Taps)
	}
}

// responses writes the responses to an image into p.
func (b *bank) responses(pixels []byte, p *Picture) {
	b.filter(pixels)
	p.Resize(len(b.out)-1, b.outRows, b.outCols)
	for ch := range p.Channels {
		channel := p.Channel(ch)
		for r := range b.outRows {
			copy(channel[r*b.outCols:(r+1)*b.outCols], b.out[ch][r*b.stride:])
		}
	}
}

// contrasts appends to keys what [Picture.Latency] ranks: for every response
// above 0 its intensity and its place. The threshold must be above 0.
func (b *bank) contrasts(pixels []byte, threshold float64, keys []uint64) []uint64 {
	b.filter(pixels)
	channels := len(b.out) - 1
	area := float64(2*b.radius+1) * float64(2*b.radius+1)
	for ch, out := range b.out[:channels] {
		simd.Cut(out, b.valid, b.bits, threshold)
		box := out
		if b.radius > 0 {
			box = b.windows(out)
		}
		from := len(keys)
		keys = slices.Grow(keys, len(out)+simd.Wide)
		n := simd.Pick(b.values, b.boxes, keys[from:cap(keys)], out, box, b.place, b.bits, int32(ch*b.outRows*b.outCols))
		keys = keys[:from+n]
		if n == 0 {
			continue
		}
		ratios := b.ratios[:round8(n)]
		if b.radius > 0 {
			simd.Ratios(ratios, b.values[:len(ratios)], b.boxes[:len(ratios)], area, 1e-12)
		} else {
			for i, v := range b.values[:n] {
				ratios[i] = float32(v)
			}
		}
		for i, v := range ratios[:n] {
			// The bits of positive floats order as the floats do.
			keys[from+i] |= uint64(^math.Float32bits(v)) << 32
		}
	}
	return keys
}

// windows gives for every number of a channel the sum over the square window
// around it. In a row behind the responses lie at least radius zeros.
func (b *bank) windows(out []float64) []float64 {
	n, r := b.stride, b.radius
	end := r + b.outRows*n
	clear(b.down[:r])
	clear(b.down[end:])
	simd.SlideRows(b.down[r:], out, n, b.outRows, r)
	// Along the rows: windows of twice the width from two side by side, and
	// the whole window from those that its width is the sum of.
	width := round8(end + r)
	wide, sum := b.down, b.across[:width]
	done := 0
	for size := 1; size <= 2*r+1; size *= 2 {
		if (2*r+1)&size != 0 {
			if done == 0 {
				copy(sum, wide)
			} else {
				simd.AddFloats(sum, sum, wide[done:][:width])
			}
			done += size
		}
		if 2*size <= 2*r+1 {
			simd.AddFloats(wide[:width], wide[:width], wide[size:][:width])
		}
	}
	return sum
}
