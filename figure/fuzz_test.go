package figure

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// Numbers that break things, among others.
var (
	number64 = rapid.OneOf(rapid.Float64(), rapid.Float64Range(-2, 2),
		rapid.SampledFrom([]float64{0, 1, math.NaN(), math.Inf(1), math.Inf(-1), 1e100, -1e100, 1e-300, math.MaxFloat64, 1e15, 1e15 + 1}))
	float   = rapid.Map(number64, func(v float64) float32 { return float32(v) })
	width   = rapid.Map(mostly(rapid.OneOf(rapid.Just(0.), rapid.Float64Range(200, 600)), number64), func(v float64) vg.Length { return vg.Length(v) })
	word    = rapid.OneOf(rapid.String(), rapid.Just("map 1"), rapid.Just(strings.Repeat("W", 400)))
	few     = mostly(rapid.IntRange(1, 5), rapid.IntRange(-1, 0))
	integer = rapid.OneOf(few, rapid.Int())
)

// mostly draws what is right, and seldom what is wrong: of the many numbers of a
// figure one is enough for it to be refused.
func mostly[T any](right, wrong *rapid.Generator[T]) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		if rapid.IntRange(0, 59).Draw(t, "wrong") == 0 {
			return wrong.Draw(t, "value")
		}
		return right.Draw(t, "value")
	})
}

// maybe draws n of something, which is mostly as many as are right.
func maybe[T any](t *rapid.T, g *rapid.Generator[T], n int, what string) []T {
	n = max(0, n)
	if rapid.IntRange(0, 79).Draw(t, "wrong number") == 0 {
		n = rapid.IntRange(0, 6).Draw(t, "number")
	}
	return rapid.SliceOfN(g, n, n).Draw(t, what)
}

// pair draws two ends of a range, which are mostly in order.
func pair[T float32 | float64](t *rapid.T, g *rapid.Generator[T]) (T, T) {
	low, high := g.Draw(t, "low"), g.Draw(t, "high")
	if low > high && rapid.IntRange(0, 9).Draw(t, "order") > 0 {
		return high, low
	}
	return low, high
}

var anImage = rapid.Custom(func(t *rapid.T) Image {
	m := Image{Caption: word.Draw(t, "caption"), Rows: few.Draw(t, "rows"), Cols: few.Draw(t, "cols")}
	switch n := m.Rows * m.Cols; rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		m.Grey = maybe(t, rapid.Uint8(), n, "grey")
	case 1:
		for range max(0, n) {
			m.Colors = append(m.Colors, [3]float32{float.Draw(t, "r"), float.Draw(t, "g"), float.Draw(t, "b")})
		}
	default:
		m.Values = maybe(t, float, n, "values")
	}
	if rapid.Bool().Draw(t, "own") {
		m.Low, m.High = pair(t, float)
	}
	return m
})

var aLayer = rapid.Custom(func(t *rapid.T) Layer {
	l := Layer{Name: word.Draw(t, "name"), Maps: few.Draw(t, "maps"), Rows: few.Draw(t, "rows"), Cols: few.Draw(t, "cols")}
	l.First = maybe(t, rapid.IntRange(-1, 3), l.Maps*l.Rows*l.Cols, "first")
	return l
})

var aReference = rapid.Custom(func(t *rapid.T) Reference { return Reference{word.Draw(t, "name"), number64.Draw(t, "value")} })

var aSeries = rapid.Custom(func(t *rapid.T) Series {
	s := Series{Name: word.Draw(t, "name"), Y: rapid.SliceOfN(number64, 0, 6).Draw(t, "y")}
	if rapid.Bool().Draw(t, "x") {
		x := 0.
		for range s.Y {
			x += math.Exp(rapid.Float64Range(-200, 200).Draw(t, "step"))
			s.X = append(s.X, x)
		}
	}
	if rapid.Bool().Draw(t, "band") {
		s.Low, s.High = maybe(t, number64, len(s.Y), "low"), maybe(t, number64, len(s.Y), "high")
	}
	s.Mark = rapid.SliceOfN(rapid.IntRange(0, 5), 0, 3).Draw(t, "mark")
	return s
})

