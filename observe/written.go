package observe

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"firstspike/eventfile"
)

// written is what earlier event files of a run have: for each tag the steps,
// and the value of a scalar, as an event file can hold it.
type written map[string]map[int64]float32

func (w written) add(tag string, step int64, value float64) {
	if w[tag] == nil {
		w[tag] = map[int64]float32{}
	}
	w[tag][step] = float32(value)
}

// has reports whether scalars are there already. How fast the training was is
// not compared: what was measured when the epoch was learned first will do.
func (w written) has(group string, list []scalar, step int64) bool {
	for _, s := range list {
		before, ok := w[group+"/"+s.name][step]
		if !ok || s.name != "images_per_second" && math.Float32bits(before) != math.Float32bits(float32(s.value)) {
			return false
		}
	}
	return len(list) > 0
}

// reach reports whether there is anything at a step or after it.
func (w written) reach(step int64) bool {
	for _, steps := range w {
		for s := range steps {
			if s >= step {
				return true
			}
		}
	}
	return false
}

// forget drops what is there of a step and later ones.
func (w written) forget(step int64) {
	for _, steps := range w {
		for s := range steps {
			if s >= step {
				delete(steps, s)
			}
		}
	}
}

// read adds what an event file has. A file that is not of the run is refused:
// the first one begins with the settings of its run, at the time when it
// started. Two seeds can start at the same tick of a coarse clock.
func (w written) read(path string, r *Run) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	started := float64(r.Started.UnixMicro()) / 1e6
	own := typed(strconv.FormatUint(r.Model.Experiment.Seed, 10))
	for events := eventfile.NewReader(f); ; {
		e, err := events.Next()
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil // of a process that was killed as it wrote
		}
		if err != nil {
			return fmt.Errorf("%s: %w; choose another folder", path, err)
		}
		if e.Restart {
			w.forget(e.Step)
		}
		for _, v := range e.Values {
			seed, has := v.Settings["seed"]
			if v.Settings != nil && e.Time != started || has && seed != own || v.Settings == nil && len(w) == 0 {
				return fmt.Errorf("%s is of another run, and TensorBoard wants a folder for each; choose another folder", path)
			}
			w.add(v.Tag, e.Step, v.Scalar)
		}
	}
}

// eventFiles are the files of a folder that TensorBoard would read, in its order.
func eventFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if match, _ := filepath.Match("*tfevents*", e.Name()); match && !e.IsDir() {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// HasEvents reports whether there are event files in a folder.
func HasEvents(dir string) bool {
	files, err := eventFiles(dir)
	return err == nil && len(files) > 0
}
