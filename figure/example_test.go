package figure_test

import (
	"fmt"
	"math"
	"strings"

	"firstspike/figure"
)

// A curve of what was right, with the best epoch marked and the paper's result
// to compare with.
func Example() {
	accuracy := []float64{.801, .913, .948, .961, .966, .971, .969}
	f := figure.Curves{
		Heading: "Right decisions on the validation images",
		Panels: []figure.Panel{{
			Percent:    true,
			Series:     []figure.Series{{Name: "validation", Y: accuracy, Mark: []int{5}}},
			References: []figure.Reference{{Name: "paper 97.2 %", Value: .972}},
		}},
	}
	var file strings.Builder
	if err := figure.SVG(&file, f); err != nil {
		fmt.Println(err)
		return
	}
	w, h := f.Size()
	fmt.Printf("%g x %g points\n", float64(w), float64(h))
	fmt.Println(strings.Contains(file.String(), ">97.10 % at 6</text>"))
	// Output:
	// 525 x 263 points
	// true
}

func ExampleSheet() {
	s := figure.Sheet{
		Heading: "Two maps",
		Scale:   figure.Diverging,
		Groups: []figure.Group{{Images: []figure.Image{
			{Caption: "map 0", Rows: 2, Cols: 2, Values: []float32{-1, 1, 0, .5}},
			{Caption: "map 1", Rows: 2, Cols: 2, Values: []float32{-1, 1, 0}},
		}}},
	}
	fmt.Println(s.Check())
	// Output: Groups[0].Images[1]: 3 values for 2 x 2 pixels
}

// A sweep of a rate and a rule. The network with the rule vdsp is the best; one
// that learns nothing has no rate, and one diverged.
func ExampleParallel() {
	sweep := figure.Sweep{
		Axes: []figure.Axis{
			{Name: "layers.s1.learn.rule", Words: []string{"none", "stdp", "vdsp"}},
			{Name: "layers.s1.learn.a_plus", Log: true},
		},
		Result:  "validation images right",
		Percent: true,
		Points: []figure.Point{
			{Values: []float64{0, math.NaN()}, Result: .871},
			{Values: []float64{1, .001}, Result: .952},
			{Values: []float64{1, .01}, Result: .966},
			{Values: []float64{2, .01}, Result: .969},
			{Values: []float64{2, .1}, Failed: true},
		},
	}
	for _, f := range []figure.Figure{figure.Parallel{Sweep: sweep}, figure.Effects{Sweep: sweep}} {
		var file strings.Builder
		if err := figure.SVG(&file, f); err != nil {
			fmt.Println(err)
			return
		}
		w, _ := f.Size()
		fmt.Println(float64(w), strings.Contains(file.String(), "96.90 %"), strings.Contains(file.String(), "1 failed"))
	}
	// Output:
	// 525 true true
	// 525 true true
}

// A study of a threshold and of how many win. One pair was not trained.
func ExampleHeat() {
	f := figure.Heat{
		Row: "threshold", Rows: []string{"10", "15"},
		Col: "k", Cols: []string{"1", "5"},
		Matrices: []figure.Matrix{
			{Name: "radius 0", Values: [][]float64{{.951, .962}, {.957, math.NaN()}}},
			{Name: "radius 2", Values: [][]float64{{.955, .969}, {.958}}},
		},
	}
	fmt.Println(f.Check())
	// Output: Matrices[1].Values[1] has 1 values for 2 Cols
}
