//go:build !(js || wasip1 || plan9)

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"firstspike/train"
)

// newDisplay shows a training on w, drawn anew if w is a terminal and as
// lines otherwise.
func newDisplay(w io.Writer) display {
	if _, ok := terminal(w); ok && os.Getenv("TERM") != "dumb" {
		return newScreen(w)
	}
	return newLines(w)
}

// A screen shows a training on a terminal: two lines at the bottom say what
// goes on, and above them one line for every epoch stays.
type screen struct {
	out   io.Writer
	style style

	now   atomic.Pointer[train.Event] // what the lines at the bottom say
	model train.Experiment            // what is trained

	mu       sync.Mutex
	progress *mpb.Progress // nil before the first event and after close
	bar      *mpb.Bar
	table    table
	failing  bool // the last attempt to save failed
}

// home brings the cursor to the beginning of its line, because what is typed,
// such as Ctrl-C, is echoed by the terminal and moves it.
const home = "\r"

func newScreen(w io.Writer) *screen {
	// Consoles of Windows show colours only if they are asked to.
	return &screen{out: w, style: style{colour: os.Getenv("NO_COLOR") == "" && runtime.GOOS != "windows"}}
}

func (s *screen) width() int {
	w, ok := terminal(s.out)
	if !ok {
		return 80
	}
	return w
}

// start says what will be trained.
func (s *screen) start(t training, from train.State) {
	s.model = t.experiment
	for _, f := range startFields(t, from) {
		fmt.Fprintln(s.out, wrap(fmt.Sprintf("%-9s %s", f.name, visible(f.text)), 10, s.width()))
	}
	for _, n := range t.notes {
		fmt.Fprintln(s.out, wrap("note      "+visible(n), 10, s.width()))
	}
}

// Observe shows an event.
func (s *screen) Observe(e train.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := e.(type) {
	case train.Stage:
		s.draw(e)
	case train.Progress:
		s.draw(e)
		s.head(e.Layer)
	case train.EpochEnd:
		if e.Cached {
			return // the cache has a line of its own
		}
		s.head(e.Layer)
		s.print(s.table.row(e, s.style))
		s.draw(complete(e))
	case train.Fitted:
		s.print(wrap("readout: "+fitText(e.Fit), 2, s.width()))
	case train.Warning:
		text, bad := watchText(e)
		if text = wrap(visible(text), 2, s.width()); bad {
			text = s.style.warning(text)
		}
		s.print(text)
	case train.Saved:
		if e.Err != nil {
			s.print(s.style.warning(wrap(visible(saveWarning(e)), 2, s.width())))
		} else if s.failing {
			s.print("saved: there is room again")
		}
		s.failing = e.Err != nil
	case train.Cached:
		text, warning := cachedText(e)
		if text = wrap(visible(text), 2, s.width()); warning {
			text = s.style.warning(text)
		}
		s.print(text)
	}
}

// complete is the progress at the end of an epoch.
func complete(e train.EpochEnd) train.Progress {
	p := train.Progress{Layer: e.Layer, Epoch: e.Epoch, Epochs: e.Epochs, Image: 1, Images: 1, Convergence: e.Convergence, PerSecond: e.PerSecond}
	if e.Train != nil {
		p.Score, p.Deciding = *e.Train, true
	}
	return p
}

// head prints the head of a layer's table, once.
func (s *screen) head(layer string) {
	if s.table.layer != layer {
		s.table = newTable(s.model, layer, s.width())
		s.print(s.table.head())
	}
}

// note prints a line for people.
func (s *screen) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.print(wrap(text, 2, s.width()))
}

// print writes lines above the bar.
func (s *screen) print(text string) {
	if s.progress != nil {
		if _, err := fmt.Fprintln(s.progress, home+text); err == nil {
			return
		}
	}
	fmt.Fprintln(s.out, text)
}

// draw shows an event in the lines at the bottom.
func (s *screen) draw(e train.Event) {
	s.now.Store(&e)
	if s.progress != nil {
		return
	}
	s.progress = mpb.New(mpb.WithOutput(s.out))
	line := func(i int, begin, end string) mpb.BarFiller {
		return mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
			// The last column stays free: some terminals wrap at it.
			_, err := io.WriteString(w, begin+bottom(*s.now.Load(), st.AvailableWidth-1, s.style)[i]+end)
			return err
		})
	}
	s.bar = s.progress.MustAdd(0, line(0, home, ""), mpb.BarFillerTrim(), mpb.BarExtender(line(1, "", "\n"), false))
}

// close wipes the lines at the bottom.
func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress != nil {
		s.bar.Abort(true)
		s.progress.Wait()
		s.progress = nil
	}
}
