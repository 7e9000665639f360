package nir

import (
	"errors"
	"fmt"
	"math"

	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
	"firstspike/train"
)

// New makes the graph of a network. Its nodes are, with the name of a layer in
// place of s1:
//
//	input         Input      the first spikes of an image
//	s1_conv       Conv2d     what the spikes of a step bring
//	s1_current    I          of a layer with ramps: what a step adds to potentials
//	s1_fire       IF         the neurons
//	s1_window     SumPool2d  the spikes of every window that is pooled
//	s1_pool       IF         the pooled neurons
//	s1_potential  I          of the last layer: potentials, which decide or settle ties
//	output        Output     what decides: spikes, or potentials if the last layer waits
//	potential     Output     where spikes decide: the potentials
//
// A last layer whose kernel is not square has s1_flat, a Flatten, and s1_weights,
// a Linear, in place of the Conv2d. A linear SVM is svm_flat, a Flatten; svm_time,
// an I, if features are latencies; svm_weights, an Affine; and svm_score, an I,
// which decides. There the Output spikes tells whether any neuron fired.
//
// The error lists everything in the network for which NIR has no node and no
// exact construction.
func New(m *train.Model) (*Graph, error) {
	if err := expressible(m); err != nil {
		return nil, err
	}
	experiment, err := m.Experiment.TOML()
	if err != nil {
		return nil, err
	}
	in := m.Network.Layers[0].In
	b := builder{steps: m.Network.Steps}
	b.add("input", "Input", note("First spikes of the encoded image, channels x rows x columns: 1 at the step at which an input fires, 0 at all others. The encoding is the table encode of the graph's experiment."),
		ints("shape", in.Maps, in.Rows, in.Cols))
	b.Metadata = Metadata{
		Text: map[string]string{
			"source":     fmt.Sprintf("firstspike: %s, a network of neurons that fire at most once", m.Experiment.Name),
			"experiment": string(experiment),
			"time": fmt.Sprintf("Discrete: %d steps, 0 to %d, of dt 1. In each the input's spikes of that step pass along the edges through all nodes, without delay. "+
				"I and IF begin at 0 and add r times what comes in; IF then gives 1 where v > v_threshold, and sets v to v_reset there. Every image begins anew.", b.steps, b.steps-1),
			"arithmetic": "Weights are multiples of their layer's unit, a power of two, and exact in float32. Their sums are exact in float64, in which decisions are those of firstspike; in float32 they may be rounded.",
			"missing": "NIR has no node for: the encoding of images (see experiment); steps (see time); neurons that fire at most once (each is an IF whose v_reset is too low to fire again within the steps); " +
				"pooling by the earliest spike (a SumPool2d, which counts spikes, and an IF that fires at the first); the decision (see decision, and classes).",
		},
		Numbers: []tensorfile.Tensor{scalar("steps", int64(b.steps)), scalar("dt", 1.0)},
	}
	if r := m.Range; r != nil {
		b.Metadata.Text["range"] = "input_low and input_high: the range of every input's intensities, found in the training images, for the encoding."
		b.Metadata.Numbers = append(b.Metadata.Numbers, major("input_low", in, r.Low), major("input_high", in, r.High))
	}
	last := len(m.Network.Layers) - 1
	for _, l := range m.Network.Layers[:last] {
		b.drive(l)
		b.fire(l)
		b.pool(l, l.Pool)
	}
	l := m.Network.Layers[last]
	switch {
	case m.Experiment.Readout.Rule == train.ReadoutSVM:
		b.svm(l, m)
		return &b.Graph, nil
	case l.AtEnd():
		b.drive(l)
		b.integrator(l.Name+"_potential", shape(l), "Potentials. The threshold of these neurons is infinite: they wait, and fire at the last step if their potential is above 0.", scalar("threshold", l.Threshold))
		b.output("output", l, "Potentials of the last layer. Only those after the last step count.")
		b.Metadata.Text["decision_kind"] = "highest potential"
		b.Metadata.Text["decision"] = "The neuron with the highest potential in output after the last step decides, of equal ones the first in the order map, row, column; its class is in classes. If no potential is above 0 there is no decision."
	default:
		drive := b.drive(l)
		b.fire(l)
		b.output("output", l, "Spikes of the last layer.")
		b.at = drive
		b.integrator(l.Name+"_potential", shape(l), "Potentials that no spike resets.")
		b.output("potential", l, "Potentials of the last layer, to settle ties between neurons that fire in the same step.")
		b.Metadata.Text["decision_kind"] = "first spike"
		b.Metadata.Text["decision"] = "The neuron that fires first in output decides; of several in the same step that with the highest potential in potential at that step, of equal ones the first in the order map, row, column; its class is in classes. If no neuron fires there is no decision."
	}
	b.Metadata.Text["classes_of"] = "classes: the class of every map of the last layer, or, if there are more of them than maps, of every neuron, in the order map, row, column; -1: of none, and no decision."
	b.Metadata.Numbers = append(b.Metadata.Numbers, ints("classes", m.Decision...))
	return &b.Graph, nil
}

