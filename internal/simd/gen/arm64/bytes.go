package main

import "fmt"

// sumBytes adds four rows as bytes, for no byte exceeds 63, and keeps two
// 16-bit sums for every pair of bytes: lo, of even + 256 odd modulo 2^16, and
// hi, of odd, so that even = lo - 256 hi. 1,040 rows of bytes fit.
func sumBytes() {
	text("sumBytes", "is sumBytes for units*64 sums and at most 1,040 rows.", "acc *int32, units int, w *byte, offs *int32, rows int", "")
	acc, units, w, offs, ones := get("acc"), get("units"), get("w"), get("offs"), get("rows")
	fours, mask := register(), vectors(1)[0]
	op("LSR", imm(2), ones, fours)
	op("AND", imm(3), ones)
	low := register()
	op("MOVD", "$0xffff", low)
	dup("S4", mask, low)
	chunks(units, 2, func(n int) {
		k := 4 * n
		lo, hi, v := vectors(k), vectors(k), vectors(12)
		for i := range k {
			zero(lo[i])
			zero(hi[i])
		}
		o, left, i := []general{register(), register(), register(), register()}, register(), register()
		op("MOVD", offs, i)
		for _, rows := range []struct {
			count general
			name  string
			n     int
		}{{fours, "four", 4}, {ones, "one", 1}} {
			name := fmt.Sprint(rows.name, n)
			op("CBZ", rows.count, name+"done")
			op("MOVD", rows.count, left)
			label(name)
			for q := range rows.n {
				op("MOVW.P", at(i, 4), o[q])
			}
			for q := range rows.n {
				op("ADD", w, o[q])
			}
			for j := 0; j < k; j += 2 {
				a := v[j%4:][:2] // in turn, so that a load need not wait
				load(o[0], 16*j, a...)
				for q := 1; q < rows.n; q++ {
					b := v[4+(3*j+2*q)%8:][:2]
					load(o[q], 16*j, b...)
					vadd("B16", a[0], a[0], b[0])
					vadd("B16", a[1], a[1], b[1])
				}
				for h, r := range a {
					vadd("H8", lo[j+h], lo[j+h], r)
					usra("H8", hi[j+h], r, 8)
				}
			}
			again(left, name)
			label(name + "done")
		}
		for j := range k {
			shl("H8", v[0], hi[j], 8)
			vsub("H8", lo[j], lo[j], v[0])
			// Byte 4i+c of a unit is its sum c*16+i.
			for c, pair := range []vector{lo[j], hi[j], lo[j], hi[j]} {
				off, sum := 4*(j/4*64+c*16+j%4*4), v[4+c]
				load(acc, off, sum)
				if c < 2 {
					and(v[c], pair, mask)
					vadd("S4", sum, sum, v[c])
				} else {
					usra("S4", sum, pair, 16)
				}
				store(acc, off, sum)
			}
		}
		op("ADD", imm(256*n), acc)
		op("ADD", imm(64*n), w)
	})
}

// rise subtracts without going below 0.
func rise() {
	text("rise", "is rise for units*64 bytes, at least one unit.", "now *byte, then *byte, units int", "byte")
	now, then, units := get("now"), get("then"), get("units")
	most, a, b := vectors(4), vectors(4), vectors(4)
	for _, r := range most {
		zero(r)
	}
	label("unit")
	load(now, 0, a...)
	load(then, 0, b...)
	for i, r := range most {
		uqsub16b(a[i], a[i], b[i])
		umax("B16", r, r, a[i])
	}
	op("ADD", imm(64), now)
	op("ADD", imm(64), then)
	again(units, "unit")
	umax("B16", most[0], most[0], most[1])
	umax("B16", most[2], most[2], most[3])
	umax("B16", most[0], most[0], most[2])
	umaxv16b(most[0], most[0])
	r := register()
	op("FMOVS", most[0].f(), r)
	put(r)
	op("RET")
}

// narrow rounds towards zero.
func narrow() {
	text("narrow", "is narrow for units*16 numbers, at least one unit.", "dst *byte, q *int32, units int, base int32, factor float32", "")
	dst, q, units := get("dst"), get("q"), get("units")
	base, factor, v := broadcast("base"), broadcast("factor"), vectors(4)
	label("unit")
	load(q, 0, v...)
	for _, r := range v {
		vsub("S4", r, r, base)
		scvtf4s(r, r)
		fmul4s(r, r, factor)
		fcvtzs4s(r, r)
	}
	uzp1("H8", v[0], v[0], v[1])
	uzp1("H8", v[2], v[2], v[3])
	uzp1("B16", v[0], v[0], v[2])
	store(dst, 0, v[0])
	op("ADD", imm(64), q)
	op("ADD", imm(16), dst)
	again(units, "unit")
	op("RET")
}
