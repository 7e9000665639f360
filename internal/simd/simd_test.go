package simd

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func wantAdd(dst, src []int32) {
	for i := range dst {
		dst[i] += src[i]
	}
}

func wantAbove(a []int32, limit int32) bool {
	for _, v := range a {
		if v > limit {
			return true
		}
	}
	return false
}

// each runs f for all kernels of this machine at every length up to more than four
// times the largest number of lanes that a kernel takes in one go.
func each(t *testing.T, f func(t *testing.T, impl kernels, rng *rand.Rand, n int)) {
	for _, impl := range available() {
		t.Run("impl="+impl.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for n := Lanes; n <= 40*Lanes; n += Lanes {
				f(t, impl, rng, n)
			}
		})
	}
}

// numbers are n integers of all sizes, among them those at which sums wrap.
func numbers(rng *rand.Rand, n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		switch rng.IntN(8) {
		case 0:
			s[i] = math.MinInt32
		case 1:
			s[i] = math.MaxInt32
		case 2:
			s[i] = int32(rng.IntN(3)) - 1
		default:
			s[i] = int32(rng.Uint32())
		}
	}
	return s
}

// A view is a window of some rows of lists, over weights of the given number.
func view(rng *rand.Rand, weights, n int) *Window {
	v := &Window{Pitch: 4 + rng.IntN(3), Rows: rng.IntN(6), Lo: rng.IntN(3)}
	long := 9
	if rng.IntN(8) == 0 {
		long = 200
	}
	v.Hi = v.Lo + rng.IntN(4-v.Lo)
	v.Step = rng.IntN(n) - n/2
	v.Base = max(0, -v.Step*v.Rows)
	most := weights - n - v.Base - max(0, v.Step*v.Rows)
	v.Base += 17 // entries can be below 0
	v.Starts = make([]int32, v.Pitch*(v.Rows+1))
	for i := range v.Starts {
		v.Starts[i] = int32(len(v.List))
		for range rng.IntN(long) {
			v.List = append(v.List, int32(rng.IntN(most)-17))
		}
	}
	return v
}

func TestSumWindow(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		w := numbers(rng, 9*n)
		for range 20 {
			v := view(rng, len(w), n)
			// The accumulator holds what was there before and is followed
			// by something that must stay.
			acc := numbers(rng, n+Lanes)
			want := slices.Clone(acc)
			clear(want[:n])
			for k := range v.Rows {
				for i := v.Starts[k*v.Pitch+v.Lo]; i < v.Starts[k*v.Pitch+v.Hi]; i++ {
					for j := range n {
						want[j] += w[int(v.List[i])+v.Base+k*v.Step+j]
					}
				}
			}
			impl.sumWindow(acc[:n], w, v)
			if !slices.Equal(acc, want) {
				t.Fatalf("length %d, %d rows: differs from the loop", n, v.Rows)
			}
		}
	})
}

func TestCountRow(t *testing.T) {
	defer Use(Name())
	reached, left := 0, 0
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		if err := Use(impl.name); err != nil {
			t.Fatal(err)
		}
		n *= CountUnit / Lanes
		w, least := make([]byte, 9*n), make([]byte, n)
		words := (n + 63) / 64
		for range 20 {
			high := 1 + rng.IntN(40)
			for i := range w {
				w[i] = byte(rng.IntN(high + 1))
			}
			for i := range least {
				if least[i] = byte(rng.IntN(256)); rng.IntN(2) == 0 {
					least[i] = 255
				}
			}
			r := Row{Window: *view(rng, len(w), n), Seen: []int32{0, 2, 3, 7}, Few: rng.IntN(6), Words: words + rng.IntN(2)}
			base := r.Base
			r.Left = rng.IntN(20)
			for range 1 + rng.IntN(4) {
				lo := rng.IntN(4)
				r.Cols = append(r.Cols, Col{Lo: int32(lo), Hi: int32(lo + rng.IntN(4-lo)), Base: int32(base - r.Left)})
			}
			got, want := make([]uint64, len(r.Cols)*r.Words), make([]uint64, len(r.Cols)*r.Words)
			for i, c := range r.Cols {
				for j := range n {
					got[i*r.Words+j/64] = rng.Uint64()
					if int(r.Seen[c.Hi]-r.Seen[c.Lo]) < r.Few {
						left++
						continue
					}
					sum := 0
					for k := range r.Rows {
						for e := r.Starts[k*r.Pitch+int(c.Lo)]; e < r.Starts[k*r.Pitch+int(c.Hi)]; e++ {
							sum += int(w[int(r.List[e])+base+k*r.Step+j])
						}
					}
					if sum > 255 {
						reached++
					}
					if sum >= int(least[j]) {
						want[i*r.Words+j/64] |= 1 << (j % 64)
					}
				}
			}
			if CountRow(got, w, least, &r); !slices.Equal(got, want) {
				t.Fatalf("length %d, %d rows, %d columns: differs from the loop", n, r.Rows, len(r.Cols))
			}
		}
	})
	if reached == 0 || left == 0 {
		t.Errorf("%d sums passed 255; %d were left out", reached, left)
	}
}

