//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// The files that are made.
const (
	programFile = "engine.bin"
	startFile   = "wasm_exec.js"
	versionFile = "engine.txt"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "engine DIR makes the files of package firstspike/web/engine in this folder; go generate ./web calls it")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

// write makes the files in a folder.
func write(dir string) error {
	program, err := build()
	if err != nil {
		return err
	}
	start, err := os.ReadFile(filepath.Join(runtime.GOROOT(), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
	z.Write(program)
	if err := z.Close(); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, programFile), small.Bytes(), 0o666),
		os.WriteFile(filepath.Join(dir, startFile), start, 0o666),
		os.WriteFile(filepath.Join(dir, versionFile), []byte(runtime.Version()+"\n"), 0o666))
}

// build compiles the program. What it is made of decides its bytes, and nothing
// else: neither the folder that it is in, nor settings of the environment.
func build() ([]byte, error) {
	dir, err := os.MkdirTemp("", "firstspike-engine")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "engine.wasm")
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "firstspike/web/engine")
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOWASM=", "GOFLAGS=", "GOEXPERIMENT=", "GOTOOLCHAIN="+runtime.Version())
	if said, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, said)
	}
	return os.ReadFile(out)
}
