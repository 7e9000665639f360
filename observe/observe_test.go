package observe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/eventfile"
	"firstspike/figure"
	"firstspike/observe"
	"firstspike/snn"
	"firstspike/train"
)

// small is an experiment that takes a moment: two layers, three epochs, 250
// images each.
func small() train.Experiment {
	return train.Experiment{
		Name: "small", Seed: 1<<53 + 1,
		Data:     train.Data{Source: "mnist", Rows: 28, Cols: 28, Classes: 10, Limit: 300},
		Protocol: train.Protocol{Kind: train.ProtocolValidation, Validation: 50},
		Encode: encode.Config{
			Steps:   15,
			Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
			Pad:     3, Threshold: 50, Normalise: 8,
		},
		Layers: []train.Layer{
			{Name: "s1", Maps: 8, Kernel: snn.Size{Rows: 5, Cols: 5}, Stride: 1, Pad: 2, Threshold: 6, Fires: snn.Above,
				Weights: train.Normal{Mean: 0.8, Std: 0.05}, Pool: train.Pool{Window: 6, Stride: 6}, Learn: train.Learn{
					Rule: train.RuleSTDP, Epochs: 2, K: 5, Radius: 1, Pointwise: true,
					APlus: 0.004, AMinus: -0.003, Stabiliser: true, Upper: 1,
					Doubling: train.Doubling{Every: 100, Max: 0.15, Ratio: -0.5},
				}},
			{Name: "s2", Maps: 20, Kernel: snn.Size{Rows: 4, Cols: 4}, Stride: 1, Threshold: math.Inf(1), Fires: snn.Above,
				Weights: train.Normal{Mean: 0.8, Std: 0.05}, Learn: train.Learn{
					Rule: train.RuleRSTDP, Epochs: 3, K: 1, APlus: 0.004, AMinus: -0.003, Lower: 0.2, Upper: 0.8,
					Punish: train.Punish{APlus: -0.004, AMinus: 0.0005, Adapt: 300},
				}},
		},
	}
}

// data are the images of a training.
func data(t *testing.T) train.Options {
	t.Helper()
	learn, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return train.Options{Train: learn, Test: test.Limit(50), Workers: 2}
}

