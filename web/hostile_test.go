package web

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"compress/gzip"
	"compress/zlib"

	"firstspike/lab"
)

// chunk is a part of a PNG file.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// emptyPNG is a PNG file of a size, of which all pixels are 0.
func emptyPNG(cols, rows, depth, colour, bytesPerPixel int) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(cols)), uint32(rows))
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	line := make([]byte, 1+cols*bytesPerPixel)
	for range min(rows, 200_000_000/len(line)) {
		z.Write(line)
	}
	z.Close()
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, byte(depth), byte(colour), 0, 0, 0)), chunk("IDAT", b.Bytes()), chunk("IEND", nil)}, nil)
}

// Pictures that would take much memory or time are refused by their headers.
func TestPictures(t *testing.T) {
	s := serve(t, trained(t))
	s.ask("tiny", `{"ask":["network"]}`, &lab.Answer{})
	var small bytes.Buffer
	if err := jpeg.Encode(&small, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	// The decoder of a progressive picture takes memory when it has seen the size.
	progressive := bytes.Replace(small.Bytes(), []byte{0xff, 0xc0, 0, 11, 8, 0, 30, 0, 40}, []byte{0xff, 0xc2, 0, 11, 8, 5600 >> 8, 5600 & 0xff, 5600 >> 8, 5600 & 0xff}, 1)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte{0, 0, 8, 3, 0, 0x0f, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28})
	z.Write(make([]byte, 50<<20))
	z.Close()
	files := map[string][]byte{
		"huge.png":        emptyPNG(100_000, 100_000, 8, 0, 1)[:5000],
		"20000.png":       emptyPNG(20_000, 20_000, 8, 6, 4)[:5000],
		"bomb.png":        emptyPNG(8000, 8000, 8, 0, 1),
		"deep.png":        emptyPNG(5700, 5700, 16, 6, 8),
		"progressive.jpg": progressive,
		"images.gz":       zipped.Bytes(),
		"wide.gif":        append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02"), 0x02, 0x4c, 0x01, 0x00, 0x3b),
	}
	debug.FreeOSMemory()
	for name, file := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		status, fault := s.ask("tiny", fmt.Sprintf(`{"ask":["image"],"name":%q,"file":%q}`, name, base64.StdEncoding.EncodeToString(file)), nil)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if status != http.StatusBadRequest || !strings.Contains(fault, name) || strings.Contains(fault, "truncated") {
			t.Errorf("%s: %d, %s", name, status, fault)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 60<<20 || took > 3*time.Second {
			t.Errorf("%s took %v and %d MB", name, took, taken>>20)
		}
	}
	var a lab.Answer
	if status, fault := s.ask("tiny", fmt.Sprintf(`{"ask":["image"],"file":%q}`, base64.StdEncoding.EncodeToString(small.Bytes())), &a); status != http.StatusOK || !a.Image.Blank {
		t.Errorf("%d, %s, %+v", status, fault, a)
	}
	if status, fault := s.ask("tiny", fmt.Sprintf(`{"ask":["image"],"file":%q}`, base64.StdEncoding.EncodeToString(emptyPNG(4000, 3000, 8, 2, 3))), &a); status != http.StatusOK {
		t.Errorf("a photo: %d, %s", status, fault)
	}
}

// seeds are questions of all kinds.
func questions(t testing.TB) (list [][]byte) {
	sets, err := images()
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := json.Marshal(sets[1].Image(7))
	for _, text := range []string{
		`{"ask":["network","settings"]}`,
		`{"ask":["decide","road","contrasts","why"],"pixels":P}`,
		`{"ask":["decide"],"pixels":P,"settings":{"layers.s1.threshold":"12","encode.steps":"9"},"lessons":[{"pixels":P,"label":4,"settings":{"layers.s3.threshold":"30"}}]}`,
		`{"ask":["sheet","map"],"layer":"s2","map":3,"untrained":true}`,
		`{"ask":["neuron"],"layer":"s2","map":1,"row":2,"col":3,"pixels":P}`,
		`{"ask":["teach"],"label":3,"pixels":P}`,
		`{"ask":["image","decide"],"canvas":{"rows":4,"cols":4,"pixels":"AAAA//8AAP//AAD//wAAAA=="}}`,
		`{"ask":["image"],"file":"iVBORw0KGgo=","name":"x.png"}`,
		`{"ask":["learn"],"learn":{"layer":"s1","images":[P,P],"rate":2}}`,
		`{"ask":["decide"],"pixels":""}`,
	} {
		list = append(list, []byte(strings.ReplaceAll(text, "P", string(pixels))))
	}
	return list
}

