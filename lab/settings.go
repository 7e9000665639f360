package lab

import (
	"errors"
	"slices"

	"firstspike/train"
)

// A Setting is something of a trained network that can be changed without
// training it anew.
type Setting struct {
	Path  string `json:"path"`  // as in the experiment, such as layers.s1.threshold
	Value string `json:"value"` // as it is
	Came  string `json:"came"`  // as the model came
}

// paths are those of all settings.
func (l *Lab) paths() []string {
	paths := []string{"encode.steps", "encode.threshold"}
	for _, layer := range l.model.Experiment.Layers {
		paths = append(paths, "layers."+layer.Name+".threshold")
	}
	return paths
}

// Settings lists what can be set: the steps, the threshold of the encoding and
// that of every layer.
func (l *Lab) Settings() []Setting {
	var list []Setting
	for _, path := range l.paths() {
		s := Setting{Path: path}
		s.Value, _ = l.model.Experiment.Value(path)
		s.Came, _ = l.came.Value(path)
		list = append(list, s)
	}
	return list
}

// Set changes one of the settings; everything that is asked afterwards follows.
// It returns what is wrong with the value, or that nothing else can be set, and
// then leaves all as it was. The threshold "inf" makes the last layer decide at
// the end.
func (l *Lab) Set(path, value string) train.Faults {
	e := l.model.Experiment.Clone()
	if fault := l.set(&e, path, value); fault != nil {
		return fault
	}
	return l.become(e)
}

// set changes one of the settings of an experiment.
func (l *Lab) set(e *train.Experiment, path, value string) train.Faults {
	if paths := l.paths(); !slices.Contains(paths, path) {
		return train.Faults{{Path: path, Problem: "cannot be set in a trained network; " + train.Nearest(path, paths)}}
	}
	if err := e.Set(path, value); err != nil {
		fault := train.Fault{Path: path, Problem: err.Error()}
		errors.As(err, &fault)
		return train.Faults{fault}
	}
	return nil
}

// Reset sets everything as the model came. What was taught stays: see
// [Lab.Undo].
func (l *Lab) Reset() { l.become(l.came.Clone()) }

// become takes the settings of an experiment, unless it has faults.
func (l *Lab) become(e train.Experiment) train.Faults {
	if faults := e.Faults(); len(faults) > 0 {
		return faults
	}
	l.model.Experiment, l.assumed = e, nil
	l.model.Network.Steps = e.Encode.Steps
	for i, layer := range e.Layers {
		if err := l.raise(i, layer.Threshold); err != nil {
			return train.Faults{{Path: "layers." + layer.Name + ".threshold", Problem: err.Error()}}
		}
	}
	if err := l.follow(); err != nil {
		return train.Faults{{Path: "encode", Problem: err.Error()}} // it has no faults: this cannot be
	}
	return nil
}
