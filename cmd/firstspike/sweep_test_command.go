package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"firstspike/internal/whole"
	"firstspike/study"
	"firstspike/sweep"
	"firstspike/train"
)

type sweepTestCommand struct {
	sweepFile
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given."`
	Again   bool   `help:"Look at the test images once more, for a point that is best now. The file then tells how often they were looked at."`
	JSON    bool   `help:"Print the result as JSON."`
}

// Help is shown after the flags.
func (sweepTestCommand) Help() string {
	return `The best point is chosen on held-out training images, as firstspike sweep best names it; then its networks, one for each seed, decide the test images, and test.json keeps what came of it. Asked again, the command prints what it kept.

    firstspike sweep test rates.toml

Whoever looks at the test images of many points, and reports the best, reports luck. That is why there is no table of test results, and why a second look has to be asked for.`
}

func (c *sweepTestCommand) faults() (faults usageError) {
	workers(c.Workers, &faults)
	return faults
}

// A sweepTest is test.json: every look at the test images.
type sweepTest struct {
	Looks []sweepLook `json:"looks"`
}

// A sweepLook is the test of a point.
type sweepLook struct {
	pointOutput
	Test  study.Summary `json:"test_percent"`
	Seeds []seedLook    `json:"runs"`
	Keys  []string      `json:"keys"` // of the trainings
	Data  train.DataSum `json:"test_images"`
	Ended time.Time     `json:"ended"`
}

type seedLook struct {
	Seed   uint64       `json:"seed"`
	Run    string       `json:"run"`
	Result train.Result `json:"test"`
}

// testFile is where the looks at the test images are kept.
const testFile = "test.json"

// Run tests the best point, or tells what the test gave.
func (c *sweepTestCommand) Run(s *streams) error {
	faults := c.faults()
	n := workers(c.Workers, &faults)
	if err := faults.err(); err != nil {
		return err
	}
	o, err := c.look()
	if err != nil {
		return err
	}
	best, ok := o.Best()
	if !ok {
		return fmt.Errorf("%s: no point has results of all of its seeds yet", c.dir())
	}
	if o.Done+o.Failed < o.Jobs {
		return fmt.Errorf("%s: %d of %d trainings have not ended; the best point is known when all have: %s", c.dir(), o.Jobs-o.Done-o.Failed, o.Jobs,
			command(append([]string{"sweep", "run"}, c.args()...)...))
	}
	path := filepath.Join(c.dir(), testFile)
	var kept sweepTest
	switch err := sweep.ReadJSON(path, &kept); {
	case err == nil && len(kept.Looks) > 0:
		last := kept.Looks[len(kept.Looks)-1]
		same := slices.Equal(last.Keys, keysOf(best))
		if same || !c.Again {
			if !same {
				fmt.Fprintf(s.err, "note: the sweep has changed since: what is best now, point %d (%v), was not tested in this form; --again looks at the test images once more\n", best.Point.Index, visible(best.Point.String()))
			}
			return c.print(s, kept)
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	look := sweepLook{pointOutput: newPointOutput(best), Keys: keysOf(best)}
	ctx := interruptible(noter(func(string) {}))
	display := newDisplay(s.err)
	defer display.close()
	var percents []float64
	for i, r := range best.Results {
		m, err := train.Load(filepath.Join(c.dir(), "runs", r.Run))
		if err != nil {
			return err
		}
		_, images, err := o.Plan.Data.Open(m.Experiment)
		if err != nil {
			return err
		}
		result, err := m.Test(ctx, images, n, func(done int) {
			if _, ok := terminal(s.err); ok {
				display.Observe(train.Stage{Name: fmt.Sprintf("testing seed %d, %d of %d", r.Seed, i+1, len(best.Results)), Done: done, Total: images.Len()})
			}
		})
		if err != nil {
			return err
		}
		look.Data = train.SumOf(images)
		look.Seeds = append(look.Seeds, seedLook{r.Seed, r.Run, result})
		percents = append(percents, 100*result.Accuracy())
	}
	display.close()
	look.Test, look.Ended = study.Summarise(percents), time.Now().UTC()
	kept.Looks = append(kept.Looks, look)
	if err := sweep.WriteJSON(path, kept); err != nil {
		return err
	}
	return c.print(s, kept)
}

// keysOf are the keys of a line's jobs.
func keysOf(l sweep.Line) (keys []string) {
	for _, j := range l.Jobs {
		keys = append(keys, j.Key)
	}
	return keys
}

// print tells the last look.
func (c *sweepTestCommand) print(s *streams, t sweepTest) error {
	if c.JSON {
		return encodeJSON(s.out, t)
	}
	last := t.Looks[len(t.Looks)-1]
	var settings []string
	for _, path := range slices.Sorted(maps.Keys(last.Settings)) {
		settings = append(settings, path+"="+last.Settings[path])
	}
	lines := []string{
		fmt.Sprintf("point %d: %s", last.Point, visible(strings.Join(settings, " "))),
		fmt.Sprintf("on held-out training images, by which it was chosen: %s", summaryText(last.Percent)),
		fmt.Sprintf("on %s, %s images: %s", visible(last.Data.Name), count(last.Data.Images), summaryText(last.Test)),
	}
	for _, r := range last.Seeds {
		lines = append(lines, fmt.Sprintf("  seed %d: %s", r.Seed, scoreText(r.Result.Score)))
	}
	looks := "the test images were looked at once for this sweep"
	if len(t.Looks) > 1 {
		looks = fmt.Sprintf("the test images were looked at %d times for this sweep: what was chosen after a look is no longer independent of it", len(t.Looks))
	}
	lines = append(lines, fmt.Sprintf("%s, last on %s; kept in %s", looks, last.Ended.Format("2 January 2006, 15:04 UTC"), visible(filepath.Join(c.dir(), testFile))))
	for _, line := range lines {
		if _, err := fmt.Fprintln(s.out, wrapFor(s.out, line, 4)); err != nil {
			return err
		}
	}
	return nil
}

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
	if err := c.write(o); err != nil {
		return err
	}
	fmt.Fprint(s.out, statusText(o, columns(s.out), c.args()))
	for _, name := range []string{"points.csv", "points.parquet", "runs.csv", "runs.parquet", "report.html"} {
		if _, err := fmt.Fprintln(s.out, visible(filepath.Join(c.dir(), name))); err != nil {
			return err
		}
	}
	return nil
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

// write writes all files of a merge.
func (c *sweepMergeCommand) write(o *sweep.Outcome) error {
	page, err := sweepPage(o, c.args())
	if err != nil {
		return err
	}
	points, runs := o.Points(), o.Runs()
	for _, f := range []mergedFile{
		{"points.csv", points.CSV}, {"points.parquet", points.Parquet}, {"runs.csv", runs.CSV}, {"runs.parquet", runs.Parquet}, {"report.html", page.Write},
	} {
		if err := whole.Write(filepath.Join(c.dir(), f.name), 0o644, f.write); err != nil {
			return err
		}
	}
	return nil
}
