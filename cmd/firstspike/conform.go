package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"firstspike/conform"
	"firstspike/dataset"
	"firstspike/preset"
	"firstspike/train"
)

type conformCommand struct {
	Trace string `arg:"" help:"A trace of the network mozafari2018, as an npz file; the chapter of package conform lists its keys."`

	JSON bool `help:"Print the report as JSON."`
}

// Run computes anew what the trace holds. What the two differ in and no tie
// explains makes it fail.
func (c *conformCommand) Run(s *streams) error {
	p, _ := preset.Lookup(preset.Default)
	model, err := conform.FromExperiment(p.Experiment)
	if err != nil {
		return err
	}
	trace, err := conform.Open(c.Trace, model)
	if err != nil {
		return usageError{err}
	}
	learning, test, err := dataset.MNIST()
	if err != nil {
		return err
	}
	display := newDisplay(s.err)
	defer display.close()
	_, onTerminal := terminal(s.err)
	r, err := conform.Check(context.Background(), trace, model, test, learning, func(stage string, done, total int) {
		if onTerminal {
			display.Observe(train.Stage{Name: stage, Done: done, Total: total})
		}
	})
	display.close()
	if err != nil {
		return fmt.Errorf("%s: %w", c.Trace, err)
	}
	if err := c.write(s.out, r); err != nil {
		return err
	}
	if !r.OK() {
		return silentError(statusFailed)
	}
	return nil
}

func (c *conformCommand) write(w io.Writer, r *conform.Report) error {
	if !c.JSON {
		return r.WriteText(w)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