func TestAbove(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		for _, limit := range []int32{math.MinInt32, -1, 0, 1, 1 << 20, math.MaxInt32 - 1, math.MaxInt32} {
			// None above, and one above at every place.
			a := make([]int32, n+1)
			for i := range a {
				a[i] = limit - int32(rng.IntN(2)*rng.IntN(1000))
				if a[i] > limit { // wrapped around
					a[i] = limit
				}
			}
			a[n] = math.MaxInt32 // beyond the end, not to be looked at
			check := func(what string) {
				if got, want := impl.above(a[:n], limit), wantAbove(a[:n], limit); got != want {
					t.Fatalf("length %d, limit %d, %s: %v", n, limit, what, got)
				}
			}
			check("none above")
			if limit == math.MaxInt32 {
				continue
			}
			for i := range n {
				old := a[i]
				a[i] = limit + 1
				check(fmt.Sprintf("element %d above", i))
				a[i] = old
			}
		}
	})
}

func TestOver(t *testing.T) {
	defer Use(Name())
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		if err := Use(impl.name); err != nil {
			t.Fatal(err)
		}
		a := numbers(rng, n)
		limit := a[rng.IntN(n)]
		mask, want, any := make([]uint64, (n+63)/64), make([]uint64, (n+63)/64), false
		for i := range mask {
			mask[i] = rng.Uint64()
		}
		for i, v := range a {
			if v > limit {
				want[i/64] |= 1 << (i % 64)
				any = true
			}
		}
		if got := Over(mask, a, limit); got != any || !slices.Equal(mask, want) {
			t.Fatalf("%d elements: %v %x; want %v %x", n, got, mask, any, want)
		}
	})
}

func TestLift(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		top, a, by := numbers(rng, n), numbers(rng, n), int32(rng.IntN(2000)-1000)
		want := slices.Clone(top)
		for i, v := range a {
			want[i] = max(want[i], v+by)
		}
		if impl.lift(top, a, by); !slices.Equal(top, want) {
			t.Fatalf("%d elements by %d: %v; want %v", n, by, top, want)
		}
	})
}

func TestEarliest(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		const inputs = 9
		head, w := make([]int32, n), make([]int32, inputs*n)
		for i := range head {
			head[i] = -int32(rng.IntN(3))
		}
		for i := range w {
			w[i] = int32(rng.IntN(12)) - 3
		}
		var list []Arrival
		for step := int32(rng.IntN(3)); len(list) < 1+rng.IntN(40); step += 1 + int32(rng.IntN(9)) {
			for range rng.IntN(3) {
				list = append(list, Arrival{int32(rng.IntN(inputs) * n), -1})
			}
			list = append(list, Arrival{int32(rng.IntN(inputs) * n), step})
		}
		limit := int32(rng.IntN(40))
		first := make([]uint32, n)
		for i := range first {
			first[i] = uint32(rng.IntN(2)*rng.IntN(256)) - 1 // the largest number is none
		}
		want, sums := slices.Clone(first), slices.Clone(head)
		for _, a := range list {
			for i := range sums {
				if sums[i] += w[int(a.W)+i]; a.Step >= 0 && sums[i] > limit && uint32(a.Step) < want[i] {
					want[i] = uint32(a.Step)
				}
			}
		}
		impl.earliest(first, head, w, list, limit)
		if !slices.Equal(first, want) {
			t.Fatalf("length %d: %v; want %v", n, first, want)
		}
	})
	first := []uint32{math.MaxUint32}
	if Earliest(first, nil, nil, nil, 0); first[0] != math.MaxUint32 {
		t.Error("no inputs, and yet a spike")
	}
	first = slices.Repeat(first, Lanes)
	w := slices.Repeat([]int32{1}, Lanes)
	if Earliest(first, w, w, []Arrival{{0, 0}}, math.MaxInt32); first[0] != math.MaxUint32 {
		t.Error("a sum above the largest number")
	}
}

