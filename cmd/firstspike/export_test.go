package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"firstspike/eventfile"
	"firstspike/train"
)

// checkEvents checks that the event files in a folder have what a run has, once:
// "check-events DIR RUN".
func checkEvents(args []string) error {
	epochs, err := train.ReadEpochs(args[1])
	if err != nil {
		return err
	}
	report, err := train.ReadReport(args[1])
	if err != nil {
		return err
	}
	want := map[string]float64{"result/right/" + strconv.Itoa(report.Presentations): report.Test.Accuracy()}
	pictures := map[string]bool{}
	for _, e := range epochs {
		key := func(tag string) string { return fmt.Sprintf("%s/%s/%d", e.Layer, tag, e.Presentations) }
		want[key("convergence")] = e.Convergence
		if e.Train != nil {
			want[key("train/right")] = e.Train.Accuracy()
		}
		if e.Validation != nil {
			want[key("validation/right")] = e.Validation.Accuracy()
		}
		pictures[e.Layer+"/features"] = true
	}
	files, err := filepath.Glob(filepath.Join(args[0], "*tfevents*"))
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for r := eventfile.NewReader(f); ; {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			for _, v := range e.Values {
				key := fmt.Sprintf("%s/%d", v.Tag, e.Step)
				if seen[key] {
					return fmt.Errorf("%s is there twice", key)
				}
				seen[key] = true
				if value, ok := want[key]; ok && v.Scalar != float64(float32(value)) {
					return fmt.Errorf("%s is %v; the run has %v", key, v.Scalar, value)
				}
				delete(want, key)
				if v.Plugin == "images" {
					picture, err := png.Decode(bytes.NewReader(v.PNG))
					if err != nil || picture.Bounds().Dx() != v.Width || picture.Bounds().Dy() != v.Height {
						return fmt.Errorf("%s: %v", key, err)
					}
					delete(pictures, v.Tag)
				}
			}
		}
	}
	if len(want)+len(pictures) > 0 {
		return fmt.Errorf("missing are %v and %v", want, pictures)
	}
	return nil
}

// checkTables checks that a CSV file and a file of JSON lines have what a run
// has: "check-tables FILE.csv FILE.jsonl RUN".
func checkTables(args []string) error {
	epochs, err := train.ReadEpochs(args[2])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return err
	}
	if text, err = os.ReadFile(args[1]); err != nil {
		return err
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(rows) != len(epochs)+1 || len(lines) != len(epochs) {
		return fmt.Errorf("%d rows and %d lines of %d epochs", len(rows)-1, len(lines), len(epochs))
	}
	for i, e := range epochs {
		var line struct {
			Layer         string
			Epoch         int
			Presentations int
			Convergence   float64
			TrainRight    float64 `json:"train_right"`
		}
		if err := json.Unmarshal(lines[i], &line); err != nil {
			return err
		}
		want := line
		want.Layer, want.Epoch, want.Presentations, want.Convergence = e.Layer, e.Epoch, e.Presentations, e.Convergence
		cells := map[string]string{"layer": e.Layer, "epoch": fmt.Sprint(e.Epoch), "presentations": fmt.Sprint(e.Presentations), "convergence": fmt.Sprint(e.Convergence)}
		if want.TrainRight = 0; e.Train != nil {
			want.TrainRight = e.Train.Accuracy()
			cells["train_right"] = fmt.Sprint(want.TrainRight)
		}
		if line != want {
			return fmt.Errorf("%s is not %+v", lines[i], want)
		}
		for c, name := range rows[0] {
			if cell, ok := cells[name]; ok && rows[i+1][c] != cell {
				return fmt.Errorf("%s of epoch %d is %s, not %s", name, i, rows[i+1][c], cell)
			}
			delete(cells, name)
		}
		if len(cells) > 0 {
			return fmt.Errorf("columns are missing: %v", cells)
		}
	}
	return nil
}
