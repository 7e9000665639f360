package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// A faultList collects what is wrong with many files, and names the first ten.
type faultList struct {
	first []error
	more  int
}

func (f *faultList) add(err error) {
	switch {
	case err == nil:
	case len(f.first) < mostNamed:
		f.first = append(f.first, err)
	default:
		f.more++
	}
}

func (f *faultList) err() error {
	all := f.first
	if f.more > 0 {
		all = append(all[:len(all):len(all)], fmt.Errorf("and %d other files", f.more))
	}
	return errors.Join(all...)
}

// joinFaults are the faults of both parts; that sizes differ is said only once, and only if nothing is broken.
func joinFaults(a, b error) error {
	switch {
	case a != nil && b != nil && errors.Is(b, ErrSizes):
		return a
	case a != nil && b != nil && errors.Is(a, ErrSizes):
		return b
	}
	return errors.Join(a, b)
}

// shortList names the first of many.
func shortList(names []string) string {
	if len(names) > mostNamed {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
	}
	return strings.Join(names, ", ")
}
