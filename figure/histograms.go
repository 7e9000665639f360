package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Histograms shows how values such as weights are spread, and how that changes
// with time: a line of cells for each epoch, downwards. The darker a cell, the
// more values are in its bin; the colours go with the logarithm.
type Histograms struct {
	Heading   string
	X         string  // what the values are; "": "weight"
	Low, High float64 // ends of the first and of the last bin
	Epochs    []int   // increasing; nil: 1, 2, 3 and so on
	Counts    [][]int // by epoch and bin, as many bins in each
	Width     vg.Length
}

// Limits of histograms.
const (
	maxEpochs = 4096
	maxBins   = 1024
)

// Title is Heading.
func (f Histograms) Title() string { return f.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (f Histograms) Check() error {
	if _, err := widthOr(f.Width); err != nil {
		return err
	}
	if len(f.Counts) == 0 {
		return nil
	}
	if err := checkRange(f.Low, f.High); err != nil {
		return err
	}
	if len(f.Counts) > maxEpochs {
		return fmt.Errorf("Counts has %d epochs; there can be %d, so leave some out", len(f.Counts), maxEpochs)
	}
	if f.Epochs != nil && len(f.Epochs) != len(f.Counts) {
		return fmt.Errorf("%d Epochs, and Counts has %d", len(f.Epochs), len(f.Counts))
	}
	for i := range f.Epochs {
		if i > 0 && f.Epochs[i] <= f.Epochs[i-1] {
			return fmt.Errorf("Epochs[%d] is %d after %d; it must increase", i, f.Epochs[i], f.Epochs[i-1])
		}
	}
	bins := len(f.Counts[0])
	if bins == 0 || bins > maxBins {
		return fmt.Errorf("Counts[0] has %d bins; there can be from 1 to %d", bins, maxBins)
	}
	for i, row := range f.Counts {
		if len(row) != bins {
			return fmt.Errorf("Counts[%d] has %d bins, and Counts[0] %d", i, len(row), bins)
		}
		for j, k := range row {
			if k < 0 {
				return fmt.Errorf("Counts[%d][%d] is %d; it cannot be negative", i, j, k)
			}
		}
	}
	return nil
}

// height is that of all lines: each has the same, and none is too thin to see.
func (f Histograms) height() vg.Length {
	line := max(step, min(14, vg.Length(math.Floor(260/float64(len(f.Counts))/step))*step))
	return line * vg.Length(len(f.Counts))
}

// Size is the room that the figure takes: see [Figure].
func (f Histograms) Size() (w, h vg.Length) {
	w, _ = widthOr(f.Width)
	h = headingDepth(f.Heading)
	if len(f.Counts) == 0 || f.Check() != nil {
		return w, h + noteDepth
	}
	return w, h + keyDepth + f.height() + tickDepth + nameDepth + 4
}

func (f Histograms) epoch(i int) int {
	if f.Epochs == nil {
		return i + 1
	}
	return f.Epochs[i]
}

// Draw draws the figure: see [Figure].
func (f Histograms) Draw(c draw.Canvas) {
	area, ok := begin(c, f, len(f.Counts) == 0, "no epochs")
	if !ok {
		return
	}
	most := 1
	for _, row := range f.Counts {
		for _, k := range row {
			most = max(most, k)
		}
	}
	// A single value must be told from none: the colours of counts begin at a
	// tenth of the scale.
	ofCount := func(k int) color.NRGBA {
		if k == 0 {
			return white
		}
		return Sequential.color(.12 + .88*math.Log(float64(k))/max(math.Log(float64(most)), 1))
	}
	area = key{
		name: "values in a bin (logarithmic)", low: "1", high: count(most), levels: 64, empty: "none", emptyColor: white,
		color: func(s float64) color.Color { return Sequential.color(.12 + .88*s) },
	}.draw(area)
	bins := len(f.Counts[0])
	cells := image.NewNRGBA(image.Rect(0, 0, bins, len(f.Counts)))
	for i, row := range f.Counts {
		for j, k := range row {
			cells.SetNRGBA(j, i, ofCount(k))
		}
	}
	panel := area
	panel.Min.X += tickY.Width(count(f.epoch(len(f.Counts)-1))) + 22
	panel.Max.X -= 8
	panel.Min.Y = panel.Max.Y - f.height()
	panel.DrawImage(panel.Rectangle, paletted(cells))
	outline(panel, panel.Rectangle)
	x := span{min: f.Low, max: f.High, from: panel.Min.X, to: panel.Max.X}
	name := f.X
	if name == "" {
		name = "weight"
	}
	x.drawX(panel, true, name)
	write(panel, upwards(style(small, slate, center, top)), vg.Point{X: area.Min.X, Y: panel.Center().Y}, "epoch")
	f.drawEpochs(panel)
}

// drawEpochs writes the epochs of the first line, the last, and of round
// places between them, where there is room.
func (f Histograms) drawEpochs(c draw.Canvas) {
	n := len(f.Counts)
	line := (c.Max.Y - c.Min.Y) / vg.Length(n)
	every := everyRound((small + 5) / line)
	label := func(i int) {
		y := c.Max.Y - line*(vg.Length(i)+.5)
		c.StrokeLine2(hairline, c.Min.X-3, y, c.Min.X, y)
		write(c, tickY, vg.Point{X: c.Min.X - 5, Y: y}, count(f.epoch(i)))
	}
	label(0)
	for i := 1; i < n-1; i++ {
		round := (i + 1) % every
		if f.Epochs != nil {
			round = i % every
		}
		if round == 0 && vg.Length(i)*line >= small+3 && vg.Length(n-1-i)*line >= small+3 {
			label(i)
		}
	}
	if vg.Length(n-1)*line >= small+2 {
		label(n - 1)
	}
}
