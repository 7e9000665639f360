//go:build unix

package sweep_test

import (
	"os"
	"syscall"
	"time"
)

// A machine may sleep, and wake when others have taken over what it was doing.
func init() {
	sleep = func(p *os.Process, d time.Duration) {
		p.Signal(syscall.SIGSTOP) // if it has ended, there is nothing to stop
		time.AfterFunc(d, func() { p.Signal(syscall.SIGCONT) })
	}
}
