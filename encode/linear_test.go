package encode_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/encode"
	"firstspike/event"
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
	for i := range 4 {
		fitted := i%2 == 1
		c := linear
		c.Fitted, c.Rest = fitted, i/2*100
		steps := float64(c.Steps - c.Rest)
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
							want = spike.Step(math.Floor(min(max(0, 1-f)*steps, steps-1)))
						}
						if s := got.Step(ch, y, x); s != want {
							t.Fatalf("channel %d at %d,%d: step %d; want %d of %v in %v..%v", ch, y, x, s, want, v, low, high)
						} else if s == 0 {
							early++
						}
					}
				}
			}
			if got.Steps != c.Steps {
				t.Fatalf("%d steps", got.Steps)
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

// Steps at the end are left out of every kind of latency, and are there.
func TestRest(t *testing.T) {
	const rows, cols = 9, 11
	rng := rand.New(rand.NewPCG(3, 4))
	pixels := noise(rng, rows*cols)
	var events []event.Event
	for i := range 60 {
		events = append(events, event.Event{Time: uint32(1000 * i), X: uint8(rng.IntN(cols)), Y: uint8(rng.IntN(rows)), On: rng.IntN(2) == 0})
	}
	recording, err := event.Recording{Rows: rows, Cols: cols, Events: events}.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []encode.Config{
		{Filters: linear.Filters, Pad: 3}, {Filters: linear.Filters, Pad: 3, Latency: encode.LatencySpread, Pointwise: true}, linear,
		{Events: encode.Events{Mode: encode.EventsFirst, Polarity: encode.EventsBoth, Windows: []float64{0, 60000}}},
		{Events: encode.Events{Mode: encode.EventsRank, Polarity: encode.EventsBoth, Windows: []float64{0, 60000}}},
	} {
		input := pixels
		if c.Recordings() {
			input = recording
		}
		var rested, short spike.Map
		c.Steps, c.Rest = 20, 8
		e, err := encode.New(c, rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		e.Encode(input, &rested)
		fired := spike.NewBits(rested.Shape)
		e.Fired(input, fired)
		c.Steps, c.Rest = 12, 0
		if e, err = encode.New(c, rows, cols); err != nil {
			t.Fatal(err)
		}
		e.Encode(input, &short)
		all := spike.NewBits(short.Shape)
		all.From(&short)
		if rested.Steps != 20 || !slices.Equal(rested.At, short.At) || !slices.Equal(fired, all) || short.Spikes() == 0 {
			t.Errorf("%+v: %d steps, %d spikes; the same without a rest: %d", c, rested.Steps, rested.Spikes(), short.Spikes())
		}
	}
}

func TestLinearFaults(t *testing.T) {
	for path, change := range map[string]func(c *encode.Config){
		"border":  func(c *encode.Config) { c.Border = "white" },
		"latency": func(c *encode.Config) { c.Latency = "log" },
		"rest":    func(c *encode.Config) { c.Rest = 255 },
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
