package lab

import (
	"cmp"
	"math"
	"slices"

	"firstspike/inspect"
	"firstspike/spike"
)

// Why is why an image was decided as it was and not as the runner-up. All
// numbers are in units of weights.
type Why struct {
	Decision Decision `json:"decision"`

	// What the winner's potential at its spike was above that of the runner-up's
	// best neuron at its own, or, without a runner-up, above 0.
	Difference float64 `json:"difference"`

	// What the difference is made of, the largest first: the sum of their
	// Difference is exactly Difference. An input that does as much for both is
	// left out.
	Evidence []Evidence `json:"evidence"`

	// The same in pixels, rows x cols, row by row: positive where the image
	// speaks for the winner, negative where for the runner-up. Every piece of
	// evidence goes back to the neuron that fired, from there to the inputs that
	// had fired before it, in the proportion of what they added, and so on down to
	// the pixels under the filters. Nothing is lost on the way: but for rounding
	// the sum is Difference.
	Rows int       `json:"rows"`
	Cols int       `json:"cols"`
	Heat []float32 `json:"heat"`
}

// Evidence is an input of the last layer that speaks for one of two neurons.
type Evidence struct {
	Map        int     `json:"map"` // of the input, after pooling
	Row        int     `json:"row"`
	Col        int     `json:"col"`
	Step       int     `json:"step"`       // of its first spike
	Winner     float64 `json:"winner"`     // what it added to the winner's potential: the weight, for each of its spikes, and with ramps for each step from then on; 0 if it is not seen
	Second     float64 `json:"second"`     // the same of the runner-up's neuron
	Difference float64 `json:"difference"` // Winner - Second
}

// Why takes a decision apart. A silent network has no evidence, and no heat.
func (l *Lab) Why(pixels []byte) (Why, error) {
	road, err := l.walk(pixels)
	if err != nil {
		return Why{}, err
	}
	d := l.model.Experiment.Data
	w := Why{Decision: l.decided(road), Rows: d.Rows, Cols: d.Cols, Heat: make([]float32, d.Rows*d.Cols)}
	if w.Decision.Silent {
		return w, nil
	}
	last := l.last()
	c := l.model.Network.Layers[last].Convolution
	type sum struct {
		step           spike.Step
		winner, second int64
	}
	sums := map[spike.Neuron]*sum{}
	add := func(s spike.Spike, to func(*sum, int64)) {
		for _, a := range road.Arrivals(last, s.Neuron) {
			if a.Step > s.Step {
				break
			}
			if sums[a.Neuron] == nil {
				sums[a.Neuron] = &sum{step: a.Step}
			}
			to(sums[a.Neuron], int64(a.Weight)*int64(c.Additions(a.Step, s.Step)))
		}
	}
	add(road.Decision.Winner, func(s *sum, v int64) { s.winner += v })
	if w.Decision.Second != nil {
		add(road.Decision.Second, func(s *sum, v int64) { s.second += v })
	}
	w.Difference = c.Potential(road.Decision.Winner.Potential) - c.Potential(road.Decision.Second.Potential)
	// Sums of integers in a unit that is a power of two: nothing is rounded.
	unit := c.Unit()
	for n, s := range sums {
		if s.winner != s.second {
			w.Evidence = append(w.Evidence, Evidence{n.Map, n.Row, n.Col, int(s.step),
				float64(s.winner) * unit, float64(s.second) * unit, float64(s.winner-s.second) * unit})
		}
	}
	slices.SortFunc(w.Evidence, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Difference), math.Abs(a.Difference)), cmp.Compare(b.Difference, a.Difference),
			cmp.Compare(a.Map, b.Map), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col))
	})
	l.heat(road, w)
	return w, nil
}

