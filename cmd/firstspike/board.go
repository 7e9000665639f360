package main

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"firstspike/study"
	"firstspike/train"
)

// A board shows how a study goes: on a terminal a line that is drawn anew, in
// files and pipes a line for every seed that ends, and now and then for those
// that go on.
type board struct {
	out      io.Writer
	log      *slog.Logger // nil: a terminal
	mu       sync.Mutex
	began    time.Time
	drawn    time.Time
	seeds    map[uint64]*seedState // that are in training
	complete int
	all      int
	here     int                     // images shown in this process
	images   int                     // of a seed, all layers and epochs
	epochs   []struct{ from, n int } // of every layer: images before it, images of an epoch
	layers   []string
}

// A seedState is how far a seed has come.
type seedState struct {
	text  string
	shown int // images; -1: not yet known
}

func newBoard(w io.Writer, plan study.Study, notes []string) *board {
	b := &board{out: w, began: time.Now(), seeds: map[uint64]*seedState{}, all: len(plan.Seeds)}
	if _, ok := terminal(w); !ok || os.Getenv("TERM") == "dumb" {
		b.log = newLines(w).log
	}
	e := plan.Experiment
	images := plan.Options.Train.Len()
	if e.Data.Limit > 0 {
		images = min(images, e.Data.Limit)
	}
	if e.Protocol.Kind == train.ProtocolValidation {
		images -= e.Protocol.Validation
	}
	var epochs []string
	for _, l := range e.Layers {
		b.layers = append(b.layers, l.Name)
		b.epochs = append(b.epochs, struct{ from, n int }{b.images, images})
		b.images += l.Learn.Epochs * images
		epochs = append(epochs, fmt.Sprintf("%s %d", l.Name, l.Learn.Epochs))
	}
	finished, _ := plan.Finished() // Run tells what is wrong
	b.complete = len(finished)
	b.note(fmt.Sprintf("%s: %s, %d of them finished, %d side by side; epochs %s, of %s images each; folder %s", visible(e.Name),
		plural(len(plan.Seeds), "seed"), b.complete, plan.Jobs, strings.Join(epochs, ", "), count(images), visible(plan.Dir)))
	for _, n := range notes {
		b.note(n)
	}
	return b
}

// observe is told what the training of a seed does.
func (b *board) observe(seed uint64, e train.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.seeds[seed]
	if s == nil {
		s = &seedState{shown: -1}
		b.seeds[seed] = s
	}
	at := func(layer string, epoch, image int) {
		i := slices.Index(b.layers, layer)
		now := b.epochs[i].from + epoch*b.epochs[i].n + image
		if s.shown >= 0 {
			b.here += max(0, now-s.shown)
		}
		s.shown = now
	}
	switch e := e.(type) {
	case train.Stage:
		s.text = e.Name
		if e.Name == "testing" && e.Done == e.Total {
			b.complete++
			delete(b.seeds, seed)
			b.drawn = time.Time{}
		}
	case train.Progress:
		at(e.Layer, e.Epoch, e.Image)
		s.text = fmt.Sprintf("%s %d/%d", e.Layer, e.Epoch+1, e.Epochs)
		if e.Deciding && e.Score.Images() > 0 {
			s.text += fmt.Sprintf(" %s %%", percent(e.Score.Right, e.Score.Images(), 1))
		}
	case train.EpochEnd:
		at(e.Layer, e.Epoch+1, 0)
	default:
		b.warn(fmt.Sprintf("seed %d", seed), e)
	}
	b.draw()
}

// warn says what is wrong with a training, if the event tells of that.
func (b *board) warn(who string, e train.Event) {
	text, bad := "", false
	switch e := e.(type) {
	case train.Warning:
		text, bad = watchText(e)
	case train.Saved:
		if bad = e.Err != nil; bad {
			text = saveWarning(e)
		}
	case train.Cached:
		text, bad = cachedText(e)
	}
	if bad {
		b.say(who + ": " + text)
	}
}

// draw shows how far the study has come, not too often.
func (b *board) draw() {
	if !b.due() {
		return
	}
	var parts []string
	todo := (b.all - b.complete) * b.images
	for _, seed := range slices.Sorted(maps.Keys(b.seeds)) {
		state := b.seeds[seed]
		parts = append(parts, fmt.Sprintf("seed %d %s", seed, state.text))
		todo -= max(0, state.shown)
	}
	line := fmt.Sprintf("%d of %d", b.complete, b.all)
	if b.here > 0 {
		left := time.Since(b.began).Seconds() * float64(todo) / float64(b.here)
		line += "  about " + duration(time.Duration(min(left, 1e9)*float64(time.Second))) + " left"
	}
	if len(parts) > 0 {
		line += "  " + strings.Join(parts, "  ")
	}
	b.show(line)
}

// due reports whether it is time for another line, and notes that there is one.
func (b *board) due() bool {
	every := 200 * time.Millisecond
	if b.log != nil {
		every = quiet
	}
	if time.Since(b.drawn) < every {
		return false
	}
	b.drawn = time.Now()
	return true
}

// show shows how far all is: on a terminal in place of the line before.
func (b *board) show(line string) {
	if b.log != nil {
		b.log.Info(line)
		return
	}
	width, _ := terminal(b.out)
	fmt.Fprint(b.out, "\r"+cut(line, max(width-1, 20))+"\x1b[K")
}

// note says something that is to stay.
func (b *board) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.say(text)
}

func (b *board) say(text string) {
	if b.log != nil {
		b.log.Info(text)
		return
	}
	width, _ := terminal(b.out)
	fmt.Fprint(b.out, "\r\x1b[K"+wrap(text, 2, width)+"\n")
}

// close leaves the line empty.
func (b *board) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.log == nil {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
