package conform

import (
	"fmt"
	"io"
	"strings"
)

// A Report is the outcome of a check, stage by stage in the order of the
// network, the forward stages first.
type Report struct {
	Stages  []Stage  `json:"stages"`
	Unknown []string `json:"unknown,omitempty"` // keys of the trace that mean nothing here
}

// A Stage is one thing that was compared with the trace.
type Stage struct {
	Name      string `json:"name"`
	Compared  int    `json:"compared"`  // neurons, winners, weights, ...
	Tied      int    `json:"tied"`      // of them: different, and a tie explains it
	Differing int    `json:"differing"` // of them: different, and nothing explains it

	// LargestError is the largest |ours - trace| / (|trace| + floor) of a
	// stage that compares real numbers, ties left out, and Tolerance what it
	// may be. The floor is 1 for potentials and 0.01 for weights. Both are 0
	// for a stage that compares steps, winners or classes: these are equal or
	// not.
	LargestError float64 `json:"largest_error"`
	Tolerance    float64 `json:"tolerance"`

	First   string `json:"first,omitempty"`   // the first difference that is no tie
	Skipped string `json:"skipped,omitempty"` // why the stage was not checked
}

// OK reports whether all that was compared is equal or tied.
func (r *Report) OK() bool {
	for _, s := range r.Stages {
		if s.Differing > 0 {
			return false
		}
	}
	return true
}

// WriteText prints the report: one aligned line a stage, and below the table
// the first difference of every stage that has one.
func (r *Report) WriteText(w io.Writer) error {
	var b, below strings.Builder
	width := len("stage")
	for _, s := range r.Stages {
		width = max(width, len(s.Name))
	}
	fmt.Fprintf(&b, "%-*s %9s %6s %9s  %13s  %9s\n", width, "stage", "compared", "tied", "differing", "largest error", "tolerance")
	for _, s := range r.Stages {
		fmt.Fprintf(&b, "%-*s ", width, s.Name)
		if s.Skipped != "" {
			fmt.Fprintf(&b, "%9s  %s\n", "skipped:", s.Skipped)
			continue
		}
		largest, allowed, verdict := "-", "-", "ok"
		if s.Tolerance > 0 {
			largest, allowed = fmt.Sprintf("%.1e", s.LargestError), fmt.Sprintf("%.0e", s.Tolerance)
		}
		if s.Differing > 0 {
			verdict = "DIFFERS"
			fmt.Fprintf(&below, "%s: %s\n", s.Name, s.First)
		}
		fmt.Fprintf(&b, "%9d %6d %9d  %13s  %9s  %s\n", s.Compared, s.Tied, s.Differing, largest, allowed, verdict)
	}
	b.WriteString(below.String())
	if len(r.Unknown) > 0 {
		fmt.Fprintf(&b, "unknown keys, not checked: %s\n", strings.Join(r.Unknown, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// differ notes n differences that nothing explains.
func (s *Stage) differ(n int, format string, args ...any) {
	s.Differing += n
	if s.First == "" && n > 0 {
		s.First = fmt.Sprintf(format, args...)
	}
}

// add takes over what was found in a part of the stage; parts come in order.
func (s *Stage) add(part Stage) {
	s.Compared += part.Compared
	s.Tied += part.Tied
	s.LargestError = max(s.LargestError, part.LargestError)
	s.differ(part.Differing, "%s", part.First)
}

// number compares a real number with the trace's.
func (s *Stage) number(ours, trace, floor float64) bool {
	e := relative(ours, trace, floor)
	s.LargestError = max(s.LargestError, e)
	return e <= s.Tolerance
}
