package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"firstspike/study"
	"firstspike/sweep"
)

type sweepBestCommand struct {
	sweepFile
	N        string `short:"n" placeholder:"N" help:"How many points; 10 if not given."`
	By       string `placeholder:"WHAT" help:"mean: of all seeds (if not given). worst: the worst seed."`
	SetLines bool   `help:"Print only the settings of the best point, as train takes them."`
	JSON     bool   `help:"Print them as JSON."`
}

// Help is shown after the flags.
func (sweepBestCommand) Help() string {
	return `Points are judged by held-out training images; the test images are not looked at.

    firstspike sweep best rates.toml
    firstspike sweep best rates.toml --set-lines
    firstspike train mozafari2018 $(firstspike sweep best rates.toml --set-lines)

--set-lines prints all in which the point differs from the preset, a line each, to put into a file or behind a command as above.

Of many points the best looks better than it is: it is also the luckiest. An interval says how sure a mean is, not how sure it is that the point is the best; whether another is behind it for sure, the differences seed by seed tell better. How good it is the test tells, which no point was chosen by: firstspike sweep test.`
}

func (c *sweepBestCommand) faults() (faults usageError) {
	faults.number("-n", c.N, 10, 1, sweep.MaxJobs)
	faults.by(c.By)
	if c.SetLines && c.JSON {
		faults.add("--set-lines --json: choose one")
	}
	return faults
}

// by is what is wrong with a --by.
func (u *usageError) by(by string) {
	if by != "" && by != "mean" && by != "worst" {
		u.add("--by %s: it can be mean or worst", by)
	}
}

// rankedBy are the points that have results, the best first, by the mean of their
// seeds or by the worst.
func rankedBy(o *sweep.Outcome, by string) []sweep.Line {
	lines := ahead(o, sweep.MaxJobs)
	if by == "worst" {
		slices.SortStableFunc(lines, func(a, b sweep.Line) int {
			if a.Complete() != b.Complete() {
				return 0 // they are apart already
			}
			return cmp.Compare(b.Worst, a.Worst)
		})
	}
	return lines
}

// Run names the best points.
func (c *sweepBestCommand) Run(s *streams) error {
	faults := c.faults()
	n := faults.number("-n", c.N, 10, 1, sweep.MaxJobs)
	if err := faults.err(); err != nil {
		return err
	}
	p, err := c.open()
	if err != nil {
		return err
	}
	o, err := c.look()
	if err != nil {
		return err
	}
	lines := rankedBy(o, c.By)
	if len(lines) == 0 {
		return fmt.Errorf("%s: no training has ended yet", c.dir())
	}
	switch {
	case c.SetLines:
		if !lines[0].Complete() {
			return fmt.Errorf("%s: no point has results of all of its seeds yet", c.dir())
		}
		for _, setting := range study.Differences(p.preset, lines[0].Jobs[0].Experiment) {
			if setting.Path == "seed" {
				continue
			}
			text := setting.Path + "=" + setting.B
			if quote(text) != text {
				fmt.Fprintf(s.err, "note: behind $(...) a shell takes the value of %s apart: write that line by hand\n", setting.Path)
			}
			fmt.Fprintf(s.out, "--set %s\n", quote(text))
		}
		return nil
	case c.JSON:
		return encodeJSON(s.out, pointOutputs(lines[:min(n, len(lines))]))
	}
	_, err = io.WriteString(s.out, pointsText(o, lines[:min(n, len(lines))], columns(s.out)))
	return err
}
