package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"firstspike/dataset"
	"firstspike/event"
	"firstspike/internal/parallel"
)

type simulateCommand struct {
	Data string `arg:"" optional:"" placeholder:"SPEC" help:"The images, as train --data takes them, of at most 34x34 pixels; mnist if none are named."`

	Out     string `placeholder:"DIR" help:"The folder that the recordings go to."`
	Seed    string `placeholder:"N" help:"Seed of the camera: of how its pixels differ, and of all noise; 0 if not given."`
	Limit   string `placeholder:"N" help:"Record only the first N images of each part."`
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given. The recordings do not depend on it."`
}

// Help is shown after the flags.
func (simulateCommand) Help() string {
	return `Show images to an event camera that exists in numbers only, and write its recordings in the layout of N-MNIST: DIR/Train/CLASS/00001.bin and DIR/Test/CLASS/00001.bin, the numbers being those of the images. The camera is fitted to N-MNIST (docs/nmnist.md tells how near it comes), and all of MNIST takes minutes:

    firstspike simulate --out events
    firstspike train EXPERIMENT.toml --data events --set data.rows=34 --set data.cols=34

Same images and seed, same recordings. Stopped by Ctrl-C, the same command goes on where it was.`
}

// A simulation is what the flags ask for.
type simulation struct {
	spec    string
	camera  event.Camera
	limit   int
	workers int
}

func (c *simulateCommand) plan() (p simulation, faults usageError) {
	p = simulation{spec: c.Data, camera: event.NMNIST()}
	if p.spec == "" {
		p.spec = "mnist"
	}
	if c.Out == "" {
		faults.add("--out: name the folder that the recordings go to, such as --out events")
	}
	p.camera.Seed = uint64(faults.number("--seed", c.Seed, 0, 0, 1<<31-1))
	p.limit = faults.number("--limit", c.Limit, 0, 1, 1<<30)
	p.workers = faults.number("--workers", c.Workers, runtime.GOMAXPROCS(0), 1, 1024)
	return p, faults
}

func (c *simulateCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

// Run records.
func (c *simulateCommand) Run(s *streams) error {
	p, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	train, test, err := dataset.Open(p.spec)
	if err != nil {
		return usageError{err}
	}
	for _, set := range []*dataset.Set{train, test} {
		switch {
		case set.Events:
			return usageError{fmt.Errorf("%s: holds recordings already; give images", set.Name)}
		case set.Rows > p.camera.Rows || set.Cols > p.camera.Cols:
			return usageError{fmt.Errorf("%s: images of %dx%d pixels, and the sensor has %dx%d, a pixel for a pixel; give smaller ones", set.Name, set.Rows, set.Cols, p.camera.Rows, p.camera.Cols)}
		}
	}
	if err := p.claim(c.Out, train, test); err != nil {
		return err
	}
	train, test = train.Limit(p.limit), test.Limit(p.limit)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	began, made := time.Now(), int64(0)
	for i, part := range []struct {
		name string
		set  *dataset.Set
	}{{"Train", train}, {"Test", test}} {
		n, err := p.record(ctx, s, filepath.Join(c.Out, part.name), part.set, uint64(i)<<40)
		made += n
		switch {
		case ctx.Err() != nil && err != nil:
			fmt.Fprintf(s.err, "firstspike: interrupted; what is recorded is kept, the same command goes on\n")
			return silentError(statusInterrupted)
		case err != nil:
			return err
		}
	}
	all := train.Len() + test.Len()
	text := fmt.Sprintf("%s recordings in %s, %s of them new, in %s\n", count(all), visible(filepath.Clean(c.Out)), count(int(made)), time.Since(began).Round(time.Second/10))
	_, err = fmt.Fprintf(s.out, "%s\nLook at them:\n  %s\n", text, command("data", "check", c.Out))
	return err
}

// simulatedFile tells where recordings come from.
const simulatedFile = "simulated.json"

// claim makes the folder, or checks that what it has was recorded in the same
// way.
func (p *simulation) claim(dir string, train, test *dataset.Set) error {
	text, err := json.MarshalIndent(struct {
		What                string
		Images, Train, Test string
		Camera              event.Camera
	}{"recordings by a simulated event camera, made by firstspike simulate", p.spec, train.Sum(), test.Sum(), p.camera}, "", "\t")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	path := filepath.Join(dir, simulatedFile)
	have, err := os.ReadFile(path)
	switch {
	case err == nil && !bytes.Equal(have, text):
		return usageError{fmt.Errorf("--out %s: has recordings that were made of other images, with another seed, or by another version of the camera, as its %s tells; choose another folder", dir, simulatedFile)}
	case err == nil:
		return nil
	case !errors.Is(err, os.ErrNotExist):
		return usageError{fmt.Errorf("--out %w", err)}
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return usageError{fmt.Errorf("--out %s: has files of others; name a new or an empty folder", dir)}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return usageError{fmt.Errorf("--out %w", err)}
	}
	return os.WriteFile(path, text, 0o666)
}

// record records all images of a part that have no recording yet, and says how
// many those were. The camera knows image i by the number first + i.
func (p *simulation) record(ctx context.Context, s *streams, dir string, set *dataset.Set, first uint64) (made int64, err error) {
	digits := len(fmt.Sprint(max(1, set.Classes-1)))
	for class := range set.Classes {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprintf("%0*d", digits, class)), 0o777); err != nil {
			return 0, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done, fresh atomic.Int64
	var told sync.Mutex
	drawn := time.Now()
	tell := func() {
		n := done.Add(1)
		if _, ok := terminal(s.err); !ok || !told.TryLock() {
			return
		}
		defer told.Unlock()
		if time.Since(drawn) > 200*time.Millisecond {
			drawn = time.Now()
			fmt.Fprintf(s.err, "\r\x1b[K%s of %s recordings of %s", count(int(n)), count(set.Len()), visible(filepath.Base(dir)))
		}
	}
	err = parallel.Each(ctx, set.Len(), p.workers, func() func(int) {
		recorder, fault := p.camera.Recorder()
		var data []byte
		return func(i int) {
			path := filepath.Join(dir, fmt.Sprintf("%0*d", digits, set.Label(i)), fmt.Sprintf("%05d.bin", i+1))
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				tell()
				return
			}
			if fault == nil {
				data, fault = recorder.Record(set.Image(i), set.Rows, set.Cols, first+uint64(i)).Encode(data[:0])
			}
			if fault == nil {
				fault = replace(path, data)
			}
			if fault != nil {
				cancel(fault)
				return
			}
			fresh.Add(1)
			tell()
		}
	})
	if _, ok := terminal(s.err); ok {
		fmt.Fprint(s.err, "\r\x1b[K")
	}
	if err != nil {
		err = context.Cause(ctx)
	}
	return fresh.Load(), err
}

// replace writes a file as a whole: what has its name is complete.
func replace(path string, data []byte) error {
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part") // which readers pass over
	if err := os.WriteFile(part, data, 0o666); err != nil {
		return err
	}
	return os.Rename(part, path)
}
