package snn_test

import (
	"fmt"
	"math"

	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// One neuron with four inputs. It fires when the third of them has, since
// three weights of 0.5 pass a threshold of 1.2.
func Example() {
	c, err := snn.NewConvolution(snn.Geometry{
		In:     spike.Shape{Maps: 1, Rows: 2, Cols: 2},
		Maps:   1,
		Kernel: snn.Size{Rows: 2, Cols: 2},
	}, 1.2, snn.Above, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.SetWeights([]float32{.5, .5, .5, .5}); err != nil {
		fmt.Println(err)
		return
	}
	in := spike.NewMap(c.In, 15)
	in.Set(0, 0, 0, 2)
	in.Set(0, 0, 1, 3)
	in.Set(0, 1, 0, 7)
	in.Set(0, 1, 1, 9)

	var events spike.Events
	var r snn.Response
	var s snn.Scratch
	events.From(in)
	c.Respond(&events, &r, &s)
	fmt.Println("step", r.First.Step(0, 0, 0), "potential", c.Potential(r.Potential[0]))
	// Output:
	// step 7 potential 1.5
}

// A neuron sees the same pattern again and again: two inputs that fire early,
// two that fire late. Its weights come to tell them apart, and it fires
// earlier.
func ExampleSTDP() {
	c, err := snn.NewConvolution(snn.Geometry{
		In:     spike.Shape{Maps: 1, Rows: 1, Cols: 4},
		Maps:   1,
		Kernel: snn.Size{Rows: 1, Cols: 4},
	}, 1.2, snn.Above, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.SetWeights([]float32{.5, .5, .5, .5}); err != nil {
		fmt.Println(err)
		return
	}
	in := spike.NewMap(c.In, 15)
	for col, step := range []spike.Step{1, 2, 7, 12} {
		in.Set(0, 0, col, step)
	}
	rule := snn.STDP{
		Rates:      []snn.Rates{{APlus: .1, AMinus: -.075}},
		Stabiliser: true,
		Lower:      0,
		Upper:      1,
	}
	var events spike.Events
	var s snn.Scratch
	events.From(in)
	for n := range 61 {
		winners := c.Contest(&events, snn.Selection{K: 1}, &s, nil)
		if n%20 == 0 {
			fmt.Printf("image %d: fires at step %d, weights %.2f\n", n, winners[0].Step, c.Weights())
		}
		rule.Learn(c, in, winners, &s)
	}
	// Output:
	// image 0: fires at step 7, weights [0.50 0.50 0.50 0.50]
	// image 20: fires at step 2, weights [0.89 0.89 0.35 0.18]
	// image 40: fires at step 2, weights [0.98 0.98 0.10 0.04]
	// image 60: fires at step 2, weights [1.00 1.00 0.02 0.01]
}

// Two maps, one for each class, learn from reward which of two inputs means
// which class. To begin with each prefers the other's input, so the wrong map
// decides until it has been punished often enough.
func ExampleRSTDP() {
	c, err := snn.NewConvolution(snn.Geometry{
		In:     spike.Shape{Maps: 2, Rows: 1, Cols: 1},
		Maps:   2,
		Kernel: snn.Size{Rows: 1, Cols: 1},
	}, math.Inf(1), snn.Above, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.SetWeights([]float32{.6, .7, .7, .6}); err != nil { // map, input
		fmt.Println(err)
		return
	}
	const steps = 15
	decisions := readout.DecisionMap{0, 1}
	var images []spike.Bits // in image i input i fires, and its class is i
	for i := range 2 {
		m := spike.NewMap(c.In, steps)
		m.Set(i, 0, 0, 3)
		bits := spike.NewBits(c.In)
		bits.From(m)
		images = append(images, bits)
	}
	rule := snn.RSTDP{
		Reward:     snn.STDP{Rates: []snn.Rates{{APlus: .04, AMinus: -.03}}, Lower: .2, Upper: .8},
		Punish:     snn.STDP{Rates: []snn.Rates{{APlus: -.04, AMinus: .005}}, Lower: .2, Upper: .8},
		Adaptation: snn.NewAdaptation(0), // the rates as they are
	}
	block := snn.NewBlock(c, steps)
	album := block.Album(images)
	for epoch := range 5 {
		var outcomes []snn.Outcome
		block.Compute(album, nil, nil, 1)
		for i := range images {
			winner, _ := block.Winner(i)
			outcome := snn.Judge(decisions[winner.Map], i)
			if stdp, rates, ok := rule.Rule(outcome, winner.Map); ok {
				block.Learn(i, winner, stdp, rates)
			}
			rule.Count(outcome)
			outcomes = append(outcomes, outcome)
		}
		fmt.Println("epoch", epoch, outcomes)
	}
	block.Flush()
	fmt.Printf("weights %.2f\n", c.Weights())
	// Output:
	// epoch 0 [wrong wrong]
	// epoch 1 [wrong wrong]
	// epoch 2 [wrong wrong]
	// epoch 3 [right right]
	// epoch 4 [right right]
	// weights [0.70 0.52 0.52 0.70]
}

// Two neurons, one for each class, are told when to fire. Input 0 fires in
// images of class 0, input 1 in those of class 1, input 2, later, in both. In
// the beginning both neurons fire with input 2; of equals the first decides.
func ExampleSupervisor() {
	c, err := snn.NewConvolution(snn.Geometry{
		In:     spike.Shape{Maps: 3, Rows: 1, Cols: 1},
		Maps:   2,
		Kernel: snn.Size{Rows: 1, Cols: 1},
	}, .7, snn.AtLeast, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.SetWeights([]float32{.5, .5, .5, .5, .5, .5}); err != nil { // neuron, input
		fmt.Println(err)
		return
	}
	teacher, err := snn.NewSupervisor(c, snn.S2STDP{Classes: 2, APlus: .5, AMinus: -.5, Gap: .2, Upper: 1, Sum: 1.5})
	if err != nil {
		fmt.Println(err)
		return
	}
	const steps = 10
	var images [2]spike.Events
	for class := range images {
		m := spike.NewMap(c.In, steps)
		m.Set(class, 0, 0, 2)
		m.Set(2, 0, 0, 6) // fires in both
		images[class].From(m)
	}
	var s snn.Scratch
	var decisions []int
	for range 3 {
		for class := range images {
			decisions = append(decisions, teacher.Learn(&images[class], class, &s))
		}
	}
	teacher.Flush()
	fmt.Println(decisions)
	fmt.Printf("weights %.2f and %.2f\n", c.Weight(0), c.Weight(1))
	// Output:
	// [0 1 0 1 0 1]
	// weights [0.71 0.30 0.50] and [0.28 0.66 0.56]
}
