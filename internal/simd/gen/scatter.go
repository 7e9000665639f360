package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// scatter keeps the element-wise maximum of what a target's sums have become
// and compares once.
func scatter(s set) {
	TEXT("scatter"+s.name, NOSPLIT, "func(acc *int32, w *int32, targets *int32, per int, list *int32, n int, accStep int, wStep int, limit int32, hot *int32) int")
	Pragma("noescape")
	Doc("scatter" + s.name + " is scatter for a list of n inputs, at least one; steps are in bytes.")
	acc, w := Load(Param("acc"), GP64()), Load(Param("w"), GP64())
	list, hot := Load(Param("list"), GP64()), Load(Param("hot"), GP64())
	// There are too few registers for all.
	targets, per, left := argument("targets"), argument("per"), argument("n")
	accStep, wStep := argument("accStep"), argument("wStep")
	bound, top, x := s.register(), s.registers(1)[0], XMM()
	word := Load(Param("limit"), GP32())
	VMOVD(word, x)
	VPBROADCASTD(x, bound)

	found := GP64()
	XORQ(found, found)
	index, t, more := GP64(), GP64(), GP64()
	Label("input")
	MOVLQSX(Mem{Base: list}, index)
	ADDQ(U8(4), list)
	IMULQ(per, index)
	MOVQ(index, t)
	SHLQ(U8(4), t)
	ADDQ(targets, t)
	MOVQ(per, more)
	Label("target")
	rows, units := GP64(), GP64()
	MOVLQSX(Mem{Base: t, Disp: 8}, rows)
	TESTQ(rows, rows)
	JZ(LabelRef("next"))
	dst, src := GP64(), GP64()
	MOVLQSX(Mem{Base: t}, dst)
	LEAQ(Mem{Base: acc, Index: dst, Scale: 4}, dst)
	MOVLQSX(Mem{Base: t, Disp: 4}, src)
	LEAQ(Mem{Base: w, Index: src, Scale: 4}, src)
	if s.bytes == 64 {
		VMOVDQA32(bound, top)
	} else {
		VMOVDQA(bound, top)
	}
	Label("row")
	MOVLQSX(Mem{Base: t, Disp: 12}, units)
	SHLQ(U8(6), units)
	offset := GP64()
	XORQ(offset, offset)
	Label("unit")
	for k := range 64 / s.bytes {
		v := s.register()
		s.load(Mem{Base: src, Index: offset, Scale: 1, Disp: k * s.bytes}, v)
		at := Mem{Base: dst, Index: offset, Scale: 1, Disp: k * s.bytes}
		VPADDD(at, v, v)
		s.store(v, at)
		VPMAXSD(v, top, top)
	}
	ADDQ(U8(64), offset)
	CMPQ(offset, units)
	JLT(LabelRef("unit"))
	ADDQ(accStep, dst)
	ADDQ(wStep, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	any := GP32()
	if s.bytes == 64 {
		k := K()
		VPCMPGTD(bound, top, k)
		KMOVW(k, any)
	} else {
		over := YMM()
		VPCMPGTD(bound, top, over)
		VMOVMSKPS(over, any)
	}
	TESTL(any, any)
	JZ(LabelRef("next"))
	MOVL(index.As32(), Mem{Base: hot, Index: found, Scale: 4})
	INCQ(found)
	Label("next")
	ADDQ(U8(16), t)
	INCQ(index)
	DECQ(more)
	JNZ(LabelRef("target"))
	DECQ(left)
	JNZ(LabelRef("input"))
	VZEROUPPER()
	Store(found, ReturnIndex(0))
	RET()
}

// argument is where an argument of the function lies in memory.
func argument(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}
