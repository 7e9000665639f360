package web

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"firstspike/study"
	"firstspike/sweep"
)

// Limits of what is told of a sweep.
const (
	mostWorking  = 100  // trainings that go on
	mostReasons  = 30   // why trainings failed
	mostNamed    = 20   // trainings that failed for the same reason
	mostSeeds    = 100  // of a point
	mostLevels   = 50   // values of a setting that have a mean each
	fewLevels    = 15   // that have one though hardly any point shares them
	mostRanges   = 8    // of the values of a setting, where it has more
	leastInRange = 5    // points
	mostFault    = 4000 // bytes of a fault
)

// A sweepState is what has come of a sweep.
type sweepState struct {
	Sweep
	Rest     float64         `json:"rest"` // seconds until there is more to be seen than now
	Preset   string          `json:"preset"`
	Search   string          `json:"search"`
	Seeds    int             `json:"seeds"` // of a point
	Set      []sweepSetting  `json:"set"`   // of all points
	Axes     []sweepAxis     `json:"axes"`
	Rungs    []sweepRung     `json:"rungs"`
	Jobs     int             `json:"jobs"`
	Done     int             `json:"done"`
	Failed   int             `json:"failed"`
	Training int             `json:"training"`
	Left     float64         `json:"left"` // seconds; 0: not known
	Working  []sweepTraining `json:"working"`
	Failures []sweepFailure  `json:"failures"`
	Points   []sweepPoint    `json:"points"` // rung by rung
}

// A sweepSetting is a setting and its value.
type sweepSetting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// A sweepAxis is a setting that is varied, as it is drawn.
type sweepAxis struct {
	Name  string   `json:"name"`
	Words []string `json:"words,omitempty"` // values are places among them, from 0; none: they are numbers
	Log   bool     `json:"log"`
}

// A sweepRung is a rung of the search, of which there is one unless it is by
// halving.
type sweepRung struct {
	Epochs  int            `json:"epochs"`  // of the last layer; 0: not known yet
	Points  int            `json:"points"`  // that it has, or will have
	Effects [][]sweepLevel `json:"effects"` // of each axis; empty: means say nothing
}

// A sweepLevel is a value of a setting, or a range of values, with the mean over
// all points that have it and its 95 % interval.
type sweepLevel struct {
	Value *float64 `json:"value"`          // of a range the one in the middle of its points; nil: points without one
	From  *float64 `json:"from,omitempty"` // of a range
	To    *float64 `json:"to,omitempty"`
	sweepResult
}

// A sweepResult is how many held-out images were right, in percent.
type sweepResult struct {
	N     int     `json:"n"` // results
	Mean  percent `json:"mean"`
	Low   percent `json:"low"` // of the 95 % interval of the mean
	High  percent `json:"high"`
	Worst percent `json:"worst"`
	Best  percent `json:"best"`
}

// A sweepTraining is one that goes on.
type sweepTraining struct {
	Point int     `json:"point"`
	Seed  uint64  `json:"seed"`
	Host  string  `json:"host"`
	At    string  `json:"at"`
	Part  float64 `json:"part"` // that is done, 0 to 1
}

// A sweepFailure is why trainings failed.
type sweepFailure struct {
	Error string   `json:"error"`
	Times int      `json:"times"`
	Jobs  []string `json:"jobs"` // some of them
}

// A sweepPoint is a point in a rung.
type sweepPoint struct {
	Point  int          `json:"point"`
	Rung   int          `json:"rung"`
	Values []*float64   `json:"values"`           // on each axis; nil: none
	Result *sweepResult `json:"result,omitempty"` // of the seeds that have one
	Failed int          `json:"failed,omitempty"` // seeds
}

// A sweepRuns is a point with its runs.
type sweepRuns struct {
	Point    int            `json:"point"`
	Version  string         `json:"version"`
	Settings []sweepSetting `json:"settings"` // all that sets it apart from the preset
	Rungs    []sweepSeeds   `json:"rungs"`    // that it is in
}

// A sweepSeeds is a point in a rung, seed by seed.
type sweepSeeds struct {
	Rung   int        `json:"rung"`
	Epochs int        `json:"epochs"`
	Seeds  int        `json:"seeds"`
	Runs   []sweepRun `json:"runs"` // of the first seeds
}

