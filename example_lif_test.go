package firstspike_test

import (
	"fmt"
	"slices"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// see shows an image to leaky integrate-and-fire neurons, lets them learn by STDP
// from traces, and returns which of them fire, in this order. The trace of an
// input, x, is 1 when it fires, that of a neuron, y, when it does, and all of
// them fade. (Where float64(x*y) stands, no machine adds z to x*y before it has
// rounded that, and so all print the same.)
func see(image *spike.Events, weights [][]float64, thresholds []float64) (fired []int) {
	x, neurons := make([]float64, image.Neurons()), len(weights)
	y, u, above := make([]float64, neurons), make([]float64, neurons), make([]float64, neurons)
	for t := range image.Steps() {
		for i := range x {
			x[i] = float64(x[i] * .95)
		}
		for n, w := range weights {
			u[n], y[n] = float64(u[n]*.95), float64(y[n]*.95) // the leak
			for _, i := range image.Step(t) {
				x[i], u[n] = 1, u[n]+w[i]
				w[i] -= float64(.005 * y[n] * w[i]) // LTD: the input comes after the neuron
			}
			above[n] = u[n] - thresholds[n]
		}
		if n := slices.Index(above, slices.Max(above)); above[n] > 0 {
			for i, w := range weights[n] { // LTP, or LTD of inputs that were silent
				weights[n][i] += float64(.05 * (x[i] - w))
			}
			snn.Homeostasis{Rate: .5}.Move(thresholds, n, 0, 1) // who fires often finds it harder
			y[n], fired = 1, append(fired, n)
			clear(u) // the neuron is reset, and inhibits all others
		}
	}
	return fired
}

// A layer learns MNIST's digits. Each neuron stands for the class for whose
// images it was the first to fire most often; every image is decided before its
// label is told.
func Example_lif() {
	learn, _, err := dataset.MNIST()
	encoder, fault := encode.New(encode.Config{Steps: 15, Filters: []encode.Filter{{Kind: "pixel", Size: 1}}, Threshold: 50, Latency: "linear"}, 28, 28)
	if err != nil || fault != nil {
		fmt.Println(err, fault)
		return
	}
	thresholds, weights, wins := slices.Repeat([]float64{12}, 100), make([][]float64, 100), make([][]int, 100)
	for n := range weights {
		weights[n], wins[n] = slices.Repeat([]float64{.15}, 28*28), make([]int, 10)
	}
	var outcomes [6][3]int
	m, e := new(spike.Map), new(spike.Events)
	for i := range 6000 {
		encoder.Encode(learn.Image(i), m)
		e.From(m)
		if fired := see(e, weights, thresholds); len(fired) > 0 {
			outcomes[i/1000][snn.Judge(readout.Labels(wins)[fired[0]], learn.Label(i))]++
			wins[fired[0]][learn.Label(i)]++
		}
	}
	fmt.Println(outcomes[0][snn.Right], "of the first 1000 images right,", outcomes[5][snn.Right], "of the last")
	// Output: 378 of the first 1000 images right, 763 of the last
}
