package encode_test

import (
	"fmt"

	"firstspike/encode"
	"firstspike/spike"
)

// A bright vertical bar, seen by an on-centre and an off-centre filter. The
// bar fires in the first channel, its ends before its middle, and its dark
// surroundings in the second. Of the 15 contrasts five fire at each step; of
// the six strongest, which are equal, the last in reading order has to wait.
func Example() {
	config := encode.Config{
		Steps: 3,
		Filters: []encode.Filter{
			{Kind: "dog", Size: 3, Sigma1: 1. / 3, Sigma2: 2. / 3},
			{Kind: "dog", Size: 3, Sigma1: 2. / 3, Sigma2: 1. / 3},
		},
		Pad:       1,
		Threshold: 50,
	}
	pixels := []byte{
		0, 0, 0, 0, 0,
		0, 0, 200, 0, 0,
		0, 0, 200, 0, 0,
		0, 0, 200, 0, 0,
		0, 0, 0, 0, 0,
	}
	e, err := encode.New(config, 5, 5)
	if err != nil {
		fmt.Println(err)
		return
	}
	var m spike.Map
	e.Encode(pixels, &m)
	for channel := range m.Maps {
		for r := range m.Rows {
			for c := range m.Cols {
				if s := m.Step(channel, r, c); s == spike.Silent {
					fmt.Print(" .")
				} else {
					fmt.Print(" ", s)
				}
			}
			fmt.Println()
		}
		fmt.Println()
	}
	// Output:
	//  . . . . .
	//  . . 1 . .
	//  . . 2 . .
	//  . . 1 . .
	//  . . . . .
	//
	//  . 2 1 2 .
	//  . 0 . 0 .
	//  . 0 . 0 .
	//  . 0 . 1 .
	//  . 2 1 2 .
}

// A kernel of the retina's kind: light in the middle, dark around it.
func ExampleDoG() {
	k, err := encode.DoG(3, 3./9, 6./9)
	if err != nil {
		fmt.Println(err)
		return
	}
	for row := range k.Size {
		fmt.Printf("%6.3f\n", k.W[row*k.Size:][:k.Size])
	}
	// Output:
	// [-0.094 -0.156 -0.094]
	// [-0.156  1.000 -0.156]
	// [-0.094 -0.156 -0.094]
}

// All faults of a configuration, each with the field that is at fault.
func ExampleConfig_Faults() {
	config := encode.Config{
		Steps:   300,
		Filters: []encode.Filter{{Kind: "gabor", Size: 4, Div: 4}},
	}
	for _, f := range config.Faults(28, 28) {
		fmt.Printf("%s: %v\n", f.Path, f.Err)
	}
	// Output:
	// steps: 300; it must be 1 to 255
	// filters.0: kernel size 4; it must be odd, from 1 to 255
}
