package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/tensorfile"
	"firstspike/train"
)

type spikesCommand struct {
	Folder string `arg:"" name:"run" help:"The run's folder, or a safetensors file from it."`

	Out     string `placeholder:"FILE" help:"The npz file that the spikes go to."`
	Images  string `placeholder:"LIST" help:"Of these images, counted from 0, such as 0-99 or 7,30-39; the first 100 if none are named."`
	Limit   string `placeholder:"N" help:"Of the first N images."`
	Train   bool   `help:"Of training images, not of test images."`
	Layers  string `placeholder:"LIST" help:"Of these layers, such as input,s1; input is what the encoding makes of an image. All if none are named."`
	Data    string `placeholder:"SPEC" help:"The images, as for test; those of the run if not given."`
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given. The file does not depend on it."`
}

// Help is shown after the flags.
func (spikesCommand) Help() string {
	return `The spikes of images on their way through a network, as arrays that numpy reads:

    firstspike spikes runs/mozafari2018-seed1 --out spikes.npz
    firstspike spikes runs/mozafari2018-seed1 --out spikes.npz --images 0-999 --layers s1,s2
    python -c 'import numpy; print(numpy.load("spikes.npz")["first_s1"].shape)'

For n images the file holds

    first_NAME      uint8 [n, maps, rows, columns], of every layer and of the input: the step at which each neuron fires, from 0; 255 if it stays silent
    potential_NAME  float32 [n, maps, rows, columns], of the last layer: the potential at that step, 0 if silent
    images, labels  int32 [n]: which image of the set it is, from 0, and its class
    decisions       int32 [n]: the class that the network decides for; -1 if it is silent
    steps           int32: of an image
    about           uint8: JSON in UTF-8, about the layers, their pooling, the data and the experiment

Neurons are those of the layers, before pooling. Each fires at most once, so that these are all of their spikes. What pooled neurons do follows from them, also where pooling repeats; the Python package in clients/python computes it.

The arrays are dense, and packed, for most neurons are silent: a file is a small part of what they take in memory, which is 1 GiB at most.`
}

// mostSpikes is how many bytes of arrays one file may hold: they are in memory as
// a whole, here and with those who read them.
const mostSpikes = 1 << 30

// unsaid is how many images there are spikes of if the flags do not say.
const unsaid = 100

// A span is some images, one after another.
type span struct{ first, last int }

// spans reads a list such as 0-99,250.
func spans(text string) (list []span, err error) {
	for _, item := range strings.Split(text, ",") {
		from, to, isSpan := strings.Cut(item, "-")
		if !isSpan {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 10, 31)
		last, err2 := strconv.ParseUint(to, 10, 31)
		switch {
		case err1 != nil || err2 != nil:
			return nil, fmt.Errorf("%q; it must be numbers of images from 0, and first-last, separated by commas, such as 0-99,250", item)
		case last < first:
			return nil, fmt.Errorf("%s ends before it begins; name the lower number first", item)
		}
		list = append(list, span{int(first), int(last)})
	}
	return list, nil
}

// A recall is what the flags ask for.
type recall struct {
	spans   []span // nil: the first
	limit   int
	layers  []string
	workers int
}

func (c *spikesCommand) plan() (r recall, faults usageError) {
	if c.Out == "" {
		faults.add("--out: name the file that the spikes go to, such as --out spikes.npz")
	} else if info, err := os.Stat(c.Out); err == nil && info.IsDir() {
		faults.add("--out %s: is a folder; name a file in it, such as %s", c.Out, filepath.Join(c.Out, "spikes.npz"))
	}
	r.limit = faults.number("--limit", c.Limit, unsaid, 1, 1<<30)
	if c.Images != "" {
		var err error
		if r.spans, err = spans(c.Images); err != nil {
			faults.add("--images: %w", err)
		}
		if c.Limit != "" {
			faults.add("--images and --limit: both say which images; give one of them")
		}
	}
	if c.Layers != "" {
		r.layers = strings.Split(c.Layers, ",")
	}
	r.workers = workers(c.Workers, &faults)
	return r, faults
}

