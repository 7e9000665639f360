package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/tensorfile"
)

// A State is how far a training has come. With the weights and the experiment
// it is all that is needed to go on to the same bits.
type State struct {
	Layer         int            `json:"layer"`         // index of the layer that learns; the number of layers when all are done
	Epoch         int            `json:"epoch"`         // of that layer, from 0
	Image         int            `json:"image"`         // images of the epoch that were shown
	Score         Score          `json:"score"`         // of those
	Adaptation    snn.Adaptation `json:"adaptation"`    // of reward and punishment
	Presentations int            `json:"presentations"` // of the whole training
	Seconds       float64        `json:"seconds"`       // of the whole training
	Best          *Best          `json:"best,omitempty"`
	Metrics       int64          `json:"metrics"` // bytes of metrics.jsonl that belong to this state
	Train         DataSum        `json:"train"`
	Test          DataSum        `json:"test"`
	Wins          [][]int        `json:"wins,omitempty"`       // readout "labels": how often each map has won for each class in the epoch
	Labels        []int          `json:"labels,omitempty"`     // the classes of the maps after the last epoch
	Prefix        string         `json:"prefix,omitempty"`     // the key under which the layers before the last are cached, as it was when the run began
	Cached        *Reused        `json:"cached,omitempty"`     // what was taken from the cache
	SVM           *Fit           `json:"svm,omitempty"`        // readout "svm": the best so far
	Thresholds    []float64      `json:"thresholds,omitempty"` // of the neurons of the layer that learns, as homeostasis or competition has moved them
	Updates       int            `json:"updates,omitempty"`    // of the layer that learns, where doubling counts them
	Report        *Report        `json:"report,omitempty"`     // once the run is finished
}

// Finished reports whether the training is complete and tested.
func (s State) Finished() bool { return s.Report != nil }

// Best is the best epoch so far of the last layer.
type Best struct {
	Epoch int    `json:"epoch"`
	On    string `json:"on"` // "validation" or "test"
	Score Score  `json:"score"`

	Labels []int `json:"labels,omitempty"` // readout "labels": the classes of the maps then
}

// format is changed when files can no longer be read by programs that know
// only the format before.
const format = "firstspike 1"

// onValidation is where epochs are chosen with the protocol "validation".
const onValidation = "validation"

// random names the random streams of an experiment in a checkpoint. Every
// stream begins anew from the seed for its purpose, layer and epoch, so that
// none has a position to remember.
type random struct {
	Generator string   `json:"generator"`
	Seed      uint64   `json:"seed"`
	Streams   []string `json:"streams"`
}

const generator = "math/rand/v2 PCG seeded with SHA-256(seed, purpose, layer, epoch)"

// file is the model as a safetensors file.
func (m *Model) file() (*tensorfile.File, error) {
	text, err := m.Experiment.TOML()
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(m.State)
	if err != nil {
		return nil, err
	}
	thresholds := map[string]string{}
	streams := []string{"validation"}
	f := &tensorfile.File{}
	for i, l := range m.Network.Layers {
		thresholds[l.Name] = strconv.FormatFloat(l.Threshold, 'g', -1, 64)
		learn := m.Experiment.Layers[i].Learn
		streams = append(streams, "weights/"+l.Name)
		if learn.Shuffle {
			streams = append(streams, "order/"+l.Name)
		}
		if learn.Dropout > 0 {
			streams = append(streams, "dropout/"+l.Name)
		}
		if learn.Patch {
			streams = append(streams, "patch/"+l.Name)
		}
		if learn.Augment != (Augment{}) {
			streams = append(streams, "augment/"+l.Name)
		}
		if grid, ok := m.Packed[l.Name]; ok {
			t, err := pack(l, grid)
			if err != nil {
				return nil, err
			}
			f.Tensors = append(f.Tensors, t...)
		} else {
			t, err := tensorfile.From(tensorName(l.Name), weightShape(l.Geometry), l.Weights())
			if err != nil {
				return nil, err
			}
			f.Tensors = append(f.Tensors, t)
		}
		if own := l.Thresholds(); own != nil {
			t, err := tensorfile.From(thresholdName(l.Name), []int{l.Maps}, own)
			if err != nil {
				return nil, err
			}
			f.Tensors = append(f.Tensors, t)
		}
	}
	if m.Range != nil {
		s := m.Experiment.input()
		low, lowErr := tensorfile.From(rangeLow, []int{s.Rows, s.Cols, s.Maps}, m.Range.Low)
		high, highErr := tensorfile.From(rangeHigh, []int{s.Rows, s.Cols, s.Maps}, m.Range.High)
		if err := errors.Join(lowErr, highErr); err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, low, high)
	}
	last := m.Network.Layers[len(m.Network.Layers)-1]
	for _, o := range m.others() {
		if *o.w == nil {
			continue
		}
		t, err := tensorfile.From(o.prefix+tensorName(last.Name), weightShape(last.Geometry), *o.w)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	if m.Experiment.Readout.Rule == ReadoutSVM {
		streams = append(streams, "readout")
	}
	if m.SVM != nil {
		t, err := svmTensors(m.SVM)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t...)
	}
	thresholdText, err := json.Marshal(thresholds)
	if err != nil {
		return nil, err
	}
	randomText, err := json.Marshal(random{generator, m.Experiment.Seed, streams})
	if err != nil {
		return nil, err
	}
	f.Metadata = map[string]string{
		"format":     format,
		"version":    Version,
		"experiment": string(text),
		"state":      string(state),
		"thresholds": string(thresholdText),
		"random":     string(randomText),
	}
	return f, nil
}

