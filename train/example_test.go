package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"firstspike/dataset"
	"firstspike/train"
)

// A small network learns 600 digits, and is then asked.
func Example() {
	dir, err := os.MkdirTemp("", "firstspike")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	dir = filepath.Join(dir, "run")

	learn, test, err := dataset.MNIST()
	if err != nil {
		log.Fatal(err)
	}
	t, err := train.Create(dir, small(), train.Options{Train: learn, Test: test.Limit(100)})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	report, err := t.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}

	m, err := train.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	p, err := m.Predictor()
	if err != nil {
		log.Fatal(err)
	}
	right := 0
	for i := range 100 {
		if p.Predict(test.Image(i)).Class == test.Label(i) {
			right++
		}
	}
	fmt.Println(right == report.Test.Right)
	// Output: true
}

// Fields are changed by their paths; a mistake is answered with the nearest
// path.
func ExampleExperiment_Set() {
	e := small()
	fmt.Println(e.Set("layers.s2.threshold", "12"), e.Layers[1].Threshold)
	fmt.Println(e.Set("layers.s2.treshold", "12"))
	// Output:
	// <nil> 12
	// layers.s2.treshold: there is no such setting; did you mean layers.s2.threshold?
}
