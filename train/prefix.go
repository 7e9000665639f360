package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
)

// prefixResults is a number that changes whenever the same layers would learn
// something else, or make something else of an image, than before. Files in
// the cache that were made before such a change are then found no more.
const prefixResults = 1

// prefixFormat is changed when the cache's files are laid out otherwise.
const prefixFormat = "firstspike prefix 1"

// identity is everything that decides what the layers before the last learn
// and what they make of the images, and nothing else. Its JSON form is the
// same for the same values; the SHA-256 of that is the key of a file in the
// cache.
type identity struct {
	Results    int
	Seed       uint64
	Rows, Cols int
	Limit      int
	Protocol   string
	Validation int    // images; 0 under the protocol "paper", which holds none out
	Group      string `json:",omitempty"` // which of them stay together
	Encode     encode.Config
	Layers     []Layer // without the last
	Train      string  // SHA-256 of the training images
	Test       string  // of the test images, if they choose the epoch; otherwise ""
	Weights    bool    `json:",omitempty"` // the file does not have what the layers make of the images
}

// A prefix is the layers of an experiment before the last one, and the images
// that the last one is shown through them.
type prefix struct {
	experiment Experiment
	identity   []byte // in JSON
	key        string // the SHA-256 of identity; "": the layers cannot be cached
	bits       bool   // what the last layer is shown is which of its inputs fire, and is kept too
	train      int    // images that are learned from
	held       int    // images that choose the epoch
}

// newPrefix is the prefix of an experiment. What its layers make of the images
// is kept for a last layer that fires at the last step and is rewarded: which of
// its inputs fire takes little room, and all of the time. For any other only
// what the layers have learned is kept.
func newPrefix(e Experiment, train, test DataSum, trainImages, heldImages int) prefix {
	p := prefix{experiment: e, train: trainImages, held: heldImages}
	if len(e.Layers) < 2 {
		return p
	}
	last := e.Layers[len(e.Layers)-1]
	p.bits = last.Learn.Rule == RuleRSTDP && math.IsInf(last.Threshold, 1) && !e.Encode.Fitted
	id := identity{
		Results: prefixResults, Seed: e.Seed, Rows: e.Data.Rows, Cols: e.Data.Cols, Limit: e.Data.Limit, Group: e.Data.Group,
		Protocol: e.Protocol.Kind, Validation: e.Protocol.Validation, Encode: e.Clone().Encode, Layers: p.layers(), Train: train.SHA256,
		Weights: !p.bits,
	}
	if e.Protocol.Kind == ProtocolPaper {
		id.Validation, id.Group, id.Test = 0, "", test.SHA256
	}
	text, err := json.Marshal(id)
	if err != nil {
		return p // JSON has no infinity, and these layers no use for it
	}
	sum := sha256.Sum256(text)
	p.identity, p.key = text, hex.EncodeToString(sum[:])
	return p
}

// PrefixKey is what the cache knows the layers of an experiment before the last
// by, with the images that they learn from and, under the protocol "paper",
// those that choose the epoch: 64 hexadecimal digits. Experiments with the same
// key learn these layers once, if they use the same cache. It is "" if there is
// nothing to keep.
func PrefixKey(e Experiment, train, test DataSum) string { return newPrefix(e, train, test, 0, 0).key }

// HasPrefix reports whether the cache in a folder has the layers with a key.
func HasPrefix(dir, key string) bool {
	_, err := os.Stat(cache{dir: dir}.path(key))
	return err == nil
}

func (p prefix) layers() []Layer { return p.experiment.Layers[:len(p.experiment.Layers)-1] }

// names is the names of the layers from the given one on.
func (p prefix) names(from int) []string {
	var names []string
	for _, l := range p.layers()[from:] {
		names = append(names, l.Name)
	}
	return names
}

// last is the shape of the last layer, and of what it is shown.
func (p prefix) last() snn.Geometry { return p.experiment.Geometry(len(p.experiment.Layers) - 1) }

// A learned is a prefix after its training.
type learned struct {
	weights     [][]float32 // of each layer
	thresholds  [][]float64 // of the maps of each layer; nil: all have the layer's
	train, held []uint64    // which inputs of the last layer fire, image after image, as [spike.Bits]
	story       story
}

// A story is how a prefix was learned.
type story struct {
	Seconds       float64    `json:"seconds"`
	Presentations int        `json:"presentations"`
	Epochs        []EpochEnd `json:"epochs"`
}

