// Package sweep trains an experiment with many settings, each with several
// seeds, on one machine or on many that share a folder, and says which settings
// are best and how sure that is.
//
// # From a file to points
//
// A [Sweep] is a file in TOML: an experiment, settings that are varied (axes),
// and seeds. [Parse] reads it, and [NewPlan] makes its points: every combination
// of a grid, points of a Sobol sequence, or, by successive halving, many points
// that learn for a few epochs of which the best go on to learn for more. All
// points are checked before anything starts, with their images. A condition
// leaves points out, or lets an axis vary only where it has a meaning; a setting
// can follow from others.
//
// A point with a seed is a [Job], the training of one experiment. Its key is the
// SHA-256 of that experiment and of the images: a sweep whose file is changed
// keeps all results that still are among its jobs.
//
// # One folder, many processes
//
// A [Runner] trains the jobs that have no result yet, some of them side by side,
// and any number of runners, in processes of any number of machines, may work on
// one [Store] at once. They agree by names in the folder which only one of them
// can create, and rely neither on locks nor on clocks that agree: who works on a
// job shows signs of life, and if these stay out for long enough another takes
// the job up from its last checkpoint, in a folder of its own. A result is
// published under a name that is created once. Should two have worked on a job
// after all, one after a long sleep, then they have the same result, for the same
// seed gives the same bits; the first is kept. A test kills processes at random
// for as long as it is told to, and compares.
//
// Points that differ only in the last layer share the layers before it: the
// first one trains them, others wait for that and take them from the cache, to
// the same bits. See [Leaders].
//
// # What is chosen on what
//
// A sweep chooses on training images that were held out (protocol "validation").
// No run looks at the test images, so that whoever chose can test the chosen
// point once, with an honest result. Of many points the best is also the
// luckiest: its mean over seeds on held-out images says too much.
//
// # What comes of it
//
// [Runner.Look] reads an [Outcome] at any time: what is done, what goes on where,
// what failed and why; points with the mean of their seeds, its interval, and the
// worst; tables for other programs; and pictures.
package sweep
