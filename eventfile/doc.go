// Package eventfile writes and reads the files that TensorBoard shows: scalars,
// images, histograms, text, and the settings of a run.
//
// An event file is a sequence of records. Each begins with its length and ends
// with its data, both followed by a checksum, so that a file that was cut off or
// damaged is noticed. A record holds an event: when it was, at which step, and
// either values under their tags, or what the file itself is. The formats are
// those of TensorFlow's record files and of TensorBoard's messages, of which
// only what is needed is known here.
//
// Files are never changed: whoever goes on with a run writes another file into
// its folder, and TensorBoard reads all of them in the order of their names. A
// run that goes on from an earlier step says so first ([Writer.Restart]), and
// TensorBoard forgets what came after that step.
package eventfile
