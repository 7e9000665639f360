package exchange_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/exchange"
	"firstspike/preset"
	"firstspike/tensorfile"
	"firstspike/train"
)

// small is mozafari2018 with as many maps as the files in testdata have.
func small(t testing.TB) train.Experiment {
	t.Helper()
	p, ok := preset.Lookup("mozafari2018")
	if !ok {
		t.Fatal("no preset mozafari2018")
	}
	e := p.Experiment.Clone()
	for path, value := range map[string]string{"layers.s1.maps": "4", "layers.s2.maps": "6", "layers.s3.maps": "10"} {
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// madeUp is the weights of a layer in testdata.
func madeUp(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(i*37%101) / float32(101)
	}
	return w
}

func checkWeights(t *testing.T, m *train.Model) {
	t.Helper()
	for _, l := range m.Network.Layers {
		if !slices.Equal(l.Weights(), madeUp(len(l.Weights()))) {
			t.Errorf("layer %s has other weights", l.Name)
		}
	}
}

// Files that PyTorch wrote, as two programs have them.
func TestOpenTheirs(t *testing.T) {
	e := small(t)
	rates := []string{
		"layers.s1.learn.a_plus = 0.15, as in the file, not 0.004",
		"layers.s1.learn.a_minus = -0.1125, as in the file, not -0.003",
		"layers.s2.learn.a_plus = 0.15, as in the file, not 0.004",
		"layers.s2.learn.a_minus = -0.1125, as in the file, not -0.003",
		"layers.s3.learn.a_plus = 0.002, as in the file, not 0.004",
		"layers.s3.learn.a_minus = -0.0015, as in the file, not -0.003",
		"layers.s3.learn.punish.a_plus = -0.002, as in the file, not -0.004",
		"layers.s3.learn.punish.a_minus = 0.00025, as in the file, not 0.0005",
	}
	for _, c := range []struct {
		path          string
		before, after []string
	}{
		{"spyketorch.pt", nil, nil},
		{"spyketorch-lists.pt", nil, nil},
		{"checkpoint.pth", []string{
			"biases that are 0 and change nothing: model_state_dict.conv1.bias, model_state_dict.conv2.bias, model_state_dict.conv3.bias, " +
				"model_state_dict.stdp1.synapse.bias, model_state_dict.stdp2.synapse.bias, model_state_dict.stdp3.synapse.bias, model_state_dict.anti_stdp3.synapse.bias",
		}, []string{"the file says epoch = 39, training_layer = 3"}},
	} {
		got, err := exchange.Open("testdata/"+c.path, &e)
		if err != nil {
			t.Fatal(err)
		}
		checkWeights(t, got.Model)
		if want := slices.Concat(c.before, rates, c.after); !slices.Equal(got.Notes, want) {
			t.Errorf("%s: notes\n%s\nwant\n%s", c.path, strings.Join(got.Notes, "\n"), strings.Join(want, "\n"))
		}
		if l := got.Model.Experiment.Layers[2].Learn; l.Punish.APlus != -0.002 || l.AMinus != -0.0015 {
			t.Errorf("%s: the rates of s3 are not those of the file", c.path)
		}
		if l := e.Layers[2].Learn; l.APlus != 0.004 {
			t.Fatalf("%s: the caller's experiment was changed", c.path)
		}
		if s := got.Model.State; s.Finished() || s.Layer != 3 || s.Train != (train.DataSum{}) {
			t.Errorf("%s: the state is %+v, of a training that nobody knows", c.path, s)
		}
	}
}

// SpykeTorch's names and rates go through a network here and come out as they were.
func TestTorchThereAndBack(t *testing.T) {
	e := small(t)
	theirs, err := tensorfile.Open("testdata/spyketorch.pt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := exchange.Open("testdata/spyketorch.pt", &e)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := exchange.Torch(got.Model)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(theirs.Tensors, ours.Tensors) {
		for i, x := range theirs.Tensors {
			if i >= len(ours.Tensors) || !reflect.DeepEqual(x, ours.Tensors[i]) {
				t.Fatalf("tensor %d of %d is %s in the file, and another in ours", i, len(ours.Tensors), x.Name)
			}
		}
		t.Fatalf("%d tensors became %d", len(theirs.Tensors), len(ours.Tensors))
	}
}

// formats are the ways to write a network, as the command does.
var formats = map[string]func(io.Writer, *train.Model) error{
	"safetensors": func(w io.Writer, m *train.Model) error { return m.Write(w) },
	"torch": func(w io.Writer, m *train.Model) error {
		f, err := exchange.Torch(m)
		if err != nil {
			return err
		}
		return tensorfile.WriteTorch(w, f)
	},
	"npz": func(w io.Writer, m *train.Model) error {
		f, err := exchange.NPZ(m)
		if err != nil {
			return err
		}
		return tensorfile.WriteNPZ(w, f, zip.Store)
	},
	"json": exchange.WriteJSON,
}

// write writes a network to a file of no telling name.
func write(t testing.TB, m *train.Model, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats[format](&b, m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "network")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// written is all that there is of a network, as bytes.
func written(t testing.TB, m *train.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every format brings back every bit, with the experiment of the file and with one that is named. The script import.txtar does the same
// with networks of every readout that have been trained.
func TestRoundTrip(t *testing.T) {
	e := small(t)
	e.Layers[1].Threshold = 0.1 // so that made-up weights fire
	first, err := exchange.Open("testdata/spyketorch.pt", &e)
	if err != nil {
		t.Fatal(err)
	}
	m := first.Model
	want := written(t, m)
	p, err := m.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	var pixels [28 * 28]byte
	for i := range pixels {
		pixels[i] = byte(255 * (i / 7 % 2))
	}
	decision := p.Predict(pixels[:])
	for format := range formats {
		path := write(t, m, format)
		own, err := exchange.Open(path, nil)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if len(own.Notes) != 0 {
			t.Errorf("%s: notes %q", format, own.Notes)
		}
		if !bytes.Equal(written(t, own.Model), want) {
			t.Errorf("%s: another network came back", format)
		}
		named, err := exchange.Open(path, &m.Experiment)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		checkWeights(t, named.Model)
		p, err := own.Model.Predictor()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Predict(pixels[:]); got != decision {
			t.Errorf("%s: decides %+v, not %+v", format, got, decision)
		}
	}
}

// A network whose layers learn otherwise keeps the names of its layers.
func TestTorchOfOthers(t *testing.T) {
	e := small(t)
	first, err := exchange.Open("testdata/spyketorch.pt", &e)
	if err != nil {
		t.Fatal(err)
	}
	first.Model.Experiment.Layers[0].Learn.Doubling.Max = 0.1 // MozafariDeep has one for both
	f, err := exchange.Torch(first.Model)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range f.Tensors {
		names = append(names, x.Name)
	}
	if got := fmt.Sprint(names); got != "[s1.weight s2.weight s3.weight]" {
		t.Errorf("the tensors are %s", got)
	}
}

// file is the tensors of testdata, changed.
func file(t *testing.T, path string, change func(*tensorfile.File)) *tensorfile.File {
	t.Helper()
	f, err := tensorfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Path = ""
	change(f)
	return f
}

func remove(f *tensorfile.File, name string) {
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t tensorfile.Tensor) bool { return t.Name == name })
}

func set(f *tensorfile.File, name string, values ...float32) {
	x, err := tensorfile.From(name, []int{len(values)}, values)
	if err != nil {
		panic(err)
	}
	remove(f, name)
	f.Tensors = append(f.Tensors, x)
}

func TestImportErrors(t *testing.T) {
	e := small(t)
	for name, c := range map[string]struct {
		change func(*tensorfile.File)
		adapt  func(*train.Experiment)
		want   string
	}{
		"missing": {func(f *tensorfile.File) { remove(f, "model_state_dict.conv2.weight") }, nil,
			"of the weights before which model_state_dict. stands, these are missing: model_state_dict.conv2.weight (layer s2); the file has model_state_dict.conv1.weight"},
		"none":   {func(f *tensorfile.File) { f.Tensors = nil }, nil, "no tensor can be the weights of the first layer: s1.weight, conv1.weight, w1, conv1, s1; the file has none"},
		"bias":   {func(f *tensorfile.File) { set(f, "model_state_dict.conv2.bias", 0, 0, 0.5, 0, 0, 0) }, nil, "model_state_dict.conv2.bias is 0.5 for map 2; neurons have no bias here"},
		"shape":  {nil, func(e *train.Experiment) { e.Layers[1].Maps = 7 }, "model_state_dict.conv2.weight has the shape [6 4 3 3]; layer s2 of mozafari2018 has [7 4 3 3]"},
		"shapes": {nil, func(e *train.Experiment) { e.Layers[1].Maps = 7 }, "model_state_dict.conv3.weight has the shape [10 6 5 5]; layer s3 of mozafari2018 has [10 7 5 5]"},
		"faults": {nil, func(e *train.Experiment) { e.Layers[1].Maps = 0 }, "layers.s2: 0 maps"},
		"beyond": {func(f *tensorfile.File) {
			x, _ := f.Tensor("model_state_dict.conv1.weight")
			copy(x.Data, []byte{0, 0, 0x80, 0x43}) // 256
		}, nil, "256"},
		"labels": {nil, func(e *train.Experiment) {
			e.Readout.Rule, e.Layers[2].Learn = train.ReadoutLabels, e.Layers[1].Learn
		}, "does not say which map stands for which class"},
		"svm": {nil, func(e *train.Experiment) {
			e.Readout.Rule, e.Layers[2].Learn, e.Layers[2].Threshold = train.ReadoutSVM, e.Layers[1].Learn, 10
		}, "a linear SVM reads the network"},
		"double": {func(f *tensorfile.File) {
			for i, x := range f.Tensors {
				if x.Name == "model_state_dict.conv1.weight" {
					f.Tensors[i].DType, f.Tensors[i].Data = tensorfile.F64, append(x.Data, x.Data...)
				}
			}
		}, nil, "save it as float32"},
	} {
		t.Run(name, func(t *testing.T) {
			of := e.Clone()
			if c.adapt != nil {
				c.adapt(&of)
			}
			f := file(t, "testdata/checkpoint.pth", func(*tensorfile.File) {})
			if c.change != nil {
				c.change(f)
			}
			_, err := exchange.Import(f, &of)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want one with %q", err, c.want)
			}
		})
	}
	if _, err := exchange.Open("testdata/checkpoint.pth", nil); !errors.Is(err, exchange.ErrNoExperiment) || !strings.HasPrefix(err.Error(), "testdata/checkpoint.pth: ") {
		t.Errorf("without an experiment: %v", err)
	}
	for _, path := range []string{"testdata/README.md", "testdata/nothing", "testdata"} {
		if _, err := exchange.Open(path, &e); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

// What a file has and an experiment cannot hold is told.
func TestNotes(t *testing.T) {
	e := small(t)
	f := file(t, "testdata/spyketorch.pt", func(f *tensorfile.File) {
		set(f, "stdp1.ltp_2", 0.01)
		set(f, "anti_stdp3.ltp_0", 7)
		remove(f, "stdp2.ltd_5")
		set(f, "fc.weight", 1, 2)
		set(f, "stdp1.conv_layer.weight", 1)
	})
	got, err := exchange.Import(f, &e)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(got.Notes, "\n")
	for _, want := range []string{
		"the learning rates stdp1.ltp and .ltd are not the same for all maps of layer s1, as those of an experiment are; not taken",
		"the learning rates stdp2.ltp and .ltd are not the same for all maps of layer s2",
		"the learning rates anti_stdp3.ltp and .ltd are not the same for all maps of layer s3",
		"layers.s3.learn.a_plus = 0.002",
		"stdp1.conv_layer.weight differs from conv1.weight, which is taken",
		"not taken, because nothing here is like it: fc.weight",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
	if l := got.Model.Experiment.Layers[0].Learn; l.APlus != 0.004 || l.AMinus != -0.003 {
		t.Errorf("the rates of s1 became %v and %v", l.APlus, l.AMinus)
	}
	f = file(t, "testdata/spyketorch.pt", func(f *tensorfile.File) {
		for k := range 10 {
			set(f, fmt.Sprintf("stdp3.ltd_%d", k), float32(math.Inf(1)))
		}
	})
	got, err = exchange.Import(f, &e)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, "the file has the learning rate +Inf for layers.s3.learn.a_minus, which is not taken: ") {
		t.Errorf("no note says that an infinite rate is not taken:\n%s", notes)
	}
}

func TestReadJSONErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":   "EOF",
		"{":  "unexpected EOF",
		"{}": `its format is ""`,
		"{\"format\":\"firstspike network 1\",\"state\":{\"\x89\":1}}":                                                                 "its state is not UTF-8",
		`{"format":"firstspike network 1"} x`:                                                                                          "1 bytes and perhaps more follow",
		`{"format":"firstspike network 1","layers":[{"name":"s1","shape":[2],"weights":[1]}]}`:                                         "shape [2] holds 2 elements; 1 values given",
		`{"format":"firstspike network 1","layers":[{"name":"s1","shape":[1],"weights":[1]},{"name":"s1","shape":[1],"weights":[1]}]}`: `two tensors are named "s1.weight"`,
		`{"format":"firstspike network 1","others":[{"name":"a","type":"I8"}]}`:                                                        `tensor "a" is of type "I8"`,
		`{"format":"firstspike network 1","others":[{"name":"a","type":"F32","shape":[1],"values":[0.1]}]}`:                            "0.1 is no float32",
	} {
		if _, err := exchange.ReadJSON(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), "json: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want one with %q", text, err, want)
		}
	}
}

