package sweep

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"firstspike/train"
)

// A Table is numbers and words in named columns, for other programs.
type Table struct {
	columns []column
	rows    int
}

// A column has a value for each row; nil is none. They are all int64, or all
// float64, bool, or string.
type column struct {
	name   string
	values []any
}

// add adds a value to the next row, in the column of a name, which is made the
// first time.
func (t *Table) add(name string, v any) {
	for i := range t.columns {
		if c := &t.columns[i]; c.name == name {
			c.values = append(c.values, v)
			return
		}
	}
	t.columns = append(t.columns, column{name, []any{v}})
}

// Points is a table with a row for every point of every rung: its settings,
// how many seeds have results, and the percentage of held-out images that was
// right: mean, standard deviation of a seed, 95 % interval of the mean (Student's, so
// that it may reach beyond 0 and 100), worst and best seed.
func (o *Outcome) Points() *Table {
	var t Table
	for _, l := range o.Lines {
		o.settings(&t, l)
		t.add("seeds", int64(len(l.Jobs)))
		t.add("finished", int64(l.N))
		t.add("failed", int64(len(l.Failures)))
		for _, v := range []struct {
			name  string
			value float64
		}{{"mean", l.Mean}, {"sd", l.SD}, {"low_95", l.Low}, {"high_95", l.High}, {"worst", l.Worst}, {"best", l.Best}, {"seconds", l.Seconds}} {
			switch of := v.name; {
			case l.N == 1 && (of == "sd" || of == "low_95" || of == "high_95"): // one seed says nothing of others
				t.add(v.name, nil)
			case l.N > 0:
				t.add(v.name, v.value)
			default:
				t.add(v.name, nil)
			}
		}
		t.rows++
	}
	t.unify()
	return &t
}

// Runs is a table with a row for every training that has a result or failed.
func (o *Outcome) Runs() *Table {
	var t Table
	for _, l := range o.Lines {
		failures := map[string]string{}
		for _, f := range l.Failures {
			failures[f.Key] = f.Error
		}
		results := map[string]Result{}
		for _, r := range l.Results {
			results[r.Key] = r
		}
		for _, j := range l.Jobs {
			result, done := results[j.Key]
			failure, failed := failures[j.Key]
			if !done && !failed {
				continue
			}
			o.settings(&t, l)
			t.add("seed", int64(j.Seed))
			t.add("key", j.Key)
			for _, v := range []struct {
				name  string
				value any
			}{
				{"validation_percent", result.Percent()}, {"right", int64(result.Validation.Right)}, {"wrong", int64(result.Validation.Wrong)},
				{"silent", int64(result.Validation.Silent)}, {"best_epoch", int64(result.Epoch + 1)}, {"presentations", int64(result.Images)},
				{"seconds", result.Seconds}, {"shared", result.Cached != nil}, {"weights_sha256", result.Weights}, {"run", result.Run},
				{"host", result.Host}, {"version", result.Version}, {"ended", result.Ended.UTC().Format("2006-01-02T15:04:05Z")},
			} {
				if done {
					t.add(v.name, v.value)
				} else {
					t.add(v.name, nil)
				}
			}
			if failed {
				t.add("error", failure)
			} else {
				t.add("error", nil)
			}
			t.rows++
		}
	}
	t.unify()
	return &t
}

// settings adds what tells a point.
func (o *Outcome) settings(t *Table, l Line) {
	t.add("point", int64(l.Point.Index))
	if o.Plan.Rungs() > 1 {
		t.add("rung", int64(l.Rung+1))
		t.add("epochs", int64(l.Epochs))
	}
	for _, a := range o.Plan.Sweep.Axes {
		for _, path := range a.paths() {
			t.add(path, typed(l.Point, path))
		}
	}
	for _, path := range o.Plan.Derived() {
		v, _ := l.Point.Experiment.Value(path)
		t.add(path, typedText(v))
	}
}

// typed is the value that an axis gives a setting of a point, nil if it does not
// vary there.
func typed(p Point, path string) any {
	for _, s := range p.Settings {
		if s.Path == path {
			return typedText(s.Value)
		}
	}
	return nil
}

// typedText is a number as a float64, and all else as it is.
func typedText(text string) any {
	if v, ok := numeric(text); ok {
		return v
	}
	return text
}

// unify makes columns that hold numbers and words into words.
func (t *Table) unify() {
	for _, c := range t.columns {
		words, others := false, false
		for _, v := range c.values {
			switch v.(type) {
			case nil:
			case string:
				words = true
			default:
				others = true
			}
		}
		if words && others {
			for i, v := range c.values {
				if v != nil {
					c.values[i] = plain(v)
				}
			}
		}
	}
}

// plain is a value as text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// CSV writes the table as RFC 4180 has it: a line of names, and a line for every
// row. What is not there is empty.
func (t *Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	line := make([]string, len(t.columns))
	for i, column := range t.columns {
		line[i] = column.name
	}
	c.Write(line)
	for row := range t.rows {
		for i, column := range t.columns {
			line[i] = plain(column.values[row])
		}
		c.Write(line)
	}
	c.Flush()
	return c.Error()
}

// Parquet writes the table as a Parquet file, in which every column has a type,
// and may be null.
func (t *Table) Parquet(w io.Writer) error {
	if len(t.columns) == 0 { // a file needs a column
		t = &Table{columns: []column{{name: "point"}}}
	}
	fields := make([]reflect.StructField, len(t.columns))
	for i, c := range t.columns {
		of := reflect.TypeFor[*string]()
		for _, v := range c.values {
			if v != nil {
				of = reflect.PointerTo(reflect.TypeOf(v))
				break
			}
		}
		fields[i] = reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: of, Tag: reflect.StructTag(fmt.Sprintf("parquet:%q", c.name+",optional"))}
	}
	row := reflect.StructOf(fields)
	f := parquet.NewWriter(w, parquet.SchemaOf(reflect.New(row).Interface()), parquet.CreatedBy("firstspike", train.Version, ""))
	for i := range t.rows {
		r := reflect.New(row)
		for k, c := range t.columns {
			if v := c.values[i]; v != nil {
				p := reflect.New(reflect.TypeOf(v))
				p.Elem().Set(reflect.ValueOf(v))
				r.Elem().Field(k).Set(p)
			}
		}
		if err := f.Write(r.Interface()); err != nil {
			return err
		}
	}
	return f.Close()
}
