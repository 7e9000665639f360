package eventfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// An Event is what a record says. Version is of the first record of a file;
// Restart is of a run that goes on.
type Event struct {
	Time    float64 // seconds since 1970
	Step    int64
	Version string
	Restart bool
	Values  []Value
}

// A Value has the kind of its plugin: "scalars", "images", "histograms",
// "text" or "hparams".
type Value struct {
	Tag, Plugin   string
	Scalar        float64
	Width, Height int
	PNG           []byte
	Buckets       []Bucket
	Text          string
	Settings      map[string]any // float64, bool or string
}

// A Reader reads event files.
type Reader struct {
	r      io.Reader
	record int
}

// NewReader returns a reader of an event file.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// mostRecord is how many bytes a record may have.
const mostRecord = 1 << 28

// Next is the next event, and io.EOF at the end. A file that ends within a
// record, as that of a run that goes on may, gives io.ErrUnexpectedEOF.
func (r *Reader) Next() (Event, error) {
	var head [12]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return Event{}, io.EOF
		}
		return Event{}, fmt.Errorf("record %d: %w", r.record, err)
	}
	n := binary.LittleEndian.Uint64(head[:])
	if binary.LittleEndian.Uint32(head[8:]) != checksum(head[:8]) {
		return Event{}, fmt.Errorf("record %d: its length is damaged, or this is no event file", r.record)
	}
	if n > mostRecord {
		return Event{}, fmt.Errorf("record %d: has %d bytes, more than the %d that are read", r.record, n, mostRecord)
	}
	// Memory is taken as data come, for the length may be anyone's.
	data, err := io.ReadAll(io.LimitReader(r.r, int64(n)+4))
	if err == nil && len(data) < int(n)+4 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return Event{}, fmt.Errorf("record %d: %w", r.record, err)
	}
	if binary.LittleEndian.Uint32(data[n:]) != checksum(data[:n]) {
		return Event{}, fmt.Errorf("record %d: is damaged: the checksum is another", r.record)
	}
	e, err := event(data[:n])
	if err != nil {
		return e, fmt.Errorf("record %d: %w", r.record, err)
	}
	r.record++
	return e, nil
}

// errMessage is of a message that ends within a field.
var errMessage = errors.New("a message ends within a field")

// fields calls f for each field of a message: with its number if it holds one,
// or with its bytes.
func fields(b []byte, f func(field int, v uint64, data []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return errMessage
		}
		b = b[n:]
		var v uint64
		var data []byte
		switch key & 7 {
		case kindNumber:
			if v, n = binary.Uvarint(b); n <= 0 {
				return errMessage
			}
			b = b[n:]
		case kindFixed:
			if len(b) < 8 {
				return errMessage
			}
			v, b = binary.LittleEndian.Uint64(b), b[8:]
		case kindShort:
			if len(b) < 4 {
				return errMessage
			}
			v, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		case kindBytes:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return errMessage
			}
			data, b = b[n:n+int(size)], b[n+int(size):]
		default:
			return fmt.Errorf("a field is of kind %d, which there is not", key&7)
		}
		if err := f(int(key>>3), v, data); err != nil {
			return err
		}
	}
	return nil
}

func event(b []byte) (e Event, err error) {
	err = fields(b, func(field int, v uint64, data []byte) error {
		switch field {
		case 1:
			e.Time = math.Float64frombits(v)
		case 2:
			e.Step = int64(v)
		case 3:
			e.Version = string(data)
		case 5:
			return fields(data, func(field int, _ uint64, data []byte) error {
				if field != 1 {
					return nil
				}
				v, err := value(data)
				e.Values = append(e.Values, v)
				return err
			})
		case 7:
			return fields(data, func(field int, v uint64, _ []byte) error {
				e.Restart = e.Restart || field == 1 && v == 1
				return nil
			})
		}
		return nil
	})
	return e, err
}

// value reads a value by its plugin.
func value(b []byte) (v Value, err error) {
	var tensor, content []byte
	err = fields(b, func(field int, _ uint64, data []byte) error {
		switch field {
		case 1:
			v.Tag = string(data)
		case 8:
			tensor = data
		case 9:
			return within(data, 1, func(field int, _ uint64, data []byte) error {
				switch field {
				case 1:
					v.Plugin = string(data)
				case 2:
					content = data
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	if v.Plugin == "hparams" {
		v.Settings = map[string]any{}
		return v, within(content, 3, func(field int, _ uint64, data []byte) error {
			if field != 1 {
				return nil
			}
			return v.setting(data)
		})
	}
	var texts [][]byte
	err = fields(tensor, func(field int, _ uint64, data []byte) error {
		switch field {
		case 4:
			for ; len(data) >= 24; data = data[24:] {
				number := func(i int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])) }
				v.Buckets = append(v.Buckets, Bucket{number(0), number(1), number(2)})
			}
		case 5:
			if len(data) >= 4 {
				v.Scalar = float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
			}
		case 8:
			texts = append(texts, data)
		}
		return nil
	})
	switch {
	case err != nil:
	case v.Plugin == "text" && len(texts) > 0:
		v.Text = string(texts[0])
	case v.Plugin == "images":
		if len(texts) != 3 {
			return v, fmt.Errorf("%s: an image with %d parts, not 3", v.Tag, len(texts))
		}
		var err1, err2 error
		v.Width, err1 = strconv.Atoi(string(texts[0]))
		v.Height, err2 = strconv.Atoi(string(texts[1]))
		v.PNG = texts[2]
		err = errors.Join(err1, err2)
	}
	return v, err
}

// within calls f for the fields of the messages in one field of a message.
func within(b []byte, of int, f func(field int, v uint64, data []byte) error) error {
	return fields(b, func(field int, _ uint64, data []byte) error {
		if field != of {
			return nil
		}
		return fields(data, f)
	})
}

// setting reads a setting and its value.
func (v *Value) setting(b []byte) error {
	name := ""
	return fields(b, func(field int, _ uint64, data []byte) error {
		if field == 1 {
			name = string(data)
			return nil
		}
		return fields(data, func(field int, n uint64, data []byte) error {
			switch field {
			case 2:
				v.Settings[name] = math.Float64frombits(n)
			case 3:
				v.Settings[name] = string(data)
			case 4:
				v.Settings[name] = n != 0
			}
			return nil
		})
	})
}
