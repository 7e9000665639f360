package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/internal/parallel"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
)

// A Model is a trained network with everything that is needed to ask it: it
// can be tested and can predict, and cannot learn.
type Model struct {
	Experiment Experiment
	Network    *snn.Network
	Decision   readout.DecisionMap
	SVM        *readout.SVM    // readout "svm": what decides instead; nil: it is not learned yet
	State      State           // where in its training the network was saved
	Packed     map[string]Grid // layers, by name, whose weights are saved as numbers of levels; nil: none are
	Range      *encode.Range   // of every input, found in the training images; nil: the encoding has none, or the training has not begun

	best []float32 // of a checkpoint: the last layer's weights after the best epoch
	sum  []float32 // of a checkpoint: the last layer's weights, added up in an epoch that has begun
}

// Load reads a model from a run's folder or from a safetensors file that this
// program wrote. Of a folder it takes the network of the best epoch so far, or,
// as long as there is none, the network as last saved.
func Load(path string) (*Model, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such run or file", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return loadRun(path)
	}
	return loadFile(path)
}

// loadRun reads the network of a run's folder. The checkpoint, if there is
// one, says whose network it has to be.
func loadRun(dir string) (*Model, error) {
	path, checkpoint := filepath.Join(dir, modelFile), filepath.Join(dir, checkpointFile)
	_, err := os.Stat(path)
	_, last := os.Stat(checkpoint)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(last, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no run is here: neither %s nor %s", dir, modelFile, checkpointFile)
	case errors.Is(last, fs.ErrNotExist):
		return loadFile(path)
	}
	c, err := loadFile(checkpoint)
	if err != nil {
		return nil, err
	}
	// Both are written together, the model first. What the checkpoint knows is
	// what the run goes on from.
	if c.best != nil {
		if err := c.Network.Layers[len(c.Network.Layers)-1].SetWeights(c.best); err != nil {
			return nil, err
		}
		c.best = nil
		c.State.Labels = c.State.Best.Labels // what is written of it is this network
		c.label(c.State.Labels)
	}
	return c, nil
}

