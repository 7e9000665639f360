package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"firstspike/sweep"
	"firstspike/train"
)

type sweepRunCommand struct {
	sweepFile
	machineFlags
	Index     string `placeholder:"I" help:"Train only this job of the stage, or these: 7 or 0-9. An engine says it for each of its tasks."`
	Stage     string `placeholder:"NAME" help:"What --index counts: shared (jobs whose first layers others need), or rung1, rung2 and so on (all others of that rung). All jobs of rung 1 if not given."`
	Patience  string `placeholder:"TIME" help:"A process of another machine that gives no sign of life for so long counts as dead; 1m if not given."`
	SaveEvery string `placeholder:"TIME" help:"Time between checkpoints; 20s if not given."`
	Cache     string `placeholder:"SIZE" help:"How large the cache of layers that points share may grow, such as 2G; 20G if not given."`
	Merge     bool   `help:"When all have ended, write what sweep merge writes; trainings that failed are then told, and are no failure of the command."`
	Keep      bool   `help:"Keep checkpoints of finished runs, to train them longer."`
	JSON      bool   `help:"Print what came of it as JSON."`
}

// Help is shown after the flags.
func (sweepRunCommand) Help() string {
	return `Finished points are skipped, killed ones go on from their last checkpoint, and a point that fails does not stop the others: run the same command again. It may run several times at once, on machines that see the same folder; each takes what no other has. After Ctrl-C or SIGTERM all is saved.

    firstspike sweep run rates.toml
    firstspike sweep run rates.toml --jobs 2

The layers before the last are trained once for all points that have them in common. The test images are not looked at: see firstspike sweep test.`
}

// flags reads the flags that need no plan.
func (c *sweepRunCommand) flags() (r *sweep.Runner, from, to int, faults usageError) {
	r = &sweep.Runner{}
	c.slots(nil, &faults)
	for _, f := range []struct {
		flag, text string
		to         *time.Duration
	}{{"--patience", c.Patience, &r.Patience}, {"--save-every", c.SaveEvery, &r.SaveEvery}} {
		if f.text == "" {
			continue
		}
		d, err := time.ParseDuration(f.text)
		if err != nil || d < 100*time.Millisecond {
			faults.add("%s %s: it must be a time such as 20s or 5m", f.flag, f.text)
		}
		*f.to = d
	}
	r.CacheBytes = faults.size("--cache", c.Cache)
	from, to = -1, -1
	if c.Index != "" {
		low, high, ranged := strings.Cut(c.Index, "-")
		if !ranged {
			high = low
		}
		var err1, err2 error
		from, err1 = strconv.Atoi(low)
		to, err2 = strconv.Atoi(high)
		if err1 != nil || err2 != nil || from < 0 || from > to {
			faults.add("--index %s: write a number from 0 on, or two with a dash, such as 0-9", c.Index)
		}
	}
	if c.Merge && c.Index != "" {
		faults.add("--merge: it is for a command that trains all, not for --index %s", c.Index)
	}
	if c.Stage != "" && c.Index == "" {
		faults.add("--stage %s: say which of its jobs with --index", c.Stage)
	}
	return r, from, to, faults
}

func (c *sweepRunCommand) faults() usageError {
	_, _, _, faults := c.flags()
	return faults
}

// Run trains.
func (c *sweepRunCommand) Run(s *streams) error {
	ignore(brokenPipe)
	r, from, to, faults := c.flags()
	if err := faults.err(); err != nil {
		return err
	}
	p, err := c.open()
	if err != nil {
		return err
	}
	r.Plan, r.Store, r.KeepRuns = p.Plan, sweep.Store{Dir: c.dir()}, c.Keep
	if r.Slots, r.Workers = c.slots(p.Plan, &faults); len(faults) > 0 {
		return faults.err()
	}
	if from >= 0 {
		r.Slots = max(1, min(r.Slots, to-from+1))
	}
	if !c.copied() || !sweep.IsStore(c.dir()) { // what an engine's task reads may be older than what the folder has
		if err := begin(r.Store, p); err != nil {
			return err
		}
	}
	board := newSweepBoard(s, r)
	r.Observe = board.observe
	ctx := interruptible(board)
	if from >= 0 {
		err = c.some(ctx, r, from, to, board)
	} else {
		err = r.Run(ctx)
	}
	board.close()
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(s.err, "firstspike: interrupted with %d trained here; all is saved, and the same command goes on\n", board.ended)
		return silentError(statusInterrupted)
	}
	if err != nil {
		return err
	}
	return c.tell(s, r, board)
}

// begin makes a sweep's folder.
func begin(store sweep.Store, p openedSweep) error {
	err := store.Begin(p.text, p.preset)
	if errors.Is(err, sweep.ErrOccupied) {
		return usageError{err}
	}
	return err
}

// some trains the jobs of a stage that --index names.
func (c *sweepRunCommand) some(ctx context.Context, r *sweep.Runner, from, to int, board *sweepBoard) error {
	jobs, err := stage(ctx, r, c.Stage)
	if err != nil {
		return err
	}
	if from >= len(jobs) {
		return usageError{fmt.Errorf("--index %s: there are jobs 0 to %d", c.Index, len(jobs)-1)}
	}
	board.forget() // what failed on the way here is not this task's
	return r.RunJobs(ctx, jobs[from:min(to+1, len(jobs))])
}

