package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"firstspike/preset"
	"firstspike/train"
)

// wilson is the 95 % confidence interval of a fraction k of n.
//
// E. B. Wilson, Probable inference, the law of succession, and statistical
// inference, 1927.
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // the normal distribution's 97.5 % quantile
	p, m := float64(k)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}

// scoreText is a score in one line.
func scoreText(s train.Score) string {
	n := s.Images()
	low, high := wilson(s.Right, n)
	return fmt.Sprintf("%s %% right (95 %% interval %.2f to %.2f %%); %s right, %s wrong, %s silent of %s images",
		percent(s.Right, n, 2), 100*low, 100*high, count(s.Right), count(s.Wrong), count(s.Silent), count(n))
}

// votesText is what each of the networks that vote has alone, a line each.
func votesText(runs []string, alone []train.Result) string {
	var b strings.Builder
	b.WriteString("Each alone:\n\n   right    wrong   silent  run\n")
	for i, r := range alone {
		fmt.Fprintf(&b, "%6s %%  %7s  %7s  %s\n", percent(r.Right, r.Images(), 2), count(r.Wrong), count(r.Silent), visible(runs[i]))
	}
	return b.String()
}

// resultText is what a test gave: which label was taken for which class how
// often, as a table if that fits into so many columns, and otherwise the most
// frequent mistakes.
func resultText(r train.Result, names []string, columns int) string {
	var b strings.Builder
	classes := len(r.Confusion)
	width := 4
	for _, row := range r.Confusion {
		for _, n := range row {
			width = max(width, len(fmt.Sprint(n)))
		}
	}
	room := labelRoom(classes, names)
	if room+classes*(width+1)+len("  silent    right") > columns {
		return mistakesText(r, names)
	}
	fmt.Fprintf(&b, "Rows are labels, columns decisions:\n\n%*s", room, "label")
	for c := range classes {
		fmt.Fprintf(&b, " %*d", width, c)
	}
	b.WriteString("  silent    right\n")
	for label, row := range r.Confusion {
		fmt.Fprintf(&b, "%*s", room, labelText(label, names))
		for _, n := range row[:classes] {
			fmt.Fprintf(&b, " %*s", width, cell(n))
		}
		c := r.Class(label)
		fmt.Fprintf(&b, "  %6s  %5s %%\n", cell(row[classes]), percent(c.Right, c.Images(), 1))
	}
	return b.String()
}

// labelText is a label with the name of its class, if that has one.
func labelText(label int, names []string) string {
	if label < len(names) && names[label] != fmt.Sprint(label) {
		return fmt.Sprintf("%s %d", visible(names[label]), label)
	}
	return fmt.Sprint(label)
}

// labelRoom is the width of the column of labels.
func labelRoom(classes int, names []string) int {
	room := len("label")
	for label := range classes {
		room = max(room, utf8.RuneCountInString(labelText(label, names)))
	}
	return room
}

// mistakesText is a line for every label with what it was mistaken for most
// often.
func mistakesText(r train.Result, names []string) string {
	var b strings.Builder
	room := labelRoom(len(r.Confusion), names)
	fmt.Fprintf(&b, "%*s  images    right  taken for\n", room, "label")
	for label, row := range r.Confusion {
		var order []int
		for d, n := range row {
			if d != label && n > 0 {
				order = append(order, d)
			}
		}
		slices.SortStableFunc(order, func(a, b int) int { return row[b] - row[a] })
		var taken []string
		for _, d := range order[:min(len(order), 2)] {
			name := labelText(d, names)
			if d == len(row)-1 {
				name = "silent"
			}
			taken = append(taken, fmt.Sprintf("%s: %d", name, row[d]))
		}
		c := r.Class(label)
		line := fmt.Sprintf("%*s  %6d  %5s %%  %s", room, labelText(label, names), c.Images(), percent(c.Right, c.Images(), 1), strings.Join(taken, ", "))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// cell is a number in a table in which 0 shall not stand out.
func cell(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}

// writeReport tells the outcome of a training, and what to do next.
func writeReport(w io.Writer, dir string, e train.Experiment, r *train.Report, names []string) error {
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		b.WriteString(wrapFor(w, fmt.Sprintf(format, args...), indent) + "\n")
	}
	last := e.Layers[len(e.Layers)-1]
	epoch := last.Name + " was not trained"
	if last.Learn.Epochs > 0 {
		epoch = fmt.Sprintf("after epoch %d of %d of %s", r.Epoch+1, last.Learn.Epochs, last.Name)
	}
	say(0, "\ntest: %s", scoreText(r.Test.Score))
	switch {
	case r.SVM != nil:
		say(0, "%s, read by %s", epoch, fitText(*r.SVM))
		if n := r.SVM.Tried; n > 1 {
			say(0, "C is the best of %d on the held-out images", n)
		}
	case r.Validation != nil:
		n := r.Validation.Images()
		say(0, "%s, which was the best on %s held-out training images: %s %% right", epoch, count(n), percent(r.Validation.Right, n, 2))
	case r.BestOnTest != nil:
		s := r.BestOnTest.Score
		say(0, "%s, the last one", epoch)
		say(0, "best on test: %s %% right after epoch %d; chosen on the test images themselves, as papers report it, so it says too much",
			percent(s.Right, s.Images(), 2), r.BestOnTest.Epoch+1)
	default:
		say(0, "%s", epoch)
	}
	if r.Cached != nil {
		say(0, "%s taken from the cache, where they had taken %s to learn; this run took %s", strings.Join(r.Cached.Layers, ", "), took(r.Cached.Seconds), took(r.Seconds))
	}
	fmt.Fprintf(&b, "\n%s\n", resultText(r.Test, names, columns(w)))
	if p, ok := preset.Lookup(e.Name); ok {
		say(0, "The source reports %s.", p.Reported)
		if list := departures(e, p); len(list) > 0 {
			say(0, "This training departs from it:")
			for _, d := range list {
				say(4, "  - %s", d)
			}
		}
		b.WriteString("\n")
	}
	// Commands are not wrapped, so that they can be copied.
	more := fmt.Sprintf("%s=%d", last.Name, max(1, 5*last.Learn.Epochs))
	fmt.Fprintf(&b, "What to do next:\n  test it again      %s\n", command("test", dir))
	if !e.Encode.Recordings() { // which no command asks about one by one
		fmt.Fprintf(&b, "  ask it             %s\n", command("predict", dir, "FILE"))
	}
	fmt.Fprintf(&b, `  look at it         %s
  train it longer    %s
`,
		command("show", dir),
		command("train", dir, "--epochs", more, "--out", dir+"-longer"))
	_, err := io.WriteString(w, b.String())
	return err
}

// columns is how wide a text may be that is written to w.
func columns(w io.Writer) int {
	if width, ok := terminal(w); ok {
		return width - 1
	}
	return 120
}

// wrapFor breaks text to fit the terminal that it is written to, if it is one.
func wrapFor(w io.Writer, text string, indent int) string {
	if width, ok := terminal(w); ok {
		return wrap(text, indent, width)
	}
	return text
}
