package main

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"firstspike/preset"
	"firstspike/train"
)

// The lines at the bottom are redrawn by moving the cursor up, so that none
// may be wider than the terminal.
func TestBottomFits(t *testing.T) {
	colours := regexp.MustCompile("\x1b\\[[0-9]*m")
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(-1, 200).Draw(t, "columns")
		images := rapid.IntRange(0, 1<<20).Draw(t, "images")
		var e train.Event = train.Stage{Name: "computing the input of s1", Done: rapid.IntRange(0, 2*images).Draw(t, "done"), Total: images}
		if rapid.Bool().Draw(t, "learning") {
			e = train.Progress{
				Layer: "s3", Epoch: rapid.IntRange(0, 9999).Draw(t, "epoch"), Epochs: 10000,
				Image: rapid.IntRange(0, images).Draw(t, "image"), Images: images,
				Score:    train.Score{Right: rapid.IntRange(0, 99999).Draw(t, "right"), Wrong: rapid.IntRange(0, 99999).Draw(t, "wrong")},
				Deciding: rapid.Bool().Draw(t, "deciding"), Convergence: 0.25,
				PerSecond: rapid.Float64Range(0, 1e6).Draw(t, "speed"), Left: time.Duration(rapid.IntRange(0, 1<<40).Draw(t, "left")),
			}
		}
		for i, line := range bottom(e, columns, style{colour: rapid.Bool().Draw(t, "colour")}) {
			plain := colours.ReplaceAllString(line, "")
			if utf8.RuneCountInString(plain) > max(columns, 0) || strings.ContainsAny(plain, "\n\r\x1b") {
				t.Errorf("line %d in %d columns: %q", i, columns, line)
			}
			if columns >= 40 && i == 0 && !strings.Contains(plain, "%") {
				t.Errorf("%q does not say how far it is", line)
			}
		}
	})
}

func TestBottomText(t *testing.T) {
	p := train.Progress{Layer: "s3", Epoch: 3, Epochs: 20, Image: 5500, Images: 55000, Score: train.Score{Right: 900, Wrong: 90, Silent: 10},
		Deciding: true, Convergence: 0.1532, PerSecond: 2012.4, Left: 72 * time.Second}
	for _, c := range []struct {
		columns     int
		first, then string
	}{
		{80, "s3 epoch 4/20 [###............................]  10 %  2012 images/s  1m12s left", "  right 90.0 %  wrong 9.0 %  silent 1.0 %  convergence 0.153"},
		{50, "s3 epoch 4/20 [##..............]  10 %  1m12s left", "right 90.0 wrong 9.0 silent 1.0 conv. 0.153"},
		{39, "s3 epoch 4/20 [##...............]  10 %", "90.0/9.0/1.0 % conv. 0.153"},
		{20, "s3 epoch 4/20  10 %", "90.0/9.0/1.0 % conv."},
	} {
		got := bottom(p, c.columns, style{})
		if got[0] != c.first || got[1] != c.then {
			t.Errorf("%d columns:\n%q, want\n%q;\n%q, want\n%q", c.columns, got[0], c.first, got[1], c.then)
		}
	}
	p.Deciding, p.PerSecond = false, 0
	if got := bottom(p, 60, style{}); got[1] != "  convergence 0.153" || strings.Contains(got[0], "left") {
		t.Errorf("%q", got)
	}
	if got := bottom(p, 60, style{colour: true}); !strings.Contains(got[0], "\x1b[32m###") {
		t.Errorf("no colour: %q", got)
	}
}

