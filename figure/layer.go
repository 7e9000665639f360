package figure

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Layer is what the neurons of a layer did with one image.
type Layer struct {
	Name             string
	Maps, Rows, Cols int

	// First is the step of each neuron's first spike, Maps*Rows*Cols of them
	// in the order map, row, column; negative: silent.
	First []int
}

// Limits of a layer and of a raster.
const (
	maxSteps   = 1000
	maxNeurons = 1 << 20
	maxLayers  = 64
)

func checkSteps(steps int) error {
	if steps < 1 || steps > maxSteps {
		return fmt.Errorf("Steps is %d; choose from 1 to %d", steps, maxSteps)
	}
	return nil
}

func (l Layer) check(steps int) error {
	if l.Maps < 0 || l.Rows < 0 || l.Cols < 0 || l.Maps > maxNeurons || l.Rows > maxNeurons || l.Cols > maxNeurons {
		return fmt.Errorf("%d maps of %d x %d; each can be from 0 to %d", l.Maps, l.Rows, l.Cols, maxNeurons)
	}
	if int64(l.Maps)*int64(l.Rows)*int64(l.Cols) > maxNeurons {
		return fmt.Errorf("%d maps of %d x %d; there can be %d neurons", l.Maps, l.Rows, l.Cols, maxNeurons)
	}
	if n := l.Maps * l.Rows * l.Cols; len(l.First) != n {
		return fmt.Errorf("First has %d steps for %d neurons", len(l.First), n)
	}
	for i, step := range l.First {
		if step >= steps {
			return fmt.Errorf("First[%d] is step %d; Steps is %d, so the last is %d", i, step, steps, steps-1)
		}
	}
	return nil
}

// counts is how many neurons fired at each step, and in all.
func (l Layer) counts(steps int) (at []int, all int) {
	at = make([]int, steps)
	for _, step := range l.First {
		if step >= 0 {
			at[step]++
			all++
		}
	}
	return at, all
}

// Latency shows when each neuron of a layer fired, map by map: what is dark
// fired early.
type Latency struct {
	Heading  string
	Steps    int // of a presentation; the last is Steps-1
	Layer    Layer
	Captions []string  // of the maps; nil: their numbers
	Columns  int       // maps in a row; 0: as many as are easily seen
	Width    vg.Length // 0: 525 points
}

// Title is Heading.
func (l Latency) Title() string { return l.Heading }

// Check returns the first fault of the data, or nil: see [Figure].
func (l Latency) Check() error {
	if err := checkSteps(l.Steps); err != nil {
		return err
	}
	if err := l.Layer.check(l.Steps); err != nil {
		return fmt.Errorf("Layer: %w", err)
	}
	if l.Captions != nil && len(l.Captions) != l.Layer.Maps {
		return fmt.Errorf("%d Captions for %d maps", len(l.Captions), l.Layer.Maps)
	}
	return l.sheet().Check()
}

// Size is the room that the figure takes: see [Figure].
func (l Latency) Size() (w, h vg.Length) {
	if l.Check() != nil {
		return Sheet{Heading: l.Heading}.Size()
	}
	return l.sheet().Size()
}

// sheet is the sheet of a layer without faults: its values are steps, and its
// blanks what is silent.
func (l Latency) sheet() Sheet {
	s := Sheet{Heading: l.Heading, Scale: early, High: float32(l.Steps - 1), Legend: "step of the first spike", Columns: l.Columns, Width: l.Width}
	size := l.Layer.Rows * l.Layer.Cols
	if size == 0 {
		return s
	}
	maps := make([]Image, l.Layer.Maps)
	for i := range maps {
		values := make([]float32, size)
		for j, first := range l.Layer.First[i*size : (i+1)*size] {
			values[j] = float32(first)
			if first < 0 {
				values[j] = float32(math.NaN())
			}
		}
		maps[i] = Image{Caption: strconv.Itoa(i), Rows: l.Layer.Rows, Cols: l.Layer.Cols, Values: values}
		if l.Captions != nil {
			maps[i].Caption = l.Captions[i]
		}
	}
	s.Groups = []Group{{Images: maps}}
	return s
}

// Draw draws the figure: see [Figure].
func (l Latency) Draw(c draw.Canvas) {
	if l.Check() != nil {
		begin(c, l, false, "")
		return
	}
	l.sheet().draw(c, "no neurons", func(k *key) {
		k.levels, k.empty, k.emptyColor = l.Steps, "silent", pale
		if _, fired := l.Layer.counts(l.Steps); fired == 0 {
			k.empty = "silent: nothing fired"
		}
	})
}
