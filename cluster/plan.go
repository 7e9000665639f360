package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"firstspike/internal/whole"
)

// A Plan says which programs are to run, in which order, and what each of them
// needs.
type Plan struct {
	Name    string   // for people; what an engine calls its jobs begins with it
	Dir     string   // a folder under the same absolute path on every machine; programs run in it
	Program []string // what each command begins with: a program that every machine has, and perhaps arguments
	Stages  []Stage  // one after the other, at least one
	Final   []string // the arguments of one last task; none if empty

	CPUs   int           // of a task; 0 is 1
	Memory int64         // of a task, in bytes; 0 is what the engine gives
	Grace  time.Duration // between a task's SIGTERM and its end; 0 is [Grace]
	Most   int           // tasks of a stage at once; 0 is any number
}

// A Stage is a program that is started with each of the indices 0 to Count-1.
type Stage struct {
	Name  string
	Args  []string // after the plan's program; [Index] stands for the index, [CPUs] for a task's number of CPUs
	Count int
}

// Placeholders, whole arguments or parts of them.
const (
	// Index is the index of a task within its stage. Where a stage has more
	// indices than an engine's largest array has tasks, each task has several,
	// and it is the first and the last of them, as in 6-8.
	Index = "{index}"
	// CPUs is the number of CPUs of a task, as the engine gives it.
	CPUs = "{cpus}"
)

// Grace is how long a task has to save what it has done, unless its plan says.
const Grace = time.Minute

// An Engine is what runs a plan.
type Engine interface {
	// Files says in which files the plan is for the engine, or what is wrong
	// with the plan. Submit is for the last of them.
	Files(Plan) ([]File, error)
	// Submit gives the engine the file at a path, and returns what the engine
	// calls the jobs, in order.
	Submit(ctx context.Context, path string) ([]string, error)
}

// A File is a text that an engine reads.
type File struct {
	Name string // a path in the plan's folder, with slashes
	Text string
	Runs bool // it can be started
}

// Write writes a plan's files for an engine into a folder, each as a whole, and
// returns the path of the one that is to be submitted. The folder is the plan's
// own, unless that is on machines of which this is none.
func Write(dir string, p Plan, e Engine) (path string, err error) {
	files, err := e.Files(p)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, logs), 0o777); err != nil { // engines that need it do not make it
		return "", err
	}
	for _, f := range files {
		path = filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return "", err
		}
		if err := replace(path, f); err != nil {
			return "", err
		}
	}
	return path, nil
}

// logs is the folder within a plan's for what programs print.
const logs = "logs"

// replace writes a file so that whoever reads it sees the old one or the new
// one. It can be made again, so nobody waits for the disk.
func replace(path string, f File) error {
	w, err := whole.Begin(path)
	if err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.Runs {
		mode = 0o755
	}
	_, err = w.WriteString(f.Text)
	return w.End(mode, err)
}

// A task of a plan as engines see it: that of a stage, many times, or the final
// one.
type task struct {
	Label string // its place and its name
	Stage string // "" if it is the final one
	Args  []string
	Count int
}

// tasks are those of the plan, in order.
func (p Plan) tasks() []task {
	var list []task
	for i, s := range p.Stages {
		list = append(list, task{fmt.Sprintf("%d-%s", i+1, label(s.Name, 20)), s.Name, s.Args, s.Count})
	}
	if len(p.Final) > 0 {
		list = append(list, task{fmt.Sprintf("%d-final", len(p.Stages)+1), "", p.Final, 1})
	}
	return list
}

func (p Plan) cpus() int { return max(p.CPUs, 1) }

