package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"firstspike/tensorfile"
	"firstspike/train"
)

// WriteJSON writes a network as a [Document], on one line.
func WriteJSON(w io.Writer, m *train.Model) error {
	d, err := document(m)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(d)
}

// ReadJSON reads the tensors and metadata of a [Document] to the end of r. The experiment in it is what counts: what the object tells
// of layers beside their weights and thresholds follows from it, and is not looked at.
func ReadJSON(r io.Reader) (*tensorfile.File, error) {
	var d Document
	decoder := json.NewDecoder(r)
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	if d.Format != jsonFormat {
		return nil, fmt.Errorf("json: its format is %q; %q is read", d.Format, jsonFormat)
	}
	if !utf8.Valid(d.State) {
		return nil, fmt.Errorf("json: its state is not UTF-8")
	}
	if rest, err := io.ReadAll(io.LimitReader(io.MultiReader(decoder.Buffered(), r), 1<<16)); err != nil {
		return nil, fmt.Errorf("json: %w", err)
	} else if rest = bytes.TrimSpace(rest); len(rest) > 0 {
		return nil, fmt.Errorf("json: %d bytes and perhaps more follow the object", len(rest))
	}
	if n := len(d.Layers) + len(d.Others); n > maxTensors {
		return nil, fmt.Errorf("json: %d layers and other tensors; at most %d are read", n, maxTensors)
	}
	f := &tensorfile.File{Metadata: map[string]string{experimentKey: d.Experiment, stateKey: string(d.State)}}
	add := func(t tensorfile.Tensor, err error) error {
		if err == nil && slices.ContainsFunc(f.Tensors, func(o tensorfile.Tensor) bool { return o.Name == t.Name }) {
			err = fmt.Errorf("two tensors are named %q", t.Name)
		}
		if err != nil {
			return fmt.Errorf("json: %w", err)
		}
		f.Tensors = append(f.Tensors, t)
		return nil
	}
	for _, l := range d.Layers {
		if err := add(tensorfile.From(weightName(l.Name), l.Shape, l.Weights)); err != nil {
			return nil, err
		}
		if l.Thresholds == nil {
			continue
		}
		if err := add(tensorfile.From(thresholdName(l.Name), []int{len(l.Thresholds)}, l.Thresholds)); err != nil {
			return nil, err
		}
	}
	for _, o := range d.Others {
		var t tensorfile.Tensor
		var err error
		switch tensorfile.DType(o.Type) {
		case tensorfile.F64:
			t, err = tensorfile.From(o.Name, o.Shape, o.Values)
		case tensorfile.F32:
			narrow := make([]float32, len(o.Values))
			for i, v := range o.Values {
				if narrow[i] = float32(v); float64(narrow[i]) != v {
					return nil, fmt.Errorf("json: tensor %q: %v is no float32", o.Name, v)
				}
			}
			t, err = tensorfile.From(o.Name, o.Shape, narrow)
		default:
			err = fmt.Errorf("tensor %q is of type %q; F32 and F64 are read", o.Name, o.Type)
		}
		if err := add(t, err); err != nil {
			return nil, err
		}
	}
	return f, nil
}
