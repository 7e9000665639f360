package doctor

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"firstspike/encode"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/train"
)

// The same findings and numbers with any number of workers.
func TestWorkers(t *testing.T) {
	e, set := ill(t, "layers.s1.threshold=40"), digits(t, 500)
	var exams []*Exam
	for _, workers := range []int{1, 3} {
		o := few
		o.Workers = workers
		x, err := Trial(t.Context(), e, set, o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.epochs {
			x.epochs[i].Seconds, x.epochs[i].PerSecond = 0, 0
		}
		exams = append(exams, x)
	}
	if !reflect.DeepEqual(exams[0], exams[1]) {
		t.Errorf("with 1 worker: %s\nwith 3: %s", tellAll(exams[0]), tellAll(exams[1]))
	}
}

// What is measured of a layer is what a plain computation gives.
func TestMeasures(t *testing.T) {
	t.Run("steps", func(t *testing.T) { measures(t, ill(t, "")) })
	t.Run("ramps", func(t *testing.T) {
		e := ill(t, "layers.s1.threshold=60")
		e.Layers[0].Ramp = true
		measures(t, e)
	})
}

func measures(t *testing.T, e train.Experiment) {
	set := digits(t, 40)
	m, err := train.Untrained(e)
	if err != nil {
		t.Fatal(err)
	}
	x, err := Examine(t.Context(), m, set, Options{Images: 40, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := encode.New(e.Encode, e.Data.Rows, e.Data.Cols)
	if err != nil {
		t.Fatal(err)
	}
	var image spike.Map
	var pass snn.Pass
	var scratch snn.Scratch
	n := float64(set.Len())
	for depth, l := range m.Network.Layers {
		got, learn := x.Layers[depth], e.Layers[depth].Learn
		steps, wins := make([]float64, e.Encode.Steps), make([]int, l.Maps)
		var input, winners, silent, seeing, fired float64
		var highest []float64
		for i := range set.Len() {
			encoder.Encode(set.Image(i), &image)
			in := pass.Spikes(m.Network, &image, depth)
			input += float64(in.Spikes())
			bits, final := spike.NewBits(l.In), make([]int32, l.Convolution.Out().Neurons())
			// A ramp adds up what had fired by every step.
			from := in.Steps - 1
			if l.Ramp {
				from = 0
			}
			for last := from; last < in.Steps; last++ {
				by, sums := spike.NewMap(in.Shape, in.Steps), make([]int32, len(final))
				for i, s := range in.At {
					if s != spike.Silent && int(s) <= last {
						by.At[i] = s
					}
				}
				bits.From(by)
				l.Final(bits, sums, &scratch)
				for i, v := range sums {
					final[i] += v
				}
			}
			for _, p := range final {
				if p != 0 {
					seeing++
				}
			}
			highest = append(highest, l.Potential(slices.Max(final)))
			var events spike.Events
			var r snn.Response
			events.From(in)
			l.Respond(&events, &r, &scratch)
			for _, s := range r.First.At {
				if s != spike.Silent {
					steps[s] += 1 / n
				}
			}
			fired += float64(r.First.Spikes())
			if r.First.Spikes() == 0 {
				silent++
			}
			if learn.Pointwise {
				r.PointwiseInhibition()
			}
			for _, w := range r.Winners(learn.K, learn.Radius, nil) {
				winners++
				wins[w.Map]++
			}
		}
		slices.Sort(highest)
		for _, c := range []struct {
			what      string
			got, want float64
		}{
			{"input", got.Input, input / n}, {"winners", got.Winners, winners / n}, {"silent", got.Silent, silent / n},
			{"quiet", got.Quiet, 1 - fired/seeing}, {"highest", got.Highest.P50, highest[20]}, {"P95", got.Highest.P95, highest[38]},
			{"changed", got.Changed, 0},
		} {
			if math.Abs(c.got-c.want) > 1e-9*max(1, math.Abs(c.want)) {
				t.Errorf("%s: %s is %v, not %v", l.Name, c.what, c.got, c.want)
			}
		}
		if !slices.Equal(got.Wins, wins) {
			t.Errorf("%s: wins %v, not %v", l.Name, got.Wins, wins)
		}
		for s, v := range steps {
			if math.Abs(got.Steps[s]-v) > 1e-9*max(1, v) {
				t.Errorf("%s: %v spikes at step %d, not %v", l.Name, got.Steps[s], s, v)
			}
		}
	}
}

func TestWeights(t *testing.T) {
	g := snn.Geometry{In: spike.Shape{Maps: 1, Rows: 4, Cols: 4}, Maps: 4, Kernel: snn.Size{Rows: 2, Cols: 2}}
	layer := func(w ...float32) *snn.Convolution {
		c, err := snn.NewConvolution(g, 1, "", 2)
		if err == nil {
			err = c.SetWeights(w)
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	fresh := layer(.5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .5, .9, .5, 1.5, .5)
	// Two twins, one of its own, and one that was only clamped.
	now := layer(1, 0, 1, 0, .995, 0, 1, 0, 0, 1, .4, .6, .9, .5, 1, .5)
	unit := train.Layer{Learn: train.Learn{Lower: 0, Upper: 1}}
	var r Layer
	r.weigh(unit, now, fresh)
	if r.Changed != 0.75 || r.Twins != 2./3 || r.Alike || r.AtLower != 5./16 || r.AtUpper != 6./16 || r.Begun != 1./16 {
		t.Errorf("%+v", r)
	}
	same := layer(.1, .2, .3, .4, .1, .2, .3, .4, .1, .2, .3, .4, .1, .2, .3, .4)
	r = Layer{}
	r.weigh(unit, same, same)
	if r.Changed != 0 || r.Twins != 0 || !r.Alike {
		t.Errorf("of equal weights: %+v", r)
	}
}

// A model in which most maps are copies of one.
func TestTwins(t *testing.T) {
	m, err := train.Untrained(ill(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	c := m.Network.Layers[0].Convolution
	w, n := slices.Clone(c.Weights()), c.Synapses()
	for i := range w {
		w[i] = float32(i * 7919 % 11 % 2)
	}
	for k := range 20 {
		copy(w[k*n:(k+1)*n], w[20*n:21*n])
	}
	if err := c.SetWeights(w); err != nil {
		t.Fatal(err)
	}
	x, err := Examine(t.Context(), m, digits(t, 100), Options{Images: 30})
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Findings) == 0 || x.Findings[0].Cause != "maps-twins" || x.Findings[0].Layer != "s1" {
		t.Errorf("twins were not found first: %s", tellAll(x))
	}
}

func TestView(t *testing.T) {
	e := ill(t, "")
	if v := view(e, 0); v != 25./28/28 {
		t.Errorf("a neuron of s1 sees %v of the image", v)
	}
	if v := view(e, 2); v != 1 {
		t.Errorf("a neuron of s3 sees %v of the image", v)
	}
}

func TestOutside(t *testing.T) {
	g := snn.Geometry{In: spike.Shape{Maps: 1, Rows: 4, Cols: 4}, Maps: 1, Kernel: snn.Size{Rows: 3, Cols: 3}}
	for pad, want := range []float64{0, 0, 20. / 36, 48. / 64} {
		g.Pad = pad
		c, err := snn.NewConvolution(g, 1, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := outside(c); got != want {
			t.Errorf("with a padding of %d, %v of the neurons are outside, not %v", pad, got, want)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var v []float64
	for i := range 100 {
		v = append(v, float64(i))
	}
	if q := quantiles(v); q != (Quantiles{5, 25, 50, 75, 95}) {
		t.Errorf("%v", q)
	}
	if q := quantiles(nil); q != (Quantiles{}) {
		t.Errorf("of nothing: %v", q)
	}
	in := Input{responses: v, outputs: 200}
	if got := in.threshold(0.25); got != 49 {
		t.Errorf("a quarter of the inputs fires at a threshold of %v", got)
	}
	if got := in.above(90); got != 0.1 {
		t.Errorf("%v of the responses pass 90", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{10.42: "10", 0.0375: "0.037", 330.7: "330", -0.75: "-0.75", 15: "15", 1e-9: "1e-09", 1260.4: "1300"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	}
}

// Every cause is told in the package's chapter, and can be measured again.
func TestCauses(t *testing.T) {
	x, err := Trial(t.Context(), ill(t, ""), digits(t, 400), few)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(x)
	if err != nil || !strings.Contains(string(text), `"findings":[`) {
		t.Errorf("%s, %v", text, err)
	}
	chapter, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range slices.Concat(dataRules, encodeRules, layerRules) {
		if seen[r.cause] {
			t.Errorf("%s has two rules", r.cause)
		}
		seen[r.cause] = true
		if !strings.Contains(string(chapter), " "+r.cause) {
			t.Errorf("the chapter does not tell of %s", r.cause)
		}
		if m := x.again(Finding{Layer: "s3", Cause: r.cause}); len(m) == 0 {
			t.Errorf("%s has no measures", r.cause)
		}
	}
}

// What cannot be examined is refused.
func TestRefused(t *testing.T) {
	set := digits(t, 100)
	if _, err := Trial(t.Context(), ill(t, "layers.s1.learn.k=0"), set, few); err == nil || !strings.Contains(err.Error(), "layers.s1.learn.k") {
		t.Errorf("an experiment with a fault: %v", err)
	}
	if _, err := Trial(t.Context(), ill(t, "data.rows=20 data.cols=20"), set, few); err == nil {
		t.Error("images of another size were taken")
	}
}
