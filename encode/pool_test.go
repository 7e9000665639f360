package encode

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// drawPool draws a pooling that fits rows x cols.
func drawPool(t *rapid.T, rows, cols int) Pool {
	p := Pool{Window: rapid.IntRange(1, 7).Draw(t, "window"), Stride: rapid.IntRange(0, 7).Draw(t, "stride")}
	p.Pad = rapid.IntRange(0, p.Window/2).Draw(t, "pool pad")
	if (p.spikes()).Check(spike.Shape{Maps: 1, Rows: rows, Cols: cols}) != nil {
		return Pool{}
	}
	return p
}

// pooled is the highest intensity of a window, as max-pooling with infinitely
// low surroundings finds it.
func (p *Picture) pooled(by Pool, ch, r, c int) float64 {
	stride := by.Stride
	if stride == 0 {
		stride = by.Window
	}
	most := math.Inf(-1)
	for y := r*stride - by.Pad; y < r*stride-by.Pad+by.Window; y++ {
		for x := c*stride - by.Pad; x < c*stride-by.Pad+by.Window; x++ {
			if y >= 0 && y < p.Rows && x >= 0 && x < p.Cols {
				most = max(most, p.intensity(ch, y, x))
			}
		}
	}
	return most
}

func TestPool(t *testing.T) {
	var got Picture
	rapid.Check(t, func(t *rapid.T) {
		in := drawPicture(t)
		by := drawPool(t, in.Rows, in.Cols)
		got.Resize(in.Channels, in.Rows, in.Cols)
		copy(got.At, in.At)
		got.Pool(by)
		if by.Window == 0 {
			if !slices.Equal(got.At, in.At) {
				t.Fatal("no pooling changed something")
			}
			return
		}
		rows, cols := 0, 0 // as many windows as fit
		for (rows*by.Apart() - by.Pad + by.Window) <= in.Rows+by.Pad {
			rows++
		}
		for (cols*by.Apart() - by.Pad + by.Window) <= in.Cols+by.Pad {
			cols++
		}
		if got.Channels != in.Channels || got.Rows != rows || got.Cols != cols {
			t.Fatalf("%+v of %dx%d: %dx%d; want %dx%d", by, in.Rows, in.Cols, got.Rows, got.Cols, rows, cols)
		}
		for ch := range got.Channels {
			for r := range rows {
				for c := range cols {
					want := in.pooled(by, ch, r, c)
					if v := got.intensity(ch, r, c); v != want {
						t.Fatalf("%+v: channel %d at %d,%d: %v; want %v", by, ch, r, c, v, want)
					}
				}
			}
		}
	})
}

// drawEncoding draws an encoding of images with every station that there is.
func drawEncoding(t *rapid.T, rows, cols int) Config {
	c := Config{
		Steps: rapid.IntRange(1, 20).Draw(t, "steps"), Pad: rapid.IntRange(0, 2).Draw(t, "pad"), Threshold: -1e6, Abs: true,
		Pointwise: rapid.Bool().Draw(t, "pointwise"),
	}
	for i := range rapid.IntRange(2, 4).Draw(t, "filters") {
		c.Filters = append(c.Filters, Filter{Kind: "gabor", Size: 5, Orientation: 22.5 + 45*float64(i), Div: 4})
	}
	if rapid.Bool().Draw(t, "cut") {
		c.Threshold, c.Abs = 20, false
	}
	if rapid.Bool().Draw(t, "normalised") {
		c.Normalise = 2
	}
	if rapid.Bool().Draw(t, "inhibited") {
		c.Lateral = []float64{.15, .12, .1}
	}
	r := c.Responses(rows, cols)
	c.Pool = drawPool(t, r.Rows, r.Cols)
	return c
}

