package main

import (
	"bytes"
	"io"
	"path/filepath"

	"firstspike/figure"
	"firstspike/internal/whole"
	"firstspike/sweep"
)

type sweepMergeCommand struct {
	sweepFile
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
	o, err := c.look()
	if err != nil {
		return err
	}
	written, err := merge(c.sweepFile, o)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, statusText(o, columns(s.out), c.args())+written)
	return err
}

// merge writes the files, and lists them.
func merge(c sweepFile, o *sweep.Outcome) (written string, err error) {
	if c.copied() {
		mine, _, err := sweep.Store{Dir: c.File}.Texts()
		if err != nil {
			return "", err
		}
		if now, _, err := (sweep.Store{Dir: c.dir()}).Texts(); err == nil && !bytes.Equal(now, mine) {
			return "the sweep has changed since this was submitted: its files are left as they are\n", nil
		}
	}
	files, err := mergedFiles(c, o)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		path := filepath.Join(c.dir(), f.name)
		if err := whole.Write(path, 0o644, f.write); err != nil {
			return written, err
		}
		written += visible(path) + "\n"
	}
	return written, nil
}

// mergedFiles are what merge writes.
func mergedFiles(c sweepFile, o *sweep.Outcome) ([]mergedFile, error) {
	looks, err := readLooks(c.dir())
	if err != nil {
		return nil, err
	}
	page, err := sweepPage(o, looks, c.args())
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
