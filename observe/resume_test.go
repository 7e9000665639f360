package observe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"firstspike/eventfile"
	"firstspike/observe"
	"firstspike/train"
)

// stopAfter interrupts a training once so many epochs have ended.
func stopAfter(epochs int, stop func(), next train.Observer) train.Observer {
	return train.ObserverFunc(func(e train.Event) {
		next.Observe(e)
		if _, ok := e.(train.EpochEnd); ok {
			if epochs--; epochs == 0 {
				stop()
			}
		}
	})
}

// A training that is stopped, or killed, and resumed ends with what one has that
// was never stopped: nothing twice, nothing missing. So does one that was not
// watched from the beginning.
func TestResume(t *testing.T) {
	const interrupted, killed, unwatched = "interrupted", "killed", "not watched at first"
	for _, how := range []string{interrupted, killed, unwatched} {
		t.Run(how, func(t *testing.T) {
			dir, logs := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "logs")
			o := data(t)
			trainer, err := train.Create(dir, small(), o)
			if err != nil {
				t.Fatal(err)
			}
			checkpoint := filepath.Join(dir, "checkpoint.safetensors")
			begun, err := os.ReadFile(checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			watch := func() *observe.TensorBoard {
				tb, err := observe.NewTensorBoard(logs, read(t, dir))
				if err != nil {
					t.Fatal(err)
				}
				return tb
			}
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			var first *observe.TensorBoard
			if how == unwatched {
				trainer.Watch(stopAfter(3, stop, train.ObserverFunc(func(train.Event) {})))
			} else {
				first = watch()
				trainer.Watch(stopAfter(3, stop, first))
			}
			if _, err := trainer.Run(ctx); !errors.Is(err, train.ErrInterrupted) {
				t.Fatal(err)
			}
			trainer.Close()
			if first != nil {
				if err := errors.Join(first.Images(read(t, dir), sheet), first.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if how == killed { // with a checkpoint that is older than the events
				if err := os.WriteFile(checkpoint, begun, 0o666); err != nil {
					t.Fatal(err)
				}
				cutOff(t, logs)
			}

			if trainer, err = train.Resume(dir, o); err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			second := watch()
			trainer.Watch(second)
			if _, err := trainer.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			r := read(t, dir)
			if err := errors.Join(second.Images(r, sheet), second.Outcome(r), second.Close()); err != nil {
				t.Fatal(err)
			}
			if len(r.Epochs) != 5 {
				t.Fatalf("%d epochs", len(r.Epochs))
			}
			tags := all(t, logs)
			sameAsMetrics(t, tags, r, how != killed)
			// Not all readers heed a restart, so there must be none but that which
			// begins the run.
			if n := restarts(t, logs); n != 1 {
				t.Errorf("%d restarts", n)
			}
			for tag, points := range tags {
				for i, p := range points {
					if i > 0 && p.step <= points[i-1].step {
						t.Errorf("%s: step %d after %d", tag, p.step, points[i-1].step)
					}
				}
			}
		})
	}
}

// restarts counts the restarts in a folder's event files.
func restarts(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, path := range files(t, dir) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for r := eventfile.NewReader(f); ; {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.Restart {
				n++
			}
		}
	}
	return n
}

// all is events of a folder whose last file but one may end within a record.
func all(t *testing.T, dir string) map[string][]point {
	t.Helper()
	for _, path := range files(t, dir) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole := 0
		for r := bytes.NewReader(content); ; whole = len(content) - r.Len() {
			if _, err := eventfile.NewReader(r).Next(); err != nil {
				break
			}
		}
		if err := os.WriteFile(path, content[:whole], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return events(t, dir)
}

// cutOff takes the last bytes from the only event file, as of a process that was
// killed as it wrote.
func cutOff(t *testing.T, dir string) {
	t.Helper()
	list := files(t, dir)
	info, err := os.Stat(list[0])
	if err == nil {
		err = os.Truncate(list[0], info.Size()-7)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What does not agree with the run any more is declared void.
func TestChangedRun(t *testing.T) {
	r := read(t, runOf(t, small()))
	logs := t.TempDir()
	export(t, logs, r)
	r.Epochs[3].Convergence /= 2
	shorter := *r
	shorter.Epochs = r.Epochs[:4]
	tb, err := observe.NewTensorBoard(logs, &shorter)
	if err != nil || tb.Close() != nil {
		t.Fatal(err)
	}
	export(t, logs, r)
	tags := events(t, logs)
	sameAsMetrics(t, tags, r, true)
	if n := restarts(t, logs); n != 2 {
		t.Errorf("%d restarts", n)
	}
	if len(tags["s1/features"]) != 1 || len(tags["s2/features"]) != 1 || len(tags["result/right"]) != 1 || len(tags["experiment"]) != 1 {
		t.Errorf("%v", tags)
	}
}
