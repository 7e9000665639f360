package web

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"firstspike/snn"
	"firstspike/sweep"
	"firstspike/train"
)

// How runs are looked for and at.
const (
	lookEvery  = time.Second      // while somebody watches
	recent     = 90 * time.Second // a run whose files have changed since then is in training
	deepest    = 3                // folders between the one that was named and a run, as in runs/study/seed1
	mostRuns   = 1000
	mostPlaces = 20_000 // folders that are looked into
)

// outside is what was last seen of a run's files. Only look changes it.
type outside struct {
	stamp      string // of all files that tell of the run; empty: never seen
	checkpoint string
	run        Run // without epochs
	epochs     int // that were told
	follow     *watch
}

// files are those that tell of a run. The last one does so epoch by epoch, which
// need not be looked at if a watch does.
var files = []string{"experiment.toml", "checkpoint.safetensors", "model.safetensors", "result.json", "metrics.jsonl"}

// traces tells apart what some files of a run were at different times, and says
// when the last of them was written.
func (f *folder) traces(files []string) (stamp string, newest time.Time) {
	var b strings.Builder
	for _, name := range files {
		info, err := os.Stat(filepath.Join(f.dir, name))
		if err != nil {
			b.WriteString("-")
			continue
		}
		fmt.Fprintf(&b, "%x-%x.", info.ModTime().UnixNano(), info.Size())
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return b.String(), newest
}

// isRun reports whether a folder holds a run, perhaps a broken one.
func isRun(dir string) bool {
	has := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	return has("checkpoint.safetensors") || has("model.safetensors") || has("run.json") && has("experiment.toml")
}

// A place is where a run or a sweep is, and what it is called.
type place struct{ dir, name string }

// find looks for runs and sweeps in the folders that were named and below, and
// for sweeps alone directly in some others. The runs of a sweep are its own.
func find(roots, beside []string) (list, sweeps []place) {
	seen := map[string]bool{}
	looked := 0
	var walk func(dir, name string, depth int)
	walk = func(dir, name string, depth int) {
		if looked++; len(list) >= mostRuns || looked > mostPlaces || seen[absolute(dir)] {
			return
		}
		seen[absolute(dir)] = true
		at := place{dir, filepath.ToSlash(name)}
		if name == "" {
			at.name = filepath.Base(absolute(dir))
		}
		if isRun(dir) {
			list = append(list, at)
			return
		}
		if sweep.IsStore(dir) {
			if len(sweeps) < mostSweeps {
				sweeps = append(sweeps, at)
			}
			return
		}
		if depth == deepest {
			return
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return // it is not there, or not ours
		}
		for _, e := range entries {
			// A link might lead anywhere.
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				walk(filepath.Join(dir, e.Name()), filepath.Join(name, e.Name()), depth+1)
			}
		}
	}
	for _, root := range roots {
		walk(root, "", 0)
	}
	for _, dir := range beside {
		entries, _ := os.ReadDir(dir) // what is not there has none
		for _, e := range entries {
			if at := filepath.Join(dir, e.Name()); e.IsDir() && sweep.IsStore(at) {
				walk(at, e.Name(), deepest)
			}
		}
	}
	return list, sweeps
}

// slug is a name as it can stand in an address and in the name of a file.
func slug(name string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
			return r
		}
		return '-'
	}, name)
	if text = strings.Trim(text, "-."); text == "" {
		return "run"
	}
	return text[:min(len(text), 80)]
}

// settle brings the list of folders up to date.
func (s *Server) settle(places []place) []*folder {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*folder
	folders := map[string]*folder{}
	for _, p := range places {
		id := s.id(p)
		f := s.folders[id]
		if f == nil {
			f = &folder{id: id, dir: p.dir, name: p.name}
		}
		folders[id] = f
		list = append(list, f)
	}
	s.folders = folders
	return list
}

// id is what a run or a sweep is called in addresses, the same as long as the server runs.
// The server must be locked.
func (s *Server) id(p place) string {
	path := absolute(p.dir)
	if s.ids[path] == "" {
		id := slug(p.name)
		for n := 2; s.taken[id]; n++ {
			id = fmt.Sprintf("%s-%d", slug(p.name), n)
		}
		s.ids[path], s.taken[id] = id, true
	}
	return s.ids[path]
}

// look brings what is known of the runs and sweeps up to date and tells the viewers what
// is new. It reads files, and only those that have changed.
func (s *Server) look() {
	s.looking.Lock()
	defer s.looking.Unlock()
	if time.Since(s.looked) < lookEvery/4 {
		return
	}
	found, others := find(s.named())
	runs := []Run{}
	for _, f := range s.settle(found) {
		runs = append(runs, s.glance(f))
	}
	sweeps := s.settleSweeps(others)
	s.mu.Lock()
	s.runs, s.sweeps = runs, sweeps
	s.mu.Unlock()
	s.hub.tell("sweeps", "sweeps", sweepList{sweeps}) // first: a page that has runs shows what it has
	s.hub.tell("runs", "runs", list{runs})
	s.looked = time.Now()
}

// named are the folders to look into, and those for sweeps alone.
func (s *Server) named() (roots, beside []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.roots), s.beside
}

// list is all runs, as JSON has them.
type list struct {
	Runs []Run `json:"runs"`
}

