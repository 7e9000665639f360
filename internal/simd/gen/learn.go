package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// masks of AVX2 are registers: lanes puts the bit of every lane into its place.
var laneBits, laneBits64, byteBits, byteOfLane, zeros Mem

func data() {
	laneBits = GLOBL("laneBits", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(1<<i))
	}
	laneBits64 = GLOBL("laneBits64", RODATA|NOPTR)
	for i := range 8 {
		DATA(8*i, U64(1<<i))
	}
	byteBits = GLOBL("byteBits", RODATA|NOPTR)
	DATA(0, U64(0x8040201008040201))
	byteOfLane = GLOBL("byteOfLane", RODATA|NOPTR)
	for i := range 4 {
		DATA(8*i, U64(0x0101010101010101*uint64(i)))
	}
	zeros = GLOBL("zeros", RODATA|NOPTR)
	for i := range 8 {
		DATA(8*i, U64(0))
	}
}

// maskStep is how many bytes of mask a row of so many units takes.
func maskStep(units reg.Register) reg.GPVirtual {
	step := GP64()
	MOVQ(units, step)
	ADDQ(U8(3), step)
	SHRQ(U8(2), step)
	SHLQ(U8(3), step)
	return step
}

// lanes widens eight bits of a mask to eight lanes of ones or zeros.
func lanes(m Mem, bits reg.Register) reg.VecVirtual {
	b, v := GP32(), YMM()
	MOVBLZX(m, b)
	VMOVD(b, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	VPAND(bits, v, v)
	VPCMPEQD(bits, v, v)
	return v
}

// sumMasked adds the numbers whose bit is set. Every row of numbers begins at
// a mask of its own, of whole 64-bit words.
func sumMasked(s set) {
	TEXT("sumMasked"+s.name, NOSPLIT, "func(q *int32, mask *uint64, units int, rows int) int32")
	Pragma("noescape")
	Doc("sumMasked" + s.name + " is sumMasked for rows of units*16 numbers.")
	q, mask := Load(Param("q"), GP64()), Load(Param("mask"), GP64())
	units, rows := Load(Param("units"), GP64()), Load(Param("rows"), GP64())
	step := maskStep(units)
	var bits reg.VecVirtual
	if s.bytes == 32 {
		bits = YMM()
		VMOVDQU(laneBits, bits)
	}
	sums := s.registers(1)
	if s.bytes == 64 {
		sums = s.registers(2)
	}
	a, b := sums[0], sums[1]
	s.clear(a)
	s.clear(b)
	Label("row")
	n, m := GP64(), GP64()
	MOVQ(units, n)
	MOVQ(mask, m)
	if s.bytes == 64 {
		Label("two")
		CMPQ(n, U32(2))
		JL(LabelRef("one"))
		k1, k2 := K(), K()
		KMOVW(Mem{Base: m}, k1)
		KMOVW(Mem{Base: m, Disp: 2}, k2)
		VPADDD(Mem{Base: q}, a, k1, a)
		VPADDD(Mem{Base: q, Disp: 64}, b, k2, b)
		ADDQ(U32(128), q)
		ADDQ(U8(4), m)
		SUBQ(U8(2), n)
		JMP(LabelRef("two"))
		Label("one")
		TESTQ(n, n)
		JZ(LabelRef("done"))
		k3 := K()
		KMOVW(Mem{Base: m}, k3)
		VPADDD(Mem{Base: q}, a, k3, a)
		ADDQ(U32(64), q)
		Label("done")
	} else {
		Label("unit")
		for i, sum := range sums {
			v := lanes(Mem{Base: m, Disp: i}, bits)
			VPAND(Mem{Base: q, Disp: 32 * i}, v, v)
			VPADDD(v, sum, sum)
		}
		ADDQ(U8(64), q)
		ADDQ(U8(2), m)
		DECQ(n)
		JNZ(LabelRef("unit"))
	}
	ADDQ(step, mask)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VPADDD(b, a, a)
	x := XMM()
	if s.bytes == 64 {
		y := YMM()
		VEXTRACTI64X4(U8(1), a, y)
		VPADDD(y, reg.Y0, reg.Y0)
	}
	VEXTRACTI128(U8(1), reg.Y0, x)
	VPADDD(x, reg.X0, reg.X0)
	VPSHUFD(U8(0x4e), reg.X0, x)
	VPADDD(x, reg.X0, reg.X0)
	VPSHUFD(U8(0xb1), reg.X0, x)
	VPADDD(x, reg.X0, reg.X0)
	sum := GP32()
	VMOVD(reg.X0, sum)
	VZEROUPPER()
	Store(sum, ReturnIndex(0))
	RET()
}

// sumPicked adds eight bytes to a sum at a time.
func sumPicked(s set) {
	TEXT("sumPicked"+s.name, NOSPLIT, "func(w *byte, mask *uint64, words int) int32")
	Pragma("noescape")
	Doc("sumPicked" + s.name + " is sumPicked for so many words, at least one.")
	w, mask, words := Load(Param("w"), GP64()), Load(Param("mask"), GP64()), Load(Param("words"), GP64())
	sum, none := s.registers(1)[0], s.register()
	s.clear(sum)
	if s.bytes == 64 {
		VPXORD(none, none, none)
	} else {
		VPXOR(none, none, none)
	}
	var spread, bits reg.VecVirtual
	if s.bytes == 32 {
		spread, bits = YMM(), YMM()
		VMOVDQU(byteOfLane, spread)
		VPBROADCASTQ(byteBits, bits)
	}
	Label("word")
	for k := range 64 / s.bytes {
		v := s.register()
		if s.bytes == 64 {
			m := K()
			KMOVQ(Mem{Base: mask}, m)
			VMOVDQU8_Z(Mem{Base: w}, m, v)
		} else {
			// Every byte gets the byte of the mask that its bit lies in.
			VPBROADCASTD(Mem{Base: mask, Disp: 4 * k}, v)
			VPSHUFB(spread, v, v)
			VPAND(bits, v, v)
			VPCMPEQB(bits, v, v)
			VPAND(Mem{Base: w, Disp: 32 * k}, v, v)
		}
		VPSADBW(none, v, v)
		VPADDD(v, sum, sum)
	}
	ADDQ(U8(64), w)
	ADDQ(U8(8), mask)
	DECQ(words)
	JNZ(LabelRef("word"))
	x, out := XMM(), GP32()
	if s.bytes == 64 {
		y := YMM()
		VEXTRACTI64X4(U8(1), sum, y)
		VPADDD(y, reg.Y0, reg.Y0)
	}
	VEXTRACTI128(U8(1), reg.Y0, x)
	VPADDD(x, reg.X0, reg.X0)
	VPSHUFD(U8(0x4e), reg.X0, x)
	VPADDD(x, reg.X0, reg.X0)
	VMOVD(reg.X0, out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}

// learn is a step of STDP on whole registers. If the rule allows it, lanes
// with subnormal weights go another way, through float64, because to multiply
// them as they are takes many processors a hundred times longer.
func learn(s set) {
	wide := s.bytes == 64
	TEXT("learn"+s.name, NOSPLIT, "func(w *float32, q *int32, mask *uint64, units int, rows int, rule *float32) int32")
	Pragma("noescape")
	Doc("learn" + s.name + " is learn for rows of units*16 weights.")
	w, q, mask := Load(Param("w"), GP64()), Load(Param("q"), GP64()), Load(Param("mask"), GP64())
	units, rows := Load(Param("units"), GP64()), Load(Param("rows"), GP64())
	rule := Load(Param("rule"), GP64())
	var c [5]reg.VecVirtual
	for i := range c {
		c[i] = s.register()
		VBROADCASTSS(Mem{Base: rule, Disp: 4 * i}, c[i])
	}
	up, down, lower, upper, scale := c[0], c[1], c[2], c[3], c[4]
	stable, tiny := GP32(), GP32()
	MOVL(Mem{Base: rule, Disp: 20}, stable)
	MOVL(Mem{Base: rule, Disp: 24}, tiny)
	top, word, x := s.register(), GP32(), XMM() // of upper in float64
	if wide {
		VCVTPS2PD(upper.AsY(), top)
	} else {
		VCVTPS2PD(upper.AsX(), top)
	}
	normal := s.register() // the bits of the smallest normal number
	MOVL(U32(1<<23), word)
	VMOVD(word, x)
	VPBROADCASTD(x, normal)
	var bits reg.VecVirtual
	if !wide {
		bits = YMM()
		VMOVDQU(laneBits, bits)
	}
	growth := s.registers(1)[0]
	s.clear(growth)
	step := maskStep(units)
	perUnit := 64 / s.bytes
	Label("row")
	n, m := GP64(), GP64()
	MOVQ(units, n)
	if !wide {
		ADDQ(n, n)
	}
	MOVQ(mask, m)
	Label("unit")
	v, a, t, u := s.register(), s.register(), s.register(), s.register()
	VMOVUPS(Mem{Base: w}, v)
	if wide {
		k := K()
		KMOVW(Mem{Base: m}, k)
		VBLENDMPS(up, down, k, a)
	} else {
		VBLENDVPS(lanes(Mem{Base: m}, bits), up, down, a)
	}
	// whole holds the lanes that have become whole numbers, zeros elsewhere.
	whole := s.register()
	if wide {
		VPXORD(whole, whole, whole)
	} else {
		VPXOR(whole, whole, whole)
	}
	TESTL(stable, stable)
	JZ(LabelRef("plain"))
	TESTL(tiny, tiny)
	JZ(LabelRef("stable"))
	few, any := s.register(), GP32()
	var below reg.Register
	if wide {
		k := K()
		VPCMPUD(U8(1), normal, v, k)
		KMOVW(k, any)
		below = k
	} else {
		below = YMM()
		sign := YMM()
		VPCMPGTD(v, normal, below.(reg.VecVirtual))
		VPSRAD(U8(31), v, sign)
		VPANDN(below.(reg.VecVirtual), sign, below.(reg.VecVirtual))
		VMOVMSKPS(below.(reg.VecVirtual), any)
	}
	TESTL(any, any)
	JZ(LabelRef("stable"))
	if wide {
		VMOVDQA32_Z(v, below.(reg.OpmaskVirtual), few)
		VPXORD(v, few, v) // and the others
	} else {
		VPAND(v, below.(reg.VecVirtual), few)
		VPXOR(v, few, v)
	}
	var half [2]reg.VecVirtual
	for i := range half {
		k, r := s.register(), s.register()
		if wide {
			part, rate := YMM(), YMM()
			VEXTRACTI64X4(U8(uint8(i)), few, part)
			VEXTRACTF64X4(U8(uint8(i)), a, rate)
			VCVTDQ2PD(part, k)
			VCVTPS2PD(rate, r)
			VMULPD(top, k, k)
			VRNDSCALEPD(U8(8), k, k)
			VMULPD(r, k, k)
			half[i] = YMM()
			VCVTPD2DQ(k, half[i])
		} else {
			part, rate := XMM(), XMM()
			VEXTRACTI128(U8(uint8(i)), few, part)
			VEXTRACTF128(U8(uint8(i)), a, rate)
			VCVTDQ2PD(part, k)
			VCVTPS2PD(rate, r)
			VMULPD(top, k, k)
			VROUNDPD(U8(8), k, k)
			VMULPD(r, k, k)
			half[i] = XMM()
			VCVTPD2DQY(k, half[i])
		}
	}
	if wide {
		VINSERTI64X4(U8(1), half[1], half[0].AsZ(), whole)
	} else {
		VINSERTI128(U8(1), half[1], half[0].AsY(), whole)
	}
	VPADDD(few, whole, whole)
	zero := s.register()
	if wide {
		VPXORD(zero, zero, zero)
	} else {
		VPXOR(zero, zero, zero)
	}
	VPMAXSD(zero, whole, whole)
	Label("stable")
	VSUBPS(lower, v, t)
	VSUBPS(v, upper, u)
	VMULPS(u, t, t)
	VMULPS(t, a, a)
	Label("plain")
	VADDPS(a, v, v)
	VMAXPS(lower, v, v)
	VMINPS(upper, v, v)
	// Lanes that went the other way are 0 here.
	if wide {
		VPORD(v, whole, whole)
	} else {
		VPOR(v, whole, whole)
	}
	VMOVUPS(whole, Mem{Base: w})
	VMULPS(scale, v, v)
	VCVTPS2DQ(v, v)
	old := s.register()
	s.load(Mem{Base: q}, old)
	s.store(v, Mem{Base: q})
	VPSUBD(old, v, v)
	VPMAXSD(v, growth, growth)
	ADDQ(U32(uint32(s.bytes)), w)
	ADDQ(U32(uint32(s.bytes)), q)
	ADDQ(U8(uint8(2/perUnit)), m)
	DECQ(n)
	JNZ(LabelRef("unit"))
	ADDQ(step, mask)
	DECQ(rows)
	JNZ(LabelRef("row"))
	if wide {
		y := YMM()
		VEXTRACTI64X4(U8(1), growth, y)
		VPMAXSD(y, reg.Y0, reg.Y0)
	}
	maximum()
}
