package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"firstspike/figure"
	"firstspike/study"
)

// A row is a number that was measured.
type row struct {
	layer   string
	measure string // a way, whose value is the share of held-out images that are right, or what its name says
	x       int    // images behind, at once or in a group; workers; bytes
	seed    uint64
	value   float64
}

// tagged are rows of a layer and a seed.
func tagged(rows []row, layer string, seed uint64) []row {
	for i := range rows {
		rows[i].layer, rows[i].seed = layer, seed
	}
	return rows
}

var columns = []string{"layer", "measure", "x", "seed", "value"}

func write(w io.Writer, rows []row) error {
	c := csv.NewWriter(w)
	c.Write(columns)
	for _, r := range rows {
		c.Write([]string{r.layer, r.measure, strconv.Itoa(r.x), strconv.FormatUint(r.seed, 10), strconv.FormatFloat(r.value, 'g', 6, 64)})
	}
	c.Flush()
	return c.Error()
}

// read reads what write wrote.
func read(r io.Reader) ([]row, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = len(columns)
	lines, err := c.ReadAll()
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, line := range lines {
		if i == 0 {
			continue // names of columns
		}
		x, err1 := strconv.Atoi(line[2])
		seed, err2 := strconv.ParseUint(line[3], 10, 64)
		value, err3 := strconv.ParseFloat(line[4], 64)
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
		rows = append(rows, row{line[0], line[1], x, seed, value})
	}
	return rows, nil
}

// values are those of a measure in the order of the seeds.
func values(rows []row, layer, measure string, x int) (list []float64) {
	for _, r := range rows {
		if r.layer == layer && r.measure == measure && r.x == x {
			list = append(list, r.value)
		}
	}
	return list
}

// layers are those that were trained in several ways.
var layers = []string{"s2", "s3"}

// tell writes everything as tables of Markdown.
func tell(w io.Writer, o options, rows []row) {
	fmt.Fprintln(w, "| layer | way | n | right, % | against plain, points | give or take |\n|---|---|---|---|---|---|")
	for _, layer := range layers {
		plain := percent(values(rows, layer, stale, 0))
		for _, way := range o.ways {
			right := percent(values(rows, layer, way.measure(), way.n))
			if len(right) == 0 {
				continue
			}
			fmt.Fprintf(w, "| %s | %s | %d | %.1f | %+.1f | %.1f |\n", layer, way.measure(), way.n, mean(right), mean(right)-mean(plain), 100*math.Sqrt2*giveOrTake(o, rows, layer))
		}
	}
	fmt.Fprintln(w, "\n| in groups of | "+groupNames()+" |\n|---|---|---|---|---|---|---|---|---|")
	for _, n := range o.groups {
		fmt.Fprintf(w, "| %d |", n)
		for _, layer := range layers {
			for _, g := range grouped {
				fmt.Fprintf(w, " %.1f %% |", mean(percent(values(rows, layer, g, n))))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\n| of | what | µs |\n|---|---|---|")
	for _, r := range rows {
		if what, ok := microseconds(r); ok {
			fmt.Fprintf(w, "| %s | %s | %.1f |\n", r.layer, what, r.value)
		}
	}
}

// grouped are the measures of groups.
var grouped = []string{"same map, first epoch", "same map, last epoch", "other winner, first epoch", "other winner, last epoch"}

func groupNames() (names string) {
	for i, layer := range layers {
		for k, g := range grouped {
			if i+k > 0 {
				names += " | "
			}
			names += layer + ", " + g
		}
	}
	return names
}

// microseconds is what a row says the time of.
func microseconds(r row) (what string, ok bool) {
	const unit = " µs"
	n := len(r.measure) - len(unit)
	if n < 0 || r.measure[n:] != unit {
		return "", false
	}
	return r.measure[:n], true
}

func mean(list []float64) float64 { return study.Summarise(list).Mean }

// giveOrTake is two standard errors of the mean of a way over the seeds, which is
// about half an interval of 95 %, once what all ways have in common of a seed is
// taken out. All ways of a layer are taken to scatter alike: each by itself
// has too few seeds to tell. 0: there are too few to tell at all.
func giveOrTake(o options, rows []row, layer string) float64 {
	var ways [][]float64
	for _, w := range o.ways {
		if right := values(rows, layer, w.measure(), w.n); len(right) > 0 {
			ways = append(ways, right)
		}
	}
	if len(ways) < 2 || len(ways[0]) < 2 {
		return 0
	}
	seeds := make([]float64, len(ways[0])) // means over the ways
	for _, right := range ways {
		for i, v := range right {
			seeds[i] += v / float64(len(ways))
		}
	}
	squares := 0.0
	for _, right := range ways {
		for i, v := range right {
			rest := v - mean(right) - seeds[i] + mean(seeds)
			squares += rest * rest
		}
	}
	free := float64((len(ways) - 1) * (len(seeds) - 1))
	return 2 * math.Sqrt(squares/free/float64(len(seeds)))
}

func percent(shares []float64) []float64 {
	list := slices.Clone(shares)
	for i := range list {
		list[i] *= 100
	}
	return list
}

// curves are the results by how much is not known of what others have learned.
func curves(o options, rows []row) figure.Figure {
	f := figure.Curves{
		Heading: "What it costs to learn without knowing what the last images taught",
		X:       "images behind, or images at once",
		Log:     true,
		Height:  150,
	}
	for _, layer := range layers {
		panel := figure.Panel{Name: strings.ToUpper(layer) + " learns so: held-out images right", Percent: true}
		for _, kind := range []struct{ measure, name string }{{stale, "behind"}, {together, "at once"}} {
			s := figure.Series{Name: kind.name}
			for _, w := range o.ways {
				right := values(rows, layer, w.measure(), w.n)
				if w.measure() != kind.measure || w.n == 0 || len(right) == 0 {
					continue
				}
				v, around := mean(right), giveOrTake(o, rows, layer)
				s.X, s.Y = append(s.X, float64(w.n)), append(s.Y, v)
				s.Low, s.High = append(s.Low, v-around), append(s.High, v+around)
			}
			panel.Series = append(panel.Series, s)
		}
		if plain := values(rows, layer, stale, 0); len(plain) > 0 {
			panel.References = []figure.Reference{{Name: "one after another", Value: mean(plain)}}
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}
