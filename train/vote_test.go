package train_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"firstspike/readout"
	"firstspike/train"
)

// voters are models of one run, each with a decision map of its own.
func voters(t *testing.T, dir string, decide ...func(n, class int) int) []*train.Model {
	t.Helper()
	var models []*train.Model
	for _, f := range decide {
		m, err := train.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for n, class := range m.Decision {
			m.Decision[n] = f(n, class)
		}
		models = append(models, m)
	}
	return models
}

// learned is a run that took a moment.
func learned(t *testing.T) (dir string) {
	t.Helper()
	e := small()
	e.Data.Limit, e.Layers[2].Learn.Epochs = 300, 1
	dir = filepath.Join(t.TempDir(), "run")
	run(t, dir, e, train.Options{})
	return dir
}

// The class with the most votes wins, of several the one that was voted for
// first, and who is silent does not vote.
func TestElection(t *testing.T) {
	dir := learned(t)
	_, test := mnist(t)
	test = test.Limit(3)
	const none = readout.None
	for _, c := range []struct {
		votes []int
		want  int
	}{
		{[]int{4}, 4},
		{[]int{none}, none},
		{[]int{none, none}, none},
		{[]int{none, none, 7}, 7},
		{[]int{3, 9, 9}, 9},
		{[]int{9, 3, 9}, 9},
		{[]int{3, 9}, 3},
		{[]int{9, 3}, 9},
		{[]int{none, 9, 3, none}, 9},
		{[]int{0, 1, 1, 0}, 0},
		{[]int{1, 0, 0, 1}, 1},
		{[]int{5, 2, 8, 8, 2}, 2}, // 5 is first, but has a vote less
		{[]int{5, 8, 2, 2, 8}, 8},
	} {
		var decide []func(n, class int) int
		for _, v := range c.votes {
			decide = append(decide, func(int, int) int { return v })
		}
		vote, alone, err := train.Vote(t.Context(), voters(t, dir, decide...), test, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range append(alone, vote) {
			want := append(c.votes, c.want)[i]
			if want == none {
				want = 10 // the column of silent images
			}
			sum := 0
			for _, row := range got.Confusion {
				sum += row[want]
			}
			if sum != test.Len() || got.Images() != test.Len() {
				t.Errorf("votes %v, result %d: decided %v; want %d every time", c.votes, i, got.Confusion, want)
			}
		}
	}
}

// A vote has the decisions that predictors give when they are counted one by one,
// for any number of workers, and beside it what each model gives alone.
func TestVote(t *testing.T) {
	models := voters(t, learned(t),
		func(_, class int) int { return class },
		func(n, class int) int { return (class + n%2) % 10 },
		func(n, class int) int { return (class + n/10) % 10 },
		func(n, class int) int {
			if n%3 == 0 {
				return readout.None
			}
			return (class + n) % 10
		})
	_, test := mnist(t)
	var predictors []*train.Predictor
	for _, m := range models {
		p, err := m.Predictor()
		if err != nil {
			t.Fatal(err)
		}
		predictors = append(predictors, p)
	}
	want := make([][]int, 10)
	for label := range want {
		want[label] = make([]int, 11)
	}
	ties, lost, silent := 0, 0, 0
	for i := range test.Len() {
		votes := map[int]int{}
		var order []int // classes, by their first votes
		for k, p := range predictors {
			class := p.Predict(test.Image(i)).Class
			if class == readout.None {
				silent++
				continue
			}
			if votes[class]++; votes[class] == 1 {
				order = append(order, class)
			}
			if k == len(predictors)-1 && votes[class] == 1 {
				lost++
			}
		}
		most, winner := 0, 10
		for _, class := range order {
			switch {
			case votes[class] > most:
				most, winner = votes[class], class
			case votes[class] == most:
				ties++
			}
		}
		want[test.Label(i)][winner]++
	}
	if ties == 0 || lost == 0 || silent == 0 {
		t.Errorf("%d ties, %d losers, %d silent: too little is tested", ties, lost, silent)
	}
	for _, workers := range []int{0, 1, 3} {
		done := 0
		vote, alone, err := train.Vote(t.Context(), models, test, workers, func(images int) {
			if workers == 1 {
				if images < done {
					t.Errorf("%d images after %d", images, done)
				}
				done = images
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(vote.Confusion, want) {
			t.Errorf("%d workers: %v; want %v", workers, vote.Confusion, want)
		}
		if workers == 1 && done != test.Len() {
			t.Errorf("%d of %d images were done", done, test.Len())
		}
		for k, m := range models {
			if r, err := m.Test(t.Context(), test, 2, nil); err != nil || !reflect.DeepEqual(r, alone[k]) {
				t.Errorf("network %d alone: %+v; its test gives %+v, %v", k+1, alone[k], r, err)
			}
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := train.Vote(ctx, models, test, 1, func(int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// What cannot vote is said of all networks at once.
func TestVoteFaults(t *testing.T) {
	_, test := mnist(t)
	if _, _, err := train.Vote(t.Context(), nil, test, 1, nil); err == nil {
		t.Error("nobody votes")
	}
	same := func(_, class int) int { return class }
	models := voters(t, learned(t), same, same, same, same)
	models[1].Experiment.Data.Classes = 12
	models[2].Experiment.Data.Rows = 14
	models[3].Experiment.Readout.Rule = train.ReadoutSVM // which it has not learned
	_, _, err := train.Vote(t.Context(), models, test, 1, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "network 2: has 12 classes, and network 1 has 10") ||
		!strings.Contains(err.Error(), "\nnetwork 3: ") || !strings.Contains(err.Error(), "\nnetwork 4: the linear SVM") || strings.Contains(err.Error(), "network 1:") {
		t.Errorf("%v", err)
	}
}
