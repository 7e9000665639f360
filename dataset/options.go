package dataset

import (
	"errors"
	"fmt"
	"regexp"
)

// Options say how images are made of what a spec names, where that does not say so itself. The zero Options will do for all
// data but pictures of different sizes.
type Options struct {
	// Rows and Cols are the size in pixels that pictures become, see Fit. Both 0: all pictures must have one size. The rows
	// of a CSV file are taken to be images of this size if they have as many pixels, and square images otherwise. Data that
	// have a size of their own keep it.
	Rows, Cols int

	// Fit says how a picture of another size becomes an image of this one. Empty: [Stretch].
	Fit Fit

	// Test is the fraction of the images that is held out for the test, above 0 and below 1, where the data have no part of
	// their own for it. 0: a fifth. [OpenTestWith] also takes 1, all images.
	Test float64

	// Group is a regular expression, in the syntax of package regexp, for the names of picture files without their folder.
	// What it matches, or its first parenthesised part if it has one, names the object that a picture shows. All pictures of
	// one object fall on the same side of the split, and of that of [Set.HoldOut]. Empty: every picture shows an object of its
	// own.
	Group string

	// Seed decides the split, and in which order pictures come.
	Seed uint64
}

const (
	fifth   = 0.2
	maxSize = 4096 // of Options.Rows and Cols
)

// Check returns an error that names all options that can have no meaning.
func (o Options) Check() error {
	var faults []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	add(o.Rows < 0 || o.Cols < 0 || o.Rows > maxSize || o.Cols > maxSize || (o.Rows == 0) != (o.Cols == 0),
		"images of %dx%d pixels; give rows and columns from 1 to %d, or neither", o.Rows, o.Cols, maxSize)
	switch o.Fit {
	case "", Stretch, Pad, Crop:
	default:
		add(true, "fit %q; it can be %q, %q or %q", o.Fit, Stretch, Pad, Crop)
	}
	add(!(o.Test >= 0 && o.Test <= 1), "a test part of %v of the images; give a fraction above 0 and below 1, or 0 for a fifth", o.Test)
	if o.Group != "" {
		_, err := regexp.Compile(o.Group)
		add(err != nil, "group %q is no regular expression: %v", o.Group, err)
	}
	return errors.Join(faults...)
}

// unused returns an error if an option is given that says how to split, or to fit, data that are split already, or are no
// pictures.
func (o Options) unused(spec string, pictures, split bool) error {
	var faults []error
	add := func(bad bool, option, why string) {
		if bad {
			faults = append(faults, fmt.Errorf("data %q: %s has no effect: %s; take it away", spec, option, why))
		}
	}
	add(o.Fit != "" && !pictures, fmt.Sprintf("fit %q", o.Fit), "the data are no folder of pictures")
	add(o.Group != "" && !pictures, fmt.Sprintf("group %q", o.Group), "the data are no folder of pictures")
	add(o.Test != 0 && split, fmt.Sprintf("test %v", o.Test), "the data have a test part of their own")
	return errors.Join(faults...)
}
