package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"firstspike/dataset"
	"firstspike/readout"
	"firstspike/train"
)

type predictCommand struct {
	Folder string   `arg:"" name:"run" help:"The run's folder, or a safetensors file from it."`
	Files  []string `arg:"" optional:"" name:"file" help:"Pictures: PNG, JPEG, GIF or IDX files; - or none is standard input."`

	JSON bool `help:"Print a line of JSON for every picture."`
}

// Help is shown after the flags.
func (predictCommand) Help() string {
	return `Pictures may be of any size, light on dark or dark on light; what was done to one is said beside the answer. The margin is by how much the winner beat the best neuron of another class.

    firstspike predict runs/mozafari2018-seed1 digit.png
    firstspike predict runs/mozafari2018-seed1 < digit.png`
}

// An answer is what is said of one picture; as JSON if asked for.
type answer struct {
	File     string  `json:"file"`
	Image    *int    `json:"image,omitempty"` // of a file with several
	Class    *int    `json:"class"`           // null: silent
	RunnerUp *int    `json:"runner_up"`       // null: no other class fired
	Steps    int     `json:"margin_steps"`    // by which the winner fired earlier
	Higher   float64 `json:"margin_potential"`
	Lead     float64 `json:"margin_score,omitempty"` // of a linear SVM, which has no other margin
	Blank    bool    `json:"blank"`
	Inverted bool    `json:"inverted"`
	Note     string  `json:"note"`
}

// stdin is what standard input is called.
const stdin = "standard input"

// Run asks the network about every picture. A file that cannot be read does
// not keep the others from being shown.
func (c *predictCommand) Run(s *streams) error {
	files := c.Files
	if len(files) == 0 {
		if _, ok := terminal(s.in); ok {
			return usageError{fmt.Errorf("no picture: name files, or give one by standard input: %s < FILE", command("predict", c.Folder))}
		}
		files = []string{"-"}
	}
	m, err := loadModel(s, c.Folder)
	if err != nil {
		return err
	}
	if m.Experiment.Encode.Recordings() {
		return usageError{fmt.Errorf("%s: the network takes recordings by an event camera, and predict asks about pictures; test it with: %s", c.Folder, command("test", c.Folder, "--data", "FOLDER"))}
	}
	p, err := m.Predictor()
	if err != nil {
		return err
	}
	failed := false
	for _, file := range files {
		pictures, err := c.read(s.in, file)
		if err != nil {
			report(s.err, err)
			failed = true
			continue
		}
		for i, picture := range pictures {
			a, d := ask(m, p, picture)
			if a.File = file; file == "-" {
				a.File = stdin
			}
			if len(pictures) > 1 && picture.Format == "IDX" {
				a.Image = &i
			}
			if err := c.tell(s.out, a, d); err != nil {
				return err
			}
		}
	}
	if failed {
		return silentError(statusFailed)
	}
	return nil
}

func (c *predictCommand) read(in io.Reader, file string) ([]dataset.Grey, error) {
	if file == "-" {
		return dataset.DecodeReader(stdin, in)
	}
	return dataset.DecodeFile(file)
}

// ask shows one picture to the network.
func ask(m *train.Model, p *train.Predictor, picture dataset.Grey) (answer, readout.Decision) {
	e := m.Experiment
	pixels, note := dataset.Show(picture, e.Data.Rows, e.Data.Cols, e.Data.Fit)
	d := p.Predict(pixels)
	a := answer{Blank: note.Blank, Inverted: note.Inverted, Note: note.String()}
	if d.Class != readout.None {
		a.Class = &d.Class
	}
	if d.RunnerUp != readout.None {
		a.RunnerUp = &d.RunnerUp
	}
	a.Steps, a.Higher = d.Margin(e.Encode.Steps)
	a.Lead = d.Lead
	return a, d
}

// tell prints an answer.
func (c *predictCommand) tell(w io.Writer, a answer, d readout.Decision) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(a)
	}
	name := visible(a.File)
	if a.Image != nil {
		name += fmt.Sprintf("#%d", *a.Image)
	}
	var parts []string
	switch {
	case d.Class == readout.None && a.Blank:
		parts = append(parts, "no answer: nothing is in the picture")
	case d.Class == readout.None:
		parts = append(parts, "no answer: the network stays silent, as no neuron of its last layer fires")
	case d.RunnerUp == readout.None:
		parts = append(parts, fmt.Sprintf("%d, and no other class fires", d.Class))
	case d.Lead > 0:
		parts = append(parts, fmt.Sprintf("%d, runner-up %d, margin %.2f of the SVM's score", d.Class, d.RunnerUp, d.Lead))
	case a.Steps > 0:
		parts = append(parts, fmt.Sprintf("%d, runner-up %d, margin %s", d.Class, d.RunnerUp, steps(a.Steps)))
	default:
		parts = append(parts, fmt.Sprintf("%d, runner-up %d, margin %.1f %% of the potential", d.Class, d.RunnerUp, 100*a.Higher))
	}
	parts = append(parts, a.Note)
	_, err := fmt.Fprintf(w, "%s: %s\n", name, strings.Join(parts, "; "))
	return err
}

func steps(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}
