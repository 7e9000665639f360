package sweep

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
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
	mu        sync.Mutex
	observing sync.Mutex
	tried     map[string]bool      // keys of jobs that this runner has trained, with or without success
	shared    map[string]int       // how many jobs have a prefix in common
	older     map[string]time.Time // when jobs failed, by their keys, before this runner began
	busy      map[string]bool      // prefixes that this runner learns now
	alone     map[string]bool      // prefixes that cannot be cached
}

// An Event is one of [Begun], [Training], [Ended] and [Waiting].
type Event interface{ event() }

// Begun tells that a job begins, or goes on.
type Begun struct {
	Job     Job
	Resumed bool
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

// cacheBytes, if nobody says otherwise: some 600 prefixes of MNIST.
const cacheBytes = 20 << 30

// Run trains all jobs of all rungs and returns when every one has ended, here
// or elsewhere. A job that fails does not stop the others; it is tried once by
// each runner. When ctx ends, trainings are saved, and the error is
// [train.ErrInterrupted].
func (r *Runner) Run(ctx context.Context) error {
	for rung := range r.Plan.Rungs() {
		jobs, err := r.Jobs(rung)
		if err != nil {
			return err
		}
		if err := r.RunJobs(ctx, jobs); err != nil {
			return err
		}
	}
	return nil
}

// Jobs are the jobs of a rung. Those of a later rung are known when all of the
// rung before have ended; until then the error is [ErrNotYet].
func (r *Runner) Jobs(rung int) ([]Job, error) {
	if rung == 0 {
		return r.Plan.Jobs(0, r.Plan.All())
	}
	points, err := r.promote(rung)
	if err != nil {
		return nil, err
	}
	return r.Plan.Jobs(rung, points)
}

// Await is Jobs, but lets the rungs before come to an end first: it trains what
// nobody else does of them, and waits for the rest. To wait alone could last for
// ever, where those who wait take the room of those who would train.
func (r *Runner) Await(ctx context.Context, rung int) ([]Job, error) {
	for before := range rung {
		jobs, err := r.Jobs(before)
		if err != nil {
			return nil, err
		}
		if err := r.RunJobs(ctx, jobs); err != nil {
			return nil, err
		}
	}
	return r.Jobs(rung)
}

// ErrNotYet says that a rung of the search by halving has not ended.
var ErrNotYet = errors.New("the rung before has not ended")

// promote are the points of a rung: the best of those of the rung before by the
// mean of their seeds on held-out images, the first of equal ones. Whoever asks
// first writes them down, so that all agree.
func (r *Runner) promote(rung int) ([]int, error) {
	points, ok, err := r.Store.Rung(rung)
	if ok || err != nil {
		return points, err
	}
	before, err := r.Jobs(rung - 1)
	if err != nil {
		return nil, err
	}
	results, err := r.Store.Results()
	if err != nil {
		return nil, err
	}
	var ranked []standing
	for _, j := range before {
		if n := len(ranked); n == 0 || ranked[n-1].point != j.Point {
			ranked = append(ranked, standing{point: j.Point})
		}
		of := &ranked[len(ranked)-1]
		switch result, ok := results[j.Key]; {
		case ok:
			of.percent += result.Percent() / float64(len(r.Plan.Sweep.Seeds))
		case r.Store.exists(failuresDir, j.Key):
			of.failed++
		default:
			return nil, ErrNotYet
		}
	}
	slices.SortStableFunc(ranked, standing.compare)
	for _, k := range ranked[:min(len(ranked), r.Plan.Kept(rung))] {
		points = append(points, k.point)
	}
	slices.Sort(points)
	if err := publish(r.Store.path(rungsDir, fmt.Sprintf("%d.json", rung)), points); err != nil {
		return nil, err
	}
	points, _, err = r.Store.Rung(rung) // another may have been first
	return points, err
}

// A standing is a point of a rung that has ended.
type standing struct {
	point, failed int
	percent       float64
}

// compare orders points that did not fail before those that did, and then the
// better ones first.
func (a standing) compare(b standing) int {
	if a.failed != b.failed {
		return a.failed - b.failed
	}
	switch {
	case a.percent > b.percent:
		return -1
	case a.percent < b.percent:
		return 1
	}
	return 0
}

// RunJobs trains those of the jobs that nobody has trained or is training, and
// waits for the rest.
func (r *Runner) RunJobs(ctx context.Context, jobs []Job) error {
	if err := r.Store.create(); err != nil {
		return err
	}
	r.mu.Lock()
	err := r.begin()
	r.mu.Unlock()
	if err != nil {
		return err
	}
	// Those that share layers follow one another, so that a cache need not hold
	// all of them for long.
	jobs = slices.Clone(jobs)
	first := map[string]int{}
	for i, j := range jobs {
		if _, ok := first[j.Prefix]; !ok {
			first[j.Prefix] = i
		}
	}
	place := func(j Job, i int) int {
		if r.shared[j.Prefix] > 1 {
			return first[j.Prefix]
		}
		return i
	}
	order := make([]int, len(jobs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place(jobs[a], a) - place(jobs[b], b) })

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := max(1, min(r.Slots, len(jobs)))
	var group sync.WaitGroup
	for range slots {
		group.Go(func() {
			if err := r.slot(ctx, jobs, order, slots); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if ctx.Err() != nil {
		return train.ErrInterrupted
	}
	r.claims.tidy()
	return r.Store.tidy()
}

// begin makes ready for the first jobs.
func (r *Runner) begin() error {
	if r.tried != nil {
		return nil
	}
	all, err := r.Plan.Jobs(0, r.Plan.All())
	if err != nil {
		return err
	}
	failures, err := r.Store.Failures()
	if err != nil {
		return err
	}
	r.tried, r.busy, r.alone, r.older = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]time.Time{}
	for key, f := range failures {
		r.older[key] = f.Ended
	}
	r.shared = sharing(all)
	if r.Patience == 0 {
		r.Patience = patience
	}
	if r.CacheBytes == 0 {
		r.CacheBytes = cacheBytes
	}
	r.claims = claims{dir: r.Store.path(claimsDir), patience: r.Patience}
	return nil
}

// poll is the time between looks at what other processes do.
const poll = time.Second

// slot trains one job after the other.
func (r *Runner) slot(ctx context.Context, jobs []Job, order []int, slots int) error {
	told := false
	for ctx.Err() == nil {
		task, left, others, err := r.next(jobs, order)
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

// A task is a job that this runner has claimed.
type task struct {
	job    Job
	claim  *claim
	prefix *claim // of the layers that it learns for others too; nil: it does not
}

// next claims a job. If none can be claimed, left is how many have neither ended
// nor been tried, and others how many of them other processes have claimed.
func (r *Runner) next(jobs []Job, order []int) (t *task, left, others int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended, err := r.ended()
	if err != nil {
		return nil, 0, 0, err
	}
	for _, i := range order {
		j := jobs[i]
		if ended[j.Key] || r.tried[j.Key] {
			continue
		}
		left++
		var prefix *claim
		if p := j.Prefix; r.shared[p] > 1 && !r.alone[p] && !train.HasPrefix(r.Store.path(cacheDir), p) {
			if r.busy[p] {
				continue
			}
			prefix, err = r.claims.take(prefixName(p), j.String(), 0)
			if errors.Is(err, errTaken) {
				others++
				continue
			}
			if err != nil {
				return nil, 0, 0, err
			}
			if train.HasPrefix(r.Store.path(cacheDir), p) { // learned a moment ago
				prefix.release()
				prefix = nil
			}
		}
		runs, err := generations(r.Store.path(runsDir), shortKey(j.Key))
		if err == nil {
			var c *claim
			if c, err = r.claims.take(shortKey(j.Key), j.String(), slices.Max(append(runs, 0))); err == nil {
				if !r.Store.exists(resultsDir, j.Key) {
					r.tried[j.Key] = true
					if prefix != nil {
						r.busy[j.Prefix] = true
					}
					return &task{j, c, prefix}, 0, 0, nil
				}
				c.release() // it ended a moment ago
				left--
			}
		}
		if prefix != nil {
			prefix.release()
		}
		if errors.Is(err, errTaken) {
			others++
		} else if err != nil {
			return nil, 0, 0, err
		}
	}
	return nil, left, others, nil
}

// ended are the keys of the jobs that have results, or have failed elsewhere
// since this runner began.
func (r *Runner) ended() (map[string]bool, error) {
	entries, err := os.ReadDir(r.Store.path(resultsDir))
	if err != nil {
		return nil, err
	}
	failures, err := r.Store.Failures()
	if err != nil {
		return nil, err
	}
	ended := make(map[string]bool, len(entries))
	for _, e := range entries {
		if key, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			ended[key] = true
		}
	}
	for key, f := range failures {
		if before, ok := r.older[key]; !ok || !before.Equal(f.Ended) {
			ended[key] = true
		}
	}
	return ended, nil
}

// shortKey names a job's files. 64 bits are enough to tell those of a sweep apart.
func shortKey(key string) string { return key[:16] }

func prefixName(key string) string { return "prefix-" + key[:16] }

// do trains a job, and publishes what came of it.
func (r *Runner) do(ctx context.Context, t *task, slots int) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-t.claim.lost:
			stop()
		case <-working.Done():
		}
	}()
	result, err := r.train(working, t, slots)
	stop()
	<-watched
	r.freePrefix(t)
	defer t.claim.release()
	lost := false
	select {
	case <-t.claim.lost:
		lost = true
	default:
	}
	switch {
	case err == nil:
		if err := publish(r.Store.path(resultsDir, t.job.Key+".json"), result); err != nil {
			return fmt.Errorf("%v: its result cannot be saved: %w", t.job, err)
		}
		os.Remove(r.Store.path(failuresDir, t.job.Key+".json"))
		if result, err = r.clean(t); err != nil {
			return err
		}
		r.tell(Ended{Job: t.job, Result: result})
	case lost, errors.Is(err, train.ErrInterrupted):
		// It is saved, for whoever goes on: after a loss that is another.
		r.mu.Lock()
		delete(r.tried, t.job.Key)
		r.mu.Unlock()
	default:
		host, _ := os.Hostname()
		f := Failure{Key: t.job.Key, Error: err.Error(), Host: host, Ended: time.Now().UTC()}
		r.tell(Ended{Job: t.job, Err: err})
		if err := WriteJSON(r.Store.path(failuresDir, t.job.Key+".json"), f); err != nil {
			return fmt.Errorf("%v failed (%s), and that cannot be noted: %w", t.job, f.Error, err)
		}
	}
	return nil
}

// freePrefix lets others at the layers that a task has learned for them.
func (r *Runner) freePrefix(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.prefix != nil {
		t.prefix.release()
		t.prefix = nil
		delete(r.busy, t.job.Prefix)
	}
}

func (r *Runner) tell(e Event) {
	if r.Observe != nil {
		r.observing.Lock()
		defer r.observing.Unlock()
		r.Observe(e)
	}
}

// train trains a job in the folder of the task's generation, from where the
// generation before was if there is one.
func (r *Runner) train(ctx context.Context, t *task, slots int) (result Result, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the program itself: %v; please report it\n%s", fault, debug.Stack())
		}
	}()
	dir := r.folder(t.job, t.claim.gen)
	images, test, err := r.Plan.Data.Open(t.job.Experiment)
	if err != nil {
		return result, err
	}
	workers := r.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	o := train.Options{
		Train: images, Test: test, Untested: true, Workers: max(1, workers/slots), SaveEvery: r.SaveEvery,
		Cache: r.Store.path(cacheDir), CacheBytes: r.CacheBytes, Observer: train.ObserverFunc(func(e train.Event) { r.watch(t, e) }),
	}
	resumed := r.inherit(t.job, t.claim.gen)
	var trainer *train.Trainer
	if resumed {
		if trainer, err = train.Resume(dir, o); err != nil {
			resumed = false // what was left is of no use
			if err := os.RemoveAll(dir); err != nil {
				return result, err
			}
		}
	}
	if !resumed {
		if trainer, err = train.Create(dir, t.job.Experiment, o); err != nil {
			return result, err
		}
	}
	defer trainer.Close()
	r.tell(Begun{t.job, resumed})
	report, err := trainer.Run(ctx)
	if err != nil {
		return result, err
	}
	return newResult(t, dir, report)
}

