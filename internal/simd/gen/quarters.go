package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// carry adds a and b to the bits of sum, and leaves what is over in a.
func (s set) carry(sum, a, b reg.Register) {
	if s.bytes == 64 {
		VPTERNLOGD(U8(0x96), a, b, sum) // all three, without what is over
		VPTERNLOGD(U8(0xd4), sum, b, a) // that follows from a, b and the new sum
		return
	}
	x := s.register()
	VPXOR(a, sum, x)
	VPAND(a, sum, a)
	VPXOR(b, x, sum)
	VPAND(b, x, x)
	VPOR(x, a, a)
}

// sumQuarters counts bits as the plain loop does, for a register's quarters at
// a time. Zeros stand for the rows that eight lack at the end.
func sumQuarters(s set) {
	TEXT("sumQuarters"+s.name, NOSPLIT, "func(acc *int32, units int, w *byte, offs *int32, rows int)")
	Pragma("noescape")
	Doc("sumQuarters" + s.name + " is sumQuarters for units*256 sums, at least one unit, and at most 680 rows.")
	acc, units := Load(Param("acc"), GP64()), Load(Param("units"), GP64())
	w, offs := Load(Param("w"), GP64()), Load(Param("offs"), GP64())
	last, i, left := Load(Param("rows"), GP64()), GP64(), GP64()
	DECQ(last)
	low, bytes := s.register(), s.register()
	for i, mask := range []uint32{0x03030303, 0x00ff00ff} {
		word, x := GP32(), XMM()
		MOVL(U32(mask), word)
		VMOVD(word, x)
		VPBROADCASTD(x, []reg.VecVirtual{low, bytes}[i])
	}
	Label("unit")
	for part := range 64 / s.bytes {
		all := s.registers(4)[:7]
		for _, r := range all {
			s.clear(r)
		}
		ones, twos, fours, eights := all[0], all[1], all[2], all[3:]
		// eight adds eight rows, each from where row says.
		eight := func(row func(k int) Mem) {
			two := func(k int) reg.VecVirtual {
				a, b := s.register(), s.register()
				s.load(row(k), a)
				s.load(row(k+1), b)
				s.carry(ones, a, b)
				return a
			}
			four := func(k int) reg.VecVirtual {
				a, b := two(k), two(k+2)
				s.carry(twos, a, b)
				return a
			}
			a, b := four(0), four(4)
			s.carry(fours, a, b)
			for f, sum := range eights {
				v := s.register()
				if f > 0 {
					VPSRLW(U8(2), a, a)
				}
				s.and(a, low, v)
				VPADDB(v, sum, sum)
			}
		}
		XORQ(i, i)
		LEAQ(Mem{Base: last, Disp: -7}, left)
		JMP(LabelRef(fmt.Sprintf("test%d", part)))
		Label(fmt.Sprintf("eight%d", part))
		eight(func(k int) Mem {
			o := GP64()
			MOVLQSX(Mem{Base: offs, Index: i, Scale: 4, Disp: 4 * k}, o)
			return Mem{Base: w, Index: o, Scale: 1}
		})
		ADDQ(U8(8), i)
		Label(fmt.Sprintf("test%d", part))
		CMPQ(i, left)
		JLE(LabelRef(fmt.Sprintf("eight%d", part)))
		CMPQ(i, last)
		JGT(LabelRef(fmt.Sprintf("all%d", part)))
		none := GP64()
		LEAQ(zeros, none)
		eight(func(k int) Mem {
			at, o := GP64(), GP64()
			LEAQ(Mem{Base: i, Disp: k}, at)
			CMPQ(at, last)
			CMOVQGT(last, at)
			MOVLQSX(Mem{Base: offs, Index: at, Scale: 4}, o)
			LEAQ(Mem{Base: w, Index: o, Scale: 1}, o) // leaves the flags
			CMOVQGT(none, o)
			return Mem{Base: o}
		})
		Label(fmt.Sprintf("all%d", part))
		for f, e := range eights {
			if f > 0 {
				for _, r := range all[:3] {
					VPSRLW(U8(2), r, r)
				}
			}
			rest, v := s.register(), s.register()
			s.and(fours, low, rest)
			VPADDB(rest, rest, rest)
			s.and(twos, low, v)
			VPADDB(v, rest, rest)
			VPADDB(rest, rest, rest)
			s.and(ones, low, v)
			VPADDB(v, rest, rest)
			// Byte 4i+c of 64 is their sum c*16+i.
			even, odd := s.register(), s.register()
			s.and(rest, bytes, v)
			s.and(e, bytes, even)
			VPSLLW(U8(3), even, even)
			VPADDW(v, even, even)
			VPSRLW(U8(8), rest, rest)
			VPSRLW(U8(8), e, odd)
			VPSLLW(U8(3), odd, odd)
			VPADDW(rest, odd, odd)
			for c, pair := range []reg.VecVirtual{even, odd, even, odd} {
				at := Mem{Base: acc, Disp: 4*(64*f+16*c) + part*s.bytes}
				if c < 2 {
					VPSLLD(U8(16), pair, v)
					VPSRLD(U8(16), v, v)
				} else {
					VPSRLD(U8(16), pair, v)
				}
				VPADDD(at, v, v)
				s.store(v, at)
			}
		}
		ADDQ(U8(uint8(s.bytes)), w)
	}
	ADDQ(U32(4*256), acc)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}
