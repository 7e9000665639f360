// Package exchange carries trained networks to other programs and back.
//
// A network that is to be looked at in a notebook, held against the implementation that it replicates, or taken over from it,
// has to go through a file that both sides read. There are four forms of such a file here, and each holds all that decides:
//
//	safetensors   [train.Model.Write]: tensors, and the experiment as metadata
//	PyTorch       [Torch]: a state dict for torch.load and load_state_dict
//	npz           [NPZ]: arrays for numpy.load
//	JSON          [WriteJSON]: one object, for everything else
//
// # What is in a file
//
// The weights of a layer are float32, in the order map, input map, row, column: the order of every program of this kind. They are
// written bit for bit, and the same network comes back. Beside them stand the thresholds of a layer whose maps have each
// their own, the range of the inputs of a fitted encoding, and the weights of a linear SVM, if the network has one.
//
// Weights alone are no network: which image makes which spikes, when a neuron fires, and which map stands for which class, is what
// the [train.Experiment] says. It goes with the weights, as TOML, together with the [train.State], as JSON: as metadata
// where a format has any, as arrays of bytes named "experiment" and "state" in an npz file. So what was written here is read
// again by [Open] without being told anything.
//
// # Files of others
//
// A file of another program has weights only, and [Open] is told the experiment that they belong to. It looks for the
// weights under the names by which programs call them; for the layer s2, the second:
//
//	s2.weight      this program
//	conv2.weight   SpykeTorch (MozafariDeep), and what follows it
//	w2             traces of package conform
//	conv2, s2      npz files written by hand
//
// with whatever stands before all of them, such as "model_state_dict." in a checkpoint. Shapes must be those of the
// experiment. A bias that is not 0 is an error, because the neurons here have none. The learning rates that SpykeTorch keeps for each
// map as "stdp1.ltp_0", "stdp1.ltd_0" and so on, or "anti_stdp3" for punishment, become those of the experiment, if all maps of the
// layer have the same: an experiment has one pair for a layer. What is not taken is told in notes, by name.
//
// The other way, a network of three layers that learn as MozafariDeep's do gets the names of that model and the learning
// rates that it expects, so that its load_state_dict takes the file; all others are written under the names of their layers.
//
// # JSON
//
// The object that [WriteJSON] writes, and [Open] reads, has the fields of [Document].
package exchange
