package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// splitStream is the second half of the generator's seed: "split" in ASCII. A split then shares no random numbers with
// anything else that is seeded with the same number.
const splitStream = 0x73706c6974

// Stratified divides the images with these labels into two lists: n images for validation, in which every class has its
// share, and all others for training. Both lists hold indices into labels in ascending order; together they hold every
// index once. Same labels, n and seed: same lists, on every machine.
//
// The shares go by the largest remainder. Of N images, m of them of class c, validation gets the whole part of n*m/N, and
// the images that are then still missing come one each from the classes with the largest remainders, of equal remainders
// the lower class. So no class is off its exact share by a whole image.
//
// Within a class, chance decides. Every image, in the order of labels, draws one key: the next Uint64 of math/rand/v2's PCG
// generator with the seed (seed, 0x73706c6974). Validation gets the images of the class with the smallest keys, of equal
// keys the earlier image.
//
// Stratified returns an error unless 0 <= n < len(labels): at least one image is left to train on.
func Stratified(labels []uint8, n int, seed uint64) (train, validation []int, err error) {
	if len(labels) == 0 {
		return nil, nil, errors.New("a validation split of no images at all; give labels")
	}
	if n < 0 || n >= len(labels) {
		return nil, nil, fmt.Errorf("a validation split of %d of %d images; give 0 to %d, so that at least one is left to train on",
			n, len(labels), len(labels)-1)
	}

	quota := shares(labels, n)
	pcg := rand.NewPCG(seed, splitStream)
	keys := make([]uint64, len(labels))
	drawn := make([]int, len(labels))
	for i := range keys {
		keys[i] = pcg.Uint64()
		drawn[i] = i
	}
	slices.SortStableFunc(drawn, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	for _, i := range drawn {
		if c := labels[i]; quota[c] > 0 {
			quota[c]--
			validation = append(validation, i)
		} else {
			train = append(train, i)
		}
	}
	slices.Sort(train)
	slices.Sort(validation)
	return train, validation, nil
}

// shares are how many of n images there are of every class if each has its share, as [Stratified] says.
func shares(labels []uint8, n int) (quota [256]int) {
	var count [256]int
	for _, l := range labels {
		count[l]++
	}
	var byRemainder []int
	missing := n
	for c, m := range count {
		if m > 0 {
			quota[c] = n * m / len(labels)
			missing -= quota[c]
			byRemainder = append(byRemainder, c)
		}
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int {
		return cmp.Compare(n*count[b]%len(labels), n*count[a]%len(labels))
	})
	for _, c := range byRemainder[:missing] {
		quota[c]++
	}
	return quota
}
