package figure

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

var nan = math.NaN()

// cells are the colours in the middles of an image's pixels.
func checkCells(t *testing.T, s Sheet, number int, want ...string) {
	t.Helper()
	m := render(t, s)
	l, err := s.layout()
	if err != nil {
		t.Fatal(err)
	}
	tile := l.tiles[number]
	for i, want := range want {
		across := tile.width / vg.Length(tile.image.Cols)
		down := tile.height / vg.Length(tile.image.Rows)
		x, y := tile.x+across*vg.Length(i%tile.image.Cols), tile.y+down*vg.Length(i/tile.image.Cols)
		// Sharp: the colour is the same from edge to edge, but for the frame's line.
		for _, part := range [][2]vg.Length{{.5, .5}, {.03, .5}, {.97, .5}, {.5, .03}, {.5, .97}} {
			px, py := x+across*part[0], y+down*part[1]
			if px < tile.x+.5 || py < tile.y+.5 || px > tile.x+tile.width-.5 || py > tile.y+tile.height-.5 {
				continue
			}
			if c := hex(pixel(m, px, py)); c != want {
				t.Errorf("image %d, pixel %d at %v: %s; want %s", number, i, part, c, want)
			}
		}
	}
}

func TestSheetColours(t *testing.T) {
	ends := func(s Scale) (low, middle, high string) { return hex(s.color(0)), hex(s.color(.5)), hex(s.color(1)) }
	low, middle, high := ends(Diverging)
	if middle != "#ffffff" {
		t.Errorf("the middle of Diverging is %s", middle)
	}
	nan := float32(nan)
	f := float32(math.Inf(1))
	values := Image{Rows: 2, Cols: 3, Values: []float32{-2, 0, 2, nan, f, -1}}
	half := hex(Diverging.color(.25))
	s := Sheet{Scale: Diverging, Groups: []Group{{Images: []Image{values}}}}
	checkCells(t, s, 0, low, middle, high, "#ffffff", high, half)
	s.Low, s.High = -1, 4
	checkCells(t, s, 0, hex(Diverging.color(.25)), middle, hex(Diverging.color(.75)), "#ffffff", high, hex(Diverging.color(.375)))

	low, middle, high = ends(Sequential)
	s = Sheet{Groups: []Group{{Images: []Image{
		{Rows: 1, Cols: 3, Values: []float32{0, 1, 2}},
		{Rows: 1, Cols: 3, Values: []float32{0, 1, 2}, Low: 1, High: 2},
		{Rows: 1, Cols: 3, Grey: []uint8{0, 0x80, 0xff}},
		{Rows: 1, Cols: 3, Colors: [][3]float32{{1, 0, 0}, {0, .5, 0}, {-1, nan, 9}}},
		{Rows: 1, Cols: 3, Colors: [][3]float32{{4, 2, 2}, {2, 3, 2}, {3, 0, 5}}, Low: 2, High: 4},
	}}}}
	if low != "#ffffff" {
		t.Errorf("Sequential begins with %s", low)
	}
	checkCells(t, s, 0, low, middle, high)
	checkCells(t, s, 1, low, low, high)
	checkCells(t, s, 2, "#000000", "#808080", "#ffffff")
	checkCells(t, s, 3, "#ff0000", "#008000", "#0000ff")
	checkCells(t, s, 4, "#ff0000", "#008000", "#8000ff")
}

// Printed grey, the scales that go one way keep their order.
func TestScalesGetDarker(t *testing.T) {
	grey := func(s Scale, share float64) float64 {
		c := s.color(share)
		return .2126*float64(c.R) + .7152*float64(c.G) + .0722*float64(c.B)
	}
	for i := range 254 {
		a, b := float64(i)/254, float64(i+1)/254
		if grey(Sequential, b) >= grey(Sequential, a) {
			t.Errorf("Sequential is not darker at %g than at %g", b, a)
		}
		if grey(early, b) < grey(early, a)-.5 { // its parts are rounded
			t.Errorf("early is not lighter at %g than at %g", b, a)
		}
	}
}

func TestLatencyColours(t *testing.T) {
	l := Latency{Steps: 15, Layer: Layer{Maps: 2, Rows: 1, Cols: 2, First: []int{0, 14, -1, 7}}}
	s := l.sheet()
	checkCells(t, s, 0, hex(early.color(0)), hex(early.color(1)))
	checkCells(t, s, 1, hex(pale), hex(early.color(.5)))
}