// glance looks at a run from outside.
func (s *Server) glance(f *folder) Run {
	o := &f.outside
	s.mu.Lock()
	own, ended := s.watches[absolute(f.dir)], time.Time{}
	if own != nil {
		ended = own.ended
	}
	s.mu.Unlock()
	ours := own != nil && ended.IsZero()
	telling := files
	if ours {
		telling = files[:len(files)-1]
	}
	stamp, newest := f.traces(telling)
	since := time.Now().Add(-recent)
	if ended.After(since) {
		since = ended
	}
	if stamp != o.stamp {
		run, _ := f.about() // what is wrong is in it
		epochs := run.Epochs
		run.Epochs = []train.EpochEnd{}
		if own == nil || own.passed {
			s.follow(f, run, epochs, newest.After(since))
		}
		o.stamp, o.run, o.epochs = stamp, run, len(epochs)
	}
	if own != nil && !ours {
		own.passed = true
	}
	run := o.run
	f.mu.Lock()
	if f.fault != nil && f.of == run.Version {
		run.Error = f.fault.Error()
	}
	f.mu.Unlock()
	run.Training = ours || !run.Finished && run.Error == "" && newest.After(since)
	if !run.Training {
		s.hub.forget("progress "+f.id, "stage "+f.id)
	}
	return run
}

// follow tells of what another process has trained since the last look.
func (s *Server) follow(f *folder, run Run, epochs []train.EpochEnd, lately bool) {
	o := &f.outside
	switch {
	case o.stamp == "":
	case len(epochs) < o.epochs:
		s.hub.tell("again", "", struct{}{})
	default:
		for _, e := range epochs[o.epochs:] {
			s.hub.tell("epoch", "", Epoch{f.id, e})
		}
	}
	if run.Finished || run.Error != "" || !lately {
		o.follow = nil
		return
	}
	if !s.hub.watched() {
		return
	}
	if o.follow == nil || len(epochs) < o.epochs {
		o.follow = &watch{hub: s.hub, id: f.id}
	}
	w := o.follow
	if !w.busy.TryLock() {
		return // the next look will do
	}
	go func() {
		defer w.busy.Unlock()
		defer func() { recover() }() // whatever is wrong is told to who asks for the run
		m := w.last
		if run.Version != w.version || m == nil {
			var err error
			if m, err = train.Load(filepath.Join(f.dir, "checkpoint.safetensors")); err != nil {
				return
			}
			w.last, w.version = m, run.Version
		}
		p, ok := reached(f.dir, m, epochs)
		if !ok {
			return
		}
		p.Run = f.id
		w.hub.tell("progress", "progress "+f.id, p)
		depth := slices.IndexFunc(m.Network.Layers, func(l snn.Layer) bool { return l.Name == p.Layer })
		w.copied = append(w.copied[:0], m.Network.Layers[depth].Weights()...)
		w.draw(m, depth, p.Layer, followBudget)
	}()
}

// followBudget is how long features of a run in another process are drawn at a
// time, which is when it has saved.
const followBudget = 150 * time.Millisecond

// reached is how far a training in another process has come: what its last
// checkpoint says, or the last of its epochs, if that is later.
func reached(dir string, m *train.Model, epochs []train.EpochEnd) (p Progress, ok bool) {
	e, s := m.Experiment, m.State
	if s.Layer >= len(e.Layers) {
		return p, false
	}
	images := e.Data.Limit
	if r, err := train.ReadRecord(dir); err == nil && (images <= 0 || images > r.Train.Images) {
		images = r.Train.Images
	}
	if e.Protocol.Kind == train.ProtocolValidation {
		images -= e.Protocol.Validation
	}
	layer, epoch, image, score := s.Layer, s.Epoch, s.Image, s.Score
	if len(epochs) > 0 {
		last := epochs[len(epochs)-1]
		at := slices.IndexFunc(e.Layers, func(l train.Layer) bool { return l.Name == last.Layer })
		if at > layer || at == layer && last.Epoch >= epoch {
			layer, epoch, image, score = at, last.Epoch+1, 0, train.Score{}
			if epoch >= e.Layers[layer].Learn.Epochs && layer+1 < len(e.Layers) {
				layer, epoch = layer+1, 0
			}
		}
		if at == layer {
			p.PerSecond, p.Convergence = last.PerSecond, last.Convergence
		}
	}
	l := e.Layers[layer]
	p.Layer, p.Epoch, p.Epochs, p.Image, p.Images, p.Score, p.Deciding = l.Name, epoch, l.Learn.Epochs, image, images, score, l.Learn.Rule == train.RuleRSTDP
	if p.PerSecond > 0 {
		p.Left = max(0, float64((p.Epochs-p.Epoch)*images-image)/p.PerSecond)
	}
	return p, true
}

// enter and leave are called around the time that a viewer watches. While there
// is one, the runs are looked at again and again.
func (s *Server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present++; s.present > 1 {
		return
	}
	stop := make(chan struct{})
	s.stop = sync.OnceFunc(func() { close(stop) })
	go func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.guarded(s.look)
			}
		}
	}()
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present--; s.present == 0 {
		s.stop()
	}
}

// guarded calls f and counts a panic as a fault.
func (s *Server) guarded(f func()) {
	defer func() {
		if recover() != nil {
			s.faults.Add(1)
		}
	}()
	f()
}

// absolute is a path that does not depend on the working directory.
func absolute(dir string) string {
	if path, err := filepath.Abs(dir); err == nil {
		return path
	}
	return filepath.Clean(dir)
}
