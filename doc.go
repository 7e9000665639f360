// Package firstspike is the root of a module that trains, tests, explains and
// replicates convolutional spiking networks in which every neuron fires at
// most once for an image, and which learn by spike-timing-dependent plasticity
// and by reward. It holds no code of its own.
//
// The packages stand on floors; imports point down only.
//
//  1. spike: first-spike maps, the one representation of spikes.
//     event: recordings by event cameras, and a camera that makes them.
//     tensorfile: safetensors, npy, npz, PyTorch and text tensors.
//     figure: pictures of plain data, as PNG and SVG.
//     eventfile: the files that TensorBoard shows.
//     fetch: files that are known beforehand, from mirrors.
//     internal/simd: the few loops in which time is spent.
//     internal/hdf5: a writer of HDF5 files.
//     internal/slurm: a Slurm of one machine, for tests.
//     internal/parallel: work shared out among goroutines.
//     internal/whole: files that whoever reads sees as a whole.
//  2. dataset: MNIST and others, samples with labels.
//     encode: pictures and recordings to first spikes.
//     snn: layers, and how they learn.
//     readout: spikes to decisions.
//     cluster: plans of tasks for Slurm and Kubernetes.
//  3. train: experiments, as data, and everything that runs them.
//  4. preset: a file for each paper that is replicated.
//     conform: comparison with reference traces.
//     exchange: networks for other programs, and from them.
//     nir: networks as graphs for simulators and neuromorphic chips.
//     quantize: weights of few bits.
//     energy: what an image costs.
//     study: many seeds, and what is better than what.
//     inspect: features in pixels, the way of one image.
//     observe: what a training reports, for TensorBoard, as CSV and JSON lines.
//  5. gallery: pictures and pages of a run.
//     firmware: networks as C99, for microcontrollers.
//     doctor: what is wrong with a network, and what to change.
//     lab: a network to play with: every question, with plain answers.
//     sweep: many settings, on one machine or on many.
//     web/packed: networks made small for a page.
//  6. web: networks in a browser, from a server or as a folder.
//  7. cmd/firstspike: the command.
//     web/engine: the network in a page, as WebAssembly.
//
// The examples of this package are whole programs: a network of a paper
// (preset), one's own as an experiment (build) and from layers alone (network),
// one's own learning rule (rule), one's own layer (layer), and leaky neurons that
// learn from traces (lif). docs/library.md is the manual for programs that use the
// packages, and says what may change under them.
//
// A reader who wants to follow one image begins at train.Predictor.Predict,
// goes through encode.Encoder.Fired, snn.Pass.Propagate and snn.Finals.Best, and
// ends at readout.DecisionMap.Decide. The same with steps is
// encode.Encoder.Encode and snn.Network.Forward.
package firstspike
