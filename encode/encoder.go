package encode

import (
	"fmt"
	"slices"

	"firstspike/event"
	"firstspike/spike"
)

// A Filter names a kernel by its parameters.
type Filter struct {
	Kind        string  `toml:"kind"` // "dog", "gabor", or "pixel": the image itself
	Size        int     `toml:"size"` // pixels, odd
	Sigma1      float64 `toml:"sigma1,omitempty"`
	Sigma2      float64 `toml:"sigma2,omitempty"`
	Orientation float64 `toml:"orientation,omitempty"` // degrees
	Div         float64 `toml:"div,omitempty"`         // 2 size/lambda
}

// Kernel builds the kernel that the filter names.
func (f Filter) Kernel() (Kernel, error) {
	switch f.Kind {
	case "dog":
		return DoG(f.Size, f.Sigma1, f.Sigma2)
	case "gabor":
		return Gabor(f.Size, f.Orientation, f.Div)
	case "pixel":
		if f != (Filter{Kind: "pixel", Size: 1}) {
			return Kernel{}, fmt.Errorf("a \"pixel\" has the size 1 and nothing else")
		}
		return Kernel{Size: 1, W: []float64{1}}, nil
	}
	return Kernel{}, fmt.Errorf("kind %q; the kinds are \"dog\", \"gabor\" and \"pixel\"", f.Kind)
}

// Config is everything about an encoding, as data.
type Config struct {
	Steps     int       `toml:"steps"`                           // time steps, 1 to spike.MaxSteps
	Rest      int       `toml:"rest,omitempty" json:",omitzero"` // of these, steps at the end in which no input fires any more and neurons go on
	Filters   []Filter  `toml:"filters"`                         // one channel each
	Pad       int       `toml:"pad"`                             // pixels on every side, black unless border says otherwise
	Threshold float64   `toml:"threshold"`                       // smaller responses become 0
	Abs       bool      `toml:"abs"`                             // take magnitudes, after the cut
	Normalise int       `toml:"normalise"`                       // radius of local normalisation; 0: none
	Lateral   []float64 `toml:"lateral"`                         // factors of lateral inhibition by distance; empty: none

	Border  string `toml:"border,omitempty" json:",omitempty"`  // what the pad is: "black" or empty, or "edge", the nearest pixel
	Latency string `toml:"latency,omitempty" json:",omitempty"` // "rank" or empty, "spread", or "linear"
	Fitted  bool   `toml:"fitted,omitempty" json:",omitzero"`   // linear latency: the range of every input is that of the training images, not what its filter can answer

	Pool      Pool `toml:"pool,omitempty" json:",omitzero"`      // max-pooling of intensities, before lateral inhibition
	Pointwise bool `toml:"pointwise,omitempty" json:",omitzero"` // of the spikes at a position only the first is left

	// Without recordings it is not there in any form, so that experiments are
	// written, and known, as they were before there was any.
	Events Events `toml:"events,omitempty" json:",omitzero"` // how recordings by an event camera are encoded, in place of images
}

// An Encoder turns grey images of one size, or recordings by an event camera,
// into first-spike maps. It has working memory of its own: every goroutine
// needs one.
type Encoder struct {
	// Vary, if it is not nil, changes the events of a recording, as they are
	// after filters and without motion, before they are encoded. It may work
	// in place; they stay in order of time, and in the sensor.
	Vary func([]event.Event) []event.Event

	config     Config
	kernels    []Kernel
	rows, cols int
	shape      spike.Shape
	bank       *bank
	picture    Picture
	ranking    ranking
	last       []byte // the last image
	framed     []byte // the same with its edge repeated
	between    *Range // of linear latency

	listener *listener // of recordings, in place of all that is for images
	heard    spike.Map
}

// New returns an encoder for images of rows x cols pixels, or for recordings
// by a sensor that has as many. The error names the field of the configuration
// that is at fault.
func New(c Config, rows, cols int) (*Encoder, error) {
	if faults := c.Faults(rows, cols); len(faults) > 0 {
		return nil, fmt.Errorf("encode.%s: %w", faults[0].Path, faults[0].Err)
	}
	e := &Encoder{config: c, rows: rows, cols: cols, shape: c.Shape(rows, cols)}
	if c.Recordings() {
		e.listener = newListener(c.Events, c.Steps-c.Rest)
		return e, nil
	}
	for _, f := range c.Filters {
		k, err := f.Kernel()
		if err != nil {
			return nil, err
		}
		e.kernels = append(e.kernels, k)
	}
	bits := exactBits(e.kernels, c.Normalise)
	for _, k := range e.kernels {
		k.round(bits)
	}
	e.last = make([]byte, rows*cols)
	e.ranking.spreads = c.Latency == LatencySpread
	if c.Border == BorderEdge {
		rows, cols = rows+2*c.Pad, cols+2*c.Pad
		e.framed = make([]byte, rows*cols)
		e.bank = newBank(e.kernels, 0, c.Normalise, rows, cols)
	} else {
		e.bank = newBank(e.kernels, c.Pad, c.Normalise, rows, cols)
	}
	if c.Latency == LatencyLinear {
		e.between = e.whole()
	}
	return e, nil
}

