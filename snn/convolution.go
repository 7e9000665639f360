package snn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// A Comparison says when a potential reaches its threshold.
type Comparison string

const (
	Above   Comparison = ">"  // strictly above: the references' convention
	AtLeast Comparison = ">=" // at the threshold or above
)

// A Geometry is the shape of a convolutional layer. Weights are shared by all
// positions, there are no biases, and padding adds silent inputs.
type Geometry struct {
	In     spike.Shape // input, before padding
	Maps   int         // feature maps
	Kernel Size
	Stride int // 0 is 1
	Pad    int // silent rows and columns on every side of the input
	Most   int // how often an input can fire; 0 is 1

	// With Ramp an input adds its weight not only when it fires but at every step
	// from then on: what it gives to the potential is a ramp instead of a step. So
	// a neuron knows not only which inputs have fired but how early, and goes on
	// rising when nothing comes any more. Zhang et al. (2021), rectified linear
	// postsynaptic potentials.
	Ramp bool
}

func (g Geometry) stride() int { return max(g.Stride, 1) }

// Additions is how often a spike has added its weight to a potential after the
// step to; from is the step of the spike, and not after it.
func (g Geometry) Additions(from, to spike.Step) int {
	if g.Ramp {
		return int(to-from) + 1
	}
	return 1
}

// additions is how often a synapse can add its weight.
func (g Geometry) additions() int {
	if g.Ramp {
		return max(g.Most, 1) * spike.MaxSteps
	}
	return max(g.Most, 1)
}

// planes is how many bits tell of an input, and how many words of all inputs one
// of them takes.
func (g Geometry) planes() (n, words int) {
	return spike.Planes(g.Most), g.In.Positions() * spike.Words(g.In.Maps)
}

// Out is the shape of the layer's neurons. Rows and columns that the stride
// leaves over are dropped.
func (g Geometry) Out() spike.Shape {
	return spike.Shape{
		Maps: g.Maps,
		Rows: (g.In.Rows+2*g.Pad-g.Kernel.Rows)/g.stride() + 1,
		Cols: (g.In.Cols+2*g.Pad-g.Kernel.Cols)/g.stride() + 1,
	}
}

// Synapses is the number of weights of one feature map.
func (g Geometry) Synapses() int { return g.In.Maps * g.Kernel.Rows * g.Kernel.Cols }

// Check reports why no such layer can exist, or nil.
func (g Geometry) Check() error {
	for _, n := range []int{g.In.Maps, g.In.Rows, g.In.Cols, g.Maps, g.Kernel.Rows, g.Kernel.Cols, g.Stride, g.Pad, g.Most} {
		if n > spike.MaxExtent {
			return fmt.Errorf("%d is beyond what a layer can have; no extent, stride or padding may exceed %d", n, spike.MaxExtent)
		}
	}
	rows, cols := g.In.Rows+2*g.Pad, g.In.Cols+2*g.Pad
	switch {
	case g.In.Maps < 1 || g.In.Rows < 1 || g.In.Cols < 1:
		return fmt.Errorf("input %v is empty", g.In)
	case g.Maps < 1:
		return fmt.Errorf("%d maps; a layer needs at least 1", g.Maps)
	case g.Kernel.Rows < 1 || g.Kernel.Cols < 1:
		return fmt.Errorf("kernel %dx%d is empty", g.Kernel.Rows, g.Kernel.Cols)
	case g.Stride < 0 || g.Pad < 0 || g.Most < 0:
		return fmt.Errorf("stride %d, padding %d and spikes %d must not be negative", g.Stride, g.Pad, g.Most)
	case g.Kernel.Rows > rows || g.Kernel.Cols > cols:
		return fmt.Errorf("kernel %dx%d exceeds its input of %dx%d", g.Kernel.Rows, g.Kernel.Cols, rows, cols)
	}
	// In floats, because the products of absurd numbers overflow integers.
	const most = 1 << 26
	width, positions := float64(simd.Round(g.Maps)), float64(rows)*float64(cols)
	synapses := float64(g.In.Maps) * float64(g.Kernel.Rows) * float64(g.Kernel.Cols)
	if !(width > 0 && width*synapses <= most && width*positions <= most && float64(g.In.Maps)*positions <= most) {
		return fmt.Errorf("%d maps of %.0f synapses on an input of %dx%dx%d do not fit in memory", g.Maps, synapses, g.In.Maps, rows, cols)
	}
	return nil
}

