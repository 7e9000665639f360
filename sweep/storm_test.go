package sweep_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"firstspike/sweep"
)

var storm = flag.Duration("storm", 3*time.Second, "for how long TestStorm kills processes; with 5m there are 32 of them, and it takes 6 minutes")

// stormFolder is set for the processes that TestStorm starts.
const stormFolder = "FIRSTSPIKE_STORM"

// stormForeign is set for those of them whose life or death the others can only
// tell by their claims, as if they were on other machines.
const stormForeign = "FIRSTSPIKE_STORM_FOREIGN"

// sleep stops a process for a while, where the system can.
var sleep func(*os.Process, time.Duration)

// stormPlan has first layers that points share, and short trainings.
const stormPlan = `
seeds = 3
[set]
protocol.validation = 200
layers.s1.learn.epochs = 12
layers.s2.learn.epochs = 200
[[axis]]
path = "layers.s1.threshold"
values = [1, 1.5, 2]
[[axis]]
path = "layers.s2.learn.a_plus"
values = [0.002, 0.004]
`

func stormRunner(t testing.TB, dir string) *sweep.Runner {
	return &sweep.Runner{Plan: plan(t, stormPlan), Store: sweep.Store{Dir: dir}, Workers: 1, SaveEvery: 50 * time.Millisecond, Patience: time.Second}
}

// TestStormProcess is one of the processes.
func TestStormProcess(t *testing.T) {
	dir := os.Getenv(stormFolder)
	if dir == "" {
		t.Skip("TestStorm starts it")
	}
	sweep.Undying()
	if os.Getenv(stormForeign) != "" {
		sweep.Foreign()
	}
	if err := stormRunner(t, dir).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Many processes share a folder and are killed at random moments, as are those
// that take their place, or fall asleep for longer than the others' patience; half
// of them as if they were on other machines. In the end every training has one result, the same as
// in peace, and nothing is left lying about.
func TestStorm(t *testing.T) {
	processes := 8
	if *storm > time.Minute {
		processes = 32
	}
	if testing.Short() {
		t.Skip("it kills processes for some seconds")
	}
	peace := stormRunner(t, t.TempDir())
	peace.Slots = 2
	if err := peace.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := results(t, peace)
	r := rand.New(rand.NewPCG(1, 2))
	until := time.Now().Add(*storm)
	kills, rounds, resumed := 0, 0, 0
	for ; time.Now().Before(until); rounds++ {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(rounds))
		n, again := rage(t, dir, processes, until, r)
		kills, resumed = kills+n, resumed+again
		check(t, dir, want)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d processes; %d killed in %d rounds; %d trainings of %d were taken up by another", processes, kills, rounds, resumed, rounds*len(want))
	if kills == 0 || resumed == 0 {
		t.Errorf("%d processes were killed, %d trainings taken up by others: that tests nothing", kills, resumed)
	}
}

// rage starts processes that train in a folder, and kills one after the other
// until all is done, or it is time: then the rest may end in peace. It returns
// how many it killed, and how many trainings were taken up by another process.
func rage(t *testing.T, dir string, processes int, until time.Time, r *rand.Rand) (kills, resumed int) {
	t.Helper()
	type process struct {
		cmd  *exec.Cmd
		out  *bytes.Buffer
		done chan error
	}
	started := 0
	start := func() *process {
		p := &process{cmd: exec.Command(os.Args[0], "-test.run=^TestStormProcess$"), out: new(bytes.Buffer), done: make(chan error, 1)}
		p.cmd.Env = append(os.Environ(), stormFolder+"="+dir)
		if started++; started%2 == 0 {
			p.cmd.Env = append(p.cmd.Env, stormForeign+"=yes")
		}
		p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() { p.done <- p.cmd.Wait() }()
		return p
	}
	all := make([]*process, processes)
	for i := range all {
		all[i] = start()
	}
	for time.Now().Before(until) {
		time.Sleep(time.Duration(r.IntN(120)) * time.Millisecond)
		i := r.IntN(processes)
		select {
		case err := <-all[i].done:
			if err != nil {
				t.Errorf("a process failed: %v\n%s", err, all[i].out)
			}
			until = time.Now() // it found nothing left to do
			all[i].done <- err
			continue
		default:
		}
		if sleep != nil && r.IntN(4) == 0 {
			sleep(all[i].cmd.Process, 1500*time.Millisecond)
			continue
		}
		all[i].cmd.Process.Kill()
		<-all[i].done
		kills++
		all[i] = start()
	}
	var group sync.WaitGroup
	for _, p := range all {
		group.Go(func() {
			select {
			case err := <-p.done:
				if err != nil {
					t.Errorf("a process failed: %v\n%s", err, p.out)
				}
			case <-time.After(3 * time.Minute):
				p.cmd.Process.Kill()
				t.Errorf("a process does not come to an end\n%s", p.out)
			}
		})
	}
	group.Wait()
	for _, result := range results(t, &sweep.Runner{Store: sweep.Store{Dir: dir}}) {
		if filepath.Ext(result.Run) != ".1" {
			resumed++
		}
	}
	return kills, resumed
}

// check holds what a storm left against what comes of peace.
func check(t *testing.T, dir string, want map[string]sweep.Result) {
	t.Helper()
	r := stormRunner(t, dir)
	same(t, want, results(t, r))
	o, err := r.Look()
	if err != nil {
		t.Fatal(err)
	}
	if o.Done != len(want) || o.Failed != 0 || len(o.Working) != 0 {
		t.Errorf("%d of %d are done, %d failed, %d go on", o.Done, len(want), o.Failed, len(o.Working))
	}
	var text bytes.Buffer
	if err := o.Runs().CSV(&text); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[4]] = true // the key
	}
	if len(rows)-1 != len(want) || len(seen) != len(want) {
		t.Errorf("the table has %d rows of %d trainings; there are %d", len(rows)-1, len(seen), len(want))
	}
	for folder, n := range map[string]int{"claims": 0, "failures": 0, "results": len(want), "runs": len(want)} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			if e.Name()[0] != '.' { // what a killed process had half written
				names = append(names, e.Name())
			}
		}
		if len(names) != n {
			t.Errorf("the folder %s has %d files, not %d: %v", folder, len(names), n, names)
		}
	}
}
