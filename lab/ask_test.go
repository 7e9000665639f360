package lab_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/inspect"
	"firstspike/lab"
)

var everything = []string{"network", "settings", "decide", "road", "contrasts", "neuron", "why"}

// Whoever was answered before, a question is answered as by a lab that was made
// for it.
func TestAnswerRemembersNothing(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	digits := images(t, m)
	rng := rand.New(rand.NewPCG(1, 2))
	settings := []map[string]string{nil, {}, {"layers.s1.threshold": "12"}, {"layers.s2.threshold": "8", "encode.steps": "20"}, {"encode.threshold": "40"}}
	var lessons []lab.Lesson
	for i := range 6 {
		lessons = append(lessons, lab.Lesson{Pixels: digits.Image(i % 4), Label: i % 3, Settings: settings[i%len(settings)]})
	}
	shared, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for range 60 {
		from := rng.IntN(len(lessons) + 1)
		q := lab.Question{Ask: everything, Pixels: digits.Image(rng.IntN(5)), Settings: settings[rng.IntN(len(settings))],
			Lessons: lessons[from : from+rng.IntN(len(lessons)+1-from)], Layer: "s3", Map: rng.IntN(20)}
		if rng.IntN(3) == 0 {
			q.Ask = append(slices.Clone(q.Ask), "learn", "map")
			q.Untrained, q.Learn = rng.IntN(2) == 0, &lab.Learn{Layer: "s1", Images: [][]byte{digits.Image(rng.IntN(5))}}
		}
		if rng.IntN(3) == 0 {
			q.Ask, q.Label = append(slices.Clone(q.Ask), "teach"), rng.IntN(10)
		}
		if rng.IntN(4) == 0 { // somebody does as he likes meanwhile
			if rng.IntN(2) == 0 {
				shared.Undo()
			}
			shared.Teach(digits.Image(2), 7)
			shared.Set("layers.s2.threshold", "30")
		}
		own, err := lab.New(m)
		if err != nil {
			t.Fatal(err)
		}
		want, err := own.Answer(q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := shared.Answer(q)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v: %v; differs from the answer of a lab of its own", q, err)
		}
		if q.Ask[len(q.Ask)-1] == "teach" && got.Change.Lessons != len(q.Lessons)+1 {
			t.Errorf("%d lessons after %d and one", got.Change.Lessons, len(q.Lessons))
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		answers[string(text)] = true
	}
	if len(answers) < 40 {
		t.Errorf("only %d different answers", len(answers))
	}
}

// A question has all in it that single calls take, and its answer what they
// return; both go through JSON.
func TestAnswer(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(text string) lab.Answer {
		t.Helper()
		var q lab.Question
		if err := json.Unmarshal([]byte(text), &q); err != nil {
			t.Fatal(err)
		}
		a, err := l.Answer(q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	canvas, _ := json.Marshal(lab.Canvas{Rows: 56, Cols: 56, Pixels: bytes.Repeat([]byte{0, 0, 250, 0}, 56*14)})
	a := ask(`{"ask": ["image", "decide"], "canvas": ` + string(canvas) + `}`)
	if a.Image == nil || a.Image.Inverted || len(a.Image.Pixels) != 784 || a.Decision == nil || a.Road != nil {
		t.Fatalf("%+v", a)
	}
	if d, err := l.Decide(a.Image.Pixels); err != nil || !reflect.DeepEqual(d, *a.Decision) {
		t.Errorf("%+v; want %+v, %v", a.Decision, d, err)
	}
	a = ask(`{"ask": ["map", "sheet"], "layer": "s2", "map": 3}`)
	features, err := inspect.Features(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := a.Sheet
	if a.Kernel == nil || a.Feature == nil || s.Maps != len(features) || len(s.Values) != s.Maps*s.Rows*s.Cols {
		t.Fatalf("%+v", a)
	}
	for i, f := range features {
		for k, v := range f.Values {
			if got := (float64(s.Values[i*s.Rows*s.Cols+k]) - 128) / 127; got < float64(v)-.005 || got > float64(v)+.005 {
				t.Fatalf("map %d, pixel %d: %v; want %v", i, k, got, v)
			}
		}
	}
}

// Questions and answers about learning come back from JSON as they were, and
// briefly: numbers of maps in base64, lists that are empty and not null.
func TestLearnJSON(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	digits := images(t, m)
	q := lab.Question{Ask: []string{"learn", "map", "sheet"}, Untrained: true, Layer: "s2", Map: 3,
		Learn: &lab.Learn{Layer: "s2", Images: [][]byte{digits.Image(0), make([]byte, 784)}, Rate: 2}}
	for range 2 {
		check(t, q, nil)
		a, err := l.Answer(q)
		check(t, a, err)
		d := a.Learned
		if len(d.Winners) != 2 || len(d.Winners[0]) == 0 || len(d.Winners[1]) != 0 || len(d.Counts) != 40 || d.Sheet.Layer != "s2" || d.Shown != q.Learn.Shown+2 {
			t.Fatalf("%+v, %v, sheet of %s, %d shown", d.Winners, d.Counts, d.Sheet.Layer, d.Shown)
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if most := (len(d.Weights)+len(d.Sheet.Values))*4/3 + 2000; len(text) > most || strings.Contains(string(text), "null") {
			t.Errorf("%d bytes of JSON; want at most %d, and no null", len(text), most)
		}
		for _, name := range []string{"layer", "weights", "shown", "sheet", "winners", "map", "row", "col", "step", "potential", "counts", "convergence", "a_plus", "a_minus"} {
			if !strings.Contains(string(text), `"`+name+`":`) {
				t.Errorf("there is no %s in the answer", name)
			}
		}
		q.Learn.Weights, q.Learn.Shown = d.Weights, d.Shown
	}
}

func TestAnswerFaults(t *testing.T) {
	m, err := nets["digits"]()
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(m)
	if err != nil {
		t.Fatal(err)
	}
	pixels := images(t, m).Image(0)
	many := make([]lab.Lesson, lab.MostLessons+1)
	for i := range many {
		many[i] = lab.Lesson{Pixels: pixels}
	}
	for want, q := range map[string]lab.Question{
		"nothing known is asked by \"dream\"":           {Ask: []string{"dream"}},
		"things are asked":                              {Ask: slices.Repeat([]string{"network"}, 13)},
		"0 pixels; the network takes images of 28x28":   {Ask: []string{"decide"}},
		"there is no canvas":                            {Ask: []string{"image"}, Pixels: pixels},
		"a picture of 3x3 with 2 pixels":                {Canvas: &lab.Canvas{Rows: 3, Cols: 3, Pixels: make([]byte, 2)}},
		"a picture of -1x-1 with 1 pixels":              {Canvas: &lab.Canvas{Rows: -1, Cols: -1, Pixels: make([]byte, 1)}},
		"mine.png":                                      {File: []byte("no picture"), Name: "mine.png"},
		"there is no layer \"s9\"":                      {Ask: []string{"sheet"}, Layer: "s9"},
		"has no map 20":                                 {Ask: []string{"map"}, Layer: "s3", Map: 20},
		"seed cannot be set":                            {Settings: map[string]string{"seed": "3"}},
		"layers.s1.threshold":                           {Settings: map[string]string{"layers.s1.threshold": "-1"}},
		"label 10; the classes are 0 to 9":              {Ask: []string{"teach"}, Pixels: pixels, Label: 10},
		"label -1; the classes are 0 to 9":              {Lessons: []lab.Lesson{{Pixels: pixels, Label: -1}}},
		fmt.Sprintf("%d lessons", lab.MostLessons+1):    {Lessons: many},
		"3 pixels; the network takes images":            {Lessons: []lab.Lesson{{Pixels: pixels[:3]}}},
		fmt.Sprintf("taught %d times", lab.MostLessons): {Ask: []string{"teach"}, Pixels: pixels, Lessons: many[1:]},
	} {
		a, err := l.Answer(q)
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), ": ", " "), strings.ReplaceAll(want, ": ", " ")) || !reflect.DeepEqual(a, lab.Answer{}) && a.Image == nil {
			t.Errorf("%v; want %q", err, want)
		}
		// After a fault everything is as it was.
		fresh, _ := lab.New(m)
		q = lab.Question{Ask: everything, Pixels: pixels, Layer: "s3"}
		wanted, _ := fresh.Answer(q)
		if a, err := l.Answer(q); err != nil || !reflect.DeepEqual(a, wanted) {
			t.Fatalf("after %q: %v, another answer", want, err)
		}
	}
}
