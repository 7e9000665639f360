// Package quantize rounds the weights of a trained network to few levels, so
// that a weight takes 8, 4 or 1 bits instead of 32.
//
// # Why that works here
//
// A layer that has learned by STDP has weights near two values, its bounds:
// most of what a float32 could say of them is not used. And potentials are sums
// of integers anyway ([snn.Convolution.Unit]), so that weights on a grid of
// integers give potentials on a grid of integers, on every machine the same.
//
// # What comes out
//
// [Model] returns a network like any other: it can be tested, asked and saved,
// and decides as its weights now are. Nothing is emulated: the loss is what
// [train.Model.Test] finds. Only a layer's weights change; thresholds, the
// encoding and what reads the last layer stay as they are.
//
// The levels of a layer are evenly spaced, a [Grid]: with b bits at most 2^b of
// them, between the layer's smallest weight and its largest, whatever maps they
// are of. With 1 bit there are two, those to which the squared distance of all
// weights is least, the lower one 0 if it is less than a 32nd of the other.
//
// Potentials of a trained layer crowd closely beside its threshold, some on this
// side and some on that. Rounding moves them across; [Calibrate] moves the threshold
// after them.
//
// # The way back
//
// [Of] finds the grid that a layer's weights lie on, however it got there. What
// stores weights in few bits needs nothing else: a weight is Base + i*Step, and
// the sum of n weights n*Base + Step * (the sum of their i).
package quantize
