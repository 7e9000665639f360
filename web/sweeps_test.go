package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"firstspike/preset"
	"firstspike/sweep"
)

// rates is a sweep of four points and three seeds, with an axis of words, one of
// numbers, and one that has a meaning only sometimes.
const rates = `
preset = "bars"
seeds = 3
[set]
protocol.validation = 200
layers.s2.learn.epochs = 6
[[axis]]
paths = ["layers.s1.learn.rule", "layers.s1.learn.stabiliser"]
values = [["vdsp", false], ["stdp", true]]
[[axis]]
path = "layers.s1.learn.voltage"
values = [0.2]
when = "layers.s1.learn.rule == \"vdsp\""
[[axis]]
path = "layers.s2.learn.a_plus"
log = { from = 0.001, to = 0.004, count = 2 }
`

// beginSweep begins a sweep in a folder, and trains nothing of it.
func beginSweep(t testing.TB, dir, text string) (*sweep.Runner, []sweep.Job) {
	t.Helper()
	s, err := sweep.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := preset.Lookup(s.Preset)
	plan, err := sweep.NewPlan(s, p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	r := &sweep.Runner{Plan: plan, Store: sweep.Store{Dir: dir}}
	if err := r.Store.Begin([]byte(text), p.Experiment); err != nil {
		t.Fatal(err)
	}
	jobs, err := plan.Jobs(0, plan.All())
	if err != nil {
		t.Fatal(err)
	}
	return r, jobs
}

// state asks for a sweep until its plan is made and something is so.
func (s *served) state(id string, so func(sweepState) bool) (x sweepState) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		status, _, text := s.request("GET", "/api/sweeps/"+id, nil)
		if status == http.StatusAccepted {
			continue
		}
		x = sweepState{}
		if err := json.Unmarshal(text, &x); err != nil || status != http.StatusOK {
			s.t.Fatalf("%d, %v: %.300s", status, err, text)
		}
		if so(x) {
			return x
		}
	}
	s.t.Fatalf("it never is so: %+v", x)
	return x
}

