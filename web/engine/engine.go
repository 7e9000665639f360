package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"firstspike/lab"
	"firstspike/web/packed"
)

// An engine is some networks, each with a name.
type engine map[string]*lab.Lab

// load takes a network. It returns "", or what is wrong.
func (e engine) load(id string, file []byte) (fault string) {
	defer func() {
		if p := recover(); p != nil {
			fault = broken(p)
		}
	}()
	m, err := packed.Read("the network", bytes.NewReader(file))
	if err != nil {
		return err.Error()
	}
	l, err := lab.New(m)
	if err != nil {
		return err.Error()
	}
	e[id] = l
	return ""
}

// ask answers a question, in JSON.
func (e engine) ask(id, question string) (answer string) {
	defer func() {
		if p := recover(); p != nil {
			answer = failed(broken(p))
		}
	}()
	l := e[id]
	if l == nil {
		return failed(fmt.Sprintf("there is no network %q; load it first", id))
	}
	var q lab.Question
	if err := json.Unmarshal([]byte(question), &q); err != nil {
		return failed("the question cannot be read: " + err.Error())
	}
	a, err := l.Answer(q)
	if err != nil {
		return failed(err.Error())
	}
	text, err := json.Marshal(a)
	if err != nil {
		return failed(err.Error())
	}
	return string(text)
}

// failed is the answer that there is none.
func failed(why string) string {
	text, _ := json.Marshal(map[string]string{"error": why})
	return string(text)
}

// broken is what to say of a panic.
func broken(p any) string {
	return fmt.Sprintf("a fault of the program itself: %v; please report it", p)
}
