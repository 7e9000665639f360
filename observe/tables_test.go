package observe_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"firstspike/observe"
	"firstspike/train"
)

// Tables have what the run has, and the same whether it was watched or read.
func TestTables(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	trainer, err := train.Create(dir, small(), data(t))
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	begun := read(t, dir)
	var live, file [2]bytes.Buffer
	rows, lines := observe.NewCSV(&live[0], begun), observe.NewJSONLines(&live[1], begun)
	trainer.Watch(train.ObserverFunc(func(e train.Event) {
		rows.Observe(e)
		lines.Observe(e)
	}))
	if _, err := trainer.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := read(t, dir)
	err = errors.Join(rows.Err(), lines.Err(), observe.NewCSV(&file[0], r).Err(), observe.NewJSONLines(&file[1], r).Err())
	if err != nil {
		t.Fatal(err)
	}
	for i := range live {
		if live[i].String() != file[i].String() {
			t.Errorf("watched:\n%s\nread:\n%s", &live[i], &file[i])
		}
	}

	table, err := csv.NewReader(&file[0]).ReadAll()
	if err != nil || len(table) != 6 {
		t.Fatalf("%v, %v", table, err)
	}
	objects := json.NewDecoder(&file[1])
	for i, e := range r.Epochs {
		want := map[string]any{
			"layer": e.Layer, "epoch": float64(e.Epoch), "epochs": float64(e.Epochs), "presentations": float64(e.Presentations),
			"seconds": e.Seconds, "best": e.Best, "cached": e.Cached, "convergence": e.Convergence, "images_per_second": e.PerSecond,
		}
		for of, s := range map[string]*train.Score{"train": e.Train, "validation": e.Validation, "test": e.Test} {
			if s != nil {
				n := float64(s.Images())
				want[of+"_right"], want[of+"_wrong"], want[of+"_silent"] = float64(s.Right)/n, float64(s.Wrong)/n, float64(s.Silent)/n
			}
		}
		var object map[string]any
		if err := objects.Decode(&object); err != nil {
			t.Fatal(err)
		}
		for c, name := range table[0] {
			cell, inObject := table[i+1][c], object[name]
			if (cell == "") != (inObject == nil) {
				t.Errorf("epoch %d: %s is %q in CSV and %v in JSON", i, name, cell, inObject)
			}
			var value any = cell
			switch inObject.(type) {
			case bool:
				value = cell == "true"
			case float64:
				value, err = strconv.ParseFloat(cell, 64)
			}
			if inObject != nil && (err != nil || value != inObject) {
				t.Errorf("epoch %d: %s is %q in CSV and %v in JSON", i, name, cell, inObject)
			}
			if !strings.HasPrefix(name, "rates_") && inObject != want[name] {
				t.Errorf("epoch %d: %s is %v, want %v", i, name, inObject, want[name])
			}
			delete(object, name)
		}
		if len(object) > 0 {
			t.Errorf("epoch %d: only JSON has %v", i, object)
		}
	}
}

// Numbers that are not finite are told in CSV, and left out of JSON.
func TestNotFinite(t *testing.T) {
	r := &observe.Run{Model: &train.Model{Experiment: small()}, Epochs: []train.EpochEnd{{Layer: "s1", Epochs: 2, Presentations: 250, Convergence: math.NaN(), PerSecond: math.Inf(1)}}}
	var rows, lines bytes.Buffer
	if err := errors.Join(observe.NewCSV(&rows, r).Err(), observe.NewJSONLines(&lines, r).Err()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(rows.String(), ",NaN,+Inf,") {
		t.Error(rows.String())
	}
	var object map[string]any
	if err := json.Unmarshal(lines.Bytes(), &object); err != nil || object["convergence"] != nil || object["layer"] != "s1" {
		t.Errorf("%v: %s", err, &lines)
	}
}
