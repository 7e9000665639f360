package train

import "math"

// ruleFaults checks how a layer learns: whether its rule is one, and what of
// the other settings the rule has no use for. read is how the network is read.
func (l Layer) ruleFaults(f *Faults, path string, last bool, read string) {
	n, path := l.Learn, path+".learn"
	none := func(field string, on bool) {
		f.add(on, path+"."+field, "has no effect under %q; take it away", n.Rule)
	}
	known := n.Rule == RuleSTDP || n.Rule == RuleVDSP || n.Rule == RuleRSTDP || n.Rule == RuleS2STDP
	f.add(!known, path+".rule", "%q; the rules are %q, %q, %q and %q", n.Rule, RuleSTDP, RuleVDSP, RuleRSTDP, RuleS2STDP)
	f.add(n.decides() && !last, path+".rule", "%q needs the network's decision, so only the last layer can use it", n.Rule)
	f.add(n.decides() && n.K > 1, path+".k", "%d; under %q the one neuron that decides learns", n.K, n.Rule)
	if !known || n.decides() && !last {
		return
	}
	if n.decides() {
		none("doubling", n.Doubling != Doubling{})
		f.add(n.Radius > 0, path+".radius", "%d has no effect under %q, where one neuron wins; it must be 0", n.Radius, n.Rule)
		f.add(n.Until > 0, path+".until", "has no effect under %q; it must be 0", n.Rule)
		for _, x := range []struct {
			field string
			on    bool
		}{{"pointwise", n.Pointwise}, {"shared", n.Shared}, {"fill", n.Fill}} {
			f.add(x.on, path+"."+x.field, "has no effect under %q, where one neuron wins; it must be false", n.Rule)
		}
		f.add(n.Inhibited, path+".inhibited", "%q learns from its decisions, for which all inputs count; it must be false", n.Rule)
		none("exponential", n.Exponential)
		none("patch", n.Patch)
		none("homeostasis", n.Homeostasis != Homeostasis{})
	} else {
		none("punish", n.Punish != Punish{})
	}
	atEnd := math.IsInf(l.Threshold, 1)
	switch n.Rule {
	case RuleRSTDP:
		if n.Punish.Margin > 0 {
			f.add(!atEnd, path+".punish.margin", "compares potentials after the last step; threshold must be inf")
			f.add(n.Batch > 1, path+".punish.margin", "is for one image at a time; batch must be 0 or 1")
			f.add(read != "" && read != ReadoutBlocks, path+".punish.margin", "needs maps that stand for classes beforehand; readout.rule must be %q", ReadoutBlocks)
		}
		f.add(n.Final && atEnd, path+".final", "has no effect in a layer that fires at the last step; it must be false")
		f.add(n.Summed && atEnd, path+".summed", "has no effect in a layer that fires at the last step; it must be false")
	case RuleS2STDP:
		none("punish", n.Punish != Punish{})
		none("final", n.Final)
		none("summed", n.Summed)
		none("stabiliser", n.Stabiliser)
		none("batch", n.Batch > 1)
		none("dropout", n.Dropout > 0)
		f.add(atEnd, path+".rule", "%q tells neurons when to fire, and with an infinite threshold all fire at the last step; give the layer a threshold", n.Rule)
		f.add(n.Lower != 0, path+".lower", "%v; under %q it must be 0", n.Lower, n.Rule)
		f.add(read != "" && read != ReadoutBlocks, path+".rule", "%q needs maps that stand for classes beforehand; readout.rule must be %q", n.Rule, ReadoutBlocks)
	}
	l.voltageFaults(f, path)
	none("timing", n.Rule != RuleS2STDP && n.Timing != Timing{})
	f.add(n.Exponential && n.Stabiliser, path+".exponential", "takes the place of the stabiliser; take one of them")
	f.add(n.Exponential && n.Batch > 1, path+".exponential", "needs the weights after every image; batch must be 0 or 1")
	f.add(n.Patch && n.Batch > 1, path+".patch", "is for one image at a time; batch must be 0 or 1")
	f.add(n.Patch && n.Shared, path+".patch", "is for one image at a time; shared must be false")
	f.add(n.Patch && n.Radius > 0, path+".patch", "leaves one position, where nobody is to be inhibited; radius must be 0")
	f.add(!(n.Decay >= 0 && n.Decay <= 10), path+".decay", "%v; it must be 0 (none) to 10", n.Decay)
	f.add(n.Patience < 0, path+".patience", "%d; it must be 0 (none) or more", n.Patience)
	f.add(n.Patience > 0 && (!last || read == ReadoutSVM), path+".patience", "has an effect only where epochs are chosen: in the last layer, and without an SVM that reads it; take it away")
	n.homeostasisFaults(f, path, l, last, read)
	a := n.Augment
	f.add(a != Augment{} && n.Rule != RuleS2STDP, path+".augment", "works under %q only; take it away", RuleS2STDP)
	for _, x := range []struct {
		field    string
		is, most float64
	}{{"shift", a.Shift, 64}, {"turn", a.Turn, 45}, {"grow", a.Grow, 0.9}, {"slant", a.Slant, 1}} {
		f.add(!(x.is >= 0 && x.is <= x.most), path+".augment."+x.field, "%v; it must be 0 to %v", x.is, x.most)
	}
	t := n.Timing
	f.add(!(t.Gap >= 0 && t.Gap <= 1), path+".timing.gap", "%v; it must be 0 to 1", t.Gap)
	f.add(!(t.Temperature >= 0 && t.Temperature <= 1), path+".timing.temperature", "%v; it must be 0 (none) to 1", t.Temperature)
	f.add(t.Spare < 0, path+".timing.spare", "%d; it must be 0 or more", t.Spare)
	f.add(!(t.Rate >= 0 && t.Rate <= 1e6), path+".timing.rate", "%v; it must be 0 to 1e6", t.Rate)
	f.add(!(t.Decay >= 0 && t.Decay <= 10), path+".timing.decay", "%v; it must be 0 (none) to 10", t.Decay)
	f.add(t.Decay != 0 && t.Rate == 0, path+".timing.decay", "has no effect without a rate; take it away")
}

