package train

import (
	"bytes"
	"errors"
	"fmt"

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

// Parse reads an experiment from its TOML form. Unknown names and wrong types
// are refused with the line that has them; name is what the text is called in
// errors.
func Parse(name string, text []byte) (Experiment, error) {
	var e Experiment
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&e)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return e, fmt.Errorf("%s: unknown settings:\n%s", name, unknown.String())
	case errors.As(err, &wrong):
		return e, fmt.Errorf("%s: %s", name, wrong.String())
	case err != nil:
		return e, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}
