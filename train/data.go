package train

import "firstspike/dataset"

// Options say how images are made of what d.Source names, for
// [dataset.OpenWith]. The seed of the split is not that of the experiment, so
// that trainings with many seeds are tested on the same images.
func (d Data) Options() dataset.Options {
	return dataset.Options{Rows: d.Rows, Cols: d.Cols, Fit: d.Fit, Test: d.Test, Group: d.Group, Seed: d.Split}
}

// faults checks what Options will say. Whether the group is a regular
// expression is told by package dataset when it opens the data: package regexp
// would be a twentieth of the program in a page.
func (d Data) faults(f *Faults) {
	switch d.Fit {
	case "", dataset.Stretch, dataset.Pad, dataset.Crop:
	default:
		f.add(true, "data.fit", "%q; it can be %q, %q, %q or empty", d.Fit, dataset.Stretch, dataset.Pad, dataset.Crop)
	}
	f.add(!(d.Test >= 0 && d.Test < 1), "data.test", "%v; it must be a fraction of the images above 0 and below 1, or 0 for a fifth", d.Test)
	f.add(d.Split > maxTOML, "data.split", "%d; it must be at most %d, the largest integer in TOML", d.Split, uint64(maxTOML))
}

const maxTOML = 1<<63 - 1
