package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"firstspike/dataset"
	"firstspike/firmware"
	"firstspike/quantize"
	"firstspike/train"
)

// vectors is how many test images go with exported C code.
const vectors = 10

// exportC writes a network as C into a folder, which also gives it its name. A
// layer whose weights do not lie on few levels is rounded to so many bits that next
// to nothing is lost.
func exportC(s *streams, m *train.Model, run, out string) error {
	if err := firmware.Check(m); err != nil {
		return fmt.Errorf("%s: %w", visible(run), err)
	}
	if out == "-" {
		return usageError{fmt.Errorf("--out -: C is a folder of files; name one")}
	}
	path, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	bits := quantize.Enough(m)
	rounded, err := quantize.Model(m, bits)
	if err != nil {
		return err
	}
	all, images, err := dataset.OpenWith(m.Experiment.Data.Source, m.Experiment.Data.Options())
	if err != nil {
		return fmt.Errorf("thresholds follow the rounded weights, with images that the network has learned from, and test images go with the code: %w", err)
	}
	learned, _, err := m.Experiment.Split(all)
	if err != nil {
		return err
	}
	if err := m.Fits(images); err != nil {
		return err
	}
	if err := quantize.Calibrate(context.Background(), m, rounded, learned, calibration, 0); err != nil {
		return err
	}
	n, err := firmware.New(rounded, firmware.Identifier(filepath.Base(path)))
	if err != nil {
		return fmt.Errorf("%s: %w", visible(run), err)
	}
	var few [][]byte
	for i := range min(vectors, images.Len()) {
		few = append(few, images.Image(i))
	}
	files, err := n.Files(few)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(out, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Content, 0o666); err != nil {
			return err
		}
	}
	var layers []string
	for _, l := range m.Network.Layers {
		layers = append(layers, fmt.Sprintf("%s %s", l.Name, plural(bits[l.Name], "bit")))
	}
	note := fmt.Sprintf("Bits of a weight: %s; what they cost, and fewer would, tells %s. Tables take %d bytes, working memory %d. To test it: make -C %s",
		strings.Join(layers, ", "), command("quantize", run), n.Flash(), n.RAM(), quote(out))
	_, err = fmt.Fprintln(s.err, wrapFor(s.err, note, 0))
	return err
}
