package observe

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"firstspike/train"
)

// A Table writes epochs as lines of text, for spreadsheets and scripts. It is a
// [train.Observer]: every epoch that ends is written at once. If that fails the
// training goes on; Err tells.
type Table struct {
	experiment train.Experiment
	write      func(train.EpochEnd) error
	err        error // the first
}

// NewCSV begins a CSV file of a run: a header with the names of the columns,
// and a row for each epoch so far. The columns are always the same; a cell is
// empty if the epoch has no such number.
func NewCSV(w io.Writer, r *Run) *Table {
	t := &Table{experiment: r.Model.Experiment}
	file := csv.NewWriter(w)
	row := func(cells []string) error {
		file.Write(cells) // Error tells
		file.Flush()
		return file.Error()
	}
	header := append([]string(nil), columns...)
	for _, name := range names {
		header = append(header, scalar{name: name}.column())
	}
	t.err = row(header)
	t.write = func(end train.EpochEnd) error {
		cells := []string{end.Layer, strconv.Itoa(end.Epoch), strconv.Itoa(end.Epochs), strconv.Itoa(end.Presentations),
			number(end.Seconds), strconv.FormatBool(end.Best), strconv.FormatBool(end.Cached)}
		have := scalars(t.experiment, end)
		for _, name := range names {
			cell := ""
			if len(have) > 0 && have[0].name == name {
				cell, have = number(have[0].value), have[1:]
			}
			cells = append(cells, cell)
		}
		return row(cells)
	}
	return t.begin(r)
}

// columns are those of a table before the scalars.
var columns = []string{"layer", "epoch", "epochs", "presentations", "seconds", "best", "cached"}

// number is a number that reads back as it was.
func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// NewJSONLines begins a file of a run with an object in a line for each epoch
// so far. The names are those of the CSV file; what an epoch does not have is
// left out, and so is a number that is not finite, which JSON cannot say.
func NewJSONLines(w io.Writer, r *Run) *Table {
	t := &Table{experiment: r.Model.Experiment}
	t.write = func(end train.EpochEnd) error {
		var line bytes.Buffer
		var err error
		field := func(name string, value any) {
			text, fault := json.Marshal(value)
			if fault != nil {
				err = fault
			}
			separator := byte(',')
			if line.Len() == 0 {
				separator = '{'
			}
			line.WriteByte(separator)
			line.WriteString(strconv.Quote(name) + ":")
			line.Write(text)
		}
		for i, value := range []any{end.Layer, end.Epoch, end.Epochs, end.Presentations, end.Seconds, end.Best, end.Cached} {
			field(columns[i], value)
		}
		for _, s := range scalars(t.experiment, end) {
			if !math.IsNaN(s.value) && !math.IsInf(s.value, 0) {
				field(s.column(), s.value)
			}
		}
		line.WriteString("}\n")
		if err != nil {
			return err
		}
		_, err = w.Write(line.Bytes())
		return err
	}
	return t.begin(r)
}

// begin writes the epochs so far.
func (t *Table) begin(r *Run) *Table {
	for _, end := range r.Epochs {
		t.epoch(end)
	}
	return t
}

// Observe writes an epoch that has ended.
func (t *Table) Observe(e train.Event) {
	if end, ok := e.(train.EpochEnd); ok {
		t.epoch(end)
	}
}

func (t *Table) epoch(end train.EpochEnd) {
	if t.err == nil {
		t.err = t.write(end)
	}
}

// Err is the first error of all that was written. Nothing is written after it.
func (t *Table) Err() error { return t.err }