// newResult reads what came of a training from its folder.
func newResult(t *task, dir string, report *train.Report) (Result, error) {
	host, _ := os.Hostname()
	last := t.job.Experiment.Layers[len(t.job.Experiment.Layers)-1]
	result := Result{
		Key: t.job.Key, Seed: t.job.Seed, Epoch: report.Epoch, Epochs: last.Learn.Epochs, Images: report.Presentations,
		Seconds: report.Seconds, Cached: report.Cached, Run: filepath.Base(dir), Host: host, Version: train.Version, Ended: time.Now().UTC(),
	}
	if report.Validation == nil {
		return result, errors.New("no images were held out to choose by: set protocol.validation")
	}
	result.Validation = *report.Validation
	ends, err := train.ReadEpochs(dir)
	if err != nil {
		return result, err
	}
	for _, end := range ends {
		if end.Layer == last.Name && end.Validation != nil {
			result.Curve = append(result.Curve, *end.Validation)
		}
	}
	m, err := train.Load(dir)
	if err != nil {
		return result, err
	}
	result.Weights = WeightsSum(m)
	return result, nil
}

// WeightsSum is the SHA-256 of a network's weights, layer after layer, as
// little-endian float32.
func WeightsSum(m *train.Model) string {
	h := sha256.New()
	var b []byte
	for _, l := range m.Network.Layers {
		b = b[:0]
		for _, w := range l.Weights() {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// watch passes on what a training tells.
func (r *Runner) watch(t *task, e train.Event) {
	switch e := e.(type) {
	case train.Progress:
		layers := t.job.Experiment.Layers
		part, all := 0.0, 0.0 // epochs
		for _, l := range layers {
			if l.Name == e.Layer {
				part = all + float64(e.Epoch) + float64(e.Image)/float64(max(1, e.Images))
			}
			all += float64(l.Learn.Epochs)
		}
		t.claim.tell(fmt.Sprintf("%s, epoch %d of %d", e.Layer, e.Epoch+1, e.Epochs), part/max(1, all))
	case train.Cached:
		if e.Kept && e.Err != nil {
			r.mu.Lock()
			r.alone[t.job.Prefix] = true
			r.mu.Unlock()
		}
		if e.Kept {
			r.freePrefix(t)
		}
	}
	r.tell(Training{t.job, e})
}

// folder is where a generation trains a job.
func (r *Runner) folder(j Job, gen int) string {
	return r.Store.path(runsDir, shortKey(j.Key)+"."+strconv.Itoa(gen))
}

// inherit copies what the last generation saved into the folder of a new one,
// and reports whether there was anything. The checkpoint, which is replaced as
// a whole, comes first: what it counts of the metrics is there by then.
func (r *Runner) inherit(j Job, gen int) bool {
	before, err := generations(r.Store.path(runsDir), shortKey(j.Key))
	if err != nil {
		return false
	}
	slices.Sort(before)
	for _, g := range slices.Backward(before) {
		if g >= gen {
			continue
		}
		from, to := r.folder(j, g), r.folder(j, gen)
		if err := os.MkdirAll(to, 0o777); err != nil {
			return false
		}
		whole := true
		for _, name := range []string{"checkpoint.safetensors", "metrics.jsonl", "experiment.toml", "run.json"} {
			err := copyFile(filepath.Join(to, name), filepath.Join(from, name))
			whole = whole && (err == nil || name == "metrics.jsonl")
		}
		if whole {
			os.RemoveAll(from) // its owner, should he live, has lost it
			return true
		}
		os.RemoveAll(to)
	}
	return false
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// clean removes what is of no use once a result is published, which it returns:
// other generations, and of the run what only a training needs. If a successor
// was first it is this one's run that goes.
func (r *Runner) clean(t *task) (Result, error) {
	var published Result
	if err := ReadJSON(r.Store.path(resultsDir, t.job.Key+".json"), &published); err != nil {
		return published, err
	}
	gens, _ := generations(r.Store.path(runsDir), shortKey(t.job.Key)) // what cannot be removed stays
	for _, g := range gens {
		if dir := r.folder(t.job, g); filepath.Base(dir) != published.Run {
			os.RemoveAll(dir)
		}
	}
	if !r.KeepRuns {
		os.Remove(r.Store.path(runsDir, published.Run, "checkpoint.safetensors"))
	}
	return published, nil
}
