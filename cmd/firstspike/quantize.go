package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"firstspike/dataset"
	"firstspike/figure"
	"firstspike/internal/parallel"
	"firstspike/quantize"
	"firstspike/snn"
	"firstspike/train"
)

type quantizeCommand struct {
	Folder string `arg:"" name:"run" help:"The run's folder, or a safetensors file from it."`

	Bits    []string `sep:"," placeholder:"N" help:"Bits of a weight, 1 to 8; 8, 4 and 1, one after another, if not given."`
	Layers  []string `sep:"," placeholder:"NAME" help:"Round these layers together; each alone and all together if not given."`
	Out     string   `placeholder:"FILE" help:"Write the network with its weights packed; for one number of bits."`
	Plot    string   `placeholder:"FILE" help:"Draw what the table says, as PNG, or as SVG if FILE ends in .svg."`
	Test    bool     `help:"Ask about the test images in place of those that chose the epoch."`
	JSON    bool     `help:"Print the result as JSON."`
	Workers string   `placeholder:"N" help:"Goroutines that decide; one for each CPU if not given."`
}

// Help is shown after the flags.
func (quantizeCommand) Help() string {
	return `    firstspike quantize runs/mozafari2018-seed1 --plot bits.png
    firstspike quantize runs/mozafari2018-seed1 --bits 4 --layers s2,s3 --out small.safetensors
    firstspike test small.safetensors

Levels are evenly spaced between the smallest and the largest weight of a layer; with one bit there are two, those that are nearest to all weights. Nothing is learned again, but thresholds move to where neurons fire most nearly as before, on 100 training images, without their labels. A packed file has the same weights, bit for bit, as the network that was measured; test, predict, show, plot, spikes, energy, bench, doctor, export and import take it.

Precision is chosen, like an epoch, on images that were held out of the training; where there are none, and with --test, it is the test images. How fast: one goroutine decides many images, in turn with the network as it was; the median of five ratios.`
}

// calibration is how many training images thresholds are calibrated on.
const calibration = 100

// A quantizing is what the flags ask for.
type quantizing struct {
	bits    []int
	workers int
}

func (c *quantizeCommand) faults() usageError {
	_, faults := c.plan()
	return faults
}

func (c *quantizeCommand) plan() (q quantizing, faults usageError) {
	for _, text := range c.Bits {
		n := faults.number("--bits", strings.TrimSpace(text), 0, 1, quantize.MaxBits)
		if strings.TrimSpace(text) == "" {
			faults.add("--bits: a number is empty")
		}
		if slices.Contains(q.bits, n) && n > 0 {
			faults.add("--bits %d: given twice", n)
		}
		q.bits = append(q.bits, n)
	}
	if len(c.Bits) == 0 {
		q.bits = []int{8, 4, 1}
	}
	if c.Out != "" && len(c.Bits) != 1 {
		faults.add("--out %s: which precision is it to have? add --bits N", c.Out)
	}
	q.workers = workers(c.Workers, &faults)
	return q, faults
}

// A quantizeOutput is the result as JSON.
type quantizeOutput struct {
	Run    string         `json:"run"`
	Data   string         `json:"data"`
	Images int            `json:"images"`
	Rows   []quantizedRow `json:"precisions"` // the first is the network as it was
}

// A quantizedRow is what a network has with some layers rounded.
type quantizedRow struct {
	Layers   []string `json:"layers"` // that are rounded; none: the network as it was
	Bits     int      `json:"bits"`   // of their weights; 32: as they were
	Right    int      `json:"right"`
	Accuracy float64  `json:"accuracy"`
	Changed  int      `json:"changed_decisions"` // images that are decided otherwise
	Bytes    int      `json:"file_bytes"`        // packed
	Micros   float64  `json:"microseconds"`      // an image: of the first as measured, of others by the ratio
	Ratio    float64  `json:"times_as_fast"`     // as the network as it was

	model *train.Model
}

