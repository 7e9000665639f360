package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A span is the range of an axis and the two places on the canvas where it
// ends. gonum's axes settle their margins each for themselves, so those of
// panels under each other would not line up; these are told.
type span struct {
	min, max float64
	log      bool
	whole    bool // only whole numbers: steps, epochs
	percent  bool // parts of 1
	from, to vg.Length
}

// largest is the size beyond which a number counts as infinite: differences
// and margins of what is smaller stay finite. On a logarithmic axis it has a
// counterpart, so that quotients do too.
const (
	largest = 1e100
	least   = 1 / largest
)

func finite(v float64) bool { return math.Abs(v) <= largest }

// nothing is the span of no data; include makes it larger.
func nothing() span { return span{min: math.Inf(1), max: math.Inf(-1)} }

func (s *span) include(values ...float64) {
	for _, v := range values {
		if finite(v) && !(s.log && v < least) {
			s.min, s.max = min(s.min, v), max(s.max, v)
		}
	}
}

// settle gives an empty span a range, one value some room, and all of them a
// margin, which is a share of the range.
func (s *span) settle(margin float64) {
	if s.min > s.max {
		s.min, s.max = 0, 1
		if s.log {
			s.min = .1
		}
	}
	if s.log {
		wide := max(math.Pow(s.max/s.min, margin), 1.05)
		s.min, s.max = s.min/wide, s.max*wide
		return
	}
	half := max(math.Abs(s.min), math.Abs(s.max))
	if s.max-s.min <= 1e-9*half || half == 0 {
		half = max(half*.1, 1e-6)
		s.min, s.max = s.min-half, s.max+half
		return
	}
	room := margin * (s.max - s.min)
	s.min, s.max = s.min-room, s.max+room
}

// settleWithin settles a span that ends where parts of 1 do: there is nothing
// beyond.
func (s *span) settleWithin(margin float64) {
	low, high := s.min, s.max
	s.settle(margin)
	if s.percent && low >= 0 && high <= 1 {
		s.min, s.max = max(s.min, 0), min(s.max, 1)
	}
}

// at is where on the canvas a value lies.
func (s span) at(v float64) vg.Length {
	share := (v - s.min) / (s.max - s.min)
	if s.log {
		share = math.Log(v/s.min) / math.Log(s.max/s.min)
	}
	return s.from + vg.Length(share)*(s.to-s.from)
}

// A tick is a value of an axis and what is written there.
type tick struct {
	value float64
	label string
}

// ticks are as many round values as there is room for, or as are of use; size
// tells how much of the axis a label takes.
func (s span) ticks(most int, size func(label string) vg.Length) []tick {
	fits := func(t []tick) bool {
		for i := 1; i < len(t); i++ {
			apart := (size(t[i-1].label)+size(t[i].label))/2 + 6
			if vg.Length(math.Abs(float64(s.at(t[i].value)-s.at(t[i-1].value)))) < apart {
				return false
			}
		}
		return len(t) <= most
	}
	if s.log {
		for _, per := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
			if t := s.decades(1, per); len(t) > 1 && fits(t) {
				return t
			}
		}
		for every := 2; every < 200; every++ {
			if t := s.decades(every, []float64{1}); len(t) > 1 && fits(t) {
				return t
			}
		}
	}
	if s.log && s.max > 100*s.min {
		return nil
	}
	power := math.Floor(math.Log10((s.max - s.min) / 20))
	for range 4 {
		for _, k := range []float64{1, 2, 5} {
			step := k * math.Pow(10, power)
			if s.whole && step < 1 || s.log && k == 5 {
				continue
			}
			if t := s.linear(step, int(max(0, -power))); fits(t) {
				return t
			}
		}
		power++
	}
	return nil
}

func (s span) linear(step float64, digits int) []tick {
	var ticks []tick
	slack := step * 1e-6
	for i := math.Ceil((s.min - slack) / step); i*step <= s.max+slack && len(ticks) < 50; i++ {
		v := i*step + 0 // never −0
		ticks = append(ticks, tick{v, s.label(v, digits)})
	}
	return ticks
}

func (s span) decades(every int, per []float64) []tick {
	var ticks []tick
	for e := math.Floor(math.Log10(s.min)); e <= math.Log10(s.max); e++ {
		if int(e)%every != 0 {
			continue
		}
		for _, k := range per {
			v := k * math.Pow(10, e)
			if v >= s.min*(1-1e-9) && v <= s.max*(1+1e-9) && !(s.whole && v < 1) {
				ticks = append(ticks, tick{v, s.label(v, int(max(0, -e)))})
			}
		}
	}
	return ticks
}

