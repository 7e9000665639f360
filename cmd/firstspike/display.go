package main

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"firstspike/train"
)

// A display shows people, or a log, what a training does.
type display interface {
	train.Observer
	start(t training, from train.State) // says what will be trained
	note(text string)                   // says something from any goroutine
	close()                             // ends the display; a second call does nothing
}

// A field is something that is said when a training starts.
type field struct{ name, text string }

func startFields(t training, from train.State) []field {
	e := t.experiment
	images := t.options.Train.Len()
	if e.Data.Limit > 0 {
		images = min(images, e.Data.Limit)
	}
	svm := e.Readout.Rule == train.ReadoutSVM
	protocol := "paper: test after every epoch; the best epoch on the test images is told beside the last"
	if svm {
		protocol = "paper: all training images are learned from; test is touched once"
	}
	if e.Protocol.Kind == train.ProtocolValidation {
		images -= e.Protocol.Validation
		protocol = fmt.Sprintf("validation: %s held-out training images choose the epoch; test is touched once", count(e.Protocol.Validation))
		if svm {
			protocol = fmt.Sprintf("validation: %s held-out training images choose the C of the readout; test is touched once", count(e.Protocol.Validation))
		}
	}
	var epochs []string
	for _, l := range e.Layers {
		epochs = append(epochs, fmt.Sprintf("%s %d", l.Name, l.Learn.Epochs))
	}
	fields := []field{
		{"preset", e.Name},
		{"paper", e.Paper},
		{"seed", fmt.Sprint(e.Seed)},
		{"data", fmt.Sprintf("%s: %s training, %s test images", e.Data.Source, count(t.options.Train.Len()), count(t.options.Test.Len()))},
		{"protocol", protocol},
		{"folder", t.dir},
		{"workers", fmt.Sprint(t.options.Workers)},
		{"epochs", fmt.Sprintf("%s, of %s images each", strings.Join(epochs, ", "), count(images))},
	}
	if t.resumed {
		fields = append(fields, field{"resumed", position(e, from)})
	}
	return fields
}

// fitText says how a linear SVM was learned.
func fitText(f train.Fit) string {
	text := fmt.Sprintf("a linear SVM with C = %v: %s %% of %s training images right", f.C, percent(f.Train.Right, f.Train.Images(), 2), count(f.Train.Images()))
	if v := f.Validation; v != nil {
		text += fmt.Sprintf(", %s %% of %s held-out ones", percent(v.Right, v.Images(), 2), count(v.Images()))
	}
	text += fmt.Sprintf("; %s of %s features active; %s passes", count(int(math.Round(f.Active))), count(f.Features), count(f.Passes))
	if !f.Converged {
		text += ", after which its tolerance was not yet reached (readout.svm.passes)"
	}
	return text
}

// saveWarning says that a run could not be saved.
func saveWarning(s train.Saved) string {
	if s.Complete {
		return fmt.Sprintf("cannot save: %v; the training is complete and waits for room", s.Err)
	}
	return fmt.Sprintf("cannot save yet: %v; training goes on and will try again", s.Err)
}

// watchText says what became of a layer, and whether that is bad.
func watchText(w train.Warning) (text string, bad bool) {
	if w.Kind == train.LayerSilent {
		return fmt.Sprintf("%s is silent: for %s images none of its neurons has won; %s says why", w.Layer, count(w.Images), command("doctor", "RUN")), true
	}
	return fmt.Sprintf("%s has converged (%.2g) after %s images of epoch %d; --stop-on converged ends its learning there", w.Layer, w.Convergence, count(w.Image), w.Epoch+1), false
}

