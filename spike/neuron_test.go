package spike

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAhead(t *testing.T) {
	// Best first; each is ahead of all that follow.
	order := []Spike{
		{Neuron{5, 5, 5}, 0, 1},
		{Neuron{5, 5, 5}, 1, 9},
		{Neuron{0, 0, 0}, 1, 8},
		{Neuron{0, 0, 1}, 1, 8},
		{Neuron{0, 1, 0}, 1, 8},
		{Neuron{1, 0, 0}, 1, 8},
		{Neuron{0, 0, 0}, 1, -3},
		{Neuron{0, 0, 0}, Silent, 100},
	}
	for i, a := range order {
		for j, b := range order {
			if got := a.Ahead(b); got != (i < j) {
				t.Errorf("%v.Ahead(%v) = %v", a, b, got)
			}
		}
	}
}

func TestFirst(t *testing.T) {
	if s, ok := First(nil); ok {
		t.Errorf("First of nothing is %v", s)
	}
	if s, ok := First([]Spike{{Step: Silent, Potential: 4}, {Step: Silent}}); ok {
		t.Errorf("First of silent neurons is %v", s)
	}
	rapid.Check(t, func(t *rapid.T) {
		spikes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Spike {
			small := rapid.IntRange(0, 2)
			return Spike{
				Neuron:    Neuron{small.Draw(t, "map"), small.Draw(t, "row"), small.Draw(t, "col")},
				Step:      rapid.SampledFrom([]Step{0, 1, 254, Silent}).Draw(t, "step"),
				Potential: rapid.Int32Range(-1, 1).Draw(t, "potential"),
			}
		}), 1, 8).Draw(t, "spikes")
		got, ok := First(spikes)
		slices.SortFunc(spikes, func(a, b Spike) int {
			switch {
			case a.Ahead(b):
				return -1
			case b.Ahead(a):
				return 1
			}
			return 0
		})
		if want := spikes[0]; ok != (want.Step != Silent) || ok && got != want {
			t.Fatalf("First = %v, %v; want %v", got, ok, want)
		}
	})
}
