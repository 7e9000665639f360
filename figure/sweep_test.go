package figure

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

// aSweep has n points of up to n settings, of which some have no value in some
// points, and of which one in nine failed.
func aSweep(n int, words bool) Sweep {
	s := Sweep{Result: "validation images right", Percent: true}
	for j := range min(n, maxAxes) {
		setting := Axis{Name: fmt.Sprintf("layers.s%d.learn.timing.rate", j), Log: j%3 == 1}
		if words {
			setting = Axis{Name: "encode.filters." + strings.Repeat("long_", j) + "name"}
			for i := range min(n, maxWords) {
				setting.Words = append(setting.Words, fmt.Sprintf("word %d of a list", i))
			}
		}
		s.Axes = append(s.Axes, setting)
	}
	for i := range n {
		p := Point{Result: .9 + .01*float64(i*7%10), Failed: i%9 == 8}
		for j, setting := range s.Axes {
			v := math.Pow(10, float64(i*(j+3)%7)-4)
			if setting.Words != nil {
				v = float64(i * (j + 3) % len(setting.Words))
			}
			if j%4 == 3 && i%5 == 2 {
				v = nan
			}
			p.Values = append(p.Values, v)
		}
		s.Points = append(s.Points, p)
	}
	return s
}

// threeNumbers are n points of three settings without a value in common.
func threeNumbers(n int) Sweep {
	r := rand.New(rand.NewPCG(1, 2))
	s := Sweep{Axes: make([]Axis, 3)}
	for range n {
		s.Points = append(s.Points, Point{Values: []float64{r.Float64(), r.Float64(), r.Float64()}, Result: r.NormFloat64()})
	}
	return s
}

// means are those of the results, with intervals of a made-up width.
func means(s Sweep) [][]Level {
	all := make([][]Level, len(s.Axes))
	for j := range s.Axes {
		values, none := s.values(j)
		if none {
			values = append(values, nan)
		}
		for _, v := range values {
			var sum, n float64
			for _, p := range s.Points {
				if got := p.Values[j]; !p.Failed && (got == v || got != got && v != v) {
					sum, n = sum+p.Result, n+1
				}
			}
			all[j] = append(all[j], Level{v, sum / n, sum/n - .01, sum/n + .01})
		}
	}
	return all
}

// threePoints are three points of two settings; the second is the best, and the last
// failed without a value of the second setting.
func threePoints() Sweep {
	return Sweep{
		Axes: []Axis{{Name: "a.rate", Log: true}, {Name: "a.rule", Words: []string{"stdp", "vdsp"}}},
		Points: []Point{
			{Values: []float64{.01, 0}, Result: 1},
			{Values: []float64{1, 1}, Result: 3},
			{Values: []float64{.1, nan}, Failed: true},
		},
	}
}

func TestParallelPlaces(t *testing.T) {
	f := Parallel{Sweep: threePoints()}
	l := f.layout()
	m := render(t, f)
	low := l.above + l.high - inset
	rate := func(v float64) vg.Length { // between .01 and 1
		return low - (l.high-2*inset)*vg.Length(math.Log10(v)+2)/2
	}
	y := f.results()
	result := func(v float64) vg.Length {
		return l.above + l.high*vg.Length((y.max-v)/(y.max-y.min))
	}
	rule := func(i vg.Length) vg.Length { return low - (l.high-2*inset)*(i+.5)/2 }
	failed := l.above + l.high + belowAxis
	at := func(left, right, share vg.Length) vg.Length { return left + (right-left)*share }
	second, last := l.first+l.apart, l.first+2*l.apart
	for _, c := range []struct {
		what string
		x, y vg.Length
		want string
	}{
		{"the best from its rate", at(l.first, second, .5), at(rate(1), rule(1), .5), hex(vermilion)},
		{"the best to its result", at(second, last, .5), at(rule(1), result(3), .5), hex(vermilion)},
		{"the end of the bar is dark", last + 2, l.above + 1, hex(Sequential.color(1))},
		{"the other end is pale", last + 2, l.above + l.high - 1, hex(Sequential.color(.25))},
		{"nothing", at(l.first, second, .75), l.above + l.high, "#ffffff"},
	} {
		if got := pixel(m, c.x, c.y); !near(got, hexColor(t, c.want), 4) {
			t.Errorf("%s: %s; want %s", c.what, hex(got), c.want)
		}
	}
	worst := pixel(m, at(l.first, second, .75), at(rate(.01), rule(0), .75))
	if !near(worst, mix(f.shade(y, 1), uint8(0xd9)), 6) {
		t.Errorf("the worst line is %s", hex(worst))
	}
	grey := 0
	for i := range 40 {
		if c := pixel(m, at(second, last, .3+.01*vg.Length(i)), failed); near(c, slate, 0x50) {
			grey++
		}
	}
	if grey < 10 || grey > 35 {
		t.Errorf("the line of what failed: %d of 40 places are grey; want dashes", grey)
	}
	_, list := texts(t, svg(t, f))
	for _, want := range []string{"rate", "rule", "result", "1", "vdsp", "stdp", "3", "1 failed", "–"} {
		if !has(list, want) {
			t.Errorf("%q is not written: %v", want, list)
		}
	}
	f.Lowest = true
	if _, list = texts(t, svg(t, f)); !has(list, "0.01") {
		t.Errorf("the values of the lowest result are not written: %v", list)
	}
	if c := pixel(render(t, f), last+2, l.above+l.high-1); c != Sequential.color(1) {
		t.Errorf("the lower end of the bar is %s where the lowest is the best", hex(c))
	}
}

