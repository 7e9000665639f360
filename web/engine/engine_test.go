package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"firstspike/preset"
	"firstspike/train"
)

// The files are what this package makes of the sources as they are.
func TestUpToDate(t *testing.T) {
	version, err := os.ReadFile(versionFile)
	if err != nil {
		t.Fatal(err)
	}
	if made := strings.TrimSpace(string(version)); made != runtime.Version() {
		t.Skipf("the engine was made by %s; this is %s, which makes another", made, runtime.Version())
	}
	if testing.Short() {
		t.Skip("building the engine takes some seconds")
	}
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{programFile, startFile} {
		is, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(is, want) {
			t.Errorf("%s is not what its sources make: run go generate ./web, and build the page again if wasm_exec.js has changed", name)
		}
	}
}

// The engine must not bring images along: they would be most of it.
func TestNoImages(t *testing.T) {
	f, err := os.Open(programFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	program, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile("../../dataset/mnist/t10k-labels-idx1-ubyte.gz")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(program, image[100:200]) {
		t.Error("MNIST is in the engine")
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	if root := strings.TrimSpace(string(out)); bytes.Contains(program, []byte(root)) {
		t.Errorf("the engine knows that Go was in %s: its bytes depend on that", root)
	}
}

// What is wrong is told, and nothing more happens.
func TestFaults(t *testing.T) {
	e := engine{}
	if got := e.ask("a", "{}"); got != `{"error":"there is no network \"a\"; load it first"}` {
		t.Errorf("asked before anything was loaded: %s", got)
	}
	for _, file := range []string{"", "x", "\x1f\x8b", "\x1f\x8b\x08", strings.Repeat("\xff", 100), "\x02\x00\x00\x00\x00\x00\x00\x00{}"} {
		if e.load("a", []byte(file)) == "" {
			t.Errorf("%q is a network", file)
		}
	}
	if fault := e.load("a", bars(t)); fault != "" {
		t.Fatal(fault)
	}
	for question, want := range map[string]string{
		``:                    `{"error":"the question cannot be read`,
		`[]`:                  `{"error":"the question cannot be read`,
		`{"ask":["nothing"]}`: `{"error":"nothing known is asked`,
		`{"ask":["decide"]}`:  `{"error":"0 pixels`,
		`{"ask":["neuron"]}`:  `{"error":`,
		`{"ask":["network"]}`: `{"network":{"name":"bars"`,
		`{}`:                  `{}`,
	} {
		if got := e.ask("a", question); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s; want %s", question, got, want)
		}
	}
	// A fault of the program itself is one more answer.
	if fault := engine(nil).load("a", bars(t)); !strings.HasPrefix(fault, "a fault of the program itself") {
		t.Errorf("loaded where nothing can be: %q", fault)
	}
}

// bars is the file of a network that has learned nothing.
func bars(t *testing.T) []byte {
	t.Helper()
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment.Clone())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