// A Convolution is a layer of integrate-and-fire neurons that share weights
// as a convolution does. A neuron's potential is the sum of the weights of
// the inputs that have fired, with [Geometry.Ramp] of these sums over all steps so
// far; it fires when the potential passes the
// threshold, at most once, and is never reset.
//
// Potentials are integers, counted in [Convolution.Unit]: see the package's
// chapter. Create one with [NewConvolution]; methods that only read weights
// may be called from several goroutines at once.
//
// Its exported fields are there to be read: what is computed follows from them
// when the layer is made. [Convolution.SetThreshold] changes the threshold.
type Convolution struct {
	Geometry
	Threshold float64    // in units of weights; +Inf: fires at the last step if the potential is above 0
	Fires     Comparison // Above or AtLeast

	weights []float32     // map, input map, row, column: the learned numbers
	quanta  []int32       // the same order, rounded to the grid
	rows    []int32       // input map, row, column reversed, map: one vector of maps a synapse
	width   int           // length of such a vector, Maps rounded up
	targets []simd.Target // of every input, per of them: see simd.Scatter
	per     int
	bits    int                    // a quantum is 2^-bits
	limit   int32                  // fires when the integer potential exceeds limit
	head    []int32                // where the potentials of every map begin, 0 or below; nil: at 0
	most    int32                  // no quantum is larger
	signed  bool                   // a weight may be negative
	bound   float64                // largest magnitude of a weight that the grid can hold
	counted atomic.Pointer[counts] // nil: the weights have changed
	held    bounds                 // what all weights are known to lie within
}

// bounds are the limits of weights. The zero bounds mean that none are known.
type bounds struct{ lower, upper float32 }

func (b bounds) hold(v float32) float32 { return min(max(v, b.lower), b.upper) }

// NewConvolution returns a layer with zero weights. bound is the largest
// magnitude that a weight will ever have; with the number of synapses it sets
// the grid on which potentials are summed, as fine as 32 bits allow but no
// finer than 2^-24.
//
// The error says what cannot be: a geometry that [Geometry.Check] refuses, a
// threshold below 0 (or of 0 with [AtLeast]), a bound that is not above 0, or
// so many synapses with such a bound that a potential has no room for fractions.
func NewConvolution(g Geometry, threshold float64, fires Comparison, bound float64) (*Convolution, error) {
	c, err := bare(g, threshold, fires, bound)
	if err != nil {
		return nil, err
	}
	c.weights = make([]float32, g.Maps*g.Synapses())
	c.quanta = make([]int32, len(c.weights))
	c.rows = make([]int32, g.Synapses()*c.width)
	c.aim()
	return c, nil
}

// CheckConvolution is the error that [NewConvolution] would return, without
// taking memory for the layer.
func CheckConvolution(g Geometry, threshold float64, fires Comparison, bound float64) error {
	_, err := bare(g, threshold, fires, bound)
	return err
}

