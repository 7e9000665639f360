package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"firstspike/dataset"
	"firstspike/doctor"
	"firstspike/preset"
	"firstspike/train"
)

type doctorCommand struct {
	Name string `arg:"" optional:"" name:"experiment" help:"A preset (mozafari2018 if none is named), a TOML file, or a run."`

	Fix     bool     `help:"Make the changes, and show on the same images what they do."`
	Data    string   `placeholder:"SPEC" help:"The images: mnist, some of its digits as mnist:3,8, bars, or a folder with four IDX files; those of the experiment if not given."`
	Set     []string `sep:"none" placeholder:"PATH=VALUE" help:"Change a setting first, as for train. Can be repeated."`
	Seed    string   `placeholder:"N" help:"Seed of all random numbers."`
	Images  string   `placeholder:"N" help:"Look at so many images; 200 if not given."`
	Learn   string   `placeholder:"N" help:"Let an experiment that is not trained learn from so many images; 1000 if not given."`
	JSON    bool     `help:"Print everything that was measured as JSON."`
	Workers string   `placeholder:"N" help:"Goroutines; one for each CPU if not given."`
}

// Help is shown after the flags.
func (doctorCommand) Help() string {
	return `Why does a run not learn; will an experiment learn, before hours are spent on it; what would mend it:

    firstspike doctor runs/mozafari2018-seed1
    firstspike doctor mine.toml --set layers.s2.threshold=100
    firstspike doctor mine.toml --fix

A run is looked at as it is. Anything else is trained for some seconds, from a few images, in a folder that is removed. Images are those that the network learns from; the test images are left alone.`
}

// A visit is what the flags ask for.
type visit struct {
	experiment train.Experiment
	dir        string // of a run
	changed    bool   // the experiment is not that of the run any more
	set        *dataset.Set
	options    doctor.Options
	notes      []string
}

func (c *doctorCommand) name() string {
	if c.Name == "" {
		return preset.Default
	}
	return c.Name
}

