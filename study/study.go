package study

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"firstspike/internal/parallel"
	"firstspike/train"
)

// A Study trains an experiment once for every seed. A study that was stopped
// goes on where it was: finished seeds are read, others resumed.
type Study struct {
	Experiment train.Experiment // its own seed counts for nothing
	Seeds      []uint64
	Dir        string // the run of seed 7 is in Dir/seed7
	Jobs       int    // trainings side by side; 0: one
	// Options of every training. The workers, 0 for one each CPU, are shared out
	// among those side by side; the observer is not used.
	Options train.Options
	// Observe, if not nil, is told what the training of a seed does. Calls do not
	// overlap.
	Observe func(seed uint64, e train.Event)
}

// A Run is what came of one seed.
type Run struct {
	Seed   uint64           `json:"seed"`
	Dir    string           `json:"dir"`
	Report train.Report     `json:"report"`
	Epochs []train.EpochEnd `json:"-"`
}

// Accuracy is the percentage of test images that are right: of the epoch that
// was chosen without them, or, by the protocol of papers, of the last.
func (r Run) Accuracy() float64 { return 100 * r.Report.Test.Accuracy() }

// BestOnTest is the percentage after the epoch that was best on the test
// images themselves, as papers report it, and false if the protocol does not
// look.
func (r Run) BestOnTest() (float64, bool) {
	if r.Report.BestOnTest == nil {
		return 0, false
	}
	return 100 * r.Report.BestOnTest.Score.Accuracy(), true
}

// Folder is the folder of a seed's run.
func (s Study) Folder(seed uint64) string { return filepath.Join(s.Dir, fmt.Sprintf("seed%d", seed)) }

