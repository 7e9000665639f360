//go:build !js

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
