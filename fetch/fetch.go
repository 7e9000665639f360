package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A File is a file to fetch.
type File struct {
	Name   string   // in the folder that it goes to
	Bytes  int64    // its length
	SHA256 string   // in hexadecimal
	URLs   []string // where it may be had, the first to be asked first
}

// Options say how to fetch. The zero Options will do.
type Options struct {
	// Client asks; nil: one that waits 15 seconds for a connection and 30 for an answer.
	Client *http.Client

	// Stall is how long nothing may arrive before a connection is given up. 0: 30 seconds.
	Stall time.Duration

	// Observe, if given, is told how far a file is, in the goroutine of Get.
	Observe func(Progress)
}

// Progress is how far a file is.
type Progress struct {
	File string
	URL  string // that is asked
	Done int64  // bytes that have arrived, those of earlier calls included
	Of   int64
	Err  error // of an attempt that has failed, before the next; otherwise nil
}

// ErrOffline is in the error of [Get] when no address could be reached.
var ErrOffline = errors.New("none of the servers can be reached; is this machine online, and is a proxy needed (HTTPS_PROXY)?")

// errBusy is in the error when somebody else is fetching the same file.
var errBusy = errors.New("is being fetched by another program; wait for that")

// mostCuts is how often one address is asked again for the rest after a connection broke off.
const mostCuts = 8

// Get brings a file into dir, which is made if it is not there. It returns when the file is there, whole and right, or when
// no address has it, or when the context ends, with the context's error. What has arrived until then stays for the next call.
func Get(ctx context.Context, dir string, f File, o Options) error {
	if f.Name == "" || filepath.Base(f.Name) != f.Name || !filepath.IsLocal(f.Name) {
		return fmt.Errorf("fetch: %q is no name of a file", f.Name)
	}
	path := filepath.Join(dir, f.Name)
	if Right(path, f) == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	lock := flock.New(path + ".lock")
	if ok, err := lock.TryLock(); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("%s: %w", path, errBusy)
	}
	defer func() {
		lock.Unlock()
		os.Remove(path + ".lock")
	}()
	part, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer part.Close()
	g := getting{File: f, Options: o, part: part}
	if g.Client == nil {
		g.Client = patient()
	}
	if g.Stall == 0 {
		g.Stall = 30 * time.Second
	}
	if err := g.fromAny(ctx); err != nil {
		if n, sizeErr := g.size(); sizeErr == nil && n == 0 {
			part.Close()
			os.Remove(part.Name())
		}
		return err
	}
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), path)
}

// Right returns nil if the file at path is the one that f describes, and otherwise an error that says what it is.
func Right(path string, f File) error {
	r, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: is not there", path)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	st, err := r.Stat()
	if err != nil {
		return err
	}
	if st.Size() != f.Bytes {
		return fmt.Errorf("%s: has %d bytes instead of %d", path, st.Size(), f.Bytes)
	}
	return check(r, path, f.SHA256)
}

func check(r io.Reader, name, want string) error {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, want) {
		return fmt.Errorf("%s: has the SHA-256 %s instead of %s", name, got, want)
	}
	return nil
}

func patient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	t.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{Transport: t}
}

// getting is a file on its way.
type getting struct {
	File
	Options
	part *os.File
}

func (g *getting) size() (int64, error) { return g.part.Seek(0, io.SeekEnd) }

func (g *getting) tell(address string, done int64, err error) {
	if g.Observe != nil {
		g.Observe(Progress{g.Name, address, done, g.Bytes, err})
	}
}

// fromAny asks one address after the other.
func (g *getting) fromAny(ctx context.Context) error {
	var faults []error
	offline := len(g.URLs) > 0
	for _, address := range g.URLs {
		err := g.from(ctx, address)
		if err == nil || ctx.Err() != nil {
			return cause(ctx, err)
		}
		var local *fs.PathError
		if errors.As(err, &local) { // the disk is full, not the server gone
			return err
		}
		offline = offline && unreachable(err)
		faults = append(faults, fmt.Errorf("%s: %w", address, err))
	}
	if offline {
		faults = append(faults, ErrOffline)
	}
	return fmt.Errorf("%s: %w", g.Name, errors.Join(append(faults, g.none()...)...))
}

