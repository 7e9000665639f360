package snn_test

import (
	"fmt"

	"firstspike/snn"
	"firstspike/spike"
)

// A winner that fires at step 3, and four inputs: one fired with it, one is due
// at the next step, one much later, and one never.
func ExampleVDSP() {
	rule := snn.VDSP{Rates: snn.Rates{APlus: 0.1, AMinus: -0.2}, Voltage: 1, Upper: 1}
	w := []float32{0.5, 0.5, 0.5, 0.5}
	rule.Change(w, []spike.Step{3, 4, 14, spike.Silent}, 3)
	fmt.Printf("%.3f\n", w)
	// Output: [0.525 0.470 0.457 0.450]
}
