package lab_test

import (
	"math"
	"slices"
	"testing"

	"firstspike/dataset"
	"firstspike/lab"
	"firstspike/preset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// weights are a copy of those of the lab's last layer.
func weights(l *lab.Lab) []float32 { return slices.Clone(l.Weights()) }

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
}

// Lessons given one after another are an epoch of training, to the last bit,
// and undone they leave nothing.
func TestTeachIsTraining(t *testing.T) {
	for name, change := range map[string]func(*train.Experiment){
		"mozafari2018": func(e *train.Experiment) {
			e.Layers[1].Maps, e.Layers[2].Maps = 30, 20
		},
		// Decided by the first spike, not at the end.
		"by time": func(e *train.Experiment) {
			e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Threshold = 30, 20, 30
			e.Layers[2].Learn.Punish.Silent = true
		},
		// Of those that are equally early the last potential chooses who learns.
		"final": func(e *train.Experiment) {
			e.Layers[1].Maps, e.Layers[2].Maps, e.Layers[2].Threshold = 30, 20, 12
			e.Layers[2].Learn.Punish.Silent, e.Layers[2].Learn.Final, e.Layers[2].Learn.Stabiliser = true, true, true
		},
		// Inputs that fire many times, neurons of one map for several classes.
		"bose2024": func(e *train.Experiment) {
			e.Layers[1].Maps, e.Layers[2].Maps = 30, 20
			e.Layers[2].Learn.Batch, e.Layers[2].Threshold, e.Layers[2].Learn.Summed = 0, 20, true
		},
		"bars": func(*train.Experiment) {},
	} {
		t.Run(name, func(t *testing.T) {
			p, ok := preset.Lookup(name)
			if !ok {
				p, _ = preset.Lookup(preset.Default)
			}
			e := p.Experiment.Clone()
			change(&e)
			e.Protocol.Kind, e.Data.Limit = train.ProtocolPaper, 150
			for i := range e.Layers {
				e.Layers[i].Learn.Epochs = 1
			}
			last := &e.Layers[len(e.Layers)-1]
			last.Learn.Punish.Adapt = 40
			after, err := trained(e)
			if err != nil {
				t.Fatal(err)
			}
			last.Learn.Epochs = 0
			before, err := trained(e)
			if err != nil {
				t.Fatal(err)
			}
			learn, _, err := dataset.Open(e.Data.Source)
			if err != nil {
				t.Fatal(err)
			}
			l, err := lab.New(before)
			if err != nil {
				t.Fatal(err)
			}
			l.Adaptation = snn.NewAdaptation(40)
			first := weights(l)
			outcomes := map[string]int{}
			n := 150
			for i := range n {
				pixels, label := learn.Image(i), learn.Label(i)
				was := weights(l)
				ch, err := l.Teach(pixels, label)
				if err != nil {
					t.Fatal(err)
				}
				outcomes[ch.Outcome]++
				told(t, ch, was, weights(l), label, last.Learn.Final)
			}
			want := after.Network.Layers[len(e.Layers)-1].Weights()
			if !sameBits(weights(l), want) {
				t.Fatal("the weights are not those of the training")
			}
			if sameBits(first, want) || outcomes["right"] == 0 || outcomes["wrong"] == 0 {
				t.Fatalf("too little was learned: %v", outcomes)
			}
			if l.Adaptation == snn.NewAdaptation(40) || l.Network().Lessons != n {
				t.Fatalf("%+v after %d lessons", l.Adaptation, l.Network().Lessons)
			}
			for l.Undo() {
				n--
			}
			if n != 0 || !sameBits(weights(l), first) || l.Adaptation != snn.NewAdaptation(40) {
				t.Errorf("%d lessons left; %+v", n, l.Adaptation)
			}
		})
	}
}

// told reports a change that is not what happened to the weights.
func told(t *testing.T, ch lab.Change, was, now []float32, label int, final bool) {
	t.Helper()
	outcome := snn.Judge(ch.Before.Class, label).String()
	if ch.Outcome != outcome && !final {
		t.Fatalf("outcome %s of %+v for label %d", ch.Outcome, ch.Before, label)
	}
	if ch.Outcome == "silent" {
		if ch.Map != -1 || !sameBits(was, now) {
			t.Fatalf("silence taught something: %+v", ch)
		}
		return
	}
	if !final && (ch.Map != ch.Before.Winner.Map || *ch.Neuron != *ch.Before.Winner || ch.Class != ch.Before.Class) {
		t.Fatalf("map %d learned; %+v decided", ch.Map, ch.Before.Winner)
	}
	n := len(ch.Differences)
	grown, shrunk, others := 0, 0, map[int]bool{}
	for i := range now {
		d := now[i] - was[i]
		if i/n != ch.Map {
			if d != 0 {
				others[i/n] = true
			}
			continue
		}
		if d != ch.Differences[i%n] {
			t.Fatalf("synapse %d changed by %v; told was %v", i%n, d, ch.Differences[i%n])
		}
		if d > 0 {
			grown++
		}
		if d < 0 {
			shrunk++
		}
	}
	if grown != ch.Grown || shrunk != ch.Shrunk || len(others) != ch.Clamped {
		t.Fatalf("%d grew, %d shrank, %d other maps changed; told was %d, %d, %d", grown, shrunk, len(others), ch.Grown, ch.Shrunk, ch.Clamped)
	}
}

