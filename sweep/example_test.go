package sweep_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"firstspike/preset"
	"firstspike/sweep"
)

// Two thresholds of the first layer, with three seeds each.
func Example() {
	s, err := sweep.Parse("bars.toml", []byte(`
seeds = 3

[set]
protocol.validation = 200
layers.s2.learn.epochs = 3

[[axis]]
path   = "layers.s1.threshold"
values = [2, 8]
`))
	if err != nil {
		log.Fatal(err)
	}
	bars, _ := preset.Lookup("bars")
	plan, err := sweep.NewPlan(s, bars.Experiment)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "sweep")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	r := sweep.Runner{Plan: plan, Store: sweep.Store{Dir: dir}, Slots: 2}
	if err := r.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	outcome, err := r.Look()
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range outcome.Ranked() {
		fmt.Printf("%v: %.1f %% of held-out images, worst seed %.1f %%\n", line.Point, line.Mean, line.Worst)
	}
	// Output:
	// layers.s1.threshold=2: 100.0 % of held-out images, worst seed 100.0 %
	// layers.s1.threshold=8: 0.0 % of held-out images, worst seed 0.0 %
}