// Points that share a value pass it apart, in order, and nearer to it than to
// any other.
func TestParallelStandsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Parallel{Sweep: Sweep{Axes: []Axis{{}}}}
		for range rapid.IntRange(1, 40).Draw(t, "points") {
			f.Points = append(f.Points, Point{Values: []float64{rapid.SampledFrom([]float64{0, 1, 2, 7, nan}).Draw(t, "value")}, Result: rapid.Float64Range(0, 1).Draw(t, "result")})
		}
		a := parallelAxis{span: f.axis(0)}
		a.from, a.to = 0, 100
		a.values, _ = f.values(0)
		ranked, _ := f.ranked()
		places := f.beside(0, a, -belowAxis, ranked)
		for k, i := range ranked {
			own := f.Points[i].Values[0]
			if math.IsNaN(own) {
				if places[i] > -belowAxis/2 {
					t.Fatalf("a point without a value passes at %g", float64(places[i]))
				}
				continue
			}
			for _, v := range a.values {
				if v != own && math.Abs(float64(a.at(v)-places[i])) <= math.Abs(float64(a.at(own)-places[i])) {
					t.Fatalf("a point of %g passes as near to %g", own, v)
				}
			}
			for _, better := range ranked[:k] {
				if f.Points[better].Values[0] == own && !(places[better] > places[i]) {
					t.Fatalf("points %d and %d of %g pass at %g and %g", better, i, own, float64(places[better]), float64(places[i]))
				}
			}
		}
	})
}

func TestSettingNames(t *testing.T) {
	s := Sweep{Axes: []Axis{{Name: "layers.s2.learn.timing.rate"}, {Name: "layers.s3.learn.timing.rate"}, {Name: "encode.inhibition_radius"}, {Name: "seed"}}}
	for _, c := range []struct {
		j     int
		width vg.Length
		want  string
	}{
		{0, 200, "layers.s2.learn.timing/rate"},
		{0, 70, "s2.learn.timing/rate"},
		{1, 45, "s3…timing/rate"},
		{1, 20, "s3…/rate"},
		{2, 80, "encode/inhibition_radius"},
		{2, 45, "encode/inhibition_/radius"},
		{2, 30, "encode/inhibiti…"},
		{3, 45, "seed"},
	} {
		var lines []string
		for _, line := range s.name(c.j, c.width) {
			lines = append(lines, line.text)
			if w := line.style.Width(line.text); w > c.width {
				t.Errorf("%q is %g points wide; want %g at most", line.text, float64(w), float64(c.width))
			}
		}
		if got := strings.Join(lines, "/"); got != c.want {
			t.Errorf("%q in %g points: %s; want %s", s.Axes[c.j].Name, float64(c.width), got, c.want)
		}
	}
}

// Where there is no room for all values, the round ones are written.
func TestSettingTicks(t *testing.T) {
	values := []float64{.001, .0015, .01, .02, .1, .12}
	x := span{min: .001, max: .12, log: true, to: 100}
	var got []string
	for _, k := range (Axis{Log: true}).ticks(x, values, tickX.Width) {
		got = append(got, k.label)
	}
	if want := []string{"0.001", "", "0.01", "", "0.1", ""}; !slices.Equal(got, want) {
		t.Errorf("labels %q; want %q", got, want)
	}
}

