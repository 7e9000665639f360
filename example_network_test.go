package firstspike_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// Light on dark and dark on light, as spikes in 15 steps.
var contrast = encode.Config{
	Steps: 15, Pad: 3, Threshold: 50, Normalise: 8,
	Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
}

// A network of two layers learns MNIST's digits: its first layer by STDP, with
// five winners an image that inhibit one another, its second, which decides, by
// reward.
func Example_network() {
	learn, test, err := dataset.MNIST()
	encoder, err1 := encode.New(contrast, 28, 28)
	s1, err2 := snn.NewConvolution(snn.Geometry{In: contrast.Shape(28, 28), Maps: 16, Kernel: snn.Size{Rows: 5, Cols: 5}, Pad: 2}, 8, snn.Above, 1)
	pool := spike.Pool{Window: 4}
	s2, err3 := snn.NewConvolution(snn.Geometry{In: pool.Shape(s1.Out()), Maps: 100, Kernel: snn.Size{Rows: 5, Cols: 5}}, math.Inf(1), snn.Above, 1)
	net := &snn.Network{Steps: contrast.Steps, Layers: []snn.Layer{{Name: "s1", Convolution: s1, Pool: pool}, {Name: "s2", Convolution: s2}}}
	classes, err4 := readout.Blocks(s2.Maps, 10)
	if err := errors.Join(err, err1, err2, err3, err4, net.Check()); err != nil {
		fmt.Println(err)
		return
	}
	s1.Initialise(.8, .05, rand.New(rand.NewPCG(1, 0)))
	s2.Initialise(.8, .05, rand.New(rand.NewPCG(2, 0)))

	scratch, pass, in, events := new(snn.Scratch), new(snn.Pass), new(spike.Map), new(spike.Events)
	stdp := snn.STDP{Rates: []snn.Rates{{APlus: .04, AMinus: -.03}}, Stabiliser: true, Upper: 1}
	for i := range 1000 {
		encoder.Encode(learn.Image(i), in)
		events.From(in)
		winners := s1.Contest(events, snn.Selection{K: 5, Radius: 3, Pointwise: true}, scratch, nil)
		stdp.Learn(s1, in, winners, scratch)
	}

	rstdp := snn.RSTDP{Adaptation: snn.NewAdaptation(500)}
	rstdp.Reward = snn.STDP{Rates: []snn.Rates{{APlus: .004, AMinus: -.003}}, Lower: .2, Upper: .8}
	rstdp.Punish = snn.STDP{Rates: []snn.Rates{{APlus: -.004, AMinus: .0005}}, Lower: .2, Upper: .8}
	for i := range 5000 {
		encoder.Encode(learn.Image(i), in)
		pooled := pass.Spikes(net, in, 1)
		d := classes.Decide(s2.Out(), net.From(1).Forward(pooled, new(snn.Pass), nil))
		rstdp.Learn(s2, pooled, d.Winner, snn.Judge(d.Class, learn.Label(i)), scratch)
	}

	var outcomes [3]int
	for i := range 1000 {
		encoder.Encode(test.Image(i), in)
		d := classes.Decide(s2.Out(), net.Forward(in, pass, nil))
		outcomes[snn.Judge(d.Class, test.Label(i))]++
	}
	fmt.Printf("convergence of s1 %.3f, %d of 1000 test images right\n", s1.Convergence(), outcomes[snn.Right])
	// Output: convergence of s1 0.026, 727 of 1000 test images right
}
