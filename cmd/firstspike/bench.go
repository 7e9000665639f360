package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
)

type benchCommand struct {
	Folder string `arg:"" optional:"" name:"run" help:"The run's folder, or a safetensors file from it. If none is named, a small network is trained first, in some seconds."`

	Stage   []string `sep:"," placeholder:"NAME" help:"Only these stages: encode, prefix, inference (one image at a time), test (many), a layer that learns by STDP (s1, s2), or one that learns by reward, early or late (s3-early, s3-late). Can be repeated."`
	Network string   `placeholder:"KIND" help:"trained: the weights of the run, which is the default. fresh: the initial weights of its experiment."`
	Workers string   `placeholder:"N" help:"Goroutines; 1 if not given."`
	Images  string   `placeholder:"N" help:"Images a repeat; as many as take 0.1 s if not given. A stage that is late takes whole epochs in any case."`
	Repeats string   `placeholder:"N" help:"Repeats of every stage; 5 if not given, 3 if they take long."`
	Limit   string   `placeholder:"N" help:"Train the small network on the first N training images; 3000 if not given."`
	JSON    bool     `help:"Print the result as JSON."`
}

// Help is shown after the flags.
func (benchCommand) Help() string {
	return `Times are microseconds an image, the median of the repeats and between which two they lay. Operations are synaptic operations: the additions that a plain event-driven simulation does, whether or not they were avoided.

    firstspike bench
    firstspike bench runs/mozafari2018-seed1 --stage s3-late,inference --workers 2
    firstspike bench --network fresh --json`
}

// The kinds of network.
const (
	trained = "trained"
	fresh   = "fresh"
)

// The small network that is trained if no run is named.
const (
	smallImages = 3000
	smallEpochs = 10 // of the last layer, at most
	leastImages = 20 // with fewer hardly anything is learned
)

// poolImages is how many images stages other than those of reward go through,
// round and round: more than the caches of a processor hold.
const poolImages = 2048

// A benching is what the flags ask for.
type benching struct {
	network string
	workers int
	images  int // 0: as many as take a while
	repeats int // 0: by the time that they take
	limit   int
}

