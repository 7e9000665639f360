package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"firstspike/study"
	"firstspike/sweep"
)

type sweepStatusCommand struct {
	sweepFile
	JSON bool `help:"Print it as JSON."`
}

// Help is shown after the flags.
func (sweepStatusCommand) Help() string {
	return `How many trainings have ended, which go on and where, how long the rest will take, why trainings failed, and which points are ahead so far. It only looks, and may be asked at any time.

    firstspike sweep status rates.toml`
}

// Run tells how far a sweep is.
func (c *sweepStatusCommand) Run(s *streams) error {
	o, err := c.look()
	if err != nil {
		return err
	}
	if c.JSON {
		return encodeJSON(s.out, statusOf(o, c.dir()))
	}
	_, err = io.WriteString(s.out, statusText(o, columns(s.out), c.args()))
	return err
}

// A statusOutput is how far a sweep is, as --json prints it.
type statusOutput struct {
	Name     string          `json:"name"`
	Dir      string          `json:"dir"`
	Runs     int             `json:"runs"`
	Finished int             `json:"finished"`
	Failed   int             `json:"failed"`
	Working  []workingOutput `json:"working"`
	Left     float64         `json:"seconds_left,omitempty"`
	Failures []failureOutput `json:"failures"`
	Best     []pointOutput   `json:"best"`
}

type workingOutput struct {
	Point   int     `json:"point"`
	Seed    uint64  `json:"seed"`
	Host    string  `json:"host"`
	Process int     `json:"process"`
	At      string  `json:"at"`
	Part    float64 `json:"part"`
}

type failureOutput struct {
	Error string   `json:"error"`
	Jobs  []string `json:"jobs"`
}

type pointOutput struct {
	Point    int               `json:"point"`
	Settings map[string]string `json:"settings"`
	Percent  study.Summary     `json:"validation_percent"`
	Behind   *study.Summary    `json:"behind,omitempty"` // the first of the list, seed by seed
	Seeds    int               `json:"seeds"`
}

func statusOf(o *sweep.Outcome, dir string) statusOutput {
	out := statusOutput{Name: o.Plan.Sweep.Name, Dir: dir, Runs: o.Jobs, Finished: o.Done, Failed: o.Failed, Left: o.Left.Seconds(),
		Working: []workingOutput{}, Failures: failuresOf(o), Best: []pointOutput{}}
	for _, w := range o.Working {
		out.Working = append(out.Working, workingOutput{w.Job.Point, w.Job.Seed, w.Host, w.Process, w.At, w.Part})
	}
	out.Best = append(out.Best, pointOutputs(ahead(o, 5))...)
	return out
}

// pointOutputs are points as --json prints them, the best first.
func pointOutputs(lines []sweep.Line) (out []pointOutput) {
	for i, l := range lines {
		p := newPointOutput(l)
		if d := l.Behind(lines[0]); i > 0 && d.N > 0 {
			p.Behind = &d
		}
		out = append(out, p)
	}
	return out
}

func newPointOutput(l sweep.Line) pointOutput {
	p := pointOutput{Point: l.Point.Index, Settings: map[string]string{}, Percent: l.Summary, Seeds: len(l.Jobs)}
	for _, v := range l.Point.Settings {
		p.Settings[v.Path] = v.Value
	}
	return p
}

// ahead are the best lines that have results.
func ahead(o *sweep.Outcome, most int) []sweep.Line {
	ranked := o.Ranked()
	ranked = slices.DeleteFunc(ranked, func(l sweep.Line) bool { return l.N == 0 })
	return ranked[:min(most, len(ranked))]
}

// failuresOf are the reasons of failures, each with the jobs that have it.
func failuresOf(o *sweep.Outcome) []failureOutput {
	all := []failureOutput{}
	for _, l := range o.Lines {
		for _, f := range l.Failures {
			i := slices.IndexFunc(all, func(have failureOutput) bool { return have.Error == f.Error })
			if i < 0 {
				i = len(all)
				all = append(all, failureOutput{Error: f.Error})
			}
			for _, j := range l.Jobs {
				if j.Key == f.Key {
					all[i].Jobs = append(all[i].Jobs, j.String())
				}
			}
		}
	}
	return all
}