// expressible reports everything in a network that has no counterpart in NIR.
func expressible(m *train.Model) error {
	var faults []error
	refuse := func(l snn.Layer, format string, args ...any) {
		faults = append(faults, fmt.Errorf("layer %s: %s", l.Name, fmt.Sprintf(format, args...)))
	}
	last := len(m.Network.Layers) - 1
	svm := m.Experiment.Readout.Rule == train.ReadoutSVM
	for i, l := range m.Network.Layers {
		if l.Pointwise {
			refuse(l, "pointwise inhibition while it responds (layers.%s.pointwise): NIR has no node in which the neurons of a position compare their potentials within a step", l.Name)
		}
		if l.AtEnd() && (i < last || svm) {
			refuse(l, "an infinite threshold, and others read its spikes: NIR has no node that knows the last step; give it a threshold (layers.%s.threshold)", l.Name)
		}
		if l.Kernel.Rows != l.Kernel.Cols && !(i == last && !svm && whole(l)) {
			refuse(l, "a kernel of %v: the package nir takes kernels for square when it computes shapes; only the last layer may have another, and only if it is as large as its input, without padding", l.Kernel)
		}
	}
	if svm && m.SVM == nil {
		faults = append(faults, errors.New("the linear SVM that decides is not learned yet: let the training end"))
	}
	return errors.Join(faults...)
}

// whole reports whether a layer's kernel is as large as its input.
func whole(l snn.Layer) bool {
	return l.Pad == 0 && l.Kernel == snn.Size{Rows: l.In.Rows, Cols: l.In.Cols}
}

// A builder adds node after node, each behind the one before.
type builder struct {
	Graph
	at    string // the node that the next one reads
	steps int
}

// add adds a node that reads the one before.
func (b *builder) add(name, kind string, m Metadata, parameters ...tensorfile.Tensor) {
	if b.at != "" {
		b.Edges = append(b.Edges, Edge{b.at, name})
	}
	b.Nodes = append(b.Nodes, Node{name, kind, parameters, m})
	b.at = name
}

// drive adds the nodes that give what a step adds to the potentials of a layer, and
// returns the name of the last of them.
func (b *builder) drive(l snn.Layer) string {
	var weights []float32
	for m := range l.Maps {
		for _, q := range l.Quanta(m) {
			weights = append(weights, float32(l.Potential(q)))
		}
	}
	about := note("Weights as they are summed, in multiples of unit.", scalar("unit", l.Unit()))
	if l.Kernel.Rows == l.Kernel.Cols {
		stride := max(l.Stride, 1)
		b.add(l.Name+"_conv", "Conv2d", about,
			ints("input_shape", l.In.Rows, l.In.Cols),
			tensor("weight", []int{l.Maps, l.In.Maps, l.Kernel.Rows, l.Kernel.Cols}, weights),
			ints("stride", stride, stride), ints("padding", l.Pad, l.Pad), ints("dilation", 1, 1), scalar("groups", int64(1)),
			tensor("bias", []int{l.Maps}, make([]float32, l.Maps)))
	} else {
		b.flatten(l.Name+"_flat", l.In)
		b.add(l.Name+"_weights", "Linear", about, tensor("weight", []int{l.Maps, l.Synapses()}, weights))
	}
	if l.Ramp {
		b.integrator(l.Name+"_current", shape(l), "What every step adds to the potentials: an input adds its weight at every step from its spike on (ramp).")
	}
	return b.at
}