func TestScatter(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		const inputs = 20
		per, accStep, wStep := 1+rng.IntN(3), 3*n+rng.IntN(20), n+rng.IntN(50)
		if rng.IntN(2) == 0 {
			wStep = -wStep
		}
		acc, w := numbers(rng, 12*accStep), numbers(rng, 4*n+12*max(wStep, -wStep))
		targets := make([]Target, inputs*per)
		for i := range targets {
			rows := int32(rng.IntN(5))
			targets[i] = Target{int32(rng.IntN(accStep)), int32(rng.IntN(2 * n)), rows, int32(1 + rng.IntN(n/Lanes))}
			if wStep < 0 {
				targets[i].W += 5 * int32(-wStep)
			}
		}
		list := make([]int32, 1+rng.IntN(40))
		for i := range list {
			list[i] = int32(rng.IntN(inputs))
		}
		limit := int32(math.MaxInt32 - rng.IntN(1<<27))
		want := slices.Clone(acc)
		var hot []int32
		for _, i := range list {
			for j := int(i) * per; j < (int(i)+1)*per; j++ {
				over, t := false, targets[j]
				for r := range int(t.Rows) {
					for k := range int(t.Units) * Lanes {
						at := int(t.Acc) + r*accStep + k
						want[at] += w[int(t.W)+r*wStep+k]
						over = over || want[at] > limit
					}
				}
				if over {
					hot = append(hot, int32(j))
				}
			}
		}
		got := make([]int32, len(list)*per)
		found := impl.scatter(acc, w, targets, per, list, accStep, wStep, limit, got)
		if !slices.Equal(acc, want) {
			t.Fatalf("length %d: the sums differ from the loop's", n)
		}
		if !slices.Equal(got[:found], hot) {
			t.Fatalf("length %d: %v exceed the limit, not %v", n, hot, got[:found])
		}
	})
	if Scatter(nil, nil, nil, 1, nil, 0, 0, 0, nil) != 0 {
		t.Error("no inputs, and yet a target")
	}
}

func TestRound(t *testing.T) {
	for n := range 10 * Lanes {
		r := Round(n)
		if r < n || r >= n+Lanes || r%Lanes != 0 {
			t.Errorf("Round(%d) = %d", n, r)
		}
	}
}

func TestUse(t *testing.T) {
	defer Use(Name())
	for _, name := range Names() {
		if err := Use(name); err != nil || Name() != name {
			t.Errorf("Use(%q) = %v, then Name() = %q", name, err, Name())
		}
	}
	if err := Use("sse9"); err == nil {
		t.Error("Use of unknown kernels gave no error")
	}
	if Name() != Names()[len(Names())-1] {
		t.Errorf("a failed Use left %q in use", Name())
	}
}

// What is exported runs the kernels in use.
func TestInUse(t *testing.T) {
	defer Use(Name())
	for _, name := range Names() {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		acc, w := numbers(rng, 2*Lanes), numbers(rng, 9*Lanes)
		v := &Window{List: []int32{3, 0, 7 * Lanes}, Starts: []int32{0, 3}, Pitch: 2, Hi: 1, Rows: 1}
		want := make([]int32, len(acc))
		for _, at := range v.List {
			wantAdd(want, w[at:])
		}
		SumWindow(acc, w, v)
		if !slices.Equal(acc, want) {
			t.Errorf("%s: SumWindow differs from the loop", name)
		}
		if top := slices.Max(acc); Above(acc, top) || top > math.MinInt32 && !Above(acc, top-1) {
			t.Errorf("%s: Above does not see the largest element, %d", name, top)
		}
	}
}

