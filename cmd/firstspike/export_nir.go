package main

import (
	"firstspike/nir"
	"firstspike/train"
)

// exportNIR writes the network as a graph of the neuromorphic intermediate
// representation.
func exportNIR(s *streams, m *train.Model, _, out string) error {
	g, err := nir.New(m)
	if err != nil {
		return err
	}
	return writeWhole(s, out, g.Write)
}
