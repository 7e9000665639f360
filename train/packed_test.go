package train_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/tensorfile"
	"firstspike/train"
)

// gridded is an untrained model whose layers lie on grids, and are packed.
func gridded(t *testing.T, bits ...int) *train.Model {
	t.Helper()
	m, err := train.Untrained(small())
	if err != nil {
		t.Fatal(err)
	}
	m.Packed = map[string]train.Grid{}
	rng := rand.New(rand.NewPCG(1, 2))
	for i, b := range bits {
		l := m.Network.Layers[i]
		g := train.Grid{Base: 0.125, Step: 1. / 512, Bits: b}
		w := make([]float32, len(l.Weights()))
		for k := range w {
			w[k] = float32(g.Base + g.Step*float64(rng.IntN(1<<b)))
		}
		if err := l.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		m.Packed[l.Name] = g
	}
	return m
}

// What is packed is read to the last bit, is smaller, and is written again as it
// was.
func TestPacked(t *testing.T) {
	for _, bits := range [][]int{{1, 2, 4}, {8, 8, 8}, {4}} {
		m := gridded(t, bits...)
		var packed, again, plain bytes.Buffer
		if err := m.Write(&packed); err != nil {
			t.Fatal(err)
		}
		n, err := train.Read("packed", bytes.NewReader(packed.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range m.Network.Layers {
			if !slices.Equal(n.Network.Layers[i].Weights(), l.Weights()) {
				t.Errorf("%v: other weights of %s", bits, l.Name)
			}
			if g, ok := n.Packed[l.Name]; ok != (i < len(bits)) || ok && g != m.Packed[l.Name] {
				t.Errorf("%v: %s is packed as %+v, %v", bits, l.Name, g, ok)
			}
		}
		if err := n.Write(&again); err != nil || !bytes.Equal(again.Bytes(), packed.Bytes()) {
			t.Errorf("%v: written otherwise, %v", bits, err)
		}
		m.Packed = nil
		if err := m.Write(&plain); err != nil || packed.Len() >= plain.Len() {
			t.Errorf("%v: %d bytes, %d packed, %v", bits, plain.Len(), packed.Len(), err)
		}
	}
}

func TestPackedRefuses(t *testing.T) {
	m := gridded(t, 4)
	m.Packed["s2"] = train.Grid{Step: 0.5, Bits: 8}
	if err := m.Write(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "layer s2: weight 0 of map 0") {
		t.Errorf("weights between the levels: %v", err)
	}
	for want, change := range map[string]func(index, grid *tensorfile.Tensor){
		"0 bits a weight": func(_, grid *tensorfile.Tensor) { *grid = values(t, grid.Name, 0.125, 1./512, 3) },
		"step":            func(_, grid *tensorfile.Tensor) { *grid = values(t, grid.Name, 0.125, 0, 4) },
		"must hold base":  func(_, grid *tensorfile.Tensor) { *grid = values(t, grid.Name, 0.125) },
		"must lie within": func(_, grid *tensorfile.Tensor) { *grid = values(t, grid.Name, 0.125, 100, 4) },
		"ask for":         func(_, grid *tensorfile.Tensor) { *grid = values(t, grid.Name, 0.125, 1./512, 8) },
		"s1.weight.grid":  func(_, grid *tensorfile.Tensor) { grid.Name = "elsewhere" },
		"s1.weight":       func(index, _ *tensorfile.Tensor) { index.Name = "elsewhere" },
	} {
		var b bytes.Buffer
		if err := gridded(t, 4).Write(&b); err != nil {
			t.Fatal(err)
		}
		f, err := tensorfile.ReadSafetensors(&b)
		if err != nil {
			t.Fatal(err)
		}
		find := func(name string) *tensorfile.Tensor {
			return &f.Tensors[slices.IndexFunc(f.Tensors, func(t tensorfile.Tensor) bool { return t.Name == name })]
		}
		change(find("s1.weight.index"), find("s1.weight.grid"))
		var changed bytes.Buffer
		if err := tensorfile.WriteSafetensors(&changed, f); err != nil {
			t.Fatal(err)
		}
		if _, err := train.Read("packed", &changed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want a word of %q", err, want)
		}
	}
}

func values(t *testing.T, name string, v ...float64) tensorfile.Tensor {
	t.Helper()
	x, err := tensorfile.From(name, []int{len(v)}, v)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Weights at a bound that is on no grid are rounded too, and sum as before.
func TestRoundedAtBound(t *testing.T) {
	beyond := 0
	for _, upper := range []float64{1.1, 1.2, 1.3, 1.4, 1.6, 1.7} {
		e := small()
		e.Layers[2].Learn.Upper = upper
		m, err := train.Untrained(e)
		if err != nil {
			t.Fatal(err)
		}
		l := m.Network.Layers[2]
		w := slices.Clone(l.Weights())
		w[0], w[1] = float32(l.Bound()), -float32(l.Bound())
		if err := l.SetWeights(w); err != nil {
			t.Fatal(err)
		}
		if l.Potential(l.Quanta(0)[0]) > l.Bound() {
			beyond++
		}
		r, err := m.Rounded()
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Network.Layers[2].Quanta(0); !slices.Equal(got, l.Quanta(0)) {
			t.Errorf("sums of %v; they were %v", got[:2], l.Quanta(0)[:2])
		}
	}
	if beyond == 0 {
		t.Error("no bound is rounded to beyond it")
	}
}
