package snn

import (
	"firstspike/internal/simd"
	"firstspike/spike"
)

// A Scratch is the working memory of a layer for one goroutine. It grows to
// what the layer needs at first use and is then reused: nothing is allocated
// for an image. The zero Scratch is ready; one Scratch serves any number of
// layers, one after another.
type Scratch struct {
	acc    []int32 // potentials, position by position, maps rounded up
	slope  []int32 // with ramps, how much they rise a step
	hot    []int32 // targets in which the threshold was passed in this step
	closed []bool  // positions whose winner is decided
	fresh  []spike.Spike
	places []uint64 // positions where that was, as bits
	over   []uint64 // neurons of one

	// Of every position, the inputs that fire: from starts on, up to next.
	arrivals     []simd.Arrival
	starts, next []int32
	first        []uint32

	response Response

	summed, counted list // of the active inputs
	views, odds     viewer

	// Of a winner that learns: its inputs, and its map's weights.
	mask    []uint64
	times   []spike.Step
	ltp     []bool
	weights []float32
	quanta  []int32
	rule    simd.Rule
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (s *Scratch) reset(c *Convolution) {
	positions := c.Out().Positions()
	s.acc = grow(s.acc, positions*c.width)
	if c.head == nil {
		clear(s.acc)
	} else {
		copy(s.acc, c.head)
		for n := c.width; n < len(s.acc); n *= 2 {
			copy(s.acc[n:], s.acc[:n])
		}
	}
	if c.Ramp {
		s.slope = grow(s.slope, positions*c.width)
		clear(s.slope)
	}
	s.closed = grow(s.closed, positions)
	clear(s.closed)
	s.fresh = s.fresh[:0]
}
