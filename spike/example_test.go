package spike_test

import (
	"fmt"

	"firstspike/spike"
)

// A first-spike map and the dense spike wave that it stands for.
func Example() {
	m := spike.NewMap(spike.Shape{Maps: 1, Rows: 2, Cols: 2}, 3)
	m.Set(0, 0, 1, 0) // fires at once
	m.Set(0, 1, 0, 2) // fires at the last step

	for t, neurons := range m.Wave().Data {
		fmt.Println("step", t, neurons)
	}
	fmt.Println(m.Spikes(), "of", m.Neurons(), "neurons fire")
	// Output:
	// step 0 [0 1 0 0]
	// step 1 [0 1 0 0]
	// step 2 [0 1 1 0]
	// 2 of 4 neurons fire
}

// Pooling lets the earliest spike of every window through.
func ExamplePool() {
	m := spike.NewMap(spike.Shape{Maps: 1, Rows: 2, Cols: 4}, 10)
	m.Set(0, 0, 0, 7)
	m.Set(0, 1, 1, 3)

	pool := spike.Pool{Window: 2}
	out := spike.NewMap(pool.Shape(m.Shape), m.Steps)
	pool.Apply(m, out)
	fmt.Println(out.Shape, out.Step(0, 0, 0), out.Step(0, 0, 1) == spike.Silent)
	// Output:
	// 1x1x2 3 true
}

// Events are what a layer reads: the spikes, step by step.
func ExampleEvents() {
	m := spike.NewMap(spike.Shape{Maps: 2, Rows: 1, Cols: 2}, 3)
	m.Set(1, 0, 0, 0)
	m.Set(0, 0, 1, 2)
	m.Set(0, 0, 0, 2)

	var e spike.Events
	e.From(m)
	for t := range e.Steps() {
		fmt.Println(t, e.Step(t))
	}
	// Output:
	// 0 [1]
	// 1 []
	// 2 [0 2]
}
