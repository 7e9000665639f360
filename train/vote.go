package train

import (
	"context"
	"errors"
	"fmt"

	"firstspike/dataset"
	"firstspike/readout"
)

// Vote decides every image of a set by the votes of several models, and compares
// with the labels. Each model votes for the class that it decides for, and a
// silent one does not vote. The class with the most votes wins; of several with
// as many, the one whose first voter is first in models. The vote is silent if
// all models are.
//
// Beside the result of the vote Vote returns that of each model alone, which
// [Model.Test] would give. workers and done are as there; an image that some
// of the models have decided counts in part.
func Vote(ctx context.Context, models []*Model, s *dataset.Set, workers int, done func(images int)) (vote Result, alone []Result, err error) {
	if len(models) == 0 {
		return vote, nil, errors.New("no network is there to vote")
	}
	classes := models[0].Experiment.Data.Classes
	var faults []error
	for i, m := range models {
		err := m.Fits(s)
		if n := m.Experiment.Data.Classes; n != classes {
			err = fmt.Errorf("has %d classes, and network 1 has %d; only networks with the same classes can vote", n, classes)
		}
		if err == nil && m.Experiment.Readout.Rule == ReadoutSVM && m.SVM == nil {
			err = errUnread
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("network %d: %w", i+1, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return vote, nil, err
	}
	decisions := make([][]int, len(models))
	for k, m := range models {
		decisions[k], err = m.decisions(ctx, s, workers, func(images int) {
			if done != nil {
				done((k*s.Len() + images) / len(models))
			}
		})
		if err != nil {
			return vote, nil, err
		}
	}
	vote = newResult(classes)
	for range models {
		alone = append(alone, newResult(classes))
	}
	votes, counts := make([]int, len(models)), make([]int, classes)
	for i := range s.Len() {
		for k, d := range decisions {
			votes[k] = d[i]
			alone[k].add(d[i], s.Label(i))
		}
		vote.add(elect(votes, counts), s.Label(i))
	}
	return vote, alone, nil
}

// elect is the class with the most votes, the first one that was voted for of
// several with as many. A vote can be [readout.None]. counts is working memory,
// an element for each class.
func elect(votes, counts []int) int {
	clear(counts)
	for _, v := range votes {
		if v != readout.None {
			counts[v]++
		}
	}
	winner := readout.None
	for _, v := range votes {
		if v != readout.None && (winner == readout.None || counts[v] > counts[winner]) {
			winner = v
		}
	}
	return winner
}
