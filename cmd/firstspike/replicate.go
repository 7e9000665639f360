package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

type replicateCommand struct {
	Preset string `arg:"" optional:"" help:"A preset (mozafari2018 if none is named), a TOML file, or a run, whose experiment it is."`

	Seeds    string   `placeholder:"LIST" help:"How many seeds, from 1 on, or which: 10, 4-13 or 7,8,9. 10 if not given."`
	Out      string   `placeholder:"DIR" help:"The folder, with a run for every seed; runs/NAME-study if not given."`
	Jobs     string   `placeholder:"N" help:"Trainings side by side; as many as cores and memory allow if not given."`
	Set      []string `sep:"none" placeholder:"PATH=VALUE" help:"Change a setting, as train does. Can be repeated."`
	Epochs   []string `placeholder:"LAYER=N" help:"Epochs of a layer. Can be repeated."`
	Limit    string   `placeholder:"N" help:"Use only the first N training images."`
	Paper    bool     `help:"Train as long as the paper did."`
	Protocol string   `placeholder:"KIND" help:"validation or paper, as for train."`
	Data     string   `placeholder:"SPEC" help:"The images, as for train."`
	Workers  string   `placeholder:"N" help:"Goroutines, shared out among the trainings; one for each CPU if not given."`
	Cache    string   `placeholder:"DIR" help:"Where trained layers are kept, as for train."`
	NoCache  bool     `help:"Train all layers anew, and keep none."`
	JSON     bool     `help:"Print the result as JSON."`
}

// Help is shown after the flags.
func (replicateCommand) Help() string {
	return `Ten seeds of the default, with mean and interval beside what the paper says; the paper's own length and protocol with three:

    firstspike replicate
    firstspike replicate mozafari2018 --seeds 3 --paper --protocol paper --out runs/paper-study

A study that was stopped goes on with the same command: finished seeds are read, others resumed. The folder then has study.json, epochs.csv, and the runs, on which every other command works. See also firstspike compare.`
}

// plan turns the flags into a study.
func (c *replicateCommand) plan() (s study.Study, notes []string, faults usageError) {
	t := trainCommand{Preset: c.Preset, Set: c.Set, Epochs: c.Epochs, Limit: c.Limit, Paper: c.Paper, Protocol: c.Protocol,
		Data: c.Data, Workers: c.Workers, Cache: c.Cache, NoCache: c.NoCache}
	plan, faults := t.plan()
	s = study.Study{Experiment: plan.experiment, Dir: c.Out, Options: plan.options}
	if s.Seeds = seeds(c.Seeds, "10", &faults); c.Out == "" {
		s.Dir = strings.TrimSuffix(plan.dir, fmt.Sprintf("-seed%d", plan.experiment.Seed)) + "-study"
	}
	if c.Jobs != "" {
		n, err := strconv.Atoi(c.Jobs)
		if err != nil || n < 1 || n > 1024 {
			faults.add("--jobs %s: it must be a whole number from 1 to 1024", c.Jobs)
		}
		s.Jobs = n
	} else if s.Options.Train != nil {
		s.Jobs = sideBySide(s.Experiment, s.Options)
	}
	return s, plan.notes, faults
}

func (c *replicateCommand) faults() usageError {
	_, _, faults := c.plan()
	return faults
}

// seeds reads a number of seeds or a list of them.
func seeds(text, unset string, faults *usageError) []uint64 {
	if text == "" {
		text = unset
	}
	list, err := study.ParseSeeds(text)
	if err != nil {
		faults.add("--seeds %w", err)
	}
	return list
}

// Run trains the seeds and tells what came of them.
func (c *replicateCommand) Run(s *streams) error {
	ignore(brokenPipe)
	plan, notes, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	runs, err := conduct(s, plan, notes)
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(s.err, "firstspike: interrupted with %d of %s finished; all is saved, and the same command goes on\n", len(runs), plural(len(plan.Seeds), "seed"))
		return silentError(statusInterrupted)
	}
	if len(runs) > 0 {
		out := newStudyOutput(plan, runs)
		err = errors.Join(err, out.save(plan.Dir))
		if c.JSON {
			err = errors.Join(err, json.NewEncoder(s.out).Encode(out))
		} else {
			_, failed := io.WriteString(s.out, out.text(plan, columns(s.out)))
			err = errors.Join(err, failed)
		}
	}
	return err
}

