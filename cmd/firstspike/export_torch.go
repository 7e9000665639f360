package main

import (
	"archive/zip"
	"bytes"
	"fmt"
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

// writeWhole writes a file when all of it is there.
func writeWhole(s *streams, out string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return writeOut(s, out, b.Bytes())
}
