package figure

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

const dpi = 192

// render draws f and reads the picture back.
func render(t testing.TB, f Figure) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := PNG(&b, f, dpi); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func svg(t testing.TB, f Figure) string {
	t.Helper()
	var b strings.Builder
	if err := SVG(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pixel is the colour at a place counted in points from the upper left corner
// of the figure, without its margin.
func pixel(m image.Image, x, y vg.Length) color.NRGBA {
	return color.NRGBAModel.Convert(m.At(int((x+margin)*dpi/72), int((y+margin)*dpi/72))).(color.NRGBA)
}

func near(a, b color.NRGBA, by int) bool {
	far := func(a, b uint8) bool { return max(int(a)-int(b), int(b)-int(a)) > by }
	return !far(a.R, b.R) && !far(a.G, b.G) && !far(a.B, b.B)
}

// find is the middle of all pixels of a colour, and the box around them.
func find(t testing.TB, m image.Image, c color.NRGBA) (x, y float64, box image.Rectangle) {
	t.Helper()
	n := 0
	for i := range m.Bounds().Dx() {
		for j := range m.Bounds().Dy() {
			if near(color.NRGBAModel.Convert(m.At(i, j)).(color.NRGBA), c, 2) {
				x, y, n = x+float64(i)+.5, y+float64(j)+.5, n+1
				box = box.Union(image.Rect(i, j, i+1, j+1))
			}
		}
	}
	if n == 0 {
		t.Fatalf("nothing has the colour %v", c)
	}
	return x / float64(n), y / float64(n), box
}

// lines are the rows of pixels that are drawn on without a gap of more than a
// dash over half the width, as their middles; from and to are where the last
// one ends.
func lines(m image.Image) (rows []float64, from, to float64) {
	var run []int
	end := func() {
		if len(run) > 0 {
			rows = append(rows, (float64(run[0])+float64(run[len(run)-1])+1)/2)
		}
		run = nil
	}
	for y := range m.Bounds().Dy() {
		first, last := 0, -dpi
		for x := range m.Bounds().Dx() {
			if c := solid(m.At(x, y)); c.G >= 0xd0 {
				continue
			}
			if x-last > 9 {
				first = x
			}
			last = x
			if (last-first)*2 > m.Bounds().Dx() && (len(run) == 0 || run[len(run)-1] != y) {
				run = append(run, y)
			}
		}
		if len(run) == 0 || run[len(run)-1] != y {
			end()
			continue
		}
		from, to = float64(first), float64(last+1)
	}
	end()
	return rows, from, to
}

func about(t testing.TB, what string, got, want, by float64) {
	t.Helper()
	if !(math.Abs(got-want) <= by) {
		t.Errorf("%s: at %.1f; want %.1f", what, got, want)
	}
}

// A written is a text of an SVG file and the box that its letters stand in.
type written struct {
	text string
	box  vg.Rectangle
}

// texts reads the texts of an SVG file. It fails if that is not XML.
func texts(t testing.TB, file string) (title string, list []written) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(file))
	attribute := func(e xml.StartElement, name string) float64 {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				v, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		return math.NaN()
	}
	turned := []bool{false}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return title, list
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			turned = turned[:len(turned)-1]
		case xml.StartElement:
			rotated := turned[len(turned)-1]
			for _, a := range e.Attr {
				rotated = rotated || a.Name.Local == "transform" && a.Value == "rotate(90)"
			}
			turned = append(turned, rotated)
			if e.Name.Local != "text" && e.Name.Local != "title" {
				continue
			}
			var s string
			if err := d.DecodeElement(&s, &e); err != nil {
				t.Fatal(err)
			}
			turned = turned[:len(turned)-1]
			if e.Name.Local == "title" {
				title = s
				continue
			}
			x, y := attribute(e, "x"), -attribute(e, "y")
			w, h := attribute(e, "textLength"), attribute(e, "font-size")*.72
			r := vg.Rectangle{Min: vg.Point{X: vg.Length(x), Y: vg.Length(y)}, Max: vg.Point{X: vg.Length(x + w), Y: vg.Length(y + h)}}
			if rotated {
				r = vg.Rectangle{Min: vg.Point{X: vg.Length(-y - h), Y: vg.Length(x)}, Max: vg.Point{X: vg.Length(-y), Y: vg.Length(x + w)}}
			}
			list = append(list, written{s, r})
		}
	}
}

