package gallery

import (
	"fmt"
	"math"

	"firstspike/figure"
	"firstspike/inspect"
	"firstspike/readout"
	"firstspike/spike"
	"firstspike/train"
)

// layerOf is a map of first spikes as a figure takes it.
func layerOf(name string, m *spike.Map) figure.Layer {
	l := figure.Layer{Name: name, Maps: m.Maps, Rows: m.Rows, Cols: m.Cols}
	for _, s := range m.Major() {
		step := int(s)
		if s == spike.Silent {
			step = -1
		}
		l.First = append(l.First, step)
	}
	return l
}

// heading says whose way it is.
func heading(m *train.Model, r *inspect.Road, name string) string {
	if m.Experiment.Readout.Rule == train.ReadoutSVM && m.SVM == nil {
		return name + ": the readout is not learned yet"
	}
	if r.Decision.Class == readout.None {
		return name + ": no neuron of the last layer fires"
	}
	return fmt.Sprintf("%s is taken for %d", name, r.Decision.Class)
}

// Raster is every first spike of an image, layer by layer, as each hands them
// on.
func Raster(m *train.Model, r *inspect.Road, name string) figure.Figure {
	f := figure.Raster{Heading: heading(m, r, name), Steps: m.Network.Steps}
	f.Layers = append(f.Layers, layerOf("input", &r.Input))
	for i, s := range r.Stations {
		if pool := m.Experiment.Layers[i].Pool; pool.Window > 0 {
			f.Layers = append(f.Layers, layerOf(s.Name+", pooled", &s.Pooled))
		} else {
			f.Layers = append(f.Layers, layerOf(s.Name, &s.First))
		}
	}
	return f
}

// Latency is when the neurons of a layer fire, map by map; depth -1 is the
// input.
func Latency(m *train.Model, r *inspect.Road, depth int, name string) figure.Figure {
	f := figure.Latency{Heading: heading(m, r, name), Steps: m.Network.Steps}
	if depth < 0 {
		f.Heading += ": first spikes of the input"
		f.Layer = layerOf("input", &r.Input)
		return f
	}
	s := &r.Stations[depth]
	f.Heading += ": first spikes of " + s.Name
	f.Layer = layerOf(s.Name, &s.First)
	return f
}

// Potentials are those of the neurons of a layer that come first, the best
// first: the earliest spike, then the highest potential. In a last layer that
// decides itself they are the best of the class that was decided for and of the
// one that came second.
func Potentials(m *train.Model, r *inspect.Road, depth int, name string) figure.Figure {
	l, s := m.Network.Layers[depth], &r.Stations[depth]
	f := figure.Traces{Heading: fmt.Sprintf("%s: potentials in %s", heading(m, r, name), l.Name), Steps: m.Network.Steps}
	trace := func(n spike.Neuron, title string) {
		t := figure.Trace{Name: title, Potential: r.Potentials(depth, n), First: -1}
		if step := s.First.Step(n.Map, n.Row, n.Col); step != spike.Silent {
			t.First = int(step)
		}
		if !math.IsInf(l.Threshold, 1) {
			t.Threshold = l.ThresholdOf(n.Map)
		}
		f.Neurons = append(f.Neurons, t)
	}
	if depth == len(m.Network.Layers)-1 && m.SVM == nil {
		if d := r.Decision; d.Class != readout.None {
			trace(d.Winner.Neuron, fmt.Sprintf("%d: map %d", d.Class, d.Winner.Map))
			if d.RunnerUp != readout.None {
				trace(d.Second.Neuron, fmt.Sprintf("%d: map %d", d.RunnerUp, d.Second.Map))
			}
		}
		return f
	}
	taken := map[int]bool{}
	for range min(4, l.Maps) {
		best := -1
		for i, step := range s.First.At {
			if step == spike.Silent || taken[i%l.Maps] {
				continue
			}
			if best < 0 || step < s.First.At[best] || step == s.First.At[best] && s.Potential[i] > s.Potential[best] {
				best = i
			}
		}
		if best < 0 {
			break
		}
		taken[best%l.Maps] = true
		n := s.First.Shape.Neuron(best%l.Maps, best/l.Maps)
		trace(n, fmt.Sprintf("map %d at %d, %d", n.Map, n.Row, n.Col))
	}
	return f
}
