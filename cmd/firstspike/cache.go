package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"firstspike/train"
)

type cacheCommand struct {
	Folder string `arg:"" optional:"" name:"dir" help:"The cache; where train keeps it if not given."`

	Clear bool `help:"Remove what is in it, and nothing else from the folder."`
}

// cacheEnv names the folder of the cache in the environment; cacheOff says
// that there is none.
const (
	cacheEnv = "FIRSTSPIKE_CACHE"
	cacheOff = "off"
)

// cacheFolder is the folder of the cache: the one that is named, or that of the
// environment, or one of the user's. It is "" if there shall be none.
func cacheFolder(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	switch dir := os.Getenv(cacheEnv); dir {
	case cacheOff:
		return "", nil
	case "":
	default:
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the cache: %w; name one with %s", err, cacheEnv)
	}
	return filepath.Join(dir, "firstspike"), nil
}

// Run lists the cache, or clears it.
func (c *cacheCommand) Run(s *streams) error {
	dir, err := cacheFolder(c.Folder)
	if err != nil {
		return err
	}
	if dir == "" {
		_, err := fmt.Fprintf(s.out, "there is no cache: %s is %s\n", cacheEnv, cacheOff)
		return err
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return usageError{fmt.Errorf("%s: is no folder, and so no cache", dir)}
	}
	if c.Clear {
		removed, err := train.ClearCache(dir)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%s removed from %s\n", sum(removed), visible(dir))
		return err
	}
	entries, err := train.CacheEntries(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	if len(entries) > 0 {
		fmt.Fprintf(&b, "%-12s  %-16s  %9s  %10s  %s\n", "key", "last used", "size", "seed", "layers")
	}
	for _, e := range entries {
		seed, layers := fmt.Sprint(e.Seed), strings.Join(e.Layers, ", ")
		if e.Err != nil {
			seed, layers = "-", "damaged, will be replaced when it is needed"
		}
		fmt.Fprintf(&b, "%-12s  %-16s  %9s  %10s  %s\n", e.Key[:12], e.Used.Format("2006-01-02 15:04"), megabytes(e.Size), seed, visible(layers))
	}
	fmt.Fprintf(&b, "%s in %s\n", sum(entries), visible(dir))
	_, err = fmt.Fprint(s.out, b.String())
	return err
}

// sum is how many entries there are and how much room they take.
func sum(entries []train.CacheEntry) string {
	total := int64(0)
	for _, e := range entries {
		total += e.Size
	}
	if len(entries) == 1 {
		return "1 file, " + megabytes(total)
	}
	return fmt.Sprintf("%d files, %s", len(entries), megabytes(total))
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
