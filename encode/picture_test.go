package encode

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// drawPicture draws intensities of all signs, many of them equal or 0.
func drawPicture(t *rapid.T) *Picture {
	var p Picture
	p.Resize(rapid.IntRange(1, 4).Draw(t, "channels"), rapid.IntRange(1, 9).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "cols"))
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	levels := rapid.IntRange(1, 1000).Draw(t, "levels")
	for i := range p.At {
		if rng.IntN(3) > 0 {
			p.At[i] = float64(rng.IntN(2*levels)-levels/2) / 8
		}
	}
	return &p
}

// intensity is one intensity of a picture, 0 outside.
func (p *Picture) intensity(ch, r, c int) float64 {
	if r < 0 || r >= p.Rows || c < 0 || c >= p.Cols {
		return 0
	}
	return p.At[(ch*p.Rows+r)*p.Cols+c]
}

// drawKernel draws a kernel whose weights are multiples of 2^-30.
func drawKernel(t *rapid.T, rng *rand.Rand) Kernel {
	k := Kernel{Size: 2*rapid.IntRange(0, 3).Draw(t, "half size") + 1}
	k.W = make([]float64, k.Size*k.Size)
	for i := range k.W {
		k.W[i] = float64(rng.Int64N(1<<34)-1<<33) / (1 << finest)
	}
	return k
}

// The responses are those of direct cross-correlation, to the last bit, in
// whatever order the terms are added.
func TestFilter(t *testing.T) {
	var p Picture // one for all: nothing of an earlier image may remain
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		kernels := make([]Kernel, rapid.IntRange(1, 3).Draw(t, "kernels"))
		size := 0
		for i := range kernels {
			kernels[i] = drawKernel(t, rng)
			size = max(size, kernels[i].Size)
		}
		pad := rapid.IntRange(0, 7).Draw(t, "pad")
		rows := rapid.IntRange(max(1, size-2*pad), 12).Draw(t, "rows")
		cols := rapid.IntRange(max(1, size-2*pad), 12).Draw(t, "cols")
		pixels := make([]byte, rows*cols)
		for i := range pixels {
			pixels[i] = byte(rng.IntN(512) * rng.IntN(2))
		}
		p.Filter(kernels, pad, pixels, rows, cols)
		if p.Channels != len(kernels) || p.Rows != rows+2*pad-size+1 || p.Cols != cols+2*pad-size+1 {
			t.Fatalf("%d channels of %dx%d", p.Channels, p.Rows, p.Cols)
		}
		for ch, k := range kernels {
			for r := range p.Rows {
				for c := range p.Cols {
					var terms []float64
					for y := range k.Size {
						for x := range k.Size {
							py := r + y + (size-k.Size)/2 - pad
							px := c + x + (size-k.Size)/2 - pad
							if py >= 0 && py < rows && px >= 0 && px < cols {
								terms = append(terms, k.W[y*k.Size+x]*float64(pixels[py*cols+px]))
							}
						}
					}
					rng.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
					want := 0.0
					for _, v := range terms {
						want += v
					}
					if got := p.intensity(ch, r, c); got != want {
						t.Fatalf("channel %d, row %d, column %d: %v; want %v", ch, r, c, got, want)
					}
				}
			}
		}
	})
}

// An asymmetric kernel shows that it is not turned round, as in a convolution
// in the mathematical sense.
func TestFilterOrientation(t *testing.T) {
	right := Kernel{Size: 3, W: []float64{0, 0, 0, 0, 0, 1, 0, 0, 0}} // looks one to the right
	below := Kernel{Size: 3, W: []float64{0, 0, 0, 0, 0, 0, 0, 1, 0}}
	var p Picture
	p.Filter([]Kernel{right, below}, 1, []byte{1, 2, 3, 4, 5, 6}, 2, 3)
	if want := []float64{2, 3, 0, 5, 6, 0}; !slices.Equal(p.Channel(0), want) {
		t.Errorf("looking right: %v; want %v", p.Channel(0), want)
	}
	if want := []float64{4, 5, 6, 0, 0, 0}; !slices.Equal(p.Channel(1), want) {
		t.Errorf("looking down: %v; want %v", p.Channel(1), want)
	}
}

func TestCutAndAbs(t *testing.T) {
	p := Picture{Channels: 1, Rows: 1, Cols: 6, At: []float64{-60, -1, 0, 49.9, 50, 70}}
	p.Cut(50)
	if want := []float64{0, 0, 0, 0, 50, 70}; !slices.Equal(p.At, want) {
		t.Errorf("Cut(50): %v; want %v", p.At, want)
	}
	p.At = []float64{-60, -1, 0, 49.9, 50, 70}
	p.Cut(-50)
	p.Abs()
	if want := []float64{0, 1, 0, 49.9, 50, 70}; !slices.Equal(p.At, want) {
		t.Errorf("Cut(-50), Abs: %v; want %v", p.At, want)
	}
}

