package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"firstspike/sweep"
)

// A Sweep is what the page shows of a sweep before it asks more.
type Sweep struct {
	ID      string `json:"id"` // in addresses
	Name    string `json:"name"`
	Version string `json:"version"` // of what is in its folder: another one, other news
}

// Limits of what is kept and told of sweeps.
const (
	mostSweeps   = 200
	mostPlans    = 4       // in memory, with their images
	mostRecipe   = 1 << 20 // bytes of a sweep's file, and of its experiment
	mostClaims   = 1000    // that are looked at for news
	restOfLook   = 20      // times as long as the last look took, until the next
	lookAnyway   = 15 * time.Second
	loadPatience = 3 * time.Second // of who asks, with the plan being made
)

// errPlanning is what is answered while a sweep's plan is being made, which with
// many points and conditions takes a while.
var errPlanning = errors.New("the plan of this sweep is being made; it will be shown when it is there")

// A swept is a sweep's folder, and what is remembered of it.
type swept struct {
	id, dir, name string

	mu      sync.Mutex
	loading *loading
	last    *sighting
}

// A loading is a plan that is being made or was made.
type loading struct {
	of   string        // the files that it is made of
	done chan struct{} // closed when plan and err are there
	plan *sweep.Plan
	err  error
}

// A sighting is what was last seen of a sweep.
type sighting struct {
	of      *loading
	version string
	when    time.Time
	took    time.Duration
	outcome *sweep.Outcome
	axes    []sweepAxis
	text    func() ([]byte, error) // all of it but the runs, for whoever asks
	err     error
}

// recipe tells apart what a sweep was made of at different times.
func (f *swept) recipe() (string, error) {
	text := ""
	for _, name := range []string{"sweep.toml", "experiment.toml"} {
		info, err := os.Stat(filepath.Join(f.dir, name))
		if err != nil {
			return "", err
		}
		if info.Size() > mostRecipe {
			return "", fmt.Errorf("%s: has more than %d bytes, which is too large for a sweep", filepath.Join(f.dir, name), mostRecipe)
		}
		text += fmt.Sprintf("%x-%x.", info.ModTime().UnixNano(), info.Size())
	}
	return text, nil
}

