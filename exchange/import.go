package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"firstspike/tensorfile"
	"firstspike/train"
)

// An Imported is a network that was read from a file.
type Imported struct {
	Model *train.Model
	Notes []string // what the file says beside it, what was taken over, and what was not, each in a line
}

// ErrNoExperiment is returned by [Open] for a file of another program, if it is not told whose weights these are.
var ErrNoExperiment = errors.New("the file does not say which experiment its weights belong to")

// Open reads the network in a safetensors, PyTorch, npz or JSON file, told apart by their content. With an experiment, the
// weights must be those of its layers; without one (nil) the file has to hold its own, as those of this package do, and the State of
// the network is that of the file. Errors name the path, and all tensors that are missing or of another shape.
func Open(path string, e *train.Experiment) (*Imported, error) {
	if isPacked(path) {
		if e != nil {
			return nil, fmt.Errorf("%s: its layers are packed, for the experiment that is in the file; name no other", path)
		}
		m, err := train.Load(path)
		if err != nil {
			return nil, err
		}
		return &Imported{Model: m}, nil
	}
	f, e, err := open(path, e)
	if err != nil {
		return nil, err
	}
	f.Path = "" // it is named here
	imported, err := Import(f, e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return imported, nil
}

// open reads as much of a file as the experiment has a use for. The experiment that is returned is nil if that of the file's metadata
// counts.
func open(path string, e *train.Experiment) (*tensorfile.File, *train.Experiment, error) {
	if isObject(path) {
		r, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		defer r.Close()
		f, err := ReadJSON(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		return f, e, nil
	}
	// The experiment of an npz file is an array, which has to be read before anything can be said of the others.
	said, err := tensorfile.OpenSelected(path, func(f *tensorfile.File) (names []string, err error) {
		if n := len(f.Tensors); n > maxTensors {
			return nil, fmt.Errorf("%d tensors; at most %d are read", n, maxTensors)
		}
		for _, t := range f.Tensors {
			if isText(t) {
				names = append(names, t.Name)
			}
		}
		return names, nil
	})
	if err != nil {
		return nil, nil, err
	}
	metadata := said.Metadata
	for _, t := range said.Tensors {
		if isText(t) {
			if metadata == nil {
				metadata = map[string]string{}
			}
			metadata[t.Name] = string(t.Data)
		}
	}
	f, err := tensorfile.OpenSelected(path, func(f *tensorfile.File) ([]string, error) {
		f.Metadata = metadata
		f.Tensors = slices.Clone(f.Tensors)
		of, err := experiment(f, e)
		if err != nil {
			return nil, err
		}
		p, err := newPlan(f, of)
		if err != nil {
			return nil, err
		}
		return p.needed(), nil
	})
	if err != nil {
		return nil, nil, err
	}
	f.Metadata = metadata
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t tensorfile.Tensor) bool { return isText(t) })
	return f, e, nil
}

// isPacked reports whether a file is this program's own with packed layers ([train.Model.Packed]), which only it can read.
func isPacked(path string) bool {
	packed := false
	tensorfile.OpenSelected(path, func(f *tensorfile.File) ([]string, error) {
		_, own := f.Metadata[experimentKey]
		packed = own && slices.ContainsFunc(f.Tensors, func(t tensorfile.Tensor) bool { return strings.HasSuffix(t.Name, ".weight.index") })
		return nil, nil
	})
	return packed
}

// isObject reports whether a file holds a JSON object.
func isObject(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false // what is wrong with it is told when it is opened
	}
	r, err := os.Open(path)
	if err != nil {
		return false
	}
	defer r.Close()
	head := make([]byte, 8)
	n, _ := io.ReadFull(r, head)
	// The length that begins a safetensors file has zeros.
	return bytes.HasPrefix(bytes.TrimSpace(head[:n]), []byte("{")) && bytes.IndexByte(head[:n], 0) < 0
}

// isText reports whether a tensor is metadata of an npz file.
func isText(t tensorfile.Tensor) bool {
	const most = 1 << 20
	return (t.Name == experimentKey || t.Name == stateKey) && t.DType == tensorfile.U8 && len(t.Shape) == 1 && t.Shape[0] <= most
}

// experiment is whose weights a file has: those of e, or, if it is nil, of the experiment in the file.
func experiment(f *tensorfile.File, e *train.Experiment) (train.Experiment, error) {
	if e != nil {
		return e.Clone(), e.Faults().Err()
	}
	text, ok := f.Metadata[experimentKey]
	if !ok {
		return train.Experiment{}, ErrNoExperiment
	}
	own, err := train.Parse("experiment in the file", []byte(text))
	if err == nil {
		if err = own.Faults().Err(); err != nil {
			err = fmt.Errorf("experiment in the file: %w", err)
		}
	}
	return own, err
}

