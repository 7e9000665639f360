package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"firstspike/internal/whole"
	"firstspike/preset"
	"firstspike/sweep"
	"firstspike/train"
)

// sweepCommand holds the commands about sweeps, each in a file of its own.
type sweepCommand struct {
	Plan   sweepPlanCommand   `cmd:"" help:"List the points of a sweep, and estimate its time and memory."`
	Run    sweepRunCommand    `cmd:"" help:"Train the points of a sweep that are not trained yet."`
	Submit sweepSubmitCommand `cmd:"" help:"Hand a sweep to Slurm or Kubernetes."`
	Status sweepStatusCommand `cmd:"" help:"Say how far a sweep is, what failed and why."`
	Merge  sweepMergeCommand  `cmd:"" help:"Write what came of a sweep as CSV, as Parquet, and as a page with pictures."`
	Best   sweepBestCommand   `cmd:"" help:"Name the best points, judged by held-out training images."`
	Test   sweepTestCommand   `cmd:"" help:"Test the best point on the test images, once."`
}

// Help is shown after the flags.
func (sweepCommand) Help() string {
	return `A sweep trains an experiment with many settings, each with several seeds, on one machine or on many that see one folder, with the same results. Its file is TOML:

    preset = "mozafari2018"
    seeds  = 5

    [set]
    data.limit = 12000
    layers.s3.learn.epochs = 20

    [[axis]]
    path   = "layers.s2.threshold"
    values = [8, 10, 12, 15]

    [[axis]]
    path = "layers.s3.learn.a_plus"
    log  = { from = 0.001, to = 0.016, count = 5 }

From it to a result:

    firstspike sweep plan rates.toml
    firstspike sweep run rates.toml
    firstspike sweep status rates.toml
    firstspike sweep merge rates.toml
    firstspike sweep best rates.toml
    firstspike sweep test rates.toml

All is kept in the folder rates-sweep beside the file. See docs/sweep.md for everything that a file can say: ranges, settings that vary together or follow from others, conditions, Sobol sequences, successive halving.`
}

// sweepFile is the argument and the flag that all commands about sweeps have.
type sweepFile struct {
	File string `arg:"" name:"file" help:"The sweep's file, in TOML, or its folder, once it has begun."`
	Out  string `placeholder:"DIR" help:"The sweep's folder; FILE without its ending and with -sweep if not given."`
}

// dir is the sweep's folder.
func (c sweepFile) dir() string {
	switch {
	case c.Out != "":
		return c.Out
	case sweep.IsStore(c.File):
		return c.File
	}
	return strings.TrimSuffix(c.File, filepath.Ext(c.File)) + "-sweep"
}

// args are the file and the folder on a command line.
func (c sweepFile) args() []string {
	if c.Out == "" {
		return []string{c.File}
	}
	return []string{c.File, "--out", c.Out}
}

// copied reports whether the sweep is read from a copy that an engine's tasks have,
// and not from the folder in which its results are.
func (c sweepFile) copied() bool {
	return sweep.IsStore(c.File) && filepath.Clean(c.File) != filepath.Clean(c.dir())
}

// An openedSweep is a sweep's plan, and what it was made of.
type openedSweep struct {
	*sweep.Plan
	text   []byte           // of the file
	preset train.Experiment // that it names
}

// open reads the file and makes the plan.
func (c sweepFile) open() (o openedSweep, err error) {
	if sweep.IsStore(c.File) {
		store := sweep.Store{Dir: c.File}
		if o.text, o.preset, err = store.Texts(); err == nil {
			o.Plan, err = store.Load()
		}
		return o, sweepFaults(c.File, err)
	}
	if o.text, err = readText(c.File, "a sweep is a TOML file"); err != nil {
		return o, usageError{err}
	}
	s, err := sweep.Parse(c.File, o.text)
	if err != nil {
		return o, usageError{err}
	}
	if s.Preset == "" {
		s.Preset = preset.Default
	}
	// The name of a preset comes first; then the file means the same wherever the
	// command is given.
	name := s.Preset
	if _, ok := preset.Lookup(name); !ok && !filepath.IsAbs(name) {
		if beside := filepath.Join(filepath.Dir(c.File), name); exists(beside) {
			name = beside
		}
	}
	if o.preset, _, err = findExperiment(name); err != nil {
		return o, usageError{fmt.Errorf("%s: preset: %w", c.File, err)}
	}
	o.Plan, err = sweep.NewPlan(s, o.preset)
	return o, sweepFaults(c.File, err)
}

