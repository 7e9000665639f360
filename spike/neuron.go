package spike

// A Neuron names one neuron of a layer.
type Neuron struct {
	Map, Row, Col int
}

// Neuron names the neuron of a map at a position, counted row by row.
func (s Shape) Neuron(m, pos int) Neuron {
	return Neuron{Map: m, Row: pos / s.Cols, Col: pos % s.Cols}
}

// A Spike is a neuron's firing: when, and at which potential. Potentials are
// integers, in units of the layer that the neuron belongs to.
type Spike struct {
	Neuron
	Step      Step // [Silent]: the neuron did not fire
	Potential int32
}

// Ahead reports whether a wins over b: the earlier spike, then the higher
// potential, then the lower index in the order map, row, column. It is a
// strict order, so winners do not depend on the order in which neurons are
// looked at.
func (a Spike) Ahead(b Spike) bool {
	switch {
	case a.Step != b.Step:
		return a.Step < b.Step
	case a.Potential != b.Potential:
		return a.Potential > b.Potential
	case a.Map != b.Map:
		return a.Map < b.Map
	case a.Row != b.Row:
		return a.Row < b.Row
	}
	return a.Col < b.Col
}

// First is the spike that wins over all others, and false if none fired.
func First(spikes []Spike) (Spike, bool) {
	first := Spike{Step: Silent}
	for _, s := range spikes {
		if s.Step != Silent && (first.Step == Silent || s.Ahead(first)) {
			first = s
		}
	}
	return first, first.Step != Silent
}
