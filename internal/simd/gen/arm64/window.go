package main

import "fmt"

// The places of a Window's fields in memory.
const (
	windowList   = 0
	windowStarts = 24
	windowPitch  = 48
	windowLo     = 56
	windowHi     = 64
	windowRows   = 72
	windowBase   = 80
	windowStep   = 88
)

// A window's fields in registers; weights are of 1<<shift bytes.
type window struct {
	list, starts, pitch, lo, hi, rows, base, step general
	shift                                         int
}

func fields(v general, shift int) window {
	field := func(off int) general {
		r := register()
		op("MOVD", at(v, off), r)
		return r
	}
	return window{
		list: field(windowList), starts: field(windowStarts), pitch: field(windowPitch),
		lo: field(windowLo), hi: field(windowHi), rows: field(windowRows),
		base: field(windowBase), step: field(windowStep), shift: shift,
	}
}

// each goes through the entries and calls body with where their weights begin.
func (win window) each(name string, w general, body func(at general)) {
	rows, lo, hi, from, i, end, e := register(), register(), register(), register(), register(), register(), register()
	op("CBZ", win.rows, "done"+name)
	op("MOVD", win.rows, rows)
	op("ADD", shifted(win.lo, 2), win.starts, lo)
	op("ADD", shifted(win.hi, 2), win.starts, hi)
	op("ADD", shifted(win.base, win.shift), w, from)
	label("row" + name)
	op("MOVW", at(lo, 0), i)
	op("MOVW", at(hi, 0), end)
	op("ADD", shifted(i, 2), win.list, i)
	op("ADD", shifted(end, 2), win.list, end)
	op("CMP", end, i)
	op("BHS", "last"+name)
	label("entry" + name)
	op("MOVW.P", at(i, 4), e)
	op("ADD", shifted(e, win.shift), from, e)
	body(e)
	op("CMP", end, i)
	op("BLO", "entry"+name)
	label("last" + name)
	op("ADD", shifted(win.step, win.shift), from)
	op("ADD", shifted(win.pitch, 2), lo)
	op("ADD", shifted(win.pitch, 2), hi)
	again(rows, "row"+name)
	label("done" + name)
}

// inTurn calls body for two sums at a time, with the registers of others that
// are used in turn.
func inTurn(sums, others []vector, body func(sums, others []vector)) {
	for k := 0; k < len(sums); k += 2 {
		body(sums[k:k+2], others[k%len(others):][:2])
	}
}

// sumWindow keeps as many sums in registers as there are and goes through all
// entries for them; then come the next sums.
func sumWindow() {
	text("sumWindow", "is sumWindow for units*16 sums.", "acc *int32, units int, w *int32, v *byte", "")
	acc, units, w := get("acc"), get("units"), get("w")
	win := fields(get("v"), 2)
	chunks(units, 6, func(n int) {
		sums, loaded := vectors(4*n), vectors(8)
		for _, r := range sums {
			zero(r)
		}
		win.each(fmt.Sprint(n), w, func(from general) {
			off := 0
			inTurn(sums, loaded, func(sums, v []vector) {
				load(from, off, v...)
				off += 32
				for i, r := range sums {
					vadd("S4", r, r, v[i])
				}
			})
		})
		store(acc, 0, sums...)
		op("ADD", imm(64*n), acc)
		op("ADD", imm(64*n), w)
	})
}

// countWindow keeps the sums as bytes that stay at 255 once they are there.
func countWindow() {
	text("countWindow", "is countWindow for units*32 sums.", "out *uint32, units int, w *byte, least *byte, v *byte", "")
	out, units, w, least := get("out"), get("units"), get("w"), get("least")
	win := fields(get("v"), 0)
	bits := byteBits()
	chunks(units, 8, func(n int) {
		sums, loaded := vectors(2*n), vectors(8)
		for _, r := range sums {
			zero(r)
		}
		win.each(fmt.Sprint(n), w, func(from general) {
			off := 0
			inTurn(sums, loaded, func(sums, v []vector) {
				load(from, off, v...)
				off += 32
				for i, r := range sums {
					uqadd16b(r, r, v[i])
				}
			})
		})
		for k := 0; k < n; k += 2 {
			v := sums[2*k : min(2*k+4, 2*n)]
			load(least, 32*k, loaded[:len(v)]...)
			for i, r := range v {
				cmhs16b(r, r, loaded[i])
				and(r, r, bits)
			}
			// Bytes of single bits become bytes of eight.
			addp("B16", v[0], v[0], v[1])
			if len(v) == 4 {
				addp("B16", v[2], v[2], v[3])
				addp("B16", v[0], v[0], v[2])
			} else {
				addp("B16", v[0], v[0], v[0])
			}
			addp("B16", v[0], v[0], v[0])
			if len(v) == 4 {
				op("FMOVD", v[0].f(), at(out, 4*k))
			} else {
				op("FMOVS", v[0].f(), at(out, 4*k))
			}
		}
		op("ADD", imm(4*n), out)
		op("ADD", imm(32*n), w)
		op("ADD", imm(32*n), least)
	})
}

// byteBits is a register whose byte i has bit i%8 set.
func byteBits() vector {
	r, v := register(), vectors(1)[0]
	op("MOVD", "$0x8040201008040201", r)
	dup("D2", v, r)
	return v
}
