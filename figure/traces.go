package figure

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Traces shows how the potentials of neurons grow over the steps of one image,
// a panel for each neuron, all with the same axes.
type Traces struct {
	Heading string
	Steps   int // of a presentation; the last is Steps-1
	Neurons []Trace
	Width   vg.Length // 0: 525 points
}

// A Trace is one neuron's potential.
type Trace struct {
	Name      string
	Potential []float64 // after each step, Steps of them; a gap where NaN or infinite, or beyond 1e100
	Threshold float64   // 0 or infinite: the neuron has none
	First     int       // the step of its spike; negative: silent
}

const maxTraces = 300

// Title is Heading.
func (f Traces) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Traces) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	if len(f.Neurons) == 0 {
		return nil
	}
	if err := checkSteps(f.Steps); err != nil {
		return err
	}
	if len(f.Neurons) > maxTraces {
		return fmt.Errorf("%d Neurons; there can be %d", len(f.Neurons), maxTraces)
	}
	for i, n := range f.Neurons {
		if len(n.Potential) != f.Steps {
			return fmt.Errorf("Neurons[%d] %q has %d potentials for %d steps", i, clean(n.Name), len(n.Potential), f.Steps)
		}
		if n.First >= f.Steps {
			return fmt.Errorf("Neurons[%d] %q fires at step %d; Steps is %d, so the last is %d", i, clean(n.Name), n.First, f.Steps, f.Steps-1)
		}
	}
	return nil
}

const (
	traceDepth = 58
	traceApart = 22
)

// Size is the room that the figure takes: see [Figure].
func (f Traces) Size() (w, h vg.Length) {
	w, err := widthOr(f.Width)
	h = headingDepth(f.Heading)
	if err != nil || len(f.Neurons) == 0 || f.Check() != nil {
		return w, h + noteDepth
	}
	return w, h + vg.Length(len(f.Neurons))*(traceDepth+traceApart) + tickDepth + nameDepth
}

// Draw draws the figure: see [Figure].
func (f Traces) Draw(c draw.Canvas) {
	area, ok := begin(c, f, len(f.Neurons) == 0, "no neurons")
	if !ok {
		return
	}
	y := nothing()
	y.include(0)
	for _, n := range f.Neurons {
		y.include(n.Potential...)
		y.include(n.Threshold)
	}
	y.settle(.06)
	y.to = traceDepth
	x := span{min: -.5, max: float64(f.Steps) - .5, whole: true, from: area.Min.X + marginY(y) + 12, to: area.Max.X - 1}
	ceiling := area.Max.Y
	for i, n := range f.Neurons {
		panel := area
		panel.Min.X, panel.Max.X = x.from, x.to
		panel.Max.Y = ceiling - traceApart + 6
		panel.Min.Y = panel.Max.Y - traceDepth
		y.from, y.to = panel.Min.Y, panel.Max.Y
		words := style(body, ink, left, top)
		said := style(small, slate, right, top)
		what := "silent"
		if n.First >= 0 {
			what = fmt.Sprintf("fires at step %d", n.First)
		}
		write(area, words, vg.Point{X: x.from, Y: ceiling}, fit(words, n.Name, x.to-x.from-100))
		write(area, said, vg.Point{X: x.to, Y: ceiling - 1}, what)
		y.drawY(panel)
		x.drawX(panel, i == len(f.Neurons)-1, "step")
		n.draw(panel, x, y)
		ceiling = panel.Min.Y - 6
	}
	write(area, upwards(style(small, slate, center, top)), vg.Point{X: area.Min.X, Y: (area.Max.Y + ceiling) / 2}, "potential")
}

// draw draws the potential as stairs, for it stays what it is until the next
// step. After the spike it is paler: the neuron will not fire again.
func (n Trace) draw(c draw.Canvas, x, y span) {
	if n.Threshold != 0 && finite(n.Threshold) {
		at := y.at(n.Threshold)
		c.StrokeLine2(dashed, c.Min.X, at, c.Max.X, at)
	}
	for _, part := range runs(len(n.Potential), func(i int) bool { return finite(n.Potential[i]) }) {
		var before, after []vg.Point
		for i := part[0]; i < part[1]; i++ {
			level := y.at(n.Potential[i])
			stair := []vg.Point{{X: x.at(float64(i) - .5), Y: level}, {X: x.at(float64(i) + .5), Y: level}}
			if n.First < 0 || i <= n.First {
				before = append(before, stair...)
				continue
			}
			if len(after) == 0 && len(before) > 0 {
				after = append(after, before[len(before)-1])
			}
			after = append(after, stair...)
		}
		c.StrokeLines(draw.LineStyle{Color: fade(blue, 0x60), Width: 1.25}, after)
		c.StrokeLines(draw.LineStyle{Color: blue, Width: 1.75}, before)
	}
	if n.First < 0 {
		return
	}
	at := vg.Point{X: x.at(float64(n.First)), Y: c.Min.Y}
	if v := n.Potential[n.First]; finite(v) {
		at.Y = y.at(v)
	}
	c.StrokeLine2(draw.LineStyle{Color: vermilion, Width: 1}, at.X, c.Min.Y, at.X, at.Y)
	dot(c, vermilion, at, 3)
}