// Finished reads the runs of the study that are complete. It fails if a folder
// holds the run of another experiment.
func (s Study) Finished() ([]Run, error) {
	var runs []Run
	for _, seed := range s.Seeds {
		state, err := s.look(seed)
		if err != nil {
			return nil, err
		}
		if state != finished {
			continue
		}
		r, err := ReadRun(s.Folder(seed))
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// ReadRun reads a finished run.
func ReadRun(dir string) (Run, error) {
	r := Run{Dir: dir}
	var err error
	if r.Report, err = train.ReadReport(dir); err != nil {
		return r, err
	}
	r.Seed = r.Report.Seed
	r.Epochs, err = train.ReadEpochs(dir)
	return r, err
}

// How far the run of a seed has come.
const (
	absent = iota
	begun
	finished
)

// look finds how far the run of a seed has come, and makes sure that it is of
// this study.
func (s Study) look(seed uint64) (int, error) {
	dir := s.Folder(seed)
	path := filepath.Join(dir, "checkpoint.safetensors")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return absent, nil
	}
	m, err := train.Load(path)
	if err != nil {
		return absent, err
	}
	ours := s.Experiment.Clone()
	ours.Seed = seed
	if differ := Differences(ours, m.Experiment); len(differ) > 0 {
		d := differ[0]
		return absent, fmt.Errorf("%s: another experiment was trained here, with %s = %s, not %s; choose another folder", dir, d.Path, d.B, d.A)
	}
	if m.State.Finished() {
		return finished, nil
	}
	return begun, nil
}

// A Setting is one in which two experiments differ.
type Setting struct{ Path, A, B string }

// Differences lists the settings in which two experiments differ.
func Differences(a, b train.Experiment) []Setting {
	var list []Setting
	theirs := map[string]string{}
	for path, y := range b.Settings() {
		theirs[path] = y
	}
	seen := map[string]bool{}
	for path, x := range a.Settings() {
		seen[path] = true
		if y := theirs[path]; x != y {
			list = append(list, Setting{path, x, y})
		}
	}
	for path, y := range b.Settings() {
		if !seen[path] && y != "" {
			list = append(list, Setting{path, "", y})
		}
	}
	// Texts that print alike may still not be the same numbers.
	if x, err := a.TOML(); len(list) == 0 && err == nil {
		if y, err := b.TOML(); err == nil && !bytes.Equal(x, y) {
			list = append(list, Setting{"experiment", "this one", "another"})
		}
	}
	return list
}

// Run trains all seeds that are not finished and returns the runs of all that
// are then, in the order of the seeds. A seed that fails does not stop the
// others; its error is returned. When ctx ends, all are saved, and the error
// is [train.ErrInterrupted].
func (s Study) Run(ctx context.Context) ([]Run, error) {
	var todo []uint64
	for _, seed := range s.Seeds {
		state, err := s.look(seed)
		if err != nil {
			return nil, err
		}
		if state != finished {
			todo = append(todo, seed)
		}
	}
	jobs := max(1, min(s.Jobs, len(todo)))
	workers := s.Options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var watching sync.Mutex
	errs := make([]error, len(todo))
	stopped := parallel.Each(ctx, len(todo), jobs, func() func(int) {
		return func(i int) {
			o := s.Options
			o.Workers = max(1, workers/jobs)
			o.Observer = train.ObserverFunc(func(e train.Event) {
				if s.Observe != nil {
					watching.Lock()
					defer watching.Unlock()
					s.Observe(todo[i], e)
				}
			})
			if err := s.train(ctx, todo[i], o); err != nil {
				errs[i] = fmt.Errorf("seed %d: %w", todo[i], err)
			}
		}
	})
	runs, err := s.Finished()
	if stopped != nil {
		return runs, train.ErrInterrupted
	}
	return runs, errors.Join(append(errs, err)...)
}

// RunAll runs several studies, so many side by side, and tells the runs of each
// as it ends. A study that fails does not stop the others; its error is
// returned, after the name of its folder. When ctx ends, all are saved, and the
// error is [train.ErrInterrupted].
func RunAll(ctx context.Context, studies []Study, jobs int, done func(Study, []Run)) error {
	var telling sync.Mutex
	errs := make([]error, len(studies))
	stopped := parallel.Each(ctx, len(studies), jobs, func() func(int) {
		return func(i int) {
			runs, err := studies[i].Run(ctx)
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", studies[i].Dir, err)
				return
			}
			telling.Lock()
			defer telling.Unlock()
			done(studies[i], runs)
		}
	})
	if stopped != nil {
		return train.ErrInterrupted
	}
	return errors.Join(errs...)
}

// train trains a seed, or goes on with it.
func (s Study) train(ctx context.Context, seed uint64, o train.Options) error {
	dir := s.Folder(seed)
	t, err := train.Resume(dir, o)
	if errors.Is(err, train.ErrNoRun) {
		e := s.Experiment.Clone()
		e.Seed = seed
		t, err = train.Create(dir, e, o)
	}
	if err != nil {
		return err
	}
	defer t.Close()
	_, err = t.Run(ctx)
	return err
}

// A Point is an epoch of a curve: the mean over seeds with its 95 % interval.
type Point struct {
	Epoch int `json:"epoch"` // from 0
	Summary
}

// Curve is how the percentage of right decisions came about in the last layer,
// epoch by epoch, over all runs that have it. of picks a score of an epoch, nil
// if it has none.
func Curve(runs []Run, of func(train.EpochEnd) *train.Score) []Point {
	var by [][]float64
	for _, r := range runs {
		if len(r.Epochs) == 0 {
			continue
		}
		last := r.Epochs[len(r.Epochs)-1].Layer
		for _, e := range r.Epochs {
			score := of(e)
			if e.Layer != last || score == nil {
				continue
			}
			for len(by) <= e.Epoch {
				by = append(by, nil)
			}
			by[e.Epoch] = append(by[e.Epoch], 100*score.Accuracy())
		}
	}
	var points []Point
	for epoch, values := range by {
		if len(values) > 0 {
			points = append(points, Point{epoch, Summarise(values)})
		}
	}
	return points
}