// Run rounds, measures, and writes.
func (c *quantizeCommand) Run(s *streams) error {
	plan, faults := c.plan()
	if err := faults.err(); err != nil {
		return err
	}
	m, err := loadModel(s, c.Folder)
	if err != nil {
		return err
	}
	images, learned, err := c.images(m.Experiment)
	if err != nil {
		return usageError{err}
	}
	if err := m.Fits(images); err != nil {
		return usageError{err}
	}
	for _, name := range c.Layers {
		if name = strings.TrimSpace(name); !slices.ContainsFunc(m.Network.Layers, func(l snn.Layer) bool { return l.Name == name }) {
			return usageError{fmt.Errorf("--layers %s: there is no such layer", visible(name))}
		}
	}
	for _, out := range []string{c.Out, c.Plot} {
		if err := canWrite(out); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o := quantizeOutput{Run: c.Folder, Data: images.Name, Images: images.Len()}
	display := newDisplay(s.err)
	defer display.close()
	tell := func(name string, done, total int) {
		if _, ok := terminal(s.err); ok {
			display.Observe(train.Stage{Name: name, Done: done, Total: total})
		}
	}
	if o.Rows, err = c.rows(ctx, m, learned, plan.bits, plan.workers, tell); err == nil {
		err = o.decide(ctx, images, plan.workers, tell)
	}
	if err == nil {
		err = o.time(ctx, learned, tell)
	}
	display.close()
	if err != nil {
		return interrupted(ctx, s, err)
	}
	if c.Plot != "" {
		if err := c.plot(s, o); err != nil {
			return err
		}
	}
	if c.Out != "" {
		last := o.Rows[len(o.Rows)-1]
		if err := writeWhole(s, c.Out, last.model.Write); err != nil {
			return err
		}
	}
	switch {
	case c.Out == "-" || c.Plot == "-":
		return nil
	case c.JSON:
		return json.NewEncoder(s.out).Encode(o)
	}
	_, err = fmt.Fprint(s.out, o.text())
	return err
}

// images are those that are asked about, and those that the network has learned
// from.
func (c *quantizeCommand) images(e train.Experiment) (asked, learned *dataset.Set, err error) {
	all, test, err := dataset.OpenWith(e.Data.Source, e.Data.Options())
	if err != nil {
		return nil, nil, err
	}
	learned, held, err := e.Split(all)
	if err != nil {
		return nil, nil, err
	}
	if c.Test || held == nil {
		return test, learned, nil
	}
	return held, learned, nil
}

// rows are the networks that are compared.
func (c *quantizeCommand) rows(ctx context.Context, m *train.Model, learned *dataset.Set, bits []int, workers int, tell func(string, int, int)) ([]quantizedRow, error) {
	var names []string
	for _, l := range m.Network.Layers {
		names = append(names, l.Name)
	}
	sets := [][]string{names}
	if len(c.Layers) > 0 {
		sets[0] = nil
		for _, name := range c.Layers {
			sets[0] = append(sets[0], strings.TrimSpace(name))
		}
	} else if len(names) > 1 && c.Out == "" {
		sets = nil
		for _, name := range names {
			sets = append(sets, []string{name})
		}
		sets = append(sets, names)
	}
	rows := []quantizedRow{{Bits: 32, model: m}}
	for i, layers := range sets {
		for k, n := range bits {
			tell("rounding", i*len(bits)+k, len(sets)*len(bits))
			each := map[string]int{}
			for _, name := range layers {
				each[name] = n
			}
			q, err := quantize.Model(m, each)
			if err != nil {
				return nil, err
			}
			if err := quantize.Calibrate(ctx, m, q, learned, calibration, workers); err != nil {
				return nil, err
			}
			quantize.Pack(q)
			rows = append(rows, quantizedRow{Layers: layers, Bits: n, model: q})
		}
	}
	for i := range rows {
		var b bytes.Buffer
		if err := rows[i].model.Write(&b); err != nil {
			return nil, err
		}
		rows[i].Bytes = b.Len()
	}
	return rows, nil
}

// decide counts what is right, and what is decided otherwise than before.
func (o *quantizeOutput) decide(ctx context.Context, images *dataset.Set, workers int, tell func(string, int, int)) error {
	var before []int
	for i := range o.Rows {
		tell("deciding", i, len(o.Rows))
		p, err := o.Rows[i].model.Predictor()
		if err != nil {
			return err
		}
		const batch = 250
		classes := make([]int, images.Len())
		var right, changed atomic.Int64
		err = parallel.Each(ctx, (images.Len()+batch-1)/batch, workers, func() func(int) {
			p := p.Another()
			return func(part int) {
				from := part * batch
				p.Classes(min(batch, images.Len()-from), func(i int) []byte { return images.Image(from + i) }, func(i, class int) {
					classes[from+i] = class
					if class == images.Label(from+i) {
						right.Add(1)
					}
					if before != nil && before[from+i] != class {
						changed.Add(1)
					}
				})
			}
		})
		if err != nil {
			return err
		}
		if i == 0 {
			before = classes
		}
		r := &o.Rows[i]
		r.Right, r.Changed = int(right.Load()), int(changed.Load())
		r.Accuracy = float64(r.Right) / float64(max(1, images.Len()))
	}
	return nil
}

// time measures how long a decision takes, each network in turn with the first.
func (o *quantizeOutput) time(ctx context.Context, images *dataset.Set, tell func(string, int, int)) error {
	prepare := func(m *train.Model) (*train.Work, error) {
		b, err := train.NewBench(m, poolImages, train.Options{Train: images, Workers: 1, Observer: small{func(string, int, int) {}}})
		if err != nil {
			return nil, err
		}
		return b.Prepare(ctx, train.StageTest)
	}
	first, err := prepare(o.Rows[0].model)
	if err != nil {
		return err
	}
	n, err := size(ctx, first, 0)
	if err != nil {
		return err
	}
	as := timings{images: n} // of the first
	for i := 1; i < len(o.Rows); i++ {
		tell("measuring", i, len(o.Rows))
		work, err := prepare(o.Rows[i].model)
		if err != nil {
			return err
		}
		var ratios []float64
		for range repeats {
			before, _, err := repeat(ctx, first, n)
			if err != nil {
				return err
			}
			now, _, err := repeat(ctx, work, n)
			if err != nil {
				return err
			}
			as.repeats = append(as.repeats, before)
			ratios = append(ratios, float64(before)/float64(now))
		}
		slices.Sort(ratios)
		o.Rows[i].Ratio = rounded(ratios[len(ratios)/2])
	}
	// Of times in different minutes only the ratio says something.
	o.Rows[0].Micros, o.Rows[0].Ratio = rounded(as.microseconds().Median), 1
	for i := range o.Rows[1:] {
		o.Rows[1+i].Micros = rounded(o.Rows[0].Micros / o.Rows[1+i].Ratio)
	}
	return nil
}

// what names the layers of a row.
func (r quantizedRow) what(o quantizeOutput) string {
	switch len(r.Layers) {
	case 0:
		return "as it was"
	case len(o.Rows[0].model.Network.Layers):
		return "all layers"
	}
	return strings.Join(r.Layers, ", ")
}

// text is the output as a table.
func (o quantizeOutput) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: %s images\n\n", visible(o.Run), visible(o.Data), count(o.Images))
	width := len("rounded")
	for _, r := range o.Rows {
		width = max(width, len(r.what(o)))
	}
	fmt.Fprintf(&b, "%-*s %5s %9s %17s %12s %9s %8s\n", width, "rounded", "bits", "right", "decided otherwise", "file, bytes", "µs", "faster")
	for i, r := range o.Rows {
		otherwise, faster := "-", "-"
		if i > 0 {
			otherwise, faster = count(r.Changed), strconv.FormatFloat(r.Ratio, 'f', 2, 64)+"x"
		}
		fmt.Fprintf(&b, "%-*s %5d %7s %% %17s %12s %9.4g %8s\n", width, r.what(o), r.Bits, percent(r.Right, o.Images, 2), otherwise, count(r.Bytes), r.Micros, faster)
	}
	return b.String()
}

