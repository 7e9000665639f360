package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newClaims(t *testing.T, patience time.Duration) *claims {
	return &claims{dir: t.TempDir(), patience: patience}
}

// Of many that reach for a claim at once one gets it, again and again.
func TestClaimIsExclusive(t *testing.T) {
	dir := t.TempDir()
	var holding, most, taken atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		c := &claims{dir: dir, patience: time.Minute} // as another process has it
		group.Go(func() {
			for range 40 {
				k, err := c.take("a", "", 0)
				if errors.Is(err, errTaken) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holding.Add(1); n > most.Load() {
					most.Store(n)
				}
				taken.Add(1)
				time.Sleep(time.Millisecond)
				holding.Add(-1)
				k.release()
			}
		})
	}
	group.Wait()
	if most.Load() != 1 || taken.Load() < 2 {
		t.Errorf("%d held it at once; it was taken %d times", most.Load(), taken.Load())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v and %v are left in the folder", left, err)
	}
}

// A claim that shows signs of life is nobody else's, one that does not is after
// the patience, and its owner learns of it.
func TestClaimOfTheDead(t *testing.T) {
	const patience = 300 * time.Millisecond
	owner, other := newClaims(t, patience), newClaims(t, patience)
	other.dir = owner.dir
	k, err := owner.take("a", "work", 4)
	if err != nil {
		t.Fatal(err)
	}
	if k.gen != 5 {
		t.Errorf("its generation is %d, not the one after 4", k.gen)
	}
	for began := time.Now(); time.Since(began) < 3*patience; time.Sleep(patience / 10) {
		if _, err := other.take("a", "", 0); !errors.Is(err, errTaken) {
			t.Fatalf("a living claim was taken: %v", err)
		}
	}
	close(k.stop) // its owner falls asleep
	k.stopped.Wait()
	// A claim of another machine: whether its process lives nobody can see.
	var h Holder
	path := owner.path("a", 5)
	if err := ReadJSON(path, &h); err != nil || h.Task != "work" {
		t.Fatal(h, err)
	}
	h.Machine = "another"
	text, _ := json.Marshal(h)
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := other.take("a", "", 0); !errors.Is(err, errTaken) {
		t.Fatal("it was taken at first sight")
	}
	time.Sleep(2 * patience)
	next, err := other.take("a", "", 0)
	if err != nil {
		t.Fatal("nobody can take it from the dead: ", err)
	}
	if next.gen != 6 {
		t.Errorf("the next generation is %d, not 6", next.gen)
	}
	// The owner wakes.
	awake := &claim{of: owner, key: "a", gen: 5, lost: make(chan struct{}), stop: make(chan struct{})}
	awake.stopped.Go(awake.beat)
	select {
	case <-awake.lost:
	case <-time.After(10 * time.Second):
		t.Error("it does not learn that it has lost")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it has written its claim anew")
	}
	next.release()
}

// The claim of a process of this machine that has ended is nobody's at once.
func TestClaimOfTheGone(t *testing.T) {
	if self().Machine == "" {
		t.Skip("this system does not tell its processes")
	}
	c := newClaims(t, time.Hour)
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	h := self()
	h.Process = cmd.Process.Pid
	var err error
	if h.Started, err = started(h.Process); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(h)
	if err := os.WriteFile(c.path("a", 1), text, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := c.take("a", "", 0); !errors.Is(err, errTaken) {
		t.Fatalf("the claim of a living process was taken: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	k, err := c.take("a", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	k.release()
}

// A claim tells how many have died that had saved nothing, to whoever comes next, and
// whatever others tidy meanwhile.
func TestDeaths(t *testing.T) {
	c := newClaims(t, time.Hour) // no beat will come
	// die leaves the claim of a process that has ended.
	die := func(k *claim) {
		close(k.stop)
		k.stopped.Wait()
		h, ok := c.read(k.key, k.gen)
		if !ok {
			t.Fatal("the claim is gone")
		}
		h.Started = "before"
		text, _ := json.Marshal(h)
		if err := os.WriteFile(c.path(k.key, k.gen), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if self().Machine == "" {
		t.Skip("this system does not tell its processes")
	}
	for want := range 4 {
		k, err := c.take("a", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if k.deaths() != want {
			t.Errorf("after %d deaths it tells of %d", want, k.deaths())
		}
		die(k)
		c.tidy(map[string]string{"b": "b.1"})
	}
	k, err := c.take("a", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	k.saved()
	die(k)
	if k, err = c.take("a", "", 0); err != nil || k.deaths() != 1 {
		t.Errorf("after a save and a death it tells of %d: %v", k.deaths(), err)
	}
	if !k.held() {
		t.Error("it is not held")
	}
	die(k) // what has its name now is another's
	if k.held() {
		t.Error("a claim of its name, that another has made, counts as its own")
	}
	c.tidy(map[string]string{"a": "a.1"})
	if have, err := generations(c.dir, "a"); err != nil || len(have) > 0 {
		t.Errorf("claims %v to what is done are left: %v", have, err)
	}
}

// Nobody says of a process that it has ended who cannot know it: of another
// machine's, whose silence is told, or of one that does not say when it began.
func TestClaimOfTheUnknown(t *testing.T) {
	c := newClaims(t, time.Hour)
	h := self()
	h.Started = ""
	foreign := Holder{Machine: "another", Process: 1, Task: "work"}
	for name, h := range map[string]Holder{"a.1": h, "b.1": foreign} {
		text, _ := json.Marshal(h)
		if err := os.WriteFile(filepath.Join(c.dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-20 * time.Minute)
	if err := os.Chtimes(filepath.Join(c.dir, "b.1"), before, before); err != nil {
		t.Fatal(err)
	}
	// Half-written, it is held all the same.
	if err := os.WriteFile(filepath.Join(c.dir, "c.1"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	have, err := c.holders()
	if err != nil || len(have) != 3 {
		t.Fatalf("%v, %v: there are three", have, err)
	}
	if have["a"].quiet != 0 && h.Machine != "" || have["b"].quiet < 19*time.Minute {
		t.Errorf("quiet for %v and %v, not 0 and 20 minutes", have["a"].quiet, have["b"].quiet)
	}
}

// Of many that publish one is first, and all find it whole.
func TestPublishOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	var group sync.WaitGroup
	var first string
	var mu sync.Mutex
	for i := range 16 {
		group.Go(func() {
			if err := publish(path, Result{Host: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
			var r Result
			if err := ReadJSON(path, &r); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if first == "" {
				first = r.Host
			}
			if r.Host != first {
				t.Errorf("it was %s, and now is %s", first, r.Host)
			}
		})
	}
	group.Wait()
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%v are left", entries)
	}
}
