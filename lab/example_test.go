package lab_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/preset"
	"firstspike/train"
)

// A network that has learned a little tells two bars apart; it is asked why,
// and taught.
func Example() {
	dir, err := os.MkdirTemp("", "lab")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	p, _ := preset.Lookup("bars")
	e := p.Experiment.Clone()
	e.Layers[1].Learn.Epochs = 1
	learn, test := dataset.Bars()
	t, err := train.Create(filepath.Join(dir, "run"), e, train.Options{Train: learn, Test: test})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	if _, err := t.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	m, err := train.Load(filepath.Join(dir, "run"))
	if err != nil {
		log.Fatal(err)
	}

	l, err := lab.New(m)
	if err != nil {
		log.Fatal(err)
	}
	pixels, label := test.Image(1), test.Label(1)
	d, err := l.Decide(pixels)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("class %d, %.3f of the potential ahead of class %d\n", d.Class, d.MarginPotential, d.RunnerUp)

	w, err := l.Why(pixels)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the potentials differ by %.4f:\n", w.Difference)
	for _, x := range w.Evidence {
		fmt.Printf("%+.4f from map %d of s1, column %d\n", x.Difference, x.Map, x.Col)
	}

	lessons := 0
	for d.Class == label {
		ch, err := l.Teach(pixels, 1-label)
		if err != nil {
			log.Fatal(err)
		}
		d, lessons = ch.After, ch.Lessons
	}
	fmt.Printf("taught the contrary %d times: class %d\n", lessons, d.Class)
	for l.Undo() {
	}
	d, err = l.Decide(pixels)
	fmt.Printf("as before: class %d, %v\n", d.Class, err)
	fmt.Println(l.Set("layers.s1.treshold", "100"))
	// Output:
	// class 1, 0.375 of the potential ahead of class 0
	// the potentials differ by 0.5998:
	// +0.5999 from map 2 of s1, column 2
	// -0.0001 from map 1 of s1, column 0
	// taught the contrary 75 times: class 0
	// as before: class 1, <nil>
	// layers.s1.treshold: cannot be set in a trained network; did you mean layers.s1.threshold?
}
