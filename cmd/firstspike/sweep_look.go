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
