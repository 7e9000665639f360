package sweep

import (
	"math"
	"strconv"
)

// Levels are the values of an axis, each a text for every setting; nil if any
// number of its range can be one.
func (a Axis) Levels() [][]string {
	var all [][]string
	switch {
	case len(a.Values) > 0:
		for _, v := range a.Values {
			list, paired := v.([]any)
			if !paired {
				list = []any{v}
			}
			var level []string
			for _, x := range list {
				level = append(level, *textOf(x))
			}
			all = append(all, level)
		}
	case a.Range != nil && (a.Range.Step > 0 || a.Range.Count > 0):
		n, step := a.Range.Count, a.Range.Step
		if n > 0 {
			step = (a.Range.To - a.Range.From) / float64(n-1)
		} else {
			// A step that fits but for rounding fits.
			n = int(math.Floor((a.Range.To-a.Range.From)/step+1e-9)) + 1
		}
		for i := range n {
			all = append(all, a.number(a.Range.From+float64(i)*step, exact))
		}
	case a.Log != nil && a.Log.Count > 0:
		for i := range a.Log.Count {
			part := float64(i) / float64(a.Log.Count-1)
			all = append(all, a.number(a.Log.From*math.Pow(a.Log.To/a.Log.From, part), exact))
		}
	}
	return distinct(all)
}

// distinct leaves out levels that are there already, as rounding makes them.
func distinct(levels [][]string) [][]string {
	var kept [][]string
	for _, l := range levels {
		if n := len(kept); n == 0 || len(l) > 1 || l[0] != kept[n-1][0] {
			kept = append(kept, l)
		}
	}
	return kept
}

// at is the value of an axis for a coordinate of 0 to 1, 1 not included.
func (a Axis) at(u float64) []string {
	if levels := a.Levels(); levels != nil {
		return levels[min(int(u*float64(len(levels))), len(levels)-1)]
	}
	if a.Log != nil {
		return a.number(a.Log.From*math.Pow(a.Log.To/a.Log.From, u), short)
	}
	if a.Whole { // every whole number has as much room
		low, high := math.Ceil(a.Range.From), math.Floor(a.Range.To)
		return a.number(math.Floor(low+u*(high-low+1)), exact)
	}
	return a.number(a.Range.From+u*(a.Range.To-a.Range.From), short)
}

// Digits of a number: as many as hide that 3 times 0.1 is not 0.3, and as many
// as a person wants to read where any number will do.
const (
	exact = 12
	short = 5
)

func (a Axis) number(v float64, digits int) []string {
	span := a.Range
	if a.Log != nil {
		span = a.Log
	}
	low, high := span.From, span.To
	if a.Whole {
		v, low, high = math.Round(v), math.Ceil(low), math.Floor(high)
	}
	v = max(low, min(high, v))
	if a.Whole && math.Abs(v) < 1<<53 {
		return []string{strconv.FormatInt(int64(v), 10)}
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	rounded = max(low, min(high, rounded))
	return []string{strconv.FormatFloat(rounded, 'g', -1, 64)}
}

// logarithmic reports whether the values are to be drawn on a logarithmic axis.
func (a Axis) logarithmic() bool { return a.Log != nil }
