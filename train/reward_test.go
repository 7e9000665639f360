package train

import (
	"math"
	"path/filepath"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
)

// shallow is a network of the form of Mozafari et al. (2018): one layer behind
// pooled edges, which decides by its first spike.
func shallow() Experiment {
	e := Experiment{
		Name: "shallow", Seed: 5,
		Data:     Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10, Limit: 160},
		Protocol: Protocol{Kind: ProtocolValidation, Validation: 40},
		Encode:   encode.Config{Steps: 15, Threshold: -1e6, Abs: true, Lateral: []float64{.15, .12, .1}, Pool: encode.Pool{Window: 3, Stride: 2, Pad: 1}, Pointwise: true},
		Layers: []Layer{{
			Name: "s2", Maps: 30, Kernel: snn.Size{Rows: 7, Cols: 9}, Stride: 1, Threshold: 14, Fires: snn.Above, Weights: Normal{Mean: 0.8, Std: 0.05},
			Learn: Learn{
				Rule: RuleRSTDP, Epochs: 3, Shuffle: true, K: 1, Dropout: 0.4, APlus: 0.05, AMinus: -0.025, Stabiliser: true, Upper: 1,
				Punish: Punish{APlus: -0.05, AMinus: 0.005, Adapt: 120, Least: 0.2},
			},
		}},
	}
	for i := range 4 {
		e.Encode.Filters = append(e.Encode.Filters, encode.Filter{Kind: "gabor", Size: 5, Orientation: 67.5 + 45*float64(i), Div: 4})
	}
	return e
}

// A decision by first spike and what is learned from it, as the paper has it:
// a loop over all steps, all maps and all positions.
func TestRewardByFirstSpike(t *testing.T) {
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	e := shallow()
	trainer, err := Create(filepath.Join(t.TempDir(), "run"), e, Options{Train: learn, Test: test.Limit(50), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	c, l := trainer.model.Network.Layers[0].Convolution, e.Layers[0].Learn
	weights := make([][]float32, c.Maps)
	for m := range weights {
		weights[m] = append(weights[m], c.Weight(m)...)
	}
	encoder, err := trainer.model.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	reward, punish := 1.0, 1.0
	var scores []Score
	var image spike.Map
	muted := 0
	for epoch := range l.Epochs {
		mute := e.muted(e.Layers[0], epoch)
		var s Score
		for _, i := range e.order(e.Layers[0], epoch, trainer.train.Len()) {
			encoder.Encode(trainer.train.Image(i), &image)
			winner, step := first(c, weights, &image, mute)
			if step == image.Steps {
				s.Silent++
				continue
			}
			up, down := l.APlus, l.AMinus
			factor := reward
			if winner.Map/3 == trainer.train.Label(i) {
				s.Right++
			} else {
				s.Wrong++
				up, down, factor = l.Punish.APlus, l.Punish.AMinus, punish
			}
			if mute[winner.Map] {
				t.Fatal("a muted map won")
			}
			w := weights[winner.Map]
			for j := range w {
				a := float32(float64(float32(down)) * factor)
				if in := j / (c.Kernel.Rows * c.Kernel.Cols); int(image.Step(in, winner.Row+j/c.Kernel.Cols%c.Kernel.Rows, winner.Col+j%c.Kernel.Cols)) <= step {
					a = float32(float64(float32(up)) * factor)
				}
				w[j] = min(max(w[j]+float32(a*float32(w[j]*(1-w[j]))), 0), 1)
			}
		}
		for _, m := range mute {
			if m {
				muted++
			}
		}
		scores = append(scores, s)
		n := float64(trainer.train.Len())
		reward, punish = 0.2+0.8*(float64(s.Wrong)/n), 0.2+0.8*(float64(s.Right)/n)
	}

	var got []Score
	trainer.Watch(ObserverFunc(func(ev Event) {
		if end, ok := ev.(EpochEnd); ok {
			got = append(got, *end.Train)
		}
	}))
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(scores) {
		t.Fatalf("%d epochs", len(got))
	}
	for i := range scores {
		if got[i] != scores[i] || scores[i].Right == 0 || scores[i].Wrong == 0 {
			t.Errorf("epoch %d: %+v; want %+v", i, got[i], scores[i])
		}
	}
	for m := range weights {
		for j, w := range c.Weight(m) {
			if w != weights[m][j] {
				t.Fatalf("synapse %d of map %d has %v; want %v", j, m, w, weights[m][j])
			}
		}
	}
	if muted == 0 || got[2].Right <= got[0].Right {
		t.Errorf("%d maps muted, %+v: the test shows little", muted, got)
	}
}

// first is the neuron that decides, and its step; as many steps as there are if
// no neuron fires.
func first(c *snn.Convolution, weights [][]float32, image *spike.Map, muted []bool) (spike.Neuron, int) {
	out, size := c.Out(), c.Kernel.Rows*c.Kernel.Cols
	threshold := c.Threshold / c.Unit()
	for step := range image.Steps {
		var winner spike.Neuron
		most := threshold
		for m := range out.Maps {
			for r := range out.Rows {
				for col := range out.Cols {
					sum := 0.0
					for j, w := range weights[m] {
						if int(image.Step(j/size, r+j/c.Kernel.Cols%c.Kernel.Rows, col+j%c.Kernel.Cols)) <= step {
							sum += math.RoundToEven(float64(w) / c.Unit())
						}
					}
					if !muted[m] && sum > most {
						most, winner = sum, spike.Neuron{Map: m, Row: r, Col: col}
					}
				}
			}
		}
		if most > threshold {
			return winner, step
		}
	}
	return spike.Neuron{}, image.Steps
}
