// Package doctor finds out why a network does not learn, in plain words, and
// proves that what it proposes helps.
//
// A spiking network that is set wrongly does not fail: it falls silent, or
// everything fires, and the last line of a long training says 10 %. The reason is
// seldom where it shows. A threshold of the first layer that is ten times too
// high makes every layer behind it silent, and all of their thresholds look
// wrong. So an exam goes the way of an image, from the labels to the decision,
// measures every station, and names the first fault; what is wrong behind it is
// told as something that follows.
//
// # The exam
//
// [Examine] looks at a model as it is. An experiment that has not been trained
// has nothing to look at: weights that never move, rates that overshoot and
// classes without neurons show only in learning. [Trial] lets it learn from some
// hundred images, which takes seconds, and looks at others. Both take the images
// that the network learns from; the test images are left alone.
//
// An [Exam] holds what was measured of the data, the encoding and each [Layer],
// and the findings, the heaviest first. A [Finding] has a cause, the numbers that
// it rests on, each beside what it is in networks that learn, and the settings
// that would mend it.
//
// # How thresholds are judged
//
// Which threshold is right depends on how many inputs fire, and so on everything
// before. It is therefore measured: with an infinite threshold and with weights
// as they usually begin, 0.8 of the way from their lower bound to the upper, the
// potentials of the sample say how high the last of an image's K winners gets.
// In the published networks the threshold lies at a fifth to a third of that. At
// the beginning it is passed easily, by every map, so that each gets its turn;
// learning takes away the weights that are not needed, and with what is left the
// threshold is passed only by what the map has learned.
//
// # The proof
//
// [Exam.Prove] makes the proposed changes, all at once, and examines a trial of
// the changed experiment on the same sample: every number before and after, and
// whether the finding is gone. What helps on a sample need not be best for a
// whole training, but what does not help there will not help at all.
//
// # Causes
//
// Causes have short names that stay the same, for programs and for searching.
//
// Of the data: images-blank, images-inverted, one-class.
//
// Of the encoding: encode-pad-small, encode-pad-large, encode-threshold-high,
// encode-threshold-low, input-sparse, steps-few.
//
// Of a layer's settings: no-epochs, weights-alike, weights-low,
// weights-at-bounds, pad-large, pool-coarse, pool-missing, view-small,
// dropout-large.
//
// Of its rates: rates-zero, rates-reversed, punish-reversed, rates-one-sided,
// rates-large, rates-small, epochs-few.
//
// Of what it does with the sample: no-input, threshold-high, threshold-low,
// radius-large, k-large, k-small, weights-vanished, weights-saturated,
// weights-frozen, maps-twins, maps-never, maps-always, not-converged,
// decides-badly, falls-again.
package doctor
