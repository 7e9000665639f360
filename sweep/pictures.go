package sweep

import (
	"fmt"
	"math"
	"slices"

	"firstspike/figure"
)

// drawnAxes and drawnPoints are how many of both a picture shows.
const (
	drawnAxes   = 24
	drawnPoints = 5000
)

// Parallel is a picture of all points, as lines across an axis for each setting; by
// halving as they are in the first rung, which has all of them.
func (o *Outcome) Parallel() figure.Parallel {
	return figure.Parallel{Heading: o.Plan.Sweep.Name + ": every point" + o.first(), Sweep: o.drawn()}
}

// MainEffects is a picture of what every setting does by itself: see
// [Outcome.Effects]. By halving it is of the first rung: those that were chosen
// after it are alike.
func (o *Outcome) MainEffects() figure.Effects {
	f := figure.Effects{Heading: o.Plan.Sweep.Name + ": what every setting does" + o.first(), Sweep: o.drawn()}
	for i, levels := range o.Effects(0) {
		if i == len(f.Axes) {
			break
		}
		var means []figure.Level
		for _, l := range levels {
			if l.N > 0 {
				means = append(means, figure.Level{Value: place(f.Axes[i], l.Value), Mean: l.Mean / 100, Low: l.Low / 100, High: l.High / 100})
			}
		}
		const most = 50 // levels of which a mean says something
		if len(means) > most || slices.IndexFunc(levels, func(l Level) bool { return l.N > 1 }) < 0 {
			means = nil
		}
		f.Means = append(f.Means, means)
	}
	return f
}

// first says which rung a picture is of, by halving.
func (o *Outcome) first() string {
	if o.Plan.Rungs() == 1 {
		return ""
	}
	return fmt.Sprintf(", after %d epochs", o.Plan.Sweep.Search.Epochs[0])
}

// drawn is the points of the first rung as pictures take them.
func (o *Outcome) drawn() figure.Sweep {
	s := figure.Sweep{Result: "held-out images right", Percent: true}
	axes := o.Plan.Sweep.Axes[:min(drawnAxes, len(o.Plan.Sweep.Axes))]
	for i, a := range axes {
		set := figure.Axis{Name: a.Name(), Log: a.logarithmic()}
		var words []string
		numbers := true
		for _, level := range a.Levels() {
			words = append(words, join(level))
		}
		for _, l := range o.Lines {
			v := l.Point.Values[i]
			if v == "" {
				continue
			}
			x, ok := numeric(v)
			numbers = numbers && ok && !math.IsInf(x, 0) && !math.IsNaN(x)
			if !slices.Contains(words, v) {
				words = append(words, v)
			}
		}
		if !numbers {
			set.Words, set.Log = words, false
		}
		s.Axes = append(s.Axes, set)
	}
	for _, l := range o.Lines {
		failed := len(l.Failures) == len(l.Jobs)
		if l.Rung > 0 || l.N == 0 && !failed || len(s.Points) == drawnPoints {
			continue
		}
		p := figure.Point{Result: l.Mean / 100, Failed: failed, Partial: !l.Complete()}
		for i := range axes {
			p.Values = append(p.Values, place(s.Axes[i], l.Point.Values[i]))
		}
		s.Points = append(s.Points, p)
	}
	return s
}

// place is where a value is on the axis of a setting.
func place(s figure.Axis, value string) float64 {
	if value == "" {
		return math.NaN()
	}
	if s.Words != nil {
		return float64(slices.Index(s.Words, value))
	}
	v, _ := numeric(value)
	return v
}

// Curves is how the best points of the last rung learned: the percentage of
// held-out images that was right after every epoch of the last layer, as a mean
// over seeds.
func (o *Outcome) Curves(most int) figure.Curves {
	f := figure.Curves{Heading: o.Plan.Sweep.Name + ": how the best points learned"}
	panel := figure.Panel{Name: "held-out images right", Percent: true}
	for _, l := range o.Ranked() {
		if len(panel.Series) == most || l.N == 0 {
			break
		}
		s := figure.Series{Name: fmt.Sprintf("point %d", l.Point.Index)}
		for epoch := 0; ; epoch++ {
			sum, n := 0.0, 0
			for _, r := range l.Results {
				if epoch < len(r.Curve) {
					sum, n = sum+r.Curve[epoch].Accuracy(), n+1
				}
			}
			if n == 0 {
				break
			}
			s.X, s.Y = append(s.X, float64(epoch+1)), append(s.Y, sum/float64(n))
		}
		panel.Series = append(panel.Series, s)
	}
	f.Panels = []figure.Panel{panel}
	return f
}

// Heat is a picture of the means for every pair of values of the first two axes,
// one for each value of the third, if the sweep is a grid of two or three axes;
// false if it is not.
func (o *Outcome) Heat() (figure.Heat, bool) {
	axes := o.Plan.Sweep.Axes
	if len(axes) < 2 || len(axes) > 3 || o.Plan.Rungs() > 1 || o.Plan.Sweep.continuous() {
		return figure.Heat{}, false
	}
	f := figure.Heat{Heading: o.Plan.Sweep.Name + ": the mean of every combination", Row: axes[0].Name(), Col: axes[1].Name(), Result: "held-out images right", Percent: true}
	values := make([][]string, 3)
	for i, a := range axes {
		if a.When != "" {
			return f, false
		}
		for _, level := range a.Levels() {
			values[i] = append(values[i], join(level))
		}
	}
	f.Rows, f.Cols = values[0], values[1]
	third := values[2]
	if len(axes) == 2 {
		third = []string{""}
	}
	for _, v := range third {
		m := figure.Matrix{}
		if len(axes) == 3 {
			m.Name = axes[2].Name() + " = " + v
		}
		for range f.Rows {
			row := make([]float64, len(f.Cols))
			for i := range row {
				row[i] = math.NaN()
			}
			m.Values = append(m.Values, row)
		}
		f.Matrices = append(f.Matrices, m)
	}
	for _, l := range o.Lines {
		if l.N == 0 {
			continue
		}
		matrix := 0
		if len(axes) == 3 {
			matrix = slices.Index(third, l.Point.Values[2])
		}
		f.Matrices[matrix].Values[slices.Index(f.Rows, l.Point.Values[0])][slices.Index(f.Cols, l.Point.Values[1])] = l.Mean / 100
	}
	return f, f.Check() == nil
}
