package spike

// Events are the spikes of a map in the order of their steps, and within a
// step in memory order. Index names neurons by [Shape.Index]; the spikes of
// step t are Index[Start[t]:Start[t+1]].
//
// A neuron may be listed in several steps, as [Pool.Repeated] does: every time
// counts as a spike to those who read it.
type Events struct {
	Shape
	Index []int32
	Start []int32 // one more entry than there are steps
}

// Steps is the number of time steps.
func (e *Events) Steps() int { return len(e.Start) - 1 }

// Step is the list of the neurons that fire at step t.
func (e *Events) Step(t int) []int32 { return e.Index[e.Start[t]:e.Start[t+1]] }

// From fills e with the spikes of m, reusing its memory.
func (e *Events) From(m *Map) {
	e.Shape = m.Shape
	var count [256]int32
	for _, s := range m.At {
		count[s]++
	}
	if cap(e.Start) < m.Steps+1 {
		e.Start = make([]int32, m.Steps+1)
	}
	e.Start = e.Start[:m.Steps+1]
	var at [256]int32
	n := int32(0)
	for t := range m.Steps {
		e.Start[t], at[t] = n, n
		n += count[t]
	}
	e.Start[m.Steps] = n
	if cap(e.Index) < int(n) {
		e.Index = make([]int32, n, n+n/4)
	}
	e.Index = e.Index[:n]
	for i, s := range m.At {
		if s != Silent {
			e.Index[at[s]] = int32(i)
			at[s]++
		}
	}
}

// Map writes the first spike of every neuron into m, which must have the shape
// of e.
func (e *Events) Map(m *Map) {
	m.Steps = e.Steps()
	m.Silence()
	for t := e.Steps() - 1; t >= 0; t-- {
		for _, i := range e.Step(t) {
			m.At[i] = Step(t)
		}
	}
}

// Summed writes into m, which must have the shape of e, how early every neuron
// is if its spikes add up: a spike at step t counts for the steps that are left
// from then on, t included, and m has the step from which as many are left, or
// 0 if there are none. For a neuron that fires once that is its step.
func (e *Events) Summed(m *Map) {
	m.Steps = e.Steps()
	m.Silence()
	for t := range e.Steps() {
		left := m.Steps - t
		for _, i := range e.Step(t) {
			if m.At[i] == Silent {
				m.At[i] = Step(t)
			} else {
				m.At[i] = Step(max(0, int(m.At[i])-left))
			}
		}
	}
}

// Copy makes e a copy of o, reusing its memory.
func (e *Events) Copy(o *Events) {
	e.Shape = o.Shape
	e.Index, e.Start = append(e.Index[:0], o.Index...), append(e.Start[:0], o.Start...)
}

// Clone is a copy of e that takes no more memory than it needs.
func (e *Events) Clone() Events {
	c := Events{Shape: e.Shape, Index: make([]int32, len(e.Index)), Start: make([]int32, len(e.Start))}
	copy(c.Index, e.Index)
	copy(c.Start, e.Start)
	return c
}

// Foremost fills out with the spikes of the neurons of e that fire first at their
// positions, of several the one of the lowest map. All others are left out.
func (e *Events) Foremost(out *Events) {
	out.Shape = e.Shape
	out.Index, out.Start = out.Index[:0], append(out.Start[:0], 0)
	first := make([]int32, e.Positions()) // neuron + 1; 0: none
	for t := range e.Steps() {
		for _, i := range e.Step(t) {
			if at := &first[int(i)/e.Maps]; *at == 0 {
				*at = i + 1
			} else if *at != i+1 {
				continue
			}
			out.Index = append(out.Index, i)
		}
		out.Start = append(out.Start, int32(len(out.Index)))
	}
}

// Window fills dst with the spikes of e in the given rows and columns, counted
// from there. What of the window lies outside e is silent.
func (e *Events) Window(row, col, rows, cols int, dst *Events) {
	dst.Shape = Shape{Maps: e.Maps, Rows: rows, Cols: cols}
	dst.Index, dst.Start = dst.Index[:0], append(dst.Start[:0], 0)
	width := e.Cols * e.Maps
	for t := range e.Steps() {
		for _, i := range e.Step(t) {
			y := int(i)/width - row
			if y < 0 || y >= rows {
				continue
			}
			if x := int(i)%width/e.Maps - col; x >= 0 && x < cols {
				dst.Index = append(dst.Index, int32((y*cols+x)*e.Maps+int(i)%e.Maps))
			}
		}
		dst.Start = append(dst.Start, int32(len(dst.Index)))
	}
}
