package figure

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Sweep is the data of [Parallel] and [Effects]: an experiment that was
// trained at many points, which differ in a few settings, and what came of
// each.
type Sweep struct {
	Axes      []Axis
	Points    []Point
	Result    string  // what the result is; "": "result"
	Percent   bool    // results are parts of 1 and are written in per cent
	Lowest    bool    // the lowest result is the best one, not the highest
	Low, High float64 // ends of the axis of results; both 0: what there is to see. What is beyond is drawn at the end, which says so
}

// An Axis is a setting that was varied. Its values are numbers, or words, which
// stand at equal distances.
type Axis struct {
	Name  string   // such as layers.s1.learn.a_plus; dots part it where there is no room for one line
	Words []string // a value is a place among them, from 0; nil: values are numbers
	Log   bool     // the axis is logarithmic; every number must be positive
}

// A Point is one choice of values. It is left out if its result is NaN or
// infinite, or beyond 1e100, unless it failed.
type Point struct {
	Values  []float64 // one for each axis; NaN: the point has none, as its other values leave the setting without meaning
	Result  float64
	Failed  bool // there is no result, and never will be
	Partial bool // the result is not the last word: the point comes behind all others, and is not the best
}

// Limits of sweeps.
const (
	maxAxes  = 24
	maxWords = 100
	maxTried = 5000
)

func (s Sweep) check() error {
	if s.Low != 0 || s.High != 0 {
		if err := checkRange(s.Low, s.High); err != nil {
			return err
		}
	}
	if len(s.Axes) > maxAxes {
		return fmt.Errorf("%d Axes; there can be %d, so leave out those that matter least", len(s.Axes), maxAxes)
	}
	if len(s.Points) > maxTried {
		return fmt.Errorf("%d Points; there can be %d, so leave some out", len(s.Points), maxTried)
	}
	for i, setting := range s.Axes {
		if len(setting.Words) > maxWords {
			return fmt.Errorf("Axes[%d] %q: %d Words; there can be %d", i, clean(setting.Name), len(setting.Words), maxWords)
		}
		if setting.Log && setting.Words != nil {
			return fmt.Errorf("Axes[%d] %q: Log is for numbers, and there are Words", i, clean(setting.Name))
		}
	}
	for i, p := range s.Points {
		if len(p.Values) != len(s.Axes) {
			return fmt.Errorf("Points[%d] has %d Values for %d Axes", i, len(p.Values), len(s.Axes))
		}
		for j, v := range p.Values {
			if err := s.Axes[j].check(v); err != nil {
				return fmt.Errorf("Points[%d].Values[%d] is %g; %w", i, j, v, err)
			}
		}
	}
	return nil
}

// check says what is wrong with a value of the setting.
func (a Axis) check(v float64) error {
	switch {
	case math.IsNaN(v):
		return nil
	case a.Words != nil && !(v >= 0 && v < float64(len(a.Words)) && v == math.Trunc(v)):
		return fmt.Errorf("it must be the place of one of %d Words, or NaN for none", len(a.Words))
	case !finite(v):
		return fmt.Errorf("it must be finite, or NaN for none")
	case a.Log && v < least:
		return fmt.Errorf("it must be positive, and %g at least, on a logarithmic axis", least)
	}
	return nil
}

// empty tells whether there is nothing to show, and why.
func (s Sweep) empty() (bool, string) {
	if len(s.Axes) == 0 {
		return true, "no settings were varied"
	}
	return !slices.ContainsFunc(s.Points, Point.shown), "no results yet"
}

// shown tells whether a point is not left out.
func (p Point) shown() bool { return p.Failed || finite(p.Result) }

