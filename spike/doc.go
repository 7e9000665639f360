// Package spike holds the one representation of spikes in this project: the
// first-spike map.
//
// In a first-spike network every neuron fires at most once for an image, so
// all there is to know about a neuron is when it fired, or that it never did.
// A [Map] stores exactly that, one byte a neuron: a [Step] counted from 0, or
// [Silent]. Dense libraries store the same thing as a "spike wave", a tensor
// of steps x maps x rows x columns whose entry is 1 from the neuron's spike
// onwards; it is as many times larger as there are steps. [Map.Wave] gives
// that view for tests, for export, and for readers who know it.
//
// # Why a byte
//
// The networks of the literature use 15 to 30 steps. A byte holds 255 of them
// and one value for "never", keeps a whole MNIST image with its six contrast
// maps in 4.7 kB, and lets one cache line hold 64 neurons. Two bytes would
// double all memory traffic for steps that nobody uses.
//
// # Order in memory
//
// The feature map is the fastest axis: the steps of all maps at one position
// lie side by side, because that is how a convolution reads them, position by
// position and all maps at once. Everything that speaks to the outside
// (golden traces, export, tie-breaking) counts in the field's order map, row,
// column; [Map.Major] and [FromMajor] convert.
//
// # Events
//
// A computation seldom wants the silent neurons. [Events] lists the spikes of
// a map in the order of their steps: the form in which frozen layers are
// remembered, and in which a layer that learns reads its input.
package spike
