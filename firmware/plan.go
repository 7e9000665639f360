package firmware

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"firstspike/encode"
	"firstspike/quantize"
	"firstspike/snn"
	"firstspike/spike"
)

// A plan is all that the templates say of a network: numbers, and tables as text.
// Its fields are named as the templates use them.
type plan struct {
	Name, Macro, Comment string

	Rows, Cols, Classes, Steps int
	UnitBits                   int
	Flash, RAM                 int

	// The encoding.
	Channels, OutRows, OutCols, Border, InputSteps int
	KernelBits                                     int
	KernelType, KernelUnit                         string
	Kernels                                        []kernel
	Cut                                            int64
	Abs                                            bool
	Normalise                                      int
	Area, Least                                    string
	Doubles                                        bool // floating point is used
	Linear, Sorted, Spread, Weakest                bool // how intensities become steps, or bits
	Range                                          bool
	Low, High                                      string
	PlaceType                                      string

	// The layers.
	Timed, Ramps, AtEnd, Hidden bool
	NeedsAll, NeedsFirst        bool
	Sum1, Sum2, Sum4, Sum8      bool
	Words                       int // of a layer's inputs as bits
	SynapseType                 string
	MostSynapses, Even, Odd     int
	Layers                      []layer
	ByNeuron                    bool
	ClassType, ClassOf          string
}

type kernel struct {
	Size, Shift int
	Values      string
}

type layer struct {
	Index                          int
	Title, Numbers, LevelType, Sum string
	Width                          int
	Levels, Limits                 string
}

// lay fills the plan.
func (n *Network) lay() error {
	e := n.model.Experiment
	p := &n.plan
	p.Name, p.Macro = n.name, strings.ToUpper(n.name)
	p.Rows, p.Cols, p.Classes = e.Data.Rows, e.Data.Cols, e.Data.Classes
	p.Steps = n.model.Network.Steps
	p.Comment = comment(fmt.Sprintf("%s: %d classes of images of %dx%d pixels.", e.Name, p.Classes, p.Rows, p.Cols))
	p.Timed = timed(n.model.Network)
	work, err := n.encoding()
	if err != nil {
		return err
	}
	work = max(work, n.layers())
	n.classes()
	p.RAM = round8(round8(work) + p.Even + p.Odd)
	return nil
}

// encoding plans the encoding and returns the bytes that it works in.
func (n *Network) encoding() (work int, err error) {
	p, c := &n.plan, n.model.Experiment.Encode
	encoder, err := n.model.Encoder()
	if err != nil {
		return 0, err
	}
	kernels := encoder.Kernels()
	shape := c.Responses(p.Rows, p.Cols)
	p.Channels, p.OutRows, p.OutCols = shape.Maps, shape.Rows, shape.Cols
	if c.Border == encode.BorderEdge {
		p.Border = c.Pad
	}
	p.InputSteps = c.Steps - c.Rest
	bits, narrow := exact(kernels)
	p.KernelBits, p.KernelType = bits, "int32_t"
	bytes := 4
	if !narrow {
		p.KernelType, bytes = "int64_t", 8
	}
	p.KernelUnit = hex(math.Ldexp(1, -bits))
	size := 0
	for _, k := range kernels {
		size = max(size, k.Size)
	}
	for _, k := range kernels {
		var t table
		for _, w := range k.W {
			t.add(strconv.FormatInt(int64(math.Ldexp(w, bits)), 10))
		}
		p.Kernels = append(p.Kernels, kernel{k.Size, (size-k.Size)/2 - c.Pad, t.text()})
		p.Flash += bytes * len(k.W)
	}
	p.Cut = int64(max(-1<<62, min(1<<62, math.Ceil(math.Ldexp(c.Threshold, bits)))))
	p.Abs, p.Normalise = c.Abs, c.Normalise
	side := float64(2*c.Normalise + 1)
	p.Area = hex(side * side)
	// In units of the responses, which are smaller by a power of two: exact.
	p.Least = hex(math.Ldexp(1e-12, bits))

	p.Linear = c.Latency == encode.LatencyLinear
	p.Spread = c.Latency == encode.LatencySpread
	ranks := !p.Linear && p.InputSteps > 1
	p.Sorted = ranks && p.Timed
	p.Weakest = ranks && !p.Timed && !p.Spread
	p.Doubles = c.Normalise > 0 || p.Sorted || p.Weakest || p.Linear
	inputs := shape.Neurons()
	place := 2
	if p.PlaceType = "uint16_t"; inputs > math.MaxUint16 {
		p.PlaceType, place = "uint32_t", 4
	}
	if p.Linear {
		n.ranges(encoder.Kernels())
	}
	work = 8 * shape.Positions()
	if p.Normalise > 0 {
		work += 8 * shape.Cols
	}
	if p.Sorted {
		work += (4 + place) * inputs
	}
	if p.Weakest {
		work += (4 + place) * (p.InputSteps - 1)
	}
	return work, nil
}