// ranked are the places of the points that have a result, from the best to the
// worst, and of those that failed.
func (s Sweep) ranked() (list, failed []int) {
	for i, p := range s.Points {
		switch {
		case p.Failed:
			failed = append(failed, i)
		case finite(p.Result):
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int {
		p, q := s.Points[a], s.Points[b]
		order := cmp.Compare(q.Result, p.Result)
		switch {
		case p.Partial && !q.Partial:
			return 1
		case q.Partial && !p.Partial:
			return -1
		case s.Lowest:
			return -order
		}
		return order
	})
	return list, failed
}

// failures is how many points failed.
func (s Sweep) failures() (n int) {
	for _, p := range s.Points {
		if p.Failed {
			n++
		}
	}
	return n
}

func (s Sweep) result() string {
	if s.Result == "" {
		return "result"
	}
	return s.Result
}

// results is the axis of results.
func (s Sweep) results() span {
	y := nothing()
	y.percent = s.Percent
	for _, p := range s.Points {
		if !p.Failed {
			y.include(p.Result)
		}
	}
	y.settleWithin(.05)
	if s.Low != 0 || s.High != 0 {
		y.min, y.max = s.Low, s.High
	}
	return y
}

// within is the value, or the end of the axis that it is beyond.
func (s span) within(v float64) float64 { return max(s.min, min(s.max, v)) }

// resultTicks are those of the axis of results. An end that results are beyond
// says so.
func (s Sweep) resultTicks(y span) []tick {
	ticks := y.ticksY()
	for _, end := range []struct {
		value  float64
		sign   string
		beyond func(v float64) bool
	}{{y.min, "≤ ", func(v float64) bool { return v < y.min }}, {y.max, "≥ ", func(v float64) bool { return v > y.max }}} {
		if slices.ContainsFunc(s.Points, func(p Point) bool { return !p.Failed && finite(p.Result) && end.beyond(p.Result) }) {
			ticks = slices.DeleteFunc(ticks, func(t tick) bool { return math.Abs(float64(y.at(t.value)-y.at(end.value))) < lineHeight })
			ticks = append(ticks, tick{end.value, end.sign + y.brief(end.value)})
		}
	}
	return ticks
}

// brief writes a value in as few digits as tell it.
func (s span) brief(v float64) string {
	if s.percent {
		return short(v*100) + " %"
	}
	return short(v)
}

// axis is the axis of a setting, with room for values besides those of points.
func (s Sweep) axis(j int, besides ...float64) span {
	setting := s.Axes[j]
	if setting.Words != nil {
		return span{min: -.5, max: max(float64(len(setting.Words)), 1) - .5}
	}
	x := nothing()
	x.log = setting.Log
	for _, p := range s.Points {
		if p.shown() {
			x.include(p.Values[j])
		}
	}
	x.include(besides...)
	x.settle(0)
	return x
}

// values are the different values of a setting, in order: all words, or the
// numbers that points have and those besides; none tells whether there are
// points without one.
func (s Sweep) values(j int, besides ...float64) (list []float64, none bool) {
	add := func(v float64) {
		if math.IsNaN(v) {
			none = true
		} else {
			list = append(list, v)
		}
	}
	for _, p := range s.Points {
		if p.shown() {
			add(p.Values[j])
		}
	}
	for _, v := range besides {
		add(v)
	}
	if words := s.Axes[j].Words; words != nil {
		list = list[:0]
		for i := range words {
			list = append(list, float64(i))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), none
}

// value writes a value of the setting.
func (a Axis) value(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	if a.Words != nil {
		return clean(a.Words[int(v)])
	}
	if exact := strconv.FormatFloat(v, 'f', -1, 64); len(exact) <= 7 {
		return grouped(exact)
	}
	return short(v)
}

// ticks are the values of a setting, or round numbers if there are too many.
// Where labels would meet, those of round values stay and others are empty;
// size tells how much of the axis a label takes.
func (a Axis) ticks(x span, values []float64, size func(label string) vg.Length) []tick {
	if a.Words == nil && len(values) > 15 {
		return x.ticks(9, size)
	}
	ticks := make([]tick, len(values))
	order := make([]int, len(values))
	for i, v := range values {
		ticks[i].value, order[i] = v, i
	}
	if a.Words == nil {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(roundness(values[a]), roundness(values[b])) })
	}
	for _, i := range order {
		label := a.value(values[i])
		if !slices.ContainsFunc(ticks, func(t tick) bool {
			return t.label != "" && (t.label == label && a.Words == nil ||
				math.Abs(float64(x.at(t.value)-x.at(values[i]))) < float64(size(t.label)+size(label))/2+3)
		}) {
			ticks[i].label = label
		}
	}
	return ticks
}

