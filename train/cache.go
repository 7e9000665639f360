package train

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"firstspike/internal/whole"
)

// cacheBytes is how large a cache may grow if nobody says otherwise.
const cacheBytes = 2 << 30

// A cache is a folder of files that can be made again. Any number of processes
// may use it at once: files are replaced as a whole, and one that vanishes is
// made again.
type cache struct {
	dir   string
	limit int64 // bytes of all its files
}

// The names of a cache's files: prefix-<64 hexadecimal digits>.safetensors.
const (
	cacheBegin = "prefix-"
	cacheEnd   = ".safetensors"
)

func (c cache) path(key string) string { return filepath.Join(c.dir, cacheBegin+key+cacheEnd) }

// keyOf is the key of a cache's file, and false for any other name.
func keyOf(name string) (key string, ok bool) {
	key, begins := strings.CutPrefix(name, cacheBegin)
	key, ends := strings.CutSuffix(key, cacheEnd)
	_, err := hex.DecodeString(key)
	return key, begins && ends && err == nil && len(key) == 64 && strings.ToLower(key) == key
}

// write makes or replaces the file of a key, and then makes room.
func (c cache) write(key string, write func(io.Writer) error) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	if err := whole.Write(c.path(key), 0o644, write); err != nil {
		return err
	}
	return c.trim(key)
}

// touch notes that a file was used. In a folder that cannot be written to it
// stays as it is, and so does the file.
func (c cache) touch(path string) {
	now := time.Now()
	os.Chtimes(path, now, now)
}

// trim removes what was not used for the longest time until the cache is as
// small as it should be. The file of one key stays.
func (c cache) trim(stays string) error {
	entries, err := c.entries()
	if err != nil {
		return err
	}
	total := int64(0)
	for _, e := range entries {
		total += e.Size
	}
	for _, e := range slices.Backward(entries) {
		if total <= c.limit {
			break
		}
		if e.Key == stays {
			continue
		}
		if err := remove(e.Path); err != nil {
			return fmt.Errorf("the cache is larger than %d bytes: %w", c.limit, err)
		}
		total -= e.Size
	}
	return nil
}

// remove removes a file that another process may have removed already.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// abandoned is how old a half-written file is that no process writes any more.
const abandoned = time.Hour

// entries lists the cache's files by the time of their last use, the latest
// first, and removes those that were left half-written long ago. There are
// none in a folder that does not exist.
func (c cache) entries() ([]CacheEntry, error) {
	files, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []CacheEntry
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // it has vanished, or is none of ours
		}
		path := filepath.Join(c.dir, f.Name())
		if key, ok := keyOf(f.Name()); ok {
			entries = append(entries, CacheEntry{Path: path, Key: key, Size: info.Size(), Used: info.ModTime()})
			continue
		}
		final := strings.TrimPrefix(strings.TrimSuffix(f.Name(), filepath.Ext(f.Name())), ".")
		if _, ok := keyOf(final); ok && whole.HalfWritten(f.Name(), final) && time.Since(info.ModTime()) > abandoned {
			os.Remove(path) // it is no fault if that cannot be done
		}
	}
	slices.SortStableFunc(entries, func(a, b CacheEntry) int { return b.Used.Compare(a.Used) })
	return entries, nil
}

// A CacheEntry is a file of a cache: layers that have learned, and what they
// make of the images.
type CacheEntry struct {
	Path   string
	Key    string // 64 hexadecimal digits
	Layers []string
	Seed   uint64
	Size   int64 // bytes
	Used   time.Time
	Err    error // why Layers and Seed are not known: the file is damaged
}

// CacheEntries lists what is in the cache in a folder ([Options.Cache]), the
// last used first.
func CacheEntries(dir string) ([]CacheEntry, error) {
	entries, err := cache{dir: dir}.entries()
	for i := range entries {
		e := &entries[i]
		id, err := identityOf(e.Path)
		if err != nil {
			e.Err = err
			continue
		}
		e.Seed = id.Seed
		for _, l := range id.Layers {
			e.Layers = append(e.Layers, l.Name)
		}
	}
	return entries, err
}

// ClearCache removes all that is in the cache in a folder, and nothing else
// that may be there. It returns what was removed, and an error for the rest.
func ClearCache(dir string) (removed []CacheEntry, err error) {
	entries, err := cache{dir: dir}.entries()
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, e := range entries {
		if err := remove(e.Path); err != nil {
			faults = append(faults, err)
			continue
		}
		removed = append(removed, e)
	}
	return removed, errors.Join(faults...)
}
