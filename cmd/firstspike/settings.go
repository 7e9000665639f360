package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"firstspike/dataset"
	"firstspike/observe"
	"firstspike/preset"
	"firstspike/train"
)

// A training is what the flags ask for.
type training struct {
	experiment train.Experiment
	dir        string
	options    train.Options
	notes      []string // decisions that no flag took
	resumed    bool
}

// faults checks the whole command line.
func (c *trainCommand) faults() usageError {
	if c.Resume {
		_, faults := c.resumption()
		return faults
	}
	_, faults := c.plan()
	return faults
}

// plan turns the flags into a training and tells all that is wrong with them.
func (c *trainCommand) plan() (t training, faults usageError) {
	name := c.Preset
	if name == "" {
		name = preset.Default
	}
	e, dir, err := findExperiment(name)
	t.experiment = e
	if dir != "" {
		t.notes = edited(dir, e)
	}
	if err != nil {
		faults = append(faults, err)
		var unknown notFound
		if !errors.As(err, &unknown) || unknown.path {
			// Settings of an experiment that is not known cannot be checked.
			c.options(&t, &faults)
			return t, faults
		}
		p, _ := preset.Lookup(preset.Default)
		t.experiment = p.Experiment
	}
	set := settings{experiment: &t.experiment, by: map[string]string{}}
	c.apply(&set)
	faults = append(faults, set.faults...)
	c.options(&t, &faults)
	for _, f := range t.experiment.Faults() {
		faults = append(faults, f)
	}
	c.open(&t, &set, &faults)
	if c.TensorBoard != "" && observe.HasEvents(c.TensorBoard) {
		faults.add("--tensorboard %s: it has event files already, and TensorBoard wants a folder for each run; choose another folder", c.TensorBoard)
	}
	if t.dir = c.Out; c.Out == "" {
		t.dir = defaultDir(t.experiment, &faults)
	}
	return t, faults
}

// settings collects changes of an experiment.
type settings struct {
	experiment *train.Experiment
	by         map[string]string // path: the argument that set it
	faults     usageError
}

// set changes one setting for an argument.
func (s *settings) set(argument, path, value string) {
	if before, twice := s.by[path]; twice && before != argument {
		s.faults.add("%s: %s has set %s already", argument, before, path)
		return
	}
	s.by[path] = argument
	for _, p := range s.experiment.Paths() {
		if within, ok := strings.CutPrefix(p, path+"."); ok && strings.TrimSpace(value) != "" {
			s.faults.add("%s: %s is a table of settings; name one of them, such as %s.%s", argument, path, path, within)
			return
		}
	}
	var fault train.Fault
	switch err := s.experiment.Set(path, value); {
	case errors.As(err, &fault) && strings.HasPrefix(argument, "--set "):
		s.faults = append(s.faults, fault)
	case errors.As(err, &fault):
		s.faults.add("%s: %s", argument, fault.Problem)
	case err != nil:
		s.faults.add("%s: %w", argument, err)
	}
}

// apply changes the experiment as the flags say.
func (c *trainCommand) apply(s *settings) {
	if c.Paper {
		p, ok := preset.Lookup(s.experiment.Name)
		if !ok || len(p.Paper) == 0 {
			s.faults.add("--paper: %s is no preset with a paper's own length of training", s.experiment.Name)
		}
		for path, value := range p.Paper {
			if err := s.experiment.Set(path, value); err != nil {
				s.faults.add("--paper: %w", err)
			}
		}
	}
	for _, f := range []struct{ flag, path, value string }{
		{"--seed", "seed", c.Seed},
		{"--data", "data.source", c.Data},
		{"--protocol", "protocol.kind", c.Protocol},
		{"--limit", "data.limit", c.Limit},
	} {
		if f.value != "" {
			s.set(f.flag+" "+f.value, f.path, f.value)
		}
	}
	var layers []string
	for _, l := range s.experiment.Layers {
		layers = append(layers, l.Name)
	}
	for _, pair := range c.Epochs {
		argument := "--epochs " + pair
		layer, n, ok := strings.Cut(pair, "=")
		path := "layers." + layer + ".learn.epochs"
		if !ok {
			s.faults.add("%s: write LAYER=N; the layers are %s", argument, strings.Join(layers, ", "))
		} else if _, ok := s.experiment.Value(path); !ok {
			s.faults.add("%s: there is no layer %q; %s", argument, layer, train.Nearest(layer, layers))
		} else {
			s.set(argument, path, n)
		}
	}
	for _, pair := range c.Set {
		path, value, ok := strings.Cut(pair, "=")
		if path = strings.TrimSpace(path); !ok || path == "" {
			s.faults.add("--set %s: write PATH=VALUE, such as layers.s2.threshold=12", pair)
			continue
		}
		s.set("--set "+pair, path, value)
	}
	if slices.Contains(c.StopOn, train.LayerConverged) {
		for _, l := range s.experiment.Layers {
			if (l.Learn.Rule == train.RuleSTDP || l.Learn.Rule == train.RuleVDSP) && l.Learn.Until == 0 {
				s.set("--stop-on converged", "layers."+l.Name+".learn.until", fmt.Sprint(train.Converged))
			}
		}
	}
}

