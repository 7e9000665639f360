package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"firstspike/train"
)

// A benchOutput is what bench measured, as JSON.
type benchOutput struct {
	Machine        machine       `json:"machine"`
	Network        string        `json:"network"` // "trained" or "fresh"
	Source         string        `json:"source"`  // the run, or where else the network comes from
	Experiment     string        `json:"experiment"`
	Epoch          int           `json:"epoch_images"` // training images that an epoch shows
	Workers        int           `json:"workers"`
	Stages         []stageOutput `json:"stages"`
	BytesPerNeuron float64       `json:"bytes_per_neuron"` // of state: see train.Bench
	Peak           uint64        `json:"peak_bytes"`
	PeakFrom       string        `json:"peak_source"`
	Interrupted    bool          `json:"interrupted"` // not all stages, or not all repeats
}

// A stageOutput is one stage. What a stage does not have, such as spikes that
// go into an encoder, is null.
type stageOutput struct {
	Stage               string   `json:"stage"`
	Microseconds        spread   `json:"microseconds"` // an image: of the repeats the median, least and most
	ImagesPerSecond     float64  `json:"images_per_second"`
	Images              int      `json:"images"` // of a repeat
	Repeats             int      `json:"repeats"`
	SpikesIn            *float64 `json:"spikes_in"`         // an image
	SpikesOut           *float64 `json:"spikes_out"`        // an image
	SpikesPerSecond     float64  `json:"spikes_per_second"` // that go in, or, of an encoder, out
	Operations          *float64 `json:"operations"`        // an image
	OperationsPerSecond *float64 `json:"operations_per_second"`
	Allocations         int      `json:"allocations"` // an image, rounded down as Go's benchmarks do
}

func stageOf(w *train.Work, t timings) stageOutput {
	us := t.microseconds()
	perSecond := 1e6 / us.Median
	first := w.Stage == train.StageEncode // it has no synapses, and makes the first spikes
	some := func(v float64) *float64 {
		if first {
			return nil
		}
		v = rounded(v)
		return &v
	}
	out, through := rounded(w.SpikesOut), w.SpikesIn
	if first {
		through = w.SpikesOut
	}
	return stageOutput{
		Stage:               w.Stage,
		Microseconds:        spread{rounded(us.Median), rounded(us.Low), rounded(us.High)},
		ImagesPerSecond:     rounded(perSecond),
		Images:              t.images,
		Repeats:             len(t.repeats),
		SpikesIn:            some(w.SpikesIn),
		SpikesOut:           &out,
		SpikesPerSecond:     rounded(through * perSecond),
		Operations:          some(w.Operations),
		OperationsPerSecond: some(w.Operations * perSecond),
		Allocations:         int(t.mallocs / uint64(t.images)),
	}
}

// rounded keeps six digits: more are noise.
func rounded(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	return r
}

// tableColumns is how wide the text is.
const tableColumns = 80

// text is what was measured as a table that fits any terminal.
func (o benchOutput) text() string {
	var b strings.Builder
	say := func(indent int, format string, args ...any) {
		b.WriteString(wrap(visible(fmt.Sprintf(format, args...)), indent, tableColumns) + "\n")
	}
	m := o.Machine
	say(9, "machine  %s, %s, SIMD %s, %s, %s", m.CPU, plural(m.Cores, "core"), m.SIMD, m.Go, m.System)
	source := o.Source
	if o.Network == fresh {
		source = fmt.Sprintf("fresh: the initial weights of %s", source)
	}
	say(9, "network  %s; an epoch has %s images", source, count(o.Epoch))
	say(9, "workers  %d", o.Workers)
	say(9, "memory   %.3g bytes of state a neuron, %s at most (%s)", o.BytesPerNeuron, megabytes(int64(o.Peak)), o.PeakFrom)

	first := len("stage")
	for _, s := range o.Stages {
		first = max(first, len(s.Stage))
	}
	line := func(columns ...any) {
		fmt.Fprintf(&b, "%-*s %8s %8s %8s %9s %8s %7s %8s %6s\n", append([]any{first}, columns...)...)
	}
	fmt.Fprintf(&b, "\n%-*s %26s %9s %16s %15s\n", first, "", "microseconds an image", "images", "spikes an image", "operations")
	line("stage", "median", "low", "high", "a second", "in", "out", "an image", "G/s")
	for _, s := range o.Stages {
		us := s.Microseconds
		line(s.Stage, digits(&us.Median), digits(&us.Low), digits(&us.High), count(int(math.Round(s.ImagesPerSecond))),
			digits(s.SpikesIn), digits(s.SpikesOut), short(s.Operations), giga(s.OperationsPerSecond))
	}
	b.WriteString("\n")
	for _, note := range o.notes() {
		say(2, "- %s", note)
	}
	return b.String()
}