// conduct runs a study and shows how it goes.
func conduct(s *streams, plan study.Study, notes []string) ([]study.Run, error) {
	board := newBoard(s.err, plan, notes)
	plan.Observe = board.observe
	runs, err := plan.Run(interruptible(board))
	board.close()
	return runs, err
}

// A studyOutput is a study as study.json has it.
type studyOutput struct {
	Name        string         `json:"name"`
	Protocol    string         `json:"protocol"`
	Measure     string         `json:"measure"`
	Test        study.Summary  `json:"test_percent"`
	BestOnTest  *study.Summary `json:"best_on_test_percent,omitempty"`
	Seconds     study.Summary  `json:"seconds"`
	Seeds       []seedOutput   `json:"seeds"`
	Curve       []study.Point  `json:"curve"`
	CurveOf     string         `json:"curve_of"`
	Departures  []string       `json:"departures,omitempty"`
	Unfinished  []uint64       `json:"unfinished_seeds,omitempty"`
	Machine     machine        `json:"machine"`
	Experiments string         `json:"experiment"` // as TOML
}

type seedOutput struct {
	Seed       uint64   `json:"seed"`
	Dir        string   `json:"dir"`
	Percent    float64  `json:"test_percent"`
	Epoch      int      `json:"epoch"` // from 1
	Validation *float64 `json:"validation_percent,omitempty"`
	BestOnTest *float64 `json:"best_on_test_percent,omitempty"`
	BestEpoch  int      `json:"best_on_test_epoch,omitempty"` // from 1
	Seconds    float64  `json:"seconds"`
	Cached     bool     `json:"first_layers_from_cache,omitempty"`
}

func newStudyOutput(plan study.Study, runs []study.Run) studyOutput {
	e := plan.Experiment
	o := studyOutput{Name: e.Name, Protocol: e.Protocol.Kind, Machine: thisMachine(),
		Measure: "test images right, in percent, after the epoch that was best on held-out training images", CurveOf: "validation"}
	if e.Protocol.Kind == train.ProtocolPaper {
		o.Measure, o.CurveOf = "test images right, in percent, after the last epoch", "test"
	}
	if e.Readout.Rule == train.ReadoutSVM {
		o.Measure = "test images right, in percent, read by a linear SVM after the last epoch"
	}
	text, _ := e.TOML() // it has been checked
	o.Experiments = string(text)
	var test, best, seconds []float64
	done := map[uint64]bool{}
	for _, r := range runs {
		done[r.Seed] = true
		line := seedOutput{Seed: r.Seed, Dir: r.Dir, Percent: r.Accuracy(), Epoch: r.Report.Epoch + 1, Seconds: r.Report.Seconds, Cached: r.Report.Cached != nil}
		if v := r.Report.Validation; v != nil {
			p := 100 * v.Accuracy()
			line.Validation = &p
		}
		if p, ok := r.BestOnTest(); ok {
			line.BestOnTest, line.BestEpoch = &p, r.Report.BestOnTest.Epoch+1
			best = append(best, p)
		}
		test, seconds = append(test, line.Percent), append(seconds, line.Seconds)
		o.Seeds = append(o.Seeds, line)
	}
	for _, seed := range plan.Seeds {
		if !done[seed] {
			o.Unfinished = append(o.Unfinished, seed)
		}
	}
	o.Test, o.Seconds = study.Summarise(test), study.Summarise(seconds)
	if len(best) > 0 {
		b := study.Summarise(best)
		o.BestOnTest = &b
	}
	o.Curve = study.Curve(runs, judged)
	if p, ok := preset.Lookup(e.Name); ok {
		o.Departures = departures(e, p)
	}
	return o
}

// judged is the score of an epoch on the images that it is judged by.
func judged(e train.EpochEnd) *train.Score {
	if e.Validation != nil {
		return e.Validation
	}
	return e.Test
}

