package main

import (
	"firstspike/energy"
	"firstspike/train"
)

// spikesOf is the spikes of the input and of each layer's neurons, and
// operationsOf the synaptic operations of each layer.
func spikesOf(loads []energy.Load) (spikes []part) {
	for _, l := range loads {
		if l.Stage != "svm" {
			spikes = append(spikes, part{l.Stage, l.Fired})
		}
	}
	return spikes
}

func operationsOf(loads []energy.Load) (operations []part) {
	for _, l := range loads[1:] {
		operations = append(operations, part{l.Stage, l.Operations})
	}
	return operations
}

// weights is how many weights a network has, those of its SVM included.
func weights(m *train.Model) int {
	n := 0
	for _, l := range m.Network.Layers {
		n += l.Maps * l.Synapses()
	}
	if m.SVM != nil {
		n += len(m.SVM.Weights)
	}
	return n
}
