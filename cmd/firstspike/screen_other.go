//go:build js || wasip1 || plan9

package main

import "io"

// newDisplay shows a training as lines: there is no terminal here.
func newDisplay(w io.Writer) display { return newLines(w) }
