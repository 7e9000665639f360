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
	"time"

	"firstspike/dataset"
	"firstspike/fetch"
	"firstspike/train"
)

type dataGetCommand struct {
	Name string `arg:"" help:"The data set's name: see data list."`

	To     string   `placeholder:"DIR" help:"The folder that its files go to; one in your folder for data sets if not given."`
	Mirror []string `sep:"none" placeholder:"URL" help:"The address of a folder with the files, to be asked before all others. Can be repeated."`
}

// Help is shown after the flags.
func (dataGetCommand) Help() string {
	return `Files that are there already and right are not fetched again. What has come before a connection breaks off, or before Ctrl-C, is kept, and the same command goes on from there. Every file is checked against its SHA-256 before it gets its name.

    firstspike data get fashion-mnist
    firstspike data get fashion-mnist --to fashion`
}

func (c *dataGetCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

// plan finds what is to be fetched.
func (c *dataGetCommand) plan() (k dataset.Known, faults usageError) {
	k, ok := dataset.Lookup(c.Name)
	switch {
	case dataset.Inside(c.Name):
		faults.add("%s: is inside the program; there is nothing to fetch", c.Name)
	case !ok:
		var names []string
		for _, k := range dataset.Catalogue() {
			names = append(names, k.Name)
		}
		faults.add("%s: no data set is known by this name; %s", quote(c.Name), train.Nearest(c.Name, names))
	case len(k.Files) == 0:
		faults.add("%s: cannot be fetched by this program; it is at %s", c.Name, k.Origin)
	}
	for _, m := range c.Mirror {
		if !strings.HasPrefix(m, "http://") && !strings.HasPrefix(m, "https://") {
			faults.add("--mirror %s: it must begin with http:// or https://", m)
		}
	}
	return k, faults
}

// Run fetches.
func (c *dataGetCommand) Run(s *streams) error {
	k, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	dir := c.To
	if dir == "" {
		folder, err := dataset.Folder()
		if err != nil {
			return err
		}
		dir = filepath.Join(folder, k.Name)
		if found, ok := k.Find(); ok && !same(found, dir) {
			_, err := fmt.Fprintf(s.out, "%s is here already, in %s; --to DIR fetches it all the same\n", k.Name, visible(found))
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	for _, f := range k.Files {
		file := fetch.File{Name: f.Name, Bytes: f.Bytes, SHA256: f.SHA256}
		for _, m := range append(c.Mirror, k.Mirrors...) {
			file.URLs = append(file.URLs, strings.TrimSuffix(m, "/")+"/"+f.Name)
		}
		p := fetching{s: s}
		err := fetch.Get(ctx, dir, file, fetch.Options{Observe: p.observe})
		p.end()
		switch {
		case ctx.Err() != nil && err != nil:
			fmt.Fprintf(s.err, "firstspike: interrupted; what has come is kept, the same command goes on\n")
			return silentError(statusInterrupted)
		case errors.Is(err, fetch.ErrOffline) && k.Package != "":
			return errors.Join(err, fmt.Errorf("%s is also Debian's package %s; or bring its files from another machine, and name their folder: %s DIR", k.Name, k.Package, command("train", "--data")))
		case err != nil:
			return err
		}
		if _, err := fmt.Fprintf(s.out, "%s: %s, as it shall be\n", visible(filepath.Join(dir, f.Name)), megabytes(f.Bytes)); err != nil {
			return err
		}
	}
	spec := k.Name
	if found, ok := k.Find(); !ok || !same(found, dir) {
		spec = dir
	}
	_, err := fmt.Fprintf(s.out, "\nLook at it, and train on it:\n  %s\n  %s\n", command("data", "preview", spec), command("train", "--data", spec))
	return err
}

// fetching shows how far a file is: on a terminal in a line that is drawn anew,
// elsewhere in a line for every attempt.
type fetching struct {
	s     *streams
	url   string
	drawn time.Time // zero: nothing is to be wiped out
	began time.Time
	from  int64
}

func (f *fetching) observe(p fetch.Progress) {
	width, ok := terminal(f.s.err)
	if p.Err != nil {
		f.end()
		fmt.Fprintf(f.s.err, "note: %s: %s\n", visible(p.URL), visible(p.Err.Error()))
		f.url = ""
		return
	}
	if p.URL != f.url {
		f.url, f.began, f.from = p.URL, time.Now(), p.Done
		if !ok {
			fmt.Fprintf(f.s.err, "fetching %s\n", visible(p.URL))
		}
	}
	if !ok || p.Done < p.Of && time.Since(f.drawn) < 100*time.Millisecond {
		return
	}
	f.drawn = time.Now()
	line := fmt.Sprintf("%s  %s of %s, %s %%", visible(p.File), megabytes(p.Done), megabytes(p.Of), percent(int(p.Done), int(p.Of), 0))
	if spent := time.Since(f.began).Seconds(); spent > 0.5 {
		line += fmt.Sprintf(", %s a second", megabytes(int64(float64(p.Done-f.from)/spent)))
	}
	fmt.Fprintf(f.s.err, "\r\x1b[K%s", line[:min(len(line), width-1)])
}

// end wipes the line out.
func (f *fetching) end() {
	if !f.drawn.IsZero() {
		fmt.Fprint(f.s.err, "\r\x1b[K")
		f.drawn = time.Time{}
	}
}
