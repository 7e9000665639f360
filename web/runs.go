package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"firstspike/dataset"
	"firstspike/internal/parallel"
	"firstspike/lab"
	"firstspike/preset"
	"firstspike/train"
)

// A Run is what the page shows of a run before it asks more.
type Run struct {
	ID         string           `json:"id"` // in addresses
	Name       string           `json:"name"`
	Experiment string           `json:"experiment"` // its name
	Paper      string           `json:"paper"`
	Seed       uint64           `json:"seed"`
	Protocol   string           `json:"protocol"`
	Layers     []RunLayer       `json:"layers"`
	Finished   bool             `json:"finished"`
	Version    string           `json:"version"` // of the network: another one, other answers; empty: there is none yet
	Test       *train.Score     `json:"test,omitempty"`
	Epochs     []train.EpochEnd `json:"epochs"`
	Reported   []Reported       `json:"reported"`
}

// A RunLayer is a layer and how long it learns.
type RunLayer struct {
	Name   string `json:"name"`
	Maps   int    `json:"maps"`
	K      int    `json:"k"`
	Rule   string `json:"rule"`
	Epochs int    `json:"epochs"`
}

// Reported is what others report of the experiment.
type Reported struct {
	Percent float64 `json:"percent"`
	Epoch   int     `json:"epoch"`
	By      string  `json:"by"`
	How     string  `json:"how"`
}

// Digits are some images of a test set.
type Digits struct {
	Rows   int    `json:"rows"`
	Cols   int    `json:"cols"`
	From   int    `json:"from"`  // the first of them
	Total  int    `json:"total"` // of the set
	Pixels []byte `json:"pixels"`
	Labels []int  `json:"labels"`
}

// A Mistake is a test image that was decided wrongly, or not at all.
type Mistake struct {
	Image int `json:"image"`
	lab.Judgement
}

// Mistakes are all of a run, those with the largest margin first.
type Mistakes struct {
	Version string    `json:"version"`
	Images  int       `json:"images"` // of the test set
	List    []Mistake `json:"list"`
}

// A folder is a run's folder, and what is remembered of it.
type folder struct {
	id, dir string

	mu       sync.Mutex
	version  string // of the model
	model    *train.Model
	labs     []*lab.Lab // that nobody uses
	test     *dataset.Set
	mistakes *Mistakes
}

// errNoNetwork is what is answered of a run that has saved no network yet.
var errNoNetwork = errors.New("this run has no network yet; it is saved some seconds after the beginning")

// stamp tells apart what a run's folder held at different times.
func (f *folder) stamp() string {
	text := ""
	for _, name := range []string{"checkpoint.safetensors", "model.safetensors"} {
		if info, err := os.Stat(filepath.Join(f.dir, name)); err == nil {
			text += fmt.Sprintf("%x-%x.", info.ModTime().UnixNano(), info.Size())
		}
	}
	return text
}

// load makes the model the one that the folder has. The folder must be locked.
func (f *folder) load() error {
	stamp := f.stamp()
	if stamp == "" {
		return errNoNetwork
	}
	if f.model != nil && f.version == stamp {
		return nil
	}
	m, err := train.Load(f.dir)
	if err != nil {
		if f.model != nil {
			return nil // it is being written; the one before will do
		}
		return err
	}
	f.model, f.version, f.labs, f.mistakes = m, stamp, nil, nil
	return nil
}

// lab is one for this caller alone, until it is given back.
func (f *folder) lab() (l *lab.Lab, version string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return nil, "", err
	}
	if n := len(f.labs); n > 0 {
		l, f.labs = f.labs[n-1], f.labs[:n-1]
		return l, f.version, nil
	}
	l, err = lab.New(f.model)
	return l, f.version, err
}

// give gives a lab back.
func (f *folder) give(l *lab.Lab, version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version == f.version && len(f.labs) < mostLabs {
		f.labs = append(f.labs, l)
	}
}

