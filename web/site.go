package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"firstspike/dataset"
	packing "firstspike/web/packed"
)

// program is the engine of a page that has no server, compressed: see package
// web/engine.
//
//go:generate go run ./engine engine
//go:embed engine/engine.bin
var program []byte

// Written is what [Site] has written.
type Written struct {
	Dir   string
	Runs  []Run
	Files int
	Whole int64 // bytes

	// What a page loads before it decides for the first time, compressed as hosts
	// do it: its own files, the engine, and the largest of the networks with what
	// is told of its run.
	Page, Engine, Network int64
}

// First is the sum of what a page loads before it decides for the first time.
func (w Written) First() int64 { return w.Page + w.Engine + w.Network }

// What is wrong with what [Site] is given.
var (
	ErrNoRun   = errors.New("no run with a network is here")
	ErrForeign = errors.New("this folder has files, and is not a site of firstspike; name another, or an empty one")
)

// Site writes a folder with the page, the engine and some runs, for any host that
// hands out files. It decides as a server does, bit for bit. Runs are given by
// their folders, or by folders that have runs below them. The same runs give the
// same bytes.
//
// A folder that is not empty is refused, unless it is such a site; then what is
// not of the new one is removed, and other files stay as they are. All is
// prepared before anything is written, files are replaced as a whole, and the
// page itself comes last.
func Site(ctx context.Context, dir string, runs []string, o Options) (Written, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	before, err := siteBefore(dir)
	if err != nil {
		return Written{}, err
	}
	s := site{written: Written{Dir: dir}}
	if err := s.prepare(ctx, runs, o.Workers); err != nil {
		return Written{}, err
	}
	return s.written, s.write(dir, before)
}

// A site is the files of one, in the order in which they are written.
type site struct {
	files   []siteFile
	written Written
	about   string // of the data
}

type siteFile struct {
	path    string // with slashes
	content []byte
}

func (s *site) add(path string, content []byte) { s.files = append(s.files, siteFile{path, content}) }

// addJSON adds a file of compressed JSON and returns its size.
func (s *site) addJSON(path string, value any) (int64, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	small := packed(text, gzip.BestCompression)
	s.add(path, small)
	return int64(len(small)), nil
}

// digitsAtOnce is how many images are in a file.
const digitsAtOnce = 500

func (s *site) prepare(ctx context.Context, runs []string, workers int) error {
	all := list{[]Run{}}
	taken := map[string]bool{}
	for _, root := range runs {
		places, _ := find([]string{root}, nil)
		if len(places) == 0 {
			return fmt.Errorf("%s: %w", root, ErrNoRun)
		}
		for _, p := range places {
			f := &folder{id: slug(p.name), dir: p.dir, name: p.name}
			// Some hosts do not tell small letters from others.
			for n := 2; taken[strings.ToLower(f.id)]; n++ {
				f.id = fmt.Sprintf("%s-%d", slug(p.name), n)
			}
			r, err := s.run(ctx, f, workers)
			if errors.Is(err, errNoNetwork) && p.dir != root {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: %w", p.dir, err)
			}
			taken[strings.ToLower(f.id)] = true
			all.Runs = append(all.Runs, r)
		}
	}
	if len(all.Runs) == 0 {
		return fmt.Errorf("%s: %w", strings.Join(runs, ", "), ErrNoRun)
	}
	s.written.Runs = all.Runs
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	s.add("data/runs.json", text)
	s.written.Network += int64(len(packed(text, gzip.BestCompression)))
	s.add("engine.bin", program)
	s.written.Engine = int64(len(program))
	return s.page()
}

