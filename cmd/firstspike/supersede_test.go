package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A replacement takes the place of what a link points to, goes through devices,
// and leaves all as it was after an error.
func TestSupersede(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "table"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("table", link); err != nil {
		t.Skip(err)
	}
	put := func(path, content string, fault error) error {
		t.Helper()
		w, err := supersede(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString(content); err != nil {
			t.Fatal(err)
		}
		return w.end(fault)
	}
	holds := func(content string, mode fs.FileMode) {
		t.Helper()
		if text, err := os.ReadFile(path); err != nil || string(text) != content {
			t.Errorf("the file holds %q, %v; want %q", text, err, content)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != mode {
			t.Errorf("its mode is %v, %v; want %v", info.Mode(), err, mode)
		}
		if to, err := os.Readlink(link); err != nil || to != "table" {
			t.Errorf("the link points to %q, %v", to, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	}
	stopped := errors.New("stopped")
	if err := put(link, "half", stopped); err != stopped {
		t.Error(err)
	}
	holds("old", 0o600)
	if err := put(link, "new", nil); err != nil {
		t.Error(err)
	}
	holds("new", 0o644)

	if err := put(os.DevNull, "gone", nil); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is a file now: %v, %v", os.DevNull, info, err)
	}
	if _, err := supersede(filepath.Join(dir, "nowhere", "table")); err == nil || !strings.Contains(err.Error(), filepath.Join("nowhere", "table")+":") {
		t.Errorf("in no folder: %v; it should name the file", err)
	}
}