// stamp tells apart what a sweep's folder held at different times, without
// reading a file: results and failures come by new names, and claims are written
// anew.
func (f *swept) stamp() string {
	h := fnv.New64a()
	note := func(path string) {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(h, "%s %d %d\n", filepath.Base(path), info.ModTime().UnixNano(), info.Size())
		}
	}
	for _, name := range []string{"sweep.toml", "experiment.toml", "results", "failures", "claims"} {
		note(filepath.Join(f.dir, name))
	}
	claims, _ := os.ReadDir(filepath.Join(f.dir, "claims")) // without them nothing is in training
	for _, c := range claims[:min(mostClaims, len(claims))] {
		note(filepath.Join(f.dir, "claims", c.Name()))
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// Sweeps is what sweeps there are now.
func (s *Server) Sweeps() []Sweep {
	s.look()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweeps
}

// settleSweeps brings the list of sweeps up to date.
func (s *Server) settleSweeps(places []place) []Sweep {
	s.mu.Lock()
	list := []*swept{}
	found := map[string]*swept{}
	for _, p := range places {
		id := s.id(p)
		f := s.swept[id]
		if f == nil {
			f = &swept{id: id, dir: p.dir, name: strings.TrimSuffix(p.name, "-sweep")}
		}
		found[id] = f
		list = append(list, f)
	}
	s.swept = found
	s.mu.Unlock()
	sweeps := []Sweep{}
	for _, f := range list {
		sweeps = append(sweeps, Sweep{f.id, f.name, f.stamp()})
	}
	return sweeps
}

// sweepList is all sweeps, as JSON has them.
type sweepList struct {
	Sweeps []Sweep `json:"sweeps"`
}

// ofSweep answers what is asked of a sweep, or, if one is named, of a point.
func (s *Server) ofSweep(w http.ResponseWriter, r *http.Request, id, point string) {
	s.mu.Lock()
	f := s.swept[id]
	s.mu.Unlock()
	if f == nil {
		s.look() // it may have begun a moment ago
		s.mu.Lock()
		f = s.swept[id]
		s.mu.Unlock()
	}
	if f == nil {
		refuse(w, r, http.StatusNotFound, "there is no such sweep here, or not any more")
		return
	}
	if !allowed(w, r, http.MethodGet) {
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // it may have to wait
	seen, err := s.sight(r.Context(), f)
	switch {
	case errors.Is(err, errPlanning):
		// No error: the page asks again.
		data, _ := json.Marshal(struct {
			Waiting string `json:"waiting"`
		}{err.Error()})
		reply(w, r, http.StatusAccepted, data)
	case errors.Is(err, errBusy):
		busy(w, r)
	case err != nil:
		refuse(w, r, http.StatusInternalServerError, brief(err.Error()))
	case point == "":
		text, err := seen.text()
		if err != nil {
			refuse(w, r, http.StatusInternalServerError, err.Error())
			return
		}
		reply(w, r, http.StatusOK, text)
	default:
		n, err := strconv.Atoi(point)
		if err != nil || n < 0 || n >= len(seen.outcome.Plan.Points) || strconv.Itoa(n) != point {
			refuse(w, r, http.StatusNotFound, "the sweep has no such point")
			return
		}
		answer(w, r, seen.point(n))
	}
}

// planned is the plan of a sweep. It is made beside whoever asks, who may not
// want to wait so long, and once for all who ask.
func (s *Server) planned(ctx context.Context, f *swept) (*loading, error) {
	of, err := f.recipe()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	l := f.loading
	if l == nil || l.of != of {
		l = &loading{of: of, done: make(chan struct{}), err: errors.New("a fault of the program itself while the plan was made; please report it")}
		f.loading, f.last = l, nil
		go func() {
			defer close(l.done)
			s.planning <- struct{}{}
			defer s.planning.give()
			s.guarded(func() { l.plan, l.err = sweep.Store{Dir: f.dir}.Load() })
			s.keep(f)
		}()
	}
	f.mu.Unlock()
	s.keep(f)
	wait := time.NewTimer(loadPatience)
	defer wait.Stop()
	select {
	case <-l.done:
		return l, l.err
	case <-ctx.Done():
	case <-wait.C:
	}
	return nil, errPlanning
}

// keep notes that a sweep is asked for, and forgets those that were not for
// long.
func (s *Server) keep(f *swept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans = append(slices.DeleteFunc(s.plans, func(x *swept) bool { return x == f }), f)
	for len(s.plans) > mostPlans {
		go s.plans[0].leave()
		s.plans = s.plans[1:]
	}
}

// leave forgets the plan and what was seen, but for a plan that is being made: it
// would only be made again.
func (f *swept) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loading == nil {
		return
	}
	select {
	case <-f.loading.done:
		f.loading, f.last = nil, nil
	default:
	}
}

// rest is how long after a look the next one is worth its time.
func (x *sighting) rest() time.Duration {
	return max(lookEvery-lookEvery/10, restOfLook*x.took)
}

// sight is what has come of a sweep, as of a moment ago.
func (s *Server) sight(ctx context.Context, f *swept) (*sighting, error) {
	l, err := s.planned(ctx, f)
	if err != nil {
		return nil, err
	}
	if !s.sighting.take(ctx, time.Now().Add(waitTime)) {
		return nil, errBusy
	}
	defer s.sighting.give()
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	version := f.stamp()
	if last != nil && last.of == l {
		age := time.Since(last.when)
		// Of a process that has died no file tells.
		if age < last.rest() || version == last.version && age < lookAnyway {
			return last, last.err
		}
	}
	began := time.Now()
	x := &sighting{of: l, version: version}
	x.outcome, x.err = (&sweep.Runner{Plan: l.plan, Store: sweep.Store{Dir: f.dir}}).Look()
	x.when, x.took = time.Now(), time.Since(began)
	if x.err == nil {
		x.axes = axesOf(l.plan)
		x.text = sync.OnceValues(func() ([]byte, error) { return json.Marshal(x.state(f)) })
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loading == l {
		f.last = x
	}
	return x, x.err
}
