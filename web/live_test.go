package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"firstspike/train"
)

// An event, as it arrives.
type event struct {
	name string
	data []byte
}

func (e event) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(e.data, v); err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
}

// listen listens to what happens until the test ends, or stop is called.
func (s *served) listen() (events <-chan event, stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	r, _ := http.NewRequestWithContext(ctx, "GET", s.address+"/api/events", nil)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("%d, %v", resp.StatusCode, resp.Header)
	}
	list := make(chan event, 10_000)
	go func() {
		defer resp.Body.Close()
		defer close(list)
		var e event
		lines := bufio.NewReader(resp.Body)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			line = bytes.TrimSpace(line)
			name, isName := bytes.CutPrefix(line, []byte("event: "))
			data, isData := bytes.CutPrefix(line, []byte("data: "))
			switch {
			case isName:
				e.name = string(name)
			case isData:
				e.data = data
			case len(line) == 0 && e.name != "":
				list <- e
				e = event{}
			}
		}
	}()
	return list, cancel
}

// await waits for an event of a name.
func await(t testing.TB, events <-chan event, name string) event {
	t.Helper()
	late := time.After(10 * time.Second)
	var others []string
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("no %s, but %q", name, others)
			}
			if e.name == name {
				return e
			}
			others = append(others, e.name)
		case <-late:
			t.Fatalf("no %s in good time, but %q", name, others)
		}
	}
}

// Of messages with a key only the newest is sent; those without are all sent, or
// it is said that some are lost.
func TestNewestWins(t *testing.T) {
	h := newHub()
	h.tell("progress", "p", 1)
	v := h.join(1)
	if h.join(1) != nil {
		t.Error("there are more viewers than there may be")
	}
	h.tell("epoch", "", 2)
	for i := range 1000 {
		h.tell("progress", "p", 10+i)
	}
	h.tell("nothing", "n", math.NaN())
	h.tell("epoch", "", 3)
	if got := string(bytes.Join(h.news(v), nil)); got != "event: progress\ndata: 1009\n\nevent: epoch\ndata: 2\n\nevent: epoch\ndata: 3\n\n" {
		t.Errorf("%q", got)
	}
	h.tell("progress", "p", 1009)
	if news := h.news(v); news != nil {
		t.Errorf("what is known is told again: %q", news)
	}
	for i := range mostListed + 3 {
		h.tell("epoch", "", i)
	}
	if news := h.news(v); len(news) != 3 || string(news[0]) != "event: again\ndata: {}\n\n" {
		t.Errorf("%q", news)
	}
	h.forget("p")
	h.leave(v)
	if v = h.join(1); h.news(v) != nil {
		t.Error("what was to be forgotten is told")
	}
}

// A viewer is told the newest feature of every map once, however late it comes
// and however slow it is.
func TestForms(t *testing.T) {
	h := newHub()
	form := func(layer string, values byte, maps ...int) {
		h.form(Forming{Run: "r", Layer: layer, Of: 4, Rows: 1, Cols: 1, Maps: maps, Values: bytes.Repeat([]byte{values}, len(maps))})
	}
	early := h.join(9)
	form("s1", 1, 0, 1)
	form("s1", 2, 1, 2)
	late := h.join(9)
	for _, v := range []*viewer{early, late} {
		f := h.formed(v)
		if len(f) != 1 || !reflect.DeepEqual(f[0], Forming{"r", "s1", 4, 1, 1, []int{0, 1, 2}, []byte{1, 2, 2}}) {
			t.Errorf("%+v", f)
		}
		if f := h.formed(v); f != nil {
			t.Errorf("again: %+v", f)
		}
	}
	form("s1", 3, 3)
	if f := h.formed(late); !slices.Equal(f[0].Maps, []int{3}) {
		t.Errorf("%+v", f)
	}
	form("s2", 4, 1)
	if f := h.formed(early); f[0].Layer != "s2" || !slices.Equal(f[0].Maps, []int{1}) {
		t.Errorf("%+v", f)
	}
}

