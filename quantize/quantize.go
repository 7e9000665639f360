package quantize

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"firstspike/snn"
	"firstspike/train"
)

// MaxBits is the most bits that a weight can be rounded to.
const MaxBits = 8

// Model returns a copy of m in which every weight of the named layers is rounded
// to one of at most 2^bits levels of its layer, evenly spaced between the
// smallest and the largest weight; with 1 bit, to one of the two values that
// are best in the sense of least squares, of which the lower is 0 if it is near to that. bits maps names of layers to 1..8. Layers that
// are not named keep their weights as they are summed ([train.Model.Rounded]),
// and so do those that lie on a [Grid] of few enough levels already. Training
// cannot go on from the copy.
//
// The error names every layer that m does not have, and every number of bits
// that is not within 1..8.
func Model(m *train.Model, bits map[string]int) (*train.Model, error) {
	var faults []error
	var names []string
	for _, l := range m.Network.Layers {
		names = append(names, l.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(bits)) {
		if !slices.Contains(names, name) {
			faults = append(faults, fmt.Errorf("there is no layer %q; the layers are %s", name, strings.Join(names, ", ")))
		} else if b := bits[name]; b < 1 || b > MaxBits {
			faults = append(faults, fmt.Errorf("layer %s: %d bits; a weight can have 1 to %d", name, b, MaxBits))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	c, err := m.Rounded()
	if err != nil {
		return nil, err
	}
	for _, l := range c.Network.Layers {
		b, named := bits[l.Name]
		if !named {
			continue
		}
		if g, ok := Of(l.Convolution); ok && g.Levels <= 1<<b {
			continue
		}
		q := quanta(l.Convolution)
		if b == 1 {
			toTwo(q)
		} else {
			toLevels(q, 1<<b, int64(l.Bound()/l.Unit()))
		}
		w := make([]float32, len(q))
		for i, v := range q {
			w[i] = float32(l.Potential(v))
		}
		if err := l.SetWeights(w); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
	}
	return c, nil
}

// Enough is how many bits each layer of m needs that is to lose no more than
// 8 bits would: 1 if every weight is as near to one of two values as 8 bits could
// bring it; what its [Grid] takes if it lies on one; and otherwise 8.
func Enough(m *train.Model) map[string]int {
	bits := map[string]int{}
	for _, l := range m.Network.Layers {
		g, ok := Of(l.Convolution)
		switch {
		case ok:
			bits[l.Name] = g.Bits()
		case nearTwo(quanta(l.Convolution)):
			bits[l.Name] = 1
		default:
			bits[l.Name] = 8
		}
	}
	return bits
}

// A Grid is the evenly spaced levels that the weights of a layer lie on, in
// units of its potentials: Base + i*Step for i from 0 to Levels-1.
type Grid struct {
	Base, Step int32 // Step is above 0
	Levels     int   // 1 to 256
}

// Bits is how many bits number the levels: 1, 2, 4 or 8.
func (g Grid) Bits() int {
	for _, b := range []int{1, 2, 4} {
		if g.Levels <= 1<<b {
			return b
		}
	}
	return 8
}

// Index is the number of the level of a weight that lies on the grid.
func (g Grid) Index(q int32) int { return int((int64(q) - int64(g.Base)) / int64(g.Step)) }

// Of is the grid with the fewest levels that all weights of a layer lie on, as
// they are summed, and false if it takes more than 256 levels.
func Of(c *snn.Convolution) (Grid, bool) {
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for m := range c.Maps {
		for _, q := range c.Quanta(m) {
			low, high = min(low, int64(q)), max(high, int64(q))
		}
	}
	step := int64(0)
	for m := range c.Maps {
		for _, q := range c.Quanta(m) {
			if step = gcd(step, int64(q)-low); step > 0 && (high-low)/step >= 1<<MaxBits {
				return Grid{}, false
			}
		}
	}
	step = max(step, 1)
	return Grid{Base: int32(low), Step: int32(step), Levels: int((high-low)/step) + 1}, true
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// quanta are the weights of all maps as they are summed.
func quanta(c *snn.Convolution) []int32 {
	var q []int32
	for m := range c.Maps {
		q = append(q, c.Quanta(m)...)
	}
	return q
}

// grain is a power of two of whose multiples, up to the largest magnitude in q, a
// float32 holds every one. Weights are float32.
func grain(q []int32) int64 {
	top := int64(0)
	for _, v := range q {
		top = max(top, int64(v), -int64(v))
	}
	g := int64(1)
	for top/g >= 1<<24 {
		g *= 2
	}
	return g
}

// toLevels rounds q to so many levels. None is above bound.
func toLevels(q []int32, levels int, bound int64) {
	g := grain(q)
	low, high := int64(slices.Min(q)), int64(slices.Max(q))
	low = (low + g - 1) / g * g // towards 0 from below, and so within the bound
	// Rounded up, so that the levels reach the largest weight.
	step := (high - low + int64(levels) - 2) / (int64(levels) - 1)
	step = max(g, (step+g-1)/g*g)
	last := min(int64(levels)-1, (bound-low)/step)
	for i, v := range q {
		k := max(0, min((int64(v)-low+step/2)/step, last))
		q[i] = int32(low + k*step)
	}
}

// toTwo rounds q to the two values of the least squared distance.
func toTwo(q []int32) {
	g := float64(grain(q))
	low, high, cut := two(q)
	if math.Abs(low) < math.Abs(high)/32 {
		low = 0 // then only inputs whose weight is the other one have to be counted
	}
	for i, v := range q {
		to := low
		if v >= cut {
			to = high
		}
		q[i] = int32(math.Round(to/g) * g)
	}
}

// two are the two values to which the squared distance of all of q is least, and
// the first of q that belongs to the higher one.
func two(q []int32) (low, high float64, cut int32) {
	s := slices.Sorted(slices.Values(q))
	total := int64(0)
	for _, v := range s {
		total += int64(v)
	}
	low, high, cut = float64(s[0]), float64(s[0]), s[0]
	// The squared distance is least where the sum of n mean^2 of both parts is
	// largest.
	most, sum := math.Inf(-1), int64(0)
	for i := 1; i < len(s); i++ {
		sum += int64(s[i-1])
		if s[i] == s[i-1] {
			continue
		}
		a, b := float64(sum)/float64(i), float64(total-sum)/float64(len(s)-i)
		if score := float64(a*float64(sum)) + float64(b*float64(total-sum)); score > most {
			most, low, high, cut = score, a, b, s[i]
		}
	}
	return low, high, cut
}

// nearTwo reports whether all of q are as near to one of two values as one of
// 256 levels would be.
func nearTwo(q []int32) bool {
	half := float64(int64(slices.Max(q))-int64(slices.Min(q))) / 255 / 2
	low, high, _ := two(q)
	for _, v := range q {
		if min(math.Abs(float64(v)-low), math.Abs(float64(v)-high)) > half {
			return false
		}
	}
	return true
}