// plot draws accuracy, size and time over bits, a curve for each set of layers.
func (c *quantizeCommand) plot(s *streams, o quantizeOutput) error {
	f := figure.Curves{Heading: "What precision costs, and what it brings", X: "bits of a weight", Log: true}
	for _, p := range []struct {
		name    string
		percent bool
		value   func(quantizedRow) float64
	}{
		{"right", true, func(r quantizedRow) float64 { return r.Accuracy }},
		{"file, kB", false, func(r quantizedRow) float64 { return float64(r.Bytes) / 1000 }},
		{"times as fast", false, func(r quantizedRow) float64 { return r.Ratio }},
	} {
		panel := figure.Panel{Name: p.name, Percent: p.percent}
		for i := 1; i < len(o.Rows); {
			line := figure.Series{Name: o.Rows[i].what(o)}
			var rows []quantizedRow
			for what := line.Name; i < len(o.Rows) && o.Rows[i].what(o) == what; i++ {
				rows = append(rows, o.Rows[i])
			}
			rows = append(rows, o.Rows[0])
			slices.SortFunc(rows, func(a, b quantizedRow) int { return a.Bits - b.Bits })
			for _, r := range rows {
				line.X, line.Y = append(line.X, float64(r.Bits)), append(line.Y, p.value(r))
			}
			panel.Series = append(panel.Series, line)
		}
		f.Panels = append(f.Panels, panel)
	}
	return writeWhole(s, c.Plot, func(w io.Writer) error {
		if strings.HasSuffix(c.Plot, ".svg") {
			return figure.SVG(w, f)
		}
		return figure.PNG(w, f, 192)
	})
}
