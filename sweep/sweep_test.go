package sweep_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/preset"
	"firstspike/sweep"
	"firstspike/train"
)

// plan is the plan of a sweep of bars, or of another preset that it names.
func plan(t testing.TB, text string) *sweep.Plan {
	t.Helper()
	p, err := tryPlan(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tryPlan(text string) (*sweep.Plan, error) {
	s, err := sweep.Parse("test.toml", []byte(text))
	if err != nil {
		return nil, err
	}
	if s.Preset == "" {
		s.Preset = "bars"
	}
	p, ok := preset.Lookup(s.Preset)
	if !ok {
		return nil, fmt.Errorf("no preset %s", s.Preset)
	}
	return sweep.NewPlan(s, p.Experiment)
}

// small makes trainings of bars short, with images to choose by.
const small = `
[set]
protocol.validation = 200
layers.s2.learn.epochs = 3
`

func points(p *sweep.Plan) []string {
	var all []string
	for _, point := range p.Points {
		all = append(all, point.String())
	}
	return all
}

func TestGrid(t *testing.T) {
	p := plan(t, "seeds = 2\n"+small+`
[[axis]]
path = "layers.s1.threshold"
values = [1, 2.5]
[[axis]]
path = "layers.s2.learn.a_plus"
log = { from = 0.001, to = 0.004, count = 3 }
`)
	want := []string{
		"layers.s1.threshold=1 layers.s2.learn.a_plus=0.001", "layers.s1.threshold=1 layers.s2.learn.a_plus=0.002", "layers.s1.threshold=1 layers.s2.learn.a_plus=0.004",
		"layers.s1.threshold=2.5 layers.s2.learn.a_plus=0.001", "layers.s1.threshold=2.5 layers.s2.learn.a_plus=0.002", "layers.s1.threshold=2.5 layers.s2.learn.a_plus=0.004",
	}
	if have := points(p); !slices.Equal(have, want) {
		t.Errorf("points %q, not %q", have, want)
	}
	jobs, err := p.Jobs(0, p.All())
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, j := range jobs {
		keys[j.Key] = true
		if e := j.Experiment; e.Seed != j.Seed || e.Layers[0].Threshold != []float64{1, 2.5}[j.Point/3] || e.Protocol.Validation != 200 || e.Protocol.Kind != train.ProtocolValidation {
			t.Errorf("%v: its experiment has seed %d, threshold %v, %d images held out", j, e.Seed, e.Layers[0].Threshold, e.Protocol.Validation)
		}
	}
	if len(jobs) != 12 || len(keys) != 12 {
		t.Errorf("%d jobs with %d keys, not 12", len(jobs), len(keys))
	}
	leaders, followers := sweep.Leaders(jobs)
	if len(leaders) != 4 || len(followers) != 8 {
		t.Errorf("%d jobs learn first layers for others and %d do not; 2 thresholds with 2 seeds are shared by 3 rates each", len(leaders), len(followers))
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"step", `path = "layers.s1.threshold"
range = { from = 0.1, to = 0.7, step = 0.1 }`, []string{"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"}},
		{"one step", `path = "layers.s1.threshold"
range = { from = 0.1, to = 0.3, step = 0.2 }`, []string{"0.1", "0.3"}},
		{"step that does not fit", `path = "layers.s1.threshold"
range = { from = 1, to = 2, step = 0.4 }`, []string{"1", "1.4", "1.8"}},
		{"count", `path = "layers.s1.threshold"
range = { from = 1, to = 2, count = 3 }`, []string{"1", "1.5", "2"}},
		{"whole", `path = "layers.s1.learn.k"
range = { from = 1, to = 4, count = 9 }
whole = true`, []string{"1", "2", "3", "4"}},
		{"log whole", `path = "layers.s1.learn.k"
log = { from = 1, to = 1000000, count = 3 }
whole = true`, []string{"1", "1000", "1000000"}},
		{"large", `path = "layers.s1.learn.k"
range = { from = 9007199254740000, to = 9007199254740003, step = 1 }
whole = true`, []string{"9007199254740000", "9007199254740001", "9007199254740002", "9007199254740003"}},
		{"words", `path = "layers.s1.fires"
values = [">", ">="]`, []string{">", ">="}},
		{"infinity", `path = "layers.s1.threshold"
values = [1, inf]`, []string{"1", "+Inf"}},
		{"paired", `paths = ["layers.s1.learn.k", "layers.s1.learn.radius"]
values = [[1, 0], [2, 1]]`, []string{"1/0", "2/1"}},
	} {
		s, err := sweep.Parse("test.toml", []byte("[[axis]]\n"+c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var have []string
		for _, l := range s.Axes[0].Levels() {
			have = append(have, strings.Join(l, "/"))
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: %q, not %q", c.name, have, c.want)
		}
	}
}

// Axes of which one depends on another, settings that vary together and that
// follow from others, and conditions.
func TestConditions(t *testing.T) {
	p := plan(t, `
only = ["layers.s1.threshold < 3 or layers.s1.learn.k == 1"]
[set]
protocol.validation = 100
[derive]
layers.s1.learn.a_minus = "layers.s2.learn.a_minus" # which follows itself
layers.s2.learn.a_minus = "-0.75 * layers.s2.learn.a_plus"
[[axis]]
path = "layers.s1.threshold"
values = [1, 3]
[[axis]]
paths = ["layers.s1.learn.k", "layers.s1.learn.radius"]
values = [[1, 0], [2, 1]]
[[axis]]
path = "layers.s2.learn.a_plus"
values = [0.002, 0.008]
when = "layers.s1.learn.k == 1"
`)
	want := []string{
		"layers.s1.threshold=1 layers.s1.learn.k=1 layers.s1.learn.radius=0 layers.s2.learn.a_plus=0.002",
		"layers.s1.threshold=1 layers.s1.learn.k=1 layers.s1.learn.radius=0 layers.s2.learn.a_plus=0.008",
		"layers.s1.threshold=1 layers.s1.learn.k=2 layers.s1.learn.radius=1",
		"layers.s1.threshold=3 layers.s1.learn.k=1 layers.s1.learn.radius=0 layers.s2.learn.a_plus=0.002",
		"layers.s1.threshold=3 layers.s1.learn.k=1 layers.s1.learn.radius=0 layers.s2.learn.a_plus=0.008",
	}
	if have := points(p); !slices.Equal(have, want) || p.Left != 1 {
		t.Errorf("points %q and %d left out, not %q and 1", have, p.Left, want)
	}
	for i, l := range p.Points[1].Experiment.Layers {
		if l.Learn.AMinus != -0.006 {
			t.Errorf("a_minus of layer %d is %v, not -0.006", i+1, l.Learn.AMinus)
		}
	}
}

// Axes see what follows from those before them; whole numbers can be divided.
func TestAxesSeeWhatFollows(t *testing.T) {
	p := plan(t, `
only = ["layers.s1.learn.k % 2 == 1"]
[set]
protocol.validation = 100
layers.s1.learn.k = 3
[derive]
layers.s1.learn.epochs = "layers.s1.threshold > 1 ? 7 : 1"
[[axis]]
path = "layers.s1.threshold"
values = [1, 2]
[[axis]]
path = "layers.s2.learn.a_plus"
values = [0.002, 0.008]
when = "layers.s1.learn.epochs == 7"
`)
	want := []string{"layers.s1.threshold=1", "layers.s1.threshold=2 layers.s2.learn.a_plus=0.002", "layers.s1.threshold=2 layers.s2.learn.a_plus=0.008"}
	if have := points(p); !slices.Equal(have, want) {
		t.Errorf("points %q, not %q", have, want)
	}
}

// Points that are the same experiment are trained once.
func TestTwice(t *testing.T) {
	p := plan(t, small+`
[[axis]]
path = "layers.s1.threshold"
values = [1, 1.0, 2, 1]
`)
	if len(p.Points) != 2 || p.Twice != 1 {
		// 1 and 1.0 are one level already.
		t.Errorf("%d points, %d twice; not 2 and 1", len(p.Points), p.Twice)
	}
}

// A Sobol sequence fills ranges evenly, is the same for the same seed, and
// stays within its ranges.
func TestSobolPlan(t *testing.T) {
	text := `
[set]
protocol.validation = 100
[search]
kind = "sobol"
points = 64
seed = %d
[[axis]]
path = "layers.s1.threshold"
range = { from = 1, to = 3 }
[[axis]]
path = "layers.s2.learn.a_plus"
log = { from = 0.0001, to = 0.01 }
[[axis]]
path = "layers.s1.learn.k"
range = { from = 1, to = 4 }
whole = true
[[axis]]
path = "layers.s1.fires"
values = [">", ">="]
`
	p, again, other := plan(t, fmt.Sprintf(text, 7)), plan(t, fmt.Sprintf(text, 7)), plan(t, fmt.Sprintf(text, 8))
	if !slices.Equal(points(p), points(again)) {
		t.Error("the same seed gives other points")
	}
	if slices.Equal(points(p), points(other)) {
		t.Error("another seed gives the same points")
	}
	if len(p.Points) != 64 {
		t.Fatalf("%d points, not 64", len(p.Points))
	}
	low, decades, ks, words := 0, map[int]int{}, map[string]int{}, map[string]int{}
	for _, point := range p.Points {
		l := point.Experiment.Layers
		if l[0].Threshold < 1 || l[0].Threshold > 3 || l[1].Learn.APlus < 0.0001 || l[1].Learn.APlus > 0.01 {
			t.Errorf("%v is beyond its ranges", point)
		}
		if l[0].Threshold < 2 {
			low++
		}
		decades[int(math.Floor(math.Log10(l[1].Learn.APlus)))]++
		ks[point.Values[2]]++
		words[point.Values[3]]++
	}
	if low != 32 || decades[-4] != 32 || decades[-3] != 32 || words[">"] != 32 {
		t.Errorf("halves have %d, %v and %v of 64 points", low, decades, words)
	}
	for _, k := range []string{"1", "2", "3", "4"} {
		if ks[k] != 16 {
			t.Errorf("whole numbers have %v of 64 points", ks)
		}
	}
}

func TestHalvingPlan(t *testing.T) {
	p := plan(t, `
seeds = 2
[set]
protocol.validation = 100
[search]
kind = "halving"
epochs = [1, 3, 9]
keep = 0.34
[[axis]]
path = "layers.s1.threshold"
range = { from = 1, to = 3, count = 9 }
`)
	if p.Rungs() != 3 || p.Kept(0) != 9 || p.Kept(1) != 4 || p.Kept(2) != 2 {
		t.Errorf("%d rungs of %d, %d, %d points; not 3 of 9, 4, 2", p.Rungs(), p.Kept(0), p.Kept(1), p.Kept(2))
	}
	for rung, epochs := range []int{1, 3, 9} {
		jobs, err := p.Jobs(rung, []int{2})
		if err != nil {
			t.Fatal(err)
		}
		if have := jobs[0].Experiment.Layers[1].Learn.Epochs; have != epochs || len(jobs) != 2 {
			t.Errorf("rung %d: %d jobs of %d epochs, not 2 of %d", rung, len(jobs), have, epochs)
		}
	}
}

// What is wrong is told before anything starts, all of it at once, by name.
func TestFaults(t *testing.T) {
	axis := "\n[[axis]]\npath = \"layers.s1.threshold\"\n"
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{"is empty"}},
		{"presset = 3", []string{"there is no such setting"}},
		{"seeds = 0", []string{"seeds: 0: write how many"}},
		{"seeds = [1, 1]", []string{"seeds: 1,1: 1 is named twice"}},
		{"seeds = {}", []string{"seeds: map[]: write a number"}},
		{"[search]\nkind = \"gird\"", []string{`search.kind: "gird" must be`}},
		{"[search]\nkind = \"sobol\"", []string{"search.points: say how many"}},
		{"[search]\npoints = 3", []string{"search.points: a grid has every combination"}},
		{"[search]\nkind = \"halving\"\nkeep = 2\nepochs = [3, 3]", []string{"rungs must have more and more epochs", "search.keep: 2 must be"}},
		{"[search]\nepochs = [1, 2]", []string{`epochs and keep are for the kind "halving"`}},
		{"[[axis]]\nvalues = [1]", []string{"axis 1: name a setting as path"}},
		{axis, []string{"axis 1: layers.s1.threshold: give values, or a range, or log"}},
		{axis + "values = [[1]]", []string{"[1] is no number"}},
		{"[[axis]]\npaths = [\"a\", \"b\"]\nvalues = [1, [2, 3]]", []string{"1: every value must be a list of 2"}},
		{axis + "range = { from = 2, to = 1, step = 1 }", []string{"must begin below its end"}},
		{axis + "range = { from = 1, to = 2 }", []string{"say how many values"}},
		{axis + "range = { from = 1, to = 2, step = 1e-9 }", []string{"more than 20000 values"}},
		{axis + "range = { from = nan, to = 2, count = 3 }", []string{"must begin below its end"}},
		{axis + "log = { from = 0, to = 2, count = 3 }", []string{"begins above 0"}},
		{axis + "values = [1]" + axis + "values = [2]", []string{"axis 2: axis 1 has set layers.s1.threshold already"}},
		{"[[axis]]\npath = \"seed\"\nvalues = [1]", []string{"seeds are an axis of their own"}},
		{"[set]\nprotocol.kind = \"paper\"", []string{`the protocol is "validation"`}},
		// What depends on the experiment:
		{"[set]\nlayers.s1.treshold = 3", []string{"layers.s1.treshold: there is no such setting; did you mean layers.s1.threshold?"}},
		{axis + "values = [1, -2, -3]" + small, []string{"point 1 (layers.s1.threshold=-2)", "point 2 (layers.s1.threshold=-3)"}},
		{axis + "values = [\"high\"]" + small, []string{`"high" is not a number`}},
		{"[set]\nprotocol.validation = 0" + axis + "values = [1]", []string{"validation"}},
		{"[set]\nprotocol.validation = 5000" + axis + "values = [1]", []string{"protocol.validation"}},
		{"only = [\"layers.s1.tresh > 2\"]" + small, []string{"only: \"layers.s1.tresh > 2\": unknown field tresh"}},
		{"only = [\"layers.s1.threshold\"]" + small, []string{"only: \"layers.s1.threshold\": expected bool"}},
		{"only = [\"layers.s1.threshold > 100\"]" + small, []string{"no point meets the conditions"}},
		{small + "[derive]\nlayers.s1.threshold = \"1 +\"", []string{"derive.layers.s1.threshold"}},
		{small + "[search]\nkind = \"halving\"\nepochs = [1, 2]", []string{"layers.s2.learn.epochs: search.epochs says how long"}},
		{small + "[derive]\nlayers.s1.threshold = \"layers.s2.learn.a_plus + 1\"\nlayers.s2.learn.a_plus = \"layers.s1.threshold + 1\"", []string{"in a circle"}},
		{axis + "range = { from = 1.2, to = 1.8, count = 2 }\nwhole = true", []string{"no whole number from 1.2 to 1.8"}},
		{axis + "values = [1, 2]", []string{"protocol.validation: say how many training images are held out"}},
		{axis + "values = [1, 2]" + small + "layers.s1.learn.k = -1", []string{"(and 1 more points)"}},
		{small + "data.source = \"/nowhere\"", []string{"/nowhere"}},
		{"[set]\nprotocol.validation = 200\nlayers.s2.learn.epochs = 0", []string{"layers.s2.learn.epochs is 0: the last layer learns nothing"}},
		{small + "[derive]\ndata.limit = \"100 * seed\"", []string{"nothing can follow from the seed"}},
		{"only = [\"seed > 3\"]" + small, []string{"nothing can follow from the seed"}},
		{"[set]\nprotocol.validation = 100\n[search]\nkind = \"halving\"\nepochs = [1, 2]\n[derive]\nlayers.s2.learn.a_plus = \"0.02 / layers.s2.learn.epochs\"", []string{"the same settings in all rungs", "layers.s2.learn.epochs"}},
		{small + "[derive]\nlayers.s1.threshold = \"now().Unix() / 1e8\"", []string{"unknown name now"}},
		{"[search]\nkind = \"halving\"\nkeep = nan\nepochs = [3, 9]", []string{"search.keep: NaN must be"}},
		{"[search]\nkind = \"halving\"\nepochs = [3, 9223372036854775807]", []string{"from 1 to 1000000"}},
		{axis + "range = { from = 1, to = 2, step = 5 }", []string{"the step of 5 is longer than the range"}},
	} {
		_, err := tryPlan(c.text)
		if err == nil {
			t.Errorf("%q: no fault", c.text)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q:\n%v\nit does not say %q", c.text, err, want)
			}
		}
	}
}