func tensorName(layer string) string { return layer + ".weight" }

// thresholdName is the tensor of the thresholds of a layer's maps, if they
// have each their own.
func thresholdName(layer string) string { return layer + ".threshold" }

// The range of every input of a fitted encoding: row, column, channel. No layer
// can have such a name.
const (
	rangeLow  = "encode.range.low"
	rangeHigh = "encode.range.high"
)

// readRange is the range of the inputs that a file holds, nil if it holds none.
func readRange(f *tensorfile.File, e Experiment) (*encode.Range, error) {
	if _, ok := f.Lookup(rangeLow); !ok || !e.Encode.Fitted {
		return nil, nil
	}
	r, shape := &encode.Range{}, e.input().Shape
	extents := []int{shape.Rows, shape.Cols, shape.Maps}
	var lowErr, highErr error
	r.Low, lowErr = readTensor(f, rangeLow, extents)
	r.High, highErr = readTensor(f, rangeHigh, extents)
	if err := errors.Join(lowErr, highErr); err != nil {
		return nil, err
	}
	return r, r.Check(shape)
}

// readThresholds gives the maps of a layer the thresholds that a file holds for
// them, if there are any.
func readThresholds(l snn.Layer, f *tensorfile.File) error {
	t, ok := f.Lookup(thresholdName(l.Name))
	if !ok {
		return nil
	}
	v, err := t.Float64s()
	if err == nil {
		err = l.SetThresholds(v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	return nil
}

// What the names of tensors begin with that are like the last layer's weights.
const (
	bestPrefix = "best."
	sumPrefix  = "sum."
)

// An other is what a checkpoint can hold beside the last layer's weights, in their
// shape.
type other struct {
	prefix string
	w      *[]float32
}

func (m *Model) others() []other {
	return []other{{bestPrefix, &m.best}, {sumPrefix, &m.sum}}
}

// weightShape is the shape of a layer's weights: map, input map, row, column.
func weightShape(g snn.Geometry) []int {
	return []int{g.Maps, g.In.Maps, g.Kernel.Rows, g.Kernel.Cols}
}

// fromFile is the model that a file holds.
func fromFile(f *tensorfile.File) (*Model, error) {
	text, ok := f.Metadata["experiment"]
	if !ok {
		return nil, fmt.Errorf("not written by firstspike: its metadata has no experiment")
	}
	e, err := Parse("experiment in the metadata", []byte(text))
	if err != nil {
		return nil, err
	}
	if err := e.Faults().Err(); err != nil {
		return nil, fmt.Errorf("experiment in the metadata: %w", err)
	}
	// Before memory is taken for the network, for the file may be anyone's.
	packed := map[string]Grid{}
	for i, l := range e.Layers {
		grid, ok, err := isPacked(f, l.Name, e.Geometry(i))
		if ok {
			packed[l.Name] = grid
		} else {
			err = hasWeights(f, tensorName(l.Name), e.Geometry(i))
		}
		if err != nil {
			return nil, err
		}
	}
	m, err := newModel(e)
	if err != nil {
		return nil, fmt.Errorf("experiment in the metadata: %w", err)
	}
	if have := f.Metadata["format"]; have != format {
		return nil, fmt.Errorf("its format is %q; this program (%s) reads %q", have, Version, format)
	}
	if err := json.Unmarshal([]byte(f.Metadata["state"]), &m.State); err != nil {
		return nil, fmt.Errorf("state in the metadata: %w", err)
	}
	if err := m.State.check(e); err != nil {
		return nil, fmt.Errorf("state in the metadata: %w", err)
	}
	m.label(m.State.Labels)
	if m.SVM, err = readSVM(f, e); err != nil {
		return nil, err
	}
	if m.Range, err = readRange(f, e); err != nil {
		return nil, err
	}
	if e.Encode.Fitted && m.Range == nil && m.State.Presentations > 0 {
		return nil, fmt.Errorf("%s is missing, and the encoding is fitted to it", rangeLow)
	}
	for i, l := range m.Network.Layers {
		if err := readThresholds(l, f); err != nil {
			return nil, err
		}
		if i == len(e.Layers)-1 {
			if err := m.readOthers(l, f); err != nil {
				return nil, err
			}
		}
		if grid, ok := packed[l.Name]; ok {
			err = unpack(l, f, grid)
		} else {
			err = readWeights(l, f, tensorName(l.Name))
		}
		if err != nil {
			return nil, err
		}
	}
	if len(packed) > 0 {
		m.Packed = packed
	}
	return m, nil
}

// readOthers reads what a file holds beside the weights of the last layer, whose
// weights are then the best, if there are any: only it can tell whether these
// are possible.
func (m *Model) readOthers(last snn.Layer, f *tensorfile.File) error {
	for _, o := range m.others() {
		name := o.prefix + tensorName(last.Name)
		if _, ok := f.Lookup(name); !ok {
			continue
		}
		w, err := readTensor(f, name, weightShape(last.Geometry))
		if err != nil {
			return err
		}
		*o.w = w
	}
	if m.best == nil {
		return nil
	}
	if err := last.SetWeights(m.best); err != nil {
		return fmt.Errorf("%s%s: %w", bestPrefix, tensorName(last.Name), err)
	}
	return nil
}

// hasWeights reports that a file lacks the weights of a layer, or has them in
// another shape.
func hasWeights(f *tensorfile.File, name string, g snn.Geometry) error {
	t, err := f.Tensor(name)
	if err != nil {
		return err
	}
	if want := weightShape(g); !slices.Equal(t.Shape, want) {
		return fmt.Errorf("%s has the shape %v; the experiment asks for %v", t.Name, t.Shape, want)
	}
	return nil
}

// readWeights gives a layer the weights of a tensor.
func readWeights(l snn.Layer, f *tensorfile.File, name string) error {
	t, err := f.Tensor(name)
	if err != nil {
		return err
	}
	w, err := t.Float32s()
	if err != nil {
		return err
	}
	if err := l.SetWeights(w); err != nil {
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	return nil
}

// check reports a state that the experiment cannot be in.
func (s State) check(e Experiment) error {
	switch {
	case s.Layer < 0 || s.Layer > len(e.Layers):
		return fmt.Errorf("layer %d of %d", s.Layer, len(e.Layers))
	case s.Epoch < 0 || s.Image < 0 || s.Presentations < 0 || s.Metrics < 0:
		return fmt.Errorf("a count is negative")
	case !e.labelled(s.Labels) || s.Best != nil && !e.labelled(s.Best.Labels):
		return fmt.Errorf("labels do not fit the maps or the classes")
	case s.Wins != nil && !e.counted(s.Wins):
		return fmt.Errorf("wins do not fit the maps or the classes")
	case s.Thresholds != nil && (s.Layer >= len(e.Layers) || len(s.Thresholds) != e.Layers[s.Layer].Maps):
		return fmt.Errorf("%d thresholds do not fit the maps", len(s.Thresholds))
	case s.SVM != nil && (e.Readout.Rule != ReadoutSVM || s.SVM.Tried < 1 || s.SVM.Tried > len(e.Readout.SVM.complete().C)):
		return fmt.Errorf("what is said of an SVM does not fit the readout")
	case s.Layer < len(e.Layers) && s.Epoch > e.Layers[s.Layer].Learn.Epochs:
		return fmt.Errorf("epoch %d of %d", s.Epoch, e.Layers[s.Layer].Learn.Epochs)
	}
	return nil
}
