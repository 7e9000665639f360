package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func small(dir string) Plan {
	return Plan{Name: "small", Dir: dir, Program: []string{"/bin/prog"}, Stages: []Stage{{"a", []string{Index}, 2}, {"b", []string{Index}, 2}}, Final: []string{"merge"}}
}

// A sbatch that takes so many jobs, and a scancel that notes what it is given.
const pretended = `#!/bin/bash
echo "${0##*/} $*" >>"$NOTES"
[ "${0##*/}" = sbatch ] || exit 0
[ "$(grep -c ^sbatch "$NOTES")" -le "$TAKES" ] || { echo 'the queue is full' >&2; exit 1; }
grep -c ^sbatch "$NOTES"
if [ -n "${SLOW:-}" ]; then touch "$NOTES.begun"; sleep 1; fi
`

func pretend(t *testing.T, takes string) (path, notes string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	bin := t.TempDir()
	for _, name := range []string{"sbatch", "scancel"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(pretended), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	notes = filepath.Join(bin, "notes")
	t.Setenv("NOTES", notes)
	t.Setenv("TAKES", takes)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	dir := ugly(t)
	path, err := Write(dir, small(dir), Slurm{})
	if err != nil {
		t.Fatal(err)
	}
	return path, notes
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSubmit(t *testing.T) {
	path, notes := pretend(t, "3")
	ids, err := Slurm{}.Submit(t.Context(), path)
	if err != nil || !slices.Equal(ids, []string{"1", "2", "3"}) {
		t.Errorf("%q, %v", ids, err)
	}
	const want = `sbatch --parsable 1-a.sbatch
sbatch --parsable --dependency=afterany:1 2-b.sbatch
sbatch --parsable --dependency=afterany:2 3-final.sbatch
`
	if got := read(t, notes); got != want {
		t.Errorf("ran\n%swant\n%s", got, want)
	}
}

// All are submitted or none is.
func TestSubmitFails(t *testing.T) {
	path, notes := pretend(t, "2")
	ids, err := Slurm{}.Submit(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "the queue is full") || !strings.Contains(err.Error(), "cancelled what was submitted: 1 2") {
		t.Errorf("%q, %v", ids, err)
	}
	if got := read(t, notes); !strings.HasSuffix(got, "\nscancel 1 2\n") {
		t.Errorf("ran\n%s", got)
	}
}

func TestSubmitIsInterrupted(t *testing.T) {
	path, notes := pretend(t, "3")
	t.Setenv("SLOW", "yes")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 1000 {
			if _, err := os.Stat(notes + ".begun"); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	if ids, err := (Slurm{}).Submit(ctx, path); err == nil {
		t.Errorf("%q", ids)
	}
	if got := read(t, notes); !strings.HasSuffix(got, "\nscancel 1\n") {
		t.Errorf("ran\n%s", got)
	}
}

// Whatever the arguments are, the program gets them.
func TestArgumentsInScripts(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "p r=$o'g")
	if err := os.WriteFile(program, []byte("#!/bin/bash\nprintf '%s\\0' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOfN(argument(), 1, 20).Draw(t, "args")
		n, index := rapid.IntRange(1, 100).Draw(t, "count"), 0
		array := rapid.IntRange(1, 100).Draw(t, "array")
		files, err := Slurm{MaxArray: array}.Files(Plan{Name: "p", Dir: dir, Program: []string{program}, Stages: []Stage{{"s", append(args, Index), n}}})
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command("bash", "-c", files[0].Text)
		c.Env = append(os.Environ(), "SLURM_CPUS_PER_TASK=7", "SLURM_ARRAY_JOB_ID=1", fmt.Sprint("SLURM_ARRAY_TASK_ID=", index))
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		value := "0"
		if each := (n + array - 1) / array; each > 1 {
			value = fmt.Sprintf("0-%d", each-1)
		}
		want := ""
		for _, a := range append(args, Index) {
			want += strings.NewReplacer(Index, value, CPUs, "7").Replace(a) + "\x00"
		}
		if string(out) != want {
			t.Errorf("got %q; want %q\n%s", out, want, files[0].Text)
		}
	})
}

// argument draws what may be an argument: one line of text.
func argument() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom([]string{Index, CPUs, "$(JOB_COMPLETION_INDEX)", "$$", "$x", "`", `\`, `"`, "'", "-", "=", "#", " ", "!", "{", "<&>"}), rapid.StringN(0, 4, -1))).Draw(t, "parts")
		text := strings.Join(parts, "")
		var f faults
		if !f.text("", text) {
			return "plain"
		}
		return text
	})
}

func TestSlurmGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, array := rapid.IntRange(1, 5000).Draw(t, "count"), rapid.IntRange(1, 200).Draw(t, "array")
		files, err := Slurm{MaxArray: array}.Files(Plan{Name: "p", Dir: "/p", Program: []string{"p"}, Stages: []Stage{{"s", []string{Index}, n}}})
		if err != nil {
			t.Fatal(err)
		}
		var last int
		for line := range strings.Lines(files[0].Text) {
			if fmt.Sscanf(line, "#SBATCH --array=0-%d", &last); last > 0 {
				break
			}
		}
		each := (n + array - 1) / array
		if tasks := last + 1; tasks > array || tasks*each < n || (tasks-1)*each >= n {
			t.Errorf("%d tasks of %d have %d indices, with %d at most", tasks, each, n, array)
		}
	})
}

func TestMaxArray(t *testing.T) {
	n, err := parseMaxArray([]byte("Configuration data as of now\nMaxArrayTasks=7\nMaxArraySize            = 4001\nMaxBatchRequeue = 5\n"))
	if err != nil || n != 4001 {
		t.Errorf("%d, %v", n, err)
	}
	for _, config := range []string{"", "MaxArraySize = many", "MaxArraySize = 0"} {
		if n, err := parseMaxArray([]byte(config)); err == nil {
			t.Errorf("%q: %d", config, n)
		}
	}
}

func FuzzMaxArray(f *testing.F) {
	f.Add([]byte("MaxArraySize = 1001\n"))
	f.Fuzz(func(t *testing.T, config []byte) {
		if n, err := parseMaxArray(config); err == nil && n < 1 {
			t.Error(n)
		}
	})
}