func TestSumBytes(t *testing.T) {
	for _, impl := range available() {
		rng := rand.New(rand.NewPCG(1, 2))
		for units := 1; units < 10; units++ {
			for _, rows := range []int{1, 2, 3, 4, 5, 100, 257, rowsAtOnce} {
				stride := units*Unit - rng.IntN(60)
				w := make([]byte, 300*stride+Unit)
				for i := range w {
					w[i] = byte(rng.IntN(MaxByte + 1))
					if rows == rowsAtOnce {
						w[i] = MaxByte
					}
				}
				offs := make([]int32, rows)
				for i := range offs {
					offs[i] = int32(rng.IntN(300) * stride)
				}
				got := numbers(rng, units*Unit)
				want := slices.Clone(got)
				for j := range want {
					for _, o := range offs {
						want[Lane(j)] += int32(w[int(o)+j])
					}
				}
				impl.sumBytes(got, w, offs)
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d units, %d rows: wrong sums", impl.name, units, rows)
				}
			}
		}
	}
}

func TestSumQuarters(t *testing.T) {
	for _, impl := range available() {
		rng := rand.New(rand.NewPCG(1, 2))
		for units := 1; units < 4; units++ {
			for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 100, 257, quartersAtOnce - 1, quartersAtOnce} {
				stride := units*64 - rng.IntN(60)
				w := make([]byte, 300*stride+64)
				for i := range w {
					w[i] = byte(rng.IntN(256))
					if rows >= quartersAtOnce-1 {
						w[i] = 255
					}
				}
				offs := make([]int32, rows)
				for i := range offs {
					offs[i] = int32(rng.IntN(300) * stride)
				}
				got := numbers(rng, units*QuarterUnit)
				want := slices.Clone(got)
				for j := range want {
					at, bit := Quarter(j)
					for _, o := range offs {
						want[Lane(j)] += int32(w[int(o)+at] >> bit & 3)
					}
				}
				impl.sumQuarters(got, w, offs)
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d units, %d rows: wrong sums", impl.name, units, rows)
				}
			}
		}
	}
}

// More rows than a kernel takes at once.
func TestSumManyQuarters(t *testing.T) {
	defer Use(Name())
	for _, name := range Names() {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{0, 1, quartersAtOnce + 1, 3*quartersAtOnce + 5} {
			acc := make([]int32, QuarterUnit)
			SumQuarters(acc, bytes.Repeat([]byte{0xe4}, 64), make([]int32, rows))
			for i, v := range acc {
				if v != int32(i/64*rows) {
					t.Fatalf("%s: %d rows: sum %d is %d", name, rows, i, v)
				}
			}
		}
	}
}

func TestRise(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		n *= Unit / Lanes
		now, then, want := make([]byte, n+1), make([]byte, n+1), 0
		few := rng.IntN(3)
		for i := range n {
			now[i], then[i] = byte(rng.IntN(256)), byte(rng.IntN(256))
			if few > 0 && rng.IntN(n) > few {
				now[i] = then[i] - byte(rng.IntN(int(then[i])+1))
			}
			want = max(want, int(now[i])-int(then[i]))
		}
		now[n] = 255 // beyond the end
		if got := impl.rise(now[:n], then); int(got) != want {
			t.Fatalf("%d bytes: %d; want %d", n, got, want)
		}
	})
}

func TestNarrow(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		base, unit := int32(rng.IntN(2000)-1000), int32(1+rng.IntN(5000))
		q, got, want := make([]int32, n), make([]byte, n+1), make([]byte, n+1)
		for i := range q {
			q[i] = base + int32(rng.IntN(256*int(unit)))
			want[i] = byte(float32(q[i]-base) * (1 / float32(unit)))
		}
		impl.narrow(got[:n], q, base, 1/float32(unit))
		if !slices.Equal(got, want) {
			t.Fatalf("%d numbers: differs from the loop", n)
		}
	})
}

