// Package tensorfile turns bytes into named tensors and back.
//
// A network's weights, a trace of its potentials, the list of images that it was tested on: each is an array of numbers with a
// shape and a name. This package knows how such arrays lie in files, and nothing of what they mean. It has no idea of a
// network, a layer or a spike; it hands over a [Tensor], and whoever asked for it knows the rest.
//
// # Tensors
//
// A [Tensor] is a plain struct: a name, an element type ([DType]), a shape and the elements' bytes. The elements are
// little-endian and in row-major order (the last index runs fastest, as in a Go array of arrays) whatever the file was. A
// shape lists the size of each dimension, outermost first. The weights of a convolution from 6 maps to 30 through a window of
// 5 by 5 have the shape [30 6 5 5]. A shape with a 0 in it holds no elements, and an empty shape is a scalar, which holds one.
//
// [From] makes a tensor of a Go slice and [Values] gives the slice back, both bit for bit: the sign of a zero and the payload of
// a NaN survive. The methods [Tensor.Ints], [Tensor.Float32s] and [Tensor.Float64s] read more types than their own, those whose
// every value they can hold; none of them rounds. A program that needs float32 and is given float64 gets an error that says
// so, because the person who wrote the file should choose how to round.
//
// A [File] is a list of tensors, with metadata where the format has room for it. [File.Tensor] finds one by name and, where it
// is missing, says what is there instead.
//
// # The formats
//
// safetensors is the format of this project's own checkpoints. A file is a length (8 bytes), a JSON object of that length, and
// the data. The object names each tensor's type, shape and place in the data; under "__metadata__" it can hold strings. There is
// nothing in it to execute, unlike in a pickle, and one look at the header tells what is in the file. The format's own
// description (https://github.com/huggingface/safetensors) is enforced to the letter: no byte of the data belongs to no tensor or
// to two, no name comes twice.
//
// npy is NumPy's format of one array (https://numpy.org/neps/nep-0001-npy-format.html): a magic number, a version, a Python
// dictionary with type, order and shape, and the data. npz is a zip archive of npy files, one per array; the archive's member
// names are the tensors' names. They are read here because Python programs write them, traces of other simulators among them.
// NumPy can also store Python objects, text, dates, records and complex numbers; these are refused by name.
//
// PyTorch's torch.save writes a program in Python's pickle language, and the elements behind it: since PyTorch 1.6 as records of a
// zip archive, before one after the other. [ReadTorch] reads both, without Python and without executing anything: it knows the
// few instructions and names that dictionaries of tensors need, and refuses all others by name. What lies in dictionaries within
// dictionaries gets their keys for a name, joined by dots; numbers and strings beside the tensors become metadata. [WriteTorch] writes
// the zip format, for torch.load and load_state_dict.
//
// The text format is that of SpykeTorch's tensor_to_text: a line of sizes and a line of values. It has no type, no name and no
// checksum, so [ReadText] has to be told what it reads, and [Open], which tells formats apart by their first bytes, cannot know it.
//
// # What is guaranteed
//
// Reading what was written gives the same tensors. Writing the same tensors gives the same bytes: no clock, no map order. For
// safetensors not even the order of the tensors matters, and the layout is the reference implementation's; an npy file has the
// bytes that NumPy 2's numpy.save writes.
//
// Every byte is accounted for. A file that ends early, or that goes on after its data, is an error that names the tensor and
// the counts, for both are what an interrupted copy or a mistaken tool leaves behind.
//
// A hostile file costs an error and little memory. Nothing is allocated because a header says so: buffers grow as data arrive, so a
// short file that announces 4 GiB costs a few kilobytes, and a zip archive that unpacks to more than it announces is cut off. The
// tensors of a PyTorch file, which can share their elements, may be sixteen times as large as these. A file of more than [MaxBytes] is refused. What is below can still be a thousand times the size of its archive;
// [OpenSelected] lets those who know what to expect look before they unpack.
//
// Errors name the fault and, where there is one, the way out. [Open] puts the path before every error; the Read functions, which do
// not know a path, leave that to their caller. No function panics on any input, which fuzzing tests.
package tensorfile
