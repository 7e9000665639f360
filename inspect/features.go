package inspect

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// A Feature is what a map looks for, in pixels: light where Values is
// positive, dark where it is negative; in recordings, what becomes brighter and
// what becomes darker.
type Feature struct {
	Rows, Cols int
	Values     []float32 // row by row
}

// Features are what the maps of a layer stand for. Every synapse contributes
// the feature of the map that it reads, where it reads it, by its weight; the
// features of the first layer's inputs are the filters of the encoding.
//
// What all maps of the layer have in common distinguishes none of them, and is
// taken away: from the weights of each map as much of their pattern as fits it
// best. Maps that have not learned are then left with next to nothing, and are
// pale beside the others.
func Features(m *train.Model, depth int) ([]Feature, error) {
	v, err := NewViewer(m)
	if err != nil {
		return nil, err
	}
	in, stride := v.inputs(depth)
	return through(m.Network.Layers[depth].Convolution, in, stride, true), nil
}

// A Viewer finds the features of single maps, which takes a fraction of the
// time that [Features] takes for all. It remembers the features of the layers
// before; their weights must not change while it is in use. Those of the layer
// that is asked for may.
type Viewer struct {
	model   *train.Model
	layers  [][]Feature // what each layer's inputs stand for
	strides []int       // pixels from one input of a layer to the next
	weights [][]float64
}

// NewViewer returns a viewer of a network's maps.
func NewViewer(m *train.Model) (*Viewer, error) {
	e := m.Experiment
	encoder, err := m.Encoder()
	if err != nil {
		return nil, err
	}
	inputs := filters(encoder.Kernels())
	if e.Encode.Recordings() {
		inputs = polarities(e.Encode.Events, encoder.Shape().Maps)
	}
	return &Viewer{model: m, layers: [][]Feature{inputs}, strides: []int{e.Encode.Pool.Apart()}}, nil
}

// Feature is what one map of the layer at a depth stands for: that of
// [Features], but for a factor, which makes its largest magnitude 1.
func (v *Viewer) Feature(depth, fm int) Feature {
	in, stride := v.inputs(depth)
	c := v.model.Network.Layers[depth].Convolution
	v.weights = weights(c, v.weights)
	if c.Maps > 1 {
		distinguish(v.weights)
	}
	f := compose(c, in, stride, v.weights[fm])
	f.scale(f.largest())
	return f
}

// Formed gives what each map of the layer at a depth stands for with weights that
// are given instead of the network's, in the order map, input map, row, column:
// those of a layer that learns meanwhile. They are those of [Features], but for
// a factor that is the same for all. What is given is good until the viewer is
// asked again.
func (v *Viewer) Formed(depth int, weights []float32) func(fm int) Feature {
	in, stride := v.inputs(depth)
	c := v.model.Network.Layers[depth].Convolution
	n := c.Synapses()
	v.weights = doubles(v.weights, c.Maps, func(m int) []float32 { return weights[m*n : (m+1)*n] })
	if c.Maps > 1 {
		distinguish(v.weights)
	}
	return func(fm int) Feature { return compose(c, in, stride, v.weights[fm]) }
}

// inputs are the features of what the layer at a depth reads, and how many
// pixels they lie apart.
func (v *Viewer) inputs(depth int) ([]Feature, int) {
	for i := len(v.layers); i <= depth; i++ {
		l := v.model.Network.Layers[i-1]
		v.layers = append(v.layers, through(l.Convolution, v.layers[i-1], v.strides[i-1], false))
		v.strides = append(v.strides, v.strides[i-1]*apart(l))
	}
	return v.layers[depth], v.strides[depth]
}

// filters are the kernels of an encoding, as large as the largest.
func filters(kernels []encode.Kernel) []Feature {
	size := 0
	for _, k := range kernels {
		size = max(size, k.Size)
	}
	features := make([]Feature, len(kernels))
	for i, k := range kernels {
		f := Feature{size, size, make([]float32, size*size)}
		off := (size - k.Size) / 2
		for y := range k.Size {
			for x := range k.Size {
				f.Values[(y+off)*size+x+off] = float32(k.W[y*k.Size+x])
			}
		}
		f.scale(f.largest())
		features[i] = f
	}
	return features
}

// polarities are what the channels of recordings stand for: a pixel that became
// brighter, or darker. All windows of time lie on top of each other.
func polarities(e encode.Events, channels int) []Feature {
	features := make([]Feature, channels)
	for i := range features {
		sign := float32(1)
		if e.Polarity == encode.EventsOff || e.Polarity == encode.EventsBoth && i%2 == 0 {
			sign = -1
		}
		features[i] = Feature{1, 1, []float32{sign}}
	}
	return features
}

