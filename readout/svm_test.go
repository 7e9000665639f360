package readout

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"firstspike/spike"

	"pgregory.net/rapid"
)

// A reference is a problem that scikit-learn has solved: see testdata/svm.py.
type reference struct {
	Name      string
	First     [][]int
	Labels    []int
	Solutions []struct {
		Steps   int
		Hinge   bool
		C       float64
		Weights [][]float64
		Bias    []float64
		Right   int
	}
}

func references(t *testing.T) []reference {
	t.Helper()
	text, err := os.ReadFile("testdata/svm.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Problems []reference }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Problems
}

func stream() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// line is a layer of so many maps at one position.
func line(maps int) spike.Shape { return spike.Shape{Maps: maps, Rows: 1, Cols: 1} }

// features are those of rows of first steps.
func features(rows [][]int, steps int) *Features {
	shape := line(len(rows[0]))
	f := NewFeatures(len(rows), shape, steps)
	m := spike.NewMap(shape, 15)
	for i, row := range rows {
		for k, s := range row {
			m.At[k] = spike.Step(s)
		}
		f.Set(i, m)
	}
	return f
}

// The weights are those of scikit-learn, for classes that can be told apart and
// for such that cannot, both losses, both kinds of features.
func TestReference(t *testing.T) {
	for _, p := range references(t) {
		for _, want := range p.Solutions {
			f := features(p.First, want.Steps)
			rule := SVMRule{C: want.C, Hinge: want.Hinge, Tolerance: 1e-9, Passes: 1e6, Seed: 1}
			v, solutions, err := rule.Learn(t.Context(), f, func(i int) int { return p.Labels[i] }, len(want.Weights), 2, nil)
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for c := range want.Weights {
				if !solutions[c].Converged {
					t.Errorf("%s: class %d has not converged", p.Name, c)
				}
				for k, w := range want.Weights[c] {
					worst = max(worst, math.Abs(float64(v.Weights[k*v.Classes+c])-w))
				}
				worst = max(worst, math.Abs(float64(v.Bias[c])-want.Bias[c]))
			}
			if worst > 1e-6 {
				t.Errorf("%s, steps %d, hinge %v, C %v: a weight differs by %g from scikit-learn's", p.Name, want.Steps, want.Hinge, want.C, worst)
			}
			right := 0
			for i, l := range p.Labels {
				if v.Decide(f, i).Class == l {
					right++
				}
			}
			if right != want.Right {
				t.Errorf("%s: %d are right; scikit-learn has %d", p.Name, right, want.Right)
			}
		}
	}
}

// draw draws a problem of one class against the rest.
func draw(t *rapid.T) (*problem, float64) {
	rows := make([][]int, rapid.IntRange(1, 25).Draw(t, "samples"))
	maps := rapid.IntRange(1, 12).Draw(t, "maps")
	step := rapid.SampledFrom([]int{0, 3, 14, 255, 255})
	p := &problem{}
	for i := range rows {
		rows[i] = rapid.SliceOfN(step, maps, maps).Draw(t, "row")
		p.positive = append(p.positive, rapid.Bool().Draw(t, "positive"))
	}
	p.features = features(rows, rapid.SampledFrom([]int{0, 15}).Draw(t, "steps"))
	p.values, p.norms = p.features.values, p.features.norms()
	p.rule = SVMRule{
		C: rapid.SampledFrom([]float64{0.01, 0.5, 2.4, 20}).Draw(t, "C"), Hinge: rapid.Bool().Draw(t, "hinge"),
		Tolerance: 1e-8, Passes: 200_000, Seed: 1,
	}
	return p, p.rule.Tolerance
}

// At the solution the conditions of Karush, Kuhn and Tucker hold, and the primal
// and the dual problem have the same value.
func TestOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, tolerance := draw(t)
		s := p.solve(t.Context(), stream(), func(int, float64) {})
		if !s.Converged {
			t.Skip("it would take longer")
		}
		diagonal, upper := p.rule.bounds()
		w, b := make([]float64, len(p.w)), 0.0
		for i, a := range p.alpha {
			if a < 0 || a > upper {
				t.Fatalf("alpha %d is %v; the bounds are 0 and %v", i, a, upper)
			}
			g := p.margin(i) - 1 + diagonal*a
			// Others have moved since it was looked at.
			if near := 100 * tolerance; a > 0 && g > near || a < upper && g < -near {
				t.Fatalf("sample %d: alpha %v, gradient %v", i, a, g)
			}
			b += a * p.y(i)
			for k := range p.features.narrow[i] {
				value := 1.0
				if p.values != nil {
					value = p.values[p.features.steps[i][k]]
				}
				w[p.features.narrow[i][k]] += a * p.y(i) * value
			}
		}
		for k := range w {
			if math.Abs(w[k]-p.w[k]) > 1e-9*(1+math.Abs(w[k])) {
				t.Fatalf("weight %d is %v; alphas make it %v", k, p.w[k], w[k])
			}
		}
		if math.Abs(b-p.b) > 1e-9*(1+math.Abs(b)) {
			t.Fatalf("bias %v; alphas make it %v", p.b, b)
		}
		if gap := s.Primal - s.Dual; gap < -1e-9*(1+s.Primal) || gap > 1e-5*(1+s.Primal) {
			t.Fatalf("primal %v, dual %v", s.Primal, s.Dual)
		}
	})
}

