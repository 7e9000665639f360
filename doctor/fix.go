package doctor

import (
	"context"
	"fmt"

	"firstspike/dataset"
	"firstspike/train"
)

// A Proof is what the changes of an exam's findings did to the sample.
type Proof struct {
	Change []Setting `json:"change"` // of all findings together
	Invert bool      `json:"invert"` // light and dark of the images were exchanged
	Mended []Mended  `json:"mended"`
	After  *Exam     `json:"after"` // of a trial with the changes
}

// Mended is a finding before and after the changes.
type Mended struct {
	Layer  string    `json:"layer"`
	Cause  string    `json:"cause"`
	Before []Measure `json:"before"`
	After  []Measure `json:"after"`
	Gone   bool      `json:"gone"`
}

// Prove makes the changes that the findings ask for, all at once, and examines
// a trial of the changed experiment on the same sample. Where two findings set
// the same field, the heavier one is heard. Findings that ask for no change are
// left out; without any the proof is empty and its After nil. Set and o are what
// the exam was made with.
func (x *Exam) Prove(ctx context.Context, set *dataset.Set, o Options) (*Proof, error) {
	e := x.experiment.Clone()
	p := &Proof{}
	heard := map[string]bool{}
	var asked []Finding
	for _, f := range x.Findings {
		if len(f.Change) == 0 && !f.Invert {
			continue
		}
		asked = append(asked, f)
		p.Invert = p.Invert || f.Invert
		for _, s := range f.Change {
			if heard[s.Path] {
				continue
			}
			heard[s.Path] = true
			if err := e.Set(s.Path, s.Value); err != nil {
				return nil, err
			}
			p.Change = append(p.Change, s)
		}
	}
	if len(asked) == 0 {
		return p, nil
	}
	if err := e.Faults().Err(); err != nil {
		return nil, fmt.Errorf("the changes do not fit the rest of the experiment: %w", err)
	}
	if p.Invert {
		var err error
		if set, err = inverted(set, x.experiment); err != nil {
			return nil, err
		}
	}
	var err error
	if p.After, err = Trial(ctx, e, set, o); err != nil {
		return nil, err
	}
	for _, f := range asked {
		now := p.After.Find(f.Layer, f.Cause)
		p.Mended = append(p.Mended, Mended{f.Layer, f.Cause, f.Evidence, p.After.again(f), now == nil || now.Severity == Note})
	}
	return p, nil
}

// inverted is the set that an experiment learns from, with light and dark
// exchanged.
func inverted(set *dataset.Set, e train.Experiment) (*dataset.Set, error) {
	set = set.Limit(e.Data.Limit)
	pixels := make([]byte, 0, set.Len()*set.Rows*set.Cols)
	for i := range set.Len() {
		for _, v := range set.Image(i) {
			pixels = append(pixels, 255-v)
		}
	}
	return dataset.New(set.Name, set.Rows, set.Cols, pixels, set.Labels)
}
