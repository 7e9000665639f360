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
	"time"

	"firstspike/train"
)

// A task is a job that this runner has claimed.
type task struct {
	job    Job
	claim  *claim
	prefix *claim // of the layers that it learns for others too; nil: it does not
	again  bool   // it has a result, whose network is gone
}

// next claims a job. If none can be claimed, left is how many have neither ended
// nor been tried, and others how many of them other processes have claimed.
func (r *Runner) next(jobs []Job) (t *task, left, others int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended, err := r.ended()
	if err != nil {
		return nil, 0, 0, err
	}
	claimed, err := r.claims.living()
	if err != nil {
		return nil, 0, 0, err
	}
	for _, j := range jobs {
		if ended[j.Key] && !r.lacks(j.Key) || r.tried[j.Key] {
			continue
		}
		left++
		if claimed[shortKey(j.Key)] {
			others++
			continue
		}
		learns := r.shared[j.Prefix] > 1 && !r.alone[j.Prefix] && !train.HasPrefix(r.Store.path(cacheDir), j.Prefix)
		switch {
		case learns && r.busy[j.Prefix]:
			continue
		case learns && claimed[prefixName(j.Prefix)]:
			others++
			continue
		}
		switch t, err := r.claim(j, learns); {
		case t != nil:
			return t, 0, 0, nil
		case errors.Is(err, errTaken):
			others++
		case err != nil:
			return nil, 0, 0, err
		default:
			left-- // it ended a moment ago
		}
	}
	return nil, left, others, nil
}

// claim claims a job, and the layers that it is to learn for others too; nil if
// it has ended.
func (r *Runner) claim(j Job, learns bool) (*task, error) {
	t := &task{job: j}
	var err error
	if learns {
		if t.prefix, err = r.claims.take(prefixName(j.Prefix), j.String(), 0); err != nil {
			return nil, err
		}
		if train.HasPrefix(r.Store.path(cacheDir), j.Prefix) { // learned a moment ago
			t.prefix.release()
			t.prefix = nil
		}
	}
	runs, err := r.lastRun(j)
	if err == nil {
		t.claim, err = r.claims.take(shortKey(j.Key), j.String(), runs)
	}
	if err == nil { // another may have had the claim, and let it go, since that look
		if runs, err = r.lastRun(j); err == nil && runs >= t.claim.gen {
			err = errTaken
		}
	}
	if err == nil && (r.lacks(j.Key) || !r.Store.exists(resultsDir, j.Key)) {
		r.tried[j.Key] = true
		t.again = r.bare[j.Key]
		if t.prefix != nil {
			r.busy[j.Prefix] = true
		}
		return t, nil
	}
	if t.claim != nil {
		t.claim.release()
	}
	if t.prefix != nil {
		t.prefix.release()
	}
	return nil, err
}

// lastRun is the last generation of a job that has a folder, 0 if none has.
func (r *Runner) lastRun(j Job) (int, error) {
	gens, err := generations(r.Store.path(runsDir), shortKey(j.Key))
	return slices.Max(append(gens, 0)), err
}

