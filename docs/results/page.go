package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"firstspike/train"
)

const before = `# Results

What the presets reach, beside what their sources report. Every number on this page is in [results.csv](results.csv).

![Test images right, ours with the interval of the mean and one dot for each seed, below what the source reports](results.png)

*Ours: the mean, its 95 % interval, and a faint dot for each seed. A ring is what the source reports; studies of which it
reports no number, or one of other data, are not drawn.*

## How many are right

`

const meaning = `
**Ours** is the mean over the seeds, in per cent of the test images; a silent image is not right. A seed decides the initial weights, the order of
images and which of them are held out. The interval is Student's: that of the mean over all seeds, with 95 % confidence. With one seed
there is none.

With the protocol *validation* the held-out training images choose whatever is to be chosen, such as the epoch or the C of a linear SVM, and nothing is
learned from them. The test images are then looked at once, when all else is done. With the protocol *paper* all training images are learned from, and the result
is that after the last epoch. If the test follows every epoch, *best on test* is beside it: that of the epoch that was best on the test images themselves,
which says too much, and which papers often report.

## What it takes

`

const costs = `
**Time** is that of one training from images to result, by the clock, as a mean. Trainings ran side by side and beside other work on the machine that is named
below, so this is an upper bound: [performance.md](performance.md) says how fast it can be. What came from the cache took other time, which is given
apart. **Weights** are those of all layers and of the SVM, where one reads them; **bytes** are those of the model's file, in which a weight is a 32-bit float.

**Spikes** are those of the input and of each layer's neurons, before pooling, for one image. Of a layer that decides, only the
first counts, for it is the decision. **Operations** are synaptic: for each spike the synapses that it reaches, to the last step, as a plain
simulation driven by events adds them; of an SVM the weights of what fires. Both are means over test images, evenly taken, and over the seeds.
They were counted when all was trained and tested, without labels, and chose nothing.

## How each was made

`

const after = `The folders that these commands write make this page: ` + "`go run ./docs/results -out docs STUDY…`" + ` measures them, writes their rows into
results.csv, and leaves other rows as they are. ` + "`go run ./docs/results -draw`" + ` makes the page and the picture of the rows alone.
`

// page is results.md.
func page(rows []row) string {
	var b strings.Builder
	b.WriteString(before)
	b.WriteString("| preset | data, tested | reported | ours: mean (95 % interval), seeds | protocol |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		line(&b, r.link(), r.Data+", "+count3(float64(r.Tested)), r.reported(), r.ours(), r.protocol())
	}
	b.WriteString(meaning)
	b.WriteString("| preset | time a seed | weights | bytes | spikes an image | operations an image |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		line(&b, r.link(), r.time(), count3(float64(r.Weights)), count3(float64(r.Bytes)), parts(r.Spikes), parts(r.Operations))
	}
	b.WriteString(costs)
	for _, r := range rows {
		fmt.Fprintf(&b, "**[%s](../preset/%s)**, %s of %s (%s, %s, %s):\n\n    %s\n\n", r.Preset, r.File, plural(r.Cores, "core"), r.CPU, r.SIMD, r.Go, r.System, r.Command)
		if r.Reported != "" {
			fmt.Fprintf(&b, "- Reported: %s.\n", r.Reported)
		}
		fmt.Fprintf(&b, "- Differs from the preset: %s.\n", listed(r.Differs))
		fmt.Fprintf(&b, "- Our choice in the preset, and not its source's: %s.\n", listed(r.Choices))
		fmt.Fprintf(&b, "- Seed by seed: %s %%; spikes counted on %s test images.\n\n", list(r.Right, func(x float64) string { return fmt.Sprintf("%.2f", x) }), count3(float64(r.Images)))
	}
	b.WriteString(after)
	return b.String()
}

// line writes a line of a table.
func line(b *strings.Builder, cells ...string) {
	for _, c := range cells {
		b.WriteString("| " + strings.ReplaceAll(strings.Join(strings.Fields(c), " "), "|", `\|`) + " ")
	}
	b.WriteString("|\n")
}

// link tells a study from others, with the way to its preset.
func (r row) link() string {
	s := fmt.Sprintf("[%s](../preset/%s)", r.Preset, r.File)
	if set := r.settings(); set != "" {
		s += " `" + begins(set, 40) + "`"
	}
	return s
}

// begins is how a text begins: whole words of so many bytes at the most, but one
// word at the least.
func begins(text string, most int) string {
	words := strings.Fields(text)
	s := ""
	for i, w := range words {
		if i > 0 && len(s)+1+len(w) > most {
			return s + " …"
		}
		s = strings.TrimLeft(s+" "+w, " ")
	}
	return s
}

func (r row) reported() string {
	if math.IsNaN(r.ReportedPercent) {
		return "nothing to compare with: see below"
	}
	return fmt.Sprintf("%s %% (%s, %s)", decimal(r.ReportedPercent), r.ReportedBy, r.ReportedHow)
}

func (r row) ours() string {
	s := interval(r.Mean, r.Low, r.High, len(r.Right))
	if len(r.Best) > 0 {
		s += " after the last epoch; best on test " + interval(r.best())
	}
	return s + ", " + seedNames(r.Seeds)
}

func interval(mean, low, high float64, n int) string {
	if n < 2 {
		return fmt.Sprintf("%.2f %%", mean)
	}
	return fmt.Sprintf("%.2f %% (%.2f to %.2f)", mean, low, high)
}

// seedNames are the seeds in words.
func seedNames(seeds []uint64) string {
	together := len(seeds) > 2
	for i, s := range seeds {
		together = together && s == seeds[0]+uint64(i)
	}
	if together {
		return fmt.Sprintf("seeds %d to %d", seeds[0], seeds[len(seeds)-1])
	}
	texts := list(seeds, func(n uint64) string { return strconv.FormatUint(n, 10) })
	return strings.TrimPrefix(plural(len(seeds), "seed"), strconv.Itoa(len(seeds))+" ") + " " + strings.ReplaceAll(texts, between, ", ")
}

func (r row) protocol() string {
	s := r.Protocol
	if r.HeldOut > 0 {
		s += ", " + count3(float64(r.HeldOut)) + " held out"
	}
	if r.Readout == train.ReadoutSVM {
		s += "; read by a linear SVM"
	}
	return s
}

func (r row) time() string {
	s := took(r.Seconds)
	if r.FromCache > 0 {
		s += fmt.Sprintf("; %d of %s from the cache, which had taken %s", r.FromCache, plural(len(r.Seeds), "seed"), took(r.CachedSeconds))
	}
	return s
}

// took is a time as people say it.
func took(seconds float64) string {
	n := int(math.Round(seconds))
	switch {
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	case n < 60:
		return fmt.Sprintf("%d s", n)
	case n < 3600:
		return fmt.Sprintf("%d min %d s", n/60, n%60)
	}
	n = (n + 30) / 60
	return fmt.Sprintf("%d h %d min", n/60, n%60)
}

// parts are the sum of some numbers, and what it is made of.
func parts(p []part) string {
	s := count3(total(p))
	if len(p) < 2 {
		return s
	}
	texts := list(p, func(p part) string { return p.Name + " " + count3(p.Value) })
	return s + ": " + strings.ReplaceAll(texts, between, ", ")
}

// count3 is a number without decimals, its thousands apart.
func count3(x float64) string {
	s := strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// listed are items in a sentence.
func listed(items []string) string {
	if len(items) == 0 {
		return "nothing"
	}
	return strings.Join(items, between)
}
