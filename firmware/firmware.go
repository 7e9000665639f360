package firmware

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"firstspike/encode"
	"firstspike/quantize"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/train"
)

// A Network is a trained network that can be written as C. Make one with [New].
type Network struct {
	model *train.Model
	name  string
	plan  plan
}

// New plans the C code of a network whose weights lie on few levels, as
// [quantize.Model] leaves them. name goes before every name that the code has for
// others, and names its files: a C identifier that is not the name of a header of
// the standard library; see [Identifier].
//
// The error names everything that the C code cannot do, and every layer whose
// weights lie on too many levels.
func New(m *train.Model, name string) (*Network, error) {
	var faults []error
	if Identifier(name) != name {
		faults = append(faults, fmt.Errorf("name %q: it must be a C identifier and not a header of C's; for example %s", name, Identifier(name)))
	}
	if err := Check(m); err != nil {
		faults = append(faults, err)
	}
	for _, l := range m.Network.Layers {
		if _, ok := quantize.Of(l.Convolution); !ok {
			faults = append(faults, fmt.Errorf("layer %s: its weights lie on more than 256 levels; quantise it to 8 bits or fewer", l.Name))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	n := &Network{model: m, name: name}
	return n, n.lay()
}

// Check returns an error that names everything that a model does and the C code
// cannot, whatever its weights are.
func Check(m *train.Model) error {
	var faults []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format+": not in C", args...))
		}
	}
	c := m.Experiment.Encode
	if c.Recordings() {
		add(true, "encode.events: recordings by an event camera")
		return errors.Join(faults...)
	}
	add(len(c.Lateral) > 0, "encode.lateral: lateral inhibition of intensities")
	add(c.Pool.Window > 0, "encode.pool: pooling of intensities")
	add(c.Pointwise, "encode.pointwise: pointwise inhibition of inputs")
	add(c.Normalise > 0 && !(c.Threshold > 0), "encode.normalise with encode.threshold %v: normalisation of responses of 0 or less", c.Threshold)
	add(m.Experiment.Readout.Rule == train.ReadoutSVM, "readout.rule \"svm\": a linear SVM")
	add(slices.Contains(m.Decision, readout.None), "readout.rule %q, in which a map stands for no class", m.Experiment.Readout.Rule)
	for i, l := range m.Network.Layers {
		add(l.Pool.Repeats, "layers.%s.pool.repeats: neurons that fire more than once", l.Name)
		add(l.Pointwise, "layers.%s.pointwise: pointwise inhibition while deciding", l.Name)
		add(l.AtEnd() && i < len(m.Network.Layers)-1, "layers.%s.threshold inf before the last layer: a layer that waits for the last step", l.Name)
	}
	return errors.Join(faults...)
}

// headers are the names of the standard library's headers.
var headers = []string{
	"assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646", "limits", "locale", "math", "setjmp", "signal",
	"stdalign", "stdarg", "stdatomic", "stdbool", "stddef", "stdint", "stdio", "stdlib", "stdnoreturn", "string", "tgmath", "threads", "time", "uchar", "wchar", "wctype",
}

// Identifier makes of any text a name that [New] takes: lower-case letters, digits
// and underscores. What is one already stays as it is.
func Identifier(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if b.Len() > 0 {
			b.WriteByte('_')
		}
	}
	s := strings.TrimRight(b.String(), "_")
	switch {
	case s == "":
		return "network"
	case s[0] >= '0' && s[0] <= '9' || slices.Contains(headers, s):
		return "net_" + s
	}
	return s
}

// Flash is how many bytes of constant tables the network has: weights, filters,
// limits, ranges of inputs. The code itself comes on top.
func (n *Network) Flash() int { return n.plan.Flash }

// RAM is how many bytes of static memory the network works in.
func (n *Network) RAM() int { return n.plan.RAM }

// A Decision is what the C code answers to an image.
type Decision struct {
	Class    int // or [readout.None]
	RunnerUp int // the class that came second, or [readout.None]
	Earlier  int // steps by which the winner was before the runner-up; all steps if there is none
	Higher   int // by how much its potential was higher, in units of the last layer's potentials; all of it if there is none
}

// Predictor decides images as the C code does, and says the same of the margin. It
// is for one goroutine.
func (n *Network) Predictor() (func(pixels []byte) Decision, error) {
	p, err := n.model.Predictor()
	if err != nil {
		return nil, err
	}
	return func(pixels []byte) Decision {
		d := p.Predict(pixels)
		if d.Class == readout.None {
			return Decision{Class: readout.None, RunnerUp: readout.None}
		}
		earlier, _ := d.Margin(n.model.Network.Steps)
		a := Decision{Class: d.Class, RunnerUp: d.RunnerUp, Earlier: earlier, Higher: int(d.Winner.Potential)}
		if d.RunnerUp != readout.None {
			a.Higher -= int(d.Second.Potential)
		}
		return a
	}, nil
}

// timed reports whether the C code keeps the time axis.
func timed(n *snn.Network) bool {
	last := len(n.Layers) - 1
	return !n.Layers[last].AtEnd() || n.TimeMatters(last)
}

// limit is the largest integer potential of a map that does not fire.
func limit(c *snn.Convolution, m int) int32 {
	if c.AtEnd() {
		return 0
	}
	t := c.ThresholdOf(m) / c.Unit() // exact, as the unit is a power of two
	l := math.Floor(t)
	if c.Fires == snn.AtLeast {
		l = math.Ceil(t) - 1
	}
	return int32(min(l, math.MaxInt32))
}

// exact is the number of fractional bits of the kernels' weights, and whether
// the weights fit 32-bit integers then.
func exact(kernels []encode.Kernel) (bits int, narrow bool) {
	narrow = true
	for _, k := range kernels {
		for _, w := range k.W {
			for math.Ldexp(w, bits) != math.Trunc(math.Ldexp(w, bits)) {
				bits++
			}
		}
	}
	for _, k := range kernels {
		for _, w := range k.W {
			narrow = narrow && math.Abs(math.Ldexp(w, bits)) <= math.MaxInt32
		}
	}
	return bits, narrow
}
