package study

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9*(1+math.Abs(b)) }

// The interval is that of the tables: t is 12.706 for 2 values, 4.303 for 3,
// 2.262 for 10.
func TestSummarise(t *testing.T) {
	for _, test := range []struct {
		values       []float64
		mean, sd, tt float64
	}{
		{[]float64{1, 3}, 2, math.Sqrt2, 12.7062},
		{[]float64{1, 2, 3}, 2, 1, 4.30265},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5.5, 3.0276503540974917, 2.26216},
	} {
		s := Summarise(test.values)
		n := float64(len(test.values))
		if !near(s.Mean, test.mean) || !near(s.SD, test.sd) || s.N != len(test.values) {
			t.Errorf("%v: %+v", test.values, s)
		}
		if half := test.tt * test.sd / math.Sqrt(n); math.Abs(s.High-s.Mean-half) > 1e-4*half || math.Abs(s.Mean-s.Low-half) > 1e-4*half {
			t.Errorf("%v: interval %v to %v; want the mean and %v either way", test.values, s.Low, s.High, half)
		}
		if s.Worst != test.values[0] || s.Best != test.values[len(test.values)-1] {
			t.Errorf("%v: worst %v, best %v", test.values, s.Worst, s.Best)
		}
	}
	if s := Summarise([]float64{7}); s != (Summary{1, 7, 0, 7, 7, 7, 7}) {
		t.Errorf("one value: %+v", s)
	}
	if s := Summarise(nil); s != (Summary{}) {
		t.Errorf("no value: %+v", s)
	}
}

func TestCompare(t *testing.T) {
	zero := func(n int) []float64 { return make([]float64, n) }
	for _, test := range []struct {
		d    []float64
		want float64
	}{
		{nil, 1},
		{[]float64{3}, 1},
		{[]float64{1, 2}, .5},
		{[]float64{1, 2, 3}, .25},
		{[]float64{1, 2, -3}, 1},       // the sum is 0, and none is nearer
		{[]float64{1, 1, 1, -1}, .625}, // |sum| 2: all but the 6 of 16 with as many of each sign
		{[]float64{1, 1, 1, 1, 1}, .0625},
		{[]float64{1, 1, 1, 1, 1, 1}, .03125},
		{zero(4), 1},
	} {
		if got := Compare(zero(len(test.d)), test.d); !near(got.P, test.want) {
			t.Errorf("%v: p %v, want %v", test.d, got.P, test.want)
		}
	}
	// Differences that are only sums of rounding count as equal.
	if got := Compare([]float64{.1, .2, .3}, []float64{.3, .4, .5}); got.P != .25 {
		t.Errorf("equal differences: p %v", got.P)
	}
}

func TestCompareProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		a := rapid.SliceOfN(rapid.Float64Range(0, 100), n, n).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Float64Range(0, 100), n, n).Draw(t, "b")
		x, y := Compare(a, b), Compare(b, a)
		if !near(x.Mean, -y.Mean) || !near(x.Low, -y.High) || x.P != y.P {
			t.Fatalf("%+v the one way, %+v the other", x, y)
		}
		if x.P < x.Least || x.P > 1 {
			t.Fatalf("p %v is not within %v to 1", x.P, x.Least)
		}
		mean := Summarise(b).Mean - Summarise(a).Mean
		if math.Abs(x.Mean-mean) > 1e-9 {
			t.Fatalf("difference of means %v, mean of differences %v", mean, x.Mean)
		}
	})
}

// Beyond what can be gone through, signs are drawn: the p of many equal
// differences is then the least that can be seen.
func TestCompareMany(t *testing.T) {
	d := make([]float64, 30)
	for i := range d {
		d[i] = 1
	}
	if got := Compare(make([]float64, 30), d); got.P > 3*got.Least {
		t.Errorf("30 equal differences: p %v", got.P)
	}
	for i := range d {
		d[i] = float64(i%2*2 - 1)
	}
	if got := Compare(make([]float64, 30), d); got.P != 1 {
		t.Errorf("as many of each sign: p %v", got.P)
	}
}