// Whatever is asked, the answer is one, or a reason why there is none, and the
// next question is answered as if nothing had been.
func FuzzAsk(f *testing.F) {
	for _, q := range questions(f) {
		f.Add(q)
	}
	s := New([]string{trained(f)}, Options{})
	sets, _ := images()
	pixels, _ := json.Marshal(sets[1].Image(5))
	probe := []byte(fmt.Sprintf(`{"ask":["decide"],"pixels":%s}`, pixels))
	post := func(body []byte) *recorded {
		r, _ := http.NewRequest("POST", "http://localhost/api/runs/tiny/ask", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := &recorded{header: http.Header{}}
		s.Handler().ServeHTTP(w, r)
		return w
	}
	want := post(probe).body.Bytes()
	f.Fuzz(func(t *testing.T, body []byte) {
		w := post(body)
		if w.status != http.StatusOK && (w.status < 400 || w.status >= 500) || !json.Valid(w.body.Bytes()) {
			t.Errorf("%d, %s", w.status, w.body.Bytes())
		}
		if w.status != http.StatusOK {
			refused(t, w.body.Bytes())
		}
		if got := post(probe).body.Bytes(); !bytes.Equal(got, want) {
			t.Errorf("afterwards another answer: %s", got)
		}
		if n := s.faults.Load(); n > 0 {
			t.Errorf("%d panics", n)
		}
	})
}

// Whatever path and headers a request has, the answer is a file of the page, or
// JSON.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/api/runs", "/api/runs/tiny", "/api/runs/tiny/digits", "/api/runs/../tiny", "/api/runs/%2e%2e/x", "/assets/../x", "//", "/api/runs/tiny/doctor/"} {
		f.Add("GET", path, "from=3&n=2", "localhost:8080", "")
		f.Add("POST", path, "", "evil.example", "http://evil.example")
	}
	for _, path := range []string{"/api/sweeps", "/api/sweeps/rates-sweep", "/api/sweeps/rates-sweep/3", "/api/sweeps/../rates-sweep/-1", "/api/sweeps/rates-sweep/sweep.toml", "/api/sweeps//0"} {
		f.Add("GET", path, "", "localhost:8080", "")
	}
	dir := filepath.Join(f.TempDir(), "rates-sweep")
	beginSweep(f, dir, rates)
	s := New([]string{trained(f), dir}, Options{})
	f.Fuzz(func(t *testing.T, method, path, query, host, origin string) {
		if strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/doctor") || strings.HasSuffix(path, "/mistakes") {
			return // they take long
		}
		r, err := http.NewRequest("GET", "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Method, r.URL.Path, r.URL.RawQuery, r.Host = method, path, query, host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := &recorded{header: http.Header{}}
		s.Handler().ServeHTTP(w, r)
		switch a := s.page[path]; {
		case w.status == http.StatusOK && a != nil:
			if method == "GET" && !bytes.Equal(w.body.Bytes(), a.plain) {
				t.Errorf("%q: another page", path)
			}
		case method == "HEAD":
		case w.status >= 500 || !json.Valid(w.body.Bytes()):
			t.Errorf("%q %q: %d, %q", method, path, w.status, w.body.Bytes())
		}
		if w.header.Get("Content-Security-Policy") != policy || s.faults.Load() > 0 {
			t.Errorf("%q: %v, %d panics", path, w.header, s.faults.Load())
		}
	})
}

// hostile sends something that is no proper request, or no proper question, and
// reads what comes.
func hostile(address string, r *rand.Rand, good [][]byte) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	q := bytes.Clone(good[r.IntN(len(good))])
	for range 1 + r.IntN(5) {
		switch at := r.IntN(len(q)); r.IntN(4) {
		case 0:
			q[at] ^= 1 << r.IntN(8)
		case 1:
			q = q[:at+1]
		case 2:
			q = append(q[:at:at], append(bytes.Repeat([]byte{`[{"0,`[r.IntN(5)]}, 1+r.IntN(3000)), q[at:]...)...)
		case 3:
			other := good[r.IntN(len(good))]
			q = append(q[:at:at], other[r.IntN(len(other)):]...)
		}
	}
	length := len(q)
	path := "/api/runs/tiny/ask"
	lines := "Host: localhost\r\nContent-Type: application/json\r\n"
	switch r.IntN(8) {
	case 0:
		length += r.IntN(100_000_000) // that never come
	case 1:
		length = r.IntN(length + 1)
	case 2:
		path = []string{"/api/runs/", "/api/sweeps/", "/api/sweeps/rates-sweep/"}[r.IntN(3)] + strings.Repeat("../", r.IntN(30)) + string(q[:min(len(q), 50)])
	case 3:
		lines += "X: " + string(q[:min(len(q), 400)]) + "\r\n"
	case 4:
		lines = strings.Replace(lines, "localhost", []string{"evil.example", "", "localhost:x", "[::1", "127.0.0.1:99999999"}[r.IntN(5)], 1)
	}
	fmt.Fprintf(c, "POST %s HTTP/1.%d\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n", path, r.IntN(2), lines, length)
	c.Write(q)
	c.(*net.TCPConn).CloseWrite()
	if r.IntN(10) == 0 {
		return nil // and goes away
	}
	text, err := io.ReadAll(c)
	if err == nil && !bytes.HasPrefix(text, []byte("HTTP/1.")) && len(text) > 0 {
		err = fmt.Errorf("%.100q is answered", text)
	}
	if bytes.HasPrefix(text, []byte("HTTP/1.1 5")) && !bytes.HasPrefix(text, []byte("HTTP/1.1 503")) && !bytes.HasPrefix(text, []byte("HTTP/1.1 505")) {
		err = fmt.Errorf("%.400s", text)
	}
	return err
}

