// Package event holds what event cameras see: reads and writes recordings,
// filters them, and makes them of still pictures.
//
// The pixels of an event camera do not take pictures. Each watches the light
// by itself and says when it has changed, at once: an [Event], which is a
// pixel, a time in microseconds, and whether it became brighter (ON) or darker
// (OFF). A [Recording] is a list of events in order of time. A first spike is
// an event of that kind too, which is why such cameras and networks that think
// in first spikes go well together; package encode turns the one into the
// other.
//
// # Files
//
// [Decode] and [Recording.Encode] know the form of N-MNIST, which is MNIST
// shown to an event camera: five bytes an event, no header. [ReadFile] reads
// such a file. A file in which anything cannot be is refused, with the event
// that is at fault.
//
// # Filters
//
// A [Filter] drops events that say little: those of a pixel that has just
// fired, and those that none of their neighbours goes with. Both do what the
// filters of Python's package tonic do, event for event. [Compensate] undoes a
// motion that is known, so that edges which moved over the sensor lie on top
// of each other, and [Crop] cuts out a part of the sensor.
//
// # A camera
//
// A still picture gives no events; the camera has to move. For N-MNIST it was
// moved by three saccades, along the sides of a triangle. A [Camera] does the
// same in numbers: the picture moves over its sensor, and its pixels fire as
// those of the real one are thought to. [NMNIST] is fitted to recordings of
// N-MNIST, digit by digit:
//
//	r, err := event.NMNIST().Recorder()
//	…
//	recording := r.Record(digit, 28, 28, 0)
//
// How near it comes is told in docs/nmnist.md. It is deterministic: the same
// camera, picture and number give the same events on every machine.
package event
