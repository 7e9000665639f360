// Package inspect looks into a trained network: what its maps have learned to
// look for, and what happens to one image on its way through.
//
// # Features
//
// A weight says little by itself: it is that of a synapse from a map that has
// weights of its own. [Features] goes the way back, down to the pixels: the
// filters of the encoding, weighted and put side by side, are what a map of the
// first layer looks for, these again what one of the second does. After training
// the maps of the last layer show the digits that they stand for. Maps that
// have not learned show what is left when nothing is.
//
// # The road of an image
//
// [Follow] sends an image through and keeps every first spike, and
// [Road.Potentials] the rise of a neuron's potential step by step: why it fired,
// when, and who before it; [Road.Arrivals] are the spikes that made it rise. A
// [Follower] does so for many images.
package inspect
