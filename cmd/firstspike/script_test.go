package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/tensorfile"
	"firstspike/train"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"firstspike": main,
		"digit":      program(digit),
		"fingerprint": program(func(args []string) error {
			return fingerprint(args[0])
		}),
		"check-json":   program(checkJSON),
		"browse":       program(browse),
		"check-bench":  program(checkBench),
		"check-events": program(checkEvents),
		"check-tables": program(checkTables),
		"check-same":   program(checkSame),
		"trace":        program(trace),
		"pictures":     program(pictures),
		"mirror":       program(mirror),
		"await":        program(await),
		"originals":    program(originals),
	})
}

// Every script finds tiny.toml in its folder, an experiment that takes a
// moment, and the images that it is made for in the folder data. Its cache is
// its own.
func TestScripts(t *testing.T) {
	images := smallData(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Condition: func(name string) (bool, error) {
			if name != "fashion" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return fashion(), nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv(cacheEnv, filepath.Join(e.WorkDir, "cache"))
			if err := os.CopyFS(filepath.Join(e.WorkDir, "data"), os.DirFS(images)); err != nil {
				return err
			}
			text, err := tiny(t, "data").TOML()
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "tiny.toml"), text, 0o644)
		},
	})
}

// smallData is a folder with the first images of MNIST.
func smallData(t *testing.T) string {
	t.Helper()
	learning, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, part := range []struct {
		images, labels string
		set            *dataset.Set
	}{
		{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", learning.Limit(300)},
		{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", test.Limit(100)},
	} {
		if err := dataset.WriteIDX(filepath.Join(dir, part.images), filepath.Join(dir, part.labels), part.set); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tiny is an experiment that takes a moment.
func tiny(t *testing.T, data string) train.Experiment {
	t.Helper()
	p, _ := preset.Lookup("mozafari2018")
	e := p.Experiment.Clone()
	for path, value := range map[string]string{
		"name": "tiny", "data.source": data, "protocol.validation": "50",
		"layers.s1.maps": "8", "layers.s2.maps": "20", "layers.s3.maps": "20",
		"layers.s1.learn.epochs": "1", "layers.s2.learn.epochs": "1", "layers.s3.learn.epochs": "2",
	} {
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func program(f func(args []string) error) func() {
	return func() {
		if err := f(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// digit writes image N of MNIST's test images as a PNG file:
//
//	digit N out.png [inverted] [SCALE]
func digit(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	set, err := dataset.MNISTTest()
	if err != nil {
		return err
	}
	inverted, scale := false, 1
	for _, a := range args[2:] {
		if a == "inverted" {
			inverted = true
		} else if scale, err = strconv.Atoi(a); err != nil {
			return err
		}
	}
	m := image.NewGray(image.Rect(0, 0, set.Cols*scale, set.Rows*scale))
	for y := range set.Rows * scale {
		for x := range set.Cols * scale {
			v := set.Image(n)[y/scale*set.Cols+x/scale]
			if inverted {
				v = 255 - v
			}
			m.SetGray(x, y, color.Gray{Y: v})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return err
	}
	return os.WriteFile(args[1], b.Bytes(), 0o644)
}

// fingerprint prints the names and the checksums of all files in a folder.
func fingerprint(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		_, err = fmt.Printf("%s %x %v\n", path, sha256.Sum256(content), info.ModTime())
		return err
	})
}

// checkJSON checks the output of a command: "check-json test FILE" or
// "check-json predict FILE LINES". A vote has what the tests of its runs have:
// "check-json test FILE RUN...", each the output for one of them.
func checkJSON(args []string) error {
	content, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if args[0] == "predict" {
		lines := 0
		for ; d.More(); lines++ {
			var a answer
			if err := d.Decode(&a); err != nil {
				return err
			}
			if a.File == "" || a.Note == "" || a.Class == nil && a.RunnerUp != nil {
				return fmt.Errorf("line %d: %+v", lines+1, a)
			}
		}
		if fmt.Sprint(lines) != args[2] || bytes.Count(content, []byte("\n")) != lines {
			return fmt.Errorf("%d answers instead of %s", lines, args[2])
		}
		return nil
	}
	var o testOutput
	if err := d.Decode(&o); err != nil {
		return err
	}
	right, wrong, silent := 0, 0, 0
	for label, row := range o.Confusion {
		sum := 0
		for decision, n := range row {
			sum += n
			switch decision {
			case label:
				right += n
			case len(o.Confusion):
				silent += n
			default:
				wrong += n
			}
		}
		if c := o.Classes[label]; c.Label != label || c.Images != sum || c.Right+c.Wrong+c.Silent != sum || c.Right != row[label] {
			return fmt.Errorf("class %+v and row %v", c, row)
		}
	}
	if right != o.Right || wrong != o.Wrong || silent != o.Silent || right+wrong+silent != o.Images || o.Images == 0 {
		return fmt.Errorf("the matrix has %d right, %d wrong, %d silent; the score is %+v", right, wrong, silent, o)
	}
	if want := float64(right) / float64(o.Images); o.Accuracy != want || !(o.Interval[0] <= want && want <= o.Interval[1]) {
		return fmt.Errorf("accuracy %v in %v, not %v", o.Accuracy, o.Interval, want)
	}
	if runs := len(args) - 2; len(o.Votes) != runs || (o.Run == "") != (runs > 0) {
		return fmt.Errorf("run %q and %d votes of %d", o.Run, len(o.Votes), runs)
	}
	for i, v := range o.Votes {
		content, err := os.ReadFile(args[2+i])
		if err != nil {
			return err
		}
		var run testOutput
		if err := json.Unmarshal(content, &run); err != nil {
			return err
		}
		if v.Right != run.Right || v.Wrong != run.Wrong || v.Silent != run.Silent || v.Accuracy != run.Accuracy {
			return fmt.Errorf("vote %+v; its run has %+v", v, run)
		}
	}
	return nil
}

// browse waits for the address of a page to appear in a file, and then for what
// the page answers, until it matches, and prints that:
//
//	browse FILE PATH [REGEXP]
func browse(args []string) error {
	wanted := regexp.MustCompile(strings.Join(args[2:], ""))
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile(args[0])
		address := regexp.MustCompile(`http://[0-9.:]+`).Find(text)
		if address == nil {
			err = fmt.Errorf("%s: no address in %q", args[0], text)
			continue
		}
		var resp *http.Response
		if resp, err = http.Get(string(address) + args[1]); err != nil {
			continue
		}
		answer := make([]byte, 0, 1<<20)
		for len(answer) < cap(answer) && !(len(args) > 2 && wanted.Match(answer)) { // events do not end
			n, err := resp.Body.Read(answer[len(answer):cap(answer)])
			if answer = answer[:len(answer)+n]; err != nil {
				break
			}
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK && wanted.Match(answer) {
			_, err = os.Stdout.Write(answer)
			return err
		}
		err = fmt.Errorf("%s: %s, %s", args[1], resp.Status, answer)
	}
	return err
}

// checkSame checks that files hold the same experiment.
func checkSame(args []string) error {
	var all []train.Experiment
	for _, path := range args {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		e, err := train.Parse(path, text)
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	for i := range all {
		if !reflect.DeepEqual(all[i], all[0]) {
			return fmt.Errorf("%s and %s differ", args[0], args[i])
		}
	}
	if len(all) < 2 {
		return fmt.Errorf("nothing to compare in %s", strings.Join(args, " "))
	}
	return nil
}

// trace writes a trace that claims the labels of MNIST's first test images:
// "trace out.npz LABEL...".
func trace(args []string) error {
	var ids, labels []int64
	for i, a := range args[1:] {
		label, err := strconv.ParseInt(a, 10, 64)
		if err != nil {
			return err
		}
		ids, labels = append(ids, int64(i)), append(labels, label)
	}
	f := &tensorfile.File{}
	for _, array := range []struct {
		name   string
		values []int64
	}{{"test_ids", ids}, {"label", labels}} {
		t, err := tensorfile.From(array.name, []int{len(array.values)}, array.values)
		if err != nil {
			return err
		}
		f.Tensors = append(f.Tensors, t)
	}
	var b bytes.Buffer
	if err := tensorfile.WriteNPZ(&b, f, zip.Deflate); err != nil {
		return err
	}
	return os.WriteFile(args[0], b.Bytes(), 0o644)
}
