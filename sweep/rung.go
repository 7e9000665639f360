package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// ErrNotYet says that a rung of the search by halving has not ended.
var ErrNotYet = errors.New("the rung before has not ended")

// Jobs are the jobs of a rung. Those of a later rung are known when all of the
// rung before have ended, by their results alone; until then the error is
// [ErrNotYet].
func (r *Runner) Jobs(rung int) ([]Job, error) {
	if rung == 0 {
		return r.Plan.Jobs(0, r.Plan.All())
	}
	st, err := r.read()
	if err != nil {
		return nil, err
	}
	return r.jobs(rung, st)
}

// A state is what the folder tells of jobs, by their keys; of holders by the
// short ones.
type state struct {
	results  map[string]Result
	failures map[string]Failure
	holders  map[string]Holder
}

func (r *Runner) read() (st state, err error) {
	if st.results, err = r.Store.Results(); err != nil {
		return st, err
	}
	if st.failures, err = r.Store.Failures(); err != nil {
		return st, err
	}
	st.holders, err = r.holders()
	return st, err
}

// jobs is Jobs in a state of the folder.
func (r *Runner) jobs(rung int, st state) ([]Job, error) {
	if rung == 0 {
		return r.Plan.Jobs(0, r.Plan.All())
	}
	points, err := r.promote(rung, st)
	if err != nil {
		return nil, err
	}
	return r.Plan.Jobs(rung, points)
}

// promote are the points of a rung: the best of those of the rung before by the
// mean of their seeds on held-out images, the first of equal ones; those of which
// a seed failed come last. It depends on nothing but results and failures, so
// that all processes agree once a rung has ended.
func (r *Runner) promote(rung int, st state) ([]int, error) {
	before, err := r.jobs(rung-1, st)
	if err != nil {
		return nil, err
	}
	type standing struct {
		point, failed int
		percent       float64
	}
	var all []standing
	for _, j := range before {
		if n := len(all); n == 0 || all[n-1].point != j.Point {
			all = append(all, standing{point: j.Point})
		}
		of := &all[len(all)-1]
		result, done := st.results[j.Key]
		_, failed := st.failures[j.Key]
		_, retried := st.holders[shortKey(j.Key)]
		switch {
		case done:
			of.percent += result.Percent() / float64(len(r.Plan.Sweep.Seeds))
		case failed && !retried:
			of.failed++
		default:
			return nil, ErrNotYet
		}
	}
	slices.SortStableFunc(all, func(a, b standing) int {
		return cmp.Or(cmp.Compare(a.failed, b.failed), cmp.Compare(b.percent, a.percent))
	})
	var points []int
	for _, k := range all[:min(len(all), r.Plan.Kept(rung))] {
		points = append(points, k.point)
	}
	slices.Sort(points)
	return points, nil
}

// Await is Jobs, but lets the rungs before come to an end first: it trains what
// nobody else does of them, and waits for the rest. To wait alone could last for
// ever, where those who wait take the room of those who would train. What has
// failed there before is not tried again.
func (r *Runner) Await(ctx context.Context, rung int) ([]Job, error) {
	if err := r.begin(); err != nil {
		return nil, err
	}
	for before := range rung {
		jobs, err := r.await(ctx, before)
		if err != nil {
			return nil, err
		}
		jobs = slices.DeleteFunc(jobs, func(j Job) bool { _, failed := r.older[j.Key]; return failed })
		if err := r.RunJobs(ctx, jobs); err != nil {
			return nil, err
		}
	}
	return r.await(ctx, rung)
}

// await is Jobs when all jobs of the rung before have ended here: where a process
// tries one again that had failed, it waits for that.
func (r *Runner) await(ctx context.Context, rung int) ([]Job, error) {
	for {
		jobs, err := r.Jobs(rung)
		if !errors.Is(err, ErrNotYet) {
			return jobs, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}