// bare is a layer without its weights.
func bare(g Geometry, threshold float64, fires Comparison, bound float64) (*Convolution, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	if fires == "" {
		fires = Above
	}
	switch {
	case fires != Above && fires != AtLeast:
		return nil, fmt.Errorf("fires %q; it must be %q or %q", fires, Above, AtLeast)
	case !(threshold >= 0):
		return nil, fmt.Errorf("threshold %v; it must be 0 or more, or inf", threshold)
	case g.Ramp && math.IsInf(threshold, 1):
		return nil, fmt.Errorf("potentials that are ramps and an infinite threshold; a ramp needs a threshold to reach")
	case threshold == 0 && fires == AtLeast:
		return nil, fmt.Errorf("threshold 0 with %q: every neuron would fire before its first input", AtLeast)
	}
	// Weights are float32: the bound is the one among them nearest to what
	// was asked for, so that a weight clamped to it is within it.
	asked := bound
	bound = float64(float32(bound))
	if !(bound > 0) || math.IsInf(bound, 0) {
		return nil, fmt.Errorf("weights bounded by %v; the bound must be above 0 and finite", asked)
	}
	c := &Convolution{Geometry: g, Threshold: threshold, Fires: fires, bound: bound}
	c.width = simd.Round(g.Maps)
	// Two at least: the difference of two quanta must be an integer too.
	n := max(2, float64(g.Synapses())*float64(g.additions()))
	least := 8
	if g.Ramp {
		least = 4 // thresholds are hundreds of weights, and rounding is small beside them
	}
	for c.bits = 24; c.bits >= least && n*(math.Ldexp(bound, c.bits)+1) >= 1<<31; {
		c.bits--
	}
	if c.bits < least {
		return nil, fmt.Errorf("%d synapses with weights up to %v that are added up to %d times leave no room for fractions in a 32-bit potential", g.Synapses(), bound, g.additions())
	}
	c.limit = c.quantumLimit(threshold)
	return c, nil
}

// quantumLimit is the largest integer potential that does not fire.
func (c *Convolution) quantumLimit(threshold float64) int32 {
	if math.IsInf(threshold, 1) {
		return 0 // what the potential must exceed at the last step
	}
	t := math.Ldexp(threshold, c.bits)
	limit := math.Floor(t)
	if c.Fires == AtLeast {
		limit = math.Ceil(t) - 1
	}
	return int32(min(limit, math.MaxInt32))
}

// SetThreshold changes the threshold of all maps. As in [NewConvolution] it must be 0 or
// more, above 0 with [AtLeast], or +Inf.
func (c *Convolution) SetThreshold(t float64) {
	c.counted.Store(nil)
	c.Threshold = t
	c.head, c.limit = nil, c.quantumLimit(t)
}

// AtEnd reports whether the layer has an infinite threshold: its neurons fire
// at the last step, if their potential is above 0.
func (c *Convolution) AtEnd() bool { return math.IsInf(c.Threshold, 1) }

// Unit is the size of one unit of integer potential, a power of two.
func (c *Convolution) Unit() float64 { return math.Ldexp(1, -c.bits) }

// Bound is the largest magnitude that a weight may have. Rules that learn in
// this layer must keep to it.
func (c *Convolution) Bound() float64 { return c.bound }

// Potential converts an integer potential to the scale of the weights.
func (c *Convolution) Potential(p int32) float64 { return math.Ldexp(float64(p), -c.bits) }

// Weights are the layer's weights in the order map, input map, row, column.
// The slice is the layer's own: change it only through SetWeights, Change or a
// learning rule.
func (c *Convolution) Weights() []float32 { return c.weights }

// Weight is the weights of one feature map, in the order input map, row,
// column: a part of [Convolution.Weights], and the layer's own as that is.
func (c *Convolution) Weight(m int) []float32 {
	n := c.Synapses()
	return c.weights[m*n : (m+1)*n]
}

// Quanta are the weights of one feature map as they are summed: rounded, in
// units of [Convolution.Unit].
func (c *Convolution) Quanta(m int) []int32 {
	n := c.Synapses()
	return c.quanta[m*n : (m+1)*n]
}

