package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
)

// SVM is a linear SVM that reads the last layer, behind its pooling: see
// [readout.SVM] and, for what it minimises, [readout.SVMRule].
type SVM struct {
	C         []float64 `toml:"c" comment:"how much a violated margin costs; of several the one is taken that decides most validation images rightly; empty: 1"`
	Loss      string    `toml:"loss" comment:"\"squared-hinge\" or empty, or \"hinge\""`
	Features  string    `toml:"features" comment:"\"fired\" or empty: 1 if a neuron fires; \"latency\": 1 - step/steps"`
	Tolerance float64   `toml:"tolerance" comment:"the largest violation of optimality that is left; 0: 0.0001"`
	Passes    int       `toml:"passes" comment:"through the training images, at most; 0: 1000"`
}

// The losses and the features of an SVM.
const (
	LossSquaredHinge = "squared-hinge"
	LossHinge        = "hinge"
	FeaturesFired    = "fired"
	FeaturesLatency  = "latency"
)

// complete is s with what an empty field stands for.
func (s SVM) complete() SVM {
	if len(s.C) == 0 {
		s.C = []float64{1}
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-4
	}
	if s.Passes == 0 {
		s.Passes = 1000
	}
	return s
}

func (s SVM) rule(c float64, seed uint64) readout.SVMRule {
	return readout.SVMRule{C: c, Hinge: s.Loss == LossHinge, Tolerance: s.Tolerance, Passes: s.Passes, Seed: seed}
}

// steps is what the features are, as [readout.Features] has it.
func (s SVM) steps(e Experiment) int {
	if s.Features == FeaturesLatency {
		return e.Encode.Steps
	}
	return 0
}

// features is the shape of what the readout reads.
func (e Experiment) features() spike.Shape {
	last := len(e.Layers) - 1
	return e.Layers[last].Pool.pool().Shape(e.Geometry(last).Out())
}

func (s SVM) untrained(e Experiment) *readout.SVM {
	return readout.NewSVM(e.Data.Classes, e.features(), s.steps(e))
}

func (e Experiment) svmFaults(f *Faults) {
	s, path := e.Readout.SVM, "readout.svm"
	if e.Readout.Rule != ReadoutSVM {
		set := len(s.C) > 0 || s.Loss != "" || s.Features != "" || s.Tolerance != 0 || s.Passes != 0
		f.add(set, path, "has no effect under readout.rule %q; take it away, or set that to %q", e.Readout.Rule, ReadoutSVM)
		return
	}
	for _, c := range s.C {
		f.add(!(c > 0 && c <= 1e6), path+".c", "%v; it must be above 0 and at most 1e6", c)
	}
	f.add(len(s.C) > 1 && e.Protocol.Kind == ProtocolPaper, path+".c", "%d values, and protocol %q holds no images out to choose one; give one value, or take protocol %q", len(s.C), ProtocolPaper, ProtocolValidation)
	f.add(len(s.C) > 100, path+".c", "%d values; at most 100 can be tried", len(s.C))
	f.add(!slices.Contains([]string{"", LossSquaredHinge, LossHinge}, s.Loss), path+".loss", "%q; the losses are %q and %q", s.Loss, LossSquaredHinge, LossHinge)
	f.add(!slices.Contains([]string{"", FeaturesFired, FeaturesLatency}, s.Features), path+".features", "%q; they are %q or %q", s.Features, FeaturesFired, FeaturesLatency)
	f.add(s.Tolerance != 0 && !(s.Tolerance >= 1e-12 && s.Tolerance <= 1), path+".tolerance", "%v; it must be 1e-12 to 1, or 0 for 0.0001", s.Tolerance)
	f.add(s.Passes < 0 || s.Passes > 1e9, path+".passes", "%d; it must be 1 to 1000000000, or 0 for 1000", s.Passes)
}

// A Fit is how a linear SVM was learned.
type Fit struct {
	C          float64 `json:"c"`
	Tried      int     `json:"tried"` // values of C so far
	Train      Score   `json:"train"` // of the images that it was learned from
	Validation *Score  `json:"validation,omitempty"`
	Features   int     `json:"features"`  // that an image has
	Active     float64 `json:"active"`    // features of an image that are not 0, the mean
	Passes     int     `json:"passes"`    // of the class that took most
	Converged  bool    `json:"converged"` // all classes reached the tolerance
}