// A Fault is a field of a configuration and what is wrong with it.
type Fault struct {
	Path string
	Err  error
}

// Faults lists everything that is wrong with the configuration for images of
// rows x cols pixels.
func (c Config) Faults(rows, cols int) []Fault {
	var faults []Fault
	add := func(bad bool, path, format string, args ...any) {
		if bad {
			faults = append(faults, Fault{path, fmt.Errorf(format, args...)})
		}
	}
	add(c.Steps < 1 || c.Steps > spike.MaxSteps, "steps", "%d; it must be 1 to %d", c.Steps, spike.MaxSteps)
	add(c.Rest < 0 || c.Rest > 0 && c.Rest >= c.Steps, "rest", "%d of %d steps; it must leave at least one for the inputs", c.Rest, c.Steps)
	c.eventFaults(rows, cols, add)
	if c.Recordings() {
		return faults
	}
	add(len(c.Filters) == 0, "filters", "none; an encoding needs at least one")
	size := 0
	var kernels []Kernel
	for i, f := range c.Filters {
		k, err := f.Kernel()
		if err != nil {
			add(true, fmt.Sprintf("filters.%d", i), "%w", err)
			continue
		}
		add(f.Kind == "dog" && (f.Orientation != 0 || f.Div != 0), fmt.Sprintf("filters.%d", i), "orientation and div have no effect on a %q; take them away", f.Kind)
		add(f.Kind == "gabor" && (f.Sigma1 != 0 || f.Sigma2 != 0), fmt.Sprintf("filters.%d", i), "sigma1 and sigma2 have no effect on a %q; take them away", f.Kind)
		size = max(size, f.Size)
		kernels = append(kernels, k)
	}
	add(c.Pad < 0 || c.Pad > MaxKernel, "pad", "%d; it must be 0 to %d", c.Pad, MaxKernel)
	add(c.Pad >= 0 && (size > rows+2*c.Pad || size > cols+2*c.Pad), "filters", "a kernel of size %d exceeds the image of %dx%d", size, rows+2*c.Pad, cols+2*c.Pad)
	add(c.Threshold != c.Threshold, "threshold", "is not a number")
	add(c.Border != "" && c.Border != BorderBlack && c.Border != BorderEdge, "border", "%q; it can be %q or %q", c.Border, BorderBlack, BorderEdge)
	add(c.Border == BorderEdge && c.Pad == 0, "border", "has no effect without a pad; take it away")
	add(!slices.Contains([]string{"", LatencyRank, LatencySpread, LatencyLinear}, c.Latency), "latency", "%q; it can be %q, %q or %q", c.Latency, LatencyRank, LatencySpread, LatencyLinear)
	add(c.Latency == LatencySpread && c.Steps-c.Rest == 1, "latency", "%q needs a step for the strongest and one for the others; steps must be 2 or more, and rest leave as many", c.Latency)
	add(c.Fitted && c.Latency != LatencyLinear, "fitted", "has an effect on %q latency only; it must be false", LatencyLinear)
	add(c.Latency == LatencyLinear && !c.Fitted && (c.Normalise > 0 || len(c.Lateral) > 0), "fitted", "must be true: after normalisation or lateral inhibition nobody knows the largest intensity beforehand")
	if c.Normalise < 0 || c.Normalise > MaxKernel {
		add(true, "normalise", "radius %d; it must be 0 to %d", c.Normalise, MaxKernel)
	} else {
		add(exactBits(kernels, c.Normalise) < coarsest, "normalise", "sums over a radius of %d would not be exact with filters this large; make either smaller", c.Normalise)
	}
	if c.Pad >= 0 && size > 0 && size <= rows+2*c.Pad && size <= cols+2*c.Pad {
		c.poolFaults(c.Responses(rows, cols), add)
	}
	add(len(c.Lateral) > MaxKernel, "lateral", "%d factors; at most %d", len(c.Lateral), MaxKernel)
	for i, f := range c.Lateral {
		add(!(f >= -1 && f <= 1), fmt.Sprintf("lateral.%d", i), "%v; it must lie in -1..1", f)
	}
	return faults
}

