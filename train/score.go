package train

import (
	"firstspike/readout"
	"firstspike/snn"
)

// A Score counts how decisions turned out.
type Score struct {
	Right  int `json:"right"`
	Wrong  int `json:"wrong"`
	Silent int `json:"silent"`
}

// Images is the number of decisions.
func (s Score) Images() int { return s.Right + s.Wrong + s.Silent }

// Accuracy is the fraction of right decisions, 0 if there were none at all.
func (s Score) Accuracy() float64 {
	if s.Images() == 0 {
		return 0
	}
	return float64(s.Right) / float64(s.Images())
}

func (s *Score) count(o snn.Outcome) {
	switch o {
	case snn.Right:
		s.Right++
	case snn.Wrong:
		s.Wrong++
	default:
		s.Silent++
	}
}

// A Result is what a test gave.
type Result struct {
	Score
	Confusion [][]int `json:"confusion"` // [label][decision]; the last column counts silent images
}

func newResult(classes int) Result {
	r := Result{Confusion: make([][]int, classes)}
	for i := range r.Confusion {
		r.Confusion[i] = make([]int, classes+1)
	}
	return r
}

func (r *Result) add(decision, label int) {
	r.Score.count(snn.Judge(decision, label))
	if decision == readout.None {
		decision = len(r.Confusion)
	}
	r.Confusion[label][decision]++
}

// Class is the score of the images of one class.
func (r Result) Class(label int) Score {
	var s Score
	for d, n := range r.Confusion[label] {
		switch d {
		case label:
			s.Right += n
		case len(r.Confusion):
			s.Silent += n
		default:
			s.Wrong += n
		}
	}
	return s
}
