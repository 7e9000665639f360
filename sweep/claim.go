package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"firstspike/internal/whole"
)

// Claims keep processes, on any machine that sees the folder, from doing the
// same work. A claim is a file that its owner alone could create, since a file
// system refuses to create what is there (O_EXCL), and that its owner writes
// anew every few seconds. Who sees it stay the same for longer than the
// patience, by a clock of his own, takes the owner for dead and creates a claim
// of the next generation: again only one can. No clocks are compared, and no
// lock is relied on.
//
// An owner that was only asleep may go on beside his successor. That costs
// work, never a result: each generation trains in a folder of its own, and a
// result is published once, by a name that only one can create.
type claims struct {
	dir      string
	patience time.Duration // for which a claim may stay the same

	mu   sync.Mutex
	seen map[string]sighting
}

// A sighting is what a claim's file held when it last changed, and when this
// process saw that first.
type sighting struct {
	text  string
	since time.Time
}

// A Holder tells who holds a claim, and how far he is.
type Holder struct {
	Host    string  `json:"host"`
	Process int     `json:"process"`
	Machine string  `json:"machine,omitempty"` // of this start, where the system tells: processes of equal machines can see whether the other lives
	Started string  `json:"started,omitempty"` // when the process began, in ticks of the machine
	Beat    int     `json:"beat"`
	Rest    float64 `json:"rest,omitempty"` // seconds until the next
	Task    string  `json:"task"`           // what is done: "point 3, seed 7"
	At      string  `json:"at,omitempty"`
	Part    float64 `json:"part"`             // of the task that is done, 0 to 1
	Deaths  int     `json:"deaths,omitempty"` // of holders before, one after the other, since anything was saved

	quiet time.Duration // since the last sign of life, of another machine, as far as clocks agree
}

// A claim is one that this process holds.
type claim struct {
	of      *claims
	key     string
	gen     int
	writing sync.Mutex
	mu      sync.Mutex
	holder  Holder
	lost    chan struct{} // closed when another has taken it over
	stop    chan struct{}
	stopped sync.WaitGroup
}

// errTaken says that another process holds a claim.
var errTaken = errors.New("another process does it")

func (c *claims) path(key string, gen int) string {
	return filepath.Join(c.dir, key+"."+strconv.Itoa(gen))
}

// split is the key and the generation in the name of a file or folder.
func split(name string) (key string, gen int, ok bool) {
	key, digits, ok := strings.Cut(name, ".")
	gen, err := strconv.Atoi(digits)
	return key, gen, ok && err == nil && gen > 0 && key != ""
}

// generations lists those of a key that have files in a folder.
func generations(dir, key string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var gens []int
	for _, e := range entries {
		if k, gen, ok := split(e.Name()); ok && k == key {
			gens = append(gens, gen)
		}
	}
	return gens, nil
}

// take claims what a key stands for, as a generation after all that hold it or
// have held it, and after least. It returns errTaken if a living process has
// it.
func (c *claims) take(key, task string, least int) (*claim, error) {
	before, err := generations(c.dir, key)
	if err != nil {
		return nil, err
	}
	gen, deaths := least, 0
	for _, g := range before {
		h, dead := c.see(key, g)
		if !dead {
			return nil, errTaken
		}
		if h.Process != 0 { // it was not let go
			deaths = max(deaths, h.Deaths+1)
		}
		gen = max(gen, g)
	}
	gen++
	k := &claim{of: c, key: key, gen: gen, lost: make(chan struct{}), stop: make(chan struct{})}
	k.holder = self()
	k.holder.Task, k.holder.Rest, k.holder.Deaths = task, (c.patience / beats).Seconds(), deaths
	f, err := os.OpenFile(c.path(key, gen), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, errTaken
	}
	if err != nil {
		return nil, err
	}
	text, _ := json.Marshal(k.holder) // it is plain data
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(c.path(key, gen))
		return nil, err
	}
	// One who looked at the folder a moment earlier may have created another
	// generation meanwhile: then both see the other, and he who came later by
	// number gives way.
	now, err := generations(c.dir, key)
	for _, g := range now {
		if g == gen || c.dead(key, g) {
			continue
		}
		if g < gen {
			err = errTaken
		}
	}
	if err != nil {
		os.Remove(c.path(key, gen))
		return nil, err
	}
	for _, g := range before {
		os.Remove(c.path(key, g))
	}
	k.stopped.Go(k.beat)
	return k, nil
}

// dead reports whether nobody holds a generation of a claim any more.
func (c *claims) dead(key string, gen int) bool {
	_, dead := c.see(key, gen)
	return dead
}

// see is dead, and who holds the generation, or held it: nobody if it was let go, or
// is being written.
func (c *claims) see(key string, gen int) (h Holder, dead bool) {
	name := c.path(key, gen)
	text, err := whole.Read(name, maxText)
	if errors.Is(err, fs.ErrNotExist) {
		return h, true
	}
	if err != nil || json.Unmarshal(text, &h) != nil {
		h = Holder{}
	} else if h.gone() {
		return h, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]sighting{}
	}
	last, known := c.seen[name]
	if !known || last.text != string(text) {
		c.seen[name] = sighting{string(text), time.Now()}
		return h, false
	}
	return h, time.Since(last.since) > c.patience
}

