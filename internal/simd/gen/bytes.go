package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// load and store move a register of the set.
func (s set) load(m Mem, r reg.Register) {
	if s.bytes == 64 {
		VMOVDQU32(m, r)
	} else {
		VMOVDQU(m, r)
	}
}

func (s set) store(r reg.Register, m Mem) {
	if s.bytes == 64 {
		VMOVDQU32(r, m)
	} else {
		VMOVDQU(r, m)
	}
}

func (s set) and(m, r, to reg.Register) {
	if s.bytes == 64 {
		VPANDD(m, r, to)
	} else {
		VPAND(m, r, to)
	}
}

// sumBytes adds four rows as bytes, for no byte exceeds 63, and keeps two
// 16-bit sums for every pair of bytes: lo, of even + 256 odd modulo 2^16, and
// hi, of odd, so that even = lo - 256 hi. 1,040 rows of bytes fit.
func sumBytes(s set) {
	TEXT("sumBytes"+s.name, NOSPLIT, "func(acc *int32, units int, w *byte, offs *int32, rows int)")
	Pragma("noescape")
	Doc("sumBytes" + s.name + " is sumBytes for units*64 sums and at most 1,040 rows.")
	acc, units := Load(Param("acc"), GP64()), Load(Param("units"), GP64())
	w, offs, rows := Load(Param("w"), GP64()), Load(Param("offs"), GP64()), Load(Param("rows"), GP64())
	most := 4
	if s.bytes == 32 {
		most = 2
	}
	mask, word, x := s.register(), GP32(), XMM()
	MOVL(U32(0xffff), word)
	VMOVD(word, x)
	VPBROADCASTD(x, mask)
	chunks(units, most, func(n int) {
		k := n * 64 / s.bytes
		all := s.registers(2 * n)
		lo, hi := all[:k], all[k:]
		for _, r := range all {
			s.clear(r)
		}
		i, v, left := GP64(), s.register(), GP64()
		var o [4]reg.GPVirtual
		for q := range o {
			o[q] = GP64()
		}
		XORQ(i, i)
		MOVQ(rows, left)
		SUBQ(U8(4), left)
		JMP(LabelRef(fmt.Sprintf("testfour%d", n)))
		Label(fmt.Sprintf("four%d", n))
		for q := range o {
			MOVLQSX(Mem{Base: offs, Index: i, Scale: 4, Disp: 4 * q}, o[q])
		}
		for j := range k {
			s.load(Mem{Base: w, Index: o[0], Scale: 1, Disp: j * s.bytes}, v)
			for q := 1; q < 4; q++ {
				VPADDB(Mem{Base: w, Index: o[q], Scale: 1, Disp: j * s.bytes}, v, v)
			}
			VPADDW(v, lo[j], lo[j])
			VPSRLW(U8(8), v, v)
			VPADDW(v, hi[j], hi[j])
		}
		ADDQ(U8(4), i)
		Label(fmt.Sprintf("testfour%d", n))
		CMPQ(i, left)
		JLE(LabelRef(fmt.Sprintf("four%d", n)))
		JMP(LabelRef(fmt.Sprintf("test%d", n)))
		Label(fmt.Sprintf("row%d", n))
		MOVLQSX(Mem{Base: offs, Index: i, Scale: 4}, o[0])
		for j := range k {
			s.load(Mem{Base: w, Index: o[0], Scale: 1, Disp: j * s.bytes}, v)
			VPADDW(v, lo[j], lo[j])
			VPSRLW(U8(8), v, v)
			VPADDW(v, hi[j], hi[j])
		}
		INCQ(i)
		Label(fmt.Sprintf("test%d", n))
		CMPQ(i, rows)
		JLT(LabelRef(fmt.Sprintf("row%d", n)))
		e := s.register()
		for j := range k {
			VPSLLW(U8(8), hi[j], v)
			VPSUBW(v, lo[j], lo[j])
			// Byte 4i+c of a unit is its sum c*16+i.
			quarter := func(c int) {
				per := 64 / s.bytes
				at := Mem{Base: acc, Disp: 4 * (j/per*64 + c*16 + j%per*s.bytes/4)}
				VPADDD(at, e, e)
				s.store(e, at)
			}
			s.and(mask, lo[j], e)
			quarter(0)
			s.and(mask, hi[j], e)
			quarter(1)
			VPSRLD(U8(16), lo[j], e)
			quarter(2)
			VPSRLD(U8(16), hi[j], e)
			quarter(3)
		}
		ADDQ(U32(uint32(256*n)), acc)
		ADDQ(U32(uint32(64*n)), w)
	})
}

