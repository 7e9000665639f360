package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"firstspike/study"
)

// An Outcome is what has come of a sweep so far.
type Outcome struct {
	Plan     *Plan
	Lines    []Line // of every point of every rung that is known, rung by rung
	Jobs     int    // of all rungs, as far as they are known or planned
	Done     int    // of those, with results
	Failed   int    // of those, failed and with no result
	Working  []Working
	Left     time.Duration // until all have ended, if all that work go on; 0: not known
	Versions []string      // of the programs that results are from
	Spent    time.Duration // on trainings that are done
	Shared   int           // of those, that had first layers of another
	Saved    time.Duration // what these layers had taken that other, for each of them
}

// A Line is a point in a rung, with what came of its seeds. Its Summary is of
// the percentages of held-out images that were right, and tells of those seeds
// that have results.
type Line struct {
	Point    Point
	Rung     int // from 0
	Epochs   int // that the last layer learned for
	Jobs     []Job
	Results  []Result // of the seeds that have one
	Failures []Failure
	study.Summary
	Seconds float64 // the mean of a seed
}

// Complete reports whether all seeds have results.
func (l Line) Complete() bool { return len(l.Results) == len(l.Jobs) }

// Behind is by how much a line has fewer held-out images right than another, in
// percentage points, seed by seed: what is easy or hard about a seed is so for both,
// and falls out. It has no seeds where either misses results.
func (l Line) Behind(other Line) study.Summary {
	if !l.Complete() || !other.Complete() || len(l.Results) != len(other.Results) {
		return study.Summary{}
	}
	differences := make([]float64, len(l.Results))
	for i, r := range l.Results {
		differences[i] = other.Results[i].Percent() - r.Percent()
	}
	return study.Summarise(differences)
}

// Working is a job that a process is at.
type Working struct {
	Job Job
	Holder
}

// Look reads what has come of a sweep.
func (r *Runner) Look() (*Outcome, error) {
	o := &Outcome{Plan: r.Plan}
	st, err := r.read()
	if err != nil {
		return nil, err
	}
	versions := map[string]bool{}
	var clock clock
	silent := 0 // of those that work
	for rung := range r.Plan.Rungs() {
		jobs, err := r.jobs(rung, st)
		if err != nil && !errors.Is(err, ErrNotYet) {
			return nil, err
		}
		if err != nil { // any points will do for their number and epochs
			if jobs, err = r.Plan.Jobs(rung, r.Plan.All()[:r.Plan.Kept(rung)]); err != nil {
				return nil, err
			}
			o.Jobs += len(jobs)
			for _, j := range jobs {
				clock.waits(j, 0)
			}
			continue
		}
		o.Jobs += len(jobs)
		for len(jobs) > 0 {
			n := len(r.Plan.Sweep.Seeds)
			line := Line{Point: r.Plan.Points[jobs[0].Point], Rung: rung, Jobs: jobs[:n]}
			line.Epochs = jobs[0].epochs()
			var percents []float64
			for _, j := range jobs[:n] {
				result, done := st.results[j.Key]
				failure, failed := st.failures[j.Key]
				holder, working := st.holders[shortKey(j.Key)]
				switch {
				case done:
					o.Done++
					line.Results = append(line.Results, result)
					percents = append(percents, result.Percent())
					line.Seconds += result.Seconds
					clock.took(j, result)
					if result.Cached != nil {
						o.Shared++
						o.Saved += seconds(result.Cached.Seconds)
					}
					versions[result.Version] = true
				case working:
					// Too little to act upon, as clocks may differ, but worth telling.
					if quiet := holder.quiet; quiet > 5*max(r.looks.patience, beats*seconds(holder.Rest)) {
						holder.At += fmt.Sprintf("; no sign of life for %v", quiet.Round(time.Minute))
						silent++
					}
					o.Working = append(o.Working, Working{j, holder})
					clock.waits(j, holder.Part)
				case failed:
					o.Failed++
					line.Failures = append(line.Failures, failure)
				default:
					clock.waits(j, 0)
				}
			}
			line.Summary = study.Summarise(percents)
			line.Seconds /= float64(max(1, len(line.Results)))
			o.Lines = append(o.Lines, line)
			jobs = jobs[n:]
		}
	}
	for v := range versions {
		o.Versions = append(o.Versions, v)
	}
	slices.Sort(o.Versions)
	o.Spent = seconds(clock.spent)
	if n := len(o.Working) - silent; n > 0 {
		o.Left = seconds(clock.left() / float64(n))
	}
	return o, nil
}

// A clock estimates how long jobs will take from those that have ended: their
// last layers by the epoch, and the layers before, which only the first job that
// has them learns.
type clock struct {
	spent        float64 // seconds, by all jobs that have ended
	last, epochs float64 // seconds of last layers, and epochs
	first        float64 // seconds of layers before, by those that learned them
	learned      int
	prefixes     map[string]bool // that are, or are being, learned
	waiting      []waitingJob
}

