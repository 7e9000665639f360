package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firstspike/dataset"
	"firstspike/figure"
	"firstspike/gallery"
	"firstspike/inspect"
	"firstspike/preset"
	"firstspike/train"
)

type plotCommand struct {
	Folder string   `arg:"" name:"run" help:"The run's folder, a safetensors file from it, or the folder of a study."`
	Kinds  []string `arg:"" optional:"" name:"kind" help:"filters, kernels, features, raster, latency, potentials, curves, confusion, errors, weights; all that there are if none is named."`

	Out    string `placeholder:"DIR" help:"Where the pictures go; RUN/plots if not given."`
	Format string `placeholder:"NAME" help:"png (if not given) or svg."`
	Layer  string `placeholder:"NAME" help:"Of pictures of layers, only this layer's."`
	Image  string `placeholder:"N" help:"The test image whose way is shown, from 0; 0 if not given."`
	Data   string `placeholder:"SPEC" help:"The test images, as for test; those of the run if not given."`
	DPI    string `placeholder:"N" help:"Dots an inch of PNG files; 192 if not given."`
}

// Help is shown after the flags.
func (plotCommand) Help() string {
	return `All pictures of a run; what its last layer looks for, to print; the way of one image:

    firstspike plot runs/mozafari2018-seed1
    firstspike plot runs/mozafari2018-seed1 features --layer s3 --format svg
    firstspike plot runs/mozafari2018-seed1 raster latency potentials --image 8

The folder of a study (firstspike replicate) has one picture, curves: the mean of its seeds, with a band. The paths of what was drawn are printed, a line each.`
}

var plotKinds = []string{"filters", "kernels", "features", "raster", "latency", "potentials", "curves", "confusion", "errors", "weights"}

// A plotting is what the flags ask for.
type plotting struct {
	kinds    []string
	svg      bool
	dpi      int
	image    int
	chosen   bool // the kinds were named
	out, run string
	model    *train.Model
	test     *dataset.Set
}

func (c *plotCommand) plan() (p plotting, faults usageError) {
	p = plotting{kinds: c.Kinds, run: c.Folder, out: c.Out, chosen: len(c.Kinds) > 0}
	if !p.chosen {
		p.kinds = plotKinds
	}
	for _, kind := range c.Kinds {
		if !slices.Contains(plotKinds, kind) {
			faults.add("%s: there is no such picture; %s", kind, train.Nearest(kind, plotKinds))
		}
	}
	switch c.Format {
	case "", "png":
	case "svg":
		p.svg = true
	default:
		faults.add("--format %s: it must be png or svg", c.Format)
	}
	p.dpi = faults.number("--dpi", c.DPI, 192, 30, 1200)
	p.image = faults.number("--image", c.Image, 0, 0, 1<<30)
	return p, faults
}