func (c *benchCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

// plan reads the flags and tells all that is wrong with them.
func (c *benchCommand) plan() (b benching, faults usageError) {
	b = benching{
		network: c.Network,
		workers: 1,
		images:  faults.number("--images", c.Images, 0, 1, 10_000_000),
		repeats: faults.number("--repeats", c.Repeats, 0, 1, 1000),
		limit:   faults.number("--limit", c.Limit, smallImages, leastImages, 60_000),
	}
	if c.Workers != "" {
		b.workers = workers(c.Workers, &faults)
	}
	if b.network == "" {
		b.network = trained
	}
	if b.network != trained && b.network != fresh {
		faults.add("--network %s: it must be %s or %s", b.network, trained, fresh)
	}
	if c.Limit != "" && c.Folder != "" {
		faults.add("--limit: the run has its images; leave out either --limit or %s", c.Folder)
	} else if c.Limit != "" && b.network == fresh {
		faults.add("--limit: with --network %s nothing is trained; leave out either", fresh)
	}
	return b, faults
}

// stages are those of an experiment that are asked for, in its order.
func (c *benchCommand) stages(e train.Experiment, network string) (stages []string, err error) {
	var faults usageError
	valid := e.Stages()
	for _, name := range c.Stage {
		switch name = strings.TrimSpace(name); {
		case !slices.Contains(valid, name):
			faults.add("--stage %s: there is no such stage; %s", name, train.Nearest(name, valid))
		case network == fresh && isLate(name):
			faults.add("--stage %s: a network with initial weights is never late; leave out --network %s", name, fresh)
		default:
			stages = append(stages, name)
		}
	}
	if len(c.Stage) == 0 {
		stages = valid
	}
	stages = slices.DeleteFunc(slices.Clone(valid), func(name string) bool {
		return !slices.Contains(stages, name) || network == fresh && isLate(name)
	})
	return stages, faults.err()
}

func isLate(stage string) bool { return strings.HasSuffix(stage, train.StageLate) }

// Run measures.
func (c *benchCommand) Run(s *streams) error {
	plan, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	var m *train.Model
	e := smallExperiment(plan.limit)
	if c.Folder != "" {
		var err error
		if m, err = loadModel(s, c.Folder); err != nil {
			return err
		}
		e = m.Experiment
	} else if plan.network == fresh {
		p, _ := preset.Lookup(preset.Default)
		e = p.Experiment
	}
	stages, err := c.stages(e, plan.network)
	if err != nil {
		return err
	}
	images, test, err := dataset.OpenWith(e.Data.Source, e.Data.Options())
	if err != nil {
		return usageError{err}
	}

	display := newDisplay(s.err)
	defer display.close()
	tell := func(name string, done, total int) {
		if _, ok := terminal(s.err); ok {
			display.Observe(train.Stage{Name: name, Done: done, Total: total})
		}
	}
	// The second Ctrl-C ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	out := benchOutput{Machine: thisMachine(), Network: plan.network, Source: c.Folder, Workers: plan.workers}
	switch {
	case plan.network == fresh:
		if out.Source == "" {
			out.Source = e.Name
		}
		m, err = train.Untrained(e)
	case m == nil:
		out.Source = fmt.Sprintf("trained on the spot: %s, %s images, %s", e.Name, count(e.Data.Limit), epochs(e))
		m, err = trainSmall(ctx, e, train.Options{Train: images, Test: test.Limit(100), Observer: small{tell}, Patience: time.Second})
	}
	if err == nil {
		err = c.measure(ctx, m, images, stages, plan, tell, &out)
	}
	display.close()
	if err != nil && ctx.Err() == nil {
		return err
	}
	out.Interrupted = err != nil
	out.Peak, out.PeakFrom = peakMemory()
	if len(out.Stages) > 0 {
		if err := c.write(s.out, out); err != nil {
			return err
		}
	}
	if out.Interrupted {
		fmt.Fprintf(s.err, "firstspike: interrupted; of %s there are results of %d\n", plural(len(stages), "stage"), len(out.Stages))
		return silentError(statusInterrupted)
	}
	return nil
}

// measure measures the stages one after another. What was measured is in out
// even if it fails.
func (c *benchCommand) measure(ctx context.Context, m *train.Model, images *dataset.Set, stages []string, plan benching, tell func(string, int, int), out *benchOutput) error {
	pool := poolImages
	if plan.images > 0 {
		pool = min(pool, plan.images)
	}
	b, err := train.NewBench(m, pool, train.Options{Train: images, Workers: plan.workers, Observer: small{tell}})
	if err != nil {
		return err
	}
	out.Experiment, out.Epoch = m.Experiment.Name, b.Epoch()
	out.BytesPerNeuron = rounded(b.BytesPerNeuron())
	for i, name := range stages {
		tell("preparing "+name, i, len(stages))
		work, err := b.Prepare(ctx, name)
		if err != nil {
			return err
		}
		tell("measuring "+name, i, len(stages))
		t, err := measure(ctx, work, plan.images, plan.repeats)
		if len(t.repeats) > 0 {
			out.Stages = append(out.Stages, stageOf(work, t))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *benchCommand) write(w io.Writer, out benchOutput) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(out)
	}
	_, err := io.WriteString(w, out.text())
	return err
}

// smallExperiment is the default experiment with so few images and epochs that
// it takes some seconds. Its first layers see enough images to converge.
func smallExperiment(limit int) train.Experiment {
	p, _ := preset.Lookup(preset.Default)
	e := p.Experiment.Clone()
	e.Data.Limit = limit
	e.Protocol.Validation = max(1, limit/12) // as with train --limit
	last := &e.Layers[len(e.Layers)-1]
	last.Learn.Epochs = min(last.Learn.Epochs, smallEpochs)
	return e
}

// trainSmall trains an experiment in a folder that nobody sees.
func trainSmall(ctx context.Context, e train.Experiment, o train.Options) (*train.Model, error) {
	dir, err := os.MkdirTemp("", "firstspike-bench-")
	if err != nil {
		return nil, fmt.Errorf("cannot train in a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	dir = filepath.Join(dir, "run")
	t, err := train.Create(dir, e, o)
	if err != nil {
		return nil, err
	}
	_, err = t.Run(ctx)
	if err := errors.Join(err, t.Close()); err != nil {
		return nil, err
	}
	return train.Load(dir)
}

// small tells of a training, and of preparations, in a line each.
type small struct {
	tell func(name string, done, total int)
}

// Observe shows an event.
func (o small) Observe(e train.Event) {
	switch e := e.(type) {
	case train.Stage:
		o.tell(e.Name, e.Done, e.Total)
	case train.Progress:
		name := e.Layer + " learns"
		if e.Epochs > 1 {
			name += fmt.Sprintf(", epoch %d/%d", e.Epoch+1, e.Epochs)
		}
		o.tell(name, e.Image, e.Images)
	}
}

// epochs lists the epochs of all layers.
func epochs(e train.Experiment) string {
	var list []string
	for _, l := range e.Layers {
		list = append(list, fmt.Sprintf("%s %d", l.Name, l.Learn.Epochs))
	}
	return "epochs " + strings.Join(list, ", ")
}
