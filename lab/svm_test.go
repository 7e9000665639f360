package lab_test

import (
	"strings"
	"testing"

	"firstspike/lab"
	"firstspike/preset"
	"firstspike/train"
)

// A lab tells of first spikes, so it refuses a network that is read by an SVM.
func TestSVM(t *testing.T) {
	p, _ := preset.Lookup("kheradpisheh2018")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lab.New(m); err == nil || !strings.Contains(err.Error(), "linear SVM") {
		t.Errorf("the lab says %v", err)
	}
}