// Whatever ranges say, levels are distinct, within the range, and in order.
func TestLevelsWithinRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(-1e6, 1e6).Draw(t, "from")
		span := &sweep.Span{From: from, To: from + rapid.Float64Range(1e-3, 1e6).Draw(t, "length"), Count: rapid.IntRange(2, 50).Draw(t, "count")}
		a := sweep.Axis{Path: "x", Range: span}
		if rapid.Bool().Draw(t, "log") {
			span.From = math.Abs(span.From) + 1e-6
			span.To = span.From * rapid.Float64Range(1.001, 1e6).Draw(t, "factor")
			a = sweep.Axis{Path: "x", Log: span}
		}
		last := math.Inf(-1)
		for _, l := range a.Levels() {
			var v float64
			fmt.Sscan(l[0], &v)
			if room := 1e-9 * max(math.Abs(span.From), math.Abs(span.To)); v < span.From-room || v > span.To+room || v <= last {
				t.Fatalf("%v after %v, of %v to %v", v, last, span.From, span.To)
			}
			last = v
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("seeds = 2\n[set]\ndata.limit = 3\n[[axis]]\npath = \"layers.s1.threshold\"\nvalues = [1, 2]")
	f.Add("[search]\nkind = \"sobol\"\npoints = 3\n[[axis]]\npath = \"layers.s1.threshold\"\nrange = { from = 1, to = 3 }\nwhole = true\nwhen = \"seed > 3\"")
	f.Add("only = [\"1 in 2\"]\n[derive]\nseed = \"3 / 0\"")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := tryPlan(text)
		if err == nil && len(p.Points) == 0 {
			t.Error("a plan without points, and no fault")
		}
	})
}