// What is told of a sweep is what package sweep says of it, while it is trained
// and when it has ended.
func TestSweeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rates-sweep")
	r, jobs := beginSweep(t, dir, rates)
	failing := jobs[3:6]
	for _, j := range failing {
		if err := sweep.WriteJSON(filepath.Join(dir, "failures", j.Key+".json"), sweep.Failure{Key: j.Key, Error: strings.Repeat("ß", mostFault), Host: "h", Ended: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	claim := filepath.Join(dir, "claims", jobs[9].Key[:16]+".1")
	if err := sweep.WriteJSON(claim, sweep.Holder{Host: "away", At: "s1, epoch 1 of 4", Part: .25}); err != nil {
		t.Fatal(err)
	}
	if err := r.RunJobs(t.Context(), append(jobs[:3:3], jobs[6])); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir)
	events, stop := s.listen()
	defer stop()
	var told sweepList
	await(t, events, "sweeps").into(t, &told)
	if len(told.Sweeps) != 1 || told.Sweeps[0].ID != "rates-sweep" || told.Sweeps[0].Name != "rates" {
		t.Fatalf("%+v", told)
	}
	x := s.state("rates-sweep", func(sweepState) bool { return true })
	if x.Version != told.Sweeps[0].Version || x.Name != "rates" || x.Preset != "bars" || x.Seeds != 3 || x.Jobs != 12 || x.Done != 4 || x.Failed != 3 || x.Training != 1 ||
		!reflect.DeepEqual(x.Working, []sweepTraining{{3, jobs[9].Seed, "away", "s1, epoch 1 of 4", .25}}) {
		t.Errorf("%+v", x)
	}
	if !reflect.DeepEqual(x.Axes, []sweepAxis{{Name: "layers.s1.learn.rule, layers.s1.learn.stabiliser", Words: []string{"vdsp,false", "stdp,true"}},
		{Name: "layers.s1.learn.voltage"}, {Name: "layers.s2.learn.a_plus", Log: true}}) {
		t.Errorf("%+v", x.Axes)
	}
	if f := x.Failures; len(f) != 1 || f[0].Times != 3 || len(f[0].Jobs) != 3 || f[0].Jobs[0] != failing[0].String() || len(f[0].Error) > mostFault+10 {
		t.Errorf("%.300v", f)
	}
	number := func(v float64) *float64 { return &v }
	if want := [][]*float64{{number(0), number(.2), number(.001)}, {number(0), number(.2), number(.004)}, {number(1), nil, number(.001)}, {number(1), nil, number(.004)}}; len(x.Points) != 4 {
		t.Errorf("%+v", x.Points)
	} else {
		for i, p := range x.Points {
			if p.Point != i || p.Rung != 0 || !reflect.DeepEqual(p.Values, want[i]) || (p.Result != nil) != (i == 0 || i == 2) || p.Failed != []int{0, 3, 0, 0}[i] {
				t.Errorf("point %d: %+v", i, p)
			}
		}
	}

	// More comes, from another process; whoever watches is told that something is new.
	os.Remove(claim)
	if err := r.RunJobs(t.Context(), jobs[7:]); err != nil {
		t.Fatal(err)
	}
	for told.Sweeps[0].Version == x.Version {
		await(t, events, "sweeps").into(t, &told)
	}
	x = s.state("rates-sweep", func(x sweepState) bool { return x.Done == 9 && x.Training == 0 })
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range o.Lines {
		if l.N > 0 && !reflect.DeepEqual(*x.Points[i].Result, rounded(resultOf(l.Summary))) {
			t.Errorf("point %d: %+v, not %+v", i, *x.Points[i].Result, l.Summary)
		}
	}
	for i, levels := range o.Effects(0) {
		list := x.Rungs[0].Effects[i]
		if i == 1 {
			if len(list) > 0 { // one point has a value of it
				t.Errorf("%+v", list)
			}
			continue
		}
		for k, l := range levels {
			if k >= len(list) || !reflect.DeepEqual(list[k].sweepResult, rounded(resultOf(l.Summary))) {
				t.Errorf("axis %d, %s: %+v", i, l.Value, list)
			}
		}
	}
	results, err := r.Store.Results()
	if err != nil {
		t.Fatal(err)
	}
	var p sweepRuns
	s.get("/api/sweeps/rates-sweep/2", &p)
	if len(p.Rungs) != 1 || len(p.Rungs[0].Runs) != 3 || len(p.Settings) != 2+3 {
		t.Fatalf("%+v", p)
	}
	for i, run := range p.Rungs[0].Runs {
		want := results[jobs[6+i].Key]
		if run.State != "finished" || run.Seed != want.Seed || len(run.Curve) != 6 || run.Run != want.Run || float64(run.Right) != want.Percent() {
			t.Errorf("%+v, not %+v", run, want)
		}
		for k, score := range want.Curve {
			if float64(run.Curve[k]) != 100*score.Accuracy() {
				t.Errorf("seed %d, epoch %d: %v, not %v", run.Seed, k, run.Curve[k], score)
			}
		}
	}
	s.get("/api/sweeps/rates-sweep/1", &p)
	if run := p.Rungs[0].Runs[0]; run.State != "failed" || run.Error == "" || run.Host != "h" {
		t.Errorf("%.300v", run)
	}
	for _, path := range []string{"4", "-1", "+1", "01", "1e1", "x", "99999999999999999999", "1/2"} {
		if status, _, text := s.request("GET", "/api/sweeps/rates-sweep/"+path, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d, %s", path, status, text)
		}
	}
	for _, path := range []string{"", "rates", "rates-sweep/", "../rates-sweep", "..%2frates-sweep", "%2e%2e", "rates-sweep/../rates-sweep/results"} {
		if status, _, text := s.request("GET", "/api/sweeps/"+path, nil); status != http.StatusNotFound {
			t.Errorf("%q: %d, %s", path, status, text)
		}
	}
	if status, _, _ := s.request("POST", "/api/sweeps/rates-sweep", nil); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
	if s.faults.Load() > 0 {
		t.Errorf("%d panics", s.faults.Load())
	}
}

// rounded is a result as it comes from JSON.
func rounded(r sweepResult) (x sweepResult) {
	text, _ := json.Marshal(r)
	json.Unmarshal(text, &x)
	return x
}

// Values that hardly any two points share have means over neighbours.
func TestRanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "even-sweep")
	r, jobs := beginSweep(t, dir, `
preset = "bars"
seeds = 1
[set]
protocol.validation = 200
[search]
kind = "sobol"
points = 43
[[axis]]
path = "layers.s1.threshold"
range = { from = 1, to = 4 }
`)
	invent(t, dir, jobs)
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	axes := axesOf(r.Plan)
	levels := effectsOf(o, 0, axes, []func(string) *float64{axes[0].places()})[0]
	n, end := 0, 0.
	for _, l := range levels {
		if n += l.N; l.N < leastInRange || *l.From <= end || *l.Value < *l.From || *l.To < *l.Value {
			t.Errorf("%+v", l)
		}
		end = *l.To
		sum := 0.
		for _, line := range o.Lines {
			if v := *axes[0].places()(line.Point.Values[0]); v >= *l.From && v <= *l.To {
				sum += line.Mean
			}
		}
		if d := sum/float64(l.N) - float64(l.Mean); d > 1e-9 || d < -1e-9 {
			t.Errorf("from %g to %g the mean is %g, not %g", *l.From, *l.To, sum/float64(l.N), l.Mean)
		}
	}
	if n != 43 || len(levels) != 8 {
		t.Errorf("%d ranges with %d points", len(levels), n)
	}

	// Those without a value have a mean too.
	dir = filepath.Join(t.TempDir(), "rates-sweep")
	r, jobs = beginSweep(t, dir, rates)
	invent(t, dir, jobs)
	if o, err = r.Look(); err != nil {
		t.Fatal(err)
	}
	axes = axesOf(r.Plan)
	levels = effectsOf(o, 0, axes, []func(string) *float64{axes[0].places(), axes[1].places(), axes[2].places()})[1]
	if len(levels) != 2 || *levels[0].Value != .2 || levels[0].N != 2 || levels[0].Mean != 51.25 || levels[1].Value != nil || levels[1].N != 2 || levels[1].Mean != 54.25 {
		t.Errorf("%+v", levels)
	}
}

