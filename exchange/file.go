package exchange

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"firstspike/snn"
	"firstspike/tensorfile"
	"firstspike/train"
)

// The metadata of a network, as train.Model.Write names them. In an npz file they are arrays of bytes.
const (
	experimentKey = "experiment"
	stateKey      = "state"
)

// maxTensors is how many tensors of a file are looked at. A network of many layers has hundreds.
const maxTensors = 1 << 12

// What stands before the weights that train.Model.Write adds of a training that goes on: those of the best epoch, and a sum.
var unfinished = []string{"best.", "sum."}

// contents is the tensors of a network, those of its layers' weights first, and its metadata.
func contents(m *train.Model) (*tensorfile.File, error) {
	whole := *m
	whole.Packed = nil
	if m.Experiment.Readout.Rule == train.ReadoutLabels && m.Decision != nil {
		whole.State.Labels = m.Decision // of the weights as they are, which may be those of an earlier epoch
	}
	var b bytes.Buffer
	if err := whole.Write(&b); err != nil {
		return nil, err
	}
	f, err := tensorfile.ReadSafetensors(&b)
	if err != nil {
		return nil, err
	}
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t tensorfile.Tensor) bool {
		return slices.ContainsFunc(unfinished, func(prefix string) bool { return strings.HasPrefix(t.Name, prefix) })
	})
	rank := func(t tensorfile.Tensor) int {
		i := slices.IndexFunc(m.Experiment.Layers, func(l train.Layer) bool { return t.Name == weightName(l.Name) })
		if i < 0 {
			i = len(m.Experiment.Layers)
		}
		return i
	}
	slices.SortStableFunc(f.Tensors, func(a, b tensorfile.Tensor) int { return rank(a) - rank(b) })
	return f, nil
}

func weightName(layer string) string { return layer + ".weight" }

// weightShape is the shape of a layer's weights: map, input map, row, column.
func weightShape(g snn.Geometry) []int {
	return []int{g.Maps, g.In.Maps, g.Kernel.Rows, g.Kernel.Cols}
}

