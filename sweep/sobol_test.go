package sweep

import (
	"testing"
)

// scipy.stats.qmc.Sobol(16, scramble=False, bits=32) of SciPy 1.17.1 gives these
// coordinates.
func TestSobolAsSciPy(t *testing.T) {
	for _, c := range []struct {
		point     uint32
		dimension int
		want      float64
	}{
		{1, 0, 0.5}, {1, 7, 0.5}, {2, 0, 0.75}, {2, 1, 0.25}, {2, 7, 0.75}, {3, 2, 0.75},
		{5, 2, 0.125}, {5, 7, 0.375}, {7, 1, 0.625}, {7, 2, 0.375}, {1000, 3, 0.6767578125},
		{100, 9, 0.6953125}, {100, 15, 0.4921875}, {777, 12, 0.3837890625}, {1023, 14, 0.3623046875},
	} {
		if have := float64(sobol(c.point, MaxAxes)[c.dimension]) / (1 << 32); have != c.want {
			t.Errorf("point %d, dimension %d: %v, not %v", c.point, c.dimension, have, c.want)
		}
	}
}

// Whatever the dimension, 256 points have one coordinate in each of 256 parts.
func TestSobolFillsEvenly(t *testing.T) {
	for d := range MaxAxes {
		seen := map[uint32]bool{}
		for n := range uint32(256) {
			seen[sobol(n, MaxAxes)[d]>>24] = true
		}
		if len(seen) != 256 {
			t.Errorf("dimension %d: %d of 256 parts have a point", d, len(seen))
		}
	}
}
