package energy_test

import (
	"math"
	"testing"

	"firstspike/dataset"
	"firstspike/energy"
	"firstspike/preset"
	"firstspike/readout"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// model is an untrained network of a preset, with weights that let neurons fire.
func model(t testing.TB, name string, change func(*train.Experiment)) (*train.Model, *dataset.Set) {
	t.Helper()
	p, _ := preset.Lookup(name)
	e := p.Experiment.Clone()
	if change != nil {
		change(&e)
	}
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	_, test, err := dataset.Open(e.Data.Source)
	if err != nil {
		t.Fatal(err)
	}
	return m, test
}

// synapses is how many neurons of a layer see an input, one by one.
func synapses(g snn.Geometry, n spike.Neuron) (seen int) {
	out, stride := g.Out(), max(1, g.Stride)
	for row := range out.Rows {
		for col := range out.Cols {
			y, x := n.Row+g.Pad-row*stride, n.Col+g.Pad-col*stride
			if y >= 0 && y < g.Kernel.Rows && x >= 0 && x < g.Kernel.Cols {
				seen += g.Maps
			}
		}
	}
	return seen
}

// Spikes and operations are those that are counted spike by spike.
func TestCount(t *testing.T) {
	for _, name := range []string{"mozafari2018", "bars", "kheradpisheh2018"} {
		t.Run(name, func(t *testing.T) {
			m, set := model(t, name, nil)
			classes := 0
			if m.Experiment.Readout.Rule == train.ReadoutSVM {
				classes = m.Experiment.Data.Classes
				l := m.Network.Layers[len(m.Network.Layers)-1]
				m.SVM = readout.NewSVM(classes, l.Pooled(), 0)
			}
			const images = 3
			loads, err := energy.Count(t.Context(), m, set, images, 2, nil)
			if err != nil {
				t.Fatal(err)
			}
			encoder, err := m.Encoder()
			if err != nil {
				t.Fatal(err)
			}
			var pass snn.Pass
			want := make([]energy.Load, len(loads))
			for i := range images {
				var in spike.Map
				encoder.Encode(set.Image(i*set.Len()/images), &in)
				want[0].Fired += float64(in.Spikes()) / images
				read := &in
				for depth, l := range m.Network.Layers {
					w := &want[depth+1]
					w.Neurons, w.Dense = l.Convolution.Out().Neurons(), 0
					for k, s := range read.At {
						n := synapses(l.Geometry, read.Neuron(k%read.Maps, k/read.Maps))
						w.Dense += float64(n)
						if s != spike.Silent {
							w.Spikes += 1. / images
							w.Operations += float64(n) / images
						}
					}
					fired := pass.Response(m.Network, &in, depth).First.Spikes()
					if depth == len(m.Network.Layers)-1 && m.SVM == nil {
						fired = min(fired, 1)
					}
					w.Fired += float64(fired) / images
					next := pass.Spikes(m.Network, &in, depth+1)
					read = &spike.Map{Shape: next.Shape, Steps: next.Steps, At: append([]spike.Step(nil), next.At...)}
				}
				if classes > 0 {
					want[len(want)-1].Operations += float64(classes*read.Spikes()) / images
				}
			}
			for i, got := range loads {
				near := func(what string, got, want float64) {
					if math.Abs(got-want) > 1e-6*max(1, want) {
						t.Errorf("%s: %s %v; want %v", loads[i].Stage, what, got, want)
					}
				}
				near("fired", got.Fired, want[i].Fired)
				near("operations", got.Operations, want[i].Operations)
				if i == 0 || got.Stage == "svm" {
					continue
				}
				near("spikes", got.Spikes, want[i].Spikes)
				near("dense", got.Dense, want[i].Dense)
				if got.Neurons != want[i].Neurons {
					t.Errorf("%s: %d neurons; want %d", got.Stage, got.Neurons, want[i].Neurons)
				}
			}
			if loads[1].Spikes != loads[0].Fired || loads[1].Operations == 0 || loads[1].Operations > loads[1].Dense {
				t.Errorf("%+v follows %+v", loads[1], loads[0])
			}
		})
	}
}

// The filters of mozafari2018: six of 3x3, 7x7 and 13x13 pixels, at 28x28 places.
func TestFilters(t *testing.T) {
	m, set := model(t, "mozafari2018", nil)
	loads, err := energy.Count(t.Context(), m, set, 1, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2. * (9 + 49 + 169) * 28 * 28; loads[0].Dense != want {
		t.Errorf("%v multiplications; want %v", loads[0].Dense, want)
	}
}

func TestEstimate(t *testing.T) {
	l := energy.Load{Operations: 1000, Fired: 10, Neurons: 100, Dense: 5000}
	if len(energy.Processes) != 3 {
		t.Fatal("another number of processes")
	}
	for _, c := range []struct{ got, want float64 }{
		{energy.Processes[0].Spiking(l), 0.9e-9}, {energy.Processes[0].Dense(l), 23e-9},
		{energy.Processes[1].Spiking(l), 0.1e-9}, {energy.Processes[1].Dense(l), 16e-9},
		{energy.Processes[2].Spiking(l), 0.03e-9}, {energy.Processes[2].Dense(l), 1.15e-9},
		{energy.Loihi.Synapses(l), 23.6e-9}, {energy.Loihi.Neurons(l, 15), 10*81e-12 + 1490*52e-12},
	} {
		if math.Abs(c.got-c.want) > 1e-9*c.want {
			t.Errorf("%v; want %v", c.got, c.want)
		}
	}
}

func TestCountRefuses(t *testing.T) {
	m, set := model(t, "bars", nil)
	if _, err := energy.Count(t.Context(), m, set, 0, 1, nil); err == nil {
		t.Error("counted on no images")
	}
	_, digits := model(t, "mozafari2018", nil)
	if _, err := energy.Count(t.Context(), m, digits, 5, 1, nil); err == nil {
		t.Error("counted on images that do not fit")
	}
}