func TestSumMaskedAndLearn(t *testing.T) {
	for _, impl := range available() {
		rng := rand.New(rand.NewPCG(1, 2))
		for units := 1; units < 20; units++ {
			for rows := 1; rows < 12; rows++ {
				n := rows * units * Lanes
				words := (units*Lanes + 63) / 64
				mask := make([]uint64, rows*words)
				for i := range mask {
					mask[i] = rng.Uint64()
					if tail := units * Lanes % 64; i%words == words-1 && tail > 0 {
						mask[i] &= 1<<tail - 1
					}
				}
				q := numbers(rng, n)
				if got, want := impl.sumMasked(q, mask, rows), sumMasked(q, mask, rows); got != want {
					t.Errorf("%s: %d units, %d rows: %d, want %d", impl.name, units, rows, got, want)
				}
				for i := range q {
					q[i] %= 1 << 20
				}
				w := make([]float32, n)
				for i := range w {
					switch w[i] = rng.Float32(); rng.IntN(6) {
					case 0:
						w[i] = math.Float32frombits(uint32(rng.IntN(1 << 24))) // at the end of the range of floats
					case 1:
						w[i] = math.Float32frombits(uint32(rng.IntN(12)))
					case 2:
						w[i] = float32(rng.IntN(2)) // at the bounds
					case 3:
						w[i] -= .5 // weights can begin outside
					}
				}
				rule := &Rule{Up: rng.Float32() * .2, Down: -rng.Float32() * .2, Upper: 1, Scale: 1 << 18, Stable: 1}
				switch rng.IntN(4) {
				case 0:
					rule.Lower, rule.Upper, rule.Stable = .2*rng.Float32(), .8, uint32(rng.IntN(2))
				case 1:
					rule.Upper = .5
				case 2:
					rule.Up *= 20 // not every step can take the other way
				}
				rule.count()
				w1, q1 := slices.Clone(w), slices.Clone(q)
				got, want := impl.learn(w1, q1, mask, rows, rule), learn(w, q, mask, rows, rule)
				if got != want || !slices.Equal(w, w1) || !slices.Equal(q, q1) {
					t.Errorf("%s: %d units, %d rows: learning differs", impl.name, units, rows)
				}
			}
		}
	}
}

func TestSumPicked(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, impl := range available() {
		for words := range 40 {
			w, mask := make([]byte, 64*(words+1)), make([]uint64, words+1)
			want := int32(0)
			for i := range w {
				if w[i] = byte(255 - rng.IntN(4)*rng.IntN(64)); rng.IntN(3) > 0 {
					mask[i/64] |= 1 << (i % 64)
					want += int32(w[i])
				}
			}
			if got := impl.sumPicked(w, mask); got != want {
				t.Errorf("%s: %d of %d words; want %d", impl.name, got, words+1, want)
			}
		}
	}
}

