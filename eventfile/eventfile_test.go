package eventfile

import (
	gobytes "bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.UnixMicro(1_700_000_000_500_000)

// What is written is read back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file gobytes.Buffer
		w, err := NewWriter(&file, noon)
		if err != nil {
			t.Fatal(err)
		}
		want := []Event{{Time: stamp(noon), Version: "brain.Event:2"}}
		for i := range rapid.IntRange(0, 8).Draw(t, "events") {
			at := noon.Add(time.Duration(i) * time.Second)
			step := rapid.Int64().Draw(t, "step")
			e := Event{Time: stamp(at), Step: step}
			v := Value{Tag: rapid.String().Draw(t, "tag")}
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				v.Plugin, v.Scalar = "scalars", float64(rapid.Float32().Draw(t, "scalar"))
				err = w.Scalar(at, step, v.Tag, v.Scalar)
			case 1:
				v.Plugin, v.Width, v.Height = "images", rapid.IntRange(0, 9999).Draw(t, "width"), rapid.IntRange(0, 9999).Draw(t, "height")
				v.PNG = rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "png")
				err = w.Image(at, step, v.Tag, v.Width, v.Height, v.PNG)
			case 2:
				v.Plugin = "histograms"
				for range rapid.IntRange(1, 50).Draw(t, "buckets") {
					v.Buckets = append(v.Buckets, Bucket{rapid.Float64().Draw(t, "left"), rapid.Float64().Draw(t, "right"), rapid.Float64().Draw(t, "count")})
				}
				err = w.Histogram(at, step, v.Tag, v.Buckets)
			case 3:
				v.Plugin, v.Text = "text", rapid.String().Draw(t, "text")
				err = w.Text(at, step, v.Tag, v.Text)
			case 4:
				e.Restart = true
				err = w.Restart(at, step)
			case 5:
				settings := []Setting{{"rate", rapid.Float64().Draw(t, "rate")}, {"on", rapid.Bool().Draw(t, "on")}, {"rule", rapid.String().Draw(t, "rule")}}
				err = w.Settings(at, "run", settings, []string{"right"})
				e.Step = 0
				v.Tag, v.Plugin, v.Settings = "_hparams_/experiment", "hparams", map[string]any{}
				want = append(want, Event{Time: e.Time, Values: []Value{v}})
				v.Tag, v.Settings = "_hparams_/session_start_info", map[string]any{"rate": settings[0].Value, "on": settings[1].Value, "rule": settings[2].Value}
			}
			if err != nil {
				t.Fatal(err)
			}
			if !e.Restart {
				e.Values = []Value{v}
			}
			want = append(want, e)
		}
		r := NewReader(gobytes.NewReader(file.Bytes()))
		for i, event := range want {
			got, err := r.Next()
			if err != nil || !reflect.DeepEqual(got, event) {
				t.Fatalf("event %d: %+v, %v; want %+v", i, got, err, event)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}

		// A file that is cut off, or in which a bit has changed, is noticed.
		whole := file.Bytes()
		cut := rapid.IntRange(0, len(whole)-1).Draw(t, "cut")
		if err := all(whole[:cut]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut off after %d of %d bytes: %v", cut, len(whole), err)
		}
		whole[cut] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if err := all(whole); err == nil {
			t.Fatalf("byte %d changed, and nothing noticed", cut)
		}
	})
}

