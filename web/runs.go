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

	"firstspike/dataset"
	"firstspike/doctor"
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
	Parameters int              `json:"parameters"` // weights of all layers
	Finished   bool             `json:"finished"`
	Training   bool             `json:"training"`        // as far as can be told from outside, if another process trains it
	Error      string           `json:"error,omitempty"` // what is wrong with the run's folder
	Version    string           `json:"version"`         // of the network: another one, other answers; empty: there is none yet
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

	Parameters int `json:"parameters"` // weights
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
	Rows    int       `json:"rows"`   // of an image
	Cols    int       `json:"cols"`
	Pixels  []byte    `json:"pixels"` // of the images of the list, in its order
	List    []Mistake `json:"list"`
}

// A folder is a run's folder, and what is remembered of it.
type folder struct {
	id, dir string
	name    string // for people; empty: the last part of dir

	mu       sync.Mutex
	version  string // of the model
	model    *train.Model
	labs     []*lab.Lab        // that nobody uses
	sheets   map[string][]byte // answers that every page asks for, and that take long
	test     *dataset.Set
	mistakes *Mistakes
	exam     *Exam
	fault    error  // why the network could not be loaded
	of       string // the version of which that is so

	outside outside
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
	if f.of == stamp && f.fault != nil {
		return f.fault
	}
	m, err := train.Load(f.dir)
	if err != nil {
		if f.model != nil {
			return nil // it is being written; the one before will do
		}
		f.fault, f.of = err, stamp
		return err
	}
	f.model, f.version, f.labs, f.sheets, f.mistakes, f.exam, f.fault = m, stamp, nil, nil, nil, nil, nil
	return nil
}

// leave forgets the network and all that was found out about it. What is known
// of the folder stays.
func (f *folder) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.model, f.version, f.labs, f.sheets, f.test, f.mistakes, f.exam = nil, "", nil, nil, nil, nil, nil
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

// sheet is an answer that was kept, nil if there is none.
func (f *folder) sheet(key, version string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version != f.version {
		return nil
	}
	return f.sheets[key]
}

// keep keeps an answer, one for each layer.
func (f *folder) keep(key, version string, text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version != f.version {
		return
	}
	if f.sheets == nil {
		f.sheets = map[string][]byte{}
	}
	f.sheets[key] = text
}

// images are the test images of the run, with the model they are for.
func (f *folder) images() (*dataset.Set, *train.Model, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return nil, nil, "", err
	}
	if f.test == nil {
		test, err := dataset.OpenTestWith(f.model.Experiment.Data.Source, f.model.Experiment.Data.Options())
		if err != nil {
			return nil, nil, "", err
		}
		if err := f.model.Fits(test); err != nil {
			return nil, nil, "", err
		}
		if test.Events {
			return nil, nil, "", fmt.Errorf("%s: holds recordings by an event camera, and a page shows pictures", test.Name)
		}
		f.test = test
	}
	return f.test, f.model, f.version, nil
}

// about is what there is to tell of the run, and what is wrong with it, if
// anything.
func (f *folder) about() (r Run, err error) {
	r = Run{ID: f.id, Name: f.name, Layers: []RunLayer{}, Epochs: []train.EpochEnd{}, Reported: []Reported{}, Version: f.stamp()}
	if r.Name == "" {
		r.Name = filepath.Base(f.dir)
	}
	defer func() {
		if err != nil {
			r.Error = err.Error()
		}
	}()
	e, err := f.experiment()
	if err != nil {
		return r, err
	}
	r.Experiment, r.Paper, r.Seed, r.Protocol = e.Name, e.Paper, e.Seed, e.Protocol.Kind
	for i, l := range e.Layers {
		g := e.Geometry(i)
		n := g.Maps * g.Synapses()
		r.Layers = append(r.Layers, RunLayer{l.Name, l.Maps, l.Learn.K, l.Learn.Rule, l.Learn.Epochs, n})
		r.Parameters += n
	}
	if p, ok := preset.Lookup(e.Name); ok {
		for _, x := range p.Results {
			r.Reported = append(r.Reported, Reported{x.Percent, x.Epoch, x.By, x.How})
		}
	}
	epochs, err := train.ReadEpochs(f.dir)
	if err != nil {
		return r, err
	}
	r.Epochs = append(r.Epochs, epochs...)
	if report, ok := f.report(); ok {
		r.Finished, r.Test = true, &report.Test.Score
	}
	return r, nil
}

// experiment is that of the run. The copy that people may read, and may have
// changed, is looked at only as long as there is no checkpoint.
func (f *folder) experiment() (e train.Experiment, err error) {
	path := filepath.Join(f.dir, "experiment.toml")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		m, err := train.Load(f.dir)
		if err != nil {
			return e, err
		}
		return m.Experiment, nil
	case err != nil:
		return e, err
	case info.Size() > mostText:
		return e, fmt.Errorf("%s: has more than %d bytes, which is too large for an experiment", path, mostText)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if e, err = train.Parse(path, text); err != nil {
		return e, err
	}
	if err := e.Faults().Err(); err != nil {
		return e, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// report is the outcome of the run, and false if it is not finished. It is
// written when all else is done; the checkpoint says the same, but takes a
// thousand times as long to read, and more while it is trained.
func (f *folder) report() (r train.Report, ok bool) {
	text, err := os.ReadFile(filepath.Join(f.dir, "result.json"))
	return r, err == nil && json.Unmarshal(text, &r) == nil
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
	list := &Mistakes{Images: test.Len(), Rows: test.Rows, Cols: test.Cols, Pixels: []byte{}, List: []Mistake{}}
	for i, j := range all {
		if j.Class != j.Label {
			list.List = append(list.List, Mistake{i, j})
		}
	}
	slices.SortStableFunc(list.List, func(a, b Mistake) int { return a.Compare(b.Judgement) })
	for _, m := range list.List {
		list.Pixels = append(list.Pixels, test.Image(m.Image)...)
	}
	return list, nil
}

// An Exam is what package doctor says of a run.
type Exam struct {
	Version string `json:"version"`
	*doctor.Exam
}

// errUntrained is what is answered where a network that has learned is needed.
var errUntrained = errors.New("this run has not learned from any image yet; ask again when it has")

// examined lets the doctor look at the run and keeps what was found.
func (f *folder) examined(ctx context.Context, workers int) (*Exam, error) {
	f.mu.Lock()
	err := f.load()
	model, version, known := f.model, f.version, f.exam
	f.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case known != nil && known.Version == version:
		return known, nil
	case model.State.Presentations == 0:
		return nil, errUntrained
	}
	set, _, err := dataset.OpenWith(model.Experiment.Data.Source, model.Experiment.Data.Options())
	if err != nil {
		return nil, err
	}
	epochs, err := train.ReadEpochs(f.dir)
	if err != nil {
		return nil, err
	}
	x, err := doctor.Examine(ctx, model, set, doctor.Options{Workers: workers, Epochs: epochs})
	if err != nil {
		return nil, err
	}
	exam := &Exam{version, x}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.version == version {
		f.exam = exam
	}
	return exam, nil
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

// mostLabs is how many labs of a run are kept.
const mostLabs = 4

// mostText is the most bytes of an experiment: ten times what one takes.
const mostText = 1 << 16
