package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"firstspike/figure"
	"firstspike/study"
	"firstspike/train"
)

// published is the replication's own curve, from the files that it published
// with its code: test images right after every epoch, in percent.
var published = []float64{
	73.22, 79.92, 82.45, 83.34, 82.65, 85.07, 85.44, 85.23, 85.03, 85.65, 85.55, 85.27, 86.58, 85.83, 86.77, 87.48, 86.68, 86.64, 87.38, 87.10,
	86.25, 87.40, 86.97, 87.62, 87.85, 87.14, 87.79, 87.02, 86.99, 87.69, 87.91, 88.34, 88.56, 88.30, 88.03, 87.83, 88.28, 88.39, 88.32, 88.67,
}

// score is a run's result: the mean of its last epochs on the test images, in
// percent, because one epoch goes up and down by half a point.
func score(r study.Run) float64 {
	var last []float64
	for _, e := range r.Epochs {
		if e.Test != nil {
			last = append(last, 100*e.Test.Accuracy())
		}
	}
	last = last[max(0, len(last)-lastEpochs):]
	sum := 0.0
	for _, v := range last {
		sum += v
	}
	return sum / float64(max(1, len(last)))
}

const lastEpochs = 5

func scores(runs []study.Run) []float64 {
	var list []float64
	for _, r := range runs {
		list = append(list, score(r))
	}
	return list
}

// pair is the results of two variants for the seeds that both have.
func pair(a, b variant) (x, y []float64) {
	for _, r := range a.runs {
		for _, o := range b.runs {
			if r.Seed == o.Seed {
				x, y = append(x, score(r)), append(y, score(o))
			}
		}
	}
	return x, y
}

func find(variants []variant, base, change string) variant {
	for _, v := range variants {
		if v.base == base && v.change == change {
			return v
		}
	}
	panic("replication: no variant " + base + " " + change)
}

// tell writes what came of the runs.
func tell(w io.Writer, out string, variants []variant, seeds int) error {
	if err := table(w, variants, seeds); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := numbers(&b, variants); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "replication.csv"), b.Bytes(), 0o666); err != nil {
		return err
	}
	if err := draw(filepath.Join(out, "replication-curves.png"), curves(variants)); err != nil {
		return err
	}
	return draw(filepath.Join(out, "replication-departures.png"), effects(variants))
}

// table writes what each departure costs, as Markdown.
func table(w io.Writer, variants []variant, seeds int) error {
	a, b := find(variants, original, ""), find(variants, replica, "")
	for _, v := range []variant{a, b} {
		s := study.Summarise(scores(v.runs))
		fmt.Fprintf(w, "%s: %.2f %% (%.2f to %.2f), %d of %d seeds\n", v.base, s.Mean, s.Low, s.High, s.N, seeds)
	}
	fmt.Fprintf(w, "\n| departure | %s with it, points | %s without it, points | seeds |\n|---|---|---|---|\n", original, replica)
	for _, d := range departures {
		in, out := find(variants, original, d.name), find(variants, replica, d.name)
		base := a
		if d.needs != "" {
			base = find(variants, original, d.needs)
		}
		with, without := study.Compare(pair(base, in)), study.Compare(pair(b, out))
		fmt.Fprintf(w, "| %s: %s | %s | %s | %d, %d |\n", d.name, d.text, points(with), points(without), with.N, without.N)
	}
	return nil
}

// points is a difference with its interval.
func points(d study.Difference) string {
	switch d.N {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%+.2f", d.Mean)
	}
	return fmt.Sprintf("%+.2f (%+.2f to %+.2f)", d.Mean, d.Low, d.High)
}

// numbers writes every epoch of every run as CSV.
func numbers(w io.Writer, variants []variant) error {
	rows := [][]string{{"experiment", "seed", "epoch", "train_right", "test_right"}}
	for _, v := range variants {
		for _, r := range v.runs {
			for _, e := range r.Epochs {
				if e.Test == nil || e.Train == nil {
					continue
				}
				rows = append(rows, []string{v.folder(), strconv.FormatUint(r.Seed, 10), strconv.Itoa(e.Epoch + 1),
					strconv.FormatFloat(e.Train.Accuracy(), 'f', 5, 64), strconv.FormatFloat(e.Test.Accuracy(), 'f', 5, 64)})
			}
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// curves are both models and the published curve, epoch by epoch.
func curves(variants []variant) figure.Figure {
	panel := figure.Panel{Name: "test images right", Percent: true, Low: .7, High: 1}
	for _, v := range []variant{find(variants, original, ""), find(variants, replica, "")} {
		s := figure.Series{Name: v.base}
		for _, p := range study.Curve(v.runs, func(e train.EpochEnd) *train.Score { return e.Test }) {
			s.X, s.Y = append(s.X, float64(p.Epoch+1)), append(s.Y, p.Mean/100)
			s.Low, s.High = append(s.Low, p.Worst/100), append(s.High, p.Best/100)
		}
		panel.Series = append(panel.Series, s)
	}
	theirs := figure.Series{Name: "the replication, as published"}
	for i, v := range published {
		theirs.X, theirs.Y = append(theirs.X, float64(i+1)), append(theirs.Y, v/100)
	}
	panel.Series = append(panel.Series, theirs)
	return figure.Curves{Heading: "The model, its replication, and the replication's own curve", Panels: []figure.Panel{panel}}
}

// effects are what each departure changes, both ways.
func effects(variants []variant) figure.Figure {
	f := figure.Intervals{Heading: "What each departure changes", X: "points of test images right"}
	a, b := find(variants, original, ""), find(variants, replica, "")
	add := func(name string, x, y []float64) {
		d := study.Compare(x, y)
		if d.N == 0 {
			return
		}
		row := figure.Interval{Name: name, Mean: d.Mean, Low: d.Low, High: d.High}
		for i := range x {
			row.Points = append(row.Points, y[i]-x[i])
		}
		f.Rows = append(f.Rows, row)
	}
	for _, d := range departures {
		base := a
		if d.needs != "" {
			base = find(variants, original, d.needs)
		}
		x, y := pair(base, find(variants, original, d.name))
		add("model with "+d.name, x, y)
		x, y = pair(b, find(variants, replica, d.name))
		add("replica without "+d.name, x, y)
	}
	return f
}

func draw(path string, f figure.Figure) error {
	var b bytes.Buffer
	if err := figure.PNG(&b, f, 144); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}
