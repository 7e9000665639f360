package train

import (
	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// An Experiment is everything that decides a result, as pure data: the same
// experiment with the same data gives the same weights, bit for bit, on any
// machine and with any number of workers. It prints as TOML, is stored in
// every checkpoint, and every field has a path by which [Experiment.Set]
// changes it, such as layers.s2.threshold.
type Experiment struct {
	Name     string        `toml:"name" comment:"what this is called"`
	Paper    string        `toml:"paper" comment:"where the model comes from"`
	Seed     uint64        `toml:"seed" comment:"of all random numbers: initial weights, validation split, dropout, order"`
	Data     Data          `toml:"data"`
	Protocol Protocol      `toml:"protocol"`
	Readout  Readout       `toml:"readout"`
	Encode   encode.Config `toml:"encode"`
	Layers   []Layer       `toml:"layers"`
}

// Data says what the network is shown.
type Data struct {
	Source  string      `toml:"source" comment:"\"mnist\", some of its digits as \"mnist:3,8\", \"bars\", \"fashion-mnist\", a folder with IDX files, CSV files or a folder of pictures for each class, or a CSV or npz file"`
	Rows    int         `toml:"rows"`
	Cols    int         `toml:"cols"`
	Classes int         `toml:"classes"`
	Limit   int         `toml:"limit" comment:"use only so many of the first training images; 0: all"`
	Fit     dataset.Fit `toml:"fit" comment:"how pictures of a folder, and those that the network is asked about, get this size: \"stretch\", \"pad\" or \"crop\"; empty: they are drawings like MNIST's digits"`
	Test    float64     `toml:"test" comment:"fraction of the images held out for the test, where the data have no part for it; 0: a fifth"`
	Group   string      `toml:"group" comment:"regular expression for the names of pictures: those for which it, or its first parenthesised part, matches the same stay on one side of that split, and of that for validation"`
	Split   uint64      `toml:"split" comment:"seed of that split, and of the order in which pictures come"`
}

// Protocol says which images choose the result.
type Protocol struct {
	Kind       string `toml:"kind" comment:"\"validation\": the best epoch is chosen on held-out training images, test is touched once; \"paper\": train on all, test after every epoch"`
	Validation int    `toml:"validation" comment:"training images held out, stratified by class (protocol \"validation\")"`
}

// The protocols.
const (
	ProtocolValidation = "validation"
	ProtocolPaper      = "paper"
)

// Readout says how the last layer decides: which class a neuron of it stands for,
// or what reads it.
type Readout struct {
	Rule string `toml:"rule" comment:"\"blocks\" or empty: the first maps/classes maps stand for class 0, and so on; \"neurons\": a neuron's index (map, row, column) mod classes; \"labels\": a map stands for the class whose training images it won most often in the last epoch; \"svm\": a linear SVM reads the last layer, behind its pooling, when all layers have learned"`
	SVM  SVM    `toml:"svm"`
}

// The readouts.
const (
	ReadoutBlocks  = "blocks"
	ReadoutNeurons = "neurons"
	ReadoutLabels  = "labels"
	ReadoutSVM     = "svm"
)

// A Layer is a convolution of integrate-and-fire neurons, the earliest-spike
// pooling behind it, and how it learns.
type Layer struct {
	Name      string         `toml:"name"`
	Maps      int            `toml:"maps" comment:"feature maps"`
	Kernel    snn.Size       `toml:"kernel" comment:"rows x columns"`
	Stride    int            `toml:"stride"`
	Pad       int            `toml:"pad" comment:"silent inputs on every side"`
	Threshold float64        `toml:"threshold" comment:"inf: fires at the last step if the potential is above 0"`
	Fires     snn.Comparison `toml:"fires" comment:"\">\" above the threshold, \">=\" at it or above"`
	Weights   Normal         `toml:"weights"`
	Pool      Pool           `toml:"pool"`
	Learn     Learn          `toml:"learn"`

	Pointwise bool `toml:"pointwise,omitempty" json:",omitzero" comment:"pointwise inhibition whenever the layer responds, not only while it learns"`
	Ramp      bool `toml:"ramp,omitempty" json:",omitzero" comment:"an input adds its weight at every step from its spike on, not at that one only, so that earlier ones count more"`
}

// Normal is the normal distribution that initial weights are drawn from.
type Normal struct {
	Mean float64 `toml:"mean"`
	Std  float64 `toml:"std"`
}

// Pool is earliest-spike pooling; window 0 is none.
type Pool struct {
	Window  int  `toml:"window"`
	Stride  int  `toml:"stride"`
	Pad     int  `toml:"pad"`
	Repeats bool `toml:"repeats" comment:"a pooled neuron fires at every step at which a neuron of its window does, not at the first only"`
}

func (p Pool) pool() spike.Pool { return spike.Pool(p) }

// Learn is how a layer learns.
type Learn struct {
	Rule       string   `toml:"rule" comment:"\"stdp\", \"vdsp\", \"rstdp\" or \"s2stdp\""`
	Epochs     int      `toml:"epochs"`
	Shuffle    bool     `toml:"shuffle" comment:"a new order in every epoch"`
	K          int      `toml:"k" comment:"winners an image"`
	Radius     int      `toml:"radius" comment:"inhibition radius"`
	Pointwise  bool     `toml:"pointwise" comment:"pointwise inhibition"`
	Inhibited  bool     `toml:"inhibited" comment:"while the layer learns, of its inputs at a position only the earliest counts, of several the one of the lowest map"`
	Shared     bool     `toml:"shared" comment:"a winner does not keep the rest of its map from winning; of a map's winners the last counts"`
	Final      bool     `toml:"final" comment:"of equally early neurons the potential after the last step decides, not that at the spike"`
	Fill       bool     `toml:"fill" comment:"if fewer than k win, neuron (0,0,0) wins too, unless no input reached it; silent, it takes all inputs for early"`
	Summed     bool     `toml:"summed" comment:"an input that fires several times counts as early as its spikes together: the steps left at each, added up"`
	Until      float64  `toml:"until" comment:"rules \"stdp\" and \"vdsp\": learning ends when the convergence, the mean of w(1-w), is below; 0: after all epochs"`
	Batch      int      `toml:"batch" comment:"images whose changes are added up and made at once; 0 or 1: each by itself"`
	Dropout    float64  `toml:"dropout" comment:"fraction of maps muted, drawn anew for every epoch"`
	APlus      float64  `toml:"a_plus" comment:"LTP: input fired in time (rstdp: under reward)"`
	AMinus     float64  `toml:"a_minus" comment:"LTD: input late or silent; added, so negative"`
	Stabiliser bool     `toml:"stabiliser" comment:"dw = a (w-lower)(upper-w)"`
	Lower      float64  `toml:"lower"`
	Upper      float64  `toml:"upper"`
	Doubling   Doubling `toml:"doubling"`
	Punish     Punish   `toml:"punish"`

	// What came later is not there in any form where it is not used.
	Exponential bool        `toml:"exponential,omitempty" json:",omitzero" comment:"dw = a_plus exp(-(w-lower)/(upper-lower)), or a_minus exp(-(upper-w)/(upper-lower)), in place of the stabiliser"`
	Patch       bool        `toml:"patch,omitempty" json:",omitzero" comment:"of every image only the neurons of one position, drawn anew each time, see anything"`
	Decay       float64     `toml:"decay,omitempty" json:",omitzero" comment:"factor of a_plus, a_minus and homeostasis.rate after every epoch; 0: 1"`
	Patience    int         `toml:"patience,omitempty" json:",omitzero" comment:"the last layer's learning ends after so many epochs without a better one; 0: after all epochs"`
	Homeostasis Homeostasis `toml:"homeostasis,omitempty" json:",omitzero"`
	Timing      Timing      `toml:"timing,omitempty" json:",omitzero"`
	Augment     Augment     `toml:"augment,omitempty" json:",omitzero"`
	PerStep     int         `toml:"per_step,omitempty" json:",omitzero" comment:"of the k winners of an image, how many at most of one step; 0: k"`
	UntilEvery  int         `toml:"until_every,omitempty" json:",omitzero" comment:"images between looks at the convergence, for until; 0: 1000"`
	Voltage     float64     `toml:"voltage,omitempty" json:",omitzero" comment:"rule \"vdsp\": added to a_minus, times a_plus and the potential, 0 to 1, that the input has when the winner fires"`
}

// The learning rules.
const (
	RuleSTDP  = "stdp"
	RuleRSTDP = "rstdp"
)

// Doubling is the schedule of the rates of an "stdp" or "vdsp" layer.
type Doubling struct {
	Every int     `toml:"every" comment:"images between doublings of a_plus; 0: constant rates"`
	Max   float64 `toml:"max" comment:"a_plus stops here"`
	Ratio float64 `toml:"ratio" comment:"a_minus / a_plus after the first doubling"`
	Delay int     `toml:"delay" comment:"images before the first interval begins"`

	Updates bool `toml:"updates,omitempty" json:",omitzero" comment:"every and delay count changes, one for each winner that learns, in place of images"`
}

// Punish is what an "rstdp" layer does after a wrong decision, and how reward
// and punishment adapt.
type Punish struct {
	APlus  float64 `toml:"a_plus" comment:"input fired in time, decision wrong: negative"`
	AMinus float64 `toml:"a_minus" comment:"input late or silent, decision wrong"`
	Adapt  int     `toml:"adapt" comment:"images after which reward and punishment are scaled by the wrong and right fraction; 0: never"`
	Silent bool    `toml:"silent" comment:"silent images count as wrong in these fractions"`
	Least  float64 `toml:"least,omitempty" json:",omitzero" comment:"reward and punishment are scaled by least + (1-least) x the fraction"`
	Margin float64 `toml:"margin,omitempty" json:",omitzero" comment:"two neurons learn: the best of the image's class is rewarded and the best of all others punished, unless the first is ahead by so much, in units of weights; 0: the one that decides learns"`
}

// Clone is a copy that shares nothing with e.
func (e Experiment) Clone() Experiment {
	c := e
	c.Encode.Filters = append([]encode.Filter(nil), e.Encode.Filters...)
	c.Encode.Lateral = append([]float64(nil), e.Encode.Lateral...)
	c.Encode.Events.Windows = append([]float64(nil), e.Encode.Events.Windows...)
	c.Layers = append([]Layer(nil), e.Layers...)
	c.Readout.SVM.C = append([]float64(nil), e.Readout.SVM.C...)
	return c
}

// Geometry is the shape of layer i, which follows from the layers before it.
func (e Experiment) Geometry(i int) snn.Geometry {
	in := e.input()
	for _, l := range e.Layers[:i] {
		in = l.pooled(in)
	}
	return e.Layers[i].geometry(in)
}

// A source is what a layer reads: neurons, and how often each can fire.
type source struct {
	spike.Shape
	most int
}

// input is what the first layer reads.
func (e Experiment) input() source {
	return source{e.Encode.Shape(e.Data.Rows, e.Data.Cols), 1}
}

func (l Layer) geometry(in source) snn.Geometry {
	g := snn.Geometry{In: in.Shape, Maps: l.Maps, Kernel: l.Kernel, Stride: l.Stride, Pad: l.Pad, Ramp: l.Ramp}
	if in.most > 1 {
		g.Most = in.most
	}
	return g
}

func (l Layer) pooled(in source) source {
	pool := l.Pool.pool()
	return source{pool.Shape(l.geometry(in).Out()), pool.Most()}
}

// decision is the class of every map or neuron of the last layer.
func (e Experiment) decision() (readout.DecisionMap, error) {
	last := len(e.Layers) - 1
	switch e.Readout.Rule {
	case ReadoutSVM:
		return nil, nil // no map stands for a class
	case ReadoutNeurons:
		return readout.Neurons(e.Geometry(last).Out(), e.Data.Classes)
	case ReadoutLabels:
		return readout.Labels(make([][]int, e.Layers[last].Maps)), nil // until it is learned
	}
	return readout.Blocks(e.Layers[last].Maps, e.Data.Classes)
}

// Memory is about how many bytes a training takes at the most that goes through
// so many images, those that choose the epoch included. A layer's input is
// remembered as a list of first spikes, while the next one's is made; a quarter
// of the neurons fire, with four bytes a spike, and the collector of garbage lets
// as much again lie. A linear SVM lists as many of the last layer's neurons.
func (e Experiment) Memory(images int) int64 {
	const program = 100 << 20
	most, weights := 0, 0
	for i := range e.Layers {
		g := e.Geometry(i)
		most = max(most, g.In.Neurons())
		weights += g.Maps * g.Synapses()
	}
	if e.Readout.Rule == ReadoutSVM {
		weights += e.Data.Classes * e.features().Neurons() / 4
		most += e.features().Neurons() / 2
	}
	return program + 40*int64(weights) + 9*int64(most)*int64(images)/4
}

// bound is the largest magnitude that a weight of the layer can have: its
// bounds, and eight standard deviations of its initial weights.
func (l Layer) bound() float64 {
	return max(abs(l.Learn.Lower), abs(l.Learn.Upper), abs(l.Weights.Mean)+8*l.Weights.Std)
}

func abs(x float64) float64 { return max(x, -x) }

// Network builds the experiment's network with zero weights. It fails if the
// experiment has faults.
func (e Experiment) Network() (*snn.Network, error) {
	if err := e.Faults().Err(); err != nil {
		return nil, err
	}
	n := &snn.Network{Steps: e.Encode.Steps}
	for i, l := range e.Layers {
		c, err := snn.NewConvolution(e.Geometry(i), l.Threshold, l.Fires, l.bound())
		if err != nil {
			return nil, err
		}
		n.Layers = append(n.Layers, snn.Layer{Name: l.Name, Convolution: c, Pool: l.Pool.pool(), Pointwise: l.Pointwise})
	}
	return n, n.Check()
}

func (l Learn) rates() snn.Rates {
	return snn.Rates{APlus: float32(l.APlus), AMinus: float32(l.AMinus)}
}

func (l Learn) stdp(rates snn.Rates) snn.STDP {
	return snn.STDP{Rates: []snn.Rates{rates}, Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper), Exponential: l.Exponential}
}

