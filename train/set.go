package train

import (
	"encoding"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Set changes one field, named by its path as in the experiment's TOML form.
// Layers go by name (layers.s2.threshold), filters by number
// (encode.filters.0.sigma1); encode.filters with an empty value takes all of
// them away, as recordings need it. Lists of numbers are given with commas. It
// returns a [Fault] that names the nearest valid path, or the kind of value
// that the field takes; whether the value makes sense is told by
// [Experiment.Faults].
func (e *Experiment) Set(path, value string) error {
	if path == filtersPath && strings.TrimSpace(value) == "" {
		e.Encode.Filters = nil
		return nil
	}
	target, ok := e.fields()[path]
	if !ok {
		return Fault{path, "there is no such setting; " + Nearest(path, e.Paths())}
	}
	if want := assign(target, value); want != "" {
		return Fault{path, fmt.Sprintf("%q is not %s", value, want)}
	}
	return nil
}

const filtersPath = "encode.filters"

// Paths lists the paths of all fields, in the order of the TOML form.
func (e *Experiment) Paths() []string {
	var paths []string
	e.walk(func(path string, _ reflect.Value) { paths = append(paths, path) })
	return paths
}

// Value is the field at a path, formatted as [Experiment.Set] takes it, and
// false if there is no such field.
func (e *Experiment) Value(path string) (string, bool) {
	v, ok := e.fields()[path]
	if !ok {
		return "", false
	}
	return written(v), true
}

// Settings are the paths of all fields and their values, as of [Experiment.Paths]
// and [Experiment.Value], in one go.
func (e *Experiment) Settings() iter.Seq2[string, string] {
	return func(yield func(path, value string) bool) {
		more := true
		e.walk(func(path string, v reflect.Value) { more = more && yield(path, written(v)) })
	}
}

// written is a field as Set takes it.
func written(v reflect.Value) string {
	list, ok := v.Interface().([]float64)
	if !ok {
		return fmt.Sprint(v.Interface())
	}
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strings.Join(parts, ",")
}

func (e *Experiment) fields() map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	e.walk(func(path string, v reflect.Value) { fields[path] = v })
	return fields
}

func (e *Experiment) walk(f func(path string, v reflect.Value)) {
	walk("", reflect.ValueOf(e).Elem(), f)
}

func walk(path string, v reflect.Value, f func(string, reflect.Value)) {
	join := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	_, text := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case v.Kind() == reflect.Struct && !text:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
			walk(join(name), v.Field(i), f)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			name := strconv.Itoa(i)
			if l, ok := v.Index(i).Interface().(Layer); ok && l.Name != "" {
				name = l.Name
			}
			walk(join(name), v.Index(i), f)
		}
	default:
		f(path, v)
	}
}

// assign parses a value into a field. It returns "" or what kind of value it
// wanted.
func assign(v reflect.Value, s string) string {
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if t.UnmarshalText([]byte(s)) != nil {
			return "a size such as 5 or 5x3"
		}
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return "true or false"
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return "a whole number"
		}
		v.SetInt(int64(n))
	case reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return "a whole number of 0 or more"
		}
		v.SetUint(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return "a number"
		}
		v.SetFloat(x)
	case reflect.Slice:
		var list []float64
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			x, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return "a list of numbers with commas"
			}
			list = append(list, x)
		}
		v.Set(reflect.ValueOf(list))
	}
	return ""
}

// Nearest says which of the valid names a mistaken one may have meant.
func Nearest(name string, valid []string) string {
	best, least := "", len(name)
	for _, v := range valid {
		d := levenshtein.ComputeDistance(name, v)
		if strings.HasSuffix(v, "."+name) {
			d = 0 // the path's beginning was forgotten
		}
		if best == "" || d < least {
			best, least = v, d
		}
	}
	if best == "" || 2*least > len(name) {
		const most = 30 // names that can be taken in
		if len(valid) > most {
			return fmt.Sprintf("valid are %s and %d others", strings.Join(valid[:most], ", "), len(valid)-most)
		}
		return "valid are: " + strings.Join(valid, ", ")
	}
	return fmt.Sprintf("did you mean %s?", best)
}
