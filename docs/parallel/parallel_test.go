package main

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// small is a network of the same kind that learns from few images, at rates
// that are high early.
func small(t *testing.T, images int) (train.Experiment, *dataset.Set) {
	t.Helper()
	e, err := options{limit: images + 40, held: 40, epochs: 3}.experiment(7)
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range map[string]string{
		"layers.s1.learn.doubling.every": "20", "layers.s2.learn.doubling.every": "20",
		"layers.s2.maps": "60", "layers.s2.learn.epochs": "2", "layers.s3.maps": "30",
		"layers.s3.learn.punish.adapt": "50",
	} {
		if err := e.Set(path, value); err != nil {
			t.Fatal(err)
		}
	}
	learn, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return e, learn
}

// trained is what package train makes of an experiment: the weights of all
// layers and the mean share of held-out images that are right.
func trained(t *testing.T, e train.Experiment, images *dataset.Set) (weights [][]float32, right float64) {
	t.Helper()
	trainer, err := train.Create(filepath.Join(t.TempDir(), "run"), e, train.Options{Train: images, Test: images.Limit(10), Workers: 1,
		Observer: train.ObserverFunc(func(v train.Event) {
			if end, ok := v.(train.EpochEnd); ok && end.Validation != nil {
				right += float64(end.Validation.Right) / 40 / 3
			}
		})})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, l := range trainer.Model().Network.Layers {
		weights = append(weights, slices.Clone(l.Weights()))
	}
	return weights, right
}