// one is a layer of n neurons of which one fires.
func one(n, which, step int) Layer {
	l := Layer{Name: "S3", Maps: n, Rows: 1, Cols: 1, First: make([]int, n)}
	for i := range l.First {
		l.First[i] = -1
	}
	l.First[which] = step
	return l
}

func TestRasterDots(t *testing.T) {
	const steps, neurons = 12, 20
	for _, c := range [][2]int{{0, 0}, {19, 11}, {7, 3}} {
		m := render(t, Raster{Steps: steps, Layers: []Layer{one(neurons, c[0], c[1])}})
		rows, from, to := lines(m)
		if len(rows) != 2 {
			t.Fatalf("%d lines across; want the panel's two", len(rows))
		}
		x, y, _ := find(t, m, blue)
		about(t, "step", x, from+(to-from)*(float64(c[1])+.5)/steps, 1.5)
		about(t, "neuron", y, rows[1]-(rows[1]-rows[0])*(float64(c[0])+.5)/neurons, 1.5)

		x, _, _ = find(t, m, mix(blue, 0x70))
		about(t, "bar", x, from+(to-from)*(float64(c[1])+.5)/steps, 1.5)
		if foot := solid(m.At(int(x), int(rows[0])-3)); !near(foot, mix(blue, 0x70), 2) {
			t.Errorf("the bar does not stand on its line: %s", hex(foot))
		}
	}
}

// A crowd is drawn in another way, and in the same places.
func TestRasterCrowd(t *testing.T) {
	l := Layer{Maps: 4, Rows: 30, Cols: 30, First: make([]int, 3600)}
	for i := range l.First {
		l.First[i] = -1
		if i >= 900 && i < 1800 {
			l.First[i] = 5
		}
	}
	m := render(t, Raster{Steps: 10, Layers: []Layer{l}})
	rows, from, to := lines(m)
	x, y, box := find(t, m, blue)
	about(t, "step 5", x, from+(to-from)*.55, 2)
	about(t, "map 1", y, rows[1]-(rows[1]-rows[0])*.375, 2)
	about(t, "height of map 1", float64(box.Dy()), (rows[1]-rows[0])/4, 4)
	about(t, "width of a step", float64(box.Dx()), (to-from)/10*.8, 4)
}

// In a layer with columns a dot is left or right as its neuron is.
func TestRasterColumns(t *testing.T) {
	place := func(col int) float64 {
		l := Layer{Maps: 1, Rows: 1, Cols: 3, First: []int{-1, -1, -1}}
		l.First[col] = 1
		x, _, _ := find(t, render(t, Raster{Steps: 3, Layers: []Layer{l}}), blue)
		return x
	}
	if a, b, c := place(0), place(1), place(2); !(a+20 < b && b+20 < c) {
		t.Errorf("columns 0, 1 and 2 are at %g, %g and %g", a, b, c)
	}
}

// mix is a colour with an alpha, on white.
func mix(c color.NRGBA, alpha uint8) color.NRGBA {

	part := func(p uint8) uint8 { return uint8((int(p)*int(alpha) + 0xff*(0xff-int(alpha))) / 0xff) }
	return color.NRGBA{part(c.R), part(c.G), part(c.B), 0xff}
}

func TestCurvesPlaces(t *testing.T) {
	flat := func(y ...float64) Series { return Series{Name: "flat", Y: y} }
	p := Panel{Low: 0, High: 1, Series: []Series{flat(.5, .5, .5, .5, .5)}, References: []Reference{{"paper", .75}}}
	m := render(t, Curves{Panels: []Panel{p}})
	rows, from, to := lines(m)
	if len(rows) != 3 {
		t.Fatalf("%d lines across; want the reference, the curve and the axis", len(rows))
	}
	reference, curve, axis := rows[0], rows[1], rows[2]
	about(t, "a curve at one half and a reference at three quarters", (axis-curve)/(axis-reference), 2./3, .01)
	if c := solid(m.At(int(from)+6, int(reference))); !near(c, slate, 3) {
		t.Errorf("the reference is %s", hex(c))
	}

	// The marked value, the gap beside it, and a band around it.
	s := flat(.23, .23, nan, .23, .23)
	s.Mark = []int{3}
	s.Low, s.High = []float64{0, 0, 0, 0, 0}, []float64{.4, .4, .4, .4, .4}
	m = render(t, Curves{Panels: []Panel{{Low: 0, High: 1, Series: []Series{s}, References: p.References}}})
	mark := from + (to-from)*.75
	height := axis - (axis-curve)*.46
	for _, c := range []struct {
		what string
		x, y float64
		want string
	}{
		{"curve", from + (to-from)*.1, height, hex(blue)},
		{"gap", from + (to-from)*.5, height, hex(mix(blue, 0x30))},
		{"band", from + (to-from)*.1, axis - (axis-curve)*.74, hex(mix(blue, 0x30))},
		{"above the band", from + (to-from)*.1, axis - (axis-curve)*.94, "#ffffff"},
		{"ring", mark, height - 3.5*dpi/72, hex(blue)},
		{"inside the ring", mark, height - 2*dpi/72, hex(mix(blue, 0x30))},
	} {
		if got := solid(m.At(int(c.x), int(c.y))); !near(got, hexColor(t, c.want), 3) {
			t.Errorf("%s: %s; want %s", c.what, hex(got), c.want)
		}
	}
	if _, list := texts(t, svg(t, Curves{Panels: []Panel{{Percent: true, Series: []Series{{Y: []float64{.5, .9715}, Mark: []int{1}}}}}})); !has(list, "97.15 % at 2") {
		t.Errorf("the marked value is not written: %v", list)
	}
}

