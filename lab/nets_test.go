package lab_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/preset"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// nets are small networks that have learned a little.
var nets = map[string]func() (*train.Model, error){
	"digits":    learned("mozafari2018", func(e *train.Experiment) { few(e) }),
	"bars":      learned("bars", func(e *train.Experiment) { e.Layers[1].Learn.Epochs = 3 }),
	"bars-stdp": learned("bars-stdp", func(e *train.Experiment) { e.Layers[1].Learn.Epochs = 1 }),
	// Pooling that repeats, and neurons of one map for several classes.
	"bose": learned("bose2024", func(e *train.Experiment) { few(e) }),
	// Pooled edges, one spike a position, and a layer that decides by its first spike.
	"edges": learned("mozafari2018shallow", func(e *train.Experiment) {
		e.Data = train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10, Limit: 300}
		e.Protocol.Validation = 40
		e.Encode.Pool.Window, e.Encode.Pool.Stride, e.Encode.Pool.Pad = 3, 2, 1
		l := &e.Layers[0]
		l.Maps, l.Kernel, l.Threshold, l.Learn.Epochs = 30, snn.Size{Rows: 9, Cols: 9}, 20, 3
	}),
	// Maps with thresholds of their own, inputs with ranges, many steps.
	"timed": learned("goupy2024", func(e *train.Experiment) {
		e.Data.Limit, e.Protocol.Validation = 300, 40
		e.Layers[0].Maps, e.Layers[0].Learn.Epochs = 16, 2
		e.Layers[1].Maps, e.Layers[1].Threshold, e.Layers[1].Learn.Epochs = 20, 25, 3
	}),
	// Potentials that are ramps, and time after the last input.
	"ramps": learned("goupy2024", func(e *train.Experiment) {
		e.Data.Limit, e.Protocol.Validation, e.Encode.Rest = 300, 40, 100
		e.Layers[0].Maps, e.Layers[0].Learn.Epochs = 16, 2
		e.Layers[0].Ramp, e.Layers[0].Threshold = true, 30
		l := &e.Layers[1]
		l.Maps, l.Ramp, l.Threshold, l.Learn.Epochs = 20, true, 3000, 3
		l.Learn.Timing.Gap, l.Learn.Timing.Temperature = 1, 0.001
	}),
	// No layer before the one that decides, which fires when it passes a threshold.
	"single": learned("bars", func(e *train.Experiment) {
		e.Layers = e.Layers[1:]
		l := &e.Layers[0]
		l.Kernel, l.Threshold, l.Learn.Epochs = snn.Size{Rows: 3, Cols: 5}, 1.5, 2
		l.Pad = 1
		e.Encode.Steps = 4
	}),
}

// few makes a network for digits small and its training short.
func few(e *train.Experiment) {
	e.Data.Limit, e.Protocol.Validation = 300, 40
	e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Learn.Epochs = 40, 20, 3
}

var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "lab"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(temporary)
	os.Exit(code)
}

func learned(name string, change func(*train.Experiment)) func() (*train.Model, error) {
	return sync.OnceValues(func() (*train.Model, error) {
		p, _ := preset.Lookup(name)
		e := p.Experiment.Clone()
		change(&e)
		return trained(e)
	})
}

// trained trains an experiment into a new folder.
func trained(e train.Experiment) (*train.Model, error) {
	var o train.Options
	var err error
	if o.Train, o.Test, err = dataset.Open(e.Data.Source); err != nil {
		return nil, err
	}
	o.Test, o.Workers = o.Test.Limit(50), 1
	dir, err := os.MkdirTemp(temporary, "")
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "run")
	t, err := train.Create(dir, e, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if _, err := t.Run(context.Background()); err != nil {
		return nil, err
	}
	return train.Load(dir)
}

// images are those that a network is asked about, and their labels.
func images(t testing.TB, m *train.Model) *dataset.Set {
	t.Helper()
	_, test, err := dataset.Open(m.Experiment.Data.Source)
	if err != nil {
		t.Fatal(err)
	}
	return test.Limit(16)
}

// each runs a test for every network.
func each(t *testing.T, f func(t *testing.T, m *train.Model, l *lab.Lab, set *dataset.Set)) {
	for name, net := range nets {
		t.Run(name, func(t *testing.T) {
			m, err := net()
			if err != nil {
				t.Fatal(err)
			}
			l, err := lab.New(m)
			if err != nil {
				t.Fatal(err)
			}
			f(t, m, l, images(t, m))
		})
	}
}