// A sweepRun is the training of a point with a seed.
type sweepRun struct {
	Seed    uint64    `json:"seed"`
	State   string    `json:"state"` // finished, training, failed, waiting
	Right   percent   `json:"right"` // after the best epoch
	Epoch   int       `json:"epoch"` // that one, from 0
	Curve   []percent `json:"curve"` // after every epoch of the last layer
	Seconds float64   `json:"seconds"`
	Host    string    `json:"host"`
	Run     string    `json:"run"` // its folder
	At      string    `json:"at"`
	Error   string    `json:"error"`
}

func resultOf(s study.Summary) sweepResult {
	return sweepResult{s.N, percent(s.Mean), percent(s.Low), percent(s.High), percent(s.Worst), percent(s.Best)}
}

// state is what is told of a sweep.
func (x *sighting) state(f *swept) sweepState {
	o := x.outcome
	plan := o.Plan
	t := sweepState{Sweep: Sweep{f.id, plan.Sweep.Name, x.version}, Rest: x.rest().Seconds(),
		Preset: plan.Sweep.Preset, Search: plan.Sweep.Search.Kind, Seeds: len(plan.Sweep.Seeds), Set: []sweepSetting{}, Axes: x.axes,
		Jobs: o.Jobs, Done: o.Done, Failed: o.Failed, Training: len(o.Working), Left: o.Left.Seconds(),
		Working: []sweepTraining{}, Failures: failuresOf(o), Points: []sweepPoint{}}
	for _, v := range o.All(sweep.Point{Experiment: plan.Base})[:len(plan.Sweep.Set)] {
		t.Set = append(t.Set, sweepSetting(v))
	}
	for _, w := range o.Working[:min(mostWorking, len(o.Working))] {
		t.Working = append(t.Working, sweepTraining{w.Job.Point, w.Job.Seed, w.Host, brief(w.At), max(0, min(1, w.Part))})
	}
	var places []func(string) *float64
	for _, a := range x.axes {
		places = append(places, a.places())
	}
	for rung := range plan.Rungs() {
		t.Rungs = append(t.Rungs, sweepRung{Points: plan.Kept(rung), Effects: effectsOf(o, rung, x.axes, places)})
	}
	for _, l := range o.Lines {
		t.Rungs[l.Rung].Epochs = l.Epochs
		p := sweepPoint{Point: l.Point.Index, Rung: l.Rung, Values: []*float64{}, Failed: len(l.Failures)}
		for i, v := range l.Point.Values {
			p.Values = append(p.Values, places[i](v))
		}
		if l.N > 0 {
			r := resultOf(l.Summary)
			p.Result = &r
		}
		t.Points = append(t.Points, p)
	}
	return t
}

// effectsOf are the means of every value of every axis; of an axis of numbers of
// which hardly any two points share one, those of ranges with as many points
// each. It is empty for an axis of which means say nothing.
func effectsOf(o *sweep.Outcome, rung int, axes []sweepAxis, places []func(string) *float64) [][]sweepLevel {
	all := [][]sweepLevel{}
	for i, levels := range o.Effects(rung) {
		list := []sweepLevel{}
		points, shared := 0, false
		for _, l := range levels {
			shared = shared || l.N > 1
			if points += l.N; l.N > 0 {
				list = append(list, sweepLevel{Value: places[i](l.Value), sweepResult: resultOf(l.Summary)})
			}
		}
		switch {
		case shared && len(list) <= mostLevels && (2*len(list) <= points || axes[i].Words != nil || len(list) <= fewLevels):
		case axes[i].Words == nil && points >= 2*leastInRange:
			list = ranges(levels, points, places[i])
		default:
			list = []sweepLevel{}
		}
		if none := without(o, rung, i); len(none) > 0 && len(list) > 0 {
			list = append(list, sweepLevel{sweepResult: resultOf(study.Summarise(none))})
		}
		all = append(all, list)
	}
	return all
}

// without are the means of the points that have no value on an axis.
func without(o *sweep.Outcome, rung, axis int) (means []float64) {
	for _, l := range o.Lines {
		if l.Rung == rung && l.N > 0 && l.Point.Values[axis] == "" {
			means = append(means, l.Mean)
		}
	}
	return means
}

// ranges are means over points whose values are next to each other. Levels are
// in the order of their values.
func ranges(levels []sweep.Level, points int, place func(string) *float64) []sweepLevel {
	var values []*float64
	var means []float64
	for _, l := range levels {
		for _, m := range l.Points {
			values, means = append(values, place(l.Value)), append(means, m)
		}
	}
	list := []sweepLevel{}
	n := min(mostRanges, points/leastInRange)
	for k := range n {
		from, to := k*points/n, (k+1)*points/n
		list = append(list, sweepLevel{Value: values[(from+to)/2], From: values[from], To: values[to-1], sweepResult: resultOf(study.Summarise(means[from:to]))})
	}
	return list
}