// NPZ is a network as the arrays of an npz file: LAYER.weight, float32 [maps, input maps, rows, columns], for each layer; what
// else decides, as the safetensors files of this program name it; and experiment (TOML) and state (JSON) as bytes.
func NPZ(m *train.Model) (*tensorfile.File, error) {
	f, err := contents(m)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{experimentKey, stateKey} {
		text := []byte(f.Metadata[key])
		t, err := tensorfile.From(key, []int{len(text)}, text)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	f.Metadata = nil
	return f, nil
}

// Torch is a network as a PyTorch state dict, for [tensorfile.WriteTorch].
//
// If [SpykeTorch] reports that it is one of the kind, the state dict is that of SpykeTorch's MozafariDeep: max_ap, conv1.weight to
// conv3.weight, and for each of stdp1, stdp2, stdp3 and anti_stdp3 the learning rates of every map, ltp_N and ltd_N, and the
// layer's weights once more, shared, as conv_layer.weight. The rates are those that the network had last learned with: S1's and
// S2's after all doublings, S3's scaled by how right it was. Any other network's has LAYER.weight, as an npz file does.
func Torch(m *train.Model) (*tensorfile.File, error) {
	f, err := contents(m)
	if err != nil {
		return nil, err
	}
	f.Metadata = map[string]string{experimentKey: f.Metadata[experimentKey], stateKey: f.Metadata[stateKey]}
	e := m.Experiment
	if !SpykeTorch(e) {
		return f, nil
	}
	weights := f.Tensors[:3]
	others := slices.Clone(f.Tensors[3:])
	var list []tensorfile.Tensor
	scalar := func(name string, value float32) error {
		t, err := tensorfile.From(name, []int{1}, []float32{value})
		list = append(list, t)
		return err
	}
	weight := func(name string, layer int) {
		t := weights[layer]
		t.Name = name
		list = append(list, t)
	}
	if err := scalar(maxRate, float32(e.Layers[0].Learn.Doubling.Max)); err != nil {
		return nil, err
	}
	for i := range e.Layers {
		weight(fmt.Sprintf("conv%d.weight", i+1), i)
	}
	for _, rule := range rules(e) {
		r := rule.last(m)
		for k := range e.Layers[rule.layer].Maps {
			if err := scalar(fmt.Sprintf("%s.ltp_%d", rule.name, k), r.APlus); err != nil {
				return nil, err
			}
			if err := scalar(fmt.Sprintf("%s.ltd_%d", rule.name, k), r.AMinus); err != nil {
				return nil, err
			}
		}
		weight(rule.name+".conv_layer.weight", rule.layer)
	}
	f.Tensors = append(list, others...)
	return f, nil
}

// maxRate is the tensor of the rate at which the doubling stops.
const maxRate = "max_ap"

// SpykeTorch reports whether a network has what SpykeTorch's MozafariDeep has: three layers of which the first two learn by STDP,
// with rates that double up to the same, and the third by R-STDP. Whether load_state_dict takes it depends on its shapes.
func SpykeTorch(e train.Experiment) bool {
	if len(e.Layers) != 3 {
		return false
	}
	s1, s2, s3 := e.Layers[0].Learn, e.Layers[1].Learn, e.Layers[2].Learn
	return s1.Rule == train.RuleSTDP && s2.Rule == train.RuleSTDP && s3.Rule == train.RuleRSTDP && s1.Doubling.Max == s2.Doubling.Max
}

// A rule is one of the objects of SpykeTorch that hold the learning rates of a layer.
type rule struct {
	name          string
	layer         int
	punish        bool
	aPlus, aMinus *float64 // of the experiment
}

// rules are those that the layers of an experiment have by SpykeTorch's names.
func rules(e train.Experiment) []rule {
	var list []rule
	for i := range e.Layers {
		l := &e.Layers[i].Learn
		list = append(list, rule{fmt.Sprintf("stdp%d", i+1), i, false, &l.APlus, &l.AMinus})
		if l.Rule == train.RuleRSTDP {
			list = append(list, rule{fmt.Sprintf("anti_stdp%d", i+1), i, true, &l.Punish.APlus, &l.Punish.AMinus})
		}
	}
	return list
}

// last is the rates that a network had at the end of its training, as far as it tells.
func (r rule) last(m *train.Model) snn.Rates {
	e, s := m.Experiment, m.State
	l := e.Layers[r.layer].Learn
	rates := snn.Rates{APlus: float32(*r.aPlus), AMinus: float32(*r.aMinus)}
	if l.Rule != train.RuleRSTDP {
		images := s.Train.Images
		if e.Data.Limit > 0 {
			images = min(images, e.Data.Limit)
		}
		if e.Protocol.Kind == train.ProtocolValidation {
			images -= e.Protocol.Validation
		}
		switch {
		case s.Layer < r.layer || images <= 0: // it has not learned, or nobody knows for how long
			return rates
		case s.Layer == r.layer:
			return l.RatesAt(s.Epoch, max(1, s.Epoch*images+s.Image))
		}
		return l.RatesAt(l.Epochs-1, max(1, l.Epochs*images))
	}
	factor := s.Adaptation.RewardFactor
	if r.punish {
		factor = s.Adaptation.PunishFactor
	}
	if s.Layer != r.layer || l.Punish.Adapt == 0 || s.Adaptation == (snn.Adaptation{}) {
		factor = 1
	}
	return snn.Rates{APlus: float32(float64(rates.APlus) * factor), AMinus: float32(float64(rates.AMinus) * factor)}
}

// A Document is what [WriteJSON] writes. Weights are those of a float32, in as many digits as it takes to read the same again.
type Document struct {
	Format     string          `json:"format"`     // "firstspike network 1"
	Experiment string          `json:"experiment"` // all settings, as TOML
	State      json.RawMessage `json:"state"`      // where in its training the network was saved
	Steps      int             `json:"steps"`      // that an image takes; 0 is the first
	Input      [3]int          `json:"input"`      // what the first layer reads: maps, rows, columns
	Classes    int             `json:"classes"`
	Layers     []LayerDocument `json:"layers"`

	// Decides says how the last layer decides: "maps", its first spike, of the highest potential if there are several, and the
	// class of its map; "neurons", that of its neuron; "svm", a linear SVM reads it. A class of -1 is none.
	Decides  string           `json:"decides"`
	Decision []int            `json:"decision,omitempty"` // classes: of every map; or of every neuron, in the order map, row, column
	Others   []TensorDocument `json:"others,omitempty"`   // what else decides
}

// A LayerDocument is a layer: a convolution of neurons that fire once, and the earliest-spike pooling behind it.
type LayerDocument struct {
	Name       string         `json:"name"`
	In         [3]int         `json:"in"`     // maps, rows, columns
	Out        [3]int         `json:"out"`    // before pooling
	Pooled     [3]int         `json:"pooled"` // after it
	Kernel     [2]int         `json:"kernel"` // rows, columns
	Stride     int            `json:"stride"`
	Pad        int            `json:"pad"`        // silent inputs on every side
	Threshold  *float64       `json:"threshold"`  // null: infinite, fires at the last step if the potential is above 0
	Thresholds []float64      `json:"thresholds"` // of every map, in place of threshold; null: they have none of their own
	Fires      snn.Comparison `json:"fires"`      // ">" above the threshold, ">=" at it or above
	Unit       float64        `json:"unit"`       // a weight counts as the nearest multiple of it
	Pool       PoolDocument   `json:"pool"`
	Shape      []int          `json:"shape"`   // of the weights: maps, input maps, rows, columns
	Weights    []float32      `json:"weights"` // row-major: the column runs fastest
}

// A PoolDocument is earliest-spike pooling; window 0 is none.
type PoolDocument struct {
	Window  int  `json:"window"`
	Stride  int  `json:"stride"`
	Pad     int  `json:"pad"`
	Repeats bool `json:"repeats"`
}

// A TensorDocument is a tensor of numbers, row-major, under the name that it has in a safetensors file of this program.
type TensorDocument struct {
	Name   string    `json:"name"`
	Type   string    `json:"type"` // "F32" or "F64"
	Shape  []int     `json:"shape"`
	Values []float64 `json:"values"`
}

const jsonFormat = "firstspike network 1"

// document is a network as one.
func document(m *train.Model) (*Document, error) {
	f, err := contents(m)
	if err != nil {
		return nil, err
	}
	e, in := m.Experiment, m.Network.Layers[0].In
	d := &Document{
		Format: jsonFormat, Experiment: f.Metadata[experimentKey], State: json.RawMessage(f.Metadata[stateKey]),
		Steps: m.Network.Steps, Input: [3]int{in.Maps, in.Rows, in.Cols}, Classes: e.Data.Classes,
		Decides: "svm", Decision: m.Decision,
	}
	if m.Decision != nil {
		d.Decides = "maps"
		if e.Readout.Rule == train.ReadoutNeurons {
			d.Decides = "neurons"
		}
	}
	own := map[string]bool{}
	for i, l := range m.Network.Layers {
		g, out, pooled := l.Geometry, l.Out(), l.Pooled()
		layer := LayerDocument{
			Name: l.Name, In: [3]int{g.In.Maps, g.In.Rows, g.In.Cols}, Out: [3]int{out.Maps, out.Rows, out.Cols},
			Pooled: [3]int{pooled.Maps, pooled.Rows, pooled.Cols}, Kernel: [2]int{g.Kernel.Rows, g.Kernel.Cols},
			Stride: max(1, g.Stride), Pad: g.Pad, Thresholds: l.Thresholds(), Fires: cmp.Or(l.Fires, snn.Above), Unit: l.Unit(),
			Pool: PoolDocument(e.Layers[i].Pool), Shape: weightShape(g), Weights: l.Weights(),
		}
		if threshold := l.Threshold; !math.IsInf(threshold, 1) {
			layer.Threshold = &threshold
		}
		d.Layers = append(d.Layers, layer)
		own[weightName(l.Name)], own[thresholdName(l.Name)] = true, true
	}
	for _, t := range f.Tensors {
		if own[t.Name] {
			continue
		}
		values, err := t.Float64s()
		if err != nil {
			return nil, err
		}
		d.Others = append(d.Others, TensorDocument{t.Name, string(t.DType), t.Shape, values})
	}
	return d, nil
}

func thresholdName(layer string) string { return layer + ".threshold" }
