package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"firstspike/train"
)

// Options say how a server serves.
type Options struct {
	Workers int      // goroutines for what takes long, such as the list of mistakes; 0: one for each CPU
	Sweeps  []string // folders in which sweeps are looked for, but no runs
}

// A Server serves the page for runs and sweeps.
type Server struct {
	workers int
	hub     *hub
	page    map[string]*asset
	faults  atomic.Int64 // panics that were caught

	// Places for what is done at the same time.
	reading  places // questions that are being read, or wait for their turn
	working  places // labs that answer
	long     places // lists of mistakes, and exams
	pictures places // files that are decoded
	planning places // plans of sweeps that are made
	sighting places // sweeps that are looked at

	looking sync.Mutex // held by look
	looked  time.Time

	mu      sync.Mutex
	roots   []string           // folders of runs
	folders map[string]*folder // by the name in addresses
	ids     map[string]string  // those names and those of sweeps, by absolute path
	taken   map[string]bool    // those names
	runs    []Run              // as last seen, without epochs
	beside  []string           // folders of sweeps
	swept   map[string]*swept  // by the name in addresses
	sweeps  []Sweep            // as last seen
	plans   []*swept           // that have their plans in memory; the one used last comes last
	watches map[string]*watch  // trainings in this process, by absolute path
	loaded  []*folder          // that have their networks in memory; the one used last comes last
	present int                // viewers
	stop    func()             // ends the looking for them
}

// Limits of what is done at the same time, and of what is kept.
const (
	mostReading = 64
	mostLoaded  = 8   // networks in memory
	mostViewers = 256 // pages that watch
)

// New returns a server for the runs and sweeps in some folders: each is one, or
// has some below it. They need not be there yet; new ones are noticed.
func New(dirs []string, o Options) *Server {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return &Server{workers: o.Workers, hub: newHub(), page: assets(), roots: dirs,
		reading: make(places, mostReading), working: make(places, runtime.GOMAXPROCS(0)+1), long: make(places, 1), pictures: make(places, 1),
		planning: make(places, 1), sighting: make(places, 1), beside: o.Sweeps, swept: map[string]*swept{}, sweeps: []Sweep{},
		folders: map[string]*folder{}, ids: map[string]string{}, taken: map[string]bool{}, watches: map[string]*watch{}, runs: []Run{}}
}

// Runs is what there is to serve now, without epochs.
func (s *Server) Runs() []Run {
	s.look()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs
}

// Watch returns an observer that tells the pages of a training in this process,
// which is in folder dir; model is the network in training, as train.Trainer has
// it. The observer does not change the training, and takes little of its time. When the
// training has ended, call [Server.Ended].
func (s *Server) Watch(dir string, model func() *train.Model) train.Observer {
	w := &watch{hub: s.hub, model: model}
	s.mu.Lock()
	s.roots = append(s.roots[:len(s.roots):len(s.roots)], dir)
	s.watches[absolute(dir)] = w
	s.mu.Unlock()
	s.lookAnew()
	s.mu.Lock()
	defer s.mu.Unlock()
	w.id = s.id(place{dir, filepath.Base(absolute(dir))})
	return w
}

// Ended tells the pages that the training in a folder, which was watched, has
// ended, in whatever way.
func (s *Server) Ended(dir string) {
	s.mu.Lock()
	if w := s.watches[absolute(dir)]; w != nil {
		w.ended = time.Now()
	}
	s.mu.Unlock()
	s.lookAnew()
}

// lookAnew looks at the runs, however short ago that was.
func (s *Server) lookAnew() {
	s.looking.Lock()
	s.looked = time.Time{}
	s.looking.Unlock()
	s.look()
}

// Serve answers on a listener until ctx ends; then it lets answers that have
// begun be ended, for some seconds. It returns nil if it was ended by ctx.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// Those who watch are let go by it: their requests end with it.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	go s.guarded(s.ready)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ready loads the network that a page begins with, so that it need not wait.
func (s *Server) ready() {
	for _, r := range s.Runs() {
		f := s.run(r.ID)
		if r.Version == "" || r.Error != "" || f == nil {
			continue
		}
		s.use(f)
		if l, version, err := f.lab(); err == nil {
			f.give(l, version)
		}
		return
	}
}

// places are taken by those who do something of which there is not too much at
// a time.
type places chan struct{}

// take takes a place, and reports false if there was none in good time.
func (p places) take(ctx context.Context, until time.Time) bool {
	select {
	case p <- struct{}{}:
		return true
	default:
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case p <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

func (p places) give() { <-p }

// run finds a run by its name in addresses.
func (s *Server) run(id string) *folder {
	s.mu.Lock()
	f := s.folders[id]
	s.mu.Unlock()
	if f != nil {
		return f
	}
	s.look() // it may have begun a moment ago
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.folders[id]
}

// use notes that the network of a run is asked, and forgets those that were not
// asked for long, as there may be many.
func (s *Server) use(f *folder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.loaded {
		if x == f {
			s.loaded = append(s.loaded[:i], s.loaded[i+1:]...)
			break
		}
	}
	if s.loaded = append(s.loaded, f); len(s.loaded) > mostLoaded {
		go s.loaded[0].leave()
		s.loaded = s.loaded[1:]
	}
}