func (c *plotCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

// Run draws.
func (c *plotCommand) Run(s *streams) error {
	p, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	if p.out == "" {
		if p.out = filepath.Join(c.Folder, "plots"); strings.EqualFold(filepath.Ext(c.Folder), ".safetensors") {
			p.out = strings.TrimSuffix(c.Folder, filepath.Ext(c.Folder)) + "-plots"
		}
	}
	if text, err := os.ReadFile(filepath.Join(c.Folder, "study.json")); err == nil {
		return p.study(s, text)
	}
	var err error
	if p.model, err = loadModel(s, c.Folder); err != nil {
		return err
	}
	layers := make([]string, 0, 8)
	for _, l := range p.model.Experiment.Layers {
		layers = append(layers, l.Name)
	}
	if c.Layer != "" && !slices.Contains(layers, c.Layer) {
		return usageError{fmt.Errorf("--layer %s: there is no such layer; %s", c.Layer, train.Nearest(c.Layer, layers))}
	}
	if slices.ContainsFunc(p.kinds, func(k string) bool {
		return slices.Contains([]string{"raster", "latency", "potentials", "confusion", "errors"}, k)
	}) {
		if err := p.open(c.Data); err != nil {
			return err
		}
	}
	for _, kind := range p.kinds {
		if kind == "filters" && !p.chosen && p.model.Experiment.Encode.Recordings() {
			continue // there are none
		}
		if err := p.draw(s, kind, c.Layer); err != nil {
			return err
		}
	}
	return nil
}

// draw draws the pictures of a kind, a layer's each, or one.
func (p *plotting) draw(s *streams, kind, only string) error {
	m := p.model
	each := func(f func(depth int) (figure.Figure, error)) error {
		for depth, l := range m.Experiment.Layers {
			if only != "" && l.Name != only {
				continue
			}
			picture, err := f(depth)
			if err == nil {
				err = p.write(s, kind+"-"+l.Name, picture)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	var road *inspect.Road
	name := fmt.Sprintf("Test image %d", p.image)
	if p.test != nil {
		var err error
		if road, err = inspect.Follow(m, p.test.Image(p.image)); err != nil {
			return err
		}
		name += fmt.Sprintf(" (%d)", p.test.Label(p.image))
	}
	number := fmt.Sprintf("-image%d", p.image)
	title := visible(filepath.Base(filepath.Clean(p.run)))
	switch kind {
	case "filters":
		f, err := gallery.Filters(m)
		if err != nil {
			return err
		}
		return p.write(s, kind, f)
	case "kernels":
		for depth, l := range m.Network.Layers {
			if l.In.Maps > gallery.MostInputs {
				if l.Name == only {
					return usageError{fmt.Errorf("kernels: %s reads %d maps, too many to tell apart; draw its features", only, l.In.Maps)}
				}
				continue
			}
			if only == "" || l.Name == only {
				if err := p.write(s, kind+"-"+l.Name, gallery.Kernels(m, depth, 40)); err != nil {
					return err
				}
			}
		}
		return nil
	case "features":
		return each(func(depth int) (figure.Figure, error) { return gallery.Features(m, depth) })
	case "raster":
		return p.write(s, kind+number, gallery.Raster(m, road, name))
	case "latency":
		if only == "" {
			if err := p.write(s, kind+"-input"+number, gallery.Latency(m, road, -1, name)); err != nil {
				return err
			}
		}
		for depth, l := range m.Experiment.Layers {
			if l.Name == only || only == "" && !m.Network.Layers[depth].AtEnd() {
				if err := p.write(s, kind+"-"+l.Name+number, gallery.Latency(m, road, depth, name)); err != nil {
					return err
				}
			}
		}
		return nil
	case "potentials":
		for depth, l := range m.Experiment.Layers {
			if only == "" || l.Name == only {
				if err := p.write(s, kind+"-"+l.Name+number, gallery.Potentials(m, road, depth, name)); err != nil {
					return err
				}
			}
		}
		return nil
	case "confusion":
		r, err := m.Test(context.Background(), p.test, 0, nil)
		if err != nil {
			return err
		}
		return p.write(s, kind, gallery.Confusion(title+" on "+visible(p.test.Name), r, p.test.Names))
	case "errors":
		var images [][]byte
		var labels []int
		for i := range p.test.Len() {
			images, labels = append(images, p.test.Image(i)), append(labels, p.test.Label(i))
		}
		f, err := gallery.Errors(m, images, labels, 20)
		if err != nil {
			return err
		}
		return p.write(s, kind, f)
	}
	// What is left is about the training, which only a folder has.
	epochs, err := train.ReadEpochs(p.run)
	if err != nil || len(epochs) == 0 {
		if p.chosen {
			return errors.Join(err, fmt.Errorf("%s: %s needs the epochs of a training, which only a run's folder has", p.run, kind))
		}
		return nil
	}
	if kind == "curves" {
		return p.write(s, kind, gallery.Curves(title, epochs, references(m.Experiment.Name)))
	}
	return each(func(depth int) (figure.Figure, error) { return gallery.Weights(m, epochs, depth), nil })
}

// references are what the source of a preset reports.
func references(name string) (list []gallery.Reference) {
	if p, ok := preset.Lookup(name); ok && len(p.Results) > 0 {
		r := p.Results[0]
		list = append(list, gallery.Reference{Name: r.By, Percent: r.Percent})
	}
	return list
}

// open opens the test images: those of the model if spec is empty.
func (p *plotting) open(spec string) (err error) {
	if p.test, err = openTest(p.model.Experiment.Data, spec); err != nil {
		return usageError{err}
	}
	if err := p.model.Fits(p.test); err != nil {
		return usageError{err}
	}
	if p.image >= p.test.Len() {
		return usageError{fmt.Errorf("--image %d: there are %s test images, from 0", p.image, count(p.test.Len()))}
	}
	return nil
}

// study draws the curves of a study.
func (p *plotting) study(s *streams, text []byte) error {
	var o studyOutput
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("%s: %w; the file is damaged", filepath.Join(p.run, "study.json"), err)
	}
	for _, kind := range p.kinds {
		if p.chosen && kind != "curves" {
			return usageError{fmt.Errorf("%s: a study has curves; for other pictures name one of its runs, such as %s", kind, filepath.Join(p.run, fmt.Sprintf("seed%d", o.Seeds[0].Seed)))}
		}
	}
	if len(o.Curve) == 0 && len(o.Seeds) > 0 {
		return usageError{fmt.Errorf("%s: no epoch of these runs was judged, so there is no curve; name one of the runs, such as %s", p.run, filepath.Join(p.run, fmt.Sprintf("seed%d", o.Seeds[0].Seed)))}
	}
	return p.write(s, "curves", gallery.Study(o.Name, o.Curve, o.CurveOf, len(o.Seeds), references(o.Name)))
}

// write writes a picture and says where it is.
func (p *plotting) write(s *streams, name string, f figure.Figure) error {
	var b bytes.Buffer
	var err error
	if name += ".png"; p.svg {
		name = strings.TrimSuffix(name, ".png") + ".svg"
		err = figure.SVG(&b, f)
	} else {
		err = figure.PNG(&b, f, p.dpi)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := os.MkdirAll(p.out, 0o777); err != nil {
		return err
	}
	path := filepath.Join(p.out, name)
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, visible(path))
	return err
}
