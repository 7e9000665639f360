package nir_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"firstspike/nir"
)

var write = flag.Bool("write", false, "write testdata/tiny.nir anew; then read it with the package nir")

// The file has been read with the Python package nir 1.0.8, which finds in it
// what is here; the experiment, which grows with this program, is left out.
func TestGolden(t *testing.T) {
	const path = "testdata/tiny.nir"
	g, err := nir.New(tiny())
	if err != nil {
		t.Fatal(err)
	}
	delete(g.Metadata.Text, "experiment")
	var b bytes.Buffer
	if err := g.Write(&b); err != nil {
		t.Fatal(err)
	}
	if *write {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s has other bytes; if it should, go test ./nir -run TestGolden -write, and read it with the package nir", path)
	}
}
