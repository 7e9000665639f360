package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"firstspike/inspect"
	"firstspike/snn"
	"firstspike/train"
)

// A Progress is how far a run's training is.
type Progress struct {
	Run         string      `json:"run"`
	Layer       string      `json:"layer"`
	Epoch       int         `json:"epoch"` // from 0
	Epochs      int         `json:"epochs"`
	Image       int         `json:"image"`
	Images      int         `json:"images"`
	Score       train.Score `json:"score"`
	Deciding    bool        `json:"deciding"`
	Winners     float64     `json:"winners"` // of an image
	Convergence float64     `json:"convergence"`
	PerSecond   float64     `json:"images_per_second"`
	Left        float64     `json:"left"` // seconds, of this layer
}

// A Warning is what a training warns of.
type Warning struct {
	Run         string  `json:"run"`
	Layer       string  `json:"layer"`
	Kind        string  `json:"kind"`
	Epoch       int     `json:"epoch"`
	Image       int     `json:"image"`
	Images      int     `json:"images"`
	Convergence float64 `json:"convergence"`
}

// A Stage is work other than learning.
type Stage struct {
	Run   string `json:"run"`
	Name  string `json:"name"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

// An Epoch is one that a run has ended.
type Epoch struct {
	Run string `json:"run"`
	train.EpochEnd
}

// Forming are the features of some maps of the layer in training.
type Forming struct {
	Run   string `json:"run"`
	Layer string `json:"layer"`
	Of    int    `json:"of"` // maps of the layer
	Rows  int    `json:"rows"`
	Cols  int    `json:"cols"`
	Maps  []int  `json:"maps"`

	// Values are maps x rows x cols bytes: 128 is nothing, 255 light, 1 dark.
	Values []byte `json:"values"`
}

// A viewer is a page that is told what happens.
type viewer struct {
	mu    sync.Mutex
	queue map[string][]byte // the newest message of each kind that was not sent yet
	order []string
	lists [][]byte      // messages none of which may be lost, as they cannot be known otherwise
	wake  chan struct{} // holds one

	seen map[string]uint64 // by run: which forms were sent; of the viewer's own goroutine
}

// mostListed is how many messages of the kind that may not be lost wait for a
// viewer; one that has not taken so many is told to ask anew.
const mostListed = 64

// put adds a message. One of a key takes the place of an earlier one that was
// not sent; those without are kept.
func (v *viewer) put(key string, message []byte) {
	v.mu.Lock()
	switch {
	case key == "":
		if v.lists = append(v.lists, message); len(v.lists) > mostListed {
			v.lists = [][]byte{[]byte("event: again\ndata: {}\n\n")}
		}
	case v.queue[key] == nil:
		v.order = append(v.order, key)
		fallthrough
	default:
		v.queue[key] = message
	}
	v.mu.Unlock()
	v.rouse()
}

func (v *viewer) rouse() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// take removes all messages.
func (v *viewer) take() [][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list [][]byte
	for _, key := range v.order {
		list = append(list, v.queue[key])
	}
	list = append(list, v.lists...)
	v.lists, v.order = nil, nil
	clear(v.queue)
	return list
}

// forms are what the maps of a run's layer in training look for, as last drawn.
type forms struct {
	layer      string
	rows, cols int
	values     [][]byte // of every map; nil: not yet drawn
	drawn      []uint64 // the number of the drawing that each is of
	newest     uint64
}

// A hub tells viewers what happens.
type hub struct {
	mu      sync.Mutex
	viewers map[*viewer]bool
	latest  map[string][]byte // the newest message of each key, for who comes later
	keys    []string
	forms   map[string]*forms // by run
	drawn   uint64            // drawings
}

func newHub() *hub {
	return &hub{viewers: map[*viewer]bool{}, latest: map[string][]byte{}, forms: map[string]*forms{}}
}

// join adds a viewer, nil if there are so many already.
func (h *hub) join(most int) *viewer {
	v := &viewer{queue: map[string][]byte{}, wake: make(chan struct{}, 1), seen: map[string]uint64{}}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.viewers) >= most {
		return nil
	}
	for _, key := range h.keys {
		v.put(key, h.latest[key])
	}
	v.rouse()
	h.viewers[v] = true
	return v
}

func (h *hub) leave(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.viewers, v)
}

// watched reports whether anybody looks.
func (h *hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.viewers) > 0
}

// encode is an event as it is sent, nil if it has numbers that are none, so that
// there is nothing to show.
func encode(event string, value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return append(append([]byte("event: "+event+"\ndata: "), data...), "\n\n"...)
}

// tell sends an event to all viewers. Of those with the same key only the newest
// counts.
func (h *hub) tell(event, key string, value any) {
	message := encode(event, value)
	if message == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if key != "" {
		if h.latest[key] == nil {
			h.keys = append(h.keys, key)
		}
		if bytes.Equal(h.latest[key], message) {
			return
		}
		h.latest[key] = message
	}
	for v := range h.viewers {
		v.put(key, message)
	}
}

// forget drops what was told with a key.
func (h *hub) forget(keys ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range keys {
		delete(h.latest, key)
		h.keys = slices.DeleteFunc(h.keys, func(k string) bool { return k == key })
	}
}

// form takes in what some maps have come to look for.
func (h *hub) form(f Forming) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.forms[f.Run]
	if now == nil || now.layer != f.Layer || len(now.values) != f.Of || now.rows != f.Rows || now.cols != f.Cols {
		now = &forms{layer: f.Layer, rows: f.Rows, cols: f.Cols, values: make([][]byte, f.Of), drawn: make([]uint64, f.Of)}
		h.forms[f.Run] = now
	}
	h.drawn++
	n := f.Rows * f.Cols
	for i, m := range f.Maps {
		now.values[m], now.drawn[m] = f.Values[i*n:(i+1)*n], h.drawn
	}
	now.newest = h.drawn
	for v := range h.viewers {
		v.rouse()
	}
}

// formed are the maps that have been drawn since the viewer was last told.
func (h *hub) formed(v *viewer) (list []Forming) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, run := range slices.Sorted(maps.Keys(h.forms)) {
		now := h.forms[run]
		if now.newest <= v.seen[run] {
			continue
		}
		f := Forming{Run: run, Layer: now.layer, Of: len(now.values), Rows: now.rows, Cols: now.cols}
		for m, values := range now.values {
			if now.drawn[m] > v.seen[run] {
				f.Maps, f.Values = append(f.Maps, m), append(f.Values, values...)
			}
		}
		v.seen[run] = now.newest
		list = append(list, f)
	}
	return list
}

// news is all that the viewer was not told yet.
func (h *hub) news(v *viewer) [][]byte {
	list := v.take()
	for _, f := range h.formed(v) {
		list = append(list, encode("forming", f))
	}
	return list
}

// A watch tells of a training in this process. What it costs the training is a
// copy of some weights now and then, and only while somebody looks.
type watch struct {
	hub   *hub
	id    string
	model func() *train.Model
	ended time.Time // zero: it has not

	passed bool // all that it told of was seen from outside as well; only look knows

	seen   time.Time
	rest   time.Duration
	busy   sync.Mutex
	layer  string
	viewer *inspect.Viewer
	copied []float32   // the weights of the layer
	drawn  [][]float32 // as they were when each map was drawn; nil: never
	most   float32     // the largest magnitude of a feature of the layer

	// Of a training in another process:
	last    *train.Model // as it was saved
	version string
}

// Observe takes note of an event of the training.
func (w *watch) Observe(e train.Event) {
	switch e := e.(type) {
	case train.Stage:
		w.hub.tell("stage", "stage "+w.id, Stage{w.id, e.Name, e.Done, e.Total})
	case train.Progress:
		w.hub.tell("progress", "progress "+w.id, Progress{w.id, e.Layer, e.Epoch, e.Epochs, e.Image, e.Images, e.Score, e.Deciding,
			e.Winners, e.Convergence, e.PerSecond, e.Left.Seconds()})
		w.form(e.Layer, e.Image == 0 && e.Epoch == 0)
	case train.EpochEnd:
		w.hub.tell("epoch", "", Epoch{w.id, e})
		w.form(e.Layer, e.Epoch == e.Epochs-1)
	case train.Warning:
		w.hub.tell("warning", "warning "+w.id+" "+e.Layer+" "+e.Kind, Warning{w.id, e.Layer, e.Kind, e.Epoch, e.Image, e.Images, e.Convergence})
	case train.Saved:
		if e.Err == nil {
			w.hub.tell("saved", "saved "+w.id, struct {
				Run string `json:"run"`
			}{w.id})
		}
	}
}

// How often features are drawn, for how long at a time, and how many times as
// long they are not. What is drawn takes memory away from the training's caches,
// too, so that it is to be little: a two-hundredth of two processors.
const (
	formEvery  = time.Second
	formBudget = 15 * time.Millisecond
	formRest   = 100
)

// form draws some features of the layer in training, beside it.
func (w *watch) form(layer string, now bool) {
	if !now && time.Since(w.seen) < formEvery || !w.hub.watched() || !w.busy.TryLock() {
		return
	}
	if !now && time.Since(w.seen) < w.rest {
		w.busy.Unlock()
		return
	}
	w.seen = time.Now()
	m := w.model()
	depth := slices.IndexFunc(m.Network.Layers, func(l snn.Layer) bool { return l.Name == layer })
	if depth < 0 {
		w.busy.Unlock()
		return
	}
	w.copied = append(w.copied[:0], m.Network.Layers[depth].Weights()...)
	go func() {
		defer w.busy.Unlock()
		defer func() { recover() }() // a picture less is no reason to end a training
		began := time.Now()
		w.draw(m, depth, layer, formBudget)
		w.rest = min(formRest*time.Since(began), 10*formEvery) // the processor may have been busy with others
	}()
}

// draw draws the maps that have changed most, as many as there is time for.
func (w *watch) draw(m *train.Model, depth int, layer string, budget time.Duration) {
	c := m.Network.Layers[depth].Convolution
	if w.layer != layer {
		v, err := inspect.NewViewer(m)
		if err != nil {
			return
		}
		w.layer, w.viewer, w.drawn, w.most = layer, v, make([][]float32, c.Maps), 0
	}
	n := c.Synapses()
	list := w.changed(n)
	began := time.Now()
	f := Forming{Run: w.id, Layer: layer, Of: c.Maps}
	formed := w.viewer.Formed(depth, w.copied)
	for _, m := range list {
		if len(f.Maps) > 0 && time.Since(began) > budget {
			break
		}
		feature := formed(m)
		f.Rows, f.Cols = feature.Rows, feature.Cols
		f.Maps = append(f.Maps, m)
		largest := float32(0)
		for _, v := range feature.Values {
			largest = max(largest, v, -v)
		}
		w.most = max(w.most, largest)
		scale := 127 / max(largest, w.most/4, 1e-30)
		for _, v := range feature.Values {
			f.Values = append(f.Values, byte(128+int(v*scale)))
		}
		w.drawn[m] = append(w.drawn[m][:0], w.copied[m*n:(m+1)*n]...)
	}
	if len(f.Maps) > 0 {
		w.hub.form(f)
	}
}

// changed are the maps whose weights are not those that they were drawn with,
// those first that have changed most.
func (w *watch) changed(synapses int) []int {
	by := make([]float32, len(w.drawn))
	var list []int
	for m, was := range w.drawn {
		is := w.copied[m*synapses : (m+1)*synapses]
		if was == nil {
			by[m] = 1e30
		}
		for i := range was {
			by[m] += max(is[i]-was[i], was[i]-is[i])
		}
		if by[m] > 0 {
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int {
		switch {
		case by[a] > by[b]:
			return -1
		case by[a] < by[b]:
			return 1
		}
		return 0
	})
	return list
}
