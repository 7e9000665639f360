package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firstspike/study"
	"firstspike/train"
)

type compareCommand struct {
	Sides []string `arg:"" name:"experiment" help:"Two or more: folders of studies or of runs, or experiments (presets, TOML files) that are trained first. The others are compared with the first."`

	Seeds   string `placeholder:"LIST" help:"Seeds to train experiments with: 10, 4-13 or 7,8,9. 5 if not given. Folders have theirs."`
	Out     string `placeholder:"DIR" help:"Where experiments are trained: DIR/1, DIR/2 and so on; runs/compare if not given."`
	Jobs    string `placeholder:"N" help:"Trainings side by side; as many as cores and memory allow if not given."`
	Workers string `placeholder:"N" help:"Goroutines, shared out among the trainings; one for each CPU if not given."`
	JSON    bool   `help:"Print the result as JSON."`
}

// Help is shown after the flags.
func (compareCommand) Help() string {
	return `Does a lower threshold in S2 do better? Train both with ten seeds, or take what was trained before:

    firstspike replicate --out runs/base
    firstspike replicate --set layers.s2.threshold=8 --out runs/lower
    firstspike compare runs/base runs/lower

Runs with the same seed are pairs: they begin with the same weights and hold out the same images, so that what is lucky about a seed falls out of the difference. The interval is Student's, of the mean difference. p is Fisher's randomisation test on the pairs: how often signs drawn at random give a mean difference as large; it assumes nothing of the distribution, and cannot fall below 0.05 with fewer than six seeds.`
}

// A side is one of the experiments that are compared.
type side struct {
	name       string
	runs       map[uint64]study.Run
	experiment train.Experiment
	test       string // SHA-256 of the test images
}

func (c *compareCommand) faults() (faults usageError) {
	if len(c.Sides) < 2 {
		faults.add("%s: name two or more to compare", command("compare"))
	}
	if c.Seeds != "" {
		seeds(c.Seeds, "", &faults)
	}
	workers(c.Workers, &faults)
	return faults
}

// Run compares.
func (c *compareCommand) Run(s *streams) error {
	ignore(brokenPipe)
	if err := c.faults().err(); err != nil {
		return err
	}
	sides := make([]side, len(c.Sides))
	var faults usageError
	for i, name := range c.Sides {
		var err error
		if sides[i], err = readSide(name); err != nil {
			faults = append(faults, err)
		}
	}
	if err := faults.err(); err != nil {
		return err
	}
	for i := range sides {
		if sides[i].runs == nil {
			if err := c.train(s, &sides[i], i+1); err != nil {
				return err
			}
		}
	}
	out, err := compare(sides)
	if err != nil {
		return usageError{err}
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(out)
	}
	_, err = io.WriteString(s.out, out.text(columns(s.out)))
	return err
}

// readSide reads the runs of a folder, or finds an experiment to be trained.
func readSide(name string) (side, error) {
	d := side{name: name}
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		d.experiment, _, err = findExperiment(name)
		return d, err
	}
	folders := []string{name}
	if _, err := os.Stat(filepath.Join(name, checkpointFile)); errors.Is(err, fs.ErrNotExist) {
		folders, _ = filepath.Glob(filepath.Join(escape(name), "seed*"))
	}
	d.runs = map[uint64]study.Run{}
	for _, dir := range folders {
		r, err := study.ReadRun(dir)
		if err != nil {
			return d, err
		}
		e, _, err := findExperiment(dir)
		if err != nil {
			return d, err
		}
		record, err := train.ReadRecord(dir)
		if err != nil {
			return d, err
		}
		if len(d.runs) > 0 {
			for _, setting := range study.Differences(d.experiment, e) {
				if setting.Path != "seed" {
					return d, fmt.Errorf("%s: its runs are of different experiments: %s is %s and %s", name, setting.Path, setting.A, setting.B)
				}
			}
		}
		d.runs[r.Seed], d.experiment, d.test = r, e, record.Test.SHA256
	}
	if len(d.runs) == 0 {
		return d, fmt.Errorf("%s: no run is in this folder, nor the runs of a study", name)
	}
	return d, nil
}

// escape makes a name one that matches only itself.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// train trains an experiment with several seeds.
func (c *compareCommand) train(s *streams, d *side, number int) error {
	out := c.Out
	if out == "" {
		out = filepath.Join("runs", "compare")
	}
	how := c.Seeds
	if how == "" {
		how = "5"
	}
	r := replicateCommand{Preset: d.name, Seeds: how, Out: filepath.Join(out, fmt.Sprint(number)), Jobs: c.Jobs, Workers: c.Workers}
	plan, notes, faults := r.plan()
	if err := faults.err(); err != nil {
		return err
	}
	runs, err := conduct(s, plan, notes)
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(s.err, "firstspike: interrupted; all is saved, and the same command goes on\n")
		return silentError(statusInterrupted)
	}
	if err != nil {
		return err
	}
	d.runs, d.experiment = map[uint64]study.Run{}, plan.Experiment
	for _, run := range runs {
		d.runs[run.Seed] = run
	}
	d.test = plan.Options.Test.Sum()
	return nil
}

