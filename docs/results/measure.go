package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"firstspike/dataset"
	"firstspike/energy"
	"firstspike/preset"
	"firstspike/study"
	"firstspike/train"
)

// A record is what is read of a study.json.
type record struct {
	Experiment string `json:"experiment"` // as TOML
	Seeds      []struct {
		Seed uint64 `json:"seed"`
	} `json:"seeds"`
	Unfinished []uint64 `json:"unfinished_seeds"`
	Machine    struct {
		CPU    string `json:"cpu"`
		Cores  int    `json:"cores"`
		SIMD   string `json:"simd"`
		Go     string `json:"go"`
		System string `json:"system"`
	} `json:"machine"`
}

// measure is the row of the study in a folder that firstspike replicate wrote.
func measure(ctx context.Context, dir string, o options) (row, error) {
	path := filepath.Join(dir, "study.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return row{}, fmt.Errorf("%s: there is no study.json; name a folder that firstspike replicate wrote and ended", dir)
	}
	if err != nil {
		return row{}, err
	}
	var c record
	if err := json.Unmarshal(text, &c); err != nil {
		return row{}, fmt.Errorf("%s: %w; run the study's command again", path, err)
	}
	e, err := train.Parse(path, []byte(c.Experiment))
	if err != nil {
		return row{}, err
	}
	s := study.Study{Experiment: e, Dir: dir}
	for _, seed := range c.Seeds {
		s.Seeds = append(s.Seeds, seed.Seed)
	}
	runs, err := s.Finished()
	if err != nil {
		return row{}, err
	}
	if len(c.Unfinished) > 0 || len(runs) == 0 || len(runs) < len(s.Seeds) {
		return row{}, fmt.Errorf("%s: %d of %d seeds are finished; the study's command goes on with the others", dir, len(runs), len(s.Seeds)+len(c.Unfinished))
	}
	r, err := describe(e, s.Seeds, o.presets)
	if err != nil {
		return row{}, fmt.Errorf("%s: %w", dir, err)
	}
	r.CPU, r.Cores, r.SIMD, r.System, r.Go = c.Machine.CPU, c.Machine.Cores, c.Machine.SIMD, c.Machine.System, c.Machine.Go
	r.score(runs)
	return r, r.size(ctx, s, o)
}

// score tells how the runs of a study ended.
func (r *row) score(runs []study.Run) {
	for _, run := range runs {
		r.Tested = run.Report.Test.Images()
		r.Right = append(r.Right, run.Accuracy())
		if best, ok := run.BestOnTest(); ok {
			r.Best = append(r.Best, best)
		}
		r.Seconds += run.Report.Seconds / float64(len(runs))
		if cached := run.Report.Cached; cached != nil {
			r.FromCache++
			r.CachedSeconds += cached.Seconds
		}
	}
	r.CachedSeconds /= float64(max(1, r.FromCache))
	s := study.Summarise(r.Right)
	r.Mean, r.Low, r.High = s.Mean, s.Low, s.High
}