// Import makes the network of a file that has been read. See [Open].
func Import(f *tensorfile.File, e *train.Experiment) (*Imported, error) {
	of, err := experiment(f, e)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(f, of)
	if err != nil {
		return nil, err
	}
	if err := p.checkBiases(); err != nil {
		return nil, err
	}
	state, err := stateOf(f, of, e == nil, p.best)
	if err != nil {
		return nil, err
	}
	if e != nil {
		p.takeRates()
	}
	m, err := p.build(state)
	if err != nil {
		return nil, err
	}
	if err := complete(m); err != nil {
		return nil, err
	}
	return &Imported{m, p.tell()}, nil
}

// stateOf is the state of a network that has learned all it will. Own is whether the experiment is that of the file, best
// whether the weights are those of the best epoch.
func stateOf(f *tensorfile.File, e train.Experiment, own, best bool) (train.State, error) {
	var s train.State
	if text, ok := f.Metadata[stateKey]; ok {
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return s, fmt.Errorf("state in the file: %w", err)
		}
		if best && s.Best != nil {
			s.Labels = s.Best.Labels
		}
		if own && s.Finished() {
			return s, nil
		}
	}
	// A training cannot go on from it: the file has the network that was chosen, not the one that learns.
	done := train.State{Layer: len(e.Layers), SVM: s.SVM, Labels: s.Labels}
	if own {
		done.Presentations, done.Seconds = s.Presentations, s.Seconds
	}
	if e.Readout.Rule != train.ReadoutSVM {
		done.SVM = nil
	}
	if e.Readout.Rule != train.ReadoutLabels {
		done.Labels = nil
	}
	return done, nil
}

// complete reports what a network lacks to decide.
func complete(m *train.Model) error {
	e := m.Experiment
	switch {
	case e.Readout.Rule == train.ReadoutSVM && m.SVM == nil:
		return fmt.Errorf("a linear SVM reads the network (readout.rule = %q), and the file has none", e.Readout.Rule)
	case e.Readout.Rule == train.ReadoutLabels && m.State.Labels == nil:
		return fmt.Errorf("the file does not say which map stands for which class, which is learned (readout.rule = %q)", e.Readout.Rule)
	case e.Encode.Fitted && m.Range == nil:
		return fmt.Errorf("the encoding is fitted to the training images (encode.fitted), and the file does not say how")
	}
	return nil
}

// A plan says which tensors of a file are what.
type plan struct {
	file       *tensorfile.File
	experiment train.Experiment
	prefix     string   // of all names
	weights    []string // of every layer
	others     []string // what else train.Model.Write writes
	biases     []string
	copies     map[string]int // of a layer's weights
	rates      map[string]bool
	unknown    []string
	notes      []string
	best       bool // the last layer's weights are those that a checkpoint holds beside others
}

// schemes are how programs name the weights of a layer, number i from 0.
var schemes = []func(i int, layer string) string{
	func(_ int, layer string) string { return weightName(layer) },
	func(i int, _ string) string { return fmt.Sprintf("conv%d.weight", i+1) },
	func(i int, _ string) string { return fmt.Sprintf("w%d", i+1) },
	func(i int, _ string) string { return fmt.Sprintf("conv%d", i+1) },
	func(_ int, layer string) string { return layer },
}

