package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"firstspike/dataset"
	"firstspike/train"
)

type testCommand struct {
	Runs []string `arg:"" name:"run" help:"The run's folder, or a safetensors file from it. Several vote."`

	Data    string `placeholder:"SPEC" help:"The images: what train takes, or two IDX files as IMAGES,LABELS; those of the run if not given. Of a folder or file without a test part all are taken."`
	JSON    bool   `help:"Print the result as JSON."`
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given."`
}

// Help is shown after the flags.
func (testCommand) Help() string {
	return `Several runs vote. Every network decides each image, and the class that most of them decide for wins. Silent networks do not vote; the vote is silent if all are. Of several classes with as many votes, the one wins for which the first voter is named first.

    firstspike test runs/mozafari2018-seed1
    firstspike test runs/ten/seed1 runs/ten/seed2 runs/ten/seed3

The score is then that of the vote, which no single network has; what each has alone is told beside it.`
}

// A testOutput is the result of a test as JSON.
type testOutput struct {
	Run       string        `json:"run,omitempty"` // "": a vote
	Data      string        `json:"data"`
	Images    int           `json:"images"`
	Right     int           `json:"right"`
	Wrong     int           `json:"wrong"`
	Silent    int           `json:"silent"`
	Accuracy  float64       `json:"accuracy"`
	Interval  [2]float64    `json:"accuracy_95"` // Wilson's interval
	Classes   []classOutput `json:"classes"`
	Confusion [][]int       `json:"confusion"` // [label][decision]; the last column counts silent images
	Votes     []voteOutput  `json:"votes,omitempty"`
}

// A voteOutput is what one of the networks that vote has alone.
type voteOutput struct {
	Run      string  `json:"run"`
	Right    int     `json:"right"`
	Wrong    int     `json:"wrong"`
	Silent   int     `json:"silent"`
	Accuracy float64 `json:"accuracy"`
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
	for i, run := range c.Runs {
		k := slices.IndexFunc(c.Runs[:i], func(other string) bool {
			return other == run || same(other, run) || same(modelOf(other), modelOf(run))
		})
		switch {
		case k < 0:
		case c.Runs[k] == run:
			faults.add("%s: named twice; a run has one vote", run)
		default:
			faults.add("%s: is the network of %s, which is named already; a run has one vote", run, c.Runs[k])
		}
	}
	workers(c.Workers, &faults)
	return faults
}

// modelOf is the file with the network of a run, which may be what is named.
func modelOf(run string) string {
	if info, err := os.Stat(run); err == nil && info.IsDir() {
		return filepath.Join(run, modelFile)
	}
	return run
}

// Run tests a run, or several that vote. Nothing is written, and nothing is
// learned.
func (c *testCommand) Run(s *streams) error {
	faults := c.faults()
	if err := faults.err(); err != nil {
		return err
	}
	n := workers(c.Workers, &faults)
	models, images, err := c.open(s)
	if err != nil {
		return err
	}
	display := newDisplay(s.err)
	defer display.close()
	result, alone, err := train.Vote(context.Background(), models, images, n, func(done int) {
		if _, ok := terminal(s.err); ok {
			display.Observe(train.Stage{Name: "testing", Done: done, Total: images.Len()})
		}
	})
	display.close()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(c.output(result, alone, images))
	}
	what, votes := visible(c.Runs[0]), ""
	if len(c.Runs) > 1 {
		what, votes = "vote of "+plural(len(c.Runs), "run"), votesText(c.Runs, alone)+"\n"
	}
	score := fmt.Sprintf("%s on %s: %s", what, visible(images.Name), scoreText(result.Score))
	_, err = fmt.Fprintf(s.out, "%s\n\n%s%s", wrapFor(s.out, score, 0), votes, resultText(result, images.Names, columns(s.out)))
	return err
}

// open reads the networks, and the images that all of them can be tested on.
func (c *testCommand) open(s *streams) (models []*train.Model, images *dataset.Set, err error) {
	var faults usageError
	for _, run := range c.Runs {
		m, err := loadModel(s, run)
		if err != nil {
			faults = append(faults, err)
		}
		models = append(models, m)
	}
	if err := faults.err(); err != nil {
		return nil, nil, err
	}
	first := models[0].Experiment.Data
	if images, err = openTest(first, c.Data); err != nil {
		return nil, nil, usageError{err}
	}
	for i, m := range models {
		if err := c.fits(m, images, first); err != nil {
			faults.add("%s: %w", c.Runs[i], err)
		}
	}
	return models, images, faults.err()
}

// fits returns an error if a network cannot decide the test images of the first
// one, or must not, as its own are others: it may have learned from these.
func (c *testCommand) fits(m *train.Model, images *dataset.Set, first train.Data) error {
	d := m.Experiment.Data
	if d.Classes != first.Classes {
		return fmt.Errorf("has %d classes, and %s has %d; only networks with the same classes can vote", d.Classes, c.Runs[0], first.Classes)
	}
	if d.Source != first.Source || d.Options() != first.Options() {
		switch own, err := openTest(d, c.Data); {
		case err != nil:
			return err
		case own.Sum() == images.Sum():
		case c.Data == "":
			return fmt.Errorf("its test images are not those of %s; name images for all with --data", c.Runs[0])
		default:
			return fmt.Errorf("makes other images of %s than %s does, as their settings of data differ", c.Data, c.Runs[0])
		}
	}
	if err := m.Fits(images); err != nil {
		return err
	}
	if m.Experiment.Readout.Rule == train.ReadoutSVM {
		_, err := m.Predictor() // there is none as long as the SVM is not learned
		return err
	}
	return nil
}

// output is a result as JSON.
func (c *testCommand) output(r train.Result, alone []train.Result, images *dataset.Set) testOutput {
	out := testOutput{
		Data: images.Name, Images: images.Len(),
		Right: r.Right, Wrong: r.Wrong, Silent: r.Silent,
		Accuracy: r.Accuracy(), Confusion: r.Confusion,
	}
	out.Interval[0], out.Interval[1] = wilson(r.Right, images.Len())
	for label := range r.Confusion {
		k := r.Class(label)
		c := classOutput{label, "", k.Images(), k.Right, k.Wrong, k.Silent, k.Accuracy()}
		if label < len(images.Names) {
			c.Name = images.Names[label]
		}
		out.Classes = append(out.Classes, c)
	}
	if len(c.Runs) == 1 {
		out.Run = c.Runs[0]
		return out
	}
	for i, run := range c.Runs {
		a := alone[i]
		out.Votes = append(out.Votes, voteOutput{run, a.Right, a.Wrong, a.Silent, a.Accuracy()})
	}
	return out
}
