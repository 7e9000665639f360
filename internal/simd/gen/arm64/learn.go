package main

import "fmt"

// table takes registers and fills them from a table of the program.
func table(name string, n int) []vector {
	v, r := vectors(n), register()
	op("MOVD", "$"+name+"<>(SB)", r)
	load(r, 0, v...)
	return v
}

// maskStep is how many bytes of mask a row of so many units takes.
func maskStep(units general) general {
	step := register()
	op("ADD", imm(3), units, step)
	op("LSR", imm(2), step)
	op("LSL", imm(3), step)
	return step
}

// sumMasked adds the numbers whose bit is set. Every row of numbers begins at
// a mask of its own, of whole 64-bit words.
func sumMasked() {
	text("sumMasked", "is sumMasked for rows of units*16 numbers.", "q *int32, mask *uint64, units int, rows int", "int32")
	q, mask, units, rows := get("q"), get("mask"), get("units"), get("rows")
	step, bits := maskStep(units), table("laneBits", 4)
	sums, v, set, use := vectors(4), vectors(4), vectors(4), vectors(1)[0]
	n, m, word := register(), register(), register()
	for _, r := range sums {
		zero(r)
	}
	label("row")
	op("MOVD", units, n)
	op("MOVD", mask, m)
	label("unit")
	op("MOVHU.P", at(m, 2), word)
	dup("S4", use, word)
	load(q, 0, v...)
	for i, r := range sums {
		cmtst("S4", set[i], use, bits[i])
		and(v[i], v[i], set[i])
		vadd("S4", r, r, v[i])
	}
	op("ADD", imm(64), q)
	again(n, "unit")
	op("ADD", step, mask)
	again(rows, "row")
	vadd("S4", sums[0], sums[0], sums[1])
	vadd("S4", sums[2], sums[2], sums[3])
	vadd("S4", sums[0], sums[0], sums[2])
	addp("S4", sums[0], sums[0], sums[0])
	addp("S4", sums[0], sums[0], sums[0])
	op("FMOVS", sums[0].f(), word)
	put(word)
	op("RET")
}

// sumPicked puts the byte of the mask that a byte's bit lies in into its place.
func sumPicked() {
	text("sumPicked", "is sumPicked for so many words, at least one.", "w *byte, mask *uint64, words int", "int32")
	w, mask, words := get("w"), get("mask"), get("words")
	bits, v, set := byteBits(), vectors(4), vectors(4)
	sum, ones, x := register(), register(), register()
	op("MOVD", "$0", sum)
	op("MOVD", "$0x0101010101010101", ones)
	label("word")
	load(w, 0, v...)
	for i, r := range v {
		for half := range 2 {
			op("MOVBU.P", at(mask, 1), x)
			op("MUL", ones, x)
			op("VMOV", x, set[i].as(fmt.Sprintf("D[%d]", half)))
		}
		cmtst("B16", set[i], set[i], bits)
		and(r, r, set[i])
		uaddlv16b(r, r)
	}
	for _, r := range v {
		op("FMOVS", r.f(), x)
		op("ADD", x, sum)
	}
	op("ADD", imm(64), w)
	again(words, "word")
	put(sum)
	op("RET")
}

// The places of a Rule's fields in memory.
const (
	ruleNumbers = 0 // Up, Down, Lower, Upper, Scale
	ruleStable  = 20
)

// learn is a step of STDP on whole registers. Subnormal weights are multiplied
// as they are: unlike others, these processors take no longer for them.
func learn() {
	text("learn", "is learn for rows of units*16 weights.", "w *float32, q *int32, mask *uint64, units int, rows int, rule *float32", "int32")
	w, q, mask, units, rows, rule := get("w"), get("q"), get("mask"), get("units"), get("rows"), get("rule")
	word, stable := register(), register()
	c := vectors(5)
	for i, r := range c {
		op("MOVWU", at(rule, ruleNumbers+4*i), word)
		dup("S4", r, word)
	}
	up, down, lower, upper, scale := c[0], c[1], c[2], c[3], c[4]
	op("MOVWU", at(rule, ruleStable), stable)
	step, bits := maskStep(units), table("laneBits", 4)
	growth, use := vectors(1)[0], vectors(1)[0]
	v, a, t, u := vectors(4), vectors(4), vectors(4), vectors(4)
	n, m := register(), register()
	zero(growth)
	label("row")
	op("MOVD", units, n)
	op("MOVD", mask, m)
	label("unit")
	op("MOVHU.P", at(m, 2), word)
	dup("S4", use, word)
	load(w, 0, v...)
	for i, r := range a {
		cmtst("S4", r, use, bits[i])
		bsl(r, up, down)
	}
	op("CBZ", stable, "plain")
	for i, r := range a {
		fsub4s(t[i], v[i], lower)
		fsub4s(u[i], upper, v[i])
		fmul4s(t[i], t[i], u[i])
		fmul4s(r, r, t[i])
	}
	label("plain")
	old := u
	load(q, 0, old...)
	for i, r := range v {
		fadd4s(r, r, a[i])
		fmax4s(r, r, lower)
		fmin4s(r, r, upper)
	}
	store(w, 0, v...)
	for _, r := range v {
		fmul4s(r, r, scale)
		fcvtns4s(r, r)
	}
	store(q, 0, v...)
	for i, r := range v {
		vsub("S4", r, r, old[i])
		smax4s(growth, growth, r)
	}
	op("ADD", imm(64), w)
	op("ADD", imm(64), q)
	again(n, "unit")
	op("ADD", step, mask)
	again(rows, "row")
	smaxv4s(growth, growth)
	op("FMOVS", growth.f(), word)
	put(word)
	op("RET")
}