func hexColor(t *testing.T, s string) (c color.NRGBA) {
	t.Helper()
	if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		t.Fatal(err)
	}
	return c
}

func has(list []written, s string) bool {
	for _, w := range list {
		if w.text == s {
			return true
		}
	}
	return false
}

func TestCurvesLogarithmic(t *testing.T) {
	s := Series{X: []float64{1, 10, 100}, Y: []float64{0, 1, 0}, Mark: []int{1}}
	f := Curves{Log: true, Panels: []Panel{{Series: []Series{s}}}}
	x, _ := f.spans()
	x.from, x.to = 0, 100
	about(t, "10 between 1 and 100", float64(x.at(10)), 50, .01)
	if _, list := texts(t, svg(t, f)); !has(list, "10") || !has(list, "100") || has(list, "40") {
		t.Errorf("labels of a logarithmic axis: %v", list)
	}
}

func TestConfusionCells(t *testing.T) {
	f := Confusion{Counts: [][]int{{6, 2, 0}, {0, 8, 0}, {0, 0, 0}}, Silent: []int{0, 0, 4}}
	m := render(t, f)
	l := f.layout()
	above := vg.Length(2*keyDepth) + l.above
	at := func(row, col vg.Length) string {
		return hex(pixel(m, l.left+l.cell*(col+.15), above+l.cell*(row+.15)))
	}
	for _, c := range []struct {
		row, col vg.Length
		share    float64
	}{{0, 0, .75}, {0, 1, .25}, {0, 2, 0}, {1, 0, 0}, {1, 1, 1}, {2, 2, 0}, {2, 3 + silentGap/l.cell, 1}, {0, 3 + silentGap/l.cell, 0}} {
		if want := hex(shareColor(c.share)); at(c.row, c.col) != want {
			t.Errorf("cell %g, %g is %s; want %s", float64(c.row), float64(c.col), at(c.row, c.col), want)
		}
	}
	_, list := texts(t, svg(t, f))
	if !has(list, "14 of 20 right: 70.00 %") || !has(list, "8") || !has(list, "silent") {
		t.Errorf("texts: %v", list)
	}
}

func TestHistogramsCells(t *testing.T) {
	f := Histograms{High: 1, Counts: [][]int{{100, 0, 0, 0}, {0, 1, 10, 0}}}
	m := render(t, f)
	_, _, box := find(t, m, Sequential.color(1)) // the end of the key is narrower than its bar
	rows, from, to := lines(m)
	bottom := rows[len(rows)-1]
	height := float64(f.height()) * dpi / 72
	at := func(row, col float64) string {
		return hex(solid(m.At(int(from+(to-from)*(col+.5)/4), int(bottom-height+height*(row+.5)/2))))
	}
	for _, c := range []struct {
		row, col, share float64
	}{{0, 0, 1}, {1, 1, .12}, {1, 2, .56}} {
		if want := hex(Sequential.color(c.share)); at(c.row, c.col) != want {
			t.Errorf("epoch %g, bin %g: %s; want %s", c.row, c.col, at(c.row, c.col), want)
		}
	}
	if at(0, 1) != "#ffffff" || at(1, 0) != "#ffffff" {
		t.Errorf("empty bins are %s and %s", at(0, 1), at(1, 0))
	}
	if box.Empty() {
		t.Error("no cell has the darkest colour")
	}
}