// notes say what the table does not.
func (o benchOutput) notes() []string {
	var early, late, steps, allocate []string
	least, most := math.MaxInt, 0
	first := 0 // images of a stage of first visits
	for _, s := range o.Stages {
		least, most = min(least, s.Repeats), max(most, s.Repeats)
		if s.Allocations > 0 {
			allocate = append(allocate, fmt.Sprintf("%s %d", s.Stage, s.Allocations))
		}
		switch {
		case strings.HasSuffix(s.Stage, train.StageEarly):
			early = append(early, s.Stage)
			first = min(s.Images, o.Epoch, poolImages)
		case strings.HasSuffix(s.Stage, train.StageLate):
			late = append(late, s.Stage)
		case !slices.Contains([]string{train.StageEncode, train.StagePrefix, train.StageInference, train.StageTest}, s.Stage):
			steps = append(steps, s.Stage)
		}
	}
	repeats := plural(most, "repeat")
	if least < most {
		repeats = fmt.Sprintf("%d to %s", least, repeats)
	}
	notes := []string{fmt.Sprintf("times are the median, the lowest and the highest of %s", repeats),
		"operations are synaptic: the additions of a plain event-driven simulation, done or avoided"}
	for _, stage := range early {
		notes = append(notes, fmt.Sprintf("%s: the first %s images, from initial weights", stage, count(first)))
		if o.Network == fresh {
			notes = append(notes, "late is only a layer that has learned: that stage is left out")
		}
	}
	for _, stage := range late {
		notes = append(notes, fmt.Sprintf("%s: whole epochs of %s images, all of which were seen in the epoch before", stage, count(o.Epoch)))
	}
	if o.Workers > 1 && len(steps) > 0 {
		notes = append(notes, strings.Join(steps, ", ")+": learning goes image by image, so workers change nothing")
	}
	if len(allocate) > 0 {
		notes = append(notes, "objects allocated for an image: "+strings.Join(allocate, ", "))
	} else {
		notes = append(notes, "nothing is allocated for an image")
	}
	if o.Interrupted {
		notes = append(notes, "interrupted: not everything was measured")
	}
	return notes
}

// plural is a number of things with their name.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return count(n) + " " + thing
}

// digits is a number of a column of eight, "-" if there is none.
func digits(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v >= 99_999.5:
		return fmt.Sprintf("%.0f", *v)
	case *v >= 99.995:
		return fmt.Sprintf("%.1f", *v)
	}
	return fmt.Sprintf("%.2f", *v)
}

// short is a large number in thousands or millions.
func short(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v >= 999_950:
		return fmt.Sprintf("%.2f M", *v/1e6)
	case *v >= 999.5:
		return fmt.Sprintf("%.1f k", *v/1e3)
	}
	return fmt.Sprintf("%.0f", *v)
}

// giga is a number in billions.
func giga(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v < 0.005e9:
		return "<0.01"
	case *v < 9.995e9:
		return fmt.Sprintf("%.2f", *v/1e9)
	case *v < 99.95e9:
		return fmt.Sprintf("%.1f", *v/1e9)
	}
	return fmt.Sprintf("%.0f", *v/1e9)
}