// roundness is the lower, the rounder a number is: by how many digits it has,
// and then 1, 10 and so on before 2, 5, 20 and these before others.
func roundness(v float64) int {
	mantissa, _, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'e', -1, 64), "e")
	switch n := 3 * len(mantissa); mantissa {
	case "0", "1":
		return n
	case "2", "5":
		return n + 1
	default:
		return n + 2
	}
}

const lineHeight = 9 // points from one small line to the next

var (
	nameParents = style(small, slate, center, bottom)
	nameLast    = style(small, ink, center, bottom)
)

// A nameLine is one of the lines of a name.
type nameLine struct {
	text  string
	style text.Style
}

// name writes the name of a setting in lines that are no wider than width: the
// last part of the path in one or two, and above it as much as there is room
// for of what comes before, with what tells the setting from others whose last
// part is the same.
func (s Sweep) name(j int, width vg.Length) []nameLine {
	path := s.path(j)
	n := len(path) - 1
	var lines []nameLine
	if n > 0 {
		lines = append(lines, nameLine{s.parents(j, width), nameParents})
	}
	for _, line := range wrap(nameLast, path[n], width, 2) {
		lines = append(lines, nameLine{line, nameLast})
	}
	return lines
}

func (s Sweep) path(j int) []string { return strings.Split(clean(s.Axes[j].Name), ".") }

func (s Sweep) parents(j int, width vg.Length) string {
	path := s.path(j)
	n := len(path) - 1
	need := 1 // parts before the last, counted backwards
	for i := range s.Axes {
		other := s.path(i)
		m := len(other) - 1
		if i == j || other[m] != path[n] {
			continue
		}
		for d := 1; d <= n; d++ {
			if d > m || other[m-d] != path[n-d] {
				need = max(need, d)
				break
			}
		}
	}
	first := path[n-need]
	var ways []string
	for k := n; k >= need; k-- {
		ways = append(ways, strings.Join(path[n-k:n], "."))
	}
	if need > 2 {
		ways = append(ways, first+"…"+path[n-1])
	}
	if need > 1 {
		ways = append(ways, first+"…")
	}
	for _, way := range ways {
		if len(way) <= textLimit && nameParents.Width(way) <= width {
			return way
		}
	}
	return fit(nameParents, first, width)
}

// wrap breaks a text into lines of a width, after spaces, dashes and
// underscores. What is too long for the last one becomes an ellipsis.
func wrap(sty text.Style, s string, width vg.Length, most int) []string {
	s = clean(s)
	var lines []string
	for len(lines) < most-1 && len(s) <= textLimit && sty.Width(s) > width {
		at := 0
		for i, r := range s {
			if (r == ' ' || r == '-' || r == '_') && i+1 < len(s) && sty.Width(s[:i+1]) <= width {
				at = i + 1
			}
		}
		if at == 0 {
			break
		}
		lines = append(lines, strings.TrimSpace(s[:at]))
		s = strings.TrimSpace(s[at:])
	}
	return append(lines, fit(sty, s, width))
}

// writeName writes the lines of a name above a place.
func writeName(c draw.Canvas, at vg.Point, x text.XAlignment, lines []nameLine) {
	for i, line := range lines {
		line.style.XAlign = x
		write(c, line.style, at.Add(vg.Point{Y: vg.Length(len(lines)-1-i) * lineHeight}), line.text)
	}
}

// cross marks what failed.
func cross(c draw.Canvas, col color.Color, at vg.Point, radius vg.Length) {
	var p vg.Path
	for _, up := range []vg.Length{-radius, radius} {
		p.Move(vg.Point{X: at.X - radius, Y: at.Y - up})
		p.Line(vg.Point{X: at.X + radius, Y: at.Y + up})
	}
	c.SetLineStyle(draw.LineStyle{Color: col, Width: .9})
	c.Stroke(p)
}
