package readout

import (
	"fmt"

	"firstspike/spike"
)

// An SVM decides by a linear support vector machine, one class against the rest:
// of an image's features x it computes for every class
//
//	score = Weights[class] . x + Bias[class]
//
// and decides for the highest. It reads the first spikes of a whole layer, behind
// the pooling if there is one, and has no spikes of its own. An image of which no
// neuron fires is silent: the biases alone would decide, and say nothing of it.
type SVM struct {
	Classes int
	Shape   spike.Shape // of the layer that is read
	Steps   int         // what features are: see [Features.Steps]
	Weights []float32   // of feature k for class c: [k*Classes+c], k by [spike.Shape.Index]
	Bias    []float32
}

// NewSVM returns an SVM of which all weights are 0.
func NewSVM(classes int, shape spike.Shape, steps int) *SVM {
	return &SVM{Classes: classes, Shape: shape, Steps: steps, Weights: make([]float32, classes*shape.Neurons()), Bias: make([]float32, classes)}
}

// Check reports an SVM that does not hold what it should.
func (v *SVM) Check() error {
	if v.Classes < 1 || len(v.Bias) != v.Classes || len(v.Weights) != v.Classes*v.Shape.Neurons() {
		return fmt.Errorf("%d weights and %d biases; %d classes of a layer of %v need %d and %d",
			len(v.Weights), len(v.Bias), v.Classes, v.Shape, v.Classes*v.Shape.Neurons(), v.Classes)
	}
	for _, list := range [][]float32{v.Weights, v.Bias} {
		for _, w := range list {
			if w-w != 0 {
				return fmt.Errorf("a weight is %v; weights are finite", w)
			}
		}
	}
	return nil
}

// Decide decides by sample i of features. The decision's Lead says by how much; it
// has no winner among the neurons.
func (v *SVM) Decide(f *Features, i int) Decision {
	d, _ := v.Scores(f, i, make([]float64, v.Classes))
	return d
}

// Scores is Decide, and the score of every class in scores, which must have as
// many places. Scores of silent images are the biases.
func (v *SVM) Scores(f *Features, i int, scores []float64) (Decision, []float64) {
	for c, b := range v.Bias {
		scores[c] = float64(b)
	}
	values := f.values
	if f.wide != nil {
		sum(v, f.wide[i], f.stepsOf(i), values, scores)
	} else {
		sum(v, f.narrow[i], f.stepsOf(i), values, scores)
	}
	d := Decision{Class: None, RunnerUp: None}
	if f.Active(i) == 0 {
		return d, scores
	}
	d.Class = 0
	for c, s := range scores {
		if s > scores[d.Class] {
			d.Class = c
		}
	}
	for c, s := range scores {
		if c != d.Class && (d.RunnerUp == None || s > scores[d.RunnerUp]) {
			d.RunnerUp = c
		}
	}
	if d.RunnerUp != None {
		d.Lead = scores[d.Class] - scores[d.RunnerUp]
	}
	return d, scores
}

func sum[T uint16 | uint32](v *SVM, list []T, steps []spike.Step, values, scores []float64) {
	n := len(scores)
	for j, k := range list {
		w := v.Weights[int(k)*n:][:n]
		if steps == nil {
			for c, x := range w {
				scores[c] += float64(x)
			}
			continue
		}
		value := values[steps[j]]
		for c, x := range w {
			scores[c] += float64(value * float64(x))
		}
	}
}

// stepsOf are the steps of a sample's features, nil if they do not count.
func (f *Features) stepsOf(i int) []spike.Step {
	if f.steps == nil {
		return nil
	}
	return f.steps[i]
}
