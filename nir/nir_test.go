package nir_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/nir"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
	"firstspike/train"
)

// random draws a small network of any kind that NIR can express.
func random(t *rapid.T) *train.Model {
	m := &train.Model{Experiment: train.Experiment{Name: "random"}, Network: &snn.Network{Steps: rapid.IntRange(1, 6).Draw(t, "steps")}}
	in := spike.Shape{Maps: rapid.IntRange(1, 2).Draw(t, "channels"), Rows: rapid.IntRange(3, 7).Draw(t, "rows"), Cols: rapid.IntRange(3, 7).Draw(t, "cols")}
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	most, layers := 1, rapid.IntRange(1, 3).Draw(t, "layers")
	svm := rapid.Bool().Draw(t, "svm")
	for i := range layers {
		last := i == layers-1
		g := snn.Geometry{In: in, Maps: rapid.IntRange(1, 4).Draw(t, "maps"), Pad: rapid.IntRange(0, 1).Draw(t, "pad"), Most: most, Ramp: rapid.Bool().Draw(t, "ramp")}
		k := rapid.IntRange(1, min(3, in.Rows+2*g.Pad, in.Cols+2*g.Pad)).Draw(t, "kernel")
		g.Kernel, g.Stride = snn.Size{Rows: k, Cols: k}, rapid.IntRange(0, 2).Draw(t, "stride")
		if last && !svm && rapid.Bool().Draw(t, "whole") {
			g.Kernel, g.Pad = snn.Size{Rows: in.Rows, Cols: in.Cols}, 0
		}
		threshold := rapid.SampledFrom([]float64{0.5, 1, 1.3, 2, 3, 8}).Draw(t, "threshold")
		if last && !svm && rapid.Bool().Draw(t, "waits") {
			threshold, g.Ramp = math.Inf(1), false
		}
		c, err := snn.NewConvolution(g, threshold, rapid.SampledFrom([]snn.Comparison{"", snn.Above, snn.AtLeast}).Draw(t, "fires"), 1)
		if err != nil {
			t.Fatal(err)
		}
		// Weights on halves make ties and potentials at thresholds; others need
		// rounding.
		w := make([]float32, g.Maps*g.Synapses())
		coarse, lowest := rapid.Bool().Draw(t, "coarse"), rapid.SampledFrom([]float64{0, -.5}).Draw(t, "lowest")
		for j := range w {
			if w[j] = float32(lowest + float64(rng.Float64()*(1-lowest))); coarse {
				w[j] = float32(math.Round(float64(w[j])*2) / 2)
			}
		}
		if err := c.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		if !c.AtEnd() && rapid.Bool().Draw(t, "thresholds") {
			own := make([]float64, g.Maps)
			for j := range own {
				own[j] = threshold + float64(rng.IntN(3))/2 + rng.Float64()*float64(rng.IntN(2))
			}
			if err := c.SetThresholds(own); err != nil && !strings.Contains(err.Error(), "too far apart") {
				t.Fatal(err)
			}
		}
		l := snn.Layer{Name: fmt.Sprintf("s%d", i+1), Convolution: c}
		if out := c.Out(); (!last || svm) && min(out.Rows, out.Cols) > 1 && rapid.Bool().Draw(t, "pool") {
			window := rapid.IntRange(1, min(3, out.Rows, out.Cols)).Draw(t, "window")
			l.Pool = spike.Pool{Window: window, Stride: rapid.IntRange(0, 2).Draw(t, "apart"), Pad: rapid.IntRange(0, window/2).Draw(t, "margin"), Repeats: rapid.Bool().Draw(t, "repeats")}
		}
		m.Network.Layers = append(m.Network.Layers, l)
		in, most = l.Pooled(), l.Pool.Most()
	}
	if err := m.Network.Check(); err != nil {
		t.Fatal(err)
	}
	out := m.Network.Layers[layers-1].Convolution.Out()
	classes := rapid.IntRange(1, 3).Draw(t, "classes")
	if svm {
		m.Experiment.Readout.Rule = train.ReadoutSVM
		m.SVM = readout.NewSVM(classes, in, rapid.SampledFrom([]int{0, m.Network.Steps}).Draw(t, "latencies"))
		for _, list := range [][]float32{m.SVM.Weights, m.SVM.Bias} {
			for i := range list {
				list[i] = float32(rng.NormFloat64())
			}
		}
		return m
	}
	n := out.Maps
	if rapid.Bool().Draw(t, "by neuron") {
		n = out.Neurons()
	}
	for range n {
		m.Decision = append(m.Decision, rng.IntN(classes+1)-1)
	}
	return m
}

