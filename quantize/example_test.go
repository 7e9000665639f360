package quantize_test

import (
	"fmt"
	"log"

	"firstspike/preset"
	"firstspike/quantize"
	"firstspike/train"
)

// A layer with three different weights gets two.
func ExampleModel() {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		log.Fatal(err)
	}
	s1 := m.Network.Layers[0]
	w := make([]float32, len(s1.Weights()))
	w[0], w[1] = 1, 0.75
	if err := s1.SetWeights(w); err != nil {
		log.Fatal(err)
	}
	q, err := quantize.Model(m, map[string]int{"s1": 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(q.Network.Layers[0].Weight(0))
	grid, _ := quantize.Of(q.Network.Layers[0].Convolution)
	fmt.Println(grid.Bits(), "bit")
	// Output:
	// [0.875 0.875 0 0 0 0 0 0 0]
	// 1 bit
}
