// Package lab makes a trained network a thing to play with: draw a digit, see
// who fires and when, ask why, turn a threshold, teach it an image and take the
// lesson back. It answers with plain structs that go through JSON as they are,
// prints nothing, reads no files and starts no goroutines, so that a server can
// stand on it as well as a page in a browser, for which it compiles (GOOS=js,
// GOARCH=wasm) and gives the same bits.
//
// # A copy
//
// [New] copies the network. Whatever happens in a [Lab], the model that it was
// made of stays as it was; two labs of one model do not know of each other. One
// goroutine at a time may use a lab: a server gives each visitor one of his own,
// or a lock.
//
// # From a picture to a decision
//
// [Lab.Image] brings a canvas that was drawn on, and [Lab.Picture] a file that
// was dropped, to the size and the polarity that the network knows, as the
// command predict does. [Lab.Decide] is then the answer: the class, the
// runner-up, the margin, and how far every class got. It is that of
// train.Predictor, to the last bit. [Lab.Judge] compares it with a label, and
// [Judgement.Compare] makes a list of errors out of many.
//
// # Why
//
// There are three questions behind an answer, each closer than the one before.
//
// [Lab.Road] is who fires when: of every neuron of every layer a byte, the step
// of its first spike, or 255. [Lab.Contrasts] is what came before the first
// spikes, the image as the filters see it.
//
// [Lab.Neuron] is why one neuron fired: its potential step by step against the
// threshold, the spikes that made it rise, each with its weight, the pixels that
// it looks at, and what its map looks for.
//
// [Lab.Why] is why this class and not the runner-up. A decision is a difference
// of two potentials, and a potential is a sum of weights; so the difference is a
// sum too, over the spikes that the two neurons saw: what each gave to the one
// and to the other. Potentials are integers inside (see package snn), so that
// these parts add up to the difference exactly, with nothing left over. Brought
// back through the network to the pixels they are a map of what spoke for the
// one and what for the other.
//
// # What if
//
// [Lab.Set] changes a threshold, or the number of steps, and every answer
// follows at once; [Lab.Reset] sets all as it was. Weights that were learned with
// one threshold are not made for another: this is to understand, not to improve.
//
// [Lab.Teach] gives the last layer one image to learn from, as training does:
// reward if it decides rightly, punishment if wrongly. [Change] tells which map
// changed, by how much, and what is decided now. [Lab.Undo] takes lesson after
// lesson back, to the last bit.
//
// # How it learned
//
// [Lab.Learn] lets a layer that learns without reward begin anew, or from any
// weights, behind layers that have learned, and shows it images: the winners of
// each, the rates, the weights and what the maps look for afterwards. With the
// training images in their order it is the training, to the last bit, however
// many images a question has; with others, or with another rate or threshold, it
// is what might have been. The network itself stays as it is. With
// [Question.Untrained] maps are shown as they were before any training: beside
// them one sees what was learned.
//
// # Questions
//
// [Lab.Answer] does all of this for who is far away: a [Question] is plain data
// and carries with it the settings and the lessons that it is about. So a
// server, or a page's worker, needs no memory of who has asked what before.
// [Lab.Assume] brings the network there, and does again only what has changed.
//
// # Units
//
// Potentials, thresholds and weights are in one unit, that of the weights. Steps
// count from 0; 255 ([Silent]) is never. Classes count from 0; -1 ([None]) is
// none. An infinite threshold, which JSON cannot write, is at_end. Maps of bytes
// are in base64 in JSON, and all that has maps, rows and columns is in this
// order.
package lab
