package inspect

import (
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/train"
)

// A Feature is what a map looks for, in pixels: light where Values is
// positive, dark where it is negative.
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
	e := m.Experiment
	encoder, err := encode.New(e.Encode, e.Data.Rows, e.Data.Cols)
	if err != nil {
		return nil, err
	}
	features := filters(encoder.Kernels())
	stride := 1
	for i, l := range m.Network.Layers[:depth+1] {
		features = through(l.Convolution, features, stride, i == depth)
		stride *= max(l.Stride, 1) * max(l.Pool.Stride, 1)
	}
	return features, nil
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

// through is the features of a layer's maps, given those of its inputs, which
// lie stride pixels apart. Of the layer that is asked for, what its maps have in
// common is left out.
func through(c *snn.Convolution, in []Feature, stride int, asked bool) []Feature {
	rows, cols := in[0].Rows+(c.Kernel.Rows-1)*stride, in[0].Cols+(c.Kernel.Cols-1)*stride
	weights := make([][]float64, c.Maps)
	for m := range weights {
		for _, w := range c.Weight(m) {
			weights[m] = append(weights[m], float64(w))
		}
	}
	if asked && c.Maps > 1 {
		distinguish(weights)
	}
	features, largest := make([]Feature, c.Maps), float32(0)
	for m := range features {
		f := Feature{rows, cols, make([]float32, rows*cols)}
		for s, w := range weights[m] {
			if w == 0 {
				continue
			}
			from := in[s/(c.Kernel.Rows*c.Kernel.Cols)]
			top, left := s/c.Kernel.Cols%c.Kernel.Rows*stride, s%c.Kernel.Cols*stride
			for y := range from.Rows {
				to := f.Values[(top+y)*cols+left:][:from.Cols]
				for x, v := range from.Values[y*from.Cols : (y+1)*from.Cols] {
					to[x] += float32(w * float64(v))
				}
			}
		}
		features[m], largest = f, max(largest, f.largest())
	}
	for m, f := range features {
		// Weaker ones are brought forward, but nothing is made of noise.
		f.scale(max(f.largest(), largest/4))
		features[m] = f
	}
	return features
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
			pattern[s] += varies * w[s]
		}
	}
	if total == 0 {
		return
	}
	square := 0.0
	for s := range pattern {
		pattern[s] /= total
		square += pattern[s] * pattern[s]
	}
	if square == 0 {
		return
	}
	for _, w := range weights {
		product := 0.0
		for s, v := range w {
			product += v * pattern[s]
		}
		for s := range w {
			w[s] -= product / square * pattern[s]
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
		variance += (v - mean) * (v - mean)
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