// invent gives every job a result, each one image more than the one before it.
func invent(t *testing.T, dir string, jobs []sweep.Job) {
	t.Helper()
	for i, j := range jobs {
		x := sweep.Result{Key: j.Key, Seed: j.Seed, Run: j.Key[:16] + ".1", Weights: j.Key}
		x.Validation.Right, x.Validation.Wrong = 100+i, 100-i
		if err := sweep.WriteJSON(filepath.Join(dir, "results", j.Key+".json"), x); err != nil {
			t.Fatal(err)
		}
	}
}

// Sweeps are found as runs are, and where only they are looked for. Their runs
// are not listed by themselves, unless they are named.
func TestFindsSweeps(t *testing.T) {
	dir := t.TempDir()
	beginSweep(t, filepath.Join(dir, "work", "a-sweep"), rates)
	beginSweep(t, filepath.Join(dir, "work", "deep", "er", "b-sweep"), rates)
	beginSweep(t, filepath.Join(dir, "beside", "c-sweep"), rates)
	beginSweep(t, filepath.Join(dir, "beside", "deep", "d-sweep"), rates)
	run := filepath.Join(dir, "work", "a-sweep", "runs", "0123.1")
	if err := os.CopyFS(run, os.DirFS(trained(t))); err != nil {
		t.Fatal(err)
	}
	s := New([]string{filepath.Join(dir, "work")}, Options{Sweeps: []string{filepath.Join(dir, "beside"), filepath.Join(dir, "work")}})
	var got []string
	for _, x := range s.Sweeps() {
		got = append(got, x.ID+" "+x.Name)
	}
	if want := []string{"a-sweep a", "deep-er-b-sweep deep/er/b", "c-sweep c"}; !reflect.DeepEqual(got, want) || len(s.Runs()) != 0 {
		t.Errorf("%q, %v", got, s.Runs())
	}
	if runs := New([]string{filepath.Dir(run)}, Options{}).Runs(); len(runs) != 1 {
		t.Errorf("%v", runs)
	}
}

// A sweep that cannot be read says why, and is looked at again when it is mended.
func TestBrokenSweep(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"odd-sweep", "large-sweep", "cut-sweep", "bad-sweep", "base-sweep"} {
		beginSweep(t, filepath.Join(dir, name), rates)
	}
	write("odd-sweep/sweep.toml", "axis = 7")
	write("large-sweep/sweep.toml", "#"+strings.Repeat(" ", mostRecipe))
	write("cut-sweep/results/x.json", "{")
	write("bad-sweep/sweep.toml", strings.Replace(rates, `layers.s2.learn.a_plus`, `layers.s9.learn.a_plus`, 1))
	write("base-sweep/experiment.toml", "layers = 7")
	s := serve(t, dir)
	for id, want := range map[string]string{"odd-sweep": "sweep.toml", "large-sweep": "too large", "cut-sweep": "x.json", "bad-sweep": "s9", "base-sweep": "experiment.toml"} {
		for {
			status, _, text := s.request("GET", "/api/sweeps/"+id, nil)
			if status == http.StatusAccepted {
				continue
			}
			if status != http.StatusInternalServerError || !strings.Contains(refused(t, text), want) {
				t.Errorf("%s: %d, %.300s", id, status, text)
			}
			break
		}
	}
	os.Remove(filepath.Join(dir, "cut-sweep", "results", "x.json"))
	write("odd-sweep/sweep.toml", rates)
	for _, id := range []string{"cut-sweep", "odd-sweep"} {
		deadline := time.Now().Add(20 * time.Second)
		for status := 0; status != http.StatusOK; time.Sleep(50 * time.Millisecond) {
			if status, _, _ = s.request("GET", "/api/sweeps/"+id, nil); time.Now().After(deadline) {
				t.Fatalf("%s is mended, but %d", id, status)
			}
		}
	}
}

// Plans of sweeps that nobody asks for are not kept, and while one is made
// nobody waits for ever.
func TestPlans(t *testing.T) {
	dir := t.TempDir()
	for i := range mostPlans + 2 {
		beginSweep(t, filepath.Join(dir, fmt.Sprintf("%d-sweep", i)), rates)
	}
	s := serve(t, dir)
	for i := range mostPlans + 2 {
		s.state(fmt.Sprintf("%d-sweep", i), func(sweepState) bool { return true })
	}
	kept := func() (n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, f := range s.swept {
			f.mu.Lock()
			if f.loading != nil {
				n++
			}
			f.mu.Unlock()
		}
		return n
	}
	for end := time.Now().Add(10 * time.Second); kept() > mostPlans; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d plans are kept", kept())
		}
	}
	// Another plan takes its time; who asks goes away.
	s.planning <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := s.sight(ctx, s.swept["0-sweep"]); err != errPlanning {
		t.Errorf("%v", err)
	}
	s.planning.give()
	s.state("0-sweep", func(x sweepState) bool { return x.Jobs == 12 })
}