// errUnread is what a network says whose SVM is not learned yet.
var errUnread = errors.New("the linear SVM that decides is not learned yet: it comes after all layers; let the training go on to its end")

// bySVM makes p ready to decide by a linear SVM.
func (p *Predictor) bySVM() error {
	if p.model.SVM == nil {
		return errUnread
	}
	p.features = readout.NewFeatures(1, p.model.SVM.Shape, p.model.SVM.Steps)
	p.scores = make([]float64, p.model.SVM.Classes)
	return nil
}

// show makes p's features those of an image.
func (p *Predictor) show(pixels []byte) {
	n := p.model.Network
	depth := len(n.Layers)
	if p.features.Steps == 0 && !n.TimeMatters(depth) {
		if p.fired == nil {
			p.fired = spike.NewBits(p.encoder.Shape())
		}
		p.encoder.Fired(pixels, p.fired)
		p.features.SetFired(0, p.pass.Propagate(n, p.fired, depth))
		return
	}
	p.encoder.Encode(pixels, &p.spikes)
	p.features.Set(0, p.pass.Spikes(n, &p.spikes, depth))
}

// fit learns the SVM, when all layers have learned, with one C after another.
func (t *Trainer) fit(ctx context.Context) error {
	e, s := t.model.Experiment, &t.model.State
	svm, tried := e.Readout.SVM.complete(), 0
	if s.SVM != nil {
		if tried = s.SVM.Tried; tried == len(svm.C) {
			return nil
		}
	}
	learn, err := t.features(ctx, "what the readout learns from", t.train, t.inputs)
	if err != nil {
		return err
	}
	t.inputs = inputs{}
	var held *readout.Features
	if t.validation != nil {
		if held, err = t.features(ctx, "what the readout is validated on", t.validation, inputs{}); err != nil {
			return err
		}
	}
	seed := stream(e.Seed, "readout", "", 0).Uint64()
	for i := tried; i < len(svm.C); i++ {
		v, solutions, err := svm.rule(svm.C[i], seed).Learn(ctx, learn, t.train.Label, e.Data.Classes, t.options.Workers, t.fitting(svm, svm.C[i]))
		if err != nil {
			return err
		}
		end := Fitted{Fit: Fit{C: svm.C[i], Tried: i + 1, Features: learn.Shape.Neurons(), Converged: true}}
		for _, r := range solutions {
			end.Passes, end.Converged = max(end.Passes, r.Passes), end.Converged && r.Converged
		}
		active := 0
		for k := range learn.Len() {
			active += learn.Active(k)
		}
		end.Active = float64(active) / float64(max(1, learn.Len()))
		if end.Train, err = t.scoreSVM(ctx, v, learn, t.train); err != nil {
			return err
		}
		if held != nil {
			score, err := t.scoreSVM(ctx, v, held, t.validation)
			if err != nil {
				return err
			}
			end.Validation = &score
		}
		if s.SVM == nil || end.Validation.Right > s.SVM.Validation.Right {
			fit := end.Fit
			s.SVM, t.model.SVM, t.better, end.Best = &fit, v, true, true
		}
		s.SVM.Tried = i + 1
		t.observe(end)
		t.saveIfDue()
	}
	return nil
}

// fitting reports how far an SVM is, of which nobody knows how many passes it
// will take: violations shrink by about the same factor in each.
func (t *Trainer) fitting(svm SVM, c float64) func(class, passes int, violation float64) {
	var mu sync.Mutex
	first := make([]float64, t.model.Experiment.Data.Classes)
	far := make([]float64, len(first))
	name := fmt.Sprintf("learning the readout with C = %v", c)
	return func(class, passes int, violation float64) {
		mu.Lock()
		defer mu.Unlock()
		if passes == 1 {
			first[class] = max(violation, svm.Tolerance)
		}
		part := 1.0
		if violation > svm.Tolerance {
			part = math.Log(first[class]/violation) / math.Log(first[class]/svm.Tolerance)
		}
		far[class] = max(far[class], min(part, 1))
		sum := 0.0
		for _, x := range far {
			sum += x
		}
		t.observe(Stage{name, int(sum / float64(len(far)) * float64(t.train.Len())), t.train.Len()})
	}
}

