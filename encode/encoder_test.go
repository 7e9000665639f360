package encode

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/internal/simd"
	"firstspike/spike"
)

// paper is the encoding of Mozafari et al. (2019).
var paper = Config{Steps: 15, Filters: mozafari, Pad: 6, Threshold: 50, Normalise: 8}

func mustEncoder(t testing.TB, c Config, rows, cols int) *Encoder {
	t.Helper()
	e, err := New(c, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// strokes is an image with the look of a digit: a few soft lines on black.
func strokes(rng *rand.Rand, rows, cols int) []byte {
	pixels := make([]byte, rows*cols)
	for range 3 {
		y, x := rng.Float64()*float64(rows), rng.Float64()*float64(cols)
		angle := rng.Float64() * 2 * math.Pi
		for range 2 * (rows + cols) / 3 {
			angle += rng.NormFloat64() * .15
			y, x = y+.5*math.Sin(angle), x+.5*math.Cos(angle)
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					if r, c := int(y)+dy, int(x)+dx; r >= 0 && r < rows && c >= 0 && c < cols {
						d := math.Hypot(float64(r)+.5-y, float64(c)+.5-x)
						pixels[r*cols+c] = max(pixels[r*cols+c], byte(255*max(0, min(1, 1.7-d))))
					}
				}
			}
		}
	}
	return pixels
}

// All stations, against numbers computed with NumPy in another way: padded
// arrays and sums over slices.
func TestEncode(t *testing.T) {
	pixels := make([]byte, 7*8)
	for r := range 7 {
		for c := range 8 {
			if (r+c)%3 != 0 {
				pixels[r*8+c] = byte(r*r*37 + c*53 + r*c*11)
			}
		}
	}
	const s = spike.Silent
	want := []spike.Step{
		s, s, 5, s, 0, s, s, 2,
		s, s, s, 3, s, s, 4, 0,
		2, s, s, s, s, s, s, s,
		s, s, 3, s, s, 4, s, 4,
		s, 5, s, s, 5, s, s, 1,
		2, s, s, 3, s, 5, s, s,
		s, 1, s, s, s, 4, s, 2,

		s, s, s, s, s, s, s, s,
		s, s, s, s, s, 1, s, s,
		s, s, 1, s, 3, 0, s, s,
		s, s, s, s, s, s, s, s,
		s, s, s, s, s, s, s, s,
		s, s, s, s, s, s, s, s,
		s, s, s, 0, s, s, s, s,
	}
	config := Config{
		Steps: 6, Pad: 2, Threshold: 50, Normalise: 2,
		Filters: []Filter{
			{Kind: "dog", Size: 3, Sigma1: 1. / 3, Sigma2: 2. / 3},
			{Kind: "dog", Size: 5, Sigma1: 2, Sigma2: 1},
		},
	}
	var m spike.Map
	e := mustEncoder(t, config, 7, 8)
	e.Encode(pixels, &m)
	if got := m.Major(); m.Steps != 6 || m.Shape != (spike.Shape{Maps: 2, Rows: 7, Cols: 8}) || !slices.Equal(got, want) {
		t.Errorf("%v, %d steps:\n%v; want\n%v", m.Shape, m.Steps, got, want)
	}
	sum := 0.0
	for _, v := range e.Intensities().At {
		sum += v
	}
	if !near(sum, 144.8463272, 1e-6) {
		t.Errorf("intensities sum up to %v; want 144.8463272", sum)
	}

	config.Lateral = []float64{.15, .12, .1}
	want[0*8+2], want[1*8+6], want[1*8+7], want[6*8+1] = 4, 5, 1, 0
	e = mustEncoder(t, config, 7, 8)
	e.Encode(pixels, &m)
	if got := m.Major(); !slices.Equal(got, want) {
		t.Errorf("with lateral inhibition:\n%v; want\n%v", got, want)
	}
	sum = 0
	for _, v := range e.Intensities().At {
		sum += v
	}
	if !near(sum, 903.2814633, 1e-5) {
		t.Errorf("inhibited intensities sum up to %v; want 903.2814633", sum)
	}
}

// The cut comes before the magnitudes: a negative response below the
// threshold is lost, and above it becomes positive.
func TestEncodeAbs(t *testing.T) {
	config := Config{Steps: 1, Pad: 1, Filters: mozafari[:1], Threshold: -1e9, Abs: true}
	with, without := spike.Map{}, spike.Map{}
	pixels := []byte{0, 0, 0, 0, 200, 0, 0, 0, 0}
	mustEncoder(t, config, 3, 3).Encode(pixels, &with)
	config.Abs = false
	mustEncoder(t, config, 3, 3).Encode(pixels, &without)
	if with.Spikes() != 9 || without.Spikes() != 1 {
		t.Errorf("%d spikes with magnitudes, %d without; want 9 and 1", with.Spikes(), without.Spikes())
	}
}

