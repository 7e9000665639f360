package main

import (
	"maps"
	"slices"
	"strings"

	"firstspike/train"
)

// An exporter writes a network in a format for others.
type exporter struct {
	what  string // in a few words
	write func(s *streams, m *train.Model, run, out string) error
}

var exporters = map[string]exporter{
	"c":           {"a folder: portable C99 without floats or allocation where that is possible, its test, an Arduino sketch: docs/microcontroller.md", exportC},
	"json":        {"one object: experiment, layers, weights (go doc firstspike/exchange Document)", exportJSON},
	"nir":         {"a graph for simulators and chips (NIR): docs/nir.md", exportNIR},
	"npz":         {"arrays for numpy.load, the experiment among them", exportNPZ},
	"safetensors": {"weights, thresholds and the experiment", exportSafetensors},
	"torch":       {"a PyTorch state dict, with the names of SpykeTorch's MozafariDeep if it is like it", exportTorch},
}

// formats lists the formats.
func formats() string { return strings.Join(slices.Sorted(maps.Keys(exporters)), ", ") }

func exportSafetensors(s *streams, m *train.Model, _, out string) error {
	return writeWhole(s, out, m.Write)
}
