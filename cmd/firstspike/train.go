package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"firstspike/dataset"
	"firstspike/train"
)

type trainCommand struct {
	Preset string `arg:"" optional:"" help:"A preset (mozafari2018 if none is named; see presets), a TOML file as show prints it, or a run, whose experiment is trained anew."`

	Out       string   `placeholder:"DIR" help:"The run's folder; runs/NAME-seedN if not given."`
	Seed      string   `placeholder:"N" help:"Seed of all random numbers."`
	Set       []string `sep:"none" placeholder:"PATH=VALUE" help:"Change a setting, such as layers.s2.threshold=12; show lists them. Can be repeated."`
	Epochs    []string `placeholder:"LAYER=N" help:"Epochs of a layer, such as s3=100. Can be repeated."`
	Limit     string   `placeholder:"N" help:"Use only the first N training images."`
	Paper     bool     `help:"Train as long as the paper did (s3 of mozafari2018: 680 epochs)."`
	Protocol  string   `placeholder:"KIND" help:"validation: choose the epoch on held-out training images. paper: train on all, test after every epoch."`
	Data      string   `placeholder:"SPEC" help:"The images: mnist, which is inside, some of its digits as mnist:3,8, bars, fashion-mnist, a folder with IDX files, CSV files or a folder of pictures for each class, or a CSV or npz file. See data."`
	Workers   string   `placeholder:"N" help:"Goroutines; one for each CPU if not given. The result does not depend on it."`
	SaveEvery string   `placeholder:"TIME" help:"Time between checkpoints; 20s if not given."`
	Cache     string   `placeholder:"DIR" help:"Keep layers before the last here, for trainings that differ only in the last; $FIRSTSPIKE_CACHE, or a folder of your user's, if not given."`
	NoCache   bool     `help:"Train all layers anew, and keep none."`
	StopOn    []string `placeholder:"WHAT" help:"silent: stop when no neuron of a layer wins any more. converged: a layer that learns without reward goes through no more images than it takes to converge."`
	Resume    bool     `help:"Go on with a run that was interrupted."`

	TensorBoard string `name:"tensorboard" placeholder:"DIR" help:"Write what TensorBoard shows into this folder, epoch by epoch; a folder for each run. See also export."`

	Web  bool   `help:"Serve a page on which to watch it, as serve does, and go on serving when it has ended."`
	Addr string `placeholder:"HOST:PORT" help:"With --web, the address of the page; 127.0.0.1:8080, or the next port that is free, if not given. See serve."`
}

// Help is shown after the flags.
func (trainCommand) Help() string {
	return `Train the default, which takes some minutes; train it as the paper did; try it with few images; go on after Ctrl-C:

    firstspike train
    firstspike train --paper --protocol paper --out runs/paper
    firstspike train --limit 3000 --out runs/try
    firstspike train --resume --out runs/try

Watch it in a browser, features as they form, curves, and the network itself to play with. When the training has ended the page stays, until Ctrl-C; before, Ctrl-C stops and saves as always:

    firstspike train --web

The layers before the last are trained once: a training that differs only in the last layer takes them from the cache, to the same bits. FIRSTSPIKE_CACHE=DIR is another folder for it, FIRSTSPIKE_CACHE=off is none; see firstspike cache.`
}

// Run trains.
func (c *trainCommand) Run(s *streams) error {
	// Without a reader the messages are lost; the training must not be.
	ignore(brokenPipe)
	if c.Resume {
		return c.resume(s)
	}
	t, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	page, err := c.page(&t)
	if err != nil {
		return err
	}
	defer page.close()
	display := newDisplay(s.err)
	defer display.close()
	t.options.Observer = display
	if c.TensorBoard != "" {
		if err := os.MkdirAll(c.TensorBoard, 0o777); err != nil {
			return usageError{fmt.Errorf("--tensorboard %s: %w", c.TensorBoard, err)}
		}
	}
	trainer, err := train.Create(t.dir, t.experiment, t.options)
	switch {
	case errors.Is(err, train.ErrExists):
		return fmt.Errorf("%w; go on with it: %s; or choose another folder with --out", err, command("train", "--resume", "--out", t.dir))
	case err != nil:
		return err
	}
	defer trainer.Close()
	display.start(t, train.State{})
	return c.train(s, display, page, trainer, t)
}

// page is where the training can be watched, nil if nobody wants to.
func (c *trainCommand) page(t *training) (*page, error) {
	if !c.Web {
		return nil, nil
	}
	p, notes, err := openPage([]string{"runs"}, c.Addr)
	t.notes = append(t.notes, notes...)
	if err == nil {
		t.notes = append(t.notes, "watch it at "+p.address)
	}
	return p, err
}