// run adds what there is of a run.
func (s *site) run(ctx context.Context, f *folder, workers int) (Run, error) {
	at := "data/" + f.id + "/"
	test, model, _, err := f.images()
	if err != nil {
		return Run{}, err
	}
	r, err := f.about()
	if err != nil {
		return Run{}, err
	}
	var network bytes.Buffer
	if err := packing.Write(&network, model); err != nil {
		return Run{}, err
	}
	s.add(at+"network.bin", network.Bytes())
	sum := sha256.Sum256(network.Bytes())
	r.Version = fmt.Sprintf("%x", sum[:8])
	size, err := s.addJSON(at+"run.bin", r)
	if err != nil {
		return Run{}, err
	}
	s.written.Network = max(s.written.Network, size+int64(network.Len()))

	wrong, err := f.wrong(ctx, workers)
	if err != nil {
		return Run{}, err
	}
	mistakes := *wrong
	mistakes.Version = r.Version
	if _, err := s.addJSON(at+"mistakes.bin", mistakes); err != nil {
		return Run{}, err
	}
	// The doctor needs the training images, which may be gone.
	if exam, err := f.examined(ctx, workers); err == nil {
		if _, err := s.addJSON(at+"doctor.bin", Exam{r.Version, exam.Exam}); err != nil {
			return Run{}, err
		}
	} else if ctx.Err() != nil {
		return Run{}, err
	}
	for from := 0; from < test.Len(); from += digitsAtOnce {
		if _, err := s.addJSON(fmt.Sprintf("%sdigits-%d.bin", at, from/digitsAtOnce), some(test, from, digitsAtOnce)); err != nil {
			return Run{}, err
		}
	}
	if source := model.Experiment.Data.Source; source == "mnist" || strings.HasPrefix(source, "mnist:") {
		s.about = "The images are those of MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges, under CC BY-SA 3.0 (https://creativecommons.org/licenses/by-sa/3.0/).\n"
	}
	if k, ok := dataset.Lookup(model.Experiment.Data.Source); ok {
		s.about = fmt.Sprintf("The images are those of %s, by %s, licence: %s.\n", k.Name, k.Origin, k.Licence)
	}
	r.Epochs = r.Epochs[:0]
	return r, nil
}

// A page that is served has the first, a page on its own the second.
const (
	servedMark = `<meta name="firstspike" content="served">`
	staticMark = `<meta http-equiv="Content-Security-Policy" content="` + sitePolicy + `"><meta name="firstspike" content="static">`
)

// sitePolicy is what a page without a server may do: load its own files, and run
// the engine.
const sitePolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"

// page adds the page's own files, index.html last.
func (s *site) page() error {
	page, err := fs.Sub(dist, "dist")
	if err != nil {
		return err
	}
	const index = "index.html"
	err = fs.WalkDir(page, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == index {
			return err
		}
		content, err := fs.ReadFile(page, path)
		if err != nil {
			return err
		}
		s.add(path, content)
		s.written.Page += int64(min(len(content), len(packed(content, gzip.BestCompression))))
		return nil
	})
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(page, index)
	if err != nil {
		return err
	}
	if strings.Count(string(text), servedMark) != 1 {
		return fmt.Errorf("the page inside is damaged: it does not have %s once", servedMark)
	}
	text = bytes.Replace(text, []byte(servedMark), []byte(staticMark), 1)
	s.written.Page += int64(len(packed(text, gzip.BestCompression)))
	s.add(index, text)
	return nil
}

// siteList is the file that tells which files of a folder are a site's.
const (
	siteList = "firstspike-site.txt"
	siteHead = "This folder is a site of firstspike. The files below are replaced when it is written again; all others are left alone.\n"
)

// siteBefore are the files of the site that a folder is. It is an error if it is
// something else.
func siteBefore(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case len(entries) == 0:
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, siteList))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.HasPrefix(string(text), siteHead) {
		return nil, fmt.Errorf("%s: %w", dir, ErrForeign)
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for line := range strings.Lines(strings.TrimPrefix(string(text), siteHead)) {
		if file, ok := strings.CutPrefix(line, "\t"); ok {
			files = append(files, strings.TrimSuffix(file, "\n"))
		}
	}
	return files, nil
}

// list is the list of files of a folder.
func (s *site) list(files []string) []byte {
	text := siteHead + s.about
	for _, f := range files {
		text += "\t" + f + "\n"
	}
	return []byte(text)
}

// write writes the files into a folder, in which some are of a site before.
func (s *site) write(dir string, before []string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	// Nothing in the folder leads out of it, not even a link.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var files []string
	for _, f := range s.files {
		files = append(files, f.path)
		s.written.Files++
		s.written.Whole += int64(len(f.content))
	}
	slices.Sort(files)
	// If this ends halfway, the next time knows all that may be there.
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(files, before))))
	if err := replace(root, siteList, s.list(all)); err != nil {
		return err
	}
	for _, f := range s.files {
		if err := replace(root, f.path, f.content); err != nil {
			return err
		}
	}
	for _, old := range before {
		if _, ok := slices.BinarySearch(files, old); ok || !filepath.IsLocal(old) {
			continue
		}
		if err := root.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for folder := path.Dir(old); folder != "." && root.Remove(folder) == nil; folder = path.Dir(folder) {
		}
	}
	return replace(root, siteList, s.list(files))
}

// replace writes a file as a whole.
func replace(root *os.Root, name string, content []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return err
	}
	temporary := name + ".tmp"
	err := root.WriteFile(temporary, content, 0o666)
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		root.Remove(temporary)
	}
	return err
}
