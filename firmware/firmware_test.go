package firmware

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/preset"
	"firstspike/quantize"
	"firstspike/snn"
	"firstspike/train"
)

// compiled writes a network's C code, compiles it with the given compiler and
// returns the program and what it says about its vectors.
func compiled(t *testing.T, n *Network, images [][]byte, compiler ...string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, n, images, dir)
	program := filepath.Join(dir, "test.out")
	arguments := append(compiler[1:], "-I"+dir+"/src", "-o", program, dir+"/test/main.c", dir+"/src/"+n.name+".c")
	if out, err := exec.Command(compiler[0], arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", compiler, err, out)
	}
	return program
}

func write(t *testing.T, n *Network, images [][]byte, dir string) {
	t.Helper()
	files, err := n.Files(images)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// agree runs a program on images and compares with what the network says in Go. It
// returns how many were decided at all.
func agree(t *testing.T, n *Network, images [][]byte, run ...string) (decided int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "images")
	if err := os.WriteFile(path, bytes.Join(images, nil), 0o666); err != nil {
		t.Fatal(err)
	}
	for i, a := range run {
		run[i] = strings.ReplaceAll(a, "IMAGES", path)
	}
	out, err := exec.Command(run[0], run[1:]...).Output()
	if err != nil {
		t.Fatalf("%v: %v", run, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(images) {
		t.Fatalf("%d lines for %d images", len(lines), len(images))
	}
	predict, err := n.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	different := 0
	for i, image := range images {
		d := predict(image)
		if want := fmt.Sprint(d.Class, d.RunnerUp, d.Earlier, d.Higher); strings.TrimSpace(lines[i]) != want {
			if different++; different < 5 {
				t.Errorf("image %d: C says %q, Go %q (class, runner-up, steps, potential)", i, lines[i], want)
			}
		}
		if d.Class >= 0 {
			decided++
		}
	}
	if different > 0 {
		t.Errorf("%d of %d differ", different, len(images))
	}
	return decided
}

var strict = []string{"gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O2"}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

// digits are the first test images of MNIST.
func digits(t *testing.T, n int) (images [][]byte) {
	t.Helper()
	_, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		images = append(images, test.Image(i))
	}
	return images
}

// random gives a layer weights of which most are near two values.
func random(t *testing.T, m *train.Model, rng *rand.Rand, lower float32) {
	t.Helper()
	for _, l := range m.Network.Layers {
		w := make([]float32, len(l.Weights()))
		for i := range w {
			w[i] = min(1, max(lower, float32(rng.NormFloat64()*0.1)+lower+float32(rng.IntN(2))*(1-lower)))
		}
		if err := l.SetWeights(w); err != nil {
			t.Fatal(err)
		}
	}
}

// The C code of small networks with random weights, of every kind that there is,
// decides as the network does in Go, margins included.
func TestSame(t *testing.T) {
	needs(t, "gcc")
	base := func() train.Experiment {
		p, _ := preset.Lookup("mozafari2018")
		e := p.Experiment.Clone()
		e.Layers[0].Maps, e.Layers[1].Maps, e.Layers[2].Maps = 12, 20, 20
		e.Layers[1].Threshold = 8
		return e
	}
	goupy := func() train.Experiment {
		p, _ := preset.Lookup("goupy2024")
		e := p.Experiment.Clone()
		e.Layers[0].Maps, e.Layers[1].Maps = 16, 20
		e.Layers[1].Threshold = 20
		return e
	}
	for name, c := range map[string]struct {
		e     train.Experiment
		bits  int
		lower float32
		with  func(*train.Experiment)
		after func(*train.Model) error
	}{
		"8 bits":          {e: base(), bits: 8},
		"4 bits":          {e: base(), bits: 4},
		"2 bits":          {e: base(), bits: 2},
		"1 bit":           {e: base(), bits: 1},
		"negative":        {e: base(), bits: 8, lower: -1, with: func(e *train.Experiment) { e.Layers[0].Threshold, e.Layers[1].Threshold = 3, 2 }},
		"negative, 1 bit": {e: base(), bits: 1, lower: -1, with: func(e *train.Experiment) { e.Layers[0].Threshold, e.Layers[1].Threshold = 3, 2 }},
		"spread":          {e: base(), bits: 8, lower: -0.5, with: func(e *train.Experiment) { e.Encode.Latency = encode.LatencySpread }},
		"first spike": {e: base(), bits: 4, with: func(e *train.Experiment) {
			e.Layers[2].Threshold, e.Layers[2].Fires = 30, snn.AtLeast
		}},
		"neurons, overlapping windows, no normalisation": {e: base(), bits: 8, with: func(e *train.Experiment) {
			e.Readout.Rule, e.Encode.Normalise = train.ReadoutNeurons, 0
			e.Layers[0].Pool = train.Pool{Window: 3, Stride: 2, Pad: 1}
			e.Layers[1].Pool = train.Pool{Window: 3, Stride: 4}
		}},
		"first spike, overlapping windows, magnitudes": {e: base(), bits: 1, with: func(e *train.Experiment) {
			e.Encode.Abs = true
			e.Layers[0].Pool = train.Pool{Window: 3, Stride: 2, Pad: 1}
			e.Layers[2].Threshold, e.Layers[1].Stride, e.Layers[1].Pool = 30, 2, train.Pool{}
		}},
		"linear": {e: goupy(), bits: 8},
		"linear, at end": {e: goupy(), bits: 8, with: func(e *train.Experiment) {
			e.Layers[1].Threshold = math.Inf(1)
			e.Layers[1].Learn = base().Layers[2].Learn
			e.Layers[1].Fires = snn.Above
		}},
		"thresholds of maps": {e: goupy(), bits: 8, after: func(m *train.Model) error {
			t := make([]float64, 16)
			for i := range t {
				t[i] = 2 + float64(i)/3
			}
			return m.Network.Layers[0].SetThresholds(t)
		}},
		"ramp": {e: goupy(), bits: 8, lower: -0.2, with: func(e *train.Experiment) {
			e.Encode.Rest = 100
			e.Layers[1].Ramp, e.Layers[1].Threshold, e.Layers[1].Fires = true, 3000, snn.Above
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.with != nil {
				c.with(&c.e)
			}
			for i := range c.e.Layers {
				c.e.Layers[i].Weights = train.Normal{Mean: 1}
			}
			m, err := train.Untrained(c.e)
			if err != nil {
				t.Fatal(err)
			}
			random(t, m, rand.New(rand.NewPCG(1, 2)), c.lower)
			if c.after != nil {
				if err := c.after(m); err != nil {
					t.Fatal(err)
				}
			}
			bits := map[string]int{}
			for _, l := range m.Network.Layers {
				bits[l.Name] = c.bits
			}
			if m, err = quantize.Model(m, bits); err != nil {
				t.Fatal(err)
			}
			n, err := New(m, "net")
			if err != nil {
				t.Fatal(err)
			}
			images := slices.Concat(digits(t, 25), [][]byte{make([]byte, 28*28), bytes.Repeat([]byte{255}, 28*28)})
			program := compiled(t, n, images[:2], strict...)
			if decided := agree(t, n, images, program, "IMAGES"); decided < 10 {
				t.Errorf("%d of %d images decided; the test says little", decided, len(images))
			}
			if out, err := exec.Command(program).CombinedOutput(); err != nil || !strings.Contains(string(out), "2 of 2 as expected") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// What C has not is named, all at once.
func TestRefused(t *testing.T) {
	p, _ := preset.Lookup("bars")
	p.Encode.Lateral = []float64{0.1}
	p.Layers[0].Pointwise = true
	p.Layers[0].Pool = train.Pool{Window: 1, Repeats: true}
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(m, "a b")
	for _, want := range []string{"name \"a b\"", "for example a_b", "encode.lateral", "layers.s1.pointwise", "layers.s1.pool.repeats"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	p, _ = preset.Lookup("mozafari2018")
	if m, err = train.Untrained(p.Experiment); err != nil {
		t.Fatal(err)
	}
	if _, err = New(m, "net"); err == nil || !strings.Contains(err.Error(), "layer s2: its weights lie on more than 256 levels") {
		t.Errorf("%v; want the layers that are not quantised", err)
	}
	if _, err := new(Network).Files(nil); err == nil {
		t.Error("test vectors without images")
	}
}

// Whatever the text, an identifier is one, and is its own.
func FuzzIdentifier(f *testing.F) {
	for _, s := range []string{"", "mozafari2018-seed1", "2", "string", "Über", "a__", "_x"} {
		f.Add(s)
	}
	valid := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	f.Fuzz(func(t *testing.T, text string) {
		s := Identifier(text)
		if !valid.MatchString(s) || Identifier(s) != s || slices.Contains(headers, s) {
			t.Errorf("%q gives %q, and that %q", text, s, Identifier(s))
		}
	})
}
