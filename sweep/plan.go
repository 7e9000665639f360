package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"firstspike/dataset"
	"firstspike/train"
)

// A Plan is a sweep with all of its points.
type Plan struct {
	Sweep  *Sweep
	Base   train.Experiment // that all points begin with: the preset and what is set for all
	Points []Point
	Left   int // points that a condition leaves out
	Twice  int // points that would be as one before them
	Data   *Data
}

// A Point is a combination of values.
type Point struct {
	Index      int      // from 0
	Values     []string // of every axis, as [train.Experiment.Set] takes them, those of several settings with a comma; "": the axis does not vary here
	Settings   []Setting
	Experiment train.Experiment // with the seed and, in the search by halving, the epochs of the base
}

// A Setting is a path of an experiment and its value.
type Setting struct{ Path, Value string }

// String is the setting as --set takes it.
func (s Setting) String() string { return s.Path + "=" + s.Value }

// String is the point's settings.
func (p Point) String() string {
	var all []string
	for _, s := range p.Settings {
		all = append(all, s.String())
	}
	return strings.Join(all, " ")
}

// A Job is the training of a point with a seed.
type Job struct {
	Point, Rung int // from 0
	Seed        uint64
	Experiment  train.Experiment
	Key         string // 64 hexadecimal digits: the same for the same experiment and images
	Prefix      string // of the layers before the last: see [train.PrefixKey]
}

// String names the job to people.
func (j Job) String() string { return fmt.Sprintf("point %d, seed %d", j.Point, j.Seed) }

// epochs is how long the last layer learns.
func (j Job) epochs() int { return j.Experiment.Layers[len(j.Experiment.Layers)-1].Learn.Epochs }

