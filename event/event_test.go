package event_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/event"
)

// genuine is MNIST's first training image as an event camera saw it; its
// origin is told in testdata/README.md.
const genuine = "testdata/00001.bin"

func read(t testing.TB) event.Recording {
	t.Helper()
	r, err := event.ReadFile(genuine, 34, 34)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drawEvents draws events of a sensor in order of time.
func drawEvents(t *rapid.T, rows, cols int) []event.Event {
	events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event.Event {
		return event.Event{
			Time: rapid.Uint32Range(0, 300).Draw(t, "time"),
			X:    uint8(rapid.IntRange(0, cols-1).Draw(t, "x")),
			Y:    uint8(rapid.IntRange(0, min(rows, 240)-1).Draw(t, "y")),
			On:   rapid.Bool().Draw(t, "on"),
		}
	}), 0, 60).Draw(t, "events")
	late := rapid.Uint32Range(0, event.MaxTime-300).Draw(t, "late")
	for i := range events {
		events[i].Time += late
	}
	slices.SortStableFunc(events, func(a, b event.Event) int { return int(a.Time) - int(b.Time) })
	return events
}

func TestEncodeDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := event.Recording{Rows: rapid.IntRange(1, 256).Draw(t, "rows"), Cols: rapid.IntRange(1, 256).Draw(t, "cols")}
		r.Events = drawEvents(t, r.Rows, r.Cols)
		data, err := r.Encode(nil)
		if err != nil || len(data) != event.Size*len(r.Events) {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		back, err := event.Decode(data, r.Rows, r.Cols, nil)
		if err != nil || !slices.Equal(back, r.Events) {
			t.Fatalf("%v; %v for %v", err, back, r.Events)
		}
		if len(data) > 0 {
			part, err := event.Decode(data[:len(data)-1], r.Rows, r.Cols, nil)
			if err == nil || len(part) != len(r.Events)-1 {
				t.Fatalf("%d events of a file without its last byte, %v", len(part), err)
			}
		}
	})
}

// Upstream's list of the events of the first recording is what is decoded.
func TestGenuine(t *testing.T) {
	r := read(t)
	f, err := os.Open("testdata/00001.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strconv.Atoi(rows[0][0]); err != nil {
		rows = rows[1:] // names of columns
	}
	if len(rows) != len(r.Events) || len(rows) != 4681 {
		t.Fatalf("%d events; upstream has %d", len(r.Events), len(rows))
	}
	for i, row := range rows {
		e := r.Events[i]
		on := 1
		if e.On {
			on = 2
		}
		for k, have := range []int{int(e.X) + 1, int(e.Y) + 1, on, int(e.Time)} {
			if want, err := strconv.ParseFloat(row[k], 64); err != nil || int(want) != have {
				t.Fatalf("event %d is %+v; upstream has %v", i, e, row)
			}
		}
	}
	data, err := r.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if file, err := os.ReadFile(genuine); err != nil || !bytes.Equal(data, file) {
		t.Fatalf("written again, it is another file (%v)", err)
	}
}

func TestDecodeFaults(t *testing.T) {
	word := func(x, y, t int) []byte { return []byte{byte(x), byte(y), byte(t >> 16), byte(t >> 8), byte(t)} }
	for _, c := range []struct {
		data       []byte
		rows, cols int
		want       string
		events     int
	}{
		{nil, 34, 34, "", 0},
		{word(33, 33, 7), 34, 34, "", 1},
		{word(34, 0, 7), 34, 34, "event 0 is at x 34, y 0, outside the sensor of 34x34", 0},
		{slices.Concat(word(0, 0, 7), word(0, 34, 7)), 34, 34, "event 1 is at x 0, y 34", 1},
		{slices.Concat(word(0, 0, 7), word(0, 0, 6)), 34, 34, "event 1 is at 6 µs, before", 1},
		{slices.Concat(word(0, 0, 7), word(0, 0, 7)[:3]), 34, 34, "8 bytes are no whole number of events", 1},
		{word(0, 0, 0), 0, 34, "a sensor of 0x34", 0},
		{word(0, 0, 0), 34, 257, "a sensor of 34x257", 0},
	} {
		events, err := event.Decode(c.data, c.rows, c.cols, nil)
		if len(events) != c.events || (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%x of %dx%d: %d events, %v; want %q", c.data, c.rows, c.cols, len(events), err, c.want)
		}
	}
	// A marker adds its time to all that follows.
	events, err := event.Decode(slices.Concat(word(0, 0, 7), word(0, 240, 0), word(1, 1, 6)), 34, 34, nil)
	if err != nil || len(events) != 2 || events[1].Time != 8198 {
		t.Errorf("%v, %v", events, err)
	}
}

func TestEncodeFaults(t *testing.T) {
	for _, c := range []struct {
		r    event.Recording
		want string
	}{
		{event.Recording{}, "a sensor of 0x0"},
		{event.Recording{Rows: 300, Cols: 1}, "a sensor of 300x1"},
		{event.Recording{Rows: 2, Cols: 2, Events: []event.Event{{X: 2}}}, "event 0 is at x 2"},
		{event.Recording{Rows: 256, Cols: 2, Events: []event.Event{{Y: 240}}}, "row 240"},
		{event.Recording{Rows: 2, Cols: 2, Events: []event.Event{{Time: 2}, {Time: 1}}}, "event 1 is at 1 µs"},
		{event.Recording{Rows: 2, Cols: 2, Events: []event.Event{{Time: 1 << 23}}}, "the format ends at 8388607"},
	} {
		if data, err := c.r.Encode(nil); err == nil || len(data) > 0 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %q", c.r, err, c.want)
		}
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := event.ReadFile(filepath.Join(dir, "none.bin"), 34, 34); err == nil {
		t.Error("a file that is not there can be read")
	}
	if _, err := event.ReadFile(dir, 34, 34); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("of a folder: %v", err)
	}
	path := filepath.Join(dir, "short.bin")
	if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := event.ReadFile(path, 34, 34); err == nil || !strings.HasPrefix(err.Error(), path+": 3 bytes") {
		t.Errorf("of a short file: %v", err)
	}
	huge := filepath.Join(dir, "huge.bin")
	f, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Skip(err) // this file system has no holes
	}
	if _, err := event.ReadFile(huge, 34, 34); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("of a huge file: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	data, err := os.ReadFile(genuine)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:500], 34, 34)
	f.Add([]byte{0, 240, 0, 0, 0, 1, 2, 3, 4}, 256, 256)
	f.Add([]byte("no recording at all"), 34, 34)
	f.Fuzz(func(t *testing.T, data []byte, rows, cols int) {
		events, err := event.Decode(data, rows, cols, nil)
		if len(events) > len(data)/event.Size {
			t.Fatalf("%d events of %d bytes", len(events), len(data))
		}
		if rows < 1 || cols < 1 || rows > event.MaxSide || cols > event.MaxSide {
			if err == nil {
				t.Fatalf("a sensor of %dx%d", rows, cols)
			}
			return
		}
		r := event.Recording{Rows: rows, Cols: cols, Events: events}
		if fault := r.Check(); fault != nil && !strings.Contains(fault.Error(), "the format ends") {
			t.Fatalf("decoded to what cannot be: %v", fault)
		}
		if err == nil && !bytes.Contains(data, []byte{240}) {
			if again, err := r.Encode(nil); err != nil || !bytes.Equal(again, data) {
				t.Fatalf("%x is written as %x, %v", data, again, err)
			}
		}
	})
}
