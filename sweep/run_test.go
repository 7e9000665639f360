package sweep_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"firstspike/sweep"
	"firstspike/train"
)

// rates is a sweep of four points and three seeds, which share first layers.
const rates = `
seeds = 3
` + small + `
[[axis]]
path = "layers.s1.threshold"
values = [1, 2]
[[axis]]
path = "layers.s2.learn.a_plus"
values = [0.002, 0.008]
`

func results(t testing.TB, r *sweep.Runner) map[string]sweep.Result {
	t.Helper()
	all, err := r.Store.Results()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A sweep gives what each training by itself gives.
func TestRunAsPlainTrainings(t *testing.T) {
	p := plan(t, rates)
	r := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}, Slots: 2}
	cached, ended := 0, 0
	r.Observe = func(e sweep.Event) {
		if e, ok := e.(sweep.Ended); ok {
			ended++
			if e.Result.Cached != nil {
				cached++
			}
		}
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended != 12 || cached != 6 {
		t.Errorf("%d trainings ended, %d of them with first layers of another; not 12 and 6", ended, cached)
	}
	have := results(t, r)
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		learn, test, err := p.Data.Open(j.Experiment)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		plain, err := train.Create(dir, j.Experiment, train.Options{Train: learn, Test: test})
		if err != nil {
			t.Fatal(err)
		}
		report, err := plain.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		plain.Close()
		r, ok := have[j.Key]
		if !ok {
			t.Fatalf("%v has no result", j)
		}
		if r.Validation != *report.Validation || r.Epoch != report.Epoch || r.Images != report.Presentations || len(r.Curve) != 3 {
			t.Errorf("%v: %+v; a plain training has %+v after epoch %d, %d presentations", j, r, *report.Validation, report.Epoch, report.Presentations)
		}
		m, err := train.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sweep.WeightsSum(m); r.Weights != sum {
			t.Errorf("%v: its weights are not those of a plain training", j)
		}
	}
	// Again: nothing is left to do.
	r = &sweep.Runner{Plan: p, Store: r.Store, Observe: func(e sweep.Event) { t.Errorf("%T in a sweep that has ended", e) }}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The test images are not looked at: a run has no test until somebody asks.
func TestRunsAreUntested(t *testing.T) {
	r := &sweep.Runner{Plan: plan(t, "seeds = 1"+small), Store: sweep.Store{Dir: t.TempDir()}, KeepRuns: true}
	r.Observe = func(e sweep.Event) {
		if e, ok := e.(sweep.Training); ok {
			if s, ok := e.Event.(train.Stage); ok && s.Name == "testing" {
				t.Error("the test images were looked at")
			}
		}
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, result := range results(t, r) {
		dir := filepath.Join(r.Store.Dir, "runs", result.Run)
		if _, err := train.ReadReport(dir); err == nil {
			t.Error("the run has a report, and so a test")
		}
		learn, test, err := r.Plan.Data.Open(r.Plan.Base)
		if err != nil {
			t.Fatal(err)
		}
		trainer, err := train.Resume(dir, train.Options{Train: learn, Test: test})
		if err != nil {
			t.Fatal(err)
		}
		report, err := trainer.Run(t.Context())
		trainer.Close()
		if err != nil || report.Test.Images() != test.Len() || *report.Validation != result.Validation {
			t.Errorf("resumed, it gives %+v, %v", report, err)
		}
	}
}

// A sweep that is stopped at any moment goes on to the same results.
func TestStopAndGoOn(t *testing.T) {
	p := plan(t, strings.ReplaceAll(rates, "epochs = 3", "epochs = 40"))
	whole := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}, Slots: 2}
	if err := whole.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	store, stops, resumed := sweep.Store{Dir: t.TempDir()}, 0, 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		events := 0
		r := &sweep.Runner{Plan: p, Store: store, Slots: 2, Observe: func(e sweep.Event) {
			if b, ok := e.(sweep.Begun); ok && b.Resumed {
				resumed++
			}
			if e, ok := e.(sweep.Training); ok {
				if _, ok := e.Event.(train.EpochEnd); ok {
					events++
				}
			}
			if events == 25 {
				cancel()
			}
		}}
		err := r.Run(ctx)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
		if stops++; stops > 200 {
			t.Fatal("it does not come to an end")
		}
	}
	if stops < 3 || resumed == 0 {
		t.Errorf("stopped %d times, and %d trainings went on where they were", stops, resumed)
	}
	same(t, results(t, whole), results(t, &sweep.Runner{Plan: p, Store: store}))
}