func all(file []byte) error {
	for r := NewReader(gobytes.NewReader(file)); ; {
		if _, err := r.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// The first record of a file, as TensorFlow writes it.
func TestVersionRecord(t *testing.T) {
	var file gobytes.Buffer
	if _, err := NewWriter(&file, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	got := hex.EncodeToString(file.Bytes())
	// length 26, its checksum; 09 and 1.0 as double; 10 00; 1a 0d "brain.Event:2".
	want := "1a00000000000000" + got[16:24] + "09000000000000f03f" + "1000" + "1a0d" + hex.EncodeToString([]byte("brain.Event:2")) + got[len(got)-8:]
	if got != want {
		t.Errorf("%s\n%s", got, want)
	}
	// The checksum of 32 zeros by RFC 3720 is 8a9136aa; masked as records are.
	c := uint32(0x8a9136aa)
	if got, want := checksum(make([]byte, 32)), (c>>15|c<<17)+0xa282ead8; got != want {
		t.Errorf("checksum %x, want %x", got, want)
	}
}

func FuzzReader(f *testing.F) {
	var file gobytes.Buffer
	w, _ := NewWriter(&file, noon)
	w.Scalar(noon, 1, "right", .5)
	w.Image(noon, 2, "features", 3, 4, []byte("png"))
	w.Histogram(noon, 3, "weights", []Bucket{{0, 1, 5}})
	w.Settings(noon, "run", []Setting{{"seed", 1.}}, nil)
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		all(b)
		event(b) // behind the checksums
	})
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		w, f, err := Create(dir, noon, "s1")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Scalar(noon, 1, "x", 2), f.Close()); err != nil {
			t.Fatal(err)
		}
		if err := w.Scalar(noon, 1, "x", 2); err == nil {
			t.Error("a closed file was written")
		}
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "events.out.tfevents.1700000000.s1.[01]")); len(names) != 2 {
		t.Errorf("%v", names)
	}
}

// TensorBoard itself reads what is written. FIRSTSPIKE_PYTHON names a Python
// that has it.
func TestTensorBoard(t *testing.T) {
	python := os.Getenv("FIRSTSPIKE_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import tensorboard").Run(); err != nil {
		t.Skipf("%s has no tensorboard: %v", python, err)
	}
	dir := t.TempDir()
	w, f, err := Create(dir, noon, "test")
	if err != nil {
		t.Fatal(err)
	}
	png, _ := hex.DecodeString("89504e470d0a1a0a0000000d4948445200000001000000010806000000" +
		"1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")
	for step := range int64(3) {
		err = errors.Join(err, w.Scalar(noon, step, "test/right", .25*float64(step)),
			w.Histogram(noon, step, "s1/weights", []Bucket{{0, .5, 3}, {.5, 1, float64(step)}}))
	}
	err = errors.Join(err, w.Image(noon, 2, "s1/features", 1, 1, png), w.Text(noon, 0, "experiment", "**words**"),
		w.Settings(noon, "run", []Setting{{"seed", 1.}, {"rule", "stdp"}, {"shuffle", true}}, []string{"test/right"}), f.Close())
	if err != nil {
		t.Fatal(err)
	}
	const script = `
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
from tensorboard.plugins.hparams import metadata
a = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0}); a.Reload()
print(sorted(a.Tags()["tensors"]))
print([(e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in a.Tensors("test/right")])
print(tensor_util.make_ndarray(a.Tensors("s1/weights")[2].tensor_proto).tolist())
print([len(x) for x in a.Tensors("s1/features")[0].tensor_proto.string_val])
print({t: a.SummaryMetadata(t).plugin_data.plugin_name for t in sorted(a.Tags()["tensors"])})
s = metadata.parse_session_start_info_plugin_data(a.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
print(s.group_name, s.hparams["seed"].number_value, s.hparams["rule"].string_value, s.hparams["shuffle"].bool_value)
x = metadata.parse_experiment_plugin_data(a.SummaryMetadata("_hparams_/experiment").plugin_data.content)
print([(h.name, h.type) for h in x.hparam_infos], [m.name.tag for m in x.metric_infos])
`
	out, err := exec.Command(python, "-c", script, dir).CombinedOutput()
	want := `['_hparams_/experiment', '_hparams_/session_start_info', 'experiment', 's1/features', 's1/weights', 'test/right']
[(0, 0.0), (1, 0.25), (2, 0.5)]
[[0.0, 0.5, 3.0], [0.5, 1.0, 2.0]]
[1, 1, ` + fmt.Sprint(len(png)) + `]
{'_hparams_/experiment': 'hparams', '_hparams_/session_start_info': 'hparams', 'experiment': 'text', 's1/features': 'images', 's1/weights': 'histograms', 'test/right': 'scalars'}
run 1.0 stdp True
[('seed', 3), ('rule', 1), ('shuffle', 2)] ['test/right']
`
	if err != nil || !strings.HasSuffix(string(out), want) {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
	if math.Abs(stamp(noon)-1700000000.5) > 1e-6 {
		t.Error(stamp(noon))
	}
}