// images are the test images of the run, with the model they are for.
func (f *folder) images() (*dataset.Set, *train.Model, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return nil, nil, "", err
	}
	if f.test == nil {
		test, err := dataset.OpenTest(f.model.Experiment.Data.Source)
		if err != nil {
			return nil, nil, "", err
		}
		if err := f.model.Fits(test); err != nil {
			return nil, nil, "", err
		}
		f.test = test
	}
	return f.test, f.model, f.version, nil
}

// about is what there is to tell of the run.
func (f *folder) about() (Run, error) {
	r := Run{ID: f.id, Name: filepath.Base(f.dir), Reported: []Reported{}}
	text, err := os.ReadFile(filepath.Join(f.dir, "experiment.toml"))
	if err != nil {
		return r, err
	}
	e, err := train.Parse("experiment.toml", text)
	if err != nil {
		return r, err
	}
	r.Experiment, r.Paper, r.Seed, r.Protocol = e.Name, e.Paper, e.Seed, e.Protocol.Kind
	for _, l := range e.Layers {
		r.Layers = append(r.Layers, RunLayer{l.Name, l.Maps, l.Learn.K, l.Learn.Rule, l.Learn.Epochs})
	}
	if p, ok := preset.Lookup(e.Name); ok {
		for _, x := range p.Results {
			r.Reported = append(r.Reported, Reported{x.Percent, x.Epoch, x.By, x.How})
		}
	}
	if r.Epochs, err = train.ReadEpochs(f.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if r.Epochs == nil {
		r.Epochs = []train.EpochEnd{}
	}
	if report, err := train.ReadReport(f.dir); err == nil {
		r.Finished, r.Test = true, &report.Test.Score
	}
	r.Version = f.stamp()
	return r, nil
}

// wrong judges all test images and keeps the list.
func (f *folder) wrong(ctx context.Context, workers int) (*Mistakes, error) {
	test, model, version, err := f.images()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	known := f.mistakes
	f.mu.Unlock()
	if known != nil && known.Version == version {
		return known, nil
	}
	m, err := Judge(ctx, model, test, workers)
	if err != nil {
		return nil, err
	}
	m.Version = version
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.version == version {
		f.mistakes = m
	}
	return m, nil
}

// Judge decides all images of a test set and lists those that were not decided
// rightly.
func Judge(ctx context.Context, m *train.Model, test *dataset.Set, workers int) (*Mistakes, error) {
	first, err := m.Predictor()
	if err != nil {
		return nil, err
	}
	all := make([]lab.Judgement, test.Len())
	err = parallel.Each(ctx, test.Len(), workers, func() func(int) {
		p := first.Another()
		return func(i int) { all[i] = lab.Judged(p.Predict(test.Image(i)), test.Label(i), m.Network.Steps) }
	})
	if err != nil {
		return nil, err
	}
	list := &Mistakes{Images: test.Len(), List: []Mistake{}}
	for i, j := range all {
		if j.Class != j.Label {
			list.List = append(list.List, Mistake{i, j})
		}
	}
	slices.SortStableFunc(list.List, func(a, b Mistake) int { return a.Compare(b.Judgement) })
	return list, nil
}

// some are n images from the given one on.
func some(test *dataset.Set, from, n int) Digits {
	d := Digits{Rows: test.Rows, Cols: test.Cols, From: from, Total: test.Len(), Pixels: []byte{}, Labels: []int{}}
	for i := from; i < min(from+n, test.Len()); i++ {
		d.Pixels = append(d.Pixels, test.Image(i)...)
		d.Labels = append(d.Labels, test.Label(i))
	}
	return d
}

// Answer answers a question that comes as JSON, with JSON: that of a
// [lab.Answer].
func Answer(l *lab.Lab, question []byte) ([]byte, error) {
	var q lab.Question
	if err := json.Unmarshal(question, &q); err != nil {
		return nil, fmt.Errorf("the question cannot be read: %w", err)
	}
	a, err := l.Answer(q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

const (
	mostLabs   = 2                // of a run that are kept
	mostWaited = 10 * time.Second // for an answer to begin
)
