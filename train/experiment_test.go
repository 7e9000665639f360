package train_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"firstspike/train"
)

func TestTOML(t *testing.T) {
	e := small()
	e.Encode.Lateral = []float64{0.15, 0.1}
	text, err := e.TOML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := train.Parse("text", text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v\nwant %+v\ntext:\n%s", got, e, text)
	}
	for bad, want := range map[string]string{
		"seed = 1\nsead = 2\n": "sead",
		"seed = \"one\"\n":     "seed",
		"seed = ":              "text",
		"[[layers]]\nname = \"s1\"\nkernel = \"x\"": "size",
	} {
		if _, err := train.Parse("text", []byte(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v; want an error with %q", bad, err, want)
		}
	}
}

func TestSet(t *testing.T) {
	e := small()
	for _, c := range []struct{ path, value, want string }{
		{"layers.s2.threshold", "12.5", "12.5"},
		{"layers.s3.threshold", "inf", "+Inf"},
		{"layers.s1.kernel", "7", "7x7"},
		{"layers.s1.kernel", "7x3", "7x3"},
		{"layers.s1.learn.pointwise", "false", "false"},
		{"layers.s3.learn.epochs", "680", "680"},
		{"encode.filters.1.sigma1", "3", "3"},
		{"encode.lateral", "0.1, 0.05", "0.1,0.05"},
		{"encode.lateral", "", ""},
		{"seed", "18446744073709551615", "18446744073709551615"},
		{"data.source", "/data", "/data"},
	} {
		if err := e.Set(c.path, c.value); err != nil {
			t.Errorf("Set(%q, %q): %v", c.path, c.value, err)
		}
		if got, ok := e.Value(c.path); !ok || got != c.want {
			t.Errorf("after Set(%q, %q) the value is %q, %v; want %q", c.path, c.value, got, ok, c.want)
		}
	}
	for _, c := range []struct{ path, value, want string }{
		{"layers.s2.treshold", "12", "did you mean layers.s2.threshold?"},
		{"s2.threshold", "12", "did you mean layers.s2.threshold?"},
		{"layers.s9.threshold", "12", "did you mean layers.s"},
		{"layers.s2.threshold", "twelve", "is not a number"},
		{"layers.s2.maps", "1.5", "is not a whole number"},
		{"layers.s2.kernel", "5x", "is not a size"},
		{"layers.s2.learn.pointwise", "maybe", "is not true or false"},
		{"seed", "-1", "is not a whole number"},
		{"encode.lateral", "a,b", "is not a list of numbers"},
		{"q", "1", "did you mean"},
	} {
		before := small()
		e := small()
		if err := e.Set(c.path, c.value); err == nil || !strings.Contains(err.Error(), c.want) && c.path != "q" {
			t.Errorf("Set(%q, %q) = %v; want %q", c.path, c.value, err, c.want)
		}
		if !reflect.DeepEqual(e, before) {
			t.Errorf("a failed Set(%q, %q) changed the experiment", c.path, c.value)
		}
	}
}

// Every path can be set to the value that it has.
func TestPaths(t *testing.T) {
	e := small()
	paths := e.Paths()
	if len(paths) < 90 {
		t.Errorf("only %d paths", len(paths))
	}
	for _, p := range paths {
		v, ok := e.Value(p)
		if !ok {
			t.Errorf("%s has no value", p)
		}
		if err := e.Set(p, v); err != nil {
			t.Error(err)
		}
	}
	if !reflect.DeepEqual(e, small()) {
		t.Error("setting every field to its value changed the experiment")
	}
}

func TestFaults(t *testing.T) {
	if f := small().Faults(); len(f) > 0 {
		t.Fatalf("the experiment is sound, but: %v", f)
	}
	for _, c := range []struct {
		change func(*train.Experiment)
		paths  []string
	}{
		{func(e *train.Experiment) { e.Data.Source = "" }, []string{"data.source"}},
		{func(e *train.Experiment) { e.Data.Rows = 0 }, []string{"data.rows"}},
		{func(e *train.Experiment) { e.Data.Limit = -1 }, []string{"data.limit"}},
		{func(e *train.Experiment) { e.Data.Fit = "zoom" }, []string{"data.fit"}},
		{func(e *train.Experiment) { e.Data.Test = 1 }, []string{"data.test"}},
		{func(e *train.Experiment) { e.Data.Test = math.NaN() }, []string{"data.test"}},
		{func(e *train.Experiment) { e.Data.Split = 1 << 63 }, []string{"data.split"}},
		{func(e *train.Experiment) { e.Protocol.Kind = "best" }, []string{"protocol.kind"}},
		{func(e *train.Experiment) { e.Protocol.Validation = 0 }, []string{"protocol.validation"}},
		{func(e *train.Experiment) { e.Encode.Steps = 256 }, []string{"encode.steps"}},
		{func(e *train.Experiment) { e.Encode.Filters = nil }, []string{"encode.filters"}},
		{func(e *train.Experiment) { e.Encode.Filters[0].Size = 4 }, []string{"encode.filters.0"}},
		{func(e *train.Experiment) { e.Layers = nil }, []string{"layers"}},
		{func(e *train.Experiment) { e.Layers[1].Name = "s1" }, []string{"layers.1.name"}},
		{func(e *train.Experiment) { e.Layers[1].Maps = 0 }, []string{"layers.s2"}},
		{func(e *train.Experiment) { e.Layers[2].Maps = 25 }, []string{"layers.s3.maps"}},
		{func(e *train.Experiment) { e.Layers[1].Kernel.Rows = 99 }, []string{"layers.s2"}},
		{func(e *train.Experiment) { e.Layers[0].Threshold = math.Inf(1) }, []string{"layers.s1.threshold"}},
		{func(e *train.Experiment) { e.Layers[0].Threshold = math.NaN() }, []string{"layers.s1.threshold"}},
		{func(e *train.Experiment) { e.Layers[0].Fires = "<" }, []string{"layers.s1.fires"}},
		{func(e *train.Experiment) { e.Layers[0].Pool.Window = 50 }, []string{"layers.s1.pool"}},
		{func(e *train.Experiment) { e.Layers[0].Weights.Std = -1 }, []string{"layers.s1.weights.std"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.Rule = "hebb" }, []string{"layers.s1.learn.rule"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.Rule = "rstdp" }, []string{"layers.s1.learn.rule", "layers.s1.learn.k"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.Lower = 1 }, []string{"layers.s1.learn.lower"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.Dropout = 1 }, []string{"layers.s1.learn.dropout"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.APlus = math.NaN() }, []string{"layers.s1.learn.a_plus"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.Doubling.Max = 0 }, []string{"layers.s1.learn.doubling.max"}},
		{func(e *train.Experiment) { e.Layers[0].Pad = math.MaxInt }, []string{"layers.s1"}},
		{func(e *train.Experiment) { e.Layers[0].Pool.Pad = math.MaxInt }, []string{"layers.s1.pool"}},
		{func(e *train.Experiment) { e.Layers = make([]train.Layer, 1000) }, []string{"layers"}},
		{func(e *train.Experiment) { e.Layers[0].Maps, e.Layers[1].Maps = 3000, 3000 }, []string{"layers.s2"}},
		{func(e *train.Experiment) { e.Layers[0].Learn.APlus = -0.004 }, []string{"layers.s1.learn.doubling.every"}},
		// Settings without effect.
		{func(e *train.Experiment) { e.Layers[0].Learn.Punish.Adapt = 1 }, []string{"layers.s1.learn.punish"}},
		{func(e *train.Experiment) { e.Layers[2].Learn.Doubling.Every = 5 }, []string{"layers.s3.learn.doubling", "layers.s3.learn.doubling.max"}},
		{func(e *train.Experiment) { e.Layers[2].Ramp = true }, []string{"layers.s3.ramp"}},
		{func(e *train.Experiment) { e.Layers[2].Learn.Radius, e.Layers[2].Learn.Pointwise = 1, true }, []string{"layers.s3.learn.radius", "layers.s3.learn.pointwise"}},
		{func(e *train.Experiment) { e.Layers[2].Learn.Punish.Adapt, e.Layers[2].Learn.Punish.Least = 0, 0.2 }, []string{"layers.s3.learn.punish.least"}},
		{func(e *train.Experiment) { e.Layers[2].Learn.Punish.Least = 1.5 }, []string{"layers.s3.learn.punish.least"}},
		{func(e *train.Experiment) { e.Encode.Pool.Stride = 2 }, []string{"encode.pool"}},
		{func(e *train.Experiment) { e.Layers[2].Pool.Window = 2 }, []string{"layers.s3.pool"}},
		{func(e *train.Experiment) { e.Encode.Filters[0].Orientation = 45 }, []string{"encode.filters.0"}},
		// All at once.
		{func(e *train.Experiment) {
			e.Protocol.Kind, e.Encode.Steps, e.Layers[0].Kernel.Rows, e.Layers[1].Learn.K, e.Layers[2].Maps = "foo", 999, 99, 0, 25
		}, []string{"protocol.kind", "encode.steps", "layers.s2.learn.k", "layers.s3.maps"}},
		{func(e *train.Experiment) { e.Layers[0].Kernel.Rows, e.Layers[1].Threshold = 99, -1 }, []string{"layers.s1", "layers.s2.threshold"}},
		{func(e *train.Experiment) {
			e.Layers[0].Learn.K, e.Layers[1].Learn.K, e.Layers[2].Learn.Epochs = 0, 0, -1
		},
			[]string{"layers.s1.learn.k", "layers.s2.learn.k", "layers.s3.learn.epochs"}},
	} {
		e := small()
		c.change(&e)
		faults := e.Faults()
		var paths []string
		for _, f := range faults {
			paths = append(paths, f.Path)
		}
		if !reflect.DeepEqual(paths, c.paths) {
			t.Errorf("faults %v; want the paths %v", faults, c.paths)
		}
		if _, err := e.Network(); err == nil {
			t.Errorf("%v, but Network gave no error", faults)
		}
	}
}

// No text makes Parse, Faults or TOML panic, and what is sound survives being
// written and read.
func FuzzParse(f *testing.F) {
	sound, err := small().TOML()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add([]byte("[[layers]]\nname = \"s1\"\nkernel = \"5x\""))
	f.Add([]byte("seed = -1\n[data]\nrows = 1e9"))
	f.Add([]byte("\xef\xbb\xbfname = \"x\"\n[nothing]\na = [[[[]]]]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := train.Parse("text", text)
		if err != nil || len(e.Faults()) > 0 {
			return
		}
		again, err := e.TOML()
		if err != nil {
			t.Fatal(err)
		}
		got, err := train.Parse("again", again)
		if err != nil || got.Name != e.Name || len(got.Faults()) > 0 {
			t.Fatalf("%v\n%s", err, again)
		}
	})
}