var python = flag.String("torch", "", "a Python with torch, which takes its time to start, to read what is written for it")

// PyTorch itself reads what is written for it.
func TestPyTorchReads(t *testing.T) {
	if *python == "" {
		t.Skip("name a Python with torch: go test ./exchange -torch python3")
	}
	e := small(t)
	got, err := exchange.Open("testdata/spyketorch.pt", &e)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(*python, "-c", `
import hashlib, sys, torch
for name, t in torch.load(sys.argv[1], weights_only=True).items():
    print(name, tuple(t.shape), hashlib.sha256(t.numpy().tobytes()).hexdigest())
`, write(t, got.Model, "torch")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := exchange.Torch(got.Model)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, x := range f.Tensors {
		shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(x.Shape), "[]"), " ", ", ")
		if len(x.Shape) == 1 {
			shape += ","
		}
		want += fmt.Sprintf("%s (%s) %x\n", x.Name, shape, sha256.Sum256(x.Data))
	}
	if string(out) != want {
		t.Errorf("PyTorch reads\n%s\nwant\n%s", out, want)
	}
}

// Any file is a network that decides, or an error.
func FuzzOpen(f *testing.F) {
	e := small(f)
	got, err := exchange.Open("testdata/spyketorch.pt", &e)
	if err != nil {
		f.Fatal(err)
	}
	for format := range formats {
		content, err := os.ReadFile(write(f, got.Model, format))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, false)
	}
	f.Add([]byte(`{"format":"firstspike network 1","experiment":"","state":{},"layers":[{"name":"s1","shape":[1],"weights":[1],"thresholds":[1]}],"others":[{"name":"a","type":"F64","shape":[],"values":[1]}]}`), true)
	for _, path := range []string{"testdata/checkpoint.pth", "testdata/spyketorch-lists.pt"} {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, true)
	}
	path := filepath.Join(f.TempDir(), "network")
	f.Fuzz(func(t *testing.T, content []byte, named bool) {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		var of *train.Experiment
		if named {
			of = &e
		}
		got, err := exchange.Open(path, of)
		if err != nil {
			return
		}
		again, err := exchange.Open(write(t, got.Model, "npz"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, got.Model), written(t, again.Model)) {
			t.Error("written and read again it is another network")
		}
	})
}

// Any object is tensors that can be written and read again, or an error.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"format":"firstspike network 1","experiment":"","state":{"layer":1},"layers":[{"name":"s1","shape":[1,1,1,2],"weights":[1,-0.5],"threshold":null,"thresholds":[1]}],"others":[{"name":"a","type":"F64","shape":[],"values":[1e300]},{"name":"b","type":"F32","shape":[0,2],"values":[]}]} `))
	f.Fuzz(func(t *testing.T, content []byte) {
		first, err := exchange.ReadJSON(bytes.NewReader(content))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := tensorfile.WriteTorch(&b, first); err != nil {
			t.Fatal(err)
		}
		second, err := tensorfile.ReadTorch(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range first.Tensors {
			if y := second.Tensors[i]; x.Name != y.Name || x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) || !bytes.Equal(x.Data, y.Data) {
				t.Errorf("tensor %q became another", x.Name)
			}
		}
	})
}
