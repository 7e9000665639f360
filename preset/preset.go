package preset

import (
	"slices"

	"firstspike/train"
)

// A Preset is a published experiment.
type Preset struct {
	train.Experiment
	About    string            // one line for a list
	Reported string            // what the source reports, with its conditions
	Results  []Result          // the same and what others got who ran it, as numbers
	Sources  map[string]string // where a number comes from, by the path of its field or of a table that holds it
	Paper    map[string]string // what --paper sets: the source's own length of training
	Wants    string            // what has to be given as data.source, where nothing like it is inside or has a name
}

// A Result is what somebody got from the experiment.
type Result struct {
	Percent float64 // of test images right
	Epoch   int     // of the last layer, from 1, after which that was
	By      string  // who says so
	How     string  // its conditions
}

var all = []func() Preset{mozafari2018, mozafari2018plus, bose2024, kheradpisheh2018, goupy2023, goupy2024, goupy2024fashion, best, bestfashion, nmnist, mozafari2018shallow, mozafari2018eth80, bars, barsSTDP, pairs, pairsSTDP}

// Default is the name of the preset that is trained when none is named.
const Default = "mozafari2018"

// All lists the presets.
func All() []Preset {
	list := make([]Preset, len(all))
	for i, f := range all {
		list[i] = f()
	}
	return list
}

// Names lists the presets' names.
func Names() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name)
	}
	return names
}

// Lookup finds a preset by its name.
func Lookup(name string) (Preset, bool) {
	list := All()
	i := slices.IndexFunc(list, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return list[i], true
}

// Source is where the number at a path comes from: the entry of the path
// itself or of the nearest table around it, or "" if there is none.
func (p Preset) Source(path string) string {
	for path != "" {
		if s, ok := p.Sources[path]; ok {
			return s
		}
		i := len(path) - 1
		for i >= 0 && path[i] != '.' {
			i--
		}
		path = path[:max(i, 0)]
	}
	return ""
}
