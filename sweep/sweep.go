package sweep

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"firstspike/study"
	"firstspike/train"
)

// A Sweep is what a sweep's file says, as TOML: an experiment, the settings
// of it that are varied, the seeds of every point, and how points are chosen.
type Sweep struct {
	Name   string            `toml:"name"`   // what it is called; the file's name if empty
	Preset string            `toml:"preset"` // the experiment that all points begin with: a preset, a TOML file, or a run
	Seeds  Seeds             `toml:"seeds"`  // every point is trained with each: 10, "4-13", "7,8,9" or a list; 5 if not given
	Only   []string          `toml:"only"`   // conditions that a point meets, or is left out
	Set    map[string]any    `toml:"set"`    // settings of all points
	Derive map[string]string `toml:"derive"` // settings that follow from others: path, expression
	Search Search            `toml:"search"`
	Axes   []Axis            `toml:"axis"`
}

// The kinds of a search.
const (
	Grid    = "grid"    // every combination
	Sobol   = "sobol"   // points of a Sobol sequence, which fill the space evenly
	Halving = "halving" // successive halving: many points for few epochs, the best of them for more
)

// A Search says which points of the space are trained, and how long.
type Search struct {
	Kind   string  `toml:"kind"`   // Grid if empty
	Points int     `toml:"points"` // kinds Sobol and Halving: how many; 0, for Halving alone: the grid
	Seed   uint64  `toml:"seed"`   // of the shift of a Sobol sequence
	Epochs []int   `toml:"epochs"` // Halving: epochs of the last layer in every rung, increasing
	Keep   float64 `toml:"keep"`   // Halving: the part of a rung's points that goes on; a third if not given
}

// An Axis is a setting that is varied, or several that are varied together.
type Axis struct {
	Path   string   `toml:"path"`
	Paths  []string `toml:"paths"`  // in place of Path: settings of which Values has a list for each value
	Values []any    `toml:"values"` // numbers, words, true or false; lists of them with Paths
	Range  *Span    `toml:"range"`  // in place of Values: evenly spaced numbers
	Log    *Span    `toml:"log"`    // in place of Values: numbers of which each is the one before times a factor
	Whole  bool     `toml:"whole"`  // numbers of a range are rounded to whole ones
	When   string   `toml:"when"`   // a condition; where it does not hold the axis does not vary
}

// A Span is a range of numbers, both ends in it. A Sobol sequence needs
// neither Step nor Count: any number of the range can be a value then.
type Span struct {
	From  float64 `toml:"from"`
	To    float64 `toml:"to"`
	Step  float64 `toml:"step"`  // not for a logarithmic range
	Count int     `toml:"count"` // in place of Step: how many values
}

// Seeds is a list of seeds. In TOML it is a number of seeds, from 1 on, or text
// as [study.ParseSeeds] reads it, or a list of numbers.
type Seeds []uint64

// defaultSeeds is how many seeds a point has if nobody says.
const defaultSeeds = 5

// maxEpochs is how long a rung may be.
const maxEpochs = 1_000_000

// MaxJobs is how many trainings a sweep may have.
const MaxJobs = 20_000

