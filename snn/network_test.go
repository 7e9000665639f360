package snn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

var inf = math.Inf(1)

// drawNetwork draws up to three layers with pooling, some without.
func drawNetwork(t *rapid.T, rng *rand.Rand, in spike.Shape, steps int, signed bool) (*Network, []drawn) {
	n := &Network{Steps: steps}
	var layers []drawn
	for i := range rapid.IntRange(1, 3).Draw(t, "layers") {
		d := drawLayer(t, rng, in, signed && rapid.Bool().Draw(t, "signed layer"), drawThreshold(t))
		l := Layer{Name: fmt.Sprintf("l%d", i), Convolution: d.Convolution}
		if w := rapid.IntRange(0, min(3, d.Out().Rows, d.Out().Cols)).Draw(t, "window"); w > 0 {
			l.Pool = spike.Pool{Window: w, Stride: rapid.IntRange(0, 3).Draw(t, "pool stride"), Pad: rapid.IntRange(0, w/2).Draw(t, "pool pad")}
		}
		n.Layers, layers = append(n.Layers, l), append(layers, d)
		in = l.Pooled()
	}
	if err := n.Check(); err != nil {
		t.Fatal(err)
	}
	return n, layers
}

// chain is the reference's road through a network: what the first depth
// layers hand on, and the responses of all layers.
func chain(n *Network, layers []drawn, in *spike.Map) (handed []grid4[bool], volleys []volley) {
	wave := dense(in)
	handed = append(handed, wave)
	for i, d := range layers {
		v := fire(convolve(wave, d.Geometry, d.w), d.Threshold, d.Fires)
		volleys = append(volleys, v)
		wave = v.fired
		if p := n.Layers[i].Pool; p.Window > 0 {
			stride := p.Stride
			if stride == 0 {
				stride = p.Window
			}
			wave = v.pool(p.Window, stride, p.Pad)
		}
		handed = append(handed, wave)
	}
	return handed, volleys
}

func TestNetwork(t *testing.T) {
	var p Pass // one for all networks: nothing of an earlier image may remain
	var best []spike.Spike
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		steps := rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(1, 15), rapid.IntRange(1, 60)).Draw(t, "steps")
		in := drawInput(t, rng, drawShape(t), steps)
		n, layers := drawNetwork(t, rng, in.Shape, steps, rapid.Bool().Draw(t, "signed"))
		handed, volleys := chain(n, layers, in)

		for depth := range len(n.Layers) + 1 {
			got := p.Spikes(n, in, depth)
			if got.Steps != steps {
				t.Fatalf("depth %d: %d steps; want %d", depth, got.Steps, steps)
			}
			wave := dense(got)
			for s := range wave {
				for m := range wave[s] {
					if !slices.EqualFunc(wave[s][m], handed[depth][s][m], slices.Equal) {
						t.Fatalf("depth %d: step %d of map %d is %v; want %v", depth, s, m, wave[s][m], handed[depth][s][m])
					}
				}
			}
			want := bitsOf(got)
			if fired := p.Fired(n, in, depth); !slices.Equal(fired, want) {
				t.Fatalf("depth %d: fired %x; want %x", depth, fired, want)
			}
			matters := false
			for _, l := range layers[:depth] {
				matters = matters || l.TimeMatters()
			}
			if n.TimeMatters(depth) != matters {
				t.Fatalf("depth %d: TimeMatters is %v", depth, !matters)
			}
			if depth == len(n.Layers) {
				continue
			}
			compare(t, n.Layers[depth].Convolution, p.Response(n, in, depth), volleys[depth])
			if rest := n.From(depth); len(rest.Layers) != len(n.Layers)-depth || rest.Steps != steps || rest.Check() != nil {
				t.Fatalf("the network from layer %d is %+v", depth, rest)
			}
		}

		// Forward: the best neuron of every map of the last layer.
		last := len(layers) - 1
		best = n.Forward(in, &p, best)
		if len(best) != layers[last].Maps {
			t.Fatalf("%d best neurons for %d maps", len(best), layers[last].Maps)
		}
		for m := range best {
			only := make([]bool, layers[last].Maps)
			for i := range only {
				only[i] = i != m
			}
			v := fire(volleys[last].potential, layers[last].Threshold, layers[last].Fires)
			v.mute(only)
			want := spike.Spike{Neuron: spike.Neuron{Map: m}, Step: spike.Silent}
			if w := v.winners(1, 0, layers[last].Unit()); len(w) > 0 {
				want = w[0]
			}
			if best[m] != want {
				t.Fatalf("map %d: best %v; want %v", m, best[m], want)
			}
		}
		if n.Layers[last].AtEnd() {
			var q Pass
			if again := n.Finish(slices.Clone(p.Fired(n, in, last)), &q, nil); !slices.Equal(again, best) {
				t.Fatalf("Finish gives %v; Forward %v", again, best)
			}
		}
	})
}

// Goroutines with a Pass each share a network.
func TestNetworkShared(t *testing.T) {
	n, images := paperNetwork(t)
	want := make([][]spike.Spike, len(images))
	var p Pass
	for i, m := range images {
		want[i] = slices.Clone(n.Forward(m, &p, nil))
	}
	done := make(chan error)
	for range 3 {
		go func() {
			var p Pass
			var best []spike.Spike
			for i, m := range images {
				if best = n.Forward(m, &p, best); !slices.Equal(best, want[i]) {
					done <- fmt.Errorf("image %d: %v; want %v", i, best, want[i])
					return
				}
			}
			done <- nil
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestNetworkCheck(t *testing.T) {
	layer := func(in spike.Shape, maps int) *Convolution {
		c, err := NewConvolution(Geometry{In: in, Maps: maps, Kernel: Size{3, 3}}, 1, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a := Layer{Name: "s1", Convolution: layer(spike.Shape{Maps: 1, Rows: 8, Cols: 8}, 4), Pool: spike.Pool{Window: 2}}
	b := Layer{Name: "s2", Convolution: layer(spike.Shape{Maps: 4, Rows: 3, Cols: 3}, 2)}
	wrong := Layer{Name: "s2", Convolution: layer(spike.Shape{Maps: 4, Rows: 4, Cols: 3}, 2)}
	pooled := b
	pooled.Pool.Window = 2
	for _, c := range []struct {
		net  Network
		want string
	}{
		{Network{Steps: 15, Layers: []Layer{a, b}}, ""},
		{Network{Steps: spike.MaxSteps, Layers: []Layer{a}}, ""},
		{Network{Steps: 15}, "no layers"},
		{Network{Steps: 0, Layers: []Layer{a}}, "0 steps"},
		{Network{Steps: spike.MaxSteps + 1, Layers: []Layer{a}}, "256 steps"},
		{Network{Steps: 15, Layers: []Layer{a, wrong}}, "layer s2 reads 4x4x3, but layer s1 gives 4x3x3"},
		{Network{Steps: 15, Layers: []Layer{a, pooled}}, "layer s2: pooling window 2 exceeds"},
	} {
		err := c.net.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
}
