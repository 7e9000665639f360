package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// correlate keeps as many sums in registers as there are and goes through all
// taps for them. Products and sums are exact, so that fusing them changes
// nothing.
func correlate(s set) {
	TEXT("correlate"+s.name, NOSPLIT, "func(out *float64, units int, src *float64, offs *int32, w *float64, taps int)")
	Pragma("noescape")
	Doc("correlate" + s.name + " is correlate for units*16 sums.")
	out, units := Load(Param("out"), GP64()), Load(Param("units"), GP64())
	src, offs := Load(Param("src"), GP64()), Load(Param("offs"), GP64())
	w, taps := Load(Param("w"), GP64()), Load(Param("taps"), GP64())
	// A unit of 16 sums is 128 bytes.
	most := 3
	var v reg.Register = reg.Y15
	if s.bytes == 64 {
		most, v = 8, reg.Z31
	}
	chunks(units, most, func(n int) {
		sums := s.registers(2 * n)
		for _, r := range sums {
			s.clear(r)
		}
		i, o := GP64(), GP64()
		XORQ(i, i)
		JMP(LabelRef(fmt.Sprintf("test%d", n)))
		Label(fmt.Sprintf("tap%d", n))
		MOVLQSX(Mem{Base: offs, Index: i, Scale: 4}, o)
		VBROADCASTSD(Mem{Base: w, Index: i, Scale: 8}, v)
		for k, r := range sums {
			VFMADD231PD(Mem{Base: src, Index: o, Scale: 8, Disp: k * s.bytes}, v, r)
		}
		INCQ(i)
		Label(fmt.Sprintf("test%d", n))
		CMPQ(i, taps)
		JLT(LabelRef(fmt.Sprintf("tap%d", n)))
		for k, r := range sums {
			VMOVUPD(r, Mem{Base: out, Disp: k * s.bytes})
		}
		ADDQ(U32(uint32(128*n)), out)
		ADDQ(U32(uint32(128*n)), src)
	})
}