// failuresOf are the reasons of failures, the most frequent first.
func failuresOf(o *sweep.Outcome) []sweepFailure {
	all := []sweepFailure{}
	at := map[string]int{}
	for _, l := range o.Lines {
		for _, f := range l.Failures {
			i, known := at[f.Error]
			if !known {
				i = len(all)
				at[f.Error] = i
				all = append(all, sweepFailure{Error: brief(f.Error), Jobs: []string{}})
			}
			all[i].Times++
			if j := slices.IndexFunc(l.Jobs, func(j sweep.Job) bool { return j.Key == f.Key }); j >= 0 && len(all[i].Jobs) < mostNamed {
				all[i].Jobs = append(all[i].Jobs, l.Jobs[j].String())
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sweepFailure) int { return b.Times - a.Times })
	return all[:min(mostReasons, len(all))]
}

// point is what is told of a point.
func (x *sighting) point(index int) sweepRuns {
	o := x.outcome
	working := map[string]sweep.Working{}
	for _, w := range o.Working {
		working[w.Job.Key] = w
	}
	p := sweepRuns{Point: index, Version: x.version, Settings: []sweepSetting{}, Rungs: []sweepSeeds{}}
	for _, v := range o.All(o.Plan.Points[index]) {
		p.Settings = append(p.Settings, sweepSetting(v))
	}
	for _, l := range o.Lines {
		if l.Point.Index != index {
			continue
		}
		results, failures := map[string]sweep.Result{}, map[string]sweep.Failure{}
		for _, r := range l.Results {
			results[r.Key] = r
		}
		for _, f := range l.Failures {
			failures[f.Key] = f
		}
		s := sweepSeeds{Rung: l.Rung, Epochs: l.Epochs, Seeds: len(l.Jobs), Runs: []sweepRun{}}
		for _, j := range l.Jobs[:min(mostSeeds, len(l.Jobs))] {
			run := sweepRun{Seed: j.Seed, State: "waiting", Curve: []percent{}}
			r, finished := results[j.Key]
			w, training := working[j.Key]
			f, failed := failures[j.Key]
			switch {
			case finished:
				run.State, run.Right, run.Epoch, run.Seconds, run.Host, run.Run = "finished", percent(r.Percent()), r.Epoch, r.Seconds, r.Host, r.Run
				for _, score := range r.Curve {
					run.Curve = append(run.Curve, percent(100*score.Accuracy()))
				}
			case training:
				run.State, run.Host, run.At = "training", w.Host, brief(w.At)
			case failed:
				run.State, run.Host, run.Error = "failed", f.Host, brief(f.Error)
			}
			s.Runs = append(s.Runs, run)
		}
		p.Rungs = append(p.Rungs, s)
	}
	return p
}

// axesOf are the axes of a sweep. One with a value that is no finite number has
// words.
func axesOf(plan *sweep.Plan) []sweepAxis {
	axes := []sweepAxis{}
	for i, a := range plan.Sweep.Axes {
		x := sweepAxis{Name: a.Name(), Log: a.Log != nil}
		var words []string
		known := map[string]bool{"": true}
		numbers := true
		take := func(value string) {
			if known[value] {
				return
			}
			known[value] = true
			words = append(words, value)
			v, err := strconv.ParseFloat(value, 64)
			numbers = numbers && err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
		}
		for _, level := range a.Levels() {
			take(strings.Join(level, ","))
		}
		for _, p := range plan.Points {
			take(p.Values[i])
		}
		if !numbers {
			x.Words, x.Log = words, false
		}
		axes = append(axes, x)
	}
	return axes
}

// places gives the place on an axis of each of its values, nil for none.
func (a sweepAxis) places() func(value string) *float64 {
	known := map[string]*float64{"": nil}
	for i, w := range a.Words {
		x := float64(i)
		known[w] = &x
	}
	return func(value string) *float64 {
		if x, ok := known[value]; ok {
			return x
		}
		v, _ := strconv.ParseFloat(value, 64) // else it would be a word
		known[value] = &v
		return &v
	}
}

// brief is a text, cut if it is long.
func brief(text string) string {
	if len(text) > mostFault {
		return strings.ToValidUTF8(text[:mostFault], "") + " …"
	}
	return text
}

// A percent is written in JSON with as many digits as tell images apart.
type percent float64

// MarshalJSON writes at most four digits after the point.
func (p percent) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(p)*1e4)/1e4, 'f', -1, 64), nil
}
