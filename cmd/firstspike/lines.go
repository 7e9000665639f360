package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"firstspike/train"
)

// A lines shows a training as lines of key=value pairs, for files and pipes:
// when a stage or an epoch begins to take long, when an epoch ends.
type lines struct {
	log   *slog.Logger
	stage string
	last  time.Time // of the last line
	layer string    // that is in training
}

// quiet is the time without a line after which there is one.
const quiet = 10 * time.Second

func newLines(w io.Writer) *lines {
	shorter := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			a.Value = slog.StringValue(a.Value.Time().Format(time.TimeOnly))
		}
		return a
	}
	return &lines{log: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: shorter}))}
}

func (l *lines) start(t training, from train.State) {
	var attrs []any
	for _, f := range startFields(t, from) {
		attrs = append(attrs, slog.String(f.name, f.text))
	}
	l.log.Info("start", attrs...)
	for _, n := range t.notes {
		l.note(n)
	}
}

// Observe shows an event.
func (l *lines) Observe(e train.Event) {
	switch e := e.(type) {
	case train.Stage:
		if l.stage == e.Name && !l.due() {
			return
		}
		l.stage = e.Name
		l.write("stage", slog.String("name", e.Name), slog.Int("done", e.Done), slog.Int("images", e.Total))
	case train.Progress:
		l.stage = ""
		if l.layer == e.Layer && !l.due() {
			return
		}
		l.layer = e.Layer
		attrs := []any{slog.String("layer", e.Layer), slog.Int("epoch", e.Epoch+1), slog.Int("epochs", e.Epochs), slog.Int("image", e.Image), slog.Int("images", e.Images)}
		if e.Deciding && e.Score.Images() > 0 {
			attrs = append(attrs, scoreAttrs("train", &e.Score)...)
		}
		attrs = append(attrs, slog.String("convergence", fmt.Sprintf("%.3g", e.Convergence)))
		if e.PerSecond > 0 {
			attrs = append(attrs, slog.Int("images_per_second", int(e.PerSecond)), slog.String("left", duration(e.Left)))
		}
		l.write("learning", attrs...)
	case train.EpochEnd:
		if e.Cached {
			return // the cache has a line of its own
		}
		attrs := []any{slog.String("layer", e.Layer), slog.Int("epoch", e.Epoch+1), slog.Int("epochs", e.Epochs)}
		attrs = append(attrs, scoreAttrs("train", e.Train)...)
		attrs = append(attrs, scoreAttrs("validation", e.Validation)...)
		attrs = append(attrs, scoreAttrs("test", e.Test)...)
		if e.Best {
			attrs = append(attrs, slog.Bool("best", true))
		}
		attrs = append(attrs, slog.String("convergence", fmt.Sprintf("%.3g", e.Convergence)), slog.Int("images_per_second", int(e.PerSecond)))
		l.write("epoch", attrs...)
	case train.Fitted:
		l.stage = ""
		l.note("readout: " + fitText(e.Fit))
	case train.Warning:
		if text, bad := watchText(e); bad {
			l.log.Warn(text)
		} else {
			l.note(text)
		}
	case train.Saved:
		if e.Err != nil {
			l.log.Warn(saveWarning(e))
		}
	case train.Cached:
		if text, warning := cachedText(e); warning {
			l.log.Warn(text)
		} else {
			l.note(text)
		}
	}
}

// scoreAttrs is a score in percent.
func scoreAttrs(of string, s *train.Score) []any {
	if s == nil {
		return nil
	}
	n := s.Images()
	return []any{slog.Group(of, slog.String("right", percent(s.Right, n, 2)), slog.String("wrong", percent(s.Wrong, n, 2)), slog.String("silent", percent(s.Silent, n, 2)))}
}

func (l *lines) due() bool { return time.Since(l.last) >= quiet }

func (l *lines) write(what string, attrs ...any) {
	l.last = time.Now()
	l.log.Info(what, attrs...)
}

// note writes a line for people.
func (l *lines) note(text string) { l.log.Info("note", slog.String("text", text)) }

func (l *lines) close() {}
