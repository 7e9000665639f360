package spike

import "fmt"

// A Step is the time step of a neuron's first spike, counted from 0.
type Step = uint8

// Silent marks a neuron that never fires. It is later than every step, so
// comparing steps orders silent neurons last.
const Silent Step = 255

// MaxSteps is the largest number of time steps a map can have: the steps
// 0 to 254. 255 is [Silent].
const MaxSteps = 255

// MaxExtent is the largest number of maps, rows or columns that a layer can
// have. Products of two extents do not overflow.
const MaxExtent = 1 << 24

// A Shape is the extent of a layer: feature maps, rows and columns.
type Shape struct {
	Maps, Rows, Cols int
}

// Neurons is the number of neurons of the shape.
func (s Shape) Neurons() int { return s.Maps * s.Rows * s.Cols }

// Positions is the number of places, rows times columns.
func (s Shape) Positions() int { return s.Rows * s.Cols }

// Index is the place of a neuron in memory order, maps fastest.
func (s Shape) Index(m, row, col int) int { return (row*s.Cols+col)*s.Maps + m }

// Major is the place of a neuron in the field's order: map, row, column. Ties
// between neurons are settled by it.
func (s Shape) Major(m, row, col int) int { return (m*s.Rows+row)*s.Cols + col }

// Pad is the shape with n more rows and columns on every side.
func (s Shape) Pad(n int) Shape {
	return Shape{Maps: s.Maps, Rows: s.Rows + 2*n, Cols: s.Cols + 2*n}
}

// String gives the shape as maps x rows x columns.
func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.Maps, s.Rows, s.Cols) }

// A Map is a first-spike map: for every neuron of a layer the step of its
// only spike, or [Silent]. At is in memory order, maps fastest, and holds
// steps below Steps.
type Map struct {
	Shape
	Steps int
	At    []Step
}

// NewMap returns a map of the given shape in which every neuron is silent.
// steps must lie in 1..[MaxSteps].
func NewMap(shape Shape, steps int) *Map {
	m := &Map{Shape: shape, Steps: steps, At: make([]Step, shape.Neurons())}
	m.Silence()
	return m
}

// Silence makes every neuron silent.
func (m *Map) Silence() {
	if len(m.At) == 0 {
		return
	}
	// What is set doubles with every copy.
	m.At[0] = Silent
	for n := 1; n < len(m.At); n *= 2 {
		copy(m.At[n:], m.At[:n])
	}
}

// Step is the step at which a neuron fires, or [Silent].
func (m *Map) Step(fm, row, col int) Step { return m.At[m.Index(fm, row, col)] }

// Set makes a neuron fire at the step, or never if the step is [Silent].
func (m *Map) Set(fm, row, col int, s Step) { m.At[m.Index(fm, row, col)] = s }

// Spikes is the number of neurons that fire.
func (m *Map) Spikes() int {
	n := 0
	for _, s := range m.At {
		if s != Silent {
			n++
		}
	}
	return n
}

// PadInto writes m, surrounded by n rows and columns of silent neurons, into
// dst, which must have the shape m.Shape.Pad(n).
func (m *Map) PadInto(dst *Map, n int) {
	dst.Steps = m.Steps
	dst.Silence()
	for r := range m.Rows {
		row := m.At[r*m.Cols*m.Maps : (r+1)*m.Cols*m.Maps]
		copy(dst.At[dst.Index(0, r+n, n):], row)
	}
}

// Pad returns m surrounded by n rows and columns of silent neurons.
func (m *Map) Pad(n int) *Map {
	dst := NewMap(m.Shape.Pad(n), m.Steps)
	m.PadInto(dst, n)
	return dst
}

// Major returns the steps in the field's order: map, row, column.
func (m *Map) Major() []Step {
	out := make([]Step, len(m.At))
	p := m.Positions()
	for pos := range p {
		for fm := range m.Maps {
			out[fm*p+pos] = m.At[pos*m.Maps+fm]
		}
	}
	return out
}

// FromMajor builds a map from steps in the order map, row, column. Any value
// of steps or more is silent, so that a trace which writes "never" as the
// number of steps can be read as it is. It fails when the values do not fill
// the shape or steps is out of range.
func FromMajor(shape Shape, steps int, values []Step) (*Map, error) {
	if steps < 1 || steps > MaxSteps {
		return nil, fmt.Errorf("spike: %d steps; a map has 1 to %d", steps, MaxSteps)
	}
	if len(values) != shape.Neurons() {
		return nil, fmt.Errorf("spike: %d values for a map of shape %v, which has %d neurons", len(values), shape, shape.Neurons())
	}
	m := NewMap(shape, steps)
	p := shape.Positions()
	for fm := range shape.Maps {
		for pos := range p {
			if v := values[fm*p+pos]; int(v) < steps {
				m.At[pos*shape.Maps+fm] = v
			}
		}
	}
	return m, nil
}

// Equal reports whether both maps have the same shape and the same steps.
func (m *Map) Equal(o *Map) bool {
	if m.Shape != o.Shape {
		return false
	}
	for i, s := range m.At {
		if s != o.At[i] {
			return false
		}
	}
	return true
}

// Resize gives m another shape, reusing its memory. Its steps are then
// undefined.
func (m *Map) Resize(shape Shape) {
	m.Shape = shape
	if n := shape.Neurons(); cap(m.At) < n {
		m.At = make([]Step, n)
	} else {
		m.At = m.At[:n]
	}
}
