package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"firstspike/internal/slurm"
	"firstspike/sweep"
)

// onSlurm is a sweep whose trainings take a second, most of it to save.
const onSlurm = `
preset = "bars"
seeds  = 2

[set]
protocol.validation = 200
layers.s2.learn.epochs = 400

[[axis]]
path   = "layers.s1.threshold"
values = [1.5, 2]

[[axis]]
path   = "layers.s2.learn.a_plus"
values = [0.002, 0.004]
`

// do runs the program, or another, and returns what it printed.
func do(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(args[0], args[1:]...)
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Run(); err != nil {
		t.Fatalf("%q: %v\n%s%s", args, err, out.String(), complaints.String())
	}
	return out.String()
}

// comesAbout waits for something that a queue will bring about.
func comesAbout(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for began := time.Now(); !happened(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 2*time.Minute {
			queue, _ := exec.Command("squeue").CombinedOutput()
			t.Fatalf("%s does not happen\n%s", what, queue)
		}
	}
}

// A sweep on a real Slurm gives the bits of one on this machine, whatever
// happens to its tasks: a process is killed, a task is put back into the queue,
// all are cancelled and submitted again.
func TestSweepOnSlurm(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no Slurm")
	}
	for _, v := range slurm.Start(t) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "rates.toml")
	if err := os.WriteFile(file, []byte(onSlurm), 0o666); err != nil {
		t.Fatal(err)
	}
	local, remote := filepath.Join(dir, "local"), filepath.Join(dir, "on slurm")
	do(t, "firstspike", "sweep", "run", file, "--out", local)

	queued := func() bool { return strings.TrimSpace(do(t, "squeue", "--noheader")) != "" }
	submit := func() (ids []string) {
		t.Helper()
		return strings.Fields(do(t, "firstspike", "sweep", "submit", file, "--on", "slurm", "--out", remote))
	}
	// working is a process that trains, as the claims tell.
	working := func() (process int) {
		r := sweep.Runner{Plan: plan(t, remote), Store: sweep.Store{Dir: remote}}
		o, err := r.Look()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range o.Working {
			if w.Part > 0 || w.At != "" || w.Process > 0 {
				return w.Process
			}
		}
		return 0
	}

	// Cancelled.
	ids := submit()
	if len(ids) != 3 {
		t.Fatalf("the ids are %q; there are first layers, the rest, and the merge", ids)
	}
	comesAbout(t, "a training", func() bool { return working() > 0 })
	do(t, append([]string{"scancel"}, ids...)...)
	comesAbout(t, "the end of the cancelled", func() bool { return !queued() })
	if n := len(results(t, remote)); n == 8 {
		t.Fatal("all was done before it was cancelled")
	}

	// Killed, and requeued.
	ids = submit()
	comesAbout(t, "a kill", func() bool { // one that has just ended cannot be killed any more
		process := working()
		if process == 0 {
			return false
		}
		p, err := os.FindProcess(process)
		return err == nil && p.Kill() == nil
	})
	comesAbout(t, "a requeue", func() bool {
		for _, task := range strings.Fields(do(t, "squeue", "--noheader", "--array", "--states=RUNNING", "--jobs="+ids[1], "--format=%i")) {
			if exec.Command("scontrol", "requeue", task).Run() == nil {
				return true
			}
		}
		return false
	})
	comesAbout(t, "the end", func() bool { return !queued() })

	// What the killed one left is done by the next submission.
	if len(results(t, remote)) < 8 {
		submit()
		comesAbout(t, "the end", func() bool { return !queued() })
	}
	want, have := results(t, local), results(t, remote)
	if len(want) != 8 || len(have) != 8 {
		t.Fatalf("%d results here, %d on Slurm; not 8", len(want), len(have))
	}
	resumed := 0
	for key, w := range want {
		if filepath.Ext(have[key].Run) != ".1" {
			resumed++
		}
		if h := have[key]; h.Weights != w.Weights || h.Validation != w.Validation || h.Epoch != w.Epoch {
			t.Errorf("%s: %+v on Slurm, %+v here", key, h, w)
		}
	}
	if resumed == 0 {
		t.Error("no training was taken up by another process: nothing was interrupted")
	}
	text, err := os.ReadFile(filepath.Join(remote, "runs.csv"))
	if err != nil || bytes.Count(text, []byte("\n")) != 9 {
		t.Errorf("the last job has merged %d lines, %v", bytes.Count(text, []byte("\n")), err)
	}
	logs, err := filepath.Glob(filepath.Join(escape(remote), "logs", "*"))
	if err != nil || len(logs) < 9 {
		t.Errorf("%d logs, %v", len(logs), err)
	}
}

func plan(t *testing.T, dir string) *sweep.Plan {
	t.Helper()
	p, err := sweep.Store{Dir: dir}.Load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func results(t *testing.T, dir string) map[string]sweep.Result {
	t.Helper()
	all, err := sweep.Store{Dir: dir}.Results()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