// Ten thousand requests that are not as they should be leave nothing behind.
func TestMalformed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rates-sweep")
	beginSweep(t, dir, rates)
	s := serve(t, trained(t), dir)
	s.state("rates-sweep", func(sweepState) bool { return true })
	address, good := strings.TrimPrefix(s.address, "http://"), questions(t)
	many := func(n int, seed uint64) {
		var group sync.WaitGroup
		for k := range 8 {
			group.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(k)))
				for range n / 8 {
					if err := hostile(address, r, good); err != nil && !strings.Contains(err.Error(), "reset") {
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
	}
	many(800, 1)
	settled(t, 0)
	before, goroutines := memory(), runtime.NumGoroutine()
	began := time.Now()
	many(10_000, 2)
	took := time.Since(began)
	settled(t, goroutines)
	if grown := memory() - before; grown > 10<<20 || s.faults.Load() > 0 {
		t.Errorf("%d kB more, %d panics", grown>>10, s.faults.Load())
	} else {
		t.Logf("%v; %d kB more", took, grown>>10)
	}
}

// 200 clients for a minute: pages that watch, people who draw, and people who
// mean harm. go test ./web -run Stress -long
func TestStress(t *testing.T) {
	if !*long {
		t.Skip("it takes a minute; -long runs it")
	}
	s := serve(t, trained(t))
	address, good := strings.TrimPrefix(s.address, "http://"), questions(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	var answers, busy, refusals, hostiles atomic.Int64
	var slowest atomic.Int64
	end := time.Now().Add(time.Minute)
	var group sync.WaitGroup
	for k := range 200 {
		group.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(k)))
			for time.Now().Before(end) {
				switch {
				case k < 40:
					events, stop := s.listen()
					for range 1 + r.IntN(3) {
						select {
						case <-events:
						case <-time.After(time.Duration(r.IntN(3000)) * time.Millisecond):
						}
					}
					stop()
				case k < 60:
					if err := hostile(address, r, good); err != nil && !strings.Contains(err.Error(), "reset") {
						t.Error(err)
					}
					hostiles.Add(1)
				default:
					began := time.Now()
					resp, err := client.Post(s.address+"/api/runs/tiny/ask", "application/json", bytes.NewReader(good[r.IntN(len(good))]))
					if err != nil {
						t.Error(err)
						return
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					switch resp.StatusCode {
					case http.StatusOK:
						answers.Add(1)
					case http.StatusServiceUnavailable:
						busy.Add(1)
					case http.StatusBadRequest:
						refusals.Add(1)
					default:
						t.Errorf("%d", resp.StatusCode)
					}
					slowest.Store(max(slowest.Load(), int64(time.Since(began))))
				}
			}
		})
	}
	var levels []int64
	for time.Now().Before(end) {
		time.Sleep(10 * time.Second)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		levels = append(levels, int64(m.HeapInuse>>20))
	}
	group.Wait()
	client.CloseIdleConnections()
	settled(t, 0)
	t.Logf("%d answers, %d refusals, %d busy, %d that mean harm, slowest %v; heap in use every 10 s: %v MB, %d kB at the end; %d goroutines",
		answers.Load(), refusals.Load(), busy.Load(), hostiles.Load(), time.Duration(slowest.Load()).Round(time.Millisecond), levels, memory()>>10, runtime.NumGoroutine())
	if s.faults.Load() > 0 || levels[len(levels)-1] > 2*levels[0]+64 {
		t.Errorf("%d panics, %v", s.faults.Load(), levels)
	}
}