// same compares what does not depend on time and place.
func same(t testing.TB, want, have map[string]sweep.Result) {
	t.Helper()
	if len(want) != len(have) {
		t.Errorf("%d results, not %d", len(have), len(want))
	}
	for key, w := range want {
		h, ok := have[key]
		if !ok {
			t.Errorf("%s has no result", key)
			continue
		}
		if h.Validation != w.Validation || h.Weights != w.Weights || h.Epoch != w.Epoch || h.Images != w.Images || !slices.Equal(h.Curve, w.Curve) {
			t.Errorf("%s: %+v, not %+v", key, h, w)
		}
	}
}

// Several runners, as several processes, share the work: each training is done
// once, and first layers are learned once.
func TestRunnersShare(t *testing.T) {
	p := plan(t, strings.ReplaceAll(rates, "epochs = 3", "epochs = 60"))
	store := sweep.Store{Dir: t.TempDir()}
	var mu sync.Mutex
	begun, firsts := map[string]int{}, map[string]int{}
	var group sync.WaitGroup
	for range 4 {
		r := &sweep.Runner{Plan: p, Store: store, Observe: func(e sweep.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case sweep.Begun:
				begun[e.Job.Key]++
			case sweep.Training:
				if end, ok := e.Event.(train.EpochEnd); ok && end.Layer == "s1" && end.Epoch == 0 && !end.Cached {
					firsts[e.Job.Prefix]++
				}
			}
		}}
		group.Go(func() {
			if err := r.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(begun) != 12 || len(firsts) != 6 {
		t.Errorf("%d trainings and %d first layers, not 12 and 6", len(begun), len(firsts))
	}
	for key, n := range begun {
		if n != 1 {
			t.Errorf("%s began %d times", key, n)
		}
	}
	for key, n := range firsts {
		if n != 1 {
			t.Errorf("first layers %s were learned %d times", key, n)
		}
	}
}

// A point that fails does not stop the others, says why, and is tried again by
// the next command.
func TestFailure(t *testing.T) {
	p := plan(t, rates)
	store := sweep.Store{Dir: t.TempDir()}
	broken := true
	r := &sweep.Runner{Plan: p, Store: store, Slots: 2}
	failed := 0
	r.Observe = func(e sweep.Event) {
		switch e := e.(type) {
		case sweep.Training:
			if broken && e.Job.Point == 1 && e.Job.Seed == 2 {
				panic("a spike went astray")
			}
		case sweep.Ended:
			if e.Err != nil {
				failed++
			}
		}
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	if failed != 1 || o.Done != 11 || o.Failed != 1 || len(o.Working) != 0 {
		t.Errorf("%d failed here; %d are done, %d failed, %d go on; not 1, 11, 1, 0", failed, o.Done, o.Failed, len(o.Working))
	}
	line := o.Lines[1]
	if line.Complete() || len(line.Failures) != 1 || !strings.Contains(line.Failures[0].Error, "a spike went astray") {
		t.Errorf("point 1: %+v", line.Failures)
	}
	if best, ok := o.Best(); !ok || best.Point.Index == 1 {
		t.Errorf("a point that misses a seed is the best")
	}
	var text bytes.Buffer
	if err := o.Runs().CSV(&text); err != nil || strings.Count(text.String(), "a spike went astray") != 1 {
		t.Errorf("%v: the table does not tell of it: %s", err, text.String())
	}
	broken = false
	again := &sweep.Runner{Plan: p, Store: store, Observe: r.Observe}
	if err := again.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o, err = again.Look(); err != nil || o.Done != 12 || o.Failed != 0 {
		t.Errorf("tried again, %d are done and %d failed, %v", o.Done, o.Failed, err)
	}
}

// The best of a rung go on to the next one, whoever looks first.
func TestHalving(t *testing.T) {
	p := plan(t, `
seeds = 2
[set]
protocol.validation = 200
layers.s1.learn.epochs = 1
[search]
kind = "halving"
epochs = [1, 2, 4]
keep = 0.5
[[axis]]
path = "layers.s2.learn.a_plus"
values = [0.00001, 0.004, 0.00002, 0.016]
`)
	r := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}, Slots: 2}
	if _, err := r.Jobs(1); !errors.Is(err, sweep.ErrNotYet) {
		t.Errorf("rung 2 is known before rung 1 has begun: %v", err)
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	if o.Jobs != 2*(4+2+1) || o.Done != o.Jobs || len(o.Lines) != 7 {
		t.Errorf("%d of %d trainings, %d lines; not 14, 7", o.Done, o.Jobs, len(o.Lines))
	}
	best, second := 0.0, 0.0
	for _, l := range o.Lines[:4] {
		switch {
		case l.Mean > best:
			best, second = l.Mean, best
		case l.Mean > second:
			second = l.Mean
		}
	}
	for _, l := range o.Lines[4:6] {
		if first := o.Lines[l.Point.Index]; first.Mean < second || l.Epochs != 2 {
			t.Errorf("point %d with %.2f %% went on; the second best has %.2f", l.Point.Index, first.Mean, second)
		}
	}
	if line, ok := o.Best(); !ok || line.Rung != 2 || line.Epochs != 4 {
		t.Errorf("the best is of rung %d", line.Rung+1)
	}
}

// What goes on depends on the results that there are now: not on an order that
// the file had before, nor on failures that have been mended.
func TestHalvingOfAChangedFile(t *testing.T) {
	text := `
seeds = 1
[set]
protocol.validation = 200
layers.s1.learn.epochs = 1
[search]
kind = "halving"
epochs = [1, 2]
keep = 0.5
[[axis]]
path = "layers.s1.threshold"
values = [%s]
`
	store := sweep.Store{Dir: t.TempDir()}
	promoted := func(values string, broken func(sweep.Job) bool) string {
		t.Helper()
		r := &sweep.Runner{Plan: plan(t, fmt.Sprintf(text, values)), Store: store, Observe: func(e sweep.Event) {
			if e, ok := e.(sweep.Training); ok && broken(e.Job) {
				panic("broken")
			}
		}}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		o, err := r.Look()
		if err != nil {
			t.Fatal(err)
		}
		if best, ok := o.Best(); ok {
			return best.Point.String()
		}
		return ""
	}
	never := func(sweep.Job) bool { return false }
	if best := promoted("2, 8", func(j sweep.Job) bool { return j.Experiment.Layers[0].Threshold == 2 && j.Rung == 0 }); best != "layers.s1.threshold=8" {
		t.Errorf("with the other one broken %q goes on", best)
	}
	if best := promoted("2, 8", never); best != "layers.s1.threshold=2" {
		t.Errorf("mended, %q goes on", best)
	}
	if best := promoted("9, 8, 2", never); best != "layers.s1.threshold=2" {
		t.Errorf("with another order %q goes on", best)
	}
}

// A process that was taken for dead wakes and publishes first, though its run has
// been taken over: the result keeps a run.
func TestLateOwner(t *testing.T) {
	p := plan(t, "seeds = 1"+small)
	r := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}}
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		t.Fatal(err)
	}
	key := jobs[0].Key
	first := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}}
	if err := first.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := results(t, first)[key] // names generation 1
	r.Observe = func(e sweep.Event) {
		if e, ok := e.(sweep.Training); ok {
			if end, ok := e.Event.(train.EpochEnd); ok && end.Layer == "s2" && end.Epoch == 2 {
				if err := sweep.WriteJSON(filepath.Join(r.Store.Dir, "results", key+".json"), late); err != nil {
					t.Error(err)
				}
			}
		}
	}
	// The folder of generation 1 was there, and its owner lost it.
	if err := os.MkdirAll(filepath.Join(r.Store.Dir, "runs", key[:16]+".1"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	have := results(t, r)[key]
	if have.Run != late.Run {
		t.Fatalf("the result names %s, not %s, which was first", have.Run, late.Run)
	}
	if _, err := train.Load(filepath.Join(r.Store.Dir, "runs", have.Run)); err != nil {
		t.Errorf("its network is gone: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Join(r.Store.Dir, "runs")); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v are in the folder of runs", entries, err)
	}
}

// A process that was taken for dead, and whose folder is gone, has not failed: what
// the other made counts.
func TestLateFailure(t *testing.T) {
	p := plan(t, "seeds = 1"+small)
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		t.Fatal(err)
	}
	key := jobs[0].Key
	other := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}, Patience: time.Second}
	if err := other.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	theirs := results(t, other)[key]
	theirs.Run = key[:16] + ".2"
	r := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}, Patience: time.Second}
	r.Observe = func(e sweep.Event) {
		if e, ok := e.(sweep.Ended); ok && e.Err != nil {
			t.Error("it counts as failed: ", e.Err)
		}
		e2, ok := e.(sweep.Training)
		if !ok {
			return
		}
		if end, ok := e2.Event.(train.EpochEnd); ok && end.Layer == "s2" && end.Epoch == 1 {
			at := func(parts ...string) string { return filepath.Join(append([]string{r.Store.Dir}, parts...)...) }
			err := errors.Join(os.Remove(at("claims", key[:16]+".1")), os.RemoveAll(at("runs", key[:16]+".1")),
				os.CopyFS(at("runs", key[:16]+".2"), os.DirFS(filepath.Join(other.Store.Dir, "runs", key[:16]+".1"))),
				sweep.WriteJSON(at("results", key+".json"), theirs))
			if err != nil {
				t.Error(err)
			}
		}
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if failures, err := r.Store.Failures(); err != nil || len(failures) > 0 {
		t.Errorf("%v, %v are noted as failed", failures, err)
	}
	if got := results(t, r)[key]; got.Host != theirs.Host || got.Run != theirs.Run || !got.Ended.Equal(theirs.Ended) {
		t.Errorf("the result is %v, not that of the other, %v", got, theirs)
	}
}

