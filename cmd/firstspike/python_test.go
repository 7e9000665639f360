package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/inspect"
	"firstspike/train"
)

// expected is what the program knows of the files that Python is to read.
type expected struct {
	System      string                    `json:"system"`
	Layers      []string                  `json:"layers"`
	Weights     map[string]expectedArray  `json:"weights"`
	Accuracy    float64                   `json:"accuracy"`
	Convergence []float64                 `json:"convergence"` // of every epoch
	Validation  []float64                 `json:"validation"`  // share of right images of the last layer's
	Spikes      map[string]expectedSpikes `json:"spikes"`      // by file
}

type expectedArray struct {
	Shape []int  `json:"shape"`
	SHA   string `json:"sha256"`
}

type expectedSpikes struct {
	Images    []int                 `json:"images"`
	Labels    []int                 `json:"labels"`
	Decisions []int                 `json:"decisions"`
	First     map[string][]string   `json:"first"`  // checksums of the first spikes of every image
	Pooled    map[string][][][4]int `json:"pooled"` // step, map, row, column of every spike behind the pooling
}

// The Python package in clients/python reads what the program writes, and its
// example runs.
func TestPython(t *testing.T) {
	python := pythonWithNumpy(t)
	client, err := filepath.Abs("../../clients/python")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv(cacheEnv, cacheOff)
	e := tiny(t, smallData(t))
	experiment := filepath.Join(dir, "tiny.toml")
	text, err := e.TOML()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(experiment, text, 0o666); err != nil {
		t.Fatal(err)
	}
	run, repeating := filepath.Join(dir, "runs", "mozafari2018-seed1"), filepath.Join(dir, "runs", "repeating")
	want := expected{System: runtime.GOOS + "/" + runtime.GOARCH, Weights: map[string]expectedArray{}, Spikes: map[string]expectedSpikes{}}
	for _, args := range [][]string{
		{"train", experiment, "--out", run},
		{"train", experiment, "--out", repeating, "--set", "layers.s1.pool.repeats=true"},
		{"replicate", experiment, "--seeds", "2", "--out", filepath.Join(dir, "runs", "ten")},
		{"spikes", run, "--out", filepath.Join(dir, "spikes.npz"), "--images", "0-19"},
		{"spikes", repeating, "--out", filepath.Join(dir, "repeating.npz"), "--images", "7,3", "--train"},
	} {
		c, text := start(t, args...)
		if err := c.Wait(); err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, text)
		}
	}
	want.ofRun(t, run)
	learning, test, err := dataset.Open(e.Data.Source)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]int, 20)
	for i := range first {
		first[i] = i
	}
	want.Spikes["spikes.npz"] = spikesOf(t, run, test, first)
	want.Spikes["repeating.npz"] = spikesOf(t, repeating, learning, []int{7, 3})
	if text, err = json.Marshal(want); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "expected.json"), text, 0o666); err != nil {
		t.Fatal(err)
	}

	c := exec.Command(python, "-W", "error", "-m", "unittest", "discover", "-v", "tests")
	c.Dir = client
	c.Env = append(os.Environ(), "FIRSTSPIKE_FIXTURES="+dir, "PYTHONDONTWRITEBYTECODE=1", "MPLCONFIGDIR="+t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c, err, out)
	}
	for _, name := range []string{"test_weights", "test_spikes", "test_cells", "test_every_type"} {
		if !strings.Contains(string(out), name+" (") {
			t.Errorf("no %s was run:\n%s", name, out)
		}
	}
	if bytes.Contains(out, []byte("skipped")) {
		t.Errorf("tests were skipped:\n%s", out)
	}
}

// pythonWithNumpy is a Python that the client runs in: FIRSTSPIKE_PYTHON in the
// environment, or else python3. Without one the test is skipped.
func pythonWithNumpy(t *testing.T) string {
	t.Helper()
	const env = "FIRSTSPIKE_PYTHON"
	name := os.Getenv(env)
	if name == "" {
		name = "python3"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s; name a Python with numpy in %s", name, env)
	}
	const needs = "import sys, numpy; assert sys.version_info >= (3, 9)\nif sys.version_info < (3, 11): import tomli"
	if out, err := exec.Command(path, "-c", needs).CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		t.Skipf("%s cannot run the client (%s); name a Python of version 3.9 or later with numpy, and before 3.11 tomli, in %s", path, lines[len(lines)-1], env)
	}
	return path
}

// ofRun is what is expected of a run.
func (x *expected) ofRun(t *testing.T, dir string) {
	t.Helper()
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Network.Layers {
		var b bytes.Buffer
		if err := binary.Write(&b, binary.LittleEndian, l.Weights()); err != nil {
			t.Fatal(err)
		}
		x.Layers = append(x.Layers, l.Name)
		x.Weights[l.Name] = expectedArray{[]int{l.Maps, l.In.Maps, l.Kernel.Rows, l.Kernel.Cols}, fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))}
	}
	epochs, err := train.ReadEpochs(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range epochs {
		if x.Convergence = append(x.Convergence, e.Convergence); e.Validation != nil {
			x.Validation = append(x.Validation, e.Validation.Accuracy())
		}
	}
	report, err := train.ReadReport(dir)
	if err != nil {
		t.Fatal(err)
	}
	x.Accuracy = report.Test.Accuracy()
}

// spikesOf is what is expected of a file of spikes.
func spikesOf(t *testing.T, run string, set *dataset.Set, images []int) expectedSpikes {
	t.Helper()
	m, err := train.Load(run)
	if err != nil {
		t.Fatal(err)
	}
	x := expectedSpikes{Images: images, First: map[string][]string{}, Pooled: map[string][][][4]int{}}
	for _, i := range images {
		r, err := inspect.Follow(m, set.Image(i))
		if err != nil {
			t.Fatal(err)
		}
		x.Labels, x.Decisions = append(x.Labels, set.Label(i)), append(x.Decisions, r.Decision.Class)
		x.First[inspect.Input] = append(x.First[inspect.Input], fmt.Sprintf("%x", sha256.Sum256(r.Input.Major())))
		for _, s := range r.Stations {
			x.First[s.Name] = append(x.First[s.Name], fmt.Sprintf("%x", sha256.Sum256(s.First.Major())))
			spikes := [][4]int{}
			for step := range s.Events.Steps() {
				for fm := range s.Events.Maps { // the order of numpy
					for _, k := range s.Events.Step(step) {
						if n := s.Events.Neuron(int(k)%s.Events.Maps, int(k)/s.Events.Maps); n.Map == fm {
							spikes = append(spikes, [4]int{step, fm, n.Row, n.Col})
						}
					}
				}
			}
			x.Pooled[s.Name] = append(x.Pooled[s.Name], spikes)
		}
	}
	return x
}
