package conform

import (
	"fmt"
	"math"

	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// A Model is what a trace does not say of the network that it was made with:
// an encoding, two layers that learn by STDP, and a third that learns by
// reward. [FromExperiment] makes one.
type Model struct {
	Rows, Cols int // of an image, in pixels
	Encode     encode.Config
	S1, S2     Competitive
	S3         Rewarded
	Decision   readout.DecisionMap // of S3's maps
}

// A Layer is a convolution without its weights, and the pooling behind it.
type Layer struct {
	snn.Geometry
	Threshold float64 // in units of weights; +Inf: fires at the last step
	Fires     snn.Comparison
	Pool      spike.Pool
}

// Pooled is the shape of what the layer hands on.
func (l Layer) Pooled() spike.Shape { return l.Pool.Shape(l.Out()) }

// Competitive is a layer whose winners learn by STDP.
type Competitive struct {
	Layer
	Select   snn.Selection // with pointwise inhibition
	STDP     snn.STDP      // with one pair of rates for all maps: those of the trace's first image
	Doubling snn.Doubling  // counted from the trace's first image
}

// Rewarded is a layer that decides at the last step and learns by R-STDP.
// How often its rates adapt is up to the trace.
type Rewarded struct {
	Layer
	Reward, Punish snn.STDP
}

// FromExperiment takes the model out of an experiment. It fails if the
// experiment is of another kind than mozafari2018, for whose three layers the
// keys of a trace are made; the error names the field.
func FromExperiment(e train.Experiment) (Model, error) {
	if err := e.Faults().Err(); err != nil {
		return Model{}, err
	}
	if len(e.Layers) != 3 {
		return Model{}, fmt.Errorf("layers: %d; a reference trace is of a network of 3", len(e.Layers))
	}
	decision, err := readout.Blocks(e.Layers[2].Maps, e.Data.Classes)
	if err != nil {
		return Model{}, fmt.Errorf("layers.%s.maps: %w", e.Layers[2].Name, err)
	}
	m := Model{Rows: e.Data.Rows, Cols: e.Data.Cols, Encode: e.Encode, Decision: decision}
	for i, c := range []*Competitive{&m.S1, &m.S2} {
		l := e.Layers[i].Learn
		if l.Rule != train.RuleSTDP || !l.Pointwise || l.Dropout != 0 || l.PerStep != 0 || l.Doubling.Updates || e.Layers[i].Pointwise || e.Layers[i].Ramp {
			return Model{}, fmt.Errorf("layers.%s.learn: a reference trace is of STDP with pointwise inhibition, that of learning alone, and without dropout, per_step, doubling.updates and ramp here", e.Layers[i].Name)
		}
		*c = Competitive{
			Layer:    layer(e, i),
			Select:   snn.Selection{K: l.K, Radius: l.Radius, Pointwise: true},
			STDP:     rule(l, l.APlus, l.AMinus),
			Doubling: snn.Doubling(l.Doubling),
		}
	}
	l := e.Layers[2].Learn
	m.S3 = Rewarded{Layer: layer(e, 2), Reward: rule(l, l.APlus, l.AMinus), Punish: rule(l, l.Punish.APlus, l.Punish.AMinus)}
	if l.Rule != train.RuleRSTDP || l.Punish.Margin != 0 || l.Dropout != 0 || !math.IsInf(m.S3.Threshold, 1) || m.S3.Pool.Window != 0 {
		return Model{}, fmt.Errorf("layers.%s: a reference trace is of R-STDP with an infinite threshold, without margin, pooling and dropout here", e.Layers[2].Name)
	}
	return m, nil
}

func layer(e train.Experiment, i int) Layer {
	l := e.Layers[i]
	return Layer{Geometry: e.Geometry(i), Threshold: l.Threshold, Fires: l.Fires, Pool: spike.Pool(l.Pool)}
}

func rule(l train.Learn, plus, minus float64) snn.STDP {
	return snn.STDP{
		Rates:      []snn.Rates{{APlus: float32(plus), AMinus: float32(minus)}},
		Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper),
	}
}

// convolution builds the layer with weights of a trace, on a grid that has
// room for them and for what a rule with the given bounds makes of them.
func (l Layer) convolution(weights []float32, rules ...snn.STDP) (*snn.Convolution, error) {
	bound := 1.2
	for _, r := range rules {
		bound = max(bound, math.Abs(float64(r.Lower)), math.Abs(float64(r.Upper)))
	}
	for _, w := range weights {
		bound = max(bound, 1.01*math.Abs(float64(w)))
	}
	c, err := snn.NewConvolution(l.Geometry, l.Threshold, l.Fires, bound)
	if err != nil {
		return nil, err
	}
	return c, c.SetWeights(weights)
}
