// Command replication finds out which of the departures of a published
// replication cost how much: it trains the model with each of them by itself,
// and the replication without each of them, with several seeds.
//
//	go run ./docs/replication -runs runs/replication -out docs
//
// trains what is missing in the folder of runs, and writes replication.csv,
// replication-curves.png and replication-departures.png into the folder docs,
// and the table in docs/replication.md to the standard output. All of it takes
// hours; it can be stopped at any time and goes on from there. With -draw
// nothing is trained.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"firstspike/dataset"
	"firstspike/study"
	"firstspike/train"
)

func main() {
	o := options{}
	flag.StringVar(&o.runs, "runs", filepath.Join("runs", "replication"), "the folder of the runs")
	flag.StringVar(&o.out, "out", "docs", "the folder for the numbers and the pictures")
	flag.StringVar(&o.cache, "cache", "", "a folder in which layers before the last are kept for other trainings")
	flag.IntVar(&o.seeds, "seeds", 3, "how many seeds, from 1")
	flag.IntVar(&o.epochs, "epochs", 40, "epochs of the last layer")
	flag.IntVar(&o.limit, "limit", 0, "learn from so many images only; 0: all")
	flag.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "trainings side by side")
	flag.BoolVar(&o.draw, "draw", false, "train nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := replication(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "replication:", err)
		os.Exit(1)
	}
}

type options struct {
	runs, out, cache           string
	seeds, epochs, limit, jobs int
	draw                       bool
}

func replication(ctx context.Context, o options) error {
	variants, err := variants(o.epochs, o.limit)
	if err != nil {
		return err
	}
	if !o.draw {
		learn, test, err := dataset.MNIST()
		if err != nil {
			return err
		}
		if err := trainAll(ctx, o, variants, learn, test); err != nil {
			return err
		}
	}
	for i := range variants {
		v := &variants[i]
		if v.runs, err = v.study(o).Finished(); err != nil {
			return err
		}
	}
	return tell(os.Stdout, o.out, variants, o.seeds)
}

// study is the study of a variant.
func (v variant) study(o options) study.Study {
	s := study.Study{Experiment: v.experiment, Dir: filepath.Join(o.runs, v.folder()), Options: train.Options{Workers: 1, Cache: o.cache}}
	for seed := range o.seeds {
		s.Seeds = append(s.Seeds, uint64(seed+1))
	}
	return s
}

// trainAll trains what is missing, whatever it is of, the first seed of all
// variants first.
func trainAll(ctx context.Context, o options, variants []variant, learn, test *dataset.Set) error {
	var list []study.Study
	for seed := range o.seeds {
		for _, v := range variants {
			s := v.study(o)
			s.Seeds, s.Options.Train, s.Options.Test = s.Seeds[seed:seed+1], learn, test
			list = append(list, s)
		}
	}
	began := time.Now()
	err := study.RunAll(ctx, list, o.jobs, func(s study.Study, runs []study.Run) {
		name := fmt.Sprintf("%s, seed %d", filepath.Base(s.Dir), s.Seeds[0])
		fmt.Fprintf(os.Stderr, "%s  %-40s %.2f %%\n", time.Since(began).Round(time.Second), name, runs[0].Accuracy())
	})
	if errors.Is(err, train.ErrInterrupted) {
		return errors.New("stopped; the same command goes on")
	}
	return err
}
