package study

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Summary describes the results of several seeds.
type Summary struct {
	N     int     `json:"n"`
	Mean  float64 `json:"mean"`
	SD    float64 `json:"sd"`   // of a single result: root of the sum of squares by N-1; 0 if N is 1
	Low   float64 `json:"low"`  // of the 95 % interval of the mean
	High  float64 `json:"high"` // the mean itself at both ends if N is 1
	Worst float64 `json:"worst"`
	Best  float64 `json:"best"`
}

// Summarise describes results, of which more is better. The interval is
// Student's: that of the mean over all seeds, if results are about normal.
func Summarise(results []float64) Summary {
	s := Summary{N: len(results)}
	if s.N == 0 {
		return s
	}
	s.Worst, s.Best = slices.Min(results), slices.Max(results)
	s.Mean, s.SD = moments(results)
	half := margin(s.SD, s.N)
	s.Low, s.High = s.Mean-half, s.Mean+half
	return s
}

// moments are the mean and the standard deviation of a single value.
func moments(v []float64) (mean, sd float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	if len(v) < 2 {
		return mean, 0
	}
	sum := 0.0
	for _, x := range v {
		sum += float64((x - mean) * (x - mean))
	}
	return mean, math.Sqrt(sum / float64(len(v)-1))
}

// margin is half of the 95 % interval of a mean.
func margin(sd float64, n int) float64 {
	if n < 2 || sd == 0 {
		return 0
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
	return t.Quantile(.975) * sd / math.Sqrt(float64(n))
}

// A Difference is how much better one experiment is than another, seed by
// seed.
type Difference struct {
	Summary
	// P is how often a difference at least as large, either way, would come of
	// chance, if the two did not differ: see [Compare].
	P float64 `json:"p"`
	// Least is the smallest P that so few seeds can give.
	Least float64 `json:"least_p"`
}

// mostSigns is how many assignments of signs are gone through; beyond, so many
// are drawn.
const mostSigns = 1 << 16

// Compare compares the results of two experiments with the same seeds, a[i]
// and b[i] being of one. Seeds that start both from the same initial weights
// make pairs: what is easy or hard about a seed is the same for both, and
// falls out of the difference.
//
// The test is Fisher's: if it made no difference which experiment was which,
// every difference could as well have the other sign. P is the share of all
// assignments of signs that give a mean at least as far from 0. Nothing is
// assumed of how results are distributed, and the smallest P that n seeds can
// give, 2 of 2^n, says honestly how little few seeds can show: six are needed for
// P below 0.05.
func Compare(a, b []float64) Difference {
	d := make([]float64, min(len(a), len(b)))
	for i := range d {
		d[i] = b[i] - a[i]
	}
	result := Difference{Summary: Summarise(d), P: 1, Least: math.Min(1, math.Ldexp(2, -len(d)))}
	if len(d) == 0 {
		return result
	}
	// Sums of results are not exact: what is equal but for rounding counts.
	sum, size := 0.0, 0.0
	for _, x := range d {
		sum, size = sum+x, size+math.Abs(x)
	}
	bar := math.Abs(sum) - 1e-12*size
	reached, tried := 0, mostSigns
	all := len(d) <= 16
	if all {
		tried = 1 << len(d)
	} else {
		result.Least = 1.0 / mostSigns
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range tried {
		sum := 0.0
		for i, x := range d {
			// What was seen, k = 0, is one of those that can be.
			if all && k>>i&1 != 0 || !all && k > 0 && rng.Uint64()&1 != 0 {
				x = -x
			}
			sum += x
		}
		if math.Abs(sum) >= bar {
			reached++
		}
	}
	result.P = float64(reached) / float64(tried)
	return result
}
