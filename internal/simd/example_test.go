package simd_test

import (
	"fmt"

	"firstspike/internal/simd"
)

// The potentials of sixteen neurons are the sums of the rows of weights whose
// inputs have fired.
func ExampleAddRows() {
	weights := make([]int32, 3*simd.Lanes)
	for i := range weights {
		weights[i] = int32(i)
	}
	potentials := make([]int32, simd.Lanes)
	simd.AddRows(potentials, weights, []int32{0, 2 * simd.Lanes})
	fmt.Println(potentials[:4])
	// Output: [32 34 36 38]
}