var anInterval = rapid.Custom(func(t *rapid.T) Interval {
	low, high := pair(t, number64)
	return Interval{word.Draw(t, "name"), number64.Draw(t, "mean"), low, high, rapid.SliceOfN(number64, 0, 4).Draw(t, "points"), rapid.Bool().Draw(t, "open")}
})

// value draws a value of a setting, which is mostly one that it can have.
func value(s Axis) *rapid.Generator[float64] {
	right := rapid.Float64Range(-1e6, 1e6)
	switch {
	case s.Words != nil:
		right = rapid.Map(rapid.IntRange(0, max(0, len(s.Words)-1)), func(i int) float64 { return float64(i) })
	case s.Log:
		right = rapid.Map(rapid.Float64Range(-200, 200), math.Exp)
	}
	return mostly(rapid.OneOf(right, right, rapid.Just(math.NaN()), rapid.SampledFrom([]float64{1})), number64)
}

var anySweep = rapid.Custom(func(t *rapid.T) Sweep {
	s := Sweep{Result: word.Draw(t, "result"), Percent: rapid.Bool().Draw(t, "percent"), Lowest: rapid.Bool().Draw(t, "lowest")}
	if rapid.Bool().Draw(t, "range") {
		s.Low, s.High = pair(t, number64)
	}
	for range rapid.IntRange(0, 4).Draw(t, "settings") {
		setting := Axis{Name: word.Draw(t, "name")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			setting.Log = true
		case 1:
			setting.Words = rapid.SliceOfN(word, 2, 4).Draw(t, "words")
		}
		s.Axes = append(s.Axes, setting)
	}
	for range rapid.IntRange(0, 5).Draw(t, "points") {
		p := Point{Result: number64.Draw(t, "result"), Failed: rapid.IntRange(0, 4).Draw(t, "failed") == 0}
		for _, setting := range s.Axes {
			p.Values = append(p.Values, value(setting).Draw(t, "value"))
		}
		s.Points = append(s.Points, p)
	}
	return s
})

// ofSettings draws a figure of one of the kinds that compare settings.
func ofSettings(t *rapid.T) Figure {
	h, w := word.Draw(t, "heading"), width.Draw(t, "width")
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return Parallel{Heading: h, Width: w, Sweep: anySweep.Draw(t, "sweep")}
	case 1:
		f := Effects{Heading: h, Width: w, Sweep: anySweep.Draw(t, "sweep")}
		if rapid.Bool().Draw(t, "means") {
			f.Means = make([][]Level, len(f.Axes))
			for j, s := range f.Axes {
				for range rapid.IntRange(0, 3).Draw(t, "levels") {
					low, high := pair(t, number64)
					f.Means[j] = append(f.Means[j], Level{value(s).Draw(t, "value"), number64.Draw(t, "mean"), low, high})
				}
			}
		}
		return f
	}
	f := Heat{Heading: h, Width: w, Row: word.Draw(t, "row"), Col: word.Draw(t, "col"), Result: word.Draw(t, "result"),
		Percent: rapid.Bool().Draw(t, "percent"), Lowest: rapid.Bool().Draw(t, "lowest"),
		Rows: rapid.SliceOfN(word, 0, 4).Draw(t, "rows"), Cols: rapid.SliceOfN(word, 0, 4).Draw(t, "cols")}
	if rapid.Bool().Draw(t, "range") {
		f.Low, f.High = pair(t, number64)
	}
	for range rapid.IntRange(0, 3).Draw(t, "matrices") {
		m := Matrix{Name: word.Draw(t, "name")}
		for range f.Rows {
			m.Values = append(m.Values, maybe(t, number64, len(f.Cols), "values"))
		}
		f.Matrices = append(f.Matrices, m)
	}
	return f
}

