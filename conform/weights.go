package conform

import (
	"cmp"
	"math"
	"slices"

	"firstspike/snn"
)

// mostBeliefs is how many other weights of one map are followed.
const mostBeliefs = 16

// A belief is weights of a map that the reference may have instead of ours,
// because a tie decided which inputs came in time for a winner. Cost is the
// sum of what its ties would have taken, each as a fraction of the most that
// counts as a tie.
type belief struct {
	weights []float32
	cost    float64
}

// distinct sorts beliefs by their cost and drops those that are the same as
// ours or as a cheaper one, and the dearest beyond mostBeliefs. Float32 noise
// is a small part of the tie band, so the reference's own weights are among
// the cheapest.
func distinct(list []belief, ours []float32) []belief {
	slices.SortStableFunc(list, func(a, b belief) int { return cmp.Compare(a.cost, b.cost) })
	var kept []belief
	for _, b := range list {
		same := near(b.weights, ours)
		for _, k := range kept {
			same = same || near(b.weights, k.weights)
		}
		if !same && len(kept) < mostBeliefs {
			kept = append(kept, b)
		}
	}
	return kept
}

// near reports whether two sets of weights are as good as equal.
func near(a, b []float32) bool {
	for i, v := range a {
		if math.Abs(float64(v)-float64(b[i])) > 1e-7 {
			return false
		}
	}
	return true
}

// compareWeights compares the weights of a layer after it has learned. A map
// that differs is tied if one of the other beliefs about it, by map, is what
// the trace has.
func (c *checker) compareWeights(s *Stage, conv *snn.Convolution, key string, others [][]belief) error {
	after, err := c.trace.weights(key)
	if err != nil {
		return err
	}
	n := conv.Synapses()
	s.Compared += len(after)
	for m := range conv.Maps {
		want := after[m*n : (m+1)*n]
		bad, first := misses(conv.Weight(m), want)
		weights := conv.Weight(m)
		if bad > 0 && others != nil {
			for _, b := range others[m] {
				if still, _ := misses(b.weights, want); still == 0 {
					s.Tied += bad
					weights, bad = b.weights, 0
					break
				}
			}
		}
		for i, w := range weights {
			s.number(float64(w), float64(want[i]), weightFloor)
		}
		k := conv.Kernel.Rows * conv.Kernel.Cols
		s.differ(bad, "map %d, input %d, row %d, column %d has the weight %.7g, the trace has %.7g",
			m, first/k, first%k/conv.Kernel.Cols, first%conv.Kernel.Cols, weights[first], want[first])
	}
	return nil
}

// misses counts the weights that are not the trace's, and gives the first.
func misses(ours, want []float32) (n, first int) {
	for i, w := range ours {
		if relative(float64(w), float64(want[i]), weightFloor) > tolerance {
			if n == 0 {
				first = i
			}
			n++
		}
	}
	return n, first
}