// Who watches a training in this process sees all of it; who comes later sees
// how it stands. The training is none the wiser.
func TestWatch(t *testing.T) {
	plain := trained(t)
	dir := filepath.Join(t.TempDir(), "watched")
	s := serve(t, plain)
	before := runtime.NumGoroutine()
	events, stop := s.listen()
	var runs list
	await(t, events, "runs").into(t, &runs)
	if len(runs.Runs) != 1 || runs.Runs[0].ID != "tiny" {
		t.Fatalf("%+v", runs)
	}
	trainer := begin(t, dir, tiny(t), train.Options{})
	defer trainer.Close()
	o := s.Watch(dir, trainer.Model)
	await(t, events, "runs").into(t, &runs)
	if len(runs.Runs) != 2 || runs.Runs[1].ID != "watched" || !runs.Runs[1].Training || runs.Runs[1].Finished {
		t.Fatalf("%+v", runs)
	}
	trainer.Watch(o)
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Ended(dir)
	var got []train.EpochEnd
	layers := map[string]int{}
	for len(got) < 4 || layers["s1"] == 0 {
		select {
		case e := <-events:
			switch e.name {
			case "epoch":
				var x Epoch
				if e.into(t, &x); x.Run != "watched" {
					t.Errorf("%+v", x)
				}
				got = append(got, x.EpochEnd)
			case "forming":
				var f Forming
				if e.into(t, &f); f.Run != "watched" || f.Of == 0 || len(f.Maps) == 0 || len(f.Values) != len(f.Maps)*f.Rows*f.Cols {
					t.Errorf("%+v", f)
				}
				layers[f.Layer] += len(f.Maps)
			case "progress":
				var p Progress
				if e.into(t, &p); p.Run != "watched" || p.Images != 250 {
					t.Errorf("%+v", p)
				}
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("epochs %v, features %v", got, layers)
		}
	}
	want, _ := train.ReadEpochs(dir)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told: %v\nlogged: %v", got, want)
	}
	for !runs.Runs[1].Finished || runs.Runs[1].Training {
		time.Sleep(50 * time.Millisecond)
		s.get("/api/runs", &runs)
	}
	s.lookAnew()
	time.Sleep(4 * pauseEvery)
	for len(events) > 0 {
		if e := <-events; e.name == "epoch" {
			t.Errorf("told again: %s", e.data)
		}
	}
	stop()

	// The same training without anybody who watches.
	a, err1 := train.Load(plain)
	b, err2 := train.Load(dir)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for i, l := range a.Network.Layers {
		if !slices.Equal(l.Weights(), b.Network.Layers[i].Weights()) {
			t.Errorf("%s differs", l.Name)
		}
	}

	late, stop := s.listen()
	await(t, late, "runs").into(t, &runs)
	if len(runs.Runs) != 2 {
		t.Errorf("%+v", runs)
	}
	await(t, late, "forming")
	stop()
	settled(t, before)
}

// What another process trains is seen by what it writes: its beginning, its
// epochs, its features, its end.
func TestOthers(t *testing.T) {
	dir := t.TempDir()
	trained(t) // its images are needed
	s := serve(t, dir)
	before := runtime.NumGoroutine()
	events, stop := s.listen()
	await(t, events, "runs")
	trainer := begin(t, filepath.Join(dir, "study", "seed1"), tiny(t), train.Options{SaveEvery: time.Millisecond})
	defer trainer.Close()
	step := make(chan struct{})
	trainer.Watch(train.ObserverFunc(func(e train.Event) {
		if _, ok := e.(train.EpochEnd); ok {
			<-step
		}
	}))
	var runs list
	await(t, events, "runs").into(t, &runs)
	ended := make(chan error, 1)
	go func() { _, err := trainer.Run(context.Background()); ended <- err }()
	if len(runs.Runs) != 1 || runs.Runs[0].ID != "study-seed1" || !runs.Runs[0].Training {
		t.Errorf("%+v", runs)
	}
	var p Progress
	await(t, events, "progress").into(t, &p)
	if p.Images != 250 || p.Layer == "" {
		t.Errorf("%+v", p)
	}
	await(t, events, "forming")
	for range 4 {
		step <- struct{}{}
	}
	var x Epoch
	for i := range 4 {
		await(t, events, "epoch").into(t, &x)
		if want := []string{"s1", "s2", "s3", "s3"}[i]; x.Run != "study-seed1" || x.Layer != want {
			t.Errorf("%+v", x)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for !runs.Runs[0].Finished || runs.Runs[0].Training {
		time.Sleep(50 * time.Millisecond)
		s.get("/api/runs", &runs)
	}
	os.RemoveAll(filepath.Join(dir, "study"))
	for len(runs.Runs) > 0 {
		await(t, events, "runs").into(t, &runs)
	}
	stop()
	settled(t, before)
}

// One that does not read holds nobody up, and takes no memory.
func TestSlowViewer(t *testing.T) {
	s := serve(t, trained(t))
	events, stop := s.listen()
	await(t, events, "runs")
	c, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for s.viewers() < 2 {
		time.Sleep(time.Millisecond)
	}
	before := memory()
	values := make([]byte, 1<<20)
	for i := range 100 {
		values[0] = byte(i)
		s.hub.form(Forming{Run: "tiny", Layer: "s1", Of: 1, Rows: 1 << 10, Cols: 1 << 10, Maps: []int{0}, Values: slices.Clone(values)})
		s.hub.tell("progress", "progress tiny", i)
		time.Sleep(2 * time.Millisecond)
	}
	for e := await(t, events, "progress"); string(e.data) != "99"; e = await(t, events, "progress") {
	}
	for e := (event{}); ; {
		var f Forming
		if e = await(t, events, "forming"); e.data != nil {
			if e.into(t, &f); f.Values[0] == 99 {
				break
			}
		}
	}
	stop()
	if grown := memory() - before; grown > 20<<20 {
		t.Errorf("%d MB are held", grown>>20)
	}
}

// viewers is how many there are.
func (s *served) viewers() int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return len(s.hub.viewers)
}

// There are only so many viewers, and when the server ends they are let go.
func TestManyViewers(t *testing.T) {
	s := serve(t, trained(t))
	before := runtime.NumGoroutine()
	var open []net.Conn
	for range mostViewers {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		open = append(open, c)
	}
	for s.viewers() < mostViewers {
		time.Sleep(time.Millisecond)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	status, h, text := s.request("GET", "/api/events", nil)
	if status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
		t.Errorf("%d, %v", status, h)
	}
	refused(t, text)
	for _, c := range open[:mostViewers/2] {
		c.Close()
	}
	for s.viewers() > mostViewers/2 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the end took %v", took)
	}
	settled(t, before)
}
