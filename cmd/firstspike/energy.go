package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os/signal"
	"strings"
	"syscall"

	"firstspike/energy"
	"firstspike/train"
)

type energyCommand struct {
	Folder string `arg:"" name:"run" help:"The run's folder, or a safetensors file from it."`

	Data    string `placeholder:"SPEC" help:"The images: what test takes; those of the run if not given."`
	Images  string `placeholder:"N" help:"Images that are counted on, evenly taken from them; 1000 if not given."`
	JSON    bool   `help:"Print the result as JSON, energies in joules."`
	Workers string `placeholder:"N" help:"Goroutines; one for each CPU if not given."`
}

// Help is shown after the flags.
func (energyCommand) Help() string {
	return `    firstspike energy runs/mozafari2018-seed1

Operations are synaptic operations: for every spike, the synapses that it reaches, to the last step, whether or not this program avoids them. Dense is a network of the same shape in which every synapse multiplies, whatever the image.

The estimates are counts times an energy for each operation. Of arithmetic in 45 nm (Horowitz 2014), in picojoules: an addition 0.9 (float32), 0.1 (int32), 0.03 (int8), a multiplication 3.7, 3.1, 0.2; memory, which costs more, is left out on both sides. Of Loihi (Davies et al. 2018, table 2): 23.6 for a synaptic operation, 81 for a neuron that fires, 52 for one that does not, at every step, memory included.`
}

func (c *energyCommand) faults() usageError {
	_, faults := c.images()
	return faults
}

func (c *energyCommand) images() (n int, faults usageError) {
	n = faults.number("--images", c.Images, 1000, 1, 10_000_000)
	workers(c.Workers, &faults)
	return n, faults
}

// An energyOutput is the result as JSON.
type energyOutput struct {
	Run       string           `json:"run"`
	Data      string           `json:"data"`
	Images    int              `json:"images"`
	Steps     int              `json:"steps"`
	Loads     []loadOutput     `json:"stages"`
	Processes []estimateOutput `json:"arithmetic_45nm"`
	Loihi     loihiOutput      `json:"loihi"`
}

type loadOutput struct {
	Stage      string  `json:"stage"`
	Spikes     float64 `json:"spikes_in"`
	Operations float64 `json:"synaptic_operations"`
	Fired      float64 `json:"fired"`
	Neurons    int     `json:"neurons"`
	Dense      float64 `json:"dense_multiply_accumulates"`
}

type estimateOutput struct {
	Numbers string  `json:"numbers"`
	Spiking float64 `json:"spiking_joules"`
	Dense   float64 `json:"dense_joules"`
}

type loihiOutput struct {
	Synapses float64 `json:"synapses_joules"`
	Neurons  float64 `json:"neurons_joules"`
}

// Run counts and estimates.
func (c *energyCommand) Run(s *streams) error {
	images, faults := c.images()
	n := workers(c.Workers, &faults)
	if err := faults.err(); err != nil {
		return err
	}
	m, err := loadModel(s, c.Folder)
	if err != nil {
		return err
	}
	set, err := openTest(m.Experiment.Data, c.Data)
	if err != nil {
		return usageError{err}
	}
	if err := m.Fits(set); err != nil {
		return usageError{err}
	}
	images = min(images, set.Len())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	display := newDisplay(s.err)
	defer display.close()
	loads, err := energy.Count(ctx, m, set, images, n, func(done int) {
		if _, ok := terminal(s.err); ok {
			display.Observe(train.Stage{Name: "counting", Done: done, Total: images})
		}
	})
	display.close()
	if err != nil {
		return interrupted(ctx, s, err)
	}
	o := estimate(loads, m.Network.Steps)
	o.Run, o.Data, o.Images = c.Folder, set.Name, images
	if c.JSON {
		return json.NewEncoder(s.out).Encode(o)
	}
	_, err = fmt.Fprint(s.out, o.text())
	return err
}

// estimate adds up what the stages behind the filters cost.
func estimate(loads []energy.Load, steps int) energyOutput {
	o := energyOutput{Steps: steps, Processes: make([]estimateOutput, len(energy.Processes))}
	for i, l := range loads {
		o.Loads = append(o.Loads, loadOutput(l))
		if i == 0 {
			continue
		}
		for k, p := range energy.Processes {
			e := &o.Processes[k]
			e.Numbers, e.Spiking, e.Dense = p.Name, e.Spiking+p.Spiking(l), e.Dense+p.Dense(l)
		}
		o.Loihi.Synapses += energy.Loihi.Synapses(l)
		o.Loihi.Neurons += energy.Loihi.Neurons(l, steps)
	}
	return o
}

// text is the output as tables.
func (o energyOutput) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: an image, mean of %s\n\n", visible(o.Run), visible(o.Data), count(o.Images))
	fmt.Fprintf(&b, "%-10s %12s %14s %10s %10s %14s\n", "stage", "spikes in", "operations", "fired", "neurons", "dense")
	var sum loadOutput
	row := func(stage string, l loadOutput) {
		fmt.Fprintf(&b, "%-10s %12s %14s %10s %10s %14s\n", stage, amount(l.Spikes), amount(l.Operations), amount(l.Fired), count(l.Neurons), amount(l.Dense))
	}
	for i, l := range o.Loads {
		row(l.Stage, l)
		if i > 0 {
			sum.Spikes, sum.Operations, sum.Fired = sum.Spikes+l.Spikes, sum.Operations+l.Operations, sum.Fired+l.Fired
			sum.Neurons, sum.Dense = sum.Neurons+l.Neurons, sum.Dense+l.Dense
		}
	}
	row("layers", sum)
	fmt.Fprintf(&b, "\n%-34s %12s %12s %8s\n", "estimate, without the input", "spiking", "dense", "ratio")
	for _, e := range o.Processes {
		fmt.Fprintf(&b, "%-34s %12s %12s %8s\n", "45 nm, arithmetic of "+e.Numbers, joules(e.Spiking), joules(e.Dense), ratio(e.Dense, e.Spiking))
	}
	fmt.Fprintf(&b, "%-34s %12s\n", "Loihi, synapses", joules(o.Loihi.Synapses))
	fmt.Fprintf(&b, "%-34s %12s\n", fmt.Sprintf("Loihi, neurons at %s", plural(o.Steps, "step")), joules(o.Loihi.Neurons))
	b.WriteString("\nWhat is assumed: firstspike energy --help\n")
	return b.String()
}

// amount is a mean as a whole number, nothing as a dot.
func amount(x float64) string {
	if x == 0 {
		return "."
	}
	return count(int(math.Round(x)))
}

// ratio is how often the second goes into the first.
func ratio(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3g", a/b)
}

// joules is an energy with three digits.
func joules(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1, "J"}, {1e-3, "mJ"}, {1e-6, "µJ"}, {1e-9, "nJ"}} {
		if x >= unit.size {
			return fmt.Sprintf("%.3g %s", x/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g pJ", x/1e-12)
}
