package main

import "fmt"

// correlate keeps 16 sums of each kernel in registers.
func correlate() {
	text("correlate", "is correlate for units*16 sums of both kernels, at least one unit.",
		"out0 *float64, out1 *float64, units int, src *float64, offs *int32, w *float64, fours int, twos int, ones int", "")
	out0, out1, units, src, offs, w := get("out0"), get("out1"), get("units"), get("src"), get("offs"), get("w")
	counts := []struct {
		name  string
		taps  int
		count general
	}{{"four", 4, get("fours")}, {"two", 2, get("twos")}, {"one", 1, get("ones")}}
	taps, weights, left := register(), register(), register()
	o := []general{register(), register(), register(), register()}
	sums0, sums1, group, weight, v := vectors(8), vectors(8), vectors(8), vectors(1)[0], vectors(6)
	label("unit")
	for i := range 8 {
		zero(sums0[i])
		zero(sums1[i])
	}
	op("MOVD", offs, taps)
	op("MOVD", w, weights)
	for _, size := range counts {
		op("CBZ", size.count, size.name+"done")
		op("MOVD", size.count, left)
		label(size.name)
		for t := range size.taps {
			op("MOVW.P", at(taps, 4), o[t])
		}
		for t := range size.taps {
			op("ADD", shifted(o[t], 3), src, o[t])
		}
		op("FMOVQ.P", at(weights, 16), weight.f())
		load(o[0], 0, group...)
		turn := 0
		for t := 1; t < size.taps; t++ {
			for i := 0; i < 8; i += 2 {
				r := v[turn%6:][:2]
				turn += 2
				load(o[t], 16*i, r...)
				fadd2d(group[i], group[i], r[0])
				fadd2d(group[i+1], group[i+1], r[1])
			}
		}
		for i, r := range group {
			fmla2d(sums0[i], r, weight, 0)
			fmla2d(sums1[i], r, weight, 1)
		}
		again(left, size.name)
		label(size.name + "done")
	}
	store(out0, 0, sums0...)
	store(out1, 0, sums1...)
	for _, p := range []general{out0, out1, src} {
		op("ADD", imm(128), p)
	}
	again(units, "unit")
	op("RET")
}

func addFloats() {
	text("addFloats", "is addFloats for units*8 numbers, at least one unit.", "dst *float64, a *float64, b *float64, units int", "")
	dst, a, b, units := get("dst"), get("a"), get("b"), get("units")
	x, y := vectors(4), vectors(4)
	label("unit")
	load(a, 0, x...)
	load(b, 0, y...)
	for i, r := range x {
		fadd2d(r, r, y[i])
	}
	store(dst, 0, x...)
	for _, p := range []general{a, b, dst} {
		op("ADD", imm(64), p)
	}
	again(units, "unit")
	op("RET")
}

// slideRows keeps the sums of some columns while it goes down the rows.
func slideRows() {
	text("slideRows", "is slideRows for rows of units*8 numbers, which begin so many bytes (stride) one after another.",
		"dst *float64, src *float64, units int, stride int, rows int, radius int", "")
	dst, src, units, stride, rows, radius := get("dst"), get("src"), get("units"), get("stride"), get("rows"), get("radius")
	enter, leave, to, left, more, skip := register(), register(), register(), register(), register(), register()
	chunks(units, 2, func(n int) {
		sums, v := vectors(4*n), vectors(4*n)
		for _, r := range sums {
			zero(r)
		}
		op("MOVD", src, enter)
		op("MOVD", src, leave)
		op("MOVD", dst, to)
		op("MOVD", rows, more)
		op("MOVD", radius, skip)
		// The rows that the window of the first one sees besides it.
		op("CMP", rows, radius)
		op("CSEL", "LT", radius, rows, left)
		op("CBZ", left, fmt.Sprintf("begin%d", n))
		label(fmt.Sprintf("first%d", n))
		next := func(p general, do func(d, n, m vector)) {
			load(p, 0, v...)
			for i, r := range sums {
				do(r, r, v[i])
			}
			op("ADD", stride, p)
		}
		next(enter, fadd2d)
		op("SUB", imm(1), more)
		again(left, fmt.Sprintf("first%d", n))
		label(fmt.Sprintf("begin%d", n))
		op("MOVD", rows, left)
		label(fmt.Sprintf("row%d", n))
		op("CBZ", more, fmt.Sprintf("all%d", n))
		next(enter, fadd2d)
		op("SUB", imm(1), more)
		label(fmt.Sprintf("all%d", n))
		op("SUB", imm(1), skip)
		op("CMP", imm(-1), skip)
		op("BGE", fmt.Sprintf("near%d", n))
		// The row that the window has left.
		next(leave, fsub2d)
		label(fmt.Sprintf("near%d", n))
		store(to, 0, sums...)
		op("ADD", stride, to)
		again(left, fmt.Sprintf("row%d", n))
		op("ADD", imm(64*n), dst)
		op("ADD", imm(64*n), src)
	})
}

// cut compares and clears; a byte of bits stands for eight numbers.
func cut() {
	text("cut", "is cut for units*8 numbers, at least one unit.", "v *float64, valid *byte, bits *byte, units int, threshold float64", "")
	v, valid, bits, units := get("v"), get("valid"), get("bits"), get("units")
	bound, lane, use := broadcast("threshold"), table("laneBits64", 4), vectors(1)[0]
	x, m, ok, word := vectors(4), vectors(4), vectors(4), register()
	label("unit")
	op("MOVBU.P", at(valid, 1), word)
	dup("D2", use, word)
	load(v, 0, x...)
	for i, r := range x {
		fcmge2d(m[i], r, bound)
		cmtst("D2", ok[i], use, lane[i])
		and(m[i], m[i], ok[i])
		and(r, r, m[i])
		and(m[i], m[i], lane[i])
	}
	store(v, 0, x...)
	orr(m[0], m[0], m[1])
	orr(m[2], m[2], m[3])
	orr(m[0], m[0], m[2])
	addp("D2", m[0], m[0], m[0])
	op("FMOVD", m[0].f(), word)
	op("MOVB.P", word, at(bits, 1))
	op("ADD", imm(64), v)
	again(units, "unit")
	op("RET")
}

// ratios divides twice and rounds once.
func ratios() {
	text("ratios", "is ratios for units*8 numbers, at least one unit.", "dst *float32, v *float64, box *float64, units int, area float64, least float64", "")
	dst, v, box, units := get("dst"), get("v"), get("box"), get("units")
	area, least, x, y := broadcast("area"), broadcast("least"), vectors(4), vectors(4)
	label("unit")
	load(box, 0, x...)
	load(v, 0, y...)
	for i, r := range x {
		fdiv2d(r, r, area)
		fadd2d(r, r, least)
		fdiv2d(y[i], y[i], r)
	}
	for i := range 2 {
		fcvtn2s(x[i], y[2*i])
		fcvtn4s(x[i], y[2*i+1])
	}
	store(dst, 0, x[:2]...)
	op("ADD", imm(32), dst)
	op("ADD", imm(64), v)
	op("ADD", imm(64), box)
	again(units, "unit")
	op("RET")
}