// size tells how large the networks of a study are and how much happens in
// them, as means.
func (r *row) size(ctx context.Context, s study.Study, o options) error {
	d := s.Experiment.Data
	set, err := dataset.OpenTestWith(d.Source, d.Options())
	if err != nil {
		return err
	}
	r.Images = min(o.images, set.Len())
	sum, seeds := set.Sum(), float64(len(s.Seeds))
	size := 0.0
	for _, seed := range s.Seeds {
		dir := s.Folder(seed)
		m, err := train.Load(dir)
		if err != nil {
			return err
		}
		if m.State.Test.SHA256 != sum {
			return fmt.Errorf("%s: was tested on other images than %s has now; give it those of the training", dir, set.Name)
		}
		info, err := os.Stat(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			return err
		}
		loads, err := energy.Count(ctx, m, set, o.images, o.workers, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		size += float64(info.Size()) / seeds
		r.Weights = weights(m)
		r.Spikes, r.Operations = add(r.Spikes, spikesOf(loads), 1/seeds), add(r.Operations, operationsOf(loads), 1/seeds)
	}
	r.Bytes = int(math.Round(size))
	return nil
}

// add adds to each part a share of another.
func add(sum, parts []part, share float64) []part {
	if sum == nil {
		sum = make([]part, len(parts))
	}
	for i, p := range parts {
		sum[i].Name = one(p.Name)
		sum[i].Value += float64(p.Value * share)
	}
	return sum
}

// describe tells what a study is of: its preset, what differs from it, and the
// command that makes it.
func describe(e train.Experiment, seeds []uint64, presets string) (row, error) {
	p, ok := preset.Lookup(e.Name)
	if !ok {
		return row{}, fmt.Errorf("the experiment is called %q, and no preset is; the page has studies of presets, with any settings", e.Name)
	}
	flags, differs, err := settings(p, e)
	if err != nil {
		return row{}, err
	}
	file, err := fileOf(presets, p.Name)
	if err != nil {
		return row{}, err
	}
	r := row{
		Preset: p.Name, File: file, Data: sourceName(e.Data.Source), Seeds: seeds,
		Reported: p.Reported, ReportedPercent: math.NaN(),
		Protocol: e.Protocol.Kind, Readout: e.Readout.Rule, Differs: differs, Choices: choices(p),
	}
	if e.Protocol.Kind == train.ProtocolValidation {
		r.HeldOut = e.Protocol.Validation
	}
	r.Command = strings.Join(append([]string{r.begin()}, flags...), " ")
	for _, result := range p.Results {
		if comparable(p.Data, e.Data) && result.By == p.Results[0].By && !(result.Percent <= r.ReportedPercent) {
			r.ReportedPercent, r.ReportedBy, r.ReportedHow = result.Percent, result.By, result.How
		}
	}
	return r, nil
}

// comparable reports whether what was reached with the one data can stand beside
// what was with the other: they are the same, or, where a preset leaves open
// which files they are, have as many classes.
func comparable(preset, ours train.Data) bool {
	return preset.Classes == ours.Classes && (preset.Source == ours.Source || !dataset.Named(preset.Source))
}

// sourceName is the name of data, without the place of a folder or a file.
func sourceName(source string) string {
	if source == "" || dataset.Named(source) {
		return source
	}
	return filepath.Base(source)
}

// settings are the flags that make an experiment of its preset, and what they
// change. An experiment that no flags make is refused.
func settings(p preset.Preset, e train.Experiment) (flags, differs []string, err error) {
	made := p.Experiment.Clone()
	made.Seed, made.Paper = e.Seed, e.Paper
	differ := study.Differences(made, e)
	for _, d := range differ {
		ours, theirs := d.B, d.A
		if d.Path == "data.source" {
			ours, theirs = sourceName(ours), sourceName(theirs)
			if !dataset.Named(d.B) {
				ours += " (files)"
			}
		}
		switch {
		case strings.HasPrefix(d.Path, "encode.filters.") && len(e.Encode.Filters) == 0:
			continue
		case d.Path == "data.source" && theirs == "": // the preset leaves it open
			continue
		case theirs == "":
			differs = append(differs, one(d.Path+" = "+ours))
		case ours == "":
			differs = append(differs, one(d.Path+" is empty, not "+theirs))
		default:
			differs = append(differs, one(d.Path+" = "+ours+", not "+theirs))
		}
	}
	flag := func(name, value string) { flags = append(flags, name+" "+quote(value)) }
	if length := p.Paper; len(length) > 0 && hasAll(e, length) {
		flags = append(flags, "--paper")
		for path, value := range length {
			if err := made.Set(path, value); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(e.Encode.Filters) == 0 && len(made.Encode.Filters) > 0 {
		made.Encode.Filters = nil
		flag("--set", "encode.filters=")
		differs = append(differs, "no encode.filters")
	}
	for _, d := range study.Differences(made, e) {
		if err := made.Set(d.Path, d.B); err != nil {
			return nil, nil, fmt.Errorf("no flag makes the experiment of the preset %s: %w; name it otherwise and make it a preset", p.Name, err)
		}
		layer, epochs := strings.CutSuffix(d.Path, ".learn.epochs")
		switch {
		case d.Path == "protocol.kind":
			flag("--protocol", d.B)
		case d.Path == "data.source":
			flag("--data", sourceName(d.B))
		case d.Path == "data.limit":
			flag("--limit", d.B)
		case epochs:
			flag("--epochs", strings.TrimPrefix(layer, "layers.")+"="+d.B)
		default:
			flag("--set", d.Path+"="+d.B)
		}
	}
	if rest := study.Differences(made, e); len(rest) > 0 {
		return nil, nil, fmt.Errorf("no flag makes the experiment of the preset %s: %s is %q; name it otherwise and make it a preset", p.Name, rest[0].Path, rest[0].B)
	}
	return flags, differs, nil
}

// hasAll reports whether an experiment has all these settings.
func hasAll(e train.Experiment, settings map[string]string) bool {
	for path, value := range settings {
		if v, ok := e.Value(path); !ok || v != value {
			return false
		}
	}
	return true
}

var plain = regexp.MustCompile(`^[\w./:=,+-]+$`)

// quote is a text as a shell takes it.
func quote(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// choices are the settings of a preset that are nobody's but ours, with the
// reason where one is given.
func choices(p preset.Preset) []string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(p.Sources)) {
		why, ok := strings.CutPrefix(p.Sources[path], "our choice")
		if !ok || path == "seed" {
			continue
		}
		if why = strings.TrimLeft(why, ":;, "); why != "" {
			path += " (" + why + ")"
		}
		list = append(list, one(path))
	}
	return list
}

// fileOf is the file in the folder of presets that has one: that of its name,
// one that has its name in quotes, or the one whose name begins it the longest.
func fileOf(dir, name string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	best, rank := "", 0
	for _, path := range files {
		base := filepath.Base(path)
		if strings.HasSuffix(base, "_test.go") || base == "preset.go" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		stem, n := strings.TrimSuffix(base, ".go"), 0
		switch {
		case stem == name:
			n = 1 << 20
		case strings.Contains(string(text), `"`+name+`"`):
			n = 1 << 10
		case strings.HasPrefix(name, stem):
			n = len(stem)
		}
		if n > rank {
			best, rank = base, n
		}
	}
	if best == "" {
		return "", fmt.Errorf("%s: no file has the preset %s; name the folder of presets with -presets", dir, name)
	}
	return best, nil
}
