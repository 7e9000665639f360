// Package firmware writes a trained network as C99, for processors that have no
// operating system.
//
// # Why nothing is lost on the way
//
// Potentials are sums of integers ([snn.Convolution.Unit]), so a processor that
// can add gets the same ones. What a network takes is its weights: packed,
// 8, 4, 2 or 1 bits each. So the weights must lie on few levels first, which is
// what package quantize does; [New] refuses others, and names the layer. From then
// on the C code decides as the Go code does, image by image, margin included.
//
// The encoding is integers too as far as it can be: filters are multiples of
// 2^-30, and their responses sums of them. Local normalisation divides, and the
// order of the quotients is the code: that is done with IEEE doubles, where only
// + - * / and one rounding to float occur, which software does bit for bit.
//
// # What is written
//
// [Network.Files] is a folder that is an Arduino library and a C project at the
// same time: src/NAME.h and src/NAME.c, which are all that a project needs;
// test/main.c with images and what the network decides, a Makefile that runs it,
// and a sketch. The tables are const, so that they stay in flash; working memory is one
// static struct, its size a macro. Nothing is allocated, and nothing called but
// memset.
//
// # Two kinds of code
//
// Where who fires does not depend on when ([snn.Network.TimeMatters]) and the last
// layer waits for the last step, time is dropped: a neuron is a bit, the encoding
// sorts nothing, and only the weakest intensities, which do not fill a step, are
// looked for. Otherwise a neuron is a byte, the step of its spike, and the inputs
// of a neuron are put in order of time at every position.
//
// # What is not
//
// Recordings by event cameras, linear SVMs, pooling that repeats, pointwise
// inhibition while deciding, and of encodings lateral inhibition, pooling of
// intensities and pointwise inhibition are refused by name.
package firmware
