package dataset

import "math/rand/v2"

// The bars of [Bars]: three pixels through the middle of 3x3.
var bars = [4][3][2]int{
	{{1, 0}, {1, 1}, {1, 2}}, // lying
	{{2, 0}, {1, 1}, {0, 2}}, // rising
	{{0, 1}, {1, 1}, {2, 1}}, // standing
	{{0, 0}, {1, 1}, {2, 2}}, // falling
}

const barRounds = 100 // how often every image comes among the training images

// Bars returns a task that is made by hand: 16 images of 3x9 pixels, each with two bars of four orientations (lying,
// rising, standing, falling), one on the left and one on the right. The class is 0 if both are straight (lying or standing)
// or both slanting, and 1 otherwise, so that neither bar alone tells anything. The training images are 1,600, each of the 16
// a hundred times, in rounds of 16 whose order is drawn once and for all; the test images are the 16.
func Bars() (train, test *Set) {
	var pixels []byte
	var labels []uint8
	add := func(i int) {
		left, right := i/4, i%4
		var image [3 * 9]byte
		for k, bar := range [2]int{left, right} {
			for _, p := range bars[bar] {
				image[p[0]*9+6*k+p[1]] = 255
			}
		}
		pixels, labels = append(pixels, image[:]...), append(labels, uint8((left+right)%2))
	}
	for i := range 16 {
		add(i)
	}
	test, _ = New("bars/test", 3, 9, pixels, labels)
	pixels, labels = nil, nil
	rng := rand.New(rand.NewPCG(1, 0))
	for range barRounds {
		for _, i := range rng.Perm(16) {
			add(i)
		}
	}
	train, _ = New("bars/train", 3, 9, pixels, labels)
	return train, test
}