// none is an error if there is nobody to ask.
func (g *getting) none() []error {
	if len(g.URLs) > 0 {
		return nil
	}
	return []error{errors.New("no address is known where it could be had")}
}

func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func unreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// errCut is that a connection broke off, so that the rest may be asked for.
var errCut = errors.New("the connection broke off")

// from fetches the file, or the rest of it, from one address.
func (g *getting) from(ctx context.Context, address string) error {
	for cuts := 0; ; cuts++ {
		before, err := g.size()
		if err != nil {
			return err
		}
		err = g.once(ctx, address)
		after, sizeErr := g.size()
		if sizeErr != nil {
			return sizeErr
		}
		again := errors.Is(err, errCut) && after > before && cuts < mostCuts
		if err == nil {
			if _, err = g.part.Seek(0, io.SeekStart); err == nil {
				err = check(g.part, "what came", g.SHA256)
			}
			if err == nil {
				return nil
			}
			if truncated := g.part.Truncate(0); truncated != nil {
				return truncated
			}
			// What was there before may have been at fault.
			again = before > 0 && cuts < mostCuts
		}
		if ctx.Err() != nil {
			return err
		}
		g.tell(address, after, err)
		if !again {
			return err
		}
	}
}

// once asks for what is missing, and appends what comes.
func (g *getting) once(ctx context.Context, address string) error {
	at, err := g.size()
	if err != nil {
		return err
	}
	if at > g.Bytes {
		if err := g.part.Truncate(0); err != nil {
			return err
		}
		at = 0
	}
	if at == g.Bytes {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "identity") // the bytes of the file, which may be gzip itself
	if at > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", at))
	}
	resp, err := g.Client.Do(req)
	var about *url.Error
	if errors.As(err, &about) {
		return about.Err // the address is told beside it
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	from := int64(0)
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		if n, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); n != 1 || err != nil || from != at {
			return fmt.Errorf("asked for the rest from byte %d the server sends %q", at, resp.Header.Get("Content-Range"))
		}
	default:
		return fmt.Errorf("the server answers %q", resp.Status)
	}
	if n := resp.ContentLength; n >= 0 && from+n != g.Bytes {
		return fmt.Errorf("is another file there: of %d bytes instead of %d", from+n, g.Bytes)
	}
	if err := g.part.Truncate(from); err != nil {
		return err
	}
	return g.receive(address, resp.Body, from, stop)
}

// receive appends what comes to the part from the given place on.
func (g *getting) receive(address string, r io.Reader, from int64, stop func()) error {
	if _, err := g.part.Seek(from, io.SeekStart); err != nil {
		return err
	}
	stalled := time.AfterFunc(g.Stall, stop)
	defer stalled.Stop()
	g.tell(address, from, nil)
	at := from
	for buf := make([]byte, 64<<10); ; {
		n, err := r.Read(buf)
		if at+int64(n) > g.Bytes {
			return errors.Join(fmt.Errorf("is another file there: of more than %d bytes", g.Bytes), g.part.Truncate(from))
		}
		if _, err := g.part.Write(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
		if n > 0 {
			stalled.Reset(g.Stall)
			g.tell(address, at, nil)
		}
		switch {
		case err == io.EOF && at == g.Bytes:
			return nil
		case err == io.EOF:
			// The server says that this is all, so it is another file.
			return errors.Join(fmt.Errorf("is another file there: of %d bytes instead of %d", at, g.Bytes), g.part.Truncate(from))
		case err != nil:
			return fmt.Errorf("%w after %d of %d bytes (%v)", errCut, at, g.Bytes, err)
		}
	}
}
