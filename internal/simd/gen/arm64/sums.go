package main

import "fmt"

// largest brings the largest number of four registers into a general one.
func largest(top []vector, r general) {
	smax4s(top[0], top[0], top[1])
	smax4s(top[2], top[2], top[3])
	smax4s(top[0], top[0], top[2])
	smaxv4s(top[0], top[0])
	op("FMOVS", top[0].f(), r)
}

// above takes the element-wise maximum of all and compares once.
func above() {
	text("above", "is above for units*16 elements, at least one unit.", "a *int32, units int, limit int32", "bool")
	a, units, limit := get("a"), get("units"), get("limit")
	everyLargest(a, units)
	r := register()
	largest([]vector{0, 1, 2, 3}, r)
	op("CMPW", limit, r)
	op("CSET", "GT", r)
	put(r)
	op("RET")
}

// most takes the element-wise maximum of all and then that of its elements.
func most() {
	text("most", "is most for units*16 elements, at least one unit.", "a *int32, units int", "int32")
	a, units := get("a"), get("units")
	everyLargest(a, units)
	r := register()
	largest([]vector{0, 1, 2, 3}, r)
	put(r)
	op("RET")
}

// lift adds to every register and keeps the larger.
func lift() {
	text("lift", "is lift for units*16 elements, at least one unit.", "top *int32, a *int32, units int, by int32", "")
	top, a, units, by := get("top"), get("a"), get("units"), broadcast("by")
	high, v := vectors(4), vectors(4)
	label("unit")
	load(a, 0, v...)
	load(top, 0, high...)
	for i, r := range v {
		vadd("S4", r, r, by)
		smax4s(r, r, high[i])
	}
	store(top, 0, v...)
	op("ADD", imm(64), a)
	op("ADD", imm(64), top)
	again(units, "unit")
	op("RET")
}

// everyLargest leaves the element-wise maximum in V0 to V3.
func everyLargest(a, units general) {
	top, v := vectors(4), vectors(4)
	load(a, 0, top...)
	op("B", "test")
	label("unit")
	load(a, 0, v...)
	for i, r := range top {
		smax4s(r, r, v[i])
	}
	label("test")
	op("ADD", imm(64), a)
	again(units, "unit")
}

// over compares register by register.
func over() {
	text("over", "is over for units*16 elements, at least one unit.", "mask *uint64, a *int32, units int, limit int32", "bool")
	mask, a, units := get("mask"), get("a"), get("units")
	bound, bits, v := broadcast("limit"), byteBits(), vectors(4)
	any, word := register(), register()
	op("MOVD", "$0", any)
	label("unit")
	load(a, 0, v...)
	for _, r := range v {
		cmgt4s(r, r, bound)
	}
	uzp1("H8", v[0], v[0], v[1])
	uzp1("H8", v[2], v[2], v[3])
	uzp1("B16", v[0], v[0], v[2])
	and(v[0], v[0], bits)
	for range 3 {
		addp("B16", v[0], v[0], v[0])
	}
	op("VMOV", v[0].as("H[0]"), word)
	op("MOVH.P", word, at(mask, 2))
	op("ORR", word, any)
	op("ADD", imm(64), a)
	again(units, "unit")
	op("CMP", imm(0), any)
	op("CSET", "NE", any)
	put(any)
	op("RET")
}

// The places of a Target's fields in memory, and how many bytes it has.
const (
	targetAcc   = 0
	targetW     = 4
	targetRows  = 8
	targetUnits = 12
	targetBytes = 16
)

