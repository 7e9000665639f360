// Command results writes the page docs/results.md: what presets reach beside
// what their sources report, what that costs in time, weights, spikes and
// operations, and with which command.
//
//	go run ./docs/results -out docs STUDY...
//
// takes folders that "firstspike replicate" wrote, counts spikes on their test
// images, and writes results.csv, results.png and results.md into the folder
// docs. A study takes the place of the row with the same command; other rows
// stay as they are, so that studies can come from several machines. With -draw
// the picture and the page are made from results.csv alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"

	"firstspike/figure"
)

func main() {
	o := options{}
	flag.StringVar(&o.out, "out", "docs", "the folder for the numbers, the picture and the page")
	flag.StringVar(&o.presets, "presets", "preset", "the folder of the presets' files, to which the page links")
	flag.IntVar(&o.images, "images", 1000, "test images on which spikes are counted")
	flag.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "goroutines that count")
	flag.BoolVar(&o.draw, "draw", false, "measure nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := results(ctx, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "results:", err)
		os.Exit(1)
	}
}

type options struct {
	out, presets    string
	images, workers int
	draw            bool
}

// The files of the page, in the folder options.out.
const (
	numbersFile = "results.csv"
	pageFile    = "results.md"
	pictureFile = "results.png"
)

func results(ctx context.Context, o options, studies []string) error {
	switch {
	case o.draw && len(studies) > 0:
		return errors.New("-draw reads no studies; leave out either")
	case !o.draw && len(studies) == 0:
		return errors.New("no studies; name folders that firstspike replicate wrote, or give -draw")
	case o.images < 1:
		return fmt.Errorf("-images %d: it must be at least 1", o.images)
	}
	path := filepath.Join(o.out, numbersFile)
	text, err := os.ReadFile(path)
	if err != nil && (o.draw || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	rows, err := parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, dir := range studies {
		r, err := measure(ctx, dir, o)
		if err != nil {
			return err
		}
		rows = put(rows, r)
	}
	return write(o.out, rows)
}

// write writes the three files.
func write(out string, rows []row) error {
	text, err := format(rows)
	if err != nil {
		return err
	}
	picture, err := os.CreateTemp(out, pictureFile)
	if err != nil {
		return err
	}
	defer os.Remove(picture.Name())
	if err := errors.Join(figure.PNG(picture, draw(rows), 144), picture.Chmod(0o666), picture.Close()); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(out, numbersFile), text, 0o666),
		os.WriteFile(filepath.Join(out, pageFile), []byte(page(rows)), 0o666),
		os.Rename(picture.Name(), filepath.Join(out, pictureFile)))
}
