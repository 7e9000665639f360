// Firstspike trains, tests and explains spiking networks in which every neuron
// fires at most once.
//
//	firstspike train              train the default network on MNIST, which is inside
//	firstspike test RUN           test what came out; several runs vote
//	firstspike predict RUN FILE   ask it about pictures
//	firstspike doctor RUN         what is wrong with it, layer by layer, and what to change
//	firstspike replicate          many seeds: the mean, and how sure it is
//	firstspike compare A B        experiments or runs, seed by seed
//	firstspike plot RUN           pictures of what it learned and how it decides
//	firstspike report RUN         one page about it
//	firstspike serve              a page in the browser: watch runs learn, draw a digit, step through the spikes
//	firstspike site --out DIR     that page as a folder for any web host, the network inside
//	firstspike export RUN         the network for PyTorch, numpy, NIR or as C; how it went, for TensorBoard, as CSV or JSON lines
//	firstspike import FILE        a run of a network that another program has saved
//	firstspike quantize RUN       fewer bits: what they cost, what they bring
//	firstspike energy RUN         spikes and operations of an image, and what they cost a chip
//	firstspike spikes RUN         the spikes of images, as arrays for numpy
//	firstspike data               what networks learn from: list, get, check, preview
//	firstspike show RUN           the experiment: every number, and where it comes from
//	firstspike presets            the published experiments
//	firstspike simulate --out DIR images as an event camera would record them
//	firstspike conform TRACE      compare this program with a reference's trace
//	firstspike bench [RUN]        measure how fast every stage is
//	firstspike cache              the trained layers that are kept for other trainings
//	firstspike version
//
// A training lives in a folder of its own, a run. What happens to it is
// written there, so that a training that was stopped, or killed, goes on to
// the same weights, bit for bit, with train --resume.
//
// # Where things go
//
// Results go to standard output and can be piped; progress, notes and errors
// go to standard error. On a terminal progress is a display that is drawn
// anew, elsewhere it is lines of key=value pairs. Errors are lines that begin
// with "firstspike: ". A command line is checked as a whole before anything is
// done: all its faults are told at once.
//
// The exit status is 0 if all went well, 1 if something failed, 2 if the
// command line is at fault, and 130 if a training was interrupted and saved. A
// command line is at fault if it has a wrong flag or value, or if the preset,
// TOML file, run, trace or data that it names is not there or cannot be used;
// nothing has been done then. A picture that cannot be read is a failure, for
// the others are answered.
//
// What serve, and train --web, serve is for this machine only, unless --addr
// names another address; then they say what that means.
//
// A training is saved when it is interrupted (Ctrl-C), terminated, or when its
// terminal is closed. If nobody reads its messages any more it goes on without
// them.
//
// Trained layers before the last are kept in a cache, a folder of the user's
// (flag --cache, or FIRSTSPIKE_CACHE in the environment; "off" is none), and
// trainings that differ only in the last layer take them from there, to the
// same bits. They say so, and --no-cache trains all anew.
//
// # How it is built
//
// One file holds one command: its flags as a struct with tags (package kong
// fills it), and a Run method, which ties packages train, preset and dataset
// together. The files beside them are shared: arguments.go finds all faults
// of a command line, experiment.go finds experiments by the name of a preset,
// a file or a run, screen.go and lines.go are the two observers of a
// training, and result.go puts a test's result into words. Of bench, measure.go
// takes the times, machine.go says what they were taken on, and measured.go
// shows them. A command's behaviour is described by the scripts in
// testdata/script, which are its tests as well.
package main
