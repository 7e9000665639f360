package inspect

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A Box is a rectangle of pixels. It may reach beyond the image, where padding
// is.
type Box struct {
	Row, Col   int // of its first pixel
	Rows, Cols int
}

// Field is the receptive field of a neuron of the layer at a depth: the pixels
// that filters, kernels and pooling windows on the way to it look at.
// Normalisation and ranking, by which all of an image has a say in when a
// neuron fires, do not count.
func Field(m *train.Model, depth int, n spike.Neuron) Box {
	b := Box{n.Row, n.Col, 1, 1}
	for i := depth; i >= 0; i-- {
		l := m.Network.Layers[i]
		if i < depth && l.Pool.Window > 0 {
			b = b.through(l.Pool.Apart(), l.Pool.Pad, l.Pool.Window, l.Pool.Window)
		}
		b = b.through(max(l.Stride, 1), l.Pad, l.Kernel.Rows, l.Kernel.Cols)
	}
	e := m.Experiment.Encode
	size := largest(e)
	if e.Pool.Window > 0 {
		b = b.through(e.Pool.Apart(), e.Pool.Pad, e.Pool.Window, e.Pool.Window)
	}
	return b.through(1, e.Pad, size, size)
}

// through is what a window of rows x cols, at all places of a box, looks at.
func (b Box) through(stride, pad, rows, cols int) Box {
	return Box{b.Row*stride - pad, b.Col*stride - pad, (b.Rows-1)*stride + rows, (b.Cols-1)*stride + cols}
}

// apart is how many inputs of a layer lie between two of what it hands on.
func apart(l snn.Layer) int { return max(l.Stride, 1) * l.Pool.Apart() }

// largest is the size of the largest filter of an encoding.
func largest(c encode.Config) int {
	size := 0
	for _, f := range c.Filters {
		size = max(size, f.Size)
	}
	return size
}
