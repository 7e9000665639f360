package spike

import "fmt"

// A Wave is the dense view of a first-spike map, as tensor libraries hold it:
// Data[t][i] is 1 if neuron i has fired at step t or before, else 0, and i
// counts map, row, column. It is Steps times as large as the map: use it for
// tests and export.
type Wave struct {
	Shape
	Data [][]uint8
}

// Wave returns the dense view of m.
func (m *Map) Wave() Wave {
	w := Wave{Shape: m.Shape, Data: make([][]uint8, m.Steps)}
	major := m.Major()
	for t := range w.Data {
		w.Data[t] = make([]uint8, len(major))
		for i, s := range major {
			if int(s) <= t {
				w.Data[t][i] = 1
			}
		}
	}
	return w
}

// Map returns the first-spike map of a wave. It fails when the wave has no
// steps or too many, or when a step has the wrong number of neurons. A neuron
// counts as fired from its first non-zero entry on.
func (w Wave) Map() (*Map, error) {
	if len(w.Data) < 1 || len(w.Data) > MaxSteps {
		return nil, fmt.Errorf("spike: a wave of %d steps; 1 to %d can be held", len(w.Data), MaxSteps)
	}
	first := make([]Step, w.Neurons())
	for i := range first {
		first[i] = Silent
	}
	for t := len(w.Data) - 1; t >= 0; t-- {
		if len(w.Data[t]) != len(first) {
			return nil, fmt.Errorf("spike: step %d of the wave has %d neurons; shape %v has %d", t, len(w.Data[t]), w.Shape, len(first))
		}
		for i, v := range w.Data[t] {
			if v != 0 {
				first[i] = Step(t)
			}
		}
	}
	return FromMajor(w.Shape, len(w.Data), first)
}
