package readout

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"firstspike/internal/parallel"
	"firstspike/spike"
)

// An SVMRule says how an [SVM] is learned. With the features x of every sample
// and y = 1 for those of a class, y = -1 for all others, the weights w and the bias b
// of the class are those that minimise
//
//	(w.w + b b)/2 + C sum loss(y (w.x + b))
//
// where loss(m) = max(0, 1-m)^2, or max(0, 1-m) with Hinge. The bias is the weight
// of one more feature that is always 1, and so regularised as the others. That is
// the problem of LIBLINEAR, and of scikit-learn's LinearSVC with its intercept
// scaling of 1. It is solved in its dual form,
//
//	minimise a.Q a/2 + D a.a/2 - sum a, 0 <= a <= U
//
// where Q[i][j] = y[i] y[j] (x[i].x[j] + 1); D = 1/(2C) and U = inf for the squared
// loss, D = 0 and U = C for the other; and w = sum a[i] y[i] x[i]. One a after
// another is set to its best value, in a random order, and those that stay at a
// bound are left out meanwhile.
//
// C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S. Sundararajan: A dual
// coordinate descent method for large-scale linear SVM, ICML 2008, algorithm 3.
type SVMRule struct {
	C         float64 // above 0: how much a violated margin costs
	Hinge     bool    // the loss is not squared
	Tolerance float64 // above 0: the largest violation of the conditions of optimality that is left
	Passes    int     // at least 1: through the samples, at most
	Seed      uint64  // of the order
}

// A Solution is how the weights of one class were found.
type Solution struct {
	Passes    int
	Converged bool    // the tolerance was reached
	Primal    float64 // what is minimised
	Dual      float64 // the most that Primal can be above its minimum is Primal - Dual
}

