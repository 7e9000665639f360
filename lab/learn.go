package lab

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// Limits of a [Learn].
const (
	MostImages = 100
	mostRate   = 100
	mostShown  = 1_000_000_000 // a training never gets there
)

// A Learn is some images for a layer that learns without reward. It carries the
// weights with which the layer begins, so that a layer learns on from question to
// question: with Weights and Shown of the last [Learned].
type Learn struct {
	Layer   string   `json:"layer"`
	Weights []byte   `json:"weights,omitempty"` // float32, little endian, in the order map, input map, row, column; empty: those before any training
	Shown   int      `json:"shown,omitempty"`   // images that the layer has seen before: what a schedule of rates goes by
	Images  [][]byte `json:"images"`            // pixels, at most MostImages of them; the layer is shown one after another
	Rate    float64  `json:"rate,omitempty"`    // multiplies both rates, 0 to 100; 0: 1
}

// A Learned is a layer after a [Learn].
type Learned struct {
	Layer   string `json:"layer"`
	Weights []byte `json:"weights"` // as in Learn
	Shown   int    `json:"shown"`   // images that the layer has seen now
	Sheet   Sheet  `json:"sheet"`   // what its maps look for now

	Winners     [][]Won `json:"winners"`     // of every image, in the order in which they won
	Counts      []int   `json:"counts"`      // how often every map won
	Convergence float64 `json:"convergence"` // see [snn.Convolution.Convergence]

	// The rates of the last image, or, without any, those that the next one would
	// have: APlus for the synapses whose input had fired, AMinus for all others.
	APlus  float32 `json:"a_plus"`
	AMinus float32 `json:"a_minus"`
}

// A Won is a neuron that won for an image, and whose map learned.
type Won struct {
	Map       int     `json:"map"`
	Row       int     `json:"row"`
	Col       int     `json:"col"`
	Step      int     `json:"step"`      // of its spike; 255: it was silent, and won because too few others did (learn.fill)
	Potential float64 `json:"potential"` // in units of weights
}

// Learn shows images to a layer that learns by "stdp", which learns from them as
// in training: behind layers that are as they are, with the same winners, rates
// and bounds, and to the same bits. Nothing of the lab's network changes. It is
// an error if the layer learns by reward: that is for [Lab.Teach].
//
// In training, batches put the changes off until all their images have been
// seen, dropout keeps some maps from winning for an epoch, and learning may end
// early (learn.until); here every image counts at once, for all maps.
func (l *Lab) Learn(q Learn) (Learned, error) {
	depth, err := l.depth(q.Layer)
	if err != nil {
		return Learned{}, err
	}
	learn := l.model.Experiment.Layers[depth].Learn
	switch {
	case learn.Rule == train.RuleVDSP || learn.Doubling.Updates:
		return Learned{}, fmt.Errorf("layer %s learns by %q with rates that double by images or changes; only %q by images can be watched: train it, and look at the run", q.Layer, learn.Rule, train.RuleSTDP)
	case learn.Rule != train.RuleSTDP:
		return Learned{}, fmt.Errorf("layer %s learns by %q, which needs labels; only a layer that learns by %q learns from images alone: teach this one", q.Layer, learn.Rule, train.RuleSTDP)
	}
	if err := l.checkLearn(q); err != nil {
		return Learned{}, err
	}
	c, err := l.pupil(depth, q.Weights)
	if err != nil {
		return Learned{}, fmt.Errorf("layer %s: %w", q.Layer, err)
	}
	p := pupil{c: c, learn: learn, factor: q.Rate}
	if q.Rate == 0 {
		p.factor = 1
	}
	if learn.Shared {
		p.sum = snn.NewSum(c)
	}
	d := Learned{Layer: q.Layer, Shown: q.Shown, Winners: make([][]Won, 0, len(q.Images)), Counts: make([]int, c.Maps)}
	rates := p.rates(q.Shown + 1)
	for _, pixels := range q.Images {
		d.Shown++
		rates = p.rates(d.Shown)
		l.encoder.Encode(pixels, &l.spikes)
		l.events.From(&l.spikes)
		l.winners = p.see(l.pass.Events(l.model.Network, &l.events, depth), rates, &l.scratch, l.winners[:0])
		won := make([]Won, len(l.winners))
		for i, w := range l.winners {
			won[i] = Won{w.Map, w.Row, w.Col, int(w.Step), c.Potential(w.Potential)}
			d.Counts[w.Map]++
		}
		d.Winners = append(d.Winners, won)
	}
	d.APlus, d.AMinus = rates.APlus, rates.AMinus
	d.Weights, d.Convergence = weightBytes(c.Weights()), c.Convergence()
	// The network as it would be with the layer in its place.
	with := *l.model.Network
	with.Layers = slices.Clone(with.Layers)
	with.Layers[depth].Convolution = c
	d.Sheet, err = sheet(&train.Model{Experiment: l.model.Experiment, Network: &with}, depth)
	return d, err
}