// One encoder, used for many images, gives what a fresh one gives for each.
func TestEncodeKeepsNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, config := range []Config{
		paper,
		{Steps: 7, Filters: []Filter{{Kind: "gabor", Size: 5, Orientation: 22.5, Div: 4}}, Abs: true, Lateral: []float64{.15, .12}},
	} {
		e := mustEncoder(t, config, 28, 28)
		var m spike.Map
		for range 20 {
			pixels := strokes(rng, 28, 28)
			if rng.IntN(4) == 0 {
				clear(pixels)
			}
			kept := slices.Clone(pixels)
			e.Encode(pixels, &m)
			var fresh spike.Map
			mustEncoder(t, config, 28, 28).Encode(pixels, &fresh)
			if !m.Equal(&fresh) || m.Steps != fresh.Steps || m.Shape != e.Shape() || m.Shape != config.Shape(28, 28) {
				t.Fatal("an encoder that has seen other images encodes differently")
			}
			if !slices.Equal(pixels, kept) {
				t.Fatal("Encode changed the image")
			}
		}
	}
}

func TestEncodeBlack(t *testing.T) {
	m := spike.NewMap(spike.Shape{Maps: 1, Rows: 1, Cols: 1}, 1)
	m.At[0] = 0
	mustEncoder(t, paper, 28, 28).Encode(make([]byte, 28*28), m)
	if m.Shape != (spike.Shape{Maps: 6, Rows: 28, Cols: 28}) || m.Spikes() != 0 {
		t.Errorf("a black image gives %d spikes in %v", m.Spikes(), m.Shape)
	}
}

// The encoder's kernels are as fine as exact sums allow, and the paper's lose
// nothing.
func TestExactSums(t *testing.T) {
	for i, k := range mustEncoder(t, paper, 28, 28).Kernels() {
		if !slices.Equal(k.W, mustKernel(t, mozafari[i]).W) {
			t.Errorf("the paper's filter %d was rounded", i)
		}
	}
	large := Config{Steps: 15, Pad: 100, Normalise: 20, Filters: []Filter{{Kind: "dog", Size: 201, Sigma1: 40, Sigma2: 20}}}
	for _, c := range []Config{paper, large} {
		e := mustEncoder(t, c, 28, 28)
		unit := math.Inf(1)
		most := 0.0
		for _, k := range e.Kernels() {
			light, dark := 0.0, 0.0
			for _, w := range k.W {
				for w != 0 && math.Mod(w, unit) != 0 {
					if unit = min(unit, 1) / 2; unit < math.Ldexp(1, -finest) {
						t.Fatalf("weight %v is not on the grid", w)
					}
				}
				light, dark = light+max(w, 0), dark-min(w, 0)
			}
			most = max(most, 255*light, 255*dark)
		}
		side := float64(2*c.Normalise + 1)
		if most*side*side/unit > 1<<53 {
			t.Errorf("sums over a radius of %d reach 2^%.1f units", c.Normalise, math.Log2(most*side*side/unit))
		}
	}
}

