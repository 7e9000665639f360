package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firstspike/gallery"
	"firstspike/internal/whole"
	"firstspike/observe"
)

type exportCommand struct {
	Folder string `arg:"" name:"run" help:"The run's folder; with --to alone also a .safetensors file."`

	To  string `placeholder:"FORMAT" help:"Write the network: ${formats}."`
	Out string `placeholder:"FILE" help:"Where --to writes: a file, or a folder where the format has several."`

	TensorBoard string `name:"tensorboard" placeholder:"DIR" help:"Write what TensorBoard shows into this folder; a folder for each run."`
	CSV         string `name:"csv" placeholder:"FILE" help:"Write a table with a row for each epoch; - is the standard output."`
	JSONL       string `name:"jsonl" placeholder:"FILE" help:"Write a JSON object in a line for each epoch; - is the standard output."`
}

// Help is shown after the flags.
func (exportCommand) Help() string {
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(exporters)) {
		fmt.Fprintf(&list, "\n    %-12s %s", name, exporters[name].what)
	}
	return `Take a network elsewhere, firstspike export RUN --to FORMAT --out FILE:
` + list.String() + `

Look at runs in TensorBoard, side by side; hand the numbers to other tools:

    firstspike export runs/mozafari2018-seed1 --tensorboard logs/seed1
    tensorboard --logdir logs
    firstspike export runs/mozafari2018-seed1 --csv epochs.csv
    firstspike export runs/mozafari2018-seed1 --jsonl - | jq .train_right

TensorBoard gets shares of right, wrong and silent images, convergence, speed and learning rates, histograms of the weights, pictures of what the maps look for, and all settings with the result. The x axis is the number of images shown in the whole training. The same while a network is trained: firstspike train --tensorboard DIR. The tables have the same numbers; train_right is a share from 0 to 1, and epochs count from 0.`
}

func (c *exportCommand) faults() (faults usageError) {
	if c.TensorBoard == "" && c.CSV == "" && c.JSONL == "" && c.To == "" {
		faults.add("say what to write: --to FORMAT --out FILE, --tensorboard DIR, --csv FILE or --jsonl FILE")
	}
	if _, known := exporters[c.To]; c.To != "" && !known {
		faults.add("--to %s: the formats are %s", c.To, formats())
	}
	if (c.To == "") != (c.Out == "") {
		faults.add("--to FORMAT and --out FILE belong together")
	}
	if c.CSV == "-" && c.JSONL == "-" {
		faults.add("--csv - and --jsonl -: only one can go to the standard output")
	}
	return faults
}

// Run writes.
func (c *exportCommand) Run(s *streams) error {
	if err := c.faults().err(); err != nil {
		return err
	}
	epochs := c.TensorBoard != "" || c.CSV != "" || c.JSONL != ""
	if info, err := os.Stat(c.Folder); err == nil && !info.IsDir() && epochs {
		return usageError{fmt.Errorf("%s: it is no folder; only a run's folder tells of its epochs", c.Folder)}
	}
	m, err := loadModel(s, c.Folder)
	if err != nil {
		return err
	}
	if c.To != "" {
		if err := exporters[c.To].write(s, m, c.Folder, c.Out); err != nil {
			return err
		}
	}
	if !epochs {
		return nil
	}
	run, err := observe.ReadRun(c.Folder)
	if err != nil {
		return err
	}
	for _, table := range []struct {
		path string
		new  func(io.Writer, *observe.Run) *observe.Table
	}{{c.CSV, observe.NewCSV}, {c.JSONL, observe.NewJSONLines}} {
		if table.path == "" {
			continue
		}
		var b bytes.Buffer
		if err := table.new(&b, run).Err(); err != nil {
			return err
		}
		if err := writeOut(s, table.path, b.Bytes()); err != nil {
			return err
		}
	}
	if c.TensorBoard == "" {
		return nil
	}
	e, err := watch(c.TensorBoard, c.Folder)
	if err != nil {
		return err
	}
	return e.finish()
}

// interrupted is the end of a command that was interrupted, or else the error.
func interrupted(ctx context.Context, s *streams, err error) error {
	if ctx.Err() == nil {
		return err
	}
	fmt.Fprintln(s.err, "firstspike: interrupted; nothing was written")
	return silentError(statusInterrupted)
}

// canWrite reports a place where no file can be, before any work is done for it.
func canWrite(path string) error {
	if path == "" || path == "-" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usageError{fmt.Errorf("%s: is a folder; name a file", visible(path))}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("%s: there is no folder %s for it", visible(path), visible(filepath.Dir(path)))}
	}
	return nil
}

// writeOut writes to a file, as a whole, or to the standard output, which is called -.
func writeOut(s *streams, path string, content []byte) error {
	if path == "-" {
		_, err := s.out.Write(content)
		return err
	}
	w, err := supersede(path)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return w.end(err)
}

// writeWhole writes a file when all of it is there.
func writeWhole(s *streams, out string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return writeOut(s, out, b.Bytes())
}

// A replacement is a file that takes the place of another when all of it is there.
type replacement struct {
	*os.File
	aside *whole.File // the same; nil: File is what was named, a device or a pipe
}

// supersede begins a file that will take the place of path. Where that is no
// regular file it is written to.
func supersede(path string) (replacement, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return replacement{f, nil}, err
	}
	f, err := whole.Begin(path)
	if err != nil {
		if fault, ok := err.(*fs.PathError); ok { // which names the temporary file
			fault.Path = path
		}
		return replacement{}, err
	}
	return replacement{f.File, f}, nil
}

// end puts the file in its place, or, after an error, leaves that as it was.
func (r replacement) end(err error) error {
	if r.aside == nil {
		return errors.Join(err, r.Close())
	}
	return r.aside.End(0o644, err)
}

// events are what TensorBoard is told of a run.
type events struct {
	*observe.TensorBoard
	run, dir string // folders
}

// watch begins to tell TensorBoard of the run in a folder.
func watch(dir, folder string) (*events, error) {
	run, err := observe.ReadRun(folder)
	if err != nil {
		return nil, err
	}
	board, err := observe.NewTensorBoard(dir, run)
	if err != nil {
		return nil, err
	}
	// What was learned before an interruption is to be seen at once.
	if err := board.Images(run, gallery.Features); err != nil {
		board.Close()
		return nil, err
	}
	return &events{board, folder, dir}, nil
}

// finish adds what a training has to show when it ends, or is interrupted. The
// run itself is safe whatever comes of it.
func (e *events) finish() error {
	run, err := observe.ReadRun(e.run)
	if err == nil {
		err = e.Images(run, gallery.Features)
	}
	if err == nil {
		err = e.Outcome(run)
	}
	if fault := e.Close(); fault != nil {
		err = fault
	}
	if err != nil {
		return fmt.Errorf("what TensorBoard shows is not complete: %w; write it into another folder with: %s", err,
			command("export", e.run, "--tensorboard", filepath.Clean(e.dir)+"-again"))
	}
	return nil
}