func (c *spikesCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

// Run computes and writes.
func (c *spikesCommand) Run(s *streams) error {
	r, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	m, err := loadModel(s, c.Folder)
	if err != nil {
		return err
	}
	set, err := c.open(m)
	if err != nil {
		return usageError{err}
	}
	d, err := r.dump(m, set)
	if err != nil {
		return usageError{err}
	}
	// A file that cannot be written is a fault before anything is computed.
	out, err := supersede(c.Out)
	if err != nil {
		var fault *fs.PathError // which names the path again
		if errors.As(err, &fault) {
			err = fault.Err
		}
		return usageError{fmt.Errorf("--out %s: %w; choose another place", c.Out, err)}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program
	file, size, err := r.write(ctx, s, out.File, m, set, d)
	if err = out.end(err); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintf(s.err, "firstspike: interrupted; %s is as it was\n", visible(c.Out))
			return silentError(statusInterrupted)
		}
		return err
	}
	text, err := spikesText(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s, %s MB: %s of %s, %s", visible(c.Out), decimal(float64(size)/1e6), plural(len(d.Images), "image"), visible(set.Name), text)
	return err
}

// open opens the images: those of the run, or what is named.
func (c *spikesCommand) open(m *train.Model) (set *dataset.Set, err error) {
	d := m.Experiment.Data
	if c.Train {
		spec := c.Data
		if spec == "" {
			spec = d.Source
		}
		set, _, err = dataset.OpenWith(spec, d.Options())
	} else {
		set, err = openTest(d, c.Data)
	}
	if err != nil {
		return nil, err
	}
	if err := m.Fits(set); err != nil {
		return nil, err
	}
	if m.Experiment.Readout.Rule == train.ReadoutSVM {
		_, err = m.Predictor() // there is none as long as the SVM is not learned
	}
	return set, err
}

// dump is which images and layers of a set the arrays are to hold, or an error if
// there are none of them, or too many.
func (r *recall) dump(m *train.Model, set *dataset.Set) (inspect.Dump, error) {
	d := inspect.Dump{Layers: r.layers}
	each, err := d.Bytes(m)
	if err != nil {
		return d, fmt.Errorf("--layers %w", err)
	}
	list := r.spans
	if list == nil {
		list = []span{{0, min(r.limit, set.Len()) - 1}}
	}
	n := 0
	for _, l := range list {
		if l.last >= set.Len() {
			return d, fmt.Errorf("--images: %d is none of %s, which has %s, from 0", l.last, set.Name, count(set.Len()))
		}
		n += l.last - l.first + 1
	}
	if n > mostSpikes/each {
		return d, fmt.Errorf("%s images take %s of arrays, and a file holds %s: %s fit; name fewer images, or with --layers fewer layers, or write several files",
			count(n), megabytes(int64(n)*int64(each)), megabytes(mostSpikes), count(mostSpikes/each))
	}
	for _, l := range list {
		for i := l.first; i <= l.last; i++ {
			d.Images = append(d.Images, i)
		}
	}
	return d, nil
}

// write computes the arrays, and writes them to a file.
func (r *recall) write(ctx context.Context, s *streams, to *os.File, m *train.Model, set *dataset.Set, d inspect.Dump) (f *tensorfile.File, size int64, err error) {
	display := newDisplay(s.err)
	defer display.close()
	// What is left behind by each image would otherwise take as much memory as the
	// arrays do, and without pointers in these collecting it is cheap.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	f, err = d.Arrays(ctx, m, set, r.workers, func(done int) {
		if _, ok := terminal(s.err); ok {
			display.Observe(train.Stage{Name: "computing spikes", Done: done, Total: len(d.Images)})
		}
	})
	if err != nil {
		return nil, 0, err
	}
	if err := tensorfile.WriteNPZ(until{ctx, to}, f, zip.Deflate); err != nil {
		return nil, 0, err
	}
	info, err := to.Stat()
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// An until writes until its context ends.
type until struct {
	ctx context.Context
	w   io.Writer
}

func (u until) Write(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(b)
}

// spikesText tells how the images were decided, and of every layer how many of
// its neurons fire.
func spikesText(f *tensorfile.File) (string, error) {
	var columns [2][]int
	for i, name := range []string{"labels", "decisions"} {
		t, err := f.Tensor(name)
		if err == nil {
			columns[i], err = t.Ints()
		}
		if err != nil {
			return "", err
		}
	}
	right, silent := 0, 0
	for i, label := range columns[0] {
		switch columns[1][i] {
		case label:
			right++
		case -1:
			silent++
		}
	}
	n := len(columns[0])
	var b strings.Builder
	fmt.Fprintf(&b, "%d right, %d wrong, %d silent\n", right, n-right-silent, silent)
	for _, t := range f.Tensors {
		name, ok := strings.CutPrefix(t.Name, "first_")
		if !ok {
			continue
		}
		fired := len(t.Data) - bytes.Count(t.Data, []byte{255})
		fmt.Fprintf(&b, "  %-6s %4d x %2d x %2d   %8s spikes an image, %5s %% of the neurons\n", name, t.Shape[1], t.Shape[2], t.Shape[3],
			count(int(math.Round(float64(fired)/float64(n)))), percent(fired, len(t.Data), 1))
	}
	return b.String(), nil
}
