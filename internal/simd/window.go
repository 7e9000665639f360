package simd

// A Window is what a position of a convolution sees: rows of active inputs,
// each a stretch of a list. Row k of them is List[Starts[k*Pitch+Lo]] up to,
// but not with, List[Starts[k*Pitch+Hi]]; entry e stands for the weights that
// begin at e + Base + k*Step.
type Window struct {
	List, Starts []int32
	Pitch        int
	Lo, Hi       int
	Rows         int
	Base, Step   int
}

// each calls f with where the weights of every entry begin.
func (v *Window) each(f func(at int)) {
	for k := range v.Rows {
		for _, e := range v.List[v.Starts[k*v.Pitch+v.Lo]:v.Starts[k*v.Pitch+v.Hi]] {
			f(int(e) + v.Base + k*v.Step)
		}
	}
}

// SumWindow sets acc[j] to the sum over the entries of a window of w[at+j],
// where at is where an entry's weights begin. len(acc) must be a multiple of
// [Lanes].
func SumWindow(acc, w []int32, v *Window) { active.sumWindow(acc, w, v) }

// CountUnit is what the number of rows' bytes in [CountWindow] must be a
// multiple of.
const CountUnit = 32

// CountWindow sets bit j of out if the sum over the entries of a window of
// w[at+j] is at least least[j], where at is where an entry's weights begin,
// and clears it otherwise. len(least) must be a multiple of [CountUnit]; out
// has a word for every 64 of them, begun or whole. Sums above 255 count as
// 255.
func CountWindow(out []uint64, w, least []byte, v *Window) {
	out[len(out)-1] = 0
	active.countWindow(out, w, least, v)
}

func sumWindow(acc, w []int32, v *Window) {
	clear(acc)
	v.each(func(at int) { add(acc, w[at:]) })
}

func countWindow(out []uint64, w, least []byte, v *Window) {
	var sums [CountUnit]uint16
	for j := 0; j < len(least); j += CountUnit {
		clear(sums[:])
		v.each(func(at int) {
			row := w[at+j:][:CountUnit]
			for i := range sums {
				sums[i] += uint16(row[i])
			}
		})
		word := uint64(0)
		for i, s := range sums {
			if s >= uint16(least[j+i]) {
				word |= 1 << i
			}
		}
		if j%64 == 0 {
			out[j/64] = word
		} else {
			out[j/64] |= word << 32
		}
	}
}
