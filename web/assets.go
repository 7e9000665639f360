package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// An asset is a file of the page.
type asset struct {
	kind   string
	tag    string // of its contents
	hashed bool   // its name changes with its contents
	plain  []byte
	packed func() []byte // with gzip; nil if that does not pay
}

// kinds are those of the page's files; what a system thinks of their names does
// not count.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".wasm": "application/wasm",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}

// assets are the files of the page by the path under which they are asked for.
// There are no others, whatever a path says.
func assets() map[string]*asset {
	all := map[string]*asset{}
	fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		at := strings.TrimPrefix(name, "dist")
		sum := sha256.Sum256(data)
		a := &asset{kind: kinds[path.Ext(name)], tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
			hashed: strings.HasPrefix(at, "/assets/"), plain: data}
		switch path.Ext(name) {
		case ".html", ".js", ".css", ".svg", ".wasm", ".json", ".webmanifest", ".txt":
			a.packed = sync.OnceValue(func() []byte { return packed(data, gzip.BestCompression) })
		case ".png", ".ico", ".woff2":
		default:
			a.kind = "application/octet-stream"
		}
		all[at] = a
		return nil
	})
	all["/"] = all["/index.html"]
	return all
}

// packed is data with gzip.
func packed(data []byte, level int) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, level) // the level is one
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// unpacks reports whether who asks can read gzip.
func unpacks(r *http.Request) bool {
	for _, header := range r.Header.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(header, ",") {
			name, weight, _ := strings.Cut(part, ";")
			if strings.TrimSpace(name) == "gzip" && strings.TrimSpace(weight) != "q=0" {
				return true
			}
		}
	}
	return false
}

// serve answers with a file of the page.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.tag)
	h.Set("Cache-Control", "no-cache")
	if a.hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if a.packed == nil {
		write(w, r, a.plain)
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if unpacks(r) {
		h.Set("Content-Encoding", "gzip")
		write(w, r, a.packed())
		return
	}
	write(w, r, a.plain)
}