// However many workers there are, the bits are the same.
func TestWorkers(t *testing.T) {
	p := references(t)[1]
	f := features(p.First, 0)
	learn := func(workers int, seed uint64) *SVM {
		v, _, err := SVMRule{C: 1, Tolerance: 0.01, Passes: 50, Seed: seed}.Learn(t.Context(), f, func(i int) int { return p.Labels[i] }, 3, workers, nil)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	one, three, other := learn(1, 1), learn(3, 1), learn(1, 2)
	if !slices.Equal(one.Weights, three.Weights) || !slices.Equal(one.Bias, three.Bias) {
		t.Error("with three workers the weights are others than with one")
	}
	if slices.Equal(one.Weights, other.Weights) {
		t.Error("the seed makes no difference")
	}
}

// Lists of two bytes and of four, from maps and from bits, hold the same.
func TestFeatures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := spike.Shape{Maps: rapid.IntRange(1, 130).Draw(t, "maps"), Rows: rapid.IntRange(1, 3).Draw(t, "rows"), Cols: 2}
		m := spike.NewMap(shape, 15)
		for i := range m.At {
			m.At[i] = rapid.SampledFrom([]spike.Step{0, 7, 14, spike.Silent}).Draw(t, "step")
		}
		bits := spike.NewBits(shape)
		bits.From(m)
		short, long := NewFeatures(1, shape, 0), &Features{Shape: shape, wide: make([][]uint32, 1)}
		timed := NewFeatures(1, shape, 15)
		short.Set(0, m)
		before := slices.Clone(short.narrow[0])
		short.SetFired(0, bits) // into what was there
		long.SetFired(0, bits)
		timed.Set(0, m)
		if !slices.Equal(before, short.narrow[0]) || !slices.Equal(before, timed.narrow[0]) {
			t.Fatalf("%v, %v and %v", before, short.narrow[0], timed.narrow[0])
		}
		n := 0
		for i, s := range m.At {
			if s == spike.Silent {
				continue
			}
			if int(before[n]) != i || int(long.wide[0][n]) != i || timed.steps[0][n] != s {
				t.Fatalf("feature %d is not %d", n, i)
			}
			n++
		}
		if short.Active(0) != n || long.Active(0) != n || long.Len() != 1 {
			t.Fatalf("%d and %d are active of %d", short.Active(0), long.Active(0), n)
		}
		v := NewSVM(2, shape, 0)
		for i := range v.Weights {
			v.Weights[i] = float32(i%7) - 3
		}
		if a, b := v.Decide(short, 0), v.Decide(long, 0); a != b {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

// The decision is for the highest score; without a spike there is none.
func TestSVMDecide(t *testing.T) {
	v := &SVM{Classes: 3, Shape: line(2), Weights: []float32{1, 2, 0.5, 0, -1, 2}, Bias: []float32{0, 0, 0.25}}
	if err := v.Check(); err != nil {
		t.Fatal(err)
	}
	f := features([][]int{{0, 255}, {255, 14}, {3, 3}, {255, 255}}, 0)
	for i, want := range []Decision{
		{Class: 1, RunnerUp: 0, Lead: 1}, {Class: 2, RunnerUp: 0, Lead: 2.25}, {Class: 2, RunnerUp: 0, Lead: 1.75}, {Class: None, RunnerUp: None},
	} {
		got := v.Decide(f, i)
		if got != want {
			t.Errorf("sample %d: %+v; want %+v", i, got, want)
		}
		if earlier, higher := got.Margin(15); earlier != 0 || higher != 0 {
			t.Errorf("sample %d has a margin of spikes: %d, %v", i, earlier, higher)
		}
	}
	for _, bad := range []*SVM{{}, {Classes: 1, Shape: line(1), Weights: []float32{1}}, {Classes: 1, Shape: line(1), Weights: []float32{float32(math.NaN())}, Bias: []float32{1}}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes for an SVM", bad)
		}
	}
}

func TestSVMRefuses(t *testing.T) {
	f := features([][]int{{0}, {1}}, 0)
	good := SVMRule{C: 1, Tolerance: 1e-3, Passes: 10}
	for _, r := range []SVMRule{{}, {C: math.NaN(), Tolerance: 1, Passes: 1}, {C: 1, Passes: 1}, {C: 1, Tolerance: 1}, {C: math.Inf(1), Tolerance: 1, Passes: 1}} {
		if _, _, err := r.Learn(t.Context(), f, func(i int) int { return i }, 2, 1, nil); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	if _, _, err := good.Learn(t.Context(), f, func(i int) int { return i }, 1, 1, nil); err == nil {
		t.Error("a label beyond the classes is taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	slow := SVMRule{C: 1, Tolerance: 1e-300, Passes: 1 << 40}
	_, _, err := slow.Learn(ctx, f, func(i int) int { return i }, 2, 1, func(_, passes int, _ float64) {
		if calls++; passes == 20 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || calls != 20 {
		t.Errorf("%v after %d passes", err, calls)
	}
}

func BenchmarkLearn(b *testing.B) {
	rng := stream()
	shape := spike.Shape{Maps: 150, Rows: 9, Cols: 9}
	f := NewFeatures(2000, shape, 0)
	m := spike.NewMap(shape, 15)
	for i := range f.Len() {
		m.Silence()
		for k := range m.At {
			if p := 0.08 + 0.14*float64((k+i%10)%2); rng.Float64() < p {
				m.At[k] = spike.Step(rng.IntN(15))
			}
		}
		f.Set(i, m)
	}
	for b.Loop() {
		if _, _, err := (SVMRule{C: 2.4, Tolerance: 1e-4, Passes: 1000}).Learn(b.Context(), f, func(i int) int { return i % 10 }, 10, 2, nil); err != nil {
			b.Fatal(err)
		}
	}
}