// All stations, one after another as plain loops, and Fired as Encode has it.
func TestStations(t *testing.T) {
	silent, fired, inhibited := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(5, 16).Draw(t, "rows"), rapid.IntRange(5, 16).Draw(t, "cols")
		c := drawEncoding(t, rows, cols)
		e, err := New(c, rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 2 {
			pixels, levels := make([]byte, rows*cols), 1+rng.IntN(255)
			for i := range pixels {
				pixels[i] = byte(255 / levels * rng.IntN(levels+1) * min(1, rng.IntN(3)))
			}
			var got spike.Map
			e.Encode(pixels, &got)
			want := stations(c, e.Kernels(), pixels, rows, cols)
			if got.Shape != c.Shape(rows, cols) || !slices.Equal(got.Major(), want) {
				t.Fatalf("%+v, %v:\n%v; want\n%v", c, got.Shape, got.Major(), want)
			}
			all, bits := spike.NewBits(got.Shape), spike.NewBits(got.Shape)
			all.From(&got)
			e.Fired(pixels, bits)
			if !slices.Equal(all, bits) {
				t.Fatal("Fired differs from Encode")
			}
			if n := got.Spikes(); n == 0 {
				silent++
			} else if fired++; c.Pointwise {
				inhibited++
				if n > got.Positions() {
					t.Fatalf("%d spikes at %d positions", n, got.Positions())
				}
			}
		}
	})
	if silent == 0 || fired == 0 || inhibited == 0 {
		t.Errorf("%d images silent, %d not, %d with pointwise inhibition", silent, fired, inhibited)
	}
}

// stations encodes an image, channel by channel, as the package comment has it.
func stations(c Config, kernels []Kernel, pixels []byte, rows, cols int) []spike.Step {
	var p Picture
	p.Filter(kernels, c.Pad, pixels, rows, cols)
	for i, v := range p.At {
		if v < c.Threshold {
			v = 0
		}
		if c.Abs {
			v = math.Abs(v)
		}
		p.At[i] = v
	}
	if c.Normalise > 0 {
		p.Normalise(c.Normalise)
	}
	if c.Pool.Window > 0 {
		shape := c.Shape(rows, cols)
		var q Picture
		q.Resize(p.Channels, shape.Rows, shape.Cols)
		for i := range q.At {
			q.At[i] = p.pooled(c.Pool, i/shape.Positions(), i%shape.Positions()/shape.Cols, i%shape.Cols)
		}
		p = q
	}
	if len(c.Lateral) > 0 {
		p.Inhibit(c.Lateral)
	}
	var order []int
	for i, v := range p.At {
		if v > 0 {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return float32(p.At[order[i]]) > float32(p.At[order[j]]) })
	steps := make([]spike.Step, len(p.At))
	for i := range steps {
		steps[i] = spike.Silent
	}
	taken := map[int]bool{}
	n := p.Rows * p.Cols
	for rank, i := range order {
		if bin := len(order) / c.Steps; bin > 0 && rank < bin*c.Steps {
			// In the order of ranks the first of a position is its strongest.
			if !c.Pointwise || !taken[i%n] {
				steps[i] = spike.Step(rank / bin)
			}
			taken[i%n] = true
		}
	}
	return steps
}

