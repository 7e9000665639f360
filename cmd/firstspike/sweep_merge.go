package main

import (
	"io"
	"path/filepath"
	"time"

	"firstspike/figure"
	"firstspike/internal/whole"
	"firstspike/sweep"
)

type sweepMergeCommand struct {
	sweepFile
	Wait bool `help:"Wait until all trainings have ended, wherever; for two minutes longer if some have failed, which may be tried again."`
}

// Help is shown after the flags.
func (sweepMergeCommand) Help() string {
	return `The sweep's folder gets these files, also when some trainings are still to come:

    points.csv, points.parquet    a row for every point: settings, mean, 95 % interval, worst seed
    runs.csv, runs.parquet        a row for every training: settings, seed, images right, the sum of its weights
    report.html                   the page with pictures: which settings matter, and which points are best
    parallel.png, effects.png     these pictures, and combinations.png of two or three axes

    firstspike sweep merge rates.toml
    python -c 'import pandas; print(pandas.read_parquet("rates-sweep/points.parquet"))'

Every training is counted once, however many processes had a part in it.`
}

// Run merges.
func (c *sweepMergeCommand) Run(s *streams) error {
	if c.Wait {
		if err := c.wait(); err != nil {
			return err
		}
	}
	o, err := c.look()
	if err != nil {
		return err
	}
	files, err := c.files(o)
	if err != nil {
		return err
	}
	text := statusText(o, columns(s.out), c.args())
	for _, f := range files {
		path := filepath.Join(c.dir(), f.name)
		if err := whole.Write(path, 0o644, f.write); err != nil {
			return err
		}
		text += visible(path) + "\n"
	}
	_, err = io.WriteString(s.out, text)
	return err
}

// wait waits for the sweep to begin, and to end.
func (c *sweepMergeCommand) wait() error {
	p, err := c.open()
	if err != nil {
		return err
	}
	r := sweep.Runner{Plan: p.Plan, Store: sweep.Store{Dir: c.dir()}}
	ctx := interruptible(noter(func(string) {}))
	// An engine may try again what has failed, after a while.
	const patience = 2 * time.Minute
	changed, before := time.Now(), 0
	for {
		o, err := r.Look() // of a folder that is not there yet, too
		if err != nil {
			return err
		}
		if now := o.Done<<20 + o.Failed; now != before || len(o.Working) > 0 {
			changed, before = time.Now(), now
		}
		if o.Done == o.Jobs || o.Done+o.Failed == o.Jobs && time.Since(changed) > patience {
			return nil
		}
		select {
		case <-ctx.Done():
			return silentError(statusInterrupted)
		case <-time.After(5 * time.Second):
		}
	}
}

// files are what merge writes.
func (c *sweepMergeCommand) files(o *sweep.Outcome) ([]mergedFile, error) {
	page, err := sweepPage(o, c.args())
	if err != nil {
		return nil, err
	}
	points, runs := o.Points(), o.Runs()
	files := []mergedFile{
		{"points.csv", points.CSV}, {"points.parquet", points.Parquet}, {"runs.csv", runs.CSV}, {"runs.parquet", runs.Parquet}, {"report.html", page.Write},
	}
	picture := func(name string, f figure.Figure) {
		const dpi = 192
		files = append(files, mergedFile{name, func(w io.Writer) error { return figure.PNG(w, f, dpi) }})
	}
	picture("parallel.png", o.Parallel())
	picture("effects.png", o.MainEffects())
	if heat, ok := o.Heat(); ok {
		picture("combinations.png", heat)
	}
	return files, nil
}
