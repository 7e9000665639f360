package lab_test

import (
	"strings"
	"testing"

	"firstspike/lab"
	"firstspike/preset"
	"firstspike/train"
)

// A lesson is for one neuron, so a network in which two rivals learn takes none.
func TestRivals(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	p.Layers[2].Learn.Punish.Margin = 20
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	if l.Network().Teachable {
		t.Error("the lab says that it can be taught")
	}
	if _, err := l.Teach(make([]byte, 28*28), 3); err == nil || !strings.Contains(err.Error(), "punish.margin") {
		t.Errorf("the lab says %v", err)
	}
}