func TestEffectsPlaces(t *testing.T) {
	f := Effects{Sweep: threePoints(), Means: [][]Level{{{.1, 2, 1.5, 2.8}}, nil}}
	l := f.layout()
	m := render(t, f)
	ceiling := vg.Length(keyDepth) + l.above[0]
	y := f.results()
	down := func(v float64) vg.Length {
		return ceiling + (effectHigh-failedDeep)*vg.Length((y.max-v)/(y.max-y.min))
	}
	x, _, _ := f.effectAxis(0, l.left, l.left+l.wide)
	second := l.left + l.wide + effectApart
	rule, _, none := f.effectAxis(1, second, second+l.wide)
	if !none {
		t.Fatal("the point without a rule has no place")
	}
	strip := ceiling + effectHigh - failedDeep + lineHeight
	for _, c := range []struct {
		what string
		x, y vg.Length
		want string
	}{
		{"a point", x.at(.01), down(1), hex(mix(ink, 0x48))},
		{"the best", x.at(1), down(3), hex(vermilion)},
		{"its ring", x.at(1) + 3.6, down(3), hex(vermilion)},
		{"the mean", x.at(.1), down(2), hex(blue)},
		{"the interval", x.at(.1), down(2.6), hex(blue)},
		{"beyond the interval", x.at(.1), down(2.9), "#ffffff"},
		{"a point of a word", rule.at(0), down(1), hex(mix(ink, 0x48))},
		{"the best of a word", rule.at(1), down(3), hex(vermilion)},
		{"what failed", x.at(.1), strip, hex(mix(slate, 0xb0))},
		{"what failed and has none", second + noneWide/2 - 2, strip, hex(mix(slate, 0xb0))},
	} {
		if got := pixel(m, c.x, c.y); !near(got, hexColor(t, c.want), 24) {
			t.Errorf("%s: %s; want %s", c.what, hex(got), c.want)
		}
	}
	_, list := texts(t, svg(t, f))
	for _, want := range []string{"a.rate", "a.rule", "result", "0.01", "0.1", "stdp", "vdsp", "the best: 3", "–", "failed", "1 failed"} {
		if !has(list, want) {
			t.Errorf("%q is not written: %v", want, list)
		}
	}
}

// A result beyond the ends that are asked for is at the end, which says so.
func TestResultsBeyond(t *testing.T) {
	s := threePoints()
	s.Low, s.High = 2, 4
	for _, f := range []Figure{Parallel{Sweep: s}, Effects{Sweep: s}} {
		if _, list := texts(t, svg(t, f)); !has(list, "≤ 2") || has(list, "2.0") || has(list, "≥ 4") {
			t.Errorf("%T: %v", f, list)
		}
	}
}

func TestHeatCells(t *testing.T) {
	f := Heat{
		Rows: []string{"a", "b"}, Cols: []string{"1", "2", "3"}, Percent: true, Low: .5, High: 1,
		Matrices: []Matrix{{Values: [][]float64{{.5, .75, nan}, {.2, 1, .975}}}, {Name: "second", Values: [][]float64{{.5, .75, .5}, {.5, math.Inf(1), .5}}}},
	}
	m := render(t, f)
	l := f.layout()
	s, best := f.colors()
	if best != [3]int{0, 1, 1} {
		t.Errorf("the best cell is %v", best)
	}
	check := func(matrix, row, col int, want string) {
		t.Helper()
		x := l.left + vg.Length(matrix)*(3*l.cell.X+matrixApart) + l.cell.X*(vg.Length(col)+.12)
		y := vg.Length(keyDepth) + l.above + l.cell.Y*(vg.Length(row)+.2)
		if got := hex(pixel(m, x, y)); got != want {
			t.Errorf("matrix %d, cell %d, %d is %s; want %s", matrix, row, col, got, want)
		}
	}
	low, middle, high := hex(f.cell(s, .5)), hex(f.cell(s, .75)), hex(Sequential.color(1))
	check(0, 0, 0, low)
	check(0, 0, 1, middle)
	check(0, 0, 2, "#ffffff")
	check(0, 1, 0, low)
	check(0, 1, 1, high)
	check(1, 0, 1, middle)
	check(1, 1, 1, "#ffffff")
	if low == "#ffffff" {
		t.Error("the worst cell cannot be told from a blank one")
	}
	if _, list := texts(t, svg(t, f)); !has(list, "97.5") || !has(list, "100.0") || !has(list, "second") || !has(list, "none") {
		t.Errorf("texts: %v", list)
	}
	f.Lowest = true
	if _, best := f.colors(); best != [3]int{0, 1, 0} {
		t.Errorf("the lowest cell is %v", best)
	}
}

// A number is not written as another one: small ones keep three digits.
func TestShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := math.Pow(10, rapid.Float64Range(-8, 8).Draw(t, "exponent"))
		s := strings.NewReplacer(",", "", "−", "-").Replace(short(v))
		var got float64
		if _, err := fmt.Sscan(s, &got); err != nil || math.Abs(got-v) > .0051*v {
			t.Fatalf("%g is written %s", v, s)
		}
	})
}
