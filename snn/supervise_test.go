package snn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// A pupil learns by S2-STDP as its comment says, neuron by neuron and synapse
// by synapse. Sums of weights go input map, row, column reversed.
type pupil struct {
	rule       S2STDP
	g          Geometry
	unit       float64
	threshold  float64
	w          [][]float32 // map, synapse in the order input map, row, column
	thresholds []float64
}

// spikes are those of all neurons: the step, the potential, and the time in
// parts of a step.
func (p *pupil) spikes(in *spike.Map, label int) (at []int, potential []int64, times []int64) {
	per := p.g.Maps / p.rule.Classes
	for m := range p.g.Maps {
		threshold := p.threshold
		if m/per == label && m%per >= p.rule.Spare && p.rule.Rate > 0 && per-p.rule.Spare > 1 {
			threshold = p.thresholds[m]
		}
		step, v, sum, level, time := 255, int64(0), int64(0), int64(0), int64(in.Steps)
		if p.g.Ramp {
			time *= 64
		}
		limit := int64(math.Floor(threshold / p.unit))
		for t := range in.Steps {
			for i := range p.w[m] {
				k := p.g.Kernel.Rows * p.g.Kernel.Cols
				if int(in.Step(i/k, i%k/p.g.Kernel.Cols, i%p.g.Kernel.Cols)) == t {
					sum += int64(math.RoundToEven(float64(p.w[m][i]) / p.unit))
				}
			}
			if level += sum; !p.g.Ramp {
				level = sum
			}
			if step == 255 && level > limit {
				step, v, time = t, level, int64(t)
				if p.g.Ramp {
					time = 64*int64(t+1) - 64*(level-limit)/sum
				}
			}
		}
		at, potential, times = append(at, step), append(potential, v), append(times, time)
	}
	return at, potential, times
}

func (p *pupil) learn(in *spike.Map, label int) int {
	at, potential, times := p.spikes(in, label)
	per, r, parts := p.g.Maps/p.rule.Classes, p.rule, 1
	if p.g.Ramp {
		parts = 64
	}
	first := func(from, to int) int {
		best := from
		for m := from; m < to; m++ {
			if at[m] < at[best] || at[m] == at[best] && potential[m] > potential[best] {
				best = m
			}
		}
		return best
	}
	time := func(m int) float64 { return float64(times[m]) / float64(parts*in.Steps) }
	decision := first(0, p.g.Maps) / per
	if at[first(0, p.g.Maps)] == 255 {
		decision = -1
	}
	sum, n := 0.0, 0
	for class := range r.Classes {
		if m := first(class*per, (class+1)*per); at[m] != 255 {
			sum, n = sum+time(m), n+1
		}
	}
	few := r.Gap / float64(r.Classes)
	mean := 1 - few
	if n > 0 {
		mean = min(mean, sum/float64(n))
	}
	type change struct {
		m int
		e float32
	}
	var changes []change
	for class := range r.Classes {
		m := first(class*per, (class+1)*per)
		goal := mean + few
		if class == label && m%per >= r.Spare {
			goal = mean - few*float64(r.Classes-1)
		}
		changes = append(changes, change{m, float32(time(m) - goal)})
	}
	taught := true
	if r.Temperature > 0 {
		all, own, table := 0.0, 0.0, odds(1/(r.Temperature*float64(parts*in.Steps)), parts*in.Steps)
		soonest := times[changes[0].m]
		for _, c := range changes {
			soonest = min(soonest, times[c.m])
		}
		p := func(i int) float64 { return table[times[changes[i].m]-soonest] }
		for i := range changes {
			all += p(i)
		}
		for i, c := range changes {
			missing := -p(i) / all
			if i == label && c.m%per >= r.Spare {
				missing++
				own = missing
				taught = own >= 1e-3
			}
			changes[i].e = float32(r.Gap * missing)
		}
	}
	if targets := per - r.Spare; r.Rate > 0 && targets > 1 {
		won := first(label*per+r.Spare, (label+1)*per)
		for m := label*per + r.Spare; m < (label+1)*per; m++ {
			by := -r.Rate / float64(targets)
			if m == won {
				by = r.Rate / float64(targets) * float64(targets-1)
			}
			p.thresholds[m] = max(p.threshold, p.thresholds[m]+by)
		}
	}
	if !taught {
		return decision
	}
	for _, c := range changes {
		w, sum := p.w[c.m], float32(0)
		rows, cols := p.g.Kernel.Rows, p.g.Kernel.Cols
		for f := range p.g.In.Maps {
			for y := range rows {
				for x := cols - 1; x >= 0; x-- {
					i := (f*rows+y)*cols + x
					a := c.e * r.AMinus
					if s := in.Step(f, y, x); s != spike.Silent && int(s) <= at[c.m] {
						a = c.e * r.APlus
						if p.g.Ramp {
							until := min(at[c.m], in.Steps-1)
							a = a / float32(in.Steps)
							a += float32(a * float32(until-int(s)))
						}
					}
					w[i] = min(max(w[i]+a, 0), r.Upper)
					sum += w[i]
				}
			}
		}
		// Errors close to 0 may leave no change, and then nothing is rescaled.
		if r.Sum > 0 && sum > 0 && (c.e*r.APlus != 0 || c.e*r.AMinus != 0) {
			for i := range w {
				w[i] = min(max(w[i]*float32(float32(r.Sum)/sum), 0), r.Upper)
			}
		}
	}
	return decision
}

