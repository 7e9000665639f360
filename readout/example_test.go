package readout_test

import (
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
