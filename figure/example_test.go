package figure_test

import (
	"fmt"
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
