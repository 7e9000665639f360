package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"firstspike/cluster"
	"firstspike/sweep"
)

type sweepSubmitCommand struct {
	sweepFile
	On     string `placeholder:"ENGINE" help:"slurm or kubernetes."`
	DryRun bool   `help:"Write what would be submitted, and submit nothing."`
	CPUs   string `name:"cpus" placeholder:"N" help:"Cores of a task; 1 if not given, which is what trains most in all."`
	Memory string `placeholder:"SIZE" help:"Memory of a task, such as 800M or 2G; from the experiment if not given."`
	Most   string `placeholder:"N" help:"Tasks at once; as many as the engine likes if not given."`
	Grace  string `placeholder:"TIME" help:"Time between a task's SIGTERM and its end, to save in; 1m if not given."`

	Time   string   `placeholder:"TIME" help:"Slurm: the longest that a task runs before it saves and is queued again; the partition's own if not given."`
	Sbatch []string `sep:"none" placeholder:"OPTION" help:"Slurm: an option of sbatch, such as --sbatch=--partition=long. Can be repeated."`

	Image        string `placeholder:"NAME" help:"Kubernetes: the image that Containerfile makes."`
	Storage      string `placeholder:"SIZE" help:"Kubernetes: the size of the new volume; 50G if not given."`
	StorageClass string `placeholder:"NAME" help:"Kubernetes: of the volume, which several nodes write to; the cluster's default if not given."`
	Claim        string `placeholder:"NAME" help:"Kubernetes: a PersistentVolumeClaim that is there already, in place of a new volume."`
	Namespace    string `placeholder:"NAME" help:"Kubernetes: kubectl's own if not given."`
}

// Help is shown after the flags.
func (sweepSubmitCommand) Help() string {
	return `On Slurm a job array trains what several points share, one more all the rest (by halving: one for each rung), each when the one before has ended, and a last job merges. This program and the sweep's folder must be seen by all nodes under the same paths:

    firstspike sweep submit rates.toml --on slurm --dry-run
    firstspike sweep submit rates.toml --on slurm --time 2h --most 50 --sbatch=--partition=short

On Kubernetes (1.33 or newer) there is an Indexed Job for each of these, and a volume. Nobody orders Jobs there: the program itself waits for what another task is making.

    firstspike sweep submit rates.toml --on kubernetes --image registry.example/firstspike:1 --dry-run
    kubectl apply -f rates-sweep/kubernetes/rates-….yaml

Tasks may be killed, preempted and started twice; results are those of sweep run, to the same bits.`
}

// A submission is what the flags ask for.
type submission struct {
	plan   cluster.Plan
	engine cluster.Engine
	input  string // the folder in which tasks find the sweep, if one has to be made
}

// flags reads the flags.
func (c *sweepSubmitCommand) flags() (s submission, faults usageError) {
	duration := func(flag, text string) (d time.Duration) {
		if text == "" {
			return 0
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < time.Second {
			faults.add("%s %s: it must be a time such as 90s, 30m or 4h", flag, text)
		}
		return d
	}
	s.plan.CPUs = faults.number("--cpus", c.CPUs, 1, 1, 1024)
	s.plan.Most = faults.number("--most", c.Most, 0, 1, sweep.MaxJobs)
	s.plan.Memory = faults.size("--memory", c.Memory)
	s.plan.Grace = duration("--grace", c.Grace)
	for _, f := range []struct {
		flag, value string
		on          string
	}{
		{"--time", c.Time, "slurm"}, {"--sbatch", strings.Join(c.Sbatch, " "), "slurm"}, {"--image", c.Image, "kubernetes"}, {"--storage", c.Storage, "kubernetes"},
		{"--storage-class", c.StorageClass, "kubernetes"}, {"--claim", c.Claim, "kubernetes"}, {"--namespace", c.Namespace, "kubernetes"},
	} {
		if f.value != "" && c.On != f.on {
			faults.add("%s %s: it is for --on %s", f.flag, f.value, f.on)
		}
	}
	switch c.On {
	case "slurm":
		s.engine = cluster.Slurm{Time: duration("--time", c.Time), Options: c.Sbatch}
	case "kubernetes":
		k := cluster.Kubernetes{Image: c.Image, StorageClass: c.StorageClass, Claim: c.Claim, Namespace: c.Namespace}
		if k.Storage = faults.size("--storage", c.Storage); k.Storage == 0 && c.Claim == "" {
			k.Storage = 50 << 30
		}
		if c.Image == "" {
			faults.add("--image: name the image with the program; Containerfile makes one")
		}
		s.engine = k
	default:
		faults.add("--on %s: name the engine, slurm or kubernetes", c.On)
	}
	return s, faults
}

func (c *sweepSubmitCommand) faults() usageError {
	_, faults := c.flags()
	return faults
}

// size reads a number of bytes such as 800M or 2G, 0 if there is none.
func (u *usageError) size(flag, text string) int64 {
	if text == "" {
		return 0
	}
	var n int64
	var unit string
	_, err := fmt.Sscanf(text+" ", "%d%s", &n, &unit)
	shift, known := map[string]uint{"K": 10, "M": 20, "G": 30, "T": 40}[strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(unit), "B"), "I")]
	if err != nil || !known || n < 1 || n > 1<<20 {
		u.add("%s %s: it must be a size such as 800M or 2G", flag, text)
		return 0
	}
	return n << shift
}

