package energy

// A Process is what arithmetic costs in a kind of silicon, in joules.
type Process struct {
	Name     string
	Add      float64 // of a weight to a potential
	Multiply float64
}

// Processes are those of 45 nm at 0.9 V. Horowitz (2014).
var Processes = []Process{
	{"float32", 0.9e-12, 3.7e-12},
	{"int32", 0.1e-12, 3.1e-12},
	{"int8", 0.03e-12, 0.2e-12},
}

// Spiking is what the additions of a load cost.
func (p Process) Spiking(l Load) float64 { return l.Operations * p.Add }

// Dense is what the multiply-accumulates of a dense stage cost.
func (p Process) Dense(l Load) float64 { return l.Dense * (p.Add + p.Multiply) }

// A Chip is what the operations of a neuromorphic chip cost, in joules, the memory
// that they need included. It visits every neuron at every step.
type Chip struct {
	Name      string
	Operation float64 // of a synapse that a spike reaches
	Active    float64 // of a neuron, at the step at which it fires
	Inactive  float64 // of a neuron, at any other step
}

// Loihi is the chip's least energies, in 14 nm at 0.75 V. Davies et al. (2018), table 2.
var Loihi = Chip{"Loihi", 23.6e-12, 81e-12, 52e-12}

// Synapses is what the synaptic operations of a load cost.
func (c Chip) Synapses(l Load) float64 { return l.Operations * c.Operation }

// Neurons is what the neurons of a load cost that exist for so many steps.
func (c Chip) Neurons(l Load, steps int) float64 {
	return l.Fired*c.Active + (float64(l.Neurons)*float64(steps)-l.Fired)*c.Inactive
}