// lacks reports whether a job has a result whose network is to be made again, and is
// not there yet.
func (r *Runner) lacks(key string) bool {
	if !r.bare[key] {
		return false
	}
	var result Result
	if err := ReadJSON(r.Store.path(resultsDir, key+".json"), &result); err == nil && r.network(result) {
		delete(r.bare, key)
	}
	return r.bare[key]
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

func prefixName(key string) string { return "prefix-" + key[:min(16, len(key))] }

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
	if err == nil && t.again {
		err = r.compare(result)
	}
	switch {
	case err == nil:
		if err := publish(r.Store.path(resultsDir, t.job.Key+".json"), result); err != nil {
			return fmt.Errorf("%v: its result cannot be saved: %w", t.job, err)
		}
		os.Remove(r.Store.path(failuresDir, t.job.Key+".json"))
		if result, err = r.settle(t); err != nil {
			return err
		}
		r.tell(Ended{Job: t.job, Result: result})
	case t.claim.held() && ctx.Err() != nil && !errors.Is(err, train.ErrInterrupted):
		return fmt.Errorf("%v: %w", t.job, err) // it could not be saved
	case !t.claim.held(), errors.Is(err, train.ErrInterrupted):
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

// compare is what is wrong if a network that was made again is another than that of
// the result.
func (r *Runner) compare(made Result) error {
	var published Result
	if err := ReadJSON(r.Store.path(resultsDir, made.Key+".json"), &published); err != nil {
		return err
	}
	if published.Weights != made.Weights {
		return fmt.Errorf("its network was gone, and made again (by version %s) is another than that of the result (of version %s); remove results/%s.json, and all that follows from it is made anew", made.Version, published.Version, made.Key)
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

// train trains a job in the folder of the task's generation, from where the
// generation before was if there is one.
func (r *Runner) train(ctx context.Context, t *task, slots int) (result Result, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the program itself: %v; please report it\n%s", fault, debug.Stack())
		}
	}()
	if n := t.claim.deaths(); n >= mostDeaths {
		return result, fmt.Errorf("its process was killed %d times, one after the other, before it could save anything: perhaps for want of memory; try it alone, with --jobs 1", n)
	}
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
		Train: images, Test: test, Untested: true, Unlocked: true, Workers: max(1, workers/slots), SaveEvery: r.SaveEvery,
		Observer: train.ObserverFunc(func(e train.Event) { r.watch(t, e) }),
	}
	if r.shared[t.job.Prefix] > 1 {
		o.Cache, o.CacheBytes = r.Store.path(cacheDir), r.CacheBytes
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
	r.tell(Begun{t.job, resumed, t.again})
	report, err := trainer.Run(ctx)
	if err != nil {
		return result, err
	}
	return newResult(t, dir, report)
}

// mostDeaths is how often a job is taken up from processes that were killed and
// had saved nothing. Tests have others.
var mostDeaths = 3

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
		switch {
		case end.Layer != last.Name:
			result.Before = end.Seconds
		case end.Validation != nil:
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
		part, all := 0.0, 0.0 // epochs
		for _, l := range t.job.Experiment.Layers {
			if l.Name == e.Layer {
				part = all + float64(e.Epoch) + float64(e.Image)/float64(max(1, e.Images))
			}
			all += float64(l.Learn.Epochs)
		}
		t.claim.tell(fmt.Sprintf("%s, epoch %d of %d", e.Layer, e.Epoch+1, e.Epochs), part/max(1, all))
	case train.Saved:
		if e.Err == nil {
			t.claim.saved()
		}
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
		for _, name := range []string{checkpointFile, "metrics.jsonl", "experiment.toml", "run.json"} {
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

// checkpointFile is what only a training needs of a run, modelFile its network.
const (
	checkpointFile = "checkpoint.safetensors"
	modelFile      = "model.safetensors"
)

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

// settle returns the result that was published, and puts the run that it names in
// order. That is this task's, unless another that worked on the job was first:
// should its run be gone, because it was taken for dead, this one, which is its
// equal, takes its place.
func (r *Runner) settle(t *task) (Result, error) {
	var published Result
	if err := ReadJSON(r.Store.path(resultsDir, t.job.Key+".json"), &published); err != nil {
		return published, err
	}
	mine, named := r.folder(t.job, t.claim.gen), r.Store.path(runsDir, filepath.Base(published.Run))
	if mine != named {
		if r.network(published) {
			os.RemoveAll(mine)
		} else if err := errors.Join(os.RemoveAll(named), os.Rename(mine, named)); err != nil {
			return published, err
		}
	}
	if !r.KeepRuns {
		os.Remove(filepath.Join(named, checkpointFile))
	}
	return published, nil
}

// tidy removes what processes that were killed left behind: files half-written,
// and runs beside those that results name, where nobody is at the job any more.
// It reports whether some of the jobs have results whose networks are gone, which
// this runner has not tried to make again.
func (r *Runner) tidy(jobs []Job) (again bool, err error) {
	if err := r.Store.tidy(); err != nil {
		return false, err
	}
	results, err := r.Store.Results()
	if err != nil {
		return false, err
	}
	claimed, err := r.claims.living()
	if err != nil {
		return false, err
	}
	named := map[string]string{}
	for key, result := range results {
		if r.network(result) {
			named[shortKey(key)] = result.Run
		}
	}
	r.mu.Lock()
	for _, j := range jobs {
		_, done := results[j.Key]
		if done && named[shortKey(j.Key)] == "" && !claimed[shortKey(j.Key)] && !r.bare[j.Key] {
			r.bare[j.Key], again = true, true
			delete(r.tried, j.Key)
		}
	}
	r.mu.Unlock()
	r.claims.tidy(named)
	entries, err := os.ReadDir(r.Store.path(runsDir))
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		key, _, ok := split(e.Name())
		if run, done := named[key]; ok && done && run != e.Name() && !claimed[key] {
			os.RemoveAll(r.Store.path(runsDir, e.Name()))
		}
	}
	return again, nil
}

// network reports whether the network of a result is there.
func (r *Runner) network(of Result) bool {
	_, err := os.Stat(r.Store.path(runsDir, filepath.Base(of.Run), modelFile))
	return err == nil
}

// pause waits for a moment.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return train.ErrInterrupted
	case <-time.After(poll):
		return nil
	}
}