// Run writes what the engine reads, and submits it.
func (c *sweepSubmitCommand) Run(s *streams) error {
	sub, faults := c.flags()
	if err := faults.err(); err != nil {
		return err
	}
	p, err := c.open()
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.dir())
	if err != nil {
		return err
	}
	if err := c.stages(&sub, p, dir); err != nil {
		return err
	}
	if _, err := sub.engine.Files(sub.plan); err != nil {
		return usageError{err}
	}
	if err := begin(sweep.Store{Dir: dir}, p); err != nil {
		return err
	}
	if sub.input != "" {
		if err := (sweep.Store{Dir: sub.input}).Keep(p.text, p.preset); err != nil {
			return err
		}
	}
	path, err := cluster.Write(dir, sub.plan, sub.engine)
	if err != nil {
		return usageError{err}
	}
	for _, note := range c.notes(p, dir) {
		fmt.Fprintf(s.err, "note: %s\n", note)
	}
	if c.DryRun {
		_, err := fmt.Fprintln(s.out, visible(path))
		return err
	}
	ids, err := sub.engine.Submit(interruptible(noter(func(string) {})), path)
	if err != nil {
		return err
	}
	for _, id := range ids {
		fmt.Fprintln(s.out, visible(id))
	}
	_, err = fmt.Fprintf(s.err, "submitted; look at it with: %s\n", command("sweep", "status", c.dir()))
	return err
}

// stages fills in what the engine is to run.
func (c *sweepSubmitCommand) stages(sub *submission, p openedSweep, dir string) error {
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		return err
	}
	leaders, followers := sweep.Leaders(jobs)
	plan := &sub.plan
	plan.Name, plan.Dir = p.Sweep.Name, dir
	if plan.Memory == 0 {
		const step = 64 << 20
		plan.Memory = (p.Plan.Memory()*5/4 + step - 1) / step * step
	}
	// Tasks read the sweep as it is now, though its file be changed while they
	// wait in the queue.
	base, err := p.preset.TOML()
	if err != nil {
		return err
	}
	// Another sweep, or this one changed, has another name.
	name, sum := filepath.Base(dir), fmt.Sprintf("%x", sha256.Sum256(slices.Concat(p.text, base, []byte(dir))))[:8]
	var folder, merge []string
	switch engine := sub.engine.(type) {
	case cluster.Slurm:
		program, err := os.Executable()
		if err != nil {
			return err
		}
		if strings.Contains(filepath.ToSlash(program), "/go-build") {
			return usageError{errors.New("this program is a temporary one, of go run, that nodes will not find; build it where they do: go build -o firstspike ./cmd/firstspike")}
		}
		here, err := os.Getwd()
		if err != nil {
			return err
		}
		// data.source may be relative to where the user is.
		plan.Program = []string{"/bin/sh", "-c", `cd "$0" && exec "$@"`, here, program}
		sub.input = filepath.Join(dir, "slurm", sum, name)
		folder, merge = []string{sub.input, "--out", dir}, []string{"sweep", "merge", sub.input, "--out", dir}
		if engine.MaxArray, err = cluster.MaxArray(context.Background()); err != nil && !c.DryRun {
			return err
		}
		sub.engine = engine
	case cluster.Kubernetes:
		// The volume begins empty, and the sweep comes with the tasks: not into the
		// volume, where nobody but root could write beside it.
		plan.Dir, plan.Program = "/sweep", []string{"/firstspike"}
		// The volume, with its results, stays that of the folder.
		plan.Name += " " + sum
		engine.Volume = fmt.Sprintf("%s %x", name, sha256.Sum256([]byte(dir)))[:len(name)+9]
		input, out := "/input/"+name, "/sweep/"+name
		engine.Inputs = []cluster.Input{{Path: input + "/sweep.toml", Text: string(p.text)}, {Path: input + "/experiment.toml", Text: string(base)}}
		// The last command trains what others leave before it merges: what killed
		// tasks have left would be waited for in vain.
		folder, merge = []string{input, "--out", out}, []string{"sweep", "run", input, "--out", out, "--merge", "--jobs", "1", "--workers", cluster.CPUs}
		sub.engine = engine
	}
	plan.Final = merge
	stage := func(name string, n int) {
		if n > 0 {
			plan.Stages = append(plan.Stages, cluster.Stage{Name: name, Count: n,
				Args: slices.Concat([]string{"sweep", "run"}, folder, []string{"--stage", name, "--index", cluster.Index, "--jobs", "1", "--workers", cluster.CPUs})})
		}
	}
	stage(stageShared, len(leaders))
	stage(stageRung(0), len(followers))
	for rung := 1; rung < p.Rungs(); rung++ {
		stage(stageRung(rung), p.Kept(rung)*len(p.Sweep.Seeds))
	}
	return nil
}

// notes say what the user has to see to.
func (c *sweepSubmitCommand) notes(p openedSweep, dir string) (notes []string) {
	source := p.Base.Data.Source
	inside := source == "" || source == "mnist" || strings.HasPrefix(source, "mnist:") || source == "bars"
	switch {
	case inside:
	case c.On == "slurm":
		notes = append(notes, fmt.Sprintf("all nodes must find the images of %s", visible(source)))
	default:
		notes = append(notes, fmt.Sprintf("the images of %s are not in the program: put them on the volume, or into the image, where data.source names them", visible(source)))
	}
	return notes
}
