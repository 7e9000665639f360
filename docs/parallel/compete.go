package main

import (
	"slices"

	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// compete lets a layer without reward learn from images in a way.
func compete(c *snn.Convolution, l train.Learn, events []spike.Events, w way) error {
	switch w.kind {
	case together:
		competeTogether(c, l, events, w.n)
		return nil
	case apart:
		return competeApart(c, l, events, w)
	}
	return competeStale(c, l, events, w.n)
}

func plasticity(l train.Learn) snn.STDP {
	return snn.STDP{Rates: make([]snn.Rates, 1), Stabiliser: l.Stabiliser, Lower: float32(l.Lower), Upper: float32(l.Upper)}
}

// A piece is a map as an image has left it.
type piece struct {
	m       int
	weights []float32
}

// competeStale lets winners be chosen, and their changes be computed, with
// weights that are so many images old. c has these; now has those in which the
// changes are made. At the end of an epoch everybody waits for everybody.
func competeStale(c *snn.Convolution, l train.Learn, events []spike.Events, images int) error {
	rule, n := plasticity(l), c.Synapses()
	now := slices.Clone(c.Weights())
	sel := l.Selection(nil)
	var scratch snn.Scratch
	var image spike.Map
	var winners []spike.Spike
	var ltp []bool
	for epoch := range l.Epochs {
		var waiting [][]piece // what the last images have changed, the oldest first
		arrive := func(most int) error {
			for len(waiting) > most {
				for _, p := range waiting[0] {
					if err := c.Change(p.m, &scratch, func(w []float32) { copy(w, p.weights) }); err != nil {
						return err
					}
				}
				waiting = waiting[1:]
			}
			return nil
		}
		for i := range events {
			if err := arrive(images); err != nil {
				return err
			}
			in := &events[i]
			image.Resize(in.Shape)
			in.Map(&image)
			winners = c.Contest(in, sel, &scratch, winners[:0])
			rates := l.RatesAt(epoch, epoch*len(events)+i+1)
			var made []piece
			for _, w := range winners {
				ltp = c.Ordering(&image, w, ltp)
				to := now[w.Map*n : (w.Map+1)*n]
				change(&rule, to, c.Weight(w.Map), ltp, rates)
				made = append(made, piece{w.Map, slices.Clone(to)})
			}
			if epoch == 0 && i == 0 { // weights that begin outside the bounds
				for m := range c.Maps {
					to := now[m*n : (m+1)*n]
					for k, v := range to {
						to[k] = min(max(v, rule.Lower), rule.Upper)
					}
					made = append(made, piece{m, slices.Clone(to)})
				}
			}
			waiting = append(waiting, made)
		}
		if err := arrive(0); err != nil {
			return err
		}
	}
	return nil
}

// change is [snn.STDP.Change] with the stabiliser of older weights.
func change(rule *snn.STDP, now, old []float32, ltp []bool, rates snn.Rates) {
	for i, up := range ltp {
		a := rates.AMinus
		if up {
			a = rates.APlus
		}
		if rule.Stabiliser {
			v := old[i]
			a = float32(a * float32(float32(v-rule.Lower)*float32(rule.Upper-v)))
		}
		now[i] = min(max(now[i]+a, rule.Lower), rule.Upper)
	}
}

// competeTogether makes the changes of so many images at once.
func competeTogether(c *snn.Convolution, l train.Learn, events []spike.Events, images int) {
	rule, sum := plasticity(l), snn.NewSum(c)
	sel := l.Selection(nil)
	var scratch snn.Scratch
	var image spike.Map
	var winners []spike.Spike
	for epoch := range l.Epochs {
		for i := range events {
			in := &events[i]
			image.Resize(in.Shape)
			in.Map(&image)
			winners = c.Contest(in, sel, &scratch, winners[:0])
			rule.Rates[0] = l.RatesAt(epoch, epoch*len(events)+i+1)
			sum.Add(&rule, &image, winners, &scratch)
			if (i+1)%images == 0 || i+1 == len(events) {
				sum.Apply(&rule)
			}
		}
	}
}

// competeApart deals the images out to workers in turn. The rates go by all
// images that have been shown to any of them.
func competeApart(c *snn.Convolution, l train.Learn, events []spike.Events, w way) error {
	rule := plasticity(l)
	own, mean, err := twins(c, w.n)
	if err != nil {
		return err
	}
	sel, round := l.Selection(nil), w.round(len(events))
	var scratch snn.Scratch
	var image spike.Map
	var winners []spike.Spike
	for epoch := range l.Epochs {
		for i := range events {
			k, in := own[i%w.n], &events[i]
			image.Resize(in.Shape)
			in.Map(&image)
			winners = k.Contest(in, sel, &scratch, winners[:0])
			rule.Rates[0] = l.RatesAt(epoch, epoch*len(events)+i+1)
			rule.Learn(k, &image, winners, &scratch)
			if (i+1)%round == 0 || i+1 == len(events) {
				if err := mean(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
