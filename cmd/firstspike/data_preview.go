package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"firstspike/dataset"
	"firstspike/event"
	"firstspike/figure"
)

type dataPreviewCommand struct {
	Spec string `arg:"" name:"spec" help:"The data, as train --data takes them: see data."`

	Out    string `short:"o" placeholder:"FILE" help:"The picture, a PNG file; preview.png if not given."`
	Images string `placeholder:"N" help:"Images of each class; 10 if not given."`
	DPI    string `placeholder:"N" help:"Dots an inch; 192 if not given."`

	dataFlags `embed:""`
}

// Help is shown after the flags.
func (dataPreviewCommand) Help() string {
	return `The images are what a network gets to see: training images, at equal distances through each class.

    firstspike data preview fashion-mnist -o fashion.png
    firstspike data preview photos --rows 64 --cols 96 --fit crop`
}

func (c *dataPreviewCommand) faults() (faults usageError) {
	c.options(&faults)
	c.plan(&faults)
	return faults
}

func (c *dataPreviewCommand) plan(faults *usageError) (images, dpi int) {
	return faults.number("--images", c.Images, 10, 1, 100), faults.number("--dpi", c.DPI, 192, 30, 1200)
}

// Pictures of different sizes are drawn in this size.
const previewSide = 96

// Run draws.
func (c *dataPreviewCommand) Run(s *streams) error {
	var faults usageError
	images, dpi := c.plan(&faults)
	if len(faults) > 0 {
		return c.faults()
	}
	train, _, made, err := c.open(c.Spec, previewSide, previewSide, dataset.Pad)
	if err != nil {
		return err
	}
	name := c.Spec
	if !dataset.Named(name) {
		name = filepath.Base(filepath.Clean(name))
	}
	var b bytes.Buffer
	sheet, err := previewSheet(name, train, images, made)
	if err != nil {
		return err
	}
	if err := figure.PNG(&b, sheet, dpi); err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		out = "preview.png"
	}
	if err := os.WriteFile(out, b.Bytes(), 0o666); err != nil {
		return err
	}
	if made {
		fmt.Fprintf(s.err, "note: the pictures have different sizes; each is drawn whole, in %dx%d; --rows and --cols show what a network would see\n", previewSide, previewSide)
	}
	_, err = fmt.Fprintln(s.out, visible(out))
	return err
}

// previewSheet shows so many images of every class. Made says that their size is
// for this picture only.
func previewSheet(name string, s *dataset.Set, images int, made bool) (figure.Figure, error) {
	byClass := make([][]int, s.Classes)
	for i, l := range s.Labels {
		byClass[l] = append(byClass[l], i)
	}
	// Together they must not be more pixels than a sheet has.
	const pixels, most = 1 << 23, 5000
	images = max(1, min(images, most/max(1, s.Classes)))
	side := 256
	for side*side*images*s.Classes > pixels {
		side /= 2
	}
	rows, cols := s.Rows, s.Cols
	if s.Fit != "" {
		side = min(side, max(16, 1200/images-12)) // so that photographs fill the width of the sheet
	}
	if long := max(rows, cols); long > side || s.Fit != "" {
		rows, cols = max(1, rows*side/long), max(1, cols*side/long)
	}
	sheet := figure.Sheet{Heading: fmt.Sprintf("%s: %s training images of %dx%d pixels", name, count(s.Len()), s.Rows, s.Cols), Columns: images}
	switch {
	case s.Events:
		sheet.Heading = fmt.Sprintf("%s: %s training recordings of %dx%d pixels, all events of each", name, count(s.Len()), s.Rows, s.Cols)
	case made:
		sheet.Heading = fmt.Sprintf("%s: %s training pictures of different sizes", name, count(s.Len()))
	}
	for class, ids := range byClass {
		g := figure.Group{Heading: fmt.Sprintf("%s (%s)", s.ClassName(class), count(len(ids)))}
		n := min(images, len(ids))
		for k := range n {
			grey := dataset.Grey{Rows: s.Rows, Cols: s.Cols, Pixels: s.Image(ids[k*len(ids)/n])}
			if s.Events {
				events, err := event.Decode(grey.Pixels, s.Rows, s.Cols, nil)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", s.Source(ids[k*len(ids)/n]), err)
				}
				grey.Pixels = event.Recording{Rows: s.Rows, Cols: s.Cols, Events: events}.Picture()
			}
			image, _ := dataset.Natural(grey, rows, cols, dataset.Stretch)
			g.Images = append(g.Images, figure.Image{Rows: rows, Cols: cols, Grey: image})
		}
		sheet.Groups = append(sheet.Groups, g)
	}
	return sheet, nil
}
