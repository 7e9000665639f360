package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"firstspike/preset"
	"firstspike/study"
)

// A row is a study as results.csv has it: all that the page says of it.
type row struct {
	Preset, File, Data string  // File is the preset's, in the folder of presets
	Tested             int     // test images
	Command            string  // that makes the study again
	Reported           string  // by the source, in words
	ReportedPercent    float64 // the best of those results; NaN: no number, or one of other data
	ReportedBy         string
	ReportedHow        string

	Protocol  string // as in train.Protocol
	HeldOut   int    // training images that are not learned from
	Readout   string // as in train.Readout; empty: blocks
	Seeds     []uint64
	Right     []float64 // percent of the test images, seed by seed
	Mean      float64   // of Right
	Low, High float64   // of its 95 % interval
	Best      []float64 // after the epoch that is best on the test images; none where nobody looks

	Seconds       float64 // of a seed, as a mean, without what was taken from the cache
	FromCache     int     // seeds that took layers from the cache
	CachedSeconds float64 // that these layers took to learn, as a mean of those seeds
	CPU           string
	Cores         int
	SIMD          string
	System, Go    string

	Weights    int    // of all layers and the SVM
	Bytes      int    // of the model's file
	Images     int    // on which spikes were counted
	Spikes     []part // an image: of the input, and of each layer
	Operations []part // an image: of each layer, and of the SVM

	Differs []string // settings in which the experiment differs from the preset
	Choices []string // what in the preset is nobody's but ours
}

// A part is a number of something that has a name.
type part struct {
	Name  string
	Value float64
}

func total(parts []part) float64 {
	sum := 0.0
	for _, p := range parts {
		sum += p.Value
	}
	return sum
}

// columns are the columns of results.csv and where their values are.
var columns = []struct {
	name string
	of   func(*row) any
}{
	{"preset", func(r *row) any { return &r.Preset }},
	{"file", func(r *row) any { return &r.File }},
	{"data", func(r *row) any { return &r.Data }},
	{"test_images", func(r *row) any { return &r.Tested }},
	{"command", func(r *row) any { return &r.Command }},
	{"reported", func(r *row) any { return &r.Reported }},
	{"reported_percent", func(r *row) any { return &r.ReportedPercent }},
	{"reported_by", func(r *row) any { return &r.ReportedBy }},
	{"reported_how", func(r *row) any { return &r.ReportedHow }},
	{"protocol", func(r *row) any { return &r.Protocol }},
	{"held_out", func(r *row) any { return &r.HeldOut }},
	{"readout", func(r *row) any { return &r.Readout }},
	{"seeds", func(r *row) any { return &r.Seeds }},
	{"test_percent", func(r *row) any { return &r.Right }},
	{"mean", func(r *row) any { return &r.Mean }},
	{"low_95", func(r *row) any { return &r.Low }},
	{"high_95", func(r *row) any { return &r.High }},
	{"best_on_test_percent", func(r *row) any { return &r.Best }},
	{"seconds", func(r *row) any { return &r.Seconds }},
	{"seeds_from_cache", func(r *row) any { return &r.FromCache }},
	{"cached_seconds", func(r *row) any { return &r.CachedSeconds }},
	{"cpu", func(r *row) any { return &r.CPU }},
	{"cores", func(r *row) any { return &r.Cores }},
	{"simd", func(r *row) any { return &r.SIMD }},
	{"system", func(r *row) any { return &r.System }},
	{"go", func(r *row) any { return &r.Go }},
	{"weights", func(r *row) any { return &r.Weights }},
	{"bytes", func(r *row) any { return &r.Bytes }},
	{"images_counted", func(r *row) any { return &r.Images }},
	{"spikes", func(r *row) any { return &r.Spikes }},
	{"operations", func(r *row) any { return &r.Operations }},
	{"differs", func(r *row) any { return &r.Differs }},
	{"choices", func(r *row) any { return &r.Choices }},
}

// between stands between the items of a list.
const between = "; "

// one is a text that can be an item of a list.
func one(text string) string { return strings.ReplaceAll(text, between, ", ") }

// settings are the flags of the study's command that change the experiment.
func (r row) settings() string {
	return strings.TrimPrefix(strings.TrimPrefix(r.Command, r.begin()), " ")
}

// begin is what the command begins with.
func (r row) begin() string {
	return fmt.Sprintf("firstspike replicate %s --seeds %s", r.Preset, seedList(r.Seeds))
}

// seedList is a list of seeds as --seeds takes it.
func seedList(seeds []uint64) string {
	var texts []string
	counted := true
	for i, s := range seeds {
		texts = append(texts, strconv.FormatUint(s, 10))
		counted = counted && s == uint64(i+1)
	}
	if counted {
		return strconv.Itoa(len(seeds))
	}
	if len(texts) == 1 {
		return texts[0] + "-" + texts[0] // 7 alone would be seven seeds
	}
	return strings.Join(texts, ",")
}

