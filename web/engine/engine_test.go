package main

import (
	"bytes"
	"strings"
	"testing"

	"firstspike/preset"
	"firstspike/train"
)

// What is wrong is told, and nothing more happens.
func TestFaults(t *testing.T) {
	e := engine{}
	if got := e.ask("a", "{}"); got != `{"error":"there is no network \"a\"; load it first"}` {
		t.Errorf("asked before anything was loaded: %s", got)
	}
	for _, file := range []string{"", "x", "\x1f\x8b", "\x1f\x8b\x08", strings.Repeat("\xff", 100), "\x02\x00\x00\x00\x00\x00\x00\x00{}"} {
		if e.load("a", []byte(file)) == "" {
			t.Errorf("%q is a network", file)
		}
	}
	if fault := e.load("a", bars(t)); fault != "" {
		t.Fatal(fault)
	}
	for question, want := range map[string]string{
		``:                    `{"error":"the question cannot be read`,
		`[]`:                  `{"error":"the question cannot be read`,
		`{"ask":["nothing"]}`: `{"error":"nothing known is asked`,
		`{"ask":["decide"]}`:  `{"error":"0 pixels`,
		`{"ask":["neuron"]}`:  `{"error":`,
		`{"ask":["network"]}`: `{"network":{"name":"bars"`,
		`{}`:                  `{}`,
	} {
		if got := e.ask("a", question); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s; want %s", question, got, want)
		}
	}
	// A fault of the program itself is one more answer.
	if fault := engine(nil).load("a", bars(t)); !strings.HasPrefix(fault, "a fault of the program itself") {
		t.Errorf("loaded where nothing can be: %q", fault)
	}
}

// bars is the file of a network that has learned nothing.
func bars(t *testing.T) []byte {
	t.Helper()
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment.Clone())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
