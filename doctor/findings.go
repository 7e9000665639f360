package doctor

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"firstspike/train"
)

// A Severity is how much a finding matters.
type Severity int

const (
	Note  Severity = iota // good to know, or the consequence of something else
	Look                  // worth a look: it costs some of what is possible
	Grave                 // the network cannot learn what it should
)

// String is the severity in plain words.
func (s Severity) String() string { return [...]string{"note", "worth a look", "grave"}[s] }

// MarshalText is String.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Finding is one thing that is wrong.
type Finding struct {
	Severity Severity  `json:"severity"`
	Layer    string    `json:"layer"` // "data", "encode", or the name of a layer
	Cause    string    `json:"cause"` // a short name, the same for the same fault
	Text     string    `json:"text"`  // what is wrong and what to do, in plain words
	Evidence []Measure `json:"evidence"`
	Change   []Setting `json:"change,omitempty"`  // what would mend it
	Invert   bool      `json:"invert,omitempty"`  // what would mend it is to exchange light and dark
	Range    []float64 `json:"range,omitempty"`   // of a threshold: the lowest and the highest that make sense
	Follows  string    `json:"follows,omitempty"` // the layer of the finding that this one probably follows from
}

// A Measure is a number that a finding rests on.
type Measure struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Healthy string  `json:"healthy"` // what it is in a network that learns
}

// A Setting is a change of an experiment, for [train.Experiment.Set].
type Setting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// String is the setting as the command takes it by --set: path=value.
func (s Setting) String() string { return s.Path + "=" + s.Value }

// A patient is a place of an exam that a rule looks at.
type patient struct {
	x     *Exam
	depth int         // of a layer
	set   train.Layer // its settings
	now   Layer       // what was measured of it
}

// path is the path of a setting of the layer.
func (p patient) path(field string) string { return "layers." + p.set.Name + "." + field }

func (p patient) change(field string, value float64) Setting {
	return Setting{p.path(field), number(value)}
}

// number is a number as a person would set it: two digits that count.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e6 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 2, 64), 64)
	return strconv.FormatFloat(short, 'g', -1, 64)
}

// A rule knows one fault.
type rule struct {
	cause    string
	spikes   bool // it judges by spikes, which depend on all that is before
	measures func(p patient) []Measure
	find     func(p patient) (Finding, bool)
}

// judge fills in the findings, the heaviest first.
func (x *Exam) judge() {
	x.Findings = []Finding{}
	first := "" // place of the first grave finding
	look := func(place string, rules []rule, p patient) {
		grave := ""
		for _, r := range rules {
			f, ok := r.find(p)
			if !ok {
				continue
			}
			f.Layer, f.Cause, f.Evidence = place, r.cause, r.measures(p)
			switch {
			case r.spikes && first != "":
				f.Severity, f.Follows, f.Change = Note, first, nil
			case r.spikes && grave != "":
				f.Severity, f.Follows, f.Change = Note, place, nil
			case f.Severity == Grave:
				grave = place
			}
			x.Findings = append(x.Findings, f)
		}
		if first == "" {
			first = grave
		}
	}
	look("data", dataRules, patient{x: x})
	look("encode", encodeRules, patient{x: x})
	for i, l := range x.Layers {
		p := patient{x, i, x.experiment.Layers[i], l}
		if low, _, high := p.thresholds(); high > 0 && !l.AtEnd {
			x.Layers[i].Sensible = []float64{low, high}
		}
		look(l.Name, layerRules, p)
	}
	x.blame()
	slices.SortStableFunc(x.Findings, func(a, b Finding) int { return int(b.Severity - a.Severity) })
}

// blame looks for the reason of bad decisions, if nothing grave was found that
// explains them: then the first finding that is worth a look is grave, and rather
// one that knows what to change.
func (x *Exam) blame() {
	bad := slices.IndexFunc(x.Findings, func(f Finding) bool { return f.Cause == decidesBadly && f.Severity == Grave })
	if bad < 0 {
		return
	}
	reason := slices.IndexFunc(x.Findings[:bad], func(f Finding) bool { return f.Severity == Look && f.Change != nil })
	if reason < 0 {
		reason = slices.IndexFunc(x.Findings[:bad], func(f Finding) bool { return f.Severity == Look })
	}
	if reason >= 0 {
		x.Findings[reason].Severity = Grave
		x.Findings[bad].Severity, x.Findings[bad].Follows = Note, x.Findings[reason].Layer
	}
}

// Count is how many findings are of a severity.
func (x *Exam) Count(s Severity) int {
	n := 0
	for _, f := range x.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Find is the finding of a cause in a layer, nil if there is none.
func (x *Exam) Find(layer, cause string) *Finding {
	for i := range x.Findings {
		if f := &x.Findings[i]; f.Layer == layer && f.Cause == cause {
			return f
		}
	}
	return nil
}

// again takes the measures of a finding anew, from another exam of the same
// layers.
func (x *Exam) again(f Finding) []Measure {
	all := [][]rule{dataRules, encodeRules, layerRules}
	p := patient{x: x}
	for i, l := range x.Layers {
		if l.Name == f.Layer {
			p = patient{x, i, x.experiment.Layers[i], l}
		}
	}
	for _, rules := range all {
		for _, r := range rules {
			if r.cause == f.Cause {
				return r.measures(p)
			}
		}
	}
	panic(fmt.Sprintf("doctor: no rule finds %q", f.Cause))
}