// through is the features of a layer's maps, given those of its inputs, which
// lie stride pixels apart. Of the layer that is asked for, what its maps have in
// common is left out.
func through(c *snn.Convolution, in []Feature, stride int, asked bool) []Feature {
	all := weights(c, nil)
	if asked && c.Maps > 1 {
		distinguish(all)
	}
	features, largest := make([]Feature, c.Maps), float32(0)
	for m := range features {
		features[m] = compose(c, in, stride, all[m])
		largest = max(largest, features[m].largest())
	}
	for _, f := range features {
		// Weaker ones are brought forward, but nothing is made of noise.
		f.scale(max(f.largest(), largest/4))
	}
	return features
}

// weights are those of every map of a layer, in memory that is there already if
// it has room.
func weights(c *snn.Convolution, all [][]float64) [][]float64 {
	return doubles(all, c.Maps, c.Weight)
}

func doubles(all [][]float64, maps int, weight func(m int) []float32) [][]float64 {
	if len(all) != maps {
		all = make([][]float64, maps)
	}
	for m := range all {
		all[m] = all[m][:0]
		for _, w := range weight(m) {
			all[m] = append(all[m], float64(w))
		}
	}
	return all
}

// compose puts the features of a map's inputs side by side, by its weights.
func compose(c *snn.Convolution, in []Feature, stride int, weights []float64) Feature {
	rows, cols := in[0].Rows+(c.Kernel.Rows-1)*stride, in[0].Cols+(c.Kernel.Cols-1)*stride
	f := Feature{rows, cols, make([]float32, rows*cols)}
	places := c.Kernel.Rows * c.Kernel.Cols
	part := make([]float32, len(in[0].Values))
	for place := range places {
		blend(part, in, func(i int) float32 { return float32(weights[i*places+place]) })
		top, left := place/c.Kernel.Cols*stride, place%c.Kernel.Cols*stride
		for y := range in[0].Rows {
			to := f.Values[(top+y)*cols+left:][:in[0].Cols]
			for x, v := range part[y*in[0].Cols : (y+1)*in[0].Cols] {
				to[x] += v
			}
		}
	}
	return f
}

// blend is the sum of features, each by its weight. It takes four at a time, so
// that the sum is not read and written for each.
func blend(sum []float32, in []Feature, weight func(i int) float32) {
	clear(sum)
	n := len(sum)
	i := 0
	for ; i+4 <= len(in); i += 4 {
		w0, w1, w2, w3 := weight(i), weight(i+1), weight(i+2), weight(i+3)
		v0, v1, v2, v3 := in[i].Values[:n], in[i+1].Values[:n], in[i+2].Values[:n], in[i+3].Values[:n]
		for k := range sum {
			sum[k] += (float32(w0*v0[k]) + float32(w1*v1[k])) + (float32(w2*v2[k]) + float32(w3*v3[k]))
		}
	}
	for ; i < len(in); i++ {
		w, v := weight(i), in[i].Values[:n]
		for k := range sum {
			sum[k] += float32(w * v[k])
		}
	}
}

// distinguish leaves of the weights of each map what is its own: it takes away
// their mean and the part that the pattern of all maps explains. Maps count for
// the pattern by how much their weights vary.
func distinguish(weights [][]float64) {
	pattern := make([]float64, len(weights[0]))
	total := 0.0
	for _, w := range weights {
		mean, varies := moments(w)
		total += varies
		for s := range w {
			w[s] -= mean
			pattern[s] += float64(varies * w[s])
		}
	}
	if total == 0 {
		return
	}
	square := 0.0
	for s := range pattern {
		pattern[s] /= total
		square += float64(pattern[s] * pattern[s])
	}
	if square == 0 {
		return
	}
	for _, w := range weights {
		product := 0.0
		for s, v := range w {
			product += float64(v * pattern[s])
		}
		for s := range w {
			w[s] -= float64(product / square * pattern[s])
		}
	}
}

// moments are the mean and the variance.
func moments(w []float64) (mean, variance float64) {
	for _, v := range w {
		mean += v
	}
	mean /= float64(len(w))
	for _, v := range w {
		variance += float64((v - mean) * (v - mean))
	}
	return mean, variance / float64(len(w))
}

// largest is the largest magnitude.
func (f Feature) largest() float32 {
	most := float32(0)
	for _, v := range f.Values {
		most = max(most, v, -v)
	}
	return most
}

// scale divides by a number that is not 0.
func (f Feature) scale(by float32) {
	if by == 0 {
		return
	}
	for i := range f.Values {
		f.Values[i] /= by
	}
}
