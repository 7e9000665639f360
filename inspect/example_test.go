package inspect_test

import (
	"fmt"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/preset"
	"firstspike/spike"
	"firstspike/train"
)

// The road of one image through the network of a paper that has not learned yet,
// and what one of its neurons sees of it.
func Example() {
	p, _ := preset.Lookup("mozafari2018")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		fmt.Println(err)
		return
	}
	test, err := dataset.MNISTTest()
	if err != nil {
		fmt.Println(err)
		return
	}
	road, err := inspect.Follow(m, test.Image(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("input", road.Input.Shape)
	for _, station := range road.Stations {
		fmt.Println(station.Name, station.First.Shape, "hands on", station.Pooled.Shape)
	}
	n := spike.Neuron{Map: 0, Row: 7, Col: 7}
	fmt.Printf("s2's neuron in the middle sees %+v\n", inspect.Field(m, 1, n))
	// Output:
	// input 6x28x28
	// s1 30x28x28 hands on 30x14x14
	// s2 250x14x14 hands on 250x4x4
	// s3 200x4x4 hands on 200x4x4
	// s2's neuron in the middle sees {Row:4 Col:4 Rows:22 Cols:22}
}
