package lab_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"firstspike/lab"
)

// asker returns a question about a small network, and a function that asks any
// other: it must be answered, within bounds, or refused with an error, and leave
// nothing behind.
func asker(f *testing.F) (plain lab.Question, ask func(t *testing.T, q lab.Question)) {
	m, err := nets["bars"]()
	if err != nil {
		f.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		f.Fatal(err)
	}
	plain = lab.Question{Ask: everything, Pixels: images(f, m).Image(1), Layer: "s2"}
	answer := func(t testing.TB) []byte {
		t.Helper()
		a, err := l.Answer(plain)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	want := answer(f)
	return plain, func(t *testing.T, q lab.Question) {
		t.Helper()
		a, err := l.Answer(q)
		if err != nil {
			if !reflect.DeepEqual(a, lab.Answer{}) || err.Error() == "" {
				t.Fatalf("%+v with the error %q", a, err)
			}
		} else if text, err := json.Marshal(a); err != nil || len(text) > 100_000 {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		if got := answer(t); !bytes.Equal(got, want) {
			t.Fatalf("answered from then on: %s; want %s", got, want)
		}
	}
}

// A GIF file of 3x2 pixels, and an IDX file of one image of 1x2.
const (
	gif = "GIF89a\x03\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x03\x00\x02\x00\x00\x02\x03\x44\x02\x05\x00\x3b"
	idx = "\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02\x07\x09"
)

// FuzzAnswer reads any bytes as a question.
func FuzzAnswer(f *testing.F) {
	plain, ask := asker(f)
	pixels := plain.Pixels
	for _, q := range []lab.Question{
		plain,
		{Ask: []string{"image", "decide", "map", "sheet"}, Canvas: &lab.Canvas{Rows: 2, Cols: 3, Pixels: []byte{0, 200, 0, 0, 180, 0}}, Layer: "s1", Map: 3},
		{Ask: []string{"image", "why"}, File: []byte(gif), Name: "a.gif"},
		{Ask: []string{"image"}, File: []byte(idx)},
		{Ask: []string{"teach", "decide"}, Pixels: pixels, Label: 1, Lessons: []lab.Lesson{{Pixels: pixels, Label: 0}, {Pixels: pixels, Label: 1, Settings: map[string]string{"layers.s1.threshold": "1e30"}}}},
		{Ask: []string{"settings", "road", "neuron"}, Pixels: pixels, Settings: map[string]string{"layers.s2.threshold": "0.5", "encode.steps": "9"}, Layer: "s2", Map: 1},
		{Ask: []string{"learn", "sheet", "map"}, Untrained: true, Layer: "s2", Learn: &lab.Learn{Layer: "s1", Images: [][]byte{pixels, pixels}, Rate: 100}},
		{Ask: []string{"learn"}, Learn: &lab.Learn{Layer: "s1", Weights: make([]byte, 4*4*9), Shown: 700, Images: [][]byte{pixels}, Rate: 1e-300}},
	} {
		text, err := json.Marshal(q)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"ask": null, "settings": {"layers.s1.threshold": "inf", "encode.threshold": "-0"}, "learn": {}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var q lab.Question
		if json.Unmarshal(text, &q) == nil {
			ask(t, q)
		}
	})
}

// FuzzQuestion asks questions that are made of any parts, each of which is
// changed by itself.
func FuzzQuestion(f *testing.F) {
	plain, ask := asker(f)
	all := []string{"network", "settings", "sheet", "image", "decide", "road", "contrasts", "neuron", "map", "why", "teach", "learn"}
	seed := func(which uint16, layer string, at int, pixels []byte, path, value string, rate float64, weights []byte, rows, cols int, file string) {
		f.Add(which, true, layer, at, pixels, path, value, rate, weights, rows, cols, []byte(file))
	}
	seed(0xff7, "s1", 1, plain.Pixels, "encode.steps", "7", 0, nil, 0, 0, "")
	seed(0x800, "s1", 1, plain.Pixels, "layers.s1.threshold", "1.5", 100, make([]byte, 4*4*9), 0, 0, "")
	seed(0x01c, "s2", 1, []byte{0, 200, 0, 0, 180, 0}, "layers.s2.threshold", "1e-3", 0, nil, 2, 3, "")
	seed(0x018, "s2", 2, plain.Pixels, "encode.threshold", "300", 0, nil, 0, 0, gif)
	seed(0x400, "s2", -1, plain.Pixels, "layers.s2.threshold", "inf", 0, nil, 0, 0, idx)
	f.Fuzz(func(t *testing.T, which uint16, own bool, layer string, at int, pixels []byte, path, value string, rate float64, weights []byte, rows, cols int, file []byte) {
		q := lab.Question{Pixels: pixels, Settings: map[string]string{path: value}, File: file, Name: value, Layer: layer, Map: at, Row: rows, Col: cols, Label: at,
			Untrained: own, Learn: &lab.Learn{Layer: layer, Weights: weights, Shown: at, Images: [][]byte{pixels, plain.Pixels}, Rate: rate}}
		if len(file) == 0 {
			q.File = nil
		}
		if own && rows > 0 {
			q.Canvas = &lab.Canvas{Rows: rows, Cols: cols, Pixels: pixels}
		}
		if own && at != 0 {
			q.Lessons = []lab.Lesson{{Pixels: plain.Pixels, Label: at & 1, Settings: q.Settings}, {Pixels: pixels, Label: rows & 1}}
		}
		for i, name := range all {
			if which>>i&1 != 0 {
				q.Ask = append(q.Ask, name)
			}
		}
		ask(t, q)
		q.Settings = nil
		ask(t, q)
	})
}
