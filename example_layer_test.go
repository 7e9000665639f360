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

// A leaky is a layer of one's own. Its neurons pool windows, and their potential
// leaks: a window whose spikes are too far apart in time stays silent.
type leaky struct{ spike.Pool }

// Respond writes what the layer makes of in to out.
func (l leaky) Respond(in *spike.Events, out *spike.Map) {
	*out = *spike.NewMap(l.Shape(in.Shape), in.Steps())
	potential := make([]float32, len(out.At))
	for t := range in.Steps() {
		for i := range potential {
			potential[i] = float32(potential[i] * .75)
		}
		for _, i := range in.Step(t) {
			m, pos := int(i)%in.Maps, int(i)/in.Maps
			n := out.Index(m, pos/in.Cols/l.Window, pos%in.Cols/l.Window)
			if potential[n]++; potential[n] > 1.5 {
				out.At[n] = min(out.At[n], spike.Step(t)) // it fires once
			}
		}
	}
}

// An image goes through a layer with the weights of four edges, then through
// one's own, then through one that decides, and learns by reward how each decision
// turned out.
func Example_layer() {
	learn, _, err := dataset.MNIST()
	encoder, err1 := encode.New(encode.Config{Steps: 15, Filters: []encode.Filter{{Kind: "pixel", Size: 1}}, Threshold: 50}, 28, 28)
	s1, err2 := snn.NewConvolution(snn.Geometry{In: spike.Shape{Maps: 1, Rows: 28, Cols: 28}, Maps: 4, Kernel: snn.Size{Rows: 3, Cols: 3}, Pad: 1}, 2, snn.Above, 1)
	own := leaky{spike.Pool{Window: 4}}
	s2, err3 := snn.NewConvolution(snn.Geometry{In: own.Shape(s1.Out()), Maps: 100, Kernel: snn.Size{Rows: 5, Cols: 5}}, math.Inf(1), snn.Above, 1)
	classes, err4 := readout.Blocks(100, 10)
	edges := []float32{0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0}
	if err := errors.Join(err, err1, err2, err3, err4, s1.SetWeights(edges)); err != nil {
		fmt.Println(err)
		return
	}
	s2.Initialise(.8, .05, rand.New(rand.NewPCG(1, 0)))
	net := &snn.Network{Steps: 15, Layers: []snn.Layer{{Convolution: s1}, {Convolution: s2}}}
	rstdp := snn.RSTDP{Adaptation: snn.NewAdaptation(1000)} // punishes by how many of a thousand were right
	rstdp.Reward = snn.STDP{Rates: []snn.Rates{{APlus: .004, AMinus: -.003}}, Lower: .2, Upper: .8}
	rstdp.Punish = snn.STDP{Rates: []snn.Rates{{APlus: -.004, AMinus: .0005}}, Lower: .2, Upper: .8}
	var scratch snn.Scratch
	in, between, events, before, behind := new(spike.Map), new(spike.Map), new(spike.Events), new(snn.Pass), new(snn.Pass)
	for i := range 6000 {
		encoder.Encode(learn.Image(i), in)
		events.From(in)
		own.Respond(before.Events(net, events, 1), between)
		d := classes.Decide(s2.Out(), net.From(1).Forward(between, behind, nil))
		rstdp.Learn(s2, between, d.Winner, snn.Judge(d.Class, learn.Label(i)), &scratch)
	}
	fmt.Printf("%.1f %% of the last 1000 images right\n", 100*rstdp.PunishFactor)
	// Output: 62.1 % of the last 1000 images right
}
