package main

import "fmt"

// carry adds a and b to the bits of sum, and leaves what is over in a. It
// spoils x.
func carry(sum, a, b, x vector) {
	eor(x, a, sum)
	eor(a, x, b)   // all three, without what is over
	bsl(x, b, sum) // that is b where a and sum differ, else both
	mov(sum, a)
	mov(a, x)
}

// sumQuarters counts bits as the plain loop does, for the quarters of two
// registers at a time. Zeros stand for the rows that eight lack at the end.
func sumQuarters() {
	text("sumQuarters", "is sumQuarters for units*256 sums, at least one unit, and at most 680 rows.", "acc *int32, units int, w *byte, offs *int32, rows int", "")
	acc, units, w, offs, last := get("acc"), get("units"), get("w"), get("offs"), get("rows")
	op("SUB", imm(1), last)
	i, left, none, place, word := register(), register(), register(), register(), register()
	op("MOVD", "$zeros<>(SB)", none)
	masks := vectors(3)
	for i, mask := range []string{"$0x03030303", "$0x00ff00ff", "$0x0000ffff"} {
		op("MOVD", mask, word)
		dup("S4", masks[i], word)
	}
	low, bytes, half := masks[0], masks[1], masks[2]
	var o [8]general
	for k := range o {
		o[k] = register()
	}
	sums, v := [2][]vector{vectors(7), vectors(7)}, vectors(9)
	// eight adds the rows whose places are in o.
	eight := func() {
		for q, s := range sums {
			two := func(k int, a, b vector) {
				load(o[k], 16*q, a)
				load(o[k+1], 16*q, b)
				carry(s[0], a, b, v[8])
			}
			two(0, v[0], v[1])
			two(2, v[2], v[3])
			carry(s[1], v[0], v[2], v[8])
			two(4, v[4], v[5])
			two(6, v[6], v[7])
			carry(s[1], v[4], v[6], v[8])
			carry(s[2], v[0], v[4], v[8])
			for f, sum := range s[3:] {
				if f > 0 {
					ushr("B16", v[0], v[0], 2)
				}
				and(v[1], v[0], low)
				vadd("B16", sum, sum, v[1])
			}
		}
	}
	label("unit")
	for part := range 2 {
		name := func(s string) string { return fmt.Sprint(s, part) }
		for _, s := range sums {
			for _, r := range s {
				zero(r)
			}
		}
		op("MOVD", "ZR", i)
		op("SUB", imm(7), last, left)
		op("B", name("test"))
		label(name("eight"))
		op("ADD", shifted(i, 2), offs, place)
		for _, r := range o {
			op("MOVW.P", at(place, 4), r)
		}
		for _, r := range o {
			op("ADD", w, r)
		}
		eight()
		op("ADD", imm(8), i)
		label(name("test"))
		op("CMP", left, i)
		op("BLE", name("eight"))
		op("CMP", last, i)
		op("BGT", name("all"))
		for k, r := range o {
			op("ADD", imm(k), i, word)
			op("CMP", last, word)
			op("CSEL", "GT", last, word, word)
			op("ADD", shifted(word, 2), offs, place)
			op("MOVW", at(place, 0), r)
			op("ADD", w, r)
			op("CSEL", "GT", none, r, r) // adding leaves the flags
		}
		eight()
		label(name("all"))
		for q, s := range sums {
			for f, e := range s[3:] {
				if f > 0 {
					for _, r := range s[:3] {
						ushr("B16", r, r, 2)
					}
				}
				rest, even, odd := v[0], v[1], v[2]
				and(rest, s[2], low)
				vadd("B16", rest, rest, rest)
				and(v[3], s[1], low)
				vadd("B16", rest, rest, v[3])
				vadd("B16", rest, rest, rest)
				and(v[3], s[0], low)
				vadd("B16", rest, rest, v[3])
				// Byte 4i+c of 64 is their sum c*16+i.
				and(even, e, bytes)
				shl("H8", even, even, 3)
				and(v[3], rest, bytes)
				vadd("H8", even, even, v[3])
				ushr("H8", odd, e, 8)
				shl("H8", odd, odd, 3)
				usra("H8", odd, rest, 8)
				for c, pair := range []vector{even, odd, even, odd} {
					off, sum := 4*(64*f+16*c)+16*(2*part+q), v[4+c]
					load(acc, off, sum)
					if c < 2 {
						and(v[3], pair, half)
						vadd("S4", sum, sum, v[3])
					} else {
						usra("S4", sum, pair, 16)
					}
					store(acc, off, sum)
				}
			}
		}
		op("ADD", imm(32), w)
	}
	op("ADD", imm(1024), acc)
	again(units, "unit")
	op("RET")
}