// ranges plans what inputs can be, for linear latency.
func (n *Network) ranges(kernels []encode.Kernel) {
	p := &n.plan
	var low, high table
	if r := n.model.Range; r != nil {
		p.Range = true
		for i := range r.Low {
			low.add(hex(float64(r.Low[i])) + "f")
			high.add(hex(float64(r.High[i])) + "f")
		}
		p.Flash += 8 * len(r.Low)
	} else {
		for _, k := range kernels {
			light, dark := 0.0, 0.0
			for _, w := range k.W {
				light += 255 * max(w, 0)
				dark += 255 * max(-w, 0)
			}
			if p.Abs {
				light = max(light, dark)
			}
			high.add(hex(float64(float32(light))) + "f")
		}
		p.Flash += 4 * len(kernels)
	}
	p.Low, p.High = low.text(), high.text()
}

// layers plans the layers and returns the bytes that they work in.
func (n *Network) layers() (work int) {
	p := &n.plan
	net := n.model.Network
	last := len(net.Layers) - 1
	p.AtEnd, p.Hidden = net.Layers[last].AtEnd(), last > 0
	p.NeedsAll = !p.Timed || p.AtEnd
	p.NeedsFirst = p.Timed && (p.Hidden || !p.AtEnd)
	p.UnitBits = -int(math.Log2(net.Layers[last].Unit()))
	p.Even, p.Odd = n.bytes(net.Layers[0].In), 1
	for i, l := range net.Layers {
		p.Ramps = p.Ramps || l.Ramp
		p.MostSynapses = max(p.MostSynapses, l.Synapses())
		if i < last {
			handed := n.bytes(l.Pooled())
			if i%2 == 0 {
				p.Odd = max(p.Odd, handed)
			} else {
				p.Even = max(p.Even, handed)
			}
		}
	}
	for i, l := range net.Layers {
		p.Layers = append(p.Layers, n.layer(i, l))
	}
	synapse := 2
	if p.SynapseType = "uint16_t"; p.MostSynapses > math.MaxUint16 {
		p.SynapseType, synapse = "uint32_t", 4
	}
	work = (p.MostSynapses*synapse+3)/4*4 + 4*p.Words
	if p.Timed {
		work += 4*(p.Steps+1) + 4*p.Steps + p.Steps + 8
	}
	return work
}

// bytes is how many bytes a map of spikes takes.
func (n *Network) bytes(s spike.Shape) int {
	if n.plan.Timed {
		return s.Neurons()
	}
	return s.Positions() * ((s.Maps + 7) / 8)
}

