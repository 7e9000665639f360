package snn

import (
	"fmt"
	"math"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// S2STDP is supervised STDP, which tells neurons of a fully connected layer
// when to fire. The maps stand for classes in equal blocks; in each block the
// first Spare neurons are non-target, the others target neurons. Of every class
// the neuron that is ahead learns (the winner-takes-all competition of a class).
// With the times t in 0..1 of these neurons, 1 for a silent one, and T their
// mean over those that fired, but at most 1 - Gap/10:
//
//	t* = T - 9/10 Gap    if it is a target neuron of the image's class
//	t* = T + 1/10 Gap    else
//	e  = t - t*
//	dw = e APlus         if the input fired at or before the neuron
//	dw = e AMinus        else, and for all inputs of a silent neuron that are silent
//	w  = min(max(w+dw, 0), Upper)
//	w  = w Sum / sum(w)  if Sum is above 0, held within the bounds too
//
// A neuron that is late has e > 0 and comes earlier, one that is early has e < 0
// and comes later. Goupy et al. (2024), S2-STDP, with the factor 9/10 for ten
// classes; for n classes it is (n-1)/n, and the other 1/n.
//
// With a Temperature the classes share a probability by the times of these
// neurons, and the error is what is missing of it:
//
//	p = exp(-t/Temperature) / sum(exp(-t/Temperature))
//	e = Gap (1 - p)      if it is a target neuron of the image's class
//	e = -Gap p           else
//
// This is the slope of the cross-entropy by which Göltz et al. (2021)
// train first spikes, here of one layer, without anything that is propagated
// back. An image of whose probability no more than a thousandth is missing
// teaches nothing: most do, soon, and what is learned comes from those that are
// hard.
//
// In a layer with [Geometry.Ramp] potentials rise on between steps, so that a time
// is known more finely: with the potential v after the step s of the spike, of
// which the step gave r, t = s + 1 - (v-threshold)/r in steps, counted in parts of
// 1/64. What an input that fired in time has given to the potential grows with its
// lead, and so does its change: with n times that it has added its weight,
//
//	dw = e APlus n/steps
//
// The target neurons of the image's class compete for it (the neurons of a
// class then learn different examples of it): with m of them, the first to fire
// raises its threshold for training by Rate (m-1)/m, the others lower theirs by
// Rate/m, down to the layer's threshold. All other neurons, and all neurons when
// the network is asked, have the layer's threshold. Goupy et al. (2024), NCG.
type S2STDP struct {
	Classes       int
	Spare         int // non-target neurons in a class, fewer than there are neurons
	APlus, AMinus float32
	Gap           float64 // of time, 0 to 1
	Temperature   float64 // of time, 0 to 1; 0: the errors are those of time targets
	Upper         float32 // the lower bound is 0
	Sum           float64 // of a neuron's weights after every change; 0: as it comes
	Rate          float64 // of the competition, in units of weights; 0: none
}

// Check reports what makes the rule unusable for a layer, or nil.
func (r *S2STDP) Check(c *Convolution) error {
	switch {
	case c.Out().Positions() != 1 || c.Pad != 0:
		return fmt.Errorf("%v neurons; the layer must see all of its input at once: a kernel of %dx%d without padding", c.Out(), c.In.Rows, c.In.Cols)
	case c.AtEnd():
		return fmt.Errorf("the layer fires at the last step; it needs a finite threshold")
	case c.Most > 1:
		return fmt.Errorf("inputs that fire up to %d times; they may fire once", c.Most)
	case r.Classes < 2 || c.Maps%r.Classes != 0:
		return fmt.Errorf("%d maps for %d classes; each of at least 2 classes must have equally many", c.Maps, r.Classes)
	case r.Spare < 0 || r.Spare >= c.Maps/r.Classes:
		return fmt.Errorf("%d of %d neurons of a class are non-target; at least one must be a target neuron", r.Spare, c.Maps/r.Classes)
	case bad(r.APlus) || bad(r.AMinus):
		return fmt.Errorf("rates %v and %v must be finite", r.APlus, r.AMinus)
	case !(r.Gap >= 0 && r.Gap <= 1):
		return fmt.Errorf("gap %v; it must be 0 to 1", r.Gap)
	case !(r.Temperature >= 0 && r.Temperature <= 1):
		return fmt.Errorf("temperature %v; it must be 0 to 1", r.Temperature)
	case !(r.Upper > 0) || float64(r.Upper) > c.bound:
		return fmt.Errorf("weights up to %v; the bound must be above 0 and at most %v", r.Upper, c.bound)
	case !(r.Sum >= 0) || r.Sum > float64(c.Synapses())*c.bound:
		return fmt.Errorf("weights that add up to %v; a neuron has %d of at most %v", r.Sum, c.Synapses(), c.bound)
	case !(r.Rate >= 0) || math.IsInf(r.Rate, 1):
		return fmt.Errorf("rate %v of the competition; it must be 0 or more", r.Rate)
	}
	return nil
}

// A Supervisor lets a layer learn by [S2STDP]. It holds the weights: what
// others see of the layer is as it was until [Supervisor.Flush].
type Supervisor struct {
	Rule S2STDP
	// Thresholds are those of the neurons in training. They may be set, one
	// a map, to go on where another supervisor was.
	Thresholds []float64

	c      *Convolution
	w      []float32 // as the rows of the layer
	times  []int32   // of the inputs, in the order of the rows
	parts  int       // in which the time of a neuron is counted, in a step
	row    []int32   // of every input
	lesson simd.Lesson
	first  []int   // of every class, the neuron that is ahead
	head   []int32 // where potentials began, as in the layer
	errors []float64
	odds   []float64 // of a class so many steps behind the one that is ahead
}

// NewSupervisor returns a supervisor for a layer. Its weights are held within
// the rule's bounds from then on.
func NewSupervisor(c *Convolution, rule S2STDP) (*Supervisor, error) {
	if err := rule.Check(c); err != nil {
		return nil, err
	}
	c.Clamp(0, rule.Upper)
	n := c.Synapses()
	s := &Supervisor{Rule: rule, c: c, parts: 1, w: make([]float32, len(c.rows)), times: make([]int32, n), row: make([]int32, n), first: make([]int, rule.Classes), errors: make([]float64, rule.Classes)}
	if c.Ramp {
		s.parts = 64
	}
	s.load()
	for i, t := range c.targets {
		s.row[i] = t.W / int32(c.width)
	}
	s.lesson.Upper, s.lesson.Scale = rule.Upper, c.scale()
	s.Compete()
	return s, nil
}

// load takes over the layer's weights.
func (s *Supervisor) load() {
	for m := range s.c.Maps {
		for i, v := range s.c.Weight(m) {
			s.w[s.c.slot(i)+m] = v
		}
	}
}

// AddTo adds the weights to sums in the order of [Convolution.Weights].
func (s *Supervisor) AddTo(sums []float32) {
	n := s.c.Synapses()
	for m := range s.c.Maps {
		sums := sums[m*n : (m+1)*n]
		for i := range sums {
			sums[i] += s.w[s.c.slot(i)+m]
		}
	}
}

// SetWeights is [Convolution.SetWeights] of the layer, from which learning goes
// on. The weights must lie within the rule's bounds.
func (s *Supervisor) SetWeights(w []float32) error {
	if err := s.c.SetWeights(w); err != nil {
		return err
	}
	s.c.Clamp(0, s.Rule.Upper)
	s.load()
	return nil
}

// Compete lets the competition begin anew.
func (s *Supervisor) Compete() {
	s.Thresholds = grow(s.Thresholds, s.c.Maps)
	for m := range s.Thresholds {
		s.Thresholds[m] = s.c.Threshold
	}
}

// Flush brings the layer up to date.
func (s *Supervisor) Flush() {
	c := s.c
	for m := range c.Maps {
		w := c.Weight(m)
		for i := range w {
			w[i] = s.w[c.slot(i)+m]
		}
		c.quantise(m)
		c.placeMap(m)
	}
}

// Learn lets the layer learn from an image and returns the class that was ahead
// as it did, or -1 if all neurons stayed silent.
func (s *Supervisor) Learn(in *spike.Events, label int, scratch *Scratch) int {
	c, r := s.c, &s.Rule
	per := c.Maps / r.Classes
	target := per - r.Spare
	competing := r.Rate > 0 && target > 1
	if competing {
		c.head = grow(c.head, c.width)
		clear(c.head)
		for m := label*per + r.Spare; m < (label+1)*per; m++ {
			c.head[m] = c.limit - c.quantumLimit(s.Thresholds[m])
		}
	}
	response := &scratch.response
	c.Respond(in, response, scratch)
	s.head, c.head = c.head, nil
	at, potential := response.First.At, response.Potential
	ahead := func(a, b int) bool {
		return at[a] < at[b] || at[a] == at[b] && potential[a] > potential[b]
	}
	end := s.parts * in.Steps()
	time := func(m int) float64 { return float64(s.time(response, m)) / float64(end) }
	best, fired, sum := 0, 0, 0.0
	for class := range s.first {
		first := class * per
		for m := first + 1; m < (class+1)*per; m++ {
			if ahead(m, first) {
				first = m
			}
		}
		if s.first[class] = first; at[first] != spike.Silent {
			fired++
			sum += time(first)
		}
		if ahead(first, s.first[best]) {
			best = class
		}
	}
	if competing {
		won := label*per + r.Spare
		for m := won + 1; m < (label+1)*per; m++ {
			if ahead(m, won) {
				won = m
			}
		}
		share := r.Rate / float64(target)
		for m := label*per + r.Spare; m < (label+1)*per; m++ {
			by := -share
			if m == won {
				by = float64(share * float64(target-1))
			}
			s.Thresholds[m] = max(s.Thresholds[m]+by, c.Threshold)
		}
	}
	if r.Temperature > 0 {
		if !s.compare(response, label) {
			return best
		}
	} else {
		few := r.Gap / float64(r.Classes)
		mean := 1 - few
		if fired > 0 {
			mean = min(sum/float64(fired), mean)
		}
		for class, m := range s.first {
			goal := mean + few
			if class == label && m%per >= r.Spare {
				goal = mean - float64(few*float64(r.Classes-1))
			}
			s.errors[class] = time(m) - goal
		}
	}
	s.note(in)
	for unit := 0; unit < c.width; unit += simd.Lanes {
		l, any := &s.lesson, false
		clear(l.Up[:])
		clear(l.Down[:])
		clear(l.Steep[:])
		for class, m := range s.first {
			if m < unit || m >= unit+simd.Lanes {
				continue
			}
			e, lane := float32(s.errors[class]), m-unit
			l.Up[lane], l.Down[lane] = float32(e*r.APlus), float32(e*r.AMinus)
			if c.Ramp {
				l.Up[lane] /= float32(in.Steps())
				l.Steep[lane] = l.Up[lane]
			}
			// A silent neuron is later than every input that fires.
			if l.Until[lane] = int32(at[m]); at[m] == spike.Silent {
				l.Until[lane] = int32(in.Steps()) - 1
			}
			any = true
		}
		if !any {
			continue
		}
		simd.Teach(s.w[unit:], c.width, s.times, l)
		for lane := range l.Factor {
			l.Factor[lane] = 1
			if r.Sum > 0 && (l.Up[lane] != 0 || l.Down[lane] != 0) && l.Sum[lane] > 0 {
				l.Factor[lane] = float32(r.Sum) / l.Sum[lane]
			}
		}
		simd.Rescale(s.w[unit:], c.rows[unit:], c.width, len(s.times), l)
	}
	c.counted.Store(nil)
	if at[s.first[best]] == spike.Silent {
		return -1
	}
	return best
}

// time is when a neuron fires, in parts of a step; the end of all steps if it
// stays silent.
func (s *Supervisor) time(r *Response, m int) int {
	at := int(r.First.At[m])
	switch {
	case r.First.At[m] == spike.Silent:
		return s.parts * r.First.Steps
	case !s.c.Ramp:
		return at
	}
	over := int64(r.Potential[m]) - int64(s.c.limit)
	if s.head != nil {
		over += int64(s.head[m])
	}
	return s.parts*(at+1) - int(int64(s.parts)*over/int64(r.Rise[m]))
}

// compare makes the errors out of probabilities, and reports whether they are worth
// learning from.
func (s *Supervisor) compare(response *Response, label int) bool {
	const enough = 1e-3
	r, end := &s.Rule, s.parts*response.First.Steps
	if len(s.odds) != end+1 {
		s.odds = odds(1/float64(r.Temperature*float64(end)), end)
	}
	soonest := end
	for _, m := range s.first {
		soonest = min(soonest, s.time(response, m))
	}
	all := 0.0
	for class, m := range s.first {
		s.errors[class] = s.odds[s.time(response, m)-soonest]
		all += s.errors[class]
	}
	for class, m := range s.first {
		missing := -(s.errors[class] / all)
		if class == label && m%(s.c.Maps/r.Classes) >= r.Spare {
			if missing++; missing < enough {
				return false
			}
		}
		s.errors[class] = float64(r.Gap * missing)
	}
	return true
}

// odds is exp(-x n) for n up to steps, on every machine to the same bits.
func odds(x float64, steps int) []float64 {
	halved := 0
	for ; x > 1 && halved < 64; halved++ {
		x /= 2
	}
	factor := float64(decay(float32(x)))
	for range halved {
		factor *= factor
	}
	o := make([]float64, steps+1)
	o[0] = 1
	for n := range steps {
		o[n+1] = float64(o[n] * factor)
	}
	return o
}

// note writes down when the inputs fire.
func (s *Supervisor) note(in *spike.Events) {
	for i := range s.times {
		s.times[i] = int32(spike.Silent)
	}
	for t := range in.Steps() {
		for _, i := range in.Step(t) {
			s.times[s.row[i]] = int32(t)
		}
	}
}
