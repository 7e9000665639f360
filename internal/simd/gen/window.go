package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

// window goes through the entries of a window and calls body with where their
// weights begin. Weights have so many bytes.
func window(name string, v, w reg.Register, bytes int, body func(at reg.Register, e reg.Register)) {
	rows, starts, at := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: v, Disp: windowRows}, rows)
	MOVQ(Mem{Base: v, Disp: windowStarts}, starts)
	MOVQ(Mem{Base: v, Disp: windowBase}, at)
	LEAQ(Mem{Base: w, Index: at, Scale: uint8(bytes)}, at)
	JMP(LabelRef("testrow" + name))
	Label("row" + name)
	i, end, list, e := GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: v, Disp: windowList}, list)
	MOVQ(Mem{Base: v, Disp: windowLo}, i)
	MOVLQSX(Mem{Base: starts, Index: i, Scale: 4}, i)
	MOVQ(Mem{Base: v, Disp: windowHi}, end)
	MOVLQSX(Mem{Base: starts, Index: end, Scale: 4}, end)
	// Two entries at a time, then the one that may be left.
	DECQ(end)
	JMP(LabelRef("testtwo" + name))
	Label("two" + name)
	second := GP64()
	MOVLQSX(Mem{Base: list, Index: i, Scale: 4}, e)
	MOVLQSX(Mem{Base: list, Index: i, Scale: 4, Disp: 4}, second)
	body(at, e)
	body(at, second)
	ADDQ(U8(2), i)
	Label("testtwo" + name)
	CMPQ(i, end)
	JLT(LabelRef("two" + name))
	JNE(LabelRef("last" + name))
	MOVLQSX(Mem{Base: list, Index: i, Scale: 4}, e)
	body(at, e)
	Label("last" + name)
	step := GP64()
	MOVQ(Mem{Base: v, Disp: windowStep}, step)
	LEAQ(Mem{Base: at, Index: step, Scale: uint8(bytes)}, at)
	MOVQ(Mem{Base: v, Disp: windowPitch}, step)
	LEAQ(Mem{Base: starts, Index: step, Scale: 4}, starts)
	DECQ(rows)
	Label("testrow" + name)
	TESTQ(rows, rows)
	JNZ(LabelRef("row" + name))
}

// sumWindow keeps as many sums in registers as there are and goes through all
// entries for them; then come the next sums.
func sumWindow(s set) {
	TEXT("sumWindow"+s.name, NOSPLIT, "func(acc *int32, units int, w *int32, v *uint8)")
	Pragma("noescape")
	Doc("sumWindow" + s.name + " is sumWindow for units*16 sums.")
	acc, units := Load(Param("acc"), GP64()), Load(Param("units"), GP64())
	w, v := Load(Param("w"), GP64()), Load(Param("v"), GP64())
	chunks(units, s.most, func(n int) {
		sums := s.registers(n)
		for _, r := range sums {
			s.clear(r)
		}
		window(fmt.Sprint(n), v, w, 4, func(at, e reg.Register) {
			for k, r := range sums {
				VPADDD(Mem{Base: at, Index: e, Scale: 4, Disp: k * s.bytes}, r, r)
			}
		})
		for k, r := range sums {
			s.store(r, Mem{Base: acc, Disp: k * s.bytes})
		}
		ADDQ(U32(uint32(64*n)), acc)
		ADDQ(U32(uint32(64*n)), w)
	})
}

// The places of a Row's fields behind its window, and of a Col's.
const (
	rowCols  = 96
	rowLen   = 104
	rowSeen  = 120
	rowFew   = 144
	rowWords = 152
	rowLeft  = 160

	colLo    = 0
	colHi    = 4
	colBase  = 8
	colBytes = 12
)

