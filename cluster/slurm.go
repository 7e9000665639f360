package cluster

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"
)

// Slurm runs each stage of a plan as a job array: a batch script for each, and
// submit.sh, which submits them.
type Slurm struct {
	Time     time.Duration // of a task, after which it goes on in the queue; 0 is the partition's own
	MaxArray int           // the most tasks of an array, as [MaxArray] finds it; 0 is 1001, which is Slurm's default
	Options  []string      // further options of sbatch, such as --partition=long
}

const maxArray = 1001

// least is how long a task runs at least before it is told to stop: Slurm may
// do so a minute before it was asked to.
const least = time.Minute

var (
	//go:embed sbatch.tmpl
	sbatchText string
	//go:embed submit.tmpl
	submitText string

	slurmTemplates = func() *template.Template {
		t := template.New("").Funcs(template.FuncMap{"sbatch": sbatchQuote})
		template.Must(t.New("sbatch").Parse(sbatchText))
		return template.Must(t.New("submit").Parse(submitText))
	}()
)

// Files are the batch scripts and, last, submit.sh.
func (s Slurm) Files(p Plan) ([]File, error) {
	f := p.check()
	for i, o := range s.Options {
		switch {
		case !f.text(fmt.Sprintf("options[%d]", i), o):
		case !strings.HasPrefix(o, "-"):
			f.add("options[%d] %q: must begin with a hyphen; a value follows an equals sign, as in --partition=long", i, o)
		case owned(o):
			f.add("options[%d] %q: it is the plan's to set, or takes away what the plan needs", i, o)
		}
	}
	if strings.ContainsAny(p.Dir, `%\`) { // and not even %% is safe in front of %A
		f.add(`dir %q: Slurm reads %% and \ in the names of folders as signs of its own; choose another folder`, p.Dir)
	}
	if p.grace() > 65535 {
		f.add("grace %v: Slurm takes 65535s at most", p.Grace)
	}
	if grace := time.Duration(p.grace()) * time.Second; s.Time < 0 || s.Time > 0 && s.Time < grace+least {
		f.add("time %v: must be %v or more, so that a task has a minute before it is told to stop", s.Time, grace+least)
	}
	if s.MaxArray < 0 {
		f.add("max array %d: must not be below 0", s.MaxArray)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	var files []File
	for i, t := range p.tasks() {
		files = append(files, File{"slurm/" + t.Label + ".sbatch", s.script(p, t, i+1), false})
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimPrefix(file.Name, "slurm/")
	}
	return append(files, File{"slurm/submit.sh", execute(slurmTemplates, "submit", map[string]any{"Plan": p.Name, "Files": names}), true}), nil
}

// owned reports whether an option of sbatch is one that the scripts cannot do
// without as they have it. Slurm takes the beginning of a long name for the name.
func owned(option string) bool {
	name, _, _ := strings.Cut(option, "=")
	if !strings.HasPrefix(name, "--") {
		return len(name) > 1 && strings.ContainsRune("adoD", rune(name[1]))
	}
	const least = len("--ar") // shorter ones have several meanings
	return len(name) >= least && slices.ContainsFunc([]string{"--array", "--dependency", "--output", "--open-mode", "--chdir", "--signal", "--parsable", "--wrap"}, func(whole string) bool { return strings.HasPrefix(whole, name) })
}

func (s Slurm) script(p Plan, t task, place int) string {
	array := s.MaxArray
	if array == 0 {
		array = maxArray
	}
	each := (t.Count + array - 1) / array
	tasks := (t.Count + each - 1) / each
	var command []string
	for _, a := range append(p.Program[:len(p.Program):len(p.Program)], t.Args...) {
		command = append(command, expand(a, shellQuote, `"$index"`, `"${SLURM_CPUS_PER_TASK:-1}"`))
	}
	memory, limit := "", ""
	if p.Memory > 0 {
		memory = fmt.Sprintf("%dM", (p.Memory+1<<20-1)>>20)
	}
	if s.Time > 0 {
		n := seconds(s.Time)
		limit = fmt.Sprintf("%d-%02d:%02d:%02d", n/86400, n/3600%24, n/60%60, n%60)
	}
	most := 0
	if p.Most < tasks {
		most = p.Most
	}
	return execute(slurmTemplates, "sbatch", map[string]any{
		"Plan": p.Name, "Stage": t.Stage, "Place": place, "Stages": len(p.Stages), "Job": p.Name + " " + t.Label, "Dir": p.Dir, "Label": t.Label,
		"Last": tasks - 1, "Most": most, "CPUs": p.cpus(), "Memory": memory, "Time": limit, "Grace": p.grace(), "Options": s.Options,
		"Each": each, "Count": t.Count, "End": t.Count - 1, "Command": strings.Join(command, " "),
	})
}

// execute is a template with its data, which fit each other.
func execute(t *template.Template, name string, data map[string]any) string {
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		panic(err)
	}
	return b.String()
}

// Submit runs the submit.sh at a path, and returns the ids of the jobs. Where it
// fails, or the context ends, nothing stays submitted, or the error says what.
func (Slurm) Submit(ctx context.Context, path string) ([]string, error) {
	if _, err := exec.LookPath("sbatch"); err != nil {
		return nil, fmt.Errorf("%w; run %s on a machine that has Slurm", err, path)
	}
	c := exec.CommandContext(ctx, "bash", path)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // it cancels what it has submitted
	c.WaitDelay = 30 * time.Second
	out, err := output(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var ids []string
	for line := range strings.Lines(string(out)) {
		id, _, _ := strings.Cut(line, " ")
		ids = append(ids, id)
	}
	return ids, nil
}

// output is what a command prints; its error has what it complains about.
func output(c *exec.Cmd) ([]byte, error) {
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run()
	if text := strings.TrimSpace(complaint.String()); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return out.Bytes(), err
}

// MaxArray asks the Slurm of this machine how many tasks an array may have.
func MaxArray(ctx context.Context) (int, error) {
	const command = "scontrol"
	if _, err := exec.LookPath(command); err != nil {
		return 0, fmt.Errorf("%w; submit from a machine that has Slurm", err)
	}
	out, err := output(exec.CommandContext(ctx, command, "show", "config"))
	if err != nil {
		return 0, fmt.Errorf("%s show config: %w", command, err)
	}
	return parseMaxArray(out)
}

func parseMaxArray(config []byte) (int, error) {
	s := bufio.NewScanner(bytes.NewReader(config))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		name, value, _ := strings.Cut(s.Text(), "=")
		if strings.TrimSpace(name) != "MaxArraySize" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 1 {
			return 0, fmt.Errorf("scontrol show config: MaxArraySize is %q", strings.TrimSpace(value))
		}
		return n, nil
	}
	return 0, errors.Join(s.Err(), errors.New("scontrol show config: has no MaxArraySize"))
}

// shellQuote is text as one word of a shell, or a part of one.
func shellQuote(text string) string {
	signs := "-_./,:+@%"
	if strings.HasPrefix(text, "-") { // elsewhere it may give a variable a value
		signs += "="
	}
	plain := text != "" && strings.IndexFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(signs, r))
	}) < 0
	if plain {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// sbatchQuote is text as one word of a line that begins with #SBATCH.
func sbatchQuote(text string) string {
	if shellQuote(text) == text {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