// answer is what the engine decides.
func answer(m *train.Model, in *spike.Map) int {
	var p snn.Pass
	last := len(m.Network.Layers) - 1
	if m.SVM != nil {
		f := readout.NewFeatures(1, m.SVM.Shape, m.SVM.Steps)
		f.Set(0, p.Spikes(m.Network, in, last+1))
		return m.SVM.Decide(f, 0).Class
	}
	r := p.Response(m.Network, in, last)
	var all []spike.Spike
	for i, s := range r.First.At {
		all = append(all, spike.Spike{Neuron: r.First.Neuron(i%r.First.Maps, i/r.First.Maps), Step: s, Potential: r.Potential[i]})
	}
	return m.Decision.Decide(m.Network.Layers[last].Convolution.Out(), all).Class
}

// A graph, computed as its nodes say, decides as the engine does: for layers of
// any shape, with ramps, own thresholds, pools that repeat, and any way to decide.
func TestSameDecisions(t *testing.T) {
	decided, silent := map[string]int{}, 0
	rapid.Check(t, func(t2 *rapid.T) {
		m := random(t2)
		g, err := nir.New(m)
		if err != nil {
			t2.Fatal(err)
		}
		s := newSimulator(t, g)
		for range 4 {
			in := spike.NewMap(m.Network.Layers[0].In, m.Network.Steps)
			for i := range in.At {
				if step := rapid.IntRange(0, 2*m.Network.Steps).Draw(t2, "step"); step < m.Network.Steps {
					in.At[i] = spike.Step(step)
				}
			}
			want := answer(m, in)
			if got := decide(t, g, s.run(in, m.Network.Steps)); got != want {
				t2.Fatalf("the graph decides %d (%s); want %d", got, g.Metadata.Text["decision_kind"], want)
			}
			if want < 0 {
				silent++
			} else {
				decided[g.Metadata.Text["decision_kind"]]++
			}
		}
		var b, again bytes.Buffer
		if err := g.Write(&b); err != nil {
			t2.Fatal(err)
		}
		if err := g.Write(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t2.Fatalf("written twice, the files differ: %v", err)
		}
	})
	if len(decided) < 3 || silent == 0 {
		t.Errorf("decisions: %v; none: %d", decided, silent)
	}
}

// Every weight in the file is the one that is summed, and every neuron fires at
// the potentials at which the layer's do.
func TestExact(t *testing.T) {
	rapid.Check(t, func(t2 *rapid.T) {
		m := random(t2)
		g, err := nir.New(m)
		if err != nil {
			t2.Fatal(err)
		}
		for _, l := range m.Network.Layers {
			for _, n := range g.Nodes {
				switch n.Name {
				case l.Name + "_conv", l.Name + "_weights":
					for i, w := range numbers(t, parameter(n, "weight")) {
						if q := l.Quanta(i / l.Synapses())[i%l.Synapses()]; w != l.Potential(q) {
							t2.Fatalf("%s: weight %d is %v; want %v", n.Name, i, w, l.Potential(q))
						}
					}
				case l.Name + "_fire":
					limits := numbers(t, parameter(n, "v_threshold"))
					for i, v := range limits {
						own := l.ThresholdOf(i / l.Convolution.Out().Positions())
						fires := func(p float64) bool {
							if l.Fires == snn.AtLeast {
								return p >= own
							}
							return p > own
						}
						if fires(v) || !fires(v+l.Unit()) {
							t2.Fatalf("%s: neuron %d fires above %v; its threshold is %s %v", n.Name, i, v, l.Fires, own)
						}
					}
				}
			}
		}
	})
}

func TestRefused(t *testing.T) {
	layer := func(name string, in spike.Shape, kernel snn.Size, threshold float64) snn.Layer {
		c, err := snn.NewConvolution(snn.Geometry{In: in, Maps: 2, Kernel: kernel}, threshold, snn.Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		return snn.Layer{Name: name, Convolution: c}
	}
	one := layer("s1", spike.Shape{Maps: 1, Rows: 5, Cols: 6}, snn.Size{Rows: 2, Cols: 3}, math.Inf(1))
	two := layer("s2", one.Pooled(), snn.Size{Rows: 1, Cols: 1}, 1)
	two.Pointwise = true
	m := &train.Model{Network: &snn.Network{Steps: 3, Layers: []snn.Layer{one, two}}}
	m.Experiment.Readout.Rule = train.ReadoutSVM
	_, err := nir.New(m)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"layer s1: an infinite threshold, and others read its spikes: NIR has no node that knows the last step; give it a threshold (layers.s1.threshold)",
		"layer s1: a kernel of 2x3: ",
		"layer s2: pointwise inhibition while it responds (layers.s2.pointwise): NIR has no node ",
		"the linear SVM that decides is not learned yet",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q; want %q in it", err, want)
		}
	}
	g := &nir.Graph{Nodes: []nir.Node{{Name: "a", Type: "I", Parameters: []tensorfile.Tensor{{Name: "r", DType: tensorfile.U8, Data: []byte{1}}}}}}
	if err := g.Write(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "node a: r is of type U8") {
		t.Errorf("error %v", err)
	}
}
