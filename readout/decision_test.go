package readout

import (
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

func TestBlocks(t *testing.T) {
	d, err := Blocks(200, 10)
	if err != nil {
		t.Fatal(err)
	}
	for m, class := range d {
		if class != m/20 {
			t.Errorf("map %d stands for %d", m, class)
		}
	}
	if len(d) != 200 || d.Classes() != 10 {
		t.Errorf("%d maps, %d classes", len(d), d.Classes())
	}
	if d, err := Blocks(3, 3); err != nil || !slices.Equal(d, DecisionMap{0, 1, 2}) {
		t.Errorf("Blocks(3, 3) = %v, %v", d, err)
	}
	for _, c := range [][2]int{{0, 1}, {5, 0}, {5, -5}, {-5, -5}, {5, 10}, {25, 10}} {
		if d, err := Blocks(c[0], c[1]); err == nil {
			t.Errorf("Blocks(%d, %d) = %v", c[0], c[1], d)
		}
	}
	if n := (DecisionMap{4, 0, 2}).Classes(); n != 5 {
		t.Errorf("%d classes for a highest class of 4", n)
	}
	if n := (DecisionMap{}).Classes(); n != 0 {
		t.Errorf("%d classes in an empty map", n)
	}
}

// The decision is the class of the first spike; the runner-up is what the
// decision would be if the winner's class were taken away.
func TestDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.IntRange(1, 4).Draw(t, "classes")
		var d DecisionMap
		var best []spike.Spike
		for m := range rapid.IntRange(1, 12).Draw(t, "maps") {
			d = append(d, rapid.IntRange(0, classes-1).Draw(t, "class"))
			s := spike.Spike{
				Neuron:    spike.Neuron{Map: m, Row: rapid.IntRange(0, 1).Draw(t, "row")},
				Step:      rapid.SampledFrom([]spike.Step{3, 14, spike.Silent}).Draw(t, "step"),
				Potential: rapid.Int32Range(1, 3).Draw(t, "potential"),
			}
			if s.Step == spike.Silent {
				s.Potential = 0
			}
			best = append(best, s)
		}
		// The first among the maps of the classes that are not left out.
		first := func(without int) (int, spike.Spike) {
			class, winner := None, spike.Spike{}
			for m, s := range best {
				if s.Step == spike.Silent || d[m] == without {
					continue
				}
				if class == None || s.Step < winner.Step || s.Step == winner.Step && s.Potential > winner.Potential {
					class, winner = d[m], s
				}
			}
			return class, winner
		}
		r := d.Decide(spike.Shape{Maps: len(d), Rows: 2, Cols: 1}, best)
		class, winner := first(None - 1)
		if r.Class != class || class != None && r.Winner != winner {
			t.Fatalf("decided %d for %v; want %d for %v", r.Class, r.Winner, class, winner)
		}
		second, its := None, spike.Spike{}
		if class != None {
			second, its = first(class)
		}
		if r.RunnerUp != second || second != None && r.Second != its {
			t.Fatalf("runner-up %d with %v; want %d with %v", r.RunnerUp, r.Second, second, its)
		}
	})
}

func TestMargin(t *testing.T) {
	d := DecisionMap{0, 0, 1, 2}
	spikes := func(at ...spike.Spike) []spike.Spike {
		for m := range at {
			at[m].Map = m
		}
		return at
	}
	for _, c := range []struct {
		name    string
		best    []spike.Spike
		class   int
		earlier int
		higher  float64
	}{
		{"silent", spikes(spike.Spike{Step: spike.Silent}, spike.Spike{Step: spike.Silent}), None, 0, 0},
		{"no rival", spikes(spike.Spike{Step: 3, Potential: 8}, spike.Spike{Step: 3, Potential: 7}), 0, 15, 1},
		{"same step", spikes(spike.Spike{Step: 14, Potential: 6}, spike.Spike{Step: 14, Potential: 7}, spike.Spike{Step: 14, Potential: 8}), 1, 0, .125},
		{"earlier", spikes(spike.Spike{Step: 4, Potential: 8}, spike.Spike{Step: spike.Silent}, spike.Spike{Step: 9, Potential: 6}), 0, 5, .25},
		{"earlier and lower", spikes(spike.Spike{Step: 4, Potential: 8}, spike.Spike{Step: spike.Silent}, spike.Spike{Step: 9, Potential: 12}), 0, 5, -.5},
	} {
		r := d.Decide(spike.Shape{Maps: len(d), Rows: 1, Cols: 1}, c.best)
		earlier, higher := r.Margin(15)
		if r.Class != c.class || earlier != c.earlier || higher != c.higher {
			t.Errorf("%s: class %d by %d steps and %v; want %d, %d, %v", c.name, r.Class, earlier, higher, c.class, c.earlier, c.higher)
		}
	}
}

// Neurons in order get classes in order, whatever map they are of.
func TestNeurons(t *testing.T) {
	out := spike.Shape{Maps: 3, Rows: 2, Cols: 2}
	d, err := Neurons(out, 5)
	if err != nil {
		t.Fatal(err)
	}
	for m := range 3 {
		for r := range 2 {
			for c := range 2 {
				if got, want := d.Of(out, spike.Neuron{Map: m, Row: r, Col: c}), (4*m+2*r+c)%5; got != want {
					t.Errorf("neuron %d,%d,%d: class %d; want %d", m, r, c, got, want)
				}
			}
		}
	}
	for _, classes := range []int{0, 13} {
		if _, err := Neurons(out, classes); err == nil {
			t.Errorf("%d classes were dealt out to 12 neurons", classes)
		}
	}
	best := []spike.Spike{{Neuron: spike.Neuron{Map: 1, Col: 1}, Step: 3, Potential: 7}, {Neuron: spike.Neuron{Map: 1, Row: 1}, Step: 3, Potential: 6}, {Neuron: spike.Neuron{Map: 0}, Step: 3, Potential: 5}}
	if r := d.Decide(out, best); r.Class != 0 || r.RunnerUp != 1 || r.Second.Potential != 6 {
		t.Errorf("decision %+v", r)
	}
}

func TestLabels(t *testing.T) {
	got := Labels([][]int{{0, 3, 3}, {5, 1, 0}, {0, 0, 0}, nil})
	if want := (DecisionMap{1, 0, None, None}); !slices.Equal(got, want) {
		t.Errorf("labels %v; want %v", got, want)
	}
}