func TestIntervalsPlaces(t *testing.T) {
	f := Intervals{
		Rows:       []Interval{{Name: "a", Mean: 5, Low: 4, High: 8, Points: []float64{2.3}}},
		References: []Reference{{"ten", 10}, {"nought", 0}},
	}
	m := render(t, f)
	x, _, flags, _ := f.plan()
	if flags[0].Name != "ten" || flags[1].Name != "nought" {
		t.Fatalf("flags: %v", flags)
	}
	_, y, box := find(t, m, blue)
	px := func(v float64) float64 { return float64(x.at(v)+margin) * dpi / 72 }
	about(t, "low end", float64(box.Min.X), px(4), 3)
	about(t, "high end", float64(box.Max.X), px(8), 3)
	for _, c := range []struct {
		what string
		x    float64
		want string
	}{{"mean", px(5), hex(blue)}, {"above the interval", px(6.5), "#ffffff"}, {"point", px(2.3), hex(mix(ink, 0x48))}} {
		if got := solid(m.At(int(c.x), int(y-4))); !near(got, hexColor(t, c.want), 3) {
			t.Errorf("%s: %s; want %s", c.what, hex(got), c.want)
		}
	}
	for _, v := range []float64{0, 10} {
		marks := 0
		for j := range m.Bounds().Dy() {
			if near(solid(m.At(int(px(v)), j)), slate, 3) {
				marks++
			}
		}
		if marks < 20 {
			t.Errorf("reference at %g: %d pixels of its line", v, marks)
		}
	}
	if _, list := texts(t, svg(t, f)); !has(list, "5 (4 – 8)") {
		t.Errorf("texts: %v", list)
	}
	f.Rows[0].Open = true
	m = render(t, f)
	if got := solid(m.At(int(px(5)), int(y))); got != solid(color.White) {
		t.Errorf("middle of an open mean: %s", hex(got))
	}
}

func TestTracesPlaces(t *testing.T) {
	f := Traces{Steps: 4, Neurons: []Trace{{Potential: []float64{0, 5, 10, 20}, Threshold: 10, First: 2}}}
	m := render(t, f)
	rows, from, to := lines(m)
	axis, threshold := rows[len(rows)-1], rows[0]
	x, _, box := find(t, m, vermilion)
	about(t, "spike", x, from+(to-from)*2.5/4, 1.5)
	about(t, "top of the spike", float64(box.Min.Y), threshold-3*dpi/72, 2)
	about(t, "foot of the spike", float64(box.Max.Y), axis, 3)
	f.Neurons[0].First = -1
	if _, list := texts(t, svg(t, f)); !has(list, "silent") {
		t.Errorf("texts: %v", list)
	}
}

