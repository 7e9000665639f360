package lab

import (
	"fmt"

	"firstspike/inspect"
	"firstspike/spike"
)

// A Neuron is why one neuron fired, or did not.
type Neuron struct {
	Layer     string  `json:"layer"`
	Map       int     `json:"map"`
	Row       int     `json:"row"`
	Col       int     `json:"col"`
	Class     int     `json:"class"`     // in the last layer the class it stands for; -1: none
	Step      int     `json:"step"`      // of its first spike; 255: silent
	Potential float64 `json:"potential"` // at that spike, in units of weights; 0 if silent
	AtEnd     bool    `json:"at_end"`    // it fires at the last step if its potential is above 0
	Threshold float64 `json:"threshold"` // in units of weights; 0 if AtEnd
	Fires     string  `json:"fires"`     // ">": above the threshold, ">=": at it or above

	// The potential after every step, in units of weights, as if the neuron went
	// on after its spike. What the arrivals up to a step add is exactly this.
	Potentials []float64 `json:"potentials"`
	Arrivals   []Arrival `json:"arrivals"` // in the order of steps, then row, column, map

	Field   Box     `json:"field"`   // its receptive field in the image
	Kernel  Kernel  `json:"kernel"`  // the weights of its map
	Feature Feature `json:"feature"` // what its map looks for
}

// An Arrival is a spike that reaches a neuron. Map, Row and Col are those of the
// input that fired: a neuron of the input, or of what the layer before hands on
// after pooling.
type Arrival struct {
	Map    int     `json:"map"`
	Row    int     `json:"row"`
	Col    int     `json:"col"`
	Step   int     `json:"step"`
	Weight float64 `json:"weight"` // as it is added to the potential: the learned one, rounded to the layer's unit
}

// A Box is a rectangle of pixels. It may reach beyond the image, where padding
// is: Row and Col may be below 0.
type Box struct {
	Row  int `json:"row"`
	Col  int `json:"col"`
	Rows int `json:"rows"`
	Cols int `json:"cols"`
}

// A Kernel is the weights of a map, in the order input map, row, column.
type Kernel struct {
	Inputs  int       `json:"inputs"` // maps
	Rows    int       `json:"rows"`
	Cols    int       `json:"cols"`
	Lower   float64   `json:"lower"` // the bounds that learning holds weights within
	Upper   float64   `json:"upper"`
	Weights []float32 `json:"weights"`
}

// A Feature is what a map looks for, in pixels: light where a value is positive,
// dark where it is negative. The largest magnitude is 1. See [inspect.Features].
type Feature struct {
	Rows   int       `json:"rows"`
	Cols   int       `json:"cols"`
	Values []float32 `json:"values"` // row by row
}

// Neuron tells what one neuron of a layer, given by its name, did with an image.
func (l *Lab) Neuron(pixels []byte, layer string, fm, row, col int) (Neuron, error) {
	road, err := l.walk(pixels)
	if err != nil {
		return Neuron{}, err
	}
	depth, err := l.depth(layer)
	if err != nil {
		return Neuron{}, err
	}
	c := l.model.Network.Layers[depth].Convolution
	out := c.Out()
	if fm < 0 || fm >= out.Maps || row < 0 || row >= out.Rows || col < 0 || col >= out.Cols {
		return Neuron{}, fmt.Errorf("layer %s has no neuron in map %d, row %d, column %d: its shape is %v", layer, fm, row, col, out)
	}
	at := spike.Neuron{Map: fm, Row: row, Col: col}
	n := Neuron{Layer: layer, Map: fm, Row: row, Col: col, Class: None, Fires: string(c.Fires),
		Step: int(road.Stations[depth].First.Step(fm, row, col)), Potential: road.Stations[depth].Potential[out.Index(fm, row, col)],
		Potentials: road.Potentials(depth, at), Field: Box(inspect.Field(l.model, depth, at))}
	if n.Threshold, n.AtEnd = threshold(c); !n.AtEnd {
		n.Threshold = c.ThresholdOf(fm)
	}
	if depth == l.last() {
		n.Class = l.model.Class(at)
	}
	for _, a := range road.Arrivals(depth, at) {
		n.Arrivals = append(n.Arrivals, Arrival{a.Map, a.Row, a.Col, int(a.Step), c.Potential(a.Weight)})
	}
	n.Kernel = l.kernel(depth, fm)
	n.Feature = l.feature(depth, fm)
	return n, nil
}

// Map is what a map of a layer has learned, without any image: its weights, and
// what it looks for.
func (l *Lab) Map(layer string, fm int) (Kernel, Feature, error) {
	depth, err := l.depth(layer)
	if err != nil {
		return Kernel{}, Feature{}, err
	}
	if c := l.model.Network.Layers[depth]; fm < 0 || fm >= c.Maps {
		return Kernel{}, Feature{}, fmt.Errorf("layer %s has no map %d: it has %d", layer, fm, c.Maps)
	}
	return l.kernel(depth, fm), l.feature(depth, fm), nil
}

func (l *Lab) kernel(depth, fm int) Kernel {
	c, learn := l.model.Network.Layers[depth].Convolution, l.model.Experiment.Layers[depth].Learn
	return Kernel{c.In.Maps, c.Kernel.Rows, c.Kernel.Cols, learn.Lower, learn.Upper, append([]float32(nil), c.Weight(fm)...)}
}

func (l *Lab) feature(depth, fm int) Feature {
	f := l.viewer.Feature(depth, fm)
	return Feature{f.Rows, f.Cols, f.Values}
}
