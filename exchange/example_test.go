package exchange_test

import (
	"fmt"
	"log"

	"firstspike/exchange"
	"firstspike/preset"
)

// A network that a PyTorch program has saved, under the names of SpykeTorch, becomes one of this program.
func Example() {
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	e.Layers[0].Maps, e.Layers[1].Maps, e.Layers[2].Maps = 4, 6, 10 // that of the file is small

	got, err := exchange.Open("testdata/spyketorch.pt", &e)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range got.Model.Network.Layers {
		fmt.Println(l.Name, l.In, l.Out(), len(l.Weights()))
	}
	fmt.Println(got.Notes[0])

	// And back: what load_state_dict wants to have.
	f, err := exchange.Torch(got.Model)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range f.Tensors[:5] {
		fmt.Println(t.Name, t.Shape)
	}
	// Output:
	// s1 6x28x28 4x28x28 600
	// s2 4x14x14 6x14x14 216
	// s3 6x4x4 10x4x4 1500
	// layers.s1.learn.a_plus = 0.15, as in the file, not 0.004
	// max_ap [1]
	// conv1.weight [4 6 5 5]
	// conv2.weight [6 4 3 3]
	// conv3.weight [10 6 5 5]
	// stdp1.ltp_0 [1]
}
