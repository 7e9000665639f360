package train_test

import (
	"strings"
	"testing"

	"firstspike/train"
)

// margin makes two neurons of an experiment's last layer learn.
func margin(e *train.Experiment) {
	l := &e.Layers[len(e.Layers)-1].Learn
	l.Punish.Margin, l.Punish.Adapt, l.Decay = 5, 0, 0.9
}

func TestMarginFaults(t *testing.T) {
	for name, change := range map[string]func(*train.Experiment){
		"threshold must be inf": func(e *train.Experiment) { e.Layers[2].Threshold = 40 },
		"batch must be 0 or 1":  func(e *train.Experiment) { e.Layers[2].Learn.Batch = 20 },
		"readout.rule must be":  func(e *train.Experiment) { e.Readout.Rule = train.ReadoutNeurons },
		"it must be 0 (none)":   func(e *train.Experiment) { e.Layers[2].Learn.Punish.Margin = -1 },
	} {
		e := small()
		margin(&e)
		if f := e.Faults(); len(f) > 0 {
			t.Fatal(f)
		}
		change(&e)
		if f := e.Faults(); !strings.Contains(f.String(), name) || !strings.Contains(f.String(), "layers.s3.learn.punish.margin") {
			t.Errorf("%s: faults %q", name, f)
		}
	}
}
