// Package study answers with numbers what a single training cannot: how well an
// experiment does whatever its seed, and whether one is better than another.
//
// # Many seeds
//
// Initial weights are random, and so is which images are held out. Two
// trainings of one experiment that differ in nothing but the seed differ by
// half a percent point. Whoever reports one training, or the best of several,
// reports luck. A [Study] trains an experiment with several seeds, several side
// by side if there are cores for it, each a run of its own in a folder of its
// own; stopped and started again it goes on where it was. [Summarise] says what
// came of them: the mean, the standard deviation of a single seed, and the
// interval in which the mean over all seeds lies, with 95 % confidence.
//
// # Which is better
//
// [Compare] sets two experiments side by side, seed by seed. A seed that draws
// the same initial weights for both makes a pair; what is lucky about it helps
// both, and the difference of a pair scatters less than either. The interval is
// that of the mean difference. The test assumes nothing of how differences are
// distributed: it counts how often chance alone would give as much.
package study
