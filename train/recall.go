package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"

	"firstspike/tensorfile"
)

// recall takes from the cache what is left to learn before the last layer, and
// what the last layer is shown. It is no fault if there is nothing.
func (t *Trainer) recall() error {
	e, s, p := t.model.Experiment, &t.model.State, t.prefix
	last := len(e.Layers) - 1
	// A run that was begun by a program with other results is not like those
	// in the cache. One that has only the test before it needs nothing.
	if t.options.Cache == "" || p.key == "" || s.Prefix != p.key || s.Layer >= last && (!p.bits || s.Epoch >= e.Layers[last].Learn.Epochs) {
		return nil
	}
	c := cache{t.options.Cache, t.options.CacheBytes}
	path := c.path(p.key)
	l, err := p.read(path)
	if err != nil {
		t.missed = true
		if !errors.Is(err, fs.ErrNotExist) {
			t.observe(Cached{Path: path, Err: err})
		}
		return nil
	}
	for i, layer := range e.Layers[:min(s.Layer, last)] {
		have := t.model.Network.Layers[i]
		if !slices.EqualFunc(have.Weights(), l.weights[i], sameBits) || !slices.Equal(have.Thresholds(), l.thresholds[i]) {
			t.observe(Cached{Path: path, Err: fmt.Errorf("%s: its weights of %s are not those of this run", path, layer.Name)})
			return nil
		}
	}
	c.touch(path)
	cached := Cached{Path: path}
	if s.Layer < last {
		cached.Layers, cached.Seconds = p.names(s.Layer), l.story.Seconds
		if err := t.skip(l); err != nil {
			return fmt.Errorf("%s: %w; remove it", path, err)
		}
	}
	if p.bits {
		t.inputs = inputs{set: t.train, depth: last}
		t.inputs.layOut(l.train, p.train)
		t.held = inputs{set: t.judges(), depth: last}
		t.held.layOut(l.held, p.held)
	}
	t.observe(cached)
	return nil
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// skip goes from wherever before the last layer the training is to the
// beginning of the last layer.
func (t *Trainer) skip(l learned) error {
	s, p := &t.model.State, t.prefix
	for i := s.Layer; i < len(l.weights); i++ {
		of := t.model.Network.Layers[i]
		if err := errors.Join(of.SetWeights(l.weights[i]), of.SetThresholds(l.thresholds[i])); err != nil {
			return err
		}
	}
	t.clock()
	var ends []EpochEnd
	i := 0
	for _, end := range l.story.Epochs {
		for p.layers()[i].Name != end.Layer {
			i++
		}
		if i < s.Layer || i == s.Layer && end.Epoch < s.Epoch {
			continue // the run itself learned it
		}
		end.Cached, end.Seconds = true, s.Seconds
		ends = append(ends, end)
	}
	t.folder.log(ends...)
	s.Cached = &Reused{p.names(s.Layer), l.story.Seconds}
	s.Layer, s.Epoch, s.Image, s.Score, s.Presentations = len(l.weights), 0, 0, Score{}, l.story.Presentations
	s.Adaptation, s.Thresholds, s.Updates = t.adaptation(s.Layer), nil, 0
	for _, end := range ends {
		t.observe(end)
	}
	return nil
}

// keep puts what the layers before the last have learned, and what they make
// of the images, into the cache if it is missing there.
func (t *Trainer) keep() {
	if !t.missed {
		return
	}
	t.missed = false
	p, c := t.prefix, cache{t.options.Cache, t.options.CacheBytes}
	kept := Cached{Path: c.path(p.key), Kept: true, Layers: p.names(0)}
	l := learned{train: t.inputs.arena, held: t.held.arena}
	l.story, kept.Err = t.story()
	kept.Seconds = l.story.Seconds
	for i := range p.layers() {
		of := t.model.Network.Layers[i]
		l.weights, l.thresholds = append(l.weights, of.Weights()), append(l.thresholds, of.Thresholds())
	}
	if kept.Err == nil {
		kept.Err = p.keep(c, l)
	}
	t.observe(kept)
}

// keep writes a learned prefix into the cache.
func (p prefix) keep(c cache, l learned) error {
	if size := 8 * int64(len(l.train)+len(l.held)); size > c.limit {
		return fmt.Errorf("what the layers make of the images takes %d bytes; a cache has at most %d", size, c.limit)
	}
	f, err := p.file(l)
	if err != nil {
		return err
	}
	return c.write(p.key, func(w io.Writer) error { return tensorfile.WriteSafetensors(w, f) })
}

// story tells how the layers before the last were learned, from the metrics.
func (t *Trainer) story() (story, error) {
	s := story{}
	ends, err := t.folder.logged()
	if err != nil {
		return s, err
	}
	for _, end := range ends {
		if end.Layer == t.model.Experiment.Layers[len(t.model.Experiment.Layers)-1].Name {
			break
		}
		s.Presentations, s.Seconds = end.Presentations, end.Seconds
		end.Cached = false
		s.Epochs = append(s.Epochs, end)
	}
	if taken := t.model.State.Cached; taken != nil {
		s.Seconds = taken.Seconds
	}
	if err := t.prefix.check(s); err != nil {
		return s, fmt.Errorf("%s: %w", t.folder.path(metricsFile), err)
	}
	return s, nil
}