func (l Learn) rstdp(epoch int) snn.RSTDP {
	return snn.RSTDP{
		Reward:     l.stdp(l.decayed(l.rates(), epoch)),
		Punish:     l.stdp(l.decayed(snn.Rates{APlus: float32(l.Punish.APlus), AMinus: float32(l.Punish.AMinus)}, epoch)),
		Adaptation: l.adaptation(),
		Margin:     l.Punish.Margin,
	}
}

// adaptation is that of an "rstdp" layer at its beginning.
func (l Learn) adaptation() snn.Adaptation {
	a := snn.NewAdaptation(l.Punish.Adapt)
	a.Least = l.Punish.Least
	return a
}

// Selection says who learns; muted maps do not take part.
func (l Learn) Selection(muted []bool) snn.Selection {
	return snn.Selection{K: l.K, Radius: l.Radius, Pointwise: l.Pointwise, Muted: muted, Shared: l.Shared, Final: l.Final, Fill: l.Fill, PerStep: l.PerStep}
}

// RatesAt is the rates of a layer without reward in an epoch, for its image, or
// change, number n, from 1.
func (l Learn) RatesAt(epoch, n int) snn.Rates {
	return l.decayed(snn.Doubling(l.Doubling).At(l.rates(), n), epoch)
}

// decides reports whether the layer learns from what it decides.
func (l Learn) decides() bool { return l.Rule == RuleRSTDP || l.Rule == RuleS2STDP }
