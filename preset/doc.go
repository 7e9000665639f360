// Package preset holds published experiments: one file a paper, each an
// Experiment literal of package train in which every number has its source.
//
// A paper seldom says everything. Where it leaves a number open, or its authors'
// published code departs from it, the code decides, because the results were
// made with it; and where we depart from both, as in how long a first training
// takes, the preset says so. [Preset.Source] tells where the number of a field
// comes from; the command "firstspike show" prints it beside the number, and
// every training prints what it departs in. A test fails for a number without a
// source.
//
// What a source reports is part of a preset too ([Preset.Reported]), with the
// conditions under which it was reached, so that ours can stand beside it.
package preset
