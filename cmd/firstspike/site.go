package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"firstspike/web"
)

type siteCommand struct {
	Runs []string `arg:"" optional:"" name:"run" help:"Folders of runs, or of studies; all runs below ./runs if none is named."`

	Out     string `placeholder:"DIR" help:"The folder: a new or an empty one, or one that this command has written before."`
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given. The result does not depend on it."`
}

// Help is shown after the flags.
func (siteCommand) Help() string {
	return `The page of firstspike serve for any web host, without a server of its own: networks and test images are files, and the browser itself decides, as this program does, bit for bit.

    firstspike site runs/mozafari2018-seed1 --out site
    python3 -m http.server --bind 127.0.0.1 --directory site

Then open http://127.0.0.1:8000/. A browser does not load the page from the file itself. Upload all that is in the folder; what is in it works below any address. Written again into the same folder, it takes the place of what was there; files of others stay.`
}

func (c *siteCommand) plan() (workers int, faults usageError) {
	if c.Out == "" {
		faults.add("--out: name the folder that the page is written into, such as --out site")
	}
	return faults.number("--workers", c.Workers, 0, 1, 1<<16), faults
}

func (c *siteCommand) faults() usageError {
	_, faults := c.plan()
	for _, dir := range c.Runs {
		if info, err := os.Stat(dir); err != nil {
			faults = append(faults, missing(dir))
		} else if !info.IsDir() {
			faults.add("%s: is no folder; name that of a run, or one with runs below it", dir)
		}
	}
	return faults
}

// Run writes the site.
func (c *siteCommand) Run(s *streams) error {
	workers, _ := c.plan()
	if err := c.faults().err(); err != nil {
		return err
	}
	runs := c.Runs
	if len(runs) == 0 {
		runs = []string{"runs"}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	w, err := web.Site(ctx, c.Out, runs, web.Options{Workers: workers})
	switch {
	case errors.Is(err, web.ErrNoRun) && len(c.Runs) == 0:
		return usageError{fmt.Errorf("there is no run with a network below ./runs: train one first (%s), or name one", command("train"))}
	case errors.Is(err, web.ErrForeign):
		return usageError{fmt.Errorf("--out %w", err)}
	case errors.Is(err, web.ErrNoRun):
		return usageError{err}
	case err != nil:
		return err
	}
	var b strings.Builder
	for _, r := range w.Runs {
		fmt.Fprintf(&b, "%s\n", visible(r.Name))
	}
	fmt.Fprintf(&b, "%s, %s files in %s: %s\n", plural(len(w.Runs), "run"), count(w.Files), visible(filepath.Clean(c.Out)), megabytes(w.Whole))
	fmt.Fprintf(&b, "to the first decision a browser loads %s: page %s, engine %s, network %s\n", megabytes(w.First()), megabytes(w.Page), megabytes(w.Engine), megabytes(w.Network))
	if _, err := fmt.Fprint(s.out, b.String()); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "note: python3 -m http.server --bind 127.0.0.1 --directory %s shows it at http://127.0.0.1:8000/; any other web server does as well\n", quote(c.Out))
	return nil
}