// SetWeights copies w, in the order map, input map, row, column. It refuses a
// wrong count, and a weight that is not a number or beyond the layer's bound,
// naming it.
func (c *Convolution) SetWeights(w []float32) error {
	if len(w) != len(c.weights) {
		return fmt.Errorf("%d weights; the layer has %dx%dx%dx%d = %d", len(w), c.Maps, c.In.Maps, c.Kernel.Rows, c.Kernel.Cols, len(c.weights))
	}
	if err := c.within(w, 0); err != nil {
		return err
	}
	copy(c.weights, w)
	c.refresh()
	return nil
}

// Initialise draws all weights from a normal distribution, in the order map,
// input map, row, column. Both parameters must be finite. A draw beyond the
// layer's bound is set to it.
func (c *Convolution) Initialise(mean, std float64, rng *rand.Rand) {
	b := float32(c.bound)
	for i := range c.weights {
		w := float32(mean + float64(std*rng.NormFloat64()))
		c.weights[i] = min(max(w, -b), b)
	}
	c.refresh()
}

// refresh derives everything from the weights anew.
func (c *Convolution) refresh() {
	c.counted.Store(nil)
	c.most, c.signed, c.held = 0, false, bounds{}
	for m := range c.Maps {
		c.quantise(m)
		c.placeMap(m)
	}
}

// quantise rounds the weights of a map to the grid.
func (c *Convolution) quantise(m int) {
	n := c.Synapses()
	c.round(c.weights[m*n:(m+1)*n], c.quanta[m*n:(m+1)*n])
}

// scale is the number of quanta in a weight of 1.
func (c *Convolution) scale() float32 { return float32(math.Ldexp(1, c.bits)) }

// round rounds weights to the grid.
func (c *Convolution) round(w []float32, q []int32) {
	scale := c.scale()
	for i, v := range w {
		q[i] = round(float32(v * scale))
	}
}

// round rounds to the nearest integer, half to even, as processors do.
func round(x float32) int32 { return int32(math.RoundToEven(float64(x))) }

// slot is the place in rows of the vector of maps for a synapse, given by its
// index in the order input map, row, column. Columns are reversed so that the
// targets of one input, going through a row of neurons, read forwards.
func (c *Convolution) slot(synapse int) int {
	k := c.Kernel.Cols
	return (synapse - synapse%k + k - 1 - synapse%k) * c.width
}

// placeMap copies the quanta of one map into rows.
func (c *Convolution) placeMap(m int) {
	c.counted.Store(nil)
	n := c.Synapses()
	for i, q := range c.quanta[m*n : (m+1)*n] {
		c.rows[c.slot(i)+m] = q
		c.most = max(c.most, q)
		c.signed = c.signed || q < 0
	}
}

// Clamp limits the weights of all maps to lower..upper.
func (c *Convolution) Clamp(lower, upper float32) {
	c.clamp(bounds{lower, upper}, func(m int) {
		c.quantise(m)
		c.placeMap(m)
	})
}

// clamp limits all weights to b and calls changed for each map in which that
// changed any. It is done once: from then on the rules keep to the bounds.
func (c *Convolution) clamp(b bounds, changed func(m int)) {
	if c.held == b && b != (bounds{}) {
		return
	}
	c.held = b
	for m := range c.Maps {
		w, any := c.Weight(m), false
		for i, v := range w {
			if h := b.hold(v); h != v {
				w[i], any = h, true
			}
		}
		if any {
			changed(m)
		}
	}
	// Weights that were outside may have been the largest, or negative.
	c.most, c.signed = 0, false
	for _, q := range c.quanta {
		c.most, c.signed = max(c.most, q), c.signed || q < 0
	}
}

// Convergence is the mean of w(1-w) over all weights: 0.25 when all are 0.5,
// towards 0 as they become 0 or 1. Kheradpisheh et al. (2018);
// below about 0.01 a layer has learned what it will.
func (c *Convolution) Convergence() float64 {
	sum := 0.0
	for _, w := range c.weights {
		sum += float64(float64(w) * (1 - float64(w)))
	}
	return sum / float64(len(c.weights))
}
