package readout

import (
	"math/bits"

	"firstspike/spike"
)

// Features are what an [SVM] sees of many samples: for each of them the neurons
// that fire, as a list, and, if latencies count, the steps at which they do. A
// neuron that stays silent is 0 and takes no memory. Of a layer of at most 65,536
// neurons a feature that is active takes two bytes, otherwise four, and one more for
// its step.
type Features struct {
	Shape spike.Shape // of the layer that is read
	Steps int         // 0: a feature is 1 if its neuron fires; otherwise 1 - step/Steps

	values []float64  // of a spike at each step; nil: all count 1
	narrow [][]uint16 // in memory order, by [spike.Shape.Index]
	wide   [][]uint32 // the same for larger layers; nil: narrow
	steps  [][]spike.Step
}

// NewFeatures has room for the features of n samples, all of them silent.
func NewFeatures(n int, shape spike.Shape, steps int) *Features {
	f := &Features{Shape: shape, Steps: steps, values: values(steps)}
	if shape.Neurons() <= 1<<16 {
		f.narrow = make([][]uint16, n)
	} else {
		f.wide = make([][]uint32, n)
	}
	if steps > 0 {
		f.steps = make([][]spike.Step, n)
	}
	return f
}

// Len is the number of samples.
func (f *Features) Len() int { return max(len(f.narrow), len(f.wide)) }

// Active is how many features of sample i are not 0.
func (f *Features) Active(i int) int {
	if f.wide != nil {
		return len(f.wide[i])
	}
	return len(f.narrow[i])
}

// Set makes the first spikes of a map, which must have the shape of the
// features, those of sample i. Several goroutines may set different samples at
// once.
func (f *Features) Set(i int, first *spike.Map) {
	n := first.Spikes()
	if f.steps != nil {
		list := room(f.steps[i], n)
		for _, s := range first.At {
			if s != spike.Silent {
				list = append(list, s)
			}
		}
		f.steps[i] = list
	}
	if f.wide != nil {
		f.wide[i] = active(room(f.wide[i], n), first)
	} else {
		f.narrow[i] = active(room(f.narrow[i], n), first)
	}
}

// SetFired is Set for features that do not tell when a neuron fires.
func (f *Features) SetFired(i int, fired spike.Bits) {
	n, words := fired.Count(), spike.Words(f.Shape.Maps)
	if f.wide != nil {
		f.wide[i] = set(room(f.wide[i], n), fired, f.Shape.Maps, words)
	} else {
		f.narrow[i] = set(room(f.narrow[i], n), fired, f.Shape.Maps, words)
	}
}

// room is an empty list with room for exactly n, the old one if it has enough.
func room[T any](list []T, n int) []T {
	if cap(list) >= n {
		return list[:0]
	}
	return make([]T, 0, n)
}

func active[T uint16 | uint32](list []T, first *spike.Map) []T {
	for k, s := range first.At {
		if s != spike.Silent {
			list = append(list, T(k))
		}
	}
	return list
}

func set[T uint16 | uint32](list []T, fired spike.Bits, maps, words int) []T {
	for k, word := range fired {
		for ; word != 0; word &= word - 1 {
			list = append(list, T(k/words*maps+k%words*64+bits.TrailingZeros64(word)))
		}
	}
	return list
}

// values are what a spike at each step counts, nil if all count 1.
func values(steps int) []float64 {
	if steps == 0 {
		return nil
	}
	v := make([]float64, spike.MaxSteps)
	for s := range steps {
		v[s] = float64(steps-s) / float64(steps)
	}
	return v
}
