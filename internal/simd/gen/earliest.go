package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// earliest goes through the arrivals with sums and steps in registers, and
// compares when a step is over.
func earliest(s set) {
	TEXT("earliest"+s.name, NOSPLIT, "func(first *uint32, head *int32, units int, w *int32, list *int32, n int, beyond int32)")
	Pragma("noescape")
	Doc("earliest" + s.name + " is earliest for units*16 neurons and n arrivals, at least one; beyond is limit + 1.")
	first, head, units := Load(Param("first"), GP64()), Load(Param("head"), GP64()), Load(Param("units"), GP64())
	w, list, n := Load(Param("w"), GP64()), Load(Param("list"), GP64()), Load(Param("n"), GP64())
	bound, step, x := s.register(), s.register(), XMM()
	word := Load(Param("beyond"), GP32())
	VMOVD(word, x)
	VPBROADCASTD(x, bound)
	most := 8
	if s.bytes == 32 {
		most = 3
	}
	chunks(units, most, func(wide int) {
		k := wide * 64 / s.bytes
		all := s.registers(2 * wide)
		sums, steps := all[:k], all[k:]
		for i := range k {
			s.load(Mem{Base: head, Disp: i * s.bytes}, sums[i])
			s.load(Mem{Base: first, Disp: i * s.bytes}, steps[i])
		}
		at, left, offset := GP64(), GP64(), GP64()
		MOVQ(list, at)
		MOVQ(n, left)
		Label(fmt.Sprintf("arrival%d", wide))
		MOVLQSX(Mem{Base: at}, offset)
		for i, sum := range sums {
			VPADDD(Mem{Base: w, Index: offset, Scale: 4, Disp: i * s.bytes}, sum, sum)
		}
		when := GP32()
		MOVL(Mem{Base: at, Disp: 4}, when)
		ADDQ(U8(8), at)
		TESTL(when, when)
		JS(LabelRef(fmt.Sprintf("more%d", wide)))
		VPBROADCASTD(Mem{Base: at, Disp: -4}, step)
		for i, sum := range sums {
			if s.bytes == 64 {
				over := K()
				VPCMPD(U8(5), bound, sum, over) // not less than
				VPMINUD(step, steps[i], over, steps[i])
			} else {
				under := s.register()
				VPCMPGTD(sum, bound, under)
				VPOR(step, under, under) // the largest number where it is under
				VPMINUD(under, steps[i], steps[i])
			}
		}
		Label(fmt.Sprintf("more%d", wide))
		DECQ(left)
		JNZ(LabelRef(fmt.Sprintf("arrival%d", wide)))
		for i := range k {
			s.store(steps[i], Mem{Base: first, Disp: i * s.bytes})
		}
		ADDQ(U32(uint32(64*wide)), first)
		ADDQ(U32(uint32(64*wide)), head)
		ADDQ(U32(uint32(64*wide)), w)
	})
}
