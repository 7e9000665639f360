package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"firstspike/figure"
	"firstspike/gallery"
	"firstspike/sweep"
)

// A mergedFile is a file that merge writes.
type mergedFile struct {
	name  string
	write func(io.Writer) error
}

// sweepPage puts a sweep on a page.
func sweepPage(o *sweep.Outcome, looks []sweepLook, file []string) (gallery.Page, error) {
	p := o.Plan
	page := gallery.Page{Title: p.Sweep.Name + ": a sweep"}
	fact := func(name, format string, args ...any) {
		page.Facts = append(page.Facts, gallery.Fact{Name: name, Text: fmt.Sprintf(format, args...)})
	}
	page.Lead = "No training has ended yet."
	if lines := ahead(o, 1); len(lines) > 0 {
		l := lines[0]
		page.Lead = fmt.Sprintf("The best of %s has %s, with %.2f %% of the held-out training images right", plural(len(p.Points), "point"), settingsText(l.Point), l.Mean)
		if l.N > 1 {
			page.Lead += fmt.Sprintf(" (mean of %s, 95 %% interval %.2f to %.2f)", plural(l.N, "seed"), l.Low, l.High)
		}
		page.Lead += ". "
		if n := slices.IndexFunc(looks, func(look sweepLook) bool { return slices.Equal(look.Keys, keysOf(l)) && len(look.Seeds) > 0 }); n >= 0 {
			page.Lead += fmt.Sprintf("On %s: %s. ", looks[n].Data.Name, summaryText(looks[n].Test))
		}
		page.Lead += "T" + lookedText(looks)[1:] + "."
	}
	fact("experiment", "%s, from %s", p.Base.Name, p.Sweep.Preset)
	for _, a := range p.Sweep.Axes {
		fact("varied", "%s", axisText(a, p))
	}
	for _, path := range p.Derived() {
		fact("follows", "%s = %s", path, p.Sweep.Derive[path])
	}
	for _, only := range p.Sweep.Only {
		fact("only where", "%s", only)
	}
	fact("seeds", "%s", seedsText(p.Sweep.Seeds))
	ended := fmt.Sprintf("%d of %d finished", o.Done, o.Jobs)
	if o.Failed > 0 {
		ended += fmt.Sprintf(", %d failed", o.Failed)
	}
	fact("trainings", "%s", ended)
	fact("time", "%s", spentText(o))
	fact("this page", "%s", time.Now().Format("2 January 2006"))

	rung := ""
	if p.Rungs() > 1 {
		rung = " in the first rung, which has all of them"
	}
	section := func(heading, text string, pictures ...figure.Figure) {
		page.Sections = append(page.Sections, gallery.Section{Heading: heading, Text: text, Pictures: pictures})
	}
	if lines := ahead(o, 20); len(lines) > 0 {
		page.Sections = append(page.Sections, gallery.Section{Heading: "The best points", Lines: strings.TrimRight(pointsText(o, lines, 110), "\n"),
			Text: "Of many points the best is also the luckiest: its mean says too much. An interval is that of the mean over seeds (Student's, 95 %), and says nothing of luck in choosing."})
	}
	section("Every point", "A line is a point: where it crosses an axis is its value there, and the last axis is what came of it"+rung+". The better, the darker.", o.Parallel())
	if heat, ok := o.Heat(); ok {
		section("Every combination", "", heat)
	}
	section("What every setting does", "Means over all points that have a value, whatever their other values, with the 95 % interval of that mean; faint dots are points. A setting of which all means are alike hardly matters, unless what it does depends on another: then the lines above cross.", o.MainEffects())
	if curves := o.Curves(6); len(curves.Panels[0].Series) > 0 {
		section("How the best points learned", "", curves)
	}
	if fs := failuresOf(o); len(fs) > 0 {
		s := gallery.Section{Heading: "What failed"}
		for _, f := range fs {
			s.List = append(s.List, fmt.Sprintf("%s: %s", strings.Join(f.Jobs, "; "), firstLine(f.Error)))
		}
		page.Sections = append(page.Sections, s)
	}
	text, err := p.Base.TOML()
	if err != nil {
		return page, err
	}
	page.Experiment = string(text)
	page.Commands = []string{command(append([]string{"sweep", "run"}, file...)...), command(append([]string{"sweep", "best"}, file...)...), command(append([]string{"sweep", "test"}, file...)...)}
	return page, nil
}

// settingsText is the settings of a point.
func settingsText(p sweep.Point) string {
	if len(p.Settings) == 0 {
		return "no settings of its own"
	}
	return p.String()
}

// seedsText lists seeds, those that follow one another as a range.
func seedsText(seeds []uint64) string {
	var parts []string
	for i := 0; i < len(seeds); {
		k := i + 1
		for k < len(seeds) && seeds[k] == seeds[k-1]+1 {
			k++
		}
		switch {
		case k-i > 2:
			parts = append(parts, fmt.Sprintf("%d to %d", seeds[i], seeds[k-1]))
		default:
			for _, s := range seeds[i:k] {
				parts = append(parts, fmt.Sprint(s))
			}
		}
		i = k
	}
	return strings.Join(parts, ", ")
}