// sweepFaults are the faults of a sweep, each with the name of its file.
func sweepFaults(file string, err error) error {
	if err == nil {
		return nil
	}
	var faults usageError
	for _, fault := range split(err) {
		for line := range strings.Lines(fault.Error()) {
			faults.add("%s: %s", file, strings.TrimSpace(line))
		}
	}
	return faults
}

// look reads what has come of the sweep.
func (c sweepFile) look() (*sweep.Outcome, error) {
	p, err := c.open()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.dir()); errors.Is(err, os.ErrNotExist) {
		return nil, usageError{fmt.Errorf("%s: the sweep has not begun: there is no such folder; begin it with: %s", c.dir(), command(append([]string{"sweep", "run"}, c.args()...)...))}
	}
	r := sweep.Runner{Plan: p.Plan, Store: sweep.Store{Dir: c.dir()}}
	return r.Look()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readText reads a TOML file; advice says what it should be.
func readText(path, advice string) ([]byte, error) {
	text, err := whole.Read(path, train.MaxText)
	var fault *fs.PathError
	if err != nil && !errors.As(err, &fault) {
		err = fmt.Errorf("%w; %s", err, advice)
	}
	return text, err
}

// A machineFlags says how much of the machine a sweep may use.
type machineFlags struct {
	Jobs    string `placeholder:"N" help:"Trainings side by side; as many as cores and memory allow if not given."`
	Workers string `placeholder:"N" help:"Goroutines, shared out among them; one for each CPU if not given."`
}

// slots is how many trainings run side by side, and with how many goroutines in
// all.
func (c machineFlags) slots(p *sweep.Plan, faults *usageError) (jobs, goroutines int) {
	goroutines = workers(c.Workers, faults)
	jobs = faults.number("--jobs", c.Jobs, 0, 1, 1024)
	if jobs > 0 || p == nil {
		return jobs, goroutines
	}
	jobs = goroutines
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	free, ok := freeMemory()
	if !ok {
		return min(2, jobs), goroutines
	}
	if err := p.TooLarge(int64(free)); err != nil {
		for _, fault := range split(err) {
			faults.add("%w; --jobs 1 tries all the same", fault)
		}
	}
	return max(1, min(jobs, int(free/10*9/uint64(p.Memory())))), goroutines
}

type sweepPlanCommand struct {
	sweepFile
	machineFlags
	NoProbe bool `help:"Do not train for a moment to estimate the time."`
	JSON    bool `help:"Print the plan as JSON."`
}

// Help is shown after the flags.
func (sweepPlanCommand) Help() string {
	return `Every point is checked, its images too; what cannot be trained is named, and nothing begins. Some points are then trained for a moment, which takes seconds, to estimate the time of all.

    firstspike sweep plan rates.toml`
}

func (c *sweepPlanCommand) faults() (faults usageError) {
	c.slots(nil, &faults)
	return faults
}

// A planOutput is a plan as --json prints it.
type planOutput struct {
	Name     string      `json:"name"`
	Dir      string      `json:"dir"`
	Points   []planPoint `json:"points"`
	Seeds    []uint64    `json:"seeds"`
	Runs     int         `json:"runs"`
	Rungs    []planRung  `json:"rungs"`
	LeftOut  int         `json:"left_out"`
	Twice    int         `json:"twice"`
	Prefixes int         `json:"shared_prefixes"`
	Slots    int         `json:"side_by_side"`
	Seconds  float64     `json:"seconds,omitempty"`
	Alone    float64     `json:"seconds_without_sharing,omitempty"`
	Memory   int64       `json:"bytes_of_memory,omitempty"` // of one training
}

type planPoint struct {
	Index    int               `json:"point"`
	Settings map[string]string `json:"settings"`
}

type planRung struct {
	Points int `json:"points"`
	Epochs int `json:"epochs"`
}