// heat brings the evidence back to the pixels.
func (l *Lab) heat(road *inspect.Road, w Why) {
	layers := l.model.Network.Layers
	last := len(layers) - 1
	in := layers[last].In
	share := make([]float64, in.Neurons())
	for _, e := range w.Evidence {
		share[in.Index(e.Map, e.Row, e.Col)] = e.Difference
	}
	for depth := last - 1; depth >= 0; depth-- {
		share = l.back(road, depth, share)
	}
	e := l.model.Experiment
	heat := make([]float64, e.Data.Rows*e.Data.Cols)
	if e.Encode.Pool.Window > 0 {
		l.encoder.Encode(l.of, &l.spikes) // it knows where each pooled intensity is from
	}
	shape, kernels := l.encoder.Shape(), l.encoder.Kernels()
	size := 0
	for _, k := range kernels {
		size = max(size, k.Size)
	}
	for i, v := range share {
		if v == 0 {
			continue
		}
		n := shape.Neuron(i%shape.Maps, i/shape.Maps)
		k := kernels[n.Map]
		row, col := l.encoder.Origin(n.Map, n.Row, n.Col)
		top, left := row+(size-k.Size)/2-e.Encode.Pad, col+(size-k.Size)/2-e.Encode.Pad
		spread(heat, e.Data.Rows, e.Data.Cols, top, left, k.Size, k.W, v)
	}
	for i, v := range heat {
		w.Heat[i] = float32(v)
	}
}

// spread shares a value out among the pixels under a filter, by the magnitude
// of its weights. If all that counts lies outside, the nearest pixel gets it.
func spread(heat []float64, rows, cols, top, left, size int, weights []float64, value float64) {
	within := func(f func(pixel int, weight float64)) {
		for y := max(0, -top); y < min(size, rows-top); y++ {
			for x := max(0, -left); x < min(size, cols-left); x++ {
				f((top+y)*cols+left+x, math.Abs(weights[y*size+x]))
			}
		}
	}
	total := 0.0
	within(func(_ int, w float64) { total += w })
	if total == 0 {
		row, col := min(max(top+size/2, 0), rows-1), min(max(left+size/2, 0), cols-1)
		heat[row*cols+col] += value
		return
	}
	within(func(p int, w float64) { heat[p] += float64(value * (w / total)) })
}

// back brings shares of what the layer at a depth hands on to what it reads.
// Both are in memory order.
func (l *Lab) back(road *inspect.Road, depth int, share []float64) []float64 {
	layer, station := l.model.Network.Layers[depth], &road.Stations[depth]
	neurons := make([]float64, station.First.Neurons())
	for i, v := range share {
		if v != 0 {
			n := station.Pooled.Neuron(i%station.Pooled.Maps, i/station.Pooled.Maps)
			neurons[earliest(&station.First, layer.Pool, n)] += v
		}
	}
	c := layer.Convolution
	before := make([]float64, c.In.Neurons())
	var arrivals []inspect.Arrival
	for i, v := range neurons {
		if v == 0 {
			continue
		}
		// A neuron that has fired has seen spikes with weights.
		arrivals = road.AppendArrivals(arrivals[:0], depth, station.First.Neuron(i%c.Maps, i/c.Maps), station.First.At[i])
		total := 0.0
		added := func(a inspect.Arrival) float64 {
			return math.Abs(float64(a.Weight)) * float64(c.Additions(a.Step, station.First.At[i]))
		}
		for _, a := range arrivals {
			total += added(a)
		}
		for _, a := range arrivals {
			before[c.In.Index(a.Map, a.Row, a.Col)] += float64(v * (added(a) / total))
		}
	}
	return before
}

// earliest is the first neuron to fire, of several the first row by row, of
// those that a pooled one looks at, in memory order.
func earliest(m *spike.Map, p spike.Pool, n spike.Neuron) int {
	if p.Window == 0 {
		return m.Index(n.Map, n.Row, n.Col)
	}
	stride := p.Stride
	if stride == 0 {
		stride = p.Window
	}
	top, left := n.Row*stride-p.Pad, n.Col*stride-p.Pad
	best := -1
	for y := max(top, 0); y < min(top+p.Window, m.Rows); y++ {
		for x := max(left, 0); x < min(left+p.Window, m.Cols); x++ {
			if i := m.Index(n.Map, y, x); best < 0 || m.At[i] < m.At[best] {
				best = i
			}
		}
	}
	return best
}
