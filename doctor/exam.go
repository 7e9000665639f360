package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"firstspike/dataset"
	"firstspike/train"
)

// Options say how much is looked at. The findings do not depend on the number
// of workers.
type Options struct {
	Images  int              // of the sample that is examined; 0: 200
	Learn   int              // images that a trial learns from; 0: 1,000
	Workers int              // goroutines; 0: one for each CPU
	Epochs  []train.EpochEnd // of the model's training, as [train.ReadEpochs] gives them; may be nil
}

func (o Options) filled() Options {
	if o.Images <= 0 {
		o.Images = 200
	}
	if o.Learn <= 0 {
		o.Learn = 1000
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

// An Exam is what was measured of a network, and what is wrong with it.
type Exam struct {
	Name     string    `json:"name"`
	Seed     uint64    `json:"seed"`
	Images   int       `json:"images"` // of the sample
	Trial    *Trained  `json:"trial,omitempty"`
	Data     Data      `json:"data"`
	Input    Input     `json:"input"`
	Layers   []Layer   `json:"layers"`
	Decision *Decision `json:"decision,omitempty"` // nil if the last layer is not rewarded
	Findings []Finding `json:"findings"`           // the heaviest first

	experiment train.Experiment
	images     int // that the experiment learns from
	epochs     []train.EpochEnd
	finished   bool
}

// Trained says how long a trial has learned.
type Trained struct {
	Images int   `json:"images"`
	Epochs []int `json:"epochs"` // of each layer
}

// Examine looks at a network as it is. set has the images that it learns from,
// of which a sample is taken with the share of every class.
func Examine(ctx context.Context, m *train.Model, set *dataset.Set, o Options) (*Exam, error) {
	return examine(ctx, m, set, nil, o.filled())
}

// Trial examines an experiment that has not been trained: it lets it learn from
// a few images, in a folder that is removed afterwards, and looks at others.
func Trial(ctx context.Context, e train.Experiment, set *dataset.Set, o Options) (*Exam, error) {
	o = o.filled()
	if err := errors.Join(e.Faults().Err(), takesImages(e)); err != nil {
		return nil, err
	}
	if err := (&train.Model{Experiment: e}).Fits(set); err != nil {
		return nil, err
	}
	all := set.Limit(e.Data.Limit)
	o.Images = min(o.Images, max(all.Len()/4, 1))
	rest, sample, err := pick(all, o.Images)
	if err != nil {
		return nil, err
	}
	learn := all
	if rest.Len() > 0 {
		learn = rest
	}
	if learn.Len() > o.Learn {
		if _, learn, err = pick(learn, o.Learn); err != nil {
			return nil, err
		}
	}
	m, trained, epochs, err := short(ctx, e, learn, sample, all.Len(), o.Workers)
	if err != nil {
		return nil, err
	}
	o.Epochs = epochs
	m.Experiment = e // not that of the trial
	return examine(ctx, m, set, trained, o)
}

// pick takes n images with the share of every class, in the order of the set;
// all if there are not more.
func pick(set *dataset.Set, n int) (rest, some *dataset.Set, err error) {
	if n >= set.Len() {
		return set.Subset(nil), set, nil
	}
	others, ids, err := dataset.Stratified(set.Labels, n, 0)
	if err != nil {
		return nil, nil, err
	}
	return set.Subset(others), set.Subset(ids), nil
}

// rounds is how often a trial goes through its images, at the most: with the
// images that it takes if nothing else is said, often enough for the rates of
// unsupervised layers to have doubled to their largest, and for a decision layer
// to know its classes.
const rounds = 8

// short trains an experiment for a short while: in place of its images, of
// which there are so many, with a few.
func short(ctx context.Context, e train.Experiment, learn, sample *dataset.Set, images, workers int) (*train.Model, *Trained, []train.EpochEnd, error) {
	e = e.Clone()
	e.Data.Limit = 0
	e.Protocol = train.Protocol{Kind: train.ProtocolPaper}
	trained := &Trained{Images: learn.Len()}
	for i := range e.Layers {
		l := &e.Layers[i].Learn
		l.Epochs = min(rounds, (l.Epochs*images+learn.Len()-1)/learn.Len())
		trained.Epochs = append(trained.Epochs, l.Epochs)
	}
	dir, err := os.MkdirTemp("", "firstspike-doctor-")
	if err != nil {
		return nil, nil, nil, fmt.Errorf("a trial needs a folder for temporary files: %w", err)
	}
	defer os.RemoveAll(dir)
	dir = filepath.Join(dir, "trial")
	t, err := train.Create(dir, e, train.Options{Train: learn, Test: sample, Workers: workers, SaveEvery: time.Hour})
	if err != nil {
		return nil, nil, nil, err
	}
	_, err = t.Run(ctx)
	t.Close()
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := train.Load(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	epochs, err := train.ReadEpochs(dir)
	return m, trained, epochs, err
}

// takesImages reports an experiment that this package does not know how to
// look at.
func takesImages(e train.Experiment) error {
	if e.Encode.Recordings() {
		return errors.New("the network takes recordings by an event camera, and what is healthy is known of images only")
	}
	return nil
}

func examine(ctx context.Context, m *train.Model, set *dataset.Set, trained *Trained, o Options) (*Exam, error) {
	if err := takesImages(m.Experiment); err != nil {
		return nil, err
	}
	if err := m.Fits(set); err != nil {
		return nil, err
	}
	e := m.Experiment
	_, sample, err := pick(set.Limit(e.Data.Limit), o.Images)
	if err != nil {
		return nil, err
	}
	x := &Exam{Name: e.Name, Seed: e.Seed, Images: sample.Len(), Trial: trained, experiment: e,
		images: set.Limit(e.Data.Limit).Len(), epochs: o.Epochs, finished: trained == nil && m.State.Finished()}
	x.Data = look(set, sample, e)
	if err := x.measure(ctx, m, sample, o.Workers); err != nil {
		return nil, err
	}
	x.judge()
	return x, nil
}