func loadFile(path string) (*Model, error) {
	file, err := tensorfile.Open(path)
	if err != nil {
		return nil, err
	}
	file.Path = "" // it is named here
	m, err := fromFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Read reads a model from the contents of a safetensors file that this program
// wrote. name is the file's, for errors.
func Read(name string, r io.Reader) (*Model, error) {
	f, err := tensorfile.ReadSafetensors(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m, err := fromFile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// Write writes a model as the contents of a safetensors file, which [Load] and
// [Read] take.
func (m *Model) Write(w io.Writer) error {
	f, err := m.file()
	if err != nil {
		return err
	}
	return tensorfile.WriteSafetensors(w, f)
}

// Rounded is a copy with every weight as it is summed: rounded to the unit of
// its layer's potentials. It decides as m does, bit for bit, and is smaller when
// it is compressed. Training cannot go on from it.
func (m *Model) Rounded() (*Model, error) {
	c, err := newModel(m.Experiment.Clone())
	if err != nil {
		return nil, err
	}
	for i, l := range m.Network.Layers {
		var w []float32
		bound := float32(l.Bound()) // what is nearest to it may lie beyond
		for k := range l.Maps {
			for _, q := range l.Quanta(k) {
				w = append(w, min(max(float32(l.Potential(q)), -bound), bound))
			}
		}
		c.Network.Layers[i].SetThreshold(l.Threshold)
		c.Experiment.Layers[i].Threshold = l.Threshold
		if err := c.Network.Layers[i].SetThresholds(l.Thresholds()); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
		if err := c.Network.Layers[i].SetWeights(w); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.Name, err)
		}
	}
	c.Range = m.Range
	c.Decision = slices.Clone(m.Decision)
	c.SVM = m.SVM
	c.State = State{Layer: m.State.Layer, Epoch: m.State.Epoch, Presentations: m.State.Presentations, Seconds: m.State.Seconds, SVM: m.State.SVM}
	if c.Experiment.Readout.Rule == ReadoutLabels {
		c.State.Labels = slices.Clone(m.Decision)
	}
	return c, nil
}

// newModel builds the model of an experiment with zero weights.
func newModel(e Experiment) (*Model, error) {
	n, err := e.Network()
	if err != nil {
		return nil, err
	}
	d, err := e.decision()
	return &Model{Experiment: e, Network: n, Decision: d}, err
}

// label gives the maps the classes that were learned for them.
func (m *Model) label(labels []int) {
	if labels != nil {
		m.Decision = labels
	}
}

// labelled reports whether labels can be those of the experiment's maps.
func (e Experiment) labelled(labels []int) bool {
	if labels == nil {
		return true
	}
	if e.Readout.Rule != ReadoutLabels || len(labels) != e.Layers[len(e.Layers)-1].Maps {
		return false
	}
	for _, l := range labels {
		if l < readout.None || l >= e.Data.Classes {
			return false
		}
	}
	return true
}

// counted reports whether wins can be those of the experiment's maps.
func (e Experiment) counted(wins [][]int) bool {
	if e.Readout.Rule != ReadoutLabels || len(wins) != e.Layers[len(e.Layers)-1].Maps {
		return false
	}
	for _, of := range wins {
		if len(of) != e.Data.Classes {
			return false
		}
	}
	return true
}

// Class is the class that a neuron of the last layer stands for. With the readout
// "svm" it stands for none, and Class must not be called.
func (m *Model) Class(n spike.Neuron) int {
	return m.Decision.Of(m.out(), n)
}

// out is the shape of the last layer's neurons.
func (m *Model) out() spike.Shape {
	return m.Network.Layers[len(m.Network.Layers)-1].Convolution.Out()
}

// A Predictor asks a model for decisions. It has working memory of its own:
// every goroutine needs one.
type Predictor struct {
	model   *Model
	encoder *encode.Encoder
	finals  *snn.Finals // nil: the last layer fires when it passes a threshold
	byMap   bool        // all neurons of a map stand for one class
	depth   int         // layers before the last
	spikes  spike.Map
	fired   spike.Bits
	many    []spike.Bits
	pass    snn.Pass
	round   snn.Round
	best    []spike.Spike

	features *readout.Features // of one image, for a linear SVM; nil: a first spike decides
	scores   []float64
}

// Predictor returns a new predictor. The weights must not change while it is in
// use.
func (m *Model) Predictor() (*Predictor, error) {
	e, err := m.Encoder()
	if err != nil {
		return nil, err
	}
	p := &Predictor{model: m, encoder: e, depth: len(m.Network.Layers) - 1}
	if m.Experiment.Readout.Rule == ReadoutSVM {
		return p, p.bySVM()
	}
	last := m.Network.Layers[p.depth]
	p.byMap = len(m.Decision) == last.Maps && !slices.Contains(m.Decision, readout.None)
	if last.AtEnd() {
		groups := []int(m.Decision)
		if !p.byMap {
			groups = make([]int, last.Maps)
		}
		p.finals = snn.NewFinals(last.Convolution, m.Network.Steps, groups)
	}
	return p, nil
}

// Another returns a predictor for another goroutine. It shares what does not
// change with p.
func (p *Predictor) Another() *Predictor {
	e, _ := p.model.Encoder() // it was built once for p
	a := &Predictor{model: p.model, encoder: e, finals: p.finals, byMap: p.byMap, depth: p.depth}
	if p.features != nil {
		a.bySVM()
	}
	return a
}

// Encoder returns a new encoder of what the network is shown.
func (m *Model) Encoder() (*encode.Encoder, error) {
	e, err := encode.New(m.Experiment.Encode, m.Experiment.Data.Rows, m.Experiment.Data.Cols)
	if err == nil && m.Range != nil {
		e.Calibrate(m.Range)
	}
	return e, err
}

// Predict decides an image of the experiment's rows x cols pixels, 0 to 255,
// light on dark.
func (p *Predictor) Predict(pixels []byte) readout.Decision {
	switch {
	case p.features != nil:
		p.show(pixels)
		d, _ := p.model.SVM.Scores(p.features, 0, p.scores)
		return d
	case !p.byMap:
		// The runner-up may be of the winner's map.
		p.encoder.Encode(pixels, &p.spikes)
		r := p.pass.Response(p.model.Network, &p.spikes, p.depth)
		p.best = p.best[:0]
		for i, s := range r.First.At {
			maps := r.First.Maps
			p.best = append(p.best, spike.Spike{Neuron: r.First.Neuron(i%maps, i/maps), Step: s, Potential: r.Potential[i]})
		}
	case p.finals == nil:
		p.encoder.Encode(pixels, &p.spikes)
		p.best = p.model.Network.Forward(&p.spikes, &p.pass, p.best)
	default:
		p.best = p.finals.Best(p.last(pixels), &p.round, p.best)
	}
	return p.model.Decision.Decide(p.model.out(), p.best)
}

// last is which inputs of the last layer fire.
func (p *Predictor) last(pixels []byte) spike.Bits {
	n := p.model.Network
	if n.TimeMatters(p.depth) {
		p.encoder.Encode(pixels, &p.spikes)
		return p.pass.Fired(n, &p.spikes, p.depth)
	}
	// Without a time axis from the first spike on.
	if p.fired == nil {
		p.fired = spike.NewBits(p.encoder.Shape())
	}
	p.encoder.Fired(pixels, p.fired)
	return p.pass.Propagate(n, p.fired, p.depth)
}

// Classes decides n images, which image names by number, and gives the class of
// each, or [readout.None], to each. It is faster than [Predictor.Predict] one
// by one, as nobody asks for the runner-up.
func (p *Predictor) Classes(n int, image func(i int) []byte, each func(i, class int)) {
	if p.finals == nil {
		for i := range n {
			each(i, p.Predict(image(i)).Class)
		}
		return
	}
	const batch = 16
	for from := 0; from < n; from += batch {
		to := min(from+batch, n)
		for k := range to - from {
			if k == len(p.many) {
				p.many = append(p.many, nil)
			}
			p.many[k] = append(p.many[k][:0], p.last(image(from+k))...)
		}
		p.finals.Winners(p.many[:to-from], &p.round, func(k int, w spike.Spike, ok bool) {
			class := readout.None
			if ok {
				class = p.model.Class(w.Neuron)
			}
			each(from+k, class)
		})
	}
}

// Fits returns an error if the model cannot be shown the images of a set, or
// the set has labels that the model has no class for.
func (m *Model) Fits(s *dataset.Set) error {
	d := m.Experiment.Data
	switch recordings := m.Experiment.Encode.Recordings(); {
	case s.Events && !recordings:
		return fmt.Errorf("%s: holds recordings by an event camera, and the network takes images; say how they become spikes with encode.events.mode and the like, or give images", s.Name)
	case !s.Events && recordings:
		return fmt.Errorf("%s: holds images, and the network takes recordings by an event camera, as encode.events.mode says; give recordings", s.Name)
	case s.Events && (s.Rows != d.Rows || s.Cols != d.Cols):
		return fmt.Errorf("%s: recordings by a sensor of %dx%d pixels; the network takes %dx%d: set data.rows and data.cols", s.Name, s.Rows, s.Cols, d.Rows, d.Cols)
	}
	if s.Rows != d.Rows || s.Cols != d.Cols {
		return fmt.Errorf("%s: images of %dx%d pixels; the network takes %dx%d", s.Name, s.Rows, s.Cols, d.Rows, d.Cols)
	}
	if s.Labels == nil {
		return fmt.Errorf("%s: the images have no labels to compare with", s.Name)
	}
	return s.Within(d.Classes)
}

// Test decides every image of a set with the given number of goroutines (0:
// one for each CPU) and compares with the labels. done, if not nil, is called now and then, from any
// goroutine, with the number of images decided.
func (m *Model) Test(ctx context.Context, s *dataset.Set, workers int, done func(images int)) (Result, error) {
	r := newResult(m.Experiment.Data.Classes)
	if err := m.Fits(s); err != nil {
		return r, err
	}
	decisions, err := m.decisions(ctx, s, workers, done)
	if err != nil {
		return r, err
	}
	for i, d := range decisions {
		r.add(d, s.Label(i))
	}
	return r, nil
}

// testBatch is how many images a goroutine of a test takes at a time.
const testBatch = 100

// decisions decides every image of a set, as [Model.Test] does.
func (m *Model) decisions(ctx context.Context, s *dataset.Set, workers int, done func(images int)) ([]int, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	decisions := make([]int, s.Len())
	first, err := m.Predictor()
	if err != nil {
		return nil, err
	}
	var count atomic.Int64
	err = parallel.Each(ctx, (s.Len()+testBatch-1)/testBatch, workers, func() func(int) {
		p := first.Another()
		return func(b int) {
			from := b * testBatch
			n := min(testBatch, s.Len()-from)
			p.Classes(n, func(i int) []byte { return s.Image(from + i) }, func(i, class int) { decisions[from+i] = class })
			if n := count.Add(int64(n)); done != nil {
				done(int(n))
			}
		}
	})
	return decisions, err
}
