package sweep

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"firstspike/internal/whole"
	"firstspike/train"
)

// A Store is the folder of a sweep. Any number of processes on any number of
// machines may use it at once.
//
//	sweep.toml            the sweep, and
//	experiment.toml       the experiment of its preset
//	results/KEY.json      what came of a training: created once, whole, never changed
//	failures/KEY.json     why one failed, the last time
//	runs/KEY.N            its run, by the Nth process that took it up
//	claims/KEY.N          that process, as long as it lives
//	cache/                layers that several points share
type Store struct{ Dir string }

// The folders of a store.
const (
	resultsDir  = "results"
	failuresDir = "failures"
	runsDir     = "runs"
	claimsDir   = "claims"
	cacheDir    = "cache"
)

// A Result is what came of a job.
type Result struct {
	Key        string        `json:"key"`
	Seed       uint64        `json:"seed"`
	Validation train.Score   `json:"validation"` // of the held-out images, after the best epoch
	Epoch      int           `json:"epoch"`      // that one, from 0
	Epochs     int           `json:"epochs"`     // that the last layer learned for
	Curve      []train.Score `json:"curve"`      // of the held-out images after every epoch of the last layer
	Images     int           `json:"presentations"`
	Seconds    float64       `json:"seconds"`
	Before     float64       `json:"seconds_before_last"` // of these, until the last layer began
	Cached     *train.Reused `json:"cached,omitempty"`
	Weights    string        `json:"weights_sha256"` // of the best epoch's network
	Run        string        `json:"run"`            // its folder in runs
	Host       string        `json:"host"`
	Version    string        `json:"version"`
	Ended      time.Time     `json:"ended"`
}

// Percent is how many of the held-out images were right.
func (r Result) Percent() float64 {
	return 100 * float64(r.Validation.Right) / float64(max(1, r.Validation.Images()))
}

// A Failure is why a job failed.
type Failure struct {
	Key   string    `json:"key"`
	Error string    `json:"error"`
	Host  string    `json:"host"`
	Ended time.Time `json:"ended"`
}

func (s Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.Dir}, parts...)...)
}

// create makes the folders.
func (s Store) create() error {
	for _, name := range []string{resultsDir, failuresDir, runsDir, claimsDir, cacheDir} {
		if err := os.MkdirAll(s.path(name), 0o777); err != nil {
			return fmt.Errorf("cannot make the sweep's folder: %w; choose another place", err)
		}
	}
	return nil
}

// The files that say what a folder is the sweep of.
const (
	sweepFile = "sweep.toml"
	baseFile  = "experiment.toml" // what all points begin with, before what is set for all
)

// ErrOccupied says that a folder has something else in it, which a sweep would
// write over.
var ErrOccupied = errors.New("something else is in this folder")

// free reports ErrOccupied where files of the folder have the names of a sweep's,
// and are none: neither texts, which are to be written, nor what another sweep has
// left, which the names of its results tell, or that its experiment was written by
// this program.
func (s Store) free(texts map[string][]byte) error {
	occupied := func(name string) error {
		return fmt.Errorf("%s: %w, of which %s would be lost; choose another with --out", s.Dir, ErrOccupied, name)
	}
	if _, err := os.Lstat(s.path("run.json")); err == nil {
		return occupied("run.json")
	}
	other := ""
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		have, err := whole.Read(s.path(name), maxText)
		if !errors.Is(err, fs.ErrNotExist) && !bytes.Equal(have, texts[name]) {
			other = name
		}
	}
	if other == "" || s.hasResults() {
		return nil
	}
	_, base, err := s.Texts()
	if err != nil {
		return occupied(other)
	}
	written, err := base.TOML()
	if have, _ := whole.Read(s.path(baseFile), maxText); err != nil || !bytes.Equal(have, written) {
		return occupied(other)
	}
	return nil
}

// hasResults reports whether the folder has results, and nothing else among them.
func (s Store) hasResults() bool {
	entries, _ := os.ReadDir(s.path(resultsDir)) // none, if it cannot be read
	for _, e := range entries {
		if key, ok := strings.CutSuffix(e.Name(), ".json"); !strings.HasPrefix(key, ".") && (!ok || len(key) != 2*sha256.Size) {
			return false
		}
	}
	return len(entries) > 0
}

// Begin makes the folders, and keeps the sweep with them.
func (s Store) Begin(text []byte, base train.Experiment) error {
	texts, err := textsOf(text, base)
	if err == nil {
		err = s.free(texts)
	}
	if err == nil {
		err = s.create()
	}
	if err != nil {
		return err
	}
	return s.Keep(text, base)
}

// textsOf are the files that say what a sweep is.
func textsOf(text []byte, base train.Experiment) (map[string][]byte, error) {
	experiment, err := base.TOML()
	return map[string][]byte{sweepFile: text, baseFile: experiment}, err
}

