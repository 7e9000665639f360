package observe_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"firstspike/observe"
	"firstspike/train"
)

// TensorBoard itself reads what is written, by a training that was interrupted
// and resumed. FIRSTSPIKE_PYTHON names a Python that has it.
func TestRealTensorBoard(t *testing.T) {
	python := os.Getenv("FIRSTSPIKE_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import tensorboard").Run(); err != nil {
		t.Skipf("%s has no tensorboard: %v", python, err)
	}
	dir, logs := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "logs")
	o := data(t)
	trainer, err := train.Create(dir, small(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	tb, err := observe.NewTensorBoard(logs, read(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	trainer.Watch(stopAfter(3, stop, tb))
	trainer.Run(ctx)
	trainer.Close()
	tb.Close()
	if trainer, err = train.Resume(dir, o); err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := read(t, dir)
	export(t, logs, r)

	const script = `
import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
from tensorboard.plugins.hparams import metadata
a = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0}); a.Reload()
plugin = lambda tag: a.SummaryMetadata(tag).plugin_data
start = metadata.parse_session_start_info_plugin_data(plugin("_hparams_/session_start_info").content)
print(json.dumps({
    "scalars": {t: [[e.step, float(tensor_util.make_ndarray(e.tensor_proto))] for e in a.Tensors(t)] for t in a.Tags()["tensors"] if plugin(t).plugin_name == "scalars"},
    "others": {t: [e.step for e in a.Tensors(t)] for t in a.Tags()["tensors"] if plugin(t).plugin_name != "scalars"},
    "counts": [row[2] for row in tensor_util.make_ndarray(a.Tensors("s2/weights")[1].tensor_proto).tolist()],
    "run": start.group_name,
    "threshold": start.hparams["layers.s1.threshold"].number_value,
    "infinite": start.hparams["layers.s2.threshold"].string_value,
}))
`
	out, err := exec.Command(python, "-c", script, logs).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var have struct {
		Scalars   map[string][][2]float64
		Others    map[string][]int64
		Counts    []float64
		Run       string
		Threshold float64
		Infinite  string
	}
	if err := json.Unmarshal(out, &have); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tags := events(t, logs)
	for tag, points := range tags {
		if points[0].value.Plugin != "scalars" {
			if steps := have.Others[tag]; len(steps) != len(points) || steps[len(steps)-1] != points[len(points)-1].step {
				t.Errorf("%s: TensorBoard has %v of %d points", tag, steps, len(points))
			}
			continue
		}
		list := have.Scalars[tag]
		if len(list) != len(points) {
			t.Fatalf("%s: TensorBoard has %v of %d points", tag, list, len(points))
		}
		for i, p := range points {
			if list[i] != [2]float64{float64(p.step), p.value.Scalar} {
				t.Errorf("%s: TensorBoard has %v, not %+v", tag, list[i], p)
			}
		}
	}
	if len(have.Scalars)+len(have.Others) != len(tags) {
		t.Errorf("TensorBoard has %d scalars and %d others of %d tags", len(have.Scalars), len(have.Others), len(tags))
	}
	for i, n := range r.Epochs[3].Weights {
		if have.Counts[i] != float64(n) {
			t.Errorf("TensorBoard counts %v weights in part %d, not %d", have.Counts[i], i, n)
		}
	}
	if have.Run != "run" || have.Threshold != 6 || have.Infinite != "+Inf" {
		t.Errorf("%+v", have)
	}
}
