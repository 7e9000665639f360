package encode

import (
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"
)

// mozafari are the six filters of Mozafari et al. (2019), on-centre and
// off-centre at three scales.
var mozafari = []Filter{
	{Kind: "dog", Size: 3, Sigma1: 3. / 9, Sigma2: 6. / 9},
	{Kind: "dog", Size: 3, Sigma1: 6. / 9, Sigma2: 3. / 9},
	{Kind: "dog", Size: 7, Sigma1: 7. / 9, Sigma2: 14. / 9},
	{Kind: "dog", Size: 7, Sigma1: 14. / 9, Sigma2: 7. / 9},
	{Kind: "dog", Size: 13, Sigma1: 13. / 9, Sigma2: 26. / 9},
	{Kind: "dog", Size: 13, Sigma1: 26. / 9, Sigma2: 13. / 9},
}

func mustKernel(t testing.TB, f Filter) Kernel {
	t.Helper()
	k, err := f.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestDoG(t *testing.T) {
	// Centre, neighbour and corner, computed with NumPy from the formula.
	want := [][3]float64{
		{1, -.1558881734, -.0941118266},
		{-6.4148548149, 1, .6037137037},
		{1, .3091952688, -.0126535455},
		{-9.7833188313, -3.0249558959, .1237936701},
		{1, .7339695058, -.0093587839},
		{-9.5832323104, -7.0338002832, .0896874000},
	}
	for i, f := range mozafari {
		k := mustKernel(t, f)
		n, c := f.Size, f.Size/2
		got := [3]float64{k.W[c*n+c], k.W[c*n+c+1], k.W[0]}
		for j, name := range []string{"centre", "neighbour", "corner"} {
			if !near(got[j], want[i][j], 1e-6) {
				t.Errorf("%+v: %s %.7f; want %.7f", f, name, got[j], want[i][j])
			}
		}
		sum, top := 0.0, math.Inf(-1)
		for j, w := range k.W {
			y, x := j/n, j%n
			for _, mirror := range []float64{k.W[x*n+y], k.W[(n-1-y)*n+x], k.W[y*n+n-1-x]} {
				if w != mirror {
					t.Errorf("%+v: not symmetric at %d,%d", f, y, x)
				}
			}
			if s := math.Ldexp(w, finest); s != math.Trunc(s) {
				t.Errorf("%+v: weight %v is not a multiple of 2^-%d", f, w, finest)
			}
			sum, top = sum+w, max(top, w)
		}
		if !near(sum, 0, 1e-5) || top != 1 {
			t.Errorf("%+v: sum %v, maximum %v; want 0 and 1", f, sum, top)
		}
	}
}

func TestGabor(t *testing.T) {
	// The upper left quarter, with the centre, from NumPy.
	for _, c := range []struct {
		size                int
		orientation, lambda float64
		want                []float64
	}{
		{5, 22.5, 4, []float64{.4259847937, .4402257586, -.0048977999, -.2581334308, -.7291718986, -.5514990978, -.2595602520, .5730717555, 1}},
		{5, 0, 4, []float64{.1876106781, .1936980771, .1957732955, -.6652596987, -.6884479223, -.6963528796, .9564493824, .9889279333, 1}},
		{5, 90, 4, []float64{.1876106781, -.6652596987, .9564493824, .1936980771, -.6884479223, .9889279333, .1957732955, -.6963528796, 1}},
		{7, 45, 4, []float64{.0452769048, .4308567030, .1869197794, -.6248637747, .4308567030, .1894448185, -.6386380331, -.7713876328,
			.1869197794, -.6386380331, -.7799269573, .2640502332, -.6248637747, -.7713876328, .2640502332, 1}},
		{5, 67.5, 3, []float64{.1943648707, -.6727280882, .1851243517, -.2434654827, -.5640072898, .7585265129, -.6097766882, -.0739597205, 1}},
	} {
		k := mustKernel(t, Filter{Kind: "gabor", Size: c.size, Orientation: c.orientation, Div: c.lambda})
		side := c.size/2 + 1
		for i, want := range c.want {
			if got := k.W[i/side*c.size+i%side]; !near(got, want, 1e-6) {
				t.Errorf("size %d, %v degrees: row %d, column %d is %.7f; want %.7f", c.size, c.orientation, i/side, i%side, got, want)
			}
		}
		sum, top := 0.0, math.Inf(-1)
		for i, w := range k.W {
			// A cosine looks the same from both sides.
			if opposite := k.W[len(k.W)-1-i]; w != opposite {
				t.Errorf("size %d, %v degrees: %v at %d, %v opposite", c.size, c.orientation, w, i, opposite)
			}
			sum, top = sum+w, max(top, w)
		}
		if !near(sum, 0, 1e-5) || top != 1 {
			t.Errorf("size %d, %v degrees: sum %v, maximum %v; want 0 and 1", c.size, c.orientation, sum, top)
		}
	}
}

// Turning by 180 degrees changes nothing, by 90 degrees it turns the kernel.
func TestGaborTurns(t *testing.T) {
	a := mustKernel(t, Filter{Kind: "gabor", Size: 9, Orientation: 30, Div: 4})
	b := mustKernel(t, Filter{Kind: "gabor", Size: 9, Orientation: 120, Div: 4})
	c := mustKernel(t, Filter{Kind: "gabor", Size: 9, Orientation: 210, Div: 4})
	for y := range 9 {
		for x := range 9 {
			if !near(a.W[y*9+x], c.W[y*9+x], 1e-6) {
				t.Errorf("30 and 210 degrees differ at %d,%d", y, x)
			}
			if !near(a.W[y*9+x], b.W[(8-x)*9+y], 1e-6) {
				t.Errorf("120 degrees is not 30 degrees turned at %d,%d", y, x)
			}
		}
	}
}

// The bits of the paper's kernels, on every machine: the math package's
// functions are not the same everywhere, what is rounded to float32 is.
func TestKernelBits(t *testing.T) {
	sum := crc32.NewIEEE()
	for _, f := range append(mozafari, Filter{Kind: "gabor", Size: 5, Orientation: 22.5, Div: 4}) {
		for _, w := range mustKernel(t, f).W {
			fmt.Fprintf(sum, "%016x", math.Float64bits(w))
		}
	}
	const want = 0x5b91e9f5
	if got := sum.Sum32(); got != want {
		t.Errorf("checksum of the kernels' bits %#08x; want %#08x", got, want)
	}
}

func TestKernelRefuses(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{Kind: "sobel", Size: 3}, `kind "sobel"`},
		{Filter{Kind: "dog", Size: 4, Sigma1: 1, Sigma2: 2}, "kernel size 4"},
		{Filter{Kind: "dog", Size: -1, Sigma1: 1, Sigma2: 2}, "kernel size -1"},
		{Filter{Kind: "dog", Size: MaxKernel + 2, Sigma1: 1, Sigma2: 2}, "kernel size 257"},
		{Filter{Kind: "dog", Size: 3, Sigma1: 1, Sigma2: 1}, "different"},
		{Filter{Kind: "dog", Size: 3, Sigma1: 0, Sigma2: 1}, "positive"},
		{Filter{Kind: "dog", Size: 3, Sigma1: 1, Sigma2: -1}, "positive"},
		{Filter{Kind: "dog", Size: 3, Sigma1: nan, Sigma2: 1}, "positive"},
		{Filter{Kind: "dog", Size: 3, Sigma1: 1, Sigma2: inf}, "finite"},
		{Filter{Kind: "dog", Size: 1, Sigma1: 1, Sigma2: 2}, "flat"},
		{Filter{Kind: "dog", Size: 3, Sigma1: 1e-200, Sigma2: 2e-200}, "flat"},
		{Filter{Kind: "dog", Size: 3, Sigma1: 1e6, Sigma2: 2e6}, "flat"},
		{Filter{Kind: "gabor", Size: 2, Div: 4}, "kernel size 2"},
		{Filter{Kind: "gabor", Size: 5, Div: 0}, "divisor"},
		{Filter{Kind: "gabor", Size: 5, Div: nan}, "divisor"},
		{Filter{Kind: "gabor", Size: 5, Div: inf}, "divisor"},
		{Filter{Kind: "gabor", Size: 5, Div: 4, Orientation: inf}, "orientation"},
		{Filter{Kind: "gabor", Size: 1, Div: 4}, "flat"},
	} {
		_, err := c.filter.Kernel()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %q", c.filter, err, c.want)
		}
	}
}

// Every kernel that can be built is finite, whatever its parameters.
func TestKernelFinite(t *testing.T) {
	built := 0
	for _, size := range []int{1, 3, 5, 31, MaxKernel} {
		for _, s1 := range []float64{1e-300, 1e-8, .1, .5, 1, 3, 100, 1e4, 1e150, 1e300} {
			for _, s2 := range []float64{1e-300, 1e-8, .1, .50001, 1.5, 3.1, 1e5, 1e300} {
				for _, f := range []Filter{{Kind: "dog", Size: size, Sigma1: s1, Sigma2: s2}, {Kind: "gabor", Size: size, Orientation: s1, Div: s2}} {
					k, err := f.Kernel()
					if err != nil {
						continue
					}
					built++
					for _, w := range k.W {
						if !(math.Abs(w) <= 1<<10) {
							t.Fatalf("%+v has a weight of %v", f, w)
						}
					}
				}
			}
		}
	}
	if built == 0 {
		t.Error("no kernel was built")
	}
}