// layer plans one layer.
func (n *Network) layer(i int, l snn.Layer) layer {
	p := &n.plan
	g, _ := quantize.Of(l.Convolution) // New has asked
	bits := g.Bits()
	out, pooled := l.Convolution.Out(), l.Pooled()
	window, apart := max(l.Pool.Window, 1), l.Pool.Apart()
	c := layer{Index: i, LevelType: "uint8_t", Sum: fmt.Sprintf("sum%d", bits)}
	weight := plural(bits, "bit")
	c.Title = comment(fmt.Sprintf("%s: %d maps of %d synapses, %s each; potentials in units of 2^%d", l.Name, l.Maps, l.Synapses(), weight, int(math.Log2(l.Unit()))))

	c.Width = (l.Synapses()*bits + 7) / 8
	if bits == 1 {
		// As words of 32 bits, so that a processor of either byte order can count them.
		c.LevelType, c.Width = "uint32_t", (l.Synapses()+31)/32*4
		if !p.Timed || l.AtEnd() {
			c.Sum, p.Words = "count1", max(p.Words, c.Width/4)
		}
	}
	switch c.Sum {
	case "sum1":
		p.Sum1 = true
	case "sum2":
		p.Sum2 = true
	case "sum4":
		p.Sum4 = true
	case "sum8":
		p.Sum8 = true
	}
	var levels table
	row := make([]byte, c.Width)
	for m := range l.Maps {
		clear(row)
		for s, k := range n.order(l, m, g) {
			row[s*bits/8] |= byte(k << (s * bits % 8))
		}
		if bits > 1 {
			for _, b := range row {
				levels.add(strconv.Itoa(int(b)))
			}
			continue
		}
		for b := 0; b < len(row); b += 4 {
			levels.add(fmt.Sprintf("0x%02x%02x%02x%02x", row[b+3], row[b+2], row[b+1], row[b]))
		}
	}
	c.Levels = levels.text()
	p.Flash += c.Width * l.Maps

	var limits table
	own := 0
	if l.Thresholds() != nil {
		own = 1
	}
	for m := range max(1, own*l.Maps) {
		limits.add(strconv.Itoa(int(limit(l.Convolution, m))))
	}
	c.Limits = limits.text()
	p.Flash += 4 * max(1, own*l.Maps)

	numbers := []int{
		l.In.Maps, l.In.Rows, l.In.Cols, l.Kernel.Rows, l.Kernel.Cols, max(l.Stride, 1), l.Pad,
		l.Maps, out.Rows, out.Cols, window, apart, l.Pool.Pad, pooled.Rows, pooled.Cols,
	}
	if p.Ramps {
		ramp := 0
		if l.Ramp {
			ramp = 1
		}
		numbers = append(numbers, ramp)
	}
	if p.NeedsFirst {
		rises := 0
		if g.Base >= 0 && !l.Ramp {
			rises = 1
		}
		numbers = append(numbers, rises)
	}
	numbers = append(numbers, int(g.Base), int(g.Step), own)
	c.Numbers = strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers)), ", "), "[]")
	return c
}

// order lists the levels of a map's weights in the order row, column, input map.
func (n *Network) order(l snn.Layer, m int, g quantize.Grid) []int {
	q := l.Quanta(m)
	taps := l.Kernel.Rows * l.Kernel.Cols
	k := make([]int, len(q))
	for i, v := range q {
		k[i%taps*l.In.Maps+i/taps] = g.Index(v)
	}
	return k
}

// classes plans the decision map.
func (n *Network) classes() {
	p, l := &n.plan, n.model.Network.Layers[len(n.model.Network.Layers)-1]
	p.ByNeuron = len(n.model.Decision) != l.Maps
	size := 1
	if p.ClassType = "uint8_t"; p.Classes > math.MaxUint8+1 {
		p.ClassType, size = "uint16_t", 2
	}
	var t table
	for _, c := range n.model.Decision {
		t.add(strconv.Itoa(c))
	}
	p.ClassOf = t.text()
	p.Flash += size * len(n.model.Decision)
}

func round8(n int) int { return (n + 7) / 8 * 8 }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// comment makes text safe within a C comment.
func comment(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '\\' {
			return ' '
		}
		return r
	}, text)
	return strings.NewReplacer("*/", "* /", "/*", "/ *", "??", "? ?").Replace(clean)
}

// hex is a float as a C literal, exact.
func hex(x float64) string { return strconv.FormatFloat(x, 'x', -1, 64) }

// A table is the elements of a C array, some in a line.
type table struct {
	lines strings.Builder
	width int // of the last line
}

func (t *table) add(element string) {
	if t.width > 0 && t.width+len(element) > 110 {
		t.lines.WriteByte('\n')
		t.width = 0
	}
	if t.width == 0 {
		t.lines.WriteString("    ")
	} else {
		t.lines.WriteByte(' ')
	}
	t.lines.WriteString(element)
	t.lines.WriteByte(',')
	t.width += len(element) + 2
}

// text is the elements in lines.
func (t *table) text() string {
	if t.width == 0 {
		return ""
	}
	return t.lines.String() + "\n"
}
