package train

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// stream is the random stream of an experiment for one purpose, layer and
// epoch. Streams do not touch each other: a change in one layer leaves the
// numbers of all others as they were.
func stream(seed uint64, purpose, layer string, epoch int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s/%d", seed, purpose, layer, epoch))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
}

// muted is which maps of a layer do not take part in an epoch, nil if all do.
func (e Experiment) muted(layer Layer, epoch int) []bool {
	if layer.Learn.Dropout == 0 {
		return nil
	}
	rng := stream(e.Seed, "dropout", layer.Name, epoch)
	m := make([]bool, layer.Maps)
	for i := range m {
		m[i] = rng.Float64() < layer.Learn.Dropout
	}
	return m
}

// order is the order in which a layer sees n images in an epoch.
func (e Experiment) order(layer Layer, epoch, n int) []int {
	if layer.Learn.Shuffle {
		return stream(e.Seed, "order", layer.Name, epoch).Perm(n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}
