package figure

import (
	"fmt"
	"image"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Raster shows the first spikes of layers, a panel for each: a dot for each
// neuron that fired, at its step, and above them how many fired at each step.
// Neurons are in the order map, row, column, upwards. In a layer with columns
// a dot stands left or right within its step as its neuron does in its map.
type Raster struct {
	Heading string
	Steps   int // of a presentation; the last is Steps-1
	Layers  []Layer
	Width   vg.Length // 0: 525 points
}

// Title is Heading.
func (r Raster) Title() string { return r.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (r Raster) Check() error {
	if _, err := widthOr(r.Width); err != nil {
		return err
	}
	if len(r.Layers) == 0 {
		return nil
	}
	if err := checkSteps(r.Steps); err != nil {
		return err
	}
	if len(r.Layers) > maxLayers {
		return fmt.Errorf("%d Layers; there can be %d", len(r.Layers), maxLayers)
	}
	all := 0
	for i, l := range r.Layers {
		if err := l.check(r.Steps); err != nil {
			return fmt.Errorf("Layers[%d] %q: %w", i, clean(l.Name), err)
		}
		if all += len(l.First); all > maxNeurons {
			return fmt.Errorf("more than %d neurons in all; draw fewer layers", maxNeurons)
		}
	}
	return nil
}

const (
	layerName  = 16 // points that the parts of a panel take
	countDepth = 30
	panelGap   = 10
)

// rasterDepth is the height of a layer's panel of dots.
func rasterDepth(l Layer) vg.Length {
	return max(48, min(150, vg.Length(len(l.First))*4))
}

// Size is the room that the figure takes: see [Figure].
func (r Raster) Size() (w, h vg.Length) {
	w, err := widthOr(r.Width)
	h = headingDepth(r.Heading)
	if err != nil || len(r.Layers) == 0 || r.Check() != nil {
		return w, h + noteDepth
	}
	for _, l := range r.Layers {
		h += layerName + countDepth + rasterDepth(l) + panelGap
	}
	return w, h + tickDepth + nameDepth
}

// Draw draws the figure: see [Figure].
func (r Raster) Draw(c draw.Canvas) {
	area, ok := begin(c, r, len(r.Layers) == 0, "no layers")
	if !ok {
		return
	}
	steps := span{min: -.5, max: float64(r.Steps) - .5, whole: true}
	neurons := make([]span, len(r.Layers))
	for i, l := range r.Layers {
		n := max(1, l.Maps)
		neurons[i] = span{min: -.5, max: float64(n) - .5, whole: true, to: rasterDepth(l)}
	}
	margin := marginY(neurons...) + 12
	steps.from, steps.to = area.Min.X+margin, area.Max.X-1
	ceiling := area.Max.Y
	for i, l := range r.Layers {
		panel := area
		panel.Min.X, panel.Max.X = steps.from, steps.to
		panel.Max.Y = ceiling - layerName
		panel.Min.Y = panel.Max.Y - countDepth
		at, fired := l.counts(r.Steps)
		r.name(area, l, fired, ceiling)
		drawCounts(panel, steps, at)
		panel.Max.Y = panel.Min.Y
		panel.Min.Y -= rasterDepth(l)
		neurons[i].from, neurons[i].to = panel.Min.Y, panel.Max.Y
		r.drawDots(panel, l, steps, neurons[i], fired, area.Min.X)
		steps.drawX(panel, i == len(r.Layers)-1, "step")
		ceiling = panel.Min.Y - panelGap
	}
}

// name writes the name of a layer and how many of its neurons fired.
func (r Raster) name(area draw.Canvas, l Layer, fired int, y vg.Length) {
	words, numbers := style(body, ink, left, top), style(small, slate, right, top)
	said := fmt.Sprintf("%s of %s neurons fired", count(fired), count(len(l.First)))
	write(area, numbers, vg.Point{X: area.Max.X, Y: y - 1}, said)
	room := area.Max.X - area.Min.X - numbers.Width(said) - 12
	write(area, words, vg.Point{X: area.Min.X, Y: y}, fit(words, l.Name, room))
}

// drawCounts draws how many neurons fired at each step, as bars.
func drawCounts(c draw.Canvas, steps span, at []int) {
	most := 1
	for _, n := range at {
		most = max(most, n)
	}
	words := style(small, slate, center, bottom)
	wide := steps.at(1) - steps.at(0)
	room := c.Max.Y - c.Min.Y - small - 3
	for step, n := range at {
		if n == 0 {
			continue
		}
		x, y := steps.at(float64(step)), c.Min.Y+room*vg.Length(n)/vg.Length(most)
		box(c, fade(blue, 0x70), x-wide*.4, c.Min.Y, x+wide*.4, y)
		if s := count(n); words.Width(s) < wide-2 {
			write(c, words, vg.Point{X: x, Y: y + 1}, s)
		}
	}
}

// drawDots draws the panel of a layer's first spikes, and the name of its
// vertical axis at axis.
func (r Raster) drawDots(c draw.Canvas, l Layer, steps, maps span, fired int, axis vg.Length) {
	c.StrokeLine2(hairline, c.Min.X, c.Max.Y, c.Max.X, c.Max.Y)
	wide := steps.at(1) - steps.at(0)
	if wide >= 9 && fired > 0 {
		for step := 1; step < r.Steps; step++ {
			x := steps.at(float64(step) - .5)
			c.StrokeLine2(gridline, x, c.Min.Y, x, c.Max.Y)
		}
	}
	what := "map"
	if l.Rows*l.Cols == 1 {
		what = "neuron"
	}
	write(c, upwards(style(small, slate, center, top)), vg.Point{X: axis, Y: c.Center().Y}, what)
	for _, t := range maps.ticksY() {
		write(c, tickY, vg.Point{X: c.Min.X - 4, Y: maps.at(t.value)}, t.label)
	}
	if fired == 0 {
		note(c, "nothing fired")
		return
	}
	place := func(i int) vg.Point {
		x := steps.at(float64(l.First[i]))
		if l.Cols > 1 {
			x += wide * .8 * vg.Length((float64(i%l.Cols)+.5)/float64(l.Cols)-.5)
		}
		return vg.Point{X: x, Y: c.Min.Y + (c.Max.Y-c.Min.Y)*vg.Length((float64(i)+.5)/float64(len(l.First)))}
	}
	if fired <= 600 {
		var dots vg.Path
		radius := max(1.1, min(2, (c.Max.Y-c.Min.Y)/vg.Length(len(l.First))*.4))
		for i, step := range l.First {
			if step >= 0 {
				addDot(&dots, place(i), radius)
			}
		}
		c.SetColor(blue)
		c.Fill(dots)
		return
	}
	drawCrowd(c, l, place)
}

// drawCrowd draws many spikes as an image of small dots, for a file would grow
// with each dot that is drawn as such.
func drawCrowd(c draw.Canvas, l Layer, place func(int) vg.Point) {
	const side = 2 * step
	cols, rows := int((c.Max.X-c.Min.X)/side)+1, int((c.Max.Y-c.Min.Y)/side)+1
	dots := image.NewPaletted(image.Rect(0, 0, cols, rows), color.Palette{color.Transparent, blue})
	for i, first := range l.First {
		if first >= 0 {
			at := place(i)
			dots.SetColorIndex(int((at.X-c.Min.X)/side), rows-1-int((at.Y-c.Min.Y)/side), 1)
		}
	}
	size := vg.Point{X: side * vg.Length(cols), Y: side * vg.Length(rows)}
	c.DrawImage(vg.Rectangle{Min: c.Min, Max: c.Min.Add(size)}, dots)
}
