package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"firstspike/lab"
	"firstspike/train"
)

func TestPage(t *testing.T) {
	s := serve(t)
	status, h, text := s.request("GET", "/", nil)
	if status != http.StatusOK || h.Get("Content-Type") != "text/html; charset=utf-8" || !bytes.Contains(text, []byte(`<meta name="firstspike" content="served"`)) {
		t.Errorf("%d, %v, %.300s", status, h, text)
	}
	if h.Get("Cache-Control") != "no-cache" || h.Get("ETag") == "" {
		t.Errorf("the page can be kept: %v", h)
	}
	if status, _, _ := s.request("GET", "/", nil, "If-None-Match", h.Get("ETag")); status != http.StatusNotModified {
		t.Errorf("it is sent again: %d", status)
	}
	for path, a := range s.page {
		status, h, text := s.request("GET", path, nil, "Accept-Encoding", "identity")
		if status != http.StatusOK || !bytes.Equal(text, a.plain) || h.Get("Content-Type") == "" || h.Get("Content-Type") == "application/octet-stream" {
			t.Errorf("%s: %d, %v", path, status, h)
		}
		if strings.HasPrefix(path, "/assets/") != strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s", path, h.Get("Cache-Control"))
		}
		if a.packed != nil {
			_, h, text := s.request("GET", path, nil, "Accept-Encoding", "br, gzip;q=0.5")
			if h.Get("Content-Encoding") != "gzip" || !bytes.Equal(unpacked(t, text), a.plain) {
				t.Errorf("%s: %v", path, h)
			}
		}
	}
}

