package train

import (
	"math"
	"strings"

	"firstspike/snn"
	"firstspike/spike"
)

// RuleVDSP is voltage-dependent synaptic plasticity: see [snn.VDSP].
const RuleVDSP = "vdsp"

// A plasticity is the rule of a layer without reward.
type plasticity struct {
	learn Learn
	stdp  snn.STDP
	vdsp  snn.VDSP
}

func (l Learn) plasticity() *plasticity {
	return &plasticity{l, l.stdp(l.rates()), snn.VDSP{Voltage: float32(l.Voltage), Lower: float32(l.Lower), Upper: float32(l.Upper)}}
}

// by changes the winners' maps at these rates.
func (p *plasticity) by(rates snn.Rates, c *snn.Convolution, in *spike.Map, winners []spike.Spike, s *snn.Scratch) {
	if p.learn.Rule == RuleVDSP {
		p.vdsp.Rates = rates
		p.vdsp.Learn(c, in, winners, s)
		return
	}
	p.stdp.Rates[0] = rates
	p.stdp.Learn(c, in, winners, s)
}

// change lets the winners of image number n of the layer, from 1, learn.
func (t *Trainer) change(p *plasticity, c *snn.Convolution, in *spike.Map, winners []spike.Spike, n int, s *snn.Scratch) {
	state := &t.model.State
	if !p.learn.Doubling.Updates {
		p.by(p.learn.RatesAt(state.Epoch, n), c, in, winners, s)
		return
	}
	for i := range winners {
		state.Updates++
		p.by(p.learn.RatesAt(state.Epoch, state.Updates), c, in, winners[i:i+1], s)
	}
}

// voltageFaults checks what came with "vdsp".
func (l Layer) voltageFaults(f *Faults, path string) {
	n, layer := l.Learn, strings.TrimSuffix(path, ".learn")
	f.add(l.Pointwise && math.IsInf(l.Threshold, 1), layer+".pointwise", "is for a layer in which one neuron is earlier than another; give it a finite threshold")
	f.add(l.Pointwise && !n.Pointwise, layer+".pointwise", "holds while the layer learns too: set learn.pointwise, under %q or %q", RuleSTDP, RuleVDSP)
	f.add(n.PerStep < 0 || n.PerStep > 0 && n.PerStep >= n.K, path+".per_step", "%d; it must be 0 (k), or 1 and more but fewer than k, which is %d", n.PerStep, n.K)
	f.add(n.UntilEvery < 0, path+".until_every", "%d; it must be 0 (1000) or more", n.UntilEvery)
	f.add(n.UntilEvery > 0 && n.Until == 0, path+".until_every", "has no effect without until; take it away")
	d := n.Doubling
	f.add(d.Updates && d.Every <= 0, path+".doubling.updates", "has no effect as long as nothing is doubled; take it away, or set doubling.every")
	f.add(d.Updates && (n.Batch > 1 || n.Shared), path+".doubling.updates", "counts changes one by one; batch must be 0 or 1, and shared false")
	if n.Rule != RuleVDSP {
		f.add(n.Voltage != 0, path+".voltage", "has no effect under %q; take it away", n.Rule)
		return
	}
	f.add(!(n.Voltage >= 0 && n.Voltage <= 1e6), path+".voltage", "%v; it must be 0 to 1e6", n.Voltage)
	f.add(n.Stabiliser, path+".stabiliser", "has no effect under %q, whose changes always have its factor; it must be false", n.Rule)
	f.add(n.Exponential, path+".exponential", "has no effect under %q; take it away", n.Rule)
	f.add(n.Batch > 1 || n.Shared, path+".rule", "%q needs the weights after every winner; batch must be 0 or 1, and shared false", n.Rule)
	f.add(n.Summed, path+".summed", "%q asks when an input fires first; it must be false", n.Rule)
}