// rise subtracts without going below 0.
func rise(s set) {
	TEXT("rise"+s.name, NOSPLIT, "func(now *byte, then *byte, units int) byte")
	Pragma("noescape")
	Doc("rise" + s.name + " is rise for units*64 bytes, at least one unit.")
	now, then, units := Load(Param("now"), GP64()), Load(Param("then"), GP64()), Load(Param("units"), GP64())
	most := s.registers(1)
	for _, r := range most {
		s.clear(r)
	}
	Label("unit")
	for k, r := range most {
		v := s.register()
		s.load(Mem{Base: now, Disp: k * s.bytes}, v)
		VPSUBUSB(Mem{Base: then, Disp: k * s.bytes}, v, v)
		VPMAXUB(v, r, r)
	}
	ADDQ(U8(64), now)
	ADDQ(U8(64), then)
	DECQ(units)
	JNZ(LabelRef("unit"))
	if s.bytes == 64 {
		y := YMM()
		VEXTRACTI64X4(U8(1), reg.Z0, y)
		VPMAXUB(y, reg.Y0, reg.Y0)
	} else {
		VPMAXUB(reg.Y1, reg.Y0, reg.Y0)
	}
	x, out := XMM(), GP32()
	VEXTRACTI128(U8(1), reg.Y0, x)
	VPMAXUB(x, reg.X0, reg.X0)
	for _, n := range []uint8{8, 4, 2, 1} {
		VPSRLDQ(U8(n), reg.X0, x)
		VPMAXUB(x, reg.X0, reg.X0)
	}
	VMOVD(reg.X0, out)
	VZEROUPPER()
	Store(out.As8(), ReturnIndex(0))
	RET()
}

// narrow rounds towards zero.
func narrow(s set) {
	TEXT("narrow"+s.name, NOSPLIT, "func(dst *byte, q *int32, units int, base int32, factor float32)")
	Pragma("noescape")
	Doc("narrow" + s.name + " is narrow for units*16 numbers, at least one unit.")
	dst, q, units := Load(Param("dst"), GP64()), Load(Param("q"), GP64()), Load(Param("units"), GP64())
	word, f, x := Load(Param("base"), GP32()), Load(Param("factor"), XMM()), XMM()
	base, factor := s.register(), s.register()
	VMOVD(word, x)
	VPBROADCASTD(x, base)
	VBROADCASTSS(f, factor)
	Label("unit")
	all := s.registers(1)
	for k, r := range all {
		s.load(Mem{Base: q, Disp: k * s.bytes}, r)
		VPSUBD(base, r, r)
		VCVTDQ2PS(r, r)
		VMULPS(factor, r, r)
		VCVTTPS2DQ(r, r)
	}
	if s.bytes == 64 {
		VPMOVDB(all[0], Mem{Base: dst})
	} else {
		// Packing goes by halves of a register, which are put in order.
		VPACKSSDW(reg.Y1, reg.Y0, reg.Y0)
		VPERMQ(U8(0xd8), reg.Y0, reg.Y0)
		VEXTRACTI128(U8(1), reg.Y0, reg.X1)
		VPACKUSWB(reg.X1, reg.X0, reg.X0)
		VMOVDQU(reg.X0, Mem{Base: dst})
	}
	ADDQ(U8(16), dst)
	ADDQ(U8(64), q)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}

// most takes the element-wise maximum of all and then that of its elements.
func most(s set) {
	TEXT("most"+s.name, NOSPLIT, "func(a *int32, units int) int32")
	Pragma("noescape")
	Doc("most" + s.name + " is most for units*16 elements, at least one unit.")
	a, units := Load(Param("a"), GP64()), Load(Param("units"), GP64())
	top := s.registers(1)[0]
	s.load(Mem{Base: a}, top)
	Label("unit")
	for k := range 64 / s.bytes {
		VPMAXSD(Mem{Base: a, Disp: k * s.bytes}, top, top)
	}
	ADDQ(U8(64), a)
	DECQ(units)
	JNZ(LabelRef("unit"))
	if s.bytes == 64 {
		y := YMM()
		VEXTRACTI64X4(U8(1), reg.Z0, y)
		VPMAXSD(y, reg.Y0, reg.Y0)
	}
	maximum()
}

// lift adds to every register and keeps the larger.
func lift(s set) {
	TEXT("lift"+s.name, NOSPLIT, "func(top *int32, a *int32, units int, by int32)")
	Pragma("noescape")
	Doc("lift" + s.name + " is lift for units*16 elements, at least one unit.")
	top, a, units := Load(Param("top"), GP64()), Load(Param("a"), GP64()), Load(Param("units"), GP64())
	by, x := s.register(), XMM()
	VMOVD(Load(Param("by"), GP32()), x)
	VPBROADCASTD(x, by)
	Label("unit")
	for k := range 64 / s.bytes {
		v, at := s.register(), Mem{Base: top, Disp: k * s.bytes}
		VPADDD(Mem{Base: a, Disp: k * s.bytes}, by, v)
		VPMAXSD(at, v, v)
		if s.bytes == 64 {
			VMOVDQU32(v, at)
		} else {
			VMOVDQU(v, at)
		}
	}
	ADDQ(U8(64), top)
	ADDQ(U8(64), a)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}

// maximum returns the largest number in Y0.
func maximum() {
	x := XMM()
	VEXTRACTI128(U8(1), reg.Y0, x)
	VPMAXSD(x, reg.X0, reg.X0)
	VPSHUFD(U8(0x4e), reg.X0, x)
	VPMAXSD(x, reg.X0, reg.X0)
	VPSHUFD(U8(0xb1), reg.X0, x)
	VPMAXSD(x, reg.X0, reg.X0)
	out := GP32()
	VMOVD(reg.X0, out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}