// shape is the shape of a layer's neurons in the graph.
func shape(l snn.Layer) []int {
	if l.Kernel.Rows != l.Kernel.Cols {
		return []int{l.Maps}
	}
	return extent(l.Convolution.Out())
}

func extent(s spike.Shape) []int { return []int{s.Maps, s.Rows, s.Cols} }

func (b *builder) flatten(name string, in spike.Shape) {
	b.add(name, "Flatten", Metadata{}, ints("input_type", extent(in)...), scalar("start_dim", int64(0)), scalar("end_dim", int64(-1)))
}

// integrator adds an I.
func (b *builder) integrator(name string, shape []int, what string, numbers ...tensorfile.Tensor) {
	b.add(name, "I", note(what, numbers...), tensor("r", shape, fill(shape, float32(1))))
}

// fire adds the neurons of a layer behind its drive.
func (b *builder) fire(l snn.Layer) {
	out := l.Convolution.Out()
	limits, thresholds := make([]float64, 0, out.Neurons()), make([]float64, l.Maps)
	for m := range l.Maps {
		thresholds[m] = l.ThresholdOf(m)
		for range out.Positions() {
			limits = append(limits, limit(l, m))
		}
	}
	fires := l.Fires
	if fires == "" {
		fires = snn.Above
	}
	about := note("Neurons that fire once. v_threshold is the highest potential that does not fire, a multiple of the unit; threshold is the layer's own, one a map, and fires how a potential passes it. "+
		"From v_reset the weights above 0 of all inputs do not lead above v_threshold again.", tensor("threshold", []int{l.Maps}, thresholds))
	about.Text["fires"] = string(fires)
	b.spiking(l.Name+"_fire", shape(l), about, limits, reset(l, b.steps))
}

// spiking adds an IF.
func (b *builder) spiking(name string, shape []int, about Metadata, limits []float64, reset float64) {
	r, v := fill(shape, 1.), fill(shape, reset)
	for _, x := range append(limits[:len(limits):len(limits)], reset) {
		if float64(float32(x)) != x {
			about.Text["dtype"] = "float64, as float32 does not hold all of v_threshold and v_reset."
			b.add(name, "IF", about, tensor("r", shape, r), tensor("v_threshold", shape, limits), tensor("v_reset", shape, v))
			return
		}
	}
	b.add(name, "IF", about, tensor("r", shape, narrow(r)), tensor("v_threshold", shape, narrow(limits)), tensor("v_reset", shape, narrow(v)))
}

// limit is the highest potential of a map that does not fire.
func limit(l snn.Layer, m int) float64 {
	t := l.ThresholdOf(m) / l.Unit()
	if l.Fires == snn.AtLeast {
		return (math.Ceil(t) - 1) * l.Unit()
	}
	return math.Floor(t) * l.Unit()
}

// reset is a power of two, below 0, from which the potentials of a layer do not
// rise above 0 whatever fires in so many steps. No limit is lower than that.
func reset(l snn.Layer, steps int) float64 {
	highest := 0
	for m := range l.Maps {
		sum := 0
		for _, q := range l.Quanta(m) {
			sum += max(int(q), 0)
		}
		highest = max(highest, sum)
	}
	highest *= max(l.Most, 1)
	if l.Ramp {
		highest *= steps
	}
	power := 1.
	for power < float64(highest) {
		power *= 2
	}
	return -power * l.Unit()
}

// pool adds the pooling of a layer.
func (b *builder) pool(l snn.Layer, p spike.Pool) {
	if p.Window == 0 {
		return
	}
	b.add(l.Name+"_window", "SumPool2d", note("How many neurons of each window fire in a step."),
		ints("kernel_size", p.Window, p.Window), ints("stride", p.Apart(), p.Apart()), ints("padding", p.Pad, p.Pad))
	about, reset := note("Pooled neurons: each fires once, when the first neuron of its window does. From v_reset the others of the window do not lead above v_threshold."), -float64(p.Window*p.Window)
	if p.Repeats {
		about, reset = note("Pooled neurons that repeat: each fires at every step at which a neuron of its window does."), 0
	}
	pooled := extent(l.Pooled())
	b.spiking(l.Name+"_pool", pooled, about, fill(pooled, .5), reset)
}

