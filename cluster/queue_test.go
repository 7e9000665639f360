package cluster

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firstspike/internal/slurm"
)

var limit = flag.Bool("limit", false, "let Slurm's own time limit end a task, which takes two to three minutes")

// record is a program that notes what happens to it in a file of its folder:
// "record HOW INDEX CPUS".
const record = `#!/bin/bash
note() { echo "$how $index $*" >>record; }
how=$1 index=$2
note begin "$3" "${SLURM_RESTART_COUNT:-0}"
saved=saved-$how-$index
case $how in
quick) sleep 0.3 ;;
fails) [ "$index" != 1 ] || exit 3 ;;
dies)
	if [ ! -e "$saved" ]; then
		trap 'note TERM; touch "$saved"; trap - TERM; kill -TERM $$' TERM
		note waits
		while :; do sleep 0.1; done
	fi ;;
stops | slow)
	if [ ! -e "$saved" ]; then
		trap 'note TERM; [ $how = stops ] || sleep 3; touch "$saved"; exit 130' TERM
		note waits
		while :; do sleep 0.1; done
	fi ;;
esac
note end
`

// ugly is a folder whose name is hard to quote.
func ugly(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), `it's a "plan" of $HOME #1 ü`)
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "record.sh"), []byte(record), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// submit submits stages, each named after what its tasks do, and a final job.
func submit(t *testing.T, s Slurm, p Plan, stages ...Stage) (dir string, ids []string) {
	t.Helper()
	p.Name, p.Dir = "a plan's", ugly(t)
	p.Program = []string{filepath.Join(p.Dir, "record.sh")}
	for _, stage := range stages {
		stage.Args = []string{stage.Name, Index, CPUs}
		p.Stages = append(p.Stages, stage)
	}
	p.Final = []string{"final", "x", CPUs}
	path, err := Write(p.Dir, p, s)
	if err != nil {
		t.Fatal(err)
	}
	if ids, err = s.Submit(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(stages)+1 {
		t.Fatalf("the ids are %q", ids)
	}
	return p.Dir, ids
}

// await waits until something has been recorded so often, and returns all that was.
func await(t *testing.T, dir, line string, times int) []string {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(dir, "record"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if count(lines, line) >= times {
			return lines
		}
		if time.Since(begun) > 4*time.Minute {
			queue, _ := exec.Command("squeue").CombinedOutput()
			t.Fatalf("%q does not come %d times:\n%s\n%s", line, times, text, queue)
		}
	}
}

// count counts the lines that begin as line does.
func count(lines []string, line string) int {
	n := 0
	for _, l := range lines {
		if strings.HasPrefix(l, line) {
			n++
		}
	}
	return n
}

func do(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
}

func TestSlurm(t *testing.T) {
	for _, v := range slurm.Start(t) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	if n, err := MaxArray(t.Context()); err != nil || n != 1001 {
		t.Errorf("arrays have %d tasks, %v", n, err)
	}
	t.Run("side by side", testSideBySide)
	t.Run("preempted", testPreempted) // after those, which the urgent job would preempt as well
}

func testSideBySide(t *testing.T) {
	t.Run("stages are run in order, whatever fails", func(t *testing.T) {
		t.Parallel()
		dir, _ := submit(t, Slurm{MaxArray: 3}, Plan{CPUs: 2, Memory: 100 << 20, Most: 2}, Stage{Name: "fails", Count: 3}, Stage{Name: "quick", Count: 5})
		lines := await(t, dir, "final x end", 1)
		for _, want := range []string{
			"fails 0 begin 2 0", "fails 1 begin 2 0", "fails 2 begin 2 0", "fails 0 end", "fails 2 end",
			"quick 0-1 begin 2 0", "quick 2-3 begin 2 0", "quick 4-4 begin 2 0", "quick 0-1 end", "quick 2-3 end", "quick 4-4 end",
			"final x begin 2 0",
		} {
			if count(lines, want) != 1 {
				t.Errorf("%q is missing", want)
			}
		}
		if len(lines) != 13 || !slices.IsSortedFunc(lines, func(a, b string) int {
			order := []string{"fails", "quick", "final"}
			return slices.Index(order, a[:5]) - slices.Index(order, b[:5])
		}) {
			t.Errorf("recorded:\n%s", strings.Join(lines, "\n"))
		}
		running := 0
		for _, l := range lines {
			if strings.HasPrefix(l, "quick") && strings.Contains(l, "begin") {
				running++
			} else if strings.HasPrefix(l, "quick") {
				running--
			}
			if running > 2 {
				t.Error("more tasks at once than the plan allows")
			}
		}
		if files, err := filepath.Glob(filepath.Join(escape(dir), "logs", "*")); err != nil || len(files) != 7 {
			t.Errorf("the logs are %q, %v", files, err)
		}
	})

	// Both tasks, since the last of an array has the array's id as its own.
	t.Run("a task that is out of time goes on", func(t *testing.T) {
		t.Parallel()
		dir, ids := submit(t, Slurm{}, Plan{}, Stage{Name: "stops", Count: 2})
		for _, i := range []string{"0", "1"} {
			await(t, dir, "stops "+i+" waits", 1)
			do(t, "scancel", "--signal=USR1", "--batch", ids[0]+"_"+i) // as the time limit does
		}
		lines := await(t, dir, "final x end", 1)
		for _, want := range []string{"stops 0 begin 1 0", "stops 0 begin 1 1", "stops 1 begin 1 0", "stops 1 begin 1 1", "stops 0 TERM", "stops 1 TERM"} {
			if count(lines, want) != 1 {
				t.Errorf("%q is missing", want)
			}
		}
		if len(lines) != 12 {
			t.Errorf("recorded:\n%s", strings.Join(lines, "\n"))
		}
	})

	t.Run("a task that is cancelled does not", func(t *testing.T) {
		t.Parallel()
		dir, ids := submit(t, Slurm{}, Plan{}, Stage{Name: "stops", Count: 1}, Stage{Name: "slow", Count: 1})
		await(t, dir, "stops 0 waits", 1)
		do(t, "scancel", ids[0]+"_0")
		await(t, dir, "slow 0 waits", 1)
		do(t, "scancel", "--signal=USR1", "--batch", ids[1]+"_0")
		await(t, dir, "slow 0 TERM", 1)
		do(t, "scancel", ids[1]+"_0") // while it saves
		lines := await(t, dir, "final x end", 1)
		if count(lines, "stops 0 begin") != 1 || count(lines, "slow 0 begin") != 1 || count(lines, "stops 0 TERM") != 1 {
			t.Errorf("recorded:\n%s", strings.Join(lines, "\n"))
		}
	})

	t.Run("a task that is requeued is told to stop once", func(t *testing.T) {
		t.Parallel()
		dir, ids := submit(t, Slurm{}, Plan{}, Stage{Name: "stops", Count: 1})
		await(t, dir, "stops 0 waits", 1)
		do(t, "scontrol", "requeue", ids[0]+"_0")
		lines := await(t, dir, "final x end", 1)
		if count(lines, "stops 0 begin 1 1") != 1 || count(lines, "stops 0 TERM") != 1 || len(lines) != 7 {
			t.Errorf("recorded:\n%s", strings.Join(lines, "\n"))
		}
	})

	t.Run("what Slurm does not take is said", func(t *testing.T) {
		t.Parallel()
		s, p := Slurm{Options: []string{"--partition=no where"}}, small(ugly(t))
		path, err := Write(p.Dir, p, s)
		if err != nil {
			t.Fatal(err)
		}
		if ids, err := s.Submit(t.Context(), path); err == nil || !strings.Contains(err.Error(), "invalid partition specified: no where") {
			t.Errorf("%q, %v", ids, err)
		}
	})

	t.Run("a task that reaches its time limit goes on", func(t *testing.T) {
		if !*limit {
			t.Skip("-limit")
		}
		t.Parallel()
		dir, _ := submit(t, Slurm{Time: 2 * time.Minute}, Plan{}, Stage{Name: "stops", Count: 1})
		lines := await(t, dir, "final x end", 1)
		if count(lines, "stops 0 begin 1 1") != 1 || count(lines, "stops 0 TERM") != 1 || len(lines) != 7 {
			t.Errorf("recorded:\n%s", strings.Join(lines, "\n"))
		}
	})
}

// urgent is a job that notes in the files it is given when it begins and ends.
const urgent = `#!/bin/bash
note() { for record; do echo "urgent $what" >>"$record"; done; }
what=begin note "$@"
until [ -e over ]; do sleep 0.1; done
what=end note "$@"
`

// Whether a task dies of being told to stop or saves and exits with 130, it is
// queued again. The two have half of the node each, the urgent job takes it all.
func testPreempted(t *testing.T) {
	dir := t.TempDir()
	path, over := filepath.Join(dir, "urgent.sh"), filepath.Join(dir, "over")
	if err := os.WriteFile(path, []byte(urgent), 0o755); err != nil {
		t.Fatal(err)
	}
	hows := []string{"dies", "slow"}
	var plans, records, tasks []string
	for _, how := range hows {
		plan, ids := submit(t, Slurm{}, Plan{CPUs: slurm.CPUs / 2}, Stage{Name: how, Count: 1})
		plans, tasks = append(plans, plan), append(tasks, ids[0]+"_0")
		records = append(records, filepath.Join(plan, "record"))
	}
	for i, how := range hows {
		await(t, plans[i], how+" 0 waits", 1)
	}
	do(t, append([]string{"sbatch", "--partition=urgent", "--exclusive", "--chdir=" + dir, "--output=/dev/null", path}, records...)...)
	for _, plan := range plans {
		await(t, plan, "urgent begin", 1)
	}
	out, err := exec.Command("squeue", "--noheader", "--array", "--jobs="+strings.Join(tasks, ","), "--format=%T").Output()
	if err != nil || string(out) != "PENDING\nPENDING\n" {
		t.Errorf("the tasks are %q, %v", out, err)
	}
	do(t, "touch", over)
	for i, how := range hows {
		lines := await(t, plans[i], "final x end", 1)
		want := []string{
			how + " 0 begin 4 0", how + " 0 waits", how + " 0 TERM", "urgent begin", "urgent end",
			how + " 0 begin 4 1", how + " 0 end", "final x begin 4 0", "final x end",
		}
		if !slices.Equal(lines, want) {
			t.Errorf("recorded:\n%s", strings.Join(lines, "\n"))
		}
	}
}

// escape is a path as a pattern of package filepath.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `*`, `\*`, `?`, `\?`).Replace(path)
}