// With latency that is linear between what each input can be, the earliest of a
// position need not be the strongest.
func TestPointwiseLinear(t *testing.T) {
	c := Config{
		Steps: 10, Pad: 2, Threshold: -1e6, Abs: true, Latency: LatencyLinear, Fitted: true, Pointwise: true, Pool: Pool{Window: 2, Stride: 2},
		Filters: []Filter{{Kind: "gabor", Size: 5, Orientation: 22.5, Div: 4}, {Kind: "gabor", Size: 5, Orientation: 112.5, Div: 4}},
	}
	rng := rand.New(rand.NewPCG(5, 6))
	both := c
	both.Pointwise = false
	e, plain := mustEncoder(t, c, 12, 12), mustEncoder(t, both, 12, 12)
	var r Range
	for range 3 {
		e.Measure(strokes(rng, 12, 12), &r)
	}
	e.Calibrate(&r)
	plain.Calibrate(&r)
	weaker := 0
	for range 20 {
		pixels := strokes(rng, 12, 12)
		var got, all spike.Map
		e.Encode(pixels, &got)
		plain.Encode(pixels, &all)
		p := plain.Intensities()
		for pos := range got.Positions() {
			a, b := all.At[2*pos], all.At[2*pos+1]
			first, second := float32(p.Channel(0)[pos]), float32(p.Channel(1)[pos])
			want := []spike.Step{a, spike.Silent}
			if b < a || a == b && second > first {
				want = []spike.Step{spike.Silent, b}
			}
			if !slices.Equal(got.At[2*pos:2*pos+2], want) {
				t.Fatalf("of steps %d, %d and intensities %v, %v is left %v", a, b, first, second, got.At[2*pos:2*pos+2])
			}
			if a < b && first < second {
				weaker++
			}
		}
	}
	if weaker == 0 {
		t.Error("no weaker intensity was earlier")
	}
}

// A pooled intensity comes from where the highest response of its window was.
func TestOrigin(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, by := range []Pool{{}, {Window: 5, Stride: 4, Pad: 2}, {Window: 3}} {
		c := Config{Steps: 5, Threshold: -1e6, Abs: true, Filters: []Filter{{Kind: "gabor", Size: 5, Orientation: 22.5, Div: 4}}, Pool: by}
		e := mustEncoder(t, c, 20, 17)
		pixels := strokes(rng, 20, 17)
		e.Encode(pixels, new(spike.Map))
		var all Picture
		all.Filter(e.Kernels(), 0, pixels, 20, 17)
		p := e.Intensities()
		for r := range p.Rows {
			for c := range p.Cols {
				y, x := e.Origin(0, r, c)
				if got := math.Abs(all.intensity(0, y, x)); got != p.intensity(0, r, c) {
					t.Fatalf("%+v: %d,%d is %v, and where it comes from, %d,%d, is %v", by, r, c, p.intensity(0, r, c), y, x, got)
				}
			}
		}
	}
}

func TestPoolFaults(t *testing.T) {
	shallow := Config{Steps: 15, Threshold: -1e6, Abs: true, Pool: Pool{7, 6, 3}, Pointwise: true, Lateral: []float64{.15}}
	for i := range 4 {
		shallow.Filters = append(shallow.Filters, Filter{Kind: "gabor", Size: 5, Orientation: 22.5 + 45*float64(i), Div: 4})
	}
	if f := shallow.Faults(160, 250); len(f) > 0 {
		t.Fatal(f)
	}
	if got, want := shallow.Shape(160, 250), (spike.Shape{Maps: 4, Rows: 26, Cols: 41}); got != want {
		t.Errorf("shape %v; want %v", got, want)
	}
	for want, change := range map[string]func(c *Config){
		"pool: pooling window 7 exceeds its input of 6x6": func(c *Config) {
			c.Pool.Pad, c.Filters = 0, []Filter{{Kind: "gabor", Size: 155, Div: 4}, {Kind: "gabor", Size: 155, Orientation: 90, Div: 4}}
		},
		"pool: pooling padding 4 exceeds half its window of 7":      func(c *Config) { c.Pool.Pad = 4 },
		"pool: pooling window -7, stride 6":                         func(c *Config) { c.Pool.Window = -7 },
		"pool: pooling has a stride, padding or repeats but no win": func(c *Config) { c.Pool.Window = 0 },
		"pointwise: has no effect on a single channel":              func(c *Config) { c.Filters = c.Filters[:1] },
	} {
		c := shallow
		change(&c)
		rows := 160
		if f := c.Faults(rows, rows); len(f) != 1 || !strings.HasPrefix(f[0].Path+": "+f[0].Err.Error(), want) {
			t.Errorf("%v; want %s", f, want)
		}
	}
}
