// Command parallel finds out what it would cost to share one training of
// mozafari2018 out among many workers. It simulates them on one machine, with
// the same bits for the same seed:
//
//   - stale: the winners of an image, whether they are right and what they
//     learn come of weights that lack what the last images have taught; the
//     change is made in the weights as they are. Workers who do not wait for
//     each other are so many images behind as there are others.
//   - together: workers take an image each, with the same weights, and all
//     changes are added up and made at once.
//   - apart: workers learn from images of their own, and now and then the
//     mean of their weights replaces them.
//
// S2 and S3 are trained so one at a time; all other layers learn from image
// after image.
//
//	go run ./docs/parallel -out docs
//
// takes about 25 minutes of one core, and writes parallel.csv and parallel.png
// into the folder docs, and what RATIONALE/what-can-be-distributed.md quotes to
// the standard output. With -draw the numbers of an earlier parallel.csv are
// told and drawn. The test images are not looked at.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"firstspike/dataset"
	"firstspike/figure"
	"firstspike/internal/parallel"
	"firstspike/preset"
	"firstspike/train"
)

func main() {
	o := thorough()
	flag.StringVar(&o.out, "out", "docs", "the folder for the numbers and the picture")
	flag.IntVar(&o.seeds, "seeds", o.seeds, "how many seeds, from 1")
	flag.IntVar(&o.epochs, "epochs", o.epochs, "epochs of the last layer")
	flag.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "trainings side by side")
	flag.BoolVar(&o.draw, "draw", false, "train nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := simulate(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "parallel:", err)
		os.Exit(1)
	}
}

type options struct {
	out         string
	seeds, jobs int
	limit, held int // training images in all, and how many of them are held out
	epochs      int // of S3
	judged      int // of these, the last ones, whose mean is the result
	draw        bool
	ways        []way
	groups      []int // images of which it is asked whether they could be decided side by side
	rounds      int   // trips of a message that is timed
}

func thorough() options {
	o := options{seeds: 3, limit: 6000, held: 2000, epochs: 10, judged: 3, rounds: 2000}
	o.ways = []way{{stale, 0, 0}}
	for n := 1; n <= 128; n *= 2 {
		o.ways = append(o.ways, way{stale, n, 0})
	}
	for n := 2; n <= 128; n *= 2 {
		o.ways = append(o.ways, way{together, n, 0})
		o.groups = append(o.groups, n)
	}
	for _, every := range []int{100, 1000, 0} {
		for _, workers := range []int{2, 4, 8} {
			if every*workers < o.limit-o.held { // otherwise it is an epoch
				o.ways = append(o.ways, way{apart, workers, every})
			}
		}
	}
	return o
}

// A way is how the training of a layer is shared out among workers.
type way struct {
	kind  string
	n     int // stale: images behind; together: images at once; apart: workers
	every int // apart: images that each learns from between two means; 0: its share of an epoch
}

const (
	stale    = "stale"
	together = "together"
	apart    = "apart"
)

// measure is the name of the way without its number.
func (w way) measure() string {
	switch {
	case w.kind != apart:
		return w.kind
	case w.every == 0:
		return apart + " for an epoch"
	}
	return fmt.Sprintf("%s for %d images", apart, w.every)
}

// The layers of mozafari2018.
const (
	s1 = iota
	s2
	s3
)

// experiment is what every training is, but for the way.
func (o options) experiment(seed uint64) (train.Experiment, error) {
	p, ok := preset.Lookup("mozafari2018")
	if !ok {
		return train.Experiment{}, errors.New("there is no preset mozafari2018")
	}
	e := p.Experiment
	e.Seed, e.Data.Limit, e.Protocol.Validation = seed, o.limit, o.held
	e.Layers[s3].Learn.Epochs = o.epochs
	return e, nil
}

func simulate(ctx context.Context, o options, w, progress io.Writer) error {
	path := filepath.Join(o.out, "parallel.csv")
	if !o.draw {
		images, _, err := dataset.MNIST()
		if err != nil {
			return err
		}
		rows, err := all(ctx, o, images, progress)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(o.out, 0o777); err != nil {
			return err
		}
		var text bytes.Buffer
		if err := write(&text, rows); err != nil {
			return err
		}
		if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
			return err
		}
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; train first, without -draw", err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	tell(w, o, rows)
	var png bytes.Buffer
	if err := figure.PNG(&png, curves(o, rows), 144); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, "parallel.png"), png.Bytes(), 0o666)
}

// all is everything that is measured. Times come first, while nothing else runs.
func all(ctx context.Context, o options, images *dataset.Set, progress io.Writer) ([]row, error) {
	began := time.Now()
	said := func(what string) { fmt.Fprintf(progress, "%5.0f s  %s\n", time.Since(began).Seconds(), what) }
	rows, err := clocked(o, images)
	if err != nil {
		return nil, err
	}
	trips, err := trips(o.rounds)
	if err != nil {
		return nil, err
	}
	rows = append(rows, trips...)
	said("times")
	seeds := make([][]row, o.seeds)
	failed := make([]error, o.seeds)
	var trained atomic.Int64
	err = parallel.Each(ctx, o.seeds, o.jobs, func() func(int) {
		return func(i int) {
			seeds[i], failed[i] = seed(ctx, o, images, uint64(i+1), func() {
				said(fmt.Sprintf("%d of %d trainings", trained.Add(1), o.seeds*2*len(o.ways)))
			})
		}
	})
	if err = errors.Join(append(failed, err)...); err != nil {
		return nil, err
	}
	return append(rows, slices.Concat(seeds...)...), nil
}

// seed is everything that is measured of one seed. done is called after every
// training.
func seed(ctx context.Context, o options, images *dataset.Set, seed uint64, done func()) ([]row, error) {
	e, err := o.experiment(seed)
	if err != nil {
		return nil, err
	}
	t, err := begin(e, images, o.judged)
	if err != nil {
		return nil, err
	}
	if err := t.first(); err != nil {
		return nil, err
	}
	var rows []row
	note := func(layer int, w way, right float64) {
		rows = append(rows, row{t.name(layer), w.measure(), w.n, seed, right})
		done()
	}
	c, err := twin(t.layer(s2))
	if err != nil {
		return nil, err
	}
	groups, err := contests(c, e.Layers[s2].Learn, t.events[:t.learn.Len()], o.groups)
	if err != nil {
		return nil, err
	}
	rows = append(rows, tagged(groups, t.name(s2), seed)...)
	plain := t.lesson(c)
	for _, w := range o.ways {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		right, _, err := plain.reward(w)
		if err != nil {
			return nil, err
		}
		note(s3, w, right)
	}
	decisions, _, err := plain.decisions(o.groups)
	if err != nil {
		return nil, err
	}
	rows = append(rows, tagged(decisions, t.name(s3), seed)...)
	for _, w := range o.ways {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := twin(t.layer(s2))
		if err != nil {
			return nil, err
		}
		if err := compete(c, e.Layers[s2].Learn, t.events[:t.learn.Len()], w); err != nil {
			return nil, err
		}
		right, _, err := t.lesson(c).reward(way{kind: stale})
		if err != nil {
			return nil, err
		}
		note(s2, w, right)
	}
	return rows, nil
}