// label writes a value of an axis.
func (s span) label(v float64, digits int) string {
	if s.percent {
		s.percent = false
		return s.label(v*100, max(digits-2, 0)) + " %"
	}
	if math.Abs(v) >= 1e7 || digits > 5 {
		return grouped(strconv.FormatFloat(v, 'g', 4, 64))
	}
	return grouped(strconv.FormatFloat(v, 'f', digits, 64))
}

// value writes a value of the axis precisely enough to compare.
func (s span) value(v float64) string {
	switch {
	case s.percent && math.Abs(v) >= 1e5:
		return short(v*100) + " %"
	case s.percent:
		return grouped(strconv.FormatFloat(v*100, 'f', 2, 64)) + " %"
	}
	return short(v)
}

// everyRound is the least of 1, 2, 5, 10, 20 and so on that is not below n.
func everyRound(n vg.Length) int {
	every := 1
	for i := 1; vg.Length(every) < n; i++ {
		every = []int{1, 2, 5}[i%3] * int(math.Pow10(i/3))
	}
	return every
}

const (
	tickDepth = 14 // points under an axis for its labels
	nameDepth = 13 // and for its name
)

var (
	tickX = style(small, ink, center, top)
	tickY = style(small, ink, right, middle)
)

func (s span) ticksX() []tick { return s.ticks(16, tickX.Width) }

func (s span) ticksY() []tick {
	return s.ticks(9, func(string) vg.Length { return small })
}

// drawX draws the horizontal axis of an area at its lower edge, with labels
// unless another panel below has them.
func (s span) drawX(c draw.Canvas, labels bool, name string) {
	c.StrokeLine2(hairline, c.Min.X, c.Min.Y, c.Max.X, c.Min.Y)
	for _, t := range s.ticksX() {
		x := s.at(t.value)
		c.StrokeLine2(hairline, x, c.Min.Y, x, c.Min.Y-3)
		if labels {
			write(c, tickX, vg.Point{X: x, Y: c.Min.Y - 4}, t.label)
		}
	}
	if labels && name != "" {
		sty := style(small, slate, center, top)
		write(c, sty, vg.Point{X: c.Center().X, Y: c.Min.Y - tickDepth - 1}, fit(sty, name, c.Max.X-c.Min.X))
	}
}

// drawY draws the labels of the vertical axis, and pale lines in its stead.
func (s span) drawY(c draw.Canvas) {
	for _, t := range s.ticksY() {
		y := s.at(t.value)
		c.StrokeLine2(gridline, c.Min.X, y, c.Max.X, y)
		write(c, tickY, vg.Point{X: c.Min.X - 4, Y: y}, t.label)
	}
}

// marginY is the room that labels of vertical axes take.
func marginY(spans ...span) vg.Length {
	var w vg.Length
	for _, s := range spans {
		for _, t := range s.ticksY() {
			w = max(w, tickY.Width(t.label))
		}
	}
	return w + 7
}

// A Reference is a value to compare with, drawn as a dashed line under its
// name: a paper's result, or chance.
type Reference struct {
	Name  string
	Value float64
}

func checkReferences(r []Reference) error {
	if len(r) > 20 {
		return fmt.Errorf("%d References; 20 at most stay readable", len(r))
	}
	for i, reference := range r {
		if !finite(reference.Value) {
			return fmt.Errorf("References[%d].Value is %g; it must be finite", i, reference.Value)
		}
	}
	return nil
}

// A beside is a name that stands as near to its place as others let it.
type beside struct {
	at    vg.Length // where it belongs; where it is, once apart has run
	name  string
	style text.Style
	from  vg.Point // the end of what it names
}

// apart moves names so that they are a distance apart and between two ends,
// and moves them no further than it must: names that meet become a block,
// which stands at the mean of where its names belong.
func apart(names []beside, distance, low, high vg.Length) {
	slices.SortStableFunc(names, func(a, b beside) int { return cmp.Compare(a.at, b.at) })
	type block struct {
		first, n int
		sum      vg.Length // of the places, each less its names' distance from the first
	}
	place := func(b block) vg.Length {
		room := high - vg.Length(b.n-1)*distance
		return max(low, min(room, b.sum/vg.Length(b.n)))
	}
	var blocks []block
	for i, name := range names {
		blocks = append(blocks, block{i, 1, name.at})
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if place(a)+vg.Length(a.n)*distance <= place(b) {
				break
			}
			a.sum += b.sum - vg.Length(a.n*b.n)*distance
			a.n += b.n
			blocks = append(blocks[:len(blocks)-2], a)
		}
	}
	for _, b := range blocks {
		for i := range b.n {
			names[b.first+i].at = place(b) + vg.Length(i)*distance
		}
	}
}