// Names in every figure, with as many items as there may be.
func sized(n int) map[string]Figure {
	name := func(i int) string { return fmt.Sprintf("item %d of a list", i) }
	var images []Image
	var captioned []Image
	var groups []Group
	var series []Series
	var rows []Interval
	var traces []Trace
	counts := make([][]int, n)
	for i := range n {
		images = append(images, Image{Rows: 5, Cols: 5, Values: make([]float32, 25)})
		captioned = append(captioned, Image{Caption: name(i), Rows: 5, Cols: 5, Values: make([]float32, 25)})
		groups = append(groups, Group{Heading: name(i), Images: images[:1]})
		series = append(series, Series{Name: name(i), Y: []float64{.5, .5 + float64(i%7)*.01}, Mark: []int{1}})
		rows = append(rows, Interval{Name: name(i), Mean: .9 + float64(i%5)*.01, Low: .85, High: .99})
		traces = append(traces, Trace{Name: name(i), Potential: []float64{1, 2, 12}, Threshold: 10, First: 2})
		counts[i] = make([]int, n)
		counts[i][i] = 1000 + i
	}
	layer := Layer{Name: strings.Repeat("a long name ", 20), Maps: n, Rows: 2, Cols: 2, First: make([]int, 4*n)}
	references := []Reference{{"paper 97.2 %", .972}, {"nearest neighbour", .96}, {"chance", .955}, {"more than all", 1}}
	classes := make([]string, n)
	for i := range classes {
		classes[i] = name(i)
	}
	histograms := make([][]int, n)
	for i := range histograms {
		histograms[i] = []int{i, 2, 3}
	}
	tried, words := aSweep(n, false), aSweep(n, true)
	matrix := Matrix{Name: "a name that is too long for few columns", Values: make([][]float64, min(n, maxSide))}
	for i := range matrix.Values {
		matrix.Values[i] = make([]float64, min(n, maxSide))
		for j := range matrix.Values[i] {
			matrix.Values[i][j] = .9 + .001*float64(i*j%90)
		}
	}
	sides := classes[:min(n, maxSide)]
	return map[string]Figure{
		"parallel":   Parallel{Heading: "parallel", Sweep: tried},
		"words":      Parallel{Heading: "parallel", Sweep: words, Width: 300},
		"effects":    Effects{Heading: "effects", Sweep: tried, Means: means(tried)},
		"of words":   Effects{Heading: "effects", Sweep: words, Means: means(words)},
		"heat":       Heat{Heading: "heat", Row: "threshold", Col: "a long name of winners", Percent: true, Rows: sides, Cols: sides, Matrices: []Matrix{matrix, matrix, matrix}},
		"sheet":      Sheet{Heading: strings.Repeat("a heading ", 30), Legend: "weight", Groups: []Group{{Heading: "one", Images: images}}},
		"captions":   Sheet{Groups: []Group{{Heading: "a heading that is too long for the margin", Images: captioned}}},
		"columns":    Sheet{Columns: 12, Groups: []Group{{Images: captioned}}},
		"groups":     Sheet{Heading: "groups", Groups: groups},
		"latency":    Latency{Heading: "latency", Steps: 15, Layer: layer},
		"raster":     Raster{Heading: "raster", Steps: max(1, n), Layers: []Layer{layer, layer}},
		"curves":     Curves{Heading: "curves", Panels: []Panel{{Name: "right", Percent: true, Series: series, References: references}, {Name: "wrong", Series: series}}},
		"confusion":  Confusion{Heading: "confusion", Counts: counts, Silent: make([]int, n)},
		"classes":    Confusion{Heading: "confusion", Counts: counts, Classes: classes},
		"histograms": Histograms{Heading: "histograms", High: 1, Counts: histograms},
		"intervals":  Intervals{Heading: "intervals", X: "right", Percent: true, Rows: rows, References: references},
		"traces":     Traces{Heading: "traces", Steps: 3, Neurons: traces},
	}
}