// with is a model with other settings, made from its weights alone.
func with(t *testing.T, m *train.Model, settings map[string]string) *train.Model {
	t.Helper()
	n := &train.Model{Experiment: m.Experiment.Clone(), Decision: m.Decision, Range: m.Range}
	for path, value := range settings {
		if err := n.Experiment.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if n.Network, err = n.Experiment.Network(); err != nil {
		t.Fatal(err)
	}
	for i, l := range m.Network.Layers {
		if err := n.Network.Layers[i].SetWeights(l.Weights()); err != nil {
			t.Fatal(err)
		}
		own := l.Thresholds()
		for fm := range own { // they keep their distance
			own[fm] += n.Experiment.Layers[i].Threshold - m.Experiment.Layers[i].Threshold
		}
		if err := n.Network.Layers[i].SetThresholds(own); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// A plain is a layer computed neuron by neuron, as its definition says.
type plain struct {
	shape     spike.Shape
	first     []spike.Step // map, row, column
	potential []float64    // at the first spike
	after     [][]float64  // after every step
}

// trains are all spikes of neurons in the order map, row, column.
type trains struct {
	spike.Shape
	steps [][]spike.Step
}

func compute(c *snn.Convolution, in trains, steps int) plain {
	out := c.Out()
	p := plain{out, make([]spike.Step, out.Neurons()), make([]float64, out.Neurons()), make([][]float64, out.Neurons())}
	for i := range p.first {
		fm, row, col := i/out.Positions(), i/out.Cols%out.Rows, i%out.Cols
		p.first[i], p.after[i] = spike.Silent, make([]float64, steps)
		adds := make([]int64, steps)
		q := c.Quanta(fm)
		for s := range q {
			y, x := row*max(1, c.Stride)-c.Pad+s/c.Kernel.Cols%c.Kernel.Rows, col*max(1, c.Stride)-c.Pad+s%c.Kernel.Cols
			if y < 0 || y >= in.Rows || x < 0 || x >= in.Cols {
				continue
			}
			for _, t := range in.steps[in.Major(s/(c.Kernel.Rows*c.Kernel.Cols), y, x)] {
				adds[t] += int64(q[s])
			}
		}
		sum, slope := int64(0), int64(0)
		for t, a := range adds {
			if slope += a; c.Ramp {
				sum += slope
			} else {
				sum = slope
			}
			v := float64(sum) * c.Unit()
			p.after[i][t] = v
			over := v > c.ThresholdOf(fm) || c.Fires == snn.AtLeast && v >= c.ThresholdOf(fm)
			if c.AtEnd() {
				over = t == steps-1 && v > 0
			}
			if over && p.first[i] == spike.Silent {
				p.first[i], p.potential[i] = spike.Step(t), v
			}
		}
	}
	return p
}

// pool is what a layer hands on.
func pool(p spike.Pool, in plain) trains {
	out := trains{Shape: p.Shape(in.shape)}
	for i := range out.Neurons() {
		fm, row, col := i/out.Positions(), i/out.Cols%out.Rows, i%out.Cols
		var steps []spike.Step
		if p.Window == 0 {
			steps = append(steps, in.first[i])
		}
		stride := p.Stride
		if stride == 0 {
			stride = p.Window
		}
		for y := row*stride - p.Pad; y < row*stride-p.Pad+p.Window; y++ {
			for x := col*stride - p.Pad; x < col*stride-p.Pad+p.Window; x++ {
				if y >= 0 && y < in.shape.Rows && x >= 0 && x < in.shape.Cols {
					steps = append(steps, in.first[in.shape.Major(fm, y, x)])
				}
			}
		}
		slices.Sort(steps)
		steps = slices.Compact(steps)
		if k := slices.Index(steps, spike.Silent); k >= 0 {
			steps = steps[:k]
		}
		if !p.Repeats && len(steps) > 1 {
			steps = steps[:1]
		}
		out.steps = append(out.steps, steps)
	}
	return out
}

// forward computes all layers, and the decision from all neurons of the last.
func forward(m *train.Model, input *spike.Map) ([]plain, []trains, readout.Decision) {
	in := trains{Shape: input.Shape}
	for _, t := range input.Major() {
		in.steps = append(in.steps, nil)
		if t != spike.Silent {
			in.steps[len(in.steps)-1] = []spike.Step{t}
		}
	}
	reads := []trains{in}
	var layers []plain
	for i, l := range m.Network.Layers {
		layers = append(layers, compute(l.Convolution, reads[i], input.Steps))
		reads = append(reads, pool(l.Pool, layers[i]))
	}
	last := layers[len(layers)-1]
	c := m.Network.Layers[len(layers)-1].Convolution
	var spikes []spike.Spike
	for i, t := range last.first {
		spikes = append(spikes, spike.Spike{Neuron: spike.Neuron{Map: i / last.shape.Positions(), Row: i / last.shape.Cols % last.shape.Rows, Col: i % last.shape.Cols},
			Step: t, Potential: int32(last.potential[i] / c.Unit())})
	}
	return layers, reads, m.Decision.Decide(last.shape, spikes)
}