// Run prints the plan.
func (c *sweepPlanCommand) Run(s *streams) error {
	var faults usageError
	c.slots(nil, &faults)
	if err := faults.err(); err != nil {
		return err
	}
	p, err := c.open()
	if err != nil {
		return err
	}
	out := planOutput{Name: p.Sweep.Name, Dir: c.dir(), Seeds: p.Sweep.Seeds, LeftOut: p.Left, Twice: p.Twice}
	if out.Slots, _ = c.slots(p.Plan, &faults); len(faults) > 0 {
		return faults.err()
	}
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		return err
	}
	leaders, _ := sweep.Leaders(jobs)
	out.Prefixes = len(leaders)
	for _, point := range p.Points {
		settings := map[string]string{}
		for _, v := range point.Settings {
			settings[v.Path] = v.Value
		}
		out.Points = append(out.Points, planPoint{point.Index, settings})
	}
	for rung := range p.Rungs() {
		of, err := p.Jobs(rung, p.All()[:1])
		if err != nil {
			return err
		}
		layers := of[0].Experiment.Layers
		out.Rungs = append(out.Rungs, planRung{p.Kept(rung), layers[len(layers)-1].Learn.Epochs})
		out.Runs += p.Kept(rung) * len(p.Sweep.Seeds)
	}
	if !c.NoProbe {
		ctx := interruptible(noter(func(string) {}))
		if out.Seconds, out.Alone, out.Memory, err = p.Estimate(ctx, out.Slots); err != nil {
			return err
		}
	}
	if c.JSON {
		return encodeJSON(s.out, out)
	}
	_, err = io.WriteString(s.out, out.text(p.Plan, columns(s.out), c.args()))
	return err
}

// text is a plan for people.
func (o planOutput) text(p *sweep.Plan, width int, file []string) string {
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		b.WriteString(wrap(fmt.Sprintf(format, args...), indent, width) + "\n")
	}
	say(0, "%s: %s, %s each: %s of %s", visible(o.Name), plural(len(o.Points), "point"), plural(len(o.Seeds), "seed"), plural(o.Runs, "training"), visible(p.Base.Name))
	for _, a := range p.Sweep.Axes {
		say(4, "  %s", axisText(a, p))
	}
	for _, path := range p.Derived() {
		say(4, "  %s = %s", path, visible(p.Sweep.Derive[path]))
	}
	if o.LeftOut > 0 {
		say(2, "%s left out by conditions", plural(o.LeftOut, "point"))
	}
	if o.Twice > 0 {
		say(2, "%s left out because another is the same experiment", plural(o.Twice, "point"))
	}
	if len(o.Rungs) > 1 {
		for i, r := range o.Rungs {
			say(2, "rung %d: %s, %s of the last layer", i+1, plural(r.Points, "point"), plural(r.Epochs, "epoch"))
		}
	}
	if o.Prefixes > 0 {
		say(2, "the layers before the last are learned %s, and shared by all points that have them in common", plural(o.Prefixes, "time"))
	}
	if o.Seconds > 0 {
		say(2, "about %s, %d side by side, rather less; %s if every training learned all of its layers", duration(seconds(o.Seconds)), o.Slots, duration(seconds(o.Alone)))
		say(2, "about %s of memory for each training", megabytes(o.Memory))
	}
	say(2, "folder: %s", visible(o.Dir))
	fmt.Fprintf(&b, "\nBegin it with: %s\n", command(append([]string{"sweep", "run"}, file...)...))
	return b.String()
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s, 1e9) * float64(time.Second))
}

// axisText is an axis with its values.
func axisText(a sweep.Axis, p *sweep.Plan) string {
	text := visible(a.Name()) + ": "
	levels := a.Levels()
	if levels == nil {
		span := a.Range
		if a.Log != nil {
			span = a.Log
		}
		text += fmt.Sprintf("%v to %v", span.From, span.To)
		if a.Log != nil {
			text += ", logarithmic"
		}
		if a.Whole {
			text += ", whole numbers"
		}
	} else {
		const most = 12
		for i, l := range levels {
			if i > 0 {
				text += "  "
			}
			if i == most {
				text += fmt.Sprintf("… %s in all", count(len(levels)))
				break
			}
			text += visible(strings.Join(l, "/"))
		}
	}
	if a.When != "" {
		text += ", where " + visible(a.When)
	}
	return text
}

// stageShared is the stage of a sweep, as --stage takes it, in which jobs learn
// layers that others need. All others of their rung follow.
const stageShared = "shared"

// stageRung is the stage in which a rung is trained.
func stageRung(rung int) string { return "rung" + strconv.Itoa(rung+1) }
