package sweep

import (
	"fmt"
	"sync"

	"firstspike/dataset"
	"firstspike/train"
)

// Data opens each set of images once. It is safe for use by several goroutines.
type Data struct {
	mu     sync.Mutex
	opened map[string]func() images
}

// An images is two sets of them, or why they cannot be opened.
type images struct {
	train, test *dataset.Set
	err         error
}

// Open opens the images of an experiment.
func (d *Data) Open(e train.Experiment) (learn, test *dataset.Set, err error) {
	d.mu.Lock()
	if d.opened == nil {
		d.opened = map[string]func() images{}
	}
	key := fmt.Sprint(e.Data.Source, "\x00", e.Data.Options())
	once, ok := d.opened[key]
	if !ok {
		once = sync.OnceValue(func() (o images) {
			o.train, o.test, o.err = dataset.OpenWith(e.Data.Source, e.Data.Options())
			return o
		})
		d.opened[key] = once
	}
	d.mu.Unlock()
	o := once()
	return o.train, o.test, o.err
}

// Sums identifies the images of an experiment.
func (d *Data) Sums(e train.Experiment) (learn, test train.DataSum, err error) {
	a, b, err := d.Open(e)
	if err != nil {
		return learn, test, err
	}
	return train.SumOf(a), train.SumOf(b), nil
}