// Workers who are not behind, one worker, and groups that the trainer has as
// batches, give its bits.
func TestSameAsTrainer(t *testing.T) {
	plain := way{kind: stale}
	for _, batch := range []int{1, 7} {
		e, images := small(t, 150)
		size := strconv.Itoa(batch)
		for _, path := range []string{"layers.s2.learn.batch", "layers.s3.learn.batch"} {
			if err := e.Set(path, size); err != nil {
				t.Fatal(err)
			}
		}
		want, wantRight := trained(t, e, images)
		base, err := begin(e, images, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := base.first(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(base.layer(s1).Weights(), want[s1]) {
			t.Error("S1 has other weights than the trainer's")
		}
		ways := []way{{together, batch, 0}}
		if batch == 1 {
			ways = append(ways, plain, way{apart, 1, 20}, way{apart, 1, 0})
		}
		for _, w := range ways {
			c, err := twin(base.layer(s2))
			if err != nil {
				t.Fatal(err)
			}
			if err := compete(c, e.Layers[s2].Learn, base.events[:base.learn.Len()], w); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(c.Weights(), want[s2]) {
				t.Errorf("%v: S2 has other weights than the trainer's with batches of %d", w, batch)
			}
			right, last, err := base.lesson(c).reward(w)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(last.Weights(), want[s3]) || fmt.Sprintf("%.9f", right) != fmt.Sprintf("%.9f", wantRight) {
				t.Errorf("%v: S3 has other weights than the trainer's with batches of %d, or is right %v of the time instead of %v", w, batch, right, wantRight)
			}
		}
		if batch > 1 {
			continue
		}
		c, err := twin(base.layer(s2))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := contests(c, e.Layers[s2].Learn, base.events[:base.learn.Len()], []int{1, 16})
		if err != nil {
			t.Fatal(err)
		}
		decisions, last, err := base.lesson(c).decisions([]int{1, 16})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.Weights(), want[s2]) || !slices.Equal(last.Weights(), want[s3]) {
			t.Error("looking at groups changed what is learned")
		}
		for _, r := range append(rows, decisions...) {
			if r.x == 1 && r.value != 0 {
				t.Errorf("%v: an image alone has nothing to do with others", r)
			}
		}
		if all := append(rows, decisions...); slices.MaxFunc(all, func(a, b row) int { return int(1e6 * (a.value - b.value)) }).value == 0 {
			t.Error("no image ever had to do with another")
		}
	}
}

// Old weights are those of so many images ago, in plain loops that keep all
// that there ever were.
func TestStale(t *testing.T) {
	e, images := small(t, 80)
	base, err := begin(e, images, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := base.first(); err != nil {
		t.Fatal(err)
	}
	const behind = 5
	events, l := base.events[:base.learn.Len()], e.Layers[s2].Learn
	c, err := twin(base.layer(s2))
	if err != nil {
		t.Fatal(err)
	}
	if err := compete(c, l, events, way{stale, behind, 0}); err != nil {
		t.Fatal(err)
	}
	plain, err := twin(base.layer(s2))
	if err != nil {
		t.Fatal(err)
	}
	var scratch snn.Scratch
	rule := plasticity(l)
	history := [][]float32{slices.Clone(plain.Weights())}
	for epoch := range l.Epochs {
		history = history[len(history)-1:]
		for i := range events {
			old := history[max(0, len(history)-1-behind)]
			if err := plain.SetWeights(old); err != nil {
				t.Fatal(err)
			}
			image := spike.NewMap(events[i].Shape, events[i].Steps())
			events[i].Map(image)
			now := slices.Clone(history[len(history)-1])
			for _, w := range plain.Contest(&events[i], l.Selection(nil), &scratch, nil) {
				for k, up := range plain.Ordering(image, w, nil) {
					at := w.Map*plain.Synapses() + k
					a := l.RatesAt(epoch, epoch*len(events)+i+1)
					rate := a.AMinus
					if up {
						rate = a.APlus
					}
					now[at] += float32(rate * float32(float32(old[at]-rule.Lower)*float32(rule.Upper-old[at])))
				}
			}
			for k, v := range now {
				now[k] = min(max(v, rule.Lower), rule.Upper)
			}
			history = append(history, now)
		}
	}
	if !slices.Equal(c.Weights(), history[len(history)-1]) {
		t.Error("S2 has other weights than the plain loop gives")
	}

	lesson := base.lesson(c)
	_, got, err := lesson.reward(way{stale, behind, 0})
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = twin(base.layer(s3)); err != nil {
		t.Fatal(err)
	}
	reward := lesson.rule()
	history = [][]float32{slices.Clone(plain.Weights())}
	var tally snn.Tally
	for range lesson.epochs() {
		history = history[len(history)-1:]
		for i := range base.learn.Len() {
			if err := plain.SetWeights(history[max(0, len(history)-1-behind)]); err != nil {
				t.Fatal(err)
			}
			now := slices.Clone(history[len(history)-1])
			plain.Tally(lesson.bits[i], &tally, &scratch)
			outcome := snn.Silent
			if w, ok := tally.Winner(plain.Out(), base.model.Network.Steps, nil); ok {
				outcome = snn.Judge(base.model.Class(w.Neuron), base.learn.Label(i))
				image := spike.NewMap(plain.In, base.model.Network.Steps)
				for pos := range plain.In.Positions() {
					for m := range plain.In.Maps {
						if lesson.bits[i][pos*spike.Words(plain.In.Maps)+m/64]>>(m%64)&1 != 0 {
							image.At[pos*plain.In.Maps+m] = 0
						}
					}
				}
				r, rates, _ := reward.Rule(outcome, w.Map)
				n := plain.Synapses()
				r.Change(now[w.Map*n:(w.Map+1)*n], plain.Ordering(image, w, nil), rates)
				for k, v := range now {
					now[k] = min(max(v, r.Lower), r.Upper)
				}
			}
			reward.Count(outcome)
			history = append(history, now)
		}
	}
	if !slices.Equal(got.Weights(), history[len(history)-1]) {
		t.Error("S3 has other weights than the plain loop gives")
	}
}

// Several workers end with the mean of what each has learned by itself.
func TestMean(t *testing.T) {
	e, images := small(t, 60)
	base, err := begin(e, images, 3)
	if err != nil {
		t.Fatal(err)
	}
	e.Layers[s1].Learn.Epochs = 1
	l := e.Layers[s1].Learn
	l.Doubling.Every = 0 // rates go by the images of all workers
	start, err := twin(base.layer(s1))
	if err != nil {
		t.Fatal(err)
	}
	if err := compete(base.layer(s1), l, base.events[:60], way{apart, 2, 0}); err != nil {
		t.Fatal(err)
	}
	var own [2][]float32
	for k := range own {
		c, err := twin(start)
		if err != nil {
			t.Fatal(err)
		}
		var share []spike.Events
		for i := k; i < 60; i += 2 {
			share = append(share, base.events[i])
		}
		if err := compete(c, l, share, way{kind: stale}); err != nil {
			t.Fatal(err)
		}
		own[k] = c.Weights()
	}
	for i, w := range base.layer(s1).Weights() {
		if want := float32((float64(own[0][i]) + float64(own[1][i])) / 2); w != want {
			t.Fatalf("weight %d is %v; the mean of %v and %v is %v", i, w, own[0][i], own[1][i], want)
		}
	}
}

// A few images through all of it, and once more without training.
func TestProgram(t *testing.T) {
	o := options{out: t.TempDir(), seeds: 2, jobs: 2, limit: 60, held: 20, epochs: 2, judged: 1, rounds: 3, groups: []int{4},
		ways: []way{{stale, 0, 0}, {together, 2, 0}, {apart, 2, 0}}}
	var first, again bytes.Buffer
	if err := simulate(t.Context(), o, &first, io.Discard); err != nil {
		t.Fatal(err)
	}
	o.draw = true
	if err := simulate(t.Context(), o, &again, io.Discard); err != nil {
		t.Fatal(err)
	}
	if first.String() != again.String() || strings.Count(first.String(), "\n| s") != 2*len(o.ways)+9 || strings.Contains(first.String(), "NaN") {
		t.Errorf("%s\nand then\n%s", &first, &again)
	}
	f, err := os.Open(filepath.Join(o.out, "parallel.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
}