func TestS2STDP(t *testing.T) {
	var s Scratch
	rapid.Check(t, func(t *rapid.T) {
		rng := drawRand(t, "seed")
		shape := drawShape(t)
		steps := rapid.SampledFrom([]int{1, 4, 255}).Draw(t, "steps")
		classes := rapid.IntRange(2, 4).Draw(t, "classes")
		per := rapid.IntRange(1, 6).Draw(t, "neurons of a class")
		g := Geometry{In: shape, Maps: classes * per, Kernel: Size{shape.Rows, shape.Cols}}
		rule := S2STDP{
			Classes: classes, Spare: rapid.IntRange(0, per-1).Draw(t, "spare"), Upper: 1,
			APlus: 0.5, AMinus: -0.3, Gap: 0.2, Rate: rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "rate"),
		}
		rule.Temperature = rapid.SampledFrom([]float64{0, 0.001, 0.1, 1}).Draw(t, "temperature")
		if rapid.Bool().Draw(t, "sum") {
			rule.Sum = 0.5 * float64(g.Synapses())
		}
		top := 0.3 * float64(g.Synapses())
		if g.Ramp = rapid.Bool().Draw(t, "ramp"); g.Ramp {
			top *= float64(steps) / 3
		}
		threshold := rapid.Float64Range(0, top).Draw(t, "threshold")
		c, err := NewConvolution(g, threshold, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		c.Initialise(0.4, 0.3, rng)
		teacher, err := NewSupervisor(c, rule)
		if err != nil {
			t.Fatal(err)
		}
		p := pupil{rule: rule, g: g, unit: c.Unit(), threshold: threshold, thresholds: slices.Repeat([]float64{threshold}, g.Maps)}
		for m := range g.Maps {
			p.w = append(p.w, slices.Clone(c.Weight(m)))
		}
		var events spike.Events
		for n := range 8 {
			in := randomMap(rng, shape, steps, rng.Float64())
			events.From(in)
			label := rng.IntN(classes)
			if got, want := teacher.Learn(&events, label, &s), p.learn(in, label); got != want {
				t.Fatalf("image %d: decided %d; want %d", n, got, want)
			}
			if n == 4 { // another goes on
				thresholds := slices.Clone(teacher.Thresholds)
				teacher.Flush()
				if teacher, err = NewSupervisor(c, rule); err != nil {
					t.Fatal(err)
				}
				copy(teacher.Thresholds, thresholds)
			}
		}
		teacher.Flush()
		for m := range g.Maps {
			if !slices.Equal(c.Weight(m), p.w[m]) {
				t.Fatalf("neuron %d learned %v; want %v", m, c.Weight(m), p.w[m])
			}
		}
		if !slices.Equal(teacher.Thresholds, p.thresholds) {
			t.Fatalf("thresholds %v; want %v", teacher.Thresholds, p.thresholds)
		}
		sums := slices.Clone(c.Weights())
		teacher.AddTo(sums)
		for i, w := range c.Weights() {
			if sums[i] != 2*w {
				t.Fatalf("weight %d of %v adds up to %v", i, w, sums[i])
			}
		}
		for i := range sums {
			sums[i] = rng.Float32()
		}
		if err := teacher.SetWeights(sums); err != nil {
			t.Fatal(err)
		}
		teacher.Flush()
		if !slices.Equal(c.Weights(), sums) {
			t.Fatal("other weights than were set")
		}
		// What was learned is what is asked.
		in := randomMap(rng, shape, steps, 0.5)
		before := respond(c, in)
		if err := c.SetWeights(slices.Clone(c.Weights())); err != nil {
			t.Fatal(err)
		}
		if after := respond(c, in); !before.First.Equal(&after.First) || !slices.Equal(before.Potential, after.Potential) {
			t.Fatal("the rows differ from the weights")
		}
		teacher.Compete()
		if teacher.Thresholds[0] != threshold || slices.Max(teacher.Thresholds) != threshold {
			t.Fatalf("the competition begins at %v", teacher.Thresholds)
		}
	})
}

func TestOdds(t *testing.T) {
	for _, x := range []float64{1e-3, 0.7, 1, 1.5, 20, 1e9} {
		for n, got := range odds(x, 255) {
			if want := math.Exp(-x * float64(n)); math.Abs(got-want) > 1e-4*want+1e-300 {
				t.Errorf("exp(-%v*%d) is %v, not %v", x, n, want, got)
			}
		}
	}
}

func TestS2STDPRefuses(t *testing.T) {
	good := S2STDP{Classes: 2, Spare: 1, APlus: 0.1, AMinus: -0.1, Gap: 0.1, Upper: 1, Sum: 1, Rate: 1}
	layer := func(g Geometry, threshold float64) *Convolution {
		c, err := NewConvolution(g, threshold, Above, 1)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	whole := Geometry{In: spike.Shape{Maps: 2, Rows: 3, Cols: 3}, Maps: 4, Kernel: Size{3, 3}}
	if err := good.Check(layer(whole, 1)); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(r *S2STDP){
		"classes": func(r *S2STDP) { r.Classes = 3 }, "non-target": func(r *S2STDP) { r.Spare = 2 },
		"finite": func(r *S2STDP) { r.APlus = float32(math.NaN()) }, "gap": func(r *S2STDP) { r.Gap = 2 }, "temperature": func(r *S2STDP) { r.Temperature = -1 },
		"weights up to": func(r *S2STDP) { r.Upper = 2 }, "add up": func(r *S2STDP) { r.Sum = 19 }, "competition": func(r *S2STDP) { r.Rate = -1 },
	} {
		r := good
		change(&r)
		if _, err := NewSupervisor(layer(whole, 1), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want a word of %q", err, want)
		}
	}
	part := whole
	part.Kernel = Size{2, 3}
	for want, c := range map[string]*Convolution{"see all": layer(part, 1), "last step": layer(whole, math.Inf(1))} {
		if err := good.Check(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want a word of %q", err, want)
		}
	}
}
