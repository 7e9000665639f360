package train_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/encode"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// vdsp makes an experiment one of a single layer that learns by VDSP from the
// pixels, inhibits whenever it is asked, and is read by a linear SVM.
func vdsp(e *train.Experiment) {
	svm(e)
	e.Layers = e.Layers[:1]
	e.Encode = encode.Config{Steps: 15, Filters: []encode.Filter{{Kind: "pixel", Size: 1}}, Threshold: 1, Latency: encode.LatencySpread}
	l := &e.Layers[0]
	l.Pointwise, l.Threshold = true, 8
	l.Learn = train.Learn{
		Rule: train.RuleVDSP, Epochs: 2, K: 8, PerStep: 2, Radius: 2, Pointwise: true,
		APlus: 0.01, AMinus: -0.02, Voltage: 0.1, Upper: 1, Doubling: train.Doubling{Every: 300, Max: 0.1, Ratio: -2, Updates: true, Delay: 5},
	}
}

// The layer learns as in a plain loop: a change for each winner, at rates that
// double by changes.
func TestVDSP(t *testing.T) {
	e := small()
	vdsp(&e)
	e.Protocol.Kind, e.Readout.SVM.C = train.ProtocolPaper, []float64{0.01}
	dir := filepath.Join(t.TempDir(), "run")
	learn, test := mnist(t)
	tr, err := train.Create(dir, e, train.Options{Train: learn, Test: test, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	w := slices.Clone(tr.Model().Network.Layers[0].Weights())
	if _, err := tr.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := got.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	c, err := snn.NewConvolution(e.Geometry(0), 8, snn.Above, 1.2)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetWeights(w); err != nil {
		t.Fatal(err)
	}
	rate, changes := float32(0.01), 0
	var s snn.Scratch
	for range 2 {
		for id := range e.Data.Limit {
			var image spike.Map
			var events spike.Events
			encoder.Encode(learn.Image(id), &image)
			events.From(&image)
			for _, n := range c.Contest(&events, snn.Selection{K: 8, PerStep: 2, Radius: 2, Pointwise: true}, &s, nil) {
				for i := range c.Synapses() {
					in := spike.Silent
					if y, x := n.Row-2+i/5, n.Col-2+i%5; y >= 0 && y < 28 && x >= 0 && x < 28 {
						in = image.Step(0, y, x)
					}
					v := w[n.Map*25+i]
					a := rate
					if in > n.Step {
						a = -2 * rate
						if in != spike.Silent {
							charge := float32(n.Step+1) / float32(in+1)
							a += float32(float32(float32(0.1)*rate) * charge)
						}
					}
					v += float32(a * float32(v*float32(1-v)))
					w[n.Map*25+i] = min(max(v, 0), 1)
				}
				if changes++; changes > 5 && (changes-5)%300 == 0 {
					rate = min(2*rate, 0.1)
				}
			}
			for i, v := range w {
				w[i] = min(max(v, 0), 1)
			}
			if err := c.SetWeights(w); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got.State.Updates != changes || changes < 1000 {
		t.Errorf("%d changes; want %d", got.State.Updates, changes)
	}
	for i, v := range got.Network.Layers[0].Weights() {
		if math.Float32bits(v) != math.Float32bits(w[i]) {
			t.Fatalf("weight %d is %v; want %v", i, v, w[i])
		}
	}
	// The readout, one image at a time, sees what inhibition leaves.
	p, err := got.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		var image spike.Map
		var events spike.Events
		encoder.Encode(test.Image(i), &image)
		events.From(&image)
		var r snn.Response
		l := got.Network.Layers[0]
		l.Convolution.Respond(&events, &r, &s)
		r.PointwiseInhibition()
		pooled := spike.NewMap(l.Pooled(), 15)
		l.Pool.Apply(&r.First, pooled)
		f := readout.NewFeatures(1, pooled.Shape, 0)
		f.Set(0, pooled)
		want, _ := got.SVM.Scores(f, 0, make([]float64, 10))
		if d := p.Predict(test.Image(i)); d.Class != want.Class {
			t.Fatalf("image %d is taken for %d; want %d", i, d.Class, want.Class)
		}
	}
}

func TestVDSPUntil(t *testing.T) {
	e := small()
	vdsp(&e)
	e.Layers[0].Learn.Until, e.Layers[0].Learn.UntilEvery = 0.05, 7
	dir := filepath.Join(t.TempDir(), "run")
	report := run(t, dir, e, train.Options{})
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := report.Presentations; n%7 != 0 || n < 14 || n >= 500 || m.Network.Layers[0].Convergence() >= 0.05 {
		t.Errorf("learning ended after %d images with a convergence of %v", n, m.Network.Layers[0].Convergence())
	}
}

func TestVDSPFaults(t *testing.T) {
	e := small()
	vdsp(&e)
	if err := e.Faults().Err(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(l *train.Layer){
		"layers.s1.pointwise: holds while":                     func(l *train.Layer) { l.Learn.Pointwise = false },
		"layers.s1.learn.per_step: 8; it":                      func(l *train.Layer) { l.Learn.PerStep = 8 },
		"layers.s1.learn.per_step: -1":                         func(l *train.Layer) { l.Learn.PerStep = -1 },
		"layers.s1.learn.voltage: -1; it":                      func(l *train.Layer) { l.Learn.Voltage = -1 },
		"layers.s1.learn.voltage: NaN":                         func(l *train.Layer) { l.Learn.Voltage = math.NaN() },
		"layers.s1.learn.voltage: has no":                      func(l *train.Layer) { l.Learn.Rule = train.RuleSTDP },
		"layers.s1.learn.stabiliser: has":                      func(l *train.Layer) { l.Learn.Stabiliser = true },
		"layers.s1.learn.exponential: has":                     func(l *train.Layer) { l.Learn.Exponential = true },
		"layers.s1.learn.rule: \"vdsp\" needs the":             func(l *train.Layer) { l.Learn.Batch = 2 },
		"layers.s1.learn.doubling.updates: counts":             func(l *train.Layer) { l.Learn.Shared = true },
		"layers.s1.learn.doubling.updates: has":                func(l *train.Layer) { l.Learn.Doubling = train.Doubling{Updates: true} },
		"layers.s1.learn.until_every: has":                     func(l *train.Layer) { l.Learn.UntilEvery = 5 },
		"layers.s1.learn.until_every: -1":                      func(l *train.Layer) { l.Learn.Until, l.Learn.UntilEvery = 0.01, -1 },
		"layers.s1.learn.summed: \"vdsp\" asks":                func(l *train.Layer) { l.Learn.Summed = true },
		"layers.s1.pointwise: is for a layer in which one neu": func(l *train.Layer) { l.Threshold = math.Inf(1) },
	} {
		e := small()
		vdsp(&e)
		change(&e.Layers[0])
		if faults := e.Faults().String(); !strings.Contains(faults, want) {
			t.Errorf("faults %q; want %q", faults, want)
		}
	}
}

// Experiments that do not use what is new are written as before.
func TestVDSPUnwritten(t *testing.T) {
	text, err := small().TOML()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"per_step", "voltage", "updates", "until_every"} {
		if strings.Contains(string(text), field) {
			t.Errorf("%s is written", field)
		}
	}
	if n := strings.Count(string(text), "pointwise ="); n != 3 {
		t.Errorf("pointwise is written %d times", n)
	}
}