func (c *doctorCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

// plan reads the flags and tells all that is wrong with them.
func (c *doctorCommand) plan() (v visit, faults usageError) {
	v.options.Images = faults.number("--images", c.Images, 0, 10, 10_000)
	v.options.Learn = faults.number("--learn", c.Learn, 0, 10, 60_000)
	v.options.Workers = workers(c.Workers, &faults)
	var err error
	v.experiment, v.dir, err = findExperiment(c.name())
	if err != nil {
		return v, append(faults, err)
	}
	if v.dir != "" {
		v.notes = edited(v.dir, v.experiment)
	}
	set := settings{experiment: &v.experiment, by: map[string]string{}}
	(&trainCommand{Seed: c.Seed, Data: c.Data, Set: c.Set}).apply(&set)
	v.changed = c.Seed != "" || len(c.Set) > 0
	faults = append(faults, set.faults...)
	for _, f := range v.experiment.Faults() {
		faults = append(faults, f)
	}
	if v.experiment.Data.Source == "" {
		return v, faults
	}
	if v.set, _, err = dataset.OpenWith(v.experiment.Data.Source, v.experiment.Data.Options()); err != nil {
		return v, append(faults, wanting(v.experiment, err))
	}
	if err := (&train.Model{Experiment: v.experiment}).Fits(v.set); err != nil {
		faults = append(faults, split(err)...)
	}
	return v, faults
}

// Run examines.
func (c *doctorCommand) Run(s *streams) error {
	v, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	for _, n := range v.notes {
		fmt.Fprintf(s.err, "note: %s\n", visible(n))
	}
	// What a trial has written is removed when it is interrupted, too.
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	x, err := v.examine(ctx, s, c.name())
	var proof *doctor.Proof
	if err == nil && c.Fix {
		proof, err = x.Prove(ctx, v.set, v.options)
	}
	if ctx.Err() != nil {
		return silentError(statusInterrupted)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(struct {
			Of string `json:"of"`
			*doctor.Exam
			Proof *doctor.Proof `json:"proof,omitempty"`
		}{c.name(), x, proof})
	}
	width := min(columns(s.out), 100)
	text := examText(c.name(), x, width)
	if proof != nil {
		text += proofText(proof, c.training(v, proof), width)
	} else if slices.ContainsFunc(x.Findings, func(f doctor.Finding) bool { return len(f.Change) > 0 || f.Invert }) {
		text += "\nSee whether that helps, on the same images: " + command(c.again("--fix")...) + "\n"
	}
	_, err = io.WriteString(s.out, text)
	return err
}

// examine looks at a run as it is, and at anything else after a trial.
func (v *visit) examine(ctx context.Context, s *streams, name string) (*doctor.Exam, error) {
	trained := v.dir != "" || strings.HasSuffix(strings.ToLower(name), ".safetensors")
	if !trained || v.changed {
		return doctor.Trial(ctx, v.experiment, v.set, v.options)
	}
	m, err := loadModel(s, name)
	if err != nil {
		return nil, err
	}
	if m.State.Presentations == 0 {
		return doctor.Trial(ctx, v.experiment, v.set, v.options)
	}
	m.Experiment.Data.Source = v.experiment.Data.Source
	if v.dir != "" {
		if v.options.Epochs, err = train.ReadEpochs(v.dir); err != nil {
			return nil, err
		}
	}
	return doctor.Examine(ctx, m, v.set, v.options)
}

// again is the command line of this command with another flag.
func (c *doctorCommand) again(flag string) []string {
	args := []string{"doctor", c.name()}
	for _, f := range []struct{ flag, value string }{{"--data", c.Data}, {"--seed", c.Seed}, {"--images", c.Images}, {"--learn", c.Learn}} {
		if f.value != "" {
			args = append(args, f.flag, f.value)
		}
	}
	for _, pair := range c.Set {
		args = append(args, "--set", pair)
	}
	return append(args, flag)
}

// training is the command line that trains with the changes of a proof.
func (c *doctorCommand) training(v visit, p *doctor.Proof) []string {
	args := []string{"train", c.name()}
	if c.Data != "" {
		args = append(args, "--data", c.Data)
	}
	if c.Seed != "" {
		args = append(args, "--seed", c.Seed)
	}
	for _, pair := range c.Set {
		path, _, _ := strings.Cut(pair, "=")
		if !slices.ContainsFunc(p.Change, func(s doctor.Setting) bool { return s.Path == strings.TrimSpace(path) }) {
			args = append(args, "--set", pair)
		}
	}
	for _, change := range p.Change {
		args = append(args, "--set", change.String())
	}
	if v.dir != "" {
		args = append(args, "--out", strings.TrimRight(v.dir, `/\`)+"-mended")
	}
	return args
}

// examText tells what was found, the heaviest first, and what was measured of
// each layer.
func examText(name string, x *doctor.Exam, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", visible(name), diagnosis(x))
	how := "the network as it is"
	if t := x.Trial; t != nil {
		var epochs []string
		for i, n := range t.Epochs {
			epochs = append(epochs, fmt.Sprintf("%s=%d", x.Layers[i].Name, n))
		}
		how = fmt.Sprintf("after a trial: %s others, epochs %s", count(t.Images), strings.Join(epochs, " "))
	}
	b.WriteString(wrap(fmt.Sprintf("seen on %s images that it learns from; %s", count(x.Images), how), 0, width) + "\n")
	said := 0
	for _, f := range x.Findings {
		if f.Severity == doctor.Note {
			continue
		}
		said++
		fmt.Fprintf(&b, "\n%d. %v: %s, %s\n", said, f.Severity, f.Layer, f.Cause)
		b.WriteString("   " + wrap(f.Text, 3, width-3) + "\n")
		for _, m := range f.Evidence {
			line := fmt.Sprintf("     %s  %8s", pad(m.Name, 58), decimal(m.Value))
			if m.Healthy != "" {
				line += "   healthy: " + m.Healthy
			}
			b.WriteString(line + "\n")
		}
		for i, change := range f.Change {
			lead := "   change: "
			if i > 0 {
				lead = "           "
			}
			b.WriteString(lead + "--set " + change.String() + "\n")
		}
	}
	lead := "\n"
	for _, f := range x.Findings {
		if f.Severity == doctor.Note {
			line := fmt.Sprintf("note: %s, %s: ", f.Layer, f.Cause)
			if f.Follows != "" {
				line += "follows from " + f.Follows
			} else {
				line += f.Text
			}
			b.WriteString(lead + wrap(line, 6, width) + "\n")
			lead = ""
		}
	}
	return b.String() + "\n" + layersText(x)
}

// diagnosis is the outcome in a few words.
func diagnosis(x *doctor.Exam) string {
	text := "nothing grave"
	if n := x.Count(doctor.Grave); n > 0 {
		text = plural(n, "grave finding")
	}
	if n := x.Count(doctor.Look); n > 0 {
		text += ", " + plural(n, "thing") + " worth a look"
	}
	return text
}

// layersText is a table of what every layer does with an image.
func layersText(x *doctor.Exam) string {
	var b strings.Builder
	b.WriteString("         input   silent  silent   winners   maps that win    alike  conver-   weights at\n")
	b.WriteString("layer   spikes   images  neurons  of k      never   often    maps    gence  lower  upper  spikes by step\n")
	fmt.Fprintf(&b, "%-6s %7s  %6s%%  %64s  %s\n", "input", decimal(x.Input.Spikes), decimal(100*x.Input.Silent), "", bars(x.Input.Steps))
	for _, l := range x.Layers {
		fmt.Fprintf(&b, "%-6s %7s  %6s%%  %6s%%  %-9s %5s%%  %5s%%  %5s%%  %7.4f  %4.0f%%  %4.0f%%  %s\n", l.Name, decimal(l.Input), decimal(100*l.Silent), decimal(100*l.Quiet),
			fmt.Sprintf("%s/%d", decimal(l.Winners), l.K), decimal(100*l.Never), decimal(100*l.Most), decimal(100*l.Twins), l.Convergence, 100*l.AtLower, 100*l.AtUpper, bars(l.Steps))
	}
	for _, l := range x.Layers {
		if len(l.Sensible) > 0 {
			fmt.Fprintf(&b, "threshold of %s: %s; by the potentials of the sample, %s to %s is sensible\n", l.Name, decimal(l.Threshold), decimal(l.Sensible[0]), decimal(l.Sensible[1]))
		}
	}
	if d := x.Decision; d != nil {
		n := d.Right + d.Wrong + d.Silent
		fmt.Fprintf(&b, "decided: %s %% right, %s %% wrong, %s %% silent", percent(d.Right, n, 1), percent(d.Wrong, n, 1), percent(d.Silent, n, 1))
		if x.Trial != nil {
			b.WriteString(", after so short a trial")
		}
		b.WriteString("\n")
		var none []string
		for class, maps := range d.Chosen {
			if d.Seen[class] > 0 && maps == 0 {
				none = append(none, fmt.Sprint(class))
			}
		}
		if len(none) > 0 {
			fmt.Fprintf(&b, "classes without a neuron that decides: %s\n", strings.Join(none, ", "))
		}
	}
	return b.String()
}

// bars draws spikes by step, in at most 15 places.
func bars(steps []float64) string {
	const places = 15
	heights := []rune(" ▁▂▃▄▅▆▇█")
	n := min(places, len(steps))
	sums := make([]float64, n)
	for t, v := range steps {
		sums[t*n/len(steps)] += v
	}
	most := slices.Max(sums)
	var b strings.Builder
	for _, v := range sums {
		h := 0
		if v > 0 {
			h = 1 + int(v/most*float64(len(heights)-2))
		}
		b.WriteRune(heights[h])
	}
	return strings.TrimRight(b.String(), " ")
}

// proofText tells what changes did to the findings.
func proofText(p *doctor.Proof, training []string, width int) string {
	if p.After == nil {
		return "\nNo finding asks for a change.\n"
	}
	var b strings.Builder
	b.WriteString("\nWith these changes, after a trial on the same images:\n")
	if p.Invert {
		b.WriteString("  images with light and dark exchanged\n")
	}
	for _, s := range p.Change {
		fmt.Fprintf(&b, "  --set %v\n", s)
	}
	for _, m := range p.Mended {
		state := "still there"
		if m.Gone {
			state = "gone"
		}
		fmt.Fprintf(&b, "\n%s, %s: %s\n", m.Layer, m.Cause, state)
		for i, before := range m.Before {
			after := m.After[i]
			line := fmt.Sprintf("  %s  %8s -> %8s", pad(before.Name, 58), decimal(before.Value), decimal(after.Value))
			if after.Healthy != "" {
				line += "   healthy: " + after.Healthy
			}
			b.WriteString(line + "\n")
		}
	}
	fmt.Fprintf(&b, "\nAfter the changes: %s", diagnosis(p.After))
	for _, f := range p.After.Findings {
		if f.Severity == doctor.Grave {
			fmt.Fprintf(&b, "; %s, %s", f.Layer, f.Cause)
		}
	}
	b.WriteString("\n")
	if d := p.After.Decision; d != nil {
		fmt.Fprintf(&b, "decided: %s %% right, after so short a trial\n", percent(d.Right, d.Right+d.Wrong+d.Silent, 1))
	}
	if p.Invert {
		b.WriteString(wrap("Files cannot be changed from here: write the images as 255 minus each pixel, and train with those.", 0, width) + "\n")
	}
	if len(p.Change) > 0 {
		fmt.Fprintf(&b, "Train with them: %s\n", command(training...))
	}
	return b.String()
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// decimal is a number with three digits that count, or all that are before the
// point.
func decimal(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 1e-4:
		return strconv.FormatFloat(v, 'g', 2, 64)
	case a >= 1000:
		return count(int(math.Round(v)))
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
