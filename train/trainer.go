package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/snn"
)

// Options are what a training needs beside the experiment. None of them
// changes a result.
type Options struct {
	Train, Test *dataset.Set  // what the experiment's data.source names
	Workers     int           // goroutines; 0: one for each CPU
	Observer    Observer      // nil: nobody watches
	SaveEvery   time.Duration // time between checkpoints; 0: 20 s
	Cache       string        // folder in which layers before the last are kept for other trainings (see the package comment); "": none
	CacheBytes  int64         // how large that folder may grow; 0: 2 GiB
	Patience    time.Duration // how long to wait for room when the finished training cannot be saved; 0: 10 minutes

	StopOnSilent bool // end the training with [ErrSilent] as soon as a layer falls silent

	// Unlocked leaves it to the caller that nobody else trains in the folder,
	// where there are no locks, or none that can be relied on.
	Unlocked bool

	// Untested ends the training before the test images are looked at: the
	// report has no Test, and none is saved, so that [Resume] goes on with the
	// test. For trainings of which one is to be chosen.
	Untested bool
}

// A Trainer trains one experiment into one folder. Make one with [Create] or
// [Resume], call Run once, then Close.
type Trainer struct {
	model   *Model
	options Options
	folder  *folder

	train, validation, test *dataset.Set
	inputs                  inputs // of the layer that learns: training images
	held                    inputs // the same for the images that choose the epoch

	began    time.Time // of this process's training
	before   float64   // seconds trained before it
	saved    time.Time
	speed    speed
	better   bool       // model.safetensors has an older network than the best
	watching sync.Mutex // held while the observer is called

	prefix prefix // the layers before the last, as the cache knows them
	missed bool   // the cache has no good file of them, and shall get one

	vigil vigil
	done  bool   // the layer in training is to learn no more
	flush func() // brings the layer in training up to date; nil: it is

	// Of a layer that learns in blocks:
	block            *snn.Block // holds its weights
	album, heldAlbum *snn.Album // of inputs and held
}

// A Report is the outcome of a training; result.json holds it.
type Report struct {
	Name          string  `json:"name"`
	Seed          uint64  `json:"seed"`
	Protocol      string  `json:"protocol"`
	Epoch         int     `json:"epoch"`                  // of the last layer that was tested, from 0
	Test          Result  `json:"test"`                   // of that epoch
	Validation    *Score  `json:"validation,omitempty"`   // of that epoch, by which it was chosen
	BestOnTest    *Best   `json:"best_on_test,omitempty"` // protocol "paper": as papers report it, chosen on the test images themselves
	Presentations int     `json:"presentations"`
	Seconds       float64 `json:"seconds"`          // that the run took; what was taken from the cache took none of them
	SVM           *Fit    `json:"svm,omitempty"`    // readout "svm": how it was learned, and chosen
	Cached        *Reused `json:"cached,omitempty"` // what was taken from the cache
}

// Reused is what a run did not learn itself, because the cache had it.
type Reused struct {
	Layers  []string `json:"layers"`
	Seconds float64  `json:"seconds"` // that they took to learn when they did
}

// ErrFinished is returned by [Resume] for a run that is complete.
var ErrFinished = errors.New("the run is finished")

// ErrInterrupted is returned by [Trainer.Run] when its context ended. The run
// is saved and can be resumed.
var ErrInterrupted = errors.New("interrupted")

// Create begins a run of an experiment in a new folder. All faults of the
// experiment and of its data are found before the folder is made.
func Create(dir string, e Experiment, o Options) (*Trainer, error) {
	m, err := newModel(e)
	if err != nil {
		return nil, err
	}
	for i, l := range m.Network.Layers {
		w := e.Layers[i].Weights
		l.Initialise(w.Mean, w.Std, stream(e.Seed, "weights", l.Name, 0))
	}
	t := &Trainer{model: m, options: o}
	if err := t.divide(); err != nil {
		return nil, err
	}
	if t.folder, err = createFolder(dir, !o.Unlocked); err != nil {
		return nil, err
	}
	if err := t.begin(); err != nil {
		t.Close()
		return nil, fmt.Errorf("cannot save to %s: %w; make room, or choose another folder", dir, err)
	}
	return t, nil
}

// begin writes what a new run starts with.
func (t *Trainer) begin() error {
	text, err := t.model.Experiment.TOML()
	if err != nil {
		return err
	}
	// The record comes first: it tells an experiment of ours from others.
	if err := t.folder.writeJSON(recordFile, Record{
		Version: Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
		Started: time.Now().UTC(), Seed: t.model.Experiment.Seed,
		Train: SumOf(t.options.Train), Test: SumOf(t.options.Test),
	}); err != nil {
		return err
	}
	if err := t.folder.write(experimentFile, text); err != nil {
		return err
	}
	if err := t.folder.clean(); err != nil {
		return err
	}
	t.model.State.Adaptation = t.adaptation(0)
	t.model.State.Train, t.model.State.Test = SumOf(t.options.Train), SumOf(t.options.Test)
	t.model.State.Prefix = t.prefix.key
	return t.save()
}

