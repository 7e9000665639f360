package sweep

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"firstspike/train"
)

// A Runner trains the jobs of a sweep that nobody else has trained or is
// training. Its Store may be used by other runners, of any process.
type Runner struct {
	Plan    *Plan
	Store   Store
	Slots   int // trainings side by side; 0: one
	Workers int // goroutines, shared out among them; 0: one for each CPU

	Patience   time.Duration // after which a process that shows no sign of life counts as dead; 0: one minute
	SaveEvery  time.Duration // between checkpoints; 0: 20 s
	CacheBytes int64         // how large the cache of shared layers may grow; 0: 20 GiB
	KeepRuns   bool          // keep everything of a finished run, to go on with, not only its network

	// Observe, if not nil, is told what happens. Calls do not overlap.
	Observe func(Event)

	claims    claims
	looks     claims // as who only looks sees them
	looking   sync.Once
	observing sync.Mutex

	mu     sync.Mutex
	tried  map[string]bool      // keys of jobs that this runner has trained, with or without success
	bare   map[string]bool      // keys of jobs whose results have lost their networks
	shared map[string]int       // how many jobs have a prefix in common
	older  map[string]time.Time // when jobs failed, by their keys, before this runner began
	busy   map[string]bool      // prefixes that this runner learns now
	alone  map[string]bool      // prefixes that cannot be cached
}

// An Event is one of [Begun], [Training], [Ended] and [Waiting].
type Event interface{ event() }

// Begun tells that a job begins, or goes on.
type Begun struct {
	Job     Job
	Resumed bool
	Again   bool // it has a result, whose network is gone
}

// Training passes on what a training tells.
type Training struct {
	Job   Job
	Event train.Event
}

// Ended tells that a job has ended, in Err if it failed.
type Ended struct {
	Job    Job
	Result Result
	Err    error
}

// Waiting tells that so many jobs are left, all with other processes.
type Waiting struct{ Jobs int }

func (Begun) event()    {}
func (Training) event() {}
func (Ended) event()    {}
func (Waiting) event()  {}

// patience, if none is given.
const patience = time.Minute

// CacheBytes is how large the cache of shared layers may grow if nobody says
// otherwise: some 600 prefixes of MNIST.
const CacheBytes = 20 << 30

// poll is the time between looks at what other processes do.
const poll = time.Second

// Run trains all jobs of all rungs and returns when every one has ended, here
// or elsewhere. A job that fails does not stop the others; it is tried once by
// each runner. When ctx ends, trainings are saved, and the error is
// [train.ErrInterrupted].
func (r *Runner) Run(ctx context.Context) error {
	for rung := range r.Plan.Rungs() {
		jobs, err := r.await(ctx, rung)
		if err != nil {
			return err
		}
		if err := r.RunJobs(ctx, jobs); err != nil {
			return err
		}
	}
	return nil
}

// RunJobs trains those of the jobs that nobody has trained or is training, and
// waits for the rest. A job whose network is gone, though it has a result, is
// trained again, to the same result.
func (r *Runner) RunJobs(ctx context.Context, jobs []Job) error {
	if err := r.begin(); err != nil {
		return err
	}
	order := r.order(jobs)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := max(1, min(r.Slots, len(jobs)))
	for {
		errs := make([]error, slots)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() {
				if errs[i] = r.slot(ctx, order, slots); errs[i] != nil {
					cancel()
				}
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return train.ErrInterrupted
		}
		if again, err := r.tidy(jobs); err != nil || !again {
			return err
		}
	}
}

// begin makes ready for the first jobs.
func (r *Runner) begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tried != nil {
		return nil
	}
	if err := r.Store.create(); err != nil {
		return err
	}
	all, err := r.Plan.Jobs(0, r.Plan.All())
	if err != nil {
		return err
	}
	if _, err := r.Store.Results(); err != nil { // damaged ones are told before anything starts
		return err
	}
	failures, err := r.Store.Failures()
	if err != nil {
		return err
	}
	r.tried, r.bare, r.busy, r.alone, r.older = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]time.Time{}
	for key, f := range failures {
		r.older[key] = f.Ended
	}
	r.shared = sharing(all)
	if r.Plan.Rungs() > 1 { // whoever goes on needs them again
		for prefix := range r.shared {
			r.shared[prefix]++
		}
	}
	if r.Patience == 0 {
		r.Patience = patience
	}
	if r.CacheBytes == 0 {
		r.CacheBytes = CacheBytes
	}
	r.claims = claims{dir: r.Store.path(claimsDir), patience: r.Patience}
	return nil
}

// order puts those jobs side by side that share layers, so that a cache need not
// hold all of them for long.
func (r *Runner) order(jobs []Job) []Job {
	first := map[string]int{}
	place := make(map[string]int, len(jobs)) // by key
	for i, j := range jobs {
		if _, ok := first[j.Prefix]; !ok {
			first[j.Prefix] = i
		}
		if place[j.Key] = i; r.shared[j.Prefix] > 1 {
			place[j.Key] = first[j.Prefix]
		}
	}
	ordered := slices.Clone(jobs)
	slices.SortStableFunc(ordered, func(a, b Job) int { return place[a.Key] - place[b.Key] })
	return ordered
}

// slot trains one job after the other.
func (r *Runner) slot(ctx context.Context, jobs []Job, slots int) error {
	told := false
	for ctx.Err() == nil {
		task, left, others, err := r.next(jobs)
		if err != nil {
			return err
		}
		if task != nil {
			told = false
			if err := r.do(ctx, task, slots); err != nil {
				return err
			}
			continue
		}
		if left == 0 {
			return nil
		}
		if others == left && !told {
			told = true
			r.tell(Waiting{left})
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(poll, r.Patience/beats)):
		}
	}
	return nil
}

func (r *Runner) tell(e Event) {
	if r.Observe != nil {
		r.observing.Lock()
		defer r.observing.Unlock()
		r.Observe(e)
	}
}
