package observe

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"strconv"
	"time"

	"firstspike/eventfile"
	"firstspike/figure"
	"firstspike/train"
)

// A TensorBoard writes a run into an event file. It is a [train.Observer]:
// every epoch that ends is written. If that fails the training goes on; Close
// tells.
type TensorBoard struct {
	run     *Run
	w       *eventfile.Writer
	file    *os.File
	err     error // the first
	written written
}

// NewTensorBoard begins an event file of a run in a folder, which is made if it
// is not there: the settings, the experiment as text, and all epochs so far,
// except for what earlier event files of the same run have. So a run that is
// resumed, or exported again, goes on where they end. A folder with event files
// of anything else is refused: TensorBoard takes all that is in a folder for one
// run.
func NewTensorBoard(dir string, r *Run) (*TensorBoard, error) {
	files, err := eventFiles(dir)
	if err != nil {
		return nil, err
	}
	t := &TensorBoard{run: r, written: written{}}
	for _, path := range files {
		if err := t.written.read(path, r); err != nil {
			return nil, err
		}
	}
	text, err := r.Model.Experiment.TOML()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if t.w, t.file, err = eventfile.Create(dir, now, "firstspike"); err != nil {
		return nil, err
	}
	if len(t.written) == 0 {
		// TensorBoard believes that a run starts again only if it has started.
		t.keep(t.w.Restart(now, 0))
		t.keep(t.w.Settings(r.Started, r.Name, settings(r.Model.Experiment), metrics(r.Model.Experiment)))
		t.keep(t.w.Text(r.Started, 0, "experiment", "```\n"+string(text)+"```\n"))
	}
	for _, end := range r.Epochs {
		t.epoch(end)
	}
	if t.err != nil {
		return nil, t.Close()
	}
	return t, nil
}

// settings are all fields of an experiment, by their paths.
func settings(e train.Experiment) []eventfile.Setting {
	var list []eventfile.Setting
	for _, path := range e.Paths() {
		text, _ := e.Value(path)
		list = append(list, eventfile.Setting{Name: path, Value: typed(text)})
	}
	return list
}

// typed is a value as a number or a bool, if it is one. What a double cannot
// hold, and what JSON cannot, stays text.
func typed(text string) any {
	if x, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
		if n, err := strconv.ParseUint(text, 10, 64); err != nil || n <= 1<<53 {
			return x
		}
		return text
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	return text
}

// metrics are the tags by which runs are compared.
func metrics(e train.Experiment) []string {
	last := e.Layers[len(e.Layers)-1]
	list := []string{"result/right", "result/wrong", "result/silent"}
	if e.Protocol.Kind == train.ProtocolPaper {
		list = append(list, last.Name+"/test/right")
	} else {
		list = append(list, last.Name+"/validation/right")
	}
	if last.Learn.Rule == train.RuleRSTDP {
		list = append(list, last.Name+"/train/right")
	}
	return list
}

// keep keeps the first error.
func (t *TensorBoard) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}

// at is the time of so many seconds of training.
func (t *TensorBoard) at(seconds float64) time.Time {
	return t.run.Started.Add(time.Duration(seconds * float64(time.Second)))
}

// Observe writes an epoch that has ended.
func (t *TensorBoard) Observe(e train.Event) {
	if end, ok := e.(train.EpochEnd); ok {
		t.epoch(end)
	}
}

func (t *TensorBoard) epoch(end train.EpochEnd) {
	at, step := t.at(end.Seconds), int64(end.Presentations)
	have := scalars(t.run.Model.Experiment, end)
	if t.written.has(end.Layer, have, step) {
		return
	}
	if t.written.reach(step) {
		t.keep(t.w.Restart(time.Now(), step))
		t.written.forget(step)
	}
	// The scalars, by which an epoch is known to be there, come last.
	if buckets := t.buckets(end); buckets != nil {
		t.keep(t.w.Histogram(at, step, end.Layer+"/weights", buckets))
	}
	for _, s := range have {
		t.keep(t.w.Scalar(at, step, end.Layer+"/"+s.name, s.value))
	}
}

// buckets are the weights of an epoch's layer.
func (t *TensorBoard) buckets(end train.EpochEnd) []eventfile.Bucket {
	var list []eventfile.Bucket
	for _, l := range t.run.Model.Experiment.Layers {
		if l.Name != end.Layer {
			continue
		}
		edge := func(i int) float64 {
			return l.Learn.Lower + (l.Learn.Upper-l.Learn.Lower)*float64(i)/float64(len(end.Weights))
		}
		for i, n := range end.Weights {
			list = append(list, eventfile.Bucket{Left: edge(i), Right: edge(i + 1), Count: float64(n)})
		}
	}
	return list
}

// dpi is that of pictures: TensorBoard shows them small, and as they are when
// asked to.
const dpi = 144

// Images draws a picture of each layer that has learned, at the step at which
// it had learned so much. r is the same run, read anew; draw may be
// gallery.Features. A picture that has been written is not written again.
func (t *TensorBoard) Images(r *Run, draw func(m *train.Model, depth int) (figure.Figure, error)) error {
	for depth, l := range r.Model.Experiment.Layers {
		tag := l.Name + "/features"
		step, ok := r.shown(depth)
		if _, drawn := t.written[tag][step]; !ok || drawn {
			continue
		}
		f, err := draw(r.Model, depth)
		if err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
		var b bytes.Buffer
		if err := figure.PNG(&b, f, dpi); err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
		size, err := png.DecodeConfig(bytes.NewReader(b.Bytes()))
		if err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
		t.keep(t.w.Image(t.at(r.seconds(step)), step, tag, size.Width, size.Height, b.Bytes()))
		t.written.add(tag, step, 0)
	}
	return t.err
}

// seconds is how long the training had taken at a step.
func (r *Run) seconds(step int64) float64 {
	for _, end := range r.Epochs {
		if int64(end.Presentations) >= step {
			return end.Seconds
		}
	}
	return r.Model.State.Seconds
}

// Outcome writes how the chosen network did on the test images, if the run,
// read anew, is finished.
func (t *TensorBoard) Outcome(r *Run) error {
	report := r.Model.State.Report
	if report == nil {
		return t.err
	}
	at, step := t.at(report.Seconds), int64(report.Presentations)
	have := shares("", &report.Test.Score)
	if t.written.has("result", have, step) {
		return t.err
	}
	for _, s := range have {
		t.keep(t.w.Scalar(at, step, "result/"+s.name, s.value))
		t.written.add("result/"+s.name, step, s.value)
	}
	return t.err
}

// Close closes the file. It returns the first error of all that was written.
func (t *TensorBoard) Close() error {
	t.keep(t.file.Close())
	if t.err != nil {
		return fmt.Errorf("%s: %w", t.file.Name(), t.err)
	}
	return nil
}
