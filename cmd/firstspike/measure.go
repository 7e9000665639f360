package main

import (
	"context"
	"math"
	"runtime"
	"slices"
	"time"

	"firstspike/train"
)

// How long things are measured if nothing else is asked for.
const (
	repeatTime   = 100 * time.Millisecond // at least, of a repeat
	repeats      = 5
	fewRepeats   = 3
	patience     = 4 * time.Second // for the repeats of a stage; then there are few
	tryTime      = 20 * time.Millisecond
	mostOfRepeat = 1 << 20 // images
	newImages    = 2048    // at least, of a stage of first visits: the very first are dearer
)

// timings are what was measured of a stage.
type timings struct {
	images  int             // of a repeat
	repeats []time.Duration // of so many images
	mallocs uint64          // of the repeat with the fewest
}

// measure times repeats of a stage. Working memory has grown and caches are
// warm when they begin. With an error it returns the repeats before it.
func measure(ctx context.Context, w *train.Work, images, wanted int) (t timings, err error) {
	if t.images, err = size(ctx, w, images); err != nil {
		return t, err
	}
	most := wanted
	if wanted == 0 {
		most = repeats
	}
	began := time.Now()
	for len(t.repeats) < most {
		if wanted == 0 && len(t.repeats) >= fewRepeats && time.Since(began) > patience {
			break
		}
		took, mallocs, err := repeat(ctx, w, t.images)
		if err != nil {
			return t, err
		}
		if len(t.repeats) == 0 || mallocs < t.mallocs {
			t.mallocs = mallocs
		}
		t.repeats = append(t.repeats, took)
	}
	return t, nil
}

// size is how many images a repeat has, found by trying, unless it is given.
func size(ctx context.Context, w *train.Work, images int) (int, error) {
	whole := 1 // what the number is a multiple of
	if w.Epoch > 0 && !w.New {
		whole = w.Epoch
	}
	upTo := func(n int) int { return (n + whole - 1) / whole * whole }
	if images > 0 {
		return upTo(images), nil
	}
	least := 64
	if w.New {
		least = min(w.Epoch, newImages)
	}
	for n := upTo(least); ; n *= 2 {
		took, _, err := repeat(ctx, w, n)
		if err != nil {
			return 0, err
		}
		if took >= tryTime || n >= mostOfRepeat {
			enough := math.Ceil(1.1 * float64(repeatTime) / float64(took) * float64(n))
			return upTo(max(least, int(min(enough, mostOfRepeat)))), nil
		}
	}
}

// repeat does a stage for n images and returns how long it took and how many
// objects were allocated. If n exceeds what a stage of first visits can do at
// a time, it begins anew, while the clock stands still.
func repeat(ctx context.Context, w *train.Work, n int) (took time.Duration, mallocs uint64, err error) {
	for n > 0 {
		if err := w.Begin(); err != nil {
			return 0, 0, err
		}
		part := n
		if w.New {
			part = min(n, w.Epoch)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		err := w.Do(ctx, part)
		took += time.Since(began)
		runtime.ReadMemStats(&after)
		if err != nil {
			return 0, 0, err
		}
		mallocs += after.Mallocs - before.Mallocs
		n -= part
	}
	return took, mallocs, nil
}

// A spread is a median, and between which two numbers all lie.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// microseconds are those that an image took.
func (t timings) microseconds() spread {
	list := make([]float64, len(t.repeats))
	for i, d := range t.repeats {
		list[i] = float64(max(d, 1)) / float64(time.Microsecond) / float64(t.images)
	}
	slices.Sort(list)
	n := len(list)
	return spread{(list[(n-1)/2] + list[n/2]) / 2, list[0], list[n-1]}
}
