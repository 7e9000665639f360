package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firstspike/preset"
	"firstspike/train"
)

// The files of a run that commands look at by themselves.
const (
	experimentFile = "experiment.toml"
	checkpointFile = "checkpoint.safetensors"
	modelFile      = "model.safetensors"
)

// A notFound is an error for a name that is no preset, file or run.
type notFound struct {
	name   string
	advice string
	path   bool // the name is a path, so that no preset was meant
}

func (n notFound) Error() string { return n.name + ": " + n.advice }

// findExperiment finds an experiment by the name of a preset, the path of a
// TOML file, of a run, or of a safetensors file of a run. dir is the run's
// folder, if it is one.
func findExperiment(name string) (e train.Experiment, dir string, err error) {
	if p, ok := preset.Lookup(name); ok {
		return p.Experiment, "", nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return e, "", missing(name)
	}
	if err != nil {
		return e, "", err
	}
	switch {
	case info.IsDir():
		// The checkpoint has the experiment that is trained, and nobody edits it.
		m, err := train.Load(filepath.Join(name, checkpointFile))
		if err == nil {
			return m.Experiment, name, nil
		}
		if _, missing := os.Stat(filepath.Join(name, checkpointFile)); !errors.Is(missing, fs.ErrNotExist) {
			return e, "", err
		}
		e, err = readExperiment(filepath.Join(name, experimentFile))
		if errors.Is(err, fs.ErrNotExist) {
			return e, "", notFound{name, "no run is in this folder: it has neither " + checkpointFile + " nor " + experimentFile, true}
		}
		return e, name, err
	case strings.EqualFold(filepath.Ext(name), ".safetensors"):
		m, err := train.Load(name)
		if err != nil {
			return e, "", err
		}
		return m.Experiment, "", nil
	}
	e, err = readExperiment(name)
	return e, "", err
}

// readExperiment reads an experiment from a TOML file.
func readExperiment(path string) (train.Experiment, error) {
	text, err := readText(path, "an experiment is a TOML file, as show prints it")
	if err != nil {
		return train.Experiment{}, err
	}
	return train.Parse(path, text)
}

// edited says that a run's experiment.toml is not what the run trains, if so.
func edited(dir string, e train.Experiment) (notes []string) {
	file, err := readExperiment(filepath.Join(dir, experimentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a copy, and no command needs it
	}
	written, err1 := file.TOML()
	trained, err2 := e.TOML()
	if err != nil || err1 != nil || err2 != nil || !bytes.Equal(written, trained) {
		notes = append(notes, fmt.Sprintf("%s was changed after the run began and counts for nothing; this is what the run trains, from %s",
			filepath.Join(dir, experimentFile), checkpointFile))
	}
	return notes
}

// loadModel loads the network of a run and says so if the run is not finished.
func loadModel(s *streams, path string) (*train.Model, error) {
	m, err := train.Load(path)
	if err != nil {
		return nil, usageError{err}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if _, err := train.ReadReport(path); err == nil {
			return m, nil
		}
		if from := importedFrom(path); from != "" {
			fmt.Fprintf(s.err, "note: %s was imported from %s; its training is not known\n", visible(path), visible(from))
		} else {
			fmt.Fprintf(s.err, "note: %s is not finished; this is its network %s\n", visible(path), position(m.Experiment, m.State))
		}
	}
	return m, nil
}

// missing says what may have been meant by a name that nothing has.
func missing(name string) error {
	switch {
	case strings.ContainsAny(name, `/\`), filepath.Ext(name) == ".toml", filepath.Ext(name) == ".safetensors":
		return notFound{name, "no such file or folder", true}
	case strings.Contains(name, "="):
		return notFound{name, "no such preset, file or folder; repeat the flag before every setting: --set " + name, true}
	}
	return notFound{name, "no such preset, file or folder; " + train.Nearest(name, preset.Names()), false}
}

// departures says in which numbers an experiment differs from what its paper
// did, as its preset tells it.
func departures(e train.Experiment, p preset.Preset) []string {
	paper := p.Experiment.Clone()
	// The paper chose its epoch on the test images and trained on all others.
	paper.Protocol.Kind = train.ProtocolPaper
	for path, value := range p.Paper {
		if paper.Set(path, value) != nil {
			return nil
		}
	}
	var list []string
	for _, path := range e.Paths() {
		ours, _ := e.Value(path)
		theirs, _ := paper.Value(path)
		layer, isEpochs := strings.CutSuffix(path, ".learn.epochs")
		switch {
		case ours == theirs || path == "seed" || path == "name" || path == "paper" || path == "protocol.validation":
		case isEpochs && theirs != "":
			list = append(list, fmt.Sprintf("%s learned for %s of %s epochs", strings.TrimPrefix(layer, "layers."), ours, theirs))
		case path == "protocol.kind" && e.Readout.Rule == train.ReadoutSVM:
			list = append(list, fmt.Sprintf("%s training images were held out and not learned from", count(e.Protocol.Validation)))
		case path == "protocol.kind":
			list = append(list, fmt.Sprintf("the epoch was chosen on %s held-out training images, not on the test images themselves", count(e.Protocol.Validation)))
		case path == "data.limit":
			list = append(list, fmt.Sprintf("only the first %s training images were used", ours))
		case theirs == "":
			list = append(list, fmt.Sprintf("%s = %s", path, ours))
		default:
			list = append(list, fmt.Sprintf("%s = %s, not %s", path, ours, theirs))
		}
	}
	return list
}

// count is a number of things, as people read it.
func count(n int) string {
	if n < 0 {
		return "-" + count(-n)
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent is a part of a whole in percent, with the given number of decimals.
func percent(part, whole, decimals int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f", decimals, 100*float64(part)/float64(whole))
}
