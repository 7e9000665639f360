package spike

import "fmt"

// A Pool is earliest-spike pooling: the pooled neuron fires when the first
// neuron of its window does. On a dense spike wave this is max-pooling. The
// zero Pool is no pooling.
type Pool struct {
	Window int // rows and columns of the window; 0 is no pooling
	Stride int // step of the window; 0 is Window, windows side by side
	Pad    int // silent rows and columns added on every side, at most Window/2
}

func (p Pool) stride() int {
	if p.Stride == 0 {
		return p.Window
	}
	return p.Stride
}

// Shape is the pooled shape of an input. Rows and columns that do not fill a
// window are dropped, as the references do.
func (p Pool) Shape(in Shape) Shape {
	if p.Window == 0 {
		return in
	}
	return Shape{
		Maps: in.Maps,
		Rows: (in.Rows+2*p.Pad-p.Window)/p.stride() + 1,
		Cols: (in.Cols+2*p.Pad-p.Window)/p.stride() + 1,
	}
}

// Check reports why the pooling cannot be applied to the input, or nil.
func (p Pool) Check(in Shape) error {
	switch {
	case max(p.Window, p.Stride, p.Pad) > MaxExtent:
		return fmt.Errorf("pooling window %d, stride %d and padding %d must not exceed %d", p.Window, p.Stride, p.Pad, MaxExtent)
	case p.Window < 0 || p.Stride < 0 || p.Pad < 0:
		return fmt.Errorf("pooling window %d, stride %d and padding %d must not be negative", p.Window, p.Stride, p.Pad)
	case p.Window == 0 && (p.Stride != 0 || p.Pad != 0):
		return fmt.Errorf("pooling has a stride or padding but no window")
	case p.Window == 0:
		return nil
	case p.Pad > p.Window/2:
		return fmt.Errorf("pooling padding %d exceeds half its window of %d", p.Pad, p.Window)
	case p.Window > in.Rows+2*p.Pad || p.Window > in.Cols+2*p.Pad:
		return fmt.Errorf("pooling window %d exceeds its input of %dx%d", p.Window, in.Rows+2*p.Pad, in.Cols+2*p.Pad)
	}
	return nil
}

// Apply pools in into out, which must have the shape p.Shape(in.Shape).
func (p Pool) Apply(in, out *Map) {
	out.Steps = in.Steps
	if p.Window == 0 {
		copy(out.At, in.At)
		return
	}
	out.Silence()
	n := in.Maps
	for r := range out.Rows {
		for c := range out.Cols {
			dst := out.At[out.Index(0, r, c):][:n]
			r0, c0 := r*p.stride()-p.Pad, c*p.stride()-p.Pad
			for y := max(r0, 0); y < min(r0+p.Window, in.Rows); y++ {
				for x := max(c0, 0); x < min(c0+p.Window, in.Cols); x++ {
					src := in.At[in.Index(0, y, x):][:n]
					for m, s := range src {
						dst[m] = min(dst[m], s)
					}
				}
			}
		}
	}
}

// Fired pools which neurons of a layer of shape in fire at all: a pooled
// neuron does if any of its window does. out must have the words of
// p.Shape(in).
func (p Pool) Fired(in Shape, bits, out Bits) {
	if p.Window == 0 {
		copy(out, bits)
		return
	}
	words, pooled := Words(in.Maps), p.Shape(in)
	for r := range pooled.Rows {
		for c := range pooled.Cols {
			dst := out[(r*pooled.Cols+c)*words:][:words]
			clear(dst)
			r0, c0 := r*p.stride()-p.Pad, c*p.stride()-p.Pad
			for y := max(r0, 0); y < min(r0+p.Window, in.Rows); y++ {
				for x := max(c0, 0); x < min(c0+p.Window, in.Cols); x++ {
					for k, w := range bits[(y*in.Cols+x)*words:][:words] {
						dst[k] |= w
					}
				}
			}
		}
	}
}
