package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
)

// go test ./web -run Stress -long asks for a minute from 200 clients.
var long = flag.Bool("long", false, "run the tests that take minutes")

var scratch string // folder of the trained run and its images

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if scratch, err = os.MkdirTemp("", "firstspike-web-"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(scratch)
	os.Exit(status)
}

// images are the first of MNIST.
var images = sync.OnceValues(func() (sets [2]*dataset.Set, err error) {
	learning, test, err := dataset.MNIST()
	if err != nil {
		return sets, err
	}
	dir := filepath.Join(scratch, "data")
	sets = [2]*dataset.Set{learning.Limit(300), test.Limit(120)}
	err = os.MkdirAll(dir, 0o777)
	for i, part := range []string{"train", "t10k"} {
		err = errors.Join(err, dataset.WriteIDX(filepath.Join(dir, part+"-images-idx3-ubyte"), filepath.Join(dir, part+"-labels-idx1-ubyte"), sets[i]))
	}
	return sets, err
})

// tiny is an experiment that takes a moment.
func tiny(t testing.TB, changes ...string) train.Experiment {
	t.Helper()
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	for _, change := range append([]string{
		"name=tiny", "data.source=" + filepath.Join(scratch, "data"), "protocol.validation=50",
		"layers.s1.maps=8", "layers.s2.maps=20", "layers.s3.maps=20",
		"layers.s1.learn.epochs=1", "layers.s2.learn.epochs=1", "layers.s3.learn.epochs=2",
	}, changes...) {
		path, value, _ := strings.Cut(change, "=")
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// begin begins a run.
func begin(t testing.TB, dir string, e train.Experiment, o train.Options) *train.Trainer {
	t.Helper()
	sets, err := images()
	if err != nil {
		t.Fatal(err)
	}
	o.Train, o.Test, o.Workers = sets[0], sets[1], 2
	trainer, err := train.Create(dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

var training sync.Mutex

// trained is the folder of a finished run, the same for all tests.
func trained(t testing.TB) string {
	t.Helper()
	training.Lock()
	defer training.Unlock()
	dir := filepath.Join(scratch, "runs", "tiny")
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	trainer := begin(t, dir, tiny(t), train.Options{})
	defer trainer.Close()
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A served is a server that runs.
type served struct {
	*Server
	t       testing.TB
	address string
	stop    func()
}

// serve serves some folders until the test ends.
func serve(t testing.TB, dirs ...string) *served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := New(dirs, Options{})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	t.Cleanup(stop)
	at := &served{s, t, "http://" + l.Addr().String(), stop}
	at.request("GET", "/", nil) // it has begun
	settled(t, 0)
	return at
}

// request makes a request; headers are name, value, name, value.
func (s *served) request(method, path string, body []byte, headers ...string) (status int, header http.Header, answer []byte) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.address+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, resp.Header, answer
}

// get asks for JSON, which must be there.
func (s *served) get(path string, into any) {
	s.t.Helper()
	status, _, text := s.request("GET", path, nil)
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d, %s", path, status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
}

// ask asks a question.
func (s *served) ask(id, question string, into any) (status int, fault string) {
	s.t.Helper()
	status, _, text := s.request("POST", "/api/runs/"+id+"/ask", []byte(question), "Content-Type", "application/json")
	if status == http.StatusOK {
		if err := json.Unmarshal(text, into); err != nil {
			s.t.Fatal(err)
		}
		return status, ""
	}
	return status, refused(s.t, text)
}

// refused is the text of an error.
func refused(t testing.TB, text []byte) string {
	t.Helper()
	var e struct{ Error string }
	if err := json.Unmarshal(text, &e); err != nil || e.Error == "" {
		t.Fatalf("no error for people: %q", text)
	}
	return e.Error
}

// settled waits until there are not more goroutines than before; 0: until their
// number does not change.
func settled(t testing.TB, before int) {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for now := 0; before == 0 && now != runtime.NumGoroutine(); {
		now = runtime.NumGoroutine()
		time.Sleep(5 * time.Millisecond)
	}
	if before == 0 {
		return
	}
	for range 300 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// memory is what is in use after a collection.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// contextWith is a context with a value.
func contextWith(key, value any) context.Context {
	return context.WithValue(context.Background(), key, value)
}

// A recorded is an answer that goes nowhere.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header { return r.header }

func (r *recorded) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.body.Write(p)
}

func (r *recorded) WriteHeader(status int) { r.status = status }
