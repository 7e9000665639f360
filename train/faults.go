package train

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
)

// Faults are all that is wrong with an experiment, each with the path of the
// field.
type Faults []Fault

// A Fault is one thing that is wrong with an experiment.
type Fault struct {
	Path    string // such as layers.s2.kernel
	Problem string // what is wrong and what would be right
}

// Error is the path and what is wrong there.
func (f Fault) Error() string { return f.Path + ": " + f.Problem }

// Err is nil if there are no faults, otherwise one error that lists them, a
// line each.
func (f Faults) Err() error {
	errs := make([]error, len(f))
	for i := range f {
		errs[i] = f[i]
	}
	return errors.Join(errs...)
}

func (f *Faults) add(bad bool, path, format string, args ...any) {
	if bad {
		*f = append(*f, Fault{path, fmt.Sprintf(format, args...)})
	}
}

// What a network may have at most. Every weight takes twelve bytes.
const (
	mostLayers  = 64
	mostWeights = 1 << 26
)

// layerName reports whether a layer can have this name: a letter, then letters,
// digits and underscores. Package regexp would be a twentieth of the program in a
// page.
func layerName(s string) bool {
	for i, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '_')) {
			return false
		}
	}
	return s != ""
}

// Faults checks the whole experiment without touching any data.
func (e Experiment) Faults() Faults {
	var f Faults
	f.add(e.Seed > math.MaxInt64, "seed", "%d; it must be at most %d, the largest integer in TOML", e.Seed, int64(math.MaxInt64))
	f.add(e.Data.Source == "", "data.source", "is empty; \"mnist\" is inside, or name a folder")
	f.add(e.Data.Rows < 1 || e.Data.Rows > 4096 || e.Data.Cols < 1 || e.Data.Cols > 4096, "data.rows", "images of %dx%d pixels; 1x1 to 4096x4096 are possible", e.Data.Rows, e.Data.Cols)
	f.add(e.Data.Classes < 1 || e.Data.Classes > 256, "data.classes", "%d; it must be 1 to 256", e.Data.Classes)
	f.add(e.Data.Limit < 0, "data.limit", "%d; it must be 0 (all images) or more", e.Data.Limit)
	e.Data.faults(&f)
	switch e.Protocol.Kind {
	case ProtocolValidation:
		f.add(e.Protocol.Validation < 1, "protocol.validation", "%d; protocol \"validation\" needs at least 1 image", e.Protocol.Validation)
	case ProtocolPaper:
	default:
		f.add(true, "protocol.kind", "%q; the protocols are %q and %q", e.Protocol.Kind, ProtocolValidation, ProtocolPaper)
	}
	// Without the extent of images, shapes are meaningless.
	shaped := e.Data.Rows >= 1 && e.Data.Rows <= 4096 && e.Data.Cols >= 1 && e.Data.Cols <= 4096
	if shaped {
		for _, x := range e.Encode.Faults(e.Data.Rows, e.Data.Cols) {
			f.add(true, "encode."+x.Path, "%v", x.Err)
			shaped = false
		}
	}
	f.add(len(e.Layers) == 0, "layers", "none; a network needs at least one")
	if len(e.Layers) > mostLayers {
		f.add(true, "layers", "%d; a network has at most %d", len(e.Layers), mostLayers)
		return f
	}
	switch e.Readout.Rule {
	case "", ReadoutBlocks, ReadoutNeurons:
	case ReadoutSVM:
		n := len(e.Layers)
		f.add(n > 0 && e.Layers[n-1].Learn.decides(), "readout.rule", "%q: reward needs decisions before the SVM is learned; take %q for the last layer's learning, or %q here", ReadoutSVM, RuleSTDP, ReadoutBlocks)
		f.add(n > 0 && e.Layers[n-1].Pool.Repeats, "layers."+e.Layers[max(n, 1)-1].Name+".pool.repeats", "has no effect: readout %q asks when a neuron fires first; take it away", ReadoutSVM)
	case ReadoutLabels:
		n := len(e.Layers)
		f.add(n > 0 && e.Layers[n-1].Learn.decides(), "readout.rule", "%q: reward needs to know beforehand what a map stands for; take %q, or %q for the last layer's learning", ReadoutLabels, ReadoutBlocks, RuleSTDP)
	default:
		f.add(true, "readout.rule", "%q; the rules are %q, %q, %q and %q", e.Readout.Rule, ReadoutBlocks, ReadoutNeurons, ReadoutLabels, ReadoutSVM)
	}
	e.svmFaults(&f)
	in := e.input()
	seen := map[string]bool{}
	weights := 0
	for i, l := range e.Layers {
		path := "layers." + l.Name
		if !layerName(l.Name) || seen[l.Name] {
			f.add(true, fmt.Sprintf("layers.%d.name", i), "%q; names are small letters and digits, each once", l.Name)
			path = fmt.Sprintf("layers.%d", i)
		}
		seen[l.Name] = true
		before := len(f)
		last := i == len(e.Layers)-1
		l.ruleFaults(&f, path, last, e.Readout.Rule)
		l.faults(&f, path, last)
		f.add(last && e.Readout.Rule != ReadoutSVM && l.Pool != Pool{}, path+".pool", "the last layer's decision comes before any pooling; take it away, or read it by an SVM: readout.rule = %q", ReadoutSVM)
		if i == len(e.Layers)-1 && l.Maps > 0 && l.Maps <= spike.MaxExtent && e.Data.Classes > 0 && (e.Readout.Rule == ReadoutBlocks || e.Readout.Rule == "") {
			if _, err := readout.Blocks(l.Maps, e.Data.Classes); err != nil {
				f.add(true, path+".maps", "%v", err)
			}
		}
		if !shaped {
			continue
		}
		g := l.geometry(in)
		shaped = false
		if err := g.Check(); err != nil {
			f.add(true, path, "%v", err)
			continue
		}
		if err := l.Pool.pool().Check(g.Out()); err != nil {
			f.add(true, path+".pool", "%v", err)
			continue
		}
		e.timingFaults(&f, path, l, in)
		f.add(l.Learn.Summed && in.most <= 1, path+".learn.summed", "has no effect: no input of the layer fires twice; take it away, or let the pooling before it repeat")
		if i == len(e.Layers)-1 && e.Readout.Rule == ReadoutNeurons {
			if _, err := readout.Neurons(g.Out(), max(1, e.Data.Classes)); err != nil {
				f.add(true, path+".maps", "%v", err)
			}
		}
		if len(f) == before {
			if err := snn.CheckConvolution(g, l.Threshold, l.Fires, l.bound()); err != nil {
				f.add(true, path, "%v", err)
			}
		}
		if weights += l.Maps * g.Synapses(); weights > mostWeights {
			f.add(true, path, "with this layer the network has more than %d weights, which do not fit in memory", mostWeights)
			continue
		}
		shaped = true
		in = l.pooled(in)
	}
	if shaped && e.Readout.Rule == ReadoutSVM {
		f.add(in.Neurons() > mostWeights/max(1, e.Data.Classes), "readout.rule", "%q needs %d weights for each of %d classes, which do not fit in memory; let the last layer pool, or take fewer maps", ReadoutSVM, in.Neurons(), e.Data.Classes)
	}
	return f
}

