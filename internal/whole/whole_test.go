package whole

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func content(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

func noLinks(old, new string) error {
	return &os.LinkError{Op: "link", Old: old, New: new, Err: errors.ErrUnsupported}
}

var errFull = errors.New("the disk is full")

// A folder is compared with what should be in it after each of many writings, and
// in the middle of them.
func TestFolder(t *testing.T) {
	type file struct {
		content string
		mode    fs.FileMode
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "whole")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		want := map[string]file{}
		names := []string{"a", "a.1", ".a.1", "net*.bin", "run.json"}
		// check returns how many files are half-written.
		check := func() (half int) {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, e := range entries {
				w, ok := want[e.Name()]
				if !ok {
					half++
					continue
				}
				found++
				text, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil || string(text) != w.content {
					t.Fatalf("%s: %q, %v; want %q", e.Name(), text, err, w.content)
				}
				info, err := e.Info()
				if err != nil || runtime.GOOS != "windows" && info.Mode() != w.mode {
					t.Fatalf("%s: mode %v, %v; want %v", e.Name(), info.Mode(), err, w.mode)
				}
			}
			if found != len(want) {
				t.Fatalf("%d files; want %d", found, len(want))
			}
			return half
		}
		for range rapid.IntRange(1, 4).Draw(t, "writings") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			path := filepath.Join(dir, name)
			mode := rapid.SampledFrom([]fs.FileMode{0o644, 0o755, 0o600, 0o444}).Draw(t, "mode")
			pieces := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "pieces")
			fails := rapid.Bool().Draw(t, "fails")
			write := func(w io.Writer) error {
				for _, p := range pieces {
					if _, err := io.WriteString(w, p); err != nil {
						return err
					}
					if half := check(); half != 1 {
						t.Fatalf("%d files are half-written; want 1", half)
					}
				}
				if fails {
					return errFull
				}
				return nil
			}
			_, there := want[name]
			creates := true // it is written
			switch how := rapid.SampledFrom([]string{"Write", "Create", "Create without links", "Begin"}).Draw(t, "how"); how {
			case "Write":
				err = Write(path, mode, write)
			case "Begin":
				var f *File
				if f, err = Begin(path); err != nil {
					t.Fatal(err)
				}
				err = f.End(mode, write(f))
			default:
				link := os.Link
				if how != "Create" {
					link = noLinks
				}
				creates, err = create(path, mode, write, link)
				if creates != (!there && !fails) {
					t.Fatalf("%s: created: %v; was there: %v", name, creates, there)
				}
			}
			if fails && err != errFull || !fails && err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !fails && creates {
				want[name] = file{strings.Join(pieces, ""), mode}
			}
			if half := check(); half != 0 {
				t.Fatalf("%d files are left behind", half)
			}
		}
	})
}

// Who reads while others write sees what one of them has written.
func TestReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	version := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 1+n*n) }
	if err := Write(path, 0o644, content(version(0))); err != nil {
		t.Fatal(err)
	}
	var readers, writers sync.WaitGroup
	var done atomic.Bool
	for range 4 {
		readers.Go(func() {
			for !done.Load() {
				b, err := os.ReadFile(path)
				if err != nil && runtime.GOOS == "windows" {
					continue // a file that is being renamed cannot be opened there
				}
				if err != nil || len(b) == 0 || !bytes.Equal(b, version(int(b[0]))) {
					t.Errorf("read %d bytes that nobody has written as a whole, and %v", len(b), err)
					return
				}
			}
		})
	}
	for first := range 2 {
		writers.Go(func() {
			for n := first; n < 24; n += 2 {
				err := Write(path, 0o644, func(w io.Writer) error {
					b := version(n)
					_, err := w.Write(b[:len(b)/2])
					runtime.Gosched()
					_, err2 := w.Write(b[len(b)/2:])
					return errors.Join(err, err2)
				})
				if err != nil && runtime.GOOS != "windows" { // where what is being read cannot be replaced
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
}

func TestOneCreates(t *testing.T) {
	for round := range 3 {
		path := filepath.Join(t.TempDir(), "f")
		var group sync.WaitGroup
		var created atomic.Int32
		var texts [16]string
		start := make(chan struct{})
		for i := range texts {
			group.Go(func() {
				<-start
				ok, err := Create(path, 0o644, content(fmt.Append(nil, i)))
				if err != nil {
					t.Error(err)
				}
				if ok {
					created.Add(1)
				}
				text, err := os.ReadFile(path)
				if err != nil {
					t.Error(err)
				}
				texts[i] = string(text)
			})
		}
		close(start)
		group.Wait()
		if n := created.Load(); n != 1 {
			t.Errorf("round %d: %d created the file; want 1", round, n)
		}
		for i, text := range texts {
			if text != texts[0] || text == "" {
				t.Errorf("round %d: goroutine %d reads %q, another %q", round, i, text, texts[0])
			}
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("round %d: %d files are there, %v; want 1", round, len(left), err)
		}
	}
}

// What cannot be put in its place leaves nothing behind.
func TestFaults(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "folder", "full"), 0o777); err != nil {
		t.Fatal(err)
	}
	write := content([]byte("x"))
	noLinksCreate := func(path string, mode fs.FileMode, write func(io.Writer) error) error {
		_, err := create(path, mode, write, noLinks)
		return err
	}
	begin := func(path string, mode fs.FileMode, write func(io.Writer) error) error {
		f, err := Begin(path)
		if err != nil {
			return err
		}
		return f.End(mode, write(f))
	}
	for name, put := range map[string]func(string, fs.FileMode, func(io.Writer) error) error{
		"Write": Write, "Create without links": noLinksCreate, "Begin": begin,
	} {
		if err := put(filepath.Join(dir, "nowhere", "f"), 0o644, write); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: in a folder that is not there: %v", name, err)
		}
		var fault *os.LinkError
		switch err := put(filepath.Join(dir, "folder"), 0o644, write); {
		case name == "Create without links":
			if err != nil {
				t.Errorf("%s: where a folder is: %v; it should stay", name, err)
			}
		case !errors.As(err, &fault):
			t.Errorf("%s: in place of a folder: %v", name, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "folder" {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// The name of a file that is being written is that of a half-written one, of the
// name it will have and of no other.
func TestHalfWritten(t *testing.T) {
	names := []string{"a", "a.1", ".a", "a*b", "checkpoint.safetensors"}
	for _, final := range names {
		f, err := Begin(filepath.Join(t.TempDir(), final))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range names {
			if HalfWritten(filepath.Base(f.Name()), other) != (other == final) {
				t.Errorf("%s: half-written %s: %v", f.Name(), other, other != final)
			}
		}
		if err := f.End(0o644, errFull); err != errFull {
			t.Error(err)
		}
	}
}

func FuzzHalfWritten(f *testing.F) {
	f.Add(".a.123", "a")
	f.Add(".a.1.2", "a")
	f.Add(".a.", "a")
	f.Add(".a.-1", "a")
	f.Add("..7", "")
	f.Fuzz(func(t *testing.T, name, final string) {
		digits := strings.TrimPrefix(name, "."+final+".")
		want := digits != name && digits != "" && strings.Trim(digits, "0123456789") == ""
		if got := HalfWritten(name, final); got != want && !(want && len(digits) > 19) { // which no file has
			t.Errorf("HalfWritten(%q, %q) = %v; want %v", name, final, got, want)
		}
	})
}
