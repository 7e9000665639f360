package main

import (
	"fmt"

	"firstspike/preset"
)

type presetsCommand struct{}

// Run lists the published experiments.
func (presetsCommand) Run(s *streams) error {
	for _, p := range preset.All() {
		note := ""
		if p.Name == preset.Default {
			note = " (trained when none is named)"
		}
		if _, err := fmt.Fprintf(s.out, "%s%s\n    %s\n    reported: %s\n    %s\n", p.Name, note, p.About, p.Reported, p.Experiment.Paper); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(s.out, "\n%s prints one with all its numbers.\n", command("show", preset.Default))
	return err
}
