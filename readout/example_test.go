package readout_test

import (
	"context"
	"fmt"

	"firstspike/readout"
	"firstspike/spike"
)

// Six maps decide among three classes: the earliest spike wins.
func Example() {
	decisions, err := readout.Blocks(6, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	best := make([]spike.Spike, 6) // the best neuron of every map
	for m := range best {
		best[m] = spike.Spike{Neuron: spike.Neuron{Map: m}, Step: spike.Silent}
	}
	best[1].Step, best[1].Potential = 9, 120
	best[4].Step, best[4].Potential = 6, 100
	best[5].Step, best[5].Potential = 6, 80

	d := decisions.Decide(spike.Shape{Maps: 6, Rows: 1, Cols: 1}, best)
	earlier, _ := d.Margin(15)
	fmt.Printf("class %d by map %d, %d steps before class %d\n", d.Class, d.Winner.Map, earlier, d.RunnerUp)
	// Output:
	// class 2 by map 4, 3 steps before class 0
}

// What fires for two digits is told apart by a linear SVM.
func ExampleSVMRule() {
	first := spike.NewMap(spike.Shape{Maps: 3, Rows: 1, Cols: 1}, 15)
	features := readout.NewFeatures(4, first.Shape, 0)
	labels := []int{0, 0, 1, 1}
	for i, fires := range [][]int{{0}, {0, 2}, {1}, {1, 2}} {
		first.Silence()
		for _, m := range fires {
			first.Set(m, 0, 0, 4)
		}
		features.Set(i, first)
	}
	rule := readout.SVMRule{C: 1, Tolerance: 1e-6, Passes: 1000}
	svm, _, err := rule.Learn(context.Background(), features, func(i int) int { return labels[i] }, 2, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range labels {
		d := svm.Decide(features, i)
		fmt.Printf("class %d, ahead of %d by %.2f\n", d.Class, d.RunnerUp, d.Lead)
	}
	// Output:
	// class 0, ahead of 1 by 1.60
	// class 0, ahead of 1 by 1.60
	// class 1, ahead of 0 by 1.60
	// class 1, ahead of 0 by 1.60
}
