package conform

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"firstspike/dataset"
	"firstspike/encode"
	"firstspike/preset"
	"firstspike/snn"
	"firstspike/spike"
	"firstspike/tensorfile"
)

func mozafari(t testing.TB) Model {
	t.Helper()
	p, _ := preset.Lookup("mozafari2018")
	m, err := FromExperiment(p.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mnist(t testing.TB) (train, test *dataset.Set) {
	t.Helper()
	train, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

// file puts arrays into a trace.
type file struct {
	testing.TB
	tensorfile.File
}

func put[T tensorfile.Element](f *file, key string, shape []int, values []T) {
	f.Helper()
	a, err := tensorfile.From(key, shape, values)
	if err != nil {
		f.Fatal(err)
	}
	f.Tensors = append(f.Tensors, a)
}

// stage is one stage of a check of the trace.
func (f *file) stage(m Model, name string) Stage {
	f.Helper()
	train, test := mnist(f)
	r, err := Check(context.Background(), &f.File, m, test, train, nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range r.Stages {
		if s.Name == name && s.Skipped == "" {
			return s
		}
	}
	f.Fatalf("no stage %s was checked", name)
	return Stage{}
}

// row makes S2 a layer of neurons that see all of n inputs, side by side, and
// hands them on unpooled to a layer S3 of its kind.
func row(t testing.TB, n, maps int, threshold float64) Model {
	m := mozafari(t)
	m.S1.Layer = Layer{Geometry: snn.Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: n}, Maps: 1, Kernel: snn.Size{Rows: 1, Cols: 1}}, Threshold: 0.5}
	m.S2.Layer = Layer{Geometry: snn.Geometry{In: spike.Shape{Maps: 1, Rows: 1, Cols: n}, Maps: maps, Kernel: snn.Size{Rows: 1, Cols: n}}, Threshold: threshold}
	m.S3.Layer = Layer{Geometry: snn.Geometry{In: spike.Shape{Maps: maps, Rows: 1, Cols: 1}, Maps: 10, Kernel: snn.Size{Rows: 1, Cols: 1}}, Threshold: math.Inf(1)}
	m.S2.Select = snn.Selection{K: 1, Pointwise: true}
	m.Decision = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	return m
}

// A first spike is tied only with a step at which the neuron can fire.
func TestTiedSpike(t *testing.T) {
	m := row(t, 3, 2, 0.6005)
	for _, c := range []struct {
		step        uint8
		potential   float32
		tied        int
		first, then string
	}{
		{2, 0.8, 0, "", ""},
		{1, 0.6, 1, "", ""},
		{1, 0.8, 1, "", "S2 potentials"},
		{15, 0, 0, "S2 first spikes", ""},
		{0, 0.3, 0, "S2 first spikes", ""},
	} {
		f := &file{TB: t}
		put(f, "w2", []int{2, 1, 1, 3}, []float32{0.3, 0.3, 0.2, 0.1, 0.1, 0.1})
		put(f, "c1_latency", []int{1, 1, 1, 3}, []uint8{0, 1, 2})
		put(f, "s2_latency", []int{1, 2, 1, 1}, []uint8{c.step, 15})
		put(f, "s2_potential", []int{1, 2, 1, 1}, []float32{c.potential, 0})
		first, then := f.stage(m, "S2 first spikes"), f.stage(m, "S2 potentials")
		if first.Tied != c.tied || (first.Differing > 0) != (c.first != "") || c.first == "" && (then.Differing > 0) != (c.then != "") {
			t.Errorf("step %d, potential %v: %+v, %+v", c.step, c.potential, first, then)
		}
	}
}

// A pooled spike behind a frozen layer is tied if a neuron of its window can
// make it and none certainly comes before.
func TestTiedPool(t *testing.T) {
	m := row(t, 3, 1, 0.6005)
	m.S1.In = spike.Shape{Maps: 1, Rows: 2, Cols: 6}
	m.S2.In, m.S2.Pool = m.S1.Out(), spike.Pool{Window: 2, Stride: 2}
	m.S3.In = m.S2.Pooled()
	const no = 15
	for _, c := range []struct {
		pooled          [2]uint8
		tied, differing int
	}{
		{[2]uint8{no, 7}, 0, 0}, {[2]uint8{2, 7}, 1, 0}, {[2]uint8{no, 5}, 1, 0}, {[2]uint8{2, 5}, 2, 0},
		{[2]uint8{3, 7}, 1, 0}, {[2]uint8{1, 7}, 0, 1}, {[2]uint8{no, no}, 0, 1}, {[2]uint8{2, 4}, 1, 1}, {[2]uint8{2, 8}, 1, 1},
	} {
		f := &file{TB: t}
		put(f, "w2", []int{1, 1, 1, 3}, []float32{0.3, 0.3001, 0.2})
		put(f, "train2_c1_latency", []int{1, 1, 2, 6}, []uint8{
			1, 2, no, no, no, no, // the first neuron stops at 0.6, which is tied
			no, no, no, 4, 5, 7, // the last one passes 0.6, and ends at 0.8
		})
		put(f, "train3_c2_latency", []int{1, 1, 1, 2}, c.pooled[:])
		if s := f.stage(m, "S3 learning: input"); s.Tied != c.tied || s.Differing != c.differing {
			t.Errorf("%v: %+v", c.pooled, s)
		}
	}
}

// Two maps with the same weights but for rounding: either may win, and learn.
func TestTiedWinner(t *testing.T) {
	m := row(t, 3, 3, 0.5)
	weights := []float32{0.3, 0.3, 0.2, 0.3, 0.3000001, 0.2, 0.3, 0.29, 0.2}
	for winner, want := range []struct{ tied, differing int }{{1, 0}, {0, 0}, {0, 1}} {
		f := &file{TB: t}
		put(f, "train2_w_before", []int{3, 1, 1, 3}, weights)
		put(f, "train2_c1_latency", []int{1, 1, 1, 3}, []uint8{0, 1, 2})
		put(f, "train2_winners", []int{1, 1, 3}, []int16{int16(winner), 0, 0})
		after := slices.Clone(weights)
		m.S2.STDP.Change(after[winner*3:][:3], []bool{true, true, false}, m.S2.STDP.Rates[0])
		put(f, "train2_w_after", []int{3, 1, 1, 3}, after)
		s, w := f.stage(m, "S2 learning: winners"), f.stage(m, "S2 learning: weights")
		if s.Tied != want.tied || s.Differing != want.differing {
			t.Errorf("winner %d: %+v", winner, s)
		}
		if w.Tied+w.Differing != 0 {
			t.Errorf("winner %d: %+v; the trace's winner should have learned", winner, w)
		}
	}
}

// A winner that may have fired at either of two steps leaves one of two marks
// on its weights, and no other.
func TestTiedOrdering(t *testing.T) {
	weights := []float32{0.3, 0.3, 0.2}
	learned := func(m Model, w []float32, ltp ...bool) []float32 {
		w = slices.Clone(w)
		m.S2.STDP.Change(w, ltp, m.S2.STDP.Rates[0])
		return w
	}
	for _, c := range []struct {
		name            string
		threshold       float64
		weights         []float32
		ltp             []bool
		fires           snn.Comparison
		tied, differing int
	}{
		{"our step", 0.6005, weights, []bool{true, true, true}, snn.Above, 0, 0},
		{"the other step", 0.6005, weights, []bool{true, true, false}, snn.Above, 1, 0},
		{"no step", 0.6005, weights, []bool{true, false, true}, snn.Above, 0, 1},
		{"a step too early", 0.6005, weights, []bool{true, false, false}, snn.Above, 0, 2},
		{"no tie", 0.603, weights, []bool{true, true, false}, snn.Above, 0, 1},
		{"exact", 0.75, []float32{0.5, 0.25, 0.25}, []bool{true, true, true}, snn.Above, 0, 0},
		{"exact, but fires on >=", 0.75, []float32{0.5, 0.25, 0.25}, []bool{true, true, true}, snn.AtLeast, 0, 1},
	} {
		m := row(t, 3, 1, c.threshold)
		m.S2.Fires = c.fires
		f := &file{TB: t}
		put(f, "train2_w_before", []int{1, 1, 1, 3}, c.weights)
		put(f, "train2_c1_latency", []int{1, 1, 1, 3}, []uint8{0, 1, 2})
		put(f, "train2_winners", []int{1, 1, 3}, []int16{0, 0, 0})
		put(f, "train2_w_after", []int{1, 1, 1, 3}, learned(m, c.weights, c.ltp...))
		if s := f.stage(m, "S2 learning: winners"); s.Tied+s.Differing != 0 {
			t.Errorf("%s: %+v", c.name, s)
		}
		if s := f.stage(m, "S2 learning: weights"); s.Tied != c.tied || s.Differing != c.differing {
			t.Errorf("%s: %+v; want %d tied, %d differing", c.name, s, c.tied, c.differing)
		}
	}
}

// What a map learned under a tie decides a later winner; from then on the map
// must have learned so.
func TestTieRemembered(t *testing.T) {
	m := row(t, 4, 2, 0.6005)
	m.S2.STDP.Rates = []snn.Rates{{APlus: 0.15, AMinus: -0.1125}}
	before := []float32{
		0.3, 0.3, 0.2, 0.1, // fires at step 1 of the first image, or at 2: a tie
		0.15, 0.15, 0.2, 0.455, // beats the other in the second image if that fired at step 1
	}
	after := func(step2, winner int) []float32 {
		w := slices.Clone(before)
		m.S2.STDP.Change(w[:4], []bool{true, true, step2 == 2, false}, m.S2.STDP.Rates[0])
		m.S2.STDP.Change(w[winner*4:][:4], []bool{true, true, true, true}, m.S2.STDP.Rates[0])
		return w
	}
	for _, c := range []struct {
		step, winner              int
		tiedWinners, wrongWinners int
		tiedWeights, wrongWeights int
	}{
		{2, 0, 0, 0, 0, 0},
		{1, 1, 1, 0, 0, 0}, // map 0 is believed to have fired at step 1, and did
		{2, 1, 1, 0, 0, 1}, // and did not
		{1, 0, 0, 0, 1, 0}, // not consistent to the end, but its winner was ours
	} {
		f := &file{TB: t}
		put(f, "train2_w_before", []int{2, 1, 1, 4}, before)
		put(f, "train2_c1_latency", []int{2, 1, 1, 4}, []uint8{0, 1, 2, 15, 0, 0, 0, 0})
		put(f, "train2_winners", []int{2, 1, 3}, []int16{0, 0, 0, int16(c.winner), 0, 0})
		put(f, "train2_w_after", []int{2, 1, 1, 4}, after(c.step, c.winner))
		s, w := f.stage(m, "S2 learning: winners"), f.stage(m, "S2 learning: weights")
		if s.Tied != c.tiedWinners || s.Differing != c.wrongWinners || w.Tied != c.tiedWeights || w.Differing != c.wrongWeights {
			t.Errorf("%+v: %+v, %+v", c, s, w)
		}
	}
}

// Judging a list that is not ours: what is wrong with it.
func TestJudge(t *testing.T) {
	m := row(t, 3, 4, 0.5)
	m.S2.In, m.S2.Stride = spike.Shape{Maps: 1, Rows: 1, Cols: 12}, 3
	m.S2.Select = snn.Selection{K: 2, Radius: 2, Pointwise: true}
	conv, err := m.S2.convolution([]float32{
		0.31, 0.3, 0.1, // map 0 needs the first input
		0.3, 0.31, 0.4, // map 1 ties with it, or fires at the last input
		0.1, 0.1, 0.1, // map 2 never fires
		0.25, 0.25, 0.25, // map 3: behind all others
	})
	if err != nil {
		t.Fatal(err)
	}
	in := spike.NewMap(m.S2.In, 15)
	copy(in.At, []spike.Step{0, 1, 2})
	copy(in.At[10:], []spike.Step{4, 5})
	s := &student{layer: m.S2, conv: conv}
	for _, c := range []struct {
		winners []spike.Neuron
		want    string
	}{
		{[]spike.Neuron{{Map: 0}, {Map: 1, Col: 3}}, ""},
		{[]spike.Neuron{{Map: 1}}, ""},
		{[]spike.Neuron{{Map: 1}, {Map: 1, Col: 3}}, "winner 0 inhibits winner 1"},
		{[]spike.Neuron{{Map: 0}, {Map: 1, Col: 2}}, "winner 0 inhibits winner 1"},
		{[]spike.Neuron{{Map: 2}}, "winner 0 of the trace does not reach the threshold"},
		{[]spike.Neuron{{Map: 1}, {Map: 0, Col: 3}}, "winner 1 of the trace does not reach the threshold"},
		{[]spike.Neuron{{Map: 3}}, "at the position of winner 0 another map fires first"},
		{[]spike.Neuron{{Map: 1, Col: 3}, {Map: 0}}, "before winner 0 of the trace comes map 0, row 0, column 0"},
		{[]spike.Neuron{{Map: 0}}, "the trace has only 1 winners, but map 1, row 0, column 3 fires uninhibited"},
		{nil, "the trace has only 0 winners, but map 0, row 0, column 0 fires uninhibited"},
	} {
		if got := s.judge(in, c.winners); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%v: %q; want %q", c.winners, got, c.want)
		}
	}
}

// A decision between potentials that rounding cannot tell apart is tied; a
// clear one is not, however large the potentials.
func TestTiedDecision(t *testing.T) {
	for _, c := range []struct {
		scale, lead float32 // of map 3 over map 5
		tied        bool
	}{
		{0.5, 0.0005, true}, {0.5, 0.002, false}, {1000, 0.003, true}, {1000, 0.02, false},
	} {
		m := row(t, 3, 1, 0.5)
		w := slices.Repeat([]float32{c.scale / 2}, 10)
		w[3], w[5] = c.scale+c.lead, c.scale
		for _, winner := range []int16{3, 5, 6} {
			f := &file{TB: t}
			put(f, "w3", []int{10, 1, 1, 1}, w)
			put(f, "c2_latency", []int{1, 1, 1, 1}, []uint8{4})
			put(f, "s3_winner", []int{1, 3}, []int16{winner, 0, 0})
			put(f, "decision", []int{1}, []int16{winner})
			for _, name := range []string{"S3 winners", "S3 decisions"} {
				s := f.stage(m, name)
				tied := winner == 5 && c.tied
				if (s.Tied == 1) != tied || (s.Differing == 1) != (winner != 3 && !tied) {
					t.Errorf("lead %v of %v, winner %d: %+v", c.lead, c.scale, winner, s)
				}
			}
		}
	}
}

// Every encoding that one tie, or two, can make of ours is tied with it.
func TestTiedEncoding(t *testing.T) {
	m := mozafari(t)
	_, test := mnist(t)
	e, err := encode.New(m.Encode, m.Rows, m.Cols)
	if err != nil {
		t.Fatal(err)
	}
	c, w := &checker{model: m}, &worker{encoder: e}
	cuts, swaps := 0, 0
	for i := range 60 {
		pixels := test.Image(i)
		list := c.inputs(w, pixels)
		for _, in := range list[1:] {
			n, _ := differences(list[0].Map, in.Map)
			if n == 2 {
				swaps++
			} else {
				cuts++
			}
			if n == 0 || !c.tiedEncoding(w, pixels, in.Map) {
				t.Errorf("image %d: %d neurons differ, not tied", i, n)
			}
			if in.cost < 0 || in.cost > 1 {
				t.Errorf("image %d: cost %v", i, in.cost)
			}
		}
		far := spike.Map{Shape: list[0].Shape, Steps: list[0].Steps, At: slices.Clone(list[0].At)}
		a, b := slices.Index(far.At, 3), slices.Index(far.At, 5)
		far.At[a], far.At[b] = far.At[b], far.At[a]
		if c.tiedEncoding(w, pixels, &far) {
			t.Errorf("image %d: spikes of the steps 3 and 5 are exchanged, and tied", i)
		}
	}
	if cuts < 1 || swaps < 20 {
		t.Errorf("%d cuts and %d swaps tried", cuts, swaps)
	}
}

// A reference whose encodings fell otherwise in every tie still passes: what
// it learned from them is found among what ties allow.
func TestLearningFromTiedEncodings(t *testing.T) {
	m := mozafari(t)
	train, _ := mnist(t)
	e, err := encode.New(m.Encode, m.Rows, m.Cols)
	if err != nil {
		t.Fatal(err)
	}
	c, w := &checker{model: m}, &worker{encoder: e}
	rng := rand.New(rand.NewPCG(3, 4))
	tied := 0
	for try := range 40 {
		weights := make([]float32, m.S1.Maps*m.S1.Synapses())
		for i := range weights {
			weights[i] = float32(0.8 + 0.05*rng.NormFloat64())
		}
		conv, err := m.S1.convolution(weights, m.S1.STDP)
		if err != nil {
			t.Fatal(err)
		}
		f := &file{TB: t}
		var ids []int32
		var winners []int16
		var s snn.Scratch
		for range 4 {
			id := rng.IntN(train.Len())
			list := c.inputs(w, train.Image(id))
			in := list[rng.IntN(len(list))].Map
			var events spike.Events
			events.From(in)
			won := conv.Contest(&events, m.S1.Select, &s, nil)
			m.S1.STDP.Learn(conv, in, won, &s)
			ids = append(ids, int32(id))
			for k := range m.S1.Select.K {
				n := spike.Neuron{Map: -1, Row: -1, Col: -1}
				if k < len(won) {
					n = won[k].Neuron
				}
				winners = append(winners, int16(n.Map), int16(n.Row), int16(n.Col))
			}
		}
		shape := []int{m.S1.Maps, m.S1.In.Maps, 5, 5}
		put(f, "stdp_ids", []int{4}, ids)
		put(f, "train1_w_before", shape, weights)
		put(f, "train1_winners", []int{4, m.S1.Select.K, 3}, winners)
		put(f, "train1_w_after", shape, conv.Weights())
		for _, name := range []string{"S1 learning: winners", "S1 learning: weights"} {
			s := f.stage(m, name)
			tied += s.Tied
			if s.Differing > 0 {
				t.Errorf("try %d: %+v", try, s)
			}
		}
	}
	if tied == 0 {
		t.Error("no tie mattered")
	}
}