// Resume takes up a run where its last checkpoint left it. The images must be
// those that it began with.
func Resume(dir string, o Options) (*Trainer, error) {
	f, err := openFolder(dir, !o.Unlocked)
	if err != nil {
		return nil, err
	}
	t := &Trainer{options: o, folder: f}
	if err := t.resume(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Trainer) resume() error {
	var err error
	if t.model, err = loadFile(t.folder.path(checkpointFile)); err != nil {
		return fmt.Errorf("%w; the run cannot go on: begin it anew in another folder (%s can still be tested if it is there)", err, modelFile)
	}
	s := t.model.State
	if s.Finished() {
		return fmt.Errorf("%s: %w", t.folder.dir, ErrFinished)
	}
	if s.Best != nil && s.Best.On == onValidation && t.model.best == nil {
		return fmt.Errorf("%s: the best epoch's weights are missing; begin the run anew in another folder", t.folder.path(checkpointFile))
	}
	if s.SVM != nil && t.model.SVM == nil {
		return fmt.Errorf("%s: the weights of the SVM are missing; begin the run anew in another folder", t.folder.path(checkpointFile))
	}
	t.better = t.model.best != nil || t.model.SVM != nil
	if have := SumOf(t.options.Train); have.SHA256 != s.Train.SHA256 {
		return fmt.Errorf("%s: the run began with other training images: SHA-256 %s, now %s", have.Name, s.Train.SHA256, have.SHA256)
	}
	if have := SumOf(t.options.Test); have.SHA256 != s.Test.SHA256 {
		return fmt.Errorf("%s: the run began with other test images: SHA-256 %s, now %s", have.Name, s.Test.SHA256, have.SHA256)
	}
	if err := t.divide(); err != nil {
		return err
	}
	t.before = t.model.State.Seconds
	return t.folder.rewind(t.model.State.Metrics)
}

// State is how far the training has come.
func (t *Trainer) State() State { return t.model.State }

// Model is the network in training, as it is. It may be looked at while the
// observer is told something, when Run has returned, and, of layers that no
// longer learn, at any time. It must not be changed.
func (t *Trainer) Model() *Model { return t.model }

// Watch makes o the observer from now on. It must not be called during Run.
func (t *Trainer) Watch(o Observer) { t.options.Observer = o }

// Close lets go of the folder.
func (t *Trainer) Close() error { return t.folder.close() }

// divide shares out the training images between learning and validation.
func (t *Trainer) divide() error {
	e := t.model.Experiment
	if t.options.Workers <= 0 {
		t.options.Workers = runtime.GOMAXPROCS(0)
	}
	if t.options.SaveEvery == 0 {
		t.options.SaveEvery = 20 * time.Second
	}
	if t.options.Patience == 0 {
		t.options.Patience = 10 * time.Minute
	}
	if t.options.CacheBytes == 0 {
		t.options.CacheBytes = cacheBytes
	}
	if t.options.Observer == nil {
		t.options.Observer = ObserverFunc(func(Event) {})
	}
	for _, s := range []*dataset.Set{t.options.Train, t.options.Test} {
		if err := t.model.Fits(s); err != nil {
			return err
		}
	}
	if _, err := encode.New(e.Encode, e.Data.Rows, e.Data.Cols); err != nil {
		return err
	}
	learn, held, err := e.Split(t.options.Train)
	if err != nil {
		return err
	}
	t.train, t.test, t.validation = learn, t.options.Test, held
	chosenOn := held
	if held == nil {
		chosenOn = t.test
	}
	t.prefix = newPrefix(e, SumOf(t.options.Train), SumOf(t.options.Test), t.train.Len(), chosenOn.Len())
	return nil
}

// Split parts the training images of an experiment into those that it learns from
// and those that are held out to choose the epoch: nil under the protocol "paper".
func (e Experiment) Split(images *dataset.Set) (learn, held *dataset.Set, err error) {
	if e.Data.Limit > 0 {
		images = images.Limit(e.Data.Limit)
	}
	if e.Protocol.Kind == ProtocolPaper {
		return images, nil, nil
	}
	if e.Protocol.Validation >= images.Len() {
		return nil, nil, Fault{"protocol.validation", fmt.Sprintf("%d images held out of %d leave none to learn from; use fewer, or a larger data.limit", e.Protocol.Validation, images.Len())}
	}
	rest, hold, err := images.HoldOut(e.Protocol.Validation, stream(e.Seed, "validation", "", 0).Uint64())
	if err != nil {
		return nil, nil, err
	}
	return images.Subset(rest), images.Subset(hold), nil
}

// Run trains from the current state to the end, tests, and returns the
// report. When ctx ends it saves and returns [ErrInterrupted]. If the outcome
// cannot be saved it returns both the report and the error.
func (t *Trainer) Run(ctx context.Context) (*Report, error) {
	t.began, t.saved = time.Now(), time.Now()
	err := t.learn(ctx)
	var report *Report
	if err == nil {
		report, err = t.finish(ctx)
	}
	if err != nil && ctx.Err() != nil {
		if err := t.save(); err != nil {
			return nil, fmt.Errorf("interrupted, and the run could not be saved: %w; %s stands as it was", err, t.folder.path(checkpointFile))
		}
		return nil, ErrInterrupted
	}
	if errors.Is(err, ErrSilent) {
		if saved := t.save(); saved != nil {
			return nil, errors.Join(err, fmt.Errorf("the run could not be saved: %w; %s stands as it was", saved, t.folder.path(checkpointFile)))
		}
	}
	return report, err
}

// finish tests the chosen network, unless nobody wants that, and writes the
// report.
func (t *Trainer) finish(ctx context.Context) (*Report, error) {
	e, s := t.model.Experiment, &t.model.State
	last := len(e.Layers) - 1
	report := &Report{Name: e.Name, Seed: e.Seed, Protocol: e.Protocol.Kind, Epoch: e.Layers[last].Learn.Epochs - 1, Presentations: s.Presentations, Cached: s.Cached}
	chosen, err := t.chosen()
	if err != nil {
		return nil, err
	}
	if s.SVM != nil {
		report.SVM, report.Validation = s.SVM, s.SVM.Validation
	} else if t.model.best != nil {
		report.Epoch, report.Validation = s.Best.Epoch, &s.Best.Score
	} else {
		report.BestOnTest = s.Best
	}
	if t.options.Untested {
		t.clock()
		report.Seconds = s.Seconds
		return report, t.persist(ctx, func() error {
			t.better = true
			return t.save()
		})
	}
	test, err := chosen.Test(ctx, t.test, t.options.Workers, func(n int) {
		t.observe(Stage{"testing", n, t.test.Len()})
	})
	if err != nil {
		return nil, err
	}
	report.Test = test
	t.clock()
	report.Seconds = s.Seconds
	err = t.persist(ctx, func() error {
		t.better = true
		if err := t.folder.writeJSON(reportFile, report); err != nil {
			return err
		}
		s.Report = report
		if err := t.save(); err != nil {
			s.Report = nil
			return err
		}
		return nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	return report, err
}

// persist saves what a complete training has to show. If there is no room it
// says so and waits for it.
func (t *Trainer) persist(ctx context.Context, save func() error) error {
	began := time.Now()
	for {
		err := save()
		if err == nil {
			return nil
		}
		t.observe(Saved{err, true})
		if time.Since(began) > t.options.Patience {
			return fmt.Errorf("the training is complete but could not be saved: %w; make room and go on with what %s holds", err, t.folder.dir)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(5*time.Second, t.options.Patience)):
		}
	}
}

func (t *Trainer) observe(e Event) {
	t.watching.Lock()
	defer t.watching.Unlock()
	t.options.Observer.Observe(e)
}

// clock brings the state's time up to date.
func (t *Trainer) clock() { t.model.State.Seconds = t.before + time.Since(t.began).Seconds() }

// save writes a checkpoint. The weights must be complete.
func (t *Trainer) save() error {
	if !t.began.IsZero() {
		t.clock()
	}
	if err := t.folder.flush(); err != nil {
		return err
	}
	t.model.State.Metrics = t.folder.metrics
	if t.better {
		m, err := t.chosen()
		if err != nil {
			return err
		}
		if err := t.folder.writeModel(modelFile, m); err != nil {
			return err
		}
		t.better = false
	}
	return t.folder.writeModel(checkpointFile, t.model)
}

// chosen is the network of the best epoch, or, if epochs are not chosen, as it
// is now.
func (t *Trainer) chosen() (*Model, error) {
	m, err := newModel(t.model.Experiment)
	if err != nil {
		return nil, err
	}
	m.State = t.model.State
	if t.model.best != nil {
		m.State.Labels = t.model.State.Best.Labels
	}
	m.label(m.State.Labels)
	m.SVM, m.Range = t.model.SVM, t.model.Range
	for i, l := range m.Network.Layers {
		if err := l.SetThresholds(t.model.Network.Layers[i].Thresholds()); err != nil {
			return nil, err
		}
		w := t.model.Network.Layers[i].Weights()
		if i == len(m.Network.Layers)-1 && t.model.best != nil {
			w = t.model.best
		}
		if err := l.SetWeights(w); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (t *Trainer) saveDue() bool { return time.Since(t.saved) >= t.options.SaveEvery }

// saveIfDue saves when it is time to, and tells how that went. A failure is
// no reason to stop: the training is in memory, and there may be room soon.
func (t *Trainer) saveIfDue() {
	if !t.saveDue() {
		return
	}
	t.observe(Saved{t.save(), false})
	t.saved = time.Now()
}

// ReadRecord reads what a run's folder says of its making.
func ReadRecord(dir string) (Record, error) {
	var r Record
	return r, readJSON(dir, recordFile, &r)
}

// ReadReport reads the outcome of a finished run from its folder.
func ReadReport(dir string) (Report, error) {
	var r Report
	if m, err := loadFile(filepath.Join(dir, checkpointFile)); err == nil && m.State.Report != nil {
		return *m.State.Report, nil
	}
	err := readJSON(dir, reportFile, &r)
	if errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("%s: the run is not finished: there is no %s", dir, reportFile)
	}
	return r, err
}