// Parse reads a sweep from TOML. name is the file's, for errors and for the
// sweep's own name. What does not depend on the experiment is checked, and all
// that is wrong is told at once.
func Parse(name string, text []byte) (*Sweep, error) {
	var s shape
	if err := train.Decode(name, "a sweep", text, &s); err != nil {
		return nil, err
	}
	all := &Sweep{Name: s.Name, Preset: s.Preset, Only: s.Only, Search: s.Search, Axes: s.Axes, Set: map[string]any{}, Derive: map[string]string{}}
	var faults train.Faults
	add := func(path, format string, args ...any) {
		faults = append(faults, train.Fault{Path: path, Problem: fmt.Sprintf(format, args...)})
	}
	var err error
	if all.Seeds, err = parseSeeds(s.Seeds); err != nil {
		add("seeds", "%v", err)
	}
	flatten("", s.Set, func(path string, v any) {
		if textOf(v) == nil {
			add("set."+path, "%v is no number, word, true or false", v)
		}
		all.Set[path] = v
	})
	flatten("", s.Derive, func(path string, v any) {
		expression, ok := v.(string)
		if !ok {
			expression = fmt.Sprint(v)
		}
		all.Derive[path] = expression
	})
	if all.Name == "" {
		all.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	all.check(add)
	if err := faults.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// A shape is a Sweep as TOML has it, where settings may be tables in tables.
type shape struct {
	Name   string         `toml:"name"`
	Preset string         `toml:"preset"`
	Seeds  any            `toml:"seeds"`
	Only   []string       `toml:"only"`
	Set    map[string]any `toml:"set"`
	Derive map[string]any `toml:"derive"`
	Search Search         `toml:"search"`
	Axes   []Axis         `toml:"axis"`
}

// flatten calls f for everything in a table and the tables in it, in the order
// of the paths.
func flatten(within string, table map[string]any, f func(path string, v any)) {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if inner, ok := table[key].(map[string]any); ok {
			flatten(within+key+".", inner, f)
		} else {
			f(within+key, table[key])
		}
	}
}

// textOf is a value of the file as [train.Experiment.Set] takes it, nil if it is
// none.
func textOf(v any) *string {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case bool, int64:
		s = fmt.Sprint(v)
	case float64:
		s = strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return nil
	}
	return &s
}

func parseSeeds(v any) (Seeds, error) {
	switch v := v.(type) {
	case nil:
		return study.ParseSeeds(fmt.Sprint(defaultSeeds))
	case string:
		return study.ParseSeeds(v)
	case int64:
		return study.ParseSeeds(fmt.Sprint(v))
	case []any:
		var parts []string
		for _, n := range v {
			parts = append(parts, fmt.Sprint(n))
		}
		if len(parts) == 1 {
			parts[0] += "-" + parts[0] // a list of one, not a number of seeds
		}
		return study.ParseSeeds(strings.Join(parts, ","))
	}
	return nil, fmt.Errorf("%v: write a number such as 10, a range such as \"4-13\", or a list", v)
}

// check tells what is wrong with a sweep whatever its experiment.
func (s *Sweep) check(add func(path, format string, args ...any)) {
	r := s.Search
	switch r.Kind {
	case "", Grid:
		if r.Points != 0 {
			add("search.points", "a grid has every combination; leave it out, or search by %q", Sobol)
		}
	case Sobol:
		if r.Points < 1 {
			add("search.points", "say how many points of the sequence are wanted")
		}
	case Halving:
		if len(r.Epochs) < 2 {
			add("search.epochs", "list the epochs of the last layer in every rung, two rungs or more, such as [3, 9, 27]")
		}
		for i, n := range r.Epochs {
			if n < 1 || i > 0 && n <= r.Epochs[i-1] || n > maxEpochs {
				add("search.epochs", "%v: rungs must have more and more epochs, from 1 to %d", r.Epochs, maxEpochs)
				break
			}
		}
		if !(r.Keep >= 0 && r.Keep < 1) {
			add("search.keep", "%v must be above 0 and below 1, such as 0.33", r.Keep)
		}
	default:
		add("search.kind", "%q must be %q, %q or %q", r.Kind, Grid, Sobol, Halving)
	}
	if r.Kind != Halving && (len(r.Epochs) > 0 || r.Keep != 0) {
		add("search", "epochs and keep are for the kind %q", Halving)
	}
	if r.Points < 0 || r.Points > MaxJobs {
		add("search.points", "%d must be from 1 to %d", r.Points, MaxJobs)
	}
	if len(s.Axes) > MaxAxes {
		add("axis", "a sweep has at most %d axes; this has %d", MaxAxes, len(s.Axes))
	}
	by := map[string]string{}
	for path := range s.Set {
		by[path] = "set"
	}
	claim := func(path, who string) {
		switch before, twice := by[path]; {
		case path == "seed" || strings.HasPrefix(path, "seed."):
			add(who, "seeds are an axis of their own; write seeds = at the top of the file")
		case path == "protocol.kind":
			add(who, "a sweep chooses on held-out training images: the protocol is %q", train.ProtocolValidation)
		case twice:
			add(who, "%s has set %s already", before, path)
		}
		by[path] = who
	}
	for path := range s.Set {
		if path == "seed" || path == "protocol.kind" {
			delete(by, path)
			claim(path, "set")
		}
	}
	for i, a := range s.Axes {
		a.check(fmt.Sprintf("axis %d", i+1), s.continuous(), add)
		for _, path := range a.paths() {
			claim(path, fmt.Sprintf("axis %d", i+1))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.Derive)) {
		claim(path, "derive")
	}
}