func TestTextsDoNotMeet(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 26, 101, 300} {
		for kind, f := range sized(n) {
			_, list := texts(t, svg(t, f))
			if len(list) < 2 {
				t.Errorf("%s of %d: %d texts", kind, n, len(list))
			}
			t.Run(fmt.Sprintf("%s of %d", kind, n), func(t *testing.T) { checkTexts(t, f, list) })
		}
	}
}

// checkTexts checks that texts stand on the page, and apart.
func checkTexts(t interface{ Fatalf(string, ...any) }, f Figure, list []written) {
	w, h := page(f)
	for i, a := range list {
		if a.box.Min.X < 0 || a.box.Min.Y < 0 || a.box.Max.X > w || a.box.Max.Y > h {
			t.Fatalf("%q is not on the page: %v", a.text, a.box)
		}
		for _, b := range list[:i] {
			if meet(a.box, b.box) {
				t.Fatalf("%q and %q overlap: %v, %v", a.text, b.text, a.box, b.box)
			}
		}
	}
}

func TestSameBytes(t *testing.T) {
	for kind, f := range sized(12) {
		if svg(t, f) != svg(t, f) {
			t.Errorf("%s: two SVG files of the same data differ", kind)
		}
		var a, b bytes.Buffer
		if err := PNG(&a, f, 96); err != nil {
			t.Fatal(err)
		}
		if err := PNG(&b, f, 96); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two PNG files of the same data differ", kind)
		}
	}
}

func TestSVGText(t *testing.T) {
	const words = `5 < 7 & "x" > 'y'` + "\x00\n\xff</text>"
	f := Intervals{Heading: words, Rows: []Interval{{Name: words, Mean: 1}}}
	title, list := texts(t, svg(t, f))
	const want = `5 < 7 & "x" > 'y'   </text>`
	if title != want || list[0].text != want {
		t.Errorf("title %q, heading %q; want %q", title, list[0].text, want)
	}
}

// Files of large data stay small.
func TestSVGSize(t *testing.T) {
	big := Layer{Maps: 100, Rows: 28, Cols: 28, First: make([]int, 100*28*28)}
	for i := range big.First {
		big.First[i] = i * 7919 % 40
	}
	long := make([]float64, 1<<20)
	for i := range long {
		long[i] = math.Sin(float64(i) * .7)
	}
	for kind, f := range map[string]Figure{
		"raster":  Raster{Steps: 40, Layers: []Layer{big}},
		"curves":  Curves{Panels: []Panel{{Series: []Series{{Name: "long", Y: long}}}}},
		"effects": Effects{Sweep: threeNumbers(maxTried)},
	} {
		if n := len(svg(t, f)); n > 100_000 {
			t.Errorf("%s: %d bytes", kind, n)
		}
	}
}

