package doctor

import (
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// Input is what the encoding makes of the images.
type Input struct {
	Neurons   int       `json:"neurons"`
	Spikes    float64   `json:"spikes"`    // an image, as a mean
	Silent    float64   `json:"silent"`    // share of images without a spike
	Steps     []float64 `json:"steps"`     // spikes of an image at each step, as means
	Responses Quantiles `json:"responses"` // of the filters, before the threshold, of those above 0
	Missed    float64   `json:"missed"`    // share of the brightness that lies where no filter is centred
	Outside   float64   `json:"outside"`   // share of places that are centred beside the image
	responses []float64 // the same, sorted
	outputs   int       // how many responses there were in all
}

// Layer is what was measured of a layer. Shares are 0 to 1; potentials and
// thresholds are in the unit of weights.
type Layer struct {
	Name        string    `json:"name"`
	Neurons     int       `json:"neurons"`
	Input       float64   `json:"input"`    // input spikes of an image, as a mean
	NoInput     float64   `json:"no_input"` // share of images of which no input fires
	Silent      float64   `json:"silent"`   // share of images with input for which no neuron fires
	Quiet       float64   `json:"quiet"`    // share of neurons that stay silent, of those that have an input that fires
	Steps       []float64 `json:"steps"`    // spikes of an image at each step, as means
	K           int       `json:"k"`
	Winners     float64   `json:"winners"`            // of an image, as a mean
	Room        float64   `json:"room"`               // winners that there would be room for, if every neuron fired; counted up to 50, or 10 times K
	Wins        []int     `json:"wins"`               // images that each map won
	Never       float64   `json:"never"`              // share of maps that never win
	Most        float64   `json:"most"`               // share of images that the commonest winner wins
	Highest     Quantiles `json:"highest"`            // of the highest potential of an image, did nothing fire
	Fresh       Quantiles `json:"fresh"`              // the same with weights as they usually begin, 0.8 of the way from lower to upper
	Kth         Quantiles `json:"kth"`                // of the potential of an image's K-th winner, with such weights
	AtEnd       bool      `json:"at_end"`             // the threshold is infinite
	Threshold   float64   `json:"threshold"`          // 0 if it is infinite
	Sensible    []float64 `json:"sensible,omitempty"` // the lowest and the highest threshold that make sense, by the potentials
	Twins       float64   `json:"twins"`              // share of maps that have learned with another that is nearly the same
	Alike       bool      `json:"alike"`              // all maps began with the same weights
	Convergence float64   `json:"convergence"`
	AtLower     float64   `json:"at_lower"` // share of weights within a hundredth of the lower bound
	AtUpper     float64   `json:"at_upper"` // the same of the upper
	Begun       float64   `json:"begun"`    // share of initial weights at a bound or beyond
	Changed     float64   `json:"changed"`  // share of maps that differ from their initial weights
	Up          float64   `json:"up"`       // by what a lesson changes weights whose input fired in time, as a share of their range
	Down        float64   `json:"down"`     // the same of the others
	Outside     float64   `json:"outside"`  // share of neurons that are centred on padding
	View        float64   `json:"view"`     // share of the image's area that a neuron sees
	Pooled      int       `json:"pooled"`   // places that are handed on
}

// Quantiles tell how a measure is distributed.
type Quantiles struct {
	P5  float64 `json:"p5"`
	P25 float64 `json:"p25"`
	P50 float64 `json:"p50"`
	P75 float64 `json:"p75"`
	P95 float64 `json:"p95"`
}

// Decision is how the sample is decided by a layer that learns by reward.
type Decision struct {
	Right  int   `json:"right"`
	Wrong  int   `json:"wrong"`
	Silent int   `json:"silent"`
	Said   []int `json:"said"`   // images that were decided for each class
	Seen   []int `json:"seen"`   // images of each class
	Chosen []int `json:"chosen"` // maps of each class that ever decide
}

// quantiles of sorted values.
func quantiles(v []float64) Quantiles {
	return Quantiles{quantile(v, 0.05), quantile(v, 0.25), quantile(v, 0.5), quantile(v, 0.75), quantile(v, 0.95)}
}

// quantile is the value that a share of the sorted values does not exceed, 0
// of none.
func quantile(v []float64, share float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return v[min(int(share*float64(len(v))), len(v)-1)]
}

// outside is the share of a layer's neurons whose centre lies on padding.
func outside(c *snn.Convolution) float64 {
	out, stride := c.Out(), max(c.Stride, 1)
	n := 0
	for i := range out.Positions() {
		y, x := i/out.Cols*stride-c.Pad+c.Kernel.Rows/2, i%out.Cols*stride-c.Pad+c.Kernel.Cols/2
		if y < 0 || y >= c.In.Rows || x < 0 || x >= c.In.Cols {
			n++
		}
	}
	return ratio(n, out.Positions())
}

// view is the share of the image's area that a neuron of a layer sees, through
// all layers before it.
func view(e train.Experiment, depth int) float64 {
	rows, cols, stride := 1, 1, 1
	for i, l := range e.Layers[:depth+1] {
		rows, cols = rows+(l.Kernel.Rows-1)*stride, cols+(l.Kernel.Cols-1)*stride
		stride *= max(l.Stride, 1)
		if i < depth && l.Pool.Window > 0 {
			rows, cols = rows+(l.Pool.Window-1)*stride, cols+(l.Pool.Window-1)*stride
			stride *= spike.Pool(l.Pool).Apart()
		}
	}
	in := e.Encode.Shape(e.Data.Rows, e.Data.Cols)
	return float64(min(rows, in.Rows)) / float64(in.Rows) * float64(min(cols, in.Cols)) / float64(in.Cols)
}
