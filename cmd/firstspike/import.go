package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"firstspike/exchange"
	"firstspike/train"
)

type importCommand struct {
	File string `arg:"" help:"A safetensors, PyTorch, npz or JSON file with the weights of a network."`

	Preset string   `placeholder:"NAME" help:"Whose weights these are: a preset, a TOML file as show prints it, or a run. Files that export wrote say it themselves."`
	Set    []string `sep:"none" placeholder:"PATH=VALUE" help:"Change a setting of it, such as layers.s2.threshold=12. Can be repeated."`
	Out    string   `placeholder:"DIR" help:"The new run's folder."`
}

// Help is shown after the flags.
func (importCommand) Help() string {
	return `Take over a network that SpykeTorch has saved, and test it:

    firstspike import saved.net --preset mozafari2018 --out runs/theirs
    firstspike test runs/theirs

A PyTorch file, of torch.save in its present format or the one before 1.6, is read without Python, and nothing in it is executed. The weights are found by their names, s1.weight, conv1.weight or w1 for the first layer, with whatever stands before them, such as model_state_dict. in a checkpoint. Their shapes must be those of the experiment. Learning rates as SpykeTorch saves them are taken over; what is not taken is told.

What export wrote with --to safetensors, torch, npz or json has its experiment inside:

    firstspike export runs/mozafari2018-seed1 --to npz --out network.npz
    firstspike import network.npz --out runs/copy

The run decides as it is; it cannot go on learning, as its training is not known.`
}

func (c *importCommand) faults() usageError {
	_, faults := c.experiment()
	return faults
}

// experiment is whose weights they are; nil: the file is to say it.
func (c *importCommand) experiment() (e *train.Experiment, faults usageError) {
	if c.Out == "" {
		faults.add("say where the run is to be: --out DIR")
	} else if entries, err := os.ReadDir(c.Out); err == nil && len(entries) > 0 {
		faults.add("--out %s: the folder is not empty; choose another", c.Out)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		faults.add("--out %s: %w", c.Out, err)
	}
	if c.Preset == "" {
		if len(c.Set) > 0 {
			faults.add("--set %s: it changes an experiment; name it with --preset", c.Set[0])
		}
		return nil, faults
	}
	found, _, err := findExperiment(c.Preset)
	if err != nil {
		return nil, append(faults, fmt.Errorf("--preset %w", err))
	}
	found = found.Clone()
	set := settings{experiment: &found, by: map[string]string{}}
	(&trainCommand{Set: c.Set}).apply(&set)
	faults = append(faults, set.faults...)
	for _, f := range found.Faults() {
		faults = append(faults, f)
	}
	return &found, faults
}

// Run imports.
func (c *importCommand) Run(s *streams) error {
	e, faults := c.experiment()
	if err := faults.err(); err != nil {
		return err
	}
	got, err := exchange.Open(c.File, e)
	switch {
	case errors.Is(err, exchange.ErrNoExperiment):
		return usageError{fmt.Errorf("%w: name it with --preset, such as %s", err, command("import", c.File, "--preset", "mozafari2018", "--out", c.Out))}
	case err != nil:
		return usageError{err}
	}
	sum, err := sumFile(c.File)
	if err != nil {
		return err
	}
	if err := writeImported(c.Out, got.Model, filepath.Base(c.File), sum); err != nil {
		return fmt.Errorf("the network is read, and the run cannot be written: %w", err)
	}
	for _, note := range got.Notes {
		fmt.Fprintf(s.err, "note: %s\n", visible(note))
	}
	weights := 0
	for _, l := range got.Model.Network.Layers {
		weights += len(l.Weights())
	}
	_, err = fmt.Fprintf(s.out, "%s: %s of %s, %s in all; test it with: %s\n", visible(c.Out), plural(len(got.Model.Network.Layers), "layer"),
		visible(got.Model.Experiment.Name), plural(weights, "weight"), command("test", c.Out))
	return err
}

// An importRecord is the run.json of a run that was imported.
type importRecord struct {
	train.Record
	Imported struct {
		File   string `json:"file"`
		SHA256 string `json:"sha256"`
	} `json:"imported"`
}

// importedFrom is the file from which a run was imported, "" if it was trained.
func importedFrom(dir string) string {
	var r importRecord
	if text, err := os.ReadFile(filepath.Join(dir, "run.json")); err != nil || json.Unmarshal(text, &r) != nil {
		return ""
	}
	return r.Imported.File
}

// writeImported writes a run of a network that was not trained here. Its checkpoint is its network, which nothing can go on from.
func writeImported(dir string, m *train.Model, file, sum string) error {
	r := importRecord{Record: train.Record{
		Version: fmt.Sprintf("%s, which imported it from %s", train.Version, file), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Started: time.Now().UTC(), Seed: m.Experiment.Seed, Train: m.State.Train, Test: m.State.Test,
	}}
	r.Imported.File, r.Imported.SHA256 = file, sum
	if r.Train == (train.DataSum{}) {
		r.Train.Name, r.Test.Name = "not known, as it was imported", "not known, as it was imported"
	}
	record, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	experiment, err := m.Experiment.TOML()
	if err != nil {
		return err
	}
	var network bytes.Buffer
	if err := m.Write(&network); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{"run.json", append(record, '\n')}, {experimentFile, experiment}, {modelFile, network.Bytes()}, {checkpointFile, network.Bytes()},
	} {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// sumFile is the SHA-256 of a file.
func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
