// Package train turns an experiment into a trained network, and keeps what it
// is doing safe.
//
// # An experiment is data
//
// An [Experiment] says everything that decides a result: the images, how they
// become spikes, the layers, how each of them learns, the protocol, the seed.
// It holds no code. It prints as TOML, is stored in every checkpoint, and can
// be changed field by field with [Experiment.Set], by paths such as
// layers.s2.threshold. [Experiment.Faults] finds everything that is wrong with
// it before any work begins.
//
// # A run is a folder
//
// [Create] makes a folder and trains into it:
//
//	experiment.toml         the experiment
//	run.json                program version, machine, seed, checksums of the images
//	metrics.jsonl           a line for every epoch ([EpochEnd])
//	checkpoint.safetensors  the weights as they are, and how far the training is ([State])
//	model.safetensors       the network of the best epoch
//	result.json             the outcome ([Report]), once the run is finished
//	lock                    held while a process trains here
//
// Files are replaced as a whole, so a run that is killed at any moment can be
// resumed with [Resume], and ends with the same bits as one that was never
// stopped. If the disk is full, training goes on and saves when there is room.
//
// # Layer by layer
//
// Layers learn one after another, each with those before it frozen. What a
// frozen layer makes of an image does not change, so it is computed once, by
// all workers, and remembered: as spikes in order of time for a layer to which
// time matters, as one bit a neuron for a decision layer that fires at the
// last step. The order of learning is that of the images, one by one; workers
// only share what does not depend on it. The result is the same for any
// number of workers.
//
// # Layers that were learned before
//
// What the layers before the last learn does not depend on the last one. With
// a folder in [Options.Cache] a training keeps there what it has when that layer
// begins: weights, thresholds, and metrics, and, if the last layer is shown one
// bit a neuron, the bits of all images. The file's name is the SHA-256 of
// everything that decides them: encoding, the layers' settings, seed, split,
// limit, the images, and a number that changes when this program's results do.
// A training that finds its file begins with the last layer at once, and ends
// with the same bits; its [Report] says so, for its time is not that of a
// training from the beginning, and the lines of those epochs in metrics.jsonl
// have "cached":true. A run that is resumed in its last layer finds the bits
// there.
//
// A cache can be lost: a file that is damaged or missing is made again, and
// what cannot be read or written is told to the observer ([Cached]), not to
// the result. Above 2 GiB, or [Options.CacheBytes], what was not used for the longest time is removed.
//
// # What chooses the result
//
// With the protocol "validation", some training images are held out, the same
// share of every class; the epoch that decides most of them rightly is chosen,
// and the test images are looked at once, when all is done. With the protocol
// "paper", the network learns from all training images and is tested after
// every epoch, as papers do; the best test epoch is then reported beside the
// last one, and named as what it is.
//
// Without reward there are no decisions until all layers have learned. With the
// readout "svm" a linear SVM then learns from what the last layer makes of the
// training images, with one value of C after another; the one that decides most
// of the held-out images rightly is kept ([Fit]), and tested once under either
// protocol. Epochs are not chosen.
//
// # Asking a network
//
// [Load] reads a run's network as a [Model], which can be tested and asked but
// cannot learn. The models of several runs can [Vote].
package train
