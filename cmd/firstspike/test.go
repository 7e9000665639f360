package main

import (
	"context"
	"encoding/json"
	"fmt"

	"firstspike/train"
)

type testCommand struct {
	Folder string `arg:"" name:"run" help:"The run's folder, or a safetensors file from it."`

	Data    string `placeholder:"SPEC" help:"The images: what train takes, or two IDX files as IMAGES,LABELS; those of the run if not given. Of a folder or file without a test part all are taken."`
	JSON    bool   `help:"Print the result as JSON."`
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given."`
}

// A testOutput is the result of a test as JSON.
type testOutput struct {
	Run       string        `json:"run"`
	Data      string        `json:"data"`
	Images    int           `json:"images"`
	Right     int           `json:"right"`
	Wrong     int           `json:"wrong"`
	Silent    int           `json:"silent"`
	Accuracy  float64       `json:"accuracy"`
	Interval  [2]float64    `json:"accuracy_95"` // Wilson's interval
	Classes   []classOutput `json:"classes"`
	Confusion [][]int       `json:"confusion"` // [label][decision]; the last column counts silent images
}

type classOutput struct {
	Label    int     `json:"label"`
	Name     string  `json:"name,omitempty"`
	Images   int     `json:"images"`
	Right    int     `json:"right"`
	Wrong    int     `json:"wrong"`
	Silent   int     `json:"silent"`
	Accuracy float64 `json:"accuracy"`
}

func (c *testCommand) faults() (faults usageError) {
	workers(c.Workers, &faults)
	return faults
}

// Run tests a run. Nothing is written, and nothing is learned.
func (c *testCommand) Run(s *streams) error {
	var faults usageError
	n := workers(c.Workers, &faults)
	if err := faults.err(); err != nil {
		return err
	}
	m, err := loadModel(s, c.Folder)
	if err != nil {
		return err
	}
	images, err := openTest(m.Experiment.Data, c.Data)
	if err != nil {
		return usageError{err}
	}
	display := newDisplay(s.err)
	defer display.close()
	result, err := m.Test(context.Background(), images, n, func(done int) {
		if _, ok := terminal(s.err); ok {
			display.Observe(train.Stage{Name: "testing", Done: done, Total: images.Len()})
		}
	})
	display.close()
	if err != nil {
		return err
	}
	if !c.JSON {
		score := fmt.Sprintf("%s on %s: %s", visible(c.Folder), visible(images.Name), scoreText(result.Score))
		_, err := fmt.Fprintf(s.out, "%s\n\n%s", wrapFor(s.out, score, 0), resultText(result, images.Names, columns(s.out)))
		return err
	}
	out := testOutput{
		Run: c.Folder, Data: images.Name, Images: images.Len(),
		Right: result.Right, Wrong: result.Wrong, Silent: result.Silent,
		Accuracy: result.Accuracy(), Confusion: result.Confusion,
	}
	out.Interval[0], out.Interval[1] = wilson(result.Right, images.Len())
	for label := range result.Confusion {
		k := result.Class(label)
		c := classOutput{label, "", k.Images(), k.Right, k.Wrong, k.Silent, k.Accuracy()}
		if label < len(images.Names) {
			c.Name = images.Names[label]
		}
		out.Classes = append(out.Classes, c)
	}
	return json.NewEncoder(s.out).Encode(out)
}
