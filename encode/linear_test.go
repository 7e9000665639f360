package encode_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/encode"
	"firstspike/spike"
)

var linear = encode.Config{
	Steps: 255, Pad: 3, Border: encode.BorderEdge, Threshold: 0.01, Latency: encode.LatencyLinear,
	Filters: []encode.Filter{{Kind: "dog", Size: 7, Sigma1: 1, Sigma2: 2}, {Kind: "dog", Size: 7, Sigma1: 2, Sigma2: 1}},
}

func noise(rng *rand.Rand, n int) []byte {
	image := make([]byte, n)
	for i := range image {
		image[i] = byte(rng.IntN(256) * rng.IntN(2))
	}
	return image
}

// Linear latency, said once more with the nearest pixel looked up.
func TestLinear(t *testing.T) {
	const rows, cols = 9, 11
	rng := rand.New(rand.NewPCG(1, 2))
	for _, fitted := range []bool{false, true} {
		c := linear
		c.Fitted = fitted
		e, err := encode.New(c, rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		var r encode.Range
		var images [][]byte
		for range 5 {
			images = append(images, noise(rng, rows*cols))
		}
		if fitted {
			var parts [2]encode.Range
			for i, image := range images {
				e.Measure(image, &parts[i%2])
			}
			r.Widen(&parts[0])
			r.Widen(&parts[1])
			if err := r.Check(e.Shape()); err != nil {
				t.Fatal(err)
			}
			e.Calibrate(&r)
		}
		early := 0
		var got spike.Map
		for _, image := range append(images, noise(rng, rows*cols), make([]byte, rows*cols)) {
			e.Encode(image, &got)
			for ch, k := range e.Kernels() {
				light := 0.0
				for _, w := range k.W {
					light += 255 * max(0, w)
				}
				for y := range rows {
					for x := range cols {
						v := 0.0
						for i, w := range k.W {
							yy, xx := y+i/7-3, x+i%7-3
							v += w * float64(image[min(max(yy, 0), rows-1)*cols+min(max(xx, 0), cols-1)])
						}
						if v < c.Threshold {
							v = 0
						}
						low, high := 0.0, float64(float32(light))
						if fitted {
							low, high = float64(r.Low[got.Index(ch, y, x)]), float64(r.High[got.Index(ch, y, x)])
						}
						want := spike.Silent
						if f := (float64(float32(v)) - low) / (high - low); high > low && f > 0 {
							want = spike.Step(math.Floor(min(max(0, 1-f)*255, 254)))
						}
						if s := got.Step(ch, y, x); s != want {
							t.Fatalf("channel %d at %d,%d: step %d; want %d of %v in %v..%v", ch, y, x, s, want, v, low, high)
						} else if s == 0 {
							early++
						}
					}
				}
			}
			fired, all := spike.NewBits(got.Shape), spike.NewBits(got.Shape)
			all.From(&got)
			e.Fired(image, fired)
			if !slices.Equal(fired, all) {
				t.Fatal("Fired differs from Encode")
			}
		}
		// The strongest of the training images fires first, in every place.
		if fitted && early < rows*cols {
			t.Errorf("%d spikes at step 0", early)
		}
	}
}

func TestLinearFaults(t *testing.T) {
	for path, change := range map[string]func(c *encode.Config){
		"border":  func(c *encode.Config) { c.Border = "white" },
		"latency": func(c *encode.Config) { c.Latency = "log" },
		"fitted":  func(c *encode.Config) { c.Latency, c.Fitted = "", true },
	} {
		c := linear
		change(&c)
		if f := c.Faults(28, 28); len(f) != 1 || f[0].Path != path {
			t.Errorf("%s: %v", path, f)
		}
	}
	c := linear
	c.Pad = 0
	if f := c.Faults(28, 28); len(f) != 1 || f[0].Path != "border" {
		t.Errorf("an edge without a pad: %v", f)
	}
	c = linear
	c.Normalise = 2
	if f := c.Faults(28, 28); len(f) != 1 || f[0].Path != "fitted" {
		t.Errorf("normalisation without a fit: %v", f)
	}
	r := encode.Range{Low: []float32{0}, High: []float32{float32(math.Inf(1))}}
	if err := r.Check(spike.Shape{Maps: 1, Rows: 1, Cols: 1}); err == nil || !strings.Contains(err.Error(), "finite") {
		t.Errorf("an infinite range: %v", err)
	}
	if err := r.Check(spike.Shape{Maps: 1, Rows: 1, Cols: 2}); err == nil {
		t.Error("a range for another shape was taken")
	}
}