func anything(t *rapid.T) Figure {
	h, w := word.Draw(t, "heading"), width.Draw(t, "width")
	switch rapid.IntRange(0, 10).Draw(t, "kind") {
	case 0:
		s := Sheet{Heading: h, Width: w, Scale: Scale(rapid.IntRange(-1, 3).Draw(t, "scale")), Legend: word.Draw(t, "legend"), Columns: few.Draw(t, "columns")}
		if rapid.Bool().Draw(t, "range") {
			s.Low, s.High = pair(t, float)
		}
		for range rapid.IntRange(0, 3).Draw(t, "groups") {
			s.Groups = append(s.Groups, Group{word.Draw(t, "group"), rapid.SliceOfN(anImage, 0, 4).Draw(t, "images")})
		}
		return s
	case 1:
		return Raster{Heading: h, Width: w, Steps: rapid.OneOf(rapid.Just(4), rapid.Just(4), integer).Draw(t, "steps"), Layers: rapid.SliceOfN(aLayer, 0, 3).Draw(t, "layers")}
	case 2:
		l := Latency{Heading: h, Width: w, Steps: rapid.OneOf(rapid.Just(4), rapid.Just(4), integer).Draw(t, "steps"), Layer: aLayer.Draw(t, "layer"), Columns: few.Draw(t, "columns")}
		if rapid.Bool().Draw(t, "captioned") {
			l.Captions = maybe(t, word, l.Layer.Maps, "captions")
		}
		return l
	case 3:
		f := Curves{Heading: h, Width: w, X: word.Draw(t, "x"), Log: rapid.Bool().Draw(t, "log"), Height: vg.Length(rapid.SampledFrom([]float64{0, 0, 50, math.NaN(), -1}).Draw(t, "height"))}
		for range rapid.IntRange(0, 3).Draw(t, "panels") {
			p := Panel{Name: word.Draw(t, "panel"), Percent: rapid.Bool().Draw(t, "percent"), Series: rapid.SliceOfN(aSeries, 0, 4).Draw(t, "series"), References: rapid.SliceOfN(aReference, 0, 2).Draw(t, "references")}
			if rapid.Bool().Draw(t, "range") {
				p.Low, p.High = pair(t, number64)
			}
			f.Panels = append(f.Panels, p)
		}
		return f
	case 4:
		f := Confusion{Heading: h, Width: w}
		n := rapid.IntRange(0, 4).Draw(t, "n")
		for range n {
			f.Counts = append(f.Counts, maybe(t, rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(0, math.MaxInt32)), n, "counts"))
		}
		if rapid.Bool().Draw(t, "silent") {
			f.Silent = maybe(t, rapid.IntRange(0, 10), n, "silent")
		}
		if rapid.Bool().Draw(t, "named") {
			f.Classes = maybe(t, word, n, "classes")
		}
		return f
	case 5:
		f := Histograms{Heading: h, Width: w, X: word.Draw(t, "x")}
		f.Low, f.High = pair(t, number64)
		n, bins := rapid.IntRange(0, 4).Draw(t, "n"), rapid.IntRange(0, 4).Draw(t, "bins")
		for range n {
			f.Counts = append(f.Counts, maybe(t, rapid.OneOf(rapid.IntRange(0, 9), rapid.IntRange(0, math.MaxInt)), bins, "counts"))
		}
		if rapid.Bool().Draw(t, "epochs") {
			f.Epochs = maybe(t, rapid.Int(), n, "epochs")
			slices.Sort(f.Epochs)
		}
		return f
	case 6:
		return Intervals{Heading: h, Width: w, X: word.Draw(t, "x"), Percent: rapid.Bool().Draw(t, "percent"),
			Rows: rapid.SliceOfN(anInterval, 0, 4).Draw(t, "rows"), References: rapid.SliceOfN(aReference, 0, 3).Draw(t, "references")}
	case 7, 8, 9:
		return ofSettings(t)
	}
	f := Traces{Heading: h, Width: w, Steps: rapid.OneOf(rapid.IntRange(1, 6), rapid.IntRange(1, 6), few).Draw(t, "steps")}
	for range rapid.IntRange(0, 3).Draw(t, "neurons") {
		f.Neurons = append(f.Neurons, Trace{word.Draw(t, "name"), maybe(t, number64, min(f.Steps, 8), "potential"), number64.Draw(t, "threshold"), rapid.IntRange(-1, max(0, f.Steps)).Draw(t, "first")})
	}
	return f
}

