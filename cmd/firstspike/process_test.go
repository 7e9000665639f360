package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"firstspike/tensorfile"
	"firstspike/train"
)

// longer is an experiment that takes long enough to be stopped on the way. The
// processes that a test starts have no cache, which would make it short.
func longer(t *testing.T) (path string) {
	t.Helper()
	t.Setenv(cacheEnv, cacheOff)
	e := tiny(t, smallData(t))
	for path, value := range map[string]string{"layers.s1.learn.epochs": "6", "layers.s2.learn.epochs": "6", "layers.s3.learn.epochs": "40", "layers.s3.learn.dropout": "0.3"} {
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	text, err := e.TOML()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "longer.toml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts the program as a process of its own.
func start(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := exec.Command("firstspike", args...)
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, &text
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, &text
}

// waitFor waits until a run has begun and has so many lines of metrics.
func waitFor(t *testing.T, dir string, lines int) {
	t.Helper()
	for range 10000 {
		_, err := os.Stat(filepath.Join(dir, checkpointFile))
		text, _ := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		if err == nil && bytes.Count(text, []byte("\n")) >= lines {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%s: no %d lines of metrics", dir, lines)
}

// A run that is killed again and again, at any moment, and resumed with
// different numbers of workers, with a cache and without, gives what an
// undisturbed one gives.
func TestKilledRunGoesOnToTheSameBits(t *testing.T) {
	experiment := longer(t)
	dir := t.TempDir()
	whole, broken := filepath.Join(dir, "whole"), filepath.Join(dir, "broken")
	c, text := start(t, "train", experiment, "--out", whole)
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}

	args := []string{"train", experiment, "--out", broken, "--save-every", "1ms"}
	killed := 0
	for _, lines := range []int{0, 1, 3, 6, 8, 12, 14, 20, 30, 45} {
		c, text := start(t, args...)
		waitFor(t, broken, lines)
		time.Sleep(time.Duration(rand.IntN(int(20 * time.Millisecond))))
		if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		if c.Wait() != nil {
			killed++
		}
		if strings.Contains(text.String(), "firstspike:") {
			t.Fatalf("%s", text)
		}
		args = []string{"train", "--resume", "--out", broken, "--save-every", "1ms", "--workers", []string{"1", "2", "3"}[killed%3]}
		if killed%2 == 1 {
			args = append(args, "--cache", filepath.Join(dir, "cache"))
		}
	}
	c, text = start(t, args...)
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if killed < 5 {
		t.Fatalf("killed only %d times", killed)
	}
	// A checkpoint has the best epoch's weights of the last layer as well.
	for name, n := range map[string]int{"model.safetensors": 3, checkpointFile: 4} {
		want, got := tensors(t, filepath.Join(whole, name)), tensors(t, filepath.Join(broken, name))
		if len(want) != n || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the weights differ", name)
		}
	}
	if want, got := metrics(t, whole), metrics(t, broken); !reflect.DeepEqual(got, want) {
		t.Errorf("the metrics differ:\n%v\n%v", want, got)
	}
	want, err1 := train.ReadReport(whole)
	got, err2 := train.ReadReport(broken)
	want.Seconds, got.Seconds, got.Cached = 0, 0, nil
	if err1 != nil || err2 != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the reports differ: %+v, %v; %+v, %v", want, err1, got, err2)
	}
	left, err := filepath.Glob(filepath.Join(broken, "*"))
	if err != nil || len(left) != 7 {
		t.Errorf("files in the run: %v, %v", left, err)
	}
}

func tensors(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := tensorfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, tensor := range f.Tensors {
		all[tensor.Name] = tensor.Data
	}
	return all
}

// metrics is the lines of a run's metrics without what a clock says, and whose
// cache they come from.
func metrics(t *testing.T, dir string) []map[string]any {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []map[string]any
	for s := bufio.NewScanner(f); s.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		delete(line, "seconds")
		delete(line, "images_per_second")
		delete(line, "cached")
		all = append(all, line)
	}
	return all
}

// While a process trains, no other may use its folder. The first Ctrl-C saves
// and says how to go on.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent an interrupt")
	}
	run := filepath.Join(t.TempDir(), "run")
	e := longer(t)
	c, text := start(t, "train", e, "--out", run, "--set", "layers.s3.learn.epochs=100000")
	waitFor(t, run, 3)
	for _, args := range [][]string{{"train", "--resume", "--out", run}, {"train", e, "--out", run}} {
		second, said := start(t, args...)
		if err := second.Wait(); err == nil || !strings.Contains(said.String(), "firstspike: "+run+": another process is training here") {
			t.Errorf("%v: %v: %s", args, err, said)
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if status := c.ProcessState.ExitCode(); status != statusInterrupted {
		t.Errorf("status %d\n%s", status, text)
	}
	for _, want := range []string{"; the run is saved\n", "firstspike: go on with: firstspike train --resume --out " + run + "\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("nothing says %q:\n%s", want, text)
		}
	}

	// Meanwhile it can be tested and shown, and says that it is not finished.
	for _, command := range []string{"test", "show"} {
		c, text := start(t, command, run)
		if err := c.Wait(); err != nil || !strings.Contains(text.String(), "not finished") {
			t.Errorf("%s: %v\n%s", command, err, text)
		}
	}
}

// A closed terminal ends a training as Ctrl-C does, however often it says so
// and though nobody is there to read.
func TestHangup(t *testing.T) {
	if len(hangup) == 0 || runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent a hangup")
	}
	if signal.Ignored(hangup[0]) { // as under nohup; the training inherits it, and goes on
		t.Skip("hangups are ignored here")
	}
	run := filepath.Join(t.TempDir(), "run")
	c := exec.Command("firstspike", "train", longer(t), "--out", run, "--save-every", "1h", "--set", "layers.s3.learn.epochs=100000")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = write, write
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	read.Close()
	waitFor(t, run, 14)
	for range 3 {
		if err := c.Process.Signal(hangup[0]); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	c.Wait()
	if status := c.ProcessState.ExitCode(); status != statusInterrupted {
		t.Errorf("status %d: %v", status, c.ProcessState)
	}
	m, err := train.Load(filepath.Join(run, checkpointFile))
	if err != nil || m.State.Layer != 2 {
		t.Errorf("not saved: %+v, %v", m, err)
	}
}

// A training whose messages nobody reads goes on to its end.
func TestBrokenPipe(t *testing.T) {
	if len(brokenPipe) == 0 || runtime.GOOS == "windows" {
		t.Skip("there is no such signal")
	}
	run := filepath.Join(t.TempDir(), "run")
	c := exec.Command("firstspike", "train", longer(t), "--out", run)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, write
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if _, err := read.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	read.Close()
	if err := c.Wait(); err != nil || !strings.Contains(text.String(), "\ntest: ") {
		t.Errorf("%v\n%s", err, &text)
	}
}