// continuous reports whether points come from a Sobol sequence.
func (s *Sweep) continuous() bool {
	return s.Search.Kind == Sobol || s.Search.Kind == Halving && s.Search.Points > 0
}

// paths are the settings of an axis.
func (a Axis) paths() []string {
	if a.Path != "" {
		return append([]string{a.Path}, a.Paths...)
	}
	return a.Paths
}

// Name is what the axis is called: its settings.
func (a Axis) Name() string { return strings.Join(a.paths(), ", ") }

func (a Axis) check(who string, continuous bool, add func(path, format string, args ...any)) {
	if (a.Path == "") == (len(a.Paths) == 0) {
		add(who, "name a setting as path, or several as paths")
		return
	}
	sources := 0
	for _, has := range []bool{len(a.Values) > 0, a.Range != nil, a.Log != nil} {
		if has {
			sources++
		}
	}
	if sources != 1 {
		add(who, "%s: give values, or a range, or log", a.Name())
		return
	}
	if len(a.Paths) > 0 && len(a.Values) == 0 {
		add(who, "%s: settings that are varied together need values, a list for each, such as [[8, 1], [5, 2]]", a.Name())
	}
	if a.Whole && len(a.Values) > 0 {
		add(who, "%s: whole is for ranges", a.Name())
	}
	for _, v := range a.Values {
		list, paired := v.([]any)
		switch {
		case a.Path != "" && (paired || textOf(v) == nil):
			add(who, "%s: %v is no number, word, true or false", a.Path, v)
		case a.Path == "" && len(list) != len(a.Paths):
			add(who, "%v: every value must be a list of %d, one for each of %s", v, len(a.Paths), a.Name())
		}
		for _, x := range list {
			if textOf(x) == nil {
				add(who, "%s: %v is no number, word, true or false", a.Name(), x)
			}
		}
	}
	for _, s := range []*Span{a.Range, a.Log} {
		if s == nil {
			continue
		}
		finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
		switch {
		case !finite(s.From) || !finite(s.To) || !finite(s.Step) || s.From >= s.To:
			add(who, "%s: from %v to %v: the range must begin below its end", a.Path, s.From, s.To)
		case a.Whole && math.Ceil(s.From) > math.Floor(s.To):
			add(who, "%s: there is no whole number from %v to %v", a.Path, s.From, s.To)
		case s == a.Log && s.From <= 0:
			add(who, "%s: a logarithmic range begins above 0, not at %v", a.Path, s.From)
		case s == a.Log && s.Step != 0:
			add(who, "%s: a logarithmic range has a count, not a step", a.Path)
		case s.Step != 0 && s.Count != 0:
			add(who, "%s: give step or count", a.Path)
		case s.Step > (s.To-s.From)*(1+1e-9):
			add(who, "%s: the step of %v is longer than the range", a.Path, s.Step)
		case s.Step < 0 || s.Count < 0 || s.Count == 1:
			add(who, "%s: the step must be above 0, or the count 2 or more", a.Path)
		case s.Step == 0 && s.Count == 0 && !continuous:
			add(who, "%s: say how many values the range has, with step or count", a.Path)
		case s.Step > 0 && (s.To-s.From)/s.Step > MaxJobs || s.Count > MaxJobs:
			add(who, "%s: the range has more than %d values", a.Path, MaxJobs)
		}
	}
}