// checkLearn reports what cannot be learned from, whatever the layer.
func (l *Lab) checkLearn(q Learn) error {
	switch {
	case len(q.Images) > MostImages:
		return fmt.Errorf("%d images; a layer is shown %d at a time: give the others with the weights that come of these", len(q.Images), MostImages)
	case !(q.Rate >= 0 && q.Rate <= mostRate):
		return fmt.Errorf("rate %v; it multiplies the rates of the rule and must be 0 (1) to %d", q.Rate, mostRate)
	case q.Shown < 0 || q.Shown > mostShown:
		return fmt.Errorf("%d images shown before; it must be 0 to %d", q.Shown, mostShown)
	}
	for i, pixels := range q.Images {
		if err := l.check(pixels); err != nil {
			return fmt.Errorf("image %d: %w", i, err)
		}
	}
	return nil
}

// pupil is the layer at a depth with other weights, or, without any, with those
// before training. It shares nothing with the network.
func (l *Lab) pupil(depth int, weights []byte) (*snn.Convolution, error) {
	own := l.model.Network.Layers[depth].Convolution
	c, err := snn.NewConvolution(own.Geometry, own.Threshold, own.Fires, own.Bound())
	if err != nil {
		return nil, err
	}
	if len(weights) == 0 {
		before, err := l.untrained()
		if err != nil {
			return nil, err
		}
		return c, c.SetWeights(before.model.Network.Layers[depth].Weights())
	}
	if n := len(c.Weights()); len(weights) != 4*n {
		return nil, fmt.Errorf("%d bytes of weights; it has %dx%dx%dx%d = %d, of 4 bytes each", len(weights), c.Maps, c.In.Maps, c.Kernel.Rows, c.Kernel.Cols, n)
	}
	w := make([]float32, len(weights)/4)
	for i := range w {
		w[i] = math.Float32frombits(binary.LittleEndian.Uint32(weights[4*i:]))
	}
	return c, c.SetWeights(w)
}

// weightBytes are weights as in [Learn].
func weightBytes(w []float32) []byte {
	b := make([]byte, 0, 4*len(w))
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// A pupil is a layer that learns without reward.
type pupil struct {
	c      *snn.Convolution
	learn  train.Learn
	factor float64  // of the rates
	sum    *snn.Sum // nil: every winner is of a map of its own
	image  spike.Map
	own    spike.Events
}

// rates are those for image number n of the layer, from 1.
func (p *pupil) rates(n int) snn.Rates {
	r := p.learn.RatesAt(0, n)
	return snn.Rates{APlus: float32(float64(r.APlus) * p.factor), AMinus: float32(float64(r.AMinus) * p.factor)}
}

// see lets the layer learn from what it reads of an image, and appends to list
// the winners.
func (p *pupil) see(in *spike.Events, rates snn.Rates, s *snn.Scratch, list []spike.Spike) []spike.Spike {
	n := p.learn
	in = n.Shown(in, &p.own)
	list = p.c.Contest(in, n.Selection(nil), s, list)
	timing(n, in, &p.image)
	rule := stdp(n, rates)
	if p.sum == nil {
		rule.Learn(p.c, &p.image, list, s)
		return list
	}
	p.sum.Add(&rule, &p.image, list, s)
	p.sum.Apply(&rule)
	return list
}

// timing writes into m when the inputs of an image fire, as a rule sees it.
func timing(l train.Learn, in *spike.Events, m *spike.Map) {
	m.Resize(in.Shape)
	if l.Summed {
		in.Summed(m)
	} else {
		in.Map(m)
	}
}

// stdp is the rule of a layer, with some rates.
func stdp(l train.Learn, rates snn.Rates) snn.STDP {
	return snn.STDP{Rates: []snn.Rates{rates}, Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper)}
}

// untrained is a lab with the network as it was before any training, which is
// made when it is first asked for.
func (l *Lab) untrained() (*Lab, error) {
	if l.before == nil {
		m, err := train.Untrained(l.came)
		if err != nil {
			return nil, err
		}
		if l.before, err = New(m); err != nil {
			return nil, err
		}
	}
	return l.before, nil
}

// asked is the lab whose maps a question is about.
func (l *Lab) asked(q Question) (*Lab, error) {
	if q.Untrained {
		return l.untrained()
	}
	return l, nil
}