// Whatever the data are, a figure is drawn or a fault is named, and what is
// written can be read.
func TestAnythingIsDrawnOrRefused(t *testing.T) {
	drawn := 0
	rapid.Check(t, func(t *rapid.T) {
		f := anything(t)
		w, h := f.Size()
		if !(w > 0 && h > 0) {
			t.Fatalf("%#v is %g x %g points", f, float64(w), float64(h))
		}
		f.Draw(inside(newVector(page(f))))
		var picture, file bytes.Buffer
		fault := f.Check()
		if err := SVG(&file, f); (err != nil) != (fault != nil) {
			t.Fatalf("Check says %v, and SVG %v", fault, err)
		}
		if err := PNG(&picture, f, 20); (err != nil) != (fault != nil) {
			t.Fatalf("Check says %v, and PNG %v", fault, err)
		}
		if fault != nil {
			return
		}
		drawn++
		if _, err := png.Decode(&picture); err != nil {
			t.Fatal(err)
		}
		checkXML(t, file.Bytes())
	})
	if drawn < 30 {
		t.Errorf("%d figures were drawn; the data are nearly always refused", drawn)
	}
}

// Whatever the settings are called and whatever their values, texts do not
// meet, and stand on the page.
func TestTextsOfSettingsDoNotMeet(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := ofSettings(rt)
		if f.Check() != nil {
			return
		}
		_, list := texts(t, svg(t, f))
		checkTexts(rt, f, list)
	})
}

func TestNamesStandApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.SliceOfN(rapid.Float64Range(-50, 150), 0, 10).Draw(t, "places")
		names := make([]beside, len(places))
		for i, p := range places {
			names[i].at = vg.Length(p)
			names[i].from.Y = vg.Length(p)
		}
		apart(names, 10, 0, 100)
		for i, n := range names {
			if n.at < -1e-9 || n.at > 100+1e-9 {
				t.Fatalf("name %d is at %g", i, float64(n.at))
			}
			if i > 0 && (n.at-names[i-1].at < 10-1e-9 || n.from.Y < names[i-1].from.Y) {
				t.Fatalf("names %d and %d are at %g and %g", i-1, i, float64(names[i-1].at), float64(n.at))
			}
			if free := i == 0 || n.from.Y-names[i-1].from.Y > 200; free && len(names) == 1 && n.from.Y >= 0 && n.from.Y <= 100 && n.at != n.from.Y {
				t.Fatalf("a name alone belongs at %g and is at %g", float64(n.from.Y), float64(n.at))
			}
		}
	})
}

func TestTicksAreRoundAndApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := nothing()
		s.log = rapid.Bool().Draw(t, "log")
		s.percent = rapid.Bool().Draw(t, "percent")
		s.include(rapid.SliceOfN(number64, 0, 3).Draw(t, "values")...)
		s.settle(.05)
		s.to = vg.Length(rapid.Float64Range(50, 600).Draw(t, "width"))
		ticks := s.ticksX()
		seen := map[string]bool{}
		for i, k := range ticks {
			if k.value < s.min-1e-6*(s.max-s.min) || k.value > s.max+1e-6*(s.max-s.min) {
				t.Fatalf("tick %g of %g to %g", k.value, s.min, s.max)
			}
			if seen[k.label] {
				t.Fatalf("%q twice on an axis from %g to %g", k.label, s.min, s.max)
			}
			seen[k.label] = true
			if i > 0 && s.at(k.value)-s.at(ticks[i-1].value) < (tickX.Width(k.label)+tickX.Width(ticks[i-1].label))/2 {
				t.Fatalf("%q and %q overlap", ticks[i-1].label, k.label)
			}
		}
	})
}

// checkXML reads an SVG file. Each of its numbers must be one.
func checkXML(t *rapid.T, file []byte) {
	d := xml.NewDecoder(bytes.NewReader(file))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		e, _ := token.(xml.StartElement)
		for _, a := range e.Attr {
			if a.Name.Local != "href" && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
				t.Fatalf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
}
