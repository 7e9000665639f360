package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
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
	By      string `placeholder:"WHAT" help:"What makes the best point, as for sweep best: mean (if not given) or worst."`
	Again   bool   `help:"Look at the test images once more, for a point that is best now and was not tested."`
	JSON    bool   `help:"Print the result as JSON."`
}

// Help is shown after the flags.
func (sweepTestCommand) Help() string {
	return `The best point is chosen on held-out training images, as firstspike sweep best names it; then its networks, one for each seed, decide the test images, and a file of the folder tests keeps what came of it. Asked again, the command prints what it kept.

    firstspike sweep test rates.toml

Whoever looks at the test images of many points, and reports the best, reports luck. That is why there is no table of test results, and why a second look has to be asked for.`
}

func (c *sweepTestCommand) faults() (faults usageError) {
	workers(c.Workers, &faults)
	faults.by(c.By)
	return faults
}

// A sweepLook is a look at the test images, for a point.
type sweepLook struct {
	pointOutput
	Test  study.Summary `json:"test_percent"`
	Seeds []seedLook    `json:"runs"` // none: it was begun, and has not ended
	Keys  []string      `json:"keys"` // of the trainings
	Data  train.DataSum `json:"test_images"`
	Ended time.Time     `json:"ended"`
}

type seedLook struct {
	Seed   uint64       `json:"seed"`
	Run    string       `json:"run"`
	Result train.Result `json:"test"`
}

// A look is a file of this folder of a sweep, 1.json being the first. It is there
// before an image is looked at, and of those who look at once each has its own.
const looksDir = "tests"

// readLooks reads all looks at the test images, the first first.
func readLooks(dir string) (looks []sweepLook, err error) {
	for {
		path := lookPath(dir, len(looks)+1)
		var look sweepLook
		switch err := sweep.ReadJSON(path, &look); {
		case errors.Is(err, fs.ErrNotExist):
			return looks, nil
		case err != nil:
			return nil, err
		}
		looks = append(looks, look)
	}
}

func lookPath(dir string, n int) string { return filepath.Join(dir, looksDir, fmt.Sprint(n)+".json") }

// Run tests the best point, or tells what the test gave.
func (c *sweepTestCommand) Run(s *streams) error {
	faults := c.faults()
	workers := workers(c.Workers, &faults)
	faults.by(c.By)
	if err := faults.err(); err != nil {
		return err
	}
	o, err := c.look()
	if err != nil {
		return err
	}
	lines := rankedBy(o, c.By)
	if len(lines) == 0 || !lines[0].Complete() {
		return fmt.Errorf("%s: no point has results of all of its seeds yet", c.dir())
	}
	if o.Done+o.Failed < o.Jobs {
		return fmt.Errorf("%s: %d of %d trainings have not ended; the best point is known when all have: %s", c.dir(), o.Jobs-o.Done-o.Failed, o.Jobs,
			command(append([]string{"sweep", "run"}, c.args()...)...))
	}
	best := lines[0]
	looks, err := readLooks(c.dir())
	if err != nil {
		return err
	}
	// The one of this point, if it was tested before, or else the last.
	keys := keysOf(best)
	last := slices.IndexFunc(looks, func(l sweepLook) bool { return slices.Equal(l.Keys, keys) })
	if tested := last >= 0; tested && len(looks[last].Seeds) > 0 {
		return c.print(s, looks, last)
	} else if !tested && len(looks) > 0 && !c.Again {
		fmt.Fprintf(s.err, "note: the sweep has changed since: what is best now, point %d (%v), was not tested; --again looks at the test images once more\n", best.Point.Index, visible(best.Point.String()))
		for n := len(looks) - 1; n >= 0; n-- {
			if len(looks[n].Seeds) > 0 {
				return c.print(s, looks, n)
			}
		}
		return fmt.Errorf("%s: looks at the test images were begun, and have not ended", c.dir())
	}
	models, err := c.networks(best)
	if err != nil {
		return err
	}
	look := sweepLook{pointOutput: newPointOutput(best), Keys: keys}
	for last < 0 {
		if err := os.MkdirAll(filepath.Join(c.dir(), looksDir), 0o777); err != nil {
			return err
		}
		n := len(looks)
		if created, err := whole.Create(lookPath(c.dir(), n+1), 0o644, look.write); err != nil {
			return err
		} else if created {
			last = n
		}
		if looks, err = readLooks(c.dir()); err != nil {
			return err
		}
	}
	if err := c.test(s, o, best, models, &look, workers); err != nil {
		return err
	}
	if err := whole.Write(lookPath(c.dir(), last+1), 0o644, look.write); err != nil {
		return err
	}
	looks[last] = look
	return c.print(s, looks, last)
}

