package main

import (
	"fmt"
	"io"
	"math"
	"slices"

	"firstspike/event"
)

const (
	side     = 34   // pixels of the sensor
	binWidth = 5000 // microseconds
	bins     = 64
	saccade  = 105000 // microseconds
)

// measured is what there is to compare of a recording.
type measured struct {
	events    int
	pixels    [2][side * side]int // events of every pixel, OFF and ON
	edges     [3][side * side]int // of every saccade, ON less OFF
	bins      [2][bins]int        // of every stretch of time
	intervals [3][]float64        // milliseconds between events of a pixel: two OFF, two ON, different ones
}

func measure(events []event.Event) *measured {
	m := &measured{events: len(events)}
	var last [side * side]event.Event
	var seen [side * side]bool
	for _, e := range events {
		polarity, at := 0, int(e.Y)*side+int(e.X)
		if e.On {
			polarity = 1
		}
		m.pixels[polarity][at]++
		m.edges[min(e.Time/saccade, 2)][at] += 2*polarity - 1
		m.bins[polarity][min(int(e.Time)/binWidth, bins-1)]++
		if o := last[at]; seen[at] {
			kind := 2
			if o.On == e.On {
				kind = polarity
			}
			m.intervals[kind] = append(m.intervals[kind], float64(e.Time-o.Time)/1000)
		}
		last[at], seen[at] = e, true
	}
	return m
}

// table writes a line for everything that is measured, as Markdown.
func table(w io.Writer, pairs []pair) error {
	var err error
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format+"\n", args...)
		}
	}
	both := func(f func(m *measured) float64) (g, s []float64) {
		for _, p := range pairs {
			g, s = append(g, f(p.genuine)), append(s, f(p.made))
		}
		return g, s
	}
	line("| %d digits | N-MNIST | simulated |", len(pairs))
	line("|---|---:|---:|")
	g, s := both(func(m *measured) float64 { return float64(m.events) })
	line("| events a recording, mean | %.0f | %.0f |", mean(g), mean(s))
	line("| their standard deviation over digits | %.0f | %.0f |", deviation(g), deviation(s))
	var off []float64
	for i := range g {
		off = append(off, math.Abs(s[i]-g[i])/g[i])
	}
	line("| correlation of both numbers over digits | | %.3f |", correlation(g, s))
	line("| mean difference of both, of the recorded number | | %.1f %% |", 100*mean(off))
	g, s = both(func(m *measured) float64 {
		n := 0
		for _, c := range m.pixels[1] {
			n += c
		}
		return 100 * float64(n) / float64(m.events)
	})
	line("| ON events | %.1f %% | %.1f %% |", mean(g), mean(s))
	g, s = both(func(m *measured) float64 { // rows that no digit reaches
		n := 0
		for _, c := range m.pixels[1][:3*side] {
			n += c
		}
		return float64(n) / (3 * side)
	})
	line("| ON events a pixel in the first three rows, which no digit reaches | %.3f | %.3f |", mean(g), mean(s))
	for i := range 3 {
		g, s = both(func(m *measured) float64 {
			n := 0
			for p := range 2 {
				for b := i * saccade / binWidth; b < (i+1)*saccade/binWidth; b++ {
					n += m.bins[p][b]
				}
			}
			return float64(n)
		})
		line("| events in saccade %d | %.0f | %.0f |", i+1, mean(g), mean(s))
	}
	var apart, total float64
	for p := range 2 {
		for b := range bins {
			g, s = both(func(m *measured) float64 { return float64(m.bins[p][b]) })
			apart += math.Abs(mean(g) - mean(s))
			total += mean(g)
		}
	}
	line("| events that lie in another bin of 5 ms and polarity, all digits together | | %.1f %% |", 100*apart/2/total)
	for kind, name := range []string{"two OFF events", "two ON events", "events of different polarity"} {
		var q [2][3]float64
		for k := range 2 {
			var all []float64
			for _, p := range pairs {
				all = append(all, []*measured{p.genuine, p.made}[k].intervals[kind]...)
			}
			slices.Sort(all)
			for i, f := range []float64{0.1, 0.5, 0.9} {
				q[k][i] = all[int(f*float64(len(all)-1))]
			}
		}
		line("| ms between %s of a pixel: 10, 50, 90 %% | %.1f, %.1f, %.1f | %.1f, %.1f, %.1f |", name, q[0][0], q[0][1], q[0][2], q[1][0], q[1][1], q[1][2])
	}
	same := func(a, b *measured) (l [5]float64) {
		for p := range 2 {
			l[p] = likeness(a.pixels[p][:], b.pixels[p][:])
		}
		for i := range 3 {
			l[2+i] = likeness(a.edges[i][:], b.edges[i][:])
		}
		return l
	}
	var made, next [5][]float64
	for k, p := range pairs {
		for i, l := range same(p.genuine, p.made) {
			made[i] = append(made[i], l)
		}
		at := slices.IndexFunc(pairs[k+1:], func(o pair) bool { return o.label == p.label })
		if at < 0 {
			continue
		}
		for i, l := range same(p.genuine, pairs[k+1+at].genuine) {
			next[i] = append(next[i], l)
		}
	}
	line("| | | |")
	line("| **correlation over pixels with N-MNIST's recording** | **of another digit of the class** | **of the same digit, simulated** |")
	for i, name := range []string{"OFF events", "ON events", "ON less OFF events, saccade 1", "saccade 2", "saccade 3"} {
		line("| %s | %.3f | %.3f |", name, mean(next[i]), mean(made[i]))
	}
	line("| | | |")
	line("| **right by the nearest of the classes' means** | **N-MNIST** | **simulated** |")
	half := len(pairs) / 2
	line("| learned on N-MNIST, the first %d | %.1f %% | %.1f %% |", half, centroids(pairs, half, false, false), centroids(pairs, half, false, true))
	line("| learned on simulated | %.1f %% | %.1f %% |", centroids(pairs, half, true, false), centroids(pairs, half, true, true))
	return err
}