// grace is in whole seconds, not less than what the plan wants.
func (p Plan) grace() int {
	if p.Grace == 0 {
		return int(Grace / time.Second)
	}
	return seconds(p.Grace)
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// at is how many tasks of a stage run at once at most.
func (p Plan) at(count int) int {
	if p.Most == 0 {
		return count
	}
	return min(p.Most, count)
}

// faults collects what is wrong, all at once.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// text reports a text that cannot be written into all files.
func (f *faults) text(field, text string) bool {
	switch {
	case !utf8.ValidString(text):
		f.add("%s %q: is no UTF-8", field, text)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		f.add("%s %q: must be one line, without control characters", field, text)
	default:
		return true
	}
	return false
}

func (f *faults) name(field, text string) {
	if text == "" {
		f.add("%s: is missing", field)
		return
	}
	f.text(field, text)
}

func (f *faults) arguments(field string, args []string) (index bool) {
	for i, a := range args {
		f.text(fmt.Sprintf("%s[%d]", field, i), a)
		index = index || strings.Contains(a, Index)
	}
	return index
}

// check says what is wrong with a plan, whatever the engine.
func (p Plan) check() faults {
	var f faults
	f.name("name", p.Name)
	if f.text("dir", p.Dir) && (!path.IsAbs(p.Dir) || path.Clean(p.Dir) != p.Dir || p.Dir == "/") {
		f.add("dir %q: must be the absolute path of a folder, such as /home/me/sweep", p.Dir)
	}
	if len(p.Program) == 0 || p.Program[0] == "" {
		f.add("program: is missing")
	}
	if f.arguments("program", p.Program) {
		f.add("program: holds %s, which is for the arguments of stages", Index)
	}
	if len(p.Stages) == 0 {
		f.add("stages: are missing")
	}
	for i, s := range p.Stages {
		field := fmt.Sprintf("stages[%d]", i)
		f.name(field+".name", s.Name)
		if s.Count < 1 {
			f.add("%s.count %d: must be 1 or more; leave out a stage that has nothing to do", field, s.Count)
		}
		if !f.arguments(field+".args", s.Args) && s.Count > 1 {
			f.add("%s.args: nothing tells the %d tasks apart; one argument must hold %s", field, s.Count, Index)
		}
	}
	if f.arguments("final", p.Final) {
		f.add("final: holds %s, but is one task", Index)
	}
	for _, n := range []struct {
		field string
		value any
		wrong bool
	}{{"cpus", p.CPUs, p.CPUs < 0}, {"memory", p.Memory, p.Memory < 0}, {"grace", p.Grace, p.Grace < 0}, {"most", p.Most, p.Most < 0}} {
		if n.wrong {
			f.add("%s %v: must not be below 0", n.field, n.value)
		}
	}
	return f
}

func (f faults) err() error { return errors.Join(f...) }

// expand puts values for the placeholders of an argument; what is between them
// is quoted.
func expand(arg string, quote func(string) string, index, cpus string) string {
	if arg == "" {
		return quote(arg)
	}
	var b strings.Builder
	for arg != "" {
		i, j := strings.Index(arg, Index), strings.Index(arg, CPUs)
		switch {
		case i == 0:
			b.WriteString(index)
			arg = arg[len(Index):]
		case j == 0:
			b.WriteString(cpus)
			arg = arg[len(CPUs):]
		default:
			end := len(arg)
			for _, k := range []int{i, j} {
				if k > 0 {
					end = min(end, k)
				}
			}
			b.WriteString(quote(arg[:end]))
			arg = arg[end:]
		}
	}
	return b.String()
}

// label makes a name of a text that all engines take, and that can be a file's:
// lower-case letters, digits and single hyphens, at most so many. Texts that
// differ in more than letters' case and signs get names that differ.
func label(text string, most int) string {
	var b strings.Builder
	lost := false
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r > unicode.MaxASCII:
			lost = true
			fallthrough
		default:
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "-") {
				b.WriteByte('-')
			}
		}
	}
	name := strings.TrimSuffix(b.String(), "-")
	if !lost && name != "" && len(name) <= most {
		return name
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:6]
	name = strings.TrimSuffix(name[:min(len(name), most-len(sum)-1)], "-")
	if name == "" {
		return "x-" + sum
	}
	return name + "-" + sum
}