// output ends a branch.
func (b *builder) output(name string, l snn.Layer, what string) {
	b.add(name, "Output", note(what), ints("shape", shape(l)...))
}

// svm adds a last layer and the linear SVM that reads it.
func (b *builder) svm(l snn.Layer, m *train.Model) {
	b.drive(l)
	b.fire(l)
	p := l.Pool
	p.Repeats = false // it reads first spikes
	b.pool(l, p)
	read := b.at
	v := m.SVM
	b.add("spikes", "Output", note("Spikes that the linear SVM reads. If there are none, there is no decision."), ints("shape", extent(v.Shape)...))
	b.at = read
	b.flatten("svm_flat", v.Shape)
	n := v.Shape.Neurons()
	part := 1. // of a weight that is added in a step
	if v.Steps > 0 {
		part = 1 / float64(v.Steps)
		b.integrator("svm_time", []int{n}, "1 from the spike on, so that an input adds a part of its weight at as many steps as are left.")
	}
	weights, bias := make([]float64, v.Classes*n), make([]float64, v.Classes)
	for c := range v.Classes {
		bias[c] = float64(v.Bias[c]) / float64(b.steps)
		for i := range n {
			at := v.Shape.Neuron(i%v.Shape.Maps, i/v.Shape.Maps)
			weights[c*n+v.Shape.Major(at.Map, at.Row, at.Col)] = float64(float64(v.Weights[i*v.Classes+c]) * part)
		}
	}
	b.add("svm_weights", "Affine", note("The linear SVM, a row for each class. The bias is shared out among the steps, and so are weights if features are latencies, 1 - step/steps.", tensor("svm_bias", []int{v.Classes}, v.Bias)),
		tensor("weight", []int{v.Classes, n}, weights), tensor("bias", []int{v.Classes}, bias))
	b.integrator("svm_score", []int{v.Classes}, "Scores of the classes, complete after the last step.")
	b.add("output", "Output", note("Scores of the classes. Only those after the last step count."), ints("shape", v.Classes))
	b.Metadata.Text["decision_kind"] = "linear SVM"
	b.Metadata.Text["decision"] = "The class with the highest score in output after the last step, of equal ones the first. If no neuron has fired in spikes there is no decision."
}

// note is metadata that says what a node is.
func note(what string, numbers ...tensorfile.Tensor) Metadata {
	return Metadata{Text: map[string]string{"what": what}, Numbers: numbers}
}

// tensor is a tensor whose shape fits its values.
func tensor[T tensorfile.Element](name string, shape []int, values []T) tensorfile.Tensor {
	t, err := tensorfile.From(name, shape, values)
	if err != nil {
		panic(fmt.Sprintf("nir: %s: %v", name, err))
	}
	return t
}

func scalar[T int64 | float64](name string, v T) tensorfile.Tensor {
	return tensor(name, nil, []T{v})
}

func ints(name string, v ...int) tensorfile.Tensor {
	w := make([]int64, len(v))
	for i, x := range v {
		w[i] = int64(x)
	}
	return tensor(name, []int{len(w)}, w)
}

// major is a tensor of values that are in memory order, maps fastest.
func major(name string, s spike.Shape, values []float32) tensorfile.Tensor {
	v := make([]float32, len(values))
	for i, x := range values {
		n := s.Neuron(i%s.Maps, i/s.Maps)
		v[s.Major(n.Map, n.Row, n.Col)] = x
	}
	return tensor(name, extent(s), v)
}

// fill is as many times v as a shape has elements.
func fill[T any](shape []int, v T) []T {
	n := 1
	for _, d := range shape {
		n *= d
	}
	all := make([]T, n)
	for i := range all {
		all[i] = v
	}
	return all
}

// narrow is what float32 holds without rounding.
func narrow(v []float64) []float32 {
	w := make([]float32, len(v))
	for i, x := range v {
		w[i] = float32(x)
	}
	return w
}
