package lab

import (
	"errors"
	"fmt"
	"slices"

	"firstspike/encode"
	"firstspike/inspect"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A Lab is a trained network to play with. It owns a copy: whatever is set or
// taught, the model that it was made of stays as it is. A Lab has working
// memory of its own, so that only one goroutine may use it at a time.
//
// Pixels are those of one image, rows x cols bytes of the network's own size,
// row by row, 0 to 255, light on dark; [Lab.Image] makes them of any picture.
// Every method that takes some refuses another number of them.
type Lab struct {
	// Adaptation scales the rates of [Lab.Teach] and counts its outcomes. At
	// first its factors are 1 and stay so. A training's own goes on from
	// train.State.Adaptation.
	Adaptation snn.Adaptation

	model    *train.Model
	came     train.Experiment // as it was when the lab was made
	encoder  *encode.Encoder
	follower *inspect.Follower
	viewer   *inspect.Viewer

	predictor *train.Predictor // nil: the last layer has changed since
	pass      snn.Pass
	scratch   snn.Scratch
	spikes    spike.Map
	events    spike.Events
	best      []spike.Spike
	classes   []spike.Spike
	winners   []spike.Spike

	road *inspect.Road // of the pixels in followed; nil: none
	of   []byte

	before *Lab // with the network before training; nil: nobody has asked

	thresholds [][]float64 // of every layer's maps as they came; nil: they have that of the layer

	lessons []lesson
	given   []Lesson          // those of Assume and Answer
	assumed map[string]string // the settings of Assume; nil: others have been set since
}

// New returns a lab with a copy of a network, with its thresholds and what its
// maps stand for. It fails if the experiment has faults, for a network that is
// read by a linear SVM, as what a lab tells of decisions is about first spikes,
// and for one that takes recordings, as a lab shows pictures.
func New(m *train.Model) (*Lab, error) {
	if m.Experiment.Readout.Rule == train.ReadoutSVM {
		return nil, errors.New("this network decides by a linear SVM, not by its first spike, so nothing here can say why; test, predict and plot work with it")
	}
	if m.Experiment.Encode.Recordings() {
		return nil, errors.New("this network takes recordings by an event camera, and here it would be shown pictures; test, plot and report work with it")
	}
	own := &train.Model{Experiment: m.Experiment.Clone(), Decision: slices.Clone(m.Decision), State: m.State, Range: m.Range}
	var err error
	if own.Network, err = own.Experiment.Network(); err != nil {
		return nil, err
	}
	for i, l := range m.Network.Layers {
		own.Network.Layers[i].SetThreshold(l.Threshold)
		own.Experiment.Layers[i].Threshold = l.Threshold
		if err := own.Network.Layers[i].SetThresholds(l.Thresholds()); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
		if err := own.Network.Layers[i].SetWeights(l.Weights()); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
	}
	out := own.Network.Layers[len(own.Network.Layers)-1].Convolution.Out()
	if n := len(own.Decision); n != out.Maps && n != out.Neurons() {
		return nil, fmt.Errorf("the classes of %d maps or neurons are given; the last layer has %d maps and %d neurons", n, out.Maps, out.Neurons())
	}
	for i, class := range own.Decision {
		if class < None || class >= own.Experiment.Data.Classes {
			return nil, fmt.Errorf("map or neuron %d stands for class %d; the classes are 0 to %d", i, class, own.Experiment.Data.Classes-1)
		}
	}
	l := &Lab{Adaptation: snn.NewAdaptation(0), model: own, came: own.Experiment.Clone()}
	for _, layer := range m.Network.Layers {
		l.thresholds = append(l.thresholds, layer.Thresholds())
	}
	if l.viewer, err = inspect.NewViewer(own); err != nil {
		return nil, err
	}
	return l, l.follow()
}

// follow makes anew what depends on the encoding, the steps and the thresholds.
func (l *Lab) follow() (err error) {
	if l.encoder, err = l.model.Encoder(); err != nil {
		return err
	}
	l.follower, err = inspect.NewFollower(l.model)
	l.changed()
	return err
}

// changed forgets what the network as it was has answered.
func (l *Lab) changed() { l.predictor, l.road = nil, nil }

// check reports pixels that are not those of one image.
func (l *Lab) check(pixels []byte) error {
	d := l.model.Experiment.Data
	if len(pixels) != d.Rows*d.Cols {
		return fmt.Errorf("%d pixels; the network takes images of %dx%d, which are %d", len(pixels), d.Rows, d.Cols, d.Rows*d.Cols)
	}
	return nil
}

// last is the depth of the last layer.
func (l *Lab) last() int { return len(l.model.Network.Layers) - 1 }

// depth is that of a layer, given by its name.
func (l *Lab) depth(layer string) (int, error) {
	var names []string
	for i, x := range l.model.Network.Layers {
		if x.Name == layer {
			return i, nil
		}
		names = append(names, x.Name)
	}
	return 0, fmt.Errorf("there is no layer %q; %s", layer, train.Nearest(layer, names))
}

// A Network is what there is to know of the network before it is asked
// anything.
type Network struct {
	Name      string  `json:"name"` // of the experiment
	Rows      int     `json:"rows"` // of an image, in pixels
	Cols      int     `json:"cols"`
	Classes   int     `json:"classes"` // they are 0 to Classes-1
	Steps     int     `json:"steps"`   // of time; a step is 0 to Steps-1
	Inputs    Shape   `json:"inputs"`  // of the spikes that images become
	Layers    []Layer `json:"layers"`
	Stands    []int   `json:"stands"`    // the class of every map of the last layer, or of every neuron, in the order map, row, column; -1: none
	ByMap     bool    `json:"by_map"`    // whether Stands has an entry for every map
	Teachable bool    `json:"teachable"` // whether [Lab.Teach] can do anything: the last layer learns by reward
	Lessons   int     `json:"lessons"`   // how many can be undone
}

// A Shape is the extent of a layer of neurons.
type Shape struct {
	Maps int `json:"maps"`
	Rows int `json:"rows"`
	Cols int `json:"cols"`
}

// A Layer is a convolution and the pooling behind it.
type Layer struct {
	Name       string  `json:"name"`
	Neurons    Shape   `json:"neurons"`
	Pooled     Shape   `json:"pooled"` // what it hands on; without pooling the same
	KernelRows int     `json:"kernel_rows"`
	KernelCols int     `json:"kernel_cols"`
	Stride     int     `json:"stride"`
	Pad        int     `json:"pad"`
	Window     int     `json:"window"`    // of the pooling, rows and columns; 0: none
	Repeats    bool    `json:"repeats"`   // a pooled neuron can fire more than once
	AtEnd      bool    `json:"at_end"`    // the threshold is infinite: neurons fire at the last step if their potential is above 0
	Threshold  float64 `json:"threshold"` // in units of weights; 0 if AtEnd
	Fires      string  `json:"fires"`     // ">": above the threshold, ">=": at it or above
	Lower      float64 `json:"lower"`     // the bounds of the weights
	Upper      float64 `json:"upper"`
}

func shape(s spike.Shape) Shape { return Shape(s) }

// threshold is that of a layer, for JSON, which has no infinity.
func threshold(c *snn.Convolution) (t float64, atEnd bool) {
	if c.AtEnd() {
		return 0, true
	}
	return c.Threshold, false
}

// raise gives a layer another threshold. Maps that came with one each keep
// their distance from that of the layer.
func (l *Lab) raise(depth int, t float64) error {
	layer := l.model.Network.Layers[depth]
	layer.SetThreshold(t)
	own := slices.Clone(l.thresholds[depth])
	for m := range own {
		own[m] = max(own[m]+t-l.came.Layers[depth].Threshold, layer.Unit())
	}
	return layer.SetThresholds(own)
}

// Network describes the network as it is.
func (l *Lab) Network() Network {
	e := l.model.Experiment
	n := Network{Name: e.Name, Rows: e.Data.Rows, Cols: e.Data.Cols, Classes: e.Data.Classes, Steps: e.Encode.Steps, Inputs: shape(l.encoder.Shape()),
		Stands: slices.Clone([]int(l.model.Decision)), Teachable: teachable(e.Layers[l.last()].Learn), Lessons: len(l.lessons)}
	for i, x := range l.model.Network.Layers {
		t, atEnd := threshold(x.Convolution)
		n.Layers = append(n.Layers, Layer{Name: x.Name, Neurons: shape(x.Convolution.Out()), Pooled: shape(x.Pooled()),
			KernelRows: x.Kernel.Rows, KernelCols: x.Kernel.Cols, Stride: max(x.Stride, 1), Pad: x.Pad, Window: x.Pool.Window, Repeats: x.Pool.Repeats,
			AtEnd: atEnd, Threshold: t, Fires: string(x.Fires), Lower: e.Layers[i].Learn.Lower, Upper: e.Layers[i].Learn.Upper})
	}
	n.ByMap = len(n.Stands) == n.Layers[l.last()].Neurons.Maps
	return n
}
