package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"firstspike/sweep"
)

// A sweep that is told to end saves, says so, and goes on from there to the same
// results when it is run again.
func TestSweepStopsInTime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "rates.toml")
	if err := os.WriteFile(file, []byte(onSlurm), 0o666); err != nil {
		t.Fatal(err)
	}
	whole, broken := filepath.Join(dir, "whole"), filepath.Join(dir, "broken")
	do(t, "firstspike", "sweep", "run", file, "--out", whole)

	c, text := start(t, "sweep", "run", file, "--out", broken, "--jobs", "1")
	comesAbout(t, "a training in its last layer", func() bool {
		if !sweep.IsStore(broken) {
			return false
		}
		holders, _ := filepath.Glob(filepath.Join(broken, "claims", "*"))
		for _, path := range holders {
			var h sweep.Holder
			if sweep.ReadJSON(path, &h) == nil && h.Process > 0 {
				lines, _ := filepath.Glob(filepath.Join(broken, "runs", filepath.Base(path), "checkpoint.safetensors"))
				return len(lines) > 0
			}
		}
		return false
	})
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != statusInterrupted || !strings.Contains(text.String(), "all is saved, and the same command goes on") {
		t.Fatalf("%v\n%s", err, text)
	}
	if claims, _ := os.ReadDir(filepath.Join(broken, "claims")); len(claims) != 0 {
		t.Errorf("it left claims: %v", claims)
	}
	again := exec.Command("firstspike", "sweep", "run", file, "--out", broken)
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "goes on from its last checkpoint") {
		t.Errorf("%v\n%s", err, out)
	}
	want, have := results(t, whole), results(t, broken)
	if len(want) != 8 || len(have) != 8 {
		t.Errorf("%d and %d results, not 8", len(want), len(have))
	}
	for key, w := range want {
		if h := have[key]; h.Weights != w.Weights || h.Validation != w.Validation {
			t.Errorf("%s: %+v, not %+v", key, h, w)
		}
	}
}
