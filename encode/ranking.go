package encode

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"firstspike/spike"
)

// A ranking holds the intensities above 0 of a picture as keys that order as
// they rank: the inverted bits of a float32, then the place in a first-spike
// map, maps fastest.
type ranking struct {
	keys, dealt []uint64
	count       [1<<buckets + 1]int32
}

// collect takes the intensities of a picture.
func (r *ranking) collect(p *Picture) {
	r.keys = r.keys[:0]
	for ch := range p.Channels {
		for pos, v := range p.Channel(ch) {
			if v > 0 {
				// The bits of positive floats order as the floats do.
				r.keys = append(r.keys, uint64(^math.Float32bits(float32(v)))<<32|uint64(pos*p.Channels+ch))
			}
		}
	}
}

// latency is Picture.Latency for a map of so many channels.
func (r *ranking) latency(channels int, dst *spike.Map) {
	dst.Silence()
	keys := r.keys
	bin := len(keys) / dst.Steps
	if bin == 0 {
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
	last := dst.Steps * bin
	from := 0
	for _, end := range count {
		to := int(end)
		if to == from {
			continue
		}
		step := from / bin
		if to > (step+1)*bin {
			rank(dealt[from:to], channels)
			for i := from; i < min(to, last); i++ {
				dst.At[uint32(dealt[i])] = spike.Step(i / bin)
			}
		} else if from < last {
			for _, k := range dealt[from:to] {
				dst.At[uint32(k)] = spike.Step(step)
			}
		}
		from = to
	}
}

// buckets is the logarithm of the number of buckets.
const buckets = 9

// rank sorts keys by intensity and then by channel, row, column.
func rank(keys []uint64, channels int) {
	slices.SortFunc(keys, func(a, b uint64) int { return compare(a, b, channels) })
}

func compare(a, b uint64, channels int) int {
	if c := cmp.Compare(a>>32, b>>32); c != 0 {
		return c
	}
	i, j := int(uint32(a)), int(uint32(b))
	return cmp.Or(cmp.Compare(i%channels, j%channels), cmp.Compare(i, j))
}

// weakest is the n keys that rank last, in no order; they are overwritten by
// the next call.
func (r *ranking) weakest(n, channels int) []uint64 {
	r.dealt = r.dealt[:0]
	if n == 0 {
		return nil
	}
	strongest, bar := 0, uint64(0) // of the weakest so far
	for _, k := range r.keys {
		switch {
		case len(r.dealt) < n:
			r.dealt = append(r.dealt, k)
		case k>>32 < bar || k>>32 == bar && compare(k, r.dealt[strongest], channels) < 0:
			continue
		default:
			r.dealt[strongest] = k
		}
		if len(r.dealt) == n {
			strongest = 0
			for i, k := range r.dealt {
				s := r.dealt[strongest]
				if k>>32 < s>>32 || k>>32 == s>>32 && compare(k, s, channels) < 0 {
					strongest = i
				}
			}
			bar = r.dealt[strongest] >> 32
		}
	}
	return r.dealt
}
