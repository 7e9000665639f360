package readout

import (
	"fmt"

	"firstspike/spike"
)

// None is the class of a silent network.
const None = -1

// A DecisionMap gives the class of every feature map of the last layer, or, with
// an entry for each of them, of every neuron, in the order map, row, column.
type DecisionMap []int

// Of is the class of a neuron of the last layer, whose shape is out.
func (d DecisionMap) Of(out spike.Shape, n spike.Neuron) int {
	if len(d) == out.Maps {
		return d[n.Map]
	}
	return d[out.Major(n.Map, n.Row, n.Col)]
}

// Blocks is the decision map of the papers: the first maps/classes maps stand
// for class 0, the next for class 1, and so on. Mozafari et al. (2019) have
// 200 maps for 10 classes: class = map / 20. maps must be a positive multiple
// of classes.
func Blocks(maps, classes int) (DecisionMap, error) {
	if classes < 1 || maps < classes || maps%classes != 0 {
		return nil, fmt.Errorf("%d maps cannot be shared out evenly among %d classes", maps, classes)
	}
	d := make(DecisionMap, maps)
	for m := range d {
		d[m] = m / (maps / classes)
	}
	return d, nil
}

// Neurons deals the classes out to the neurons of a layer one after another, in
// the order map, row, column, as a replication of the paper does: class = index
// mod classes. All neurons of a map share its weights, so a map that is rewarded
// for one class looks for it on behalf of others too. It is an error if there
// are fewer neurons than classes.
func Neurons(out spike.Shape, classes int) (DecisionMap, error) {
	if classes < 1 || out.Neurons() < classes {
		return nil, fmt.Errorf("%d neurons cannot be shared out among %d classes", out.Neurons(), classes)
	}
	d := make(DecisionMap, out.Neurons())
	for i := range d {
		d[i] = i % classes
	}
	return d, nil
}

// Labels gives every map the class whose images it won most often, the first
// of several, and [None] to a map that never won: wins[m][c] counts how often map
// m won for an image of class c. So a layer is read that has learned without
// reward, and whose maps have no class of their own.
func Labels(wins [][]int) DecisionMap {
	d := make(DecisionMap, len(wins))
	for m, of := range wins {
		d[m] = None
		most := 0
		for class, n := range of {
			if n > most {
				most, d[m] = n, class
			}
		}
	}
	return d
}

// Classes is one more than the highest class in the map.
func (d DecisionMap) Classes() int {
	n := 0
	for _, c := range d {
		n = max(n, c+1)
	}
	return n
}

// A Decision is the answer to one image.
type Decision struct {
	Class    int         // the class of the first neuron to fire, or None
	Winner   spike.Spike // that neuron
	RunnerUp int         // the class that came second, or None
	Second   spike.Spike // its best neuron
	Lead     float64     // of an [SVM], which has no such neurons: by how much the class's score is above the runner-up's
}

// Decide takes the best spike of every feature map of the last layer, whose
// shape is out, or the spikes of all its neurons, silent ones included, and
// returns the decision and the class that would have been chosen without the
// winner's. An empty map decides nothing.
func (d DecisionMap) Decide(out spike.Shape, best []spike.Spike) Decision {
	r := Decision{Class: None, RunnerUp: None}
	w, ok := spike.First(best)
	if !ok || len(d) == 0 {
		return r
	}
	r.Class, r.Winner = d.Of(out, w.Neuron), w
	for _, s := range best {
		if s.Step == spike.Silent {
			continue
		}
		class := d.Of(out, s.Neuron)
		if class != r.Class && (r.RunnerUp == None || s.Ahead(r.Second)) {
			r.RunnerUp, r.Second = class, s
		}
	}
	return r
}

// Margin is by how much the winner beat the runner-up: the steps it came
// earlier, and the fraction of its potential by which it was higher, which is
// below 0 if the winner was earlier with a lower potential. A winner without a
// rival has the margin of all steps and 1, silence 0 and 0, and so has an [SVM].
func (r Decision) Margin(steps int) (earlier int, higher float64) {
	switch {
	case r.Class == None || r.Winner == spike.Spike{}:
		return 0, 0
	case r.RunnerUp == None:
		return steps, 1
	}
	p := float64(r.Winner.Potential)
	return int(r.Second.Step) - int(r.Winner.Step), (p - float64(r.Second.Potential)) / p
}
