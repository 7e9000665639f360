// Package readout turns the spikes of a network's last layer into an answer.
//
// # The first spike decides
//
// There need be no classifier behind the network: every feature map of the last
// layer stands for a class, and the neuron that fires first decides. A
// [DecisionMap] says which map stands for which class. If several neurons fire
// at the same step, as they all do in a layer with an infinite threshold, the
// highest potential decides; if nothing fires, the network is silent and gives
// no answer.
//
// Mozafari et al. (2019).
//
// # A linear SVM decides
//
// A network whose layers have all learned without labels has features and no
// classes. An [SVM] then reads which neurons of the last layer fire, or how early
// they do ([Features]), and weighs them, one class against the rest. It is learned
// from labels when the layers have learned ([SVMRule]), changes nothing in them,
// and is no spiking network itself: how well it decides tells how much of the
// classes is in the features.
//
// Kheradpisheh et al. (2018).
package readout