// read reads a claim; false if it is not there, or is being written.
func (c *claims) read(key string, gen int) (h Holder, ok bool) {
	text, err := whole.Read(c.path(key, gen), maxText)
	return h, err == nil && json.Unmarshal(text, &h) == nil
}

// beats is how often in its patience a claim is written anew.
const beats = 6

// beat keeps a claim alive until it is let go or lost.
func (k *claim) beat() {
	tick := time.NewTicker(k.of.patience / beats)
	defer tick.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-tick.C:
		}
		if !k.held() || errors.Is(k.write(), fs.ErrNotExist) {
			close(k.lost)
			return
		}
		// Any other fault, such as a full disk, may pass.
	}
}

// held reports whether nobody has taken a claim over. Where that cannot be seen,
// it counts as held.
func (k *claim) held() bool {
	path := k.of.path(k.key, k.gen)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if h, ok := k.of.read(k.key, k.gen); ok && (h.Host != k.holder.Host || h.Process != k.holder.Process || h.Started != k.holder.Started) {
		return false
	}
	_, err := os.Stat(k.of.path(k.key, k.gen+1))
	return err != nil
}

// write writes a claim anew, never one that is gone.
func (k *claim) write() error {
	k.writing.Lock()
	defer k.writing.Unlock()
	k.mu.Lock()
	k.holder.Beat++
	text, _ := json.Marshal(k.holder)
	k.mu.Unlock()
	f, err := os.OpenFile(k.of.path(k.key, k.gen), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// tell says how far the work is, with the next beat.
func (k *claim) tell(at string, part float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.holder.At, k.holder.Part = at, part
}

// saved says that the work would not have to begin anew.
func (k *claim) saved() {
	k.mu.Lock()
	had := k.holder.Deaths > 0
	k.holder.Deaths = 0
	k.mu.Unlock()
	if had {
		k.write() // at once: the next beat may not come any more; what it cannot write it tells then
	}
}

// deaths is how many holders before died, one after the other, and saved nothing.
func (k *claim) deaths() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.holder.Deaths
}

// release lets go of a claim.
func (k *claim) release() {
	close(k.stop)
	k.stopped.Wait()
	os.Remove(k.of.path(k.key, k.gen))
}

// living are the keys that living processes have claimed.
func (c *claims) living() (map[string]bool, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := map[string]bool{}
	for _, e := range entries {
		if key, gen, ok := split(e.Name()); ok && !all[key] {
			all[key] = !c.dead(key, gen)
		}
	}
	return all, nil
}

// holders reads all claims of the living, as far as is known.
func (c *claims) holders() (map[string]Holder, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := map[string]Holder{}
	for _, e := range entries {
		key, gen, ok := split(e.Name())
		if !ok {
			continue
		}
		h, dead := c.see(key, gen)
		if dead {
			continue
		}
		if info, err := os.Stat(c.path(key, gen)); err == nil && h.Machine != machine() {
			h.quiet = time.Since(info.ModTime())
		}
		all[key] = h
	}
	return all, nil
}

// tidy removes claims to what is done: who has one and still works learns so that
// he need not. Of the dead it removes those to shared layers; those to jobs tell
// whoever takes them up how many have died.
func (c *claims) tidy(done map[string]string) {
	entries, _ := os.ReadDir(c.dir) // what cannot be read stays
	for _, e := range entries {
		if key, gen, ok := split(e.Name()); ok && (done[key] != "" || strings.HasPrefix(key, prefixName("")) && c.dead(key, gen)) {
			os.Remove(c.path(key, gen))
		}
	}
}

// self is this process as a holder.
func self() Holder {
	host, _ := os.Hostname() // "" if the system does not say
	h := Holder{Host: host, Process: os.Getpid()}
	if h.Machine = machine(); h.Machine != "" {
		h.Started, _ = started(h.Process) // "": others wait for signs of life
	}
	return h
}

// machine tells this start of this machine, and which of its processes see each
// other, from all others; "" if the system does not say. Tests have others.
var machine = func() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid")
	if len(boot) == 0 || space == "" {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// started is when a process of this machine began, "" if it has ended, and an
// error where the system does not say.
func started(process int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return "", err
	}
	// The program's name, in parentheses, may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const start = 22 - 3 // of the fields after the name
	if len(fields) <= start || fields[0] == "Z" || fields[0] == "X" {
		return "", nil
	}
	return fields[start], nil
}

// gone reports whether a holder was a process of this machine that has ended.
// Of others nothing is known.
func (h Holder) gone() bool {
	if h.Machine == "" || h.Machine != machine() {
		return false
	}
	began, err := started(h.Process)
	if err != nil { // there is none, or it is another user's, which may be hidden
		p, err := os.FindProcess(h.Process)
		return err == nil && errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
	}
	return h.Started != "" && began != h.Started
}
