package spike

import "fmt"

// A Pool is earliest-spike pooling: the pooled neuron fires when the first
// neuron of its window does. On a dense spike wave this is max-pooling. The
// zero Pool is no pooling.
//
// With Repeats the pooled neuron fires at every step at which a neuron of its
// window does: what max-pooling makes of spikes that are present in their own
// step only, and not from then on.
type Pool struct {
	Window  int  // rows and columns of the window; 0 is no pooling
	Stride  int  // step of the window; 0 is Window, windows side by side
	Pad     int  // silent rows and columns added on every side, at most Window/2
	Repeats bool // a pooled neuron can fire more than once
}

// Most is how often a pooled neuron can fire.
func (p Pool) Most() int {
	if !p.Repeats {
		return 1
	}
	return min(p.Window, MaxSteps) * min(p.Window, MaxSteps)
}

// Apart is how many neurons lie from one pooled neuron to the next: 1 without
// pooling.
func (p Pool) Apart() int {
	switch {
	case p.Window == 0:
		return 1
	case p.Stride == 0:
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
		Rows: (in.Rows+2*p.Pad-p.Window)/p.Apart() + 1,
		Cols: (in.Cols+2*p.Pad-p.Window)/p.Apart() + 1,
	}
}

// Check reports why the pooling cannot be applied to the input, or nil.
func (p Pool) Check(in Shape) error {
	switch {
	case max(p.Window, p.Stride, p.Pad) > MaxExtent:
		return fmt.Errorf("pooling window %d, stride %d and padding %d must not exceed %d", p.Window, p.Stride, p.Pad, MaxExtent)
	case p.Window < 0 || p.Stride < 0 || p.Pad < 0:
		return fmt.Errorf("pooling window %d, stride %d and padding %d must not be negative", p.Window, p.Stride, p.Pad)
	case p.Window == 0 && p != (Pool{}):
		return fmt.Errorf("pooling has a stride, padding or repeats but no window")
	case p.Window == 0:
		return nil
	case p.Repeats && p.Window > 1<<10:
		return fmt.Errorf("pooling window %d is too large for repeats; 1024 is the most", p.Window)
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
			r0, c0 := r*p.Apart()-p.Pad, c*p.Apart()-p.Pad
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

// Repeated lists the spikes of the neurons that pool in with repeats.
func (p Pool) Repeated(in *Map, e *Events) {
	e.Shape = p.Shape(in.Shape)
	var count [MaxSteps]int32
	p.repeats(in, func(_ int32, s Step) { count[s]++ })
	e.Start = append(e.Start[:0], 0)
	var at [MaxSteps]int32
	n := int32(0)
	for t := range in.Steps {
		at[t] = n
		n += count[t]
		e.Start = append(e.Start, n)
	}
	if cap(e.Index) < int(n) {
		e.Index = make([]int32, n, n+n/4)
	}
	e.Index = e.Index[:n]
	p.repeats(in, func(i int32, s Step) {
		e.Index[at[s]] = i
		at[s]++
	})
}

// repeats calls f for every spike of the pooled neurons, one neuron after
// another in memory order.
func (p Pool) repeats(in *Map, f func(i int32, s Step)) {
	out, i := p.Shape(in.Shape), int32(0)
	for r := range out.Rows {
		for c := range out.Cols {
			r0, c0 := r*p.Apart()-p.Pad, c*p.Apart()-p.Pad
			y0, y1, x0, x1 := max(r0, 0), min(r0+p.Window, in.Rows), max(c0, 0), min(c0+p.Window, in.Cols)
			for m := range in.Maps {
				var fired [4]uint64
				for y := y0; y < y1; y++ {
					for x := x0; x < x1; x++ {
						s := in.At[(y*in.Cols+x)*in.Maps+m]
						if s == Silent || fired[s/64]>>(s%64)&1 != 0 {
							continue
						}
						fired[s/64] |= 1 << (s % 64)
						f(i, s)
					}
				}
				i++
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
			r0, c0 := r*p.Apart()-p.Pad, c*p.Apart()-p.Pad
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