// Keep writes down what the sweep is: its file's text, and the experiment that
// the file names as its preset.
func (s Store) Keep(text []byte, base train.Experiment) error {
	texts, err := textsOf(text, base)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		return err
	}
	for name, text := range texts {
		if have, err := whole.Read(s.path(name), maxText); err == nil && bytes.Equal(have, text) {
			continue
		}
		if err := whole.Write(s.path(name), 0o644, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// IsStore reports whether a folder is that of a sweep.
func IsStore(dir string) bool {
	for _, name := range []string{sweepFile, baseFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// Texts are what Begin kept.
func (s Store) Texts() (text []byte, base train.Experiment, err error) {
	if text, err = whole.Read(s.path(sweepFile), maxText); err != nil {
		return nil, base, fmt.Errorf("%w; the folder of a sweep has its file", err)
	}
	experiment, err := whole.Read(s.path(baseFile), maxText)
	if err != nil {
		return nil, base, err
	}
	base, err = train.Parse(s.path(baseFile), experiment)
	return text, base, err
}

// Load makes the plan of the sweep that a folder is of.
func (s Store) Load() (*Plan, error) {
	text, base, err := s.Texts()
	if err != nil {
		return nil, err
	}
	parsed, err := Parse(s.path(sweepFile), text)
	if err != nil {
		return nil, err
	}
	if parsed.Name == strings.TrimSuffix(sweepFile, ".toml") { // it is named after its file, which was another
		parsed.Name = strings.TrimSuffix(filepath.Base(filepath.Clean(s.Dir)), "-sweep")
	}
	return NewPlan(parsed, base)
}

// Results reads all results, by their keys. Some of those that are damaged are told at once.
func (s Store) Results() (map[string]Result, error) {
	return readAll(s.path(resultsDir), func(name string, r Result, err error) (Result, error) {
		if err == nil {
			if err = r.check(name); err != nil {
				err = fmt.Errorf("%s: %w", s.path(resultsDir, name+".json"), err)
			}
		}
		return r, err
	})
}

// check says what no training can have given.
func (r Result) check(key string) error {
	v := r.Validation
	run, _, ok := split(r.Run)
	switch {
	case r.Key != key:
		return fmt.Errorf("it is of %s; the file is damaged, or was moved here: remove it", r.Key)
	case len(key) != 2*sha256.Size, v.Right < 0 || v.Wrong < 0 || v.Silent < 0 || v.Images() < 1, r.Epoch < 0, !ok || run != shortKey(key), len(r.Weights) != 2*sha256.Size:
		return errors.New("no training gives such a result: remove it, and run the sweep again")
	}
	return nil
}

// Failures reads why jobs failed, by their keys. One with a result has not. One
// that cannot be read is a failure whose reason nobody knows.
func (s Store) Failures() (map[string]Failure, error) {
	return readAll(s.path(failuresDir), func(name string, f Failure, err error) (Failure, error) {
		if err == nil && f.Key != name {
			err = errors.New("the file is damaged")
		}
		if err != nil {
			f = Failure{Key: name, Error: "the reason cannot be read: " + err.Error()}
		}
		return f, nil
	})
}

// readAll reads the JSON files of a folder, each of which check makes good, or says
// what is wrong with.
func readAll[T any](dir string, check func(name string, v T, err error) (T, error)) (map[string]T, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := map[string]T{}
	var damaged []error
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.HasPrefix(name, ".") {
			continue // being written
		}
		var v T
		err := ReadJSON(filepath.Join(dir, e.Name()), &v)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was there a moment ago
		}
		if all[name], err = check(name, v, err); err != nil {
			damaged = append(damaged, err)
		}
	}
	const most = 5 // that are named
	if n := len(damaged); n > most {
		damaged = append(damaged[:most], fmt.Errorf("%s: %d more files are damaged", dir, n-most))
	}
	return all, errors.Join(damaged...)
}

// ReadJSON reads a file of a sweep's folder.
func ReadJSON(path string, v any) error {
	text, err := whole.Read(path, maxText)
	var fault *fs.PathError
	switch {
	case errors.As(err, &fault):
		return err
	case err != nil:
		return fmt.Errorf("%w; remove it", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w; the file is damaged: remove it", path, err)
	}
	return nil
}

// maxText is the most that a file of a sweep's folder has, in bytes.
const maxText = 64 << 20

// exists reports whether there is a result or failure of a key.
func (s Store) exists(dir, key string) bool {
	_, err := os.Stat(s.path(dir, key+".json"))
	return err == nil
}

// publish writes a file that is created once: who comes second finds it there,
// and that is no fault, for what he has is the same.
func publish(path string, v any) error {
	text, err := marshal(v)
	if err == nil {
		_, err = whole.Create(path, 0o644, text)
	}
	return err
}

// WriteJSON writes a file of a sweep's folder as a whole, in place of what is
// there.
func WriteJSON(path string, v any) error {
	text, err := marshal(v)
	if err == nil {
		err = whole.Write(path, 0o644, text)
	}
	return err
}

func marshal(v any) (write func(io.Writer) error, err error) {
	text, err := json.MarshalIndent(v, "", " ")
	return func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	}, err
}

// abandoned is how old a half-written file is that no process writes any more.
const abandoned = time.Hour

// tidy removes what processes that were killed left half-written.
func (s Store) tidy() error {
	for _, dir := range []string{resultsDir, failuresDir} {
		entries, err := os.ReadDir(s.path(dir))
		if err != nil {
			return err
		}
		for _, e := range entries {
			info, err := e.Info()
			if err == nil && strings.HasPrefix(e.Name(), ".") && time.Since(info.ModTime()) > abandoned {
				os.Remove(s.path(dir, e.Name()))
			}
		}
	}
	return nil
}
