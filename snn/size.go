package snn

import (
	"fmt"
	"strconv"
	"strings"
)

// A Size is a number of rows and columns. As text it is "5x3", or "5" for
// "5x5".
type Size struct {
	Rows, Cols int
}

// String is the size as rows x columns.
func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Rows, s.Cols) }

// MarshalText is String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads "5x3" or "5".
func (s *Size) UnmarshalText(text []byte) error {
	rows, cols, two := strings.Cut(string(text), "x")
	if !two {
		cols = rows
	}
	r, err1 := strconv.Atoi(rows)
	c, err2 := strconv.Atoi(cols)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%q is not a size such as 5 or 5x3", text)
	}
	*s = Size{r, c}
	return nil
}
