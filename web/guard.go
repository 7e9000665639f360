package web

import (
	"errors"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// policy is what the page may load, and who may show it in a frame: itself, and
// nobody.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler answers requests. What may ask is said in the package comment.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		begun := &begun{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault)
			}
			s.faults.Add(1)
			if begun.yes {
				panic(http.ErrAbortHandler) // what was sent is not whole
			}
			for _, name := range []string{"Content-Encoding", "ETag"} {
				h.Del(name) // of what should have been sent
			}
			refuse(w, r, http.StatusInternalServerError, "a fault of the program itself; please report what was asked")
		}()
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
		if status, text := stranger(r); status != 0 {
			refuse(begun, r, status, text)
			return
		}
		s.route(begun, r)
	})
}

// writeTime is how long a client may take to read an answer.
const writeTime = 30 * time.Second

// begun is a writer that knows whether an answer has begun.
type begun struct {
	http.ResponseWriter
	yes bool
}

func (b *begun) WriteHeader(status int) {
	b.yes = true
	b.ResponseWriter.WriteHeader(status)
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// stranger says why a request is not answered: it comes from a page of another
// site, or by a name that another site may have given to this machine.
func stranger(r *http.Request) (status int, text string) {
	if local(r) && !ownName(r.Host) {
		return http.StatusMisdirectedRequest, "this server is for its own machine, under the names localhost, 127.0.0.1 and [::1]; open it under one of them"
	}
	if origin := r.Header.Values("Origin"); len(origin) > 0 {
		u, err := url.Parse(origin[0])
		if err != nil || len(origin) > 1 || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return http.StatusForbidden, "a page of another site asks this; only the server's own page may"
		}
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case site == "" || site == "same-origin" || site == "none":
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.Path == "/" &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document":
		// Somebody has followed a link to the page.
	default:
		return http.StatusForbidden, "a page of another site asks this; only the server's own page may"
	}
	return 0, ""
}

// local reports whether a request has come by a loopback address, as all do that
// a page can make a browser on this machine send. Requests that have come by
// nothing known are taken for such.
func local(r *http.Request) bool {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || a.IP.IsLoopback()
}

// ownName reports whether a host is the machine itself for everybody.
func ownName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	} else {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	}
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// isJSON reports whether the body of a request says that it is JSON, which no
// form of another page can say.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}