// likeness is the correlation of two recordings over pixels, without the one
// that is hot.
func likeness(a, b []int) float64 {
	var x, y []float64
	for i := range a {
		if i != 30*side+18 {
			x, y = append(x, float64(a[i])), append(y, float64(b[i]))
		}
	}
	return correlation(x, y)
}

// centroids is how many per cent of the recordings after the first half are
// nearest to the mean of their class in the first half, in logarithms of one
// more than the number of events of every pixel and polarity.
func centroids(pairs []pair, half int, learnMade, testMade bool) float64 {
	vector := func(p pair, made bool) []float64 {
		m := p.genuine
		if made {
			m = p.made
		}
		var v []float64
		for polarity := range 2 {
			for _, n := range m.pixels[polarity] {
				v = append(v, math.Log1p(float64(n)))
			}
		}
		return v
	}
	var sums [10][]float64
	var counts [10]float64
	for _, p := range pairs[:half] {
		v := vector(p, learnMade)
		if sums[p.label] == nil {
			sums[p.label] = make([]float64, len(v))
		}
		for i, x := range v {
			sums[p.label][i] += x
		}
		counts[p.label]++
	}
	right := 0
	for _, p := range pairs[half:] {
		v := vector(p, testMade)
		best, least := -1, math.Inf(1)
		for c, sum := range sums {
			if sum == nil {
				continue
			}
			d := 0.0
			for i, x := range v {
				d += (x - sum[i]/counts[c]) * (x - sum[i]/counts[c])
			}
			if d < least {
				best, least = c, d
			}
		}
		if best == p.label {
			right++
		}
	}
	return 100 * float64(right) / float64(len(pairs)-half)
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func deviation(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(x)))
}

func correlation(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	var xx, yy, xy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
		xy += (x[i] - mx) * (y[i] - my)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}