// What is too much is refused with words that name the field.
func TestLimits(t *testing.T) {
	for want, f := range map[string]Figure{
		"images":                 Sheet{Groups: []Group{{Images: make([]Image, maxImages+1)}}},
		"pixels":                 Sheet{Groups: []Group{{Images: []Image{{Rows: 1 << 30, Cols: 1 << 30}}}}},
		"3 values":               Sheet{Groups: []Group{{Images: []Image{{Rows: 2, Cols: 2, Grey: make([]uint8, 3)}}}}},
		"give one":               Sheet{Groups: []Group{{Images: []Image{{Rows: 1, Cols: 1}}}}},
		"Scale":                  Sheet{Scale: 9},
		"Columns":                Sheet{Columns: -1},
		"Low is":                 Sheet{Low: 2, High: 1},
		"Width is NaN":           Sheet{Width: vg.Length(nan)},
		"Steps":                  Raster{Steps: 1 << 20, Layers: []Layer{{}}},
		"Layers":                 Raster{Steps: 1, Layers: make([]Layer, 65)},
		"neurons":                Raster{Steps: 1, Layers: []Layer{{Maps: 1 << 20, Rows: 1 << 20, Cols: 1 << 20}}},
		"is step 3":              Raster{Steps: 3, Layers: []Layer{one(1, 0, 3)}},
		"First has":              Latency{Steps: 3, Layer: Layer{Maps: 1, Rows: 1, Cols: 1}},
		"Captions":               Latency{Steps: 3, Layer: one(2, 0, 0), Captions: []string{"a"}},
		"Panels;":                Curves{Panels: make([]Panel, 17)},
		"Series;":                Curves{Panels: []Panel{{Series: make([]Series, 301)}}},
		"points in all":          Curves{Panels: []Panel{{Series: []Series{{Y: make([]float64, maxPoints+1)}}}}},
		"X[1] is NaN":            Curves{Panels: []Panel{{Series: []Series{{X: []float64{0, nan}, Y: make([]float64, 2)}}}}},
		"it must increase":       Curves{Panels: []Panel{{Series: []Series{{X: []float64{1, 1}, Y: make([]float64, 2)}}}}},
		"must be positive":       Curves{Log: true, Panels: []Panel{{Series: []Series{{X: []float64{0, 1}, Y: make([]float64, 2)}}}}},
		"Mark has 2":             Curves{Panels: []Panel{{Series: []Series{{Y: make([]float64, 2), Mark: []int{2}}}}}},
		"Low has 1":              Curves{Panels: []Panel{{Series: []Series{{Y: make([]float64, 2), Low: make([]float64, 1)}}}}},
		"References[0].Value":    Intervals{References: []Reference{{"x", math.Inf(1)}}},
		"labels; there can":      Confusion{Counts: make([][]int, maxClasses+1)},
		"Counts[0][0] is -1":     Confusion{Counts: [][]int{{-1}}},
		"Silent[0] is -1":        Confusion{Counts: [][]int{{1}}, Silent: []int{-1}},
		"epochs; there can":      Histograms{High: 1, Counts: make([][]int, maxEpochs+1)},
		"bins; there can":        Histograms{High: 1, Counts: [][]int{make([]int, maxBins+1)}},
		"Epochs[1] is 1 after 2": Histograms{High: 1, Counts: [][]int{{1}, {1}}, Epochs: []int{2, 1}},
		"Low must be the lesser": Intervals{Rows: []Interval{{Low: 1}}},
		"Rows;":                  Intervals{Rows: make([]Interval, maxRows+1)},
		"potentials for 2 steps": Traces{Steps: 2, Neurons: []Trace{{}}},
		"fires at step 2":        Traces{Steps: 2, Neurons: []Trace{{Potential: make([]float64, 2), First: 2}}},
		"Neurons;":               Traces{Steps: 2, Neurons: make([]Trace, 301)},
		"Axes; there can":        Parallel{Sweep: Sweep{Axes: make([]Axis, maxAxes+1)}},
		"Points; there can":      Parallel{Sweep: Sweep{Points: make([]Point, maxTried+1)}},
		"Words; there can":       Parallel{Sweep: Sweep{Axes: []Axis{{Words: make([]string, maxWords+1)}}}},
		"Log is for numbers":     Parallel{Sweep: Sweep{Axes: []Axis{{Log: true, Words: []string{"a"}}}}},
		"0 Values for 1":         Parallel{Sweep: Sweep{Axes: []Axis{{}}, Points: []Point{{}}}},
		"is +Inf; it must be":    Parallel{Sweep: Sweep{Axes: []Axis{{}}, Points: []Point{{Values: []float64{math.Inf(1)}}}}},
		"is -1; it must be pos":  Effects{Sweep: Sweep{Axes: []Axis{{Log: true}}, Points: []Point{{Values: []float64{-1}}}}},
		"is 1; it must be the p": Effects{Sweep: Sweep{Axes: []Axis{{Words: []string{"a"}}}, Points: []Point{{Values: []float64{1}}}}},
		"High is 1; they":        Effects{Sweep: Sweep{Low: 2, High: 1}},
		"Means has 1":            Effects{Means: make([][]Level, 1)},
		"levels; there":          Effects{Sweep: Sweep{Axes: make([]Axis, 1)}, Means: [][]Level{make([]Level, maxLevels+1)}},
		"Means[0][0].Value is":   Effects{Sweep: Sweep{Axes: []Axis{{Log: true}}}, Means: [][]Level{{{}}}},
		"Means[0][0]: Low is 1":  Effects{Sweep: Sweep{Axes: make([]Axis, 1)}, Means: [][]Level{{{Low: 1}}}},
		"101 Rows":               Heat{Rows: make([]string, maxSide+1)},
		"Matrices; there":        Heat{Matrices: make([]Matrix, maxMatrices+1)},
		"rows of Values for 1":   Heat{Rows: make([]string, 1), Matrices: make([]Matrix, 1)},
		"values for 1 Cols":      Heat{Rows: make([]string, 1), Cols: make([]string, 1), Matrices: []Matrix{{Values: make([][]float64, 1)}}},
		"Low is 3":               Heat{Low: 3, High: 1},
	} {
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v; want words like %q", f, err, want)
		}
		if w, h := f.Size(); !(w >= 100 && w < 10000 && h >= 10 && h < 1000) {
			t.Errorf("%T with a fault is %g x %g points", f, float64(w), float64(h))
		}
	}
}