// put puts a row where its place is: that of the row with the same preset and
// settings, or in the order of presets, then settings.
func put(rows []row, r row) []row {
	rows = slices.DeleteFunc(rows, func(o row) bool { return o.Preset == r.Preset && o.settings() == r.settings() })
	rows = append(rows, r)
	names := preset.Names()
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(slices.Index(names, a.Preset), slices.Index(names, b.Preset)), cmp.Compare(a.settings(), b.settings()))
	})
	return rows
}

// check finds what in a row contradicts itself.
func (r row) check() error {
	rest, ok := strings.CutPrefix(r.Command, r.begin())
	switch {
	case r.Preset == "" || len(r.Seeds) == 0:
		return fmt.Errorf("preset %q with %d seeds; a study has a preset and at least one seed", r.Preset, len(r.Seeds))
	case !ok || rest != "" && rest[0] != ' ':
		return fmt.Errorf("command %q; it must begin with %q", r.Command, r.begin())
	case len(r.Right) != len(r.Seeds) || len(r.Best) != 0 && len(r.Best) != len(r.Seeds):
		return fmt.Errorf("%s: %d seeds with %d results and %d best on test; there is one for each seed", r.Command, len(r.Seeds), len(r.Right), len(r.Best))
	}
	s := study.Summarise(r.Right)
	for _, v := range []struct{ got, want float64 }{{r.Mean, s.Mean}, {r.Low, s.Low}, {r.High, s.High}} {
		if !(math.Abs(v.got-v.want) < .001) {
			return fmt.Errorf("%s: mean %v, interval %v to %v; of test_percent they are %.4f, %.4f to %.4f", r.Command, r.Mean, r.Low, r.High, s.Mean, s.Low, s.High)
		}
	}
	return nil
}

// format is results.csv.
func format(rows []row) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var line []string
	for _, c := range columns {
		line = append(line, c.name)
	}
	w.Write(line)
	for _, r := range rows {
		line = line[:0]
		for _, c := range columns {
			line = append(line, text(c.of(&r)))
		}
		w.Write(line)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func text(v any) string {
	switch v := v.(type) {
	case *string:
		return *v
	case *int:
		return strconv.Itoa(*v)
	case *float64:
		return decimal(*v)
	case *[]string:
		return strings.Join(*v, between)
	case *[]uint64:
		return list(*v, func(n uint64) string { return strconv.FormatUint(n, 10) })
	case *[]float64:
		return list(*v, decimal)
	case *[]part:
		return list(*v, func(p part) string { return p.Name + " " + decimal(p.Value) })
	}
	panic(fmt.Sprintf("results: a column of %T", v))
}

func list[T any](values []T, text func(T) string) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, text(v))
	}
	return strings.Join(texts, between)
}

// decimal is a number with four decimals at the most, and empty if it is none.
func decimal(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	s := strconv.FormatFloat(x, 'f', 4, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// parse reads results.csv; an empty text has no rows.
func parse(text []byte) ([]row, error) {
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	if len(lines[0]) != len(columns) {
		return nil, fmt.Errorf("%d columns; there are %d", len(lines[0]), len(columns))
	}
	for i, c := range columns {
		if lines[0][i] != c.name {
			return nil, fmt.Errorf("column %d is %q; it must be %q", i+1, lines[0][i], c.name)
		}
	}
	var rows []row
	for k, line := range lines[1:] {
		var r row
		for i, c := range columns {
			if err := assign(c.of(&r), line[i]); err != nil {
				return nil, fmt.Errorf("row %d: %s: %w", k+1, c.name, err)
			}
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("row %d: %w", k+1, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func assign(to any, text string) (err error) {
	switch to := to.(type) {
	case *string:
		*to = text
	case *int:
		*to, err = strconv.Atoi(text)
	case *float64:
		*to, err = number(text)
	case *[]string:
		*to, err = items(text, func(s string) (string, error) { return s, nil })
	case *[]uint64:
		*to, err = items(text, func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	case *[]float64:
		*to, err = items(text, number)
	case *[]part:
		*to, err = items(text, func(s string) (part, error) {
			at := strings.LastIndex(s, " ")
			if at < 0 {
				return part{}, fmt.Errorf("%q; write a name, a space and a number", s)
			}
			n, err := number(s[at+1:])
			return part{s[:at], n}, err
		})
	default:
		panic(fmt.Sprintf("results: a column of %T", to))
	}
	return err
}

func items[T any](text string, item func(string) (T, error)) ([]T, error) {
	if text == "" {
		return nil, nil
	}
	var values []T
	for s := range strings.SplitSeq(text, between) {
		v, err := item(s)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// number reads what decimal writes.
func number(text string) (float64, error) {
	if text == "" {
		return math.NaN(), nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
		err = fmt.Errorf("%q; numbers are finite", text)
	}
	return x, err
}

// best describes Best.
func (r row) best() (mean, low, high float64, n int) {
	s := study.Summarise(r.Best)
	return s.Mean, s.Low, s.High, s.N
}
