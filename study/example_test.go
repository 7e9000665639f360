package study_test

import (
	"fmt"

	"firstspike/study"
)

// Ten seeds of the paper's protocol with 20 epochs, and how they compare with
// ten that are all a little better.
func Example() {
	a := []float64{94.58, 94.38, 93.75, 95.03, 94.53, 94.05, 94.36, 94.44, 94.54, 94.7}
	s := study.Summarise(a)
	fmt.Printf("mean %.2f %% (%.2f to %.2f), one seed ± %.2f\n", s.Mean, s.Low, s.High, s.SD)

	var b []float64
	for i, v := range a {
		b = append(b, v+.1+.01*float64(i%3))
	}
	d := study.Compare(a, b)
	fmt.Printf("better by %.2f (%.2f to %.2f), p = %.3f\n", d.Mean, d.Low, d.High, d.P)
	// Output:
	// mean 94.44 % (94.19 to 94.69), one seed ± 0.35
	// better by 0.11 (0.10 to 0.12), p = 0.002
}