// statusText is how far a sweep is, for people.
func statusText(o *sweep.Outcome, width int, file []string) string {
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		b.WriteString(wrap(fmt.Sprintf(format, args...), indent, width) + "\n")
	}
	line := fmt.Sprintf("%s: %d of %s finished", visible(o.Plan.Sweep.Name), o.Done, plural(o.Jobs, "training"))
	if o.Failed > 0 {
		line += fmt.Sprintf(", %d failed", o.Failed)
	}
	if n := len(o.Working); n > 0 {
		line += fmt.Sprintf(", %d in training", n)
	}
	if o.Left > 0 {
		line += fmt.Sprintf("; about %s left with as many side by side", duration(o.Left))
	}
	say(0, "%s", line)
	if o.Done > 0 {
		say(2, "%s", spentText(o))
	}
	const most = 10 // of each kind
	for i, w := range o.Working {
		if i == most {
			say(2, "  and %d more", len(o.Working)-most)
			break
		}
		at := w.At
		if at == "" || strings.HasPrefix(at, ";") {
			at = "begins" + at
		}
		say(4, "  %v on %s, process %d: %s", w.Job, visible(w.Host), w.Process, visible(at))
	}
	for i, f := range failuresOf(o) {
		if i == most {
			say(2, "  and other failures; all are in the folder failures")
			break
		}
		jobs := strings.Join(f.Jobs[:min(3, len(f.Jobs))], "; ")
		if len(f.Jobs) > 3 {
			jobs += fmt.Sprintf("; and %d more", len(f.Jobs)-3)
		}
		say(4, "  failed: %s: %s", jobs, visible(firstLine(f.Error)))
	}
	if o.Failed > 0 {
		say(0, "What failed is tried again by: %s", command(append([]string{"sweep", "run"}, file...)...))
	}
	if lines := ahead(o, 5); len(lines) > 0 {
		b.WriteString("\n" + pointsText(o, lines, width))
	}
	if len(o.Versions) > 1 {
		say(0, "\nResults are from several versions of the program: %s", strings.Join(o.Versions, ", "))
	}
	return b.String()
}

// spentText is the time that trainings took, and what sharing saved.
func spentText(o *sweep.Outcome) string {
	text := fmt.Sprintf("%s of training", duration(o.Spent))
	if o.Shared > 0 {
		text += fmt.Sprintf("; %s took the first layers from another, which saved %s", plural(o.Shared, "training"), duration(o.Saved))
	}
	return text
}

// pointsText is a table of points.
func pointsText(o *sweep.Outcome, lines []sweep.Line, width int) string {
	var b strings.Builder
	what := "held-out images right, in percent: mean, 95 % interval, worst seed; how far behind the first, seed by seed, with its 95 % interval"
	if o.Plan.Rungs() > 1 {
		what = fmt.Sprintf("rung %d of %d; ", lines[0].Rung+1, o.Plan.Rungs()) + what
	}
	b.WriteString(wrap(what, 0, width) + "\n")
	for i, l := range lines {
		seeds := ""
		if !l.Complete() {
			seeds = fmt.Sprintf("  (%d of %d seeds)", l.N, len(l.Jobs))
		}
		// Student's interval of few seeds may reach beyond what can be.
		interval := fmt.Sprintf("%6.2f to %6.2f", max(0, l.Low), min(100, l.High))
		if l.N < 2 {
			interval = "               "
		}
		behind := ""
		if d := l.Behind(lines[0]); i > 0 && d.N > 1 {
			behind = fmt.Sprintf("  %.2f behind (%.2f to %.2f)", d.Mean, d.Low, d.High)
		}
		b.WriteString(wrap(fmt.Sprintf("  %6.2f  %s  %6.2f  point %d: %s%s%s", l.Mean, interval, l.Worst, l.Point.Index, visible(l.Point.String()), seeds, behind), 36, width) + "\n")
	}
	return b.String()
}

// encodeJSON writes v, indented.
func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
