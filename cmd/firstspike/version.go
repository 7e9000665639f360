package main

import (
	"fmt"
	"runtime"

	"firstspike/train"
)

type versionCommand struct{}

// Run prints the version of the program, of Go, and the system.
func (versionCommand) Run(s *streams) error {
	_, err := fmt.Fprintf(s.out, "firstspike %s\n%s %s/%s\n", train.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
