// Package readout turns the spikes of a network's last layer into an answer.
//
// There is no classifier behind the network: every feature map of the last
// layer stands for a class, and the neuron that fires first decides. A
// [DecisionMap] says which map stands for which class. If several neurons fire
// at the same step, as they all do in a layer with an infinite threshold, the
// highest potential decides; if nothing fires, the network is silent and gives
// no answer.
//
// Mozafari et al. (2019).
package readout