func TestNormalise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		old := Picture{Channels: p.Channels, Rows: p.Rows, Cols: p.Cols, At: slices.Clone(p.At)}
		radius := rapid.IntRange(0, 12).Draw(t, "radius")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		p.Normalise(radius)
		for ch := range p.Channels {
			for r := range p.Rows {
				for c := range p.Cols {
					var window []float64
					for y := r - radius; y <= r+radius; y++ {
						for x := c - radius; x <= c+radius; x++ {
							window = append(window, old.intensity(ch, y, x))
						}
					}
					rng.Shuffle(len(window), func(i, j int) { window[i], window[j] = window[j], window[i] })
					sum := 0.0
					for _, v := range window {
						sum += v
					}
					v := old.intensity(ch, r, c)
					want := float64(float32(v / (sum/float64(len(window)) + 1e-12)))
					if got := p.intensity(ch, r, c); got != want {
						t.Fatalf("channel %d, row %d, column %d: %v; want %v", ch, r, c, got, want)
					}
				}
			}
		}
	})
}

func TestInhibit(t *testing.T) {
	var p Picture
	rapid.Check(t, func(t *rapid.T) {
		old := drawPicture(t)
		p.Resize(old.Channels, old.Rows, old.Cols)
		copy(p.At, old.At)
		factors := rapid.SliceOfN(rapid.Float64Range(-1, 1), 0, 5).Draw(t, "factors")
		p.Inhibit(factors)
		for ch := range p.Channels {
			for r := range p.Rows {
				for c := range p.Cols {
					v, sum := old.intensity(ch, r, c), 0.0
					for dy := -len(factors); dy <= len(factors); dy++ {
						for dx := -len(factors); dx <= len(factors); dx++ {
							d := int(max(math.Abs(float64(dy)), math.Abs(float64(dx))))
							if d > 0 && old.intensity(ch, r+dy, c+dx) < v {
								sum += factors[d-1]
							}
						}
					}
					if got, want := p.intensity(ch, r, c), v*(1+sum); !near(got, want, 1e-9*(1+math.Abs(want))) {
						t.Fatalf("channel %d, row %d, column %d: %v; want %v", ch, r, c, got, want)
					}
				}
			}
		}
	})
}

func TestLatency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		steps := rapid.IntRange(1, 40).Draw(t, "steps")
		dst := spike.NewMap(spike.Shape{Maps: p.Channels, Rows: p.Rows, Cols: p.Cols}, steps)
		clear(dst.At)
		p.Latency(dst)

		// A stable sort of the indices in the field's order: ties stay in it.
		var index []int
		for i, v := range p.At {
			if v > 0 {
				index = append(index, i)
			}
		}
		sort.SliceStable(index, func(a, b int) bool { return p.At[index[a]] > p.At[index[b]] })
		want := make([]spike.Step, len(p.At))
		for i := range want {
			want[i] = spike.Silent
		}
		for rank, i := range index {
			if each := len(index) / steps; each > 0 && rank/each < steps {
				want[i] = spike.Step(rank / each)
			}
		}
		if got := dst.Major(); !slices.Equal(got, want) {
			t.Fatalf("%d intensities in %d steps:\n%v; want\n%v", len(index), steps, got, want)
		}
	})
}

func TestLatencyByHand(t *testing.T) {
	const s = spike.Silent
	for _, c := range []struct {
		name  string
		steps int
		at    []float64
		want  []spike.Step
	}{
		{"ranks", 3, []float64{1, 3, 2}, []spike.Step{2, 0, 1}},
		{"remainder stays silent", 2, []float64{5, 1, 4, 3, 2}, []spike.Step{0, s, 0, 1, 1}},
		{"fewer than steps", 4, []float64{1, 2, 3, 0}, []spike.Step{s, s, s, s}},
		{"as many as steps", 3, []float64{1, 2, 3, 0}, []spike.Step{2, 1, 0, s}},
		{"ties by index", 2, []float64{7, 7, 7, 7}, []spike.Step{0, 0, 1, 1}},
		{"negatives and zeros never rank", 1, []float64{-9, 0, 1, math.Copysign(0, -1)}, []spike.Step{s, s, 0, s}},
		{"nothing", 1, []float64{0, 0}, []spike.Step{s, s}},
		{"equal as float32", 2, []float64{1, 1 + 1e-12}, []spike.Step{0, 1}},
		{"tiny", 2, []float64{1e-300, 1}, []spike.Step{1, 0}},
	} {
		p := Picture{Channels: 1, Rows: 1, Cols: len(c.at), At: c.at}
		dst := spike.NewMap(spike.Shape{Maps: 1, Rows: 1, Cols: len(c.at)}, c.steps)
		p.Latency(dst)
		if !slices.Equal(dst.At, c.want) {
			t.Errorf("%s: %v; want %v", c.name, dst.At, c.want)
		}
	}
}