// newPlan finds the weights of all layers and holds their shapes against the experiment. Data need not be there.
func newPlan(f *tensorfile.File, e train.Experiment) (*plan, error) {
	p := &plan{file: f, experiment: e, copies: map[string]int{}, rates: map[string]bool{}}
	if err := p.find(); err != nil {
		return nil, err
	}
	last := len(p.weights) - 1
	if best := unfinished[0] + p.weights[last]; p.prefix == "" {
		if _, ok := f.Lookup(best); ok {
			p.weights[last], p.best = best, true
		}
	}
	var faults []error
	for i, name := range p.weights {
		t, _ := f.Lookup(name)
		if want := weightShape(e.Geometry(i)); !slices.Equal(t.Shape, want) {
			faults = append(faults, fmt.Errorf("%s has the shape %v; layer %s of %s has %v (maps, input maps, rows, columns)", name, t.Shape, e.Layers[i].Name, e.Name, want))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	p.sort()
	return p, nil
}

// find finds the names of the weights: of all schemes and prefixes the first that has all layers, or else what is missing of
// the one that has most.
func (p *plan) find() error {
	layers := p.experiment.Layers
	var best []string // the names that are missing
	found := ""
	for _, scheme := range schemes {
		prefixes := map[string]bool{}
		for i, l := range layers {
			for _, t := range p.file.Tensors {
				if prefix, ok := strings.CutSuffix(t.Name, scheme(i, l.Name)); ok && (prefix == "" || strings.HasSuffix(prefix, ".")) && !slices.Contains(unfinished, prefix) {
					prefixes[prefix] = true
				}
			}
		}
		ordered := make([]string, 0, len(prefixes))
		for prefix := range prefixes {
			ordered = append(ordered, prefix)
		}
		slices.SortFunc(ordered, func(a, b string) int {
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return strings.Compare(a, b)
		})
		for _, prefix := range ordered {
			var names, missing []string
			for i, l := range layers {
				name := prefix + scheme(i, l.Name)
				names = append(names, name)
				if _, ok := p.file.Lookup(name); !ok {
					missing = append(missing, name+" (layer "+l.Name+")")
				}
			}
			if len(missing) == 0 {
				p.prefix, p.weights = prefix, names
				return nil
			}
			if best == nil || len(missing) < len(best) {
				best, found = missing, prefix
			}
		}
	}
	var have []string
	for _, t := range p.file.Tensors {
		have = append(have, t.Name)
	}
	if best == nil {
		var names []string
		for _, scheme := range schemes {
			names = append(names, scheme(0, layers[0].Name))
		}
		return fmt.Errorf("no tensor can be the weights of the first layer: %s; the file has %s", strings.Join(names, ", "), few(have))
	}
	if found != "" {
		found = " before which " + found + " stands"
	}
	return fmt.Errorf("of the weights%s, these are missing: %s; the file has %s", found, strings.Join(best, ", "), few(have))
}

// sort says of all tensors but the weights what they are.
func (p *plan) sort() {
	known := map[string]bool{}
	for _, r := range rules(p.experiment) {
		for k := range p.experiment.Layers[r.layer].Maps {
			known[fmt.Sprintf("%s%s.ltp_%d", p.prefix, r.name, k)] = true
			known[fmt.Sprintf("%s%s.ltd_%d", p.prefix, r.name, k)] = true
		}
		for _, module := range []string{"conv_layer", "synapse"} {
			p.copies[p.prefix+r.name+"."+module+".weight"] = r.layer
			known[p.prefix+r.name+"."+module+".bias"] = false
		}
	}
	known[p.prefix+maxRate] = true
	ours := []string{"encode.range.low", "encode.range.high", "readout.svm.weight", "readout.svm.bias"}
	for _, l := range p.experiment.Layers {
		ours = append(ours, thresholdName(l.Name))
	}
	copies := map[string]int{}
	for _, t := range p.file.Tensors {
		_, copied := p.copies[t.Name]
		rate, there := known[t.Name]
		module, isBias := strings.CutSuffix(t.Name, ".bias")
		switch {
		case slices.Contains(p.weights, t.Name):
		case copied:
			copies[t.Name] = p.copies[t.Name]
		case there && rate:
			p.rates[t.Name] = true
		case isBias && (there || slices.Contains(p.weights, module+".weight")):
			p.biases = append(p.biases, t.Name)
		case slices.Contains(ours, t.Name):
			p.others = append(p.others, t.Name)
		case p.best && t.Name == weightName(p.experiment.Layers[len(p.weights)-1].Name): // of the last epoch
		default:
			p.unknown = append(p.unknown, t.Name)
		}
	}
	p.copies = copies
}

// needed lists the tensors whose elements are of use.
func (p *plan) needed() []string {
	names := slices.Concat(p.weights, p.others, p.biases)
	for name := range p.copies {
		names = append(names, name)
	}
	for name := range p.rates {
		names = append(names, name)
	}
	return names
}

// checkBiases refuses biases, which neurons here do not have, unless they are 0.
func (p *plan) checkBiases() error {
	for _, name := range p.biases {
		t, _ := p.file.Lookup(name)
		values, err := t.Float32s()
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(values, func(v float32) bool { return v != 0 }); i >= 0 {
			return fmt.Errorf("%s is %v for map %d; neurons have no bias here, so the network cannot be taken over", name, values[i], i)
		}
	}
	if len(p.biases) > 0 {
		p.note("biases that are 0 and change nothing: %s", few(p.biases))
	}
	return nil
}

// narrow is the elements of a tensor as float32, also those of a float64 one if all of them are float32 numbers: NumPy makes
// such arrays of lists.
func narrow(t tensorfile.Tensor) ([]float32, error) {
	if t.DType != tensorfile.F64 {
		return t.Float32s()
	}
	wide, err := t.Float64s()
	if err != nil {
		return nil, err
	}
	v := make([]float32, len(wide))
	for i, x := range wide {
		if v[i] = float32(x); float64(v[i]) != x {
			return nil, fmt.Errorf("%s: element %d is %v, which no float32 is", t.Name, i, x)
		}
	}
	return v, nil
}

func (p *plan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// rate is the one value of some tensors of one element, and false if they have no such value; there reports whether they are in the file.
func (p *plan) rate(name func(k int) string, n int) (value float32, there, same bool) {
	for k := range n {
		if !p.rates[name(k)] {
			return 0, k > 0, false
		}
		t, _ := p.file.Lookup(name(k))
		v, err := t.Float32s()
		if err != nil || len(v) != 1 || k > 0 && v[0] != value {
			return 0, true, false
		}
		value = v[0]
	}
	return value, true, true
}

// takeRates makes the learning rates of a file those of the experiment, where it has a place for them.
func (p *plan) takeRates() {
	for _, r := range rules(p.experiment) {
		maps := p.experiment.Layers[r.layer].Maps
		up, there, same := p.rate(func(k int) string { return fmt.Sprintf("%s%s.ltp_%d", p.prefix, r.name, k) }, maps)
		down, also, equal := p.rate(func(k int) string { return fmt.Sprintf("%s%s.ltd_%d", p.prefix, r.name, k) }, maps)
		switch {
		case !there && !also:
		case !same || !equal:
			p.note("the learning rates %s.ltp and .ltd are not the same for all maps of layer %s, as those of an experiment are; not taken", r.name, p.experiment.Layers[r.layer].Name)
		default:
			p.takeRate(r.path(p.experiment, "a_plus"), r.aPlus, up)
			p.takeRate(r.path(p.experiment, "a_minus"), r.aMinus, down)
		}
	}
	most, there, same := p.rate(func(int) string { return p.prefix + maxRate }, 1)
	if !there || !same {
		return
	}
	for i := range p.experiment.Layers {
		if l := &p.experiment.Layers[i]; l.Learn.Rule == train.RuleSTDP && l.Learn.Doubling.Every > 0 {
			p.takeRate("layers."+l.Name+".learn.doubling.max", &l.Learn.Doubling.Max, most)
		}
	}
}

// path is the path of a rate in an experiment.
func (r rule) path(e train.Experiment, name string) string {
	path := "layers." + e.Layers[r.layer].Name + ".learn."
	if r.punish {
		path += "punish."
	}
	return path + name
}

// takeRate sets a rate of the experiment, unless it is the same or cannot be.
func (p *plan) takeRate(path string, to *float64, v float32) {
	if float32(*to) == v {
		return
	}
	before := *to
	// The shortest number that is this float32.
	*to, _ = strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err := p.experiment.Faults().Err(); err != nil {
		*to = before
		p.note("the file has the learning rate %v for %s, which is not taken: %v", v, path, err)
		return
	}
	p.note("%s = %v, as in the file, not %v", path, v, before)
}

// build makes the model, as if it were read from a file that this program wrote.
func (p *plan) build(s train.State) (*train.Model, error) {
	n, err := p.experiment.Network()
	if err != nil {
		return nil, err
	}
	empty := train.Model{Experiment: p.experiment, Network: n, State: s}
	f, err := contents(&empty)
	if err != nil {
		return nil, err
	}
	f.Tensors = nil
	for i, name := range p.weights {
		t, _ := p.file.Lookup(name)
		v, err := narrow(t)
		if err != nil {
			return nil, fmt.Errorf("%w; save it as float32", err)
		}
		if t, err = tensorfile.From(weightName(p.experiment.Layers[i].Name), t.Shape, v); err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	for _, name := range p.others {
		t, _ := p.file.Lookup(name)
		f.Tensors = append(f.Tensors, t)
	}
	var b bytes.Buffer
	if err := tensorfile.WriteSafetensors(&b, f); err != nil {
		return nil, err
	}
	return train.Read("the network", &b)
}

// tell is all notes.
func (p *plan) tell() []string {
	var said []string
	for _, key := range sortedKeys(p.file.Metadata) {
		if !slices.Contains([]string{experimentKey, stateKey, "format", "version", "thresholds", "random"}, key) {
			const most = 60
			value := p.file.Metadata[key]
			if len(value) > most {
				value = strings.ToValidUTF8(value[:most], "") + "..."
			}
			said = append(said, key+" = "+value)
		}
	}
	if len(said) > 0 {
		p.note("the file says %s", few(said))
	}
	for _, name := range sortedKeys(p.copies) {
		a, _ := p.file.Lookup(name)
		b, _ := p.file.Lookup(p.weights[p.copies[name]])
		if a.DType != b.DType || !bytes.Equal(a.Data, b.Data) {
			p.note("%s differs from %s, which is taken", name, b.Name)
		}
	}
	if len(p.unknown) > 0 {
		p.note("not taken, because nothing here is like it: %s", few(p.unknown))
	}
	return p.notes
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// few lists some names, and how many more there are.
func few(names []string) string {
	const most = 12
	if len(names) == 0 {
		return "none"
	}
	list := strings.Join(names[:min(most, len(names))], ", ")
	if len(names) > most {
		list += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return list
}