// countRow keeps the sums as bytes that stay at 255 once they are there.
func countRow(s set) {
	TEXT("countRow"+s.name, NOSPLIT, "func(out *uint32, units int, w *byte, least *byte, r *uint8)")
	Pragma("noescape")
	Doc("countRow" + s.name + " is countRow for units*32 sums.")
	out, units := Load(Param("out"), GP64()), Load(Param("units"), GP64())
	w, v := Load(Param("w"), GP64()), Load(Param("r"), GP64())
	chunks(units, 8, func(n int) {
		// Registers of 32 bytes, or of 64 and one of 32 for what is left.
		var sums []reg.VecPhysical
		var at []int
		for k := 0; k < n; {
			if s.bytes == 64 && k+2 <= n {
				sums, at = append(sums, s.registers(16)[len(sums)]), append(at, 32*k)
				k += 2
			} else {
				sums, at = append(sums, set{bytes: 32}.registers(8)[len(sums)]), append(at, 32*k)
				k++
			}
		}
		col, left, to := GP64(), GP64(), GP64()
		MOVQ(Mem{Base: v, Disp: rowCols}, col)
		MOVQ(Mem{Base: v, Disp: rowLen}, left)
		MOVQ(out, to)
		JMP(LabelRef(fmt.Sprintf("testcol%d", n)))
		Label(fmt.Sprintf("col%d", n))
		lo, hi, seen, inner := GP64(), GP64(), GP64(), GP64()
		MOVLQSX(Mem{Base: col, Disp: colLo}, lo)
		MOVLQSX(Mem{Base: col, Disp: colHi}, hi)
		MOVQ(Mem{Base: v, Disp: rowSeen}, seen)
		MOVL(Mem{Base: seen, Index: hi, Scale: 4}, inner.As32())
		SUBL(Mem{Base: seen, Index: lo, Scale: 4}, inner.As32())
		MOVLQSX(inner.As32(), inner)
		CMPQ(inner, Mem{Base: v, Disp: rowFew})
		JLT(LabelRef(fmt.Sprintf("few%d", n)))
		MOVQ(lo, Mem{Base: v, Disp: windowLo})
		MOVQ(hi, Mem{Base: v, Disp: windowHi})
		base := GP64()
		MOVLQSX(Mem{Base: col, Disp: colBase}, base)
		ADDQ(Mem{Base: v, Disp: rowLeft}, base)
		MOVQ(base, Mem{Base: v, Disp: windowBase})
		for _, r := range sums {
			set{bytes: int(r.Size())}.clear(r)
		}
		window(fmt.Sprint(n), v, w, 1, func(from, e reg.Register) {
			for i, r := range sums {
				VPADDUSB(Mem{Base: from, Index: e, Scale: 1, Disp: at[i]}, r, r)
			}
		})
		// The bounds lie as far from their beginning as w has come.
		least := Load(Param("least"), GP64())
		begin := Load(Param("w"), GP64())
		SUBQ(begin, least)
		ADDQ(w, least)
		for i, r := range sums {
			bits, to := GP64(), Mem{Base: to, Disp: at[i] / 8}
			if s.bytes == 64 {
				k := K()
				VPCMPUB(U8(5), Mem{Base: least, Disp: at[i]}, r, k)
				if r.Size() == 64 {
					KMOVQ(k, bits)
					MOVQ(bits, to)
				} else {
					KMOVD(k, bits.As32())
					MOVL(bits.As32(), to)
				}
				continue
			}
			x := YMM()
			VPMAXUB(Mem{Base: least, Disp: at[i]}, r, x)
			VPCMPEQB(r, x, x)
			VPMOVMSKB(x, bits.As32())
			MOVL(bits.As32(), to)
		}
		Label(fmt.Sprintf("few%d", n))
		words := GP64()
		MOVQ(Mem{Base: v, Disp: rowWords}, words)
		LEAQ(Mem{Base: to, Index: words, Scale: 8}, to)
		ADDQ(U8(colBytes), col)
		DECQ(left)
		Label(fmt.Sprintf("testcol%d", n))
		TESTQ(left, left)
		JNZ(LabelRef(fmt.Sprintf("col%d", n)))
		ADDQ(U32(uint32(4*n)), out)
		ADDQ(U32(uint32(32*n)), w)
	})
}