// stage is the jobs that --index counts.
func stage(ctx context.Context, r *sweep.Runner, name string) ([]sweep.Job, error) {
	rung := 0
	if name != "" && name != stageShared {
		n, err := strconv.Atoi(strings.TrimPrefix(name, "rung"))
		if rung = n - 1; err != nil || !strings.HasPrefix(name, "rung") || rung < 0 || rung >= r.Plan.Rungs() {
			return nil, usageError{fmt.Errorf("--stage %s: the stages are %s and %s to %s", name, stageShared, stageRung(0), stageRung(r.Plan.Rungs()-1))}
		}
	}
	jobs, err := r.Await(ctx, rung)
	if err != nil || name == "" || rung > 0 {
		return jobs, err
	}
	leaders, followers := sweep.Leaders(jobs)
	chosen := leaders
	if name != stageShared {
		chosen = followers
	}
	var some []sweep.Job
	for _, i := range chosen {
		some = append(some, jobs[i])
	}
	return some, nil
}

// tell says what has come of the sweep.
func (c *sweepRunCommand) tell(s *streams, r *sweep.Runner, board *sweepBoard) error {
	o, err := r.Look()
	if err != nil {
		return err
	}
	if c.JSON {
		if err := encodeJSON(s.out, statusOf(o, c.dir())); err != nil {
			return err
		}
	} else if c.Index == "" {
		fmt.Fprint(s.out, statusText(o, columns(s.out), c.args()))
	}
	if c.Merge {
		written, err := merge(c.sweepFile, o)
		if err != nil {
			return err
		}
		if !c.JSON {
			fmt.Fprint(s.out, written)
		}
	}
	if board.failed > 0 {
		fmt.Fprintf(s.err, "firstspike: %s failed; see %s\n", plural(board.failed, "training"), command(append([]string{"sweep", "status"}, c.args()...)...))
		if !c.Merge {
			return silentError(statusFailed)
		}
	}
	return nil
}

// A sweepBoard shows how a sweep goes, as a board does a study: on a terminal
// with a line that is drawn anew, and a line for every job that ends.
type sweepBoard struct {
	board
	jobs   map[string]string // of those in training, by their keys: how far they are
	ended  int               // here
	failed int               // here
}

func newSweepBoard(s *streams, r *sweep.Runner) *sweepBoard {
	b := &sweepBoard{board: board{out: s.err, began: time.Now()}, jobs: map[string]string{}}
	if _, ok := terminal(s.err); !ok || os.Getenv("TERM") == "dumb" {
		b.log = newLines(s.err).log
	}
	o, err := r.Look()
	if err != nil {
		return b // Run tells what is wrong
	}
	b.all, b.complete = o.Jobs, o.Done
	b.note(fmt.Sprintf("%s: %s, %s in all, %d of them finished, %d side by side; folder %s", visible(r.Plan.Sweep.Name), plural(len(r.Plan.Points), "point"),
		plural(o.Jobs, "training"), o.Done, r.Slots, visible(r.Store.Dir)))
	return b
}

// observe is told what happens.
func (b *sweepBoard) observe(e sweep.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case sweep.Begun:
		b.jobs[e.Job.Key] = "begins"
		if e.Again {
			b.all++
			b.say(fmt.Sprintf("%v: its network is gone, and is made again", e.Job))
		}
		if e.Resumed {
			b.say(fmt.Sprintf("%v goes on from its last checkpoint", e.Job))
		}
	case sweep.Training:
		b.training(e)
	case sweep.Ended:
		delete(b.jobs, e.Job.Key)
		if e.Err != nil {
			b.failed++
			b.say(fmt.Sprintf("%v failed: %s", e.Job, visible(firstLine(e.Err.Error()))))
			break
		}
		b.complete, b.ended = b.complete+1, b.ended+1
		note := ""
		if e.Result.Cached != nil {
			note = ", first layers shared"
		}
		b.say(fmt.Sprintf("%v: %.2f %% after epoch %d; %s%s", e.Job, e.Result.Percent(), e.Result.Epoch+1, took(e.Result.Seconds), note))
	case sweep.Waiting:
		b.say("the rest is trained by other processes; waiting for them")
	}
	b.draw()
}

// forget forgets failures.
func (b *sweepBoard) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = 0
}

func (b *sweepBoard) training(e sweep.Training) {
	switch t := e.Event.(type) {
	case train.Progress:
		text := fmt.Sprintf("%s %d/%d", t.Layer, t.Epoch+1, t.Epochs)
		if t.Deciding && t.Score.Images() > 0 {
			text += fmt.Sprintf(" %s %%", percent(t.Score.Right, t.Score.Images(), 1))
		}
		b.jobs[e.Job.Key] = fmt.Sprintf("point %d seed %d %s", e.Job.Point, e.Job.Seed, text)
	default:
		b.warn(e.Job.String(), t)
	}
}

// draw shows how far the sweep has come, not too often.
func (b *sweepBoard) draw() {
	if !b.due() {
		return
	}
	line := fmt.Sprintf("%d of %d", b.complete, b.all)
	if b.ended > 0 {
		each := time.Since(b.began).Seconds() / float64(b.ended)
		line += "  about " + duration(seconds(each*float64(max(0, b.all-b.complete)))) + " left"
	}
	var parts []string
	for _, text := range b.jobs {
		parts = append(parts, text)
	}
	slices.Sort(parts)
	b.show(line + "  " + strings.Join(parts, "  "))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
