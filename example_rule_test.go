package firstspike_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// A tiring is a learning rule of one's own, with a state of its own for every
// synapse. A synapse moves towards 1 if its input fired in time, the further the
// shorter that was before the winner, and else towards 0; vigour is how much of
// its rate is left, which it uses up as it moves.
type tiring struct {
	vigour [][]float32 // of a map, of a synapse
}

// learn is all that a rule has to do: Times tells what the winner saw, Change
// hands out the weights of its map and sees to what the layer makes of them.
// (Where float32(x*y) stands, no machine adds z to x*y before it has rounded
// that, and so all print the same.)
func (r tiring) learn(c *snn.Convolution, in *spike.Map, winner spike.Spike, s *snn.Scratch) error {
	times, vigour := c.Times(in, winner.Neuron, nil), r.vigour[winner.Map]
	return c.Change(winner.Map, s, func(w []float32) {
		for i, t := range times {
			by := float32(-.1 * w[i])
			if t <= winner.Step {
				by = .1 * (1 - w[i]) * (1 - float32(winner.Step-t)/30)
			}
			w[i] += float32(vigour[i] * by)
			vigour[i] *= 1 - float32(.1*max(by, -by))
		}
	})
}

// A layer of 60 maps, which see all of an image, learns MNIST's digits by that
// rule. Each map stands for the class whose images it won most often; every image
// is decided before its label is told.
func Example_rule() {
	learn, _, err := dataset.MNIST()
	encoder, err1 := encode.New(encode.Config{Steps: 15, Filters: []encode.Filter{{Kind: "pixel", Size: 1}}, Threshold: 50, Latency: "linear"}, 28, 28)
	geometry := snn.Geometry{In: spike.Shape{Maps: 1, Rows: 28, Cols: 28}, Maps: 60, Kernel: snn.Size{Rows: 28, Cols: 28}}
	c, err2 := snn.NewConvolution(geometry, 30, snn.Above, 1)
	if err := errors.Join(err, err1, err2); err != nil {
		fmt.Println(err)
		return
	}
	c.Initialise(.5, .02, rand.New(rand.NewPCG(1, 0)))
	rule, wins, thresholds := tiring{make([][]float32, c.Maps)}, make([][]int, c.Maps), slices.Repeat([]float64{c.Threshold}, c.Maps)
	for m := range c.Maps {
		rule.vigour[m], wins[m] = slices.Repeat([]float32{1}, c.Synapses()), make([]int, 10)
	}
	var outcomes [6][3]int
	var s snn.Scratch
	in, events := new(spike.Map), new(spike.Events)
	for i := range 6000 {
		encoder.Encode(learn.Image(i), in)
		events.From(in)
		for _, winner := range c.Contest(events, snn.Selection{K: 1}, &s, nil) {
			outcomes[i/1000][snn.Judge(readout.Labels(wins)[winner.Map], learn.Label(i))]++
			wins[winner.Map][learn.Label(i)]++
			snn.Homeostasis{Rate: .5}.Move(thresholds, winner.Map, 0, 1) // who wins often finds it harder
			if err := errors.Join(rule.learn(c, in, winner, &s), c.SetThresholds(thresholds)); err != nil {
				fmt.Println(err)
			}
		}
	}
	fmt.Println(outcomes[0][snn.Right], "of the first 1000 images right,", outcomes[5][snn.Right], "of the last")
	// Output: 615 of the first 1000 images right, 698 of the last
}
