package train

import "time"

// An Observer is told what a training does. Calls never overlap, but the
// training waits for them: an observer must return quickly, and must not
// change what it is given.
type Observer interface {
	Observe(Event)
}

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }

// An ObserverFunc is an observer that is a function.
type ObserverFunc func(Event)

// An Event is one of [Stage], [Progress], [EpochEnd], [Fitted], [Warning],
// [Saved] and [Cached].
type Event interface{ event() }

// Stage reports the beginning of, or the advance in, work other than
// learning: "encoding", "computing s1", "testing".
type Stage struct {
	Name        string
	Done, Total int // images
}

// Progress reports the advance within an epoch, several times a second.
type Progress struct {
	Layer         string
	Epoch, Epochs int // Epoch counts from 0
	Image, Images int // of this epoch
	Score         Score
	Deciding      bool    // the layer learns from decisions, so that Score means something
	Winners       float64 // neurons that won for an image, the mean since the last Progress of the layer; 0: not yet known
	Convergence   float64
	PerSecond     float64 // images a second, lately
	Left          time.Duration
}

// EpochEnd reports a complete epoch. It is also a line of metrics.jsonl.
type EpochEnd struct {
	Layer         string  `json:"layer"`
	Epoch         int     `json:"epoch"`
	Epochs        int     `json:"epochs"`
	Presentations int     `json:"presentations"`     // of the whole training so far
	Shown         int     `json:"shown,omitempty"`   // of those, of this layer; 0 in runs of an earlier version
	Updates       int     `json:"updates,omitempty"` // of the layer so far, where doubling counts them
	Train         *Score  `json:"train,omitempty"`
	Validation    *Score  `json:"validation,omitempty"`
	Test          *Score  `json:"test,omitempty"` // protocol "paper" only
	Best          bool    `json:"best,omitempty"` // the best epoch so far on Validation, or on Test
	Convergence   float64 `json:"convergence"`
	Weights       []int   `json:"weights,omitempty"` // how many lie in each of so many equal parts of lower..upper of the layer; those outside are in the first and the last
	Seconds       float64 `json:"seconds"`           // of the whole training so far
	PerSecond     float64 `json:"images_per_second"`
	Cached        bool    `json:"cached,omitempty"` // learned by another training, PerSecond too, and taken from the cache
}

// Fitted reports a linear SVM that was learned, for one C.
type Fitted struct {
	Fit
	Best bool // the best so far
}

// Warning reports that a layer in training has fallen silent, or has
// converged. It comes once for each kind and layer.
type Warning struct {
	Layer       string
	Kind        string // [LayerSilent] or [LayerConverged]
	Epoch       int    // from 0
	Image       int    // of this epoch
	Images      int    // LayerSilent: for how many nobody has won
	Convergence float64
}

// Saved reports that the run was saved, or why it could not be; it is tried
// again. Until Complete, training goes on meanwhile.
type Saved struct {
	Err      error
	Complete bool // the training has ended and waits for room
}

// Cached reports what was taken from the cache on disk or kept in it, or why it
// could not be. Training goes on in any case, to the same result.
type Cached struct {
	Path    string
	Kept    bool     // or else taken
	Layers  []string // that were kept, or need not learn; none if only what they make of the images was taken
	Seconds float64  // that these layers took to learn
	Err     error
}

func (Stage) event()    {}
func (Progress) event() {}
func (EpochEnd) event() {}
func (Fitted) event()   {}
func (Warning) event()  {}
func (Saved) event()    {}
func (Cached) event()   {}
