package conform

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"firstspike/spike"
)

// What float32 may do to an encoding.
const (
	cutTie  = 2e-4 // a response this close to the cut, as a fraction of it, may fall on either side
	rankTie = 1e-4 // intensities this close to each other, as a fraction of them, may rank either way
)

// Limits of what is tried: more ties than these in one image are not met.
const (
	mostCuts         = 6
	mostAlternatives = 24
)

// encode checks the encoding.
func (c *checker) encode() error {
	s, ok := c.stage("encoding", 0, "test_ids", "input_latency")
	if !ok {
		return nil
	}
	return c.parts(c.trace.images[forward], func(w *worker, i int, parts []Stage) error {
		want, err := c.trace.spikes("input_latency", i, c.model.S1.In)
		if err != nil {
			return err
		}
		pixels := c.pixels(forward, i)
		var ours spike.Map
		w.encoder.Encode(pixels, &ours)
		p := &parts[0]
		p.Compared = len(ours.At)
		n, where := differences(&ours, want)
		switch {
		case n == 0:
		case c.tiedEncoding(w, pixels, want):
			p.Tied = n
		default:
			p.differ(n, "image %d (%s %d): %s fires at step %s, the trace has %s", i, c.sets[forward].Name, c.ids[forward][i],
				name(ours.Neuron(where%ours.Maps, where/ours.Maps)), step(ours.At[where]), step(want.At[where]))
		}
		return nil
	}, s)
}

// differences counts the neurons that fire at different steps, and gives the
// first of them in memory order.
func differences(a, b *spike.Map) (n, first int) {
	for i, s := range a.At {
		if s != b.At[i] {
			if n == 0 {
				first = i
			}
			n++
		}
	}
	return n, first
}

// tiedEncoding reports whether ties alone explain the trace's encoding of an
// image: responses at the cut that fell on the other side, which moves all
// ranks after them, and intensities that ranked the other way.
func (c *checker) tiedEncoding(w *worker, pixels []byte, want *spike.Map) bool {
	near := c.nearCut(w, pixels)
	for flip := range 1 << len(near) {
		c.intensities(w, pixels, near, uint(flip))
		if tiedRanks(w, want) {
			return true
		}
	}
	return false
}

// nearCut lists the responses that are tied with the cut, the closest first.
func (c *checker) nearCut(w *worker, pixels []byte) []int {
	p, cut := &w.picture, c.model.Encode.Threshold
	p.Filter(w.encoder.Kernels(), c.model.Encode.Pad, pixels, c.model.Rows, c.model.Cols)
	distance := func(i int) float64 { return math.Abs(p.At[i] - cut) }
	var near []int
	for i := range p.At {
		if distance(i) <= cutTie*math.Abs(cut) {
			near = append(near, i)
		}
	}
	slices.SortFunc(near, func(a, b int) int { return cmp.Compare(distance(a), distance(b)) })
	return near[:min(len(near), mostCuts)]
}

// intensities computes the intensities of an image as the encoder does, but
// with those responses on the other side of the cut whose bit in flip is set.
func (c *checker) intensities(w *worker, pixels []byte, near []int, flip uint) {
	p, e := &w.picture, c.model.Encode
	p.Filter(w.encoder.Kernels(), e.Pad, pixels, c.model.Rows, c.model.Cols)
	for ; flip != 0; flip &= flip - 1 {
		i := near[bits.TrailingZeros(flip)]
		if p.At[i] < e.Threshold {
			p.At[i] = e.Threshold
		} else {
			p.At[i] = math.Inf(-1)
		}
	}
	p.Cut(e.Threshold)
	if e.Abs {
		p.Abs()
	}
	if e.Normalise > 0 {
		p.Normalise(e.Normalise)
	}
	if len(e.Lateral) > 0 {
		p.Inhibit(e.Lateral)
	}
}

// tiedRanks reports whether the steps are a ranking of the worker's picture,
// up to ties: as many intensities in every step as there must be, and none
// certainly stronger than one of an earlier step.
func tiedRanks(w *worker, m *spike.Map) bool {
	p := &w.picture
	count := make([]int, m.Steps)
	weakest, strongest := make([]float64, m.Steps), make([]float64, m.Steps+1)
	for t := range weakest {
		weakest[t] = math.Inf(1)
	}
	n, size := 0, p.Rows*p.Cols
	for i, v := range p.At {
		t := min(int(m.At[i%size*m.Maps+i/size]), m.Steps)
		if v > 0 {
			n++
		} else if t < m.Steps {
			return false
		}
		strongest[t] = max(strongest[t], v)
		if t < m.Steps {
			count[t]++
			weakest[t] = min(weakest[t], v)
		}
	}
	later := strongest[m.Steps]
	for t := m.Steps - 1; t >= 0; t-- {
		if count[t] != n/m.Steps || count[t] > 0 && later > weakest[t]*(1+rankTie) {
			return false
		}
		later = max(later, strongest[t])
	}
	return true
}

// An input is one encoding of an image. Cost is how far it strays from ours,
// as a fraction of the tie: 0 for ours.
type input struct {
	*spike.Map
	cost float64
}

// inputs is our encoding of an image and after it those that a single tie
// would have turned it into, the likeliest first.
func (c *checker) inputs(w *worker, pixels []byte) []input {
	ours := &spike.Map{}
	w.encoder.Encode(pixels, ours)
	list := swaps(w, c, pixels, ours)
	near := c.nearCut(w, pixels)
	costs := make([]float64, len(near))
	for k, i := range near {
		costs[k] = math.Abs(w.picture.At[i]-c.model.Encode.Threshold) / (cutTie * math.Abs(c.model.Encode.Threshold))
	}
	for k := range near {
		c.intensities(w, pixels, near, 1<<k)
		m := spike.NewMap(ours.Shape, ours.Steps)
		w.picture.Latency(m)
		if !m.Equal(ours) {
			list = append(list, input{m, costs[k]})
		}
	}
	slices.SortStableFunc(list, func(a, b input) int { return cmp.Compare(a.cost, b.cost) })
	return append([]input{{Map: ours}}, list[:min(len(list), mostAlternatives)]...)
}

// swaps lists the encodings in which two tied intensities of neighbouring
// steps have changed places.
func swaps(w *worker, c *checker, pixels []byte, ours *spike.Map) (list []input) {
	c.intensities(w, pixels, nil, 0)
	p := &w.picture
	size := p.Rows * p.Cols
	byStep := make([][]int, ours.Steps+1)
	for i, v := range p.At {
		if v > 0 {
			t := min(int(ours.At[i%size*ours.Maps+i/size]), ours.Steps)
			byStep[t] = append(byStep[t], i)
		}
	}
	for t := range ours.Steps {
		here, next := byStep[t], byStep[t+1]
		low, high := math.Inf(1), math.Inf(-1)
		for _, i := range here {
			low = min(low, p.At[i])
		}
		for _, j := range next {
			high = max(high, p.At[j])
		}
		for _, i := range here {
			if p.At[i] > high*(1+rankTie) {
				continue
			}
			for _, j := range next {
				gap := p.At[i]/p.At[j] - 1
				if p.At[j] < low*(1-rankTie) || gap > rankTie {
					continue
				}
				m := *ours
				m.At = slices.Clone(ours.At)
				a, b := i%size*m.Maps+i/size, j%size*m.Maps+j/size
				m.At[a], m.At[b] = m.At[b], m.At[a]
				list = append(list, input{&m, gap / rankTie})
				if len(list) >= 8*mostAlternatives {
					return list
				}
			}
		}
	}
	return list
}