// features is what the readout sees of a set. in is what the last layer is shown
// of its images, if that is remembered.
func (t *Trainer) features(ctx context.Context, name string, set *dataset.Set, in inputs) (*readout.Features, error) {
	e := t.model.Experiment
	from := 0
	if in.set == set && in.events != nil {
		from = in.depth
	}
	rest := t.model.Network.From(from)
	depth := len(rest.Layers)
	steps := e.Readout.SVM.steps(e)
	timeless := steps == 0 && !rest.TimeMatters(depth)
	f := readout.NewFeatures(set.Len(), e.features(), steps)
	err := t.stage(ctx, "computing "+name, set.Len(), func() func(int) {
		encoder, _ := t.model.Encoder() // it was built once for the trainer
		g := e.Geometry(from)
		fired := spike.NewRepeats(g.In, g.Most)
		var image, first spike.Map
		var events spike.Events
		var pass snn.Pass
		return func(i int) {
			if from == 0 && timeless {
				encoder.Fired(set.Image(i), fired)
				f.SetFired(i, pass.Propagate(rest, fired, depth))
				return
			}
			spikes := &events
			if from > 0 {
				spikes = &in.events[i]
			} else {
				encoder.Encode(set.Image(i), &image)
				events.From(&image)
			}
			if timeless {
				fired.FromEvents(spikes)
				f.SetFired(i, pass.Propagate(rest, fired, depth))
				return
			}
			out := pass.Events(rest, spikes, depth)
			first.Resize(out.Shape)
			out.Map(&first)
			f.Set(i, &first)
		}
	})
	return f, err
}

// scoreSVM decides all samples of a set.
func (t *Trainer) scoreSVM(ctx context.Context, v *readout.SVM, f *readout.Features, set *dataset.Set) (Score, error) {
	decisions := make([]int, f.Len())
	err := parallel.Each(ctx, f.Len(), t.options.Workers, func() func(int) {
		scores := make([]float64, v.Classes)
		return func(i int) {
			d, _ := v.Scores(f, i, scores)
			decisions[i] = d.Class
		}
	})
	return tally(decisions, set), err
}

// The tensors of an SVM. No layer can have such a name.
const (
	svmWeight = "readout.svm.weight" // class, map, row, column
	svmBias   = "readout.svm.bias"   // class
)

func svmTensors(v *readout.SVM) ([]tensorfile.Tensor, error) {
	major, n, s := make([]float32, 0, len(v.Weights)), v.Classes, v.Shape
	for c := range n {
		for m := range s.Maps {
			for pos := range s.Positions() {
				major = append(major, v.Weights[(pos*s.Maps+m)*n+c])
			}
		}
	}
	w, err := tensorfile.From(svmWeight, []int{n, s.Maps, s.Rows, s.Cols}, major)
	if err != nil {
		return nil, err
	}
	b, err := tensorfile.From(svmBias, []int{n}, v.Bias)
	return []tensorfile.Tensor{w, b}, err
}

// readSVM is the SVM that a file holds, nil if it holds none.
func readSVM(f *tensorfile.File, e Experiment) (*readout.SVM, error) {
	if _, ok := f.Lookup(svmWeight); !ok {
		return nil, nil
	}
	if e.Readout.Rule != ReadoutSVM {
		return nil, fmt.Errorf("%s is of an SVM, and the readout of the experiment is %q", svmWeight, e.Readout.Rule)
	}
	shape := e.features()
	w, err := readTensor(f, svmWeight, []int{e.Data.Classes, shape.Maps, shape.Rows, shape.Cols})
	if err != nil {
		return nil, err
	}
	b, err := readTensor(f, svmBias, []int{e.Data.Classes})
	if err != nil {
		return nil, err
	}
	v := e.Readout.SVM.untrained(e)
	v.Bias = b
	for c := range v.Classes {
		for m := range shape.Maps {
			for pos := range shape.Positions() {
				v.Weights[(pos*shape.Maps+m)*v.Classes+c] = w[0]
				w = w[1:]
			}
		}
	}
	if err := v.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", svmWeight, err)
	}
	return v, nil
}

// readTensor reads a tensor that must have the shape.
func readTensor(f *tensorfile.File, name string, shape []int) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("%s has the shape %v; the experiment asks for %v", name, t.Shape, shape)
	}
	return t.Float32s()
}
