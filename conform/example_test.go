package conform_test

import (
	"context"
	"fmt"
	"os"

	"firstspike/conform"
	"firstspike/dataset"
	"firstspike/preset"
)

// S1 learns from 520 images as numpy says it should.
func Example() {
	p, _ := preset.Lookup("mozafari2018")
	model, err := conform.FromExperiment(p.Experiment)
	if err != nil {
		fmt.Println(err)
		return
	}
	trace, err := conform.Open("testdata/doubling.npz", model)
	if err != nil {
		fmt.Println(err)
		return
	}
	train, test, err := dataset.MNIST()
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := conform.Check(context.Background(), trace, model, test, train, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range report.Stages {
		if s.Skipped == "" {
			fmt.Printf("%s: %d compared, %d tied, %d differing\n", s.Name, s.Compared, s.Tied, s.Differing)
		}
	}
	fmt.Println("OK:", report.OK())
	// Output:
	// S1 learning: winners: 2600 compared, 0 tied, 0 differing
	// S1 learning: weights: 4500 compared, 0 tied, 0 differing
	// OK: true
}

// A report reads as a table, and under it is what was found first.
func ExampleReport_WriteText() {
	report := conform.Report{Stages: []conform.Stage{
		{Name: "encoding", Compared: 4704},
		{Name: "S1 first spikes", Compared: 23520, Tied: 2},
		{Name: "S1 potentials", Compared: 23520, Tied: 2, Differing: 1, LargestError: 0.01, Tolerance: 1e-4,
			First: "image 0: map 3, row 7, column 9 has the potential 15.52, the trace has 15.67"},
		{Name: "labels", Skipped: "the trace has no label"},
	}}
	if err := report.WriteText(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// stage            compared   tied differing  largest error  tolerance
	// encoding             4704      0         0              -          -  ok
	// S1 first spikes     23520      2         0              -          -  ok
	// S1 potentials       23520      2         1        1.0e-02      1e-04  DIFFERS
	// labels           skipped:  the trace has no label
	// S1 potentials: image 0: map 3, row 7, column 9 has the potential 15.52, the trace has 15.67
}
