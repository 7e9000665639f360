package observe

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"firstspike/train"
)

// A Run is what its folder tells of a training, finished or not.
type Run struct {
	Name    string       // the folder's
	Model   *train.Model // as [train.Load] reads it; its State has the report of a finished run
	Started time.Time
	Epochs  []train.EpochEnd // so far
}

// ReadRun reads the run in a folder.
func ReadRun(dir string) (*Run, error) {
	m, err := train.Load(dir)
	if err != nil {
		return nil, err
	}
	record, err := train.ReadRecord(dir)
	if err != nil {
		return nil, err
	}
	epochs, err := train.ReadEpochs(dir)
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return &Run{Name: filepath.Base(path), Model: m, Started: record.Started, Epochs: epochs}, nil
}

// shown is after how many presentations the network of the run had its present
// weights in a layer, and false if the layer has not learned. The last layer
// of a model has those of the best epoch, if epochs are chosen.
func (r *Run) shown(depth int) (step int64, ok bool) {
	e, s := r.Model.Experiment, r.Model.State
	chosen := -1
	if depth == len(e.Layers)-1 && s.Best != nil && e.Protocol.Kind == train.ProtocolValidation {
		chosen = s.Best.Epoch
	}
	for _, end := range r.Epochs {
		if end.Layer == e.Layers[depth].Name && (chosen < 0 || end.Epoch <= chosen) {
			step, ok = int64(end.Presentations), true
		}
	}
	if depth == s.Layer && chosen < 0 && s.Image > 0 {
		return int64(s.Presentations), true // in the middle of an epoch
	}
	return step, ok
}

// A scalar is a number that an epoch has.
type scalar struct {
	name  string // such as train/right
	value float64
}

// column is the name of a scalar in tables.
func (s scalar) column() string { return strings.ReplaceAll(s.name, "/", "_") }

// names are those of all scalars, in the order of tables.
var names = []string{
	"train/right", "train/wrong", "train/silent",
	"validation/right", "validation/wrong", "validation/silent",
	"test/right", "test/wrong", "test/silent",
	"convergence", "images_per_second",
	"rates/a_plus", "rates/a_minus", "rates/punish_a_plus", "rates/punish_a_minus",
}

// scalars are the numbers of an epoch that it has, in the order of names.
func scalars(e train.Experiment, end train.EpochEnd) []scalar {
	var list []scalar
	list = append(list, shares("train/", end.Train)...)
	list = append(list, shares("validation/", end.Validation)...)
	list = append(list, shares("test/", end.Test)...)
	list = append(list, scalar{"convergence", end.Convergence}, scalar{"images_per_second", end.PerSecond})
	return append(list, rates(e, end)...)
}

// shares are those of a score, none if there is none.
func shares(of string, s *train.Score) []scalar {
	if s == nil || s.Images() == 0 {
		return nil
	}
	n := float64(s.Images())
	return []scalar{{of + "right", float64(s.Right) / n}, {of + "wrong", float64(s.Wrong) / n}, {of + "silent", float64(s.Silent) / n}}
}

// rates are the learning rates at the end of an epoch.
func rates(e train.Experiment, end train.EpochEnd) []scalar {
	epochs := 0 // of all layers, this one included
	for _, l := range e.Layers {
		if l.Name != end.Layer {
			epochs += l.Learn.Epochs
			continue
		}
		seen := end.Shown
		if seen == 0 {
			seen = end.Presentations / (epochs + end.Epoch + 1) * (end.Epoch + 1)
		}
		if l.Learn.Rule != train.RuleRSTDP {
			if l.Learn.Doubling.Updates {
				seen = end.Updates
			}
			at := l.Learn.RatesAt(end.Epoch, seen)
			return pair("rates/", decimal(at.APlus), decimal(at.AMinus), 1)
		}
		reward, punish := 1.0, 1.0
		if p := l.Learn.Punish; p.Adapt > 0 && seen >= p.Adapt && end.Train != nil && end.Train.Images() > 0 {
			n := float64(end.Train.Images())
			reward, punish = float64(end.Train.Wrong)/n, float64(end.Train.Right)/n
		}
		return append(pair("rates/", l.Learn.APlus, l.Learn.AMinus, reward),
			pair("rates/punish_", l.Learn.Punish.APlus, l.Learn.Punish.AMinus, punish)...)
	}
	return nil
}

// decimal is the shortest number that is x to a float32: 0.004, as in an
// experiment, not 0.004000000189989805.
func decimal(x float32) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	return y
}

func pair(prefix string, plus, minus, factor float64) []scalar {
	// What is added takes the sign from a negative 0.
	return []scalar{{prefix + "a_plus", float64(plus*factor) + 0}, {prefix + "a_minus", float64(minus*factor) + 0}}
}