func unpacked(t *testing.T, text []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every answer, whatever was asked, has the headers that keep others out.
func TestHeaders(t *testing.T) {
	s := serve(t, trained(t))
	for _, ask := range []struct{ method, path string }{{"GET", "/"}, {"GET", "/api/runs"}, {"GET", "/nothing"}, {"POST", "/"}, {"GET", "/api/runs/tiny"}, {"DELETE", "/api/runs/tiny"}, {"GET", "/api/sweeps"}, {"GET", "/api/sweeps/x"}, {"HEAD", "/api/events"}} {
		_, h, _ := s.request(ask.method, ask.path, nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		} {
			if h.Get(name) != want {
				t.Errorf("%v: %s: %q", ask, name, h.Get(name))
			}
		}
		for name := range h {
			if strings.HasPrefix(name, "Access-Control") || name == "Set-Cookie" || name == "Server" {
				t.Errorf("%v: %s", ask, name)
			}
		}
	}
}

func TestRuns(t *testing.T) {
	dir := trained(t)
	s := serve(t, filepath.Dir(dir))
	var all list
	s.get("/api/runs", &all)
	if len(all.Runs) != 1 {
		t.Fatalf("%+v", all)
	}
	r := all.Runs[0]
	report, err := train.ReadReport(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "tiny" || r.Name != "tiny" || !r.Finished || r.Training || r.Error != "" || r.Version == "" || !reflect.DeepEqual(*r.Test, report.Test.Score) {
		t.Errorf("%+v", r)
	}
	// s1: 8 maps of 6 x 5 x 5; s2: 20 of 8 x 3 x 3; s3: 20 of 20 x 5 x 5.
	if r.Parameters != 8*150+20*72+20*500 || r.Layers[1] != (RunLayer{"s2", 20, 8, "stdp", 1, 20 * 72}) {
		t.Errorf("%d, %+v", r.Parameters, r.Layers)
	}
	if r.Epochs == nil || len(r.Epochs) != 0 {
		t.Errorf("the list has epochs: %v", r.Epochs)
	}
	var one Run
	s.get("/api/runs/tiny", &one)
	epochs, _ := train.ReadEpochs(dir)
	if len(epochs) != 4 || !reflect.DeepEqual(one.Epochs, epochs) || one.Version != r.Version {
		t.Errorf("%+v", one)
	}

	var d Digits
	s.get("/api/runs/tiny/digits?from=100&n=30", &d)
	sets, _ := images()
	if d.From != 100 || d.Total != 120 || len(d.Labels) != 20 || !bytes.Equal(d.Pixels[784:1568], sets[1].Image(101)) || d.Labels[1] != sets[1].Label(101) {
		t.Errorf("%d, %d, %v", d.From, d.Total, d.Labels)
	}
	s.get("/api/runs/tiny/digits", &d)
	if d.From != 0 || len(d.Labels) != 120 {
		t.Errorf("%d, %v", d.From, d.Labels)
	}
	s.get("/api/runs/tiny/digits?from=5000", &d)
	if len(d.Labels) != 0 {
		t.Errorf("%v", d.Labels)
	}
	for _, query := range []string{"from=-1", "n=501", "n=0", "n=x", "from=99999999999999999999"} {
		if status, _, text := s.request("GET", "/api/runs/tiny/digits?"+query, nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d, %s", query, status, text)
		}
	}

	for range 2 {
		var m Mistakes
		s.get("/api/runs/tiny/mistakes", &m)
		if m.Version != r.Version || m.Images != 120 || len(m.List) != report.Test.Wrong+report.Test.Silent || len(m.Pixels) != 784*len(m.List) || m.Rows != 28 || m.Cols != 28 {
			t.Errorf("%d of %d mistakes, %d pixels; %+v", len(m.List), m.Images, len(m.Pixels), report.Test.Score)
		}
		for i, x := range m.List {
			if x.Class == x.Label || x.Label != sets[1].Label(x.Image) || !bytes.Equal(m.Pixels[784*i:784*(i+1)], sets[1].Image(x.Image)) {
				t.Errorf("%+v", x)
			}
		}
		var x struct {
			Version  string
			Findings []struct{ Severity, Layer, Cause string }
			Layers   []any
		}
		s.get("/api/runs/tiny/doctor", &x)
		if x.Version != r.Version || len(x.Layers) != 3 || x.Findings == nil {
			t.Errorf("%+v", x)
		}
	}
}

func TestCompressed(t *testing.T) {
	s := serve(t, trained(t))
	_, plain, want := s.request("GET", "/api/runs/tiny/digits", nil, "Accept-Encoding", "identity")
	_, h, text := s.request("GET", "/api/runs/tiny/digits", nil, "Accept-Encoding", "gzip")
	if h.Get("Content-Encoding") != "gzip" || plain.Get("Content-Encoding") != "" || !bytes.Equal(unpacked(t, text), want) {
		t.Errorf("%v, %v", h, plain)
	}
	if _, h, _ := s.request("GET", "/api/runs", nil, "Accept-Encoding", "gzip"); h.Get("Content-Encoding") != "" {
		t.Error("a small answer is compressed")
	}
}

// The server answers what a lab answers.
func TestAsk(t *testing.T) {
	dir := trained(t)
	s := serve(t, dir)
	m, err := train.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	sets, _ := images()
	pixels, _ := json.Marshal(sets[1].Image(3))
	for _, question := range []string{
		`{"ask":["network","settings"]}`,
		fmt.Sprintf(`{"ask":["decide","road","contrasts","why"],"pixels":%s}`, pixels),
		fmt.Sprintf(`{"ask":["decide"],"pixels":%s,"settings":{"layers.s1.threshold":"12"},"lessons":[{"pixels":%s,"label":4}]}`, pixels, pixels),
		`{"ask":["sheet"],"layer":"s2"}`,
		`{"ask":["sheet"],"layer":"s2"}`,
		`{"ask":["sheet"],"layer":"s2","untrained":true}`,
		`{"ask":["sheet"],"layer":"s1"}`,
		fmt.Sprintf(`{"ask":["decide"],"pixels":%s}`, pixels),
	} {
		var got, want lab.Answer
		if status, fault := s.ask("tiny", question, &got); status != http.StatusOK {
			t.Fatalf("%s: %d %s", question, status, fault)
		}
		l, err := lab.New(m)
		if err != nil {
			t.Fatal(err)
		}
		var q lab.Question
		json.Unmarshal([]byte(question), &q)
		if want, err = l.Answer(q); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			t.Errorf("%.100s: another answer", question)
		}
	}
	for question, want := range map[string]string{
		``: "cannot be read", `{`: "cannot be read", `[]`: "cannot be read", `{"ask":["decide"]}`: "0 pixels",
		`{"ask":["nothing"]}`: "nothing known", `{"ask":["sheet"],"layer":"s9"}`: "no layer",
		`{"ask":["decide"],"settings":{"name":"x"}}`:                   "cannot be set",
		`{"ask":["image"],"canvas":{"rows":1e9,"cols":1,"pixels":""}}`: "canvas",
		`{"ask":["image"],"file":"AAAA","name":"x.png"}`:               "x.png",
	} {
		status, fault := s.ask("tiny", question, nil)
		if status != http.StatusBadRequest || !strings.Contains(fault, want) {
			t.Errorf("%q: %d, %q", question, status, fault)
		}
	}
	if status, fault := s.ask("other", `{}`, nil); status != http.StatusNotFound {
		t.Errorf("%d, %q", status, fault)
	}
}

// Only the server's own page may ask, and only under the machine's own names.
func TestStrangers(t *testing.T) {
	s := serve(t, trained(t))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.address, "http://"))
	own, mine := "http://127.0.0.1:"+port, "http://localhost:"+port
	json := "Content-Type"
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/", []string{"Host", "localhost:" + port}, 200},
		{"GET", "/", []string{"Host", "[::1]:" + port}, 200},
		{"GET", "/", []string{"Host", "127.0.0.1"}, 200},
		{"GET", "/", []string{"Host", "evil.example"}, 421},
		{"GET", "/", []string{"Host", "evil.example:" + port}, 421},
		{"GET", "/api/runs", []string{"Host", "localhost.evil.example:" + port}, 421},
		{"GET", "/api/runs", []string{"Host", "192.168.1.1:" + port}, 421},
		{"GET", "/api/runs", []string{"Host", "127.0.0.1.evil.example"}, 421},
		{"GET", "/", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"GET", "/api/runs", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		{"GET", "/api/runs", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"GET", "/api/runs", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"GET", "/api/events", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"GET", "/api/sweeps", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"GET", "/api/sweeps", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"GET", "/api/sweeps/x", []string{"Origin", "http://evil.example"}, 403},
		{"GET", "/api/sweeps", []string{"Host", "evil.example:" + port}, 421},
		{"POST", "/api/sweeps", []string{json, "application/json", "Origin", own}, 405},
		{"GET", "/api/runs", []string{"Origin", own}, 200},
		{"GET", "/api/runs", []string{"Origin", mine}, 403},
		{"GET", "/api/runs", []string{"Origin", "null"}, 403},
		{"GET", "/api/runs", []string{"Origin", "http://evil.example"}, 403},
		{"POST", "/api/runs/tiny/ask", []string{json, "application/json", "Origin", own, "Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", "/api/runs/tiny/ask", []string{json, "application/json; charset=utf-8"}, 200},
		{"POST", "/api/runs/tiny/ask", []string{json, "application/json", "Origin", "http://evil.example"}, 403},
		{"POST", "/api/runs/tiny/ask", []string{json, "application/json", "Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/api/runs/tiny/ask", []string{json, "text/plain"}, 415},
		{"POST", "/api/runs/tiny/ask", []string{json, "application/x-www-form-urlencoded"}, 415},
		{"POST", "/api/runs/tiny/ask", nil, 415},
		{"POST", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		{"OPTIONS", "/api/runs/tiny/ask", nil, 405},
		{"PUT", "/api/runs/tiny", nil, 405},
		{"GET", "/api/runs/tiny/ask", nil, 405},
	} {
		body := []byte(`{"ask":["settings"]}`)
		if c.method != "POST" {
			body = nil
		}
		status, _, text := s.request(c.method, c.path, body, c.headers...)
		if status != c.want {
			t.Errorf("%s %s %q: %d, not %d: %.100s", c.method, c.path, c.headers, status, c.want, text)
		}
		if status >= 400 {
			refused(t, text)
		}
	}
}

// On an address that is not a loopback one, names do not matter; on one that is,
// they do, whatever the listener listens on.
func TestNamesByAddress(t *testing.T) {
	for addr, want := range map[string]int{"127.0.0.1": 421, "192.168.1.7": 200} {
		r, _ := http.NewRequest("GET", "http://evil.example/", nil)
		r = r.WithContext(contextWith(http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(addr), Port: 80}))
		w := &recorded{header: http.Header{}}
		New(nil, Options{}).Handler().ServeHTTP(w, r)
		if w.status != want {
			t.Errorf("%s: %d", addr, w.status)
		}
	}
}

// Nothing but runs and the page is found, whatever a path says.
func TestTraversal(t *testing.T) {
	s := serve(t, trained(t))
	for _, path := range []string{
		"/..", "/../", "/assets/", "/assets", "/dist/index.html", "/../web/server.go", "/assets/../../server.go", "/%2e%2e/%2e%2e/etc/passwd",
		"/api/runs/..", "/api/runs/../", "/api/runs/%2e%2e", "/api/runs/..%2f..%2fetc", "/api/runs/tiny%2f..", "/api/runs/%2Fetc/passwd",
		"/api/runs/tiny/..", "/api/runs/tiny/experiment.toml", "/api/runs/tiny/digits/x", "/api/runs/", "/api/runs//", "/api/runs/tiny/", "/api/runs/TINY",
		"/api/", "/api", "/api/runs/" + strings.Repeat("x", 5000), "//etc/passwd", "/api/runs/tiny\x7f", "/api/runs/.",
		"/api/sweeps/", "/api/sweeps//", "/api/sweeps/..", "/api/sweeps/../runs", "/api/sweeps/%2e%2e/runs", "/api/sweeps/tiny", "/api/sweeps/tiny/0", "/api/sweeps/%2Fetc/passwd", "/api/sweeps/x/y/z",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		text, err := io.ReadAll(c)
		c.Close()
		if err != nil || !bytes.HasPrefix(text, []byte("HTTP/1.1 404")) && !bytes.HasPrefix(text, []byte("HTTP/1.1 400")) {
			t.Errorf("%s: %.100s", path, text)
		}
	}
}

// What is too large is refused as soon as that is known.
func TestOversize(t *testing.T) {
	s := serve(t, trained(t))
	large := append([]byte(`{"ask":["decide"],"name":"`), bytes.Repeat([]byte("x"), mostBody)...)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /api/runs/tiny/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(large))
	go c.Write(large)
	head := make([]byte, 12)
	if _, err := io.ReadFull(c, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Errorf("%s, %v", head, err)
	}
	c2, err := net.Dial("tcp", strings.TrimPrefix(s.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c2.Close()
	go fmt.Fprintf(c2, "GET / HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	if _, err := io.ReadFull(c2, head); err != nil || string(head) != "HTTP/1.1 431" {
		t.Errorf("%s, %v", head, err)
	}
	if status, _, text := s.request("GET", "/api/runs", []byte("x")); status != http.StatusBadRequest {
		t.Errorf("%d, %s", status, text)
	}
}

// A run that is not as it should be is listed with what is wrong with it, and
// the others are served.
func TestBroken(t *testing.T) {
	good := trained(t)
	dir := t.TempDir()
	for _, name := range []string{"cut", "odd", "noise", "begun", "good"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("cut/checkpoint.safetensors", "\x10\x00\x00\x00\x00\x00\x00\x00{}")
	write("odd/experiment.toml", "layers = 7")
	write("noise/metrics.jsonl", "{\"layer\":\"s1\"}\nnoise\n")
	for _, name := range []string{"checkpoint.safetensors", "model.safetensors", "result.json"} {
		os.Remove(filepath.Join(dir, "begun", name))
	}
	s := serve(t, dir)
	if status, fault := s.ask("cut", `{"ask":["network"]}`, nil); status != http.StatusInternalServerError || !strings.Contains(fault, "checkpoint.safetensors") {
		t.Errorf("%d, %s", status, fault)
	}
	if status, fault := s.ask("begun", `{"ask":["network"]}`, nil); status != http.StatusConflict || !strings.Contains(fault, "no network yet") {
		t.Errorf("%d, %s", status, fault)
	}
	s.lookAnew()
	var all list
	s.get("/api/runs", &all)
	want := map[string]string{"cut": "checkpoint.safetensors", "odd": "experiment.toml", "noise": "metrics.jsonl", "begun": "", "good": ""}
	for _, r := range all.Runs {
		text, ok := want[r.ID]
		if !ok || text == "" && r.Error != "" || !strings.Contains(r.Error, text) {
			t.Errorf("%s: %q", r.ID, r.Error)
		}
		if r.Layers == nil || r.Epochs == nil || r.Reported == nil {
			t.Errorf("%s: null in JSON", r.ID)
		}
		delete(want, r.ID)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
	if status, fault := s.ask("good", `{"ask":["network"]}`, &lab.Answer{}); status != http.StatusOK {
		t.Errorf("%d, %s", status, fault)
	}
}

// Runs have names of their own in addresses, wherever they lie.
func TestNames(t *testing.T) {
	good := trained(t)
	dir := t.TempDir()
	for _, name := range []string{"a", "ten/seed1", "ten/seed2", "ten-seed1", "x/y/z", "x/y/deep/er", ".hidden", "ä b", "..."} {
		if err := os.CopyFS(filepath.Join(dir, "runs", name), os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
	}
	os.MkdirAll(filepath.Join(dir, "runs", "empty"), 0o777)
	if err := os.Symlink(good, filepath.Join(dir, "runs", "linked")); err != nil {
		t.Log(err)
	}
	var got []string
	for _, r := range New([]string{filepath.Join(dir, "runs"), filepath.Join(dir, "runs", "a"), filepath.Join(dir, "nothing")}, Options{}).Runs() {
		got = append(got, r.ID+" "+r.Name)
	}
	want := []string{"a a", "ten-seed1 ten/seed1", "ten-seed2 ten/seed2", "ten-seed1-2 ten-seed1", "x-y-z x/y/z", "b ä b"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// Networks that nobody has asked for long are not kept.
func TestForgets(t *testing.T) {
	good := trained(t)
	dir := t.TempDir()
	for i := range mostLoaded + 3 {
		if err := os.CopyFS(filepath.Join(dir, fmt.Sprint(i)), os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, dir)
	for range 2 {
		for i := range mostLoaded + 3 {
			if status, fault := s.ask(fmt.Sprint(i), `{"ask":["network"]}`, &lab.Answer{}); status != http.StatusOK {
				t.Errorf("%d, %s", status, fault)
			}
		}
	}
	if len(s.loaded) != mostLoaded {
		t.Errorf("%d are kept", len(s.loaded))
	}
}

// A panic ends an answer, not the server.
func TestPanic(t *testing.T) {
	s := serve(t, trained(t))
	s.page["/"] = &asset{kind: "text/html", tag: "x", packed: func() []byte { panic("ouch") }}
	status, h, text := s.request("GET", "/", nil, "Accept-Encoding", "gzip")
	if status != http.StatusInternalServerError || h.Get("Content-Encoding") != "" || strings.Contains(string(text), "ouch") {
		t.Errorf("%d, %v, %s", status, h, text)
	}
	refused(t, text)
	if s.faults.Load() != 1 {
		t.Errorf("%d faults are counted", s.faults.Load())
	}
	if status, _, _ := s.request("GET", "/api/runs", nil); status != http.StatusOK {
		t.Errorf("%d afterwards", status)
	}
}