// cachedText says what the cache was good for, and how to do without it. The
// warning is that it was good for nothing.
func cachedText(c train.Cached) (text string, warning bool) {
	layers := strings.Join(c.Layers, ", ")
	switch {
	case c.Err != nil && c.Kept:
		return fmt.Sprintf("cannot keep %s in the cache: %v; training goes on; --cache DIR names another folder, --no-cache none", layers, c.Err), true
	case c.Err != nil:
		return fmt.Sprintf("cannot use the cache: %v; training goes on without it", c.Err), true
	case c.Kept:
		return fmt.Sprintf("%s kept for other trainings in %s; look after such files with: %s", layers, c.Path, command("cache")), false
	case layers == "":
		return "what the last layer is shown was taken from the cache", false
	}
	return fmt.Sprintf("%s taken from the cache, where they had taken %s to learn; train them anew with --no-cache", layers, took(c.Seconds)), false
}

// took is a time that something took, which may be short.
func took(seconds float64) string {
	if seconds < 9.95 {
		return fmt.Sprintf("%.1fs", seconds)
	}
	return duration(time.Duration(seconds * float64(time.Second)))
}

// A style is whether words may be coloured.
type style struct{ colour bool }

func (s style) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) good(text string) string    { return s.paint("32", text) }
func (s style) warning(text string) string { return s.paint("33", text) }

// bottom is the two lines that show an event, of at most so many columns.
func bottom(e train.Event, columns int, st style) [2]string {
	switch e := e.(type) {
	case train.Stage:
		return [2]string{advance(e.Name, float64(e.Done)/float64(max(e.Total, 1)), columns, st, fmt.Sprintf("%s images", count(e.Total)), ""), ""}
	case train.Progress:
		head := fmt.Sprintf("%s epoch %d/%d", e.Layer, e.Epoch+1, e.Epochs)
		left := ""
		if e.PerSecond > 0 && e.Left > 0 {
			left = duration(e.Left) + " left"
		}
		done := float64(e.Image) / float64(max(e.Images, 1))
		return [2]string{
			advance(head, done, columns, st, fmt.Sprintf("%.0f images/s", e.PerSecond), left),
			soFar(e, columns),
		}
	}
	return [2]string{}
}

// advance is a line with a bar. What does not fit is left out, the speed
// first, then the time that is left.
func advance(head string, done float64, columns int, st style, speed, left string) string {
	const least, most = 6, 40 // columns of the bar
	done = min(max(done, 0), 1)
	tail := fmt.Sprintf("%3.0f %%", 100*done)
	for _, more := range [][]string{{speed, left}, {left}, {}} {
		line := tail
		for _, m := range more {
			if m != "" {
				line += "  " + m
			}
		}
		room := min(columns-utf8.RuneCountInString(head)-utf8.RuneCountInString(line)-4, most)
		if room < least {
			continue
		}
		full := int(math.Round(done * float64(room)))
		return head + " [" + st.good(strings.Repeat("#", full)) + strings.Repeat(".", room-full) + "] " + line
	}
	return cut(head+" "+tail, columns)
}

// soFar is how an epoch has gone so far.
func soFar(e train.Progress, columns int) string {
	lines := []string{
		fmt.Sprintf("  convergence %.3g", e.Convergence),
		fmt.Sprintf("  conv. %.3g", e.Convergence),
	}
	if e.Deciding {
		part := func(n int) string { return percent(n, e.Score.Images(), 1) }
		right, wrong, silent := part(e.Score.Right), part(e.Score.Wrong), part(e.Score.Silent)
		lines = []string{
			fmt.Sprintf("  right %s %%  wrong %s %%  silent %s %%  convergence %.3g", right, wrong, silent, e.Convergence),
			fmt.Sprintf("right %s wrong %s silent %s conv. %.3f", right, wrong, silent, e.Convergence),
			fmt.Sprintf("%s/%s/%s %% conv. %.3f", right, wrong, silent, e.Convergence),
		}
	}
	for _, l := range lines {
		if utf8.RuneCountInString(l) <= columns {
			return l
		}
	}
	return cut(lines[len(lines)-1], columns)
}

