//go:build !(js || wasip1 || plan9)

package main

import (
	"os"
	"syscall"
)

// Signals that not every system has.
var (
	hangup     = []os.Signal{syscall.SIGHUP}  // the terminal was closed
	brokenPipe = []os.Signal{syscall.SIGPIPE} // nobody reads what is written
)
