package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
	"firstspike/web"
	"firstspike/web/packed"
)

// trained trains an experiment into a folder.
func trained(t *testing.T, dir, name string, change func(*train.Experiment)) {
	t.Helper()
	p, _ := preset.Lookup(name)
	e := p.Experiment.Clone()
	change(&e)
	var o train.Options
	var err error
	if o.Train, o.Test, err = dataset.Open(e.Data.Source); err != nil {
		t.Fatal(err)
	}
	o.Test, o.Workers = o.Test.Limit(50), 1
	r, err := train.Create(dir, e, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// bars trains a network in a tenth of a second.
func bars(t *testing.T, dir string) {
	t.Helper()
	trained(t, dir, "bars", func(e *train.Experiment) { e.Layers[1].Learn.Epochs = 3 })
}

// contents are all files below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func site(t *testing.T, dir string, runs ...string) web.Written {
	t.Helper()
	w, err := web.Site(context.Background(), dir, runs, web.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// read reads a file of a site.
func read(t *testing.T, content string, value any) {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, value); err != nil {
		t.Fatal(err)
	}
}

func TestSite(t *testing.T) {
	at := t.TempDir()
	bars(t, filepath.Join(at, "runs", "Bars (1)"))
	bars(t, filepath.Join(at, "other", "bars--1"))
	dir := filepath.Join(at, "new", "site")
	w := site(t, dir, filepath.Join(at, "runs"), filepath.Join(at, "other", "bars--1"))
	all := contents(t, dir)

	var ids []string
	for _, r := range w.Runs {
		ids = append(ids, r.ID)
	}
	if want := []string{"Bars--1", "bars--1-2"}; !slices.Equal(ids, want) {
		t.Fatalf("the runs are %q; want %q", ids, want)
	}
	whole := int64(0)
	for name, content := range all {
		if name != "firstspike-site.txt" {
			whole += int64(len(content))
		}
	}
	if w.Dir != dir || w.Files != len(all)-1 || w.Whole != whole || w.First() <= 0 || w.First() >= whole {
		t.Errorf("written is %+v; there are %d files with %d bytes", w, len(all)-1, whole)
	}
	if w.First() > 4e6 {
		t.Errorf("the first load is %d bytes (%+v); it must be under 4 MB", w.First(), w)
	}

	// The page knows that it has no server, and may do nothing but what it needs,
	// from its first script on.
	page := all["index.html"]
	static, policy := strings.Index(page, `content="static"`), strings.Index(page, `http-equiv="Content-Security-Policy"`)
	if static < 0 || policy < 0 || strings.Contains(page, `content="served"`) {
		t.Errorf("the page is not that of a site: %s", page)
	}
	for _, loads := range []string{"<script", "<link", "<style", "<body"} {
		if i := strings.Index(page, loads); i >= 0 && i < policy {
			t.Errorf("the page has a %s before its policy", loads)
		}
	}

	var list struct{ Runs []web.Run }
	if err := json.Unmarshal([]byte(all["data/runs.json"]), &list); err != nil {
		t.Fatal(err)
	}
	for _, short := range list.Runs {
		var r web.Run
		read(t, all["data/"+short.ID+"/run.bin"], &r)
		if len(short.Epochs) > 0 || len(r.Epochs) == 0 || r.Version == "" || r.Version != short.Version || !r.Finished || r.Training {
			t.Errorf("runs.json has %+v, run.bin %+v", short, r)
		}
		m, err := packed.Read("network.bin", strings.NewReader(all["data/"+short.ID+"/network.bin"]))
		if err != nil {
			t.Fatal(err)
		}
		test, err := dataset.OpenTest(m.Experiment.Data.Source)
		if err != nil {
			t.Fatal(err)
		}
		var images []byte
		for k := 0; k*500 < test.Len(); k++ {
			var d web.Digits
			read(t, all["data/"+short.ID+"/digits-"+string(rune('0'+k))+".bin"], &d)
			if d.From != k*500 || d.Total != test.Len() || len(d.Pixels) != len(d.Labels)*d.Rows*d.Cols {
				t.Errorf("digits-%d.bin is from %d of %d, with %d pixels and %d labels", k, d.From, d.Total, len(d.Pixels), len(d.Labels))
			}
			images = append(images, d.Pixels...)
		}
		var want []byte
		for i := range test.Len() {
			want = append(want, test.Image(i)...)
		}
		if !bytes.Equal(images, want) {
			t.Error("the images are not those of the test set")
		}
		var mistakes web.Mistakes
		read(t, all["data/"+short.ID+"/mistakes.bin"], &mistakes)
		judged, err := web.Judge(context.Background(), m, test, 1)
		if err != nil {
			t.Fatal(err)
		}
		judged.Version = r.Version
		if a, b := mustJSON(t, mistakes), mustJSON(t, judged); a != b {
			t.Errorf("the mistakes are %s; judged again they are %s", a, b)
		}
	}

	again := filepath.Join(at, "again")
	site(t, again, filepath.Join(at, "runs"), filepath.Join(at, "other", "bars--1"))
	for name, content := range contents(t, again) {
		if all[name] != content {
			t.Errorf("%s differs the second time", name)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A site is replaced, other files are not touched, whatever the list of files
// says.
func TestSiteAgain(t *testing.T) {
	at := t.TempDir()
	one, two := filepath.Join(at, "one"), filepath.Join(at, "two")
	bars(t, one)
	bars(t, two)
	dir := filepath.Join(at, "site")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	site(t, dir, one, two) // into an empty folder
	foreign := map[string]string{"CNAME": "example.org", "data/one/notes.txt": "mine", "assets/mine.js": ""}
	for name, text := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(at, "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "firstspike-site.txt")
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "assets", "old-1234.js")
	if err := os.WriteFile(old, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	text = append(text, "\tassets/old-1234.js\n\t../precious\n\t"+outside+"\n\tgone.js\n"...)
	if err := os.WriteFile(list, text, 0o666); err != nil {
		t.Fatal(err)
	}
	site(t, dir, two)
	all := contents(t, dir)
	fresh := filepath.Join(at, "fresh")
	site(t, fresh, two)
	for name, text := range contents(t, fresh) {
		if all[name] != text {
			t.Errorf("%s is not as in a new folder", name)
		}
		delete(all, name)
	}
	for name, text := range foreign {
		if got, ok := all[name]; !ok || got != text {
			t.Errorf("%s, which is not of the site, has been touched", name)
		}
		delete(all, name)
	}
	for name := range all {
		t.Errorf("%s was left over", name)
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
		t.Errorf("a file outside was touched: %q, %v", text, err)
	}
}

// A folder in the site that is a link does not lead the command out of it.
func TestSiteLink(t *testing.T) {
	at := t.TempDir()
	bars(t, filepath.Join(at, "run"))
	dir, outside := filepath.Join(at, "site"), filepath.Join(at, "outside")
	site(t, dir, filepath.Join(at, "run"))
	if err := os.Mkdir(outside, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "data")); err != nil {
		t.Skip(err)
	}
	if _, err := web.Site(context.Background(), dir, []string{filepath.Join(at, "run")}, web.Options{}); err == nil {
		t.Error("a site was written through a link")
	}
	if list, err := os.ReadDir(outside); err != nil || len(list) > 0 {
		t.Errorf("%v, %v: written outside of the folder", list, err)
	}
}

func TestSiteRefuses(t *testing.T) {
	at := t.TempDir()
	run := filepath.Join(at, "run")
	bars(t, run)
	full := filepath.Join(at, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	unborn := filepath.Join(at, "unborn")
	if err := os.Mkdir(unborn, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run.json", "experiment.toml"} {
		text, err := os.ReadFile(filepath.Join(run, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(unborn, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	damaged := filepath.Join(at, "damaged")
	if err := os.CopyFS(damaged, os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"checkpoint.safetensors", "model.safetensors"} {
		if err := os.WriteFile(filepath.Join(damaged, name), []byte("nothing"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(at, "site")
	for _, c := range []struct {
		dir  string
		runs []string
		want string
		is   error
	}{
		{full, []string{run}, "this folder has files, and is not a site", web.ErrForeign},
		{run, []string{run}, "this folder has files, and is not a site", web.ErrForeign},
		{dir, []string{full}, "no run with a network is here", web.ErrNoRun},
		{dir, []string{filepath.Join(at, "nowhere")}, "no run with a network is here", web.ErrNoRun},
		{dir, []string{run, unborn}, "has no network yet", nil},
		{dir, []string{damaged}, "damaged: ", nil},
		{filepath.Join(run, "run.json"), []string{run}, "not a directory", nil},
	} {
		_, err := web.Site(context.Background(), c.dir, c.runs, web.Options{Workers: 1})
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s of %s: %v; want %q", c.dir, c.runs, err, c.want)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a site that cannot be made has left something: %v", err)
	}
	// Below a folder, what has no network yet is left out.
	if err := os.RemoveAll(damaged); err != nil {
		t.Fatal(err)
	}
	if w := site(t, dir, at); len(w.Runs) != 1 || w.Runs[0].Name != "run" {
		t.Errorf("the runs are %+v", w.Runs)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := web.Site(ended, dir, []string{run}, web.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