// A result whose network is gone is made again, to the same weights.
func TestLostNetwork(t *testing.T) {
	p := plan(t, rates)
	store := sweep.Store{Dir: t.TempDir()}
	run := func() map[string]sweep.Result {
		r := &sweep.Runner{Plan: p, Store: store, Slots: 2}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return results(t, r)
	}
	before := run()
	var lost []string
	for key, r := range before {
		switch len(lost) {
		case 0:
			os.RemoveAll(filepath.Join(store.Dir, "runs", r.Run))
		case 1:
			os.Remove(filepath.Join(store.Dir, "runs", r.Run, "model.safetensors"))
		default:
			continue
		}
		lost = append(lost, key)
	}
	after := run()
	for _, key := range lost {
		m, err := train.Load(filepath.Join(store.Dir, "runs", after[key].Run))
		if err != nil {
			t.Error(err)
		} else if got := sweep.WeightsSum(m); got != before[key].Weights {
			t.Errorf("made again, the weights are %s, not %s", got, before[key].Weights)
		}
	}
	for key := range before {
		if after[key].Ended != before[key].Ended {
			t.Errorf("the result of %s was published again", key)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(store.Dir, "runs")); err != nil || len(entries) != len(before) {
		t.Errorf("%d runs are there of %d trainings (%v)", len(entries), len(before), err)
	}
}

// Of many that find networks gone one makes each again; and what comes out otherwise,
// as from another version of the program, is not put in the place of the old.
func TestLostNetworks(t *testing.T) {
	p := plan(t, rates)
	store := sweep.Store{Dir: t.TempDir()}
	if err := (&sweep.Runner{Plan: p, Store: store, Slots: 2}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(store.Dir, "runs")); err != nil {
		t.Fatal(err)
	}
	var other string // whose result is of other weights
	for key, r := range results(t, &sweep.Runner{Store: store}) {
		r.Weights = strings.Repeat("0", 64)
		if err := sweep.WriteJSON(filepath.Join(store.Dir, "results", key+".json"), r); err != nil {
			t.Fatal(err)
		}
		other = key
		break
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	made, failed := map[string]int{}, 0
	for range 4 {
		r := &sweep.Runner{Plan: p, Store: store}
		r.Observe = func(e sweep.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e := e.(type) {
			case sweep.Begun:
				made[e.Job.Key]++
				if !e.Again {
					t.Errorf("%v does not say that it is made again", e.Job)
				}
			case sweep.Ended:
				if e.Err == nil {
					break
				}
				failed++
				if e.Job.Key != other || !strings.Contains(e.Err.Error(), "remove results/"+other) {
					t.Errorf("%v: %v", e.Job, e.Err)
				}
			}
		}
		group.Go(func() {
			if err := r.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for key, n := range made {
		if n > 1 && key != other {
			t.Errorf("%.16s is made %d times", key, n)
		}
	}
	if len(made) != 12 || failed == 0 {
		t.Errorf("%d are made again, %d fail; not 12, and at least one that comes out otherwise", len(made), failed)
	}
}

// A job whose processes die before they save anything fails in the end, and is
// tried again by the next runner.
func TestKilledAgainAndAgain(t *testing.T) {
	p := plan(t, "seeds = 1"+small)
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		t.Fatal(err)
	}
	key, store := jobs[0].Key, sweep.Store{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(store.Dir, "claims"), 0o777); err != nil {
		t.Fatal(err)
	}
	// As a process of this machine that is no more leaves it.
	dead := exec.Command("sleep", "0")
	if err := dead.Run(); err != nil {
		t.Skip(err)
	}
	leave := func(deaths int) {
		h := sweep.Self()
		h.Process, h.Deaths = dead.Process.Pid, deaths
		if err := sweep.WriteJSON(filepath.Join(store.Dir, "claims", key[:16]+".7"), h); err != nil {
			t.Fatal(err)
		}
	}
	if sweep.Self().Machine == "" {
		t.Skip("this system does not tell its processes")
	}
	leave(2) // and it was the third
	r := &sweep.Runner{Plan: p, Store: store}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	failures, err := store.Failures()
	if err != nil || !strings.Contains(failures[key].Error, "killed 3 times") {
		t.Fatalf("after three deaths: %v, %v", failures, err)
	}
	again := &sweep.Runner{Plan: p, Store: store}
	if err := again.Run(t.Context()); err != nil || len(results(t, again)) != 1 {
		t.Errorf("the next runner does not try it again: %v", err)
	}
}

// Tables have every training once, and the same in both formats.
func TestTables(t *testing.T) {
	p := plan(t, strings.Replace(rates, "values = [0.002, 0.008]", "values = [0.002, 0.008]\nwhen = \"layers.s1.threshold < 2\"", 1))
	r := &sweep.Runner{Plan: p, Store: sweep.Store{Dir: t.TempDir()}, Slots: 2}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	for name, table := range map[string]*sweep.Table{"points": o.Points(), "runs": o.Runs()} {
		var text, binary bytes.Buffer
		if err := errors.Join(table.CSV(&text), table.Parquet(&binary)); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&text).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"points": 3, "runs": 9}[name]; len(lines) != 1+want {
			t.Errorf("%s: %d rows, not %d", name, len(lines)-1, want)
		}
		rows, err := parquet.Read[any](bytes.NewReader(binary.Bytes()), int64(binary.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != len(lines)-1 {
			t.Fatalf("%s: %d rows in Parquet and %d in CSV", name, len(rows), len(lines)-1)
		}
		nulls := 0
		for i, row := range rows {
			values := row.(map[string]any)
			for k, column := range lines[0] {
				v := values[column]
				have := fmt.Sprint(v)
				if b, ok := v.([]byte); ok {
					have = string(b)
				}
				if v == nil {
					have, nulls = "", nulls+1
				}
				if want := lines[i+1][k]; have != want {
					t.Errorf("%s, row %d, %s: %q in Parquet and %q in CSV", name, i, column, have, want)
				}
			}
		}
		if nulls == 0 {
			t.Errorf("%s: an axis that does not vary has a value", name)
		}
	}
	for _, f := range []interface{ Check() error }{o.Parallel(), o.MainEffects(), o.Curves(3)} {
		if err := f.Check(); err != nil {
			t.Errorf("%T: %v", f, err)
		}
	}
	if _, ok := o.Heat(); ok {
		t.Error("a matrix of a sweep that is no grid")
	}
}

// A result that is damaged is refused by name.
func TestDamaged(t *testing.T) {
	r := &sweep.Runner{Plan: plan(t, "seeds = 1"+small), Store: sweep.Store{Dir: t.TempDir()}}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	good := results(t, r)
	for key, result := range good {
		path := filepath.Join(r.Store.Dir, "results", key+".json")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		with := func(change func(*sweep.Result)) []byte {
			other := result
			change(&other)
			text, _ := json.Marshal(other)
			return text
		}
		for _, damaged := range [][]byte{text[:len(text)/2], nil,
			with(func(o *sweep.Result) { o.Key = strings.Repeat("0", 64) }),
			with(func(o *sweep.Result) { o.Run = "" }),
			with(func(o *sweep.Result) { o.Run = "../.." }),
			with(func(o *sweep.Result) { o.Run = "0000000000000000.1" }),
			with(func(o *sweep.Result) { o.Validation.Right, o.Validation.Wrong = 1_000_000, -999_900 }),
			with(func(o *sweep.Result) { o.Validation = train.Score{} }),
			with(func(o *sweep.Result) { o.Weights = "" }),
			[]byte(`{"key": "x", "run": "x.1"}`),
		} {
			if err := os.WriteFile(path, damaged, 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Look(); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%.20q: %v", damaged, err)
			}
		}
		// All are told at once.
		other := filepath.Join(r.Store.Dir, "results", strings.Repeat("1", 64)+".json")
		if err := os.WriteFile(other, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Look(); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), other) {
			t.Errorf("two are damaged: %v", err)
		}
		if err := errors.Join(os.Remove(other), os.WriteFile(path, text, 0o666), os.WriteFile(filepath.Join(r.Store.Dir, "failures", strings.Repeat("2", 64)+".json"), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
		// Why something failed is no reason to stop.
		if o, err := r.Look(); err != nil || o.Done != 1 {
			t.Errorf("a reason that cannot be read: %v", err)
		}
	}
}

// What is no file is not read: it may have no end, or never begin.
func TestNoFiles(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"sweep.toml", "experiment.toml", "results/" + strings.Repeat("0", 64) + ".json", "claims/0123456789abcdef.1"} {
		p := plan(t, "seeds = 1"+small)
		store := sweep.Store{Dir: t.TempDir()}
		if err := store.Begin([]byte(small), p.Base); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(store.Dir, name))
		if err := os.Symlink("/dev/zero", filepath.Join(store.Dir, name)); err != nil {
			t.Skip(err)
		}
		_, loading := store.Load()
		r := &sweep.Runner{Plan: p, Store: store}
		_, looking := r.Look()
		if err := errors.Join(loading, looking); !strings.HasPrefix(name, "claims") && (err == nil || !strings.Contains(err.Error(), "is no regular file")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A folder of something else is not written into.
func TestOccupied(t *testing.T) {
	base := plan(t, small).Base
	experiment, err := base.TOML()
	if err != nil {
		t.Fatal(err)
	}
	// Its own is left by whoever was killed, or has removed results; that of somebody
	// else may look much alike.
	for _, c := range []struct {
		files map[string]string
		free  bool
	}{
		{map[string]string{"sweep.toml": small}, true},
		{map[string]string{"sweep.toml": rates, "experiment.toml": string(experiment)}, true},
		{map[string]string{"sweep.toml": rates, "experiment.toml": "# mine\n" + string(experiment)}, false},
		{map[string]string{"sweep.toml": rates, "experiment.toml": "# mine\n" + string(experiment), "results/table.csv": "1"}, false},
		{map[string]string{"sweep.toml": rates, "experiment.toml": "# mine\n" + string(experiment), "results/" + strings.Repeat("0", 64) + ".json": "1"}, true},
	} {
		store := sweep.Store{Dir: t.TempDir()}
		for name, text := range c.files {
			path := filepath.Join(store.Dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Begin([]byte(small), base); (err == nil) != c.free {
			t.Errorf("%v: %v", slices.Sorted(maps.Keys(c.files)), err)
		}
	}
	for _, name := range []string{"sweep.toml", "experiment.toml", "run.json"} {
		store := sweep.Store{Dir: t.TempDir()}
		path := filepath.Join(store.Dir, name)
		if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := store.Begin([]byte(small), plan(t, small).Base); !errors.Is(err, sweep.ErrOccupied) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(path); string(text) != "mine" {
			t.Errorf("%s is %q (%v) now", name, text, err)
		}
	}
}
