package energy_test

import (
	"context"
	"fmt"

	"firstspike/dataset"
	"firstspike/energy"
	"firstspike/preset"
	"firstspike/train"
)

// What an image of bars makes an untrained network do.
func Example() {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		panic(err)
	}
	_, test, err := dataset.Open("bars")
	if err != nil {
		panic(err)
	}
	loads, err := energy.Count(context.Background(), m, test, test.Len(), 1, nil)
	if err != nil {
		panic(err)
	}
	integers := energy.Processes[1]
	for _, l := range loads[1:] {
		fmt.Printf("%s: %.1f of %.0f operations, %.1f instead of %.1f pJ\n", l.Stage, l.Operations, l.Dense, 1e12*integers.Spiking(l), 1e12*integers.Dense(l))
	}
	// Output:
	// s1: 24.0 of 108 operations, 2.4 instead of 345.6 pJ
	// s2: 32.0 of 48 operations, 3.2 instead of 153.6 pJ
}