// A lesson is what the rule says, image by image, and the answers follow.
func TestTeachAndUndo(t *testing.T) {
	each(t, func(t *testing.T, m *train.Model, l *lab.Lab, set *dataset.Set) {
		e, depth := m.Experiment, len(m.Network.Layers)-1
		learn := e.Layers[depth].Learn
		if learn.Rule != train.RuleRSTDP {
			if _, err := l.Teach(set.Image(0), 0); err == nil || l.Network().Teachable {
				t.Error("a layer without reward was taught")
			}
			return
		}
		for i := range 4 {
			pixels, label := set.Image(i), (set.Label(i)+i%2)%e.Data.Classes
			l.Adaptation.RewardFactor, l.Adaptation.PunishFactor = .75, .25
			first := weights(l)
			ch, err := l.Teach(pixels, label)
			if err != nil {
				t.Fatal(err)
			}
			taught := with(t, m, nil)
			c := taught.Network.Layers[depth].Convolution
			if err := c.SetWeights(first); err != nil {
				t.Fatal(err)
			}
			p, err := taught.Predictor()
			if err != nil {
				t.Fatal(err)
			}
			d := p.Predict(pixels)
			same(t, taught, ch.Before, d)
			if d.Class == lab.None {
				if ch.Map != -1 || !sameBits(first, weights(l)) {
					t.Fatalf("image %d: silence taught something", i)
				}
				l.Undo()
				continue
			}
			rates, factor := snn.Rates{APlus: float32(learn.APlus), AMinus: float32(learn.AMinus)}, .75
			if d.Class != label {
				rates, factor = snn.Rates{APlus: float32(learn.Punish.APlus), AMinus: float32(learn.Punish.AMinus)}, .25
			}
			rates.APlus, rates.AMinus = float32(float64(rates.APlus)*factor), float32(float64(rates.AMinus)*factor)
			if ch.APlus != rates.APlus || ch.AMinus != rates.AMinus || ch.Factor != factor {
				t.Fatalf("image %d: rates %v and %v; want %v", i, ch.APlus, ch.AMinus, rates)
			}
			rule := snn.STDP{Rates: []snn.Rates{rates}, Stabiliser: learn.Stabiliser, Lower: float32(learn.Lower), Upper: float32(learn.Upper)}
			var scratch snn.Scratch
			rule.Learn(c, reads(t, taught, pixels), []spike.Spike{d.Winner}, &scratch)
			if !sameBits(c.Weights(), weights(l)) {
				t.Fatalf("image %d: the rule gives other weights", i)
			}
			if p, err = taught.Predictor(); err != nil {
				t.Fatal(err)
			}
			same(t, taught, ch.After, p.Predict(pixels))
			answers(t, taught, l, set.Limit(1))
			// The other images too are judged by what was learned.
			for k := range set.Len() {
				if j, err := l.Judge(set.Image(k), 0); err != nil || j.Class != p.Predict(set.Image(k)).Class {
					t.Fatalf("image %d is judged %+v, %v", k, j, err)
				}
			}
			if i%2 == 1 {
				if !l.Undo() || !sameBits(weights(l), first) {
					t.Fatalf("image %d: undone, it leaves something", i)
				}
				back, err := l.Decide(pixels)
				if err != nil {
					t.Fatal(err)
				}
				same(t, m, back, d)
			}
		}
		for l.Undo() {
		}
		if !sameBits(weights(l), m.Network.Layers[depth].Weights()) {
			t.Error("undone, the lessons leave something")
		}
		answers(t, m, l, set.Limit(2))
	})
}

// reads is what the last layer of a network reads of an image.
func reads(t *testing.T, m *train.Model, pixels []byte) *spike.Map {
	t.Helper()
	return readsAt(t, m, pixels, len(m.Network.Layers)-1)
}

// readsAt is what the layer at a depth reads of an image.
func readsAt(t *testing.T, m *train.Model, pixels []byte, depth int) *spike.Map {
	t.Helper()
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Road(pixels)
	if err != nil {
		t.Fatal(err)
	}
	before := r.Input
	if depth > 0 {
		before = r.Layers[depth-1]
	}
	first := before.First
	if before.Pools {
		first = before.Handed
	}
	in, err := spike.FromMajor(spike.Shape(before.Pooled), 255, first)
	if err != nil {
		t.Fatal(err)
	}
	return in
}
