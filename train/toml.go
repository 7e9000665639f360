package train

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// TOML is the experiment as text, with a comment where a name does not say
// enough. [Parse] reads it back to the same experiment.
func (e Experiment) TOML() ([]byte, error) {
	var b bytes.Buffer
	enc := toml.NewEncoder(&b)
	enc.SetIndentTables(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("writing the experiment: %w", err)
	}
	return b.Bytes(), nil
}

// MaxText is the length in bytes of the longest TOML form that [Parse] reads.
// Those of this program have about 5,000.
const MaxText = 64 << 10

// Parse reads an experiment from its TOML form. Unknown names and wrong types
// are refused with the line that has them, the first few of many; name is what
// the text is called in errors.
func Parse(name string, text []byte) (Experiment, error) {
	var e Experiment
	if err := Decode(name, "an experiment", text, &e); err != nil {
		return e, err
	}
	return e.Clone(), nil // in which an empty list is as none
}

// Decode reads TOML into what v points at, as strictly as [Parse], for files
// that go with experiments. what says what the text should be, such as "an
// experiment".
func Decode(name, what string, text []byte, v any) error {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	switch {
	case len(text) > MaxText:
		return fmt.Errorf("%s: is %d bytes long; %s has at most %d", name, len(text), what, MaxText)
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		return fmt.Errorf("%s: is UTF-16; save it as UTF-8", name)
	case len(bytes.TrimSpace(text)) == 0:
		return fmt.Errorf("%s: is empty", name)
	case bytes.IndexByte(text, 0) >= 0:
		return fmt.Errorf("%s: is not text, and so not %s in TOML", name, what)
	}
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		const most = 5 // that are told one by one
		var faults []error
		for i, u := range unknown.Errors {
			if i == most {
				faults = append(faults, fmt.Errorf("%s: and %d other unknown settings", name, len(unknown.Errors)-most))
				break
			}
			faults = append(faults, unreadable(name, text, &u, "there is no such setting"))
		}
		return errors.Join(faults...)
	case errors.As(err, &wrong):
		return unreadable(name, text, wrong, strings.TrimPrefix(wrong.Error(), "toml: "))
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// unreadable is an error about a line of a text, and quotes the line, but not
// all of a long one.
func unreadable(name string, text []byte, at *toml.DecodeError, problem string) error {
	const most = 80 // bytes of the line; twice as many of the problem
	row, column := at.Position()
	line, number := "", 0
	for l := range bytes.Lines(text) {
		if number++; number == row {
			line = strings.TrimSpace(string(l))
			break
		}
	}
	return fmt.Errorf("%s:%d:%d: %s: %s", name, row, column, shorten(strconv.Quote(line), most), shorten(problem, 2*most))
}

// shorten cuts a text that is longer than so many bytes.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
