package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"firstspike/dataset"
	"firstspike/doctor"
	"firstspike/figure"
	"firstspike/gallery"
	"firstspike/inspect"
	"firstspike/preset"
	"firstspike/sweep"
	"firstspike/train"
)

type reportCommand struct {
	Folder string `arg:"" name:"run" help:"The folder of a run, or of a sweep."`

	Out   string `placeholder:"FILE" help:"The page; RUN/report.html if not given."`
	Image string `placeholder:"N" help:"The test image whose way is shown, from 0; 0 if not given."`
	Data  string `placeholder:"SPEC" help:"The test images, as for test; those of the run if not given."`
}

// Help is shown after the flags.
func (reportCommand) Help() string {
	return `One page to read, to hand in or to print: what the network is and where its numbers come from, what came of it, what it has learned, how it decides, what it gets wrong, and how to do it again. It is one file, and needs no network.

    firstspike report runs/mozafari2018-seed1`
}

func (c *reportCommand) faults() usageError {
	_, faults := (&plotCommand{Image: c.Image}).plan()
	return faults
}

// Run writes the page.
func (c *reportCommand) Run(s *streams) error {
	p, faults := (&plotCommand{Image: c.Image}).plan()
	if err := faults.err(); err != nil {
		return err
	}
	if sweep.IsStore(c.Folder) {
		if c.Image != "" || c.Data != "" {
			return usageError{fmt.Errorf("--image and --data are for the report of a run; %s is a sweep's folder", c.Folder)}
		}
		return c.sweep(s)
	}
	about, err := aboutRun(c.Folder)
	if err != nil {
		return err
	}
	if p.model, err = loadModel(s, c.Folder); err != nil {
		return err
	}
	if err := p.open(c.Data); err != nil {
		return err
	}
	page, err := reportPage(context.Background(), c.Folder, about, p.model, p.test, p.image)
	if err != nil {
		return err
	}
	return c.write(s, page)
}

// sweep writes the page of a sweep.
func (c *reportCommand) sweep(s *streams) error {
	file := sweepFile{File: c.Folder}
	o, err := file.look()
	if err != nil {
		return err
	}
	looks, err := readLooks(file.dir())
	if err != nil {
		return err
	}
	page, err := sweepPage(o, looks, file.args())
	if err != nil {
		return err
	}
	return c.write(s, page)
}

func (c *reportCommand) write(s *streams, page gallery.Page) error {
	out := c.Out
	if out == "" {
		out = filepath.Join(c.Folder, "report.html")
	}
	var b bytes.Buffer
	if err := page.Write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(out, b.Bytes(), 0o666); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, visible(out))
	return err
}

// health is what the doctor says of a run, nothing if its training images are
// not there any more.
func health(ctx context.Context, m *train.Model, dir string) (gallery.Section, error) {
	learn, _, err := dataset.OpenWith(m.Experiment.Data.Source, m.Experiment.Data.Options())
	if err != nil || m.Fits(learn) != nil || learn.Events {
		return gallery.Section{}, nil
	}
	epochs, err := train.ReadEpochs(dir)
	if err != nil {
		return gallery.Section{}, err
	}
	x, err := doctor.Examine(ctx, m, learn, doctor.Options{Epochs: epochs})
	if err != nil {
		return gallery.Section{}, err
	}
	s := gallery.Section{Heading: "Is it healthy?", Lines: layersText(x),
		Text: fmt.Sprintf("firstspike doctor, on %s images that the network learns from: %s.", count(x.Images), diagnosis(x))}
	for _, f := range x.Findings {
		if f.Severity == doctor.Note {
			continue
		}
		text := fmt.Sprintf("%v: %s, %s. %s", f.Severity, f.Layer, f.Cause, f.Text)
		for _, m := range f.Evidence {
			text += fmt.Sprintf(" %s: %s", m.Name, decimal(m.Value))
			if m.Healthy != "" {
				text += fmt.Sprintf(" (healthy: %s)", m.Healthy)
			}
			text += "."
		}
		for _, change := range f.Change {
			text += " --set " + change.String()
		}
		s.List = append(s.List, text)
	}
	return s, nil
}

