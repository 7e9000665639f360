package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"firstspike/preset"
	"firstspike/train"
)

type showCommand struct {
	Name string `arg:"" name:"experiment" help:"A preset, a run, or a TOML file."`
}

// Help is shown after the flags.
func (showCommand) Help() string {
	return `What is printed can be trained again:

    firstspike show mozafari2018 > mine.toml
    firstspike train mine.toml --out runs/mine`
}

// Run prints an experiment.
func (c *showCommand) Run(s *streams) error {
	e, dir, err := findExperiment(c.Name)
	if err != nil {
		return usageError{err}
	}
	if err := e.Faults().Err(); err != nil {
		return usageError{fmt.Errorf("%s: %w", c.Name, err)}
	}
	var about []string
	if dir != "" {
		if about, err = aboutRun(dir); err != nil {
			return err
		}
	}
	text, err := annotate(e, about)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, text)
	return err
}

// annotate is an experiment as TOML with comments: shapes, sources, and what
// is known about its run.
func annotate(e train.Experiment, about []string) (string, error) {
	text, err := e.TOML()
	if err != nil {
		return "", err
	}
	network, err := e.Network()
	if err != nil {
		return "", err
	}
	p, known := preset.Lookup(e.Name)
	cite, legend := citations(p)
	var b strings.Builder
	comment := func(format string, args ...any) {
		b.WriteString("# " + printable(fmt.Sprintf(format, args...)) + "\n")
	}
	for _, line := range about {
		comment("%s", line)
	}
	if known {
		comment("preset %s: %s", p.Name, p.About)
		comment("reported: %s", p.Reported)
		comment("sources:")
		for _, line := range legend {
			comment("  %s", line)
		}
	} else {
		comment("no preset is called %s, so there are no sources of its numbers here", e.Name)
	}
	b.WriteString("\n")
	table, layer, filter := "", -1, -1
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		key, _, isValue := strings.Cut(line, " = ")
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "[[layers]]":
			layer++
			table = "layers." + e.Layers[layer].Name
			l, g := network.Layers[layer], e.Geometry(layer)
			comment("Layer %s, shapes as maps x rows x columns: input %v, output %v, after pooling %v.", l.Name, g.In, g.Out(), l.Pooled())
			comment("Synapses: %s for each of %s maps, %s in all; potentials are multiples of 2^%.0f.",
				count(g.Synapses()), count(g.Maps), count(g.Synapses()*g.Maps), math.Log2(l.Unit()))
		case line == "[[encode.filters]]":
			filter++
			table = fmt.Sprintf("encode.filters.%d", filter)
		case strings.HasPrefix(line, "[layers."):
			table = "layers." + e.Layers[layer].Name + "." + strings.Trim(strings.TrimPrefix(line, "[layers."), "]")
		case strings.HasPrefix(line, "["):
			table = strings.Trim(line, "[]")
		case isValue && known:
			path := key
			if table != "" {
				path = table + "." + key
			}
			if source := sourceOf(e, p, path); source != "" {
				line = fmt.Sprintf("%-30s # %s", line, printable(cite(source)))
			}
		}
		b.WriteString(line + "\n")
	}
	return b.String(), nil
}

// printable is text for a comment, in which TOML allows no control characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

// named is a source with what it is in parentheses: "paper (arXiv:…)".
var named = regexp.MustCompile(`^([a-z ]+) \((.*)\)$`)

// citations is how the sources of a preset are cited in short, and the legend
// to that. "paper (arXiv:…)" becomes "paper" if it is cited more than once and
// no other source is called so.
func citations(p preset.Preset) (cite func(string) string, legend []string) {
	full := map[string]string{} // short: full; "" if not unique
	uses := map[string]int{}
	for _, source := range p.Sources {
		for part := range strings.SplitSeq(source, "; ") {
			m := named.FindStringSubmatch(part)
			if m == nil {
				continue
			}
			if before, ok := full[m[1]]; ok && before != part {
				part = ""
			}
			full[m[1]] = part
			uses[m[1]]++
		}
	}
	for short, part := range full {
		if part == "" || uses[short] < 2 {
			delete(full, short)
			continue
		}
		legend = append(legend, short+": "+named.FindStringSubmatch(part)[2])
	}
	slices.Sort(legend)
	return func(source string) string {
		for short, part := range full {
			source = strings.ReplaceAll(source, part, short)
		}
		return source
	}, legend
}

// sourceOf says where the value at a path comes from.
func sourceOf(e train.Experiment, p preset.Preset, path string) string {
	ours, _ := e.Value(path)
	theirs, ok := p.Experiment.Value(path)
	switch {
	case !ok:
		return "set here; preset " + p.Name + " has none"
	case ours != theirs:
		if theirs == "" {
			theirs = "none"
		}
		return fmt.Sprintf("set here; preset %s has %s", p.Name, theirs)
	}
	return p.Source(path)
}

// aboutRun is what there is to say of a run besides its experiment.
func aboutRun(dir string) ([]string, error) {
	path := filepath.Join(dir, checkpointFile)
	m, err := train.Load(path)
	if _, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("%s: this run never began: it has no %s", dir, checkpointFile)}
	}
	if err != nil {
		return nil, err
	}
	record, err := train.ReadRecord(dir)
	if err != nil {
		return nil, err
	}
	lines := []string{
		fmt.Sprintf("run %s, seed %d", dir, record.Seed),
		fmt.Sprintf("begun %s with firstspike %s, %s, %s", record.Started.Format(time.RFC3339), record.Version, record.Go, record.System),
	}
	if record.Train.SHA256 != "" { // an imported run does not know
		lines = append(lines,
			fmt.Sprintf("training images: %s, %s, SHA-256 %s", record.Train.Name, count(record.Train.Images), record.Train.SHA256),
			fmt.Sprintf("test images: %s, %s, SHA-256 %s", record.Test.Name, count(record.Test.Images), record.Test.SHA256))
	}
	for _, note := range edited(dir, m.Experiment) {
		lines = append(lines, "note: "+note)
	}
	state := m.State
	spent := fmt.Sprintf("%s presentations in %s", count(state.Presentations), duration(time.Duration(state.Seconds*float64(time.Second))))
	if from := importedFrom(dir); from != "" && !state.Finished() {
		return append(lines, fmt.Sprintf("imported from %s; its training is not known", from)), nil
	}
	if !state.Finished() {
		lines = append(lines, fmt.Sprintf("not finished: %s; %s", position(m.Experiment, state), spent))
		if b := state.Best; b != nil {
			lines = append(lines, fmt.Sprintf("best epoch so far: %d, %s %% right on %s", b.Epoch+1, percent(b.Score.Right, b.Score.Images(), 2), b.On))
		}
		return append(lines, "go on with: "+command("train", "--resume", "--out", dir)), nil
	}
	r, err := train.ReadReport(dir)
	if err != nil {
		return nil, err
	}
	lines = append(lines, "finished: "+spent)
	if r.SVM != nil {
		lines = append(lines, "readout: "+fitText(*r.SVM))
	} else if v := r.Validation; v != nil {
		lines = append(lines, fmt.Sprintf("chosen: epoch %d, %s %% right on %s validation images", r.Epoch+1, percent(v.Right, v.Images(), 2), count(v.Images())))
	}
	if b := r.BestOnTest; b != nil {
		lines = append(lines, fmt.Sprintf("best epoch on the test images themselves: %d, %s %% right", b.Epoch+1, percent(b.Score.Right, b.Score.Images(), 2)))
	}
	return append(lines, "test: "+scoreText(r.Test.Score)), nil
}