// To take subnormal weights for whole numbers changes no bit.
func TestLearnTiny(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	took := 0
	for range 200 {
		w, q, mask := make([]float32, 4*Lanes), make([]int32, 4*Lanes), []uint64{rng.Uint64()}
		for i := range w {
			w[i] = math.Float32frombits(uint32(rng.Uint64N(1 << (1 + rng.IntN(25)))))
		}
		rule := Rule{Up: rng.Float32()*2 - 1, Down: rng.Float32()*2 - 1, Upper: rng.Float32(), Scale: 1 << 24, Stable: 1}
		if rng.IntN(2) == 0 {
			rule.Upper = 1
		}
		want := slices.Clone(w)
		learn(want, slices.Clone(q), mask, 1, &rule)
		if rule.count(); rule.tiny == 1 {
			took++
		}
		learn(w, q, mask, 1, &rule)
		for i := range w {
			if math.Float32bits(w[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%v: weight %d becomes %v, in floats %v", rule, i, w[i], want[i])
			}
		}
	}
	if took == 0 {
		t.Error("no rule took the other way")
	}
}

func TestCorrelate(t *testing.T) {
	for _, impl := range available() {
		rng := rand.New(rand.NewPCG(1, 2))
		for n := 0; n <= 20*Lanes; n += Lanes {
			for _, groups := range [][3]int{{}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {9, 4, 7}} {
				taps := &Taps{Fours: groups[0], Twos: groups[1], Ones: groups[2]}
				src := make([]float64, n+500)
				for i := range src {
					src[i] = float64(rng.IntN(256))
				}
				var got, want [2][]float64
				for k := range got {
					got[k], want[k] = make([]float64, n), make([]float64, n)
					for j := range n {
						got[k][j] = rng.Float64()
					}
				}
				for g, size := range []int{4, 2, 1} {
					for range groups[g] {
						w := [2]float64{float64(rng.IntN(1<<40)-1<<39) / (1 << 30), float64(rng.IntN(1<<40)-1<<39) / (1 << 30)}
						taps.W = append(taps.W, w[0], w[1])
						for range size {
							o := rng.IntN(500)
							taps.Offs = append(taps.Offs, int32(o))
							for j := range n {
								want[0][j] += w[0] * src[o+j]
								want[1][j] += w[1] * src[o+j]
							}
						}
					}
				}
				impl.correlate(got[0], got[1], src, taps)
				if !slices.Equal(got[0], want[0]) || !slices.Equal(got[1], want[1]) {
					t.Errorf("%s: %d sums of %v groups are wrong", impl.name, n, groups)
				}
			}
		}
	}
}

func TestFloats(t *testing.T) {
	each(t, func(t *testing.T, impl kernels, rng *rand.Rand, n int) {
		n /= Lanes / Wide
		var v [4][]float64
		for i := range v {
			v[i] = make([]float64, n)
			for j := range v[i] {
				v[i][j] = float64(1+rng.IntN(1<<40)) / (1 << 20)
			}
		}
		got, want := make([]float64, n+1), make([]float64, n+1)
		got[n], want[n] = 7, 7
		impl.addFloats(got[:n], v[0], v[1])
		for i := range n {
			want[i] = v[0][i] + v[1][i]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d numbers: wrong sums", n)
		}
		rows, radius := 1+rng.IntN(20), rng.IntN(12)
		src, slid := make([]float64, n*rows), make([]float64, n*rows)
		for i := range src {
			src[i] = float64(rng.IntN(1000))
		}
		impl.slideRows(slid, src, n, rows, radius)
		for i, got := range slid {
			sum := 0.
			for y := max(0, i/n-radius); y <= min(rows-1, i/n+radius); y++ {
				sum += src[y*n+i%n]
			}
			if got != sum {
				t.Fatalf("%d numbers, row %d of %d, radius %d: %v; want %v", n, i/n, rows, radius, got, sum)
			}
		}
		ratio, wants := make([]float32, n+1), make([]float32, n+1)
		impl.ratios(ratio[:n], v[0], v[1], 289, 1e-12)
		for i := range n {
			wants[i] = float32(v[0][i] / (v[1][i]/289 + 1e-12))
		}
		if !slices.Equal(ratio, wants) {
			t.Fatalf("%d numbers: wrong ratios", n)
		}
		valid, bits, wantBits := make([]uint8, n/8), make([]uint8, n/8), make([]uint8, n/8)
		threshold := v[3][rng.IntN(n)]
		copy(want, v[3])
		for i := range valid {
			valid[i] = uint8(rng.Uint32())
		}
		for i := range n {
			if valid[i/8]>>(i%8)&1 == 0 || v[3][i] < threshold {
				want[i] = 0
			} else {
				wantBits[i/8] |= 1 << (i % 8)
			}
		}
		impl.cut(v[3], valid, bits, threshold)
		if !slices.Equal(v[3], want[:n]) || !slices.Equal(bits, wantBits) {
			t.Fatalf("%d numbers: wrong cut", n)
		}
		place, add := make([]int32, n), int32(rng.IntN(1000))
		var picked, boxes []float64
		var keys []uint64
		for i := range n {
			place[i] = int32(rng.IntN(1 << 30))
			if bits[i/8]>>(i%8)&1 != 0 {
				picked, boxes, keys = append(picked, v[3][i]), append(boxes, v[0][i]), append(keys, uint64(place[i]+add))
			}
		}
		gotBoxes, gotKeys := make([]float64, n+Wide), make([]uint64, n+Wide)
		got = make([]float64, n+Wide)
		found := impl.pick(got, gotBoxes, gotKeys, v[3], v[0], place, bits, add)
		if !slices.Equal(got[:found], picked) || !slices.Equal(gotBoxes[:found], boxes) || !slices.Equal(gotKeys[:found], keys) {
			t.Fatalf("%d numbers: wrong ones picked", n)
		}
	})
}
