package encode

import (
	"math"
	"math/bits"
	"slices"

	"firstspike/spike"
)

// A ranking holds the intensities above 0 of a picture as keys that order as
// they rank: the inverted bits of a float32, then the place in the order
// channel, row, column. That is also the order of the keys.
type ranking struct {
	keys, dealt []uint64
	count       [1<<buckets + 1]int32
	neurons     []int32 // the places in a first-spike map, maps fastest
	channels    int
	spreads     bool // as LatencySpread has it
}

// step is the step of a rank among n, and end the first rank of a later step.
// Ranks that never fire have steps beyond the last.
func (r *ranking) step(rank, n, steps int) (step, end int) {
	if r.spreads {
		step = (rank*(steps-1) + n - 1) / n
		return step, step*n/(steps-1) + 1
	}
	bin := n / steps
	return rank / bin, (rank/bin + 1) * bin
}

// collect takes the intensities of a picture.
func (r *ranking) collect(p *Picture) {
	r.keys = r.keys[:0]
	for ch := range p.Channels {
		channel := p.Channel(ch)
		for pos, v := range channel {
			if v > 0 {
				// The bits of positive floats order as the floats do.
				r.keys = append(r.keys, uint64(^math.Float32bits(float32(v)))<<32|uint64(ch*len(channel)+pos))
			}
		}
	}
}

// latency is Picture.Latency.
func (r *ranking) latency(dst *spike.Map) {
	dst.Silence()
	r.spread(dst.Shape)
	keys := r.keys
	n := len(keys)
	last := n - r.silent(dst.Steps) // from there on ranks never fire
	if last == 0 {
		return
	}
	lowest, highest := keys[0], keys[0]
	for _, k := range keys {
		lowest, highest = min(lowest, k), max(highest, k)
	}
	// Keys are dealt into buckets by their upper bits. Of most buckets all
	// keys have the same step; only the others are put in order.
	lowest >>= 32
	shift := 32 + max(0, bits.Len64(highest>>32-lowest)-buckets)
	lowest <<= 32
	count := r.count[:]
	clear(count)
	for _, k := range keys {
		count[(k-lowest)>>shift+1]++
	}
	for i := 1; i < len(count); i++ {
		count[i] += count[i-1]
	}
	if cap(r.dealt) < len(keys) {
		r.dealt = make([]uint64, cap(keys))
	}
	dealt := r.dealt[:len(keys)]
	for _, k := range keys {
		at := &count[(k-lowest)>>shift]
		dealt[*at] = k
		*at++
	}
	// Now count[i] is where bucket i ends, and an earlier end is where it
	// begins. All keys of a bucket that no end of a step cuts have its step.
	from := 0
	for _, end := range count {
		to := int(end)
		if to == from {
			continue
		}
		step, end := r.step(from, n, dst.Steps)
		if to > end {
			slices.Sort(dealt[from:to])
			for i := from; i < min(to, last); i++ {
				if i == end {
					step, end = r.step(i, n, dst.Steps)
				}
				dst.At[r.neurons[uint32(dealt[i])]] = spike.Step(step)
			}
		} else if from < last {
			for _, k := range dealt[from:to] {
				dst.At[r.neurons[uint32(k)]] = spike.Step(step)
			}
		}
		from = to
	}
}

// buckets is the logarithm of the number of buckets.
const buckets = 9

// spread finds the places of a map's neurons.
func (r *ranking) spread(shape spike.Shape) {
	if r.channels == shape.Maps && len(r.neurons) == shape.Neurons() {
		return
	}
	r.channels, r.neurons = shape.Maps, make([]int32, shape.Neurons())
	for i := range r.neurons {
		r.neurons[i] = int32(i%shape.Positions()*shape.Maps + i/shape.Positions())
	}
}

// silent is how many of the keys, the last ones, never fire.
func (r *ranking) silent(steps int) int {
	if r.spreads {
		return 0
	}
	return len(r.keys) % steps
}

// weakest is the n keys that rank last, in order; they are overwritten by the
// next call.
func (r *ranking) weakest(n int) []uint64 {
	last := r.dealt[:0]
	if n > 0 {
		last = append(last, r.keys[:n]...)
		slices.Sort(last)
		for _, k := range r.keys[n:] {
			if k < last[0] {
				continue
			}
			i := 1
			for ; i < n && last[i] < k; i++ {
				last[i-1] = last[i]
			}
			last[i-1] = k
		}
	}
	r.dealt = last
	return last
}