func TestEmptyDataAreExplained(t *testing.T) {
	silent := Layer{Name: "S3", Maps: 2, Rows: 1, Cols: 1, First: []int{-1, -1}}
	for _, c := range []struct {
		f    Figure
		want string
	}{
		{Sheet{}, "no images"},
		{Sheet{Groups: []Group{{Heading: "0"}}}, "no images"},
		{Raster{}, "no layers"},
		{Raster{Steps: 15, Layers: []Layer{silent}}, "nothing fired"},
		{Raster{Steps: 15, Layers: []Layer{{}}}, "nothing fired"},
		{Latency{Steps: 15}, "no neurons"},
		{Latency{Steps: 15, Layer: silent}, "silent: nothing fired"},
		{Curves{}, "no panels"},
		{Curves{Panels: []Panel{{Series: []Series{{Y: []float64{math.NaN()}}}}}}, "nothing to draw yet"},
		{Confusion{}, "no classes"},
		{Confusion{Counts: [][]int{{0}}}, "no images"},
		{Histograms{}, "no epochs"},
		{Intervals{}, "no experiments"},
		{Intervals{Rows: []Interval{{Mean: math.NaN()}}}, "no runs"},
		{Traces{}, "no neurons"},
		{Parallel{}, "no settings were varied"},
		{Parallel{Sweep: Sweep{Axes: []Axis{{Name: "steps"}}, Points: []Point{{Values: []float64{15}, Result: nan}}}}, "no results yet"},
		{Parallel{Sweep: Sweep{Axes: []Axis{{Name: "steps"}}, Points: []Point{{Values: []float64{15}, Failed: true}}}}, "1 failed"},
		{Effects{}, "no settings were varied"},
		{Effects{Sweep: Sweep{Axes: []Axis{{Name: "steps"}}}}, "no results yet"},
		{Effects{Sweep: Sweep{Axes: []Axis{{Name: "steps"}}, Points: []Point{{Values: []float64{15}, Failed: true}}}}, "failed"},
		{Heat{}, "no cells"},
		{Heat{Rows: []string{"1"}, Cols: []string{"1"}, Matrices: []Matrix{{Values: [][]float64{{nan}}}}}, "none"},
	} {
		_, list := texts(t, svg(t, c.f))
		if !slices.ContainsFunc(list, func(w written) bool { return w.text == c.want }) {
			t.Errorf("%T%+v says %v; want %q", c.f, c.f, list, c.want)
		}
		render(t, c.f)
	}
}

// A figure with a fault draws what that is, so that nobody has to check it
// before drawing it among others.
func TestFaultsAreDrawn(t *testing.T) {
	f := Confusion{Heading: "decisions", Counts: [][]int{{1, 2}}}
	if err := PNG(io.Discard, f, dpi); err == nil || err.Error() != "figure: Counts[0] has 2 decisions for 1 labels" {
		t.Errorf("PNG: %v", err)
	}
	if err := SVG(io.Discard, f); err == nil {
		t.Error("SVG writes what has a fault")
	}
	c := newVector(page(f))
	f.Draw(inside(c))
	var b strings.Builder
	if err := c.write(&b, ""); err != nil {
		t.Fatal(err)
	}
	if _, list := texts(t, b.String()); len(list) != 1 || list[0].text != "Counts[0] has 2 decisions for 1 labels" {
		t.Errorf("drawn: %v", list)
	}
}

func TestDrawTakesTheUpperLeftCorner(t *testing.T) {
	f := Confusion{Counts: [][]int{{3}}}
	w, h := f.Size()
	c := vgimg.NewWith(vgimg.UseWH(w+100, h+200), vgimg.UseDPI(72))
	f.Draw(draw.New(c))
	_, _, box := find(t, c.Image(), shareColor(1))
	if limit := image.Rect(0, 0, int(w)+1, int(h)+1); !box.In(limit) {
		t.Errorf("drawn within %v; want %v", box, limit)
	}
}

func TestPNGRefusesLargePictures(t *testing.T) {
	f := Sheet{Heading: "x"}
	for _, dpi := range []int{-1, 0, 2401} {
		if err := PNG(io.Discard, f, dpi); err == nil {
			t.Errorf("%d dots to the inch are taken", dpi)
		}
	}
	rows := Intervals{Rows: make([]Interval, maxRows)}
	if err := PNG(io.Discard, rows, 600); err == nil || !strings.Contains(err.Error(), "pixels") {
		t.Errorf("a picture of half a gigabyte: %v", err)
	}
}