// check reports a story that is not that of the prefix.
func (p prefix) check(s story) error {
	n, shown := 0, 0
	for _, l := range p.layers() {
		for epoch := range l.Learn.Epochs {
			early := l.Learn.Until > 0 && epoch > 0 && (n == len(s.Epochs) || s.Epochs[n].Layer != l.Name)
			if early {
				break // the layer had learned all that it was to
			}
			shown += p.train
			if l.Learn.Until > 0 && n < len(s.Epochs) && s.Epochs[n].Presentations < shown && s.Epochs[n].Presentations > shown-p.train {
				shown = s.Epochs[n].Presentations
			}
			if n == len(s.Epochs) {
				return fmt.Errorf("epoch %d of %s is missing", epoch+1, l.Name)
			}
			if have := s.Epochs[n]; have.Layer != l.Name || have.Epoch != epoch || have.Epochs != l.Learn.Epochs || have.Presentations != shown {
				return fmt.Errorf("where epoch %d of %s should be is epoch %d of %s, after %d presentations", epoch+1, l.Name, have.Epoch+1, have.Layer, have.Presentations)
			}
			n++
		}
	}
	if n < len(s.Epochs) || s.Presentations != shown || !(s.Seconds >= 0) {
		return fmt.Errorf("it has %d epochs and %d presentations; %d and %d belong to the layers", len(s.Epochs), s.Presentations, n, shown)
	}
	return nil
}

// The names of the tensors that hold the last layer's inputs.
const (
	trainBits = "train.bits"
	heldBits  = "held.bits"
)

// layout is the tensors of the prefix's file, without data, and without the
// thresholds of layers whose maps have thresholds of their own.
func (p prefix) layout() []tensorfile.Tensor {
	g := p.last()
	var all []tensorfile.Tensor
	for i, l := range p.layers() {
		all = append(all, tensorfile.Tensor{Name: tensorName(l.Name), DType: tensorfile.F32, Shape: weightShape(p.experiment.Geometry(i))})
	}
	bits := func(name string, images int) tensorfile.Tensor {
		if planes := spike.Planes(g.Most); planes > 1 {
			return tensorfile.Tensor{Name: name, DType: tensorfile.U64, Shape: []int{images, planes, g.In.Positions(), spike.Words(g.In.Maps)}}
		}
		return tensorfile.Tensor{Name: name, DType: tensorfile.U64, Shape: []int{images, g.In.Positions(), spike.Words(g.In.Maps)}}
	}
	if !p.bits {
		return all
	}
	return append(all, bits(trainBits, p.train), bits(heldBits, p.held))
}

