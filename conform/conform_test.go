package conform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firstspike/conform"
	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/tensorfile"
)

func model(t testing.TB) conform.Model {
	t.Helper()
	p, ok := preset.Lookup("mozafari2018")
	if !ok {
		t.Fatal("no preset mozafari2018")
	}
	m, err := conform.FromExperiment(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func load(t testing.TB, name string) *tensorfile.File {
	t.Helper()
	f, err := tensorfile.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func check(t testing.TB, f *tensorfile.File, m conform.Model) (*conform.Report, error) {
	t.Helper()
	train, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return conform.Check(context.Background(), f, m, test, train, nil)
}

func mustCheck(t testing.TB, f *tensorfile.File, m conform.Model) *conform.Report {
	t.Helper()
	r, err := check(t, f, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// edit replaces an array of a file by what change makes of its values.
func edit[T tensorfile.Element](t testing.TB, f *tensorfile.File, key string, change func(values []T)) {
	t.Helper()
	for i, a := range f.Tensors {
		if a.Name == key {
			values, err := tensorfile.Values[T](a)
			if err != nil {
				t.Fatal(err)
			}
			change(values)
			if f.Tensors[i], err = tensorfile.From(key, a.Shape, values); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no key %s", key)
}

// set replaces or adds an array.
func set[T tensorfile.Element](t testing.TB, f *tensorfile.File, key string, shape []int, values []T) {
	t.Helper()
	a, err := tensorfile.From(key, shape, values)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(f.Tensors, func(a tensorfile.Tensor) bool { return a.Name == key }); i >= 0 {
		f.Tensors[i] = a
		return
	}
	f.Tensors = append(f.Tensors, a)
}

func remove(f *tensorfile.File, keys ...string) {
	f.Tensors = slices.DeleteFunc(f.Tensors, func(a tensorfile.Tensor) bool { return slices.Contains(keys, a.Name) })
}

// outcome sorts the names of a report's stages.
func outcome(r *conform.Report) (checked, differing, skipped []string) {
	for _, s := range r.Stages {
		switch {
		case s.Skipped != "":
			skipped = append(skipped, s.Name)
		case s.Differing > 0:
			differing = append(differing, s.Name)
			fallthrough
		default:
			checked = append(checked, s.Name)
		}
	}
	return checked, differing, skipped
}

func TestTraces(t *testing.T) {
	for _, c := range []struct {
		file   string
		stages map[string]int // and how much is compared
	}{
		{"spyketorch.npz", map[string]int{
			"encoding": 2 * 6 * 28 * 28, "S1 first spikes": 2 * 30 * 28 * 28, "S1 potentials": 2 * 30 * 28 * 28,
			"C1 pooled spikes": 2 * 30 * 14 * 14, "S2 first spikes": 2 * 250 * 14 * 14, "S2 potentials": 2 * 250 * 14 * 14,
			"C2 pooled spikes": 2 * 250 * 4 * 4, "labels": 2,
			"S1 learning: winners": 12 * 5, "S1 learning: weights": 30 * 6 * 5 * 5,
			"S2 learning: input": 12 * 30 * 14 * 14, "S2 learning: winners": 12 * 8, "S2 learning: weights": 250 * 30 * 3 * 3,
		}},
		{"doubling.npz", map[string]int{"S1 learning: winners": 520 * 5, "S1 learning: weights": 30 * 6 * 5 * 5}},
		{"reward.npz", map[string]int{
			"S3 potentials": 3 * 200 * 4 * 4, "S3 winners": 3, "S3 decisions": 3,
			"S3 learning: winners": 30, "S3 learning: decisions": 30, "S3 learning: weights": 200 * 250 * 5 * 5, "S3 learning: labels": 30,
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			r := mustCheck(t, load(t, c.file), model(t))
			if !r.OK() {
				t.Error("not OK")
			}
			checked, differing, skipped := outcome(r)
			if len(checked)+len(skipped) != len(r.Stages) || len(checked) != len(c.stages) || len(differing) > 0 {
				t.Errorf("checked %q, of them %q differ, skipped %q", checked, differing, skipped)
			}
			for _, s := range r.Stages {
				if s.Skipped != "" {
					continue
				}
				if want, ok := c.stages[s.Name]; !ok || s.Compared != want {
					t.Errorf("%s: %d compared; want %d", s.Name, s.Compared, want)
				}
				if s.Tied*1000 > s.Compared || s.LargestError > s.Tolerance/20 || s.First != "" {
					t.Errorf("%+v; want few ties, small errors and no difference", s)
				}
			}
		})
	}
}

// Whatever type a trace stores its numbers in, the outcome is the same.
func TestTypes(t *testing.T) {
	for _, name := range []string{"spyketorch.npz", "reward.npz"} {
		want := mustCheck(t, load(t, name), model(t))
		for _, convert := range map[string]func(tensorfile.Tensor) (tensorfile.Tensor, error){
			"wide": func(a tensorfile.Tensor) (tensorfile.Tensor, error) {
				if v, err := a.Ints(); err == nil {
					return tensorfile.From(a.Name, a.Shape, v)
				}
				v, err := a.Float64s()
				if err != nil {
					return a, err
				}
				return tensorfile.From(a.Name, a.Shape, v)
			},
			"int32": func(a tensorfile.Tensor) (tensorfile.Tensor, error) {
				v, err := a.Ints()
				if err != nil {
					return a, nil
				}
				narrow := make([]int32, len(v))
				for i, x := range v {
					narrow[i] = int32(x)
				}
				return tensorfile.From(a.Name, a.Shape, narrow)
			},
		} {
			f := load(t, name)
			for i, a := range f.Tensors {
				var err error
				if f.Tensors[i], err = convert(a); err != nil {
					t.Fatal(err)
				}
			}
			if a, ok := f.Lookup("train3_batch"); ok {
				set(t, f, "train3_batch", []int{1}, []int16{int16(a.Data[0])})
			}
			got := mustCheck(t, f, model(t))
			if !slices.Equal(got.Stages, want.Stages) {
				t.Errorf("%s: %+v; want %+v", name, got.Stages, want.Stages)
			}
		}
	}
}

// Images may come in any order, more than once, or not at all.
func TestImages(t *testing.T) {
	forward := []string{"test_ids", "label", "input_latency", "s1_latency", "s1_potential", "c1_latency", "s2_latency", "s2_potential", "c2_latency"}
	pick := func(images ...int) *tensorfile.File {
		f := load(t, "spyketorch.npz")
		for i, a := range f.Tensors {
			if !slices.Contains(forward, a.Name) {
				continue
			}
			size := len(a.Data) / a.Shape[0]
			b := a
			b.Shape, b.Data = append([]int{len(images)}, a.Shape[1:]...), nil
			for _, image := range images {
				b.Data = append(b.Data, a.Data[image*size:(image+1)*size]...)
			}
			f.Tensors[i] = b
		}
		return f
	}
	for _, images := range [][]int{{1, 0}, {0, 1, 1, 0, 1}, {}} {
		r := mustCheck(t, pick(images...), model(t))
		if !r.OK() || r.Stages[0].Compared != len(images)*6*28*28 {
			t.Errorf("images %v: %+v", images, r.Stages[0])
		}
	}
	// No learning at all: nothing won, and nothing changed.
	f := load(t, "spyketorch.npz")
	set(t, f, "stdp_ids", []int{0}, []int64{})
	set(t, f, "train1_winners", []int{0, 5, 3}, []int16{})
	set(t, f, "train2_winners", []int{0, 8, 3}, []int16{})
	set(t, f, "train2_c1_latency", []int{0, 30, 14, 14}, []uint8{})
	_, differing, _ := outcome(mustCheck(t, f, model(t)))
	if want := []string{"S1 learning: weights", "S2 learning: weights"}; !slices.Equal(differing, want) {
		t.Errorf("%q differ; want %q, since these are the weights after 12 images", differing, want)
	}
}

func TestSkipped(t *testing.T) {
	f := load(t, "spyketorch.npz")
	remove(f, "test_ids", "w1", "train1_w_after")
	set(t, f, "remark", []int{2}, []uint8{1, 2})
	r := mustCheck(t, f, model(t))
	if !r.OK() || !slices.Equal(r.Unknown, []string{"remark"}) {
		t.Errorf("OK %v, unknown %q", r.OK(), r.Unknown)
	}
	want := map[string]string{
		"encoding":             "the trace has no test_ids",
		"S1 first spikes":      "the trace has no w1",
		"labels":               "the trace has no test_ids",
		"S1 learning: weights": "the trace has no train1_w_after",
		"S2 learning: input":   "the trace has no w1",
	}
	for _, s := range r.Stages {
		if reason, ok := want[s.Name]; ok && s.Skipped != reason {
			t.Errorf("%s: %q; want %q", s.Name, s.Skipped, reason)
		}
		if s.Name == "S2 first spikes" && s.Skipped != "" {
			t.Errorf("%s: %s", s.Name, s.Skipped)
		}
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"encoding ", "skipped:  the trace has no test_ids\n", "unknown keys, not checked: remark\n"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("no %q in\n%s", part, text.String())
		}
	}
}

func TestJSON(t *testing.T) {
	r := &conform.Report{Stages: []conform.Stage{{Name: "S1 potentials", Compared: 3, Tied: 1, Differing: 1, LargestError: 0.5, Tolerance: 1e-4, First: "image 0"}, {Name: "labels", Skipped: "no label"}}}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"stages":[{"name":"S1 potentials","compared":3,"tied":1,"differing":1,"largest_error":0.5,"tolerance":0.0001,"first":"image 0"},` +
		`{"name":"labels","compared":0,"tied":0,"differing":0,"largest_error":0,"tolerance":0,"skipped":"no label"}]}`
	if string(got) != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// What cannot be compared is an error that names the key and the fault.
func TestErrors(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		file  string
		fault func(t *testing.T, f *tensorfile.File)
		want  string
	}{
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) { f.Tensors = nil }, "the trace holds nothing that can be compared; its keys should be among test_ids, label, w1,"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) { set(t, f, "test_ids", []int{3}, []int64{0, 1, 2}) },
			"label has the shape [2]; expected [3] for the 3 images of test_ids"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) { set(t, f, "test_ids", nil, []int64{0}) }, "test_ids has the shape []; expected [0]"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) { set(t, f, "w1", []int{30, 6, 25}, make([]float32, 4500)) },
			"w1 has the shape [30 6 25]; expected [30 6 5 5]"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			set(t, f, "train1_winners", []int{12, 8, 3}, make([]int16, 12*8*3))
		}, "train1_winners has the shape [12 8 3]; expected [12 5 3] for the 12 images of stdp_ids"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) { edit(t, f, "w2", func(v []float32) { v[70] = nan }) },
			"w2: element [0,7,2,1] is NaN; a trace holds finite numbers"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "s1_potential", func(v []float32) { v[0] = float32(math.Inf(1)) })
		}, "s1_potential[0]: element [0,0,0] is +Inf"},
		{"reward.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "train3_w_after", func(v []float32) { v[0] = nan })
		}, "train3_w_after: element [0,0,0,0] is NaN"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "w1", func(v []float32) { v[0] = 1e9 })
		}, "w1: 150 synapses with weights up to"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "input_latency", func(v []uint8) { v[6*28*28+29] = 16 })
		}, "input_latency[1]: element [0,1,1] is 16; a step is 0 to 14, and 15 is silent"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			set(t, f, "c1_latency", []int{2, 30, 14, 14}, make([]float32, 2*30*14*14))
		}, "c1_latency is F32; expected one of [U8 I8 I16 U16 I32 U32 I64 U64]"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "test_ids", func(v []int64) { v[1] = 10000 })
		}, "test_ids[1] is 10000; mnist/test has the images 0 to 9999"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "stdp_ids", func(v []int64) { v[0] = -1 })
		}, "stdp_ids[0] is -1; mnist/train has the images 0 to 59999"},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "train1_winners", func(v []int16) { v[0] = 30 })
		}, "train1_winners[0]: [30 "},
		{"spyketorch.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "train2_winners", func(v []int16) { copy(v, []int16{-1, -1, -1}) })
		}, "train2_winners[0]: winner 1 follows a place without a winner"},
		{"reward.npz", func(t *testing.T, f *tensorfile.File) {
			edit(t, f, "s3_winner", func(v []int64) { v[1] = -1 })
		}, "s3_winner[0]: ["},
		{"reward.npz", func(t *testing.T, f *tensorfile.File) { edit(t, f, "train3_batch", func(v []int64) { v[0] = 0 }) },
			"train3_batch is 0; the rates adapt after every 1 or more images"},
		{"reward.npz", func(t *testing.T, f *tensorfile.File) { set(t, f, "train3_batch", []int{2}, []int64{7, 7}) },
			"train3_batch has the shape [2]; expected []"},
	} {
		f := load(t, c.file)
		c.fault(t, f)
		r, err := check(t, f, model(t))
		if err == nil {
			_, differing, _ := outcome(r)
			t.Errorf("no error, %q differ; want %q", differing, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
}

func TestSets(t *testing.T) {
	train, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	small, err := dataset.New("small", 2, 2, make([]byte, 4), []uint8{0})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := dataset.New("bare", 28, 28, make([]byte, 784), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		test, train *dataset.Set
		want        string
	}{
		{small, train, "small: images of 2x2 pixels; the model takes 28x28"},
		{test, bare, "bare: no labels"},
	} {
		_, err := conform.Check(context.Background(), load(t, "doubling.npz"), model(t), c.test, c.train, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
}

func TestProgress(t *testing.T) {
	train, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int{}
	_, err = conform.Check(context.Background(), load(t, "spyketorch.npz"), model(t), test, train, func(stage string, done, total int) {
		if done != last[stage]+1 || done > total {
			t.Errorf("%s: %d of %d after %d", stage, done, total, last[stage])
		}
		last[stage] = done
	})
	if err != nil || last["encoding"] != 2 || last["S1 learning: winners"] != 12 {
		t.Errorf("%v, %v", last, err)
	}
	for _, name := range []string{"spyketorch.npz", "doubling.npz", "reward.npz"} {
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		r, err := conform.Check(ctx, load(t, name), model(t), test, train, func(string, int, int) {
			calls++
			cancel()
		})
		if !errors.Is(err, context.Canceled) || r != nil || calls > 64 {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

func TestFromExperiment(t *testing.T) {
	p, _ := preset.Lookup("mozafari2018")
	for want, change := range map[string]func(){
		"layers: 2; a reference trace": func() { p.Layers = p.Layers[1:] },
		"layers.s1.learn: ":            func() { p.Layers[0].Learn.Pointwise = false },
		"layers.s2.learn: ":            func() { p.Layers[1].Learn.Dropout = 0.5 },
		"layers.s3: ":                  func() { p.Layers[2].Threshold = 100 },
		"protocol.kind":                func() { p.Protocol.Kind = "none" },
	} {
		p, _ = preset.Lookup("mozafari2018")
		change()
		if _, err := conform.FromExperiment(p.Experiment); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
