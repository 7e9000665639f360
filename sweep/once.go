package sweep

import (
	"sync"

	"firstspike/dataset"
)

// An opened is two sets of images, or why they cannot be opened.
type opened struct {
	train, test *dataset.Set
	err         error
}

// onces has a value for every key, made once.
type onces struct {
	mu   sync.Mutex
	made map[string]func() opened
}

func (o *onces) get(key string, open func() opened) opened {
	o.mu.Lock()
	if o.made == nil {
		o.made = map[string]func() opened{}
	}
	once, ok := o.made[key]
	if !ok {
		once = sync.OnceValue(open)
		o.made[key] = once
	}
	o.mu.Unlock()
	return once()
}