// faults checks the numbers of a layer, each by itself.
func (l Layer) faults(f *Faults, path string, last bool) {
	finite := func(field string, v float64) {
		f.add(math.IsNaN(v) || math.IsInf(v, 0), path+"."+field, "%v; it must be a finite number", v)
	}
	f.add(math.IsNaN(l.Threshold) || l.Threshold < 0, path+".threshold", "%v; it must be 0 or more, or inf", l.Threshold)
	f.add(l.Fires != snn.Above && l.Fires != snn.AtLeast, path+".fires", "%q; it must be %q or %q", l.Fires, snn.Above, snn.AtLeast)
	f.add(math.IsInf(l.Threshold, 1) && !last, path+".threshold", "inf in a layer that another follows: everything would fire at the last step; give it a number")
	f.add(math.IsInf(l.Threshold, 1) && l.Ramp, path+".ramp", "needs a threshold that potentials reach sooner or later; with inf all fire at the last step")
	finite("weights.mean", l.Weights.Mean)
	finite("weights.std", l.Weights.Std)
	f.add(l.Weights.Std < 0, path+".weights.std", "%v; it must be 0 or more", l.Weights.Std)
	n := l.Learn
	path += ".learn"
	f.add(n.Epochs < 0, path+".epochs", "%d; it must be 0 or more", n.Epochs)
	f.add(n.K < 1, path+".k", "%d; at least one neuron must win", n.K)
	f.add(!(n.Until >= 0 && n.Until <= 0.25), path+".until", "%v; it must be 0 (never) to 0.25, the largest convergence", n.Until)
	f.add(n.Batch < 0 || n.Batch > 1<<20, path+".batch", "%d; it must be 0 or 1 (every image by itself) up to %d", n.Batch, 1<<20)
	f.add(n.Doubling.Delay < 0, path+".doubling.delay", "%d; it must be 0 or more", n.Doubling.Delay)
	f.add(n.Doubling.Delay > 0 && n.Doubling.Every <= 0, path+".doubling.delay", "has no effect as long as nothing is doubled; take it away, or set doubling.every")
	f.add(n.Punish.Silent && n.Punish.Adapt == 0, path+".punish.silent", "has no effect without punish.adapt; take it away")
	f.add(!(n.Punish.Least >= 0 && n.Punish.Least <= 1), path+".punish.least", "%v; it must be 0 to 1", n.Punish.Least)
	f.add(n.Punish.Least != 0 && n.Punish.Adapt == 0, path+".punish.least", "has no effect without punish.adapt; take it away")
	f.add(!(n.Punish.Margin >= 0 && n.Punish.Margin <= 1e6), path+".punish.margin", "%v; it must be 0 (none) to 1e6", n.Punish.Margin)
	f.add(n.Radius < 0, path+".radius", "%d; it must be 0 or more", n.Radius)
	f.add(!(n.Dropout >= 0 && n.Dropout < 1), path+".dropout", "%v; it must be at least 0 and below 1", n.Dropout)
	small := func(field string, v float64) {
		f.add(math.IsNaN(v) || abs(v) > 1e6, path+"."+field, "%v; it must be a number of at most 1e6", v)
	}
	small("a_plus", n.APlus)
	small("a_minus", n.AMinus)
	small("doubling.max", n.Doubling.Max)
	small("doubling.ratio", n.Doubling.Ratio)
	small("punish.a_plus", n.Punish.APlus)
	small("punish.a_minus", n.Punish.AMinus)
	f.add(!(n.Lower < n.Upper) || abs(n.Lower) > 1e6 || abs(n.Upper) > 1e6, path+".lower", "%v; it must be below upper, which is %v, and both within 1e6", n.Lower, n.Upper)
	f.add(n.Doubling.Every < 0, path+".doubling.every", "%d; it must be 0 (never) or more", n.Doubling.Every)
	f.add(n.Doubling.Every > 0 && n.APlus <= 0, path+".doubling.every", "%d; an a_plus of %v cannot double up to a maximum: use constant rates (0)", n.Doubling.Every, n.APlus)
	f.add(n.Doubling.Every > 0 && n.Doubling.Max < n.APlus, path+".doubling.max", "%v; it must be at least a_plus, which is %v", n.Doubling.Max, n.APlus)
	f.add(n.Punish.Adapt < 0, path+".punish.adapt", "%d; it must be 0 (never) or more", n.Punish.Adapt)
}

// String lists the faults, a line each.
func (f Faults) String() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}