// file is a learned prefix as a safetensors file.
func (p prefix) file(l learned) (*tensorfile.File, error) {
	text, err := json.Marshal(l.story)
	if err != nil {
		return nil, err
	}
	f := &tensorfile.File{Metadata: map[string]string{
		"format": prefixFormat, "identity": string(p.identity), "story": string(text),
	}}
	for i, t := range p.layout() {
		switch {
		case i < len(l.weights):
			t, err = tensorfile.From(t.Name, t.Shape, l.weights[i])
		case t.Name == trainBits:
			t, err = tensorfile.From(t.Name, t.Shape, l.train)
		default:
			t, err = tensorfile.From(t.Name, t.Shape, l.held)
		}
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	for i, own := range l.thresholds {
		if own != nil {
			t, err := tensorfile.From(thresholdName(p.layers()[i].Name), []int{len(own)}, own)
			if err != nil {
				return nil, err
			}
			f.Tensors = append(f.Tensors, t)
		}
	}
	f.Metadata[sumKey], err = contents(f)
	return f, err
}

// sumKey is where a file's metadata have the SHA-256 of its contents.
const sumKey = "sha256"

// contents is the SHA-256 of the file without the sum in its metadata.
func contents(f *tensorfile.File) (string, error) {
	g := tensorfile.File{Tensors: f.Tensors, Metadata: maps.Clone(f.Metadata)}
	delete(g.Metadata, sumKey)
	h := sha256.New()
	err := tensorfile.WriteSafetensors(h, &g)
	return hex.EncodeToString(h.Sum(nil)), err
}

// read reads a learned prefix. Nothing is believed: neither the file's name nor
// that a file with the right sum has sensible contents.
func (p prefix) read(path string) (l learned, err error) {
	f, err := tensorfile.OpenSelected(path, p.choose)
	if err != nil {
		return l, err
	}
	if l, err = p.fromFile(f); err != nil {
		return learned{}, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// choose refuses a file that cannot be the prefix's before its data are read.
func (p prefix) choose(f *tensorfile.File) (names []string, err error) {
	if have := f.Metadata["format"]; have != prefixFormat {
		return nil, fmt.Errorf("its format is %q, not %q", have, prefixFormat)
	}
	if f.Metadata["identity"] != string(p.identity) {
		return nil, errors.New("it is of another experiment or other data")
	}
	want := p.layout()
	for _, l := range p.layers() {
		if name := thresholdName(l.Name); has(f, name) {
			want = append(want, tensorfile.Tensor{Name: name, DType: tensorfile.F64, Shape: []int{l.Maps}})
		}
	}
	for _, w := range want {
		t, err := f.Tensor(w.Name)
		if err != nil {
			return nil, err
		}
		if t.DType != w.DType || !slices.Equal(t.Shape, w.Shape) {
			return nil, fmt.Errorf("%s is %s %v; it must be %s %v", w.Name, t.DType, t.Shape, w.DType, w.Shape)
		}
		names = append(names, w.Name)
	}
	if len(f.Tensors) > len(want) {
		return nil, fmt.Errorf("it has %d tensors instead of %d", len(f.Tensors), len(want))
	}
	return names, nil
}

func has(f *tensorfile.File, name string) bool {
	_, ok := f.Lookup(name)
	return ok
}

func (p prefix) fromFile(f *tensorfile.File) (l learned, err error) {
	sum, err := contents(f)
	if err != nil {
		return l, err
	}
	if have := f.Metadata[sumKey]; have != sum {
		return l, fmt.Errorf("its contents have the SHA-256 %s, not %s as it says: the file is damaged", sum, have)
	}
	if err := json.Unmarshal([]byte(f.Metadata["story"]), &l.story); err != nil {
		return l, fmt.Errorf("story in the metadata: %w", err)
	}
	if err := p.check(l.story); err != nil {
		return l, fmt.Errorf("story in the metadata: %w", err)
	}
	for i, layer := range p.layers() {
		c, err := snn.NewConvolution(p.experiment.Geometry(i), layer.Threshold, layer.Fires, layer.bound())
		if err != nil {
			return l, err
		}
		of := snn.Layer{Name: layer.Name, Convolution: c}
		if err := errors.Join(readWeights(of, f, tensorName(layer.Name)), readThresholds(of, f)); err != nil {
			return l, err
		}
		l.weights, l.thresholds = append(l.weights, c.Weights()), append(l.thresholds, c.Thresholds())
	}
	if !p.bits {
		return l, nil
	}
	if l.train, err = p.readBits(f, trainBits); err != nil {
		return l, err
	}
	l.held, err = p.readBits(f, heldBits)
	return l, err
}

// readBits reads the bits of a tensor, of which none may be of a map that there
// is not.
func (p prefix) readBits(f *tensorfile.File, name string) ([]uint64, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	bits, err := tensorfile.Values[uint64](t)
	if err != nil {
		return nil, err
	}
	maps := p.last().In.Maps
	if rest := maps % 64; rest > 0 {
		for i := spike.Words(maps) - 1; i < len(bits); i += spike.Words(maps) {
			if bits[i]>>rest != 0 {
				return nil, fmt.Errorf("%s has bits of maps beyond %d", name, maps)
			}
		}
	}
	return bits, nil
}

// identityOf reads which layers a file of the cache holds from its metadata.
func identityOf(path string) (id identity, err error) {
	read := errors.New("the data are not wanted")
	_, err = tensorfile.OpenSelected(path, func(f *tensorfile.File) ([]string, error) {
		if f.Metadata["format"] != prefixFormat {
			return nil, fmt.Errorf("its format is %q, not %q", f.Metadata["format"], prefixFormat)
		}
		d := json.NewDecoder(bytes.NewReader([]byte(f.Metadata["identity"])))
		if err := d.Decode(&id); err != nil {
			return nil, fmt.Errorf("identity in the metadata: %w", err)
		}
		return nil, read
	})
	if errors.Is(err, read) {
		err = nil
	}
	return id, err
}
