package doctor_test

import (
	"context"
	"fmt"
	"log"

	"firstspike/dataset"
	"firstspike/doctor"
	"firstspike/preset"
)

// A threshold that nothing reaches.
func Example() {
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	for path, value := range map[string]string{"layers.s1.threshold": "150", "layers.s2.maps": "40", "layers.s3.maps": "20"} {
		if err := e.Set(path, value); err != nil {
			log.Fatal(err)
		}
	}
	learn, _, err := dataset.MNIST()
	if err != nil {
		log.Fatal(err)
	}
	few := doctor.Options{Images: 50, Learn: 200}
	x, err := doctor.Trial(context.Background(), e, learn.Limit(1000), few)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range x.Findings {
		fmt.Printf("%v: %s, %s %v follows from %q\n", f.Severity, f.Layer, f.Cause, f.Change, f.Follows)
	}
	proof, err := x.Prove(context.Background(), learn.Limit(1000), few)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("gone:", proof.Mended[0].Gone)
	// Output:
	// grave: s1, threshold-high [layers.s1.threshold=10] follows from ""
	// note: s2, no-input [] follows from "s1"
	// note: s3, no-input [] follows from "s1"
	// note: s3, decides-badly [] follows from "s1"
	// gone: true
}
