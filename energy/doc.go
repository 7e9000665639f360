// Package energy counts what an image makes a network do, and estimates what that
// would cost a chip.
//
// # Counting
//
// [Count] sends images through a network and gives for every layer, as means over
// the images, the spikes that reach it, the synaptic operations that they cause
// (for every spike, the synapses that it reaches: [firstspike/train.Operations]), and
// how many of its neurons fire. These numbers are exact, and do not depend on the
// machine. Beside them stands what a dense network of the same shape does: one
// multiply-accumulate for every synapse of every neuron, whatever the image.
//
// What is before the first layer, the filters, is a dense computation on both
// sides: it is counted apart, as the load "input".
//
// # Estimating
//
// An estimate is a count times an energy for each operation. Which energies is an
// assumption, and the whole of it: the [Process] table has those of arithmetic
// in 45 nm, the [Chip] table those that were published for Loihi.
//
// In silicon most energy goes into moving numbers, which these tables leave out
// (of a process) or hold in part (of a chip), and a layer of which most neurons
// stay silent still has weights in a memory that leaks. So the ratio of two
// estimates made with the same table says more than either of them, and neither
// says what a board will draw.
//
// # Sources
//
// Horowitz (2014): Computing's energy problem (and what we can do about it), IEEE
// International Solid-State Circuits Conference. Davies et al. (2018): Loihi: a
// neuromorphic manycore processor with on-chip learning, IEEE Micro 38, table 2.
package energy
