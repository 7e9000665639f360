package fetch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"firstspike/fetch"
)

// content is what is fetched in these tests.
var content = func() []byte {
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(i * i >> 7)
	}
	return b
}()

func file(urls ...string) fetch.File {
	return fetch.File{Name: "a.gz", Bytes: int64(len(content)), SHA256: fmt.Sprintf("%x", sha256.Sum256(content)), URLs: urls}
}

// good serves parts as well.
func good(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "a.bin", time.Time{}, bytes.NewReader(content))
}

// whole knows nothing of parts.
func whole(w http.ResponseWriter, r *http.Request) { w.Write(content) }

// cut sends n bytes of what it is asked for and breaks off.
func cut(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(content[from:min(len(content), from+n)])
		if from+n < len(content) {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/a.gz"
}

// gone is an address where nobody listens.
func gone(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL + "/a.gz"
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
}

// wrong has the right length.
func wrong(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "a.bin", time.Time{}, bytes.NewReader(make([]byte, len(content))))
}

func TestGet(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(make([]byte, 1<<16))
		}
	}
	chunked := func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(content[:1000])
	}
	otherRange := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", "bytes 7-9/10")
		w.WriteHeader(http.StatusPartialContent)
	}
	for _, c := range []struct {
		name  string
		part  []byte // what is there of an earlier call
		urls  []string
		want  []string // of the error; nil: none
		after int      // bytes that are left of the part then
	}{
		{name: "good", urls: []string{serve(t, good)}},
		{name: "resumed", part: content[:100_000], urls: []string{serve(t, good)}},
		{name: "resumed at the end", part: content, urls: []string{serve(t, good)}},
		{name: "ignores ranges", part: content[:100_000], urls: []string{serve(t, whole)}},
		{name: "part of another file", part: make([]byte, 100_000), urls: []string{serve(t, good)}},
		{name: "part too long", part: make([]byte, 400_000), urls: []string{serve(t, good)}},
		{name: "breaks off often", urls: []string{serve(t, cut(50_000))}},
		{name: "next mirror", urls: []string{serve(t, http.NotFound), gone(t), serve(t, text("<html>log in")), serve(t, wrong), serve(t, endless), serve(t, good)}},
		{name: "rest from the next mirror", urls: []string{serve(t, cut(1000)), serve(t, good)}},
		{name: "wrong range", part: content[:10], urls: []string{serve(t, otherRange), serve(t, good)}},

		{name: "404", urls: []string{serve(t, http.NotFound)}, want: []string{`a.gz: http://127.0.0.1:`, `the server answers "404 Not Found"`}},
		{name: "checksum", urls: []string{serve(t, wrong)}, want: []string{"what came: has the SHA-256 "}},
		{name: "checksum after resuming", part: content[:10], urls: []string{serve(t, wrong)}, want: []string{"what came: has the SHA-256 "}},
		{name: "page", urls: []string{serve(t, text("<html>log in"))}, want: []string{"is another file there: of 12 bytes instead of 300000"}},
		{name: "short without a length", urls: []string{serve(t, chunked)}, want: []string{"is another file there: of 1000 bytes"}},
		{name: "endless", urls: []string{serve(t, endless)}, want: []string{"is another file there: of more than 300000 bytes"}},
		{name: "breaks off", urls: []string{serve(t, cut(1000))}, want: []string{"the connection broke off after 9000 of 300000 bytes"}, after: 9000},
		{name: "offline", part: content[:10], urls: []string{gone(t), gone(t)}, want: []string{"none of the servers can be reached; is this machine online"}, after: 10},
		{name: "nobody to ask", want: []string{"no address is known"}},
		{name: "no address", urls: []string{"::"}, want: []string{"missing protocol scheme"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if c.part != nil {
				if err := errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, "a.gz.part"), c.part, 0o666)); err != nil {
					t.Fatal(err)
				}
			}
			err := fetch.Get(t.Context(), dir, file(c.urls...), fetch.Options{Observe: func(p fetch.Progress) {
				if p.File != "a.gz" || p.Done < 0 || p.Done > p.Of || p.Of != int64(len(content)) || p.URL == "" {
					t.Errorf("%+v", p)
				}
			}})
			entries, _ := os.ReadDir(dir)
			if c.want == nil {
				got, _ := os.ReadFile(filepath.Join(dir, "a.gz"))
				if err != nil || !bytes.Equal(got, content) || len(entries) != 1 {
					t.Errorf("%v, %d bytes, %v", err, len(got), entries)
				}
				return
			}
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v; want %q", err, want)
				}
			}
			if offline := c.name == "offline"; errors.Is(err, fetch.ErrOffline) != offline {
				t.Errorf("offline: %v, %v", !offline, err)
			}
			left, _ := os.ReadFile(filepath.Join(dir, "a.gz.part"))
			if len(left) != c.after || !bytes.HasPrefix(content, left) || len(entries) > min(1, c.after) {
				t.Errorf("%d bytes are left; want %d; %v", len(left), c.after, entries)
			}
		})
	}
}

// Only what is missing is asked for.
func TestResumesByRange(t *testing.T) {
	var asked atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Range"))
		good(w, r)
	})
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.gz.part"), content[:1234], 0o666)
	if err := fetch.Get(t.Context(), dir, file(url), fetch.Options{}); err != nil || asked.Load() != "bytes=1234-" {
		t.Error(err, asked.Load())
	}
}

// What is there and right stays, and nobody is asked; what is wrong is replaced, but not by nothing.
func TestThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.gz")
	os.WriteFile(path, content, 0o666)
	if err := fetch.Get(t.Context(), dir, file(), fetch.Options{}); err != nil {
		t.Error(err)
	}
	os.WriteFile(path, content[:7], 0o666)
	if err := fetch.Get(t.Context(), dir, file(gone(t)), fetch.Options{}); err == nil {
		t.Error("no error")
	}
	if got, _ := os.ReadFile(path); len(got) != 7 {
		t.Errorf("%d bytes", len(got))
	}
	if err := fetch.Get(t.Context(), dir, file(serve(t, good)), fetch.Options{}); err != nil || fetch.Right(path, file()) != nil {
		t.Error(err)
	}
}

func TestStallAndCancel(t *testing.T) {
	release := make(chan bool)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:5000])
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	dir := t.TempDir()
	err := fetch.Get(t.Context(), dir, file(url), fetch.Options{Stall: 50 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "the connection broke off after 5000 of") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = fetch.Get(ctx, dir, file(url), fetch.Options{Observe: func(fetch.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left, _ := os.ReadFile(filepath.Join(dir, "a.gz.part")); !bytes.HasPrefix(content, left) {
		t.Errorf("%d bytes are left", len(left))
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "../a", "/a"} {
		f := file(serve(t, good))
		f.Name = name
		if err := fetch.Get(t.Context(), t.TempDir(), f, fetch.Options{}); err == nil {
			t.Errorf("%q was fetched", name)
		}
	}
}

// Two at once do not disturb each other.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	url := serve(t, good)
	var second error
	err := fetch.Get(t.Context(), dir, file(url), fetch.Options{Observe: func(p fetch.Progress) {
		if p.Done < p.Of && second == nil {
			second = fetch.Get(t.Context(), dir, file(url), fetch.Options{})
		}
	}})
	if err != nil || second == nil || !strings.Contains(second.Error(), "is being fetched by another program") {
		t.Error(err, second)
	}
}
