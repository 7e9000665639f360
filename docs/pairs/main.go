// Command pairs compares learning with a reward and without on two digits at a
// time, over the number of maps in the last layer: the experiment of Figure 4 of
// Mozafari et al. (2019), as far as it could be built again.
//
//	go run ./docs/pairs -runs runs/pairs -out docs
//
// trains what is missing in the folder of runs, writes pairs.csv and pairs.png
// into the folder docs, and the table in docs/other-experiments.md to the
// standard output. It takes about a quarter of an hour on two cores, can be
// stopped at any time, and goes on from there. With -draw nothing is trained.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"firstspike/dataset"
	"firstspike/figure"
	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

func main() {
	o := options{maps: []int{2, 4, 6, 10, 20, 30, 40}, digits: []string{"0,1", "3,8", "4,9"}}
	flag.StringVar(&o.runs, "runs", filepath.Join("runs", "pairs"), "the folder of the runs")
	flag.StringVar(&o.out, "out", "docs", "the folder for the numbers and the picture")
	flag.StringVar(&o.cache, "cache", "", "a folder in which layers before the last are kept for other trainings")
	flag.IntVar(&o.seeds, "seeds", 3, "how many seeds, from 1")
	flag.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "trainings side by side")
	flag.BoolVar(&o.draw, "draw", false, "train nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := pairs(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pairs:", err)
		os.Exit(1)
	}
}

type options struct {
	runs, out, cache string
	seeds, jobs      int
	draw             bool
	maps             []int
	digits           []string
	limit            int // training images; 0: all
}

// A point is an experiment: two digits, a rule, and so many maps.
type point struct {
	digits, rule string
	maps         int
	study        study.Study
	runs         []study.Run
}

var rules = []struct{ preset, name string }{{"pairs", "with reward"}, {"pairs-stdp", "without"}}

// points are all experiments.
func points(o options) ([]point, error) {
	var list []point
	for _, digits := range o.digits {
		for _, rule := range rules {
			for _, maps := range o.maps {
				p, ok := preset.Lookup(rule.preset)
				if !ok {
					return nil, fmt.Errorf("there is no preset %s", rule.preset)
				}
				e := p.Experiment
				e.Data.Source, e.Data.Limit = "mnist:"+digits, o.limit
				if o.limit > 0 {
					e.Protocol.Validation = o.limit / 10
				}
				e.Layers[2].Maps = maps
				s := study.Study{Experiment: e, Dir: filepath.Join(o.runs, fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(digits, ",", "-"), rule.preset, maps)),
					Options: train.Options{Workers: 1, Cache: o.cache}}
				for seed := range o.seeds {
					s.Seeds = append(s.Seeds, uint64(seed+1))
				}
				list = append(list, point{digits: digits, rule: rule.name, maps: maps, study: s})
			}
		}
	}
	return list, nil
}

func pairs(ctx context.Context, o options, w io.Writer) error {
	list, err := points(o)
	if err != nil {
		return err
	}
	if !o.draw {
		if err := trainAll(ctx, o, list); err != nil {
			return err
		}
	}
	for i := range list {
		if list[i].runs, err = list[i].study.Finished(); err != nil {
			return err
		}
	}
	table(w, o, list)
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return err
	}
	var csv, png bytes.Buffer
	if err := numbers(&csv, list); err != nil {
		return err
	}
	if err := figure.PNG(&png, curves(o, list), 144); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(o.out, "pairs.csv"), csv.Bytes(), 0o666),
		os.WriteFile(filepath.Join(o.out, "pairs.png"), png.Bytes(), 0o666))
}

// trainAll trains what is missing, several trainings side by side.
func trainAll(ctx context.Context, o options, list []point) error {
	var studies []study.Study
	var learn, test *dataset.Set
	for i, p := range list {
		if i == 0 || p.digits != list[i-1].digits {
			var err error
			if learn, test, err = dataset.Open(p.study.Experiment.Data.Source); err != nil {
				return err
			}
		}
		p.study.Options.Train, p.study.Options.Test = learn, test
		studies = append(studies, p.study)
	}
	err := study.RunAll(ctx, studies, o.jobs, func(study.Study, []study.Run) {})
	if errors.Is(err, train.ErrInterrupted) {
		return errors.New("stopped; the same command goes on")
	}
	return err
}

func summary(runs []study.Run) study.Summary {
	var right []float64
	for _, r := range runs {
		right = append(right, r.Accuracy())
	}
	return study.Summarise(right)
}

func find(list []point, digits, rule string, maps int) point {
	for _, p := range list {
		if p.digits == digits && p.rule == rule && p.maps == maps {
			return p
		}
	}
	return point{}
}

// table writes the mean of every point, as Markdown.
func table(w io.Writer, o options, list []point) {
	fmt.Fprint(w, "| digits | last layer |")
	for _, m := range o.maps {
		fmt.Fprintf(w, " %d maps |", m)
	}
	fmt.Fprintf(w, "\n|---|---|%s\n", strings.Repeat("---|", len(o.maps)))
	for _, digits := range o.digits {
		for _, rule := range rules {
			fmt.Fprintf(w, "| %s | %s |", strings.ReplaceAll(digits, ",", " and "), rule.name)
			for _, m := range o.maps {
				s := summary(find(list, digits, rule.name, m).runs)
				if s.N == 0 {
					fmt.Fprint(w, " - |")
					continue
				}
				fmt.Fprintf(w, " %.1f (%.1f to %.1f) |", s.Mean, s.Worst, s.Best)
			}
			fmt.Fprintln(w)
		}
	}
}

// numbers writes every run.
func numbers(w io.Writer, list []point) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"digits", "last_layer", "maps", "seed", "test_right"}}
	for _, p := range list {
		for _, r := range p.runs {
			rows = append(rows, []string{p.digits, p.rule, strconv.Itoa(p.maps), strconv.FormatUint(r.Seed, 10), strconv.FormatFloat(r.Accuracy()/100, 'f', 5, 64)})
		}
	}
	return c.WriteAll(rows)
}

// curves are the results over the number of maps, a panel for each pair.
func curves(o options, list []point) figure.Figure {
	f := figure.Curves{Heading: "Two digits: maps learn with a reward, and without", X: "maps in the last layer"}
	for _, digits := range o.digits {
		panel := figure.Panel{Name: strings.ReplaceAll(digits, ",", " and ") + ": test images right", Percent: true, Low: .45, High: 1}
		for _, rule := range rules {
			s := figure.Series{Name: rule.name}
			for _, m := range o.maps {
				if sum := summary(find(list, digits, rule.name, m).runs); sum.N > 0 {
					s.X, s.Y = append(s.X, float64(m)), append(s.Y, sum.Mean/100)
					s.Low, s.High = append(s.Low, sum.Worst/100), append(s.High, sum.Best/100)
				}
			}
			panel.Series = append(panel.Series, s)
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}
