package gallery

import (
	"fmt"
	"slices"

	"firstspike/figure"
	"firstspike/study"
	"firstspike/train"
)

// A Reference is a percentage that somebody else reports.
type Reference struct {
	Name    string
	Percent float64
}

// Curves are how the last layer came to its decisions, epoch by epoch: right,
// wrong and silent, in training and on the images that choose the epoch.
func Curves(name string, epochs []train.EpochEnd, references []Reference) figure.Figure {
	f := figure.Curves{Heading: name + ": decisions, epoch by epoch"}
	if len(epochs) == 0 {
		return f
	}
	last := epochs[len(epochs)-1].Layer
	kinds := []struct {
		name string
		of   func(train.EpochEnd) *train.Score
	}{
		{"training", func(e train.EpochEnd) *train.Score { return e.Train }},
		{"validation", func(e train.EpochEnd) *train.Score { return e.Validation }},
		{"test", func(e train.EpochEnd) *train.Score { return e.Test }},
	}
	parts := []struct {
		name string
		of   func(*train.Score) int
	}{
		{"right", func(s *train.Score) int { return s.Right }},
		{"wrong", func(s *train.Score) int { return s.Wrong }},
		{"silent", func(s *train.Score) int { return s.Silent }},
	}
	for i, part := range parts {
		panel := figure.Panel{Name: part.name, Percent: true}
		for _, kind := range kinds {
			series := figure.Series{Name: kind.name}
			best := -1
			for _, e := range epochs {
				score := kind.of(e)
				if e.Layer != last || score == nil || score.Images() == 0 {
					continue
				}
				series.X = append(series.X, float64(e.Epoch+1))
				series.Y = append(series.Y, float64(part.of(score))/float64(score.Images()))
				if e.Best {
					best = len(series.Y) - 1
				}
			}
			if i == 0 && best >= 0 && kind.name != "training" {
				series.Mark = []int{best}
			}
			if len(series.Y) > 0 {
				panel.Series = append(panel.Series, series)
			}
		}
		if !slices.ContainsFunc(panel.Series, func(s figure.Series) bool { return slices.Max(s.Y) > 0 }) {
			panel.High = .01 // nothing at all would have no scale
		}
		if i == 0 {
			panel.References = lines(references)
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}

func lines(references []Reference) (list []figure.Reference) {
	for _, r := range references {
		list = append(list, figure.Reference{Name: fmt.Sprintf("%s %.4g %%", r.Name, r.Percent), Value: r.Percent / 100})
	}
	return list
}

// Study is the curve of several seeds: their mean, and its 95 % interval as a
// band.
func Study(name string, curve []study.Point, of string, seeds int, references []Reference) figure.Figure {
	s := figure.Series{Name: fmt.Sprintf("mean of %d", seeds)}
	for _, p := range curve {
		s.X = append(s.X, float64(p.Epoch+1))
		s.Y, s.Low, s.High = append(s.Y, p.Mean/100), append(s.Low, p.Low/100), append(s.High, p.High/100)
	}
	low := 1.0
	for _, y := range s.Low {
		low = min(low, y)
	}
	panel := figure.Panel{Name: of + " images right", Percent: true, Series: []figure.Series{s}, References: lines(references)}
	return figure.Curves{Heading: fmt.Sprintf("%s: %d seeds, mean and its 95 %% interval", name, seeds), Panels: []figure.Panel{panel}}
}

// Confusion is the result of a test as a matrix. The names are those of the
// classes, in their order; nil: they are numbers.
func Confusion(name string, r train.Result, names []string) figure.Figure {
	f := figure.Confusion{Heading: name + ": decisions by label"}
	if len(names) == len(r.Confusion) {
		f.Classes = names
	}
	for _, row := range r.Confusion {
		classes := len(r.Confusion)
		f.Counts = append(f.Counts, row[:classes])
		f.Silent = append(f.Silent, row[classes])
	}
	return f
}

// Weights are the weights of a layer, epoch by epoch.
func Weights(m *train.Model, epochs []train.EpochEnd, depth int) figure.Figure {
	l := m.Experiment.Layers[depth]
	f := figure.Histograms{Heading: "The weights of " + l.Name + ", epoch by epoch", Low: l.Learn.Lower, High: l.Learn.Upper}
	for _, e := range epochs {
		if e.Layer == l.Name && len(e.Weights) > 0 && (len(f.Counts) == 0 || len(e.Weights) == len(f.Counts[0])) {
			f.Epochs, f.Counts = append(f.Epochs, e.Epoch+1), append(f.Counts, slices.Clone(e.Weights))
		}
	}
	return f
}