type waitingJob struct {
	job  Job
	part float64 // that is done
}

func (c *clock) learns(prefix string) bool {
	if c.prefixes == nil {
		c.prefixes = map[string]bool{}
	}
	before := prefix != "" && c.prefixes[prefix]
	c.prefixes[prefix] = true
	return !before
}

func (c *clock) took(j Job, r Result) {
	c.learns(j.Prefix)
	c.spent += r.Seconds
	c.epochs += float64(len(r.Curve))
	c.last += r.Seconds - r.Before
	if r.Cached == nil {
		c.first, c.learned = c.first+r.Before, c.learned+1
	}
}

func (c *clock) waits(j Job, part float64) { c.waiting = append(c.waiting, waitingJob{j, part}) }

// left is how many seconds all jobs that have not ended will take in all, 0 if
// nothing is known.
func (c *clock) left() (seconds float64) {
	if c.epochs == 0 {
		return 0
	}
	for _, w := range c.waiting {
		takes := c.last / c.epochs * float64(w.job.epochs())
		if c.learns(w.job.Prefix) && c.learned > 0 {
			takes += c.first / float64(c.learned)
		}
		seconds += (1 - w.part) * takes
	}
	return seconds
}

// seconds is a time, of a hundred years at most.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, 3e9) * float64(time.Second))
}

// holders are the processes that are at jobs, by the names of these.
func (r *Runner) holders() (map[string]Holder, error) {
	r.looking.Do(func() {
		r.looks.dir, r.looks.patience = r.Store.path(claimsDir), cmp.Or(r.Patience, patience)
	})
	return r.looks.holders()
}

// Ranked lists the lines of the last rung that is known, the best first: by the
// mean of all seeds on held-out images, of equal ones the first point. Those
// that miss seeds come behind those that do not.
func (o *Outcome) Ranked() []Line {
	var lines []Line
	for _, l := range o.Lines {
		if len(lines) > 0 && l.Rung > lines[0].Rung && l.N > 0 {
			lines = lines[:0]
		}
		if len(lines) == 0 || l.Rung == lines[0].Rung {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		if a.Complete() != b.Complete() {
			if a.Complete() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Mean, a.Mean), cmp.Compare(a.Point.Index, b.Point.Index))
	})
	return lines
}

// Best is the best point all of whose seeds have results, and false if there is
// none.
func (o *Outcome) Best() (Line, bool) {
	ranked := o.Ranked()
	if len(ranked) == 0 || !ranked[0].Complete() {
		return Line{}, false
	}
	return ranked[0], true
}

// All lists what is set for all points, a point's own settings, and what follows
// from them.
func (o *Outcome) All(p Point) []Setting {
	var all []Setting
	for _, path := range slices.Sorted(maps.Keys(o.Plan.Sweep.Set)) {
		all = append(all, Setting{path, *textOf(o.Plan.Sweep.Set[path])})
	}
	all = append(all, p.Settings...)
	for _, path := range o.Plan.Derived() {
		v, _ := p.Experiment.Value(path)
		all = append(all, Setting{path, v})
	}
	return all
}

// A Level is a value of an axis, with the results of all points that have it.
type Level struct {
	Value string
	study.Summary
	Points []float64 // the mean of every point
}

// Effects are the levels of every axis, in the order of the axis, or of numbers
// if any of its range could be a value: of the lines of one rung that have
// results. The interval is that of the mean over the points that happen to have
// the value, whatever else they have.
func (o *Outcome) Effects(rung int) [][]Level {
	all := make([][]Level, len(o.Plan.Sweep.Axes))
	for i, a := range o.Plan.Sweep.Axes {
		at := map[string]int{}
		for _, level := range a.Levels() {
			at[join(level)] = len(all[i])
			all[i] = append(all[i], Level{Value: join(level)})
		}
		for _, l := range o.Lines {
			v := l.Point.Values[i]
			if l.Rung != rung || l.N == 0 || v == "" {
				continue
			}
			if _, ok := at[v]; !ok {
				at[v] = len(all[i])
				all[i] = append(all[i], Level{Value: v})
			}
			all[i][at[v]].Points = append(all[i][at[v]].Points, l.Mean)
		}
		for k := range all[i] {
			all[i][k].Summary = study.Summarise(all[i][k].Points)
		}
		if a.Levels() == nil {
			slices.SortStableFunc(all[i], func(a, b Level) int {
				x, _ := numeric(a.Value)
				y, _ := numeric(b.Value)
				return cmp.Compare(x, y)
			})
		}
	}
	return all
}