func TestFaults(t *testing.T) {
	nan := math.NaN()
	with := func(change func(c *Config)) Config {
		c := paper
		c.Filters = slices.Clone(paper.Filters)
		change(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		config Config
		want   []string // a path and a part of its fault each
	}{
		{"the paper's", paper, nil},
		{"most steps", with(func(c *Config) { c.Steps = spike.MaxSteps }), nil},
		{"no steps", with(func(c *Config) { c.Steps = 0 }), []string{"steps", "1 to 255"}},
		{"too many steps", with(func(c *Config) { c.Steps = spike.MaxSteps + 1 }), []string{"steps", "256"}},
		{"no filters", with(func(c *Config) { c.Filters = nil }), []string{"filters", "at least one"}},
		{"an even filter", with(func(c *Config) { c.Filters[2].Size = 6 }), []string{"filters.2", "odd"}},
		{"two bad filters", with(func(c *Config) { c.Filters[0].Kind, c.Filters[5].Sigma1 = "log", 0 }), []string{"filters.0", `"log"`, "filters.5", "positive"}},
		{"a filter beyond the image", with(func(c *Config) { c.Filters[4].Size, c.Pad = 31, 1 }), []string{"filters", "31 exceeds the image of 30x30"}},
		{"negative padding", with(func(c *Config) { c.Pad = -1 }), []string{"pad", "-1"}},
		{"much padding", with(func(c *Config) { c.Pad = 256 }), []string{"pad", "256"}},
		{"threshold", with(func(c *Config) { c.Threshold = nan }), []string{"threshold", "not a number"}},
		{"negative radius", with(func(c *Config) { c.Normalise = -1 }), []string{"normalise", "-1"}},
		{"large radius", with(func(c *Config) { c.Normalise = 256 }), []string{"normalise", "256"}},
		{"inexact", with(func(c *Config) {
			c.Pad, c.Normalise, c.Filters = 120, 255, []Filter{{Kind: "dog", Size: 255, Sigma1: 56, Sigma2: 28}}
		}), []string{"normalise", "exact"}},
		{"lateral", with(func(c *Config) { c.Lateral = []float64{.1, 2, nan} }), []string{"lateral.1", "2", "lateral.2", "NaN"}},
		{"many factors", with(func(c *Config) { c.Lateral = make([]float64, 256) }), []string{"lateral", "256"}},
		{"everything", Config{Steps: -1, Pad: -1, Normalise: -1, Threshold: nan}, []string{"steps", "", "filters", "", "pad", "", "threshold", "", "normalise", ""}},
	} {
		faults := c.config.Faults(28, 28)
		if len(faults) != len(c.want)/2 {
			t.Errorf("%s: %v; want %d faults", c.name, faults, len(c.want)/2)
			continue
		}
		for i, f := range faults {
			if f.Path != c.want[2*i] || !strings.Contains(f.Err.Error(), c.want[2*i+1]) {
				t.Errorf("%s: %s: %v; want %s: %q", c.name, f.Path, f.Err, c.want[2*i], c.want[2*i+1])
			}
		}
		_, err := New(c.config, 28, 28)
		if (err == nil) != (len(faults) == 0) {
			t.Errorf("%s: New says %v", c.name, err)
		}
		if len(faults) > 0 && !strings.HasPrefix(err.Error(), "encode."+faults[0].Path+": ") {
			t.Errorf("%s: %v does not name encode.%s", c.name, err, faults[0].Path)
		}
	}
	if faults := paper.Faults(28, 0); len(faults) != 1 || faults[0].Path != "filters" {
		t.Errorf("an image without columns: %v", faults)
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	lateral := paper
	lateral.Lateral = []float64{.15, .12, .1, .07, .05}
	pooled := lateral
	pooled.Pool, pooled.Pointwise = Pool{5, 4, 2}, true
	for name, config := range map[string]Config{"paper": paper, "lateral": lateral, "pooled": pooled} {
		e := mustEncoder(t, config, 28, 28)
		var m spike.Map
		images := make([][]byte, 8)
		for i := range images {
			images[i] = strokes(rng, 28, 28)
			e.Encode(images[i], &m)
		}
		i := 0
		if n := testing.AllocsPerRun(20, func() { e.Encode(images[i%len(images)], &m); i++ }); n != 0 {
			t.Errorf("%s: %v allocations an image", name, n)
		}
		fired := spike.NewBits(e.Shape())
		if n := testing.AllocsPerRun(20, func() { e.Fired(images[i%len(images)], fired); i++ }); n != 0 {
			t.Errorf("%s: %v allocations an image without steps", name, n)
		}
	}
}

func benchmark(b *testing.B, step func(e *Encoder, pixels []byte)) {
	defer simd.Use(simd.Name())
	rng := rand.New(rand.NewPCG(1, 1))
	e := mustEncoder(b, paper, 28, 28)
	images := make([][]byte, 64)
	for i := range images {
		images[i] = strokes(rng, 28, 28)
	}
	for _, name := range simd.Names() {
		b.Run("stage=encode/impl="+name, func(b *testing.B) {
			if err := simd.Use(name); err != nil {
				b.Fatal(err)
			}
			for _, image := range images { // working memory grows
				step(e, image)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				step(e, images[i%len(images)])
			}
		})
	}
}

// BenchmarkEncode gives every spike its step.
func BenchmarkEncode(b *testing.B) {
	var m spike.Map
	benchmark(b, func(e *Encoder, pixels []byte) { e.Encode(pixels, &m) })
}

// BenchmarkFired only tells which neurons fire.
func BenchmarkFired(b *testing.B) {
	dst := spike.NewBits(mustEncoder(b, paper, 28, 28).Shape())
	benchmark(b, func(e *Encoder, pixels []byte) { e.Fired(pixels, dst) })
}
