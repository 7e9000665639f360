package snn

import (
	"math"
	"slices"

	"firstspike/internal/simd"
)

// counts serve a layer that has learned: where the weights of a map are either
// near 0 or near one other value, as STDP with a stabiliser leaves them, how
// many of a neuron's active inputs have a strong synapse is enough to tell
// whether it fires, if no sum of the small differences can reach or miss the
// threshold. A byte holds such a count. Maps of which that is not so are odd;
// their potentials are summed.
type counts struct {
	few      int    // with fewer active inputs nothing fires
	patterns bool   // an entry stands for all input maps of a position
	width    int    // of a row, Maps rounded up
	rows     []byte // input map or pattern, row, column reversed, map: strong synapses
	least    []byte // of every map, the count from which on it fires

	odd      []int // maps
	oddWidth int
	oddRows  []int32 // input map, row, column reversed, odd map: quanta
}

// patternBytes is how large the rows of patterns may become: they are of use as
// long as they lie near a core.
const patternBytes = 1 << 20

// counts returns the layer's counts, or nil if they are of no use. They are
// made at first use after the weights have changed.
func (c *Convolution) counts() *counts {
	if t := c.counted.Load(); t != nil {
		return t.get()
	}
	t := c.count()
	c.counted.CompareAndSwap(nil, t)
	return t.get()
}

func (t *counts) get() *counts {
	if t.rows == nil {
		return nil
	}
	return t
}

// count makes the counts. Without rows they are of no use.
func (c *Convolution) count() *counts {
	t := &counts{few: math.MaxInt, width: (c.Maps + simd.CountUnit - 1) / simd.CountUnit * simd.CountUnit}
	t.least = slices.Repeat([]byte{255}, t.width) // never reached by rows of zeros
	if c.signed || c.most <= 0 || c.Most > 1 || c.head != nil {
		return t
	}
	n := c.Synapses()
	strong := make([]int32, c.Maps) // what is above is strong
	for m := range c.Maps {
		quanta := c.quanta[m*n : (m+1)*n]
		strong[m] = slices.Max(quanta) / 2
		if least := threshold(quanta, strong[m], c.limit); least > 0 {
			t.least[m] = byte(least)
			if least < 255 {
				t.few = min(t.few, least)
			}
		} else {
			t.odd = append(t.odd, m)
		}
	}
	if len(t.odd) > c.Maps/2 {
		return t
	}
	if len(t.odd) > 0 {
		t.few = min(t.few, c.fewest())
	}
	taps, entries := c.Kernel.Rows*c.Kernel.Cols, c.In.Maps
	if c.In.Maps <= 8 && taps*t.width <= patternBytes>>c.In.Maps {
		t.patterns, entries = true, 1<<c.In.Maps
	}
	t.rows = make([]byte, entries*taps*t.width)
	t.oddWidth = simd.Round(len(t.odd))
	t.oddRows = make([]int32, n*t.oddWidth)
	for m := range c.Maps {
		odd := slices.Index(t.odd, m)
		for i, q := range c.quanta[m*n : (m+1)*n] {
			slot := c.slot(i) / c.width
			if odd >= 0 {
				t.oddRows[slot*t.oddWidth+odd] = q
				continue
			}
			if q <= strong[m] {
				continue
			}
			if !t.patterns {
				t.rows[slot*t.width+m] = 1
				continue
			}
			in, tap := slot/taps, slot%taps
			for p := range entries {
				if p>>in&1 != 0 {
					t.rows[(p*taps+tap)*t.width+m]++
				}
			}
		}
	}
	return t
}

// threshold is the count of strong synapses with active inputs from which on a
// map with these quanta fires, 255 if it never does, or 0 if the count does
// not tell or does not fit.
func threshold(quanta []int32, strong, limit int32) int {
	weakest, strongest, weak := int64(-1), int64(0), int64(0)
	for _, v := range quanta {
		q := int64(v)
		if v <= strong {
			weak = max(weak, q)
			continue
		}
		strongest = max(strongest, q)
		if weakest < 0 || q < weakest {
			weakest = q
		}
	}
	n := int64(len(quanta))
	if weakest < 0 { // then all are 0
		return 255
	}
	// The smallest count with which even the weakest fire. With one less, not
	// even the strongest may, though every weak synapse helps.
	least := int64(limit)/weakest + 1
	if least >= 255 || (least-1)*strongest+(n-least+1)*weak > int64(limit) {
		return 0
	}
	return int(least)
}
