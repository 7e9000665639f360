package conform

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
)

// What may differ. Each is explained in the package's chapter.
const (
	tie         = 1e-3 // potentials this close to each other or to a threshold are a tie
	tieRelative = 4e-6 // the same for large potentials, as a fraction of them
	tolerance   = 1e-4 // of potentials and weights, relative
)

// The floors that are added to a reference number before an error is divided
// by it.
const (
	potentialFloor = 1
	weightFloor    = 0.01
)

// relative is the error of a number of ours.
func relative(ours, trace, floor float64) float64 {
	return math.Abs(ours-trace) / (math.Abs(trace) + floor)
}

// band is the distance within which a potential of size p is tied with
// another, or with a threshold.
func band(p float64) float64 { return max(tie, tieRelative*math.Abs(p)) }

// workers is how many goroutines compute what does not depend on order.
const workers = 2

// A checker is a check under way.
type checker struct {
	ctx      context.Context
	model    Model
	trace    *trace
	sets     [learning + 1]*dataset.Set
	ids      [learning + 1][]int // of the images in their set, if the trace has them
	progress func(stage string, done, total int)
	stages   []*Stage
	workers  [workers]worker
}

// A worker is the working memory of one goroutine.
type worker struct {
	scratch  snn.Scratch
	events   spike.Events
	response snn.Response
	encoder  *encode.Encoder
	picture  encode.Picture
	course   course
}

// Check computes all that the trace holds anew, every stage from the trace's
// own input, and reports what is equal, tied and different. The keys of a
// trace and the tie rule are in the package's chapter.
//
// The file should come from [Open], which keeps a hostile one from filling the
// memory. The images are those that the trace's ids count in: MNIST's. A stage whose
// keys the trace lacks is reported as skipped. It is an error if the trace's
// arrays do not fit the model or each other, if they hold what cannot be (not
// a number, a step after the last, a neuron that does not exist), or if
// nothing can be compared at all; differences are not errors, see [Report.OK].
//
// progress, if it is not nil, is called as the work goes on, from several
// goroutines but never from two at once.
func Check(ctx context.Context, file *tensorfile.File, model Model, test, train *dataset.Set, progress func(stage string, done, total int)) (*Report, error) {
	t, err := examine(file, model)
	if err != nil {
		return nil, err
	}
	for _, set := range []*dataset.Set{test, train} {
		if set.Rows != model.Rows || set.Cols != model.Cols {
			return nil, fmt.Errorf("%s: images of %dx%d pixels; the model takes %dx%d", set.Name, set.Rows, set.Cols, model.Rows, model.Cols)
		}
		if set.Labels == nil {
			return nil, fmt.Errorf("%s: no labels; a trace is checked against a data set that has them", set.Name)
		}
	}
	c := &checker{ctx: ctx, model: model, trace: t, progress: progress}
	c.sets[forward], c.sets[learning] = test, train
	if err := errors.Join(c.readIDs(forward, "test_ids"), c.readIDs(learning, "stdp_ids")); err != nil {
		return nil, err
	}
	for i := range c.workers {
		if c.workers[i].encoder, err = encode.New(model.Encode, model.Rows, model.Cols); err != nil {
			return nil, err
		}
	}
	for _, part := range []func() error{
		c.encode, c.s1, c.c1, c.s2, c.c2, c.s3, c.label,
		c.learnS1, c.inputS2, c.learnS2, c.inputS3, c.learnS3,
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	r, compared := &Report{Unknown: t.unknown}, 0
	for _, s := range c.stages {
		r.Stages = append(r.Stages, *s)
		compared += s.Compared
	}
	if compared == 0 {
		var names []string
		for _, k := range model.keys() {
			names = append(names, k.name)
		}
		return nil, fmt.Errorf("the trace holds nothing that can be compared; its keys should be among %s", strings.Join(names, ", "))
	}
	return r, nil
}

// stage begins a stage that needs the given keys; it is not to be run if the
// trace lacks one.
func (c *checker) stage(name string, tolerance float64, keys ...string) (*Stage, bool) {
	s := &Stage{Name: name, Tolerance: tolerance, Skipped: c.trace.missing(keys...)}
	c.stages = append(c.stages, s)
	return s, s.Skipped == ""
}

// parallel calls f for 0 to n-1 from several goroutines and returns the first
// error.
func (c *checker) parallel(n int, f func(w *worker, i int) error) error {
	var errs [workers]error
	var group sync.WaitGroup
	for k := range c.workers {
		group.Go(func() {
			for i := n * k / workers; i < n*(k+1)/workers && errs[k] == nil; i++ {
				if errs[k] = c.ctx.Err(); errs[k] == nil {
					errs[k] = f(&c.workers[k], i)
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) tell(stage string, done, total int) {
	if c.progress != nil {
		c.progress(stage, done, total)
	}
}

// readIDs reads the numbers of a group's images, if the trace has them.
func (c *checker) readIDs(g group, key string) (err error) {
	if c.trace.missing(key) != "" {
		return nil
	}
	if c.ids[g], err = c.trace.ints(key); err != nil {
		return err
	}
	for i, id := range c.ids[g] {
		if n := c.sets[g].Len(); id < 0 || id >= n {
			return fmt.Errorf("%s[%d] is %d; %s has the images 0 to %d", key, i, id, c.sets[g].Name, n-1)
		}
	}
	return nil
}

// pixels is image i of a group whose ids the trace has.
func (c *checker) pixels(g group, i int) []byte { return c.sets[g].Image(c.ids[g][i]) }

// labels compares an array of labels with those of the data set.
func (c *checker) labels(name, ids, key string, g group) error {
	s, ok := c.stage(name, 0, ids, key)
	if !ok {
		return nil
	}
	labels, err := c.trace.ints(key)
	if err != nil {
		return err
	}
	for i, id := range c.ids[g] {
		s.Compared++
		if l := c.sets[g].Label(id); l != labels[i] {
			s.differ(1, "image %d (%s %d): the label is %d, %s has %d", i, c.sets[g].Name, id, l, key, labels[i])
		}
	}
	return nil
}

// label checks the labels of the forward keys.
func (c *checker) label() error { return c.labels("labels", "test_ids", "label", forward) }