// NewPlan makes the points of a sweep from an experiment, and checks every one
// of them, with its images. All that is wrong is told at once, each fault once,
// with the first point that has it.
func NewPlan(s *Sweep, base train.Experiment) (*Plan, error) {
	p := &Plan{Sweep: s, Base: base.Clone(), Data: &Data{}}
	var found findings
	add := found.add
	for _, path := range slices.Sorted(maps.Keys(s.Set)) {
		if err := p.Base.Set(path, *textOf(s.Set[path])); err != nil {
			add("set", err.Error())
		}
	}
	p.Base.Protocol.Kind = train.ProtocolValidation
	if len(p.Base.Layers) == 0 {
		add("preset", "the experiment has no layers")
		return nil, found.err()
	}
	p.checkEpochs(add)
	if p.Base.Protocol.Validation < 1 && !s.varies("protocol.validation") {
		add("protocol.validation", "say how many training images are held out to choose by, in the table [set]")
		return nil, found.err()
	}
	all, err := p.combinations(add)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, point := range all {
		point.Index = len(p.Points)
		where := point.name()
		p.follow(&point, add)
		left := false
		for _, condition := range s.Only {
			ok, err := p.holds(condition, &point.Experiment)
			if err != nil {
				add("only", err.Error())
			}
			left = left || !ok && err == nil
		}
		if left {
			p.Left++
			continue
		}
		for _, f := range point.Experiment.Faults() {
			add(where, f.Error())
		}
		if e := point.Experiment; p.Rungs() == 1 && e.Layers[len(e.Layers)-1].Learn.Epochs == 0 && e.Readout.Rule != train.ReadoutSVM {
			add(where, fmt.Sprintf("%s is 0: the last layer learns nothing, so that there is nothing to choose", p.lastEpochs()))
		}
		key, err := experimentKey(point.Experiment, "")
		if err != nil {
			add(where, err.Error())
		}
		if seen[key] {
			p.Twice++
			continue
		}
		seen[key] = true
		p.Points = append(p.Points, point)
	}
	if !found.any() && len(p.Points) == 0 {
		add("only", "no point meets the conditions")
	}
	if n := len(p.Points) * len(s.Seeds); n > MaxJobs {
		add("axis", fmt.Sprintf("%d points with %d seeds each are %d trainings; a sweep has at most %d", len(p.Points), len(s.Seeds), n, MaxJobs))
	}
	if !found.any() {
		p.checkImages(add)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// name is the point with its settings.
func (p Point) name() string { return fmt.Sprintf("point %d (%s)", p.Index, p) }

// findings are faults, each told once, with the first of the points that have it.
type findings struct {
	order []string // problems
	first map[string]string
	count map[string]int
}

func (f *findings) add(where, problem string) {
	if f.first == nil {
		f.first, f.count = map[string]string{}, map[string]int{}
	}
	if f.count[problem] == 0 {
		f.order = append(f.order, problem)
		f.first[problem] = where
	}
	f.count[problem]++
}

func (f *findings) any() bool { return len(f.order) > 0 }

func (f *findings) err() error {
	var all train.Faults
	for _, problem := range f.order {
		text := problem
		if n := f.count[problem]; n > 1 && strings.HasPrefix(f.first[problem], "point ") {
			text += fmt.Sprintf(" (and %d more points)", n-1)
		}
		all = append(all, train.Fault{Path: f.first[problem], Problem: text})
	}
	return all.Err()
}

// lastEpochs is the path of the epochs of the last layer.
func (p *Plan) lastEpochs() string {
	return "layers." + p.Base.Layers[len(p.Base.Layers)-1].Name + ".learn.epochs"
}

// checkEpochs refuses what would set the epochs that the rungs of a search by
// halving set.
func (p *Plan) checkEpochs(add func(path, problem string)) {
	path := p.lastEpochs()
	if p.Sweep.Search.Kind == Halving && p.Sweep.sets(path) {
		add(path, "search.epochs says how long the last layer learns in every rung; leave it out here")
	}
}

// varies reports whether a setting is one of an axis, or follows from one.
func (s *Sweep) varies(path string) bool {
	for _, a := range s.Axes {
		if slices.Contains(a.paths(), path) {
			return true
		}
	}
	_, follows := s.Derive[path]
	return follows
}

// sets reports whether the file says anything of a setting.
func (s *Sweep) sets(path string) bool {
	_, set := s.Set[path]
	return set || s.varies(path)
}

// follow gives a point the settings that follow from others, and from one
// another.
func (p *Plan) follow(point *Point, add func(path, problem string)) {
	for range len(p.Sweep.Derive) + 1 {
		changed := ""
		for _, path := range p.Derived() {
			before, _ := point.Experiment.Value(path)
			v, err := p.value(p.Sweep.Derive[path], &point.Experiment)
			if err == nil {
				err = point.Experiment.Set(path, v)
			}
			if err != nil {
				add("derive."+path, err.Error())
				return
			}
			if now, _ := point.Experiment.Value(path); now != before {
				changed = path
			}
		}
		if changed == "" {
			return
		}
	}
	add("derive", "settings follow from one another in a circle")
}

// checkImages opens the images of every point and makes sure that they fit.
func (p *Plan) checkImages(add func(path, problem string)) {
	seen := map[string]bool{}
	for _, point := range p.Points {
		e := point.Experiment
		if key := fmt.Sprint(e.Data, e.Protocol); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		where := point.name()
		images, test, err := p.Data.Open(e)
		if err != nil {
			add(where, err.Error())
			continue
		}
		m, err := train.Untrained(e)
		for _, set := range []*dataset.Set{images, test} {
			if err == nil {
				err = m.Fits(set)
			}
		}
		if err == nil {
			var held *dataset.Set
			_, held, err = e.Split(images)
			if err == nil && held.Len() == 0 {
				err = train.Fault{Path: "protocol.validation", Problem: "no images are held out to choose by"}
			}
		}
		if err != nil {
			add(where, err.Error())
		}
	}
}

// combinations are all points before conditions.
func (p *Plan) combinations(add func(path, problem string)) ([]Point, error) {
	first := Point{Experiment: p.Base}
	if !p.Sweep.continuous() {
		points := []Point{first}
		for _, a := range p.Sweep.Axes {
			var next []Point
			for _, point := range points {
				levels := [][]string{nil}
				if p.vary(point, a, add) {
					levels = a.Levels()
				}
				if len(next)+len(levels) > MaxJobs {
					return nil, train.Faults{{Path: "axis", Problem: fmt.Sprintf("there are more than %d combinations", MaxJobs)}}.Err()
				}
				for _, values := range levels {
					next = append(next, point.with(a, values, add))
				}
			}
			points = next
		}
		return points, nil
	}
	// A random shift: the sequence begins at 0, which is a corner.
	r := rand.New(rand.NewPCG(p.Sweep.Search.Seed, 0x5061ce))
	shift := make([]uint32, len(p.Sweep.Axes))
	for i := range shift {
		shift[i] = r.Uint32()
	}
	var points []Point
	for n := range p.Sweep.Search.Points {
		point := first
		for i, u := range sobol(uint32(n), len(shift)) {
			a, values := p.Sweep.Axes[i], []string(nil)
			if p.vary(point, a, add) {
				values = a.at(float64(u^shift[i]) / (1 << 32))
			}
			point = point.with(a, values, add)
		}
		points = append(points, point)
	}
	return points, nil
}

// join is values of several settings as one text.
func join(values []string) string { return strings.Join(values, ",") }

// vary reports whether an axis varies, with a point's settings of the axes before
// it and what follows from them.
func (p *Plan) vary(point Point, a Axis, add func(path, problem string)) bool {
	if a.When == "" {
		return true
	}
	if slices.ContainsFunc(p.Derived(), func(path string) bool { return strings.Contains(a.When, path) }) {
		point.Experiment = point.Experiment.Clone()
		p.follow(&point, func(path, problem string) {}) // told when the point is whole
	}
	ok, err := p.holds(a.When, &point.Experiment)
	if err != nil {
		add(a.Name()+": when", err.Error())
	}
	return ok
}

// with is the point with values, or none, for the next axis.
func (p Point) with(a Axis, values []string, add func(path, problem string)) Point {
	next := Point{Values: append(slices.Clip(p.Values), join(values)), Settings: slices.Clip(p.Settings), Experiment: p.Experiment.Clone()}
	for i, v := range values {
		path := a.paths()[i]
		if err := next.Experiment.Set(path, v); err != nil {
			add(a.Name(), err.Error())
		}
		next.Settings = append(next.Settings, Setting{path, v})
	}
	return next
}

// Derived lists the settings that follow from others, in order.
func (p *Plan) Derived() []string { return slices.Sorted(maps.Keys(p.Sweep.Derive)) }

// Rungs is how many rungs the search has: 1 unless it is by halving.
func (p *Plan) Rungs() int { return max(1, len(p.Sweep.Search.Epochs)) }

// Kept is how many points a rung has.
func (p *Plan) Kept(rung int) int {
	keep := p.Sweep.Search.Keep
	if keep == 0 {
		keep = 1.0 / 3
	}
	n := len(p.Points)
	for range rung {
		n = max(1, int(math.Ceil(float64(n)*keep-1e-9)))
	}
	return n
}

// Jobs are the trainings of some points, in the order of points and then
// seeds, as long as a rung lets them learn.
func (p *Plan) Jobs(rung int, points []int) ([]Job, error) {
	jobs := make([]Job, 0, len(points)*len(p.Sweep.Seeds))
	for _, i := range points {
		for _, seed := range p.Sweep.Seeds {
			e := p.Points[i].Experiment.Clone()
			e.Seed = seed
			if n := len(p.Sweep.Search.Epochs); n > 0 {
				e.Layers[len(e.Layers)-1].Learn.Epochs = p.Sweep.Search.Epochs[rung]
			}
			images, test, err := p.Data.Sums(e)
			if err != nil {
				return nil, err
			}
			key, err := experimentKey(e, images.SHA256)
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, Job{Point: i, Rung: rung, Seed: seed, Experiment: e, Key: key, Prefix: train.PrefixKey(e, images, test)})
		}
	}
	return jobs, nil
}

// All lists the numbers of all points.
func (p *Plan) All() []int {
	all := make([]int, len(p.Points))
	for i := range all {
		all[i] = i
	}
	return all
}

// experimentKey is the SHA-256 of an experiment and the images it learns from.
func experimentKey(e train.Experiment, images string) (string, error) {
	text, err := e.TOML()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(text, images...))
	return hex.EncodeToString(sum[:]), nil
}

// Leaders are the numbers of the jobs that learn layers which others then find
// in the cache, and followers those of all others.
func Leaders(jobs []Job) (leaders, followers []int) {
	shared := sharing(jobs)
	led := map[string]bool{}
	for i, j := range jobs {
		if shared[j.Prefix] > 1 && !led[j.Prefix] {
			led[j.Prefix] = true
			leaders = append(leaders, i)
		} else {
			followers = append(followers, i)
		}
	}
	return leaders, followers
}

// sharing counts the jobs that have a prefix in common.
func sharing(jobs []Job) map[string]int {
	n := map[string]int{}
	for _, j := range jobs {
		if j.Prefix != "" {
			n[j.Prefix]++
		}
	}
	return n
}

// numeric is a setting's text as a number, and false if it is none.
func numeric(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}