// Shape is the shape of the spikes that images of rows x cols pixels give, or
// recordings by a sensor that has as many.
func (c Config) Shape(rows, cols int) spike.Shape {
	if c.Recordings() {
		return spike.Shape{Maps: c.Events.channels(), Rows: rows, Cols: cols}
	}
	return c.Pool.spikes().Shape(c.Responses(rows, cols))
}

// Responses is the shape of what the filters answer to images of rows x cols
// pixels, before any pooling. For recordings, which meet no filter, it is Shape.
func (c Config) Responses(rows, cols int) spike.Shape {
	if c.Recordings() {
		return c.Shape(rows, cols)
	}
	size := 0
	for _, f := range c.Filters {
		size = max(size, f.Size)
	}
	return spike.Shape{Maps: len(c.Filters), Rows: rows + 2*c.Pad - size + 1, Cols: cols + 2*c.Pad - size + 1}
}

// Shape is the shape of the maps that the encoder fills.
func (e *Encoder) Shape() spike.Shape { return e.shape }

// Kernels are the encoder's filters, in the order of its channels.
func (e *Encoder) Kernels() []Kernel { return e.kernels }

// Intensities is the last image before it became spikes. It is overwritten by
// the next call. Recordings have none.
func (e *Encoder) Intensities() *Picture {
	p := &e.picture
	if e.listener != nil {
		p.Resize(0, 0, 0)
		return p
	}
	e.bank.responses(e.frame(e.last), p)
	p.Cut(e.config.Threshold)
	if e.config.Abs {
		p.Abs()
	}
	if e.config.Normalise > 0 {
		p.Normalise(e.config.Normalise)
	}
	p.Pool(e.config.Pool)
	if len(e.config.Lateral) > 0 {
		p.Inhibit(e.config.Lateral)
	}
	return p
}

// Encode writes the first spikes of an image into dst, reusing its memory.
// The image has rows x cols pixels, row by row, 0 to 255; fewer or more are a
// programming error. A recording has any length; see package event.
func (e *Encoder) Encode(pixels []byte, dst *spike.Map) {
	dst.Resize(e.shape)
	dst.Steps = e.config.Steps - e.config.Rest
	e.fire(pixels, dst)
	dst.Steps = e.config.Steps
}

// fire is Encode into the steps that inputs have.
func (e *Encoder) fire(pixels []byte, dst *spike.Map) {
	if e.listener != nil {
		e.listener.listen(pixels, dst, e.Vary)
		return
	}
	if e.between != nil {
		e.last = append(e.last[:0], pixels[:e.rows*e.cols]...)
		e.linear(dst)
	} else {
		e.contrasts(pixels)
		e.ranking.latency(dst)
	}
	if e.config.Pointwise {
		e.pointwise(dst)
	}
}

// contrasts collects the intensities of an image in e.ranking.
func (e *Encoder) contrasts(pixels []byte) {
	e.last = append(e.last[:0], pixels[:e.rows*e.cols]...)
	r := &e.ranking
	if c := e.config; c.Threshold > 0 && !c.Abs && len(c.Lateral) == 0 && c.Pool.Window == 0 && !c.Pointwise {
		r.keys = e.bank.contrasts(e.frame(pixels), e.config.Threshold, r.keys[:0])
		return
	}
	r.collect(e.Intensities())
}

// Fired sets in dst which neurons fire at all: those that [Encoder.Encode] lets
// fire at some step. dst must have the words of the encoder's shape.
func (e *Encoder) Fired(pixels []byte, dst spike.Bits) {
	if e.listener != nil || e.between != nil || e.config.Pointwise {
		e.Encode(pixels, &e.heard)
		dst.From(&e.heard)
		return
	}
	e.contrasts(pixels)
	clear(dst)
	keys := e.ranking.keys
	silent := e.ranking.silent(e.config.Steps - e.config.Rest)
	if silent == len(keys) {
		return
	}
	positions, words := e.shape.Positions(), spike.Words(e.shape.Maps)
	ch, from := 0, 0 // keys come channel by channel
	for _, k := range keys {
		for int(uint32(k)) >= from+positions {
			ch, from = ch+1, from+positions
		}
		dst[(int(uint32(k))-from)*words+ch/64] |= 1 << (ch % 64)
	}
	for _, k := range e.ranking.weakest(silent) {
		ch, pos := int(uint32(k))/positions, int(uint32(k))%positions
		dst[pos*words+ch/64] &^= 1 << (ch % 64)
	}
}