// Learn learns an SVM from features and the label of each sample, which is 0 to
// classes-1. The classes share the workers, and the result is the same for any
// number of them. It returns the context's error if that ends first. done, if
// not nil, is called from any goroutine after every pass through the samples of
// a class.
func (r SVMRule) Learn(ctx context.Context, f *Features, label func(i int) int, classes, workers int, done func(class, passes int, violation float64)) (*SVM, []Solution, error) {
	if !(r.C > 0) || math.IsInf(r.C, 1) || !(r.Tolerance > 0) || r.Passes < 1 {
		return nil, nil, fmt.Errorf("an SVM cannot be learned with C %v, tolerance %v and %d passes; all must be above 0", r.C, r.Tolerance, r.Passes)
	}
	for i := range f.Len() {
		if l := label(i); l < 0 || l >= classes {
			return nil, nil, fmt.Errorf("sample %d has label %d; there are %d classes", i, l, classes)
		}
	}
	v := NewSVM(classes, f.Shape, f.Steps)
	solutions := make([]Solution, classes)
	norms := f.norms()
	err := parallel.Each(ctx, classes, workers, func() func(int) {
		return func(class int) {
			p := problem{rule: r, features: f, values: f.values, norms: norms, positive: make([]bool, f.Len())}
			for i := range p.positive {
				p.positive[i] = label(i) == class
			}
			solutions[class] = p.solve(ctx, rand.New(rand.NewPCG(r.Seed, uint64(class))), func(passes int, violation float64) {
				if done != nil {
					done(class, passes, violation)
				}
			})
			for k, w := range p.w {
				v.Weights[k*classes+class] = float32(w)
			}
			v.Bias[class] = float32(p.b)
		}
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, nil, err
	}
	return v, solutions, nil
}

// norms are x.x + 1 of every sample.
func (f *Features) norms() []float64 {
	values, norms := f.values, make([]float64, f.Len())
	for i := range norms {
		norms[i] = 1 + float64(f.Active(i))
		if values == nil {
			continue
		}
		norms[i] = 1
		for _, s := range f.steps[i] {
			norms[i] += float64(values[s] * values[s])
		}
	}
	return norms
}

// A problem is one class against the rest.
type problem struct {
	rule     SVMRule
	features *Features
	values   []float64
	norms    []float64
	positive []bool

	w     []float64
	b     float64
	alpha []float64
}

// bounds are D and U of the dual problem.
func (r SVMRule) bounds() (diagonal, upper float64) {
	if r.Hinge {
		return 0, r.C
	}
	return 0.5 / r.C, math.Inf(1)
}

func (p *problem) y(i int) float64 {
	if p.positive[i] {
		return 1
	}
	return -1
}

// margin is y (w.x + b) of sample i.
func (p *problem) margin(i int) float64 {
	f := p.features
	var s float64
	if f.wide != nil {
		s = dot(p.w, f.wide[i], f.stepsOf(i), p.values)
	} else {
		s = dot(p.w, f.narrow[i], f.stepsOf(i), p.values)
	}
	return p.y(i) * (s + p.b)
}

// move adds d y x to w.
func (p *problem) move(i int, d float64) {
	d *= p.y(i)
	p.b += d
	f := p.features
	if f.wide != nil {
		add(p.w, f.wide[i], f.stepsOf(i), p.values, d)
	} else {
		add(p.w, f.narrow[i], f.stepsOf(i), p.values, d)
	}
}

// dot has four sums, so that additions need not wait for each other. Their order
// is always the same.
func dot[T uint16 | uint32](w []float64, list []T, steps []spike.Step, values []float64) float64 {
	var a, b, c, d float64
	if steps == nil {
		for ; len(list) >= 4; list = list[4:] {
			a += w[list[0]]
			b += w[list[1]]
			c += w[list[2]]
			d += w[list[3]]
		}
		for _, k := range list {
			a += w[k]
		}
		return (a + b) + (c + d)
	}
	steps = steps[:len(list)]
	for ; len(list) >= 4; list, steps = list[4:], steps[4:] {
		a += float64(w[list[0]] * values[steps[0]])
		b += float64(w[list[1]] * values[steps[1]])
		c += float64(w[list[2]] * values[steps[2]])
		d += float64(w[list[3]] * values[steps[3]])
	}
	for j, k := range list {
		a += float64(w[k] * values[steps[j]])
	}
	return (a + b) + (c + d)
}

func add[T uint16 | uint32](w []float64, list []T, steps []spike.Step, values []float64, d float64) {
	if steps == nil {
		for _, k := range list {
			w[k] += d
		}
		return
	}
	for j, k := range list {
		w[k] += float64(d * values[steps[j]])
	}
}

// solve finds w, b and alpha. It ends early when the context does.
func (p *problem) solve(ctx context.Context, rng *rand.Rand, done func(passes int, violation float64)) Solution {
	n := p.features.Len()
	p.w, p.b, p.alpha = make([]float64, p.features.Shape.Neurons()), 0, make([]float64, n)
	diagonal, upper := p.rule.bounds()
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	active := n
	// A sample at a bound whose gradient points beyond all of the last pass is
	// left out.
	const inf = math.MaxFloat64
	above, below := inf, -inf
	var r Solution
	for ; r.Passes < p.rule.Passes; r.Passes++ {
		most, least := -inf, inf
		rng.Shuffle(active, func(i, j int) { order[i], order[j] = order[j], order[i] })
		for s := 0; s < active; s++ {
			if s%4096 == 0 && ctx.Err() != nil {
				return r
			}
			i := int(order[s])
			a := p.alpha[i]
			g := p.margin(i) - 1 + float64(a*diagonal)
			if a == 0 && g > above || a == upper && g < below {
				active--
				order[s], order[active] = order[active], order[s]
				s--
				continue
			}
			projected := g
			if a == 0 {
				projected = min(g, 0)
			} else if a == upper {
				projected = max(g, 0)
			}
			most, least = max(most, projected), min(least, projected)
			if math.Abs(projected) > 1e-12 {
				p.alpha[i] = min(max(a-g/(p.norms[i]+diagonal), 0), upper)
				p.move(i, p.alpha[i]-a)
			}
		}
		// Unlike there, gradients that are alike and not 0 are no sign of an end.
		violation := max(most, 0) - min(least, 0)
		done(r.Passes+1, violation)
		if violation <= p.rule.Tolerance {
			if active == n {
				r.Passes, r.Converged = r.Passes+1, true
				break
			}
			// Those that were left out must agree.
			active, above, below = n, inf, -inf
			continue
		}
		if above = most; above <= 0 {
			above = inf
		}
		if below = least; below >= 0 {
			below = -inf
		}
	}
	r.Primal, r.Dual = p.objectives()
	return r
}

// objectives are the values of the primal problem and of the dual one, as that
// is maximised.
func (p *problem) objectives() (primal, dual float64) {
	diagonal, _ := p.rule.bounds()
	square := float64(p.b * p.b)
	for _, w := range p.w {
		square += float64(w * w)
	}
	primal, dual = square/2, -square/2
	for i, a := range p.alpha {
		dual += a - float64(float64(diagonal*a)*a)/2
		if m := 1 - p.margin(i); m > 0 {
			if !p.rule.Hinge {
				m *= m
			}
			primal += float64(p.rule.C * m)
		}
	}
	return primal, dual
}
