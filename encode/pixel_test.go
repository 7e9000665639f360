package encode

import (
	"math/rand/v2"
	"testing"

	"firstspike/spike"
)

// A "pixel" is the image itself: the brightest fire first.
func TestPixel(t *testing.T) {
	const rows, cols, steps = 5, 7, 5
	e, err := New(Config{Steps: steps, Filters: []Filter{{Kind: "pixel", Size: 1}}, Threshold: 1}, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	image := make([]byte, rows*cols)
	for i, v := range rng.Perm(rows * cols) {
		image[i] = byte(v) // all different; one is 0
	}
	var m spike.Map
	e.Encode(image, &m)
	lit := rows*cols - 1
	for i, v := range image {
		rank := rows*cols - 1 - int(v)
		want := spike.Step(rank / (lit / steps))
		if v == 0 || int(want) >= steps {
			want = spike.Silent
		}
		if m.At[i] != want {
			t.Errorf("pixel %d, brightness %d, fires at %d; want %d", i, v, m.At[i], want)
		}
	}
	for _, f := range []Filter{{Kind: "pixel"}, {Kind: "pixel", Size: 3}, {Kind: "pixel", Size: 1, Sigma1: 1}, {Kind: "pixel", Size: 1, Div: 2}} {
		if _, err := f.Kernel(); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}
