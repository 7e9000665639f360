// Package conform checks this project against another implementation of the
// same network: against the numbers that a run of it left behind, its trace.
//
// That a program learns digits does not show that it computes the published
// model. Networks of this kind are forgiving: with a wrong inhibition radius,
// a decision read from the wrong axis or a rate that doubles an image too late
// they still learn, only a little worse, and nobody can tell a fault from bad
// luck. So the model is checked number by number where it can be: the step at
// which each neuron fires, who wins, what every weight is afterwards.
//
// # Stage by stage
//
// [Check] takes a trace apart into stages, and each stage begins with what the
// trace says the stage before it gave. S2's spikes are computed from the
// trace's C1 and not from ours. A fault is therefore reported where it is
// made, and differences do not pile up from layer to layer. Learning goes the
// same way, image by image: the winners are chosen with the weights as they
// stand and compared with the trace's; then the trace's winners learn, not
// ours.
//
// # The keys of a trace
//
// A trace is an npz file of arrays, that [Open] opens. Shapes are those
// of mozafari2018; images come first, then maps, rows and columns.
// Latencies are the steps of first spikes, 15 (the number of steps) for
// silent. Integers may be of any type, numbers float32 or float64.
//
//	test_ids, label                       MNIST's test images of the forward keys
//	w1 w2 w3                              weights of the forward keys; w1 and w2 also of the frozen
//	                                      layers below one that learns
//	input_latency                         encoded images
//	s1_latency s1_potential c1_latency    S1, and its potentials at the first spike (0: silent); C1
//	s2_latency s2_potential c2_latency    S2 and C2
//	s3_potential s3_winner decision       at the last step; winner (map, row, column), class; -1: none
//	stdp_ids                              MNIST's training images of the learning keys, in their order
//	trainN_w_before trainN_w_after        layer N's weights before the first and after the last image
//	trainN_winners                        every image's winners, the best first; -1 -1 -1: none
//	train2_c1_latency train3_c2_latency   what S2 and S3 learned from
//	train3_labels train3_decisions        of every image
//	train3_batch                          images after which S3's rates adapt
//
// A stage needs only its own keys, and is skipped if the trace lacks one. The
// rates of S1 and S2 double by the trace's own count; those of S3 are plain
// for the first train3_batch images.
//
// # Ties
//
// The reference sums float32 weights, in an order that depends on the machine
// it ran on. Trained weights are nearly 0 or 1, so potentials crowd on whole
// numbers and thresholds are whole numbers: thousands of potentials lie so
// close to a threshold that the order of the sum decides on which side they
// fall. Such a difference says nothing about either program. It is counted as
// tied, and what counts as a tie is narrow:
//
//   - a potential within 0.001 of a threshold may be on either side of it, and
//     two potentials within 0.001 of each other may rank either way; for
//     potentials above 250 it is 4 millionths of them, because the reference
//     ranks neurons by float32 numbers 16 times as large;
//   - filter responses within 0.02 % of the encoding's cut may be on either
//     side of it, and intensities within 0.01 % of each other may rank either
//     way.
//
// The potentials that decide are computed anew in float64. There is no tie
// where float32 cannot err: a sum of weights that are all multiples of 1/1024,
// say, is the same in any order.
//
// The trace's step for a neuron is a tie if the neuron can fire at that step,
// all its potentials being off by as much as a tie. The trace's winners are
// tied if they can be right in the same sense: each is a neuron that can fire,
// that no earlier winner inhibits, and before which no other comes for
// certain; and the list ends only where nothing is certain to follow. For an
// encoding the tied responses are put on the other side of the cut, which
// moves every rank behind them, and the result is ranked again.
//
// A tie during learning can leave a mark on the weights: if a winner may have
// fired at one of two steps, what fired in between was in time for it or not.
// The check then goes on with our step, and remembers the weights that the
// other would have led to. If at the end our weights of a map are not the
// trace's but remembered ones are, the weights that differ are counted as
// tied.
//
// # Tolerances
//
// Potentials and weights may differ by 0.0001, relative to the trace's number
// plus a floor of 1 for potentials and of 0.01 for weights; float32 errs by a few
// millionths. Steps, winners, classes and labels are equal, tied, or wrong.
package conform
