package main

import (
	"archive/zip"
	"io"

	"firstspike/exchange"
	"firstspike/tensorfile"
	"firstspike/train"
)

func exportTorch(s *streams, m *train.Model, _, out string) error {
	f, err := exchange.Torch(m)
	if err != nil {
		return err
	}
	return writeWhole(s, out, func(w io.Writer) error { return tensorfile.WriteTorch(w, f) })
}

func exportNPZ(s *streams, m *train.Model, _, out string) error {
	f, err := exchange.NPZ(m)
	if err != nil {
		return err
	}
	return writeWhole(s, out, func(w io.Writer) error { return tensorfile.WriteNPZ(w, f, zip.Store) })
}

func exportJSON(s *streams, m *train.Model, _, out string) error {
	return writeWhole(s, out, func(w io.Writer) error { return exchange.WriteJSON(w, m) })
}
