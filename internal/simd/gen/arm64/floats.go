package main

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

// floats goes through all numbers 64 bytes at a time. The first argument is
// where the results go, the last but the units the others in order; body gets
// a register of each of these and leaves its result in the first.
func floats(name, doc, args string, names []string, body func(v []vector)) {
	text(name, doc, args, "")
	dst, units := get("dst"), get("units")
	var from []general
	var v [][]vector
	for _, name := range names {
		from, v = append(from, get(name)), append(v, vectors(4))
	}
	label("unit")
	for i, p := range from {
		load(p, 0, v[i]...)
	}
	for k := range 4 {
		var lane []vector
		for i := range v {
			lane = append(lane, v[i][k])
		}
		body(lane)
	}
	store(dst, 0, v[0]...)
	for _, p := range append(from, dst) {
		op("ADD", imm(64), p)
	}
	again(units, "unit")
	op("RET")
}

func addFloats() {
	floats("addFloats", "is addFloats for units*8 numbers, at least one unit.",
		"dst *float64, a *float64, b *float64, units int", []string{"a", "b"},
		func(v []vector) { fadd2d(v[0], v[0], v[1]) })
}

func slideFloats() {
	floats("slideFloats", "is slideFloats for units*8 numbers, at least one unit.",
		"dst *float64, last *float64, out *float64, in *float64, units int", []string{"last", "out", "in"},
		func(v []vector) {
			fsub2d(v[0], v[0], v[1])
			fadd2d(v[0], v[0], v[2])
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