func (l *sweepLook) write(w io.Writer) error { return encodeJSON(w, l) }

// networks are those of a point, which are what its results are of.
func (c *sweepTestCommand) networks(best sweep.Line) (models []*train.Model, err error) {
	again := command(append([]string{"sweep", "run"}, c.args()...)...)
	for _, r := range best.Results {
		dir := filepath.Join(c.dir(), "runs", r.Run)
		m, err := train.Load(dir)
		switch {
		case err != nil && !exists(filepath.Join(dir, modelFile)):
			return nil, fmt.Errorf("%w; this makes it again: %s", err, again)
		case err != nil:
			return nil, fmt.Errorf("%w; remove %s, and make it again: %s", err, visible(dir), again)
		}
		if sum := sweep.WeightsSum(m); sum != r.Weights {
			return nil, fmt.Errorf("%s: this is another network than the sweep has trained (its weights' sum is %.12s, that of the result %.12s); remove the folder, and make it again: %s", visible(dir), sum, r.Weights, again)
		}
		models = append(models, m)
	}
	return models, nil
}

// test looks at the test images, with the networks of a point.
func (c *sweepTestCommand) test(s *streams, o *sweep.Outcome, best sweep.Line, models []*train.Model, look *sweepLook, workers int) error {
	ctx := interruptible(noter(func(string) {}))
	display := newDisplay(s.err)
	defer display.close()
	var percents []float64
	for i, r := range best.Results {
		_, images, err := o.Plan.Data.Open(models[i].Experiment)
		if err != nil {
			return err
		}
		result, err := models[i].Test(ctx, images, workers, func(done int) {
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
	look.Test, look.Ended = study.Summarise(percents), time.Now().UTC()
	return nil
}

// keysOf are the keys of a line's jobs, sorted.
func keysOf(l sweep.Line) (keys []string) {
	for _, j := range l.Jobs {
		keys = append(keys, j.Key)
	}
	slices.Sort(keys)
	return keys
}

// print tells a look.
func (c *sweepTestCommand) print(s *streams, looks []sweepLook, n int) error {
	if c.JSON {
		return encodeJSON(s.out, struct {
			Look  int         `json:"look"` // from 1
			Looks []sweepLook `json:"looks"`
		}{n + 1, looks})
	}
	last := looks[n]
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
	lines = append(lines, fmt.Sprintf("%s; this is of %s, kept in %s", lookedText(looks), last.Ended.Format("2 January 2006, 15:04 UTC"), visible(lookPath(c.dir(), n+1))))
	for _, line := range lines {
		if _, err := fmt.Fprintln(s.out, wrapFor(s.out, line, 4)); err != nil {
			return err
		}
	}
	return nil
}

// lookedText says how often the test images were looked at.
func lookedText(looks []sweepLook) string {
	switch len(looks) {
	case 0:
		return "the test images were not looked at"
	case 1:
		return "the test images were looked at once for this sweep"
	}
	return fmt.Sprintf("the test images were looked at %d times for this sweep: what was chosen after a look is no longer independent of it", len(looks))
}