// A compareOutput is a comparison as JSON.
type compareOutput struct {
	Base  string           `json:"base"`
	Test  study.Summary    `json:"base_test_percent"`
	Other []contrastOutput `json:"others"`
}

type contrastOutput struct {
	Name       string           `json:"name"`
	Test       study.Summary    `json:"test_percent"`
	Settings   []study.Setting  `json:"settings"`
	Seeds      []uint64         `json:"seeds"`
	Pairs      [][2]float64     `json:"pairs"` // test percent of the base and of this, by seed
	Difference study.Difference `json:"difference"`
}

// compare compares the others with the first.
func compare(sides []side) (compareOutput, error) {
	base := sides[0]
	out := compareOutput{Base: base.name, Test: base.summary()}
	for _, d := range sides[1:] {
		if d.test != base.test {
			return out, fmt.Errorf("%s and %s were tested on different images, so that their results do not compare", base.name, d.name)
		}
		c := contrastOutput{Name: d.name, Test: d.summary()}
		for _, setting := range study.Differences(base.experiment, d.experiment) {
			if setting.Path != "seed" && setting.Path != "name" && setting.Path != "paper" {
				c.Settings = append(c.Settings, setting)
			}
		}
		var a, b []float64
		for _, seed := range d.seeds() {
			if r, ok := base.runs[seed]; ok {
				c.Seeds = append(c.Seeds, seed)
				a, b = append(a, r.Accuracy()), append(b, d.runs[seed].Accuracy())
				c.Pairs = append(c.Pairs, [2]float64{a[len(a)-1], b[len(b)-1]})
			}
		}
		if len(a) == 0 {
			return out, fmt.Errorf("%s and %s have no seed in common: %v and %v; train both with the same seeds", base.name, d.name, base.seeds(), d.seeds())
		}
		c.Difference = study.Compare(a, b)
		out.Other = append(out.Other, c)
	}
	return out, nil
}

func (d side) seeds() []uint64 {
	var list []uint64
	for seed := range d.runs {
		list = append(list, seed)
	}
	slices.Sort(list)
	return list
}

func (d side) summary() study.Summary {
	var v []float64
	for _, seed := range d.seeds() {
		v = append(v, d.runs[seed].Accuracy())
	}
	return study.Summarise(v)
}

// text is a comparison for people.
func (o compareOutput) text(width int) string {
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		b.WriteString(wrap(fmt.Sprintf(format, args...), indent, width) + "\n")
	}
	say(0, "%s: %s", visible(o.Base), summaryText(o.Test))
	for _, c := range o.Other {
		b.WriteString("\n")
		say(0, "%s: %s", visible(c.Name), summaryText(c.Test))
		if len(c.Settings) == 0 {
			say(2, "  the experiments do not differ")
		}
		for _, s := range c.Settings {
			say(4, "  %s = %s, not %s", s.Path, orNone(s.B), orNone(s.A))
		}
		b.WriteString("\n  seed  " + "  first   this  difference\n")
		for i, seed := range c.Seeds {
			p := c.Pairs[i]
			fmt.Fprintf(&b, "%6d   %6.2f %6.2f      %+6.2f\n", seed, p[0], p[1], p[1]-p[0])
		}
		d := c.Difference
		b.WriteString("\n")
		switch {
		case d.N == 1:
			say(2, "  difference %+.2f percent points; one pair says nothing of how others do", d.Mean)
		default:
			say(2, "  difference %+.2f percent points (95 %% interval %+.2f to %+.2f), p = %s: %s", d.Mean, d.Low, d.High, pText(d.P), verdict(d))
		}
	}
	return b.String()
}

func orNone(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

func pText(p float64) string {
	if p < 0.001 {
		return fmt.Sprintf("%.1g", p)
	}
	return fmt.Sprintf("%.3f", p)
}

// verdict says what a difference means.
func verdict(d study.Difference) string {
	switch {
	case d.P < .05 && d.Mean > 0:
		return "better"
	case d.P < .05 && d.Mean < 0:
		return "worse"
	case d.Least >= .05:
		return fmt.Sprintf("too few seeds to tell: %d pairs cannot give a p below %.3g, six can", d.N, d.Least)
	}
	return "no difference is shown"
}