// reportPage puts a run on a page.
func reportPage(ctx context.Context, dir string, about []string, m *train.Model, test *dataset.Set, image int) (gallery.Page, error) {
	e := m.Experiment
	page := gallery.Page{Title: fmt.Sprintf("%s, seed %d", e.Name, e.Seed)}
	result, err := m.Test(ctx, test, 0, nil)
	if err != nil {
		return page, err
	}
	page.Lead = fmt.Sprintf("On %s: %s.", test.Name, scoreText(result.Score))
	page.Facts = append(page.Facts, gallery.Fact{Name: "paper", Text: e.Paper})
	for _, line := range about {
		name, text, ok := strings.Cut(line, ": ")
		if !ok {
			name, text, _ = strings.Cut(line, " ")
		}
		page.Facts = append(page.Facts, gallery.Fact{Name: name, Text: text})
	}
	machine := thisMachine()
	page.Facts = append(page.Facts, gallery.Fact{Name: "this page", Text: fmt.Sprintf("%s, on %s, %d cores, SIMD %s", time.Now().Format("2 January 2006"), machine.CPU, machine.Cores, machine.SIMD)})
	if p, ok := preset.Lookup(e.Name); ok {
		for _, r := range p.Results {
			page.Reported = append(page.Reported, fmt.Sprintf("%.2f %%%s, %s: %s", r.Percent, after(r.Epoch), r.By, r.How))
		}
		page.Departures = departures(e, p)
	}
	if page.Experiment, err = annotate(e, nil); err != nil {
		return page, err
	}
	page.Commands = []string{command("train", dir, "--out", filepath.Clean(dir)+"-again"), command("test", dir), command("show", dir)}

	section := func(heading, text string, pictures ...figure.Figure) {
		page.Sections = append(page.Sections, gallery.Section{Heading: heading, Text: text, Pictures: pictures})
	}
	epochs, err := train.ReadEpochs(dir)
	if err != nil {
		return page, err
	}
	if len(epochs) > 0 {
		section("How it learned", "", gallery.Curves(e.Name, epochs, references(e.Name)))
	}
	section("What it gets right and wrong", "", gallery.Confusion(e.Name, result, test.Names))
	var images [][]byte
	var labels []int
	for i := range test.Len() {
		images, labels = append(images, test.Image(i)), append(labels, test.Label(i))
	}
	wrong, err := gallery.Errors(m, images, labels, 10)
	if err != nil {
		return page, err
	}
	page.Sections[len(page.Sections)-1].Pictures = append(page.Sections[len(page.Sections)-1].Pictures, wrong)

	if health, err := health(ctx, m, dir); err != nil {
		return page, err
	} else if health.Heading != "" {
		page.Sections = append(page.Sections, health)
	}

	var learned []figure.Figure
	if !e.Encode.Recordings() { // they go through no filters
		filters, err := gallery.Filters(m)
		if err != nil {
			return page, err
		}
		learned = append(learned, filters)
	}
	for depth := range e.Layers {
		f, err := gallery.Features(m, depth)
		if err != nil {
			return page, err
		}
		learned = append(learned, f)
	}
	section("What it has learned", "Every map of a layer looks for one thing. Here are these things in pixels: the weights of a map, each as the feature of the map that it reads, back to the filters of the encoding; what all maps of a layer have in common is left out. Maps that look like one another have not found anything of their own.", learned...)
	var weights []figure.Figure
	for depth := range e.Layers {
		if h := gallery.Weights(m, epochs, depth).(figure.Histograms); len(h.Counts) > 0 {
			weights = append(weights, h)
		}
	}
	if len(weights) > 0 {
		section("Its weights", "", weights...)
	}

	road, err := inspect.Follow(m, test.Image(image))
	if err != nil {
		return page, err
	}
	name := fmt.Sprintf("Test image %d (%d)", image, test.Label(image))
	pictures := []figure.Figure{gallery.Latency(m, road, -1, name), gallery.Raster(m, road, name)}
	pictures = append(pictures, gallery.Potentials(m, road, len(e.Layers)-1, name))
	section("How it decides", "One image on its way: each dot is a neuron's first and only spike. The strongest contrasts fire first; a neuron fires when its potential passes the threshold; the last layer decides by the highest potential.", pictures...)
	return page, nil
}