// scatter keeps the element-wise maximum of what a target's sums have become
// and compares once.
func scatter() {
	text("scatter", "is scatter for a list of n inputs, at least one; steps are in bytes.",
		"acc *int32, w *int32, targets *int32, per int, list *int32, n int, accStep int, wStep int, limit int32, hot *int32", "int")
	acc, w, targets, per := get("acc"), get("w"), get("targets"), get("per")
	list, left, accStep, wStep := get("list"), get("n"), get("accStep"), get("wStep")
	limit, hot, bound := get("limit"), get("hot"), vectors(1)[0]
	dup("S4", bound, limit)
	first, index, t, more := register(), register(), register(), register()
	rows, units, dst, src := register(), register(), register(), register()
	n, d, s := register(), register(), register()
	top, v, sum := vectors(4), vectors(4), vectors(4)
	op("MOVD", hot, first)
	label("input")
	op("MOVW.P", at(list, 4), index)
	op("MUL", per, index)
	op("ADD", shifted(index, 4), targets, t)
	op("MOVD", per, more)
	label("target")
	op("MOVW", at(t, targetRows), rows)
	op("CBZ", rows, "next")
	op("MOVW", at(t, targetAcc), dst)
	op("ADD", shifted(dst, 2), acc, dst)
	op("MOVW", at(t, targetW), src)
	op("ADD", shifted(src, 2), w, src)
	op("MOVW", at(t, targetUnits), units)
	for _, r := range top {
		mov(r, bound)
	}
	label("row")
	op("MOVD", units, n)
	op("MOVD", dst, d)
	op("MOVD", src, s)
	label("unit")
	load(s, 0, v...)
	load(d, 0, sum...)
	for i, r := range sum {
		vadd("S4", r, r, v[i])
	}
	store(d, 0, sum...)
	for i, r := range sum {
		smax4s(top[i], top[i], r)
	}
	op("ADD", imm(64), s)
	op("ADD", imm(64), d)
	again(n, "unit")
	op("ADD", accStep, dst)
	op("ADD", wStep, src)
	again(rows, "row")
	largest(top, n)
	op("CMPW", limit, n)
	op("BLE", "next")
	op("MOVW.P", index, at(hot, 4))
	label("next")
	op("ADD", imm(targetBytes), t)
	op("ADD", imm(1), index)
	again(more, "target")
	again(left, "input")
	op("SUB", first, hot)
	op("LSR", imm(2), hot)
	put(hot)
	op("RET")
}

// earliest goes through the arrivals with sums and steps in registers, and
// compares when a step is over.
func earliest() {
	text("earliest", "is earliest for units*16 neurons and n arrivals, at least one; beyond is limit + 1.",
		"first *uint32, head *int32, units int, w *int32, list *int32, n int, beyond int32", "")
	first, head, units, w := get("first"), get("head"), get("units"), get("w")
	list, n, bound := get("list"), get("n"), broadcast("beyond")
	step, v := vectors(1)[0], vectors(4)
	arrival, left, offset, when := register(), register(), register(), register()
	chunks(units, 3, func(wide int) {
		sums, steps := vectors(4*wide), vectors(4*wide)
		load(head, 0, sums...)
		load(first, 0, steps...)
		op("MOVD", list, arrival)
		op("MOVD", n, left)
		label(fmt.Sprintf("arrival%d", wide))
		op("MOVW.P", at(arrival, 4), offset)
		op("ADD", shifted(offset, 2), w, offset)
		for i := range wide {
			load(offset, 64*i, v...)
			for j, r := range v {
				vadd("S4", sums[4*i+j], sums[4*i+j], r)
			}
		}
		op("MOVW.P", at(arrival, 4), when)
		op("TBNZ", imm(63), when, fmt.Sprintf("more%d", wide))
		dup("S4", step, when)
		for i, sum := range sums {
			under := v[i%4]
			cmgt4s(under, bound, sum)
			orr(under, under, step) // the largest number where it is under
			umin4s(steps[i], steps[i], under)
		}
		label(fmt.Sprintf("more%d", wide))
		again(left, fmt.Sprintf("arrival%d", wide))
		store(first, 0, steps...)
		op("ADD", imm(64*wide), first)
		op("ADD", imm(64*wide), head)
		op("ADD", imm(64*wide), w)
	})
}