// train runs the trainer to its end or to an interruption, and then, if there is
// a page, serves on.
func (c *trainCommand) train(s *streams, display display, page *page, trainer *train.Trainer, t training) error {
	watchers := []train.Observer{display}
	var events *events
	if c.TensorBoard != "" {
		var err error
		if events, err = watch(c.TensorBoard, t.dir); err != nil {
			return fmt.Errorf("%w; the run has begun, go on with: %s", err, command("train", "--resume", "--out", t.dir))
		}
		watchers = append(watchers, events)
	}
	if page != nil {
		watchers = append(watchers, page.server.Watch(t.dir, trainer.Model))
	}
	trainer.Watch(train.ObserverFunc(func(e train.Event) {
		for _, w := range watchers {
			w.Observe(e)
		}
	}))
	var ended atomic.Bool
	ctx := interruptible(noter(func(text string) {
		if !ended.Load() {
			display.note(text)
		}
	}))
	err := c.run(ctx, s, display, trainer, t)
	ended.Store(true)
	if page != nil {
		page.server.Ended(t.dir)
	}
	if events != nil {
		fault := events.finish()
		var silent silentError
		if fault != nil && errors.As(err, &silent) { // which would say nothing
			report(s.err, fault)
			return err
		}
		err = errors.Join(err, fault)
	}
	if page == nil || err != nil {
		return err
	}
	fmt.Fprintf(s.err, "note: the training has ended; the page stays at %s until Ctrl-C\n", page.address)
	return page.serve(ctx)
}

// A noter is told what people are to know.
type noter func(text string)

func (n noter) note(text string) { n(text) }

// run is train without what others are told of it.
func (c *trainCommand) run(ctx context.Context, s *streams, display display, trainer *train.Trainer, t training) error {
	report, err := trainer.Run(ctx)
	display.close()
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(s.err, "firstspike: interrupted %s; the run is saved\n", position(t.experiment, trainer.State()))
		fmt.Fprintf(s.err, "firstspike: go on with: %s\n", command("train", "--resume", "--out", t.dir))
		return silentError(statusInterrupted)
	}
	if errors.Is(err, train.ErrSilent) {
		return fmt.Errorf("%w; the run is saved; find out why with: %s; or go on with: %s", err, command("doctor", t.dir), command("train", "--resume", "--out", t.dir))
	}
	if err != nil {
		if report != nil { // what could not be saved is at least told
			err = errors.Join(err, writeReport(s.out, t.dir, t.experiment, report, t.options.Test.Names))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w; go on from there with: %s", err, command("train", "--resume", "--out", t.dir))
		}
		return err
	}
	return writeReport(s.out, t.dir, t.experiment, report, t.options.Test.Names)
}

// interruptible is a context that ends with the first SIGINT or SIGTERM, or
// when the terminal is closed. The second SIGINT or SIGTERM ends the program at
// once, as if nothing had been said.
func interruptible(display interface{ note(text string) }) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	for _, s := range hangup {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	go func() {
		<-signals
		// A closing terminal may say so several times.
		ignore(hangup)
		signal.Stop(signals)
		display.note("stopping and saving; a second Ctrl-C stops at once and leaves what was saved before")
		cancel()
	}()
	return ctx
}

// ignore ignores signals; none if there are none, unlike package signal.
func ignore(signals []os.Signal) {
	for _, s := range signals {
		signal.Ignore(s)
	}
}

// position says how far a training has come.
func position(e train.Experiment, s train.State) string {
	if s.Layer >= len(e.Layers) || s.Layer == len(e.Layers)-1 && s.Epoch >= e.Layers[s.Layer].Learn.Epochs {
		return "after the last epoch, before the test was complete"
	}
	l := e.Layers[s.Layer]
	if s.Epoch >= l.Learn.Epochs {
		return fmt.Sprintf("in %s, after its last epoch", l.Name)
	}
	return fmt.Sprintf("in %s, epoch %d of %d, after %s images of it", l.Name, s.Epoch+1, l.Learn.Epochs, count(s.Image))
}

// resume goes on with a run.
func (c *trainCommand) resume(s *streams) error {
	t, faults := c.resumption()
	if err := faults.err(); err != nil {
		return err
	}
	path := filepath.Join(t.dir, checkpointFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return usageError{fmt.Errorf("%s: there is no run to go on with: it has no %s; leave out --resume to begin one", t.dir, checkpointFile)}
	}
	m, err := train.Load(path)
	if err != nil {
		return usageError{err}
	}
	t.notes = edited(t.dir, m.Experiment)
	t.experiment, t.resumed = m.Experiment, true
	if m.State.Finished() {
		return c.finished(s, t)
	}
	if t.options.Train, t.options.Test, err = dataset.OpenWith(t.experiment.Data.Source, t.experiment.Data.Options()); err != nil {
		return usageError{err}
	}
	page, err := c.page(&t)
	if err != nil {
		return err
	}
	defer page.close()
	display := newDisplay(s.err)
	defer display.close()
	t.options.Observer = display
	trainer, err := train.Resume(t.dir, t.options)
	if errors.Is(err, train.ErrFinished) {
		return c.finished(s, t)
	}
	if err != nil {
		return err
	}
	defer trainer.Close()
	display.start(t, trainer.State())
	return c.train(s, display, page, trainer, t)
}

// finished tells what came out of a run that needs no resuming.
func (c *trainCommand) finished(s *streams, t training) error {
	report, err := train.ReadReport(t.dir)
	if err != nil {
		return err
	}
	if c.TensorBoard != "" {
		events, err := watch(c.TensorBoard, t.dir)
		if err == nil {
			err = events.finish()
		}
		if err != nil {
			return err
		}
	}
	text := fmt.Sprintf("%s: the run is finished: %s\ntest it again with: %s\n", visible(t.dir), scoreText(report.Test.Score), command("test", t.dir))
	if c.Web {
		text += fmt.Sprintf("look at it with: %s\n", command("serve", t.dir))
	}
	_, err = io.WriteString(s.out, text)
	return err
}
