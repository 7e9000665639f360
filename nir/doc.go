// Package nir makes of a trained network a graph of the neuromorphic intermediate
// representation, NIR, in which simulators and chips exchange spiking networks.
//
// # What NIR is
//
// NIR describes a network as a graph: nodes compute, edges carry signals over time
// from one node to another. There are some twenty kinds of nodes: linear maps
// (Conv2d, Linear, Affine), sums of windows (SumPool2d), integrators (I), neurons
// that integrate and fire (IF) and others. The equations are those of continuous
// time, without a step; a simulator brings its own. A file is HDF5 and holds of
// every node its kind and its parameters. Pedersen et al. (2024): Neuromorphic
// intermediate representation: a unified instruction set for interoperable
// brain-inspired computing, Nature Communications 15.
//
// # How a network of first spikes is written in it
//
// A layer becomes a Conv2d and an IF behind it, whose potential and threshold are
// those of the layer. Three things are different here, and each has a construction
// that is exact:
//
//   - A neuron fires at most once. An IF is reset when it fires, to v_reset. That is
//     so far below the threshold that all weights above 0 together do not lead back.
//   - A layer's pooling hands on the first spike of every window. It is a SumPool2d,
//     which counts spikes, and an IF that fires at the first of them and is
//     reset so low that the others of its window do not make it fire again.
//   - A layer that waits has an infinite threshold: its highest potential after
//     the last step decides. It is an I, an integrator that does not fire.
//
// A layer with [snn.Geometry.Ramp] gets an I between Conv2d and IF: it holds what
// every step adds to the potentials. A linear SVM that reads the last layer is an
// Affine and an I, which adds up. Where a first spike decides, an I beside the IF
// holds the potentials that settle ties.
//
// # What NIR has no node for
//
// It is said in the metadata of the graph and of the nodes, as text and as numbers:
// the number of steps and that they are counted one by one; how pictures become
// the spikes that the input takes, with the whole experiment; which class a map
// stands for; who decides, and what settles ties. The constructions above are named
// there as what they are.
//
// Two things have no construction, and [New] refuses networks that have them:
// pointwise inhibition whenever a layer responds, for which the neurons of a
// position would have to compare potentials within a step, and an infinite
// threshold of a layer that others read, for which they would have to know
// which step is the last.
//
// # The same decisions
//
// Weights are written as the engine sums them, rounded to the layer's unit, a power
// of two; every one is exact in float32. Thresholds are moved to the next multiple of
// the unit from which "above" means what the layer means by it: an IF fires
// above its threshold, a layer may fire at it. A simulator that sums in float64
// computes the engine's potentials to the last bit, and decides as the engine does.
// In float32 sums of many weights may be rounded, and a neuron whose potential
// lies within this error of its threshold may fire a step earlier or later.
package nir