// cut shortens a line to so many columns.
func cut(line string, columns int) string {
	r := []rune(line)
	return string(r[:max(0, min(len(r), columns))])
}

// duration is a time as people say it: 42s, 1m07s, 2h05m.
func duration(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
}

// wrap breaks text at spaces to fit a width, with further lines indented.
// Words longer than a line stay whole, as people may want to copy them.
func wrap(text string, indent, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n >= width && column > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// A table is how the epochs of a layer are shown, a row each.
type table struct {
	layer   string
	title   string
	decides bool   // the layer learns from decisions, which are counted
	judge   string // what chooses the epoch: "validation", "test", or "" before the last layer
	narrow  bool
}

// newTable is the table of a layer for a terminal of the given width.
func newTable(e train.Experiment, layer string, width int) table {
	t := table{layer: layer}
	for i, l := range e.Layers {
		if l.Name != layer {
			continue
		}
		t.decides = l.Learn.Rule == train.RuleRSTDP
		rule := "STDP"
		if t.decides {
			rule = "reward-modulated STDP"
		}
		t.title = fmt.Sprintf("%s: %d epochs of %s", layer, l.Learn.Epochs, rule)
		if i == len(e.Layers)-1 && e.Readout.Rule != train.ReadoutSVM {
			t.judge = "validation"
			if e.Protocol.Kind == train.ProtocolPaper {
				t.judge = "test"
			}
		}
	}
	t.narrow = width <= utf8.RuneCountInString(t.heading())
	return t
}

func (t table) head() string { return "\n" + t.title + "\n" + t.heading() }

func (t table) heading() string {
	judge := t.judge
	if t.narrow && judge == "validation" {
		judge = "valid."
	}
	switch {
	case t.narrow && t.decides:
		return fmt.Sprintf("%5s %5s %5s %6s %7s %5s", "epoch", "right", "wrong", "silent", judge+" ", "im./s")
	case t.decides:
		return fmt.Sprintf("%5s  %8s  %8s  %8s  %12s  %11s  %8s", "epoch", "right", "wrong", "silent", judge+"  ", "convergence", "images/s")
	case judge != "":
		return fmt.Sprintf("%5s  %12s  %11s  %8s", "epoch", judge+"  ", "convergence", "images/s")
	}
	return fmt.Sprintf("%5s  %11s  %8s", "epoch", "convergence", "images/s")
}

func (t table) row(e train.EpochEnd, st style) string {
	score := func(s *train.Score, decimals int) (right, wrong, silent string) {
		if s == nil {
			return "", "", ""
		}
		n := s.Images()
		return percent(s.Right, n, decimals), percent(s.Wrong, n, decimals), percent(s.Silent, n, decimals)
	}
	judge := e.Validation
	if judge == nil {
		judge = e.Test
	}
	star := " "
	if e.Best {
		star = st.good("*")
	}
	epoch := fmt.Sprint(e.Epoch + 1)
	speed := fmt.Sprintf("%.0f", e.PerSecond)
	if t.narrow && t.decides {
		right, wrong, silent := score(e.Train, 1)
		judged, _, _ := score(judge, 1)
		return fmt.Sprintf("%5s %5s %5s %6s %6s%s %5s", epoch, right, wrong, silent, judged, star, speed)
	}
	convergence := fmt.Sprintf("%.3g", e.Convergence)
	right, wrong, silent := score(e.Train, 2)
	judged, _, _ := score(judge, 2)
	switch {
	case t.decides:
		return fmt.Sprintf("%5s  %6s %%  %6s %%  %6s %%  %8s %% %s  %11s  %8s", epoch, right, wrong, silent, judged, star, convergence, speed)
	case t.judge != "":
		return fmt.Sprintf("%5s  %8s %% %s  %11s  %8s", epoch, judged, star, convergence, speed)
	}
	return fmt.Sprintf("%5s  %11s  %8s", epoch, convergence, speed)
}