func (n Learn) homeostasisFaults(f *Faults, path string, l Layer, last bool, read string) {
	h := n.Homeostasis
	if h == (Homeostasis{}) {
		return
	}
	path += ".homeostasis"
	f.add(!(h.Rate > 0 && h.Rate <= 1e6), path+".rate", "%v; it must be above 0 and at most 1e6, or nothing else of homeostasis has an effect", h.Rate)
	f.add(!(h.Target >= 0 && h.Target <= 1), path+".target", "%v; it must be 0 to 1", h.Target)
	f.add(!(h.Least > 0 && h.Least <= 1e6), path+".least", "%v; it must be above 0 and at most 1e6", h.Least)
	f.add(math.IsInf(l.Threshold, 1), path+".rate", "needs a finite threshold to move")
	f.add(l.Threshold == 0 && l.Fires == "", path+".rate", "needs a threshold to begin with")
	f.add(n.Lower < 0, path+".rate", "needs weights of 0 or more; lower must be 0")
	f.add(n.Batch > 1 || n.Shared, path+".rate", "moves thresholds after every image; batch must be 0 or 1, and shared false")
	f.add(last && read != ReadoutSVM, path+".rate", "goes on as long as the last layer learns, and of that the best epoch is kept without its thresholds; a layer or readout.rule %q must follow", ReadoutSVM)
}

// timingFaults checks an "s2stdp" layer of a shape.
func (e Experiment) timingFaults(f *Faults, path string, l Layer, in source) {
	if l.Learn.Rule != RuleS2STDP {
		return
	}
	f.add(l.Kernel.Rows != in.Rows || l.Kernel.Cols != in.Cols || l.Pad != 0, path+".kernel", "%v; under %q a neuron sees all of its input: %dx%d, without padding", l.Kernel, l.Learn.Rule, in.Rows, in.Cols)
	f.add(in.most > 1, path+".learn.rule", "%q needs inputs that fire once; the pooling before must not repeat", l.Learn.Rule)
	if c := e.Data.Classes; c > 0 && l.Maps%c == 0 {
		f.add(l.Learn.Timing.Spare >= l.Maps/c, path+".learn.timing.spare", "%d of the %d neurons of a class; at least one must stand for its images", l.Learn.Timing.Spare, l.Maps/c)
	}
	f.add(l.Learn.Timing.Normalise && !(l.Weights.Mean > 0 && l.Weights.Mean <= l.Learn.Upper), path+".weights.mean", "%v; to keep its sum, it must lie above 0 and within learn.upper", l.Weights.Mean)
}
