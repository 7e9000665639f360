package preset_test

import (
	"fmt"
	"testing"

	"firstspike/preset"
)

func TestPresets(t *testing.T) {
	for _, p := range preset.All() {
		if f := p.Faults(); len(f) > 0 {
			t.Errorf("%s: %v", p.Name, f)
		}
		if p.About == "" || p.Reported == "" || p.Experiment.Paper == "" {
			t.Errorf("%s: what it is, its paper or its result is missing", p.Name)
		}
		tables := map[string]bool{}
		for _, path := range p.Paths() {
			if p.Source(path) == "" && path != "name" && path != "paper" {
				t.Errorf("%s: %s has no source", p.Name, path)
			}
			for i, c := range path + "." {
				if c == '.' {
					tables[path[:i]] = true
				}
			}
		}
		for path := range p.Sources {
			if !tables[path] {
				t.Errorf("%s: there is a source for %s, which does not exist", p.Name, path)
			}
		}
		e := p.Experiment.Clone()
		for path, value := range p.Paper {
			if err := e.Set(path, value); err != nil {
				t.Errorf("%s: the paper's %v", p.Name, err)
			}
		}
		if f := e.Faults(); len(f) > 0 {
			t.Errorf("%s as in the paper: %v", p.Name, f)
		}
		if got, ok := preset.Lookup(p.Name); !ok || got.Name != p.Name {
			t.Errorf("Lookup(%q) = %q, %v", p.Name, got.Name, ok)
		}
	}
	if _, ok := preset.Lookup("nothing"); ok {
		t.Error("Lookup found a preset that is not there")
	}
}

// The shapes of the paper's network.
func TestMozafari2018(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	n, err := p.Network()
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, l := range n.Layers {
		got += fmt.Sprintf("%v->%v->%v ", l.In, l.Convolution.Out(), l.Pooled())
	}
	want := "6x28x28->30x28x28->30x14x14 30x14x14->250x14x14->250x4x4 250x4x4->200x4x4->200x4x4 "
	if got != want {
		t.Errorf("shapes %s\nwant   %s", got, want)
	}
}

func ExampleLookup() {
	p, ok := preset.Lookup("mozafari2018")
	fmt.Println(ok, p.Layers[2].Maps, p.Layers[2].Learn.Rule)
	// Output: true 200 rstdp
}

// The shapes of the code's two tasks: pictures of which 25x10 positions are
// left, and one.
func TestMozafari2018Shallow(t *testing.T) {
	for name, want := range map[string]string{
		"mozafari2018shallow": "4x26x41->20x10x25", "mozafari2018eth80": "4x31x31->80x1x1",
	} {
		p, _ := preset.Lookup(name)
		n, err := p.Network()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%v->%v", n.Layers[0].In, n.Layers[0].Convolution.Out()); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
		if p.Wants == "" {
			t.Errorf("%s does not say which data it wants", name)
		}
	}
}
