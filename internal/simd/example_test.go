package simd_test

import (
	"fmt"

	"firstspike/internal/simd"
)

// The neurons of one position see two rows of a list: two inputs are active in
// the first, one in the second.
func ExampleSumWindow() {
	weights := make([]int32, 4*simd.Lanes)
	for i := range weights {
		weights[i] = int32(i / simd.Lanes)
	}
	potentials := make([]int32, simd.Lanes)
	simd.SumWindow(potentials, weights, &simd.Window{
		List:   []int32{0, 2 * simd.Lanes, simd.Lanes},
		Starts: []int32{0, 2, 3}, // of two positions and where the second ends
		Pitch:  1, Hi: 1, Rows: 2,
		Step: 2 * simd.Lanes,
	})
	fmt.Println(potentials[0])
	// Output: 5
}