// options are the flags that change no result.
func (c *trainCommand) options(t *training, faults *usageError) {
	t.options.Workers = workers(c.Workers, faults)
	if c.Addr != "" && !c.Web {
		faults.add("--addr %s: it is the address of a page; add --web", c.Addr)
	}
	checkAddress(c.Addr, faults)
	for _, what := range c.StopOn {
		if what != train.LayerSilent && what != train.LayerConverged {
			faults.add("--stop-on %s: it can be %s or %s", what, train.LayerSilent, train.LayerConverged)
		}
	}
	t.options.StopOnSilent = slices.Contains(c.StopOn, train.LayerSilent)
	if c.SaveEvery != "" {
		every, err := time.ParseDuration(c.SaveEvery)
		if err != nil || every <= 0 {
			faults.add("--save-every %s: it must be a time such as 20s or 5m", c.SaveEvery)
		}
		t.options.SaveEvery = every
	}
	switch {
	case c.NoCache && c.Cache != "":
		faults.add("--cache %s: --no-cache says that there is none; leave out either", c.Cache)
	case c.NoCache:
	default:
		var err error
		if t.options.Cache, err = cacheFolder(c.Cache); err != nil {
			t.notes = append(t.notes, err.Error())
		}
	}
}

// workers reads a number of goroutines.
func workers(text string, faults *usageError) int {
	if text == "" {
		return runtime.GOMAXPROCS(0)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1024 {
		faults.add("--workers %s: it must be a whole number from 1 to 1024", text)
	}
	return n
}

// open reads the images and checks that they suit the experiment.
func (c *trainCommand) open(t *training, s *settings, faults *usageError) {
	e := &t.experiment
	if e.Data.Source == "" {
		return // a fault that has been told
	}
	var err error
	if t.options.Train, t.options.Test, err = dataset.OpenWith(e.Data.Source, e.Data.Options()); err != nil {
		*faults = append(*faults, wanting(*e, err))
		return
	}
	model := train.Model{Experiment: *e}
	if err := errors.Join(model.Fits(t.options.Train), model.Fits(t.options.Test)); err != nil {
		*faults = append(*faults, split(err)...)
		return
	}
	t.fit()
	if !dataset.Named(e.Data.Source) {
		// The run must find its images again from any folder.
		if path, err := filepath.Abs(e.Data.Source); err == nil {
			e.Data.Source = path
		}
	}
	images := t.options.Train.Len()
	if e.Data.Limit >= images {
		t.notes = append(t.notes, fmt.Sprintf("data.limit %d: there are %s training images, and all are used", e.Data.Limit, count(images)))
		e.Data.Limit = 0
	}
	if e.Protocol.Kind != train.ProtocolValidation || e.Data.Limit < 0 {
		return
	}
	if e.Data.Limit > 0 {
		if _, given := s.by["protocol.validation"]; c.Limit != "" && !given {
			const share = 12 // one image in so many is held out, as 5,000 of MNIST's 60,000
			e.Protocol.Validation = max(1, (e.Data.Limit+share/2)/share)
			t.notes = append(t.notes, fmt.Sprintf("--limit %s: %s of these images are held out for validation; --set protocol.validation=N for another number",
				c.Limit, count(e.Protocol.Validation)))
		}
		images = e.Data.Limit
	}
	if e.Protocol.Validation >= images {
		faults.add("protocol.validation: %s images held out of %s leave none to learn from; hold out fewer with --set protocol.validation=N, or use more images",
			count(e.Protocol.Validation), count(images))
	}
}

// fit writes down how pictures became images, so that those that the network is
// asked about do so too, and says what else is to be known of the images.
func (t *training) fit() {
	e, set := &t.experiment, t.options.Train
	if set.Fit != "" && e.Data.Fit == "" {
		e.Data.Fit = set.Fit
		if z := set.Sizes; z.MinRows != set.Rows || z.MaxRows != set.Rows || z.MinCols != set.Cols || z.MaxCols != set.Cols {
			t.notes = append(t.notes, fmt.Sprintf("data.fit: pictures of %s rows and %s columns become images of %dx%d by %q; --set data.rows=N, data.cols and data.fit for others",
				between(z.MinRows, z.MaxRows), between(z.MinCols, z.MaxCols), set.Rows, set.Cols, set.Fit))
		}
	}
	if set.Sorted() {
		t.notes = append(t.notes, "the training images come class after class, and layers forget the first over the last; mix the rows of the file, or --set layers.NAME.learn.shuffle=true for every layer")
	}
	if set.Classes < e.Data.Classes {
		t.notes = append(t.notes, fmt.Sprintf("data.classes: the images are of %d, and the network is made for %d; --set data.classes=%d for a network of their own",
			set.Classes, e.Data.Classes, set.Classes))
	}
}

// between is a range of numbers.
func between(least, most int) string {
	if least == most {
		return count(least)
	}
	return count(least) + " to " + count(most)
}

// wanting says, if an experiment's images could not be opened, which its preset
// wants to be given.
func wanting(e train.Experiment, err error) error {
	p, ok := preset.Lookup(e.Name)
	if !ok || p.Wants == "" || e.Data.Source != p.Data.Source {
		return err
	}
	return fmt.Errorf("%s brings no images: give %s, with --data FOLDER", p.Name, p.Wants)
}

// openTest opens the test images of an experiment, or others if spec names some.
// Of others that have no test part all are for the test.
func openTest(d train.Data, spec string) (*dataset.Set, error) {
	o := d.Options()
	if spec == "" {
		return dataset.OpenTestWith(d.Source, o)
	}
	if !same(spec, d.Source) {
		o.Test, o.Group = 1, ""
	}
	return dataset.OpenTestWith(spec, o)
}

// same reports whether two paths are of the same file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// defaultDir is the folder of a run that none was named for.
func defaultDir(e train.Experiment, faults *usageError) string {
	if e.Name == "" || strings.ContainsAny(e.Name, `/\:*?"<>|`) || strings.ContainsFunc(e.Name, unicode.IsControl) || strings.HasPrefix(e.Name, ".") {
		faults.add("name: %q cannot be the name of a folder; name one with --out", e.Name)
	}
	return filepath.Join("runs", fmt.Sprintf("%s-seed%d", e.Name, e.Seed))
}

// resumption finds the run to go on with. Everything but its folder is decided
// already.
func (c *trainCommand) resumption() (t training, faults usageError) {
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"--set", len(c.Set) > 0}, {"--epochs", len(c.Epochs) > 0}, {"--limit", c.Limit != ""}, {"--paper", c.Paper},
		{"--protocol", c.Protocol != ""}, {"--data", c.Data != ""}, {"--seed", c.Seed != "" && c.Out != ""},
		{"--stop-on converged", slices.Contains(c.StopOn, train.LayerConverged)},
	} {
		if f.given {
			faults.add("%s: it would change the experiment, and a run is resumed as it began; leave out either %s or --resume", f.flag, f.flag)
		}
	}
	if c.Preset != "" && c.Out != "" {
		faults.add("%s: the run in %s has its experiment already; leave out either", c.Preset, c.Out)
	}
	c.options(&t, &faults)
	if info, err := os.Stat(c.Preset); c.Out == "" && err == nil && info.IsDir() {
		// The run itself is named.
		if t.dir = c.Preset; c.Seed != "" {
			faults.add("--seed: it would change the experiment, and a run is resumed as it began; leave out either --seed or --resume")
		}
		return t, faults
	}
	if t.dir = c.Out; c.Out == "" {
		fresh := trainCommand{Preset: c.Preset, Seed: c.Seed}
		plan, more := fresh.plan()
		t.dir = plan.dir
		faults = append(faults, more...)
	}
	return t, faults
}
