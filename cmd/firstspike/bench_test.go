package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"firstspike/dataset"
	"firstspike/train"
)

// checkBench checks the JSON of the command bench: that it has the stages
// that are named, in that order, and that its numbers can be true:
// "check-bench FILE STAGE...".
func checkBench(args []string) error {
	content, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var o benchOutput
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return err
	}
	m := o.Machine
	if m.CPU == "" || m.Cores < 1 || m.SIMD == "" || m.Go == "" || m.System == "" {
		return fmt.Errorf("machine %+v", m)
	}
	if o.Source == "" || o.Experiment == "" || o.Epoch < 1 || o.Workers < 1 || !(o.BytesPerNeuron > 0) || o.Peak == 0 || o.PeakFrom == "" || o.Interrupted {
		return fmt.Errorf("%+v", o)
	}
	var stages []string
	for _, s := range o.Stages {
		stages = append(stages, s.Stage)
		us := s.Microseconds
		if !(0 < us.Low && us.Low <= us.Median && us.Median <= us.High) || !(s.ImagesPerSecond > 0) || s.Images < 1 || s.Repeats < 1 {
			return fmt.Errorf("%+v", s)
		}
		if p := us.Median * s.ImagesPerSecond; p < 0.999e6 || p > 1.001e6 {
			return fmt.Errorf("%s: %v microseconds an image and %v images a second", s.Stage, us.Median, s.ImagesPerSecond)
		}
		if s.SpikesOut == nil || !(*s.SpikesOut > 0) || !(s.SpikesPerSecond > 0) || s.Allocations < 0 {
			return fmt.Errorf("%+v", s)
		}
		encodes := s.Stage == train.StageEncode
		if (s.SpikesIn == nil) != encodes || (s.Operations == nil) != encodes || (s.OperationsPerSecond == nil) != encodes {
			return fmt.Errorf("%+v", s)
		}
		if !encodes && !(*s.SpikesIn > 0 && *s.Operations > *s.SpikesIn && *s.OperationsPerSecond > 0) {
			return fmt.Errorf("%s: %v spikes, %v operations, %v a second", s.Stage, *s.SpikesIn, *s.Operations, *s.OperationsPerSecond)
		}
	}
	if !slices.Equal(stages, args[1:]) {
		return fmt.Errorf("stages %q, not %q", stages, args[1:])
	}
	return nil
}

// What was measured before an interruption is kept, and shown.
func TestBenchInterrupted(t *testing.T) {
	e := tiny(t, "mnist")
	e.Data.Limit = 100
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	images, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tell := func(name string, done, total int) {
		if name == "measuring s2" {
			cancel()
		}
	}
	var c benchCommand
	out := benchOutput{Machine: thisMachine(), Network: fresh, Source: "tiny", Workers: 2, Interrupted: true}
	err = c.measure(ctx, m, images, e.Stages(), benching{images: 10, repeats: 1, workers: 2}, tell, &out)
	if err == nil || len(out.Stages) != 2 || out.Stages[1].Stage != "s1" {
		t.Fatalf("%v, %+v", err, out.Stages)
	}
	text := out.text()
	for _, want := range []string{"machine  ", "network  fresh: the initial weights of tiny; an epoch has 50 images\n", "\nencode ", "\ns1 ", "so workers change nothing", "interrupted"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q:\n%s", want, text)
		}
	}
}

// The table fits a terminal, whatever is in it.
func TestBenchTableFits(t *testing.T) {
	large, small := 1234567.89, 0.0123
	out := benchOutput{Machine: machine{strings.Repeat("CPU ", 40), 128, "avx512", "go1.26", "linux/amd64"}, Network: trained, Source: "run", Epoch: 60_000, Workers: 1024, Peak: 123e9}
	for _, v := range []*float64{&large, &small, nil} {
		s := stageOutput{Stage: "inference", Repeats: 5, SpikesIn: v, SpikesOut: v, Operations: v, OperationsPerSecond: v}
		if v != nil {
			s.Microseconds, s.ImagesPerSecond = spread{*v, *v, *v}, *v
		}
		out.Stages = append(out.Stages, s)
	}
	for line := range strings.Lines(out.text()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > tableColumns {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, x := range []struct {
		repeats []time.Duration
		want    spread
	}{
		{[]time.Duration{3000}, spread{1.5, 1.5, 1.5}},
		{[]time.Duration{8000, 2000, 4000}, spread{2, 1, 4}},
		{[]time.Duration{8000, 2000, 4000, 6000}, spread{2.5, 1, 4}},
	} {
		if got := (timings{images: 2, repeats: x.repeats}).microseconds(); got != x.want {
			t.Errorf("%v: %v, want %v", x.repeats, got, x.want)
		}
	}
}

// While the small network is trained nothing has been measured: Ctrl-C ends
// the command, and nothing is left behind.
func TestBenchInterruptedTraining(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted")
	}
	dir := t.TempDir()
	c := exec.Command("firstspike", "bench", "--limit", "60000")
	c.Env = append(os.Environ(), "TMPDIR="+dir)
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, &text
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	run := filepath.Join(dir, "firstspike-bench-*")
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if found, _ := filepath.Glob(run); len(found) == 1 {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatal("no training begins")
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if status := c.ProcessState.ExitCode(); status != statusInterrupted || text.String() != "firstspike: interrupted; of 8 stages there are results of 0\n" {
		t.Errorf("status %d: %s", status, &text)
	}
	if found, _ := filepath.Glob(run); len(found) > 0 {
		t.Errorf("left behind: %q", found)
	}
}
