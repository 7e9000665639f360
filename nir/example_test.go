package nir_test

import (
	"bytes"
	"fmt"
	"log"

	"firstspike/nir"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A layer of two maps that decides by its first spike becomes six nodes.
func Example() {
	g, err := nir.New(tiny())
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range g.Nodes {
		fmt.Println(n.Name, n.Type)
	}
	for _, e := range g.Edges {
		fmt.Println(e.From, "->", e.To)
	}
	var file bytes.Buffer
	if err := g.Write(&file); err != nil {
		log.Fatal(err)
	}
	// Output:
	// input Input
	// s1_conv Conv2d
	// s1_fire IF
	// output Output
	// s1_potential I
	// potential Output
	// input -> s1_conv
	// s1_conv -> s1_fire
	// s1_fire -> output
	// s1_conv -> s1_potential
	// s1_potential -> potential
}

// tiny is a network of one layer, with weights of one's own.
func tiny() *train.Model {
	c, err := snn.NewConvolution(snn.Geometry{In: spike.Shape{Maps: 1, Rows: 2, Cols: 3}, Maps: 2, Kernel: snn.Size{Rows: 2, Cols: 2}}, 1.5, snn.AtLeast, 1)
	if err == nil {
		err = c.SetWeights([]float32{1, 0, 1, 0, .25, 1, .25, 1})
	}
	if err != nil {
		log.Fatal(err)
	}
	d, err := readout.Blocks(2, 2)
	if err != nil {
		log.Fatal(err)
	}
	return &train.Model{
		Network:  &snn.Network{Steps: 4, Layers: []snn.Layer{{Name: "s1", Convolution: c}}},
		Decision: d,
	}
}
