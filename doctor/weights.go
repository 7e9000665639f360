package doctor

import (
	"slices"

	"firstspike/snn"
	"firstspike/train"
)

// alike is the cosine of the angle between the weights of two maps above which
// they look for the same.
const alike = 0.98

// weigh measures the weights of a layer, beside those that it began with.
func (r *Layer) weigh(l train.Layer, c, fresh *snn.Convolution) {
	lower, upper := float32(l.Learn.Lower), float32(l.Learn.Upper)
	margin := (upper - lower) / 100
	low, high, begun := 0, 0, 0
	mean := 0.0
	for i, w := range c.Weights() {
		if w <= lower+margin {
			low++
		} else if w >= upper-margin {
			high++
		}
		if v := fresh.Weights()[i]; v <= lower || v >= upper {
			begun++
		}
		mean += float64(w)
	}
	n := len(c.Weights())
	mean /= float64(n)
	r.Convergence, r.AtLower, r.AtUpper, r.Begun = c.Convergence(), ratio(low, n), ratio(high, n), ratio(begun, n)
	var learned [][]float32
	for m := range c.Maps {
		w, was := c.Weight(m), fresh.Weight(m)
		for i, v := range w {
			if v != was[i] && v != min(max(was[i], lower), upper) {
				learned = append(learned, w)
				break
			}
		}
	}
	r.Changed = ratio(len(learned), c.Maps)
	r.Twins = ratio(twins(learned, float32(mean)), len(learned))
	r.Alike = c.Maps > 1
	for m := 1; m < c.Maps && r.Alike; m++ {
		r.Alike = slices.Equal(fresh.Weight(0), fresh.Weight(m))
	}
}

// twins is how many of the maps have another that looks for the same. Weights
// count from the middle of the layer's: from 0, maps of many strong weights are
// all alike.
func twins(maps [][]float32, middle float32) int {
	length := make([]float64, len(maps))
	for i, w := range maps {
		length[i] = product(w, w, middle)
	}
	found := make([]bool, len(maps))
	n := 0
	for i := range maps {
		for j := range i {
			if found[i] && found[j] {
				continue
			}
			if p := product(maps[i], maps[j], middle); p > 0 && p*p >= alike*alike*length[i]*length[j] {
				found[i], found[j] = true, true
			}
		}
	}
	for _, f := range found {
		if f {
			n++
		}
	}
	return n
}

func product(a, b []float32, middle float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(float64(v-middle) * float64(b[i]-middle))
	}
	return sum
}
