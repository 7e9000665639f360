package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"firstspike/dataset"
	"firstspike/internal/whole"
)

// The files of a run.
const (
	experimentFile = "experiment.toml"
	recordFile     = "run.json"
	metricsFile    = "metrics.jsonl"
	checkpointFile = "checkpoint.safetensors"
	modelFile      = "model.safetensors"
	reportFile     = "result.json"
	lockFile       = "lock"
)

// A Record is what run.json holds: where and with what a run was made.
type Record struct {
	Version string    `json:"version"`
	Go      string    `json:"go"`
	System  string    `json:"system"`
	CPUs    int       `json:"cpus"`
	Started time.Time `json:"started"`
	Seed    uint64    `json:"seed"`
	Train   DataSum   `json:"train"`
	Test    DataSum   `json:"test"`
}

// A DataSum identifies a data set: its name, size and SHA-256.
type DataSum struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	SHA256 string `json:"sha256"`
}

// SumOf identifies a data set.
func SumOf(s *dataset.Set) DataSum { return DataSum{s.Name, s.Len(), s.Sum()} }

// A folder is a run's folder, held by this process alone.
type folder struct {
	dir     string
	lock    *flock.Flock // nil: the caller sees to it
	pending []byte       // lines of metrics not yet written
	metrics int64        // bytes of metrics.jsonl that are written
}

// ErrExists is returned for a folder that holds a run already.
var ErrExists = errors.New("a run is here already")

// ErrNoRun is returned for a folder that holds nothing to go on with.
var ErrNoRun = errors.New("there is no run to go on with")

// ErrLocked is returned for a folder that another process holds.
var ErrLocked = errors.New("another process is training here")

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// createFolder makes the folder of a new run and takes hold of it.
func createFolder(dir string, lock bool) (*folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the run's folder: %w; choose another place", err)
	}
	f, err := lockFolder(dir, lock)
	if err != nil {
		return nil, err
	}
	if err := f.vacant(); err != nil {
		f.close()
		return nil, err
	}
	f.sweep()
	return f, nil
}

// vacant returns an error if the folder holds something that a new run would
// replace. What a run left that ended before its first checkpoint, because it
// was killed or the disk was full, is none of that.
func (f *folder) vacant() error {
	has := func(name string) bool {
		_, err := os.Stat(f.path(name))
		return err == nil
	}
	if has(checkpointFile) || has(modelFile) {
		return fmt.Errorf("%s: %w", f.dir, ErrExists)
	}
	if r, err := ReadRecord(f.dir); err == nil && r.Version != "" && r.Train.SHA256 != "" {
		return nil // of a run of ours that lost its weights or never had any
	}
	for _, name := range []string{experimentFile, recordFile, metricsFile, reportFile} {
		if has(name) {
			return fmt.Errorf("%s: a file %s is here that no run wrote; choose another folder", f.dir, name)
		}
	}
	return nil
}

// clean removes what an earlier run without weights left in the folder.
func (f *folder) clean() error {
	for _, name := range []string{metricsFile, reportFile} {
		if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// openFolder takes hold of the folder of a run that began earlier.
func openFolder(dir string, lock bool) (*folder, error) {
	if _, err := os.Stat(filepath.Join(dir, checkpointFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w: it has no %s", dir, ErrNoRun, checkpointFile)
		}
		return nil, err
	}
	f, err := lockFolder(dir, lock)
	if err != nil {
		return nil, err
	}
	f.sweep()
	return f, nil
}

// sweep removes what a process left half-written when it was killed. It is no
// fault if that cannot be done.
func (f *folder) sweep() {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		for _, name := range []string{experimentFile, recordFile, checkpointFile, modelFile, reportFile} {
			if whole.HalfWritten(e.Name(), name) {
				os.Remove(f.path(e.Name()))
			}
		}
	}
}

// lockFolder takes hold of a folder, if it is to be locked.
func lockFolder(dir string, lock bool) (*folder, error) {
	if !lock {
		return &folder{dir: dir}, nil
	}
	f := &folder{dir: dir, lock: flock.New(filepath.Join(dir, lockFile))}
	held, err := f.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("cannot write to %s: %w; choose another place", dir, err)
	}
	if !held {
		return nil, fmt.Errorf("%s: %w; wait for it, or choose another place", dir, ErrLocked)
	}
	return f, nil
}

func (f *folder) close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

// write replaces a file of the run as a whole: whoever reads it sees the old
// contents or the new ones.
func (f *folder) write(name string, content []byte) error {
	return whole.Write(f.path(name), 0o644, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func (f *folder) writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return f.write(name, append(text, '\n'))
}

func (f *folder) writeModel(name string, m *Model) error {
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		return err
	}
	return f.write(name, b.Bytes())
}

// log appends lines to the metrics; what cannot be written now is kept.
func (f *folder) log(ends ...EpochEnd) {
	for _, e := range ends {
		line, err := json.Marshal(e)
		if err != nil {
			continue // the events are plain numbers, which always marshal
		}
		f.pending = append(append(f.pending, line...), '\n')
	}
	f.flush()
}

// logged is the epochs that the metrics have lines of.
func (f *folder) logged() ([]EpochEnd, error) {
	text, err := os.ReadFile(f.path(metricsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	text = append(text[:min(f.metrics, int64(len(text)))], f.pending...)
	var ends []EpochEnd
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var e EpochEnd
		switch err := d.Decode(&e); {
		case err == io.EOF:
			return ends, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w; the file is damaged", f.path(metricsFile), err)
		}
		ends = append(ends, e)
	}
}

// ReadEpochs reads the epochs that a run has logged, in order.
func ReadEpochs(dir string) ([]EpochEnd, error) {
	return (&folder{dir: dir, metrics: math.MaxInt64}).logged()
}

// flush writes the pending metrics. After a write that failed half-way the
// next one begins where the last whole line ended.
func (f *folder) flush() error {
	if len(f.pending) == 0 {
		return nil
	}
	file, err := os.OpenFile(f.path(metricsFile), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteAt(f.pending, f.metrics); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	f.metrics += int64(len(f.pending))
	f.pending = nil
	return nil
}

// rewind drops what was logged after the state that the run goes on from. The
// metrics only tell of the training: if lines of them were lost it goes on all
// the same, and logs behind those that are left.
func (f *folder) rewind(metrics int64) error {
	info, err := os.Stat(f.path(metricsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.metrics = 0
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file; move it away to go on", f.path(metricsFile))
	}
	f.metrics = min(metrics, info.Size())
	return os.Truncate(f.path(metricsFile), f.metrics)
}

func readJSON(dir, name string, v any) error {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w; the file is damaged", path, err)
	}
	return nil
}
