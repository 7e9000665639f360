package simd

import "encoding/binary"

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

// CountUnit is what the number of rows' bytes in [CountRow] must be a
// multiple of.
const CountUnit = 32

// A Row is a row of positions whose windows differ in a [Col] each; what the
// Window has of those is overwritten.
type Row struct {
	Window
	Cols  []Col
	Seen  []int32 // a column sees Seen[Hi] - Seen[Lo] inputs
	Few   int     // columns that see fewer are left out
	Words int     // of the result from one column to the next
	Left  int     // Base of a column whose own is 0
}

// A Col holds what the window of a column has of its own.
type Col struct{ Lo, Hi, Base int32 }

// At lets the window be that of a column and returns how many inputs it sees.
func (r *Row) At(c Col) int {
	r.Lo, r.Hi, r.Base = int(c.Lo), int(c.Hi), r.Left+int(c.Base)
	return int(r.Seen[c.Hi] - r.Seen[c.Lo])
}

// CountRow sets for every column of a row bit j of its words in out if the sum
// over the entries of its window of w[at+j] is at least least[j], where at is
// where an entry's weights begin, and clears it otherwise. Of columns that are
// left out all bits are cleared. len(least) must be a multiple of [CountUnit];
// a column has a word for every 64 of them, begun or whole. Sums above 255 count
// as 255.
func CountRow(out []uint64, w, least []byte, r *Row) {
	clear(out[:len(r.Cols)*r.Words])
	active.countRow(out, w, least, r)
}

// countRow counts column by column.
func countRow(out []uint64, w, least []byte, r *Row) {
	for i, c := range r.Cols {
		if r.At(c) >= r.Few {
			countWindow(out[i*r.Words:], w, least, &r.Window)
		}
	}
}

func sumWindow(acc, w []int32, v *Window) {
	clear(acc)
	v.each(func(at int) { add(acc, w[at:]) })
}

// countWindow is countRow for one column. It keeps 16-bit sums, four to a word.
func countWindow(out []uint64, w, least []byte, v *Window) {
	const low = 0x00ff00ff00ff00ff
	for j := 0; j < len(least); j += CountUnit {
		var even, odd [4]uint64
		rows := 0
		for k := range v.Rows {
			at := v.Base + k*v.Step + j
			for _, e := range v.List[v.Starts[k*v.Pitch+v.Lo]:v.Starts[k*v.Pitch+v.Hi]] {
				row := w[int(e)+at:][:CountUnit:CountUnit]
				for i := range even {
					x := binary.LittleEndian.Uint64(row[8*i:])
					even[i] += x & low
					odd[i] += x >> 8 & low
				}
				if rows++; rows == 256 { // more might not fit
					saturate(&even)
					saturate(&odd)
					rows = 1
				}
			}
		}
		word := uint64(0)
		for i := range CountUnit {
			sum := even[i/8]
			if i%2 != 0 {
				sum = odd[i/8]
			}
			if min(sum>>(i%8/2*16)&0xffff, 255) >= uint64(least[j+i]) {
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

// saturate limits 16-bit sums to 255.
func saturate(sums *[4]uint64) {
	for i, s := range sums {
		sums[i] = 0
		for k := 0; k < 64; k += 16 {
			sums[i] |= min(s>>k&0xffff, 255) << k
		}
	}
}
