//go:build js || wasip1 || plan9

package main

import "os"

// Signals that this system does not have.
var hangup, brokenPipe []os.Signal