// save writes study.json and epochs.csv.
func (o studyOutput) save(dir string) error {
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(dir, "study.json"), append(text, '\n'), 0o666)
	f, failed := os.Create(filepath.Join(dir, "epochs.csv"))
	if failed != nil {
		return errors.Join(err, failed)
	}
	w := csv.NewWriter(f)
	w.Write([]string{"epoch", o.CurveOf + "_mean", "low_95", "high_95", "sd", "worst", "best", "seeds"})
	for _, p := range o.Curve {
		line := []string{fmt.Sprint(p.Epoch + 1)}
		for _, v := range []float64{p.Mean, p.Low, p.High, p.SD, p.Worst, p.Best} {
			line = append(line, strconv.FormatFloat(v, 'g', 6, 64))
		}
		w.Write(append(line, fmt.Sprint(p.N)))
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
}

// text is a study for people.
func (o studyOutput) text(plan study.Study, width int) string {
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		b.WriteString(wrap(fmt.Sprintf(format, args...), indent, width) + "\n")
	}
	say(0, "\n%s, %s; %s", o.Name, plural(len(o.Seeds), "seed"), o.Measure)
	b.WriteString("\n  seed   test %  epoch")
	if o.BestOnTest != nil {
		b.WriteString("   best on test %  epoch")
	} else {
		b.WriteString("   validation %")
	}
	b.WriteString("     time\n")
	cached := false
	for _, l := range o.Seeds {
		fmt.Fprintf(&b, "%6d   %6.2f  %5d", l.Seed, l.Percent, l.Epoch)
		switch {
		case l.BestOnTest != nil:
			fmt.Fprintf(&b, "   %14.2f  %5d", *l.BestOnTest, l.BestEpoch)
		case l.Validation != nil:
			fmt.Fprintf(&b, "   %12.2f", *l.Validation)
		}
		mark := ""
		if l.Cached {
			mark, cached = " *", true
		}
		fmt.Fprintf(&b, "  %7s%s\n", took(l.Seconds), mark)
	}
	b.WriteString("\n")
	if cached {
		say(0, "* the first layers came from the cache")
	}
	say(0, "%s", summaryText(o.Test))
	if o.BestOnTest != nil {
		say(0, "best on test, as papers report it, which says too much: %s", summaryText(*o.BestOnTest))
	}
	if len(o.Unfinished) > 0 {
		say(0, "not finished: %s %v", plural(len(o.Unfinished), "seed"), o.Unfinished)
	}
	if p, ok := preset.Lookup(o.Name); ok {
		if len(p.Results) > 0 {
			b.WriteString("\nWhat others report, and how far the mean is from it:\n")
			for _, r := range p.Results {
				mean := o.Test
				if o.BestOnTest != nil {
					mean = *o.BestOnTest
				}
				say(4, "  %6.2f %%%s, %s (%s): %+.2f (%+.2f to %+.2f)", r.Percent, after(r.Epoch), r.By, r.How, mean.Mean-r.Percent, mean.Low-r.Percent, mean.High-r.Percent)
			}
		}
		if len(o.Departures) > 0 {
			b.WriteString("\nThese trainings depart from the source:\n")
			for _, d := range o.Departures {
				say(4, "  - %s", d)
			}
		}
	}
	fmt.Fprintf(&b, "\nAll numbers are in %s", visible(filepath.Join(plan.Dir, "study.json")))
	if len(o.Curve) > 0 {
		fmt.Fprintf(&b, ", the curve in %s", visible(filepath.Join(plan.Dir, "epochs.csv")))
	}
	b.WriteString(".\n")
	return b.String()
}

// after names the epoch of a reported result, if it is known.
func after(epoch int) string {
	if epoch == 0 {
		return ""
	}
	return fmt.Sprintf(" after epoch %d", epoch)
}

// summaryText is a summary of percentages in a line.
func summaryText(s study.Summary) string {
	if s.N == 1 {
		return fmt.Sprintf("%.2f %%; one seed says nothing of how others do", s.Mean)
	}
	return fmt.Sprintf("mean %.2f %% (95 %% interval %.2f to %.2f), one seed scatters by %.2f (standard deviation); worst %.2f, best %.2f",
		s.Mean, s.Low, s.High, s.SD, s.Worst, s.Best)
}