// runOf trains an experiment, and returns its folder.
func runOf(t *testing.T, e train.Experiment) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	trainer, err := train.Create(dir, e, data(t))
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, dir string) *observe.Run {
	t.Helper()
	r, err := observe.ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sheet is a picture of a layer.
func sheet(*train.Model, int) (figure.Figure, error) { return figure.Sheet{Heading: "features"}, nil }

// export writes all of a run for TensorBoard.
func export(t *testing.T, to string, r *observe.Run) {
	t.Helper()
	tb, err := observe.NewTensorBoard(to, r)
	if err == nil {
		err = errors.Join(tb.Images(r, sheet), tb.Outcome(r), tb.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A point is an event of a tag.
type point struct {
	step  int64
	time  float64
	value eventfile.Value
}

// events are what TensorBoard sees in a folder: all files after one another,
// without what a restart makes void.
func events(t *testing.T, dir string) map[string][]point {
	t.Helper()
	tags := map[string][]point{}
	for _, path := range files(t, dir) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for r := eventfile.NewReader(bytes.NewReader(content)); ; {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if e.Restart {
				for tag, points := range tags {
					var valid []point
					for _, p := range points {
						if p.step < e.Step {
							valid = append(valid, p)
						}
					}
					tags[tag] = valid
				}
			}
			for _, v := range e.Values {
				tags[v.Tag] = append(tags[v.Tag], point{e.Step, e.Time, v})
			}
		}
	}
	return tags
}

// sameAsMetrics compares scalars and histograms with the run's metrics.jsonl.
// speed says whether that of every epoch was measured once.
func sameAsMetrics(t *testing.T, tags map[string][]point, r *observe.Run, speed bool) {
	t.Helper()
	want := map[string][]point{}
	for _, e := range r.Epochs {
		at := float64(r.Started.UnixNano())/1e9 + e.Seconds
		add := func(name string, v float64) {
			tag := e.Layer + "/" + name
			want[tag] = append(want[tag], point{int64(e.Presentations), at, eventfile.Value{Scalar: v}})
		}
		for of, s := range map[string]*train.Score{"train": e.Train, "validation": e.Validation, "test": e.Test} {
			if s != nil {
				add(of+"/right", float64(s.Right)/float64(s.Images()))
				add(of+"/wrong", float64(s.Wrong)/float64(s.Images()))
				add(of+"/silent", float64(s.Silent)/float64(s.Images()))
			}
		}
		add("convergence", e.Convergence)
		add("images_per_second", e.PerSecond)
		add("weights", 0)
	}
	for tag, points := range want {
		have := tags[tag]
		if len(have) != len(points) {
			t.Fatalf("%s has %d points; the run has %d", tag, len(have), len(points))
		}
		for i, p := range points {
			same := have[i].step == p.step
			if speed || !strings.HasSuffix(tag, "images_per_second") {
				same = same && float32(have[i].value.Scalar) == float32(p.value.Scalar)
			}
			if speed {
				same = same && math.Abs(have[i].time-p.time) < 1e-4
			}
			if !same {
				t.Errorf("%s: %+v; the run has %+v", tag, have[i], p)
			}
		}
	}
	for tag := range tags {
		if _, ok := want[tag]; !ok && !strings.Contains(tag, "/rates/") && !strings.HasSuffix(tag, "/features") &&
			!strings.HasPrefix(tag, "_hparams_") && !strings.HasPrefix(tag, "result/") && tag != "experiment" {
			t.Errorf("%s is not in the run", tag)
		}
	}
}

// What is exported is what the run has.
func TestTensorBoard(t *testing.T) {
	for _, protocol := range []string{train.ProtocolValidation, train.ProtocolPaper} {
		t.Run(protocol, func(t *testing.T) {
			e := small()
			e.Protocol.Kind = protocol
			r := read(t, runOf(t, e))
			logs := filepath.Join(t.TempDir(), "logs")
			if observe.HasEvents(logs) {
				t.Error("events in a folder that is not there")
			}
			export(t, logs, r)
			tags := events(t, logs)
			sameAsMetrics(t, tags, r, true)

			// Histograms have the counts of the run between the layer's bounds.
			for i, e := range r.Epochs[2:] {
				buckets := tags["s2/weights"][i].value.Buckets
				if len(buckets) != 40 || buckets[0].Left != .2 || math.Abs(buckets[39].Right-.8) > 1e-12 {
					t.Fatalf("%v", buckets)
				}
				for j, b := range buckets {
					if b.Count != float64(e.Weights[j]) || j > 0 && b.Left != buckets[j-1].Right {
						t.Errorf("epoch %d: %v, want %d", i, b, e.Weights[j])
					}
				}
			}

			// A picture stands where the weights that it shows were learned.
			steps := map[string]int{"s1/features": r.Epochs[1].Presentations, "s2/features": r.Epochs[4].Presentations}
			if protocol == train.ProtocolValidation {
				steps["s2/features"] = r.Epochs[2+r.Model.State.Report.Epoch].Presentations
			}
			for tag, step := range steps {
				p := tags[tag]
				if len(p) != 1 || p[0].step != int64(step) || p[0].value.Plugin != "images" || p[0].value.Width < 500 {
					t.Errorf("%s: %+v, want one at %d", tag, p, step)
				}
			}

			score := r.Model.State.Report.Test.Score
			for tag, n := range map[string]int{"right": score.Right, "wrong": score.Wrong, "silent": score.Silent} {
				if p := tags["result/"+tag]; len(p) != 1 || p[0].value.Scalar != float64(float32(float64(n)/50)) || p[0].step != int64(r.Epochs[4].Presentations) {
					t.Errorf("result/%s: %+v", tag, p)
				}
			}

			settings := tags["_hparams_/session_start_info"][0].value.Settings
			if len(settings) != len(r.Model.Experiment.Paths()) {
				t.Errorf("%d settings of %d", len(settings), len(r.Model.Experiment.Paths()))
			}
			for path, want := range map[string]any{
				"layers.s1.threshold": 6., "layers.s2.threshold": "+Inf", "layers.s1.learn.pointwise": true,
				"layers.s1.kernel": "5x5", "seed": "9007199254740993", "protocol.kind": protocol,
			} {
				if settings[path] != want {
					t.Errorf("%s = %#v, want %#v", path, settings[path], want)
				}
			}
			if text := tags["experiment"][0].value.Text; !strings.Contains(text, "threshold = 6") {
				t.Error(text)
			}

			// Once more adds nothing.
			export(t, logs, r)
			if again := events(t, logs); !reflect.DeepEqual(again, tags) {
				t.Errorf("the second time it is %v", again)
			}
		})
	}
}

// The rates follow the schedule and the score.
func TestRates(t *testing.T) {
	r := read(t, runOf(t, small()))
	logs := t.TempDir()
	export(t, logs, r)
	tags := events(t, logs)
	score := func(epoch int) train.Score { return *r.Epochs[2+epoch].Train }
	share := func(n int) float64 { return float64(n) / 250 }
	for tag, want := range map[string][]float64{
		// Doubled twice in the first 250 images, and five times in 500.
		"s1/rates/a_plus":  {.004 * 4, .004 * 32},
		"s1/rates/a_minus": {.004 * 4 * -.5, .004 * 32 * -.5},
		// Adapted from 300 images on, which is in the second epoch.
		"s2/rates/a_plus":         {.004, .004 * share(score(1).Wrong), .004 * share(score(2).Wrong)},
		"s2/rates/a_minus":        {-.003, -.003 * share(score(1).Wrong), -.003 * share(score(2).Wrong)},
		"s2/rates/punish_a_plus":  {-.004, -.004 * share(score(1).Right), -.004 * share(score(2).Right)},
		"s2/rates/punish_a_minus": {.0005, .0005 * share(score(1).Right), .0005 * share(score(2).Right)},
	} {
		points := tags[tag]
		if len(points) != len(want) {
			t.Fatalf("%s: %+v", tag, points)
		}
		for i, p := range points {
			if math.Abs(p.value.Scalar-want[i]) > 1e-7 {
				t.Errorf("%s, epoch %d: %v, want %v", tag, i, p.value.Scalar, want[i])
			}
		}
	}
}

// In the middle of an epoch a layer is shown as it is, and none that has not
// begun to learn.
func TestUnfinished(t *testing.T) {
	whole := read(t, runOf(t, small()))
	for _, c := range []struct {
		state  train.State
		epochs int
		want   map[string]int64 // the steps of pictures
	}{
		{train.State{}, 0, map[string]int64{}},
		{train.State{Image: 5, Presentations: 5}, 0, map[string]int64{"s1/features": 5}},
		{train.State{Epoch: 1, Presentations: 250}, 1, map[string]int64{"s1/features": 250}},
		{train.State{Layer: 1, Image: 7, Presentations: 507}, 2, map[string]int64{"s1/features": 500, "s2/features": 507}},
		{train.State{Layer: 1, Epoch: 1, Image: 10, Presentations: 760, Best: &train.Best{}}, 3, map[string]int64{"s1/features": 500, "s2/features": 750}},
	} {
		model := *whole.Model
		model.State = c.state
		r := &observe.Run{Name: "run", Model: &model, Started: whole.Started, Epochs: whole.Epochs[:c.epochs]}
		logs := t.TempDir()
		export(t, logs, r)
		have := map[string]int64{}
		tags := events(t, logs)
		for tag, points := range tags {
			if points[0].value.Plugin == "images" {
				have[tag] = points[0].step
			}
		}
		if !reflect.DeepEqual(have, c.want) || len(tags["result/right"]) > 0 {
			t.Errorf("%+v: %v, want %v; %v", c.state, have, c.want, tags["result/right"])
		}
		sameAsMetrics(t, tags, r, true)
	}
}

// A folder is for one run.
func TestForeignEvents(t *testing.T) {
	r := read(t, runOf(t, small()))
	var loss bytes.Buffer
	if w, err := eventfile.NewWriter(&loss, r.Started); err != nil || w.Scalar(r.Started, 1, "loss", 1) != nil {
		t.Fatal(err)
	}
	later := *r
	later.Started = r.Started.Add(time.Microsecond)
	// Side by side two seeds can start at the same time.
	model := *r.Model
	model.Experiment.Seed++
	beside := *r
	beside.Model = &model
	for what, fill := range map[string]func(dir string){
		"a later run":     func(dir string) { export(t, dir, &later) },
		"another seed":    func(dir string) { export(t, dir, &beside) },
		"another program": func(dir string) { foreign(t, dir, loss.Bytes()) },
		"something else":  func(dir string) { foreign(t, dir, []byte("this is no event file at all")) },
	} {
		logs := t.TempDir()
		fill(logs)
		if !observe.HasEvents(logs) {
			t.Errorf("%s: no events are seen", what)
		}
		if _, err := observe.NewTensorBoard(logs, r); err == nil || !strings.Contains(err.Error(), "choose another folder") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func foreign(t *testing.T, dir string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "events.out.tfevents.1"), content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// What cannot be written is told, and stops nothing.
func TestFullDisk(t *testing.T) {
	r := read(t, runOf(t, small()))
	full := errors.New("no space left")
	for name, table := range map[string]*observe.Table{"CSV": observe.NewCSV(failing{full}, r), "JSON lines": observe.NewJSONLines(failing{full}, r)} {
		table.Observe(r.Epochs[0])
		if !errors.Is(table.Err(), full) {
			t.Errorf("%s: %v", name, table.Err())
		}
	}
	logs := filepath.Join(t.TempDir(), "logs")
	tb, err := observe.NewTensorBoard(logs, r)
	if err != nil {
		t.Fatal(err)
	}
	tb.Close()
	end := r.Epochs[4]
	end.Presentations++
	tb.Observe(end)
	if err := tb.Close(); err == nil || !strings.Contains(err.Error(), logs) {
		t.Errorf("%v", err)
	}
	if _, err := observe.NewTensorBoard(files(t, logs)[0], r); err == nil {
		t.Error("a file was taken for a folder")
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	return list
}
