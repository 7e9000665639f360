package event

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// An Event says that a pixel of the sensor saw the light change.
type Event struct {
	Time uint32 // microseconds since the recording began
	X, Y uint8  // column and row of the pixel; rows count downwards
	On   bool   // polarity: brighter (ON) or darker (OFF)
}

// A Recording is what a sensor of Rows x Cols pixels saw, in order of time.
// Rows and Cols are 1 to [MaxSide].
type Recording struct {
	Rows, Cols int
	Events     []Event
}

// What the file format can hold.
const (
	Size    = 5         // bytes an event
	MaxSide = 256       // rows or columns of a sensor
	MaxTime = 1<<23 - 1 // microseconds: 8.4 s
)

// overflow is the row of a marker that stands for no event: it adds 2^13
// microseconds to its own time and to all that follow. Sensors of more than
// 240 rows cannot be read apart from it.
const (
	overflow = 240
	period   = 1 << 13
)

// Decode appends the events in data, the 40 bits an event of N-MNIST's files,
// to events. A word is, from its highest bit on: 8 bits x, 8 bits y, 1 bit
// polarity (1: ON), 23 bits time in microseconds. A word with y = 240 is no
// event; it adds 8192 to its time and all that follow, as the authors' own
// reader has it.
//
// The error names the first word that lies outside a sensor of rows x cols
// pixels, or is earlier than the one before it, or that data end within it;
// what came before is returned with it.
func Decode(data []byte, rows, cols int, events []Event) ([]Event, error) {
	if rows < 1 || cols < 1 || rows > MaxSide || cols > MaxSide {
		return events, fmt.Errorf("a sensor of %dx%d pixels; both sides must be 1 to %d", rows, cols, MaxSide)
	}
	last, added := uint32(0), uint32(0)
	for at := 0; at+Size <= len(data); at += Size {
		w := data[at : at+Size]
		x, y := int(w[0]), int(w[1])
		if y == overflow {
			if added > 1<<31 {
				return events, fmt.Errorf("more than %d markers of passing time", 1<<31/period)
			}
			added += period
			continue
		}
		if x >= cols || y >= rows {
			return events, fmt.Errorf("event %d is at x %d, y %d, outside the sensor of %dx%d pixels", at/Size, x, y, cols, rows)
		}
		t := uint32(w[2]&0x7f)<<16 | uint32(w[3])<<8 | uint32(w[4])
		t += added
		if t < last {
			return events, fmt.Errorf("event %d is at %d µs, before the one that comes earlier, at %d µs", at/Size, t, last)
		}
		last = t
		events = append(events, Event{Time: t, X: w[0], Y: w[1], On: w[2]&0x80 != 0})
	}
	if n := len(data) % Size; n != 0 {
		return events, fmt.Errorf("%d bytes are no whole number of events of %d bytes each: it was cut off, or is no recording", len(data), Size)
	}
	return events, nil
}

// Encode appends the recording to data in the form that [Decode] reads.
func (r Recording) Encode(data []byte) ([]byte, error) {
	if err := r.Check(); err != nil {
		return data, err
	}
	for _, e := range r.Events {
		polarity := byte(0)
		if e.On {
			polarity = 0x80
		}
		data = append(data, e.X, e.Y, polarity|byte(e.Time>>16), byte(e.Time>>8), byte(e.Time))
	}
	return data, nil
}

// Check reports why the recording cannot be written: a side of the sensor
// that is out of range, or the first event that lies outside it, comes before
// the one ahead of it, or after [MaxTime].
func (r Recording) Check() error {
	if r.Rows < 1 || r.Cols < 1 || r.Rows > MaxSide || r.Cols > MaxSide {
		return fmt.Errorf("a sensor of %dx%d pixels; both sides must be 1 to %d", r.Rows, r.Cols, MaxSide)
	}
	last := uint32(0)
	for i, e := range r.Events {
		switch {
		case int(e.X) >= r.Cols || int(e.Y) >= r.Rows:
			return fmt.Errorf("event %d is at x %d, y %d, outside the sensor of %dx%d pixels", i, e.X, e.Y, r.Cols, r.Rows)
		case e.Y == overflow:
			return fmt.Errorf("event %d is in row %d, which stands for passing time in this format", i, overflow)
		case e.Time < last:
			return fmt.Errorf("event %d is at %d µs, before the one that comes earlier, at %d µs", i, e.Time, last)
		case e.Time > MaxTime:
			return fmt.Errorf("event %d is at %d µs; the format ends at %d", i, e.Time, MaxTime)
		}
		last = e.Time
	}
	return nil
}

// MaxFile is the size in bytes of the largest file that [ReadFile] reads: more
// than thirteen million events. N-MNIST's have 36 kB at the most.
const MaxFile = 64 << 20

// ReadFile reads a recording of a sensor of rows x cols pixels. Errors name
// the file.
func ReadFile(path string, rows, cols int) (Recording, error) {
	r := Recording{Rows: rows, Cols: cols}
	f, err := os.Open(path)
	if err != nil {
		return r, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return r, fmt.Errorf("%s: %w", path, errors.Unwrap(err))
	case len(data) > MaxFile:
		return r, fmt.Errorf("%s: is larger than %d bytes; recordings of single pictures are much smaller", path, MaxFile)
	}
	if r.Events, err = Decode(data, rows, cols, nil); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