// Heads and rows of a table are equally long, in every kind of table.
func TestTable(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment
	score := &train.Score{Right: 50000, Wrong: 4000, Silent: 1000}
	for _, c := range []struct {
		layer string
		width int
		end   train.EpochEnd
		want  string
	}{
		{"s1", 80, train.EpochEnd{Epoch: 1, Convergence: 0.0912, PerSecond: 20123.4}, "    2       0.0912     20123"},
		{"s1", 20, train.EpochEnd{Epoch: 1, Convergence: 0.0912, PerSecond: 20123.4}, "    2       0.0912     20123"},
		{"s3", 100, train.EpochEnd{Epoch: 19, Train: score, Validation: score, Best: true, Convergence: 0.19, PerSecond: 4522},
			"   20   90.91 %    7.27 %    1.82 %     90.91 % *         0.19      4522"},
		{"s3", 40, train.EpochEnd{Epoch: 19, Train: score, Validation: score, Best: true, Convergence: 0.19, PerSecond: 4522},
			"   20  90.9   7.3    1.8   90.9*  4522"},
		{"s3", 100, train.EpochEnd{Epoch: 0, Train: score, Test: score, Convergence: 0.19, PerSecond: 4522},
			"    1   90.91 %    7.27 %    1.82 %     90.91 %           0.19      4522"},
	} {
		table := newTable(e, c.layer, c.width)
		row := table.row(c.end, style{})
		if row != c.want || len(row) != len(table.heading()) {
			t.Errorf("%s in %d columns:\n%s\n%s, want\n%s", c.layer, c.width, table.heading(), row, c.want)
		}
	}
	e.Protocol.Kind = train.ProtocolPaper
	if head := newTable(e, "s3", 100).head(); !strings.Contains(head, "test") || strings.Contains(head, "validation") {
		t.Errorf("%s", head)
	}
	e = e.Clone()
	e.Layers[2].Learn.Rule = train.RuleSTDP
	e.Protocol.Kind = train.ProtocolValidation
	table := newTable(e, "s3", 100)
	if row := table.row(train.EpochEnd{Validation: score, Best: true}, style{}); len(row) != len(table.heading()) || !strings.Contains(row, "90.91 % *") {
		t.Errorf("%s\n%s", table.heading(), row)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 80, "one two three"},
		{"one two three", 9, "one two\n  three"},
		{"one  two", 80, "one  two"},
		{"word averylongwordthatdoesnotfit b", 10, "word\n  averylongwordthatdoesnotfit\n  b"},
		{"", 10, ""},
	} {
		if got := wrap(c.text, 2, c.width); got != c.want {
			t.Errorf("wrap(%q, 2, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// The bounds are the two solutions p of |p - k/n| = z sqrt(p (1-p)/n).
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 10, 0, 0.277533},
		{5, 10, 0.236593, 0.763407},
		{10, 10, 0.722467, 1},
		{9450, 10000, 0.940358, 0.949300},
		{0, 0, 0, 1},
	} {
		low, high := wilson(c.k, c.n)
		if math.Abs(low-c.low) > 2e-6 || math.Abs(high-c.high) > 2e-6 {
			t.Errorf("wilson(%d, %d) = %.6f, %.6f; want %.6f, %.6f", c.k, c.n, low, high, c.low, c.high)
		}
		for _, p := range []float64{low, high} {
			z := 1.959963984540054
			if n := float64(c.n); n > 0 && math.Abs(math.Abs(p-float64(c.k)/n)-z*math.Sqrt(p*(1-p)/n)) > 1e-7 {
				t.Errorf("wilson(%d, %d): %v is no solution", c.k, c.n, p)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 59400 * time.Millisecond: "59s", 67 * time.Second: "1m07s", 2*time.Hour + 5*time.Minute: "2h05m"} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %s, want %s", d, got, want)
		}
	}
	for s, want := range map[string]string{"runs/a-1": "runs/a-1", "my run": "'my run'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'"} {
		if got := quote(s); got != want {
			t.Errorf("quote(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestResultText(t *testing.T) {
	r := train.Result{Confusion: [][]int{{980, 0, 20}, {3, 1100, 0}}}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{120, `Rows are labels, columns decisions:

label    0    1  silent    right
    0  980    .      20   98.0 %
    1    3 1100       .   99.7 %
`},
		{30, `label  images    right  taken for
    0    1000   98.0 %  silent: 20
    1    1103   99.7 %  0: 3
`},
	} {
		if got := resultText(r, nil, c.columns); got != c.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.columns, got, c.want)
		}
	}
	if got := resultText(train.Result{Confusion: [][]int{{7, 1}}}, []string{"bag"}, 10); got != "label  images    right  taken for\nbag 0       8   87.5 %  silent: 1\n" {
		t.Errorf("%q", got)
	}
	if got := resultText(train.Result{Confusion: [][]int{{7, 0}}}, nil, 10); got != "label  images    right  taken for\n    0       7  100.0 %\n" {
		t.Errorf("%q", got)
	}
}
