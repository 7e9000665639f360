package simd

import "encoding/binary"

// QuarterUnit is the number of sums that [SumQuarters] computes together, out of
// 64 bytes; the lengths of its sums are multiples of it.
const QuarterUnit = 256

// Quarter is where in a row of quarters the number at place i lies: in which
// byte, and from which bit on.
func Quarter(i int) (at, bit int) { return i/QuarterUnit*64 + i%64, i / 64 % 4 * 2 }

// quartersAtOnce is how many rows the 8-bit sums of a kernel hold: of every
// eight rows they get at most 3.
const quartersAtOnce = 8 * 85

// SumQuarters is [SumBytes] for numbers of two bits, four to a byte: it adds to
// acc[Lane(j)] the sum over i of the number at place j of the row that begins at
// w[offs[i]]; [Quarter] tells where that is. len(acc) must be a multiple of
// [QuarterUnit]; every offs[i]+len(acc)/4 must lie within w.
func SumQuarters(acc []int32, w []byte, offs []int32) {
	for ; len(offs) > quartersAtOnce; offs = offs[quartersAtOnce:] {
		active.sumQuarters(acc, w, offs[:quartersAtOnce])
	}
	if len(offs) > 0 {
		active.sumQuarters(acc, w, offs)
	}
}

// carry adds three numbers of one bit at every bit: sum + 2 over.
func carry(a, b, c uint64) (sum, over uint64) {
	x := a ^ b
	return x ^ c, a&b | x&c
}

// sumQuarters is SumQuarters for at most quartersAtOnce rows. It counts the bits
// at every place, as numbers whose digits are words: eight rows make a word of
// ones, of twos, of fours, which wait for the next rows, and one of eights, whose
// quarters are added up as bytes.
func sumQuarters(acc []int32, w []byte, offs []int32) {
	const low = 0x0303030303030303
	for at := 0; at < len(acc)/4; at += 8 {
		var ones, twos, fours uint64
		var eights [4]uint64
		for from := 0; from < len(offs); from += 8 {
			var v [8]uint64
			for i, o := range offs[from:min(from+8, len(offs))] {
				v[i] = binary.LittleEndian.Uint64(w[int(o)+at:])
			}
			var a, b, c, d uint64
			ones, a = carry(ones, v[0], v[1])
			ones, b = carry(ones, v[2], v[3])
			ones, c = carry(ones, v[4], v[5])
			ones, d = carry(ones, v[6], v[7])
			twos, a = carry(twos, a, b)
			twos, c = carry(twos, c, d)
			fours, a = carry(fours, a, c)
			for f := range eights {
				eights[f] += a >> (2 * f) & low
			}
		}
		for f, e := range eights {
			rest := ones>>(2*f)&low + twos>>(2*f)&low*2 + fours>>(2*f)&low*4
			for i := range 8 {
				acc[at/64*QuarterUnit+Lane(64*f+at%64+i)] += int32(rest>>(8*i)&255) + int32(e>>(8*i)&255)*8
			}
		}
	}
}
